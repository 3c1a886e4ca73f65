"""For which site passkeys are made, and to which browser a challenge belongs."""

from flask import current_app

from casework.accounts.passkeys import Party, party_of
from casework.models import LoginSession, SignInBegun
from web.navigation import PRODUCT


def our_party() -> Party:
    """The site people see: the address the installation is known by (LANGBIANG_BASE_URL), never what a browser calls it."""
    return party_of(current_app.config["BASE_URL"], PRODUCT.vi)


def bound_to_session(session: LoginSession) -> str:
    """A challenge for one signed-in browser."""
    return f"session {session.id}"


def bound_to_begun(begun: SignInBegun) -> str:
    """A challenge for one sign-in whose first step was right."""
    return f"begun {begun.id}"
