"""The fixed list of what a service task in a diagram may name; anything else is refused when the model is read."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from casework.holds import end_hold
from casework.models import Case
from casework.questions import end_question
from casework.ratings import end_rating_window

Service = Callable[..., dict[str, Any]]
"""`(case, *, now, **parameters) -> plain values for the diagram`."""

SERVICES: dict[str, Service] = {"end_question": end_question, "end_hold": end_hold, "end_rating_window": end_rating_window}


def run_service(name: str, case: Case, parameters: dict[str, Any], *, now: datetime) -> dict[str, Any]:
    """Run a service of the list inside the caller's unit of work; raises KeyError for another name."""
    return SERVICES[name](case, now=now, **parameters)
