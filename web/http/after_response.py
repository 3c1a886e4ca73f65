"""Runs what a page writes after it was rendered: that somebody has seen or opened what it shows."""

from collections.abc import Callable

from flask import Response, after_this_request
from sqlalchemy.exc import DBAPIError, IntegrityError, TimeoutError

from casework.db import unit_of_work
from casework.db_errors import is_lock_timeout, is_unreachable

SHOWN = frozenset({200, 422})
"""The page was shown, or shown again with errors."""


def afterwards(write: Callable[[], object]) -> None:
    """Run `write` in a unit of work of its own after the page was rendered, since a unit of work discards what the page has read.

    It never fails the page. When the database is busy or goes away just then, nothing is written, and the page writes it the next time it
    is opened; when the same page was opened twice at once, the other one has written it.
    """

    @after_this_request
    def written(response: Response) -> Response:
        if response.status_code not in SHOWN:
            return response
        try:
            with unit_of_work():
                write()
        except (IntegrityError, TimeoutError):                           # TimeoutError: no connection is free
            pass
        except DBAPIError as fault:
            if not (is_lock_timeout(fault) or is_unreachable(fault)):
                raise
        return response
