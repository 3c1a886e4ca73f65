"""Doing what a page of settings asks for in one unit of work; a refusal comes back for the page, with the field it is about."""

from collections.abc import Callable, Mapping

from casework.db import unit_of_work
from casework.errors import CaseworkError
from casework.permissions import NotAllowed
from web.forms import Refusal, refusal_of


def done_or_refused(act: Callable[[], str], ids: Mapping[str, str]) -> tuple[str, Refusal]:
    """What the act returns and no refusal, or nothing and why it was refused; `ids` as for `refusal_of`. Raises NotAllowed."""
    try:
        with unit_of_work():
            return act(), Refusal()
    except NotAllowed:
        raise
    except CaseworkError as refused:
        return "", refusal_of(refused, ids)
