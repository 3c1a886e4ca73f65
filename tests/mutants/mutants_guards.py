"""Guards taken away: what keeps attackers out of sessions, forms, addresses, headers, rows, patterns and readers of files."""
# ruff: noqa: E501   lines of the product are quoted as they stand
from __future__ import annotations

from tests.mutants.mutant import Mutant, unit

SECURITY, AUTH, GUARDS = "tests/web/http/test_security.py", "tests/web/accounts/test_sign_in.py", "tests/web/test_guards.py"
UNDER_A_PATH = "tests/web/http/test_under_a_path.py"
FACTORS, HAND_OVER, SIGNING = "tests/web/accounts/test_second_factors.py", "tests/web/accounts/test_sign_in_tickets.py", "tests/reports/test_signing.py"
NOBODY_ACROSS = "tests/system/test_two_centres.py::test_nobody_of_one_centre_is_given_anything_of_the_other"
NO_EXTRA = f"{GUARDS}::test_fields_nobody_asked_for_reach_no_row"
NO_EXTRA_OF_STAFF = f"{GUARDS}::test_fields_nobody_asked_for_reach_no_person_and_no_rule"


def once(*tests: str) -> tuple[str, ...]:
    """What is good once: tests that send it again, and of those many at one moment."""
    return unit("contacts/good_once", *tests)


def every_field(row: str, indent: int) -> str:
    """Every field of a form put into a row that has a text of that name, wherever it comes from."""
    lines = f"for name, value in request.values.items():\n    if isinstance(getattr({row}, name, None), str):\n        setattr({row}, name, value)\n"
    return "".join(f"{' ' * indent}{line}\n" for line in lines.splitlines())


GUARDS_GONE = [
    # -- sessions and cookies; more of them in mutants_house
    Mutant("planted cookie read", "web/http/cookies.py", "        elif not pair.startswith(OURS):\n", "        else:\n",
           (f"{SECURITY}::TestHeaders::test_over_https_every_cookie_is_of_this_host_alone",)),
    Mutant("cookie without its prefix", "web/http/cookies.py", '"; ".join([PREFIX + parts[0],', '"; ".join([parts[0],',
           (f"{SECURITY}::TestHeaders::test_over_https_every_cookie_is_of_this_host_alone",)),
    Mutant("session without end", "web/sessions.py", "return min(now + idle, begun + max(LONGEST[account.kind], idle))", "return now + idle",
           (f"{AUTH}::TestSessions::test_a_session_of_staff_ends_after_a_day_however_busy_it_is",)),
    Mutant("ended session goes on", "casework/permissions/asking.py", 'bindparam("token_digest"), SESSION.c.revoked_at.is_(None),', 'bindparam("token_digest"),',
           (f"{AUTH}::TestSessions::test_signing_out_ends_the_session_for_whoever_has_the_token",)),
    Mutant("closed account goes on", "casework/permissions/asking.py", ' bindparam("now", type_=Instant), ACCOUNT.c.disabled_at.is_(None),', ' bindparam("now", type_=Instant),',
           ("tests/web/accounts/test_asking.py::test_an_account_closed_in_mid_request_is_out_at_the_next",)),
    Mutant("token stays after a proof", "web/sessions.py", "token, known = secrets.token_urlsafe(32), session.factors", "token, known = request.cookies[COOKIE], session.factors",
           (f"{FACTORS}::TestProvenAgain::test_what_was_sent_goes_on_after_the_password",)),
    Mutant("way in past the second step", "web/sessions.py", "        raise SecondFactorMissing\n", "        pass\n",
           (f"{FACTORS}::TestHalfSignIns::test_no_way_in_opens_a_session_past_the_second_step",)),
    # -- what is good once, sent again
    Mutant("code of an app good twice", "casework/accounts/code_apps.py", ", CodeApp.last_step < step)", ")",
           (f"{FACTORS}::TestCodes::test_a_code_is_good_once_whoever_looked_over_the_shoulder",)),
    Mutant("recovery code good twice", "casework/accounts/recovery_codes.py", "_digest(account_id, signs), RecoveryCode.used_at.is_(None)\n", "_digest(account_id, signs)\n",
           (f"{FACTORS}::TestRecoveryCodes::test_each_of_ten_is_good_once_and_a_new_set_voids_the_old",)),
    Mutant("half sign-in finished twice", "casework/accounts/pending_sign_ins.py", "SignInBegun.id == begun_id, SignInBegun.used_at.is_(None), SignInBegun.expires_at > now)",
           "SignInBegun.id == begun_id, SignInBegun.expires_at > now)", (f"{FACTORS}::TestAtTheSameTime::test_a_code_and_a_paper_code_are_taken_once",)),
    Mutant("challenge not used up", "casework/accounts/passkeys.py", "used = delete(PasskeyChallenge).where(", "used = update(PasskeyChallenge).values(bound_to=bound_to).where(",
           (f"{FACTORS}::TestPasskeys::test_a_refused_answer_uses_its_challenge_up",)),
    Mutant("challenge that never runs out", "casework/accounts/passkeys.py", "PasskeyChallenge.bound_to == bound_to, PasskeyChallenge.expires_at > now,", "PasskeyChallenge.bound_to == bound_to,",
           (f"{FACTORS}::TestPasskeys::test_a_challenge_is_good_once_soon_and_in_its_browser",)),
    Mutant("challenge for any purpose", "casework/accounts/passkeys.py", "_challenge_digest(challenge), PasskeyChallenge.purpose == purpose,\n", "_challenge_digest(challenge),\n",
           (f"{FACTORS}::TestPasskeys::test_a_challenge_of_one_purpose_serves_no_other",)),
    Mutant("passkey that was copied", "casework/accounts/passkeys.py", "credential_current_sign_count=row.sign_count", "credential_current_sign_count=0",
           (f"{FACTORS}::TestPasskeys::test_a_counter_that_goes_back_is_that_of_a_copy",),
           together=((".where(Passkey.id == row.id, is_ahead)", ".where(Passkey.id == row.id)"),)),
    Mutant("passkey and its copy at once", "casework/accounts/passkeys.py", ".where(Passkey.id == row.id, is_ahead)", ".where(Passkey.id == row.id)",
           (f"{FACTORS}::TestAtTheSameTime::test_of_a_passkey_and_its_copy_that_sign_at_once_one_is_taken",)),
    Mutant("code to a contact good twice", "casework/contacts/codes.py", "    if open_one is None or not _is_open(open_one, now):\n", "    if open_one is None:\n",
           (*unit("contacts/codes", "a_code_opens_once_for_its_contact_and_purpose_and_no_longer_than_ten_minutes"), *once("a_code_sent_to_somebody_opens_for_one_who_types_it")),
           together=(("newest.scalar_subquery(), OneTimeCode.used_at.is_(None), OneTimeCode.attempts", "newest.scalar_subquery(), OneTimeCode.attempts"),
                     (".where(OneTimeCode.id == row.id, OneTimeCode.used_at.is_(None)).values(used_at=now", ".where(OneTimeCode.id == row.id).values(used_at=now"))),
    Mutant("code to a contact good for many at once", "casework/contacts/codes.py", "newest.scalar_subquery(), OneTimeCode.used_at.is_(None), OneTimeCode.attempts",
           "newest.scalar_subquery(), OneTimeCode.attempts", once("a_code_sent_to_somebody_opens_for_one_who_types_it"),
           together=((".where(OneTimeCode.id == row.id, OneTimeCode.used_at.is_(None)).values(used_at=now", ".where(OneTimeCode.id == row.id).values(used_at=now"),)),
    Mutant("token of an application used again", "casework/contacts/sign_in_tickets.py", ".first() is None:\n        raise HandOverRefused(\"token_used\"",
           ".first() is False:\n        raise HandOverRefused(\"token_used\"", (f"{HAND_OVER}::test_a_token_gives_one_ticket_and_another_algorithm_or_key_none",)),
    Mutant("ticket opened again", "casework/contacts/sign_in_tickets.py", "row is not None and row.used_at is None and now < row.expires_at", "row is not None and now < row.expires_at",
           (f"{HAND_OVER}::test_looking_uses_nothing_up_and_a_ticket_opens_once_within_a_minute",),
           together=((", HandOverTicket.used_at.is_(None))\n    used = used.values(", ")\n    used = used.values("),)),
    Mutant("ticket opened by many at once", "casework/contacts/sign_in_tickets.py", ", HandOverTicket.used_at.is_(None))\n    used = used.values(", ")\n    used = used.values(",
           once("a_ticket_opens_for_one_and_no_longer_than_a_minute")),
    Mutant("sign-in elsewhere comes back again", "casework/accounts/outside_identities.py", "not is_its_own or row.used_at is not None or now", "not is_its_own or now",
           once("a_sign_in_elsewhere_comes_back_once_soon_in_its_browser_and_from_its_provider"),
           together=((".where(OutsideSignIn.id == row.id, OutsideSignIn.used_at.is_(None))", ".where(OutsideSignIn.id == row.id)"),
                     ("used.values(used_at=now, sealed_secrets=None)", "used.values(used_at=now)"))),
    Mutant("sign-in elsewhere comes back to many at once", "casework/accounts/outside_identities.py", ".where(OutsideSignIn.id == row.id, OutsideSignIn.used_at.is_(None))",
           ".where(OutsideSignIn.id == row.id)", once("a_sign_in_elsewhere_comes_back_once_soon_in_its_browser_and_from_its_provider")),
    # -- addresses of others
    Mutant("anybody's session ended", "web/sessions.py", "LoginSession.ref == ref, LoginSession.account_id == account.id)", "LoginSession.ref == ref)",
           (f"{AUTH}::TestSessions::test_nobody_ends_the_session_of_somebody_else",)),
    Mutant("somebody else's order shown", "casework/outputs/reading.py", "    own = db.session.scalars(_of(by).where(Output.ref == ref,", "    own = db.session.scalars(select(Output).where(Output.ref == ref,",
           (*unit("outputs/ordering", "nobody_is_given_tries_or_takes_back_what_somebody_else_ordered"),
            "tests/web/outputs/test_pages.py::test_a_file_is_its_persons_alone_and_runs_out")),
    Mutant("somebody else's file given", "casework/outputs/reading.py", "        refuse_others(output, by)\n", "        pass\n",
           unit("outputs/ordering", "nobody_is_given_tries_or_takes_back_what_somebody_else_ordered")),
    Mutant("somebody else's order tried again", "casework/outputs/ordering.py", "        refuse_others(output, by)\n    elif", "        pass\n    elif",
           unit("outputs/ordering", "nobody_is_given_tries_or_takes_back_what_somebody_else_ordered")),
    Mutant("somebody else's order taken back", "casework/outputs/ordering.py", '    refuse_others(output, by)\n    if output.state != "dropped":', '    if output.state != "dropped":',
           unit("outputs/ordering", "nobody_is_given_tries_or_takes_back_what_somebody_else_ordered")),
    Mutant("what a schedule made given to anybody", "casework/outputs/reading.py", "    elif not reads_run(output, by):\n", "    elif False:\n",
           unit("outputs/schedules", "who_may_schedule_and_whom_a_file_opens_to")),
    Mutant("every centre of a role", "casework/permissions/__init__.py", "            and (centre_id is None or grant.centre_id in (None, centre_id))\n", "", (NOBODY_ACROSS,)),
    Mutant("administrators of every centre", "casework/settings/scopes.py", "return column.in_(centre_ids) if centre_ids else false()", "return true() if centre_ids else false()",
           (NOBODY_ACROSS,)),
    # -- forms sent by others, and from elsewhere
    Mutant("sign-in elsewhere begun by a stranger", "casework/accounts/outside_identities.py", " and row.browser_digest == _browser_digest(browser)\n", "\n",
           ("tests/web/accounts/test_sign_in_elsewhere.py::test_a_sign_in_comes_back_once_soon_in_its_own_browser_and_from_its_own_provider",)),
    Mutant("sign-in elsewhere from another provider", "casework/accounts/outside_identities.py", "row is not None and row.provider == provider and", "row is not None and",
           once("a_sign_in_elsewhere_comes_back_once_soon_in_its_browser_and_from_its_provider")),
    Mutant("challenge of another browser", "casework/accounts/passkeys.py", "        PasskeyChallenge.bound_to == bound_to, PasskeyChallenge.expires_at > now,", "        PasskeyChallenge.expires_at > now,",
           (f"{FACTORS}::TestPasskeys::test_a_challenge_is_good_once_soon_and_in_its_browser",)),
    Mutant("signed in by a page of another site", "web/accounts/sign_in_tickets.py", "is_led=not _is_opened_directly()", "is_led=False",
           (f"{HAND_OVER}::test_a_page_of_another_site_signs_nobody_in_without_a_press",)),
    Mutant("moved to another account by a link", "web/accounts/sign_in_tickets.py", "is_taken=signed_in_account() is not None", "is_taken=False",
           (f"{HAND_OVER}::test_a_signed_in_browser_is_not_moved_to_another_account_by_a_link",)),
    Mutant("e-mails ended by anybody", "web/accounts/notification_preferences.py", "if number is None or not _signer().verify_signature(words.encode(), signature):", "if number is None:",
           ("tests/web/accounts/test_notification_preferences.py::test_an_e_mail_can_be_ended_by_one_click_of_whoever_has_no_account",)),
    Mutant("waiting report from another site", "web/offline/reports.py", "    if is_foreign or DEVICE_HEADER not in request.headers:\n", "    if False:\n",
           ("tests/web/offline/test_offline_api.py::test_another_sites_page_can_do_nothing_with_it",)),
    Mutant("any host name", "web/http/security.py", "        TRUSTED_HOSTS=[_host_of(config.base_url), *ALWAYS_OURS],\n", "",
           (f"{SECURITY}::TestHeaders::test_another_host_name_is_refused_without_a_page",)),
    # -- open redirects and injected headers
    Mutant("backslash in a return address", "web/http/security.py", ' or "\\\\" in target or not', " or not", (f"{AUTH}::test_nobody_is_sent_elsewhere",)),
    Mutant("line break in a return address", "web/http/security.py", ' or not target.isprintable():', ":", (f"{AUTH}::test_nobody_is_sent_elsewhere",)),
    Mutant("any return address", "web/http/security.py", '    if not target or not target.startswith("/") or target.startswith("//") or "\\\\" in target or not target.isprintable():\n',
           "    if not target:\n", (f"{AUTH}::test_nobody_is_sent_elsewhere",),
           together=(("return otherwise if parts.scheme or parts.netloc or _is_outside(parts.path) else target",
                      "return target if parts else otherwise"),)),
    Mutant("past the path the program is served under", "web/http/security.py", " or _is_outside(parts.path) else", " else",
           (f"{UNDER_A_PATH}::test_nobody_is_sent_past_the_path",)),
    Mutant("past that path by dots", "web/http/security.py", ' or ".." in unquote(path).split("/"))', ")",
           (f"{UNDER_A_PATH}::test_nobody_is_sent_past_the_path",)),
    Mutant("sent elsewhere after signing in", "web/accounts/sign_in.py", "asked_first(entry, own_address(form.next.data, home_of(account)))", "asked_first(entry, form.next.data or home_of(account))",
           (f"{AUTH}::test_an_address_elsewhere_leads_home",)),
    Mutant("sent elsewhere after a sign-in elsewhere", "web/accounts/sign_in_elsewhere.py", 'target=own_address(request.form.get("next"), ""), account=None)',
           'target=request.form.get("next", ""), account=None)', ("tests/web/accounts/test_sign_in_elsewhere.py::test_one_is_led_to_no_other_site_afterwards",),
           together=(("target = own_address(begun.target, home_of(account))", "target = begun.target or home_of(account)"),)),
    Mutant("form sent elsewhere after a proof", "web/accounts/prove_again.py", 'own_address(request.args.get("to"), "")', 'request.args.get("to", "")',
           (f"{FACTORS}::TestProvenAgain::test_nobody_is_sent_elsewhere_with_their_form",)),
    Mutant("handed over to another site", "casework/contacts/sign_in_tickets.py", "len(target) <= LONGEST_TARGET and is_own_path(target))", "len(target) <= LONGEST_TARGET)",
           (f"{HAND_OVER}::test_addresses_stay_ours_and_guesses_are_counted",)),
    Mutant("request id as it comes", "web/request_log.py", "given if GIVEN_ID.fullmatch(given) else uuid.uuid4().hex", "given or uuid.uuid4().hex",
           (f"{SECURITY}::TestLog::test_a_strange_request_id_is_replaced",)),
    Mutant("sniffing allowed", "web/http/security.py", '    headers.setdefault("X-Content-Type-Options", "nosniff")\n', "",
           (f"{SECURITY}::TestHeaders::test_every_answer_is_protected",)),
    Mutant("anybody loads what is private", "web/http/security.py", '"cross-origin" if is_anybodys else "same-origin"', '"cross-origin"',
           (f"{SECURITY}::TestHeaders::test_what_anybody_may_keep_may_stand_on_other_sites_and_nothing_else",)),
    Mutant("refusals not written down", "web/errors.py", '    note_security("not allowed")\n', "",
           (f"{SECURITY}::TestLog::test_what_befell_a_way_in_stands_in_its_line_in_fixed_words",)),
    # -- fields nobody asked for
    Mutant("every field of a form taken", "web/accounts/sign_in.py", "            mark_account(account, by=SYSTEM, at=moment)\n            token = open_session(account, now=moment)\n",
           "            for name, value in request.form.items():\n                setattr(account, name, value)\n"
           "            mark_account(account, by=SYSTEM, at=moment)\n            token = open_session(account, now=moment)\n",
           (NO_EXTRA,)),
    Mutant("every field of a report taken", "web/filing/pages.py", "    code = filed.report.code\n    _keep_receipt(filed)\n",
           f"    with unit_of_work(keeps_rows=True):\n{every_field('filed.report', 8)}    code = filed.report.code\n    _keep_receipt(filed)\n", (NO_EXTRA,)),
    Mutant("every field of somebody new taken", "web/settings/people.py", "    if seat is not None:\n        give_role(account,",
           f"{every_field('account', 4)}    if seat is not None:\n        give_role(account,", (NO_EXTRA_OF_STAFF,)),
    Mutant("every field of a change of a person taken", "web/settings/people.py", "            return str(_(\"The change is kept.\") if changed",
           f"{every_field('account', 12)}            return str(_(\"The change is kept.\") if changed", (NO_EXTRA_OF_STAFF,)),
    Mutant("rule given to the centre a field names", "web/settings/rows.py", '            flash(_("The row has been added."))\n',
           '            with unit_of_work(keeps_rows=True):\n                row.centre_id = request.values.get("centre_id", row.centre_id, type=int)\n'
           '            flash(_("The row has been added."))\n', (NO_EXTRA_OF_STAFF,)),
    Mutant("JSON taken for a form", "web/forms.py", "return None if request.is_json and not is_given else super()", "return super()",
           (f"{GUARDS}::test_json_is_no_form",)),
    Mutant("JSON without a bottom", "web/http/security.py", "    except RecursionError:\n", "    except NotImplementedError:\n", (f"{GUARDS}::test_json_is_no_form",)),
    # -- patterns, and what a program is written with
    Mutant("pattern with the cube of the text", "casework/text.py", 're.compile(r"\\s+")', 're.compile(r"\\s*\\s*$")',
           (f"{GUARDS}::test_no_pattern_takes_for_ever",)),
    Mutant("pattern from what is typed", "casework/answers/acts.py", 'LEFT_TO_FILL = re.compile(r"\\{[^{}]*\\}|[{}…]")',
           'LEFT_TO_FILL = re.compile(r"\\{[^{}]*\\}|[{}…]")\n\n\ndef _found(typed: str, text: str) -> bool:\n    return re.search(typed, text) is not None\n',
           (f"{GUARDS}::test_patterns_are_constants",)),
    # -- bombs
    Mutant("workbook with too many cells", "casework/settings/importing/tables.py", "if room < 0 or tags < 0:", "if room < 0:",
           unit("settings/importing/tables", "what_cannot_be_taken_is_refused_with_its_reason")),
    Mutant("workbook that unpacks without end", "casework/settings/importing/tables.py", "            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:\n",
           "            if len(parts) > MOST_PARTS:\n", unit("settings/importing/tables", "what_cannot_be_taken_is_refused_with_its_reason"),
           together=(("if room < 0 or tags < 0:", "if tags < 0:"),)),
    Mutant("workbook unpacked before it is judged", "casework/settings/importing/tables.py", "len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:", "len(parts) > MOST_PARTS:",
           unit("settings/importing/tables", "what_cannot_be_taken_is_refused_with_its_reason")),
    Mutant("workbook of any number of parts", "casework/settings/importing/tables.py", "if len(parts) > MOST_PARTS or sum(", "if sum(",
           unit("settings/importing/tables", "what_cannot_be_taken_is_refused_with_its_reason")),
    Mutant("table with rows without end", "casework/settings/importing/tables.py", "        if taken > MOST_ROWS + 1:\n", "        if False:\n",
           unit("settings/importing/tables", "what_cannot_be_taken_is_refused_with_its_reason")),
    Mutant("table with empty rows without end", "casework/settings/importing/tables.py", "            if empty > MOST_ROWS:\n", "            if False:\n",
           unit("settings/importing/tables", "what_cannot_be_taken_is_refused_with_its_reason")),
    Mutant("workbook with entities", "casework/settings/importing/tables.py", 'if b"<!ENTITY" in piece or b"<!DOCTYPE" in piece:', "if False:",
           unit("settings/importing/tables", "what_cannot_be_taken_is_refused_with_its_reason")),
    Mutant("model with a doctype", "workflows/definitions/reading.py",
           '    if (start := xml.find(b"<!DOCTYPE")) >= 0:\n        raise _doctype(xml[:start].count(b"\\n") + 1)\n', "",
           ("tests/web/commands/test_check_command.py::test_hostile_files_cost_little_time_and_memory_and_leave_no_traceback",)),
    Mutant("boundary with points without end", "casework/places/boundary_files.py", "        if self.points < 0:\n", "        if False:\n",
           unit("places/boundaries", "a_file_that_cannot_be_read_is_refused_with_the_reason")),
    Mutant("picture of any size", "casework/photos/uploads.py", "            if image.width * image.height > MAX_PIXELS:\n", "            if False:\n",
           unit("photos/images", "a_picture_that_would_fill_the_memory_is_refused_at_once")),
    Mutant("picture of any number of scans", "casework/photos/uploads.py", " and _scans(data) > MAX_SCANS:", " and False:",
           unit("photos/images", "a_jpeg_that_would_keep_the_decoder_busy_is_refused_at_once")),
    *(Mutant(f"reader of files without its bound of {what}", "reports/signing/child.py", f"        (resource.RLIMIT_{limit}),\n", "", (f"{SIGNING}::{test}",))
      for what, limit, test in (
        ("memory", "AS, held + memory", "test_a_file_that_asks_for_more_memory_than_there_is_is_told_so"),
        ("time", "CPU, int(used.ru_utime + used.ru_stime) + 1 + seconds", "test_the_reader_of_files_taken_over_opens_writes_and_takes_nothing_and_ends"),
        ("writing", "FSIZE, 0", "test_the_reader_of_files_taken_over_opens_writes_and_takes_nothing_and_ends"),
        ("opening", "NOFILE, 0", "test_the_reader_of_files_taken_over_opens_writes_and_takes_nothing_and_ends"),
    )),
    Mutant("reader of files not shut in", "reports/signing/child.py", "    _shut_in(int(seconds), int(memory))\n    try:\n", "    try:\n",
           (f"{SIGNING}::test_a_file_that_asks_for_more_memory_than_there_is_is_told_so",)),
    *(Mutant(f"copier of recordings without its bound of {what}", "casework/recordings/remux.py", f"        (resource.RLIMIT_{limit}),\n", "", unit("recordings/recordings", test))
      for what, limit, test in (
        ("memory", "AS, held + memory", "no_file_is_opened_and_no_memory_is_taken_beyond_the_bounds"),
        ("time", "CPU, seconds", "a_program_taken_over_gets_out_by_nothing_it_closes_and_unsafe_pictures_are_not_copied"),
        ("writing", "FSIZE, 0", "a_program_taken_over_gets_out_by_nothing_it_closes_and_unsafe_pictures_are_not_copied"),
        ("opening", "NOFILE, 0", "a_program_taken_over_gets_out_by_nothing_it_closes_and_unsafe_pictures_are_not_copied"),
    )),
    Mutant("copier of recordings not shut in", "casework/recordings/remux.py", "    _shut_in(int(seconds), int(memory))\n    data", "    data",
           unit("recordings/recordings", "no_file_is_opened_and_no_memory_is_taken_beyond_the_bounds")),
    # -- calls out of the house
    Mutant("call into the own network", "casework/messages/http_client.py", "all(map(is_outside, found))", "True",
           unit("messages/http_client", "a_name_that_leads_inside_is_refused_and_one_the_environment_names_is_called")),
    Mutant("answer without end", "casework/messages/http_client.py", "        if len(content) > largest:\n", "        if False:\n",
           unit("messages/http_client", "an_answer_is_read_up_to_its_size_and_unpacked_by_nobody")),
    # -- a directory of people (SCIM)
]  # fmt: skip
