"""Villages and streets as senders typed them, readable by the operations team alone until an operator releases them.

They are sealed with the report. Older cases hold such words from before they had to be released; these are no longer public, wait here
case by case, and are sealed as soon as the worker reaches them.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, bindparam, select

from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.intake.file_report import VILLAGE_PURPOSE, typed_village
from casework.models import Case, Report
from casework.permissions import OPERATIONS, Action, Actor, require
from casework.places.villages import forget_waiting, listed_among, listed_village, release_village, seal_waiting, waiting_words, waits
from casework.privacy.left_in_clear import seal_cases, seal_reports
from casework.reading.counting import Counted, count
from casework.sealing.seal import seal_text
from casework.search.rows import refresh_search_rows
from casework.successors import Followed, followed_by
from casework.text import fold
from casework.verbs import writes

PAGE = 30
MOST_COUNTED = 99


_CASE = Case.__table__.c
UNRELEASED = select(_CASE.id).where(waits(), _CASE.quarantined_at.is_(None)).limit(MOST_COUNTED + 1)
UNRELEASED_IN = UNRELEASED.where(_CASE.centre_id.in_(bindparam("unreleased_in", expanding=True)))


class VillageDecided(CaseworkError):
    """Somebody else has released the words, or decided to leave them out."""

    def __init__(self) -> None:
        super().__init__("Địa bàn của hồ sơ này đã có người quyết định.", "Somebody has decided on the place of this case already.")


@dataclass(frozen=True, slots=True)
class UnreleasedPage:
    """A page of cases, newest first, and the row after which the next page starts."""

    cases: list[Case]
    after: int | None


def typed_for(case: Case) -> list[tuple[Report, str]]:
    """Return what the senders of a case typed, in the order of their reports, each once, without listed villages and what the case
    already shows. Callers check Sight.ORIGINAL first."""
    found: dict[str, tuple[Report, str]] = {}
    for report in (link.report for link in case.reports if link.left_at is None):
        if words := typed_village(report):
            found.setdefault(fold(words), (report, words))
    for known in listed_among(case.centre_id, found.keys()) | {fold(case.village or "")}:
        found.pop(known, None)
    return list(found.values())


def unreleased_cases(*, by: Actor, after: int | None = None, limit: int = PAGE) -> UnreleasedPage:
    """The cases of the person's centres whose older words wait to be released or left out. Raises NotAllowed."""
    require(by, Action.CLEAR_TEXT)
    query = _of(by) if after is None else _of(by).where(Case.id < after)
    found = list(db.session.scalars(query.order_by(Case.id.desc()).limit(limit + 1)))
    # which of several successors reads a case depends on its place, case by case
    shown = [case for case in found[:limit] if by.holds_for(OPERATIONS, case)]
    return UnreleasedPage(shown, found[limit - 1].id if len(found) > limit else None)


def count_unreleased(*, by: Actor) -> int:
    """How many wait in the person's centres, counted one past MOST_COUNTED."""
    return count(unreleased(by))


def unreleased(by: Actor) -> Counted:
    """The same to be counted with other numbers."""
    centres = _centres_of(by)
    return Counted(UNRELEASED, {}) if centres is None else Counted(UNRELEASED_IN, {"unreleased_in": centres})


@writes("clear_text")
def clear_village(case: Case, *, by: Actor, now: datetime, words: str) -> None:
    """Release these words, typed or corrected, as the village of a case; empty shows none.

    Records `clear_text` without the words. Raises NotAllowed, VillageDecided.
    """
    require(by, Action.CLEAR_TEXT, case)
    if waiting_words(case) is None or case.quarantined_at is not None:
        raise VillageDecided
    how = release_village(case, words, area_id=case.area_id)
    forget_waiting(case)
    record(case, "clear_text", by=by, at=now, village=how or "unsaid")
    refresh_search_rows(case, at=now)


# # -- left by earlier versions of the program ----------------------------------------------------------------------------


def seal_villages(_now: datetime) -> int:
    """Seal typed villages still in clear, in reports and where they wait, and return how many. A job."""
    return seal_reports(is_in_clear(), _seal_typed) + seal_cases(Case.village_in_clear.is_not(None), seal_waiting)


def is_in_clear() -> ColumnElement[bool]:
    """The condition for reports with a village in clear that may not be on the official list, worded like its index."""
    return Report.village.is_not(None) & ~Report.village_is_listed


def _seal_typed(report: Report, _cases: list[Case]) -> None:
    typed = report.village or ""
    report.village = listed_village(report.centre_id, typed, area_id=report.area_id)
    report.village_is_listed = report.village is not None
    if report.village is None:
        report.sealed_village = seal_text(typed, purpose=VILLAGE_PURPOSE)


def _of(by: Actor) -> Select[Case]:
    query, centres = select(Case).where(waits(), Case.quarantined_at.is_(None)), _centres_of(by)
    return query if centres is None else query.where(Case.centre_id.in_(centres))


def _centres_of(by: Actor) -> list[int] | None:
    """The centres whose cases the person looks after, ended ones among them; None for all."""
    own = {grant.centre_id for grant in by.grants if grant.role in OPERATIONS}
    centres = {centre_id for centre_id in own if centre_id is not None}
    return None if None in own else sorted(centres | followed_by(Followed.CENTRE, centres))
