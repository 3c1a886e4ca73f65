"""The fixed list of services a service task may name; a model with any other is refused when it is read."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from casework.bilingual import Bilingual
from casework.models import Case
from casework.pausing.holds import end_hold
from casework.pausing.questions import end_question
from casework.publishing.ratings import end_rating_window
from workflows.definitions.variables import Type, Variables, flag

Run = Callable[..., dict[str, Any]]
"""`(case, *, now, **parameters) -> plain values for the diagram`."""


@dataclass(frozen=True, slots=True)
class Service:
    """What a service runs, its parameters, and the members of its result variable."""

    run: Run
    label: Bilingual
    parameters: dict[str, Type] = field(default_factory=dict)
    gives: Variables = field(default_factory=dict)


SERVICES: dict[str, Service] = {
    "end_question": Service(
        end_question,
        Bilingual("Khép việc chờ người phản ánh bổ sung", "End the wait for the reporter"),
        gives={"closes": flag("Kết thúc hồ sơ", "Closes the case")},
    ),
    "end_hold": Service(end_hold, Bilingual("Kết thúc tạm dừng", "End the hold")),
    "end_rating_window": Service(end_rating_window, Bilingual("Khép thời gian đánh giá", "End the time for ratings")),
}


def run_service(name: str, case: Case, parameters: dict[str, Any], *, now: datetime) -> dict[str, Any]:
    """Run a listed service inside the caller's unit of work; raises KeyError for any other name."""
    return SERVICES[name].run(case, now=now, **parameters)
