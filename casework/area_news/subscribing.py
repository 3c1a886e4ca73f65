"""Beginning and ending to follow an area. Nothing is kept before the contact was proven and the person agreed; ending deletes all of it."""

from datetime import datetime

from sqlalchemy import delete, func, select

from casework.area_news.matching import next_morning
from casework.area_news.scopes import Scope, cell_of
from casework.db import db
from casework.errors import CaseworkError
from casework.models import AreaNews, AreaSubscription
from casework.permissions import SYSTEM, Action, Actor, require
from casework.privacy.contact_codes import digest_of, kind_of
from casework.privacy.identity import Contact, seal_contact
from casework.upkeep.erasure_log import AREA, note_forgotten

RHYTHMS = ("weekly", "daily", "at_once")
MOST_OF_ONE = 5
"""Areas one contact may follow."""


class AreaRefused(CaseworkError):
    """The area cannot be followed; the text says why."""


def subscribe(scope: Scope, contact: Contact, *, rhythm: str, language: str, by: Actor, now: datetime) -> AreaSubscription:
    """Follow an area by a contact proven just now, from the next news on. The same area again changes the rhythm alone.

    Raises AreaRefused for an unknown rhythm, and when the contact follows MOST_OF_ONE areas.
    """
    require(by, Action.FOLLOW_AREA)
    if rhythm not in RHYTHMS:
        raise AreaRefused("Vui lòng chọn khi nào báo tin.", "Please choose when to be told.", about="rhythm")
    digest = digest_of(contact)
    known = list(db.session.scalars(select(AreaSubscription).where(AreaSubscription.contact_digest == digest).limit(MOST_OF_ONE + 1)))
    row = next((each for each in known if each.scope == scope.word), None)
    if row is None and len(known) >= MOST_OF_ONE:
        raise AreaRefused(
            f"Một số điện thoại hoặc thư điện tử theo dõi tối đa {MOST_OF_ONE} khu vực. Vui lòng dừng bớt một khu vực trước.",
            f"One number or address follows {MOST_OF_ONE} areas at most. Please stop one of them first.",
        )
    if row is None:
        row = AreaSubscription(
            kind=scope.kind, area_id=scope.area_id, latitude=scope.latitude, longitude=scope.longitude, radius_m=scope.radius_m,
            cell=cell_of(scope.latitude, scope.longitude) if scope.latitude is not None and scope.longitude is not None else None,
            field_code=scope.field_code, scope=scope.word, sealed_contact=seal_contact(contact), contact_digest=digest,
            contact_kind=kind_of(contact), told_up_to=db.session.scalar(select(func.max(AreaNews.number))) or 0,
        )  # fmt: skip
        db.session.add(row)
    if row.due_at is not None:
        # what is due already comes by the rhythm chosen now
        row.due_at = now if rhythm == "at_once" else next_morning(now, weekly=rhythm == "weekly")
    row.rhythm, row.language, row.confirmed_at = rhythm, language, now
    db.session.flush()
    return row


def unsubscribe(ref: str, *, by: Actor, now: datetime) -> bool:
    """End it and forget the contact, also after an older backup was restored. False where it has ended before."""
    require(by, Action.FOLLOW_AREA)
    ended = delete(AreaSubscription).where(AreaSubscription.ref == ref).returning(AreaSubscription.id)
    if db.session.execute(ended, execution_options={"synchronize_session": False}).first() is None:
        return False
    note_forgotten(AREA, ref, at=now)
    return True


def unsubscribe_again(ref: str, *, now: datetime) -> bool:
    """The same after a restore; False where there is nothing to end."""
    return unsubscribe(ref, by=SYSTEM, now=now)


def forget_followers(*digests: str | None) -> int:
    """Delete all that follows by these contacts: of somebody whose data are erased. Returns how many."""
    known = [digest for digest in digests if digest]
    if not known:
        return 0
    gone = delete(AreaSubscription).where(AreaSubscription.contact_digest.in_(known)).returning(AreaSubscription.id)
    return len(db.session.execute(gone, execution_options={"synchronize_session": False}).all())


def followed_by_contacts(*digests: str | None) -> list[AreaSubscription]:
    """What these contacts follow: for a copy of somebody's data."""
    known = [digest for digest in digests if digest]
    query = select(AreaSubscription).where(AreaSubscription.contact_digest.in_(known)).order_by(AreaSubscription.id)
    return list(db.session.scalars(query)) if known else []
