"""Calling the endpoints of other systems: each has a thread for its turn, so that a slow one makes nobody wait.

The threads belong to the process and outlive a run of the job, which hands out turns and comes back at once.
"""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from flask import Flask

from casework.db import db
from casework.doors.webhooks.sending import due_endpoints, take_turn
from casework.messages.http_client import Door
from web.clock import now

LOGGER = logging.getLogger("langbiang.webhooks")
AT_ONCE, FAILING_AT_ONCE = 8, 3
"""Turns at the same time, and of endpoints that failed last: those that work always find a thread."""


class Turns:
    """The endpoints this process serves now."""

    def __init__(self, app: Flask) -> None:
        self._app, self._guard, self._served = app, threading.Lock(), dict[int, bool]()
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhooks")

    def hand_out(self, moment: datetime) -> int:
        """Give a turn to whoever waits for one, as far as threads are free; returns how many."""
        given = 0
        for endpoint_id, fails in due_endpoints(moment):
            with self._guard:
                is_full = len(self._served) >= AT_ONCE or (fails and sum(self._served.values()) >= FAILING_AT_ONCE)
                if is_full or endpoint_id in self._served:
                    continue
                self._served[endpoint_id] = fails
            self._threads.submit(self._serve, endpoint_id)
            given += 1
        return given

    def _serve(self, endpoint_id: int) -> None:
        try:
            with self._app.app_context():
                config = self._app.config
                take_turn(endpoint_id, door=Door(config["INSIDE_HOSTS"]), base=config["BASE_URL"], clock=now)
                db.session.remove()
        except Exception as error:
            # one endpoint's fault is nobody else's; its claim runs out
            LOGGER.warning("webhooks: a turn ended with %s", type(error).__name__)
        finally:
            with self._guard:
                self._served.pop(endpoint_id, None)


def tell_endpoints(app: Flask, moment: datetime) -> int:
    """The job: hand out turns; returns how many."""
    turns: Turns | None = app.extensions.get("webhook turns")
    if turns is None:
        turns = app.extensions["webhook turns"] = Turns(app)
    return turns.hand_out(moment)
