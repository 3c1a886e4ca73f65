"""Picks the texts a person typed from a submitted form, for pages that know only its names and values."""

import re

OF_THE_FORM = ("_token", "_key", "_file", "_notice", "_owner", "_ref", "seen", "next", "latitude", "longitude", "accuracy",
               "language", "_filled")  # fmt: skip
"""Suffixes of field names nobody types into."""
BUTTON = "act"
CHOSEN = re.compile(r"[A-Za-z0-9_-]{16,}|[a-z][a-z0-9_]*")
"""The submitted value of a choice: a ref or an internal key."""


def typed_in(kept: list[tuple[str, str]]) -> list[str]:
    """The typed values, without internal fields and without choices, which mean nothing outside their list."""
    typed = [value for name, value in kept if name != BUTTON and not name.endswith(OF_THE_FORM)]
    return [value for value in typed if len(value.strip()) > 2 and CHOSEN.fullmatch(value) is None]
