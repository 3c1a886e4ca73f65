"""Which systems may act in one's own name: a person agrees, and ends it at once; and the systems whose owner they are."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from casework.db import unit_of_work
from casework.doors.asking import BehalfRefused
from casework.doors.behalf import Offer, agree, end_agreement, offer_of, offers_for, owned_by
from casework.doors.keys import keys_of
from casework.doors.scope_words import scope_words
from casework.doors.scopes import IN_A_NAME
from casework.permissions import Action
from web.clock import now
from web.guards import alone, found, performs

bp = Blueprint("acting_for_me", __name__)


@bp.get("/account/systems")
@performs(Action.AGREE_BEHALF)
def systems() -> ResponseReturnValue:
    return _page()


@bp.post("/account/systems/<ref>/agreement")
@performs(Action.AGREE_BEHALF, is_fresh=True)
def agreement(ref: str) -> ResponseReturnValue:
    """Let a system of one's own agency act in one's name."""
    name = _offer(ref).service.account.full_name
    try:
        with unit_of_work():
            agree(_offer(ref).service, by=alone(), now=now())
    except BehalfRefused:
        return _page(_("You do not work in the agency of this system, or it acts in nobody's name.")), 422
    flash(_("“%(name)s” may act in your name from now on.", name=name))
    return redirect(url_for(".systems"))


@bp.post("/account/systems/<ref>/end")
@performs(Action.AGREE_BEHALF)
def end(ref: str) -> ResponseReturnValue:
    """End it; no proof is asked for, since it takes something away."""
    name = _offer(ref).service.account.full_name
    with unit_of_work():
        end_agreement(_offer(ref).service, by=alone(), now=now())
    flash(_("“%(name)s” no longer acts in your name.", name=name))
    return redirect(url_for(".systems"))


def acts_of(offer: Offer) -> list[str]:
    """What a system may do in a person's name, of what it may do at all."""
    return [str(scope) for scope in offer.service.scopes if scope in {str(each) for each in IN_A_NAME}]


def _offer(ref: str) -> Offer:
    return found(offer_of(alone(), ref, now=now()))


def _page(refusal: str = "") -> str:
    moment, by = now(), alone()
    owned = owned_by(by)
    return render_template(
        "accounts/acting_for_me.html", offers=offers_for(by, now=moment), owned=owned, keys=keys_of(owned, now=moment),
        words=scope_words, acts_of=acts_of, refusal=refusal,
    )  # fmt: skip
