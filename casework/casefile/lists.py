"""Cases as the rows of an exported table: read in batches, in columns, without what no list may print.

Of a sensitive case neither title nor place is shown, only its commune (rules.md, section 6); a quarantined case is on no list. The
senders of reports are added by casework/casefile/identity_export.py.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from casework.casefile.search import CaseSearch, cases_to_list
from casework.db import db
from casework.lateness import is_late
from casework.models import Agency, Area, Case, CaseReport, Field
from casework.permissions import Actor

PIECE = 2_000
"""Cases read by one statement."""
MOST_LISTED = 250_000


class CaseRow(NamedTuple):
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
    part_of: str | None
    """The code of the case it is a part of."""

    def is_late(self, now: datetime) -> bool:
        return is_late(self.due_at, self.answered_at or self.closed_at or now)


def count_of_cases(wanted: CaseSearch, *, by: Actor, centre_id: int) -> int:
    """The number of matching cases, at most MOST_LISTED + 1. Raises NotAllowed."""
    query = cases_to_list(wanted, by=by, centre_id=centre_id).limit(MOST_LISTED + 1)
    return db.session.scalar(select(func.count()).select_from(query.subquery())) or 0


def case_rows(wanted: CaseSearch, *, by: Actor, centre_id: int) -> Iterator[list[CaseRow]]:
    """The matching cases of a centre in batches, newest first, MOST_LISTED at most. Raises NotAllowed."""
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


_PARENT = aliased(Case)
_COLUMNS = (
    select(
        Case.id, Case.code, Case.title, Case.state, Case.urgency, Case.source, Case.complexity, Field.name_vi, Area.name_vi, Case.village,
        Agency.name_vi, Case.opened_at, Case.accepted_at, Case.due_at, Case.answered_at, Case.closed_at, Case.reopened, Case.is_public,
        Case.visibility_reason_id.is_not(None),
        select(func.count()).where(CaseReport.case_id == Case.id, CaseReport.left_at.is_(None)).correlate(Case).scalar_subquery(),
        _PARENT.code,
    )
    .outerjoin(_PARENT, _PARENT.id == Case.parent_id)
    .outerjoin(Field, Field.id == Case.field_id)
    .outerjoin(Area, Area.id == Case.area_id)
    .outerjoin(Agency, Agency.id == Case.lead_agency_id)
    .order_by(Case.id.desc())
)  # fmt: skip


def _without_what_no_list_prints(row: CaseRow) -> CaseRow:
    return row._replace(title=None, village=None) if row.is_sensitive else row
