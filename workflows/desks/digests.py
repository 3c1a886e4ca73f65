"""The morning digest: how much waits in a person's inbox, which cases are close to their limit, how many unseen notes name them.

Counted when it is sent. It holds counts and case codes only, nothing of the content of a case.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, select, union_all

from casework.bilingual import Bilingual
from casework.db import db
from casework.lateness import soon
from casework.local_time import LOCAL_ZONE, local_day
from casework.messages.choices import wishes_of
from casework.messages.digests import BATCH, DIGEST, REMINDERS, WHOLE, letter_before, letter_codes, plan_digests
from casework.messages.rendering import COMPOSED, Addresses, MessageWords, NothingToSay, Page
from casework.models import Account, Delivery
from casework.notes.mentions import unseen_count
from casework.permissions import Actor, actor_for
from workflows.desk_access import desks_read_by
from workflows.desks.inbox_filters import late_step
from workflows.desks.inbox_statements import COUNTED_PER_DESK
from workflows.models import WaitingTask

MOST_CODES = 20
SHORT = Bilingual("{number} hồ sơ sắp đến hạn hoặc đã trễ hạn.", "{number} cases are close to their limit or past it.")
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Digest:
    """What waits for one person on one morning."""

    waiting: int = 0
    late: int = 0
    today: int = 0
    urgent: int = 0
    new: int = 0
    mentions: int = 0
    codes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.waiting or self.mentions or self.codes)


def plan_morning(now: datetime, *, configured: Collection[str]) -> None:
    """Plan everybody's digest for this morning, batch by batch. A job; any number of workers may run it."""
    while plan_digests(now, BATCH, configured=configured) >= BATCH:
        pass


def words_of_digest(delivery: Delivery, language: str, now: datetime, pages: Addresses) -> MessageWords:
    """The text of a planned digest. Raises NothingToSay if nothing waits, its day is over, or it is no longer wanted."""
    account_id = int(delivery.recipient.partition(":")[2])
    of = (delivery.parameters or {}).get("of", WHOLE)
    wish = wishes_of([account_id]).get(account_id, {}).get(delivery.channel)
    is_of_today = local_day(delivery.created_at) == local_day(now)
    digest = digest_of(account_id, now=now, of=of) if is_of_today and wish in ("digest", "all") else Digest()
    if not digest:
        raise NothingToSay
    subject, lines = subject_of(digest).in_language(language), [line.in_language(language) for line in lines_of(digest)]
    short = lines[0] if digest.waiting else SHORT.in_language(language).format(number=len(digest.codes))
    return MessageWords(
        language=language,
        subject=subject,
        body="\n".join(lines),
        short=short,
        link=pages(Page.INBOX, ""),
        choices=pages(Page.CHOICES, delivery.recipient),
        topic="digest",
    )


def digest_of(account_id: int, *, now: datetime, of: str) -> Digest:
    """Count what the digest reports; with `of` REMINDERS, only the codes of the morning's reminders. Empty without a readable inbox."""
    by = actor_for(db.session.get(Account, account_id), now=now)
    if not by.desks:
        return Digest()
    codes = tuple(letter_codes(by.desks, now))
    since = letter_before(account_id, now) or now - A_DAY
    return Digest(codes=codes) if of == REMINDERS else _counted(by, codes, since=since, now=now)


def subject_of(digest: Digest) -> Bilingual:
    if not digest.waiting:
        return Bilingual("Việc cần xử lý hôm nay", "What waits for you today")
    return Bilingual(
        f"Việc hôm nay: {digest.waiting} việc đang chờ, {digest.late} trễ hạn",
        f"This morning: {digest.waiting} waiting, {digest.late} late",
    )


def lines_of(digest: Digest) -> Sequence[Bilingual]:
    """The lines of the digest; zero counts are left out."""
    counts = (
        (digest.waiting, "việc đang chờ trong hộp việc", "tasks wait in your inbox", "task waits in your inbox"),
        (digest.late, "việc đã trễ hạn", "are late", "is late"),
        (digest.today, "việc đến hạn hôm nay", "are due today", "is due today"),
        (digest.urgent, "việc khẩn", "are urgent", "is urgent"),
        (digest.new, "việc mới từ thư trước", "are new since the last letter", "is new since the last letter"),
        (digest.mentions, "ghi chú nhắc tên Ông/Bà chưa xem", "unseen notes name you", "unseen note names you"),
    )
    lines = [Bilingual(f"{number} {vi}", f"{number} {one if number == 1 else many}") for number, vi, many, one in counts if number]
    if digest.codes:
        shown = ", ".join(digest.codes[:MOST_CODES])
        more = len(digest.codes) - MOST_CODES
        rest = Bilingual(f" và {more} hồ sơ khác", f" and {more} more") if more > 0 else Bilingual("", "")
        lines.append(Bilingual(f"Sắp đến hạn hoặc đã trễ hạn: {shown}{rest.vi}.", f"Close to their limit or past it: {shown}{rest.en}."))
    return lines


def _counted(by: Actor, codes: tuple[str, ...], *, since: datetime, now: datetime) -> Digest:
    """One statement over the person's desks, each read no further than COUNTED_PER_DESK, the most urgent first."""
    heads = [
        select(WaitingTask.due_at, WaitingTask.case_id, WaitingTask.urgent, WaitingTask.entered_at)
        .where(WaitingTask.desk == desk, WaitingTask.state == "waiting")
        .order_by(WaitingTask.due_at, WaitingTask.id).limit(COUNTED_PER_DESK).subquery()
        for desk in desks_read_by(by)
    ]  # fmt: skip
    waiting = union_all(*(select(head) for head in heads)).subquery()
    midnight = now.astimezone(LOCAL_ZONE).replace(hour=0, minute=0, second=0, microsecond=0) + A_DAY
    # a step due at the end of today is late from midnight on
    is_today = soon(waiting.c.due_at, now, midnight)
    conditions = (late_step(waiting.c, now), is_today, waiting.c.urgent, waiting.c.entered_at > since)
    numbers = [func.sum(case((condition, 1), else_=0)) for condition in conditions]
    all_, late, today, urgent, new = db.session.execute(select(func.count(), *numbers).select_from(waiting)).one()
    return Digest(all_, late or 0, today or 0, urgent or 0, new or 0, unseen_count(by), codes)


COMPOSED[DIGEST] = words_of_digest
