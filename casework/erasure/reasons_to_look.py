"""Erasing the reasons staff gave for looking at the identity behind a report."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select

from casework.db import db
from casework.events import empty_payloads
from casework.models import CaseReport, Event, Report
from casework.privacy.look_reasons import LOOKED, RESTATED, erase_reasons_given, erase_reasons_within

LOOKS = ("reveal_identity", LOOKED, "look_at_data_request")
"""Events with the reason why somebody looked at a person's identity, or that point to one."""


def erase_reasons_to_look(
    reports: Sequence[Report], *, at: datetime, cases: Collection[int] = (), streams: Collection[str] = ()
) -> None:  # fmt: skip
    """Empty the events with staff's reasons for looking at the identity behind one of these reports.

    This includes the reason for each list that named one of them, or one of the `cases`, because it is about everybody on the list; and
    in `streams`, those of accounts, every such event.
    """
    codes = {report.code for report in reports}
    were_in = db.session.scalars(select(CaseReport.case_id).where(CaseReport.report_id.in_([report.id for report in reports])))
    looked = select(Event.id, Event.case_id, Event.payload).where(Event.type.in_((*LOOKS, RESTATED)), Event.salt.is_not(None))
    rows = db.session.execute(looked.where(Event.case_id.in_({*were_in, *cases})))
    told = [row for row in rows if row.payload and (row.payload.get("report") in codes or row.case_id in cases)]
    outputs = {str(row.payload["output"]) for row in told if "output" in row.payload}
    erase_reasons_given(outputs, at=at)
    erase_reasons_within({str(row.payload["output"]) for row in told if "output" in row.payload and "reason" in row.payload})
    empty_payloads(Event.id.in_([row.id for row in told]))
    if streams:
        empty_payloads(Event.stream.in_(streams) & Event.type.in_(LOOKS))
