"""How a resource is declared: its address, action, parameters, body and answer, in one place; the door, OpenAPI and the page read it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeVar

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.http import http_date

from casework.bilingual import Bilingual
from casework.doors.fields.told import Taken, Thing
from casework.doors.gates import Door
from casework.local_time import midnight
from casework.permissions import Action
from web.addresses import on_the_web
from web.api.door import KNOWN, bp
from web.door_keys import through_door

NOTICE = timedelta(days=365)
"""How long before its end it is said that an operation goes."""

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
    route = next((each for each in ROUTES if each.goes is not None and request.endpoint == f"{bp.name}.{each.name}"), None)
    if route is not None and route.goes is not None:
        response.headers["Deprecation"] = f"@{int(midnight(route.goes.announced_on).timestamp())}"
        response.headers["Sunset"] = http_date(midnight(route.goes.ends_on))
        about = on_the_web(url_for("api_reference.reference", _anchor=route.name))
        response.headers.add("Link", f'<{about}>; rel="deprecation"; type="text/html"')
    return response


def answers(
    rule: str, action: Action, says: Bilingual, gives: Thing | type | None, *, method: str = "GET", **more: Any
) -> Callable[[View], View]:
    """Declare a view. It is let in by the door API with a scope for `action`; `more` as in Route."""

    def declare(view: View) -> View:
        route = Route(rule, method, view.__name__, action, says, gives, **more)
        guarded = through_door(
            Door.API, action, needs_key=route.needs_key and not route.any_scope, is_act=route.is_act, has_photos=route.takes_file,
            or_action=route.or_action,
        )(view)  # fmt: skip
        bp.add_url_rule(rule, route.name, guarded, methods=(method,), provide_automatic_options=False)
        KNOWN.setdefault(rule, set()).add(method)
        ROUTES.append(route)
        return view

    return declare
