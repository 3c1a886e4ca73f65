"""What may be asked of lists: the parameters of their addresses."""

from datetime import datetime
from typing import Annotated

import msgspec

from casework.bilingual import Bilingual
from casework.doors.fields.cases import ASSIGNMENT_STATES, SLOTS, STATES
from casework.doors.fields.told import Ref, Taken

Limit = Annotated[int, msgspec.Meta(ge=1, le=200)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Short = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_-]+$")]
_INSTANT = Bilingual("Thời điểm có múi giờ (RFC 3339).", "An instant with its zone (RFC 3339).")

PAGE = (
    Taken("limit", Limit, Bilingual("Số dòng", "Rows"), Bilingual("1 đến 200, mặc định 50.", "1 to 200, 50 by default.")),
    Taken("cursor", Annotated[str, msgspec.Meta(min_length=1, max_length=300)], Bilingual("Con trỏ", "Cursor"),
          Bilingual("Giá trị next của trang trước, dùng được một ngày.", "The member next of the page before, good for a day.")),
)  # fmt: skip

OF_CASES = (
    Taken("state", STATES, Bilingual("Trạng thái", "State"), Bilingual("Một trạng thái của hồ sơ.", "One state of a case.")),
    Taken("field", Code, Bilingual("Lĩnh vực", "Field"), Bilingual("Mã lĩnh vực (xem /fields).", "The code of a field (see /fields).")),
    Taken("area", Ref, Bilingual("Xã, phường", "Commune"), Bilingual("Mã tham chiếu (xem /areas).", "Its ref (see /areas).")),
    Taken("agency", Ref, Bilingual("Đơn vị", "Agency"), Bilingual("Mã tham chiếu (xem /agencies).", "Its ref (see /agencies).")),
    Taken("urgent", bool, Bilingual("Khẩn", "Urgent"), Bilingual("true hoặc false.", "true or false.")),
    Taken("late", bool, Bilingual("Trễ", "Late"), Bilingual("true hoặc false.", "true or false.")),
    Taken("since", Moment, Bilingual("Mở từ", "Opened from"), _INSTANT),
    Taken("until", Moment, Bilingual("Mở trước", "Opened before"), _INSTANT),
    Taken("updated_since", Moment, Bilingual("Có thay đổi từ", "Changed since"), _INSTANT),
    Taken("code", Code, Bilingual("Mã", "Code"), Bilingual("Mã phản ánh; mã đã gộp dẫn tới hồ sơ chính.",
          "The code of a report; one that was merged leads to the main case.")),
    Taken("q", Short, Bilingual("Từ tìm", "Words"), Bilingual("Tối đa 100 ký tự.", "100 characters at most.")),
)  # fmt: skip

OF_ASSIGNMENTS = (
    Taken("state", ASSIGNMENT_STATES, Bilingual("Trạng thái", "State"), Bilingual("Một trạng thái của việc.", "One state of the work.")),
    Taken("slot", SLOTS, Bilingual("Vai", "Slot"), Bilingual("lead hoặc cooperating.", "lead or cooperating.")),
    Taken("due_before", Moment, Bilingual("Hạn trước", "Due before"), _INSTANT),
    Taken("case", Ref, Bilingual("Hồ sơ", "Case"), Bilingual("Mã tham chiếu của hồ sơ.", "The ref of a case.")),
)  # fmt: skip
