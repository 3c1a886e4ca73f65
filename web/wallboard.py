"""The wallboard: a self-refreshing page for televisions, for signed-in staff and for paired televisions.

It requests `/wallboard/picture` every 20 seconds and gets an empty response while nothing has changed. For its content see
casework/wallboard/picture.py.
"""

import hashlib
from datetime import datetime, timedelta
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from flask import Blueprint, Response, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from wtforms import StringField
from wtforms.validators import InputRequired

from casework.db import db, unit_of_work
from casework.files.under_maps import SKETCH, ground_file
from casework.local_time import LOCAL_ZONE
from casework.models import Centre
from casework.permissions import Action, may
from casework.rate_limits import Limit, TooManyAttempts, count_attempt
from casework.wallboard.picture import picture_of
from casework.wallboard.wallboards import WallboardRefused, note_seen, pair_wallboard, wallboard_of_token, wants_noting
from web.base_map import sketch_layer
from web.clock import now
from web.forms import Form
from web.guards import actor, found, performs, signed_in_account
from web.http.static_files import digest_of
from web.locales import in_reader_language as local
from web.navigation import LOOKERS
from web.networks import this_network
from web.task_page import at_most

bp = Blueprint("wallboard", __name__)

COOKIE = "langbiang_wallboard"
"""The path of the cookie, so that no other page receives it."""
KEPT = timedelta(days=400)
"""The longest browsers keep a cookie; each day's reload renews it."""
PAIRINGS = Limit("wallboard pairing", 10, timedelta(minutes=10))
ALL_PAIRINGS = Limit("wallboard pairing everywhere", 200, timedelta(hours=1))
"""For all networks together, since a code has 8 digits and is valid for 10 minutes."""
DRESS = ("css/tokens.css", "css/screens.css", "css/wallboard.css", "css/desk-wall.css", "js/wallboard.js", "js/desk-wall.js")
DAYS = (_l("Monday"), _l("Tuesday"), _l("Wednesday"), _l("Thursday"), _l("Friday"), _l("Saturday"), _l("Sunday"))
DONE_WORDS = {"received": _l("Newly received"), "accepted": _l("Accepted"), "answered": _l("Answered")}


class PairForm(Form):
    """The code that an operations lead reads from their own screen."""

    code = StringField(_l("Code"), validators=[InputRequired(_l("Please type the code.")), at_most(20)])


@bp.get("/wallboard")
@performs(Action.READ_WALLBOARD)
def wallboard() -> ResponseReturnValue:
    token, centre = request.cookies.get(COOKIE), _centre()
    if centre is None:
        # for citizens and for staff without such a role, it does not exist
        return redirect(url_for(".pair")) if signed_in_account() is None else found(None)
    page = render_template(
        "wallboard/wallboard.html",
        release=release(),
        picture_url=url_for(".picture"),
        zone=str(LOCAL_ZONE),
        may_manage=may(actor(), Action.MANAGE_WALLBOARDS),
        is_signed_in=signed_in_account() is not None,
        **_shown(centre, is_running=True),
    )
    answer = make_response(page)
    answer.headers["Cache-Control"] = "private, no-store"
    if token and signed_in_account() is None:
        _set_cookie(answer, token)
    return answer


@bp.get("/wallboard/picture")
@performs(Action.READ_WALLBOARD)
def picture() -> ResponseReturnValue:
    """The middle of the page; 304 while it is unchanged, 404 once the television was revoked."""
    centre = found(_centre())
    body = render_template("wallboard/picture.html", **_shown(centre, is_running=False))
    answer = Response(body, mimetype="text/html")
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["X-Server-Time"] = now().isoformat()
    answer.headers["X-Release"] = release()
    answer.set_etag(hashlib.sha256(body.encode()).hexdigest()[:32])
    return answer.make_conditional(request)


@bp.route("/wallboard/pair", methods=["GET", "POST"])
@performs(Action.READ_WALLBOARD)
def pair() -> ResponseReturnValue:
    form = PairForm()
    if not form.validate_on_submit():
        return render_template("wallboard/pair.html", form=form, refusal=""), 422 if form.is_submitted() else 200
    with unit_of_work():
        # attempts refused by a network's own limit do not count globally: a stranger would lock out every television
        until = count_attempt(PAIRINGS, this_network(), now=now()) or count_attempt(ALL_PAIRINGS, "all", now=now())
    if until is not None:
        return render_template("wallboard/pair.html", form=form, refusal=local(TooManyAttempts(until).text)), 429
    try:
        with unit_of_work():
            token = pair_wallboard(form.code.data or "", now=now())
    except WallboardRefused as refusal:
        return render_template("wallboard/pair.html", form=form, refusal=form.refuse(refusal)), 422
    answer = make_response(redirect(url_for(".wallboard")))
    _set_cookie(answer, token)
    return answer


@cache
def _version() -> str:
    try:
        return version("langbiang")
    except PackageNotFoundError:
        return ""


def release() -> str:
    """The version of a page, which is reloaded when it changes."""
    return hashlib.sha256("|".join([_version(), *(digest_of(name) for name in DRESS)]).encode()).hexdigest()[:16]


def _centre() -> Centre | None:
    """The centre shown: that of the signed-in member of staff or of the television; None for everybody else."""
    if signed_in_account() is not None:
        return _centre_of_staff()
    token = request.cookies.get(COOKIE)
    board = wallboard_of_token(token) if token else None
    if board is None:
        return None
    centre = board.centre
    if wants_noting(board, now=now()):
        try:
            with unit_of_work(keeps_rows=True):
                note_seen(board, now=now())
        except DBAPIError as error:
            # a busy database is no reason to show nothing
            current_app.logger.warning("a wallboard was not noted as seen: %s", type(error).__name__)
    return centre


def _centre_of_staff() -> Centre | None:
    grants = [grant for grant in actor().grants if grant.role in LOOKERS]
    if not grants:
        return None
    query = select(Centre).order_by(Centre.is_default.desc(), Centre.id).limit(1)
    if all(grant.centre_id is not None for grant in grants):
        query = query.where(Centre.id.in_({grant.centre_id for grant in grants}))
    return db.session.scalars(query).first()


def _shown(centre: Centre, *, is_running: bool) -> dict[str, object]:
    """The template's values. `is_running`: include the words that change each minute, for pages without scripts."""
    from casework.wallboard.map import HEIGHT, WIDTH, ground_of  # late: docs/architecture.md

    moment = now()
    there = moment.astimezone(LOCAL_ZONE)
    ground = ground_of(centre.id, today=there.date(), layer=sketch_layer)
    shown = picture_of(centre.id, now=moment)
    return {
        "board_centre": centre.name,
        "moment": moment,
        "clock": f"{there:%H:%M}",
        "day": _("%(weekday)s, %(day)s", weekday=DAYS[there.weekday()], day=f"{there:%d/%m/%Y}"),
        "picture": shown,
        "communes": ground.communes,
        "ground": ground,
        "ground_source": sketch.attribution if (sketch := ground_file(SKETCH)) is not None else "",
        "map_size": (int(WIDTH), int(HEIGHT)),
        "left": time_left if is_running else lambda _due_at: "",
        "done_words": DONE_WORDS,
        "local_time": lambda instant: f"{instant.astimezone(LOCAL_ZONE):%H:%M}",
    }


def time_left(due_at: datetime) -> str:
    """Remaining hours and minutes as the running clock shows them; 0:00 once late."""
    minutes = max(0, int((due_at - now()).total_seconds() // 60))
    return f"{minutes // 60}:{minutes % 60:02d}"


def _set_cookie(answer: Response, token: str) -> None:
    answer.set_cookie(
        COOKIE, token, max_age=int(KEPT.total_seconds()), path=url_for(".wallboard"), httponly=True, samesite="Lax",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
    )  # fmt: skip
