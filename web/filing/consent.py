"""The notice on personal data as a page of its own and by version, so that the one named by a receipt or report can always be read."""

from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from casework.permissions import Action
from casework.setting_values import value_of
from casework.settings.consent_notices import SINCE_EVER, notice_shown, notice_today
from web.clock import now
from web.guards import found, performs
from web.navigation import centre_words

bp = Blueprint("consent", __name__)


@bp.get("/privacy")
@performs(Action.READ_PUBLIC)
def privacy() -> ResponseReturnValue:
    """The present notice, for people who are not sending a report."""
    return render_template("filing/consent.html", notice=found(notice_today(centre_words().id, now())), **_context())


@bp.get("/consent/<version>")
@performs(Action.READ_PUBLIC)
def notice(version: str) -> ResponseReturnValue:
    return render_template("filing/consent.html", notice=found(notice_shown(version, now())), **_context())


def _context() -> dict[str, Any]:
    centre_id = centre_words().id
    return {
        "months": value_of("mask_identity_months"),
        "since_ever": SINCE_EVER,
        "address": value_of("controller_address", centre_id),
        "contact": value_of("controller_contact", centre_id),
    }
