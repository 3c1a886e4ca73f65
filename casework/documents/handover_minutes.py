"""Minutes of hand-over (biên bản bàn giao): what is handed to a body outside, as counts and digests, never its content.

For a quarantined case they are for its confidential readers alone. Nothing in them has to be erased with the content: they state kinds,
numbers, and the SHA-256 of the original pictures and recordings, which later prove what was handed over without revealing it.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from casework.db import db
from casework.documents.kinds import HANDOVER_MINUTES
from casework.documents.letters import LetterRefused
from casework.documents.writing import NOTHING_ADDED, Added, asked_for, draft, refuse_gone, require_writer, write
from casework.models import Addition, Case, Letter, Photo, Recording
from casework.pausing.referrals import NOT_REFERRED, open_referral
from casework.permissions import Action, Actor, NotAllowed, require
from casework.permissions.sight import Sight, sees
from casework.upkeep.erasure_log import handed_over_at


def write_handover_minutes(case: Case, *, by: Actor, now: datetime, added: Added = NOTHING_ADDED, key: str | None = None) -> Letter:
    """Write the minutes before the content is handed over: by a confidential reader for a quarantined case, else by the centre for a
    referred one.

    Records `write_letter`. Raises NotAllowed, LetterRefused once the content is gone or without a referral, AlreadyWritten.
    """
    return write(
        case, lambda: draft_handover_minutes(case, by=by, now=now, added=added), by=by, now=now, key=key,
        asked=asked_for(added, HANDOVER_MINUTES, None),
    )  # fmt: skip


def draft_handover_minutes(case: Case, *, by: Actor, now: datetime, added: Added = NOTHING_ADDED) -> Letter:
    """The minutes as they would be written now. They name the person who hands over, never the senders."""
    is_apart = case.quarantined_at is not None
    body = _body_apart(case, by) if is_apart else _body_referred_to(case, by)
    content = {"to": body, "is_apart": is_apart, "hands_over": (by.account.full_name if by.account else None) or "", **_items(case)}
    if is_apart:
        # the paper may be read by people who may not read the case: nobody adds words or copies to it
        added = Added()
    return draft(case, HANDOVER_MINUTES, by=by, now=now, added=added, content=content)


def minutes_apart(case: Case, by: Actor) -> list[Letter]:
    """The minutes of a quarantined case for its confidential readers, newest first; empty for everybody else."""
    if case.quarantined_at is None or not sees(by, Sight.QUARANTINED, case):
        return []
    query = select(Letter).where(Letter.case_id == case.id, Letter.kind == HANDOVER_MINUTES, Letter.withdrawn_at.is_(None))
    return list(db.session.scalars(query.order_by(Letter.id.desc())))


def _body_apart(case: Case, by: Actor) -> str:
    require(by, Action.HAND_OVER, case)
    if not sees(by, Sight.QUARANTINED, case):
        raise NotAllowed
    if handed_over_at(case) is not None:
        raise LetterRefused("Hồ sơ đã được bàn giao, nội dung đã xóa.", "The case has been handed over and its content erased.")
    return ""


def _body_referred_to(case: Case, by: Actor) -> str:
    require_writer(case, by, HANDOVER_MINUTES)
    refuse_gone(case)
    referral = open_referral(case)
    if referral is None:
        raise LetterRefused(*NOT_REFERRED)
    return referral.body


def _items(case: Case) -> dict[str, Any]:
    """The items to hand over: counts of texts, and digests of files as they came."""
    ids = [link.report_id for link in case.reports if link.left_at is None]
    photos = db.session.scalars(
        select(Photo.sha256).where(Photo.report_id.in_(ids), Photo.state == "linked").order_by(Photo.report_id, Photo.position, Photo.id)
    )
    recordings = db.session.execute(
        select(Recording.kind, Recording.sha256)
        .where(Recording.report_id.in_(ids), Recording.state == "linked")
        .order_by(Recording.report_id, Recording.position, Recording.id)
    )
    additions = select(Addition.id).where(Addition.report_id.in_(ids), Addition.sealed_words.is_not(None))
    return {
        "reports": len(ids),
        "additions": len(list(db.session.scalars(additions))),
        "photos": list(photos),
        "recordings": [{"kind": kind, "sha256": digest} for kind, digest in recordings],
    }
