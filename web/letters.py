"""Letters that were written: listed, read as they will be printed, downloaded; and an apology on its reader's own page."""

from flask import Blueprint, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy import select

from casework.apologies import apology_to
from casework.db import db
from casework.letters import LATE_LIST, PAGE, content_for, letter_seen, letters_seen
from casework.models import Case, Letter, Report
from casework.permissions import LOCAL_ZONE, Action, report_owned_by
from reports.apology import apology_html
from reports.late_list import late_list_html
from reports.official import body_of, letter_pdf
from web.guards import actor, found, performs

bp = Blueprint("letters", __name__)


@bp.get("/letters")
@performs(Action.READ_LATE)
def letters() -> ResponseReturnValue:
    before = request.args.get("before", "")
    rows = letters_seen(actor(), before=int(before) if before.isascii() and before.isdigit() and len(before) < 16 else None)
    ids = [row.case_id for row in rows if row.case_id is not None]
    codes = {case.id: case.code for case in db.session.execute(select(Case.id, Case.code).where(Case.id.in_(ids)))}
    return render_template("late/letters.html", letters=rows, codes=codes, next=rows[-1].id if len(rows) == PAGE else None)


@bp.get("/letters/<ref>")
@performs(Action.READ_LATE)
def letter(ref: str) -> ResponseReturnValue:
    row = found(letter_seen(actor(), ref))
    shown = None if row.withdrawn_at is not None else Markup(body_of(_html(row, _main_report(row))))
    return render_template("late/letter.html", letter=row, shown=shown)


@bp.get("/letters/<ref>/file")
@performs(Action.READ_LATE)
def file(ref: str) -> ResponseReturnValue:
    row = _printable(letter_seen(actor(), ref))
    return _pdf(row, _main_report(row))


@bp.get("/mine/<code>/letters/<ref>")
@performs(Action.FOLLOW_OWN)
def own_file(code: str, ref: str) -> ResponseReturnValue:
    report = found(report_owned_by(actor(), code))
    return _pdf(_printable(apology_to(report, ref)), report)


def _printable(row: Letter | None) -> Letter:
    """A letter that may be printed; one whose case has left the system is not there any more."""
    return found(row if row is not None and row.withdrawn_at is None else None)


def _main_report(row: Letter) -> Report | None:
    """The report an apology speaks of when staff look at it; None for other letters."""
    return db.session.get_one(Case, row.case_id).main_report if row.case_id is not None else None


def _html(row: Letter, report: Report | None) -> str:
    day = found(row.reply_by)
    if row.kind == LATE_LIST:
        return late_list_html(content_for(actor(), row), day)
    return apology_html(row.content, day, code=found(report).code, filed_at=found(report).filed_at)


def _pdf(row: Letter, report: Report | None) -> Response:
    response = make_response(letter_pdf(_html(row, report)))
    response.mimetype = "application/pdf"
    name = f"xin-loi-{found(report).code}" if row.kind != LATE_LIST else f"cong-van-{row.made_at.astimezone(LOCAL_ZONE):%Y%m%d}-{row.ref}"
    response.headers["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    response.headers["Cache-Control"] = "private, no-store"
    return response
