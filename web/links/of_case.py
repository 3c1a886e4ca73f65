"""A link of a case, for whoever may send one: read out, with its code, or revoked."""

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from casework.cases import lock_case
from casework.db import unit_of_work
from casework.doors.links.reading import body_of, link_seen, to_tell
from casework.doors.links.sending import LinkRefused, revoke_link
from casework.permissions import Action
from casework.permissions.sight import case_seen_by
from web.clock import now
from web.forms import Form
from web.guards import actor, found, performs
from web.links import acts
from web.locales import in_reader_language as local
from web.notes import title_for
from web.sent_forms import answers_again

bp = Blueprint("case_links", __name__)

ACTS = (acts,)
"""Imported so that the pages of its acts are among those of a case."""

PATH = "/reply/"
"""As in web/links/reply.py; the host is that of this installation, whatever the request says."""


@bp.get("/cases/<ref>/links/<link_ref>")
@performs(Action.SEND_LINK)
def link(ref: str, link_ref: str) -> ResponseReturnValue:
    """The address and the code while the link holds. No cache keeps the page."""
    case = found(case_seen_by(actor(), ref))
    row = found(link_seen(case, link_ref, actor()))
    told = to_tell(row, case, now())
    response = make_response(
        render_template("links/link.html", case=case, title=title_for(case), link=row, body=body_of(row), told=told, form=Form(),
                        address=f"{current_app.config['BASE_URL']}{PATH}{told.secret}" if told else None)
    )  # fmt: skip
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/cases/<ref>/links/<link_ref>/revoke")
@performs(Action.REVOKE_LINK)
@answers_again(lambda ref, link_ref: url_for("cases.case", ref=ref, _anchor="links"))
def revoke(ref: str, link_ref: str) -> ResponseReturnValue:
    seen = found(case_seen_by(actor(), ref))
    found(link_seen(seen, link_ref, actor()))
    try:
        with unit_of_work():
            case = lock_case(seen.id)
            revoke_link(found(link_seen(case, link_ref, actor())), case, by=actor(), now=now())
    except LinkRefused as refusal:
        flash(local(refusal.text))
    else:
        flash(_("The link is revoked. It opens nothing any more."))
    return redirect(url_for("cases.case", ref=ref, _anchor="links"))
