"""How a request of another program is let in: by the key of a service account, at an open door, within its scopes, roles and limits.

A view of a door is declared with `through_door`; docs/doors.md tells those who build one what it promises. No cookie opens a door, and no
key a page: a door never asks who is signed in, and pages never look at `Authorization`.
"""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, ParamSpec, TypeVar

from flask import Blueprint, Response, current_app, g, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFProtect
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import NotFound

from casework.cases import CaseBusy
from casework.db import unit_of_work
from casework.doors.asking import Caller, KeyRefused, caller_of, in_the_name_of, note_used, require_scope
from casework.doors.gates import Door, is_open
from casework.doors.limits import BODY_BYTES, BODY_BYTES_WITH_PHOTOS, Spent, spend_act, spend_read, spend_wrong_key
from casework.files.local import FileNotStored, StorageUnreachable
from casework.permissions import ANYONE, Action
from web import errors
from web.clock import now
from web.http.overload import Overloaded
from web.networks import this_network
from web.request_log import note_security
from workflows.running.incidents import StepFailed

ON_BEHALF = "Langbiang-On-Behalf-Of"
PARAMETER = "api_key"

P = ParamSpec("P")
T = TypeVar("T")
View = Callable[P, ResponseReturnValue]


class TooOften(Exception):
    """A limit of the door is used up; `spent` says which and until when."""

    def __init__(self, spent: Spent) -> None:
        super().__init__()
        self.spent = spent


def through_door(
    door: Door, action: Action, *, needs_key: bool = True, is_act: bool = False, takes_parameter: bool = False, has_photos: bool = False,
    or_action: Action | None = None,
) -> Callable[[View[P]], View[P]]:
    """Declare a view of a door, its action, and who may ask.

    - `needs_key`: without one KeyRefused; else a request without a key is let in as the public's, and a key needs no scope for what anybody
      may do. A wrong key is refused either way.
    - `is_act`: it changes something, is counted as an act, and an officer's names the person it is done for. Otherwise it reads.
    - `takes_parameter`: the key may also be the parameter `api_key`, of a form, or of the address for GET (Open311 alone).
    - `has_photos`: the body may be 25 MB and not 1.
    - `or_action`: another scope that opens it as well.

    Raises NotFound where the door is closed, to a caller whose centre has closed it like to everybody; TooOften, KeyRefused, ScopeMissing,
    BehalfMissing and BehalfRefused, which each door's blueprint answers in its own form.
    """

    is_open_to_all = not needs_key and action.roles == ANYONE

    def guard(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            request.max_content_length = BODY_BYTES_WITH_PHOTOS if has_photos else BODY_BYTES
            caller = _caller(door, needs_key=needs_key, takes_parameter=takes_parameter)
            _spend(caller, is_act=is_act)
            if caller is not None:
                if not is_open(door, caller.centre_id):
                    raise NotFound
                if not is_open_to_all:
                    require_scope(caller, action, *([or_action] if or_action is not None else []))
            if caller is not None and is_act:
                caller = in_the_name_of(caller, request.headers.get(ON_BEHALF), action, now=now())
            g.door_caller = caller
            return view(*args, **kwargs)

        guarded.action = action  # type: ignore[attr-defined]
        guarded.door = door  # type: ignore[attr-defined]
        guarded.needs_key = not is_open_to_all  # type: ignore[attr-defined]
        return guarded

    return guard


def caller() -> Caller | None:
    """Who asks, in a view of a door; None for the public."""
    found: Caller | None = g.door_caller
    return found


def known_caller() -> Caller:
    """Who asks, where the view needs a key."""
    found = caller()
    if found is None:
        raise KeyRefused
    return found


def spent() -> Spent:
    """What is used of the limit this request counted under."""
    found: Spent = g.door_spent
    return found


def shown_key(*, takes_parameter: bool) -> str:
    """The key a request shows; empty for none. The header goes before the parameter."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return text.strip()
    if not takes_parameter:
        return ""
    return (request.args if request.method in ("GET", "HEAD") else request.form).get(PARAMETER, "").strip()


def _caller(door: Door, *, needs_key: bool, takes_parameter: bool) -> Caller | None:
    text = shown_key(takes_parameter=takes_parameter)
    if not text:
        if needs_key:
            note_security("key refused")
            raise KeyRefused
        return None
    try:
        found = caller_of(text, door=door, address=request.remote_addr, now=now())
    except KeyRefused:
        note_security("key refused")
        with unit_of_work():
            wrong = spend_wrong_key(this_network(), now=now())
        if wrong.is_over:
            raise TooOften(wrong) from None
        raise
    g.account_ref = found.account.ref
    return found


def _spend(caller: Caller | None, *, is_act: bool) -> None:
    """Count the request before its door and scope are asked for, so that refused ones count too. Raises TooOften."""
    moment = now()
    with unit_of_work():
        if caller is not None and is_act:
            g.door_spent = spend_act(caller, now=moment)
        else:
            g.door_spent = spend_read(network=this_network(), caller=caller, now=moment)
        if caller is not None:
            note_used(caller, now=moment)
    if g.door_spent.is_over:
        raise TooOften(g.door_spent)


def is_of(rule: str, path: str) -> bool:
    """Whether an address is of a rule, whatever stands in the rule's places; neither has an ending."""
    there, asked = rule.split("/"), path.split("/")
    return len(there) == len(asked) and all(mine.startswith("<") or mine == theirs for mine, theirs in zip(there, asked, strict=True))


FAULTS_OF_OURS: dict[type[Exception], Callable[[Any], ResponseReturnValue]] = {
    SQLAlchemyError: errors.database_failed, Overloaded: errors.overloaded, CaseBusy: errors.case_busy, StepFailed: errors.step_failed,
    FileNotStored: errors.away, StorageUnreachable: errors.away, OSError: errors.disk_failed,
}  # fmt: skip
"""What a door answers for in its own form, and how a page answers it."""


def take_from_programs(bp: Blueprint, away: Callable[[Exception], Response]) -> None:
    """Exempt a door's blueprint from the check of forms' tokens, as no cookie opens it, and have it answer each fault of ours by `away`."""

    def exempt(state: Any) -> None:
        protection: CSRFProtect = state.app.extensions["csrf"]
        protection.exempt(bp)

    bp.record_once(exempt)
    for kind in FAULTS_OF_OURS:
        bp.register_error_handler(kind, away)


def passes(error: Exception) -> bool:
    """Write a fault of ours down as for a page. Returns whether the same request may succeed later (503), or not (500)."""
    answer = next(each for kind, each in FAULTS_OF_OURS.items() if isinstance(error, kind))
    return current_app.make_response(answer(error)).status_code != HTTPStatus.INTERNAL_SERVER_ERROR


def asked_language() -> str:
    """Vietnamese, or English where it is preferred in the header; cookies and accounts are nobody's at a door."""
    preferred = (tag.partition("-")[0].lower() for tag in request.accept_languages.values())
    return next((tongue for tongue in preferred if tongue in ("vi", "en")), "vi")
