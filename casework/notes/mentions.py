"""Colleagues named in a note: who can be named, who is told, and a person's unseen mentions.

Only people who may read the note can be named, checked when it is written and whenever it is shown.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, bindparam, or_, select, update
from sqlalchemy.orm import joinedload

from casework.db import db
from casework.errors import CaseworkError
from casework.local_time import local_day
from casework.models import Account, Assignment, Case, Membership, Mention, Note
from casework.notes.notes import own_open_assignment, reads_note
from casework.outbox import tell_account
from casework.permissions import AGENCY_ROLES, Actor, Role, actor_for
from casework.permissions.sight import with_viewers
from casework.reading.counting import Counted, count
from casework.successors import Followed, heirs_of
from casework.text import fold

MOST_COLLEAGUES = 50
MOST_LOOKED_AT = 400
"""Memberships searched for a list of colleagues: the people of one centre and of the agencies of one case."""

MOST_MENTIONS = 10
MOST_SHOWN = 50
MOST_COUNTED = 99
_AT = re.compile(r"(?:^|(?<=[\s(,;]))@([\w.\-]{1,120})")


_MENTION, _NOTE, _CASE = Mention.__table__.c, Note.__table__.c, Case.__table__.c
UNSEEN = (
    select(_MENTION.id)
    .join_from(Mention.__table__, Note.__table__, _NOTE.id == _MENTION.note_id)
    .join(Case.__table__, _CASE.id == _NOTE.case_id)
    .where(_MENTION.account_id == bindparam("named"), _MENTION.seen_at.is_(None), _CASE.quarantined_at.is_(None))
    .limit(MOST_COUNTED + 1)
)


class MentionRefused(CaseworkError):
    """A named colleague cannot be told; the text says which."""


@dataclass(frozen=True)
class SeenMention:
    """A note a person was named in."""

    mention: Mention
    note: Note
    case: Case


def logins_in(words: str) -> list[str]:
    return list(dict.fromkeys(found.rstrip(".-").lower() for found in _AT.findall(words)))


def colleagues(case: Case, audience: str, *, by: Actor, now: datetime, search: str = "") -> list[Account]:
    """The colleagues the person could name in such a note, by name; at most MOST_COLLEAGUES. `search`: part of a name or user name."""
    part = own_open_assignment(by, case) if audience == "agency" else None
    query = select(Account).join(Membership, Membership.account_id == Account.id).where(_works_there(case, audience, part, now))
    query = query.where(Account.kind == "staff", Account.disabled_at.is_(None), Account.id != (by.own_id or 0))
    rows = db.session.scalars(query.distinct().order_by(Account.full_name, Account.id).limit(MOST_LOOKED_AT))
    wanted = fold(search)
    found = [row for row in rows if wanted in fold(row.full_name or "") or wanted in (row.login or "").lower()]
    return found[:MOST_COLLEAGUES]


def mention_in(note: Note, case: Case, *, by: Actor, now: datetime, picked: Collection[str] = ()) -> list[Mention]:
    """Name colleagues in a note that was just written: those picked (their refs) and those written with an @. Each is told once.

    Raises MentionRefused for a name of nobody who may read the note (without revealing whether there is such a person), and for more than
    MOST_MENTIONS.
    """
    logins = logins_in(note.body)
    if len(logins) + len(picked) > 2 * MOST_MENTIONS:
        raise _too_many()
    query = select(Account).where(Account.kind == "staff", Account.disabled_at.is_(None))
    rows = db.session.scalars(query.where(or_(Account.login.in_(logins), Account.ref.in_(picked)))) if logins or picked else ()
    named = {row.id: row for row in rows if reads_note(actor_for(row, now=now), note, case)}
    _refuse_unknown(logins, {row.login or "" for row in named.values()}, sum(row.ref in picked for row in named.values()), len(set(picked)))
    if len(named) > MOST_MENTIONS:
        raise _too_many()
    made = [Mention(note_id=note.id, account_id=id_) for id_ in sorted(named) if id_ != by.own_id]
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


def _works_there(case: Case, audience: str, part: Assignment | None, now: datetime) -> ColumnElement[bool]:
    """Memberships whose holders read a note of that audience."""
    today: date = local_day(now)
    holds = and_(Membership.valid_from <= today, or_(Membership.valid_to.is_(None), Membership.valid_to > today))
    centres = {case.centre_id, *heirs_of(Followed.CENTRE, case.centre_id, case.area_id)}
    leads = Membership.role.in_((Role.OPERATOR, Role.OPS_LEAD, Role.COMMITTEE_LEADER))
    centre = and_(leads, or_(Membership.centre_id.is_(None), Membership.centre_id.in_(centres)))
    if audience == "centre":
        return and_(holds, centre)
    parts = [part] if part is not None else [row for row in case.assignments if row.is_open or row.approved_at is not None]
    agencies = {id_ for row in parts for id_ in (row.agency_id, *heirs_of(Followed.AGENCY, row.agency_id, case.area_id))}
    return and_(holds, or_(centre, and_(Membership.role.in_(AGENCY_ROLES), Membership.agency_id.in_(agencies))))


def _refuse_unknown(logins: Sequence[str], known: Collection[str], picked_known: int, picked: int) -> None:
    unknown = [f"@{login}" for login in logins if login not in known]
    if unknown:
        names = ", ".join(unknown)
        raise MentionRefused(
            f"Không có đồng nghiệp nào đọc được ghi chú này có tên đăng nhập {names}.",
            f"Nobody who may read this note has the user name {names}.",
        )
    if picked_known < picked:
        raise MentionRefused(
            "Có người được chọn không đọc được ghi chú này. Vui lòng chọn lại.",
            "Somebody you picked may not read this note. Please choose again.",
        )


def _too_many() -> MentionRefused:
    return MentionRefused(f"Tối đa {MOST_MENTIONS} người trong một ghi chú.", f"At most {MOST_MENTIONS} people in one note.")
