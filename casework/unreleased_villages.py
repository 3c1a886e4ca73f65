"""What senders typed for village or street and no operator has let out: the operations team alone reads it.

With a report it is sealed. What cases held of it before anybody had to let it out is public no more and waits here, case by case.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select

from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.folding import fold
from casework.intake import typed_village
from casework.models import Case, Report
from casework.permissions import OPERATIONS, Action, Actor, require
from casework.search_rows import refresh_search_rows
from casework.successors import Followed, followed_by
from casework.villages import listed_village, release_village

PAGE = 30
MOST_COUNTED = 99


class VillageDecided(CaseworkError):
    """Somebody has let the words out, or left them unsaid, meanwhile."""

    def __init__(self) -> None:
        super().__init__("Địa bàn của hồ sơ này đã có người quyết định.", "Somebody has decided on the place of this case already.")


@dataclass(frozen=True, slots=True)
class UnreleasedPage:
    """Some of the cases, the newest first, and the row the next page goes on behind."""

    cases: list[Case]
    after: int | None


def typed_for(case: Case) -> list[tuple[Report, str]]:
    """Return what the senders of a case typed, in the order of their reports, each once: what names no village of the list and does not
    stand in the case already. Callers check Sight.ORIGINAL first.
    """
    found: dict[str, tuple[Report, str]] = {}
    public = fold(case.village or "")
    for report in (link.report for link in case.reports if link.left_at is None):
        words = typed_village(report)
        if words and (folded := fold(words)) != public and listed_village(case.centre_id, words) is None:
            found.setdefault(folded, (report, words))
    return list(found.values())


def unreleased_cases(*, by: Actor, after: int | None = None, limit: int = PAGE) -> UnreleasedPage:
    """The cases of the person's centres whose words of before wait to be let out or left unsaid. Raises NotAllowed."""
    require(by, Action.CLEAR_TEXT)
    query = _of(by) if after is None else _of(by).where(Case.id < after)
    found = list(db.session.scalars(query.order_by(Case.id.desc()).limit(limit + 1)))
    # whose place decides which of several heirs reads a case is judged case by case
    shown = [case for case in found[:limit] if by.holds_for(OPERATIONS, case)]
    return UnreleasedPage(shown, found[limit - 1].id if len(found) > limit else None)


def count_unreleased(*, by: Actor) -> int:
    """How many wait in the person's centres, counted one past MOST_COUNTED."""
    piece = _of(by).with_only_columns(Case.id).limit(MOST_COUNTED + 1).subquery()
    return db.session.scalar(select(func.count()).select_from(piece)) or 0


def clear_village(case: Case, *, by: Actor, now: datetime, words: str) -> None:
    """Let everybody read these words as the village of a case, as they stood or others; empty: nothing stands there.

    Records `clear_text` without the words. Raises NotAllowed, VillageDecided.
    """
    require(by, Action.CLEAR_TEXT, case)
    if case.unreleased_village is None or case.quarantined_at is not None:
        raise VillageDecided
    how = release_village(case, words, area_id=case.area_id)
    case.unreleased_village = None
    record(case, "clear_text", by=by, at=now, village=how or "unsaid")
    refresh_search_rows(case, at=now)


def _of(by: Actor) -> Select[Case]:
    query = select(Case).where(Case.unreleased_village.is_not(None), Case.quarantined_at.is_(None))
    own = {grant.centre_id for grant in by.grants if grant.role in OPERATIONS}
    if None in own:
        return query
    centres = {centre_id for centre_id in own if centre_id is not None}
    return query.where(Case.centre_id.in_(sorted(centres | followed_by(Followed.CENTRE, centres))))
