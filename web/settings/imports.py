"""Import of people, agencies and areas: a template, a file previewed before it is imported, and the present rows as a file."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from casework.db import unit_of_work
from casework.errors import CaseworkError
from casework.local_time import LOCAL_ZONE, local_day
from casework.models import StagedImport
from casework.permissions import Action, NotAllowed
from casework.settings.exports import exported
from casework.settings.importing.examples import LISTS, template_lists, template_rows
from casework.settings.importing.file_columns import COLUMNS, NAMES
from casework.settings.importing.planning import ImportPlan
from casework.settings.importing.staging import (
    MOST_ROWS_OF,
    hand_out_passwords,
    is_kind,
    plan_of,
    read_file,
    stage_import,
    staged_by,
    take_over,
)  # fmt: skip
from casework.settings.importing.tables import MOST_BYTES, MOST_ROWS, write_csv, write_workbook
from casework.settings.scopes import centres_of
from web.accounts.password_rules import new_start_password
from web.clock import now
from web.files.scanning import refuse_infected
from web.forms import Form, Refusal, refusal_of
from web.guards import alone, found, performs
from web.locales import in_reader_language as local
from web.sent_forms import may_repeat

bp = Blueprint("settings_imports", __name__)

FORMS = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "csv": "text/csv; charset=utf-8"}
MOST_SHOWN = 200
"""Rows listed in a preview, faulty ones first."""


@bp.route("/settings/imports/<kind>", methods=["GET", "POST"])
@performs(Action.MANAGE_PEOPLE)
def imports(kind: str) -> ResponseReturnValue:
    """Upload a file, which is read and staged, but not imported yet."""
    form, today = Form(), local_day(now())
    _known(kind)
    if request.method == "GET":
        return _send_page(kind, form)
    file = request.files.get("file")
    if not form.validate_on_submit() or file is None or not file.filename:
        return _send_page(kind, form, Refusal(_("Please choose a file."), "file")), 422
    data = file.stream.read(MOST_BYTES + 1)
    try:
        refuse_infected(data, file.filename)
        sent = read_file(kind, data=data, file_name=file.filename)
        with unit_of_work():
            centres = centres_of(alone(), on=today)
            centre = next((each for each in centres if each.ref == request.form.get("centre")), None)
            corrects_names = request.form.get("corrects_names") == "yes"
            staged = stage_import(sent, by=alone(), now=now(), centre=centre, corrects_names=corrects_names)
            ref = staged.ref
    except NotAllowed:
        raise
    except CaseworkError as refusal:
        return _send_page(kind, form, Refusal(local(refusal.text), "file")), 422
    return redirect(url_for(".staged", kind=kind, ref=ref))


@bp.route("/settings/imports/<kind>/<ref>", methods=["GET", "POST"])
@performs(Action.MANAGE_PEOPLE)
def staged(kind: str, ref: str) -> ResponseReturnValue:
    """Preview the file, then import it. Start passwords are generated and hashed before the unit of work, which others wait for."""
    row, form = _staged(kind, ref), Form()
    if request.method == "GET" or row.done_at is not None:
        return _look_page(row, form)
    plan = plan_of(row, by=alone(), now=now())
    if not form.validate_on_submit():
        return _look_page(row, form, plan), 422
    made = {login: new_start_password() for login in plan.new_logins}
    try:
        with unit_of_work():
            take_over(
                _staged(kind, ref), by=alone(), now=now(), digest=request.form.get("digest", ""), reason=request.form.get("reason", ""),
                passwords={login: password for login, (password, _hash) in made.items()},
                hashes={login: hashed for login, (_password, hashed) in made.items()},
            )  # fmt: skip
    except NotAllowed:
        raise
    except CaseworkError as refusal:
        return _look_page(_staged(kind, ref), form, refusal=refusal_of(refusal, {"reason": "reason"})), 422
    flash(_("The file is taken over."))
    return redirect(url_for(".staged", kind=kind, ref=ref))


@bp.post("/settings/imports/<kind>/<ref>/passwords")
@performs(Action.MANAGE_PEOPLE)
@may_repeat
def passwords(kind: str, ref: str) -> ResponseReturnValue:
    """The start passwords, shown once: as a page, or as a file."""
    row = _staged(kind, ref)
    if not Form().validate_on_submit():
        return _look_page(row, Form()), 422
    try:
        with unit_of_work():
            handed = hand_out_passwords(_staged(kind, ref), by=alone(), now=now())
    except CaseworkError as refusal:
        return _look_page(_staged(kind, ref), Form(), refusal=refusal_of(refusal, {})), 422
    form = request.form.get("form", "")
    if form in FORMS:
        table = [[_("User name"), _("Start password")], *([login, password] for login, password in handed.items())]
        return _file(table, "passwords", form)
    return render_template("settings/people/passwords.html", passwords=handed, kind=kind)


@bp.get("/settings/imports/<kind>/template.<form>")
@performs(Action.MANAGE_PEOPLE)
def template(kind: str, form: str) -> ResponseReturnValue:
    """An empty table with headings and an example; a workbook lists the possible values on a second sheet."""
    _known(kind)
    by, today = alone(), local_day(now())
    beside = {local(LISTS): template_lists(kind, by=by, today=today)} if form == "xlsx" else None
    return _file(template_rows(kind, by=by, today=today), f"{kind}-template", form, beside)


@bp.get("/settings/exports/<kind>.<form>")
@performs(Action.MANAGE_PEOPLE)
def export(kind: str, form: str) -> ResponseReturnValue:
    """The present rows, as a table that can be imported again."""
    _known(kind)
    return _file(exported(kind, by=alone(), now=now()), f"{kind}-{now().astimezone(LOCAL_ZONE):%Y-%m-%d}", form)


def _file(rows: Sequence[Sequence[Any]], name: str, form: str, beside: dict[str, Any] | None = None) -> Response:
    if form not in FORMS:
        abort(404)
    data = write_csv(rows) if form == "csv" else write_workbook(rows, title=name, beside=beside)
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form}"', "Cache-Control": "no-store"}
    return Response(data, mimetype=FORMS[form], headers=headers)


def _known(kind: str) -> None:
    if not is_kind(kind):
        abort(404)


def _staged(kind: str, ref: str) -> StagedImport:
    return found(staged_by(alone(), kind, ref, now=now()))


def _send_page(kind: str, form: Form, refusal: Refusal | None = None) -> str:
    return render_template(
        "settings/people/import.html", kind=kind, name=NAMES[kind], form=form, refusal=refusal, columns=COLUMNS[kind],
        centres=centres_of(alone(), on=local_day(now())), most_mb=MOST_BYTES // 1_000_000,
        most_rows=MOST_ROWS_OF.get(kind, MOST_ROWS), typed=request.form,
    )  # fmt: skip


def _look_page(row: StagedImport, form: Form, plan: ImportPlan | None = None, refusal: Refusal | None = None) -> str:
    if row.done_at is None:
        plan = plan or plan_of(row, by=alone(), now=now())
    rows = (
        sorted(plan.rows, key=lambda each: (each.status != "faulty", each.status == "unchanged", each.number)) if plan is not None else []
    )
    return render_template(
        "settings/people/staged.html", row=row, name=NAMES[row.kind], form=form, plan=plan, rows=rows[:MOST_SHOWN], all_rows=len(rows),
        counts=plan.counts if plan is not None else row.counts, refusal=refusal, typed=request.form,
    )  # fmt: skip
