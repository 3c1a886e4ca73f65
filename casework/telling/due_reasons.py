"""The reasons for changes of the answer day, as the senders were told of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from sqlalchemy import Select, select

from casework.bilingual import Bilingual
from casework.db import db
from casework.local_time import LOCAL_ZONE, by_day
from casework.models import Case, CaseReport, OutboxMessage

LATER, SOONER = "due_moved", "due_sooner"
"""The templates that tell senders a new day."""

MERGED = "merge"
REASONS = {
    "extension": Bilingual("đơn vị chủ trì được gia hạn", "the leading agency was given more time"),
    "extended_by_centre": Bilingual("Trung tâm dành thêm thời gian cho đơn vị mới nhận", "the centre gave an agency asked late more time"),
    "several_agencies": Bilingual("nhiều đơn vị cùng xử lý", "several agencies work on it"),
    "reclassified": Bilingual("phân loại lại mức độ, lĩnh vực hoặc độ phức tạp", "its urgency, field or complexity was classified anew"),
    "calendar": Bilingual("lịch làm việc thay đổi", "the calendar of working days changed"),
    "pause": Bilingual("thời gian tạm dừng không tính vào hạn", "the time it rested does not count"),
    "objection": Bilingual("phản ánh được tiếp tục xử lý sau khi xem lại", "it was taken up again after another look"),
    MERGED: Bilingual("xử lý chung với phản ánh cùng việc", "it is handled together with a report of the same matter"),
}
URGENT = Bilingual("chuyển sang mức độ khẩn", "it is urgent now")
OTHERWISE = Bilingual("tính lại theo quy định", "it was counted anew under the rules")


@dataclass(frozen=True)
class DueMove:
    """One change of the day. `due_at` is the first late instant after it."""

    at: datetime
    due_at: datetime
    reason: Bilingual

    @property
    def words(self) -> Bilingual:
        """The new day: only the day when the whole day is in time, else with the hour."""
        local = self.due_at.astimezone(LOCAL_ZONE)
        if local.time() == time():
            day = f"{local - timedelta(days=1):%d/%m/%Y}"
            return Bilingual(f"Hạn trả lời mới: hết ngày {day}", f"New day of the answer: the end of {day}")
        moment = f"{local:%H:%M %d/%m/%Y}"
        return Bilingual(f"Hạn trả lời mới: {moment}", f"New day of the answer: {moment}")


def moves_told(told: Iterable[OutboxMessage], code: str, links: Sequence[CaseReport]) -> list[DueMove]:
    """The changes the sender of the report coded `code` was told of in these messages, newest first, in its cases by `links`."""
    case_ids = {link.case_id for link in links}
    return list(_moves(row for row in told if row.case_id in case_ids and row.parameters.get("code") == code))


def moves_of(case: Case) -> list[DueMove]:
    """The changes of a case's day, newest first; none for a case without a reachable sender.

    A report that joined another case got a new day by that, while the day of the case itself did not move.
    """
    rows = db.session.scalars(_told().where(OutboxMessage.case_id == case.id, OutboxMessage.recipient.startswith("reporter:")))
    own = [row for row in rows if row.parameters.get("reason") != MERGED or row.parameters.get("code") == case.code]
    return list({move.at: move for move in _moves(own)}.values())


def moves_by_day(moves: Iterable[DueMove]) -> Iterator[DueMove]:
    """The public form of the changes: the day of each limit, never the hour (casework.public.limits)."""
    return (replace(move, due_at=by_day(move.due_at)) for move in moves)


def _told() -> Select[OutboxMessage]:
    return select(OutboxMessage).where(OutboxMessage.template.in_((LATER, SOONER))).order_by(OutboxMessage.id.desc())


def _moves(rows: Iterable[OutboxMessage]) -> Iterator[DueMove]:
    """The changes according to the messages; erased ones yield nothing."""
    for row in rows:
        if row.parameters.get("due_at"):
            reason = URGENT if row.template == SOONER else REASONS.get(row.parameters.get("reason", ""), OTHERWISE)
            yield DueMove(row.created_at, datetime.fromisoformat(row.parameters["due_at"]), reason)
