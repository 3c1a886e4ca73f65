"""Health checks for process monitors: is it alive, and can it do its work."""

from collections.abc import Callable

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy import text

from casework.db import db
from casework.permissions import Action
from casework.sealing.keyring import current_keyring
from web.guards import file_store, performs
from web.request_log import LOGGER, failure_facts, request_id
from web.schema_check import refuse_other_schema

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@performs(Action.CHECK_HEALTH)
def healthz() -> ResponseReturnValue:
    return {"status": "ok"}, 200, {"Cache-Control": "no-store"}


@bp.get("/readyz")
@performs(Action.CHECK_HEALTH)
def readyz() -> ResponseReturnValue:
    """Whether database, schema, keys and file store are usable; names the failing one and nothing else."""
    checks = {"database": _database, "schema": _schema, "keyring": _keyring, "files": _files}
    results = {name: _passes(name, check) for name, check in checks.items()}
    is_ready = all(results.values())
    body = {"status": "ok" if is_ready else "failing", "checks": {name: "ok" if ok else "failing" for name, ok in results.items()}}
    return body, 200 if is_ready else 503, {"Cache-Control": "no-store"}


def _passes(name: str, check: Callable[[], None]) -> bool:
    try:
        check()
    except Exception as error:  # whatever the error, the answer is "failing" and the log has the reason
        LOGGER.error("not ready", extra={"request": request_id(), "check": name, **failure_facts(error)})
        return False
    return True


def _database() -> None:
    db.session.execute(text("SELECT 1"))


def _schema() -> None:
    refuse_other_schema(db.engine)


def _keyring() -> None:
    keyring = current_keyring()
    keyring.key(keyring.current_id)


def _files() -> None:
    file_store().refuse_unusable()
