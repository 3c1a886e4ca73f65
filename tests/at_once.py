"""The same act by several people at the same moment, each with a session of their own."""
from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable

from flask import Flask

from casework.db import db

AT_ONCE = 6


def at_once(app: Flask, act: Callable[[int], str]) -> list[str]:
    """What so many threads got, each with a session of its own; raises what one of them raised."""
    got: list[str | Exception] = []
    together = threading.Barrier(AT_ONCE)

    def run(number: int) -> None:
        with app.app_context():
            together.wait(10)
            try:
                got.append(act(number))
            except Exception as error:
                got.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=contextvars.Context().run, args=(run, number)) for number in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for each in got:
        if isinstance(each, Exception):
            raise each
    return [each for each in got if isinstance(each, str)]
