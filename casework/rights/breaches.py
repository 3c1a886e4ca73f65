"""Breaches of personal data: what is known, what was done when, and the 72 hours for telling the authority.

A breach is opened, described anew whenever more is known, and closed; notices that were sent are recorded with their moment. Each of
these adds a row, and an event that names nobody. Source: Law 91/2025/QH15 and Decree 356/2025/NĐ-CP.
"""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, or_, select
from sqlalchemy.orm import joinedload

from casework.bilingual import Bilingual
from casework.db import db
from casework.errors import CaseworkError
from casework.events import append
from casework.models import Breach, BreachDescription, BreachStep, Event
from casework.permissions import Action, Actor, NotAllowed, require
from casework.reading.counting import Counted, count
from casework.rights.lists import centres_where
from casework.text import normal

AUTHORITY_HOURS = timedelta(hours=72)
"""From the moment it was noticed until the Ministry of Public Security has to be told, round the clock, including holidays."""
LONGEST_TEXT, LONGEST_CONTACT, LONGEST_WORDS = 4_000, 300, 1_000
SHORTEST_OUTCOME = 10
PAGE = 25

ACCOUNT, EXPORT, BACKUP, KEY, SHOWN_PAGE, OTHER = "account", "export", "backup", "key", "page", "other"
KIND_LABELS: dict[str, Bilingual] = {
    ACCOUNT: Bilingual("Tài khoản bị chiếm", "An account was taken over"),
    EXPORT: Bilingual("Tệp kết xuất lọt ra ngoài", "An export went astray"),
    BACKUP: Bilingual("Mất hoặc lộ bản sao lưu", "A backup was lost or leaked"),
    KEY: Bilingual("Lộ khóa mã hóa hoặc mật khẩu hệ thống", "A key or a password of the system leaked"),
    SHOWN_PAGE: Bilingual("Trang hiện cho người không được xem", "A page was shown to the wrong person"),
    OTHER: Bilingual("Việc khác", "Something else"),
}

AUTHORITY, PEOPLE, CLOSED = "authority", "people", "closed"
STEP_LABELS: dict[str, Bilingual] = {
    AUTHORITY: Bilingual("Đã báo cơ quan chuyên trách", "The authority was told"),
    PEOPLE: Bilingual("Đã báo người bị ảnh hưởng", "The people affected were told"),
    CLOSED: Bilingual("Đã kết thúc", "Closed"),
}


class BreachRefused(CaseworkError):
    """It cannot be recorded like this; the text says why."""


@dataclass(frozen=True, slots=True)
class BreachFacts:
    """The description of a breach, in words that name no citizen."""

    happened: str
    data_kinds: str
    consequences: str
    measures: str
    contact: str


KNOWN_LABELS: dict[str, Bilingual] = {
    "happened": Bilingual("Việc gì đã xảy ra", "What happened"),
    "data_kinds": Bilingual("Loại dữ liệu liên quan", "Kinds of data concerned"),
    "consequences": Bilingual("Hậu quả có thể có", "What may come of it"),
    "measures": Bilingual("Đã làm gì, sẽ làm gì", "What was done and will be"),
    "contact": Bilingual("Người liên hệ của cơ quan", "Whom to ask"),
}


def open_breach(kind: str, known: BreachFacts, *, by: Actor, now: datetime, noticed_at: datetime, centre_id: int | None) -> Breach:
    """Record a breach of a centre, or with None of the whole installation; its 72 hours run from when it was noticed.

    Records `open_breach`. Raises NotAllowed, BreachRefused.
    """
    require(by, Action.HANDLE_BREACH)
    _refuse_others(centre_id, by)
    if kind not in KIND_LABELS:
        raise BreachRefused("Vui lòng chọn loại sự cố.", "Please choose what kind it is.", about="kind")
    if noticed_at > now:
        raise BreachRefused("Lúc phát hiện không thể ở tương lai.", "It cannot have been noticed in the future.", about="noticed_at")
    known = _judged(known)
    breach = Breach(
        kind=kind, centre_id=centre_id, noticed_at=noticed_at, authority_due_at=noticed_at + AUTHORITY_HOURS, opened_at=now,
        opened_by_id=by.account_id,
    )  # fmt: skip
    db.session.add(breach)
    db.session.flush()
    record_breach(breach, "open_breach", by=by, at=now, kind=kind, noticed_at=noticed_at.isoformat(), centre_id=centre_id)
    _describe(breach, known, by, now)
    return breach


def describe_breach(breach: Breach, known: BreachFacts, *, by: Actor, now: datetime) -> None:
    """Record what is known by now; earlier descriptions stay. Records `describe_breach`. Raises NotAllowed, BreachRefused."""
    refuse_closed(breach, by=by)
    known = _judged(known)
    if known == known_of(breach.description):
        raise BreachRefused("Chưa có gì thay đổi.", "Nothing has been changed.")
    record_breach(breach, "describe_breach", by=by, at=now, version=len(breach.descriptions) + 1)
    _describe(breach, known, by, now)


def record_notice(breach: Breach, whom: str, *, by: Actor, now: datetime, at: datetime, words: str) -> None:
    """Record when a notice to the authority or the people was sent, with its number or channel.

    Records `record_breach_notice`. Raises NotAllowed, BreachRefused.
    """
    refuse_closed(breach, by=by)
    if whom not in (AUTHORITY, PEOPLE):
        raise BreachRefused("Vui lòng chọn đã báo ai.", "Please choose who was told.", about="whom")
    if not breach.noticed_at <= at <= now:
        raise BreachRefused(
            "Lúc gửi phải sau lúc phát hiện và không ở tương lai.", "It was sent after it was noticed, and not in the future.",
            about="at",
        )
    words = _needed("words", words, LONGEST_WORDS, Bilingual("Số văn bản hoặc cách gửi", "Number of the letter or way it was sent"))
    record_breach(breach, "record_breach_notice", by=by, at=now, whom=whom, sent_at=at.isoformat())
    _add_step(breach, whom, words, by, now, at)


def close_breach(breach: Breach, *, by: Actor, now: datetime, outcome: str, without_notice: bool = False) -> None:
    """Close it with its outcome. Without a notice to the authority only with a statement that none was needed, and why.

    Records `close_breach`. Raises NotAllowed, BreachRefused.
    """
    refuse_closed(breach, by=by)
    outcome = _needed("outcome", outcome, LONGEST_WORDS, Bilingual("Kết quả", "The outcome"))
    if len(outcome) < SHORTEST_OUTCOME:
        raise BreachRefused(
            f"Vui lòng ghi rõ kết quả (ít nhất {SHORTEST_OUTCOME} ký tự).",
            f"Please give the outcome ({SHORTEST_OUTCOME} characters or more).",
            about="outcome",
        )
    if told_authority_at(breach) is None and not without_notice:
        raise BreachRefused(
            "Chưa ghi nhận đã báo cơ quan chuyên trách. Nếu không phải báo, vui lòng đánh dấu và nêu lý do trong kết quả.",
            "No notice to the authority is put down. If none was needed, please tick that and give the reason in the outcome.",
            about="no_notice",
        )
    record_breach(breach, "close_breach", by=by, at=now, without_notice=told_authority_at(breach) is None)
    _add_step(breach, CLOSED, outcome, by, now, now)
    breach.closed_at = now


def told_authority_at(breach: Breach) -> datetime | None:
    return min((step.at for step in breach.steps if step.kind == AUTHORITY), default=None)


def is_late(breach: Breach, now: datetime) -> bool:
    """Whether the authority was told too late, or should have been told by now; for one closed without a notice, by the time of closing."""
    return (told_authority_at(breach) or breach.closed_at or now) >= breach.authority_due_at


def known_of(row: BreachDescription) -> BreachFacts:
    """A description in the form it is typed."""
    return BreachFacts(**{each.name: getattr(row, each.name) for each in fields(BreachFacts)})


def breaches_seen(by: Actor, *, after: int | None = None) -> tuple[list[Breach], int | None]:
    """A page of the breaches the reader may know of, newest first, and the row after which the next page starts."""
    query = _seen(by).options(joinedload(Breach.centre)).order_by(Breach.opened_at.desc(), Breach.id.desc())
    if after is not None:
        at = select(Breach.opened_at).where(Breach.id == after).scalar_subquery()
        query = query.where(or_(Breach.opened_at < at, and_(Breach.opened_at == at, Breach.id < after)))
    rows = list(db.session.scalars(query.limit(PAGE + 1)))
    return rows[:PAGE], rows[PAGE - 1].id if len(rows) > PAGE else None


def count_untold(*, by: Actor) -> int:
    """How many of the person's open breaches the authority has not been told of, counted up to PAGE."""
    return count(untold(by))


def untold(by: Actor) -> Counted:
    """The same to be counted with other numbers."""
    centres = centres_where(by, Action.READ_BREACHES)
    return Counted(UNTOLD, {}) if centres is None else Counted(UNTOLD_IN, {"untold_in": sorted(centres)})


def waits_for_notice() -> ColumnElement[bool]:
    """The condition for open breaches without a notice to the authority."""
    breach, step = Breach.__table__.c, BreachStep.__table__.c
    told = exists().where(step.breach_id == breach.id, step.kind == AUTHORITY)
    return breach.closed_at.is_(None) & ~told


UNTOLD = select(Breach.__table__.c.id).where(waits_for_notice()).limit(PAGE)
UNTOLD_IN = UNTOLD.where(Breach.__table__.c.centre_id.in_(bindparam("untold_in", expanding=True)))


def breach_seen(by: Actor, ref: str) -> Breach | None:
    """One of them; None where there is none for this reader."""
    return db.session.scalars(_seen(by).where(Breach.ref == ref)).first()


def lock_breach(breach_id: int) -> Breach:
    """Lock its row; to be called first in a unit of work."""
    return db.session.get_one(Breach, breach_id, with_for_update=True, populate_existing=True)


def may_handle(by: Actor, breach: Breach) -> bool:
    """Whether the person may act on it, not only read it."""
    return breach.closed_at is None and _administers(breach.centre_id, by)


def refuse_closed(breach: Breach, *, by: Actor) -> None:
    """Raise NotAllowed unless the person may act on it, BreachRefused where it is closed."""
    require(by, Action.HANDLE_BREACH)
    _refuse_others(breach.centre_id, by)
    if breach.closed_at is not None:
        raise BreachRefused("Sự cố này đã kết thúc.", "This breach is closed.")


def record_breach(breach: Breach, type_: str, *, by: Actor, at: datetime, **payload: Any) -> Event:
    """Append an event to a breach's stream: numbers, kinds and moments, no words and no names."""
    return append(breach_stream(breach), type_, by=by, at=at, payload=payload)


def breach_stream(breach: Breach) -> str:
    return f"breach:{breach.ref}"


def _seen(by: Actor) -> Select[Breach]:
    centres = centres_where(by, Action.READ_BREACHES)
    return select(Breach) if centres is None else select(Breach).where(Breach.centre_id.in_(sorted(centres)))


def _refuse_others(centre_id: int | None, by: Actor) -> None:
    if not _administers(centre_id, by):
        raise NotAllowed


def _administers(centre_id: int | None, by: Actor) -> bool:
    centres = centres_where(by, Action.HANDLE_BREACH)
    return centres is None or centre_id in centres


def _judged(known: BreachFacts) -> BreachFacts:
    return BreachFacts(**{name: _needed(name, getattr(known, name), LONGEST_CONTACT if name == "contact" else LONGEST_TEXT, label)
                    for name, label in KNOWN_LABELS.items()})  # fmt: skip


def _needed(name: str, typed: str, longest: int, label: Bilingual) -> str:
    text = normal(typed)
    if not text:
        raise BreachRefused(f"Vui lòng ghi: {label.vi}.", f"Please fill in: {label.en}.", about=name)
    if len(text) > longest:
        raise BreachRefused(f"{label.vi}: tối đa {longest} ký tự.", f"{label.en}: {longest} characters at most.", about=name)
    return text


def _describe(breach: Breach, known: BreachFacts, by: Actor, now: datetime) -> None:
    values = {each.name: getattr(known, each.name) for each in fields(BreachFacts)}
    breach.descriptions.append(BreachDescription(**values, written_at=now, written_by_id=by.account_id))
    db.session.flush()


def _add_step(breach: Breach, kind: str, words: str, by: Actor, now: datetime, at: datetime) -> None:
    breach.steps.append(BreachStep(kind=kind, words=words, at=at, recorded_at=now, recorded_by_id=by.account_id))
    db.session.flush()
