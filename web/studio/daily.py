"""Daily settings of the process: each step's values in the live model, the ones set for it, and where to set them."""

from dataclasses import dataclass

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from casework.local_time import local_day
from casework.models import Centre, ElementSetting
from casework.permissions import Action
from casework.settings.choices import UNITS
from casework.settings.elements import ElementFacts, rule_of, settings_from
from casework.settings.role_labels import ROLE_WORDS
from casework.working_time import TimeLimit
from web.clock import now
from web.guards import actor, found, performs
from web.locales import in_reader_language as local
from web.settings import row_forms
from web.studio.versions import INSTALLATION
from workflows.drafting.version_lists import places_to_edit
from workflows.settable_elements import settable_elements

bp = Blueprint("studio_daily", __name__)

KIND = "element"


@dataclass(frozen=True, slots=True)
class DailyElement:
    """One element, the setting in force now, the later ones, and the address for changing them."""

    element: str
    facts: ElementFacts
    present: ElementSetting | None
    coming: tuple[ElementSetting, ...]
    change_url: str


@bp.get("/studio/daily")
@performs(Action.CHANGE_SETTINGS)
def daily() -> ResponseReturnValue:
    places = places_to_edit(actor())
    wanted = request.args.get("scope", "")
    known = {place.ref if place is not None else INSTALLATION: place for place in places}
    chosen = wanted or next(iter(known), "")
    if chosen not in known:
        found(None)
    centre = known[chosen]
    lines = lines_of(centre)
    return render_template(
        "studio/daily.html",
        lines=lines,
        places=places,
        whose=centre,
        chosen=chosen,
        installation=INSTALLATION,
        set_number=sum(line.present is not None for line in lines),
        role_words=ROLE_WORDS,
        limit_words=limit_words,
        rule_of=rule_of,
    )


def lines_of(centre: Centre | None) -> list[DailyElement]:
    """Every configurable element of a scope's live model, in model order."""
    centre_id, today = centre.id if centre is not None else None, local_day(now())
    rows = settings_from(today, centre_id)
    lines = []
    for element, facts in settable_elements(centre_id).items():
        own = [row for row in rows if row.element == element and row.centre_id == centre_id]
        common = [row for row in rows if row.element == element and row.centre_id is None]
        present = next((row for row in (*own, *common) if row.holds_on(today)), None)
        coming = tuple(row for row in (own or common) if row.valid_from > today)
        lines.append(DailyElement(element, facts, present, coming, _change_url(element, centre, own)))
    return lines


def limit_words(limit: TimeLimit | None) -> str:
    return f"{limit.amount} {local(UNITS[limit.unit])}" if limit is not None else _("none of its own")


def _change_url(element: str, centre: Centre | None, own: list[ElementSetting]) -> str:
    if own:
        return url_for("settings_rows.row", kind=KIND, number=own[0].id)
    scope = centre.ref if centre is not None else row_forms.INSTALLATION
    return url_for("settings_rows.new", kind=KIND, centre=scope, element=element)
