"""Settings of the base map: tiles chosen by an office under its own responsibility, a tile file or a schematic layer of its own, or only
the stored boundaries."""

from contextlib import closing
from typing import Any, BinaryIO, cast

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_decimal
from flask_babel import gettext as _

from casework.db import unit_of_work
from casework.errors import CaseworkError
from casework.files.under_maps import SKETCH, TILES, GroundFile, ground_file
from casework.models import Centre
from casework.permissions import Action, NotAllowed
from casework.places.pmtiles import LONGEST_ATTRIBUTION
from casework.places.sketches import LARGEST_FILE
from casework.setting_events import LONGEST_REASON
from casework.setting_values import VALUES, value_of
from casework.settings.ground_loading import load_sketch, load_tiles, may_load_ground, remove_ground_file
from casework.settings.map_settings import KEYS, set_base_map
from casework.settings.scopes import administered_centres, centres_of
from casework.tile_addresses import LONGEST_ADDRESS
from web.base_map import base_map, pmtiles_file
from web.clock import now
from web.forms import Refusal, refusal_of
from web.guards import actor, file_store, found, performs
from web.http.security import FORM_SLACK_BYTES
from web.public.pages import today

bp = Blueprint("settings_map", __name__)

INSTALLATION = "installation"
FILES = {"tiles": TILES, "sketch": SKETCH}
MOST_BY_PAGE = 200_000_000
"""Bytes of a tile file sent by page; what the server takes at once may be less, and the command takes more."""


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


@bp.post("/settings/map/files/<which>")
@performs(Action.CHANGE_SETTINGS)
def ground(which: str) -> ResponseReturnValue:
    """Load the tile file or the schematic layer, or remove it: for who administers every centre."""
    key, scopes = found(FILES.get(which)), _scopes()
    if not may_load_ground(actor(), today()):
        found(None)
    scope = next(iter(scopes))
    about: dict[str, Any] = {"by": actor(), "now": now(), "reason": request.form.get("reason", ""), "store": file_store()}
    is_removal = request.form.get("act") == "remove"
    try:
        if is_removal:
            remove_ground_file(key, **about)
        else:
            _load(key, request.form.get("attribution", ""), about)
    except NotAllowed:
        raise
    except CaseworkError as refusal:
        form = f"{which}-remove" if is_removal else which
        fields = {name: f"{form}-{name}" for name in ("file", "attribution", "reason")}
        refused = refusal_of(refusal, fields)
        return _page(scopes, scope, refusal=refused if refused.at else Refusal(refused.words, fields["file"])), 422
    flash(_("It is removed from under the maps.") if is_removal else _("Maps draw the new file from now on."))
    return redirect(url_for(".settings_map", scope=scope))


def _facts(file: GroundFile) -> list[tuple[str, str]]:
    """What a page says of a file in force."""
    west, south, east, north = (format_decimal(each, format="0.00") for each in file.bounds)
    zooms = [(_("Zooms"), _("%(least)s to %(most)s", least=file.min_zoom, most=file.max_zoom))] if file.max_zoom else []
    return [
        (_("Size"), f"{format_decimal(file.size / 1e6, format='#,##0.0')} MB"),
        *zooms,
        (_("Bounds"), _("%(south)s° to %(north)s° north, %(west)s° to %(east)s° east", south=south, north=north, west=west, east=east)),
        (_("Source shown on maps"), file.attribution),
    ]


def _load(key: str, attribution: str, about: dict[str, Any]) -> None:
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise FileNotChosen
    with closing(sent):
        if key == SKETCH:
            load_sketch(sent.stream.read(LARGEST_FILE + 1), attribution=attribution, **about)
            return
        size = sent.stream.seek(0, 2)
        load_tiles(cast("BinaryIO", sent.stream), size=size, largest=largest_by_page(), attribution=attribution, **about)


class FileNotChosen(CaseworkError):
    def __init__(self) -> None:
        super().__init__("Vui lòng chọn một tệp.", "Please choose a file.", about="file")


def largest_by_page() -> int:
    """The most bytes of a tile file this server takes by page."""
    return min(MOST_BY_PAGE, int(current_app.config["MAX_CONTENT_LENGTH"]) - FORM_SLACK_BYTES)


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
        typed=request.form if request.endpoint == "settings_map.settings_map" and request.method == "POST" else stored,
        longest={"map_tile_url": LONGEST_ADDRESS, "map_attribution": 200}, sent=request.form,
        longest_reason=LONGEST_REASON, has_pmtiles=pmtiles_file() is not None, may_load=may_load_ground(actor(), today()),
        files={which: _facts(file) for which, kind in FILES.items() if (file := ground_file(kind)) is not None},
        longest_attribution=LONGEST_ATTRIBUTION,
        most_mb={"tiles": largest_by_page() // 1_000_000, "sketch": LARGEST_FILE // 1_000_000},
    )  # fmt: skip
