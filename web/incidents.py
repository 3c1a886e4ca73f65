"""What failed and was undone, for the administrator: where it failed, never what was typed; tried again with one click."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from casework.permissions import Action
from casework.words import Bilingual
from web.clock import now
from web.guards import actor, found, performs
from web.request_log import LOGGER, failure_facts, request_id
from workflows.incidents import IncidentUnknown, StepFailed, open_incidents, retry_recorded
from workflows.models import Incident
from workflows.steps import label_of_step

bp = Blueprint("incidents", __name__)

MOST_SHOWN = 50
KINDS = {"step": _l("A person's step"), "timer": _l("A time limit"), "message": _l("A message between processes")}
"""What was being done."""


@bp.get("/incidents")
@performs(Action.RETRY_INCIDENT)
def incidents() -> ResponseReturnValue:
    rows = open_incidents(actor(), limit=MOST_SHOWN + 1)
    return render_template(
        "incidents/incidents.html",
        incidents=rows[:MOST_SHOWN],
        has_more=len(rows) > MOST_SHOWN,
        most=MOST_SHOWN,
        labels={row.id: _label(row) for row in rows},
        kinds=KINDS,
    )


@bp.post("/incidents/<ref>/retry")
@performs(Action.RETRY_INCIDENT)
def retry(ref: str) -> ResponseReturnValue:
    try:
        incident = retry_recorded(ref, by=actor(), now=now())
    except IncidentUnknown:
        return found(None)
    except StepFailed as failure:
        LOGGER.error("retry failed", extra={"request": request_id(), "incident": ref, **failure_facts(failure.__cause__ or failure)})
        flash(_("It failed again and was undone. The incident stays open."), "danger")
    else:
        code = incident.instance.case.code
        if incident.kind == "step":
            flash(_("Incident closed. The step of %(code)s waits for its person, who has to do it again.", code=code))
        else:
            flash(_("Tried again with success: %(code)s has gone on.", code=code))
    return redirect(url_for(".incidents"))


def _label(incident: Incident) -> Bilingual | None:
    """What the diagram calls the element; a delivery of messages has none."""
    return None if incident.kind == "message" else label_of_step(incident)
