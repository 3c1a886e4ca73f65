"""Writes OpenAPI 3.1 from the routes, the registry of fields and the list of problems; nothing is described twice."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from casework.bilingual import Bilingual
from casework.doors.fields.told import Taken, Thing, Told
from casework.doors.scopes import IN_A_NAME
from casework.permissions import Action
from web.api.problems import PROBLEM_SCHEMA, PROBLEMS
from web.api.routes import ROUTES, Route

VERSION = "1.0.0"
TITLE = Bilingual("API của Langbiang", "API of Langbiang")
REF = "#/components/schemas/{name}"
PROBLEM = "application/problem+json"
ALWAYS = ("not_found", "failed", "away", "quota")
"""Problems every address may answer."""


def openapi(base: str) -> dict[str, Any]:
    """The document for an installation at `base`, of every route declared."""
    paths: dict[str, dict[str, Any]] = {}
    for route in in_order():
        paths.setdefault(path_of(route), {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0", "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {"title": TITLE.en, "version": VERSION, "x-vi": {"title": TITLE.vi}},
        "servers": [{"url": f"{base}/api/v1"}], "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "lb1_…"}},
        },
    }  # fmt: skip


def in_order() -> list[Route]:
    """All routes by address, reading first."""
    return sorted(ROUTES, key=lambda route: (route.rule, route.method != "GET"))


def path_of(route: Route) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route.rule)


def problems_of(route: Route) -> list[str]:
    """The codes of the problems a route may answer."""
    found = [*ALWAYS, "key", "parameter", "unreadable", "too_large"]
    found += ["scope"] if route.needs_key and not route.any_scope else []
    found += ["cursor_invalid"] if route.is_list else []
    if route.takes is not None or route.takes_file:
        found += ["content_type", "invalid", "refused"]
    if route.takes is not None:
        found += ["member_unknown"]
    if route.needs_repeat_key:
        found += ["idempotency_key", "idempotency_reused", "still_running"]
    if route.action is Action.FILE_REPORT:
        found += ["elsewhere"]
    if route.is_act and route.action in IN_A_NAME and route.takes is not None:
        found += ["on_behalf_missing", "on_behalf_refused", "precondition", "stale", "not_now", "not_allowed"]
    return sorted(dict.fromkeys(found), key=lambda code: (PROBLEMS[code].status, code))


def headers_of(route: Route) -> Iterator[tuple[str, Any, Bilingual, bool]]:
    """The headers a route reads: name, schema, meaning, and whether it is needed."""
    text = {"type": "string"}
    if route.method == "GET":
        yield "If-None-Match", text, Bilingual("ETag đã có: chưa đổi thì 304.", "The ETag at hand: 304 where nothing has changed."), False
    if route.needs_repeat_key:
        yield ("Idempotency-Key", {"type": "string", "minLength": 16, "maxLength": 66, "pattern": '^"?[A-Za-z0-9_.:~-]{16,64}"?$'},
               Bilingual("Mới cho mỗi việc, giữ nguyên khi gửi lại trong 48 giờ.",
                         "New for each act; the same when sending again, for 48 hours."),
               True)  # fmt: skip
    if route.is_act and route.action in IN_A_NAME and route.takes is not None:
        yield "If-Match", text, Bilingual("ETag của việc được giao.", "The ETag of the assignment."), True
        yield ("Langbiang-On-Behalf-Of", {"type": "string", "pattern": "^[A-Za-z0-9_-]{16}$"},
               Bilingual("Cán bộ làm việc này: mã tham chiếu ở /people.", "The officer whose act it is: a ref of /people."),
               True)  # fmt: skip


def _operation(route: Route) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": route.name, "summary": route.says.en, "x-vi": {"summary": route.says.vi},
        "parameters": [*_parameters(route)], "responses": _responses(route),
        "security": [{"key": []}] if route.needs_key else [{}, {"key": []}],
    }  # fmt: skip
    if route.needs_key and not route.any_scope:
        found["x-scope"] = str(route.action) if route.or_action is None else f"{route.action} | {route.or_action}"
    if route.goes is not None:
        found |= {"deprecated": True, "x-announced": str(route.goes.announced_on), "x-sunset": str(route.goes.ends_on)}
    if route.takes is not None:
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": _body(route.takes)}}}
    if route.takes_file:
        of_file = {"type": "object", "required": ["file"], "additionalProperties": False,
                   "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}}}  # fmt: skip
        found["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": of_file}}}
    return found


def _parameters(route: Route) -> Iterator[dict[str, Any]]:
    for name in re.findall(r"<(?:\w+:)?(\w+)>", route.rule):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    for each in route.filters:
        yield {"name": each.name, "in": "query", "required": False, "schema": schema_of(each.type), **_words(each)}
    for name, schema, meaning, is_needed in headers_of(route):
        yield {"name": name, "in": "header", "required": is_needed, "schema": schema, "description": meaning.en,
               "x-vi": {"description": meaning.vi}}  # fmt: skip


def _responses(route: Route) -> dict[str, Any]:
    headers = {name: {"schema": {"type": "string"}} for name in ("ETag", "RateLimit", "RateLimit-Policy")}
    answer: dict[str, Any] = {"description": route.says.en, "headers": headers if route.method != "DELETE" else {}}
    if route.gives is not None:
        answer["content"] = {route.media_type: {"schema": _given(route)}}
    found = {str(route.status): answer}
    if route.method == "GET":
        found["304"] = {"description": "Nothing has changed."}
    of_status: dict[int, list[str]] = {}
    for code in problems_of(route):
        of_status.setdefault(PROBLEMS[code].status, []).append(code)
    for status, codes in of_status.items():
        told = "; ".join(f"{code}: {PROBLEMS[code].title.en}" for code in codes)
        found[str(status)] = {"description": told, "content": {PROBLEM: {"schema": {"$ref": REF.format(name="Problem")}}}}
    return found


def _given(route: Route) -> dict[str, Any]:
    assert route.gives is not None
    if not isinstance(route.gives, Thing):
        return {"type": "string", "contentMediaType": route.media_type} if route.gives is bytes else {"type": "object"}
    of_row = {"$ref": REF.format(name=f"{route.gives.name}Row" if route.is_list and _has_more(route.gives) else route.gives.name)}
    if not route.is_list:
        return of_row
    page = {"items": {"type": "array", "items": of_row}, "next": {"type": ["string", "null"]}}
    return {"type": "object", "required": ["items", "next"], "properties": page}


def _schemas() -> dict[str, Any]:
    things = things_of()
    found: dict[str, Any] = {thing.name: _object(thing, thing.fields) for thing in things}
    for thing in things:
        if _has_more(thing):
            found[f"{thing.name}Row"] = _object(thing, [each for each in thing.fields if each.in_lists])
    kinds = [each.type for thing in things for each in thing.fields if not isinstance(each.type, Thing)]
    kinds += [each.type for route in ROUTES for each in (route.takes or ())]
    found |= msgspec.json.schema_components(kinds, ref_template=REF)[1]
    return found | {"Problem": PROBLEM_SCHEMA}


def things_of() -> list[Thing]:
    """Every thing an address gives, and those within them, by name."""
    found = {each.name: each for route in ROUTES if isinstance(route.gives, Thing) for each in _all_of(route.gives)}
    return [thing for _name, thing in sorted(found.items())]


def _all_of(thing: Thing) -> Iterator[Thing]:
    yield thing
    for each in thing.fields:
        if isinstance(each.type, Thing):
            yield from _all_of(each.type)


def _has_more(thing: Thing) -> bool:
    return any(not each.in_lists for each in thing.fields)


def _object(thing: Thing, fields: Iterable[Told]) -> dict[str, Any]:
    properties = {each.name: _property(each) for each in fields}
    return {"type": "object", "title": thing.label.en, "x-vi": {"title": thing.label.vi}, "required": list(properties),
            "properties": properties}  # fmt: skip


def _property(field: Told) -> dict[str, Any]:
    if isinstance(field.type, Thing):
        of_thing: dict[str, Any] = {"$ref": REF.format(name=field.type.name)}
        of_thing = {"anyOf": [of_thing, {"type": "null"}]} if field.may_be_null else of_thing
        schema: dict[str, Any] = {"type": "array", "items": of_thing} if field.is_many else of_thing
    else:
        schema = schema_of(field.type)
    sight = {"x-sight": str(field.sight)} if field.sight is not None else {}
    words = {"title": field.label.en, "description": field.meaning.en, "x-vi": {"title": field.label.vi, "description": field.meaning.vi}}
    return {**schema, **words, "x-since": field.since, **sight}


def _body(fields: Iterable[Taken]) -> dict[str, Any]:
    known = list(fields)
    return {"type": "object", "additionalProperties": False, "required": [each.name for each in known if each.is_needed],
            "properties": {each.name: {**schema_of(each.type), "title": each.label.en, **_words(each)} for each in known}}  # fmt: skip


def _words(each: Taken) -> dict[str, Any]:
    return {"description": each.meaning.en, "x-vi": {"title": each.label.vi, "description": each.meaning.vi}}


def schema_of(kind: Any) -> dict[str, Any]:
    """The JSON Schema of a type; named ones are referred to."""
    return dict(msgspec.json.schema_components([kind], ref_template=REF)[0][0])
