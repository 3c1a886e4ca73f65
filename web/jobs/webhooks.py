"""Calling the endpoints of other systems: each has a thread for its turn, so that a slow one makes nobody wait.

The threads belong to the process and outlive a run of the job, which hands out turns and comes back at once.
"""

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from flask import Flask

from casework.db import db
from casework.doors.webhooks.sending import due_endpoints, take_turn
from casework.messages.http_client import Door
from web.clock import now

LOGGER = logging.getLogger("langbiang.webhooks")
AT_ONCE, APART_AT_ONCE = 16, 4
"""Turns at the same time, and of endpoints that failed last or were slow: those that work always find a thread. No connection is held
during a call."""
SLOW_SECONDS = 1.0
"""What a message takes, on average of a turn, at an endpoint that is slow."""


class Turns:
    """The endpoints this process serves now, each with whether it stands apart; and those that were slow in their last turn."""

    def __init__(self, app: Flask) -> None:
        self._app, self._guard, self._served, self._slow = app, threading.Lock(), dict[int, bool](), set[int]()
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhooks")

    def hand_out(self, moment: datetime) -> int:
        """Give a turn to whoever waits for one, as far as threads are free; returns how many."""
        given = 0
        for endpoint_id, fails in due_endpoints(moment):
            with self._guard:
                is_apart = fails or endpoint_id in self._slow
                is_full = len(self._served) >= AT_ONCE or (is_apart and sum(self._served.values()) >= APART_AT_ONCE)
                if is_full or endpoint_id in self._served:
                    continue
                self._served[endpoint_id] = is_apart
            self._threads.submit(self._serve, endpoint_id)
            given += 1
        return given

    @property
    def served(self) -> int:
        """How many have a turn at the moment."""
        with self._guard:
            return len(self._served)

    def finish(self) -> None:
        """Hand out nothing more, and wait until every turn has ended."""
        self._threads.shutdown()

    def _serve(self, endpoint_id: int) -> None:
        began = time.monotonic()
        try:
            with self._app.app_context():
                config = self._app.config
                tried = take_turn(endpoint_id, door=Door(config["INSIDE_HOSTS"]), base=config["BASE_URL"], clock=now)
                db.session.remove()
            is_slow = tried > 0 and time.monotonic() - began >= SLOW_SECONDS * tried
            with self._guard:
                (self._slow.add if is_slow else self._slow.discard)(endpoint_id)
        except Exception as error:
            # one endpoint's fault is nobody else's; its claim runs out
            LOGGER.warning("webhooks: a turn ended with %s", type(error).__name__)
        finally:
            with self._guard:
                self._served.pop(endpoint_id, None)


def tell_endpoints(app: Flask, moment: datetime) -> int:
    """The job: hand out turns; returns how many."""
    return turns_of(app).hand_out(moment)


def turns_of(app: Flask) -> Turns:
    """The turns of this process."""
    turns: Turns | None = app.extensions.get("webhook turns")
    if turns is None:
        turns = app.extensions["webhook turns"] = Turns(app)
    return turns
