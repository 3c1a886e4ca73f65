"""The only place where pages read the clock; everything below is passed `now`."""

from collections.abc import Callable
from datetime import UTC, datetime

from flask import current_app

Clock = Callable[[], datetime]


def now() -> datetime:
    """The present UTC instant, or the one from app.config["CLOCK"] (demonstrations and tests)."""
    clock: Clock | None = current_app.config.get("CLOCK")
    return clock() if clock is not None else datetime.now(UTC)
