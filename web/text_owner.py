"""Whose text a form of a step holds: a page left open outlives its person's session, and somebody else may sign in beside it."""

from flask import request

from web.sessions import signed_in_account

OWNER = "draft_owner"
"""The field that names the account the page was made for."""


class AnothersText(Exception):
    """The form was filled in by somebody else than who is signed in now: nothing of it is kept, done or shown."""


def is_of_another(*, unsaid: bool = False) -> bool:
    """Whether the form sent is of somebody else than the account signed in. `unsaid`: the answer for a form that names nobody."""
    account, named = signed_in_account(), request.form.get(OWNER)
    if account is None:
        return False
    return unsaid if named is None else named != account.ref


def wants_json() -> bool:
    """Whether a script asks, not a person."""
    return request.accept_mimetypes.best == "application/json"
