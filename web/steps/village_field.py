"""The public village or street of a case, with what its senders typed shown next to the field.

Nothing is in the field that nobody has examined: a sender's words are inserted by a button, unchanged or neutralised, and parts that may
identify a person must be confirmed before release.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import request

from casework.intake.unreleased_villages import typed_for
from casework.models import Case
from casework.permissions.sight import Sight, sees
from casework.text import fold
from casework.triage.personal_marks import Piece, marked_pieces, neutral
from web.forms import Form
from web.guards import actor
from web.marks_left import marks_left
from web.steps.publication_editing import leftovers_context, leftovers_refusal

TAKE = "take"
"""The name of the insert buttons; the value says which text."""
NAMES = ("village",)


@dataclass(frozen=True, slots=True)
class TypedVillage:
    """What one sender typed: unchanged, with possible personal data marked, and neutralised."""

    code: str
    words: str
    pieces: Sequence[Piece]
    neutral: str
    take: str
    take_neutral: str


def typed_villages(case: Case) -> list[TypedVillage]:
    """What the senders typed and nobody has released, for people who may read their words."""
    if not sees(actor(), Sight.ORIGINAL, case):
        return []
    return [
        TypedVillage(report.code, words, marked_pieces(words), neutral(words), f"village-{report.ref}", f"neutral-village-{report.ref}")
        for report, words in typed_for(case)
    ]


def has_filled_in(form: Form, typed: Sequence[TypedVillage]) -> bool:
    """Insert the text a button asked for; returns whether one did."""
    wanted, field = request.form.get(TAKE), form["village"]
    for each in typed:
        if wanted in (each.take, each.take_neutral):
            field.data = each.words if wanted == each.take else each.neutral
            return True
    if request.form.get("act") == "neutral":
        field.data = neutral(field.data or "")
        return True
    return False


def leave_to_press(form: Form, typed: Sequence[TypedVillage]) -> None:
    """Empty the field where a draft holds a sender's words: before 0.9.1 the form started with them, unexamined."""
    if fold(form["village"].data or "") in {fold(each.words) for each in typed}:
        form["village"].data = ""


def village_refusal(form: Form) -> str:
    """Why the words cannot be released yet; empty when they can."""
    return leftovers_refusal(form, NAMES)


def village_context(form: Form, typed: Sequence[TypedVillage]) -> dict[str, Any]:
    """Values of steps/village.html in addition to the form."""
    return {"typed_villages": typed, "village_left": marks_left(form["village"].data or ""), **leftovers_context(form, NAMES)}
