"""Seeded faults: what a tired programmer might write, and the tests that must notice."""
# ruff: noqa: E501   lines of the product are quoted as they stand
from __future__ import annotations

from dataclasses import dataclass


class MutantStale(AssertionError):
    """The text a fault replaces is not in its file (any more) exactly as often as it should be."""


@dataclass(frozen=True)
class Mutant:
    """In `file`, `new` instead of `old`, which stands there `times` times; `tests` are what pytest is given."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    times: int = 1

    def put_into(self, text: str) -> str:
        """The text of the file with the fault in it; raises MutantStale."""
        if text.count(self.old) != self.times:
            raise MutantStale(f"{self.name}: {self.file} has {text.count(self.old)} times, not {self.times} times, the text {self.old!r}")
        return text.replace(self.old, self.new)


PROMISES = "tests/system/test_promises.py"


def promise(test: str) -> tuple[str, ...]:
    return (f"{PROMISES}::test_{test}",)


MUTANTS = [
    # -- transactions and locks
    Mutant("rollback removed", "casework/db.py", "    except BaseException:\n        session.rollback()\n        raise\n",
           "    except BaseException:\n        session.commit()\n        raise\n", promise("a_refused_act_leaves_nothing_behind")),
    Mutant("write lock taken late", "casework/db.py", '"BEGIN IMMEDIATE" if writes else "BEGIN"', '"BEGIN"',
           promise("a_unit_of_work_on_sqlite_holds_the_write_lock_from_its_first_moment")),
    Mutant("case row read, not locked", "casework/cases.py", "query = query.with_for_update(of=Case)", "pass",
           promise("a_locked_case_keeps_every_other_connection_out")),
    Mutant("step does not lock its case", "workflows/steps.py", "case = lock_case(_case_of(task_ref))\n    task = _locked_task(task_ref)\n    _refuse",
           "case = db.session.get_one(Case, _case_of(task_ref))\n    task = _locked_task(task_ref)\n    _refuse",
           promise("a_step_locks_its_case_before_anything_is_decided")),
    Mutant("step done twice", "workflows/steps.py", "        raise NotAllowed\n    _refuse_done(task)\n    if task.claimed_by_id",
           "        raise NotAllowed\n    if task.claimed_by_id", promise("the_second_of_two_people_reads_who_was_first_and_when")),
    Mutant("idempotency key ignored", "casework/intake.py", "if idempotency_key and (earlier := _filed_before(idempotency_key, content)):",
           "if idempotency_key and (earlier := None):", promise("a_request_sent_twice_makes_one_report")),
    # -- who may
    Mutant("permission to verify dropped", "casework/triage.py", "    require(by, Action.VERIFY, case)\n", "",
           promise("only_the_operations_team_verifies")),
    Mutant("desk not checked", "workflows/steps.py", "    if not is_at(by, task.desk, case):\n        raise NotAllowed\n    _refuse_done", "    _refuse_done",
           promise("a_step_is_done_at_its_own_desk_only")),
    Mutant("author approves", "casework/answering.py", "if by.at(assignment.approval_desk).counts_as & {answer.author_id, answer.author_for_id}:",
           "if False:", promise("nobody_approves_what_they_wrote")),
    Mutant("deputy approves for the author", "casework/answering.py", "by.at(assignment.approval_desk).counts_as &", "{by.account_id} &",
           promise("a_deputy_does_not_approve_the_principal_s_text")),
    Mutant("redo without instructions", "casework/answering.py", "    if not instructions:\n", "    if instructions is None:\n",
           promise("a_redo_says_what_to_do_again")),
    Mutant("anybody rates", "casework/permissions.py", "if report.reporter is None or not owns_report(actor, report):",
           "if report.reporter is None:",
           promise("only_the_sender_rates")),
    Mutant("everybody reviews ratings", "casework/permissions.py", "Action.REVIEW_RATING: frozenset({Role.OPS_LEAD, Role.COMMITTEE_LEADER})",
           "Action.REVIEW_RATING: STAFF", ("tests/system/test_roles.py::test_who_may_do_what_is_as_written_by_hand",)),
    Mutant("roles not asked at the door", "web/guards.py", "                if not may(actor(), action):\n                    raise NotAllowed\n", "",
           ("tests/system/test_roles.py::test_every_address_answers_as_written_by_hand_and_as_generated[inspector]",)),
    Mutant("guests let in", "web/guards.py", "                if signed_in_account() is None:\n                    return _to_sign_in()\n", "",
           ("tests/web/test_routes.py",)),
    Mutant("guesses not counted", "casework/limits.py", "if count > limit.most else None", "if count > 10**9 else None",
           ("tests/web/test_auth.py::TestThrottle",)),
    Mutant("forms of strangers taken", "web/security.py", "    CSRFProtect(app)\n",
           '    CSRFProtect(app)\n    app.config["WTF_CSRF_CHECK_DEFAULT"] = False\n', ("tests/web/test_security.py::TestForms",)),
    Mutant("session before sign-in goes on", "web/sessions.py", "    if before:\n", "    if False:\n", ("tests/web/test_auth.py::TestSessions",)),
    Mutant("state kept over sign-in", "web/auth.py", "    session.clear()\n    session.update(values)\n", "    session.update(values)\n",
           ("tests/web/test_security.py::TestForms",)),
    Mutant("cookie open to scripts", "web/sessions.py", '        httponly=True,\n        samesite="Lax",\n', '        httponly=False,\n        samesite="Lax",\n',
           ("tests/web/test_auth.py::TestSessions",)),
    # -- who sees
    Mutant("agency keeps what it handed back", "casework/permissions.py", "if any(assignment.is_open or assignment.approved_at is not None for assignment in mine):",
           "if mine:", promise("an_agency_that_handed_back_keeps_nothing_but_the_course_of_the_case")),
    Mutant("quarantined case shown", "casework/permissions.py",
           "        return case if Viewer.CONFIDENTIAL_READER in seen else None\n", "        return case\n",
           promise("a_quarantined_case_is_there_for_its_confidential_readers_only")),
    Mutant("work goes on in a quarantined case", "workflows/desks.py", "    if case.quarantined_at is not None:\n        return False\n", "",
           promise("nobody_goes_on_working_in_a_quarantined_case")),
    Mutant("identity revealed without an event", "casework/identity.py",
           '    record(case, "reveal_identity", by=by, at=now, report=report.code, reason=reason)\n', "",
           promise("an_identity_is_revealed_with_a_reason_and_an_event")),
    Mutant("leaders see identities", "casework/permissions.py", "Sight.IDENTITY: frozenset({Viewer.OPERATOR, Viewer.OPS_LEAD})",
           "Sight.IDENTITY: frozenset({Viewer.OPERATOR, Viewer.OPS_LEAD, Viewer.COMMITTEE_LEADER})",
           ("tests/system/test_roles.py::test_the_sights_of_the_code_are_those_of_the_table",)),
    Mutant("secret not compared", "casework/own_reports.py",
           "return report if secret_matches(secret, report.secret_digest if report else _NOBODYS_DIGEST) else None", "return report",
           promise("a_report_opens_with_its_own_secret_only")),
    Mutant("agencies see the centre's copy", "casework/photo_access.py", 'sight = Sight.ORIGINAL if audience == "centre" else Sight.CLEARED',
           "sight = Sight.CLEARED", promise("photos_are_served_to_those_they_were_cleared_for")),
    Mutant("unpublished photo served", "casework/photo_access.py",
           "    if case is None or not case.is_public or case.quarantined_at is not None or case.visibility_reason_id is not None:\n"
           "        return None\n    publication = public_publications([case]).get(case.id)\n"
           "    return _chosen_copy(publication, photo, rendition) if publication is not None else None\n",
           '    return copy_for(photo, "public", rendition)\n', promise("photos_are_served_to_those_they_were_cleared_for")),
    Mutant("found before publication", "casework/search_rows.py", '    rows = {"centre": cleared, "agencies": cleared}\n',
           '    rows = {"centre": cleared, "agencies": cleared, "public": cleared}\n',
           promise("search_rows_for_the_public_appear_with_the_publication")),
    Mutant("sensitive case published", "casework/publishing.py", "    if case.visibility_reason_id is not None:\n        raise PublicationRefused(",
           "    if False:\n        raise PublicationRefused(", promise("a_sensitive_case_is_never_published")),
    # -- words and photos
    Mutant("words not cleared", "casework/triage.py", "        if not any(part.report.id == link.report_id for part in cleared):\n",
           "        if False:\n", promise("a_report_is_not_accepted_before_its_words_are_cleared")),
    Mutant("photos not cleared", "casework/triage.py", "        if uncleared_photos(link.report):\n", "        if False:\n",
           promise("a_report_is_not_accepted_before_its_photos_are_cleared")),
    Mutant("EXIF kept", "casework/photo_records.py", '_written(photo.view, "view", "centre", "image/jpeg", store=store)',
           '_written(photo.original, "view", "centre", "image/jpeg", store=store)',
           promise("nothing_of_what_a_photo_tells_of_its_sender_is_in_any_copy")),
    Mutant("file comment kept", "casework/photos.py", '    clean = Image.new("RGB", picture.size)\n    clean.paste(picture)\n    return clean\n',
           "    return picture\n", promise("nothing_of_what_a_photo_tells_of_its_sender_is_in_any_copy")),
    Mutant("original stored open", "casework/photo_records.py", 'is_sealed = audience in ("sealed", "centre")', 'is_sealed = audience == "centre"',
           promise("nothing_of_what_a_photo_tells_of_its_sender_is_in_any_copy")),
    Mutant("covered part comes back", "casework/photo_records.py",
           'source = (copy_for(photo, "agencies", "view") if audience == "public" else None) or copy_for(photo, "centre", "view")',
           'source = copy_for(photo, "centre", "view")', promise("what_was_covered_for_agencies_stays_covered_for_the_public")),
    Mutant("seal without a purpose", "casework/sealing.py", "_associated(header, purpose)", '_associated(header, "")',
           promise("every_seal_is_for_one_purpose"), times=3),
    # -- what is written down
    Mutant("hash without the payload's digest", "casework/events.py", 'str(event.on_behalf_of_id or ""), event.payload_digest, event.previous_hash,',
           'str(event.on_behalf_of_id or ""), event.previous_hash,', promise("the_chain_covers_the_digest_of_what_was_said")),
    Mutant("content in the process", "workflows/instances.py", "isinstance(value, str) and len(value) <= 100", "isinstance(value, str)",
           promise("the_process_keeps_no_content")),
    Mutant("step renamed in the model", "bpmn/field_report.bpmn", '<bpmn:userTask id="submit_answer"', '<bpmn:userTask id="hand_in_answer"',
           ("tests/workflows/test_bindings.py", "tests/workflows/test_definitions.py")),
    # -- limits
    Mutant("late one instant too late", "casework/models/clocks.py", "(self.ended_at or now) >= self.due_at", "(self.ended_at or now) > self.due_at",
           promise("a_limit_is_late_from_its_very_instant")),
    Mutant("due a day too early", "casework/working_time.py", "return calendar.start_of(day + _DAY)", "return calendar.start_of(day)",
           ("tests/casework/test_working_time.py",)),
    Mutant("pauses ignored", "casework/working_time.py", "    start, stops = _utc(started_at), _merged(pauses)\n",
           "    start, stops = _utc(started_at), _merged(())\n", ("tests/casework/test_working_time.py",)),
    Mutant("promised day moved earlier", "casework/due_changes.py",
           "return None if old_due is None or new_due is None else max(old_due, new_due)", "return new_due",
           ("tests/casework/test_due_changes.py",)),
    Mutant("Saturday worked is off", "casework/working_time.py", "return day in self.worked_days or (day.weekday() < SATURDAY",
           "return (day.weekday() < SATURDAY", ("tests/casework/test_working_time.py",)),
]
