"""Addresses of rows: a list asks for the same page fifty times with another reference only, so all but the first are put together.

What comes before and behind the reference is the same for a whole request: its path, and the way back that is carried along
(web/inbox/return_url.py).
"""

import re
from collections.abc import Callable
from typing import Any

from flask import has_request_context, request

ROW = ("ref", "code")
"""What names a row in an address."""
ALIKE = {"back"}
"""What an address of a row may have besides; the same for all rows of a page."""
PLAIN = re.compile(r"[A-Za-z0-9_-]+")
"""References and codes, which stand in an address as they are."""
PLACE = "~row~"
KNOWN = "langbiang.row_addresses"


def row_address(build: Callable[..., str], endpoint: str, values: dict[str, Any]) -> str | None:
    """The address of a row, which `build` makes once for each kind of row; None for every other address."""
    name = next((each for each in ROW if each in values), None)
    if name is None or not has_request_context():
        return None
    row = values[name]
    rest = {key: value for key, value in values.items() if key != name}
    if not (rest.keys() <= ALIKE and type(row) is str and PLAIN.fullmatch(row)):
        return None
    known = request.environ.setdefault(KNOWN, {})
    key = endpoint, name, *rest.items()
    if key not in known:
        known[key] = build(endpoint, **{name: PLACE}, **rest).split(PLACE)
    parts = known[key]
    return row.join(parts) if len(parts) == 2 else None
