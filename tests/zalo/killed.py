"""A renewal in a process of its own that is killed at a point: `python -m tests.zalo.killed POINT ISO-INSTANT`, with the house's variables.

A point is `before` or `after` and a function of casework.zalo.renewal.
"""
from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

from casework.zalo import renewal
from web import create_app
from web.config import Config


def dies(function: Callable[..., Any], when: str) -> Callable[..., Any]:
    def dying(*given: Any, **named: Any) -> Any:
        result = function(*given, **named) if when == "after" else None
        os.kill(os.getpid(), signal.SIGKILL)
        return result

    return dying


def main() -> None:
    when, name = sys.argv[1].split(" ")
    app = create_app(Config.from_environment())
    zalo = app.extensions["zalo"]
    renew = zalo.renewed
    if name == "renew":
        renew = dies(renew, when)
    else:
        setattr(renewal, name, dies(getattr(renewal, name), when))
    with app.app_context():
        renewal.renew_when_due(zalo.app.oa_id, renew, folder=app.config["DATA"], clock=lambda: datetime.fromisoformat(sys.argv[2]))


if __name__ == "__main__":
    main()
