"""What is sent of a report that a program files for somebody, and what it is told: a code, never the secret of its sender."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from casework.asking.questions import LONGEST_ANSWER
from casework.bilingual import Bilingual
from casework.doors.fields.asked import Code, Moment
from casework.doors.fields.told import Coded, Ref, Taken, Thing, Told, Words
from casework.intake.file_report import LONGEST_PLACE, LONGEST_WORDS
from casework.photos.records import MOST_PHOTOS

LONGEST_NAME = 120
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME)]
Way = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Said = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_WORDS)]
Where = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_PLACE)]
Answers = dict[Code, Annotated[str, msgspec.Meta(max_length=LONGEST_ANSWER)]]
_DEGREES = Bilingual("WGS 84; gửi cả hai hoặc không.", "WGS 84; both or neither.")

REPORT = (
    Taken("field", Code, Bilingual("Lĩnh vực", "Field"), Bilingual("Mã lĩnh vực (xem /fields).", "The code of a field (see /fields)."),
          is_needed=True),
    Taken("words", Said, Bilingual("Nội dung", "Words"), Bilingual("Nguyên văn lời người gửi; được niêm phong.",
                                                                   "As their sender says it; sealed."), is_needed=True),
    Taken("area", Ref, Bilingual("Địa bàn", "Place"), Bilingual("Mã tham chiếu của xã hoặc thôn (xem /areas).",
                                                                "The ref of a commune or village (see /areas).")),
    Taken("latitude", Annotated[float, msgspec.Meta(ge=-90, le=90)], Bilingual("Vĩ độ", "Latitude"), _DEGREES),
    Taken("longitude", Annotated[float, msgspec.Meta(ge=-180, le=180)], Bilingual("Kinh độ", "Longitude"), _DEGREES),
    Taken("place", Where, Bilingual("Vị trí", "Where"), Bilingual("Lời người gửi; cần một trong area, tọa độ, place.",
          "In the sender's words; one of area, point and place is needed.")),
    Taken("village", Name, Bilingual("Thôn, tổ", "Village"), Bilingual("Tên như người gửi nói.", "As its sender says it.")),
    Taken("name", Name, Bilingual("Họ tên", "Name"), Bilingual("Của người gửi; được niêm phong.", "The sender's; sealed.")),
    Taken("phone", Way, Bilingual("Điện thoại", "Telephone"), Bilingual("Của người gửi; được niêm phong.", "The sender's; sealed.")),
    Taken("email", Way, Bilingual("Thư điện tử", "E-mail"), Bilingual("Của người gửi; được niêm phong.", "The sender's; sealed.")),
    Taken("is_urgent", bool, Bilingual("Khẩn", "Urgent"), Bilingual("Người gửi cho là khẩn cấp.", "Its sender says so.")),
    Taken("seen_at", Moment, Bilingual("Xảy ra lúc", "When it happened"), Bilingual("Thời điểm có múi giờ.", "An instant with its zone.")),
    Taken("answers", Answers, Bilingual("Trả lời câu hỏi thêm", "Answers"),
          Bilingual("Theo mã câu hỏi của lĩnh vực.", "By the code of the field's question.")),
    Taken("photos", Annotated[list[Ref], msgspec.Meta(max_length=MOST_PHOTOS)], Bilingual("Ảnh", "Photos"),
          Bilingual("Mã của ảnh đã gửi tới /photos, theo thứ tự.", "Refs of photos sent to /photos, in order.")),
    Taken("source", Literal["citizen", "phone", "officer"], Bilingual("Nguồn", "Source"),
          Bilingual("Mặc định citizen; phone, officer cần quyền take_report.", "citizen by default; phone and officer need take_report.")),
)  # fmt: skip

FILED = Thing("FiledReport", Bilingual("Phản ánh đã nhận", "Report that was filed"), (
    Told("code", str, Bilingual("Mã phản ánh", "Code"), Bilingual("Mã người gửi dùng.", "The code its sender uses."),
         lambda seen: seen.row.code),
    Told("filed_at", datetime, Bilingual("Nhận lúc", "Filed"), Bilingual("Khi được nhận.", "When it was filed."),
         lambda seen: seen.row.filed_at),
    Told("accepted_by_at", datetime, Bilingual("Trả lời tiếp nhận trước", "Accepted by"),
         Bilingual("Trung tâm sẽ nói có tiếp nhận hay không trước lúc này.", "Before it the centre says whether it takes it on."),
         lambda seen: seen.beside["accepted_by"]),
    Told("field", Coded | None, Bilingual("Lĩnh vực", "Field"), Bilingual("null khi người trực chọn.", "null where the operator chooses."),
         lambda seen: Coded(seen.beside["field"].service_code, Words(*seen.beside["field"].name)) if seen.beside["field"] else None),
    Told("notices", list[Words], Bilingual("Lưu ý", "Notices"), Bilingual("Điều nên nói với người gửi.", "What its sender should know."),
         lambda seen: [Words(*each) for each in seen.beside["notices"]]),
))  # fmt: skip
