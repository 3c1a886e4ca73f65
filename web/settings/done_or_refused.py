"""Doing what a page of settings asks for in one unit of work; a refusal comes back as a sentence for the page."""

from collections.abc import Callable

from casework.db import unit_of_work
from casework.errors import CaseworkError
from casework.permissions import NotAllowed
from web.locales import in_reader_language as local


def done_or_refused(act: Callable[[], str]) -> tuple[str, str]:
    """What the act returns and no refusal, or nothing and why it was refused. Raises NotAllowed."""
    try:
        with unit_of_work():
            return act(), ""
    except NotAllowed:
        raise
    except CaseworkError as refusal:
        return "", local(refusal.text)
