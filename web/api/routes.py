"""How a resource is declared: its address, action, parameters, body and answer, in one place; the door, OpenAPI and the page read it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.http import http_date

from casework.bilingual import Bilingual
from casework.db import unit_of_work
from casework.doors.fields.told import Taken, Thing
from casework.doors.gates import Door
from casework.doors.going import Goes, calls_of, note_call
from casework.local_time import midnight
from casework.models import ServiceAccount
from casework.permissions import Action
from web.addresses import on_the_web
from web.api.door import KNOWN, bp
from web.clock import now
from web.door_keys import caller, through_door

NOTICE = timedelta(days=365)
"""How long before its end it is said that an operation goes."""

P = ParamSpec("P")
View = TypeVar("View", bound=Callable[..., ResponseReturnValue])


@dataclass(frozen=True, slots=True)
class Going:
    """An operation that goes: since when it is announced, and the first day it is not there. A year at least lies between."""

    announced_on: date
    ends_on: date

    def __post_init__(self) -> None:
        if self.ends_on - self.announced_on < NOTICE:
            raise ValueError(f"{self.ends_on} is less than {NOTICE.days} days after {self.announced_on}")


@dataclass(frozen=True, slots=True)
class Route:
    rule: str
    method: str
    name: str
    action: Action
    says: Bilingual
    gives: Thing | type | None
    is_list: bool = False
    takes: tuple[Taken, ...] | None = None
    filters: tuple[Taken, ...] = ()
    is_act: bool = False
    needs_key: bool = True
    """Whether a key is asked for, and in acts of officers a person's name."""
    any_scope: bool = False
    """Whether a key will do that opens anything at all."""
    takes_file: bool = False
    status: int = 200
    media_type: str = "application/json"
    or_action: Action | None = None
    """Another scope that opens it as well."""
    goes: Going | None = None

    @property
    def needs_repeat_key(self) -> bool:
        return self.is_act and not self.takes_file and self.method == "POST"


ROUTES: list[Route] = []
"""Every address of the API, in the order of the reference."""

LIMIT, CURSOR = "limit", "cursor"


@bp.after_request
def _announce(response: Response) -> Response:
    """Say of what goes since when that is known (RFC 9745), until when it is there (RFC 8594), and where one reads on."""
    if request.endpoint is not None and (goes := goes_of(request.endpoint.removeprefix(f"{bp.name}."))) is not None:
        response.headers["Deprecation"] = f"@{int(midnight(goes.announced_on).timestamp())}"
        response.headers["Sunset"] = http_date(midnight(goes.ends_on))
        response.headers.add("Link", f'<{goes.about}>; rel="deprecation"; type="text/html"')
    return response


def goes_of(name: str) -> Goes | None:
    """What is announced of an operation; None for one that stays."""
    route = next((each for each in ROUTES if each.goes is not None and each.name == name), None)
    if route is None or route.goes is None:
        return None
    about = on_the_web(url_for("api_reference.reference", _anchor=name))
    address = f"{route.method} {bp.url_prefix}{route.rule}"
    return Goes(name=name, address=address, announced_on=route.goes.announced_on, ends_on=route.goes.ends_on, about=about)


@dataclass(frozen=True, slots=True)
class CalledOfLate:
    """What a program still calls that goes."""

    goes: Goes
    last_used_on: date


def called_of_late(service: ServiceAccount, *, at: datetime) -> list[CalledOfLate]:
    """What its owner has to change, the newest call first."""
    known = [(goes_of(name), announced_on, used_on) for name, announced_on, used_on in calls_of(service, now=at)]
    return [CalledOfLate(goes, used_on) for goes, since, used_on in known if goes is not None and goes.announced_on == since]


def _noting(name: str, view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """Have a view note who calls it, where it goes."""

    @wraps(view)
    def noting(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        by, goes = caller(), goes_of(name)
        if by is not None and goes is not None:
            with unit_of_work():
                note_call(goes, by=by, now=now())
        return view(*args, **kwargs)

    return noting


def answers(
    rule: str, action: Action, says: Bilingual, gives: Thing | type | None, *, method: str = "GET", **more: Any
) -> Callable[[View], View]:
    """Declare a view. It is let in by the door API with a scope for `action`; `more` as in Route."""

    def declare(view: View) -> View:
        route = Route(rule, method, view.__name__, action, says, gives, **more)
        guarded = through_door(
            Door.API, action, needs_key=route.needs_key and not route.any_scope, is_act=route.is_act, has_photos=route.takes_file,
            or_action=route.or_action,
        )(_noting(route.name, view))  # fmt: skip
        bp.add_url_rule(rule, route.name, guarded, methods=(method,), provide_automatic_options=False)
        KNOWN.setdefault(rule, set()).add(method)
        ROUTES.append(route)
        return view

    return declare
