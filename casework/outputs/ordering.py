"""Ordering an output, retrying it, cancelling it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import select

from casework.db import db
from casework.models import Case, Output
from casework.outputs.kinds import KINDS, OutputRefused
from casework.outputs.rights import may_schedule, principal_for, refuse_order, refuse_others
from casework.outputs.standing import let_go_of_file, record_output, under_way
from casework.permissions import Actor, NotAllowed
from casework.text import normal

MOST_WAITING = 5
"""Waiting orders of one person, so that nobody's orders hold up everybody else's."""
LONGEST_PARAMETERS = 8_000


def order_output(
    kind: str, form: str, parameters: Mapping[str, Any], *, by: Actor, now: datetime, centre_id: int, agency_id: int | None = None,
    case: Case | None = None, with_identity: bool = False, reason: str | None = None,
) -> Output:  # fmt: skip
    """Order an output for the worker to make. Records `order_output`.

    `parameters` are refs, days and filters, no personal data. An order that is still waiting is not repeated. Raises NotAllowed;
    OutputRefused for an unknown form, too many orders, or personal data without a reason.
    """
    chosen = KINDS.get(kind)
    if chosen is None or form not in chosen.forms:
        raise OutputRefused("Không có loại tệp này.", "There is no such file.")
    reason = normal(reason or "") or None
    refuse_order(chosen, by=by, centre_id=centre_id, with_identity=with_identity, reason=reason)
    if len(orjson.dumps(parameters)) > LONGEST_PARAMETERS:
        raise OutputRefused("Bộ lọc quá dài.", "The filter is too long.")
    waiting = list(db.session.scalars(select(Output).where(Output.asked_by_id == by.account_id, under_way())))
    for row in waiting:
        asked = (row.kind, row.form, row.parameters, row.centre_id, row.agency_id, row.case_id, row.has_identity)
        if asked == (kind, form, dict(parameters), centre_id, agency_id, case.id if case else None, with_identity):
            return row
    if len(waiting) >= MOST_WAITING:
        raise OutputRefused(
            f"Ông/Bà đang có {MOST_WAITING} tệp chờ tạo. Xin đợi hoặc bỏ bớt.",
            f"{MOST_WAITING} files are being made for you. Please wait, or take one back.",
        )
    output = Output(
        kind=kind, form=form, parameters=dict(parameters), centre_id=centre_id, agency_id=agency_id, case_id=case.id if case else None,
        has_identity=with_identity, reason=reason if with_identity or chosen.needs_reason else None, state="waiting",
        asked_by_id=by.account_id, on_behalf_of_id=principal_for(by, chosen, centre_id), asked_at=now, due_at=now,
    )  # fmt: skip
    db.session.add(output)
    db.session.flush()
    why = {"reason": reason} if chosen.needs_reason else {}
    record_output("order_output", output, by=by, at=now, has_identity=with_identity, **why)
    return output


def retry_output(output: Output, *, by: Actor, now: datetime) -> None:
    """Retry an output that failed, or that has expired and names nobody. A scheduled one is retried by anybody who may schedule, in the
    name of the schedule's owner. Raises NotAllowed, OutputRefused."""
    if output.schedule_id is None:
        refuse_others(output, by)
    elif not may_schedule(by, output.centre_id):
        raise NotAllowed
    if output.state != "failed" and not (output.state == "expired" and not output.has_identity):
        raise OutputRefused("Tệp này không cần tạo lại.", "This file need not be made again.")
    refuse_order(KINDS[output.kind], by=by, centre_id=output.centre_id, with_identity=output.has_identity, reason=output.reason)
    let_go_of_file(output, now)
    output.state, output.due_at, output.attempts, output.done, output.total = "waiting", now, 0, 0, None
    output.error = output.error_en = output.ended_at = output.expires_at = output.leased_until = None
    db.session.flush()


def drop_output(output: Output, *, by: Actor, now: datetime) -> None:
    """Cancel an order, made or not, and erase its file. Scheduled outputs are kept. Raises NotAllowed."""
    refuse_others(output, by)
    if output.state != "dropped":
        let_go_of_file(output, now)
        output.state, output.ended_at, output.leased_until = "dropped", output.ended_at or now, None
        db.session.flush()
