"""The site that passkeys belong to, and the browser a challenge is bound to."""

from flask import current_app

from casework.accounts.passkeys import Party, party_of
from casework.models import SignInBegun
from casework.permissions.asking import SignedIn
from web.navigation import PRODUCT


def our_party() -> Party:
    """The site by its configured address (LANGBIANG_BASE_URL), never by the host the browser asked for."""
    return party_of(current_app.config["BASE_URL"], PRODUCT.vi)


def bound_to_session(session: SignedIn) -> str:
    """Bind a challenge to one signed-in browser."""
    return f"session {session.id}"


def bound_to_begun(begun: SignInBegun) -> str:
    """Bind a challenge to one sign-in whose first step was correct."""
    return f"begun {begun.id}"
