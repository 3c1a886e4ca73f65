"""What the page of a case shows beside its texts and agencies: why it rests, what was dealt with, what may be done, what is set apart."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from casework.case_history import audience_of
from casework.dealings import dealings_seen
from casework.models import Assignment, Case, Photo, Publication
from casework.permissions import Sight, sees
from casework.photo_records import photos_of_report
from casework.possible_acts import PossibleAct
from casework.quarantine import hand_over_receipt, handed_over_at, quarantine_reason
from casework.said import Audience
from casework.states import AssignmentEnd
from web.act_page import AGENCY, PUBLICATION, ActPage
from web.case_acts import PAGES
from web.clock import now
from web.due import DueWords, due_words
from web.guards import actor
from web.locales import in_reader_language as local
from workflows.hearing import acts_to_offer

Link = tuple[PossibleAct, type[ActPage]]


@dataclass(frozen=True)
class Apart:
    """A case that was set apart, for its confidential readers."""

    since: datetime
    reason: str | None
    photos: list[Photo]
    handed_over_at: datetime | None
    receipt: str | None


def acts_offered(case: Case, publications: list[Publication]) -> list[tuple[str, list[Link]]]:
    """The acts the person may do now, under a heading for the case, for each agency and for what was told."""
    groups: dict[str, list[Link]] = {}
    for possible in acts_to_offer(case, actor(), now(), publications=publications):
        groups.setdefault(_heading(possible, PAGES[possible.verb]), []).append((possible, PAGES[possible.verb]))
    return list(groups.items())


def due_of(case: Case, *, runs: bool) -> DueWords | None:
    """The limit in the bar: paused while the case rests."""
    if not runs:
        return None
    return DueWords("paused", _("Paused"), None) if case.paused_for is not None else due_words(case.due_at, now=now())


def end_words_seen(assignment: Assignment) -> str | None:
    """Why an agency's work ended without an answer: of a missing answer everybody reads it, of the rest the centre and that agency."""
    by, case = actor(), assignment.case
    reads = assignment.agency_id in by.agency_ids or audience_of(by, case) in (Audience.CENTRE, Audience.COMMITTEE)
    return assignment.end_words if reads or assignment.end_reason == AssignmentEnd.MISSING else None


def apart_seen(case: Case) -> Apart | None:
    """What is left of a case that was set apart; None for everybody but its confidential readers."""
    by = actor()
    if case.quarantined_at is None or not sees(by, Sight.QUARANTINED, case):
        return None
    handed_at = handed_over_at(case)
    photos = [photo for link in case.reports if link.left_at is None for photo in photos_of_report(link.report)]
    return Apart(
        case.quarantined_at, quarantine_reason(case, by=by), [] if handed_at else photos, handed_at, hand_over_receipt(case, by=by)
    )


def beside(case: Case, publications: list[Publication]) -> dict[str, Any]:
    """What the template shows of it, by name."""
    return {
        "dealings": dealings_seen(case, actor()),
        "acts": acts_offered(case, publications),
        "apart": apart_seen(case),
        "end_words": {row.id: end_words_seen(row) for row in case.assignments if row.end_words},
    }


def _heading(possible: PossibleAct, kind: type[ActPage]) -> str:
    if kind.about == AGENCY and possible.assignment is not None:
        return local(possible.assignment.agency.short_name)
    return str(_("What is published")) if kind.about == PUBLICATION else str(_("The case"))
