"""The job that forgets who had a case open, and what was read of lines that are shown no more."""

from datetime import datetime

from casework.db import unit_of_work
from casework.together.bell import forget_read
from casework.together.presence import forget_gone


def sweep_presence(now: datetime) -> None:
    with unit_of_work():
        forget_gone(now)
        forget_read(now)
