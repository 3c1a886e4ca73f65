"""What this browser has just done and can still take back: how long it is held, and the strip that offers it on every page for staff."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

from flask import Flask, current_app, session
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from casework.models import HeldAct
from casework.taking_back.held_acts import Hold, SentForm
from web.clock import now

KEPT = "held"
"""What the browser may take back: ref, instant, code and verb of each."""

MOST_KEPT = 8
WITHOUT_WORKER = timedelta(seconds=3)
"""After this long beyond its time whoever meets a held act has it carried out: no worker is there to do it."""

NO_FORM = SentForm()
LABELS: Mapping[str, LazyString] = {
    "publish": _l("Publish"), "answer_privately": _l("Answer in private"), "refuse": _l("Do not accept"), "distribute": _l("Distribute"),
    "approve_answer": _l("Approve"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class HeldHere:
    """Something done in this browser that can still be taken back."""

    ref: str
    code: str
    words: str
    until: datetime
    seconds: int


def install(app: Flask) -> None:
    """Let templates, also imported ones, show what this browser can take back now."""
    app.jinja_env.globals.update(
        held_here=held_here, held_label=held_label, seconds_to_take_back=seconds_to_take_back, seconds_until=seconds_until,
    )  # fmt: skip


def seconds_to_take_back() -> int:
    """How long what was done can be taken back; 0: not at all."""
    return int(current_app.config.get("TAKE_BACK_SECONDS", 0))


def seconds_until(instant: datetime) -> int:
    """Whole seconds that are left, the last one begun counted; 0 once it is over."""
    return max(0, ceil((instant - now()).total_seconds()))


def hold_with(form: SentForm) -> Hold | None:
    """How what is being sent is held; None where this installation carries everything out at once."""
    seconds = seconds_to_take_back()
    return Hold(timedelta(seconds=seconds), form) if seconds else None


def offer_back(held: HeldAct, code: str) -> None:
    """Let this browser show the strip until the time is over."""
    kept = [each for each in _kept() if each[1] > now().timestamp()]
    session[KEPT] = [*kept[1 - MOST_KEPT :], [held.ref, held.due_at.timestamp(), code, held.verb]]


def offer_no_more(ref: str) -> None:
    """The same the other way round."""
    session[KEPT] = [each for each in _kept() if each[0] != ref]


def is_overdue(held: HeldAct) -> bool:
    """Whether no worker has carried it out."""
    return held.returned_at is None and held.due_at + WITHOUT_WORKER <= now()


def held_label(verb: str) -> str:
    """What the button of an act says."""
    return str(LABELS.get(verb, verb))


def held_here() -> list[HeldHere]:
    """What the strip shows now, what was done last first: that is what somebody who presses the key has just seen go wrong."""
    moment = now().timestamp()
    return [
        HeldHere(ref, code, held_label(verb), datetime.fromtimestamp(until, UTC), max(1, round(until - moment)))
        for ref, until, code, verb in reversed(_kept()) if until > moment
    ]  # fmt: skip


def _kept() -> list[list[Any]]:
    kept = session.get(KEPT, [])
    return [each for each in kept if isinstance(each, list) and len(each) == 4]
