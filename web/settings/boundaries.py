"""Import and export of area boundaries: a file is checked and previewed before it is imported."""

from __future__ import annotations

import re
from contextlib import closing, suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson
from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_decimal, format_percent, ngettext
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import FileStorage

from casework.db import unit_of_work
from casework.errors import CaseworkError
from casework.files.local import FileMissing
from casework.models import Area
from casework.parsing import number_in
from casework.permissions import Action, NotAllowed
from casework.places.boundary_files import LARGEST_FILE, BoundaryFileRefused, TooLarge
from casework.setting_events import LONGEST_REASON
from casework.settings.scopes import centres_of
from web.base_map import base_map
from web.clock import now
from web.forms import Refusal, refusal_of
from web.guards import actor, file_store, performs
from web.locales import in_reader_language as local
from web.public.pages import today

if TYPE_CHECKING:
    from casework.places.boundaries import Checked
    from casework.settings.boundary_import import BoundaryPlan

bp = Blueprint("settings_boundaries", __name__)

"""How long an uploaded file waits for the confirmation."""
FIELDS = {name: name for name in ("source", "reason", "swap", "overlap")}
"""Field ids of the confirmation page, by what a refusal is about."""
MOST_ROWS = 500
DRAWN_BYTES = 400_000
DRAWN_TOLERANCES = (0.0005, 0.001, 0.002, 0.004, 0.008)
BY_WORDS = {"code": _l("by its code"), "name": _l("by its name"), "chosen": _l("chosen by you"), "": ""}
TOKEN = re.compile(r"[0-9a-f]{64}")


@bp.route("/settings/boundaries", methods=["GET", "POST"])
@performs(Action.CHANGE_SETTINGS)
def boundaries() -> ResponseReturnValue:
    """Upload, check, preview, import: in between the file is kept on the server, and is checked again each time."""
    from casework.places.boundaries import check_boundaries  # late: docs/architecture.md
    from casework.settings.boundary_import import import_boundaries, plan_import

    if request.method == "GET":
        return _start_page()
    act, code_property = request.form.get("act", ""), request.form.get("code_property", "").strip()[:60]
    try:
        data, token = _stage(request.files.get("file")) if act == "check" else _staged(request.form.get("token", ""))
        checked = check_boundaries(data, code_property=code_property or None)
    except BoundaryFileRefused as refusal:
        return _start_page(refusal=Refusal(local(refusal.text), "file")), 422
    plan = plan_import(checked, by=actor(), on=today(), chosen=_chosen(checked))
    if act != "do":
        return _look_page(plan, token, code_property)
    try:
        with unit_of_work():
            count = import_boundaries(
                plan, by=actor(), now=now(), source=request.form.get("source", ""), reason=request.form.get("reason", ""),
                swap=bool(request.form.get("swap")), overlap=bool(request.form.get("overlap")),
            )  # fmt: skip
    except NotAllowed:
        raise
    except CaseworkError as refusal:
        return _look_page(plan, token, code_property, refusal=refusal_of(refusal, FIELDS)), 422
    file_store().delete(_stored_name(token))
    flash(ngettext("%(num)s boundary was taken over.", "%(num)s boundaries were taken over.", count))
    return redirect(url_for(".boundaries"))


@bp.get("/settings/boundaries.geojson")
@performs(Action.CHANGE_SETTINGS)
def export() -> ResponseReturnValue:
    """The present boundaries as a file that can be imported again."""
    from casework.settings.boundary_import import administered_areas, export_boundaries  # late: docs/architecture.md

    answer = make_response(orjson.dumps(export_boundaries(administered_areas(actor(), today()))))
    answer.mimetype = "application/geo+json"
    answer.headers["Content-Disposition"] = f'attachment; filename="boundaries-{today():%Y-%m-%d}.geojson"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _start_page(*, refusal: Refusal | None = None) -> str:
    from casework.settings.boundary_import import administered_areas  # late: docs/architecture.md

    areas = administered_areas(actor(), today())
    own = centres_of(actor(), on=today())
    base = base_map(own[0] if own else None)
    return render_template(
        "settings/boundaries.html", areas=areas, base=base, refusal=refusal, most_mb=LARGEST_FILE // 1_000_000,
        without=_without_boundary(areas), code_property=request.form.get("code_property", ""),
    )  # fmt: skip


def _without_boundary(areas: list[Area]) -> list[Area]:
    """The communes without a stored boundary; read from its source column, so that no geometry is loaded."""
    return [area for area in areas if area.level == "commune" and area.boundary_source is None]


def _look_page(plan: BoundaryPlan, token: str, code_property: str, *, refusal: Refusal | None = None) -> str:
    from casework.settings.boundary_import import LONGEST_SOURCE  # late: docs/architecture.md

    own = centres_of(actor(), on=today())
    done = [pair for pair in plan.pairs if pair.area is not None or pair.fault is not None]
    return render_template(
        "settings/boundaries_look.html", plan=plan, token=token, code_property=code_property, refusal=refusal,
        base=base_map(own[0] if own else None),
        matched=[pair for pair in done if pair.shape.is_sound][:MOST_ROWS], unknown=plan.unknown[:MOST_ROWS], most_rows=MOST_ROWS,
        refused=plan.checked.refused[:MOST_ROWS], skipped=_skipped(), drawn=_drawn(plan),
        source=request.form.get("source", ""), reason=request.form.get("reason", ""), swap=bool(request.form.get("swap")),
        overlap=bool(request.form.get("overlap")), by_words=BY_WORDS, decimal=_decimal,
        change=_change, longest_source=LONGEST_SOURCE, longest_reason=LONGEST_REASON, typed=request.form,
    )  # fmt: skip


def _decimal(size: float) -> str:
    return str(format_decimal(size, format="#,##0.00"))


def _change(share: float | None) -> str:
    return str(format_percent(share, format="+#,##0.0 %;-#,##0.0 %")) if share is not None else "–"


def _skipped() -> set[int]:
    return {number for text in request.form.getlist("skip") if (number := number_in(text)) is not None}


def _chosen(checked: Checked) -> dict[int, str]:
    """The person's decisions: shapes left out, and areas typed for shapes without a match."""
    from casework.settings.boundary_import import SKIP, administered_areas, area_called  # late: docs/architecture.md

    chosen = dict.fromkeys(_skipped(), SKIP)
    areas = None
    for shape in checked.shapes:
        if words := request.form.get(f"area-{shape.raw.number}", "").strip():
            areas = administered_areas(actor(), today()) if areas is None else areas
            if (area := area_called(areas, words)) is not None:
                chosen.setdefault(shape.raw.number, area.ref)
    return chosen


def _drawn(plan: BoundaryPlan) -> dict[str, Any]:
    """The shapes before and after for the page's map, simplified."""
    import shapely  # late: docs/architecture.md

    from casework.places.boundaries import geometry_of

    found: dict[str, Any] = {"type": "FeatureCollection", "features": []}
    for tolerance in DRAWN_TOLERANCES:
        features = []
        for pair in plan.pairs:
            if pair.shape.geometry is None:
                continue
            kind = "after" if pair.is_to_do else "skipped"
            after, before = pair.shape.geometry, geometry_of(pair.area.boundary) if pair.area is not None else None
            is_new = pair.is_to_do and (before is None or not shapely.equals_exact(after, before, tolerance=1e-6))
            features.append(_feature(shapely.simplify(after, tolerance), kind, pair.shape.raw.label, is_new=is_new))
            if pair.area is not None and before is not None:
                features.append(_feature(shapely.simplify(before, tolerance), "before", pair.area.name_vi))
        found = {"type": "FeatureCollection", "features": features}
        if len(orjson.dumps(found)) <= DRAWN_BYTES:
            return found
    return {"type": "FeatureCollection", "features": []}


def _feature(geometry: Any, kind: str, name: str, *, is_new: bool = False) -> dict[str, Any]:
    import shapely  # late: docs/architecture.md

    from casework.places.boundaries import geojson_of

    rounded = shapely.transform(geometry, lambda positions: positions.round(5))
    return {"type": "Feature", "properties": {"kind": kind, "name": name, "is_new": is_new}, "geometry": geojson_of(rounded)}


def _stage(file: FileStorage | None) -> tuple[bytes, str]:
    """Keep an uploaded file under a name only its sender can know; a file that is too large is refused by its length before it is read."""
    if file is None or not file.filename:
        raise BoundaryFileRefused("Vui lòng chọn một tệp.", "Please choose a file.")
    with closing(file):
        file.stream.seek(0, 2)
        if (size := file.stream.tell()) > LARGEST_FILE:
            raise TooLarge(size)
        file.stream.seek(0)
        data = file.stream.read(LARGEST_FILE + 1)
    if not data:
        raise BoundaryFileRefused("Tệp trống.", "The file is empty.")
    token = _token(data)
    with suppress(FileExistsError):  # the same file, sent again
        file_store().put(_stored_name(token), data)
    return data, token


def _staged(token: str) -> tuple[bytes, str]:
    data = b""
    if TOKEN.fullmatch(token):
        with suppress(FileMissing), file_store().open(_stored_name(token)) as opened:
            data = opened.read()
    if not data or _token(data) != token:
        raise BoundaryFileRefused("Tệp không còn trên máy chủ; vui lòng tải lên lại.", "The file is no longer there; please send it again.")
    return data, token


def _token(data: bytes) -> str:
    """Derived from the person and the content, so that nobody can continue with somebody else's file or a changed one."""
    account = actor().account
    assert account is not None
    return sha256(account.ref.encode() + b"\0" + data).hexdigest()


def _stored_name(token: str) -> str:
    """Among the installation's files, so that every machine has it; swept after a day."""
    return f"{token[:2]}/{token[2:4]}/{token[:32]}"
