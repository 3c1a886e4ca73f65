"""A version as PDF: its drawing, which the browser sends as displayed, and its table."""

from flask import Blueprint, Response, make_response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from casework.bilingual import Bilingual
from casework.db import db
from casework.models import Centre
from casework.permissions import Action
from reports.drawings import MOST_BYTES, Heading, PictureRefused, clean_picture, picture_pdf, table_pdf
from web.clock import now
from web.filters import local_datetime
from web.guards import actor, found, performs
from web.locales import in_reader_language as local
from web.locales import language
from web.studio.versions import KEY_LABELS, STATE_LABELS
from workflows.definitions.parsed import text_of
from workflows.definitions.process import label_of, read_xml
from workflows.models import ProcessVersion
from workflows.routing.table_rows import names_in_tables, table_of
from workflows.versions.live import FIELD_REPORT, ROUTING, version_for

bp = Blueprint("studio_exports", __name__)

MOST_NAMES = 500
"""The most elements listed of one process; our models have about sixty."""


@bp.post("/studio/versions/<ref>/picture.pdf")
@performs(Action.READ_PROCESS)
def picture(ref: str) -> ResponseReturnValue:
    """The drawing, sent as an SVG in the request's body, as PDF. Refusals are JSON."""
    version = found(version_for(actor(), ref))
    found(version if version.key == FIELD_REPORT else None)
    if (request.content_length or 0) > MOST_BYTES:
        return {"refusal": _("The drawing is too large (2 MB at most).")}, 413
    request.max_content_length = MOST_BYTES + 1
    try:
        svg = clean_picture(request.get_data())
    except PictureRefused as refusal:
        return {"refusal": local(refusal.text)}, 422
    return _pdf(version, picture_pdf(svg, _heading(version), _names(text_of(version))))


@bp.get("/studio/versions/<ref>/table.pdf")
@performs(Action.READ_PROCESS)
def table(ref: str) -> ResponseReturnValue:
    version = found(version_for(actor(), ref))
    found(version if version.key == ROUTING else None)
    rules, known = table_of(text_of(version)), names_in_tables(version)
    nobody, anything = _("nobody"), _("any")

    def said(text: str, names: tuple[str, ...]) -> str:
        if names:
            return ", ".join(local(known[each]) if each in known else each for each in names)
        return nobody if text == "[]" else text or anything

    columns = [label for _id, label in (*rules.inputs, *rules.outputs)]
    rows = [([said(cell.text, cell.names) for cell in row.cells], row.reason) for row in rules.rows]
    return _pdf(version, table_pdf(columns, rows, _heading(version)))


def _heading(version: ProcessVersion) -> Heading:
    centre = db.session.get(Centre, version.centre_id) if version.centre_id else None
    return Heading(
        language=language(),
        title=str(KEY_LABELS[version.key]),
        number=version.number,
        state=str(STATE_LABELS[version.state]),
        scope=local(centre.name) if centre is not None else _("The whole installation"),
        printed=local_datetime(now()),
    )


def _names(xml: bytes) -> list[tuple[str, list[Bilingual]]]:
    """The name of each process and its elements, in both languages and file order."""
    root = read_xml(xml)
    pools = {pool.get("processRef"): label_of(pool) for pool in root.iter("{*}participant")}
    names = []
    for process in root.iter("{*}process"):
        labels = [label_of(each) for each in process.iterchildren("{*}*") if not each.tag.endswith("}sequenceFlow")]
        parts = [each for each in labels if each.vi and each.en]
        names.append((local(pools.get(process.get("id"), label_of(process))), parts[:MOST_NAMES]))
    return names


def _pdf(version: ProcessVersion, pdf: bytes) -> Response:
    response = make_response(pdf)
    response.mimetype = "application/pdf"
    response.headers["Content-Disposition"] = f'attachment; filename="{version.key}-{version.number}.pdf"'
    response.headers["Cache-Control"] = "no-store"
    return response
