"""Reads what a request asks: parameters, bodies and marks. Every fault is told at once, with where it stands."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec
from flask import request

from casework.bilingual import Bilingual
from casework.doors.fields.told import Taken, converted
from web.api.problems import FIELD_FAULTS, Fault, Refused, fault

DEEPEST = 20
MOST_MEMBERS = 100
UNSOUND = re.compile("[\x00\ud800-\udfff]")
"""What no text may hold: NUL, and half of a pair."""


def parameters(taken: tuple[Taken, ...]) -> dict[str, Any]:
    """The parameters of the address, by name; what is empty is absent. Raises Refused for one that is unknown, twice, or wrong."""
    try:
        unquote_to_bytes(request.query_string.replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        raise Refused("unreadable") from None
    known, found, faults = {each.name: each for each in taken}, dict[str, Any](), list[Fault]()
    for name, values in request.args.lists():
        if name not in known:
            faults.append(fault(name[:60], "unknown"))
        elif len(values) > 1 or UNSOUND.search(values[0]):
            faults.append(fault(name, "wrong"))
        elif values[0]:
            _take(known[name], values[0], name, found, faults, is_text=True)
    if faults:
        raise Refused("parameter", faults=faults)
    return found


def body(taken: tuple[Taken, ...]) -> dict[str, Any]:
    """The members of a JSON body. Raises Refused: 415, 400 for what cannot be read and for unknown members, 422 for the rest."""
    if request.mimetype != "application/json":
        raise Refused("content_type")
    sent = _members(request.get_data(cache=True))
    known, found, faults = {each.name: each for each in taken}, dict[str, Any](), list[Fault]()
    unknown = [fault(f"#/{_escaped(name)}", "unknown") for name in sent if name not in known]
    if unknown:
        raise Refused("member_unknown", faults=unknown[:MOST_MEMBERS])
    for name, each in known.items():
        if name not in sent:
            if each.is_needed:
                faults.append(fault(f"#/{name}", "missing"))
        elif _is_unsound(sent[name]):
            faults.append(fault(f"#/{name}", "wrong"))
        else:
            _take(each, sent[name], f"#/{name}", found, faults, is_text=False)
    if faults:
        raise Refused("invalid", faults=faults)
    return found


def _members(data: bytes) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(data or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        raise Refused("unreadable") from None
    if not isinstance(value, dict) or len(value) > MOST_MEMBERS or _is_deeper(value, DEEPEST):
        raise Refused("unreadable")
    return value


def _is_deeper(value: Any, most: int) -> bool:
    """Whether lists and objects are nested deeper than so many; looks no deeper itself."""
    if not isinstance(value, (list, dict)):
        return False
    return most == 0 or any(_is_deeper(each, most - 1) for each in (value.values() if isinstance(value, dict) else value))


def _is_unsound(value: Any) -> bool:
    if isinstance(value, str):
        return bool(UNSOUND.search(value))
    if isinstance(value, dict):
        return any(_is_unsound(each) for pair in value.items() for each in pair)
    return isinstance(value, list) and any(_is_unsound(each) for each in value)


def _take(taken: Taken, value: Any, pointer: str, found: dict[str, Any], faults: list[Fault], *, is_text: bool) -> None:
    try:
        found[taken.name] = converted(taken, value, is_text=is_text)
    except (msgspec.ValidationError, ValueError, OverflowError):
        words = FIELD_FAULTS["wrong"]
        faults.append(Fault(pointer, "wrong", Bilingual(f"{words.vi} {taken.meaning.vi}", f"{words.en} {taken.meaning.en}")))


def _escaped(name: str) -> str:
    return name[:60].replace("~", "~0").replace("/", "~1").encode("utf-8", "replace").decode()


def wanted(kind: Any, found: Mapping[str, Any]) -> Any:
    """The parameters a use case takes, made of those found."""
    return kind(**{name: value for name, value in found.items() if name in kind.__dataclass_fields__})
