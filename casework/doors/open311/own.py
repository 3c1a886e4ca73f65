"""The column of the key that filed a report: what its sender is told of it, beside what the public reads.

Refused, withdrawn and privately answered ones are closed, with the reason of the list and its guidance, never the operator's own words.
Of one that is set apart there is what stood on the receipt. Nothing of the sender is here, nor is any text the public does not read.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import aliased

from casework.bilingual import Bilingual
from casework.db import db
from casework.doors.open311.cases import RequestRow, columns, is_behind, rows_of
from casework.doors.open311.finding import Behind, own_main, told_at, told_types
from casework.models import Case, CaseReport, Refusal, RefusalReason, Report
from casework.public.filters import is_shown
from casework.reporters.next_steps import NEXT
from casework.states import ANSWERED_STATES, CaseState, owner_label

SET_APART = NEXT[CaseState.QUARANTINED]
PRIVATELY = Bilingual("Đã trả lời riêng cho người gửi.", "Answered in private.")
WITHDRAWN = Bilingual("Đã rút.", "Withdrawn.")
_UNTOLD: dict[str, Any] = dict.fromkeys(
    ("field", "service_code", "area", "area_ref", "province", "village", "expected_at", "due_on")
)
"""Of a case the public does not see, a program is told how far it is and nothing else: it may be another sender's, by a merge."""


def own_rows(case_ids: Collection[int], service_id: int, *, known: Collection[Behind] = ()) -> dict[int, RequestRow]:
    """What the public and this account read of some cases, by row: the account's own where it filed their main report, or one of `known`,
    whose codes were asked for."""
    if not case_ids:
        return {}
    asked = {each.case_id: each for each in known if each.service_id == service_id}
    read = list(db.session.execute(_known(), {"cases": list(case_ids), "service": service_id, "types": told_types()}))
    by_id = {row.id: row for row in read if (row.is_shown and is_behind(row)) or row.is_own or row.id in asked}
    rows = rows_of(by_id.values())
    own = {id_ for id_, row in by_id.items() if row.is_own or id_ in asked}
    return {id_: _own(row, by_id[id_], asked.get(id_)) if id_ in own else row for id_, row in rows.items()}


def _own(row: RequestRow, read: Any, asked: Behind | None) -> RequestRow:
    if not read.is_shown:
        row = replace(row, published=None, **_UNTOLD)
    if read.quarantined_at is not None:
        return replace(row, is_closed=False, own_words=SET_APART, is_receipt=True, updated_at=row.requested_at)
    updated = max(read.told_at, read.opened_at) if read.told_at is not None else read.opened_at
    seen = replace(row, updated_at=updated)
    if read.is_own and read.is_shown and read.clock_due_at is not None:
        # of a case it was merged into the hour would tell when another's report was filed
        seen = replace(seen, expected_at=read.clock_due_at - timedelta(seconds=1))
    if (asked is not None and asked.has_left) or read.state == CaseState.WITHDRAWN:
        return replace(seen, is_closed=True, published=None, own_words=WITHDRAWN)
    if read.state == CaseState.REFUSED:
        label = owner_label(read.state, 0)
        reasons = (read.reason_vi, read.guidance_vi), (read.reason_en, read.guidance_en)
        words = [" ".join(part for part in (f"{head}.", *said) if part) for head, said in zip(label, reasons, strict=True)]
        return replace(seen, is_closed=True, published=None, own_words=Bilingual(*words))
    if read.is_shown:
        return seen
    if read.state in ANSWERED_STATES:
        return replace(seen, is_closed=True, published=None, own_words=PRIVATELY)
    return seen


@cache
def _known() -> Select[Any]:
    refusal = aliased(Refusal)
    newest = select(func.max(refusal.id)).where(refusal.case_id == Case.id).correlate(Case).scalar_subquery()
    own = own_main().where(CaseReport.case_id == Case.id, Report.service_id == bindparam("service"))
    return (
        columns()
        .add_columns(
            Case.quarantined_at, is_shown().label("is_shown"), own.correlate(Case).exists().label("is_own"),
            told_at().label("told_at"), RefusalReason.name_vi.label("reason_vi"), RefusalReason.name_en.label("reason_en"),
            RefusalReason.guidance_vi, RefusalReason.guidance_en,
        )
        .outerjoin(Refusal, Refusal.id == newest)
        .outerjoin(RefusalReason, RefusalReason.id == Refusal.reason_id)
        .where(Case.id.in_(bindparam("cases", expanding=True)))
    )  # fmt: skip
