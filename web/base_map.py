"""The base map under the points of every map: our own boundaries, and what an administrator has put under them.

That is tiles from an address, else a PMTiles file, else a schematic layer. By default there is none of them, so a map works without the
internet and shows no border that is not ours. A tile address lets browsers fetch pictures from exactly that host, only on pages with a map
(web/http/security.py reads `g.map_origin`).
"""

from dataclasses import dataclass
from pathlib import Path

from flask import current_app, g, request, url_for

from casework.calendars import rules_version
from casework.files.local import AWAY
from casework.files.under_maps import SKETCH, TILES, ground_file, sketch_body
from casework.local_time import local_day
from casework.models import Centre
from casework.places.sketches import NEAREST_ZOOM
from casework.setting_values import value_of
from casework.tile_addresses import tile_origin
from web.clock import now
from web.guards import file_store
from web.navigation import CentreWords

MAGIC, TILE_TYPE, MAX_ZOOM, VECTOR = b"PMTiles\x03", 99, 101, 1
"""The start of a PMTiles file of version 3, and the offsets and value in its header that give tile type and largest zoom."""


@dataclass(frozen=True, slots=True)
class BaseMap:
    """What js/map-base.js draws first. A layer with an empty address is left out."""

    areas_url: str
    tile_url: str = ""
    pmtiles_url: str = ""
    sketch_url: str = ""
    attribution: str = ""
    max_zoom: int = 19
    nearest: int = 0
    """The zoom nobody goes beyond; 0 for the map's own."""


def base_map(centre: Centre | CentreWords | None) -> BaseMap:
    """The base map of a centre; also lets the browser fetch its tiles for this response. Call it only for a page with a map."""
    centre_id = centre.id if centre is not None else None
    attribution, tiles = value_of("map_attribution", centre_id), value_of("map_tile_url", centre_id)
    areas_url = _areas_url(centre.ref) if centre is not None and centre.ref else ""
    if tiles and attribution:
        if (origin := tile_origin(tiles)) is not None:
            g.map_origin = origin
        return BaseMap(areas_url, tile_url=tiles, attribution=attribution, max_zoom=value_of("map_tile_max_zoom", centre_id))
    if (tile_file := ground_file(TILES)) is not None:
        address = url_for("maps.pmtiles", v=tile_file.digest)
        return BaseMap(areas_url, pmtiles_url=address, attribution=attribution or tile_file.attribution, max_zoom=tile_file.max_zoom)
    if (file := pmtiles_file()) is not None:
        return BaseMap(areas_url, pmtiles_url=url_for("maps.pmtiles"), attribution=attribution, max_zoom=file.max_zoom)
    if (sketch := ground_file(SKETCH)) is not None:
        address = url_for("maps.sketch", v=sketch.digest)
        return BaseMap(areas_url, sketch_url=address, attribution=sketch.attribution, nearest=NEAREST_ZOOM)
    return BaseMap(areas_url)


def _areas_url(ref: str) -> str:
    """The address of a centre's boundaries, by which a browser keeps them for the day. A page that is itself kept for a time without
    signal outlives the day, and names none."""
    return url_for("maps.areas", ref=ref, v=None if request.blueprint == "offline" else rules_version(local_day(now())))


def sketch_layer() -> bytes | None:
    """The schematic layer, for maps that are drawn here; none while its file cannot be read."""
    file = ground_file(SKETCH)
    try:
        return sketch_body(file, file_store()) if file is not None else None
    except AWAY as error:
        current_app.logger.warning("a drawn map has no schematic layer: %s", type(error).__name__)
        return None


@dataclass(frozen=True, slots=True)
class TileFile:
    """A PMTiles file of vector tiles, and its largest zoom."""

    path: Path
    max_zoom: int


def pmtiles_file() -> TileFile | None:
    """The PMTiles file somebody has put on this machine, None where there is none or it has no vector tiles."""
    path: Path = current_app.config["PMTILES"]
    try:
        with path.open("rb") as file:
            header = file.read(MAX_ZOOM + 1)
    except OSError:
        return None
    is_one = header.startswith(MAGIC) and len(header) > MAX_ZOOM and header[TILE_TYPE] == VECTOR
    return TileFile(path, header[MAX_ZOOM]) if is_one else None
