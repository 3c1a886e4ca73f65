"""Writes answers in XML and JSON from the same values: dictionaries, lists, texts, numbers, truths and instants.

Every member is always there: what is empty is `null` in JSON and an empty element in XML. Names are ours and texts are escaped; signs
XML 1.0 cannot hold are left out of both, so that they are equal. There is no namespace, no DOCTYPE, no attribute.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from xml.sax.saxutils import escape

import orjson

from casework.local_time import LOCAL_ZONE

Value = Any
"""A dictionary, list, text, number, truth, instant, Several, or None."""

_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Form(StrEnum):
    """The format of an answer, by the ending of the address alone."""

    XML = "xml"
    JSON = "json"

    @property
    def media_type(self) -> str:
        return {Form.XML: "text/xml; charset=utf-8", Form.JSON: "application/json; charset=utf-8"}[self]


ITEMS = {
    "services": "service", "attributes": "attribute", "values": "value", "endpoints": "endpoint", "formats": "format", "errors": "error",
    "service_requests": "request", "service_request_updates": "request_update", "agencies": "agency", "photos": "photo",
    "answers": "answer", "missing_answers": "missing_answer", "notes": "note",
}  # fmt: skip
"""What the members of a list are called in XML."""


class Several(tuple[str, ...]):
    """Texts of a member that XML repeats, and of which JSON has the first."""


def written(form: Form, root: str, value: Value) -> bytes:
    """An answer: in XML under an element named `root`, in JSON as it is."""
    if form is Form.XML:
        return f'<?xml version="1.0" encoding="utf-8"?>\n{_element(root, value)}'.encode()
    return orjson.dumps(_plain(value))


def fit(text: str) -> str:
    """A text without the signs XML 1.0 cannot hold."""
    return _UNFIT.sub("", text)


def instant(moment: datetime) -> str:
    """An instant as W3C writes it, in local time, to the second."""
    return moment.astimezone(LOCAL_ZONE).isoformat(timespec="seconds")


def _element(name: str, value: Value) -> str:
    if isinstance(value, Several):
        return "".join(_element(name, each) for each in value) or f"<{name}/>"
    inside = _inside(name, value)
    return f"<{name}>{inside}</{name}>" if inside else f"<{name}/>"


def _inside(name: str, value: Value) -> str:
    if isinstance(value, Mapping):
        return "".join(_element(each, held) for each, held in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "".join(_element(ITEMS[name], each) for each in value)
    plain = _plain(value)
    if plain is None:
        return ""
    if isinstance(plain, bool):
        return "true" if plain else "false"
    return escape(str(plain), {"\r": "&#13;"})


def _plain(value: Value) -> Any:
    if isinstance(value, Several):
        return fit(value[0]) if value else None
    if isinstance(value, str):
        return fit(value) or None
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, Mapping):
        return {name: _plain(held) for name, held in value.items()}
    if isinstance(value, Sequence):
        return [_plain(each) for each in value]
    return value
