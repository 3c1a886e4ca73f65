"""Colleagues named in a note: who can be named, who is told, and a person's unseen mentions.

Only people who may read the note can be named, checked when it is written and whenever it is shown.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm import joinedload

from casework.db import db
from casework.models import Account, Case, Mention, Note
from casework.notes.colleagues import MOST_MENTIONS, MentionRefused, agencies_named, is_naming, named_in, readers, told_for
from casework.notes.notes import reads_note
from casework.outbox import tell_account
from casework.permissions import Actor, actor_for
from casework.permissions.sight import with_viewers
from casework.reading.counting import Counted, count

MOST_SHOWN = 50
MOST_COUNTED = 99

_MENTION, _NOTE, _CASE = Mention.__table__.c, Note.__table__.c, Case.__table__.c
UNSEEN = (
    select(_MENTION.id)
    .join_from(Mention.__table__, Note.__table__, _NOTE.id == _MENTION.note_id)
    .join(Case.__table__, _CASE.id == _NOTE.case_id)
    .where(_MENTION.account_id == bindparam("named"), _MENTION.seen_at.is_(None), _CASE.quarantined_at.is_(None))
    .limit(MOST_COUNTED + 1)
)
UNSEEN_HERE = (
    select(_MENTION.id)
    .join_from(Mention.__table__, Note.__table__, _NOTE.id == _MENTION.note_id)
    .join(Case.__table__, _CASE.id == _NOTE.case_id)
    .where(_MENTION.account_id == bindparam("named_here"), _MENTION.seen_at.is_(None), _CASE.ref == bindparam("named_in"))
    .limit(MOST_COUNTED + 1)
)
UNSEEN_OF = select(_MENTION.note_id).where(
    _MENTION.account_id == bindparam("named"), _MENTION.seen_at.is_(None), _MENTION.note_id.in_(bindparam("notes", expanding=True))
)  # fmt: skip


@dataclass(frozen=True)
class SeenMention:
    """A note a person was named in."""

    mention: Mention
    note: Note
    case: Case


def mention_in(note: Note, case: Case, *, by: Actor, now: datetime, picked: Collection[str] = ()) -> list[Mention]:
    """Name colleagues in a note that was just written: those picked (their refs), and those written with an @, by name, user name or
    agency. Each is told once, also of a word sent twice, and the note keeps names where user names were typed.

    Raises MentionRefused for a name of nobody who may read the note (without revealing whether there is such a person), for one that two
    have, and for more than MOST_MENTIONS.
    """
    told, people = set[int](), tuple[int, ...]()
    if is_naming(note.body):
        named = named_in(note.body, readers(case, note.audience, by=by, now=now), agencies_named(case, note.audience, by=by))
        people, told = named.people, {*named.people, *told_for(named.agencies, now=now)}
        note.body = named.words
    if len(told) + len(picked) > 2 * MOST_MENTIONS:
        raise _too_many()
    query = select(Account).where(Account.kind == "staff", Account.disabled_at.is_(None))
    rows = db.session.scalars(query.where(or_(Account.id.in_(told), Account.ref.in_(picked)))) if told or picked else ()
    there = {row.id: row for row in rows if reads_note(actor_for(row, now=now), note, case)}
    picked_there = sum(row.ref in picked for row in there.values())
    if picked_there < len(set(picked)) or not there.keys() >= set(people):
        raise MentionRefused(
            "Có người được chọn không đọc được ghi chú này. Vui lòng chọn lại.",
            "Somebody you picked may not read this note. Please choose again.",
        )
    if len(there) > MOST_MENTIONS:
        raise _too_many()
    before = set(db.session.scalars(select(Mention.account_id).where(Mention.note_id == note.id))) if there else set()
    made = [Mention(note_id=note.id, account_id=id_) for id_ in sorted(there) if id_ not in {by.own_id, *before}]
    db.session.add_all(made)
    for mention in made:
        tell_account(mention.account_id, "mentioned_in_note", case=case, at=now)
    return made


def unseen_count(by: Actor) -> int:
    """The number of unseen notes that name the person, counted one past MOST_COUNTED, which the inbox shows as "99+"."""
    return count(unseen(by))


def unseen(by: Actor) -> Counted | None:
    """The same to be counted with other numbers; None for nobody in particular."""
    return Counted(UNSEEN, {"named": by.own_id}) if by.own_id is not None else None


def unseen_here(by: Actor, ref: str) -> Counted | None:
    """The same in one case, which other numbers of its page are counted with; also in notes the person may no longer read."""
    return Counted(UNSEEN_HERE, {"named_here": by.own_id, "named_in": ref}) if by.own_id is not None else None


def unseen_in(notes: Iterable[Note], *, by: Actor) -> int:
    """How many of these notes name the person, who has not seen it."""
    ids = [note.id for note in notes]
    return len(db.session.scalars(UNSEEN_OF, {"named": by.own_id, "notes": ids}).all()) if ids else 0


def mentions_of(by: Actor) -> list[SeenMention]:
    """The newest notes that name the person and that they may still read, newest first."""
    query = select(Mention, Note, Case).join(Mention.note).join(Case, Case.id == Note.case_id).where(Mention.account_id == by.account_id)
    query = query.options(joinedload(Mention.note).joinedload(Note.written_by), *with_viewers())
    rows = db.session.execute(query.order_by(Mention.id.desc()).limit(MOST_SHOWN)).unique().all()
    return [SeenMention(mention, note, case) for mention, note, case in rows if reads_note(by, note, case)]


def mentions_in(notes: Iterable[Note]) -> dict[int, list[Mention]]:
    """The mentions in some notes, by note."""
    ids = [note.id for note in notes]
    found: dict[int, list[Mention]] = {}
    query = select(Mention).where(Mention.note_id.in_(ids)).options(joinedload(Mention.account)).order_by(Mention.id)
    for mention in db.session.scalars(query) if ids else ():
        found.setdefault(mention.note_id, []).append(mention)
    return found


def mark_seen(note_ids: Sequence[int], *, by: Actor, now: datetime) -> None:
    """Mark these notes as seen by the person."""
    seen = update(Mention).where(Mention.account_id == by.account_id, Mention.seen_at.is_(None), Mention.note_id.in_(note_ids))
    db.session.execute(seen.values(seen_at=now), execution_options={"synchronize_session": False})


def forget_unreadable(*, by: Actor, now: datetime) -> None:
    """Mark the newest mentions in notes the person may no longer read as seen, so that nobody looks for them in vain."""
    readable = {each.mention.id for each in mentions_of(by)}
    query = select(Mention.id).where(Mention.account_id == by.account_id, Mention.seen_at.is_(None)).order_by(Mention.id.desc())
    gone = [id_ for id_ in db.session.scalars(query.limit(MOST_SHOWN)) if id_ not in readable]
    if gone:
        unseen = update(Mention).where(Mention.id.in_(gone))
        db.session.execute(unseen.values(seen_at=now), execution_options={"synchronize_session": False})


def _too_many() -> MentionRefused:
    return MentionRefused(f"Tối đa {MOST_MENTIONS} người trong một ghi chú.", f"At most {MOST_MENTIONS} people in one note.")
