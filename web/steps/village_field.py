"""The field of a case's village or street, which everybody reads, and beside it what its senders typed there.

Nothing stands in it that nobody looked at: a sender's words come into it by a press, as they are or with neutral words, and what may
still tell of a person in it is confirmed before it is let out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import request

from casework.intake.unreleased_villages import typed_for
from casework.models import Case
from casework.permissions import Sight, sees
from casework.text import fold
from casework.triage.personal_marks import Piece, marked_pieces, neutral
from web.forms import Form
from web.guards import actor
from web.marks_left import marks_left
from web.steps.publication_editing import leftovers_context, leftovers_refusal

TAKE = "take"
"""The name of the buttons that put something into the form; the value says what."""
NAMES = ("village",)


@dataclass(frozen=True, slots=True)
class TypedVillage:
    """What one sender typed: as it is, with what may tell of a person marked, and with neutral words for that."""

    code: str
    words: str
    pieces: Sequence[Piece]
    neutral: str
    take: str
    take_neutral: str


def typed_villages(case: Case) -> list[TypedVillage]:
    """Return what the senders typed and nobody has let out, for whoever reads their words."""
    if not sees(actor(), Sight.ORIGINAL, case):
        return []
    return [
        TypedVillage(report.code, words, marked_pieces(words), neutral(words), f"village-{report.ref}", f"neutral-village-{report.ref}")
        for report, words in typed_for(case)
    ]


def has_filled_in(form: Form, typed: Sequence[TypedVillage]) -> bool:
    """Put into the field what a button asked for; whether one did."""
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
    """Empty the field where a draft holds what a sender typed: before 0.9.1 it began with that, and nobody had looked at it."""
    if fold(form["village"].data or "") in {fold(each.words) for each in typed}:
        form["village"].data = ""


def village_refusal(form: Form) -> str:
    """Return why the words cannot be let out yet; empty when they can."""
    return leftovers_refusal(form, NAMES)


def village_context(form: Form, typed: Sequence[TypedVillage]) -> dict[str, Any]:
    """Return what tasks/village.html needs beside the form."""
    return {"typed_villages": typed, "village_left": marks_left(form["village"].data or ""), **leftovers_context(form, NAMES)}
