"""What is late, by agency and source, and the letter that reminds an agency of it."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, TextAreaField
from wtforms.validators import InputRequired, Optional

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
from web.task_page import at_most
from workflows.desks.late_cases import MOST_ROWS as MOST_LISTED
from workflows.desks.late_cases import SOURCES, late_agency, late_list, late_parts_of
from workflows.running.drawn_steps import label_of_step

bp = Blueprint("late", __name__)


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
    chosen, source = request.args.get("agency"), request.args.get("source")
    agency = found(late_agency(actor(), chosen)) if chosen else None
    source = source if source in SOURCES else None
    shown = late_list(actor(), now=now(), agency=agency, source=source)
    return render_template(
        "inbox/late.html",
        late=shown,
        agency=agency,
        source=source,
        sources={key: SOURCE_LABELS[key] for key in SOURCES},
        most=MOST_LISTED,
        titles=titles_of(actor(), [step.task for step in shown.steps]),
        labels={step.task.id: label_of_step(step.task) for step in shown.steps},
        export=export_url("late", agency=chosen, source=source),
        may_write=may(actor(), Action.WRITE_LETTER),
        decides_data=may(actor(), Action.DECIDE_DATA_REQUEST),
        reads_bottlenecks=may(actor(), Action.READ_BOTTLENECKS),
        writes_for=lambda each: actor().holds(OPERATIONS, centre_id=each.centre_id),
    )


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
    chosen = set(request.form.getlist("part"))
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


def _shown(agency: Agency, parts: list[Assignment], form: LateLetterForm, chosen: set[str], *, refusal: str = "") -> str:
    context: dict[str, Any] = {"agency": agency, "parts": parts, "form": form, "chosen": chosen, "refusal": refusal}
    return render_template("inbox/late_write.html", sources=SOURCE_LABELS, **context)
