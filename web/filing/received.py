"""What a sender is told of a report that has arrived: on the receipt, and in the browser it was sent from later."""

from datetime import datetime

from sqlalchemy import select

from casework.clocks.acts import ClockKind
from casework.contacts.report_links import case_of
from casework.db import db
from casework.intake.file_report import typed_village
from casework.models import Clock, Report
from web.locales import language


def accepted_by(report: Report) -> datetime:
    """Until when the centre promises to accept it or to say why not."""
    query = select(Clock).where(Clock.case_id == case_of(report).id, Clock.kind == ClockKind.ACCEPTANCE).order_by(Clock.id)
    acceptance = db.session.scalars(query).first()
    return acceptance.first_due_at if acceptance else report.filed_at


def place_told(report: Report) -> str:
    """Village and commune, as the sender gave them, in the reader's language."""
    return ", ".join(part for part in (typed_village(report), report.area.name.in_language(language()) if report.area else None) if part)
