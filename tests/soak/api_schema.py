"""Every operation of the API given what OpenAPI allows and what it does not, for minutes: no failure, nothing undocumented."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

from casework.db import unit_of_work
from casework.permissions import Action, Role
from casework.settings.value_changes import set_value
from tests import service_accounts
from tests.build import NOON, World
from tests.conftest import environment_of, prepare_schema, running
from tests.second_centre import of_the_installation
from tests.soak.runs import Options, Round, Run
from tests.web.api.asked import OF_CENTRE
from tests.web.api.test_schemathesis import tried, with_things
from tests.web.inbox.test_late import LATE
from web.config import Config

TOGETHER = 8
"""Requests to each operation before the next is asked: what is drawn after the time is over costs more than asking it."""


SECONDS = 60
WIDE = ("reads_open", "reads_key", "acts", "reports_an_hour", "reports_a_day", "wrong_keys")
"""Limits of doors that are set as high as an administrator may set them: the clock of the house stands, so that no minute would pass."""


class HardlyAsked(AssertionError):
    """The house refused most requests unread."""


def opened_wide(world: World) -> None:
    """The limits of the doors raised, as an administrator of the installation would."""
    of_the_installation(world, "overseer", Role.ADMINISTRATOR)
    for name in WIDE:
        with unit_of_work():
            set_value(f"door_{name}", "1000000", by=world.actor("overseer"), now=NOON, reason="Thử mọi yêu cầu của tài liệu.")


def one_minute(seed: int) -> dict[str, Any]:
    """A minute of requests to a house that has something for every operation: most by an agency's key, the others by the centre's."""
    with TemporaryDirectory() as folder:
        config = Config.from_environment(environment_of(Path(folder)))
        prepare_schema(config)
        with running(config) as app:
            house, refs = with_things(app)
            opened_wide(house.world)
            centre = service_accounts.made(house.world, *OF_CENTRE, Action.FILE_REPORT, agency=None, name="Cổng của Trung tâm", now=LATE)[1]
            told, begun, passes = Counter[int](), monotonic(), 0
            while (left := begun + SECONDS - monotonic()) > 0:
                key = centre if passes % 3 == 2 else house.key
                told += tried(house, refs, seconds=left, examples=TOGETHER, seed=seed * 1_000 + passes, key=key)
                passes += 1
            if told[429] * 20 > told.total():
                raise HardlyAsked(f"{told[429]} of {told.total()} requests were over a limit")
            return {"requests": told.total(), "statuses": {str(status): told[status] for status in sorted(told)}}


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    for number in range(options.runs):
        yield f"minute {number + 1}", partial(one_minute, options.seed + number)


RUN = Run("schemathesis", "so many minutes of requests to the API by its own document: no failure, nothing undocumented", 10, rounds)
