"""What is told: `<thing>.<verb>`, the verbs of rules.md, section 7, and two facts that have no verb."""

from collections.abc import Collection, Iterable
from enum import StrEnum

from casework.bilingual import Bilingual
from casework.errors import CaseworkError
from casework.permissions import Action


class Thing(StrEnum):
    """What a message is about."""

    ASSIGNMENT = "assignment"
    CASE = "case"
    REPORT = "report"


REORGANISED = frozenset({"reorganise", "undo_reorganise"})
VERBS: dict[Thing, frozenset[str]] = {
    Thing.ASSIGNMENT: frozenset({
        "distribute", "accept_assignment", "hand_back", "decide_hand_back", "add_agency", "remove_agency", "change_lead",
        "endorse_extension", "decide_extension", "submit_answer", "approve_answer", "redo_answer", "remind", "reorganise",
    }),
    Thing.CASE: frozenset({
        "file_report", "verify", "refuse", "classify", "merge", "split", "refer", "hold", "resume", "reopen", "publish",
        "correct_publication", "unpublish", "close", "pass_on", "reorganise", "divide", "join_part",
        "withdraw_report", "decide_withdrawal", "take_back", "close_referral",
    }),
    Thing.REPORT: frozenset({"ask_reporter", "refuse", "merge", "split", "refer", "publish", "answer_privately", "close"}),
}  # fmt: skip
"""The verbs told of each thing; of reports, to the account that filed them."""
PUBLIC_STEPS = frozenset({
    "file_report", "verify", "classify", "merge", "refer", "hold", "resume", "reopen", "publish", "correct_publication", "unpublish",
    "reorganise", "divide", "join_part", "take_back", "close_referral",
})  # fmt: skip
"""What the public is told. A test compares it with the rows of the verbs."""
OF_AGENCIES = PUBLIC_STEPS | {"split"}
"""What an agency is told of a case it works on: a split takes its work to another code."""
ENDED, DUE_MOVED = "assignment.end", "case.due_moved"
VERIFY, ROTATE, DISABLE = "endpoint.verify", "endpoint.rotate_secret", "endpoint.disable"

THING_WORDS: dict[Thing, Bilingual] = {
    Thing.ASSIGNMENT: Bilingual("Việc được giao cho đơn vị", "What agencies are asked to do"),
    Thing.CASE: Bilingual("Diễn biến của hồ sơ", "What happens to cases"),
    Thing.REPORT: Bilingual("Phản ánh do hệ thống này gửi", "Reports this system has filed"),
}
NEEDED: dict[Thing, frozenset[Action]] = {
    Thing.ASSIGNMENT: frozenset({Action.READ_CASE, Action.READ_INBOX}),
    Thing.CASE: frozenset({Action.READ_CASE, Action.SEARCH_CASES}),
    Thing.REPORT: frozenset({Action.FILE_REPORT}),
}
"""Who may not read a thing is not told of it either: one of these scopes is needed."""


class EventsUnknown(CaseworkError):
    """A type that is not told, or not to this account."""

    def __init__(self) -> None:
        super().__init__(
            "Vui lòng chọn ít nhất một loại tin mà tài khoản được nhận.", "Please choose at least one kind of message the account may get.",
            about="events",
        )


def types_of(thing: Thing) -> frozenset[str]:
    facts = {ENDED, DUE_MOVED}
    return frozenset({f"{thing}.{verb}" for verb in VERBS[thing]} | {fact for fact in facts if fact.startswith(f"{thing}.")})


def things_for(scopes: Iterable[object]) -> list[Thing]:
    """What an account with these scopes may be told of."""
    held = {str(scope) for scope in scopes}
    return [thing for thing in Thing if not held.isdisjoint(str(each) for each in NEEDED[thing])]


def types_for(events: Collection[object], scopes: Iterable[object]) -> frozenset[str]:
    """The types an endpoint is told: what it asked for, as far as the scopes of its account go; asked for nothing, all of them."""
    asked = {str(each) for each in events}
    allowed = [(thing, kind) for thing in things_for(scopes) for kind in types_of(thing)]
    return frozenset(kind for thing, kind in allowed if not asked or kind in asked or str(thing) in asked)


def fit_events(events: Iterable[str], scopes: Iterable[object]) -> list[str]:
    """What was asked for, each once, in order. Raises EventsUnknown."""
    found, scopes = sorted(set(events)), list(scopes)
    known = {*map(str, things_for(scopes)), *types_for((), scopes)}
    if not found or not known.issuperset(found):
        raise EventsUnknown
    return found
