"""The health page of the installation for administrators and inspectors: what is wrong, the worst first, and what to do."""

from typing import Any

from flask import Blueprint, current_app, render_template, url_for
from flask.typing import ResponseReturnValue

from casework.permissions import Action, Role, may
from web.guards import actor, found, performs
from web.watching.figures import figures
from web.watching.finding import Finding, Level
from web.watching.surroundings import findings_here

bp = Blueprint("settings_health", __name__)

KEEPERS = frozenset({Role.ADMINISTRATOR, Role.INSPECTOR})


@bp.get("/settings/health")
@performs(Action.READ_HEALTH)
def health() -> ResponseReturnValue:
    """The present findings. Pages the person may not open are named without a link."""
    refuse_of_centre()
    found_here = findings_here()
    links = {each.endpoint: url_for(each.endpoint) for each in found_here if each.endpoint and _may_open(each)}
    return render_template("settings/health.html", findings=found_here, links=links, levels=Level, at=figures().at)


def refuse_of_centre() -> None:
    """Raise NotFound for administrators of a single centre, because the page is about the whole installation."""
    found(True if any(grant.role in KEEPERS and grant.centre_id is None for grant in actor().grants) else None)


def _may_open(finding: Finding) -> bool:
    view: Any = current_app.view_functions[finding.endpoint]
    return may(actor(), view.action)
