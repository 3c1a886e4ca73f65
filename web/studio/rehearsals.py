"""Rehearsing a version: running scenarios, and replaying a period's closed cases in it and in the live version."""

from collections.abc import Mapping
from datetime import date, timedelta
from math import isfinite
from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_decimal
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.local_time import local_day
from casework.models import Agency
from casework.permissions import Action, NotAllowed, Role
from casework.settings.role_labels import ROLE_WORDS
from web.clock import now
from web.filters import decimal
from web.forms import Refusal, refusal_of
from web.guards import actor, found, performs
from web.locales import in_reader_language as local
from web.studio.versions import STATE_LABELS
from workflows.bindings import BINDINGS
from workflows.definitions.parsed import definition_of
from workflows.definitions.process import Definition, Element, ModelRefused
from workflows.element_settings import limit_of
from workflows.models import ProcessVersion, Rehearsal
from workflows.rehearsal.asking import ReplayPeriod, ask_history, ask_scenarios
from workflows.rehearsal.reading import RehearsalUnknown, newest_of, rehearsal_for
from workflows.rehearsal.running import HISTORY, SCENARIOS
from workflows.rehearsal.scenarios import (
    LONGEST_NAME,
    ScenarioUnknown,
    drop_scenario,
    name_scenario,
    scenarios_for,
)
from workflows.versions.live import FIELD_REPORT, NoLiveVersion, live_version, version_for

bp = Blueprint("studio_rehearsals", __name__)

REHEARSAL_STATES = {"waiting": _l("Waits to be run"), "running": _l("Running"), "done": _l("Finished running"), "failed": _l("Failed")}
USUAL_PERIOD = timedelta(days=365)
LONGEST_TYPED = 12
FEW_CASES = 30
"""Below this number, one case changes a share by more than three points, and the page says so."""


@bp.get("/studio/versions/<ref>/rehearsals")
@performs(Action.REHEARSE)
def rehearsals(ref: str) -> ResponseReturnValue:
    return _page(_version(ref))


@bp.post("/studio/versions/<ref>/rehearsals/scenarios")
@performs(Action.REHEARSE)
def run_scenarios(ref: str) -> ResponseReturnValue:
    return _asked(ref, SCENARIOS, lambda version: ask_scenarios(version, by=actor(), now=now()))


@bp.post("/studio/versions/<ref>/rehearsals/history")
@performs(Action.REHEARSE)
def run_history(ref: str) -> ResponseReturnValue:
    return _asked(ref, HISTORY, lambda version: ask_history(version, period=_period(), by=actor(), now=now()))


@bp.get("/studio/versions/<ref>/rehearsals/<rehearsal>/progress")
@performs(Action.REHEARSE)
def progress(ref: str, rehearsal: str) -> ResponseReturnValue:
    """The progress as a part of the page; when it has ended, the page is told to reload."""
    version = _version(ref)
    try:
        seen = rehearsal_for(actor(), version, rehearsal)
    except RehearsalUnknown:
        return found(None)
    answer: Response = make_response(render_template("studio/rehearsal_progress.html", version=version, rehearsal=seen, **_words()))
    if seen.state not in ("waiting", "running"):
        answer.headers["HX-Refresh"] = "true"
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.post("/studio/versions/<ref>/scenarios/<scenario>/name")
@performs(Action.REHEARSE)
def rename(ref: str, scenario: str) -> ResponseReturnValue:
    name = request.form.get("name", "")
    return _changed(ref, scenario, lambda: name_scenario(scenario, name=name, by=actor(), now=now()), _("The scenario has its new name."))


@bp.post("/studio/versions/<ref>/scenarios/<scenario>/removal")
@performs(Action.REHEARSE)
def drop(ref: str, scenario: str) -> ResponseReturnValue:
    return _changed(ref, scenario, lambda: drop_scenario(scenario, by=actor(), now=now()), _("The scenario is dropped."))


def _version(ref: str) -> ProcessVersion:
    seen = found(version_for(actor(), ref))
    return seen if seen.key == FIELD_REPORT else found(None)


def _asked(ref: str, kind: str, ask: Any) -> ResponseReturnValue:
    _version(ref)
    try:
        with unit_of_work():
            ask(_version(ref))
    except NotAllowed:
        raise
    except CaseworkError as refusal:
        return _page(_version(ref), refused=(kind, refusal_of(refusal, {name: name for name in request.form}))), 422
    return redirect(url_for(".rehearsals", ref=ref, _anchor=kind))


def _changed(ref: str, scenario: str, change: Any, said: str) -> ResponseReturnValue:
    _version(ref)
    try:
        with unit_of_work():
            change()
    except NotAllowed:
        raise
    except ScenarioUnknown:
        return found(None)
    except CaseworkError as refusal:
        return _page(_version(ref), refused=(scenario, refusal_of(refusal, {"name": f"name-{scenario}"}))), 422
    flash(said)
    return redirect(url_for(".rehearsals", ref=ref, _anchor=SCENARIOS))


# -- input ---------------------------------------------------------------------------------------------------------------


class _NotTyped(CaseworkError):
    """Something in the form is no day or no number."""


def _period() -> ReplayPeriod:
    minutes = {}
    for name, text in request.form.items():
        element = name.removeprefix("hours-")
        if element != name and text.strip():
            minutes[element] = round(_number(text, name) * 60)
    outcomes = {name.removeprefix("outcome-"): text for name, text in request.form.items() if name.startswith("outcome-") and text}
    return ReplayPeriod(_day("since"), _day("until"), minutes, outcomes)


def _day(name: str) -> date:
    try:
        return date.fromisoformat(request.form.get(name, ""))
    except ValueError:
        raise _NotTyped(
            "Xin chọn ngày đầu và ngày cuối của kỳ.", "Please choose the first and the last day of the period.", about=name
        ) from None


def _number(text: str, name: str) -> float:
    try:
        number = float(text.strip().replace(",", ".")) if len(text) <= LONGEST_TYPED else -1
    except ValueError:
        number = float("nan")
    if not isfinite(number):
        raise _NotTyped("Xin ghi số giờ, ví dụ 4 hoặc 1,5.", "Please write hours as a number, such as 4 or 1.5.", about=name)
    return number


# -- the page ------------------------------------------------------------------------------------------------------------


def _page(version: ProcessVersion, *, refused: tuple[str, Refusal] | None = None) -> str:
    by, today = actor(), local_day(now())
    basis = _basis(version)
    gone_through, replayed = newest_of(version, SCENARIOS, by=by), newest_of(version, HISTORY, by=by)
    wishes = replayed.wishes if replayed is not None else {}
    typed = request.form if request.method == "POST" else {}
    return render_template(
        "studio/rehearsals.html",
        version=version,
        basis=basis,
        scenarios=scenarios_for(version, by=by),
        gone_through=gone_through,
        live_then=gone_through.basis if gone_through is not None else None,
        outcomes={each["ref"]: each for each in _result(gone_through).get("scenarios", [])},
        replayed=replayed,
        result=_result(replayed),
        replayed_basis=replayed.basis if replayed is not None else None,
        since=typed["since"] if "since" in typed else wishes.get("since") or (today - USUAL_PERIOD).isoformat(),
        until=typed["until"] if "until" in typed else wishes.get("until") or today.isoformat(),
        unknown=_unknown_steps(version, basis),
        typed=typed,
        wished_hours={element: _plain(minutes / 60) for element, minutes in wishes.get("minutes", {}).items()},
        wished_outcomes=wishes.get("outcomes", {}),
        refused=refused,
        longest_name=LONGEST_NAME,
        few=FEW_CASES,
        decimal=decimal,
        agencies=_agencies(_result(replayed).get("work", [])),
        **_words(),
    )


def _result(rehearsal: Rehearsal | None) -> Mapping[str, Any]:
    return (rehearsal.result or {}) if rehearsal is not None else {}


def _basis(version: ProcessVersion) -> ProcessVersion | None:
    try:
        return live_version(version.centre_id)
    except NoLiveVersion:
        return None


def _unknown_steps(version: ProcessVersion, basis: ProcessVersion | None) -> list[Element]:
    """Steps of a version that the live version lacks; empty for a text that cannot be read."""
    try:
        own = definition_of(version)
        known: Definition | None = definition_of(basis) if basis is not None else None
    except ModelRefused:
        return []
    return [each for each in own.steps if known is None or each.id not in known.elements]


def _agencies(work: list[Mapping[str, Any]]) -> dict[int, Bilingual]:
    ids = {row["agency"] for row in work if row["agency"] is not None}
    return {row.id: row.short_name for row in db.session.scalars(select(Agency).where(Agency.id.in_(ids)))} if ids else {}


def _words() -> dict[str, Any]:
    return {
        "state_labels": STATE_LABELS, "rehearsal_states": REHEARSAL_STATES, "number": _decimal, "more": _more, "role_name": _role_name,
        "limit_of": limit_of, "is_bound": BINDINGS.steps.__contains__, "day_of": date.fromisoformat, "said": _said,
    }  # fmt: skip


def _said(pair: list[str]) -> str:
    return local(Bilingual(*pair))


def _decimal(value: float | None) -> str:
    return "–" if value is None else str(format_decimal(value, format="#,##0.#"))


def _more(before: float | None, after: float | None) -> str:
    """The difference with its sign; a dash where there is none."""
    if before is None or after is None or round(after - before, 1) == 0:
        return "–"
    return ("+" if after > before else "−") + _decimal(abs(after - before))


def _plain(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _role_name(role: str) -> str:
    return local(ROLE_WORDS[Role(role)]) if role in set(Role) else role
