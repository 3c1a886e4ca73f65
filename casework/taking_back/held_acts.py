"""Acts that can still be taken back: held, not reversed (rules.md, section 6, "Taken back").

What was pressed is a row of its own, sealed, until it is carried out with the moment of the press. Taken back, or met by something that
has changed meanwhile, it returns to its author: what was typed for a step becomes their draft. That of an act beside the steps, and of
whatever was brought back, stays in the row until `draft_days` are over.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update

from casework.bilingual import Bilingual
from casework.db import db
from casework.models import Draft, DraftPhotos, HeldAct
from casework.permissions import Actor
from casework.sealing.seal import open_json, seal_json
from casework.sent_once import give_key_back, key_taken, take_key
from casework.setting_values import value_of
from casework.steps.drafts import FIELDS_PURPOSE, MOST_AT_ONCE, DraftPlace, Fields

HELD_VERBS = frozenset({"publish", "answer_privately", "refuse", "distribute", "approve_answer"})
"""What can be taken back for a while."""

GIVEN_PURPOSE = "held act"
FORM_PURPOSE = "form of a held act"
WHY_PURPOSE = "why a held act went back"


@dataclass(frozen=True, slots=True)
class SentForm:
    """A form as it was sent: its fields as a draft keeps them, the draft it was written in, and tokens of staged photos."""

    fields: Fields = ()
    draft: str = ""
    photos_tokens: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Hold:
    """How an act is held: how long, and the form it was sent with."""

    lasts: timedelta
    form: SentForm


def keep_held(
    place: DraftPlace, verb: str, given: Any, *, by: Actor, now: datetime, hold: Hold, task_ref: str | None
) -> HeldAct:  # fmt: skip
    """Write down an act that was pressed, `given` as JSON; the caller holds the case's lock and has made sure that it could be done.

    Takes the key of the form, so that the same form sent twice is held once: raises SentBefore.
    """
    take_key(now)
    form = {"fields": list(hold.form.fields), "draft": hold.form.draft, "photos": sorted(hold.form.photos_tokens)}
    held = HeldAct(
        account_id=by.account_id, case_id=place.case_id, assignment_id=place.assignment_id, subject=place.subject, task_ref=task_ref,
        verb=verb, sealed_given=seal_json(given, purpose=GIVEN_PURPOSE) if given is not None else None,
        sealed_fields=seal_json(form, purpose=FORM_PURPOSE), form_key=key_taken(), pressed_at=now, due_at=now + hold.lasts,
    )  # fmt: skip
    db.session.add(held)
    db.session.flush()
    return held


def own_held(ref: str, *, by: Actor) -> HeldAct | None:
    """One of the person's own, held or returned."""
    return db.session.scalars(select(HeldAct).where(HeldAct.ref == ref, HeldAct.account_id == by.account_id)).first()


def given_of(held: HeldAct) -> Any:
    """What was filled in, as it was kept; None where nothing was."""
    return open_json(held.sealed_given, purpose=GIVEN_PURPOSE) if held.sealed_given is not None else None


def fields_of(held: HeldAct) -> list[tuple[str, str]]:
    """The fields of the form; none where its author took it back and they have become a draft."""
    return _form_of(held)[0] if held.sealed_fields is not None else []


def words_of(held: HeldAct) -> list[str]:
    """What its author wrote themselves, of the fields of the form; not what they chose or ticked."""
    return [value for _name, value in fields_of(held) if not value.isascii() or len(value.split()) > 1]


def why_of(held: HeldAct) -> Bilingual | None:
    """Why it went back; None where it is held, or its author took it back."""
    return Bilingual(*open_json(held.sealed_why, purpose=WHY_PURPOSE)) if held.sealed_why is not None else None


def give_back(held: HeldAct, place: DraftPlace | None, *, now: datetime, why: Bilingual | None = None) -> None:
    """Return an act to its author with what they typed; the caller holds the case's lock. `why` it was not carried out, if not by them.

    The form may be sent again. Of a step, what was typed becomes a draft: the one it was written in where that is still there. `place` is
    where the step is now, which may be in another case or under another name than when it was pressed. Its form may not take all of it any
    more, so unless they took it back themselves it stays in the row, too.
    """
    if held.form_key is not None:
        give_key_back(held.form_key)
    if place is not None and held.sealed_fields is not None:
        _to_draft(held, place, now)
        held.sealed_fields = held.sealed_fields if why is not None else None
    held.sealed_given = held.form_key = None
    held.sealed_why = seal_json(list(why), purpose=WHY_PURPOSE) if why is not None else None
    held.returned_at, held.seen_at = now, now if why is None else None


def put_returned_away(*, by: Actor, now: datetime) -> None:
    """Mark what has gone back to the person as seen."""
    mine = update(HeldAct).where(HeldAct.account_id == by.account_id, HeldAct.returned_at.is_not(None), HeldAct.seen_at.is_(None))
    db.session.execute(mine.values(seen_at=now), execution_options={"synchronize_session": False})


def forget_returned(*, now: datetime) -> int:
    """Delete what went back as long ago as drafts are kept, and return how many."""
    old = select(HeldAct.id).where(HeldAct.returned_at < now - timedelta(days=value_of("draft_days"))).order_by(HeldAct.returned_at)
    ids = list(db.session.scalars(old.limit(MOST_AT_ONCE)))
    if ids:
        db.session.execute(delete(HeldAct).where(HeldAct.id.in_(ids)), execution_options={"synchronize_session": False})
    return len(ids)


def _form_of(held: HeldAct) -> tuple[list[tuple[str, str]], str, list[str]]:
    form = open_json(held.sealed_fields, purpose=FORM_PURPOSE) if held.sealed_fields is not None else {}
    return [(name, value) for name, value in form.get("fields", ())], form.get("draft", ""), list(form.get("photos", ()))


def _to_draft(held: HeldAct, place: DraftPlace, now: datetime) -> None:
    """Not bounded as a draft somebody saves is: nothing typed is lost for having five others."""
    fields, ref, tokens = _form_of(held)
    if not any(value.strip() for _name, value in fields):
        return
    own = select(Draft).where(Draft.account_id == held.account_id, Draft.case_id == place.case_id, Draft.subject == place.subject)
    draft = db.session.scalars(own.where(Draft.ref == ref)).first() if ref else None
    if draft is None:
        draft = Draft(
            account_id=held.account_id, case_id=place.case_id, assignment_id=place.assignment_id, subject=place.subject, revision=0,
            started_at=held.pressed_at,
        )  # fmt: skip
    draft.sealed_fields = seal_json({"fields": fields, "window": secrets.token_urlsafe(9)}, purpose=FIELDS_PURPOSE)
    draft.revision, draft.saved_at = draft.revision + 1, now
    db.session.add(draft)
    db.session.flush()
    kept = set(db.session.scalars(select(DraftPhotos.token).where(DraftPhotos.draft_id == draft.id)))
    db.session.add_all(DraftPhotos(draft_id=draft.id, token=token) for token in sorted(set(tokens) - kept))
