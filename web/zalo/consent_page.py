"""The Official Account at Zalo: how its permission stands, giving it at Zalo, and withdrawing it. For administrators of its centre.

    POST /settings/zalo/consents   a page that leads on to Zalo (a form may not be answered by a redirect to elsewhere: form-action)
    GET  /settings/zalo/returns    Zalo sends the browser back, once, within ten minutes
"""

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from casework.db import db, unit_of_work
from casework.models import Centre
from casework.permissions import Action
from casework.setting_events import administers
from casework.zalo.consent import (
    ConsentRefused,
    accept_consent,
    account_seen,
    begin_consent,
    centre_of_account,
    take_consent,
    withdraw_consent,
)
from casework.zalo.renewal import RenewalFailed
from web.accounts.relying_party import bound_to_session
from web.addresses import on_the_web
from web.clock import now
from web.forms import Form
from web.gateways.zalo_oauth import ZaloOauth
from web.guards import alone, found, performs
from web.locales import in_reader_language as local
from web.request_log import LOGGER
from web.sessions import current_session
from web.watching.finding import Level
from web.watching.findings_of_zalo import of_zalo

bp = Blueprint("settings_zalo", __name__)

LONGEST_CODE = 4_000


@bp.get("/settings/zalo")
@performs(Action.CHANGE_SETTINGS)
def zalo() -> ResponseReturnValue:
    """Whoever administers another centre reads that it is not theirs."""
    zalo, centre = _zalo(), _own_centre()
    seen = account_seen(zalo.app.oa_id) if zalo is not None and centre is not None else None
    return render_template(
        "settings/zalo.html", form=Form(), is_set_up=zalo is not None, centre=centre, seen=seen, findings=list(of_zalo(seen, now())),
        levels=Level, callback=on_the_web(url_for(".returns")),
    )  # fmt: skip


@bp.post("/settings/zalo/consents")
@performs(Action.CHANGE_SETTINGS, is_fresh=True)
def consents() -> ResponseReturnValue:
    """Send the browser to Zalo."""
    zalo, centre_id, session = found(_zalo()), found(_own_centre()).id, bound_to_session(found(current_session()))
    by, moment = alone(), now()
    with unit_of_work():
        centre = db.session.get_one(Centre, centre_id)
        state, challenge = begin_consent(zalo.app.oa_id, centre, session=session, by=by, now=moment)
    address = zalo.permission_url(redirect_uri=on_the_web(url_for(".returns")), state=state, challenge=challenge)
    response = make_response(render_template("settings/zalo_leaving.html", address=address))
    response.headers["Refresh"] = f"0; url={address}"
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/settings/zalo/returns")
@performs(Action.CHANGE_SETTINGS)
def returns() -> ResponseReturnValue:
    """Use up the state, ask Zalo for the tokens outside any unit of work, then keep them."""
    zalo, centre_id, session = found(_zalo()), found(_own_centre()).id, bound_to_session(found(current_session()))
    by, moment, sent = alone(), now(), request.args
    verifier, refusal = "", None
    with unit_of_work():
        try:
            verifier = take_consent(
                sent.get("state", ""), zalo.app.oa_id, returned_id=sent.get("oa_id", ""), session=session, now=moment
            )
        except ConsentRefused as refused:
            refusal = local(refused.text)
    code = sent.get("code", "")
    if refusal is None and not (code.isascii() and 0 < len(code) <= LONGEST_CODE):
        refusal = _("Zalo says that nothing was agreed to. You can begin again.")
    if refusal is None:
        try:
            tokens = zalo.by_code(code, verifier)
        except RenewalFailed as failure:
            LOGGER.warning("consent at zalo failed", extra={"reason": failure.said})
            refusal = _("Zalo gave no permission (%(said)s). Please begin again.", said=failure.said)
        else:
            with unit_of_work():
                accept_consent(zalo.app.oa_id, db.session.get_one(Centre, centre_id), tokens, by=by, now=now())
            flash(_("Messages can be sent by Zalo now."))
    if refusal is not None:
        flash(refusal, "wait")
    return redirect(url_for(".zalo"))


@bp.post("/settings/zalo/withdrawals")
@performs(Action.CHANGE_SETTINGS, is_fresh=True)
def withdrawals() -> ResponseReturnValue:
    zalo, centre_id = found(_zalo()), found(_own_centre()).id
    by, moment = alone(), now()
    with unit_of_work():
        withdraw_consent(zalo.app.oa_id, db.session.get_one(Centre, centre_id), by=by, now=moment)
    flash(_("The permission is withdrawn: both tokens are deleted here. Please also remove the app in the account's settings at Zalo."))
    return redirect(url_for(".zalo"))


def _zalo() -> ZaloOauth | None:
    zalo: ZaloOauth | None = current_app.extensions["zalo"]
    return zalo


def _own_centre() -> Centre | None:
    """The centre of the account, where the person administers it."""
    zalo = _zalo()
    centre = centre_of_account(zalo.app.centre) if zalo is not None else None
    return centre if centre is not None and administers(alone(), centre.id) else None
