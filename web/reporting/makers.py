"""Makers of ordered documents: case files, reports, sheets and yearbooks, as PDF, workbook or data."""

from typing import Any

import orjson
from flask import current_app
from flask_babel import force_locale

from casework.bilingual import Bilingual
from casework.casefile.views import clocks_of
from casework.db import db
from casework.documents.kinds import AGENCY_SHEET, PERIOD_REPORT, YEARBOOK
from casework.documents.letters import letters_within
from casework.documents.periodic import ROWS, refuse_reading
from casework.files.local import FileStore
from casework.local_time import LOCAL_ZONE
from casework.models import Agency, Case, Letter, Output
from casework.outputs import OutputRefused, output_seen
from casework.permissions import Actor
from casework.permissions.sight import case_seen_by
from casework.photos.records import open_copy
from reports.agency_sheet import AgencySheet
from reports.agency_sheet import figures_table as sheet_table
from reports.case_file import case_file_data, case_file_pdf
from reports.case_file_pictures import printed_pictures
from reports.case_file_reading import CaseFileContent, case_file_of
from reports.letters import page_of, sheets_of
from reports.period_report import PeriodReport, part_tables
from reports.periodic import Document, document_of, document_pdf
from reports.sheets import Grid
from reports.tables.table import Column, Table
from reports.tables.writing import MEDIA_TYPES, write_table
from reports.yearbook import Yearbook
from reports.yearbook import part_tables as book_tables
from web.outputs.making import MAKERS, Made, Progress
from web.reporting.gathering import Gathered, gather, page_for
from workflows.running.drawn_steps import names_in_case

PDF = "application/pdf"
NAMES = {PERIOD_REPORT: "bao-cao", AGENCY_SHEET: "phieu-don-vi", YEARBOOK: "nien-giam"}


def make_case_file(output: Output, progress: Progress) -> Made:
    """A case file with what the person ordering may read now."""
    case = case_seen_by(progress.by, str(output.parameters.get("case") or ""))
    if case is None:
        raise OutputRefused("Không tìm thấy vụ việc.", "The case was not found.")
    with force_locale("vi"):
        return case_file(case, by=progress.by, progress=progress, form=output.form, store=current_app.extensions["file_store"])


def case_file(case: Case, *, by: Actor, progress: Progress, form: str, store: FileStore, printed_by: str = "") -> Made:
    """Read the case, scale its pictures and set it; each picture is one step of the progress."""
    read: CaseFileContent = case_file_of(case, by=by, now=progress.now, step_names=_step_names(case), printed_by=printed_by)
    name = f"ho-so-{case.code}"
    if form == "json":
        return Made(case_file_data(read.file), f"{name}.json", MEDIA_TYPES["json"])
    total, pictures = len(read.copies) + 1, {}
    for number, (picture, data) in enumerate(printed_pictures(read.copies, store=store), start=1):
        pictures[picture] = data
        progress.tell(number, total)
    return Made(case_file_pdf(read.file, pictures, verify_page=_verify_page()), f"{name}.pdf", PDF)


def make_document(output: Output, progress: Progress) -> Made:
    """A report, sheet or yearbook: from a written letter, from a preview, or counted now."""
    with force_locale("vi"):
        if ref := output.parameters.get("letter"):
            return _of_letter(str(ref), progress)
        gathered = _gathered(output, progress)
        return written(output.kind, gathered, centre_id=output.centre_id, form=output.form, progress=progress,
                       store=current_app.extensions["file_store"])  # fmt: skip


def written(kind: str, gathered: Gathered, *, centre_id: int, form: str, progress: Progress, store: FileStore) -> Made:
    document = gathered.document
    name = f"{NAMES[kind]}-{_name_of(document)}-{progress.now.astimezone(LOCAL_ZONE):%Y%m%d}"
    if form == "json":
        told = {"kind": kind, "snapshot_id": gathered.snapshot_id, "told": document.told()}
        return Made(orjson.dumps(told, option=orjson.OPT_INDENT_2), f"{name}.json", MEDIA_TYPES["json"])
    if form == "xlsx":
        path = progress.folder / "tables.xlsx"
        write_table(_flat(document), "xlsx", path, made_at=progress.now)
        return Made(path, f"{name}.xlsx", MEDIA_TYPES["xlsx"])
    html = page_for(kind, document, centre_id=centre_id, now=progress.now)
    made = Made(document_pdf(document, html, store=store), f"{name}.pdf", PDF)
    progress.tell(2, 2)
    return made


def preview_of(output: Output, *, store: FileStore) -> tuple[str, dict[str, Any], int | None]:
    """Read a finished preview: kind, content, row of the frozen figures. Raises OutputRefused when it is gone."""
    if output.file is None or output.file.erased_at is not None:
        raise OutputRefused("Bản xem trước không còn.", "The preview is gone.")
    with open_copy(output.file, store=store) as opened:
        kept = orjson.loads(opened.read())
    return str(kept["kind"]), dict(kept["told"]), kept["snapshot_id"]


def _gathered(output: Output, progress: Progress) -> Gathered:
    store: FileStore = current_app.extensions["file_store"]
    agency = db.session.get(Agency, output.agency_id) if output.agency_id is not None else None
    refuse_reading(output.kind, by=progress.by, centre_id=output.centre_id, agency=agency)
    if ref := output.parameters.get("preview"):
        before = output_seen(progress.by, str(ref))
        if before is not None and before.kind == output.kind and before.form == "json" and before.state == "ready":
            kind, told, snapshot_id = preview_of(before, store=store)
            return Gathered(document_of(kind, told), snapshot_id)
    return gather(output.kind, str(output.parameters.get("period") or ""), centre_id=output.centre_id, agency=agency, by=progress.by,
                  now=progress.now, tell=progress.tell)  # fmt: skip


def _of_letter(ref: str, progress: Progress) -> Made:
    """The sheets of a letter that has no number yet, limited to what the person ordering may read."""
    letter = db.session.scalars(letters_within(progress.by).where(Letter.ref == ref)).first()
    if letter is None or letter.withdrawn_at is not None or letter.given_number is not None:
        raise OutputRefused("Không tìm thấy văn bản.", "The document was not found.")
    html, name = page_of(letter, reader=progress.by), f"{NAMES.get(letter.kind, 'van-ban')}-du-thao.pdf"
    return Made(sheets_of(letter, html, store=current_app.extensions["file_store"]), name, PDF)


def _flat(document: Document) -> Table:
    """All tables of a document below each other, with a column for the table's name to filter by."""
    grids: list[Grid] = []
    if isinstance(document, PeriodReport):
        grids = part_tables(document)
    elif isinstance(document, Yearbook):
        grids = book_tables(document)
    elif isinstance(document, AgencySheet):
        grids = [sheet_table(document)]
    heads = grids[0].columns[1:] if grids else ()
    columns = [Column("table", "Bảng", width=24), Column("name", "Tên", width=40),
               *(Column(f"c{place}", column.title, "text", 14) for place, column in enumerate(heads))]  # fmt: skip
    rows = [(grid.title or "Chỉ tiêu", row[0], *map(_cell, row[1:])) for grid in grids for row in grid.rows]
    typed = [
        column if place < 2 or not all(isinstance(row[place], (int, float)) or row[place] is None for row in rows)
        else Column(column.key, column.name, "decimal" if any(isinstance(row[place], float) for row in rows) else "integer", column.width)
        for place, column in enumerate(columns)
    ]  # fmt: skip
    return Table(_title(document), typed, rows, notes=[("Kỳ", _title(document))])


def _cell(words: str) -> Any:
    """Numbers as numbers, so that a workbook can calculate; words unchanged."""
    if words == "–":
        return None
    plain = words.replace(".", "").replace(",", ".")
    try:
        return float(plain) if "," in words else int(plain)
    except ValueError:
        return words


def _title(document: Document) -> str:
    return f"Năm {document.year}" if isinstance(document, Yearbook) else document.label


def _name_of(document: Document) -> str:
    return str(document.year) if isinstance(document, Yearbook) else document.name


def _step_names(case: Case) -> dict[str, Bilingual]:
    return dict(names_in_case(case.id, {clock.element for clock in clocks_of(case) if clock.element is not None}))


def _verify_page() -> str:
    return f"{current_app.config['BASE_URL'].rstrip('/')}/verify"


MAKERS["case_file"] = make_case_file
MAKERS["letter"] = make_document
for _kind in ROWS:
    MAKERS[_kind] = make_document
