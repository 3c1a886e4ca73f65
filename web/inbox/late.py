"""What is late, by agency and source, and the letter that reminds an agency of it."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, TextAreaField
from wtforms.validators import InputRequired, Optional

from casework.bilingual import Bilingual
from casework.db import unit_of_work
from casework.documents.letters import LONGEST_WORDS, MOST_ROWS, is_owed_late, usual_reply_day, write_late_letter
from casework.errors import CaseworkError
from casework.models import Agency, Assignment
from casework.permissions import OPERATIONS, Action, may
from casework.sent_once import answered_at
from web.clock import now
from web.exports.links import export_url
from web.forms import Form
from web.guards import actor, found, performs
from web.inbox.rows import titles_of
from web.inbox.source_labels import SOURCE_LABELS
from web.locales import in_reader_language as local
from web.task_page import at_most
from workflows.desk_access import leads_desk
from workflows.desks.late_cases import MOST_ROWS as MOST_LISTED
from workflows.desks.late_cases import SOURCES, LateList, LateRow, late_agency, late_list, late_parts_of, narrowed_late
from workflows.running.drawn_steps import label_of_step

bp = Blueprint("late", __name__)

OFTEN = 2
"""From so many reminders on, another one is not what helps."""


ONLY: dict[str, Callable[[LateRow], bool]] = {
    "reminded": lambda row: row.reminded >= OFTEN, "apology": lambda row: row.owes_apology,
}  # fmt: skip
ONLY_NAMES = {
    "reminded": Bilingual("Nhắc từ 2 lần", "Reminded twice or more"),
    "apology": Bilingual("Cần xin lỗi", "Apology owed"),
}


class LateLetterForm(Form):
    """The agency's deadline for a reply, and a text in addition to the list."""

    reply_by = DateField(
        _l("Reply by the end of"),
        validators=[InputRequired(_l("Please choose the last day."))],
        description=_l("A working day from tomorrow on."),
    )
    words = TextAreaField(
        _l("Words to add"),
        validators=[Optional(), at_most(LONGEST_WORDS)],
        description=_l("They stand in the letter as they are. Please name no citizen."),
    )


@bp.get("/late")
@performs(Action.READ_LATE)
def late() -> ResponseReturnValue:
    chosen, source, only = (request.args.get(name, "") for name in ("agency", "source", "only"))
    agency = found(late_agency(actor(), chosen)) if chosen else None
    source = source if source in SOURCES else ""
    only = only if only in ONLY else ""
    whole = late_list(actor(), now=now(), agency=agency, source=source or None)
    shown = narrowed_late(whole, ONLY[only]) if only else whole
    return render_template(
        "inbox/late.html",
        late=shown,
        agency=agency,
        chips=_chips(whole, agency, source, only),
        chosen=only or source,
        narrowing=narrowing(),
        sources={key: SOURCE_LABELS[key] for key in SOURCES},
        most=MOST_LISTED,
        titles=titles_of(actor(), [step.task for step in shown.steps]),
        labels={step.task.id: label_of_step(step.task) for step in shown.steps},
        export=export_url("late", agency=chosen or None, source=source or None),
        may_write=may(actor(), Action.WRITE_LETTER),
        reads_map=may(actor(), Action.READ_OPEN_MAP),
        may_remind=may(actor(), Action.REMIND),
        ticks=actor().holds(OPERATIONS),
        may_give=lambda task: leads_desk(actor(), task.desk),
        decides_data=may(actor(), Action.DECIDE_DATA_REQUEST),
        reads_bottlenecks=may(actor(), Action.READ_BOTTLENECKS),
        writes_for=lambda each: actor().holds(OPERATIONS, centre_id=each.centre_id),
    )


def narrowing() -> dict[str, Any]:
    """How the list is narrowed, or was when a form on it was sent."""
    return {name: request.args[name] for name in ("agency", "source", "only") if request.args.get(name)}


def list_address() -> str:
    return url_for("late.late", **narrowing())


def _chips(late: LateList, agency: Agency | None, source: str, only: str) -> list[tuple[str, str, int | None, str]]:
    """The ways to narrow the list: key, words, how many where that is known, and the address."""
    of = agency.ref if agency is not None else None
    is_whole = not source
    rows = late.rows
    chips = [("", str(_("All")), len(rows) + len(late.steps) if is_whole else None, url_for(".late", agency=of))]
    for key, condition in ONLY.items():
        number = sum(map(condition, rows)) if is_whole else None
        if number or key == only:
            chips.append((key, local(ONLY_NAMES[key]), number, url_for(".late", agency=of, only=key)))
    for key in SOURCES:
        number = sum(row.assignment.case.source == key for row in rows) if is_whole else None
        if number or number is None or key == source:
            chips.append((key, str(SOURCE_LABELS[key]), number, url_for(".late", agency=of, source=key)))
    return chips


@bp.route("/late/<ref>/letter", methods=["GET", "POST"])
@performs(Action.WRITE_LETTER)
def write(ref: str) -> ResponseReturnValue:
    agency = found(late_agency(actor(), ref))
    if not actor().holds(OPERATIONS, centre_id=agency.centre_id):
        return found(None)
    form = LateLetterForm()
    parts = late_parts_of(actor(), agency, now=now(), limit=MOST_ROWS)
    if request.method == "GET":
        form.reply_by.data = usual_reply_day(agency.centre_id, now())
        return _shown(agency, parts, form, {row.ref for row in parts})
    chosen, listed = set(request.form.getlist("part")), {row.ref for row in parts}
    if chosen & listed and chosen - listed:
        # a letter says what was looked at
        return _shown(agency, parts, form, chosen, refusal=changed_since_shown()), 422
    if not form.validate_on_submit():
        return _shown(agency, parts, form, chosen), 422
    try:
        with unit_of_work():
            again = found(late_agency(actor(), ref))
            late = late_parts_of(actor(), again, now=now(), limit=MOST_ROWS)
            rows = [row for row in late if row.ref in chosen and is_owed_late(row, now())]
            letter = write_late_letter(
                agency=again, assignments=rows, reply_by=form.reply_by.data, words=form.words.data or "", by=actor(), now=now()
            )
            address = answered_at(url_for("documents_register.document", ref=letter.ref))
    except CaseworkError as refusal:
        agency = found(late_agency(actor(), ref))
        parts = late_parts_of(actor(), agency, now=now(), limit=MOST_ROWS)
        return _shown(agency, parts, form, chosen, refusal=form.refuse(refusal)), 422
    flash(_("The letter is written, and the agency has been told."))
    return redirect(address)


def changed_since_shown() -> str:
    return str(_("What is late has changed since this page was shown. Please look at it again."))


def _shown(agency: Agency, parts: list[Assignment], form: LateLetterForm, chosen: set[str], *, refusal: str = "") -> str:
    context: dict[str, Any] = {"agency": agency, "parts": parts, "form": form, "chosen": chosen, "refusal": refusal}
    return render_template("inbox/late_write.html", sources=SOURCE_LABELS, **context)
