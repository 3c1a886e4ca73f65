"""Jobs that do many things: one that fails keeps none of the others waiting, and the run has failed all the same.

    work = OneByOne("mask_old_identities")
    for each in things:
        with work.each(case=each):
            ...
    work.end()      # raises what the first of them raised
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from casework.db import db
from casework.db_errors import is_lock_timeout, is_unreachable

LOGGER = logging.getLogger("langbiang.jobs")

MOST_IN_A_ROW = 100
"""Failures in a row after which a run ends: the single items are hardly to blame, and each further failure costs as much."""


class OneByOne:
    """One run of a job. An item locked by somebody else is left for the next run; an unavailable database ends this one."""

    def __init__(self, job: str) -> None:
        self._job = job
        self._in_a_row = 0
        self.first: Exception | None = None

    @contextmanager
    def each(self, **which: int | str) -> Iterator[None]:
        """Run the block for one item, in a separate unit of work; `which` identifies it in the log."""
        try:
            yield
        except Exception as error:
            self._leave_out(error, **which)
        else:
            self._in_a_row = 0

    def together(self, ids: Sequence[int], act: Callable[[Sequence[int]], int], *, kind: str) -> tuple[int, set[int]]:
        """Process some items in one unit of work, that of `act`; if it fails, each of them in its own.

        Returns the sum of the results, and the items left out.
        """
        if len(ids) > 1:
            try:
                done = act(ids)
            except Exception as error:
                _refuse_away(error)
            else:
                self._in_a_row = 0
                return done, set()
        done, left_out = 0, set(ids)
        for id_ in ids:
            with self.each(**{kind: id_}):
                done += act([id_])
                left_out.discard(id_)
        return done, left_out

    def end(self) -> None:
        """Raise the first failure; nothing where all went well."""
        if self.first is not None:
            raise self.first

    def _leave_out(self, error: Exception, **which: int | str) -> None:
        _refuse_away(error)
        if isinstance(error, DBAPIError) and is_lock_timeout(error):
            return
        # never the text of the fault, which may quote what people wrote
        LOGGER.error("left out", extra={"job": self._job, **which, "error": type(error).__name__})
        self.first, self._in_a_row = self.first or error, self._in_a_row + 1
        if self._in_a_row >= MOST_IN_A_ROW:
            raise error


def _refuse_away(error: Exception) -> None:
    db.session.rollback()
    if isinstance(error, SQLAlchemyError) and is_unreachable(error):
        raise error
