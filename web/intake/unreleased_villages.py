"""Places that were public before they needed a release: reviewed case by case, and released, replaced or removed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from casework.cases import CaseBusy, lock_case
from casework.db import unit_of_work
from casework.errors import CaseworkError
from casework.intake.unreleased_villages import VillageDecided, clear_village, unreleased_cases
from casework.models import Case
from casework.parsing import number_in
from casework.permissions import Action
from casework.permissions.sight import case_seen_by
from casework.places.villages import waiting_words
from casework.reading.rule_rows import AreaRow
from casework.search.staff_choices import villages_for
from casework.triage.personal_marks import Piece, marked_pieces, neutral
from web.addresses import this_address
from web.clock import now
from web.guards import actor, performs
from web.locales import in_reader_language as local
from web.marks_left import MarkLeft, marks_left
from web.steps.publication_editing import mark_of_words

bp = Blueprint("unreleased_villages", __name__)

PICK, WORDS, SEEN = "pick", "words-", "seen-"
RELEASE, LEAVE = "release", "leave"
MOST = 100
"""Most cases decided at once: more than a page shows, to allow for those that arrive meanwhile."""


@dataclass(frozen=True, slots=True)
class UnreleasedVillage:
    """A case whose place waits for release: the original words, their replacement, and what in that may identify a person."""

    case: Case
    pieces: list[Piece]
    words: str
    left: list[MarkLeft]
    mark: str
    is_picked: bool
    is_seen: bool


class ReleaseOutcome(NamedTuple):
    code: str
    ref: str
    is_done: bool
    words: str


@bp.get("/unreleased-villages")
@performs(Action.CLEAR_TEXT)
def villages() -> ResponseReturnValue:
    return _shown([])


@bp.post("/unreleased-villages")
@performs(Action.CLEAR_TEXT)
def decide() -> ResponseReturnValue:
    """Decide each selected case in its own unit of work, and show each result."""
    picked, act = list(dict.fromkeys(request.form.getlist(PICK)))[:MOST], request.form.get("act")
    outcomes = [_decided(ref, act) for ref in picked] if act in (RELEASE, LEAVE) else []
    return _shown(outcomes, nothing_picked=not picked), 200 if outcomes and all(each.is_done for each in outcomes) else 422


def _decided(ref: str, act: str) -> ReleaseOutcome:
    by, seen = actor(), case_seen_by(actor(), ref)
    if seen is None:
        return ReleaseOutcome("", "", False, local(VillageDecided().text))
    code, case_id = seen.code, seen.id
    words = request.form.get(f"{WORDS}{ref}", "").strip() if act == RELEASE else ""
    if act == RELEASE and not words:
        return ReleaseOutcome(code, ref, False, _("Nothing stands in the field. To let nobody read anything, press “Keep unsaid”."))
    if marks_left(words) and request.form.get(f"{SEEN}{ref}") != mark_of_words(words):
        return ReleaseOutcome(code, ref, False, _("The words may still tell of a person. Please take it out, or confirm it at the case."))
    try:
        with unit_of_work():
            clear_village(lock_case(case_id), by=by, now=now(), words=words)
    except CaseBusy:
        raise
    except CaseworkError as refusal:
        return ReleaseOutcome(code, ref, False, local(refusal.text))
    return ReleaseOutcome(code, ref, True, _("Everybody may read it.") if words else _("Kept unsaid."))


def _shown(outcomes: list[ReleaseOutcome], *, nothing_picked: bool = False) -> str:
    after = number_in(request.args.get("after", ""))
    page = unreleased_cases(by=actor(), after=after)
    refused = {each.ref for each in outcomes if not each.is_done}
    return render_template(
        "intake/unreleased_villages.html", rows=[_row(case, request.form, case.ref in refused) for case in page.cases], outcomes=outcomes,
        nothing_picked=nothing_picked, lists=_lists(page.cases), first_url=url_for(".villages") if after is not None else "",
        next_url=url_for(".villages", after=page.after) if page.after is not None else "", address=this_address(),
    )  # fmt: skip


def _row(case: Case, sent: Mapping[str, str], is_picked: bool) -> UnreleasedVillage:
    stood = waiting_words(case) or ""
    words = sent.get(f"{WORDS}{case.ref}", neutral(stood))
    mark = mark_of_words(words)
    return UnreleasedVillage(case, marked_pieces(stood), words, marks_left(words), mark, is_picked, sent.get(f"{SEEN}{case.ref}") == mark)


def _lists(cases: list[Case]) -> dict[int, tuple[AreaRow, ...]]:
    """The villages of the cases' centres, suggested in their fields."""
    return {case.centre_id: villages_for(case, now=now()) for case in {each.centre_id: each for each in cases}.values()}
