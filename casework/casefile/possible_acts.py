"""What a person may do with a case beside the steps that wait: what the rows of the verbs offer (casework/verbs.py), in one order.

The use cases refuse by themselves whatever is not allowed. This says beforehand what is worth offering; a test holds the two
together, on cases in every state.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from casework.casefile.views import publications_of
from casework.models import Assignment, Case, Publication, Report
from casework.permissions import Actor, may
from casework.verbs import Part, Situation, Verb, acts

ORDER = (
    ("stop_waiting",),
    ("ask_reporter", "classify", "hold", "refer", "merge", "pass_on", "refuse", "send_link"),
    ("add_agency", "change_lead", "divide", "join_part", "publish_interim", "remind_all"),
    ("remind", "take_up_answer", "send_agency_link", "remove_agency", "close_without_answer", "request_extension"),
    ("progress_note",),
    ("split",),
    ("correct_publication", "unpublish"),
    ("apologise", "direct", "quarantine"),
    ("hand_over",),
)
"""How they are offered. Those of one line that are about parts of the case stand together for each part."""


@dataclass(frozen=True)
class PossibleAct:
    """An act, and what of the case it is about where that is not the whole of it."""

    verb: str
    assignment: Assignment | None = None
    publication: Publication | None = None
    report: Report | None = None


def possible_acts(case: Case, by: Actor, now: datetime, *, publications: Sequence[Publication] | None = None) -> list[PossibleAct]:
    """Return the acts beside the tokens that a person may do with a case now, in the order they are offered.

    `publications` of the case, where the caller has read them already.
    """
    at = Situation(case, by, now, _publications(case, publications))
    is_set_apart = case.quarantined_at is not None
    fit = [verb for verb in acts() if verb.is_of_staff and verb.is_for_quarantine is is_set_apart]
    permitted = [verb for verb in fit if verb.action is not None and may(by, verb.action, case)]
    return sorted((possible for verb in permitted for possible in _offered(verb, at)), key=lambda possible: _place(possible, at))


def _offered(verb: Verb, at: Situation) -> Iterator[PossibleAct]:
    if verb.offered is not None and verb.offered(at):
        yield PossibleAct(verb.name)
    for part in verb.offered_on(at) if verb.offered_on is not None else ():
        yield _about(verb.name, part)


def _about(verb: str, part: Part) -> PossibleAct:
    match part:
        case Assignment():
            return PossibleAct(verb, assignment=part)
        case Publication():
            return PossibleAct(verb, publication=part)
        case Report():
            return PossibleAct(verb, report=part)


def _place(possible: PossibleAct, at: Situation) -> tuple[int, int, int]:
    """Its line, which of the parts it is about, and its place in the line; a verb in no line comes last."""
    line = next((number for number, verbs in enumerate(ORDER) if possible.verb in verbs), len(ORDER))
    part = 0
    if possible.assignment is not None:
        part = at.case.assignments.index(possible.assignment)
    elif possible.publication is not None:
        part = list(at.publications()).index(possible.publication)
    return line, part, ORDER[line].index(possible.verb) if line < len(ORDER) else 0


def _publications(case: Case, known: Sequence[Publication] | None) -> Callable[[], Sequence[Publication]]:
    """Those that were read already, or what reads them once."""
    return cache(lambda: publications_of(case) if known is None else known)
