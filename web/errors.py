"""Answers refusals and failures: a helpful page, the right status, and what was typed preserved where possible."""

import errno
import random
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException, InternalServerError, RequestEntityTooLarge, SecurityError, Unauthorized

from casework.cases import CaseBusy
from casework.db import db
from casework.db_errors import is_disk_trouble, is_lock_timeout, is_unreachable
from casework.errors import CaseworkError
from casework.files.local import FileNotStored, StorageUnreachable
from casework.permissions import NotAllowed
from web.addresses import this_address
from web.http.overload import WAITED, Overloaded
from web.locales import chosen_language, in_reader_language
from web.request_log import LOGGER, failure_facts, note_security, request_id
from web.text_owner import AnothersText, is_of_another, wants_json
from workflows.running.incidents import StepFailed
from workflows.running.steps import TaskAlreadyDone, TaskClaimed, TaskUnknown

NEVER_SHOWN = ("csrf_token", "password", "secret", "present", "recovery", "digits", "again_")
"""How the names of such fields begin or end: `present` is the current password, `recovery` and `digits` are secret codes, `again_` is added
by the page that asks for a proof (web.fresh_proof)."""
LONGEST_KEPT = 20_000
AWAY_SECONDS = "15"
"""Retry-After in seconds while a database or a storage is away."""
OVERLOADED_SECONDS = 5, 15
"""Retry-After while too many people are there, at least and at most: not all are to come back at one moment."""

Answer = Callable[[Any], ResponseReturnValue]

DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})


def install(app: Flask) -> None:
    """Register a handler for each kind of refusal and failure."""
    answers: dict[type[Exception], Answer] = {
        CSRFError: token_missing, Unauthorized: sign_in_needed, AnothersText: another_signed_in, NotAllowed: not_allowed,
        TaskUnknown: lambda _error: page(404), TaskAlreadyDone: already_done, TaskClaimed: already_done, CaseBusy: case_busy,
        StepFailed: step_failed, CaseworkError: refused, StaleDataError: somebody_works_on_it, SQLAlchemyError: database_failed,
        FileNotStored: away, StorageUnreachable: away, OSError: disk_failed, RequestEntityTooLarge: lambda _error: page(413),
        SecurityError: other_host, HTTPException: other, Overloaded: overloaded,
    }  # fmt: skip
    for kind, answer in answers.items():
        app.register_error_handler(kind, _or_away(answer))
    app.register_error_handler(InternalServerError, failed)
    app.teardown_appcontext(let_go)


def _or_away(answer: Answer) -> Answer:
    """Wrap a handler: where the database goes away while its page is made, answer that instead, since Flask calls no handler for a fault in
    one."""

    @wraps(answer)
    def answered(error: Any) -> ResponseReturnValue:
        try:
            return answer(error)
        except SQLAlchemyError as fault:
            if fault is error:
                raise
            return database_failed(fault)

    return answered


def page(code: int, **values: Any) -> tuple[str, int]:
    """The page of a status. The failed view's transaction is rolled back first: it may be broken."""
    db.session.rollback()
    return render_template(f"errors/{code}.html", **values), code


def token_missing(_error: CSRFError) -> ResponseReturnValue:
    """The form's token is missing or from an ended session: show the text again, to be sent once more.

    Not to somebody who has signed in since, because the text is another person's.
    """
    note_security("form without its token")
    if is_of_another():
        return another_signed_in()
    return page(400, is_about_token=True, kept=kept_fields(), came_from_here=came_from_here())


def sign_in_needed(_error: Unauthorized) -> ResponseReturnValue:
    """Something was sent without being signed in, perhaps after the session ended."""
    note_security("not signed in")
    return page(401, kept=kept_fields(), back=this_address())


def another_signed_in(_refusal: AnothersText | None = None) -> ResponseReturnValue:
    """A page opened by one person was submitted while another is signed in."""
    if wants_json():
        return {"words": _("Somebody else is signed in in this browser, so this text has not been kept.")}, 412
    return page(412)


def not_allowed(refusal: NotAllowed) -> ResponseReturnValue:
    note_security("not allowed")
    return page(403, words=in_reader_language(refusal.text))


def already_done(refusal: CaseworkError) -> ResponseReturnValue:
    """Somebody was quicker; the refusal says who did what and when."""
    return page(409, words=in_reader_language(refusal.text))


def somebody_works_on_it(_error: Exception) -> ResponseReturnValue:
    """Two people changed the same row and this one came second."""
    return page(409, words=_("Somebody else has just changed this."))


def refused(refusal: CaseworkError) -> ResponseReturnValue:
    """A refusal that its view did not handle."""
    return page(422, words=in_reader_language(refusal.text), kept=kept_fields())


def database_failed(error: SQLAlchemyError) -> ResponseReturnValue:
    """Tell lock timeouts and a database that is away apart from our own failures."""
    if is_unreachable(error):
        return away(error)
    if not (isinstance(error, OperationalError) and is_lock_timeout(error)):
        raise error
    return case_busy(error)


def disk_failed(error: OSError) -> ResponseReturnValue:
    """Tell a full or failing disk, including the one for uploads, apart from our own failures."""
    if error.errno not in DISK_ERRORS:
        raise error
    return away(error)


def away(error: BaseException) -> ResponseReturnValue:
    """Database or storage is away or full, as while another server takes over. The page needs neither, and the same form may be sent again:
    anything done after all is not done twice."""
    LOGGER.error("away", extra={"request": request_id(), **failure_facts(error)})
    _roll_back()
    is_storage = isinstance(error, FileNotStored | StorageUnreachable | OSError) or is_disk_trouble(error)
    return _come_again("storage" if is_storage else "database", AWAY_SECONDS)


def overloaded(_error: Overloaded) -> ResponseReturnValue:
    """Too many people are there: nothing was begun, and the same form may be sent again."""
    LOGGER.warning("overloaded", extra={"request": request_id(), "waited_seconds": round(WAITED.get(), 1)})
    return _come_again("busy", str(random.randint(*OVERLOADED_SECONDS)))


def _come_again(why: str, seconds: str) -> ResponseReturnValue:
    """The page that needs neither database nor session; `why` is "storage", "database" or "busy"."""
    headers = {"Retry-After": seconds, "Cache-Control": "no-store"}
    language = chosen_language()
    with force_locale(language):                                           # the account's language is in the database
        if wants_json():
            return {"words": _words_to_come_again(why)}, 503, headers
        values = {
            "language": language, "request_id": request_id(), "kept": _kept_of_a_whole_form(), "why": why,
            "came_from_here": came_from_here() and not request.files,
        }  # fmt: skip
        return current_app.jinja_env.get_template("errors/away.html").render(values), 503, headers


def _words_to_come_again(why: str) -> str:
    words: str
    if why == "storage":
        words = _("The storage of the system has a problem. Please try again in some minutes.")
    elif why == "busy":
        words = _("Too many people are using the system. Please try again in half a minute.")
    else:
        words = _("The system is being switched over. Please try again in half a minute.")
    return words


def _kept_of_a_whole_form() -> list[tuple[str, str]]:
    """The fields to keep, or none of a form that could not be read completely."""
    try:
        return kept_fields()
    except OSError:
        return []


def case_busy(_error: Exception) -> ResponseReturnValue:
    """Another step holds or changed the case: the same form may be sent again in a moment."""
    LOGGER.warning("lock timeout", extra={"request": request_id()})
    html, code = page(503, kept=kept_fields(), came_from_here=came_from_here())
    return html, code, {"Retry-After": "5"}


def step_failed(failure: StepFailed) -> ResponseReturnValue:
    """A fault of ours in a step: all of it was undone, and an incident, whose ref is shown, waits for the administrator.

    After a disk fault people are told so instead, and can send the same form again.
    """
    cause = failure.__cause__ or failure
    LOGGER.error("step failed", extra={"request": request_id(), "incident": failure.incident_ref, **failure_facts(cause)})
    if is_disk_trouble(cause):
        return away(cause)
    return failed(failure, incident=failure.incident_ref, kept=kept_fields())


def other_host(_error: SecurityError) -> ResponseReturnValue:
    """The browser used a host name that is not ours. No page is rendered, because its links would carry that name."""
    note_security("unknown host")
    return "This host name is not known here.\n", 400, {"Content-Type": "text/plain; charset=utf-8"}


def other(error: HTTPException) -> ResponseReturnValue:
    code = error.code or 500
    if code in {403, 404}:
        return page(code)
    html, _code = page(400, is_about_token=False)
    return html, code, [(name, value) for name, value in error.get_headers() if name in {"Allow", "Retry-After"}]


def failed(_error: Exception, **values: Any) -> ResponseReturnValue:
    """Our failure, already logged. The page needs neither database nor session, because they may be what failed."""
    _roll_back()
    values |= {"language": chosen_language(), "request_id": request_id()}
    with force_locale(values["language"]):                                 # as above
        return current_app.jinja_env.get_template("errors/500.html").render(values), 500


def let_go(_error: BaseException | None) -> None:
    """Release the connection. One that died after everything was read must not spoil a finished response."""
    try:
        db.session.rollback()
    except SQLAlchemyError:
        db.session().invalidate()


def _roll_back() -> None:
    try:
        db.session.rollback()
    except DBAPIError:
        LOGGER.error("no rollback", extra={"request": request_id()})


def kept_fields() -> list[tuple[str, str]]:
    """The submitted fields without tokens, passwords and secrets, so that nothing typed is lost by a refusal."""
    return [
        (name.replace("\0", ""), value.replace("\0", "")[:LONGEST_KEPT])
        for name, value in request.form.items(multi=True)
        if value and not any(name.startswith(hidden) or name.endswith(hidden) for hidden in NEVER_SHOWN)
    ]


def came_from_here() -> bool:
    """Whether the browser vouches that the form was ours; then it may be offered for sending again with a new token."""
    if (site := request.headers.get("Sec-Fetch-Site")) is not None:
        return site == "same-origin"
    origin = urlsplit(request.headers.get("Origin") or "")
    return bool(origin.netloc) and origin.netloc == request.host
