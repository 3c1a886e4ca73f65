"""Pages for everybody: home, what has been published, one case, and the language."""

from datetime import date, timedelta

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import or_, select

from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.followed import case_to_follow
from casework.followers import is_following
from casework.limits import Limit, TooManyAttempts, count_attempt
from casework.models import Area, Field
from casework.permissions import LOCAL_ZONE, Action, is_reporter
from casework.public_cases import PublicState, Wanted, code_of_case, newest_published, public_case, public_list
from web.clock import now
from web.config import LANGUAGES
from web.guards import actor, found, performs, signed_in_account
from web.locales import in_reader_language
from web.promises import promises
from web.security import own_address
from workflows.acts import act_recorded
from workflows.incidents import CaseBusy, StepFailed

bp = Blueprint("public", __name__)

FOLLOWING = Limit("following", 60, timedelta(hours=1))
"""Of one account: the button may be pressed back and forth, but not by a script."""
FOLLOWING_VERBS = ("follow", "unfollow")


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
    return _report_page(main_code)


@bp.post("/reports/<code>/following")
@performs(Action.FOLLOW)
def following(code: str) -> ResponseReturnValue:
    """Follow a case, or stop; a guest is led to sign in and comes back here."""
    main_code = found(code_of_case(code.upper()))
    back = url_for(".report", code=main_code)
    account = signed_in_account()
    if account is None:
        return redirect(url_for("auth.sign_in", next=back))
    verb = request.form.get("act")
    if verb not in FOLLOWING_VERBS:
        return redirect(back)
    moment = now()
    with unit_of_work():
        until = count_attempt(FOLLOWING, account.ref, now=moment)
    if until is not None:
        return _report_page(main_code, refusal=in_reader_language(TooManyAttempts(until).text)), 429
    try:
        act_recorded(found(case_to_follow(main_code)).ref, verb, by=actor(), now=moment)
    except (CaseBusy, StepFailed):
        raise
    except CaseworkError as refusal:
        return _report_page(main_code, refusal=in_reader_language(refusal.text)), 422
    return redirect(back)


@bp.route("/language", methods=["GET", "POST"])
@performs(Action.READ_PUBLIC)
def set_language() -> ResponseReturnValue:
    """By form or by the link in the bars: it changes nothing but how this browser reads."""
    code = request.values.get("code", "")
    if code in LANGUAGES:
        session["language"] = code
    return redirect(own_address(request.values.get("next"), url_for(".home")))


def fields_today() -> list[Field]:
    """The fields of work a reader may choose, in their order; one that centres have in their own wording stands there once."""
    query = select(Field).where(Field.valid_from <= today(), or_(Field.valid_to.is_(None), Field.valid_to > today()))
    found: dict[str, Field] = {}
    for row in db.session.scalars(query.order_by(Field.position, Field.centre_id.is_not(None), Field.id)):
        found.setdefault(row.service_code, row)
    return list(found.values())


def communes_today() -> list[Area]:
    """The communes there are today, by name."""
    query = select(Area).where(Area.level == "commune", Area.valid_from <= today(), or_(Area.valid_to.is_(None), Area.valid_to > today()))
    return list(db.session.scalars(query.order_by(Area.folded_name)))


def today() -> date:
    """The present local day."""
    return now().astimezone(LOCAL_ZONE).date()


def _report_page(code: str, *, refusal: str = "") -> str:
    case = found(public_case(code))
    row = case_to_follow(code) if signed_in_account() is not None else None
    return render_template(
        "public/report.html",
        case=case,
        refusal=refusal,
        signed_in=row is not None,
        is_own=row is not None and is_reporter(actor(), row),
        follows=row is not None and is_following(row, actor()),
    )


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
