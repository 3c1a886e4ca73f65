"""What a page writes once it is made: that somebody has seen or opened what it shows."""

from collections.abc import Callable

from flask import Response, after_this_request
from sqlalchemy.exc import DBAPIError, IntegrityError, TimeoutError

from casework.db import is_lock_timeout, is_unreachable, unit_of_work

SHOWN = frozenset({200, 422})
"""The page was shown, or shown again with what is wrong in it."""


def afterwards(write: Callable[[], object]) -> None:
    """Write in a unit of work of its own after the page was read: that would forget what the page has read.

    Nobody's page fails by it. When the database is busy, or goes away just then, it stays unwritten, and the page writes it when it is
    opened again; when the same page was opened twice at once, the other has written it.
    """

    @after_this_request
    def written(response: Response) -> Response:
        if response.status_code not in SHOWN:
            return response
        try:
            with unit_of_work():
                write()
        except (IntegrityError, TimeoutError):                           # the latter: no connection is free
            pass
        except DBAPIError as fault:
            if not (is_lock_timeout(fault) or is_unreachable(fault)):
                raise
        return response
