"""Data for maps: a centre's boundaries, this installation's tile file, and the commune around a position."""

from flask import Blueprint, Response, jsonify, make_response, request, send_file
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from casework.db import db
from casework.models import Centre
from casework.permissions import Action
from casework.places.in_words import position_in_words
from casework.places.lookup import bounded_area_at, is_outside
from web.base_map import pmtiles_file
from web.filing_fields import number
from web.guards import found, performs
from web.http.replica import may_be_behind
from web.locales import in_reader_language
from web.public.pages import today

bp = Blueprint("maps", __name__)


@bp.get("/map/areas/<ref>.geojson")
@performs(Action.READ_PUBLIC)
@may_be_behind
def areas(ref: str) -> ResponseReturnValue:
    """The boundaries of a centre as everybody may see them; a browser that has them is told so."""
    from casework.places.map_layers import areas_layer  # The public boundaries of a centre, with an ETag.

    centre = found(db.session.scalar(select(Centre).where(Centre.ref == ref)))
    layer = areas_layer(centre, today())
    answer = make_response(layer.body)
    answer.mimetype = "application/geo+json"
    answer.headers["Cache-Control"] = "public, no-cache"
    answer.set_etag(layer.digest)
    return answer.make_conditional(request)


@bp.get("/map/base.pmtiles")
@performs(Action.READ_PUBLIC)
def pmtiles() -> ResponseReturnValue:
    """The tile file, served in ranges."""
    answer: Response = send_file(found(pmtiles_file()).path, mimetype="application/vnd.pmtiles", conditional=True, max_age=3600)
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
