"""Cases as the rows of a table that leaves the house: read in pieces, in columns, without what no list prints.

Of a sensitive case no title and no place is told, only its commune (rules.md, section 6); a case in quarantine is on no list. Who sent its
reports is another matter: `identity_exports.py`.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select

from casework.casefile.search import Wanted, cases_to_list
from casework.db import db
from casework.lateness import is_late
from casework.models import Agency, Area, Case, CaseReport, Field
from casework.permissions import Actor

PIECE = 2_000
"""Cases read in one statement."""
MOST_LISTED = 250_000


class CaseRow(NamedTuple):
    """One case as it stands on a list."""

    id: int
    code: str
    title: str | None
    state: str
    urgency: str
    source: str
    complexity: str
    field: str | None
    area: str | None
    village: str | None
    lead_agency: str | None
    opened_at: datetime
    accepted_at: datetime | None
    due_at: datetime | None
    answered_at: datetime | None
    closed_at: datetime | None
    reopened: int
    is_public: bool
    is_sensitive: bool
    reports: int

    def is_late(self, now: datetime) -> bool:
        """As casework.models.Case.is_late."""
        return is_late(self.due_at, self.answered_at or self.closed_at or now)


def count_of_cases(wanted: Wanted, *, by: Actor, centre_id: int) -> int:
    """How many cases match, counted no further than MOST_LISTED + 1. Raises NotAllowed."""
    query = cases_to_list(wanted, by=by, centre_id=centre_id).limit(MOST_LISTED + 1)
    return db.session.scalar(select(func.count()).select_from(query.subquery())) or 0


def case_rows(wanted: Wanted, *, by: Actor, centre_id: int) -> Iterator[list[CaseRow]]:
    """The cases of a centre that match, in pieces, the newest first, MOST_LISTED at most. Raises NotAllowed."""
    ids = cases_to_list(wanted, by=by, centre_id=centre_id).order_by(Case.id.desc())
    number, before = 0, None
    while number < MOST_LISTED:
        piece = ids if before is None else ids.where(Case.id < before)
        found = db.session.execute(_COLUMNS.where(Case.id.in_(piece.limit(PIECE))))
        rows = [_without_what_no_list_prints(CaseRow._make(row)) for row in found]
        if not rows:
            return
        rows = rows[: MOST_LISTED - number]
        number, before = number + len(rows), rows[-1].id
        yield rows
        if len(rows) < PIECE:
            return


_COLUMNS = (
    select(
        Case.id, Case.code, Case.title, Case.state, Case.urgency, Case.source, Case.complexity, Field.name_vi, Area.name_vi, Case.village,
        Agency.name_vi, Case.opened_at, Case.accepted_at, Case.due_at, Case.answered_at, Case.closed_at, Case.reopened, Case.is_public,
        Case.visibility_reason_id.is_not(None),
        select(func.count()).where(CaseReport.case_id == Case.id, CaseReport.left_at.is_(None)).correlate(Case).scalar_subquery(),
    )
    .outerjoin(Field, Field.id == Case.field_id)
    .outerjoin(Area, Area.id == Case.area_id)
    .outerjoin(Agency, Agency.id == Case.lead_agency_id)
    .order_by(Case.id.desc())
)  # fmt: skip


def _without_what_no_list_prints(row: CaseRow) -> CaseRow:
    return row._replace(title=None, village=None) if row.is_sensitive else row
