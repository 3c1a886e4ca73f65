"""Pages for everybody: home, what has been published, one case, and the language."""

from datetime import date

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import or_, select

from casework.db import db
from casework.models import Area, Field
from casework.permissions import LOCAL_ZONE, Action
from casework.public_cases import PublicState, Wanted, code_of_case, newest_published, public_case, public_list
from web.clock import now
from web.config import LANGUAGES
from web.guards import found, performs
from web.promises import promises
from web.security import own_address

bp = Blueprint("public", __name__)


@bp.get("/")
@performs(Action.READ_PUBLIC)
def home() -> ResponseReturnValue:
    return render_template("public/home.html", finished=newest_published(), promises=promises(today()))


@bp.get("/reports")
@performs(Action.READ_PUBLIC)
def reports() -> ResponseReturnValue:
    wanted = _wanted()
    page = public_list(wanted, after=request.args.get("after", ""), before=request.args.get("before", ""))
    return render_template(
        "public/reports.html", page=page, wanted=wanted, fields=fields_today(), areas=communes_today(), states=PublicState
    )


@bp.get("/reports/<code>")
@performs(Action.READ_PUBLIC)
def report(code: str) -> ResponseReturnValue:
    main_code = found(code_of_case(code.upper()))
    if main_code != code:
        return redirect(url_for(".report", code=main_code), 302)
    return render_template("public/report.html", case=found(public_case(main_code)))


@bp.route("/language", methods=["GET", "POST"])
@performs(Action.READ_PUBLIC)
def set_language() -> ResponseReturnValue:
    """By form or by the link in the bars: it changes nothing but how this browser reads."""
    code = request.values.get("code", "")
    if code in LANGUAGES:
        session["language"] = code
    return redirect(own_address(request.values.get("next"), url_for(".home")))


def fields_today() -> list[Field]:
    """The fields of work a reader or sender may choose, in their order."""
    query = select(Field).where(Field.valid_from <= today(), or_(Field.valid_to.is_(None), Field.valid_to > today()))
    return list(db.session.scalars(query.order_by(Field.position, Field.id)))


def communes_today() -> list[Area]:
    """The communes there are today, by name."""
    query = select(Area).where(Area.level == "commune", Area.valid_from <= today(), or_(Area.valid_to.is_(None), Area.valid_to > today()))
    return list(db.session.scalars(query.order_by(Area.folded_name)))


def today() -> date:
    """The present local day."""
    return now().astimezone(LOCAL_ZONE).date()


def _wanted() -> Wanted:
    """The filters in the address; what makes no sense there filters nothing."""
    state = request.args.get("state", "")
    return Wanted(
        words=request.args.get("q", "").strip(),
        service_code=request.args.get("field", ""),
        area_ref=request.args.get("area", ""),
        state=PublicState(state) if state in list(PublicState) else None,
        urgent_only=request.args.get("urgency") == "urgent",
    )
