"""Shared by these modules: which orders are unfinished, what left the system, the event of an order."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select

from casework.db import db
from casework.events import append
from casework.models import Case, Output
from casework.permissions import Actor

STREAM = "outputs"
"""The stream that records what was ordered, made and fetched; the export of an identity is in its case's own history."""


def under_way() -> ColumnElement[bool]:
    """The condition for unfinished orders."""
    return Output.state.in_(("waiting", "making"))


def quarantined_by_now() -> tuple[int, datetime | None]:
    """How many cases have left the system, and when the last did, to notice whether one leaves meanwhile."""
    number, newest = db.session.execute(
        select(func.count(), func.max(Case.quarantined_at)).where(Case.quarantined_at.is_not(None))
    ).one()
    return number, newest


def let_go_of_file(output: Output, now: datetime) -> None:
    if output.file is not None and output.file.erased_at is None:
        output.file.erased_at = now


def record_output(type_: str, output: Output, *, by: Actor, at: datetime, **more: Any) -> None:
    payload = {"output": output.ref, "kind": output.kind, "form": output.form, "centre_id": output.centre_id, **more}
    append(STREAM, type_, by=by, at=at, payload=payload)
