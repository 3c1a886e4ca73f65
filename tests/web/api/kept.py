"""What of one OpenAPI document the other takes back: whoever wrote a program by the kept one must not have to change it."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

LESS = {"minLength": 1, "minimum": 1, "minItems": 1, "maxLength": -1, "maximum": -1, "maxItems": -1}
"""Bounds of what is sent that are narrower when they grow (1) or shrink (-1)."""


def taken_back(kept: dict[str, Any], today: dict[str, Any], *, on: str = "") -> list[str]:
    """Every promise of `kept` that `today` breaks, one line each. What was announced to go by the day `on` may be gone."""
    found: list[str] = []
    for path, methods in kept["paths"].items():
        for method, before in methods.items():
            now = today["paths"].get(path, {}).get(method)
            where = f"{method.upper()} {path}"
            if now is None and before.get("x-sunset", "9999") <= on:
                continue
            found += [f"{where}: removed"] if now is None else [*_of_operation(where, before, now, kept, today)]
    return found


def _of_operation(where: str, before: Any, now: Any, kept: Any, today: Any) -> Iterator[str]:
    old, new = ({(each["in"], each["name"]): each for each in one.get("parameters", ())} for one in (before, now))
    for key, each in old.items():
        if key not in new:
            yield f"{where}: {key[1]} is not taken any more"
        elif new[key]["required"] and not each["required"]:
            yield f"{where}: {key[1]} is needed now"
        else:
            yield from _sent(f"{where}: {key[1]}", each["schema"], new[key]["schema"], kept, today)
    yield from (f"{where}: {key[1]} is needed now" for key, each in new.items() if key not in old and each["required"])
    yield from (f"{where}: needs a key now" for _ in [0] if {} in before["security"] and {} not in now["security"])
    if "requestBody" in before:
        for media, content in before["requestBody"]["content"].items():
            if media not in now.get("requestBody", {}).get("content", {}):
                yield f"{where}: {media} is not taken any more"
            else:
                yield from _sent(f"{where} #", content["schema"], now["requestBody"]["content"][media]["schema"], kept, today)
    elif now.get("requestBody", {}).get("required"):
        yield f"{where}: a body is needed now"
    for status, answer in before["responses"].items():
        if status[0] == "2" and status not in now["responses"]:
            yield f"{where}: {status} is not answered any more"
        for media, content in answer.get("content", {}).items() if status[0] == "2" and status in now["responses"] else ():
            given = now["responses"][status].get("content", {}).get(media)
            if given is None:
                yield f"{where}: {media} is not answered any more"
            else:
                yield from _given(f"{where} {status}", content["schema"], given["schema"], kept, today, ())


def _sent(where: str, before: Any, now: Any, kept: Any, today: Any) -> Iterator[str]:
    """What was taken before and is not now."""
    before, now = _followed(before, kept), _followed(now, today)
    yield from (f"{where}: {name} is no type any more" for name in sorted(_types(before, kept) - _types(now, today)))
    if "enum" in now:
        gone = [each for each in before.get("enum", ("any",)) if each not in now["enum"]]
        yield from (f"{where}: {each} is not taken any more" for each in gone)
    for bound, sign in LESS.items():
        if bound in now and (bound not in before or (now[bound] - before[bound]) * sign > 0):
            yield f"{where}: {bound} is narrower"
    if now.get("pattern", before.get("pattern")) != before.get("pattern"):
        yield f"{where}: another pattern"
    old, new = before.get("properties", {}), now.get("properties", {})
    yield from (f"{where}/{name} is not taken any more" for name in old if name not in new)
    yield from (f"{where}/{name} is needed now" for name in now.get("required", ()) if name not in before.get("required", ()))
    for name in old.keys() & new.keys():
        yield from _sent(f"{where}/{name}", old[name], new[name], kept, today)
    if "items" in before and "items" in now:
        yield from _sent(f"{where}/-", before["items"], now["items"], kept, today)


def _given(where: str, before: Any, now: Any, kept: Any, today: Any, within: tuple[str, ...]) -> Iterator[str]:
    """What was told before and is not now, or in a type nobody expects. Values of open lists may be added."""
    name = before.get("$ref", "")
    if name in within:
        return
    before, now, within = _followed(before, kept), _followed(now, today), (*within, name) if name else within
    yield from (f"{where}: {each} was no type of it" for each in sorted(_types(now, today) - _types(before, kept)))
    old, new = before.get("properties", {}), now.get("properties", {})
    yield from (f"{where}/{each} is not told any more" for each in old if each not in new)
    yield from (f"{where}/{each} may be left out now" for each in before.get("required", ()) if each in new and each not in now["required"])
    for each in old.keys() & new.keys():
        yield from _given(f"{where}/{each}", old[each], new[each], kept, today, within)
    if "items" in before and "items" in now:
        yield from _given(f"{where}/-", before["items"], now["items"], kept, today, within)
    for one, other in zip(before.get("anyOf", ()), now.get("anyOf", ()), strict=False):
        yield from _given(where, one, other, kept, today, within)


def _followed(schema: Any, document: Any) -> Any:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def _types(schema: Any, document: Any) -> set[str]:
    """The JSON types a schema allows."""
    schema = _followed(schema, document)
    if "anyOf" in schema:
        return set().union(*(_types(each, document) for each in schema["anyOf"]))
    if "enum" in schema:
        return {"null" if each is None else "string" for each in schema["enum"]}
    kinds = schema.get("type", [])
    return {kinds} if isinstance(kinds, str) else set(kinds)
