"""The draft a step's page shows: which one, what of a form is kept in it, and the page built from it as if it had been sent."""

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
from web.filing_fields import is_sound_token
from web.forms import Form
from web.guards import actor
from web.task_page import TaskPage
from workflows.models import WaitingTask
from workflows.running.steps import done_since, draft_place

NONE = "none"
"""In the address: begin anew, whatever drafts there are."""

OWN = "draft_"
"""First part of the names of the fields that say which draft is at hand."""

BUTTONS = frozenset({"act", "remove", "keep", "template", "template_how", "template_keep"})
CONFIRMED = frozenset({"checked", "confirms_short", "leftovers"})
"""Ticks that say something was looked at just now: nobody gets them back from a draft."""

NEVER = ("csrf_token", "password", "secret")
PHOTOS = "photos_"
"""First part of the names of the fields with the tokens of staged photos."""

WINDOW_LENGTH = 12


@dataclass(frozen=True)
class OtherDraft:
    """One more draft of the same form."""

    ref: str
    name: str
    saved_at: datetime


@dataclass(frozen=True)
class DraftAtHand:
    """What the page says about drafts: the one it writes into, whether it was filled in, and the others there are. `is_sent`: the
    page shows again what was sent, which may be newer than any draft.

    `old` is one that was saved before the step was done last time: offered, not filled in.
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
        """Whether one more may be kept."""
        return len(self.others) + bool(self.ref) < MOST_OF_FORM


def draft_wanted(step: WaitingTask) -> tuple[DraftAtHand, list[tuple[str, str]] | None]:
    """Which draft the page of a step opens with, and what stands in it: the one the address names, else the newest of this round."""
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
    """The draft of a page that is shown again after it was sent: the text at hand is what was sent, the draft the same."""
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
    """Build and show a page as if these fields had just been sent, so that every form, with whatever stands beside its fields,
    restores itself by what it does anyway after a refusal. Nothing is judged and nothing performed. None changes nothing."""
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
    """Build a page as if it had just been opened, whatever was sent."""
    this: Request = request._get_current_object()  # type: ignore[attr-defined]
    method, form = this.method, this.form
    this.method, this.form = "GET", ImmutableMultiDict()
    try:
        yield
    finally:
        this.method, this.form = method, form


def is_as_opened(page: TaskPage, fields: list[tuple[str, str]]) -> bool:
    """Whether these fields are those a page shows by itself, built `as_if_opened`: nobody has written or chosen anything.

    Empty ones count for nothing, nor do the tokens of photos as long as none was sent.
    """
    if any(staged_photos(token) for token in photos_tokens_in(fields)):
        return False
    shown = [*_shown_by(page.form), *page.shown_beside()]
    return _written(fields) == _written([(name, value) for name, value in shown if _is_kept(name)])


def _written(fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What is not empty, however the browser breaks its lines."""
    lines = [(name, "\n".join(value.splitlines()).strip()) for name, value in fields if not name.startswith(PHOTOS)]
    return sorted((name, value) for name, value in lines if value)


def _shown_by(form: Form) -> Iterator[tuple[str, str]]:
    """What a browser would send of a form nobody has touched."""
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
    """What of the form sent belongs into a draft: no files, tokens, buttons, nor ticks that have to be given again."""
    return [(name, value) for name, value in request.form.items(multi=True) if _is_kept(name)]


def photos_tokens_in(fields: list[tuple[str, str]]) -> set[str]:
    """The tokens of the photos staged with a form."""
    return {value for name, value in fields if name.startswith(PHOTOS) and is_sound_token(value)}


def new_window() -> str:
    """A name for one showing of a page: who saves says from which."""
    return secrets.token_urlsafe(9)


def sent_window() -> str:
    """The window of the page that was sent; a new one where it says none of ours."""
    window = request.form.get(f"{OWN}window", "")
    return window if len(window) == WINDOW_LENGTH and window.isascii() else new_window()


def sent_revision() -> int:
    """The revision of the draft as the page that was sent knew it."""
    return number_in(request.form.get(f"{OWN}revision", ""), digits=9) or 0


def _other(draft: Draft) -> OtherDraft:
    return OtherDraft(draft.ref, draft_name(draft), draft.saved_at)


def _is_kept(name: str) -> bool:
    return not (name in BUTTONS or name in CONFIRMED or name.startswith((OWN, *NEVER)) or name.endswith(NEVER))
