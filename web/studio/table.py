"""The table of suggested agencies as a form: rows are added, moved and removed with or without scripts, and saved to the draft."""

from dataclasses import dataclass, field, replace

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from casework.bilingual import Bilingual
from casework.db import unit_of_work
from casework.errors import CaseworkError
from casework.parsing import number_in
from casework.permissions import Action, NotAllowed
from casework.search.staff_choices import agencies_of, fields_of
from web.clock import now
from web.filters import local_datetime
from web.guards import actor, found, performs
from web.locales import in_reader_language as local
from web.studio.versions import KEY_LABELS
from workflows.definitions.findings import ModelFinding
from workflows.definitions.parsed import text_of
from workflows.drafting.drafts import Saved, save_draft
from workflows.models import ProcessVersion
from workflows.routing import rows as routing_rows
from workflows.routing.rows import AREA, COLUMNS, INPUTS, LONGEST_CELL, MOST_ROWS, NotRows, RuleRow
from workflows.routing.table_rows import names_in_tables
from workflows.versions.live import ROUTING, acting, check_version, version_for

bp = Blueprint("studio_table", __name__)

LONGEST_REASON = 150
"""Characters of a reason in one language; the check counts both together."""
NEW = "new"
"""The token of the template row that scripts copy."""
URGENCIES = {"urgent": _l("Urgent"), "normal": _l("Not urgent")}
COLUMN_WORDS = {
    "field": _l("Field of work"),
    "area": _l("Place"),
    "urgency": _l("Urgency"),
    "lead": _l("Leads"),
    "cooperating": _l("Helps"),
}
ANYTHING_WORDS = {"field": _l("any field"), "area": _l("anywhere"), "urgency": _l("any"), "lead": _l("choose")}


@dataclass
class FormRow:
    """A row on the page: `token` names its controls; `kept` are the texts of cells that no control can show."""

    token: str
    id: str
    chosen: dict[str, str] = field(default_factory=dict)
    cooperating: tuple[str, ...] = ()
    kept: dict[str, str] = field(default_factory=dict)
    reason: Bilingual = field(default_factory=lambda: Bilingual("", ""))


@bp.post("/studio/versions/<ref>/table")
@performs(Action.EDIT_PROCESS)
def save(ref: str) -> ResponseReturnValue:
    """Save the rows, or add, move or remove one on the page. With a stale revision they are saved as a separate draft: 409."""
    version = editable(ref)
    found(version if version.key == ROUTING else None)
    rows, act = _rows_sent(), request.form.get("act", "save")
    revision = request.form.get("revision", "")
    if act != "save":
        return table_page(version, rows=_changed(rows, act), revision=revision)
    read_at = number_in(revision)
    if read_at is None:
        return table_page(version, rows=rows, refusal=_("What was sent is no draft.")), 422
    try:
        xml = routing_rows.with_rows(text_of(version), [_row_of(each) for each in rows])
        with unit_of_work():
            saved = save_draft(version, by=actor(), now=now(), xml=xml, revision=read_at, touched=())
    except CaseworkError as refusal:
        return table_page(version, rows=rows, revision=revision, refusal=local(refusal.text)), 422
    if saved.conflict:
        return table_page(saved.version, conflict=saved), 409
    flash(_("The table is saved."))
    return redirect(url_for("studio_editor.edit", ref=ref))


def editable(ref: str) -> ProcessVersion:
    """The version, if the person may edit in its scope. Raises NotFound (404)."""
    version = found(version_for(actor(), ref))
    try:
        acting(actor(), version.centre_id, Action.EDIT_PROCESS)
    except NotAllowed:
        found(None)
    return version


def table_page(
    version: ProcessVersion, *, rows: list[FormRow] | None = None, revision: str = "", refusal: str = "", conflict: Saved | None = None
) -> str:
    """The table of a draft, or the unsaved rows that were typed."""
    is_typed = rows is not None
    try:
        shown = rows if rows is not None else [_form_row(f"r{at}", row) for at, row in enumerate(routing_rows.rows_of(text_of(version)), 1)]
    except NotRows as other_kind:
        shown, refusal = None, local(other_kind.text)
    findings = check_version(version).findings
    return render_template(
        "studio/table.html",
        version=version,
        title=KEY_LABELS[version.key],
        saved_at=local_datetime(version.saved_at or version.created_at),
        revision=revision or version.revision,
        rows=shown,
        blank=FormRow(NEW, ""),
        is_typed=is_typed,
        refusal=refusal,
        conflict=conflict,
        findings=findings,
        row_of=_row_finder(shown or [], findings),
        options=_options(version, shown or []),
        columns=COLUMN_WORDS,
        anything=ANYTHING_WORDS,
        area=AREA,
        longest=LONGEST_REASON,
    )


# -- between form and table --------------------------------------------------------------------------------------------


def _form_row(token: str, row: RuleRow) -> FormRow:
    chosen = {column: routing_rows.key_in(row.cells[column]) for column in (*INPUTS, "lead")}
    together = routing_rows.keys_in(row.cells["cooperating"])
    kept = {column: row.cells[column] for column, key in chosen.items() if key is None}
    if together is None:
        kept["cooperating"] = row.cells["cooperating"]
    return FormRow(token, row.id, {column: key for column, key in chosen.items() if key is not None}, together or (), kept, row.reason)


def _row_of(row: FormRow) -> RuleRow:
    cells = {column: routing_rows.text_of_key(row.chosen.get(column, "")) for column in INPUTS}
    lead = row.chosen.get("lead", "")
    cells["lead"] = routing_rows.text_of_key(lead) if lead else ""
    cells["cooperating"] = routing_rows.text_of_keys(row.cooperating)
    return RuleRow(row.id, {**cells, **row.kept}, row.reason)


def _rows_sent() -> list[FormRow]:
    sent, tokens = request.form, list(dict.fromkeys(request.form.getlist("row")))
    return [
        FormRow(
            token=f"r{number}",
            id=sent.get(f"{token}-id", ""),
            chosen={column: sent.get(f"{token}-{column}", "") for column in (*INPUTS, "lead") if f"{token}-{column}" in sent},
            cooperating=tuple(sent.getlist(f"{token}-cooperating")),
            kept={column: sent[f"{token}-{column}-text"][:LONGEST_CELL] for column in COLUMNS if f"{token}-{column}-text" in sent},
            reason=Bilingual(sent.get(f"{token}-vi", "").strip()[:LONGEST_REASON], sent.get(f"{token}-en", "").strip()[:LONGEST_REASON]),
        )
        for number, token in enumerate(tokens[:MOST_ROWS], 1)
    ]


def _changed(rows: list[FormRow], act: str) -> list[FormRow]:
    """The rows after a button: `add`, or `up`, `down`, `remove` and the row's number."""
    verb, _colon, number = act.partition(":")
    if verb == "add" and len(rows) < MOST_ROWS:
        rows.append(FormRow(f"r{len(rows) + 1}", ""))
    place = (number_in(number) or 0) - 1
    if 0 <= place < len(rows):
        row = rows.pop(place)
        if verb != "remove":
            rows.insert(max(0, place + {"up": -1, "down": 1}.get(verb, 0)), row)
    return [replace(row, token=f"r{at}") for at, row in enumerate(rows, 1)]


def _options(version: ProcessVersion, rows: list[FormRow]) -> dict[str, list[tuple[str, str]]]:
    """The options, including values the table uses although they no longer exist."""
    agencies, words = agencies_of(version.centre_id, now=now()), names_in_tables(version)
    known = {
        "field": [(each.service_code, local(each.name)) for each in fields_of(version.centre_id, now=now())],
        "area": [(each.key, local(each.short_name)) for each in agencies if each.area_id is not None],
        "urgency": [(key, str(words)) for key, words in URGENCIES.items()],
        "lead": [(each.key, local(each.short_name)) for each in agencies],
    }
    for column, choices in known.items():
        keys = {key for key, _words in choices} | {"", AREA}
        used = {row.chosen.get(column, "") for row in rows}
        used |= {key for row in rows for key in row.cooperating} if column == "lead" else set()
        choices += [(key, f"{local(words[key])} ({key})" if key in words else key) for key in sorted(used - keys)]
    return known


def _row_finder(rows: list[FormRow], findings: tuple[ModelFinding, ...]) -> dict[str, int]:
    """The row number of each finding, by the rule or cell it names."""
    elements = {finding.element for finding in findings if finding.element}
    return {
        element: number
        for element in elements
        for number, row in enumerate(rows, 1)
        if row.id and (element == row.id or element in {f"{row.id}_{column}" for column in COLUMNS})
    }
