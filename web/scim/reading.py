"""Reads what a directory sends: whole people, changes of them, and filters.

Names of attributes count in any case, unknown ones and extensions are ignored, so that nothing else of an account can be written. Entra and
Okta differ in how they write the same change: both are read (see `is_true` and `patch_in`).
"""

import re
from typing import Any

import orjson
from flask import request

from casework.doors.people.rows import Wanted
from casework.text import normal
from web.scim.faults import Refused, wrong_value
from web.scim.schemas import USER

TYPES = ("application/scim+json", "application/json")
MOST_OPERATIONS, LONGEST_PATH, LONGEST_FILTER = 100, 300, 1_000
REQUIRED = frozenset({"username", "displayname", "name", "active"})
READ_ONLY = frozenset({"id", "meta", "schemas"})
_URN = r"urn:ietf:params:scim:schemas:core:2\.0:User"
_FILTER = re.compile(rf'(?:{_URN}:)?(userName|externalId|id) +eq +("(?:[^"\\]|\\.)*")', re.IGNORECASE)
_NAME = r"[A-Za-z$][\w$-]*"
_PATH = re.compile(
    rf"(?:{_URN}:)?(?P<name>{_NAME})(?:\[(?P<which>[^\]]*)\])?(?:\.(?P<sub>{_NAME}))?", re.IGNORECASE | re.ASCII
)
_OF_OFFICE = re.compile(r' *(?:type +eq +"work"|primary +eq +"?true"?) *', re.IGNORECASE)

Changes = dict[str, Any]
"""What is wished of a person, by our names: login, full_name, title, email, external (None: taken away), is_active."""


def body() -> dict[str, Any]:
    """The object that was sent. Raises Refused."""
    if request.mimetype not in TYPES:
        raise Refused(415, "media_type")
    try:
        sent = orjson.loads(request.get_data())
    except ValueError:
        sent = None
    if not isinstance(sent, dict):
        raise Refused(400, "unreadable", "invalidSyntax")
    return sent


def person_in(sent: dict[str, Any]) -> Changes:
    """What a whole resource says. Raises Refused."""
    wished: Changes = {}
    for key, value in sent.items():
        _take(key, value, wished)
    if "display_name" in wished:
        wished["full_name"] = wished.pop("display_name")
    return wished


def patch_in(sent: dict[str, Any]) -> Changes:
    """What the operations of a change come to, the last word counting. Raises Refused.

    Without a path the value is an object, whose names may be paths themselves, as Entra sends them.
    """
    operations = next((value for key, value in sent.items() if key.lower() == "operations"), None)
    if not isinstance(operations, list) or not 0 < len(operations) <= MOST_OPERATIONS:
        raise Refused(400, "operations", "invalidSyntax")
    wished: Changes = {}
    for operation in operations:
        parts = {key.lower(): value for key, value in operation.items()} if isinstance(operation, dict) else {}
        verb, path, value = parts.get("op"), parts.get("path"), parts.get("value")
        if not isinstance(verb, str) or verb.lower() not in ("add", "replace", "remove"):
            raise Refused(400, "operations", "invalidSyntax")
        if verb.lower() == "remove":
            _remove(path, wished)
        elif path is None or path == "":
            if not isinstance(value, dict):
                raise wrong_value("value")
            _take_object(value, wished)
        else:
            _take_at(path, value, wished)
        if "display_name" in wished:
            wished["full_name"] = wished.pop("display_name")
    return wished


def wanted_people(typed: str) -> Wanted | None:
    """The people a filter asks for; None where it can find nobody. Raises Refused for one that is not understood."""
    if not typed.strip():
        return Wanted()
    found = _FILTER.fullmatch(typed.strip()) if len(typed) <= LONGEST_FILTER else None
    try:
        value = orjson.loads(found[2]) if found is not None else None
    except ValueError:
        value = None
    if found is None or not isinstance(value, str):
        raise Refused(400, "filter", "invalidFilter")
    if "\0" in value or not value:
        return None
    name = found[1].lower()
    return Wanted(ref=value) if name == "id" else Wanted(external=value) if name == "externalid" else Wanted(login=normal(value).lower())


def whole_number(name: str, default: int) -> int:
    """A number of the address. Raises Refused."""
    typed = request.args.get(name, "").strip()
    if not re.fullmatch(r"[+-]?\d{1,9}|", typed, re.ASCII):
        raise Refused(400, "page", "invalidValue")
    return int(typed) if typed else default


def is_true(name: str, value: Any) -> bool:
    """A truth value, also as a word in any case. Raises Refused."""
    value = _alone(value)
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    if not isinstance(value, bool):
        raise wrong_value(name)
    return value


def _take(key: str, value: Any, wished: Changes) -> None:
    """Take one attribute of an object into what is wished; null is the same as none (RFC 7643, section 2.5)."""
    name = key.lower()
    if name == "username":
        wished["login"] = _words(key, value)
    elif name == "displayname" and value is not None:
        wished["display_name"] = _words(key, value)
    elif name == "name" and value is not None:
        if not isinstance(value, dict):
            raise wrong_value(key)
        formatted = next((each for sub, each in value.items() if sub.lower() == "formatted"), None)
        if formatted is not None:
            wished["full_name"] = _words("name.formatted", formatted)
    elif name == "title":
        wished["title"] = _words(key, value) if value is not None else ""
    elif name == "externalid":
        wished["external"] = _words(key, value) or None if value is not None else None
    elif name == "active" and value is not None:
        wished["is_active"] = is_true(key, value)
    elif name == "emails":
        wished["email"] = _address(value)


def _take_object(value: dict[str, Any], wished: Changes, *, is_inside: bool = False) -> None:
    for key, each in value.items():
        if key.lower() == USER.lower() and isinstance(each, dict):
            if not is_inside:                              # its members may stand under its name, but not that name in itself
                _take_object(each, wished, is_inside=True)
        elif "." in key or "[" in key or ":" in key:
            if not key.lower().startswith("urn:") or key.lower().startswith(USER.lower()):
                _take_at(key, each, wished)
        else:
            _take(key, each, wished)


def _take_at(path: Any, value: Any, wished: Changes) -> None:
    name, which, sub = _parts(path)
    if name in READ_ONLY:
        raise Refused(400, "read_only", "mutability")
    if name == "emails":
        if which is not None and not _OF_OFFICE.fullmatch(which):
            return
        if sub is None:
            wished["email"] = _address(value)
        elif sub == "value":
            wished["email"] = _words("emails.value", _alone(value)) if value is not None else ""
    elif name == "name" and sub is not None:
        if sub == "formatted" and value is not None:
            wished["full_name"] = _words("name.formatted", _alone(value))
    elif which is None and sub is None:
        _take(name, _alone(value) if name not in ("name", "emails") else value, wished)


def _remove(path: Any, wished: Changes) -> None:
    if path is None or path == "":
        raise Refused(400, "no_target", "noTarget")
    name, which, sub = _parts(path)
    if name in REQUIRED | READ_ONLY:
        if name == "name" and sub not in (None, "formatted"):
            return
        raise Refused(400, "read_only", "mutability")
    if name == "emails" and (which is None or _OF_OFFICE.fullmatch(which)) and sub in (None, "value"):
        wished["email"] = ""
    elif name in ("title", "externalid") and sub is None:
        wished["title" if name == "title" else "external"] = "" if name == "title" else None


def _parts(path: Any) -> tuple[str, str | None, str | None]:
    """Name, filter and part of a path, the names in small letters; of an extension a name we do not know. Raises Refused."""
    if not isinstance(path, str) or len(path) > LONGEST_PATH:
        raise Refused(400, "path", "invalidPath")
    found = _PATH.fullmatch(path.strip())
    if found is None and path.strip().lower().startswith("urn:"):
        return path.strip().lower(), None, None
    if found is None:
        raise Refused(400, "path", "invalidPath")
    return found["name"].lower(), found["which"], found["sub"].lower() if found["sub"] else None


def _address(value: Any) -> str:
    """The official address among addresses; empty for none. Raises Refused."""
    rows = value if isinstance(value, list) else [value] if value is not None else []
    found: dict[str, str] = {}
    for row in rows:
        parts = {key.lower(): each for key, each in row.items()} if isinstance(row, dict) else {"value": row}
        address, kind = parts.get("value"), parts.get("type")
        if address is not None:
            found.setdefault(kind.lower() if isinstance(kind, str) else "", _words("emails.value", address))
    return found.get("work", found.get("", ""))


def _alone(value: Any) -> Any:
    """A value alone, also where it was sent as a list of one or as an object with a `value`."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict):
        return next((each for key, each in value.items() if key.lower() == "value"), value)
    return value


def _words(name: str, value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise wrong_value(name)
    return value.strip()
