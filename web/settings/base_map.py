"""Settings of the base map: tiles chosen by an office under its own responsibility, or only the stored boundaries."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from casework.db import unit_of_work
from casework.errors import CaseworkError
from casework.models import Centre
from casework.permissions import Action, NotAllowed
from casework.setting_events import LONGEST_REASON
from casework.setting_values import VALUES, value_of
from casework.settings.map_settings import KEYS, set_base_map
from casework.settings.scopes import administered_centres, centres_of
from casework.tile_addresses import LONGEST_ADDRESS
from web.base_map import base_map, pmtiles_file
from web.clock import now
from web.forms import Refusal, refusal_of
from web.guards import actor, found, performs
from web.public.pages import today

bp = Blueprint("settings_map", __name__)

INSTALLATION = "installation"


@bp.route("/settings/map", methods=["GET", "POST"])
@performs(Action.CHANGE_SETTINGS)
def settings_map() -> ResponseReturnValue:
    scopes = _scopes()
    key = request.values.get("scope", "") or next(iter(scopes), "")
    if key not in scopes:
        found(None)
    centre = scopes[key]
    if request.method == "GET":
        return _page(scopes, key)
    try:
        with unit_of_work():
            typed = {each: request.form.get(each, "") for each in KEYS}
            count = set_base_map(typed, by=actor(), now=now(), centre_id=centre.id if centre is not None else None,
                                 reason=request.form.get("reason", ""))  # fmt: skip
    except NotAllowed:
        raise
    except CaseworkError as refusal:
        return _page(scopes, key, refusal=refusal_of(refusal, {name: name for name in (*KEYS, "reason")})), 422
    flash(_("The base map is changed.") if count else _("Nothing was different."))
    return redirect(url_for(".settings_map", scope=key))


def _scopes() -> dict[str, Centre | None]:
    """The scopes whose map the person may set: the installation, and centres by ref."""
    whole: dict[str, Centre | None] = {INSTALLATION: None} if administered_centres(actor()) is None else {}
    return whole | {centre.ref: centre for centre in centres_of(actor(), on=today())}


def _page(scopes: dict[str, Centre | None], key: str, *, refusal: Refusal | None = None) -> str:
    centre = scopes[key]
    centre_id = centre.id if centre is not None else None
    shown = centre if centre is not None else next((each for each in scopes.values() if each is not None), None)
    stored = {each: str(value_of(each, centre_id)) for each in KEYS}
    return render_template(
        "settings/base_map.html", scopes=scopes, key=key, values=[VALUES[each] for each in KEYS], refusal=refusal, base=base_map(shown),
        typed=request.form if request.method == "POST" else stored, longest={"map_tile_url": LONGEST_ADDRESS, "map_attribution": 200},
        longest_reason=LONGEST_REASON, has_pmtiles=pmtiles_file() is not None,
    )  # fmt: skip
