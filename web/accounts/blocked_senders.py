"""Pages on which the sender of a report is blocked for a while, and the list of blocked senders. Neither says who a sender is."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import IntegerField, TextAreaField
from wtforms.validators import InputRequired

from casework.casefile.views import title_seen
from casework.cases import lock_case
from casework.contacts.blocked_senders import (
    LONGEST_REASON,
    SHORTEST_REASON,
    USUAL_DAYS,
    BlockRefused,
    block_seen,
    block_sender,
    blocks_of,
    blocks_seen,
    can_be_blocked,
    kinds_known,
    lift_block,
)
from casework.contacts.report_links import case_of, newest_links
from casework.db import unit_of_work
from casework.models import Case, Report
from casework.permissions import Action, may, require
from casework.permissions.sight import case_seen_by
from casework.setting_values import value_of
from casework.states import STAFF_LABELS, CaseState
from web.clock import now
from web.forms import Form
from web.guards import actor, found, performs
from web.locales import in_reader_language as local
from web.sent_forms import answers_again
from web.task_page import at_most

bp = Blueprint("contacts_blocked", __name__)

KIND_WORDS = {"account": _l("account"), "device": _l("browser"), "phone": _l("telephone number"), "email": _l("e-mail address")}


class BlockForm(Form):
    reason = TextAreaField(
        _l("Reason"), validators=[at_most(LONGEST_REASON)], description=_l("The sender reads it. Write what was too much, and name nobody.")
    )
    days = IntegerField(
        _l("For how many days"), validators=[InputRequired(_l("Please give a whole number of days."))], default=USUAL_DAYS
    )


@bp.get("/blocked-senders")
@performs(Action.BLOCK_SENDER)
def blocked() -> ResponseReturnValue:
    blocks = blocks_seen(actor(), now=now())
    links = newest_links([block.report.id for block in blocks])
    return render_template(
        "accounts/blocked.html", blocks=[(block, links[block.report.id].case) for block in blocks], kind_words=KIND_WORDS
    )


@bp.route("/cases/<ref>/reports/<report>/block", methods=["GET", "POST"])
@performs(Action.BLOCK_SENDER)
@answers_again(lambda ref, report: url_for("cases.case", ref=ref))
def block(ref: str, report: str) -> ResponseReturnValue:
    case = found(case_seen_by(actor(), ref))
    require(actor(), Action.BLOCK_SENDER, case)
    of = found(next((link.report for link in case.reports if link.left_at is None and link.report.ref == report), None))
    form = BlockForm()
    if request.method == "GET":
        return _page(case, of, form)
    if not form.validate_on_submit():
        return _page(case, of, form), 422
    try:
        with unit_of_work():
            made = block_sender(
                lock_case(case.id), of, by=actor(), now=now(), reason=form.reason.data or "", days=form.days.data or 0
            )
            day = made.last_day
    except BlockRefused as refusal:
        return _page(found(case_seen_by(actor(), ref)), of, form, refusal=form.refuse(refusal)), 422
    flash(_("No reports of this sender are taken until the end of %(day)s. They are told why.", day=f"{day:%d/%m/%Y}"))
    return redirect(url_for("cases.case", ref=ref))


@bp.post("/blocked-senders/<ref>/lift")
@performs(Action.BLOCK_SENDER)
@answers_again(lambda ref: url_for(".blocked"))
def lift(ref: str) -> ResponseReturnValue:
    wanted = found(block_seen(actor(), ref, now=now()))
    case = case_of(wanted.report)
    try:
        with unit_of_work():
            lift_block(lock_case(case.id), wanted, by=actor(), now=now())
    except BlockRefused as refusal:
        flash(local(refusal.text), "wait")
    else:
        flash(_("The block is lifted, and its sender is told."))
    return redirect(url_for(".blocked"))


def _page(case: Case, report: Report, form: BlockForm, *, refusal: str = "") -> str:
    return render_template(
        "accounts/block.html",
        case=case,
        report=report,
        title=title_seen(case, actor()) or case.code,
        state=STAFF_LABELS[CaseState(case.state)],
        form=form,
        most=value_of("block_days", case.centre_id),
        shortest=SHORTEST_REASON,
        known=kinds_known(report),
        blocks=blocks_of(report, now=now()),
        refusal=refusal,
    )


def blockable(case: Case) -> list[Report]:
    """The reports of the case whose senders the person may block. The case page calls it, so it reads nothing that page has not read."""
    if case.quarantined_at is not None or not may(actor(), Action.BLOCK_SENDER, case):
        return []
    return [link.report for link in case.reports if link.left_at is None and can_be_blocked(link.report)]
