"""The blueprint of the door: who is let in, and how it answers and refuses."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import orjson
from flask import Blueprint, Response, current_app, g, make_response, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, MethodNotAllowed, NotFound, RequestEntityTooLarge

from casework.bilingual import Bilingual
from casework.doors.asking import KeyRefused, ScopeMissing
from casework.doors.gates import Door, centres_behind
from casework.doors.limits import BODY_BYTES
from casework.doors.people.acts import ClosedElsewhere, IdentityStays, LastAdministrator, NameTaken
from casework.errors import CaseworkError
from casework.local_time import local_day
from casework.permissions import Action, NotAllowed
from web.clock import now
from web.door_keys import TooOften, asked_language, passes, take_from_programs, through_door
from web.scim.faults import WORDS, Refused


class _Closed(Blueprint):
    """A blueprint no view of which answers OPTIONS by itself: `elsewhere` does, as closed as the door is."""

    def add_url_rule(self, *given: Any, **options: Any) -> None:
        super().add_url_rule(*given, **{"provide_automatic_options": False, **options})


bp = _Closed("scim", __name__, url_prefix="/scim/v2")

MEDIA_TYPE = "application/scim+json"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
EVERY = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
AWAY_SECONDS = "15"
SEARCH = ".search"
_KNOWN: dict[str, tuple[str, ...]] = {
    "ServiceProviderConfig": ("GET",), "ResourceTypes": ("GET",), "Schemas": ("GET",), "Users": ("GET", "POST"),
}  # fmt: skip
_KNOWN_BELOW: dict[str, tuple[str, ...]] = {
    "ResourceTypes": ("GET",), "Schemas": ("GET",), "Users": ("GET", "PUT", "PATCH", "DELETE"),
}  # fmt: skip


@bp.url_value_preprocessor
def _bound_body(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Bound the body before anything reads it. The session is not looked at, so that no answer depends on a cookie."""
    g.is_of_door = True
    request.max_content_length = BODY_BYTES


@bp.route("/<path:anything>", methods=EVERY, provide_automatic_options=False)
@through_door(Door.SCIM, Action.MANAGE_PEOPLE)
def elsewhere(anything: str) -> ResponseReturnValue:
    """What is no address of the door, and what is one asked by another method."""
    first, _, below = anything.partition("/")
    if below == SEARCH or first == SEARCH:
        raise Refused(501, "search")
    known = _KNOWN_BELOW.get(first, ()) if below and "/" not in below else _KNOWN.get(first, ()) if not below else ()
    if known and request.method not in known:
        raise MethodNotAllowed(known)
    raise NotFound


def address_of(*parts: str) -> str:
    """The address of a resource."""
    return f"{current_app.config['BASE_URL'].rstrip('/')}{bp.url_prefix}/{'/'.join(quote(part, safe=':.') for part in parts)}"


def answered(value: Mapping[str, Any], status: int = 200, *, mark: str = "", **headers: str) -> Response:
    """An answer; with `mark` a client that has the same is told so."""
    response = make_response(orjson.dumps(value), status)
    response.headers.update({"Content-Type": MEDIA_TYPE, **headers})
    if mark:
        response.set_etag(mark, weak=True)
        if request.method in ("GET", "HEAD"):
            response.make_conditional(request)
    return response


def mark_of(value: Mapping[str, Any]) -> str:
    """The entity tag of a resource: the same as long as it looks the same."""
    return sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def listed(resources: list[dict[str, Any]], *, total: int, start: int = 1) -> Response:
    return answered(
        {"schemas": [LIST], "totalResults": total, "startIndex": start, "itemsPerPage": len(resources), "Resources": resources}
    )


def refused(status: int, words: Bilingual, scim_type: str = "", **headers: str) -> Response:
    """An error as RFC 7644, section 3.12 has it, in the reader's language."""
    value = {"schemas": [ERROR], "status": str(status), "detail": words.in_language(asked_language())}
    return answered(value | ({"scimType": scim_type} if scim_type else {}), status, **headers)


@bp.after_request
def _mark(response: Response) -> Response:
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Vary"] = "Accept-Language"
    return response


@bp.errorhandler(Refused)
def _refused(refusal: Refused) -> Response:
    return refused(refusal.status, refusal.words, refusal.scim_type)


@bp.errorhandler(KeyRefused)
def _no_key(_refusal: KeyRefused) -> Response:
    """A door closed everywhere is not there, with a wrong key neither."""
    if not centres_behind(Door.SCIM, on=local_day(now())):
        return refused(404, WORDS["not_found"])
    return refused(401, WORDS["key"], **{"WWW-Authenticate": "Bearer"})


@bp.errorhandler(ScopeMissing)
def _no_scope(_refusal: ScopeMissing) -> Response:
    return refused(403, WORDS["scope"])


@bp.errorhandler(TooOften)
def _too_often(refusal: TooOften) -> Response:
    return refused(429, WORDS["too_often"], **{"Retry-After": str(refusal.spent.seconds_left(now()))})


@bp.errorhandler(CaseworkError)
def _not_taken(refusal: CaseworkError) -> Response:
    """What a use case refuses, in its words."""
    if isinstance(refusal, NameTaken):
        return refused(409, refusal.text, "uniqueness")
    if isinstance(refusal, (ClosedElsewhere, IdentityStays, LastAdministrator)):
        return refused(409, refusal.text)
    if isinstance(refusal, NotAllowed):
        return refused(404, WORDS["not_found"])
    return refused(400, refusal.text, "invalidValue")


@bp.errorhandler(NotFound)
def _unknown(_error: NotFound) -> Response:
    return refused(404, WORDS["not_found"])


@bp.errorhandler(MethodNotAllowed)
def _other_method(error: MethodNotAllowed) -> Response:
    return refused(405, WORDS["method"], Allow=", ".join(error.valid_methods or ()))


@bp.errorhandler(BadRequest)
def _unreadable(_error: BadRequest) -> Response:
    return refused(400, WORDS["unreadable"], "invalidSyntax")


@bp.errorhandler(RequestEntityTooLarge)
def _too_large(_error: RequestEntityTooLarge) -> Response:
    return refused(413, WORDS["too_large"])


def _away(error: Exception) -> Response:
    """A fault of ours is written down as for a page."""
    if not passes(error):
        return refused(500, WORDS["failed"])
    return refused(503, WORDS["away"], **{"Retry-After": AWAY_SECONDS})


take_from_programs(bp, _away)
