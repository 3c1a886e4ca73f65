"""Notices people read before consenting to the processing of their data: one at a time, each identified by its version.

Each report keeps which notice was shown, so the words of one that has been in force never change: other words are another version (Law
91/2025/QH15 on the protection of personal data: consent must be provable).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.db import db
from casework.local_time import local_day
from casework.models import ConsentNotice
from casework.reading.kept_with_rules import kept_with_rules
from casework.settings.importing.rows import Proposal

SINCE_EVER = date(2020, 1, 1)
"""The first day of what is installed with the program; nobody was shown it on that day."""

LONGEST_VERSION = 20
LONGEST_NOTICE = 6_000


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice as people are shown it, from one day until another (exclusive; local days)."""

    id: int
    version: str
    body: Bilingual
    centre_id: int | None
    valid_from: date
    valid_to: date | None

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


def notice_today(centre_id: int | None, now: datetime) -> Notice | None:
    """The notice a centre shows: its own, or else the installation's; of several in force the newest. None where none was seeded."""
    today = local_day(now)
    rows = [row for row in _begun(today) if row.centre_id in (None, centre_id)]
    in_force = [row for row in rows if row.holds_on(today)]
    # people must always be told something: the last notice applies even after its end
    return next((row for row in in_force if row.centre_id is not None), None) or next(iter(in_force or rows), None)


def notice_shown(version: str, now: datetime) -> Notice | None:
    """The notice of a version that was ever shown: a report may have waited for weeks with that of its day."""
    return next((row for row in _begun(local_day(now)) if row.version == version), None)


def replaces_for(centre_id: int | None, shown: Notice | None, now: datetime) -> Notice | None:
    """The notice that has to be agreed to instead of the one shown, because the report goes to a centre that has another.

    None where the one shown suffices, such as an earlier version of the same body.
    """
    due = notice_today(centre_id, now)
    return due if due is not None and (shown is None or shown.centre_id != due.centre_id) else None


def check_notice(proposal: Proposal) -> Iterator[tuple[str, Bilingual]]:
    """Check that the version is new, and that nothing changes that somebody may have agreed to. A check of its kind of rules."""
    row, day, version = proposal.scope.row, proposal.scope.day, proposal.values.get("version")
    has_begun = row is not None and proposal.scope.today is not None and row.valid_from <= proposal.scope.today
    if has_begun and row.valid_from == day:
        yield (
            "from_day",
            Bilingual(
                "Bản này bắt đầu đúng ngày đó và có thể đã có người đồng ý; vui lòng chọn từ ngày sau.",
                "This notice begins on that very day and may have been agreed to; please choose a later day.",
            ),
        )
    taken = select(ConsentNotice.id).where(ConsentNotice.version == version, _ever_held())
    others = set(db.session.scalars(taken)) - ({row.id} if row is not None and not has_begun else set())
    if others:
        yield (
            "version",
            Bilingual(
                "Phiên bản này đã có. Chữ đã có người đồng ý không đổi được; vui lòng đặt phiên bản mới.",
                "There is this version already. Words that were agreed to cannot change; please give it a new version.",
            ),
        )


def check_notice_end(row: Any, day: date) -> Iterator[tuple[str, Bilingual]]:
    if row.centre_id is None and not any(each.id != row.id and each.centre_id is None and each.holds_on(day) for each in _begun(day)):
        yield (
            "",
            Bilingual(
                "Phải luôn có một thông báo. Vui lòng thêm bản mới; bản mới nhất là bản được hiển thị.",
                "There must always be a notice. Please add a new one: the newest is the one that is shown.",
            ),
        )


def remark_on_notice(row: Any, day: date) -> Bilingual | None:
    """A remark in the list that people are shown another notice."""
    newest = next((each for each in _begun(day) if each.centre_id == row.centre_id and each.holds_on(day)), None)
    if newest is None or newest.id == row.id or not row.holds_on(day):
        return None
    return Bilingual("Đã có bản mới hơn; bản mới hơn được hiển thị.", "There is a newer one, and that is what people are shown.")


@kept_with_rules
def _begun(day: date) -> tuple[Notice, ...]:
    """All that have begun by a day, newest first; one page of rows, because versions are few."""
    query = select(ConsentNotice).where(ConsentNotice.valid_from <= day, _ever_held())
    rows = db.session.scalars(query.order_by(ConsentNotice.valid_from.desc(), ConsentNotice.id.desc()).limit(200))
    return tuple(Notice(row.id, row.version, row.body, row.centre_id, row.valid_from, row.valid_to) for row in rows)


def _ever_held() -> Any:
    """Not removed before its first day."""
    return ConsentNotice.valid_to.is_(None) | (ConsentNotice.valid_to > ConsentNotice.valid_from)
