"""The blueprint of the API: who is let in, in which language it answers, what marks an answer bears, and how it refuses."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

import msgspec
from flask import Blueprint, Response, g, make_response, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, MethodNotAllowed, NotFound, RequestEntityTooLarge

from casework.doors.asking import BehalfMissing, BehalfRefused, KeyRefused, ScopeMissing
from casework.doors.gates import Door, centres_behind
from casework.doors.limits import BODY_BYTES, BODY_BYTES_WITH_PHOTOS, Spent
from casework.errors import CaseworkError
from casework.local_time import local_day
from casework.permissions import Action, NotAllowed
from web.addresses import on_the_web
from web.api.problems import PROBLEMS, QUOTA_TYPE, Refused
from web.clock import now
from web.door_keys import TooOften, asked_language, is_of, passes, take_from_programs, through_door
from web.request_log import request_id

bp = Blueprint("api", __name__, url_prefix="/api/v1")

READING = frozenset({"GET", "HEAD"})
EVERY = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
AWAY_SECONDS = "15"
JSON, PROBLEM_JSON = "application/json", "application/problem+json"
REALM = 'Bearer realm="langbiang"'


@bp.url_value_preprocessor
def _bound_body(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Bound the body before anything reads it. The session is not looked at, so that no answer depends on a cookie."""
    g.is_of_door = True
    takes_photos = request.path == "/api/v1/photos"
    request.max_content_length = request.max_form_memory_size = BODY_BYTES_WITH_PHOTOS if takes_photos else BODY_BYTES


@bp.route("/<path:anything>", methods=EVERY, provide_automatic_options=False)
@bp.route("/", methods=[method for method in EVERY if method != "GET"], provide_automatic_options=False)
@through_door(Door.API, Action.READ_PUBLIC, needs_key=False)
def elsewhere(anything: str = "") -> ResponseReturnValue:
    """What is no address of the API, and what is one asked by another method."""
    if not is_anywhere():
        raise NotFound
    known = set().union(*(methods for rule, methods in KNOWN.items() if is_of(rule, f"/{anything}")))
    if known and request.method not in known | READING:
        raise MethodNotAllowed(sorted(known | {"HEAD"}) if "GET" in known else sorted(known))
    if known and "GET" not in known:
        raise MethodNotAllowed(sorted(known))
    raise NotFound


KNOWN: dict[str, set[str]] = {}
"""The methods of each address (routes.py fills it)."""


def mark_of(body: bytes) -> str:
    """The strong ETag of what a viewer sees."""
    return f'"{sha256(body).hexdigest()[:32]}"'


def answered(value: Any, *, status: int = 200, headers: Iterable[tuple[str, str]] = ()) -> Response:
    """A JSON answer with its mark; a client that has these bytes gets 304."""
    body = msgspec.json.encode(value)
    return answered_bytes(body, status=status, headers=headers)


def answered_bytes(body: bytes, *, status: int = 200, headers: Iterable[tuple[str, str]] = ()) -> Response:
    response = make_response(body, status)
    response.headers["Content-Type"] = JSON
    response.headers["ETag"] = mark_of(body)
    for name, value in headers:
        response.headers.add(name, value)
    return unless_known(response)


def unless_known(response: Response) -> Response:
    """The answer, or 304 to a client that has it. Of the conditions a reading may have no other counts."""
    tag, _is_weak = response.get_etag()
    if request.method in READING and tag is not None and request.if_none_match.contains_weak(tag):
        response.status_code = 304
        response.set_data(b"")
        for name in ("Content-Type", "Content-Length"):
            response.headers.pop(name, None)
    return response


def problem(refusal: Refused) -> Response:
    """A refusal as RFC 9457 has it, in both languages; `title` and `detail` in the one asked."""
    kind, tongue = PROBLEMS[refusal.code], asked_language()
    detail = refusal.detail or kind.advice
    both = {"vi": {"title": kind.title.vi, "detail": detail.vi}, "en": {"title": kind.title.en, "detail": detail.en}}
    listed = [
        {"pointer": each.pointer, "code": each.code, "detail": each.words.in_language(tongue),
         "in": {"vi": each.words.vi, "en": each.words.en}}
        for each in refusal.faults
    ]
    of_kind = QUOTA_TYPE if refusal.code == "quota" else on_the_web(url_for("api_reference.problem", code=refusal.code))
    value = {
        "type": of_kind, "title": both[tongue]["title"], "status": kind.status, "detail": both[tongue]["detail"],
        "instance": f"urn:request:{request_id()}", "code": refusal.code, "in": both, "errors": listed, **refusal.more,
    }  # fmt: skip
    response = make_response(msgspec.json.encode(value), kind.status)
    response.headers.update({"Content-Type": PROBLEM_JSON, "Content-Language": tongue, **refusal.headers})
    return response


@bp.after_request
def _mark(response: Response) -> Response:
    """Nobody but the caller may keep an answer; the limit it counted under stands on each."""
    response.headers["Cache-Control"] = "public, no-cache" if g.get("is_for_all") else "private, no-store"
    response.headers["Vary"] = "Accept-Language"
    if (spent := g.get("door_spent")) is not None:
        response.headers.update(limit_headers(spent))
    return response


def limit_headers(spent: Spent) -> dict[str, str]:
    """The limit a request counted under (draft-ietf-httpapi-ratelimit-headers): its quota and window, what is left and for how long."""
    window, left = int(spent.limit.window.total_seconds()), spent.seconds_left(now())
    name = "minute" if window == 60 else "hour" if window == 3600 else "day"
    return {"RateLimit-Policy": f'"{name}";q={spent.allowed};w={window}', "RateLimit": f'"{name}";r={spent.left};t={left}'}


@bp.errorhandler(Refused)
def _refused(refusal: Refused) -> Response:
    return problem(refusal)


@bp.errorhandler(KeyRefused)
def _no_key(_refusal: KeyRefused) -> Response:
    """A door that is closed everywhere is no door, whatever is shown there."""
    if not is_anywhere():
        return problem(Refused("not_found"))
    return problem(Refused("key", headers={"WWW-Authenticate": REALM}))


def is_anywhere() -> bool:
    """Whether any centre has the door open."""
    return bool(centres_behind(Door.API, on=local_day(now())))


@bp.errorhandler(ScopeMissing)
def _no_scope(refusal: ScopeMissing) -> Response:
    return problem(Refused("scope", refusal.text))


@bp.errorhandler(BehalfMissing)
def _nobody_named(refusal: BehalfMissing) -> Response:
    return problem(Refused("on_behalf_missing", refusal.text))


@bp.errorhandler(BehalfRefused)
def _not_agreed(refusal: BehalfRefused) -> Response:
    return problem(Refused("on_behalf_refused", refusal.text))


@bp.errorhandler(NotAllowed)
def _not_allowed(refusal: NotAllowed) -> Response:
    return problem(Refused("not_allowed", refusal.text))


@bp.errorhandler(TooOften)
def _too_often(refusal: TooOften) -> Response:
    seconds = refusal.spent.seconds_left(now())
    g.door_spent = refusal.spent
    policy = limit_headers(refusal.spent)["RateLimit-Policy"].partition(";")[0].strip('"')
    return problem(Refused("quota", more={"violated-policies": [policy]}, headers={"Retry-After": str(seconds)}))


@bp.errorhandler(CaseworkError)
def _not_taken(refusal: CaseworkError) -> Response:
    return problem(Refused("refused", refusal.text))


@bp.errorhandler(NotFound)
def _unknown(_error: NotFound) -> Response:
    if b"%00" in request.query_string:
        return problem(Refused("unreadable"))
    return problem(Refused("not_found"))


@bp.errorhandler(MethodNotAllowed)
def _other_method(error: MethodNotAllowed) -> Response:
    return problem(Refused("method", headers={"Allow": ", ".join(error.valid_methods or ())}))


@bp.errorhandler(BadRequest)
def _unreadable(_error: BadRequest) -> Response:
    return problem(Refused("unreadable"))


@bp.errorhandler(RequestEntityTooLarge)
def _too_large(_error: RequestEntityTooLarge) -> Response:
    return problem(Refused("too_large"))


def _away(error: Exception) -> Response:
    """A fault of ours is written down as for a page, and told as a problem."""
    if not passes(error):
        return problem(Refused("failed"))
    return problem(Refused("away", headers={"Retry-After": AWAY_SECONDS}))


take_from_programs(bp, _away)
