"""Makes every form idempotent. Each display of a form has its own key in the hidden token: submitted again with it, by a double click, by
going back, or because the response was lost, it is recorded once and gets the first answer.

    @performs(Action.WRITE_NOTE)
    @answers_again(lambda ref: url_for("cases.case", ref=ref, _anchor="notes"))       where a repeat leads: where the first one did

Every form that leads to a view with `performs` takes part, unless its action is one of MAY_REPEAT or the view says `may_repeat`.
"""

import hashlib
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar, cast
from urllib.parse import urlsplit

from flask import Flask, current_app, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf
from flask_wtf.form import _FlaskFormCSRF
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import HTTPException

from casework.errors import CaseworkError
from casework.permissions import Action
from casework.sent_once import SentBefore, answer_to, key_of, sending
from web.addresses import this_address
from web.sessions import signed_in_account
from web.text_owner import wants_json

MARK = "~"
"""Separates the CSRF token from the key of this display of the form."""
TOKEN = "csrf_token"
OF_THE_WAY = ("again_",)
"""Prefixes of fields added by an intermediate page (web/fresh_proof.py)."""
PIECE = 1 << 16
"""Bytes of a file read at once."""
SOUND = re.compile(r"[A-Za-z0-9_-]{16}")

_OF_ONE_SELF = "what it changes is the sender's own, and twice is as once"
_OWN_KEY = "its form has a key of its own, which also tells the secret again"
_SHOWS = "what it shows is shown again, and each look is written down"
MAY_REPEAT: dict[Action, str] = {
    Action.SIGN_IN: "the present state of the browser decides",
    Action.SIGN_OUT: _OF_ONE_SELF,
    Action.MANAGE_SESSIONS: _OF_ONE_SELF,
    Action.AGREE_BEHALF: _OF_ONE_SELF,
    Action.CHOOSE_MESSAGES: _OF_ONE_SELF,
    Action.READ_PUBLIC: _OF_ONE_SELF,
    Action.FOLLOW: _OF_ONE_SELF,
    Action.ME_TOO: _OF_ONE_SELF,
    Action.CONFIRM_CONTACT: _OF_ONE_SELF,
    Action.SAY_IF_MENDED: "the same answer again changes nothing, another one is refused",
    Action.ANSWER_LINK: "the first answer counts, and sent again it gets the receipt of the first",
    Action.FOLLOW_AREA: _OF_ONE_SELF,
    Action.FOLLOW_OWN: _OF_ONE_SELF,
    Action.READ_INBOX: _OF_ONE_SELF,
    Action.READ_BELL: _OF_ONE_SELF,
    Action.BE_SEEN: _OF_ONE_SELF,
    Action.CLAIM_TASK: _OF_ONE_SELF,
    Action.KEEP_DRAFT: "a draft has revisions",
    Action.TAKE_BACK_HELD: _OF_ONE_SELF,
    Action.FILE_REPORT: _OWN_KEY,
    Action.TAKE_REPORT: _OWN_KEY,
    Action.TRACK_REPORT: _SHOWS,
    Action.READ_WALLBOARD: _SHOWS,
    Action.VERIFY_DOCUMENT: _SHOWS,
    Action.REVEAL_IDENTITY: _SHOWS,
    Action.LOOK_UP_PHONE: _SHOWS,
    Action.EXPORT_EVENT_LOG: _SHOWS,
}
"""Actions whose forms may be submitted repeatedly, and why."""

P = ParamSpec("P")
T = TypeVar("T")


class FormToken(_FlaskFormCSRF):
    def generate_csrf_token(self, csrf_token_field: Any) -> str:
        return form_token()


def install(app: Flask) -> None:
    """Let templates, also imported ones, write the token with its key."""
    app.jinja_env.globals[TOKEN] = form_token
    app.context_processor(lambda: {TOKEN: form_token})


def form_token() -> str:
    """The value of every form's hidden field. A form shown again after a refusal keeps its key."""
    sent = _key_sent()
    if "form_key" not in g or ("form_recorded" in g and g.form_key == sent):
        g.form_key = (None if "form_recorded" in g else sent) or secrets.token_urlsafe(12)
    token: str = generate_csrf()
    return f"{token}{MARK}{g.form_key}"


def without_key(token: str | None) -> str | None:
    return token.partition(MARK)[0] if token else token


def answers_again(leads_to: Callable[..., str]) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Declare where a repeat leads: to the same address as the first submission. Called with the view's arguments."""

    def mark(view: Callable[P, T]) -> Callable[P, T]:
        view.answers_again = leads_to  # type: ignore[attr-defined]
        return view

    return mark


def may_repeat(view: Callable[P, T]) -> Callable[P, T]:
    """Declare that forms may be submitted to this view repeatedly, as with the actions of MAY_REPEAT, or that it handles its parts
    itself."""
    view.may_repeat = True  # type: ignore[attr-defined]
    return view


def takes_part(view: Callable[..., object], action: Action) -> bool:
    """Whether submissions to a view are recorded once per display of the form."""
    return action not in MAY_REPEAT and not hasattr(view, "may_repeat")


def recorded_once(view: Callable[P, ResponseReturnValue], action: Action, *args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
    """The view's response; a repeat gets the first one, even where the view would now refuse what has been recorded."""
    key = sent_key() if takes_part(view, action) else None
    if key is None:
        return view(*args, **kwargs)
    try:
        with sending(key) as sent:
            answer = view(*args, **kwargs)
    except SentBefore:
        return _as_first(view, answer_to(key), kwargs)
    except (CaseworkError, HTTPException):
        if (before := answer_to(key)) is not None:
            return _as_first(view, before, kwargs)
        raise
    if sent.is_recorded:
        g.form_recorded = True
    elif _is_refusal(answer) and (before := answer_to(key)) is not None:
        return _as_first(view, before, kwargs)
    return answer


def sent_key(*part: object) -> str | None:
    """The key of this submission or of a part of it; None where it comes from no displayed form, as from a script."""
    key = _key_sent()
    if key is None or wants_json() or request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
        return None
    account = signed_in_account()
    said = sorted((name, value) for name, value in request.form.items(multi=True) if value and _is_said(name))
    files = sorted((name, _content(file)) for name, file in request.files.items(multi=True) if file.filename)
    return key_of(key, account.id if account is not None else None, request.full_path, said, files, *part)


@contextmanager
def sending_part(part: str) -> Iterator[None]:
    """Record one of several things done by one submission once, whatever becomes of the others. Raises SentBefore."""
    key = sent_key(part)
    if key is None:
        yield
        return
    try:
        with sending(key):
            yield
    except CaseworkError as refusal:
        if answer_to(key) is not None:
            raise SentBefore from refusal
        raise


def _is_said(name: str) -> bool:
    return name != TOKEN and not name.startswith(OF_THE_WAY)


def _content(file: FileStorage) -> str:
    """The content of a file by its digest, since telephones give every picture the same name."""
    digest = hashlib.sha256()
    while piece := file.stream.read(PIECE):
        digest.update(piece)
    file.stream.seek(0)
    return digest.hexdigest()


def _key_sent() -> str | None:
    if request.method != "POST":
        return None
    try:
        key = request.form.get(TOKEN, "").partition(MARK)[2]
    except HTTPException:
        return None  # too large to be read: the page that says so contains forms too
    return key if SOUND.fullmatch(key) else None


def _is_refusal(answer: ResponseReturnValue) -> bool:
    status = answer[1] if isinstance(answer, tuple) else getattr(answer, "status_code", 200)
    return isinstance(status, int) and status >= 400


def _as_first(view: Callable[..., object], address: str | None, arguments: Mapping[str, Any]) -> ResponseReturnValue:
    flash(said_before())
    leads_to = getattr(view, "answers_again", None)
    return redirect(address or (cast("str", leads_to(**arguments)) if leads_to is not None else _page_of_the_form()))


def said_before() -> str:
    said: str = _("This was recorded when you sent it before. It has not been recorded a second time.")
    return said


def _page_of_the_form() -> str:
    """The page with the form: the present address if it can be opened by GET, else the referring page if ours, else the start page."""
    places = current_app.create_url_adapter(request)
    if places is not None and places.test(request.path, "GET"):
        return this_address()
    came_from = urlsplit(request.referrer or "")
    return f"{came_from.path}?{came_from.query}".rstrip("?") if came_from.netloc == request.host else url_for("public.home")
