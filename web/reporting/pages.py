"""Period reports, agency sheets and yearbooks: prepared, previewed, commented and written; and case files ordered."""

from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy import select
from wtforms import RadioField, SelectField, TextAreaField
from wtforms.validators import InputRequired

from casework.casefile.printing import order_case_file
from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.documents.files import open_file
from casework.documents.kinds import AGENCY_SHEET, KINDS, PERIOD_REPORT, YEARBOOK
from casework.documents.letters import letters_within
from casework.documents.periodic import (
    IS_OF_PERIOD,
    LONGEST_TEXT,
    NOTHING_TYPED,
    ROWS,
    Typed,
    may_write,
    newest_yearbook,
    refuse_reading,
    write_periodic,
    written_from,
)
from casework.errors import CaseworkError
from casework.models import Agency, Centre, Letter, Output
from casework.outputs import KINDS as OUTPUTS
from casework.outputs import may_in_centre, order_output, output_seen, outputs_seen
from casework.permissions import Action, Actor, NotAllowed, may
from casework.permissions.sight import case_seen_by
from casework.sent_once import answered_at
from reports.official import body_of
from reports.periodic import document_of, with_pictures_under
from reports.statistics.periods import HALF_YEAR, MONTH, QUARTER, WEEK, YEAR, period_at
from reports.statistics.reach import Reach, reaches_of
from web.clock import now
from web.errors import kept_fields
from web.forms import Form
from web.guards import actor, file_store, found, performs
from web.http.replica import may_be_behind
from web.locales import in_reader_language as local
from web.outputs.pages import output_words
from web.reporting.gathering import asked_period, page_for
from web.reporting.makers import preview_of
from web.task_page import at_most

bp = Blueprint("reporting", __name__)

OFFERED = ((MONTH, 6), (QUARTER, 4), (WEEK, 5), (HALF_YEAR, 2), (YEAR, 3))
"""Number of past periods of each kind to choose from, in addition to the present one."""
MOST_SHOWN = 20
WORKING = ("waiting", "making")


class PrepareForm(Form):
    """The document to prepare, its period, and its centre or agency."""

    kind = RadioField(_l("Document"), validators=[InputRequired(_l("Please choose a document."))])
    period = SelectField(_l("Period"))
    of = SelectField(_l("Of"), description=_l("A sheet is of an agency, a report and a yearbook of a centre."))


class WriteForm(Form):
    assessment = TextAreaField(_l("Assessment"), validators=[at_most(LONGEST_TEXT)])
    proposals = TextAreaField(_l("Proposals"), validators=[at_most(LONGEST_TEXT)])
    to = TextAreaField(_l("Addressees"), description=_l("One on each line. Empty: the document has none."), validators=[at_most(2_000)])
    copies = TextAreaField(_l("Copies to"), description=_l("One on each line."), validators=[at_most(2_000)])

    @property
    def typed(self) -> Typed:
        lines = [tuple((field.data or "").splitlines()) for field in (self.to, self.copies)]
        return Typed(self.assessment.data or "", self.proposals.data or "", lines[0], lines[1])


@bp.get("/statistics/reports")
@performs(Action.READ_STATISTICS)
def reports() -> ResponseReturnValue:
    return _reports_page(_prepare_form())


@bp.post("/statistics/reports")
@performs(Action.READ_STATISTICS)
def prepare() -> ResponseReturnValue:
    form = _prepare_form()
    if not form.validate_on_submit():
        return _reports_page(form), 422
    kind = form.kind.data
    try:
        centre, agency = _chosen(form.of.data or "", kind)
        asked_period(kind, form.period.data or "", centre_id=centre.id, now=now())
        refuse_reading(kind, by=actor(), centre_id=centre.id, agency=agency)
        with unit_of_work():
            output = order_output(
                kind, "json", {"period": form.period.data}, by=actor(), now=now(), centre_id=centre.id,
                agency_id=agency.id if agency is not None else None,
            )  # fmt: skip
            address = answered_at(url_for(".preview", ref=output.ref))
    except NotAllowed:
        raise
    except CaseworkError as refusal:
        return _reports_page(form, refusal=form.refuse(refusal)), 422
    return redirect(address)


@bp.get("/statistics/reports/<ref>")
@performs(Action.READ_STATISTICS)
def preview(ref: str) -> ResponseReturnValue:
    """Its progress, then the document as it will print, with the form for the writer's words."""
    return _preview_page(found(_preview(ref)), WriteForm())


@bp.post("/statistics/reports/<ref>")
@performs(Action.READ_STATISTICS)
def write(ref: str) -> ResponseReturnValue:
    """Show it with the words typed so far, have its sheets made, or write it so that it can be numbered."""
    row, form, act = found(_preview(ref)), WriteForm(), request.form.get("act", "preview")
    if row.state != "ready" or not form.validate_on_submit():
        return _preview_page(row, form), 422
    try:
        if act == "write":
            return redirect(url_for("documents_register.document", ref=_written(row, form)))
        if act in ("pdf", "xlsx"):
            return redirect(url_for("outputs.output", ref=_ordered(row, act)))
    except NotAllowed:
        raise
    except CaseworkError as refusal:
        return _preview_page(row, form, refusal=form.refuse(refusal)), 422
    return _preview_page(row, form)


@bp.route("/documents/<ref>/sheets", methods=["GET", "POST"])
@performs(Action.READ_LETTERS)
def letter_sheets(ref: str) -> ResponseReturnValue:
    """Have the worker make the sheets of a long document without a number, which takes seconds."""
    letter = found(db.session.scalars(letters_within(actor()).where(Letter.ref == ref)).first())
    kind = letter.kind if letter.kind in ROWS else "letter"
    if letter.withdrawn_at is not None or letter.given_number is not None or not is_offered(kind, by=actor(), centre_id=letter.centre_id):
        return found(None)
    if request.method == "GET":
        return render_template("reporting/sheets.html", letter=letter, kind=KINDS[letter.kind])
    centre_id, agency_id = letter.centre_id, letter.agency_id
    with unit_of_work():
        output = order_output(kind, "pdf", {"letter": ref}, by=actor(), now=now(), centre_id=centre_id, agency_id=agency_id)
        address = answered_at(url_for("outputs.output", ref=output.ref))
    return redirect(address)


@bp.route("/cases/<ref>/case-file", methods=["GET", "POST"])
@performs(Action.PRINT_CASE_FILE)
def case_file(ref: str) -> ResponseReturnValue:
    """An explanation of case files, and the form to order one."""
    seen = found(case_seen_by(actor(), ref))
    if request.method == "GET":
        return render_template("reporting/case_file.html", case=seen)
    try:
        with unit_of_work():
            output = order_case_file(lock_case(seen.id), by=actor(), now=now())
            address = answered_at(url_for("outputs.output", ref=output.ref))
    except NotAllowed:
        raise
    except CaseworkError as refusal:
        return render_template("reporting/case_file.html", case=found(case_seen_by(actor(), ref)), refusal=local(refusal.text)), 422
    return redirect(address)


@bp.get("/transparency/yearbook")
@performs(Action.READ_PUBLIC)
@may_be_behind
def yearbook() -> ResponseReturnValue:
    """The most recently issued yearbook, as it was issued."""
    prefix = request.args.get("centre", "")
    query = select(Centre).order_by(Centre.is_default.desc(), Centre.id).limit(1)
    centre = found(db.session.scalars(query.where(Centre.code_prefix == prefix) if prefix else query).first())
    letter, kept = found(newest_yearbook(centre.id))
    try:
        with open_file(kept, store=file_store()) as opened:
            response = Response(opened.read(), mimetype="application/pdf")
    except LookupError:
        return found(None)
    year = letter.content["report"]["year"]
    response.headers["Content-Disposition"] = f'inline; filename="nien-giam-{centre.code_prefix}-{year}.pdf"'
    response.headers["Cache-Control"] = "public, max-age=600"
    return response


def _reports_page(form: PrepareForm, *, refusal: str = "") -> str:
    prepared = [row for row in outputs_seen(actor()) if row.kind in ROWS and row.form == "json"]
    written = select_written().limit(MOST_SHOWN)
    return render_template(
        "reporting/reports.html", form=form, refusal=refusal, prepared=prepared, written=list(db.session.scalars(written)), kinds=KINDS,
        may_schedule=may(actor(), Action.SCHEDULE_REPORT), **output_words(),
    )  # fmt: skip


def select_written() -> Any:
    """The period documents the person may see, newest first."""
    return letters_within(actor()).where(IS_OF_PERIOD).order_by(Letter.id.desc())


def is_offered(kind: str, *, by: Actor, centre_id: int) -> bool:
    """Whether the person may have that kind of sheet made; a records clerk only gets issued ones."""
    return all(may_in_centre(by, action, centre_id) for action in OUTPUTS[kind].needs)


def _prepare_form() -> PrepareForm:
    form, reaches = PrepareForm(), reaches_of(actor())
    if not reaches:
        raise NotAllowed
    kinds = (PERIOD_REPORT, AGENCY_SHEET, YEARBOOK) if any(reach.agency is None for reach in reaches) else (AGENCY_SHEET,)
    form.kind.choices = [(kind, local(KINDS[kind].name)) for kind in kinds]
    form.of.choices = [(of, words) for reach in reaches for of, words in _offered(reach)]
    form.period.choices = _periods(reaches[0].centre.id)
    if request.method == "GET":
        form.kind.data = request.args.get("kind") if request.args.get("kind") in kinds else kinds[0]
        form.period.data = request.args.get("period") or form.period.choices[0][0]
    return form


def _offered(reach: Reach) -> list[tuple[str, str]]:
    """A centre with its agencies, or the one agency somebody leads."""
    if reach.agency is not None:
        return [(reach.agency.ref, local(reach.agency.name))]
    query = select(Agency).where(Agency.centre_id == reach.centre.id).order_by(Agency.folded_name, Agency.id).limit(200)
    return [(reach.centre.ref, local(reach.centre.name)), *((row.ref, local(row.name)) for row in db.session.scalars(query))]


def _periods(centre_id: int) -> list[tuple[str, str]]:
    """Past periods of each kind, newest first, and the present ones."""
    found_periods: list[tuple[str, str]] = []
    for kind, number in OFFERED:
        period = period_at(kind, now(), centre_id=centre_id)
        past = []
        for _place in range(number):
            past.append((period.name, local(period.label)))
            period = period.before()
        found_periods += [*past[1:], past[0]]
    return found_periods


def _chosen(ref: str, kind: str) -> tuple[Centre, Agency | None]:
    """The centre and the sheet's agency, limited to what the person may read."""
    for reach in reaches_of(actor()):
        if reach.agency is None and reach.centre.ref == ref:
            return reach.centre, None
        query = select(Agency).where(Agency.ref == ref, Agency.centre_id == reach.centre.id)
        agency = db.session.scalars(query).first()
        if agency is not None and reach.agency in (None, agency):
            return reach.centre, agency if kind == AGENCY_SHEET else None
    return found(None)


def _preview(ref: str) -> Output | None:
    row = output_seen(actor(), ref)
    return row if row is not None and row.kind in ROWS and row.form == "json" else None


def _preview_page(row: Output, form: WriteForm, *, refusal: str = "") -> str:
    shown, letter = None, written_from(row.ref)
    is_over = row.state == "ready" and row.expires_at is not None and row.expires_at <= now()
    if row.state == "ready" and not is_over:
        kind, told, _snapshot_id = preview_of(row, store=file_store())
        typed = form.typed if request.method == "POST" else NOTHING_TYPED
        html = page_for(kind, document_of(kind, told), centre_id=row.centre_id, now=now(), typed=typed)
        shown = Markup(with_pictures_under(body_of(html), request.root_path))
    return render_template(
        "reporting/preview.html", row=row, form=form, refusal=refusal, shown=shown, kind=KINDS[row.kind], letter=letter,
        kept=kept_fields() if request.method == "POST" else [], may_write=may_write(row.kind, by=actor(), centre_id=row.centre_id),
        longest=LONGEST_TEXT, **output_words(),
    )  # fmt: skip


def _written(row: Output, form: WriteForm) -> str:
    kind, told, snapshot_id = preview_of(row, store=file_store())
    centre_id, agency_id, key = row.centre_id, row.agency_id, row.ref
    with unit_of_work():
        agency = db.session.get(Agency, agency_id) if agency_id is not None else None
        letter = write_periodic(
            kind, told, centre_id=centre_id, agency=agency, typed=form.typed, by=actor(), now=now(), snapshot_id=snapshot_id, key=key
        )
        return letter.ref


def _ordered(row: Output, form: str) -> str:
    kind, centre_id, agency_id, of = row.kind, row.centre_id, row.agency_id, row.ref
    period = row.parameters.get("period")
    with unit_of_work():
        output = order_output(
            kind, form, {"period": period, "preview": of}, by=actor(), now=now(), centre_id=centre_id, agency_id=agency_id
        )
        return output.ref
