"""The address in a message to somebody who follows an area: what is new there, and the button that ends it."""

from flask import current_app

from web.signed_links import signed_ref

PURPOSE = "area"
PATH = "/a/"


def area_link(ref: str) -> str:
    """The address of what a subscription is told of, which also ends it."""
    return f"{current_app.config['BASE_URL']}{PATH}{signed_ref(ref, purpose=PURPOSE)}"
