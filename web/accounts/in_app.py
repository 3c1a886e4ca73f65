"""Remembers in the browser's session, from hand-over to sign-out, that pages are shown inside another application."""

from flask import Blueprint, session

IN_APP_KEY = "in_app"

bp = Blueprint("contacts_in_app", __name__)


@bp.app_template_global("in_app")
def in_app() -> str:
    """The application that shows our pages in this browser; empty in an ordinary browser. Pages inside an application do not offer to
    install."""
    name = session.get(IN_APP_KEY)
    return name if isinstance(name, str) else ""


def mark_in_app(name: str) -> None:
    """Remember the application; an empty name changes nothing."""
    if name:
        session[IN_APP_KEY] = name
