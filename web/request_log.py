"""The log: one JSON line per request, slow query and failure, without personal data.

Route rules instead of paths, truncated networks instead of addresses, the account's random ref instead of a name; never a
query string, a form field, a parameter of a statement or the text of an exception (which may quote all of these).

Under `security` a line names an event of authentication or access: `session opened: password+code`, `session ended`, `proven again`,
`sign-in refused`, `second step refused`, `proof refused`, `tracking secret refused`, `too many attempts`, `not allowed`, `not signed in`,
`form without its token`, `unknown host`.
"""

import json
import logging
import re
import sys
import traceback
import uuid
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import partial
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
OURS = tuple(f"{Path(__file__).parent.parent / package}/" for package in ("casework", "reports", "web", "workflows"))
OWN_FRAMES, INNERMOST = 10, 4
"""How many places of a traceback are logged: in our own code, and where it was raised."""
LOG_BYTES, LOG_FILES = 10_000_000, 5
LOG_DAYS = 100
"""A process rotates its own files; those of ended processes are kept this long, a little more than the three months for which a system of
level 3 must keep its log (TCVN 11930:2017)."""
NO_STATEMENT = re.compile(r"\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET|PRAGMA|SELECT set_config)\b", re.IGNORECASE)
"""Transaction control, which only SQLite reports as statements and PostgreSQL's driver does not, so it is not counted."""
LIBRARIES = ("waitress", "apscheduler")
"""Libraries that log failures; their records are written in the same way, also without the text of exceptions."""

WORK: ContextVar[str] = ContextVar("work", default="")
"""The present job of a worker's thread."""

_slow = {"queries": 0}

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class JsonLines(logging.Formatter):
    """A record as one line of JSON: time, level, message, and the facts given as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """Of an exception, only its class and the places in its traceback are kept."""
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
    """Writes to the present sys.stdout, whatever it is."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> Any:
        return sys.stdout


def write_log(folder: Path | None = None, name: str = "langbiang", *, to_stdout: bool = True) -> None:
    """Log to standard output and, given a folder, to this process's own files there, LOG_FILES of LOG_BYTES each."""
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


def forget_old_logs(folder: Path, *, now: datetime) -> int:
    """Delete log files unchanged for LOG_DAYS, and return how many."""
    old = [path for path in folder.glob("*.jsonl*") if now.timestamp() - path.stat().st_mtime > LOG_DAYS * 86_400]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def be_quiet() -> None:
    """Disable the log, for commands whose output is for people."""
    LOGGER.handlers[:] = [logging.NullHandler()]
    LOGGER.propagate = False


def install(app: Flask) -> None:
    if not LOGGER.handlers:
        write_log()
    app.before_request(_begin)
    app.after_request(_end)


def watch_statements(engine: Engine, *, slow_ms: int = SLOW_QUERY_MS) -> None:
    """Count the statements of each request, and log and count those that take `slow_ms`, without their parameters."""
    event.listen(engine, "before_cursor_execute", _before_statement)
    event.listen(engine, "after_cursor_execute", partial(_after_statement, slow_ms))


def slow_queries() -> int:
    """How many slow statements this process has had since its start."""
    return _slow["queries"]


def request_id() -> str:
    """The request's id in log and error page, perhaps given by a proxy in front. Empty outside requests."""
    if not has_request_context():
        return ""
    if "request_id" not in g:
        given = request.headers.get("X-Request-Id", "")
        g.request_id = given if GIVEN_ID.fullmatch(given) else uuid.uuid4().hex
    id_: str = g.request_id
    return id_


def note_security(event: str) -> None:
    """Name an event of authentication or access in the request's log line: a fixed word, nothing typed."""
    if has_request_context():
        g.setdefault("security", []).append(event)


def failure_facts(error: BaseException) -> dict[str, Any]:
    """What may be logged of an exception: the classes in its chain, the database's code, and places in its traceback; not its text.

    The places are those in our own code and the innermost, since a database error passes a dozen frames of libraries.
    """
    chain: list[BaseException] = []
    step: BaseException | None = error
    while step is not None and step not in chain:
        chain.append(step)
        step = step.__cause__ or step.__context__
    frames = traceback.extract_tb(error.__traceback__)
    shown = [frame for frame in frames[:-INNERMOST] if frame.filename.startswith(OURS)][-OWN_FRAMES:] + frames[-INNERMOST:]
    code = next((code for each in chain if (code := getattr(each, "sqlstate", None))), None)
    return {
        "errors": [type(each).__name__ for each in chain],
        **({"code": code} if code else {}),
        "where": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in shown],
    }


def _begin() -> None:
    g.began = perf_counter()
    g.statements = 0
    request_id()


def _end(response: Response) -> Response:
    if response.status_code == 429:
        note_security("too many attempts")
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
            **({"security": g.security} if "security" in g else {}),
        },
    )
    return response


def _before_statement(connection: Connection, _cursor: object, statement: str, *_: Any) -> None:
    connection.info["statement_began"] = perf_counter()
    if has_request_context() and not NO_STATEMENT.match(statement):
        g.statements = g.get("statements", 0) + 1


def _after_statement(slow_ms: int, connection: Connection, _cursor: object, statement: str, *_: Any) -> None:
    ms = (perf_counter() - connection.info["statement_began"]) * 1000
    if ms >= slow_ms:
        _slow["queries"] += 1
        facts = {"request": request_id(), "work": _work(), "ms": round(ms), "statement": statement[:LONGEST_STATEMENT]}
        LOGGER.warning("slow query", extra=facts)


def _work() -> str:
    """The present work: the rule of a route, or the name of a job."""
    if has_request_context():
        return request.url_rule.rule if request.url_rule else "-"
    return WORK.get()
