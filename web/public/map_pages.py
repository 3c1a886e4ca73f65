"""Data for maps: a centre's boundaries, this installation's tile file and schematic layer, and the commune around a position."""

from collections.abc import Iterator

from flask import Blueprint, Response, jsonify, make_response, request, send_file
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from casework.calendars import rules_version
from casework.db import db
from casework.files.local import PIECE, FileMissing, FileStore
from casework.files.under_maps import SKETCH, TILES, GroundFile, ground_file, sketch_body
from casework.models import Centre
from casework.permissions import Action
from casework.places.in_words import position_in_words
from casework.places.lookup import bounded_area_at, is_outside
from web.base_map import pmtiles_file
from web.filing_fields import number
from web.guards import file_store, found, performs
from web.http.replica import may_be_behind
from web.http.static_files import AN_HOUR, FOREVER
from web.locales import in_reader_language
from web.public.pages import today

bp = Blueprint("maps", __name__)

PMTILES = "application/vnd.pmtiles"


@bp.get("/map/areas/<ref>.geojson")
@performs(Action.READ_PUBLIC)
@may_be_behind
def areas(ref: str) -> ResponseReturnValue:
    """The boundaries of a centre as everybody may see them. Under the address of today's rules a browser keeps them; else it asks
    whether they are still the same."""
    from casework.places.map_layers import areas_layer  # The public boundaries of a centre, with an ETag.

    centre = found(db.session.scalar(select(Centre).where(Centre.ref == ref)))
    layer = areas_layer(centre, today())
    answer = make_response(layer.body)
    answer.mimetype = "application/geo+json"
    answer.headers["Cache-Control"] = FOREVER if request.args.get("v") == rules_version(today()) else "public, no-cache"
    answer.set_etag(layer.digest)
    return answer.make_conditional(request)


@bp.get("/map/base.pmtiles")
@performs(Action.READ_PUBLIC)
def pmtiles() -> ResponseReturnValue:
    """The tile file, served in ranges."""
    if (loaded := ground_file(TILES)) is not None:
        return _part_of(loaded)
    answer: Response = send_file(found(pmtiles_file()).path, mimetype=PMTILES, conditional=True, max_age=3600)
    return answer


@bp.get("/map/sketch.geojson")
@performs(Action.READ_PUBLIC)
def sketch() -> ResponseReturnValue:
    """The schematic layer."""
    file = found(ground_file(SKETCH))
    try:
        answer = make_response(sketch_body(file, file_store()))
    except FileMissing:
        return found(None)
    answer.mimetype = "application/geo+json"
    return _kept(answer, file).make_conditional(request)


def _part_of(file: GroundFile) -> Response:
    """The requested range of the tile file, or all of it. A range longer than a piece is answered with its first piece, as HTTP allows."""
    store, asked = file_store(), request.range
    if "If-Range" in request.headers and request.if_range.etag != file.sha256:
        asked = None
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1:
        answer = Response(_pieces(store, file), mimetype=PMTILES)
        answer.content_length = file.size
        return _kept(answer, file)
    span = asked.range_for_length(file.size)
    if span is None:
        return Response(status=416, headers={"Content-Range": f"bytes */{file.size}"})
    start, stop = span[0], min(span[1], span[0] + PIECE)
    try:
        answer = Response(store.read_part(file.stored_name, start, stop - start), status=206, mimetype=PMTILES)
    except FileMissing:
        return found(None)
    answer.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{file.size}"
    return _kept(answer, file)


def _pieces(store: FileStore, file: GroundFile) -> Iterator[bytes]:
    for start in range(0, file.size, PIECE):
        yield store.read_part(file.stored_name, start, min(PIECE, file.size - start))


def _kept(answer: Response, file: GroundFile) -> Response:
    """Under an address with its digest a browser keeps a file for good; another one has another address."""
    answer.headers["Cache-Control"] = FOREVER if request.args.get("v") == file.digest else AN_HOUR
    answer.headers["Accept-Ranges"] = "bytes"
    answer.set_etag(file.sha256)
    return answer


@bp.post("/map/area")
@performs(Action.FILE_REPORT)
def area() -> ResponseReturnValue:
    """The commune around a position. The position is posted and not part of the address, because addresses are logged on the way."""
    latitude, longitude = number(request.form.get("latitude"), 90), number(request.form.get("longitude"), 180)
    if latitude is None or longitude is None:
        return jsonify(area=None, outside=None), 422
    found_area = bounded_area_at(latitude, longitude, today())
    accuracy, area_id = number(request.form.get("accuracy"), 100_000), found_area.id if found_area is not None else None
    told = position_in_words(latitude, longitude, on=today(), area_id=area_id, accuracy_m=accuracy)
    answer = jsonify(
        words=in_reader_language(told.words) if told else "",
        area={"ref": found_area.ref, "name": in_reader_language(found_area.name)} if found_area is not None else None,
        outside=found_area is None and is_outside(latitude, longitude, today()),
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer
