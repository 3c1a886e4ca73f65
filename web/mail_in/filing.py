"""A report filed from an unclear letter: its words begin the form of a call, its pictures come along."""

from __future__ import annotations

from typing import Any

from flask import request

from casework.intake.file_report import LONGEST_WORDS
from casework.mail_in import Letter, Unreadable
from casework.mail_in.unclear import LetterRefused, opened, unclear_seen
from casework.permissions import Action, may
from web.guards import actor
from web.mail_in.adding import stage_images, taken_of


def begin_from_letter(form: Any) -> None:
    """Put the words of the letter named in the address into the form; nothing where it is not for this person."""
    ref = request.args.get("letter", "")
    letter = _letter(ref)
    if letter is not None:
        form.letter.data, form.words.data = ref, letter.words[:LONGEST_WORDS]


def images_of_letter(form: Any) -> str | None:
    """Stage the letter's pictures for the report about to be filed; their token, None where there are none."""
    letter = _letter(form.letter.data or "")
    images = taken_of(letter).images if letter is not None else ()
    if not images:
        return None
    token = f"letter-{form.letter.data}"
    stage_images(images, token=token, by=actor())
    return token


def _letter(ref: str) -> Letter | None:
    if not ref or not may(actor(), Action.HANDLE_MAIL) or unclear_seen(actor(), ref) is None:
        return None
    try:
        return opened(ref)
    except (LetterRefused, Unreadable):
        return None
