"""Pages shown within another application: known by the browser's session, from a hand-over until it signs out."""

from flask import Blueprint, session

IN_APP_KEY = "in_app"

bp = Blueprint("contacts_in_app", __name__)


@bp.app_template_global("in_app")
def in_app() -> str:
    """The name of the application this browser shows our pages within; empty in a browser of its own. Such a page offers no installing."""
    name = session.get(IN_APP_KEY)
    return name if isinstance(name, str) else ""


def mark_in_app(name: str) -> None:
    """Remember within which application the pages are shown; an empty name changes nothing."""
    if name:
        session[IN_APP_KEY] = name
