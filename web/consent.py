"""The notice on personal data as a page of its own, by its version: what a receipt and a report name can be read for good."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from casework.consent_notices import notice_shown
from casework.permissions import Action
from web.clock import now
from web.guards import found, performs

bp = Blueprint("consent", __name__)


@bp.get("/consent/<version>")
@performs(Action.READ_PUBLIC)
def notice(version: str) -> ResponseReturnValue:
    return render_template("filing/consent.html", notice=found(notice_shown(version, now())))
