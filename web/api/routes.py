"""How a resource is declared: its address, action, parameters, body and answer, in one place; the door, OpenAPI and the page read it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask.typing import ResponseReturnValue

from casework.bilingual import Bilingual
from casework.doors.fields.told import Taken, Thing
from casework.doors.gates import Door
from casework.permissions import Action
from web.api.door import KNOWN, bp
from web.door_keys import through_door

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])


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

    @property
    def needs_repeat_key(self) -> bool:
        return self.is_act and not self.takes_file and self.method == "POST"


ROUTES: list[Route] = []
"""Every address of the API, in the order of the reference."""

LIMIT, CURSOR = "limit", "cursor"


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
