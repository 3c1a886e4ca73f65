"""Televisions of a centre: paired with a code typed on them, with when they were last seen, and revocable at once."""

from flask import Blueprint, flash, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import SelectField, StringField

from casework.db import db, unit_of_work
from casework.models import Centre, Wallboard
from casework.permissions import Action
from casework.setting_events import LONGEST_REASON, ReasonMissing
from casework.wallboard.wallboards import (
    CODE_LASTS,
    LONGEST_NAME,
    WallboardRefused,
    add_wallboard,
    centres_managed,
    renew_code,
    revoke_wallboard,
    wallboard_managed,
    wallboards_of,
)
from web.clock import now
from web.forms import Form
from web.guards import actor, found, performs
from web.locales import in_reader_language as local
from web.sent_forms import may_repeat
from web.task_page import at_most

bp = Blueprint("settings_wallboards", __name__)

CODE_KEY = "wallboard_code"


class BoardForm(Form):
    name = StringField(_l("Name of the television"), validators=[at_most(LONGEST_NAME)])
    centre = SelectField(_l("Centre"), validate_choice=False)
    reason = StringField(_l("Reason"), validators=[at_most(LONGEST_REASON)])


class ReasonForm(Form):
    reason = StringField(_l("Reason"), validators=[at_most(LONGEST_REASON)])


@bp.route("/settings/wallboards", methods=["GET", "POST"])
@performs(Action.MANAGE_WALLBOARDS)
def wallboards() -> ResponseReturnValue:
    form, centres = BoardForm(), _centres()
    form.centre.choices = [(centre.ref, local(centre.name)) for centre in centres.values()]
    if not form.is_submitted():
        return _page(form)
    centre = centres.get(form.centre.data or "") or (next(iter(centres.values())) if len(centres) == 1 else None)
    if not form.validate() or centre is None:
        return _page(form, refusal=_("Please choose the centre.") if centre is None else ""), 422
    try:
        with unit_of_work(keeps_rows=True):
            board, code = add_wallboard(centre=centre, name=form.name.data or "", reason=form.reason.data or "", by=actor(), now=now())
    except (WallboardRefused, ReasonMissing) as refusal:
        return _page(form, refusal=form.refuse(refusal)), 422
    _keep_code(board, code)
    return redirect(url_for(".wallboards"))


@bp.post("/settings/wallboards/<ref>/code")
@performs(Action.MANAGE_WALLBOARDS)
@may_repeat
def new_code(ref: str) -> ResponseReturnValue:
    with unit_of_work(keeps_rows=True):
        board = found(wallboard_managed(actor(), ref))
        code = renew_code(board, by=actor(), now=now())
    _keep_code(board, code)
    return redirect(url_for(".wallboards"))


@bp.post("/settings/wallboards/<ref>/revocation")
@performs(Action.MANAGE_WALLBOARDS)
def revocation(ref: str) -> ResponseReturnValue:
    form = ReasonForm()
    found(wallboard_managed(actor(), ref))
    try:
        with unit_of_work():
            board = found(wallboard_managed(actor(), ref))
            name = board.name
            revoke_wallboard(board, reason=form.reason.data or "", by=actor(), now=now())
    except ReasonMissing as refusal:
        return _page(BoardForm(formdata=None), refusal=local(refusal.text)), 422
    flash(_("The television “%(name)s” shows nothing any more.", name=name))
    return redirect(url_for(".wallboards"))


def _page(form: BoardForm, *, refusal: str = "") -> str:
    if not form.centre.choices:
        form.centre.choices = [(centre.ref, local(centre.name)) for centre in _centres().values()]
    return render_template(
        "settings/wallboards.html",
        form=form,
        refusal=refusal,
        boards=wallboards_of(actor()),
        new=session.pop(CODE_KEY, None),
        minutes=int(CODE_LASTS.total_seconds() // 60),
        moment=now(),
    )


def _centres() -> dict[str, Centre]:
    query, managed = select(Centre).order_by(Centre.is_default.desc(), Centre.id), centres_managed(actor())
    if managed is not None:
        query = query.where(Centre.id.in_(managed))
    return {centre.ref: centre for centre in db.session.scalars(query.limit(100))}


def _keep_code(board: Wallboard, code: str) -> None:
    """Shown once, on this browser's next page. It only pairs one television, for ten minutes, for somebody standing in front of it."""
    session[CODE_KEY] = {"name": board.name, "code": f"{code[:4]} {code[4:]}"}
