"""Pages for people about the API: the reference, made of the same routes and fields as OpenAPI, and what each problem means."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from casework.bilingual import Bilingual
from casework.doors.fields.told import Taken, Thing, Told
from casework.doors.gates import open_to_developers
from casework.local_time import local_day
from casework.permissions import Action
from web.api.door import is_anywhere
from web.api.front import OPEN311_ADDRESSES, delays, limits, messages_told
from web.api.openapi import VERSION, headers_of, in_order, path_of, problems_of, schema_of, things_of
from web.api.problems import PROBLEMS
from web.api.routes import Route
from web.clock import now
from web.guards import performs

bp = Blueprint("api_reference", __name__, url_prefix="/api")


@dataclass(frozen=True, slots=True)
class Entry:
    """A line about a field, parameter or header."""

    name: str
    kind: str
    label: Bilingual | None
    meaning: Bilingual
    is_needed: bool = False
    since: str = ""


@dataclass(frozen=True, slots=True)
class Address:
    """One address as the page tells it."""

    route: Route
    path: str
    headers: tuple[Entry, ...]
    parameters: tuple[Entry, ...]
    members: tuple[Entry, ...] | None
    gives: str | None
    problems: tuple[tuple[str, int], ...]

    @property
    def anchor(self) -> str:
        return self.route.name


@bp.get("", strict_slashes=False)
@performs(Action.READ_PUBLIC)
def reference() -> ResponseReturnValue:
    doors = open_to_developers(local_day(now()))
    if not doors:
        raise NotFound
    things = [(thing, tuple(_told(each) for each in thing.fields)) for thing in things_of()]
    return render_template(
        "api/reference.html", doors=doors, addresses=[_address(route) for route in in_order()], things=things, version=VERSION,
        root=current_app.config["BASE_URL"].rstrip("/"), open311=OPEN311_ADDRESSES, messages=messages_told(), delays=delays(),
        limits=limits(),
    )  # fmt: skip


@bp.get("/problems/<code>")
@performs(Action.READ_PUBLIC)
def problem(code: str) -> ResponseReturnValue:
    if code not in PROBLEMS or not is_anywhere():
        raise NotFound
    return render_template("api/problem.html", code=code, problem=PROBLEMS[code])


def _address(route: Route) -> Address:
    headers = tuple(Entry(name, "", None, meaning, is_needed) for name, _schema, meaning, is_needed in headers_of(route))
    return Address(
        route, path_of(route), headers, tuple(_taken(route.filters)), tuple(_taken(route.takes)) if route.takes is not None else None,
        route.gives.name if isinstance(route.gives, Thing) else None, tuple((code, PROBLEMS[code].status) for code in problems_of(route)),
    )  # fmt: skip


def _taken(fields: Iterable[Taken]) -> Iterator[Entry]:
    for each in fields:
        yield Entry(each.name, type_words(each.type), each.label, each.meaning, each.is_needed, each.since)


def _told(field: Told) -> Entry:
    kind = field.type.name if isinstance(field.type, Thing) else type_words(field.type)
    return Entry(field.name, f"[{kind}]" if field.is_many else kind, field.label, field.meaning, since=field.since)


def type_words(kind: Any) -> str:
    """A type as one reads it: `string date-time`, `string 1–300`, `lead | cooperating`, `integer 1–200`."""
    return _words_of(schema_of(kind))


def _words_of(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " | ".join(_words_of(each) for each in schema["anyOf"])
    if "enum" in schema:
        return " | ".join("null" if each is None else str(each) for each in schema["enum"])
    if schema.get("type") == "array":
        return f"[{_words_of(schema.get('items', {}))}]"
    least = schema.get("minLength", schema.get("minimum"))
    most = schema.get("maxLength", schema.get("maximum"))
    bounds = "" if most is None else f"{least if least is not None else 0}–{most}"
    return " ".join(part for part in (str(schema.get("type", "")), schema.get("format", ""), bounds) if part)
