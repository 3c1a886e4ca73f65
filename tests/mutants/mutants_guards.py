"""Guards taken away: what keeps attackers out of sessions, forms, addresses, headers, rows, patterns and readers of files."""
# ruff: noqa: E501   lines of the product are quoted as they stand
from __future__ import annotations

from tests.mutants.mutant import Mutant, unit

SECURITY, AUTH, GUARDS = "tests/web/test_security.py", "tests/web/test_auth.py", "tests/web/test_guards.py"

GUARDS_GONE = [
    # -- sessions and cookies; more of them in mutants_house
    Mutant("planted cookie read", "web/cookies.py", "        elif not pair.startswith(OURS):\n", "        else:\n",
           (f"{SECURITY}::TestHeaders::test_over_https_every_cookie_is_of_this_host_alone",)),
    Mutant("cookie without its prefix", "web/cookies.py", '"; ".join([PREFIX + parts[0],', '"; ".join([parts[0],',
           (f"{SECURITY}::TestHeaders::test_over_https_every_cookie_is_of_this_host_alone",)),
    Mutant("session without end", "web/sessions.py", "return min(now + idle, begun + max(LONGEST[account.kind], idle))", "return now + idle",
           (f"{AUTH}::TestSessions::test_a_session_of_staff_ends_after_a_day_however_busy_it_is",)),
    Mutant("ended session goes on", "web/sessions.py", "if session.revoked_at is not None or now >= session.expires_at or", "if now >= session.expires_at or",
           (f"{AUTH}::TestSessions::test_signing_out_ends_the_session_for_whoever_has_the_token",)),
    # -- addresses of others
    Mutant("anybody's session ended", "web/sessions.py", "LoginSession.ref == ref, LoginSession.account_id == account.id)", "LoginSession.ref == ref)",
           (f"{AUTH}::TestSessions::test_nobody_ends_the_session_of_somebody_else",)),
    # -- forms sent by others, and from elsewhere
    Mutant("waiting report from another site", "web/offline/reports.py", "    if is_foreign or DEVICE_HEADER not in request.headers:\n", "    if False:\n",
           ("tests/web/test_offline_api.py::test_another_sites_page_can_do_nothing_with_it",)),
    Mutant("any host name", "web/security.py", "        TRUSTED_HOSTS=[_host_of(config.base_url), *ALWAYS_OURS],\n", "",
           (f"{SECURITY}::TestHeaders::test_another_host_name_is_refused_without_a_page",)),
    # -- open redirects and injected headers
    Mutant("backslash in a return address", "web/security.py", ' or "\\\\" in target or not', " or not", (f"{AUTH}::test_nobody_is_sent_elsewhere",)),
    Mutant("line break in a return address", "web/security.py", ' or not target.isprintable():', ":", (f"{AUTH}::test_nobody_is_sent_elsewhere",)),
    Mutant("request id as it comes", "web/request_log.py", "given if GIVEN_ID.fullmatch(given) else uuid.uuid4().hex", "given or uuid.uuid4().hex",
           (f"{SECURITY}::TestLog::test_a_strange_request_id_is_replaced",)),
    Mutant("sniffing allowed", "web/security.py", '    headers.setdefault("X-Content-Type-Options", "nosniff")\n', "",
           (f"{SECURITY}::TestHeaders::test_every_answer_is_protected",)),
    Mutant("anybody loads what is private", "web/security.py", '"cross-origin" if is_anybodys else "same-origin"', '"cross-origin"',
           (f"{SECURITY}::TestHeaders::test_what_anybody_may_keep_may_stand_on_other_sites_and_nothing_else",)),
    Mutant("refusals not written down", "web/errors.py", '    note_security("not allowed")\n', "",
           (f"{SECURITY}::TestLog::test_what_befell_a_way_in_stands_in_its_line_in_fixed_words",)),
    # -- fields nobody asked for
    Mutant("every field of a form taken", "web/auth.py", "            db.session.flush()\n            token = open_session(account, now=moment)\n",
           "            for name, value in request.form.items():\n                setattr(account, name, value)\n"
           "            db.session.flush()\n            token = open_session(account, now=moment)\n",
           (f"{GUARDS}::test_fields_nobody_asked_for_reach_no_row",)),
    Mutant("JSON taken for a form", "web/forms.py", "return None if request.is_json and not is_given else super()", "return super()",
           (f"{GUARDS}::test_json_is_no_form",)),
    Mutant("JSON without a bottom", "web/security.py", "    except RecursionError:\n", "    except NotImplementedError:\n", (f"{GUARDS}::test_json_is_no_form",)),
    # -- patterns, and what a program is written with
    Mutant("pattern with the cube of the text", "casework/folding.py", 're.compile(r"\\s+")', 're.compile(r"\\s*\\s*$")',
           (f"{GUARDS}::test_no_pattern_takes_for_ever",)),
    Mutant("pattern from what is typed", "casework/answering.py", 'LEFT_TO_FILL = re.compile(r"\\{[^{}]*\\}|[{}…]")',
           'LEFT_TO_FILL = re.compile(r"\\{[^{}]*\\}|[{}…]")\n\n\ndef _found(typed: str, text: str) -> bool:\n    return re.search(typed, text) is not None\n',
           (f"{GUARDS}::test_patterns_are_constants",)),
    # -- bombs
    Mutant("workbook with too many cells", "casework/settings/tables.py", "if room < 0 or tags < 0:", "if room < 0:",
           unit("tables", "what_cannot_be_taken_is_refused_with_its_reason")),
    Mutant("workbook with entities", "casework/settings/tables.py", 'if b"<!ENTITY" in piece or b"<!DOCTYPE" in piece:', "if False:",
           unit("tables", "what_cannot_be_taken_is_refused_with_its_reason")),
    Mutant("model with a doctype", "workflows/checks/reading.py",
           '    if (start := xml.find(b"<!DOCTYPE")) >= 0:\n        raise _doctype(xml[:start].count(b"\\n") + 1)\n', "",
           ("tests/web/test_check_command.py::test_hostile_files_cost_little_time_and_memory_and_leave_no_traceback",)),
    Mutant("boundary with points without end", "casework/boundary_files.py", "        if self.points < 0:\n", "        if False:\n",
           unit("boundaries", "a_file_that_cannot_be_read_is_refused_with_the_reason")),
    Mutant("picture of any size", "casework/photo_files.py", "            if image.width * image.height > MAX_PIXELS:\n", "            if False:\n",
           unit("photos", "a_picture_that_would_fill_the_memory_is_refused_at_once")),
    Mutant("picture of any number of scans", "casework/photo_files.py", " and _scans(data) > MAX_SCANS:", " and False:",
           unit("photos", "a_jpeg_that_would_keep_the_decoder_busy_is_refused_at_once")),
    # -- calls out of the house
    Mutant("call into the own network", "casework/outgoing.py", "all(map(is_outside, found))", "True",
           unit("outgoing", "a_name_that_leads_inside_is_refused_and_one_the_environment_names_is_called")),
    Mutant("answer without end", "casework/outgoing.py", "        if len(content) > largest:\n", "        if False:\n",
           unit("outgoing", "an_answer_is_read_up_to_its_size_and_unpacked_by_nobody")),
]  # fmt: skip
