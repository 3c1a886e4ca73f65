"""The pages whose statements PostgreSQL plans once a connection, without looking at their values (docs/decisions.md, 236 and 242)."""

from typing import Any

from flask import Flask, request

from casework.db import KEEPS_PLANS, db

KEPT = frozenset({"inbox", "tasks", "drafts", "filing", "tracking"})
"""Blueprints of the pages people work through all day. Planning their statements takes longer than running them, each finds its rows by a
key or by a partial index whose condition it names by a literal, and none is about a span of time."""


def install(app: Flask) -> None:
    # earlier than any function before a request, since some of them read from the database
    app.url_value_preprocessor(_keep)


def _keep(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    if request.blueprint in KEPT:
        db.session().info[KEEPS_PLANS] = True
