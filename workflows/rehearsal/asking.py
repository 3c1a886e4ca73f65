"""Requests for rehearsals: of the scenarios, or of a period's closed cases, each stored once for the worker."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from casework.db import db
from casework.errors import CaseworkError
from casework.local_time import local_day
from casework.permissions import Action, Actor, NotAllowed
from casework.sent_once import take_key
from workflows.definitions.parsed import definition_of
from workflows.definitions.process import Element, ModelRefused
from workflows.models import ProcessVersion, Rehearsal
from workflows.rehearsal.running import HISTORY, RUNNERS, SCENARIOS
from workflows.rehearsal.scenarios import scenarios_for
from workflows.versions.live import FIELD_REPORT, NoLiveVersion, acting, live_version, scopes_with

MOST_WAITING = 12
"""Pending rehearsals of one centre, or of those who rehearse for several, so that nobody's requests block those of another centre."""
LONGEST_PERIOD = timedelta(days=3 * 366)
FIRST_DAY = date(2000, 1, 1)
"""No case is older; days long before it cannot be computed with."""
MOST_HOURS = 1_600
LONGEST_ELEMENT = 80


class RehearsalRefused(CaseworkError):
    """The rehearsal cannot be requested; the text says why."""


@dataclass(frozen=True, slots=True)
class ReplayPeriod:
    """Local days from `since` to `until`, both included. `minutes` and `outcomes` by step replace assumptions."""

    since: date
    until: date
    minutes: Mapping[str, int] = field(default_factory=dict)
    outcomes: Mapping[str, str] = field(default_factory=dict)


def ask_scenarios(version: ProcessVersion, *, by: Actor, now: datetime) -> Rehearsal:
    """Request a run of all scenarios in the present text, compared with the scope's live one. Raises NotAllowed and RehearsalRefused."""
    by = _asking(version, by)
    chosen = [each.ref for each in scenarios_for(version, by=by)]
    try:
        live = live_version(version.centre_id)
    except NoLiveVersion:
        live = None
    basis = live if live is not None and live.sha256 != version.sha256 else None
    wishes = {"scenarios": chosen}
    return ask_rehearsal(version, kind=SCENARIOS, wishes=wishes, centre_id=only(_centres(version, by)), basis=basis, by=by, now=now)


def ask_history(version: ProcessVersion, *, period: ReplayPeriod, by: Actor, now: datetime) -> Rehearsal:
    """Request a replay of a period's closed cases in a version and in the live one of its scope.

    The cases are those of the centres where the person rehearses, or of the version's own. Raises NotAllowed, RehearsalRefused and
    NoLiveVersion.
    """
    by = _asking(version, by)
    today = local_day(now)
    if period.until < period.since:
        raise RehearsalRefused("Ngày kết thúc phải sau ngày bắt đầu.", "The last day must not come before the first.", about="until")
    if period.since < FIRST_DAY:
        raise RehearsalRefused(
            "Kỳ bắt đầu sớm nhất từ ngày 01/01/2000.", "A period begins on 1 January 2000 at the earliest.",
            about="since",
        )
    if period.since > today:
        raise RehearsalRefused("Kỳ này chưa bắt đầu.", "The period has not begun yet.", about="since")
    if period.until - period.since > LONGEST_PERIOD:
        raise RehearsalRefused("Kỳ dài nhất là ba năm.", "A period is three years at most.", about="until")
    for element, minutes in period.minutes.items():
        if not 0 < minutes <= MOST_HOURS * 60:
            raise RehearsalRefused(
                f"Thời lượng của một bước phải lớn hơn 0 và không quá {MOST_HOURS} giờ.",
                f"A step takes more than 0 hours and {MOST_HOURS} at most.",
                about=f"hours-{element}",
            )
    centres, steps = _centres(version, by), _steps_of(version)
    wishes = {
        "since": period.since.isoformat(), "until": period.until.isoformat(), "centres": centres,
        "minutes": {step: minutes for step, minutes in period.minutes.items() if step in steps},
        "outcomes": {step: button for step, button in period.outcomes.items() if step in steps and _has_button(steps[step], button)},
    }  # fmt: skip
    basis = live_version(version.centre_id)
    return ask_rehearsal(version, kind=HISTORY, wishes=wishes, centre_id=only(centres), basis=basis, by=by, now=now)


def ask_rehearsal(
    version: ProcessVersion, *, kind: str, wishes: dict[str, Any], centre_id: int | None, by: Actor, now: datetime,
    basis: ProcessVersion | None = None,
) -> Rehearsal:  # fmt: skip
    """Store a request for the worker. A request already pending is not stored again.

    `centre_id` is the centre it is about, None for several and for all. Raises NotAllowed and RehearsalRefused.
    """
    by = _asking(version, by)
    if version.key != FIELD_REPORT or kind not in RUNNERS:
        raise RehearsalRefused("Chỉ mô hình quy trình mới diễn tập được.", "Only the model of a process can be rehearsed.")
    take_key(now)
    of_centre = Rehearsal.centre_id.is_not_distinct_from(centre_id)
    open_ones = select(Rehearsal).where(Rehearsal.state.in_(("waiting", "running")), of_centre)
    for row in db.session.scalars(open_ones.where(Rehearsal.version_id == version.id, Rehearsal.kind == kind)):
        if (row.sha256, row.wishes, row.basis_id) == (version.sha256, wishes, basis.id if basis else None):
            return row
    if (db.session.scalar(select(func.count()).select_from(open_ones.subquery())) or 0) >= MOST_WAITING:
        raise RehearsalRefused(
            "Đang có quá nhiều lần diễn tập chờ chạy. Xin thử lại sau ít phút.",
            "Too many rehearsals are waiting. Please try again in a few minutes.",
        )
    row = Rehearsal(
        kind=kind, version_id=version.id, centre_id=centre_id, basis_id=basis.id if basis is not None else None, sha256=version.sha256,
        wishes=wishes, state="waiting", asked_by_id=by.own_id, asked_at=now,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    return row


def _asking(version: ProcessVersion, by: Actor) -> Actor:
    """The person at the desk that lets them rehearse the version. Raises NotAllowed.

    Whoever rehearses in any centre may rehearse a version of the installation.
    """
    scopes = scopes_with(by, Action.REHEARSE)
    if version.centre_id is not None or None in scopes:
        return acting(by, version.centre_id, Action.REHEARSE)
    if not scopes:
        raise NotAllowed
    return acting(by, min(each for each in scopes if each is not None), Action.REHEARSE)


def _centres(version: ProcessVersion, by: Actor) -> list[int] | None:
    """The centres whose cases are replayed; None for all."""
    if version.centre_id is not None:
        return [version.centre_id]
    scopes = scopes_with(by, Action.REHEARSE)
    return None if None in scopes else sorted(each for each in scopes if each is not None)


def only(centres: Collection[int] | None) -> int | None:
    """The single centre something is about; None if it is about several or all."""
    return next(iter(centres)) if centres is not None and len(centres) == 1 else None


def _steps_of(version: ProcessVersion) -> Mapping[str, Element]:
    """The steps assumptions can be made for; none for a text that cannot be read, about which the worker then says why."""
    try:
        return {step.id: step for step in definition_of(version).steps if len(step.id) <= LONGEST_ELEMENT}
    except ModelRefused:
        return {}


def _has_button(step: Element, button: str) -> bool:
    return len(button) <= LONGEST_ELEMENT and any(each.id == button for each in step.form.buttons)
