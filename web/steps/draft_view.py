"""The draft shown on a step's page: which one, which fields it keeps, and rendering the page as if the draft had been submitted."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from flask import Request, request
from werkzeug.datastructures import ImmutableMultiDict
from wtforms import BooleanField, FileField, RadioField, SelectField, SelectMultipleField

from casework.models import Draft
from casework.parsing import number_in
from casework.photos.records import staged_photos
from casework.steps.drafts import MOST_OF_FORM, draft_name, drafts_of, opened_fields
from casework.taking_back.held_acts import Hold, SentForm
from web.filing_fields import is_sound_token
from web.forms import Form
from web.guards import actor
from web.held_here import hold_with
from web.task_page import TaskPage
from workflows.models import WaitingTask
from workflows.running.steps import done_since, draft_place

NONE = "none"
"""In the address: start with an empty form, whatever drafts there are."""

OWN = "draft_"
"""Prefix of the fields that identify the current draft."""

SAID = f"{OWN}say"
"""The field beside the step for a word in the exchange."""

BUTTONS = frozenset({"act", "remove", "keep", "template", "template_how", "template_keep", "ready_text"})
CONFIRMED = frozenset({"checked", "confirms_short", "leftovers"})
"""Ticks confirming that something was just examined: no draft restores them."""

NEVER = ("csrf_token", "password", "secret")
PHOTOS = "photos_"
"""Prefix of the fields with tokens of staged photos."""

WINDOW_LENGTH = 12


@dataclass(frozen=True)
class OtherDraft:
    ref: str
    name: str
    saved_at: datetime


@dataclass(frozen=True)
class DraftAtHand:
    """The page's drafts: the current one, whether it was filled in, and the others.

    `is_sent`: the page shows a submission again, which may be newer than any draft. `old` was saved before the step was last performed: it
    is offered, not filled in.
    """

    ref: str
    revision: int
    window: str
    seen: str
    name: str = ""
    saved_at: datetime | None = None
    is_filled_in: bool = False
    is_sent: bool = False
    old: OtherDraft | None = None
    others: tuple[OtherDraft, ...] = ()

    @property
    def has_room(self) -> bool:
        """Whether another draft may be saved."""
        return len(self.others) + bool(self.ref) < MOST_OF_FORM


def draft_wanted(step: WaitingTask) -> tuple[DraftAtHand, list[tuple[str, str]] | None]:
    """The draft a step's page opens with, and its fields: the one named by the address, else the newest of this round."""
    rows = drafts_of(draft_place(step), by=actor())
    wanted, newest = request.args.get("draft", ""), rows[0] if rows else None
    draft = next((row for row in rows if row.ref == wanted), newest) if wanted != NONE else None
    is_old = draft is not None and draft.ref != wanted and done_since(step, draft.saved_at)
    at_hand = None if is_old else draft
    said = DraftAtHand(
        ref=at_hand.ref if at_hand else "",
        revision=at_hand.revision if at_hand else 0,
        window=new_window(),
        seen=newest.ref if newest else "",
        name=draft_name(at_hand) if at_hand else "",
        saved_at=at_hand.saved_at if at_hand else None,
        is_filled_in=at_hand is not None,
        old=_other(draft) if draft is not None and is_old else None,
        others=tuple(_other(row) for row in rows if row is not at_hand),
    )
    return said, opened_fields(at_hand) if at_hand else None


def draft_sent(step: WaitingTask) -> DraftAtHand:
    """The draft of a page shown again after submission: the same draft, with the submitted text."""
    rows = drafts_of(draft_place(step), by=actor())
    ref = request.form.get(f"{OWN}ref", "")
    draft = next((row for row in rows if row.ref == ref), None)
    return DraftAtHand(
        ref=draft.ref if draft else "",
        revision=sent_revision(),
        window=sent_window(),
        seen=request.form.get(f"{OWN}seen", ""),
        name=request.form.get(f"{OWN}name", draft_name(draft) if draft else ""),
        saved_at=draft.saved_at if draft else None,
        is_sent=True,
        others=tuple(_other(row) for row in rows if row is not draft),
    )


@contextmanager
def as_if_sent(fields: list[tuple[str, str]] | None) -> Iterator[None]:
    """Build and render a page as if these fields had just been submitted, so that every form and the fields outside it restore themselves
    as after a refusal. Nothing is validated or performed. None changes nothing."""
    if fields is None:
        yield
        return
    this: Request = request._get_current_object()  # type: ignore[attr-defined]
    method, form = this.method, this.form
    this.method, this.form = "POST", ImmutableMultiDict(fields)
    try:
        yield
    finally:
        this.method, this.form = method, form


@contextmanager
def as_if_opened() -> Iterator[None]:
    """Build a page as if it had just been opened, whatever was submitted."""
    this: Request = request._get_current_object()  # type: ignore[attr-defined]
    method, form = this.method, this.form
    this.method, this.form = "GET", ImmutableMultiDict()
    try:
        yield
    finally:
        this.method, this.form = method, form


def is_as_opened(page: TaskPage, fields: list[tuple[str, str]]) -> bool:
    """Whether these fields equal those of a fresh page, built `as_if_opened`: nobody has written or chosen anything.

    Empty fields are ignored, and so are photo tokens as long as no photo was sent.
    """
    if any(staged_photos(token) for token in photos_tokens_in(fields)):
        return False
    shown = [*_shown_by(page.form), *page.initial_fields()]
    return _written(fields) == _written([(name, value) for name, value in shown if _is_kept(name)])


def _written(fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The non-empty fields, with line breaks normalised."""
    lines = [(name, "\n".join(value.splitlines()).strip()) for name, value in fields if not name.startswith(PHOTOS)]
    return sorted((name, value) for name, value in lines if value)


def _shown_by(form: Form) -> Iterator[tuple[str, str]]:
    """What a browser would send for an untouched form."""
    for field in form:
        if isinstance(field, FileField):
            continue
        if isinstance(field, SelectField | SelectMultipleField):
            values = [choice[0] for choice in field.iter_choices() if choice[2]]
            if not values and not isinstance(field, RadioField | SelectMultipleField):
                values = [choice[0] for choice in field.iter_choices()][:1]
            yield from ((field.name, str(value)) for value in values)
        elif not isinstance(field, BooleanField) or field.data:
            yield field.name, str(field._value())


def fields_sent() -> list[tuple[str, str]]:
    """The submitted fields that belong in a draft: no files, tokens, buttons, or ticks that must be set again."""
    return [(name, value) for name, value in request.form.items(multi=True) if _is_kept(name)]


def hold_asked() -> Hold | None:
    """How the form being sent is held, with what it takes to give it back (web/held_here.py)."""
    fields = fields_sent()
    return hold_with(SentForm(fields, request.form.get(f"{OWN}ref", ""), photos_tokens_in(fields)))


def photos_tokens_in(fields: list[tuple[str, str]]) -> set[str]:
    return {value for name, value in fields if name.startswith(PHOTOS) and is_sound_token(value)}


def new_window() -> str:
    """An identifier of one display of a page, which says where a draft was saved from."""
    return secrets.token_urlsafe(9)


def sent_window() -> str:
    """The submitted window identifier; a new one where it is missing or malformed."""
    window = request.form.get(f"{OWN}window", "")
    return window if len(window) == WINDOW_LENGTH and window.isascii() else new_window()


def sent_revision() -> int:
    """The draft's revision as known to the submitted page."""
    return number_in(request.form.get(f"{OWN}revision", ""), digits=9) or 0


def _other(draft: Draft) -> OtherDraft:
    return OtherDraft(draft.ref, draft_name(draft), draft.saved_at)


def _is_kept(name: str) -> bool:
    return not (name in BUTTONS or name in CONFIRMED or name.startswith((OWN, *NEVER)) or name.endswith(NEVER))
