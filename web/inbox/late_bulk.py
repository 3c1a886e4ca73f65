"""Reminders and letters for what was ticked in the list of late work: each in its own unit of work, what is refused stops no other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from casework.cases import lock_case
from casework.clocks.reminders import RemindInput, refuse_if_just_reminded
from casework.documents.letters import refuse_day, shared_reply_day, write_late_letter
from casework.errors import CaseworkError
from casework.models import Agency, Assignment
from casework.permissions import OPERATIONS, Action, require
from casework.permissions.sight import case_seen_by
from casework.sent_once import SentBefore
from web.clock import now
from web.guards import actor, performs
from web.inbox.late import LateLetterForm, changed_since_shown, list_address, narrowing
from web.locales import in_reader_language as local
from web.sent_forms import may_repeat, sending_part
from workflows.desks.late_cases import late_agency, late_chosen
from workflows.running.acts import act
from workflows.running.incidents import run_recorded

bp = Blueprint("late_bulk", __name__)

MOST_AT_ONCE = 50
"""The most parts reminded of, or written about, at once."""

Group = tuple[Agency, list[Assignment]]


class NoLongerLate(CaseworkError):
    """Between showing and pressing the part was answered, handed back, moved or taken out of the person's sight."""

    def __init__(self) -> None:
        super().__init__("Không còn trễ hạn ở đơn vị này.", "It is no longer late at this agency.")


@dataclass(frozen=True, slots=True)
class TickedPart:
    """A ticked part as it was when the form arrived."""

    ref: str
    case_id: int
    code: str
    agency: str


@bp.post("/late/remind")
@performs(Action.REMIND)
@may_repeat
def remind() -> ResponseReturnValue:
    groups = _groups()
    parts = [TickedPart(row.ref, row.case_id, row.case.code, local(agency.short_name)) for agency, rows in groups for row in rows]
    if refusal := _refusal_of(len(parts)):
        return _to_list([refusal])
    gone = _gone(groups)
    refused: dict[str, list[str]] = {}
    reached: dict[str, int] = {}
    for part in parts:

        def remind_one(part: TickedPart = part) -> None:
            _remind(part)

        if why := _refusal_to(part.ref, remind_one):
            refused.setdefault(why, []).append(part.code)
        else:
            reached[part.agency] = reached.get(part.agency, 0) + 1
    if reached:
        done = sum(reached.values())
        said = ngettext("%(num)s reminder sent.", "%(num)s reminders sent.", done)
        whom = _("Agencies: %(names)s.", names=", ".join(reached))
        flash(f"{said} {whom}")
    return _to_list([*_told_gone(gone), *_told_refused(refused)])


def _remind(part: TickedPart) -> None:
    """Inside a unit of work. Whether it is still late and the person's to see is asked under the lock of its case."""
    by, moment = actor(), now()
    case = lock_case(part.case_id)
    row = next(iter(late_chosen(by, {part.ref}, (), now=moment, limit=1)), None)
    if row is None or row.case_id != case.id or case_seen_by(by, case.ref) is None:
        raise NoLongerLate
    require(by, Action.REMIND, case)
    refuse_if_just_reminded(row, now=moment)
    act(case.ref, "remind", by=by, now=moment, given=RemindInput(assignment=row))


@bp.post("/late/letters")
@performs(Action.WRITE_LETTER)
@may_repeat
def letters() -> ResponseReturnValue:
    """First shows what will be written, then writes one letter for each agency."""
    groups, form = _own_groups(), LateLetterForm()
    if refusal := _refusal_of(sum(len(rows) for _agency, rows in groups)):
        return _to_list([refusal])
    gone = _gone(groups)
    if request.form.get("sent") != "yes":
        form.reply_by.data = shared_reply_day({agency.centre_id for agency, _rows in groups}, now())
        for field in form:
            field.errors = []
        return _asked(groups, form, refusal=" ".join(_told_gone(gone)))
    if gone or _agencies_shown() - {agency.ref for agency, _rows in groups}:
        # a letter says what was looked at
        return _asked(groups, form, refusal=changed_since_shown()), 422
    if not form.validate_on_submit() or not _is_day_of_all(groups, form):
        return _asked(groups, form), 422
    return _written(groups, form)


def _is_day_of_all(groups: Sequence[Group], form: LateLetterForm) -> bool:
    """Whether the day chosen is one every centre may ask a reply by; before any letter is written, since all of them name it."""
    assert form.reply_by.data is not None
    centres = {agency.centre_id: agency.centre for agency, _rows in groups}
    for centre_id, centre in centres.items():
        try:
            refuse_day(centre_id, form.reply_by.data, now())
        except CaseworkError as refusal:
            words = local(refusal.text)
            form.reply_by.errors = [f"{local(centre.name)}: {words}" if len(centres) > 1 else words]
            return False
    return True


def _written(groups: Sequence[Group], form: LateLetterForm) -> ResponseReturnValue:
    reply_by, words, written = form.reply_by.data, form.words.data or "", 0
    refused: dict[str, list[str]] = {}
    for agency_ref, name, refs in [(agency.ref, local(agency.short_name), {row.ref for row in rows}) for agency, rows in groups]:

        def write_one(agency_ref: str = agency_ref, refs: set[str] = refs) -> None:
            agency, moment = late_agency(actor(), agency_ref), now()
            rows = late_chosen(actor(), refs, (), now=moment, limit=MOST_AT_ONCE)
            if agency is None or len(rows) != len(refs):
                raise NoLongerLate
            write_late_letter(agency=agency, assignments=rows, reply_by=reply_by, words=words, by=actor(), now=moment)

        if why := _refusal_to(agency_ref, write_one):
            refused.setdefault(why, []).append(name)
        else:
            written += 1
    if not written:
        return _asked(_own_groups() or groups, form, refusal=" ".join(_told_refused(refused))), 422
    flash(ngettext("%(num)s letter is written, and the agency has been told.",
                   "%(num)s letters are written, and the agencies have been told.", written))  # fmt: skip
    return _to_list(_told_refused(refused))


def _refusal_to(part: str, work: Callable[[], None]) -> str:
    """Do one of several things in its own unit of work; why not, if it was refused. Sent a second time it counts as done."""
    try:
        with sending_part(part):
            run_recorded(work, lambda: None, now=now())
    except SentBefore:
        return ""
    except CaseworkError as refusal:
        return local(refusal.text)
    return ""


# -- what was ticked --------------------------------------------------------------------------------------------------------------


def _groups() -> list[Group]:
    """What was ticked and is still late and to be answered, by agency: single parts, and whole agencies."""
    parts, agencies = set(request.form.getlist("part")), set(request.form.getlist("agency"))
    rows = late_chosen(actor(), parts, agencies, now=now(), limit=MOST_AT_ONCE + 1) if parts or agencies else []
    found_rows: dict[int, Group] = {}
    for row in rows:
        found_rows.setdefault(row.agency_id, (row.agency, []))[1].append(row)
    return list(found_rows.values())


def _own_groups() -> list[Group]:
    """Those of the centres whose operations the person runs."""
    return [(agency, rows) for agency, rows in _groups() if actor().holds(OPERATIONS, centre_id=agency.centre_id)]


def _gone(groups: Sequence[Group]) -> int:
    """How many ticked parts are not late any more, or were answered, moved or taken out of sight."""
    return len(set(request.form.getlist("part")) - {row.ref for _agency, rows in groups for row in rows})


def _agencies_shown() -> set[str]:
    return set(request.form.getlist("to"))


def _refusal_of(number: int) -> str:
    if not number:
        has_ticked = bool(request.form.getlist("part") or request.form.getlist("agency"))
        return str(_("Nothing ticked is late any more.") if has_ticked else _("Please tick at least one late case first."))
    if number > MOST_AT_ONCE:
        return str(_("At most %(most)d cases are done at once. Please tick fewer.", most=MOST_AT_ONCE))
    return ""


def _told_gone(gone: int) -> list[str]:
    words = ngettext("%(num)s ticked case is no longer late and was left out.",
                     "%(num)s ticked cases are no longer late and were left out.", gone)  # fmt: skip
    return [str(words)] if gone else []


def _told_refused(refused: dict[str, list[str]]) -> list[str]:
    """Each reason once, with the codes or names it stopped."""
    return [f"{', '.join(names)}: {why}" for why, names in refused.items()]


def _to_list(told: Sequence[str]) -> ResponseReturnValue:
    if told:
        flash(" ".join(told), "wait")
    return redirect(list_address())


def _asked(groups: Sequence[Group], form: LateLetterForm, *, refusal: str = "") -> str:
    context: dict[str, Any] = {"groups": groups, "form": form, "refusal": refusal, "back": list_address(), "narrowing": narrowing()}
    return render_template("inbox/late_letters.html", **context)
