"""Runs an act of a settings page in one unit of work and turns a refusal into a Refusal of its page."""

from collections.abc import Callable, Mapping

from casework.db import unit_of_work
from casework.errors import CaseworkError
from casework.permissions import NotAllowed
from web.forms import Refusal, refusal_of


def done_or_refused(act: Callable[[], str], ids: Mapping[str, str]) -> tuple[str, Refusal]:
    """Return the act's result and an empty Refusal, or "" and the Refusal; `ids` as for `refusal_of`. Raises NotAllowed."""
    try:
        with unit_of_work():
            return act(), Refusal()
    except NotAllowed:
        raise
    except CaseworkError as refused:
        return "", refusal_of(refused, ids)
