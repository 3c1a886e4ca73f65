"""Faults that close one way through the process, or let it lead elsewhere (rules.md, section 5)."""
# ruff: noqa: E501   lines of the product are quoted as they stand
from __future__ import annotations

from tests.mutants.mutant import MODEL, Mutant, unit, way

BINDINGS, FACTS = "workflows/bindings.py", "workflows/facts.py"


def led_elsewhere(name: str, source: str, target: str, elsewhere: str, *ways: str) -> Mutant:
    """A flow of the model that ends at another element."""
    return Mutant(name, MODEL, f'sourceRef="{source}" targetRef="{target}"', f'sourceRef="{source}" targetRef="{elsewhere}"', way(*ways))


def not_heard(name: str, fact: str, *ways: str) -> Mutant:
    """A fact of the rows that no event hears of."""
    return Mutant(name, FACTS, f'"{fact}": Fact(', f'"{fact}": Fact(_when(lambda _: False) or ', way(*ways))


def not_offered(name: str, verb: str, *ways: str) -> Mutant:
    """An act beside the tokens that does nothing."""
    acts = "{verb.name: cast(UseCase, verb.use_case) for verb in acts()}"
    return Mutant(name, BINDINGS, acts, f'{acts} | {{"{verb}": lambda case, *given, **who: None}}', way(*ways))


WAYS = [
    # -- taking a report, and not taking it
    led_elsewhere("accepted and not classified", "verify", "classify", "distribute", "accept"),
    Mutant("no refusal at verification", BINDINGS, '"verify": triage.verify, "refuse": refusals.refuse}', '"verify": triage.verify}',
           way("refuse at verification")),
    not_offered("no refusal after classification", "refuse", "refuse after classification, before any agency accepted"),
    Mutant("refused after an agency accepted", "casework/triage/refusals.py", "if any(assignment.accepted_at for assignment in case.assignments):", "if False:",
           unit("triage/refusals", "a_case_an_agency_has_accepted_is_not_refused")),
    not_heard("refusal leaves no way to object", "refused", "objection of the reporter upheld"),
    led_elsewhere("objection upheld ends the case", "is_upheld", "again_refusal", "objection_dismissed", "objection of the reporter upheld"),
    led_elsewhere("objection dismissed ends nothing", "is_upheld", "objection_dismissed", "again_refusal", "objection of the reporter dismissed"),
    led_elsewhere("nobody objects, nothing ends", "objection_window", "refused_for_good", "decide_objection", "refuse at verification"),
    # -- asking the reporter
    not_heard("question reaches nobody", "reporter_asked", "ask the reporter: answered"),
    led_elsewhere("not answered, not closed", "is_given_up", "unanswered", "question_over", "ask the reporter: not answered, closed with notice"),
    led_elsewhere("not answered, not continued", "is_given_up", "question_over", "unanswered", "ask the reporter: not answered, continued"),
    Mutant("waited for for ever", FACTS, '_when(lambda case: case.paused_for != Pause.QUESTION)', '_when(lambda case: False)',
           way("ask the reporter: not waited for any longer")),
    # -- merge, split, refer
    not_heard("merge unheard", "merged", "merge"),
    led_elsewhere("split ends the case", "is_split", "again_merge", "merged_for_good", "split again"),
    Mutant("merged for ever", FACTS, 'return {"split": False} if db.session.scalar(own) == "ended" else None', "return None", way("merge")),
    not_heard("referral unheard", "referred", "refer elsewhere"),
    led_elsewhere("settled elsewhere, not ended", "is_back", "referred_out", "again_referral", "refer elsewhere"),
    led_elsewhere("what comes back is ended", "is_back", "again_referral", "referred_out", "refer elsewhere: it came back"),
    # -- quarantine, withdrawal
    not_heard("quarantine unheard", "quarantined", "quarantine at verification", "quarantine later"),
    Mutant("no quarantine of what is closed", "casework/erasure/quarantine.py", "    if case.quarantined_at is not None:\n        raise QuarantineRefused(",
           "    if case.closed_at is not None:\n        raise QuarantineRefused(", way("quarantine later: when it was closed")),
    Mutant("no button for agencies", "casework/permissions/__init__.py", 'QUARANTINE = "quarantine", OPERATIONS | AGENCY_ROLES', 'QUARANTINE = "quarantine", OPERATIONS',
           way("quarantine by an agency's button")),
    led_elsewhere("withdrawn before acceptance, not cancelled", "is_cancelled", "cancelled", "decide_withdrawal", "withdrawn by the reporter before acceptance"),
    led_elsewhere("withdrawn after acceptance, not ended", "is_withdrawn", "withdrawn", "again_withdrawal", "withdrawn by the reporter after acceptance"),
    led_elsewhere("kept and ended", "is_withdrawn", "again_withdrawal", "withdrawn", "withdrawn by the reporter after acceptance: the centre goes on"),
    # -- urgent
    not_heard("hotline called by nobody", "hotline_needed", "urgent with hotline reached"),
    Mutant("hotline not reached is done", BINDINGS, 'stays_open=lambda result: not result["reached"]', "stays_open=_never",
           ("tests/workflows/running/test_steps.py::test_a_hotline_nobody_answers_keeps_its_step",)),
    Mutant("owed hotline does not block closing", FACTS, '_when(lambda case: not case.hotline_owed and not case.has_unread_words)',
           '_when(lambda case: not case.has_unread_words)', way("urgent with hotline not reached: it blocks closing, not distribution")),
    Mutant("unread words do not block closing", FACTS, '_when(lambda case: not case.hotline_owed and not case.has_unread_words)',
           '_when(lambda case: not case.hotline_owed)',
           ("tests/workflows/running/test_ends.py::test_a_case_waits_to_close_until_what_its_reporter_added_has_been_read",)),
    Mutant("owed hotline blocks distribution", "casework/assignments/distribution.py", "    refuse_wrong_agencies(case, [given.lead, *given.cooperating], now)\n",
           "    refuse_wrong_agencies(case, [lead, *cooperating], now)\n    if case.hotline_owed:\n        raise HandBackRefused(\"\", \"\")\n",
           way("urgent with hotline not reached: it blocks closing, not distribution")),
    not_heard("hotline still owed when no longer urgent", "hotline_dropped", "urgency down"),
    # -- agencies
    Mutant("published before the last agency", FACTS, "    if case.open_assignments or case.standstill", "    if not answered_this_round(case) or case.standstill",
           way("several agencies")),
    Mutant("second agency not asked", "casework/assignments/distribution.py", '*((agency, "cooperating") for agency in given.cooperating)]', "]", way("several agencies")),
    led_elsewhere("released and asked again", "is_released", "handed_back", "accept_assignment", "handed back once"),
    led_elsewhere("kept and released", "is_released", "accept_assignment", "handed_back", "handed back once: the agency stays"),
    led_elsewhere("without an answer to be published", "is_answered", "distribute", "publish", "handed back once"),
    Mutant("second hand-back refused", "casework/assignments/hand_backs.py", "MOST_HAND_BACKS = 2", "MOST_HAND_BACKS = 1", way("handed back twice")),
    Mutant("third hand-back", "casework/assignments/hand_backs.py", "MOST_HAND_BACKS = 2", "MOST_HAND_BACKS = 3", way("handed back a third time: refused")),
    Mutant("hand-backs counted per case alone", "casework/assignments/hand_backs.py", "query.where(Assignment.case_id == case.id, Assignment.slot == slot)",
           "query.where(Assignment.case_id == case.id)", way("handed back: counted per role slot, lead or cooperating")),
    not_offered("no agency added", "add_agency", "agency added midway"),
    not_heard("agency added late unheard", "agency_added", "_when(lambda case: bool(case.open_assignments))",
              "agency added midway: when the answers were to be published"),
    not_heard("removed agency works on", "assignment_ended", "agency removed midway"),
    Mutant("lead not changed", "casework/assignments/reassignment.py", "    case.lead_agency_id = given.agency.id\n", "", way("lead changed midway")),
    Mutant("former lead leads on", "casework/assignments/reassignment.py", '        row.slot = "cooperating"\n', "        pass\n", way("lead changed midway")),
    # -- extensions
    not_heard("extension reaches nobody", "extension_asked", "_when(lambda assignment: assignment.extension_asked and assignment.is_open)",
              "extension endorsed and granted"),
    led_elsewhere("endorsed and not decided", "is_endorsed", "decide_extension", "again_extension", "extension endorsed and granted"),
    led_elsewhere("not endorsed and decided", "is_endorsed", "again_extension", "decide_extension", "extension not endorsed"),
    Mutant("not granted and given", "casework/assignments/extensions.py", "    if given.granted:\n        _move(", "    if extension:\n        _move(", way("extension not granted")),
    Mutant("second extension at the first desk", BINDINGS, "        desk=extensions.extension_desk,\n", "", way("extension: a second, by the committee leader")),
    # -- answers
    led_elsewhere("redo ends the work", "is_approved", "submit_answer", "answered", "redo once", "redo twice"),
    led_elsewhere("approved and done again", "is_approved", "answered", "submit_answer", "one agency"),
    Mutant("no leader above is asked", "casework/second_person.py", "above = db.session.get(Agency, above.parent_id) if above.parent_id else None", "above = None",
           way("no eligible approver: found at submit, goes to the leader of the agency above")),
    Mutant("committee is not asked", "casework/second_person.py", "    return [*seats, JudgingSeat(Role.COMMITTEE_LEADER, centre_id=assignment.case.centre_id)]\n",
           "    return seats\n", way("no eligible approver: no agency above, goes to the committee leader")),
    Mutant("approver at the agency's own desk", BINDINGS, "        desk=_approval_desk,\n", "",
           way("no eligible approver: found at submit, goes to the leader of the agency above")),
    Mutant("no approver found out too late", "casework/answers/acts.py", "    seat = seat_of_second_person(leaders_above(assignment), deeds, now=now)\n", "    seat = leaders_above(assignment)[0]\n",
           way("no eligible approver: found at submit, goes to the leader of the agency above")),
    not_offered("no interim publication", "publish_interim", "interim publication"),
    Mutant("final publication with an open agency", "casework/publishing/acts.py",
           '    _refuse_unfinished(case)\n    answers = _answers_to_show(case)\n    publication = _publication(case, "final"', '    answers = _answers_to_show(case)\n    publication = _publication(case, "final"', unit("publishing/acts", "the_final_publication_waits_for_every_agency")),
    not_offered("no way round a missing answer", "close_without_answer", "closed without a missing agency's answer"),
    Mutant("operators go on without an answer", "casework/permissions/__init__.py", 'CLOSE = "close", {Role.OPS_LEAD}', 'CLOSE = "close", OPERATIONS',
           unit("assignments/reassignment", "the_operations_lead_goes_on_without_an_agency_once_another_has_answered")),
    Mutant("answer missing without a reason", "casework/assignments/reassignment.py",
           '    reason = _fit(given.reason, "Vui lòng nêu lý do; lý do được công khai.", "Please give the reason; it will be public.")\n', "    reason = given.reason\n",
           unit("assignments/reassignment", "the_operations_lead_goes_on_without_an_agency_once_another_has_answered")),
    Mutant("missing answer not shown", "casework/public/publication.py", "row.end_reason == AssignmentEnd.MISSING and row.round in rounds", "False",
           unit("publishing/acts", "the_public_reads_whose_answer_is_missing_and_why")),
    Mutant("no private answer", BINDINGS, '"publish": publishing.publish, "answer_privately": publishing.answer_privately}', '"publish": publishing.publish}',
           way("private answer")),
    not_offered("no correction", "correct_publication", "correction"),
    not_offered("nothing taken back", "unpublish", "unpublish"),
    # -- ratings
    Mutant("any rating opens a review", BINDINGS, 'stays_open=lambda result: result["outcome"] == "waiting"', "stays_open=_never",
           way("rated satisfied", "rated acceptable")),
    led_elsewhere("dissatisfied leads to no review", "rate", "review_rating", "rating_over", "rated dissatisfied"),
    led_elsewhere("explained leads to reopening", "is_reopened", "rating_over", "distribute", "review: explained"),
    led_elsewhere("reopened leads to the end", "is_reopened", "distribute", "rating_over", "reopened once", "reopened twice"),
    Mutant("third review at the operations lead's", BINDINGS, "desk=ratings.review_desk, ", "", way("reopened: the third time goes to the committee leader")),
    led_elsewhere("unrated stays open", "rating_window", "close_rating", "rate", "unrated close"),
    Mutant("nobody there to rate, waited for all the same", "casework/publishing/acts.py", "    can_be_rated = any(", "    can_be_rated = True or any(",
           way("camera-only case without rating")),
    # -- resting, urgency, incidents
    not_heard("hold unheard", "held", "hold and resume"),
    led_elsewhere("hold over, and held for ever", "hold_over", "close_hold", "resume", "hold and resume: its last day was over"),
    not_offered("urgent by no way", "classify", "urgency up", "urgency down"),
    Mutant("retry retries nothing", "workflows/running/incidents.py", "    process.open(instance)\n    process.settle(offer_messages=incident.kind == \"message\")\n", "",
           way("incident and retry")),
    Mutant("failing timer tried in a circle", "workflows/running/faults.py", 'stops = spot.kind != "step" and', "stops = False and",
           way("incident and retry")),
]
