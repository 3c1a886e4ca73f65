"""The log: one JSON line for each request, slow query and failure, and no personal data in any of them.

Route rules instead of paths, truncated networks instead of addresses, the account's random ref instead of a name; never a
query string, a form field, a parameter of a statement or the text of an exception (which may quote all of these).
"""

import json
import logging
import re
import sys
import traceback
import uuid
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from time import perf_counter
from typing import Any

from flask import Flask, Response, g, has_request_context, request
from sqlalchemy import Connection, Engine, event

from web.networks import this_network

LOGGER = logging.getLogger("langbiang")
GIVEN_ID = re.compile(r"[A-Za-z0-9_.-]{8,64}", re.ASCII)
SLOW_QUERY_MS = 500
LONGEST_STATEMENT = 500
LOG_BYTES, LOG_FILES = 10_000_000, 5
NO_STATEMENT = re.compile(r"\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET|PRAGMA)\b", re.IGNORECASE)
"""Transaction control: only SQLite shows it as statements, PostgreSQL's driver does not, so it counts nowhere."""
LIBRARIES = ("waitress", "apscheduler")
"""Libraries that report failures; what they say goes the same way, also without the text of exceptions."""

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class JsonLines(logging.Formatter):
    """A record as one line of JSON: time, level, what, and the facts given as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """Make the line. Of an exception only its class and the places it went through are kept."""
        facts = {key: value for key, value in vars(record).items() if key not in STANDARD}
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "what": record.getMessage(),
            **facts,
        }
        if record.exc_info and record.exc_info[1] is not None:
            line |= failure_facts(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False, default=str)


class StdoutHandler(logging.StreamHandler[Any]):
    """Writes to whatever sys.stdout is at that moment."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> Any:
        """The present standard output."""
        return sys.stdout


def write_log(folder: Path | None = None, name: str = "langbiang", *, to_stdout: bool = True) -> None:
    """Send the log to standard output and, given a folder, to files of this process there, LOG_FILES of LOG_BYTES each."""
    for handler in LOGGER.handlers[:]:
        handler.close()
    handlers: list[logging.Handler] = [StdoutHandler()] if to_stdout else []
    if folder is not None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handlers.append(RotatingFileHandler(folder / f"{name}.jsonl", maxBytes=LOG_BYTES, backupCount=LOG_FILES - 1, encoding="utf-8"))
    for handler in handlers:
        handler.setFormatter(JsonLines())
    for logger in (LOGGER, *map(logging.getLogger, LIBRARIES)):
        logger.handlers[:] = handlers
        logger.propagate = False
    LOGGER.setLevel(logging.INFO)


def be_quiet() -> None:
    """Write no log, for commands whose output is for people."""
    LOGGER.handlers[:] = [logging.NullHandler()]
    LOGGER.propagate = False


def install(app: Flask) -> None:
    """Log every request of the application."""
    if not LOGGER.handlers:
        write_log()
    app.before_request(_begin)
    app.after_request(_end)


def watch_statements(engine: Engine) -> None:
    """Count the statements of each request and log the slow ones, without their parameters."""
    event.listen(engine, "before_cursor_execute", _before_statement)
    event.listen(engine, "after_cursor_execute", _after_statement)


def request_id() -> str:
    """What names this request in log and error page; a proxy in front may have given it. Empty outside requests."""
    if not has_request_context():
        return ""
    if "request_id" not in g:
        given = request.headers.get("X-Request-Id", "")
        g.request_id = given if GIVEN_ID.fullmatch(given) else uuid.uuid4().hex
    id_: str = g.request_id
    return id_


def failure_facts(error: BaseException) -> dict[str, Any]:
    """What may be logged of an exception: classes along its chain and the places, not its text."""
    chain: list[BaseException] = []
    step: BaseException | None = error
    while step is not None and step not in chain:
        chain.append(step)
        step = step.__cause__ or step.__context__
    frames = traceback.extract_tb(error.__traceback__)
    return {
        "errors": [type(each).__name__ for each in chain],
        "where": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-12:]],
    }


def _begin() -> None:
    g.began = perf_counter()
    g.statements = 0
    request_id()


def _end(response: Response) -> Response:
    response.headers["X-Request-Id"] = request_id()
    LOGGER.info(
        "request",
        extra={
            "request": request_id(),
            "method": request.method,
            "route": request.url_rule.rule if request.url_rule else "-",
            "status": response.status_code,
            "ms": round((perf_counter() - g.get("began", perf_counter())) * 1000, 1),
            "statements": g.get("statements", 0),
            "network": this_network(),
            "account": g.get("account_ref"),
        },
    )
    return response


def _before_statement(connection: Connection, _cursor: object, statement: str, *_: Any) -> None:
    connection.info["statement_began"] = perf_counter()
    if has_request_context() and not NO_STATEMENT.match(statement):
        g.statements = g.get("statements", 0) + 1


def _after_statement(connection: Connection, _cursor: object, statement: str, *_: Any) -> None:
    ms = (perf_counter() - connection.info["statement_began"]) * 1000
    if ms >= SLOW_QUERY_MS:
        LOGGER.warning("slow query", extra={"request": request_id(), "ms": round(ms), "statement": statement[:LONGEST_STATEMENT]})
