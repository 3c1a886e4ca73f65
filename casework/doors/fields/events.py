"""What is told of events: their type and the refs by which what happened is read; never words, names or places."""

from datetime import datetime
from typing import Annotated, Any

import msgspec

from casework.bilingual import Bilingual
from casework.doors.fields.asked import Limit
from casework.doors.fields.told import Ref, Taken, Thing, Told

LONGEST_PLACE = 300


def _told(name: str) -> Any:
    return lambda seen: seen.row.message.told.get(name)


EVENT = Thing("Happened", Bilingual("Một việc đã xảy ra", "Something that happened"), (
    Told("id", str, Bilingual("Mã", "Id"), Bilingual("Giữ nguyên mỗi lần đọc.", "The same at each reading."), lambda seen: seen.row.id),
    Told("type", str, Bilingual("Loại tin", "Type"), Bilingual("Như webhook: assignment.distribute, case.publish…",
                                                              "As of webhooks: assignment.distribute, case.publish…"),
         lambda seen: seen.row.message.type),
    Told("at", datetime, Bilingual("Lúc", "At"), Bilingual("Khi việc xảy ra.", "When it happened."), lambda seen: seen.row.message.at),
    Told("ref", Ref | None, Bilingual("Về", "Ref"), Bilingual("Của việc được giao hoặc hồ sơ; null: phản ánh.",
                                                             "Of an assignment or case; null of a report."), _told("ref")),
    Told("case", Ref | None, Bilingual("Hồ sơ", "Case"), Bilingual("Mã tham chiếu; null: phản ánh.", "Its ref; null of a report."),
         _told("case")),
    Told("code", str, Bilingual("Mã", "Code"), Bilingual("Mã hồ sơ hoặc phản ánh.", "Of a case or report."), _told("code")),
    Told("href", str, Bilingual("Đọc ở", "Read at"), Bilingual("Đọc được đến đâu do quyền lúc đọc.",
                                                               "What is told there is decided by the rights of that moment."),
         lambda seen: f"{seen.beside}{seen.row.message.told['href']}"),
))  # fmt: skip

OF_EVENTS = (
    Taken("limit", Limit, Bilingual("Số việc", "Events"), Bilingual("1 đến 200, mặc định 50; một việc có thể thành vài dòng.",
                                                                   "1 to 200, 50 by default; one may give several rows.")),
    Taken("after", Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_PLACE)], Bilingual("Từ sau", "After"),
          Bilingual("Giá trị next lần trước; không có: từ 90 ngày trước.",
                    "The member next of the time before; without it, from 90 days ago.")),
)  # fmt: skip
