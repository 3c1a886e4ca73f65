"""Acts on a case other than its waiting steps, each with its own page: shown with its form, done in one unit of work, refused in words."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from casework.casefile.possible_acts import PossibleAct
from casework.casefile.views import publications_of, reads_words, reports_seen, title_seen
from casework.cases import CaseBusy
from casework.errors import CaseworkError
from casework.models import Case
from casework.permissions import Action, NotAllowed, require
from casework.permissions.sight import case_seen_by, seen_by
from casework.states import STAFF_LABELS, CaseState
from casework.taking_back.held_acts import fields_of, own_held
from web.addresses import this_address
from web.clock import now
from web.guards import actor, found, performs
from web.held_here import offer_back
from web.sent_forms import answers_again
from web.steps import (
    acts_agencies,
    acts_apology,
    acts_matter,
    acts_own_work,
    acts_parting,
    acts_pausing,
    acts_publications,
    acts_quarantine,
)
from web.steps.act_page import ACT_PAGES, ActPage
from web.steps.draft_view import as_if_sent, hold_asked
from web.steps.ready_texts import texts_for
from web.steps.where import where_is
from web.task_page import Act
from workflows.running.acts import ActUnknown, act_recorded
from workflows.running.hearing import acts_to_offer
from workflows.running.incidents import StepFailed

bp = Blueprint("case_acts", __name__)

WITH_PAGES = (
    acts_agencies, acts_apology, acts_matter, acts_own_work, acts_parting, acts_pausing, acts_publications,
    acts_quarantine,
)  # fmt: skip
"""Imported so that the pages of these modules are in PAGES."""

PAGES = ACT_PAGES


@bp.route("/cases/<ref>/acts/<verb>", methods=["GET", "POST"])
@performs(Action.ACT_ON_CASE)
@answers_again(lambda ref, verb: _back_to_case(ref))
def act(ref: str, verb: str) -> ResponseReturnValue:
    kind, case = found(PAGES.get(verb)), found(case_seen_by(actor(), ref))
    require(actor(), kind.action(), case)
    if request.method == "GET":
        return _offered(kind, case)
    try:
        page = kind(case, _subject(case, verb))
    except LookupError:
        return found(None)
    wanted = page.act()
    if wanted is None:
        return _shown(page), 200 if page.is_unfinished else 422
    return _performed(page, wanted)


def _offered(kind: type[ActPage], case: Case) -> str:
    """The form if the act can be done now; else a choice of what it may be about, or the words that it cannot be done now."""
    wanted = _subject(case, kind.verb)
    possible = [each for each in acts_to_offer(case, actor(), now()) if each.verb == kind.verb]
    if wanted in possible:
        with as_if_sent(_given_back(case, kind.verb)):
            return _shown(kind(case, wanted))
    return render_template("steps/acts/choose.html", kind=kind, possible=possible, **_case_facts(case))


def _given_back(case: Case, verb: str) -> list[tuple[str, str]] | None:
    """What the person had filled in for it, where that was taken back or could not be carried out."""
    held = own_held(request.args.get("held", ""), by=actor())
    is_back = held is not None and held.case_id == case.id and held.subject == verb and held.returned_at is not None
    return fields_of(held) if held is not None and is_back else None


def _performed(page: ActPage, act: Act) -> ResponseReturnValue:
    assignment = page.subject.assignment if page.is_of_assignment else None
    try:
        done = act_recorded(
            page.case.ref, act.verb, by=actor(), now=now(), assignment_ref=assignment.ref if assignment else None, given=act.given,
            hold=hold_asked(),
        )  # fmt: skip
    except ActUnknown:
        return found(None)
    except (NotAllowed, CaseBusy, StepFailed):
        raise
    except CaseworkError as refusal:
        return _shown(page, refusal=page.form.refuse(refusal)), 422
    if done.held is not None:
        offer_back(done.held, done.case.code)
    else:
        flash(page.said())
    return redirect(_case_or_inbox(seen_by(actor(), done.case)))


def _back_to_case(ref: str) -> str:
    return _case_or_inbox(case_seen_by(actor(), ref))


def _case_or_inbox(case: Case | None) -> str:
    return url_for("cases.case", ref=case.ref) if case is not None else url_for("inbox.inbox")


def _subject(case: Case, verb: str) -> PossibleAct:
    """What the act is about, as named by the address. Raises NotFound for anything that is not of this case."""
    assignment, publication, report = (request.args.get(name) for name in ("assignment", "publication", "report"))
    present = [link.report for link in case.reports if link.left_at is None]
    return PossibleAct(
        verb,
        assignment=found(next((row for row in case.assignments if row.ref == assignment), None)) if assignment else None,
        publication=found(next((row for row in publications_of(case) if row.ref == publication), None)) if publication else None,
        report=found(next((row for row in present if row.ref == report), None)) if report else None,
    )


def _shown(page: ActPage, *, refusal: str = "") -> str:
    return render_template(
        page.template,
        page=page,
        kind=type(page),
        form=page.form,
        address=this_address(),
        refusal=" ".join([*page.refusals, refusal]).strip(),
        reports_seen=reports_seen(page.case, actor()),
        where=where_is(page.case) if reads_words(page.case, actor()) else None,
        **_case_facts(page.case),
        ready=texts_for(page.case, page.ready),
        **page.context(),
    )


def _case_facts(case: Case) -> dict[str, object]:
    by = actor()
    return {
        "case": case,
        "title": title_seen(case, by) or case.code,
        "reads_matter": reads_words(case, by),
        "state": STAFF_LABELS[CaseState(case.state)],
        "runs": case.closed_at is None and case.answered_at is None,
    }
