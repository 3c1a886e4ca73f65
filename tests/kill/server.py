"""The real server, started as `langbiang serve` is, in a process that announces the moments at which a kill would hurt most.

    python -m tests.kill.server MOMENTS_FD [--commit-after-response]

Only this process is patched: a byte is written to the pipe MOMENTS_FD, followed by a pause of some milliseconds, when a
file lies on the disk whose row is not committed (F) and when a unit of work is about to commit (C). With
`--commit-after-response` the commit, and with it the moment before it, is moved behind the response: the fault this test
exists for.
"""
from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from casework import db as database
from casework.files import local as file_store

PAUSE = 0.008
LATE = 0.05
"""Seconds. How long a moment lasts; and how long after its response the faulty server commits."""

FILE_WRITTEN, ABOUT_TO_COMMIT = b"F", b"C"

original_unit_of_work = database.unit_of_work


def announce_files(pipe: int) -> None:
    """Let the file store say when a file is written."""
    put = file_store.LocalFileStore.put

    def put_and_announce(store: file_store.LocalFileStore, *arguments: Any, **named: Any) -> file_store.StoredFile:
        stored = put(store, *arguments, **named)
        _announce(pipe, FILE_WRITTEN)
        return stored

    file_store.LocalFileStore.put = put_and_announce                       # type: ignore[method-assign]


def announce_commits(pipe: int) -> None:
    """Let units of work say when all is done but the commit."""

    @contextmanager
    def announced_unit_of_work(**how: bool) -> Iterator[None]:
        with original_unit_of_work(**how):
            yield
            _announce(pipe, ABOUT_TO_COMMIT)

    database.unit_of_work = announced_unit_of_work


def _announce(pipe: int, moment: bytes) -> None:
    with suppress(BlockingIOError):                                        # nobody listens just now: no reason to stand still
        os.write(pipe, moment)
    time.sleep(PAUSE)


class LateCommits:
    """The fault: inside a request nothing is committed until its response has been sent.

    A second unit of work in the same request commits the first one, since a database with one writer could not go on.
    """

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        self._thread = threading.local()

    @contextmanager
    def unit_of_work(self, **how: bool) -> Iterator[None]:
        """In place of the real one."""
        self.catch_up()
        if not getattr(self._thread, "answers", False):
            with original_unit_of_work(**how):
                yield
            return
        session = database.db.session()
        session.commit = session.flush                                     # type: ignore[method-assign]
        try:
            with original_unit_of_work(**how):
                yield
        finally:
            del session.commit
        # else the request's end rolls back
        session.close = session.rollback = lambda: None                    # type: ignore[method-assign]
        self._thread.late = session

    def catch_up(self) -> None:
        """Commit what is late in this thread."""
        session, self._thread.late = getattr(self._thread, "late", None), None
        if session is not None:
            del session.close, session.rollback
            session.commit()

    def around(self, wsgi: Callable[..., Any]) -> Callable[..., Any]:
        """The application, its commits behind its responses."""

        def answer(environ: Any, start_response: Any) -> Iterator[bytes]:
            self._thread.answers = True
            try:
                parts = wsgi(environ, start_response)
                try:
                    yield from parts
                finally:
                    if hasattr(parts, "close"):
                        parts.close()
                time.sleep(LATE)
            finally:
                self._thread.answers, late = False, getattr(self._thread, "late", None)
                if late is not None:
                    _announce(self._pipe, ABOUT_TO_COMMIT)
                    self.catch_up()
                    late.close()

        return answer


def commit_after_response(pipe: int) -> None:
    """Put the fault in."""
    import web

    late, create_app = LateCommits(pipe), web.create_app
    database.unit_of_work = late.unit_of_work

    def faulty(*arguments: Any, **named: Any) -> Any:
        app = create_app(*arguments, **named)
        app.wsgi_app = late.around(app.wsgi_app)                           # type: ignore[method-assign]
        return app

    web.create_app = faulty


def main() -> None:
    """Patch, then be the server."""
    pipe = int(sys.argv[1])
    os.set_blocking(pipe, False)
    announce_files(pipe)
    if "--commit-after-response" in sys.argv:
        commit_after_response(pipe)
    else:
        announce_commits(pipe)
    # Only now, because modules keep the unit_of_work they import.
    from web.cli import main as langbiang

    sys.argv = ["langbiang", "serve"]
    langbiang()


if __name__ == "__main__":
    main()
