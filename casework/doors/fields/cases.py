"""What is told of a case, of the reports it answers, and of the agencies' answers to it."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec

from casework.bilingual import Bilingual
from casework.casefile.place_seen import PlaceSight, held_point, place_sight
from casework.doors.fields.told import Coded, Named, Ref, Seen, Thing, Told, Words, both
from casework.models import Case
from casework.permissions.sight import Sight
from casework.setting_values import value_of
from casework.states import ASSIGNMENT_LABELS, STAFF_LABELS, AssignmentState, CaseState

STATES = Literal[tuple(str(each) for each in CaseState)]  # type: ignore[valid-type]
ASSIGNMENT_STATES = Literal[tuple(str(each) for each in AssignmentState)]  # type: ignore[valid-type]
SLOTS = Literal["lead", "cooperating"]
Degrees = Annotated[float, msgspec.Meta(ge=-180, le=180)]


def _of(name: str) -> Any:
    return lambda seen: getattr(seen.row, name)


def field_of(case: Case) -> Coded | None:
    return Coded(case.field.service_code, Words(*case.field.name)) if case.field is not None else None


def named(row: Any) -> Named | None:
    return Named(row.ref, Words(*row.name)) if row is not None else None


def _point(seen: Seen, coordinate: str) -> float | None:
    if place_sight(seen.row, seen.by) is not PlaceSight.HELD:
        return None
    point = held_point(seen.row)
    found: float | None = getattr(point, coordinate, None)
    return found


def _view_of(seen: Seen) -> Any:
    return next(file for file in seen.row.files if file.rendition == "view")


PHOTO = Thing("Photo", Bilingual("Ảnh", "Photo"), (
    Told("ref", Ref, Bilingual("Mã tham chiếu", "Ref"), Bilingual("Tải ảnh ở /photos/{ref}.", "Fetch the copy at /photos/{ref}."),
         _of("ref")),
    Told("width", int, Bilingual("Rộng", "Width"), Bilingual("Điểm ảnh.", "Pixels."), _of("width")),
    Told("height", int, Bilingual("Cao", "Height"), Bilingual("Điểm ảnh.", "Pixels."), _of("height")),
    Told("uploaded_at", datetime, Bilingual("Nhận lúc", "Received"), Bilingual("Lúc hệ thống nhận ảnh.", "When it was received."),
         _of("at")),
))  # fmt: skip

STAGED = Thing("StagedPhoto", Bilingual("Ảnh chờ dùng", "Photo to be used"), (
    Told("ref", Ref, Bilingual("Mã tham chiếu", "Ref"), Bilingual("Gửi trong photos của trả lời.", "Sent in photos of the answer."),
         _of("ref")),
    Told("sha256", str, Bilingual("SHA-256", "SHA-256"), Bilingual("Của tệp đã gửi.", "Of the file that was sent."), _of("sha256")),
    Told("width", int, Bilingual("Rộng", "Width"), Bilingual("Điểm ảnh của bản xem.", "Pixels of the copy."),
         lambda seen: _view_of(seen).width),
    Told("height", int, Bilingual("Cao", "Height"), Bilingual("Điểm ảnh của bản xem.", "Pixels of the copy."),
         lambda seen: _view_of(seen).height),
    Told("expires_at", datetime, Bilingual("Giữ đến", "Kept until"), Bilingual("Không dùng thì bỏ.", "Dropped where it is not used."),
         lambda seen: seen.row.uploaded_at + timedelta(days=value_of("unsent_photo_days"))),
))  # fmt: skip

REPORT = Thing("Report", Bilingual("Phản ánh", "Report"), (
    Told("words", str | None, Bilingual("Nội dung", "Words"),
         Bilingual("Bản cho đơn vị đọc, không còn thông tin cá nhân; null khi chưa duyệt.",
                   "What was cleared for agencies, without personal data; null before that."),
         _of("cleared"), Sight.CLEARED),
    Told("photos", PHOTO, Bilingual("Ảnh", "Photos"),
         Bilingual("Ảnh đã duyệt cho đơn vị.", "The photos cleared for agencies."),
         lambda seen: [Seen(each, seen.by, seen.sights) for each in seen.row.photos], Sight.CLEARED, is_many=True),
))  # fmt: skip

ANSWER = Thing("Answer", Bilingual("Trả lời", "Answer"), (
    Told("agency", Named, Bilingual("Đơn vị", "Agency"), Bilingual("Đơn vị trả lời.", "Whose answer it is."),
         lambda seen: named(seen.row.answer.assignment.agency)),
    Told("version", int, Bilingual("Bản", "Version"), Bilingual("Từ 1, mỗi lần trình một bản.", "From 1, one each time it is submitted."),
         lambda seen: seen.row.answer.version),
    Told("findings", str, Bilingual("Hiện trạng", "What was found"), Bilingual("Phần 1 của trả lời.", "Part 1 of the answer."),
         lambda seen: seen.row.answer.findings),
    Told("actions", str, Bilingual("Việc đã làm", "What was done"), Bilingual("Phần 2 của trả lời.", "Part 2 of the answer."),
         lambda seen: seen.row.answer.actions),
    Told("remaining", str, Bilingual("Việc còn lại", "What remains"), Bilingual("Phần 3, bao giờ xong.", "Part 3, and by when."),
         lambda seen: seen.row.answer.remaining or ""),
    Told("contact", str, Bilingual("Liên hệ", "Whom to ask"), Bilingual("Người dân hỏi ai.", "Whom people may ask."),
         lambda seen: seen.row.answer.contact or ""),
    Told("no_photo_reason", str | None, Bilingual("Lý do không có ảnh", "Why there is no photo"),
         Bilingual("null khi có ảnh.", "null where there are photos."), lambda seen: seen.row.answer.no_photo_reason),
    Told("submitted_at", datetime, Bilingual("Trình lúc", "Submitted"), Bilingual("Lúc trình lãnh đạo.", "When it went to the leader."),
         lambda seen: seen.row.answer.submitted_at),
    Told("verdict", Literal["approve", "redo"] | None, Bilingual("Ý kiến", "Verdict"),
         Bilingual("null khi chưa có ý kiến.", "null while nobody has decided."),
         lambda seen: seen.row.answer.decision.verdict if seen.row.answer.decision is not None else None),
    Told("instructions", str | None, Bilingual("Cần làm lại", "What to do again"),
         Bilingual("Lãnh đạo yêu cầu gì khi trả lại.", "What the leader asks when sending it back."),
         lambda seen: seen.row.answer.decision.instructions if seen.row.answer.decision is not None else None),
    Told("photos", PHOTO, Bilingual("Ảnh", "Photos"), Bilingual("Ảnh sau xử lý.", "Photos after the work."),
         lambda seen: [Seen(each, seen.by, seen.sights) for each in seen.row.photos], is_many=True),
))  # fmt: skip

PART = Thing("CaseAgency", Bilingual("Đơn vị của hồ sơ", "Agency of a case"), (
    Told("agency", Named, Bilingual("Đơn vị", "Agency"), Bilingual("Đơn vị được giao.", "The agency that was asked."),
         lambda seen: named(seen.row.agency)),
    Told("slot", SLOTS, Bilingual("Vai", "Slot"), Bilingual("Chủ trì (lead) hoặc phối hợp (cooperating).", "It leads or cooperates."),
         _of("slot")),
    Told("state", ASSIGNMENT_STATES, Bilingual("Trạng thái", "State"), Bilingual("Việc của đơn vị này.", "Of this agency's work."),
         _of("state")),
))  # fmt: skip

CASE = Thing("Case", Bilingual("Hồ sơ", "Case"), (
    Told("ref", Ref, Bilingual("Mã tham chiếu", "Ref"), Bilingual("Dùng trong địa chỉ.", "Stands in addresses."), _of("ref")),
    Told("code", str, Bilingual("Mã hồ sơ", "Code"), Bilingual("Mã người dân nhận.", "The code people know."), _of("code")),
    Told("state", STATES, Bilingual("Trạng thái", "State"), Bilingual("Bước của hồ sơ.", "How far the case is."), _of("state")),
    Told("state_words", Words, Bilingual("Trạng thái bằng lời", "State in words"), Bilingual("Như trên trang.", "As pages say it."),
         lambda seen: both(STAFF_LABELS[CaseState(seen.row.state)][1])),
    Told("title", str | None, Bilingual("Tiêu đề", "Title"), Bilingual("Do Trung tâm đặt, không có thông tin cá nhân.",
         "Written by the centre, without personal data."), _of("title"), Sight.CLEARED),
    Told("field", Coded | None, Bilingual("Lĩnh vực", "Field"), Bilingual("null khi chưa phân loại.", "null before classification."),
         lambda seen: field_of(seen.row)),
    Told("area", Named | None, Bilingual("Xã, phường", "Commune"), Bilingual("Nơi sự việc xảy ra.", "Where it is."),
         lambda seen: named(seen.row.area)),
    Told("village", str | None, Bilingual("Thôn, tổ", "Village"), Bilingual("Tên đã được duyệt.", "A name that was released."),
         _of("village"), Sight.CLEARED, is_where=True),
    Told("place", str | None, Bilingual("Địa điểm", "Place"), Bilingual("Lời của Trung tâm.", "In the centre's words."),
         _of("place"), Sight.CLEARED, is_where=True),
    Told("latitude", Degrees | None, Bilingual("Vĩ độ", "Latitude"),
         Bilingual("Làm tròn, lệch tối đa 80 m, trừ khi ai cũng được xem đúng chỗ.",
                   "Rounded, at most 80 m off, unless everybody may see the exact place."),
         lambda seen: _point(seen, "latitude"), Sight.CLEARED, is_where=True),
    Told("longitude", Degrees | None, Bilingual("Kinh độ", "Longitude"), Bilingual("Như vĩ độ.", "As the latitude."),
         lambda seen: _point(seen, "longitude"), Sight.CLEARED, is_where=True),
    Told("is_urgent", bool, Bilingual("Khẩn", "Urgent"), Bilingual("Trong 24 giờ.", "On the 24-hour track."), _of("is_urgent")),
    Told("opened_at", datetime, Bilingual("Mở lúc", "Opened"), Bilingual("Lúc nhận phản ánh.", "When the report came."), _of("opened_at")),
    Told("accepted_at", datetime | None, Bilingual("Tiếp nhận lúc", "Accepted"), Bilingual("null khi chưa.", "null before."),
         _of("accepted_at")),
    Told("due_at", datetime | None, Bilingual("Hạn trả lời", "Due"), Bilingual("Thời điểm trễ đầu tiên.",
                                                                               "The first instant that is late."),
         _of("due_at")),
    Told("answered_at", datetime | None, Bilingual("Trả lời lúc", "Answered"), Bilingual("null khi chưa.", "null before."),
         _of("answered_at")),
    Told("closed_at", datetime | None, Bilingual("Kết thúc lúc", "Closed"), Bilingual("null khi chưa.", "null before."), _of("closed_at")),
    Told("paused_for", Literal["question", "hold", "referral"] | None, Bilingual("Tạm dừng vì", "Paused for"),
         Bilingual("Chờ người dân, tạm giữ hoặc chuyển cơ quan khác.", "Waits for its sender, is held, or was referred."),
         _of("paused_for")),
    Told("paused_until", datetime | None, Bilingual("Tạm dừng đến", "Paused until"),
         Bilingual("null khi không rõ.", "null where it is open."),
         _of("paused_until")),
    Told("agencies", PART, Bilingual("Các đơn vị", "Agencies"), Bilingual("Đơn vị được giao, cũ trước.", "Who was asked, oldest first."),
         lambda seen: [Seen(each, seen.by, seen.sights) for each in seen.row.assignments], is_many=True),
    Told("reports", REPORT, Bilingual("Các phản ánh", "Reports"), Bilingual("Các phản ánh hồ sơ trả lời.", "The reports it answers."),
         lambda seen: [Seen(each, seen.by, seen.sights) for each in seen.beside[0]], Sight.CLEARED, is_many=True, in_lists=False),
    Told("answers", ANSWER, Bilingual("Các trả lời", "Answers"),
         Bilingual("Mọi bản của đơn vị mình; của đơn vị khác chỉ bản đã duyệt.",
                   "All versions of one's own agency; of others the approved."),
         lambda seen: [Seen(each, seen.by, seen.sights) for each in seen.beside[1]], is_many=True, in_lists=False),
))  # fmt: skip

STEP = Thing("Step", Bilingual("Một bước", "Step"), (
    Told("at", datetime, Bilingual("Lúc", "At"), Bilingual("Khi nào.", "When."), _of("at")),
    Told("words", Words, Bilingual("Việc", "What"), Bilingual("Câu như trên trang, không có nội dung đã viết.",
         "The sentence of pages, without what was written."), lambda seen: both(seen.row.words)),
    Told("by", Words | None, Bilingual("Ai", "Who"), Bilingual("Như trên trang.", "As pages say it."), lambda seen: both(seen.row.note)),
))  # fmt: skip

ASSIGNMENT = Thing("Assignment", Bilingual("Việc được giao", "Assignment"), (
    Told("ref", Ref, Bilingual("Mã tham chiếu", "Ref"), Bilingual("Dùng trong địa chỉ.", "Stands in addresses."), _of("ref")),
    Told("case", Ref, Bilingual("Hồ sơ", "Case"), Bilingual("Mã tham chiếu; nội dung ở /cases/{ref}.", "Its ref; read it at /cases/{ref}."),
         lambda seen: seen.row.case.ref),
    Told("code", str, Bilingual("Mã hồ sơ", "Code"), Bilingual("Mã người dân nhận.", "The code people know."),
         lambda seen: seen.row.case.code),
    Told("title", str | None, Bilingual("Tiêu đề", "Title"), Bilingual("Do Trung tâm đặt.", "Written by the centre."),
         lambda seen: seen.row.case.title, Sight.CLEARED),
    Told("agency", Named, Bilingual("Đơn vị", "Agency"), Bilingual("Đơn vị được giao.", "Who was asked."),
         lambda seen: named(seen.row.agency)),
    Told("slot", SLOTS, Bilingual("Vai", "Slot"), Bilingual("Chủ trì (lead) hoặc phối hợp (cooperating).", "It leads or cooperates."),
         _of("slot")),
    Told("state", ASSIGNMENT_STATES, Bilingual("Trạng thái", "State"), Bilingual("Việc đến đâu.", "How far the work is."), _of("state")),
    Told("state_words", Words, Bilingual("Trạng thái bằng lời", "State in words"), Bilingual("Như trên trang.", "As pages say it."),
         lambda seen: both(ASSIGNMENT_LABELS[AssignmentState(seen.row.state)][1])),
    Told("case_state", STATES, Bilingual("Trạng thái hồ sơ", "State of the case"), Bilingual("Bước của hồ sơ.", "How far the case is."),
         lambda seen: seen.row.case.state),
    Told("paused_for", Literal["question", "hold", "referral"] | None, Bilingual("Hồ sơ tạm dừng vì", "The case is paused for"),
         Bilingual("null khi không tạm dừng.", "null while it is not paused."), lambda seen: seen.row.case.paused_for),
    Told("is_urgent", bool, Bilingual("Khẩn", "Urgent"), Bilingual("Trong 24 giờ.", "On the 24-hour track."),
         lambda seen: seen.row.case.is_urgent),
    Told("field", Coded | None, Bilingual("Lĩnh vực", "Field"), Bilingual("Của hồ sơ.", "Of the case."),
         lambda seen: field_of(seen.row.case)),
    Told("area", Named | None, Bilingual("Xã, phường", "Commune"), Bilingual("Của hồ sơ.", "Of the case."),
         lambda seen: named(seen.row.case.area)),
    Told("instructions", str | None, Bilingual("Trung tâm dặn", "Instructions"),
         Bilingual("Trung tâm yêu cầu gì.", "What the centre asks."),
         _of("instructions"), Sight.CLEARED),
    Told("distributed_at", datetime, Bilingual("Giao lúc", "Asked"), Bilingual("Khi được giao.", "When it was asked."),
         _of("distributed_at")),
    Told("due_at", datetime | None, Bilingual("Hạn", "Due"), Bilingual("Thời điểm trễ đầu tiên.", "The first instant that is late."),
         _of("due_at")),
    Told("accepted_at", datetime | None, Bilingual("Tiếp nhận lúc", "Accepted"), Bilingual("null khi chưa.", "null before."),
         _of("accepted_at")),
    Told("submitted_at", datetime | None, Bilingual("Trình lúc", "Submitted"), Bilingual("Bản mới nhất.", "The newest version."),
         _of("submitted_at")),
    Told("approved_at", datetime | None, Bilingual("Duyệt lúc", "Approved"), Bilingual("null khi chưa.", "null before."),
         _of("approved_at")),
    Told("extension_asked", bool, Bilingual("Đang xin gia hạn", "More time is asked for"),
         Bilingual("Chưa được quyết định.", "And not decided yet."), _of("extension_asked")),
    Told("progress_notes", int, Bilingual("Số lần báo tiến độ", "Progress notes"),
         Bilingual("Ai báo thêm thì ETag đổi.", "How many there are; another one changes the ETag."), lambda seen: seen.beside or 0),
))  # fmt: skip

THINGS = (PHOTO, STAGED, REPORT, ANSWER, PART, CASE, STEP, ASSIGNMENT)
__all__ = ["ANSWER", "ASSIGNMENT", "ASSIGNMENT_STATES", "CASE", "PART", "PHOTO", "REPORT", "SLOTS", "STAGED", "STATES", "STEP", "THINGS"]
