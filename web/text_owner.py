"""Checks whose text a submitted step form contains: an open page outlives its session, and somebody else may sign in on the same
browser."""

from flask import request

from web.sessions import signed_in_account

OWNER = "draft_owner"
"""The field naming the account the page was made for."""


class AnothersText(Exception):
    """The form was filled in by somebody other than the signed-in person: nothing of it is kept, done or shown."""


def is_of_another(*, unsaid: bool = False) -> bool:
    """Whether the form belongs to somebody other than the signed-in account. `unsaid`: the answer for a form that names nobody."""
    account, named = signed_in_account(), request.form.get(OWNER)
    if account is None:
        return False
    return unsaid if named is None else named != account.ref


def wants_json() -> bool:
    """Whether the request comes from a script."""
    return request.accept_mimetypes.best == "application/json"
