"""Moving open cases to another version: a plan with the fate of each waiting place, its progress, and the result for every case."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.models import Account, Centre
from casework.parsing import number_in
from casework.permissions import Action, NotAllowed
from casework.settings.role_labels import REPORTER_WORDS, ROLE_WORDS
from web.clock import now
from web.guards import actor, found, performs
from web.locales import in_reader_language as local
from web.studio.versions import EVENT_LABELS, INSTALLATION, STATE_LABELS
from workflows.definitions.parsed import definition_of
from workflows.definitions.process import Definition
from workflows.drafting.version_lists import MOST_CENTRES, MOST_COUNTED, VersionSeen, versions_seen
from workflows.models import ProcessMove, ProcessVersion
from workflows.moving import batch, plan_cases, plan_choices, plans
from workflows.moving.plans import MoveUnknown, move_for
from workflows.versions.live import FIELD_REPORT, version_for

bp = Blueprint("studio_moves", __name__)

AT_ONCE = 40
"""Cases previewed, moved or moved back during a request; the worker does the others."""
SECONDS_AT_ONCE = 3.0
CASES_SHOWN = 50
GROUPS_SHOWN = 60
NOT_CHOSEN, NOWHERE = "", "-"
"""Form values for "automatic" and for giving up a waiting point."""

MOVE_STATES = {
    "previewing": _l("Being previewed"),
    "ready": _l("Ready to begin"),
    "moving": _l("Moving cases"),
    "paused": _l("The plan rests"),
    "done": _l("All done"),
    "undoing": _l("Being undone"),
    "undone": _l("Undone"),
    "dropped": _l("Dropped"),
}
LINE_STATES = {
    "waiting": _l("Not looked at yet"),
    "moves": _l("Moves"),
    "choice": _l("Needs a choice"),
    "cannot": _l("Cannot"),
    "moved": _l("Moved over"),
    "stayed": _l("Stayed"),
    "undone": _l("Brought back"),
    "gone": _l("No longer concerned"),
}
SCOPE_ALL = "all"
RECIPIENTS = {
    "reporter": REPORTER_WORDS,
    "account": Bilingual("Người theo dõi", "Followers"),
    **{str(role): words for role, words in ROLE_WORDS.items()},
}
"""The people notified by a move, by their names in forecasts."""


@bp.get("/studio/versions/<ref>/moves")
@performs(Action.MOVE_CASES)
def moves(ref: str) -> ResponseReturnValue:
    """The versions from which open cases can be moved here, and existing plans."""
    return _moves_page(_version(ref))


@bp.post("/studio/versions/<ref>/moves")
@performs(Action.MOVE_CASES)
def make(ref: str) -> ResponseReturnValue:
    target, source = _version(ref), _version(request.form.get("source", ""))
    places = _scopes(target)
    wanted = request.form.get("scope", "")
    if wanted not in places:
        found(None)
    centre, moment = places[wanted], now()
    try:
        with unit_of_work(keeps_rows=True):
            move = plans.make_move(source, target, by=actor(), now=moment, centre_id=centre.id if centre is not None else None)
    except NotAllowed:
        raise
    except CaseworkError as refusal:
        return _moves_page(_version(ref), refused=local(refusal.text)), 422
    batch.go_on(moment, most=AT_ONCE, seconds=SECONDS_AT_ONCE, only=move.id)
    return redirect(url_for(".plan", ref=move.ref))


@bp.get("/studio/moves/<ref>")
@performs(Action.MOVE_CASES)
def plan(ref: str) -> ResponseReturnValue:
    return _page(found(move_for(actor(), ref)))


@bp.get("/studio/moves/<ref>/progress")
@performs(Action.MOVE_CASES)
def progress(ref: str) -> ResponseReturnValue:
    """The progress as a part of the page; when the plan is no longer running, the page is told to reload."""
    seen = found(move_for(actor(), ref))
    answer: Response = make_response(render_template("studio/move_progress.html", move=seen, **_counts(seen)))
    if seen.state != request.args.get("seen"):
        answer.headers["HX-Refresh"] = "true"
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.post("/studio/moves/<ref>/mapping")
@performs(Action.MOVE_CASES)
def mapping(ref: str) -> ResponseReturnValue:
    """Save what was chosen by hand, and preview the affected cases again."""
    seen = found(move_for(actor(), ref))
    known = definition_of(seen.source).elements
    sent = {name.removeprefix("to-"): value for name, value in request.form.items() if name.startswith("to-")}
    chosen = {element: None if to == NOWHERE else to for element, to in sent.items() if element in known and to != NOT_CHOSEN}
    given_up = [element for element, to in sent.items() if to == NOT_CHOSEN]
    anew = request.form.get("recomputes_limits") == "1"

    def keep(move: ProcessMove) -> None:
        plans.map_elements(
            move, chosen, by=actor(), now=now(), revision=_revision(), recomputes_limits=anew, by_itself=given_up
        )

    return _done(ref, keep, _("Kept. The cases concerned are looked at again."), goes_on=True)


@bp.post("/studio/moves/<ref>/beginning")
@performs(Action.MOVE_CASES)
def begin(ref: str) -> ResponseReturnValue:
    reason = request.form.get("reason", "")
    begun = []

    def start(move: ProcessMove) -> None:
        begun.append(plans.begin_move(move, by=actor(), now=now(), reason=reason, revision=_revision()))

    answer = _done(ref, start, "", goes_on=True)
    if begun and not begun[0]:
        flash(_("What was foretold of the cases is too old. They are looked at again; then it can begin."), "danger")
    return answer


@bp.post("/studio/moves/<ref>/pause")
@performs(Action.MOVE_CASES)
def pause(ref: str) -> ResponseReturnValue:
    return _done(ref, lambda move: plans.pause_move(move, by=actor(), now=now()), _("Paused. Cases that moved stay moved."))


@bp.post("/studio/moves/<ref>/continuation")
@performs(Action.MOVE_CASES)
def go_on(ref: str) -> ResponseReturnValue:
    return _done(ref, lambda move: plans.go_on_with_move(move, by=actor(), now=now()), _("It goes on."), goes_on=True)


@bp.post("/studio/moves/<ref>/undoing")
@performs(Action.MOVE_CASES)
def undo(ref: str) -> ResponseReturnValue:
    reason = request.form.get("reason", "")
    return _done(ref, lambda move: plans.undo_move(move, by=actor(), now=now(), reason=reason), _("Cases are being brought back."),
                 goes_on=True)  # fmt: skip


@bp.post("/studio/moves/<ref>/dropping")
@performs(Action.MOVE_CASES)
def drop(ref: str) -> ResponseReturnValue:
    return _done(ref, lambda move: plans.drop_move(move, by=actor(), now=now()), _("The plan is dropped. No case was moved."))


@bp.post("/studio/moves/<ref>/cases/<case_ref>/undoing")
@performs(Action.MOVE_CASES)
def undo_case(ref: str, case_ref: str) -> ResponseReturnValue:
    return _done(
        ref, lambda move: batch.undo_case(move, case_ref, by=actor(), now=now()), _("The case is back in the version it came from.")
    )


def _done(ref: str, act: Callable[[ProcessMove], object], said: str, *, goes_on: bool = False) -> ResponseReturnValue:
    """Do it and return to the plan, or show it with what was typed and the refusal."""
    seen = found(move_for(actor(), ref))
    move_id = seen.id
    try:
        with unit_of_work():
            act(seen)
    except NotAllowed:
        raise
    except MoveUnknown:
        return found(None)
    except CaseworkError as refusal:
        status = 409 if isinstance(refusal, plans.MoveChanged) else 422
        return _page(found(move_for(actor(), ref)), refused=local(refusal.text)), status
    if goes_on:
        batch.go_on(now(), most=AT_ONCE, seconds=SECONDS_AT_ONCE, only=move_id)
    if said:
        flash(said)
    return redirect(url_for(".plan", ref=ref))


def _version(ref: str) -> ProcessVersion:
    seen = found(version_for(actor(), ref))
    return found(seen if seen.key == FIELD_REPORT else None)


def _revision() -> int:
    number = number_in(request.form.get("revision", ""))
    return -1 if number is None else number


def _scopes(target: ProcessVersion) -> dict[str, Centre | None]:
    """The scopes the person may plan a move for, by ref; every centre's cases have a value of their own."""
    scopes = plans.move_scopes(actor(), target)
    query = select(Centre).order_by(Centre.id).limit(MOST_CENTRES)
    if None not in scopes:
        query = query.where(Centre.id.in_([scope for scope in scopes if scope is not None]))
    whole: dict[str, Centre | None] = {SCOPE_ALL: None} if None in scopes else {}
    return whole | {centre.ref: centre for centre in db.session.scalars(query)}


def _sources(target: ProcessVersion) -> list[tuple[Centre | None, VersionSeen]]:
    """The versions that the person's cases run on, with their owners."""
    scopes = versions_seen(actor(), key=FIELD_REPORT)
    return [
        (scope.centre, each) for scope in scopes for each in scope.versions if each.open_cases and each.version.id != target.id
    ]


def _moves_page(target: ProcessVersion, *, refused: str = "") -> str:
    by = actor()
    return render_template(
        "studio/moves.html",
        target=target,
        whose=db.session.get(Centre, target.centre_id) if target.centre_id else None,
        sources=_sources(target),
        scopes=_scopes(target),
        moves=plans.moves_of(target, by=by),
        version_words=version_words,
        move_states=MOVE_STATES,
        state_labels=STATE_LABELS,
        installation=INSTALLATION,
        most=MOST_COUNTED,
        refused=refused,
        typed=request.form,
    )


def version_words(version: ProcessVersion, other: ProcessVersion) -> str:
    """The number of a version, with its owner where that differs from `other`'s: each scope counts separately."""
    if version.centre_id == other.centre_id:
        return str(version.number)
    centre = db.session.get(Centre, version.centre_id) if version.centre_id else None
    return f"{version.number} ({local(centre.name) if centre is not None else _('The whole installation')})"


def _counts(seen: ProcessMove) -> dict[str, Any]:
    counts = plan_cases.counts_of(seen)
    total = sum(counts.values())
    left = {"previewing": counts.get("waiting", 0), "moving": counts.get("moves", 0), "paused": counts.get("moves", 0)}.get(seen.state, 0)
    return {
        "counts": {state: counts[state] for state in LINE_STATES if counts.get(state)},
        "total": total,
        "left": left,
        "line_states": LINE_STATES,
        "is_at_work": seen.state in batch.AT_WORK,
    }


def _page(seen: ProcessMove, *, refused: str = "") -> str:
    wanted, after = request.args.get("state", ""), number_in(request.args.get("after", "")) or 0
    state = wanted if wanted in LINE_STATES else None
    rows = plan_cases.lines_of(seen, state=state, after=after, limit=CASES_SHOWN + 1)
    groups = plan_cases.groups_of(seen)
    old, new = definition_of(seen.source), definition_of(seen.target)
    people = {id_ for id_ in (seen.made_by_id, seen.begun_by_id, seen.undone_by_id) if id_ is not None}
    places = {place for group in groups for place in group.places}
    may_choose = seen.state == "ready"
    return render_template(
        "studio/move.html",
        move=seen,
        whose=db.session.get(Centre, seen.centre_id) if seen.centre_id else None,
        events=plans.events_of(seen),
        event_labels=EVENT_LABELS,
        groups=groups[:GROUPS_SHOWN],
        more_groups=max(0, len(groups) - GROUPS_SHOWN),
        choices=plan_choices.choices_of(seen, places) if may_choose else [],
        may_choose=may_choose,
        is_for_looking=seen.target.live_at is None,
        lines=rows[:CASES_SHOWN],
        next_after=rows[CASES_SHOWN - 1].id if len(rows) > CASES_SHOWN else None,
        shown_state=state,
        shown_after=after,
        version_words=version_words,
        place_words=lambda names: place_words(old, names),
        forecast_of=plan_cases.forecast_of,
        rest_words=lambda names: place_words(new, names),
        skip_words=lambda names: place_words(new, names, old),
        tell_words=lambda kinds: ", ".join(local(RECIPIENTS[kind]) for kind in kinds),
        move_states=MOVE_STATES,
        state_labels=STATE_LABELS,
        people={row.id: row.full_name for row in db.session.scalars(select(Account).where(Account.id.in_(people)))},
        longest=plans.LONGEST_REASON,
        nowhere=NOWHERE,
        refused=refused,
        typed=request.form,
        **_counts(seen),
    )


def place_words(definition: Definition, places: Sequence[str], other: Definition | None = None) -> str:
    """Elements in the words of a version, or of another where it does not know them."""
    known = {**(other.elements if other is not None else {}), **definition.elements}
    return ", ".join(local(known[place].label) if place in known else place for place in places) or "—"
