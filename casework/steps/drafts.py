"""Drafts: what a person typed into the form of a step and has not sent, kept sealed, for its author alone, until the step is done.

A draft belongs to person, case, agency's work and element, never to a step of the engine: it survives a new sign-in, a crash, and a move
of the case to another version of its process. It contains words, ticks and choices; files are staged photos (casework/photos/records.py),
kept while a draft names them. Whether somebody may work at the step is checked where the step is known
(workflows.running.steps.lock_open_step); here only the author counts. The table of rules.md, section 2, lets an agency read its own
drafts, which means submitted ones: until then a text is its author's alone.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, func, select
from sqlalchemy.orm import InstrumentedAttribute

from casework.db import db, kept_for_step
from casework.errors import CaseworkError
from casework.models import Draft, DraftPhotos
from casework.permissions import Action, Actor, require
from casework.sealing.seal import open_json, open_text, seal_json, seal_text
from casework.setting_values import VALUES, value_of
from casework.text import normal

FIELDS_PURPOSE = "draft fields"
NAME_PURPOSE = "draft name"
MOST_OF_FORM = 5
"""Drafts of one person for one form of one case."""

MOST_OF_CASE = 20
"""The same for all forms of one case together."""

MOST_BYTES = 100_000
MOST_FIELDS = 600
LONGEST_NAME = 60
KEPT = timedelta(days=VALUES["draft_days"].default)
"""How long an unused draft is kept, unless an administrator set another time."""

MOST_AT_ONCE = 500

Fields = Sequence[tuple[str, str]]
"""Names and values as a form sends them; a name may be repeated."""


class DraftRefused(CaseworkError):
    """The draft cannot be kept; the text says why."""


@dataclass(frozen=True)
class DraftPlace:
    """The form a draft belongs to."""

    case_id: int
    assignment_id: int | None
    subject: str


@dataclass(frozen=True)
class SavedDraft:
    """A draft as saved. `is_apart`: another window had changed the draft named, so this text became a separate draft."""

    draft: Draft
    is_apart: bool = False


def keep_draft(
    place: DraftPlace,
    *,
    by: Actor,
    now: datetime,
    fields: Fields,
    window: str,
    ref: str = "",
    revision: int = 0,
    seen: str = "",
    name: str | None = None,
    photos_tokens: Collection[str] = (),
) -> SavedDraft:
    """Save a form as a draft; the caller holds the case's lock.

    `window` is the page it was typed in, `ref` and `revision` the draft that page read or last wrote, `seen` the newest draft there was
    when it was opened. If another window has changed that draft since, it is not overwritten: this text becomes a separate draft. A page
    that read none makes a new one. The same text twice changes nothing, so a save may be repeated. Raises NotAllowed for people without
    drafts; DraftRefused for too much text or too many drafts, keeping what was saved.
    """
    require(by, Action.KEEP_DRAFT)
    fields = [(key, value) for key, value in fields]
    _refuse_too_much(fields)
    known = drafts_of(place, by=by)
    named = next((row for row in known if row.ref == ref), None)
    draft, is_apart = named, False
    if named is None or not (named.revision == revision or _written_in(named) == window):
        if named is not None and opened_fields(named) == fields:
            return SavedDraft(named)
        draft = next((row for row in known if _written_in(row) == window), None)
        is_apart = named is not None or (draft is None and bool(known) and known[0].ref != seen)
    if draft is None:
        _refuse_too_many(place, known, by)
        draft = Draft(account_id=by.account_id, case_id=place.case_id, assignment_id=place.assignment_id, subject=place.subject,
                      revision=0, started_at=now)  # fmt: skip
    elif opened_fields(draft) == fields and name is None:
        return SavedDraft(draft, is_apart)
    draft.sealed_fields = seal_json({"fields": fields, "window": window}, purpose=FIELDS_PURPOSE)
    draft.revision, draft.saved_at = draft.revision + 1, now
    if name is not None:
        draft.sealed_name = seal_text(_fit_name(name), purpose=NAME_PURPOSE)
    db.session.add(draft)
    db.session.flush()
    _hold_photos(draft, photos_tokens)
    return SavedDraft(draft, is_apart)


def drafts_of(place: DraftPlace, *, by: Actor) -> list[Draft]:
    """The person's own drafts of one form, last saved first."""
    if kept_for_step().get(("has drafts", place)) is False:
        return []
    return sorted(db.session.scalars(_own(place, by).limit(MOST_OF_CASE)), key=lambda row: (row.saved_at, row.id), reverse=True)


def hold_drafts_there(place: DraftPlace, *, there: bool) -> None:
    """Keep, while a page is read, whether anybody has a draft of a form."""
    kept_for_step()["has drafts", place] = there


Column = InstrumentedAttribute[Any]


def drafts_at(case_id: Column, assignment_id: Column, subject: Column) -> ColumnElement[bool]:
    """The condition that anybody has a draft there."""
    return exists().where(Draft.case_id == case_id, Draft.subject == subject, Draft.assignment_id.is_not_distinct_from(assignment_id))


def opened_fields(draft: Draft) -> list[tuple[str, str]]:
    return [(name, value) for name, value in open_json(draft.sealed_fields, purpose=FIELDS_PURPOSE)["fields"]]


def draft_name(draft: Draft) -> str:
    """The author's name for it; empty without one."""
    return open_text(draft.sealed_name, purpose=NAME_PURPOSE) if draft.sealed_name is not None else ""


def discard_draft(place: DraftPlace, ref: str, *, by: Actor) -> bool:
    """Delete one of the person's own drafts; its photos are swept like those of any unsent form. False if there is none."""
    draft = next((row for row in drafts_of(place, by=by) if row.ref == ref), None)
    if draft is not None:
        db.session.delete(draft)
        db.session.flush()
    return draft is not None


def discard_all(place: DraftPlace, *, by: Actor) -> None:
    """Delete the person's drafts for a step that is done now."""
    rows = delete(Draft).where(Draft.id.in_(_own(place, by).with_only_columns(Draft.id)))
    db.session.execute(rows, execution_options={"synchronize_session": False})


def forget_old_drafts(*, now: datetime) -> int:
    """Delete drafts unused for as long as they are kept, and return how many."""
    old = select(Draft.id).where(Draft.saved_at < now - timedelta(days=value_of("draft_days"))).order_by(Draft.saved_at).limit(MOST_AT_ONCE)
    ids = list(db.session.scalars(old))
    if ids:
        db.session.execute(delete(Draft).where(Draft.id.in_(ids)), execution_options={"synchronize_session": False})
    return len(ids)


def _own(place: DraftPlace, by: Actor) -> Select[Draft]:
    rows = select(Draft).where(Draft.account_id == by.account_id, Draft.case_id == place.case_id, Draft.subject == place.subject)
    return rows.where(Draft.assignment_id.is_(None) if place.assignment_id is None else Draft.assignment_id == place.assignment_id)


def _written_in(draft: Draft) -> str:
    return str(open_json(draft.sealed_fields, purpose=FIELDS_PURPOSE)["window"])


def _hold_photos(draft: Draft, tokens: Iterable[str]) -> None:
    held = set(db.session.scalars(select(DraftPhotos.token).where(DraftPhotos.draft_id == draft.id)))
    db.session.add_all(DraftPhotos(draft_id=draft.id, token=token) for token in sorted(set(tokens) - held))


def _fit_name(name: str) -> str:
    name = " ".join(normal(name).split())
    if not name or len(name) > LONGEST_NAME:
        raise DraftRefused(
            f"Vui lòng đặt tên bản nháp, tối đa {LONGEST_NAME} ký tự.", f"Please name the draft, {LONGEST_NAME} characters at most.",
            about="name",
        )
    return name


def _refuse_too_much(fields: Fields) -> None:
    if len(fields) > MOST_FIELDS or len(json.dumps(fields, ensure_ascii=False).encode()) > MOST_BYTES:
        raise DraftRefused(
            "Nội dung quá dài nên không lưu nháp được. Vui lòng rút ngắn; chữ Ông/Bà viết vẫn còn ở đây.",
            "This is too long to be kept as a draft. Please shorten it; what you wrote is still here.",
        )


def _refuse_too_many(place: DraftPlace, known: Sequence[Draft], by: Actor) -> None:
    of_case = select(func.count()).select_from(Draft).where(Draft.account_id == by.account_id, Draft.case_id == place.case_id)
    if len(known) >= MOST_OF_FORM or (db.session.scalar(of_case) or 0) >= MOST_OF_CASE:
        raise DraftRefused(
            f"Đã có {len(known)} bản nháp. Vui lòng xóa bớt một bản; chữ Ông/Bà viết vẫn còn ở đây.",
            f"There are {len(known)} drafts already. Please delete one; what you wrote is still here.",
        )
