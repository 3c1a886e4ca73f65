"""Incidents, for administrators: what failed and was undone, and where, never what was typed; they can be retried one by one or
together."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from casework.bilingual import Bilingual
from casework.db import reading_once
from casework.permissions import Action
from web.clock import now
from web.exports.links import export_url
from web.forms import Refusal, refusal_of
from web.guards import actor, found, performs
from web.http.security import allow_inline_style_attributes
from web.incidents.mending import value_words
from web.locales import in_reader_language as local
from web.locales import language
from web.request_log import LOGGER, failure_facts, request_id
from workflows.bindings import BINDINGS
from workflows.definitions.parsed import text_of
from workflows.diagrams import marks_of, named_in
from workflows.mending.acts import CaseUnknown, MendingRefused, recorded
from workflows.mending.process_view import view_of
from workflows.mending.restoring import restore_state
from workflows.models import Incident
from workflows.running.drawn_steps import label_of_step
from workflows.running.fault_reasons import reason_of
from workflows.running.incidents import (
    IncidentUnknown,
    IncidentWaits,
    RetryOutcome,
    StepFailed,
    attempts_of,
    open_incidents,
    retry_many,
    retry_recorded,
    seen_incident,
)
from workflows.running.tokens import tokens_in
from workflows.versions.past import version_at

bp = Blueprint("incidents", __name__)

MOST_SHOWN = 50
KINDS = {"step": _l("A person's step"), "timer": _l("A time limit"), "message": _l("A message between processes")}
"""The kinds of work that can fail."""
OUTCOMES = {
    RetryOutcome.DONE: _l("tried again with success"),
    RetryOutcome.FAILED: _l("failed again and was undone"),
    RetryOutcome.GONE: _l("was resolved already"),
    RetryOutcome.BUSY: _l("somebody is working on the case; try again in a moment"),
    RetryOutcome.WAITS: _l("the process is suspended; resume it first"),
}
"""The results of retrying one of several."""


@bp.get("/incidents")
@performs(Action.RETRY_INCIDENT)
def incidents() -> ResponseReturnValue:
    after = request.args.get("after")
    return _list(before=found(seen_incident(actor(), after)) if after else None)


@bp.post("/incidents/retries")
@performs(Action.RETRY_INCIDENT)
def retries() -> ResponseReturnValue:
    """Retry the chosen incidents, each separately, and show each result."""
    refs = request.form.getlist("incident")
    if not refs:
        flash(_("Choose at least one incident first."), "danger")
        return redirect(url_for(".incidents"))
    return _list(results=retry_many(refs, by=actor(), now=now()))


@bp.get("/incidents/<ref>")
@performs(Action.RETRY_INCIDENT)
@allow_inline_style_attributes
def incident(ref: str) -> ResponseReturnValue:
    return _page(found(seen_incident(actor(), ref)))


@bp.post("/incidents/<ref>/retry")
@performs(Action.RETRY_INCIDENT)
def retry(ref: str) -> ResponseReturnValue:
    try:
        tried = retry_recorded(ref, by=actor(), now=now())
    except IncidentUnknown:
        return found(None)
    except IncidentWaits as refusal:
        flash(local(refusal.text), "danger")
    except StepFailed as failure:
        LOGGER.error("retry failed", extra={"request": request_id(), "incident": ref, **failure_facts(failure.__cause__ or failure)})
        flash(_("It failed again and was undone. The incident stays open."), "danger")
    else:
        code = tried.instance.case.code
        if tried.kind == "step":
            flash(_("Incident closed. The step of %(code)s waits for its person, who has to do it again.", code=code))
        else:
            flash(_("Tried again with success: %(code)s has gone on.", code=code))
    return redirect(url_for(".incidents"))


@bp.post("/incidents/<ref>/state")
@performs(Action.MEND_PROCESS)
@allow_inline_style_attributes
def state(ref: str) -> ResponseReturnValue:
    """Rebuild the state of a process whose state cannot be read."""
    seen = found(seen_incident(actor(), ref))
    try:
        reason = request.form.get("reason", "")
        case = seen.instance.case
        recorded(case, "restore_state", lambda: restore_state(ref, by=actor(), now=now(), reason=reason), by=actor(), now=now())
    except CaseUnknown:
        return found(None)
    except MendingRefused as refusal:
        return _page(found(seen_incident(actor(), ref)), refusal=refusal_of(refusal, {"reason": "reason"})), 422
    flash(_("The process has a state again. Look where it stands, then try the incident again."))
    return redirect(url_for(".incident", ref=ref))


def _list(*, before: Incident | None = None, results: Any = ()) -> str:
    rows = open_incidents(actor(), limit=MOST_SHOWN + 1, before=before)
    shown = rows[:MOST_SHOWN]
    return render_template(
        "incidents/incidents.html",
        incidents=shown,
        next_url=url_for(".incidents", after=shown[-1].ref) if len(rows) > MOST_SHOWN else "",
        first_url=url_for(".incidents") if before is not None else "",
        labels={row.id: label_of(row) for row in rows},
        reasons={row.id: reason_of(row.error_class) for row in rows},
        kinds=KINDS,
        results=results,
        outcomes=OUTCOMES,
        export=export_url("incidents"),
    )


def _page(seen: Incident, *, refusal: Refusal | None = None) -> str:
    version = version_at(seen.instance, seen.occurred_at)
    with reading_once():
        before, present = view_of(seen.state_before, seen.instance, version=version), view_of(seen.instance.state, seen.instance)
        tokens = tokens_in(seen.state_before, seen.instance, version=version)
    return render_template(
        "incidents/incident.html",
        incident=seen,
        case=seen.instance.case,
        label=label_of(seen),
        kind=KINDS[seen.kind],
        reason=reason_of(seen.error_class),
        attempts=attempts_of(seen),
        before=before,
        xml=named_in(text_of(version), language()),
        marks=marks_of([tokens]) | {"errors": [seen.element]},
        can_be_read=present.is_readable,
        value_words=value_words,
        refusal=refusal,
        typed=request.form,
    )


def label_of(incident: Incident) -> Bilingual | None:
    """The element's name in the diagram, or the name of an act outside the process; None for a delivery of messages."""
    return None if incident.kind == "message" or incident.element in BINDINGS.acts else label_of_step(incident)
