"""The list of changes to settings, by whom and why: for administrators, and for inspectors, who see nothing else here."""

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from casework.permissions import Action
from casework.settings.event_lists import setting_events
from web.exports.links import export_url
from web.guards import actor, performs
from web.settings.event_sentences import KIND_WORDS, told_events

bp = Blueprint("settings_events", __name__)


@bp.get("/settings/events")
@performs(Action.READ_SETTING_EVENTS)
def events() -> ResponseReturnValue:
    kind = request.args.get("kind") or None
    page = setting_events(actor(), kind=kind, before=request.args.get("before", type=int))
    more = url_for(".events", kind=kind, before=page.next_before) if page.next_before else ""
    first = url_for(".events", kind=kind) if request.args.get("before") else ""
    return render_template(
        "settings/events.html", events=told_events(page.events), kinds=KIND_WORDS, kind=kind, next_url=more, first_url=first,
        export=export_url("setting_events", kind=kind),
    )
