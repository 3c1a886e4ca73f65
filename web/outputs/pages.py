"""The outputs a person ordered: ordering with a page's filter, progress, download, retry, cancel."""

from collections.abc import Iterator
from typing import Any, BinaryIO

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import BooleanField, RadioField, SelectField, TextAreaField

from casework.bilingual import Bilingual
from casework.casefile.identity_export import MOST_NAMED
from casework.db import db, unit_of_work
from casework.files.local import PIECE
from casework.local_time import LOCAL_ZONE
from casework.models import Centre, Output
from casework.outputs import (
    KINDS,
    LONGEST_REASON,
    MOST_ATTEMPTS,
    PAGE,
    TABLES,
    Kind,
    OutputRefused,
    centres_ordered_in,
    count_fetched,
    drop_output,
    file_of,
    may_in_centre,
    may_schedule,
    order_output,
    output_seen,
    outputs_seen,
    retry_output,
)
from casework.outputs.schedule_lists import outputs_sent_to
from casework.parsing import number_in
from casework.permissions import Action, may
from casework.photos.records import open_copy
from casework.sent_once import answered_at
from casework.setting_values import value_of
from reports.statistics.periods import NoSuchPeriod, label_of
from reports.statistics.reach import Reach, reach_named, reaches_of
from web.addresses import this_address
from web.clock import now
from web.exports.links import LONGEST, export_url
from web.exports.parameters import PARAMETERS
from web.files.streams import opened_first
from web.forms import Form
from web.guards import actor, file_store, found, performs
from web.locales import in_reader_language as local
from web.task_page import at_most

bp = Blueprint("outputs", __name__)
bp.add_app_template_global(export_url, "export_url")

FORMS = {
    "xlsx": _l("Excel workbook (.xlsx)"),
    "csv": _l("CSV (.csv), for other programs"),
    "json": _l("JSON (.json), for programmers"),
    "pdf": _l("PDF"),
}
STATES = {
    "waiting": _l("Waiting"), "making": _l("Being made"), "ready": _l("Ready"), "failed": _l("Not made"), "expired": _l("Run out"),
}  # fmt: skip
WORKING = ("waiting", "making")
WITHOUT_CHOICE = (
    "cases", "inbox", "late", "letters", "figures", "setting_events", "processing", "looks", "heat", "incidents", "people", "messages",
    "schedules", "outputs",
)  # fmt: skip
"""Lists that can be ordered whole, without a filter from their page."""

OF_FIGURES = ("figures", "counted")
"""Lists about the centre or agency whose figures are shown, named `of` in the address."""


class OrderForm(Form):
    """The file format, the centre, and whether to include senders."""

    form = RadioField(_l("Form of the file"), choices=[(form, FORMS[form]) for form in TABLES], default="xlsx")
    centre = SelectField(_l("Centre"))
    with_identity = BooleanField(_l("With name, telephone and e-mail of who sent the reports"))
    reason = TextAreaField(_l("Reason for taking them out"), validators=[at_most(LONGEST_REASON)])


@bp.get("/exports")
@performs(Action.EXPORT_LIST)
def outputs() -> ResponseReturnValue:
    before = number_in(request.args.get("before", ""))
    rows = outputs_seen(actor(), before=before)
    kinds = [KINDS[key] for key in WITHOUT_CHOICE if all(may(actor(), action) for action in KINDS[key].needs)]
    return render_template(
        "outputs/outputs.html", rows=rows, kinds=kinds, next=url_for(".outputs", before=rows[-1].id) if len(rows) == PAGE else "",
        is_first=not before, sent=[] if before else outputs_sent_to(actor(), now=now()), may_schedule=may(actor(), Action.SCHEDULE_REPORT),
        **output_words(),
    )  # fmt: skip


@bp.route("/exports/new/<key>", methods=["GET", "POST"])
@performs(Action.EXPORT_LIST)
def new(key: str) -> ResponseReturnValue:
    chosen = found(KINDS.get(key) if key in PARAMETERS else None)
    centres = _centres(chosen)
    if not centres:
        return found(None)
    form = OrderForm()
    form.centre.choices = [(each.ref, local(each.name)) for each in centres]
    asked = request.args.get("centre")
    form.centre.data = form.centre.data or next((each.ref for each in centres if each.ref == asked), centres[0].ref)
    if not form.validate_on_submit():
        return _order_page(chosen, form), 422 if request.method == "POST" else 200
    try:
        with unit_of_work():
            centre_id = next(each.id for each in _centres(chosen) if each.ref == form.centre.data)
            reach = _of(key)
            output = order_output(
                key, form.form.data, _parameters(key), by=actor(), now=now(), centre_id=centre_id,
                agency_id=reach.agency.id if reach is not None and reach.agency is not None else None,
                with_identity=chosen.can_name and bool(form.with_identity.data), reason=form.reason.data,
            )  # fmt: skip
            address = answered_at(url_for(".output", ref=output.ref))
    except OutputRefused as refusal:
        return _order_page(chosen, form, refusal=form.refuse(refusal)), 422
    return redirect(address)


@bp.get("/exports/<ref>")
@performs(Action.EXPORT_LIST)
def output(ref: str) -> ResponseReturnValue:
    return render_template("outputs/output.html", row=found(output_seen(actor(), ref)), **output_words())


@bp.get("/exports/<ref>/progress")
@performs(Action.EXPORT_LIST)
def progress(ref: str) -> ResponseReturnValue:
    """The part of the page that changes while the file is made."""
    answer = make_response(render_template("outputs/progress.html", row=found(output_seen(actor(), ref)), **output_words()))
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@bp.get("/exports/<ref>/file")
@performs(Action.EXPORT_LIST)
def file(ref: str) -> ResponseReturnValue:
    """Download the file, for the person who ordered it and may still have it, until it expires. Each download is counted."""
    row_id = found(output_seen(actor(), ref)).id
    try:
        with unit_of_work(keeps_rows=True):
            row = db.session.scalars(_locked(row_id)).one()
            kept = file_of(row, by=actor(), now=now())
            if request.method != "HEAD":
                count_fetched(row, by=actor(), now=now())
    except OutputRefused as refusal:
        flash(local(refusal.text), "wait")
        return redirect(url_for(".output", ref=ref)) if request.method == "GET" else found(None)
    response = Response(opened_first(_pieces(open_copy(kept, store=file_store()))), mimetype=kept.media_type)
    response.content_length = kept.size
    response.headers["Content-Disposition"] = f'attachment; filename="{row.name}"'
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@bp.post("/exports/<ref>/retry")
@performs(Action.EXPORT_LIST)
def retry(ref: str) -> ResponseReturnValue:
    return _done(ref, lambda row: retry_output(row, by=actor(), now=now()))


@bp.post("/exports/<ref>/deletion")
@performs(Action.EXPORT_LIST)
def delete(ref: str) -> ResponseReturnValue:
    answer = _done(ref, lambda row: drop_output(row, by=actor(), now=now()), to=url_for(".outputs"))
    flash(_("The file is deleted."))
    return answer


def _done(ref: str, act: Any, *, to: str = "") -> ResponseReturnValue:
    row_id = found(output_seen(actor(), ref)).id
    try:
        with unit_of_work():
            act(db.session.scalars(_locked(row_id)).one())
    except OutputRefused as refusal:
        flash(local(refusal.text), "wait")
    return redirect(to or url_for(".output", ref=ref))


def _locked(row_id: int) -> Any:
    query = select(Output).where(Output.id == row_id).execution_options(populate_existing=True)
    return query if db.session.get_bind().dialect.name == "sqlite" else query.with_for_update()


def _parameters(kind: str) -> dict[str, str]:
    given = {name: request.args.get(name, "")[:LONGEST].strip() for name in PARAMETERS[kind]}
    if kind == "figures" and not given["period"]:
        given["period"] = f"{now().astimezone(LOCAL_ZONE):%Y-%m}"
    return {name: value for name, value in given.items() if value and not (kind in OF_FIGURES and name == "of")}


def _of(kind: str) -> Reach | None:
    """The scope of the figures, as their page reads it; None for other lists."""
    return found(reach_named(reaches_of(actor()), request.args.get("of", ""))) if kind in OF_FIGURES else None


def _centres(kind: Kind) -> list[Centre]:
    """The centres to choose from. Figures belong to the centre of their page, even an ended one read by its successor."""
    reach = _of(kind.key)
    if reach is not None and reach.agency is None:
        return [reach.centre] if all(may_in_centre(actor(), action, reach.centre.id) for action in kind.needs) else []
    return [each for each in centres_ordered_in(kind, by=actor()) if reach is None or each.id == reach.centre.id]


def _order_page(kind: Kind, form: OrderForm, *, refusal: str = "") -> str:
    may_name = kind.can_name and may(actor(), Action.EXPORT_IDENTITY)
    return render_template(
        "outputs/order.html", kind=kind, form=form, refusal=refusal, may_name=may_name, most_named=MOST_NAMED,
        has_filter=bool(_parameters(kind.key)) and kind.key not in OF_FIGURES, words=request.args.get("q", "")[:LONGEST],
        days=value_of("export_days"), hours=value_of("identity_export_hours"), here=this_address(),
        has_centres=len(form.centre.choices) > 1,
    )  # fmt: skip


def output_words() -> dict[str, Any]:
    return {
        "forms": FORMS, "states": STATES, "kinds_named": {key: kind.name for key, kind in KINDS.items()}, "working": WORKING,
        "most_attempts": MOST_ATTEMPTS, "error_of": _error_of, "moment": now(),
        "may_retry": lambda row: row.schedule_id is None or may_schedule(actor(), row.centre_id), "label_of": _label_of,
        "is_over": lambda row: row.state == "expired" or (row.expires_at is not None and row.expires_at <= now()),
    }  # fmt: skip


def _error_of(row: Output) -> str:
    return local(Bilingual(row.error, row.error_en or row.error)) if row.error else ""


def _label_of(row: Output) -> str:
    """The period of a scheduled or ordered report."""
    label, period = (row.parameters.get(name) for name in ("label", "period"))
    if isinstance(label, list):
        return local(Bilingual(*label))
    try:
        return local(label_of(str(period))) if period else ""
    except NoSuchPeriod:
        return ""


def _pieces(opened: BinaryIO) -> Iterator[bytes]:
    with opened:
        while piece := opened.read(PIECE):
            yield piece
