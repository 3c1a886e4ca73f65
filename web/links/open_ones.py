"""The open one-time links of a centre, for its administrators, who revoke one with a reason and can open none."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from casework.cases import lock_case
from casework.db import unit_of_work
from casework.doors.links.holding import Standing
from casework.doors.links.open_ones import link_of_centre, open_links
from casework.doors.links.sending import LinkRefused, revoke_link
from casework.permissions import Action
from web.clock import now
from web.forms import Refusal, refusal_of
from web.guards import alone, found, performs
from web.sent_forms import answers_again

bp = Blueprint("settings_links", __name__)

STANDING_WORDS = {
    Standing.HOLDS: _l("waits for the answer"),
    Standing.OTHER_KEY: _l("opens nothing: the key of the installation has changed"),
    Standing.ENDED: _l("opens nothing: the body owes no answer any more"),
    Standing.DOOR_CLOSED: _l("opens nothing: the door is closed"),
}


@bp.get("/settings/doors/links")
@performs(Action.MANAGE_PEOPLE)
def links() -> ResponseReturnValue:
    return _page()


@bp.post("/settings/doors/links/<link_ref>/revocation")
@performs(Action.MANAGE_PEOPLE)
@answers_again(lambda link_ref: url_for(".links"))
def revocation(link_ref: str) -> ResponseReturnValue:
    """Revoke a link, as administrators may; the operators are told, and read the reason with it."""
    seen = found(link_of_centre(alone(), link_ref))
    try:
        with unit_of_work():
            case = lock_case(seen.case_id)
            link = found(link_of_centre(alone(), link_ref))
            revoke_link(link, case, by=alone(), now=now(), reason=request.form.get("reason", ""))
    except LinkRefused as refusal:
        return _page(refusal_of(refusal, {"reason": f"reason-{link_ref}"})), 422
    flash(_("The link of case %(code)s is revoked. It opens nothing any more.", code=case.code))
    return redirect(url_for(".links"))


def _page(refusal: Refusal | None = None) -> str:
    page = open_links(alone(), now=now(), after=request.args.get("after"))
    return render_template(
        "settings/doors/links.html", page=page, words=STANDING_WORDS, refusal=refusal, typed=request.form,
        first_url=url_for(".links") if request.args.get("after") else "",
        next_url=url_for(".links", after=page.next_after) if page.next_after else "",
    )
