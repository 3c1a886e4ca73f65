"""The one place of the pages that reads the clock; everything below gets `now` passed in."""

from collections.abc import Callable
from datetime import UTC, datetime

from flask import current_app

Clock = Callable[[], datetime]


def now() -> datetime:
    """The present UTC instant, or what the clock in app.config["CLOCK"] says (demonstrations and tests)."""
    clock: Clock | None = current_app.config.get("CLOCK")
    return clock() if clock is not None else datetime.now(UTC)
