"""What of a form that was sent a person wrote, to be given back on a page that knows no more of the form than names and values."""

import re

OF_THE_FORM = ("_token", "_key", "_file", "_notice", "_owner", "_ref", "seen", "next", "act", "latitude", "longitude", "accuracy",
               "language")  # fmt: skip
"""Ends of the names of fields nobody types into."""
CHOSEN = re.compile(r"[A-Za-z0-9_-]{16,}|[a-z][a-z0-9_]*")
"""What a choice is sent as: a ref, or a key of ours."""


def typed_in(kept: list[tuple[str, str]]) -> list[str]:
    """Of names and values, the values a person wrote: no marks of the form, and no choices that say nothing out of their list."""
    return [value for name, value in kept if not name.endswith(OF_THE_FORM) and len(value.strip()) > 2 and CHOSEN.fullmatch(value) is None]
