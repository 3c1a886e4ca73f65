"""Reminders and letters for what was ticked in the list of late work: each in its own unit of work, what is refused stops no other."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from casework.cases import lock_case
from casework.clocks.reminders import RemindInput, owing_agencies
from casework.db import unit_of_work
from casework.documents.letters import is_owed_late, usual_reply_day, write_late_letter
from casework.errors import CaseworkError
from casework.models import Agency, Assignment
from casework.permissions import OPERATIONS, Action, require
from casework.permissions.sight import case_seen_by
from casework.sent_once import SentBefore
from web.clock import now
from web.guards import actor, found, performs
from web.inbox.late import LateLetterForm
from web.locales import in_reader_language as local
from web.sent_forms import may_repeat, sending_part
from workflows.desks.late_cases import late_agency, late_chosen
from workflows.running.acts import act
from workflows.running.steps import TaskUnknown

bp = Blueprint("late_bulk", __name__)

MOST_AT_ONCE = 50
"""The most parts reminded of, or written about, at once."""

Group = tuple[Agency, list[Assignment]]


@bp.post("/late/remind")
@performs(Action.REMIND)
@may_repeat
def remind() -> ResponseReturnValue:
    groups = _groups()
    parts = [(row.ref, row.id, row.case.id, row.case.ref, row.case.code) for _agency, rows in groups for row in rows]
    if refusal := _refusal_of(len(parts)):
        return _to_list(refusal)
    by, refused = actor(), []
    for ref, part_id, case_id, case_ref, code in parts:

        def remind_one(part_id: int = part_id, case_id: int = case_id, case_ref: str = case_ref) -> None:
            case, moment = lock_case(case_id), now()
            if case_seen_by(by, case_ref) is None:
                raise TaskUnknown
            require(by, Action.REMIND, case)
            for row in owing_agencies(case, assignment_id=part_id):
                act(case_ref, "remind", by=by, now=moment, given=RemindInput(assignment=row))

        if why := _done(ref, remind_one):
            refused.append(f"{code}: {why}")
    done = len(parts) - len(refused)
    if done:
        said = ngettext("%(num)s reminder sent.", "%(num)s reminders sent.", done)
        flash(f"{said} {_('Agencies: %(names)s.', names=', '.join(local(agency.short_name) for agency, _rows in _groups()))}")
    return _to_list(" ".join(refused))


@bp.post("/late/letters")
@performs(Action.WRITE_LETTER)
@may_repeat
def letters() -> ResponseReturnValue:
    """First shows what will be written, then writes one letter for each agency."""
    groups = [(agency, rows) for agency, rows in _groups() if actor().holds(OPERATIONS, centre_id=agency.centre_id)]
    if refusal := _refusal_of(sum(len(rows) for _agency, rows in groups)):
        return _to_list(refusal)
    form = LateLetterForm()
    if request.form.get("sent") != "yes":
        form.reply_by.data = usual_reply_day(groups[0][0].centre_id, now())
        for field in form:
            field.errors = []
        return _asked(groups, form)
    if not form.validate_on_submit():
        return _asked(groups, form), 422
    reply_by, words, refused, written = form.reply_by.data, form.words.data or "", [], 0
    for agency_ref, name, refs in [(agency.ref, local(agency.short_name), {row.ref for row in rows}) for agency, rows in groups]:

        def write_one(agency_ref: str = agency_ref, refs: set[str] = refs) -> None:
            agency = found(late_agency(actor(), agency_ref))
            rows = [row for row in late_chosen(actor(), refs, (), now=now(), limit=MOST_AT_ONCE) if is_owed_late(row, now())]
            write_late_letter(agency=agency, assignments=rows, reply_by=reply_by, words=words, by=actor(), now=now())

        if why := _done(agency_ref, write_one):
            refused.append(f"{name}: {why}")
        else:
            written += 1
    if not written:
        return _asked(groups_again(groups), form, refusal=" ".join(refused)), 422
    flash(ngettext("%(num)s letter is written, and the agency has been told.",
                   "%(num)s letters are written, and the agencies have been told.", written))  # fmt: skip
    return _to_list(" ".join(refused))


def groups_again(groups: list[Group]) -> list[Group]:
    """The same choice, read anew after a refusal ended the session of the rows."""
    return _groups() or groups


def _done(part: str, work: Callable[[], object]) -> str:
    """Do one of several things in its own unit of work; why not, if it was refused. Sent a second time it counts as done."""
    try:
        with sending_part(part), unit_of_work():
            work()
    except SentBefore:
        return ""
    except CaseworkError as refusal:
        return local(refusal.text)
    return ""


def _groups() -> list[Group]:
    """What was ticked and is still late and to be answered, by agency: single parts, and whole agencies."""
    parts, agencies = set(request.form.getlist("part")), set(request.form.getlist("agency"))
    rows = late_chosen(actor(), parts, agencies, now=now(), limit=MOST_AT_ONCE + 1) if parts or agencies else []
    found_rows: dict[int, Group] = {}
    for row in rows:
        found_rows.setdefault(row.agency_id, (row.agency, []))[1].append(row)
    return list(found_rows.values())


def _refusal_of(number: int) -> str:
    if not number:
        return str(_("Please tick at least one late case first."))
    if number > MOST_AT_ONCE:
        return str(_("At most %(most)d cases are done at once. Please tick fewer.", most=MOST_AT_ONCE))
    return ""


def _to_list(refusal: str) -> ResponseReturnValue:
    if refusal:
        flash(refusal, "wait")
    return redirect(url_for("late.late"))


def _asked(groups: list[Group], form: LateLetterForm, *, refusal: str = "") -> str:
    context: dict[str, Any] = {"groups": groups, "form": form, "refusal": refusal}
    return render_template("inbox/late_letters.html", **context)
