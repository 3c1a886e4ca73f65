"""Messages written together with the act they tell of, sent after the commit.

A row holds a recipient reference, a template and parameters without personal data; names and addresses are looked up when
it is sent. In-page notices (`page`) never leave the house; other channels are sent by the worker, at least once.
"""

from datetime import datetime
from typing import Any

from casework.db import db
from casework.models import Case, OutboxMessage, Report
from casework.permissions import Role, desk_name


def tell_reporters(case: Case, template: str, *, at: datetime, **parameters: Any) -> None:
    """Tell every reporter of the case (not followers), each with the code of their own report."""
    for link in case.reports:
        if link.left_at is None:
            tell_reporter(link.report, template, case=case, at=at, **parameters)


def tell_reporter(report: Report, template: str, *, case: Case, at: datetime, **parameters: Any) -> None:
    """Tell one reporter; who cannot be told gets nothing (camera reports, no contact)."""
    if report.reporter is None or not report.reporter.can_be_told:
        return
    _put(f"reporter:{report.reporter_id}", template, case=case, at=at, parameters={"code": report.code, **parameters})


def tell_desk(role: Role, template: str, *, case: Case, at: datetime, agency_id: int | None = None, **parameters: Any) -> None:
    """Tell whoever reads an inbox."""
    desk = desk_name(role, centre_id=case.centre_id, agency_id=agency_id)
    _put(f"desk:{desk}", template, case=case, at=at, parameters={"code": case.code, **parameters})


def _put(recipient: str, template: str, *, case: Case, at: datetime, parameters: dict[str, Any]) -> None:
    key = f"{template}:{case.id}:{recipient}:{at.timestamp():.6f}"
    db.session.add(
        OutboxMessage(
            recipient=recipient,
            channel="page",
            template=template,
            parameters=parameters,
            case_id=case.id,
            dedupe_key=key,
            created_at=at,
            due_at=at,
        )
    )
