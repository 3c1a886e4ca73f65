"""Reads public pages from a replica of the database, for visitors who may see data some seconds old."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec

from flask import Flask, current_app, request, session
from flask.typing import ResponseReturnValue
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from werkzeug.exceptions import NotFound

from casework.db import db, prepare_engine, reading_from
from casework.db_errors import is_lock_timeout, is_unreachable
from web.config import Config
from web.http.devices import DEVICE_COOKIE
from web.http.metrics import PAGES
from web.request_log import watch_statements
from web.sessions import COOKIE

if TYPE_CHECKING:
    from web.http.replica_lag import Replica, ReplicaState

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]

BIND = "replica"
SAYS_NOTHING = frozenset({"language", "csrf_token"})
"""Session keys that neither identify anybody nor show that something was submitted."""


def install(app: Flask, config: Config) -> None:
    """Set up the replica of the settings; it is not contacted yet."""
    if not config.replica_url:
        return
    from web.http.replica_lag import Replica  # late: docs/architecture.md

    engine = db.engines[BIND]
    prepare_engine(engine)
    watch_statements(engine, slow_ms=config.slow_query_ms)
    app.extensions["replica"] = Replica(engine, primary_url=config.database_url, url=config.replica_url, most_behind=config.replica_lag)


def nearness_here(app: Flask) -> ReplicaState | None:
    """The state of the replica as this process knows it; None where none is set."""
    replica: Replica | None = app.extensions.get("replica")
    return replica.nearness() if replica is not None else None


def may_be_behind(view: View[P]) -> View[P]:
    """Let a page be read from the replica, which may be seconds behind: it shows published data, the same to everybody.

    Not for people who are signed in or have submitted something in this browser: they would miss what they have just done. Something not
    found may only not have arrived yet, so the primary is asked as well.
    """

    @wraps(view)
    def read(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        replica: Replica | None = current_app.extensions.get("replica")
        if replica is None or request.method not in ("GET", "HEAD") or not _is_stranger():
            return view(*args, **kwargs)
        *others, last = replica.first_choices()
        for place in others:
            try:
                return _read_from(place, lambda: view(*args, **kwargs))
            except NotFound:
                if place is None:
                    raise
            except SQLAlchemyError as error:
                if is_unreachable(error):
                    if place is not None:
                        replica.failed()
                elif not _gave_way(error):
                    raise
        return _read_from(last, lambda: view(*args, **kwargs))

    read.may_be_behind = True  # type: ignore[attr-defined]
    return read


def _read_from(place: Engine | None, view: Callable[[], ResponseReturnValue]) -> ResponseReturnValue:
    reading_from(place)
    answer = view()
    PAGES.labels("primary" if place is None else "replica").inc()
    return answer


def _gave_way(error: SQLAlchemyError) -> bool:
    """Whether a replica cancelled a query because it had to remove the rows being read (a conflict with recovery)."""
    return isinstance(error, DBAPIError) and is_lock_timeout(error)


def _is_stranger() -> bool:
    if COOKIE in request.cookies or DEVICE_COOKIE in request.cookies:
        return False
    return current_app.config["SESSION_COOKIE_NAME"] not in request.cookies or SAYS_NOTHING.issuperset(session)
