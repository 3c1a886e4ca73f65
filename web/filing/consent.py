"""The notice on personal data as a page of its own and by version, so that the one named by a receipt or report can always be read."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select

from casework.db import db
from casework.local_time import local_day
from casework.models import Event
from casework.permissions import Action
from casework.rights.masking import months_before
from casework.setting_values import value_of
from casework.settings.consent_notices import SINCE_EVER, Notice, notice_shown, notice_today
from web.clock import now
from web.guards import found, performs
from web.navigation import centre_words

bp = Blueprint("consent", __name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """One kind of data and for how long, in words of the reader's language."""

    what: str
    how_long: str


@bp.get("/privacy")
@performs(Action.READ_PUBLIC)
def privacy() -> ResponseReturnValue:
    """The present notice, for people who are not sending a report."""
    shown = found(notice_today(centre_words().id, now()))
    return render_template("filing/consent.html", notice=shown, **_context(shown))


@bp.get("/consent/<version>")
@performs(Action.READ_PUBLIC)
def notice(version: str) -> ResponseReturnValue:
    shown = found(notice_shown(version, now()))
    return render_template("filing/consent.html", notice=shown, **_context(shown))


def _context(shown: Notice) -> dict[str, Any]:
    centre_id = centre_words().id
    return {
        "holds_from": _holds_from(shown),
        "kept": _kept(),
        "answer_days": value_of("data_answer_days", centre_id),
        "done_days": value_of("data_done_days", centre_id),
        "restriction_days": value_of("data_restriction_days", centre_id),
        "address": value_of("controller_address", centre_id),
        "contact": value_of("controller_contact", centre_id),
    }


def _holds_from(shown: Notice) -> date | None:
    """The first day on which somebody could be shown a notice; for one that came with the program, the day of the first event."""
    if shown.valid_from > SINCE_EVER:
        return shown.valid_from
    first = db.session.scalar(select(Event.at).order_by(Event.id).limit(1))
    return local_day(first) if first is not None else None


def _kept() -> list[Kept]:
    """What the settings for retention say, in days; months are counted back from today."""
    months = value_of("mask_identity_months")
    identity = _("until you ask for it to be erased")
    if months:
        identity = _("%(months)s after the case has ended (%(days)s)", months=_months(months), days=_days(_days_in(months)))
    rows = [Kept(_("Your name and how to reach you"), identity)]
    if unused := value_of("unused_account_months"):
        how_long = _("%(months)s after it was last used (%(days)s)", months=_months(unused), days=_days(_days_in(unused)))
        rows.append(Kept(_("An account without a report"), how_long))
    return [
        *rows,
        Kept(_("Photos of a report that was not sent"), _days(value_of("unsent_photo_days"))),
        Kept(_("When and how you were sent a message"), _days(value_of("sent_message_days"))),
        Kept(_("Being signed in on a device"), _days(value_of("citizen_session_days"))),
        Kept(_("Backups that may still hold what was erased"), _days(value_of("backup_days"))),
    ]


def _days_in(months: int) -> int:
    return (now() - months_before(now(), months)).days


def _days(number: int) -> str:
    return str(ngettext("%(num)s day", "%(num)s days", number))


def _months(number: int) -> str:
    return str(ngettext("%(num)s month", "%(num)s months", number))
