"""`langbiang report …`: makes a period document or a case file at once and writes it to a file, on behalf of the server's administrator."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flask import Flask
from flask_babel import force_locale
from sqlalchemy import or_, select

from casework.casefile.printing import record_printing
from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.documents.kinds import AGENCY_SHEET
from casework.errors import CaseworkError
from casework.models import Agency, Case, Centre
from casework.permissions import SYSTEM, Actor, Grant, Role
from casework.text import fold
from reports.statistics.periods import HALF_YEAR, MONTH, QUARTER, WEEK, YEAR, period_at
from web.outputs.making import Made, Progress
from web.reporting.gathering import PeriodRefused, asked_period, gather
from web.reporting.makers import case_file, written

KINDS = {"weekly": WEEK, "monthly": MONTH, "quarterly": QUARTER, "half-year": HALF_YEAR, "yearly": YEAR}
BY_COMMAND = "người vận hành hệ thống (dòng lệnh)"
Say = Callable[[int, int | None], None]


class NotFoundHere(CaseworkError):
    """Something named in the call does not exist."""


def make_report(app: Flask, kind: str, *, every: str | None, period: str, centre: str, agency: str | None, form: str, out: Path,
                now: datetime, say: Say) -> int:  # fmt: skip
    """Make a report, sheet or yearbook and write it to `out`; returns its size. Without `period`, the last one that is over.

    Raises NotFoundHere for an unknown centre or agency, PeriodRefused.
    """
    with app.test_request_context(), force_locale("vi"):
        row = _centre(centre)
        name = period or _last_over(every or YEAR, row.id, now)
        chosen = asked_period(kind, name, centre_id=row.id, now=now)
        if every is not None and chosen.kind != every:
            raise PeriodRefused(f"{name} không phải kỳ loại này.", f"{name} is not a period of that kind.")
        named = _agency(agency or "", row.id) if kind == AGENCY_SHEET else None
        with TemporaryDirectory() as folder:
            progress = Progress(by=SYSTEM, now=now, folder=Path(folder), say=say)
            gathered = gather(kind, name, centre_id=row.id, agency=named, by=None, now=now, tell=progress.tell)
            made = written(kind, gathered, centre_id=row.id, form=form, progress=progress, store=app.extensions["file_store"])
            db.session.rollback()
            return _write(made, out)


def make_case_file(app: Flask, code: str, *, form: str, out: Path, now: datetime, say: Say) -> int:
    """Make a case file and write it to `out`; returns its size. Records `print_case_file`.

    Raises NotFoundHere for an unknown code or a quarantined case.
    """
    with app.test_request_context(), force_locale("vi"):
        id_ = db.session.scalar(select(Case.id).where(Case.code == code, Case.quarantined_at.is_(None)))
        if id_ is None:
            raise NotFoundHere(f"Không có vụ việc {code}.", f"There is no case {code}.")
        with unit_of_work():
            record_printing(lock_case(id_), by=SYSTEM, now=now)
        case = db.session.get_one(Case, id_)
        by = Actor(account=None, grants=(Grant(Role.OPS_LEAD, case.centre_id, None),))
        with TemporaryDirectory() as folder:
            progress = Progress(by=by, now=now, folder=Path(folder), say=say)
            store = app.extensions["file_store"]
            made = case_file(case, by=by, progress=progress, form=form, store=store, printed_by=BY_COMMAND)
            db.session.rollback()
            return _write(made, out)


def _centre(prefix: str) -> Centre:
    query = select(Centre).order_by(Centre.is_default.desc(), Centre.id)
    row = db.session.scalars(query.where(Centre.code_prefix == prefix) if prefix else query).first()
    if row is None:
        raise NotFoundHere(f"Không có Trung tâm {prefix}.", f"There is no centre {prefix}.")
    return row


def _agency(name: str, centre_id: int) -> Agency:
    """By key, or by name regardless of accents."""
    query = select(Agency).where(Agency.centre_id == centre_id, or_(Agency.key == name, Agency.folded_name == fold(name)))
    row = db.session.scalars(query.order_by(Agency.id.desc())).first()
    if row is None:
        raise NotFoundHere(f"Không có đơn vị “{name}”.", f"There is no agency “{name}”.")
    return row


def _last_over(every: str, centre_id: int, now: datetime) -> str:
    return period_at(every, now, centre_id=centre_id).before().name


def _write(made: Made, out: Path) -> int:
    """Whole or not at all: written next to its place, then renamed."""
    data: Any = made.content if isinstance(made.content, bytes) else made.content.read_bytes()
    part = out.with_name(f".{out.name}.part")
    try:
        part.write_bytes(data)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    return len(data)
