"""The problems the API names (RFC 9457): a word for programs, which stays, its status, and what to do, in both languages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from casework.bilingual import Bilingual
from casework.errors import CaseworkError


@dataclass(frozen=True, slots=True)
class Problem:
    status: int
    title: Bilingual
    advice: Bilingual
    """What whoever reads the page of the problem may do."""


def _problem(status: int, title_vi: str, title_en: str, advice_vi: str, advice_en: str) -> Problem:
    return Problem(status, Bilingual(title_vi, title_en), Bilingual(advice_vi, advice_en))


PROBLEMS: dict[str, Problem] = {
    "unreadable": _problem(400, "Không đọc được yêu cầu.", "The request cannot be read.",
                           "Gửi JSON đúng cú pháp, mã hóa UTF-8, lồng nhau tối đa 20 tầng.",
                           "Send well-formed JSON in UTF-8, nested 20 deep at most."),
    "member_unknown": _problem(400, "Có trường không được nhận.", "A member is not taken.",
                               "Bỏ những trường không có trong tài liệu.", "Leave out members the reference does not name."),
    "parameter": _problem(400, "Tham số không đúng.", "A parameter is wrong.", "Xem các tham số của địa chỉ này trong tài liệu.",
                          "See the parameters of this address in the reference."),
    "cursor_invalid": _problem(400, "Con trỏ không dùng được nữa.", "The cursor is good no more.",
                               "Đọc lại từ trang đầu, với đúng các bộ lọc.", "Begin again at the first page, with the same filters."),
    "narrow": _problem(400, "Quá nhiều thay đổi từ thời điểm đó.", "Too much has changed since then.",
                       "Hỏi từ một thời điểm gần hơn; lần đầu, đọc tất cả không kèm updated_since.",
                       "Ask from a later instant; the first time, read all without updated_since."),
    "on_behalf_missing": _problem(400, "Chưa nêu cán bộ.", "No officer is named.",
                                  "Gửi Langbiang-On-Behalf-Of với mã tham chiếu của cán bộ đã đồng ý (xem /people).",
                                  "Send Langbiang-On-Behalf-Of with the ref of an officer who agreed (see /people)."),
    "idempotency_key": _problem(400, "Thiếu hoặc sai Idempotency-Key.", "Idempotency-Key is missing or wrong.",
                                "Gửi một chuỗi 16 đến 64 ký tự, mới cho mỗi việc, giữ nguyên khi gửi lại.",
                                "Send a string of 16 to 64 signs, a new one for each act, the same when sending again."),
    "key": _problem(401, "Khóa thiếu, sai hoặc hết hiệu lực.", "The key is missing, wrong or no longer valid.",
                    "Gửi “Authorization: Bearer lb1_…”. Chủ tài khoản lấy khóa ở Cài đặt, Cửa kết nối.",
                    "Send “Authorization: Bearer lb1_…”. Keys come from the settings page of connections."),
    "scope": _problem(403, "Khóa không được dùng cho việc này.", "The key may not be used for this.",
                      "Xem quyền của khóa ở “GET /api/v1/”; quản trị viên của Trung tâm cấp thêm.",
                      "“GET /api/v1/” says what it may be used for; an administrator of the centre gives more."),
    "on_behalf_refused": _problem(403, "Cán bộ chưa đồng ý.", "The officer has not agreed.",
                                  "Cán bộ đồng ý ở trang “Hệ thống làm thay tôi”.",
                                  "Officers agree on their page “Systems that act for me”."),
    "not_allowed": _problem(403, "Không có quyền làm việc này.", "This is not allowed.", "Người khác phải làm việc này.",
                            "Somebody else has to do this."),
    "not_found": _problem(404, "Không tìm thấy.", "It is not there.", "Không có, hoặc không phải của tài khoản này.",
                          "There is no such thing, or it is not for this account."),
    "method": _problem(405, "Địa chỉ này không nhận phương thức đó.", "This address does not take that method.",
                       "Tiêu đề Allow cho biết phương thức nào được nhận.", "The header Allow says which are taken."),
    "not_now": _problem(409, "Nay không làm được nữa.", "It cannot be done in this state.",
                        "Đọc lại việc được giao; phần by, act, at cho biết ai đã làm gì.",
                        "Read the assignment again; by, act and at say who did what."),
    "still_running": _problem(409, "Yêu cầu đầu đang được xử lý.", "The first request is still running.", "Gửi lại sau một giây.",
                              "Send it again after a second."),
    "stale": _problem(412, "Đã thay đổi từ lần đọc trước.", "It has changed since it was read.",
                      "Đọc lại, xem ai đã làm gì, rồi gửi với ETag mới.", "Read it again, see who did what, and send the new ETag."),
    "too_large": _problem(413, "Nội dung gửi quá lớn.", "What was sent is too large.", "Tối đa 1 MB; tệp ảnh tối đa 25 MB.",
                          "At most 1 MB; 25 MB with photos."),
    "content_type": _problem(415, "Sai kiểu nội dung.", "The content type is wrong.", "Gửi application/json.", "Send application/json."),
    "invalid": _problem(422, "Có mục chưa đúng.", "Something is not right.", "Phần errors nêu từng mục.", "The member errors names each."),
    "refused": _problem(422, "Không làm được như vậy.", "It cannot be done like this.", "Phần detail nêu lý do.",
                        "The member detail says why."),
    "elsewhere": _problem(422, "Nơi này thuộc trung tâm khác.", "This place belongs to another centre.",
                          "Gửi bằng khóa của trung tâm đó.", "File it with a key of that centre."),
    "idempotency_reused": _problem(422, "Idempotency-Key đã dùng cho nội dung khác.", "The Idempotency-Key was used for something else.",
                                   "Dùng khóa mới cho việc mới.", "Use a new key for a new act."),
    "precondition": _problem(428, "Cần If-Match.", "If-Match is needed.", "Đọc trước, rồi gửi ETag đã nhận trong If-Match.",
                             "Read it first and send the ETag you got as If-Match."),
    "quota": _problem(429, "Đã gọi quá nhiều lần.", "There were too many requests.", "Chờ số giây ghi ở Retry-After.",
                      "Wait the seconds of Retry-After."),
    "failed": _problem(500, "Hệ thống có lỗi và đã ghi lại.", "Something failed here; it has been written down.",
                       "Gửi lại sau; báo mã instance cho Trung tâm.", "Send it again later; tell the centre the instance."),
    "away": _problem(503, "Hệ thống đang bận.", "The system is busy.", "Gửi lại sau số giây ghi ở Retry-After.",
                     "Send it again after the seconds of Retry-After."),
}  # fmt: skip

QUOTA_TYPE = "https://iana.org/assignments/http-problem-types#quota-exceeded"
FIELD_FAULTS: dict[str, Bilingual] = {
    "missing": Bilingual("Cần mục này.", "This is needed."),
    "unknown": Bilingual("Không nhận mục này.", "This is not taken."),
    "wrong": Bilingual("Giá trị không đúng kiểu hoặc ngoài giới hạn.", "The value is of another type or out of bounds."),
    "refused": Bilingual("Không nhận được.", "It cannot be taken."),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with what was sent; `pointer` as in RFC 6901, or the name of a parameter."""

    pointer: str
    code: str
    words: Bilingual


def fault(pointer: str, code: str) -> Fault:
    return Fault(pointer, code, FIELD_FAULTS[code])


@dataclass
class Refused(Exception):
    """A request that is answered by a problem. `detail` is the sentence of the use case, where there is one."""

    code: str
    detail: Bilingual | None = None
    faults: Sequence[Fault] = ()
    more: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


def refused_by(refusal: CaseworkError, names: Sequence[str]) -> Refused:
    """What a use case refuses, in its own words, with the member it is about."""
    about = refusal.about
    faults = [Fault(f"#/{about}", "refused", refusal.text)] if about in names else []
    return Refused("refused", refusal.text, faults)


_TEXT = {"type": "string"}
_BOTH = {"type": "object", "required": ["vi", "en"], "properties": {"vi": {}, "en": {}}}
PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object", "title": "Problem", "required": ["type", "title", "status", "detail", "instance", "code", "in", "errors"],
    "properties": {
        "type": _TEXT, "title": _TEXT, "status": {"type": "integer"}, "detail": _TEXT, "instance": _TEXT,
        "code": {"type": "string", "enum": sorted(PROBLEMS)}, "in": _BOTH,
        "errors": {"type": "array", "items": {"type": "object", "required": ["pointer", "code", "detail", "in"], "properties": {
            "pointer": _TEXT, "code": _TEXT, "detail": _TEXT, "in": _BOTH}}},
        "by": {"anyOf": [_BOTH, {"type": "null"}]}, "act": {"type": ["string", "null"]}, "at": {"type": ["string", "null"]},
        "etag": _TEXT, "violated-policies": {"type": "array", "items": _TEXT},
    },
}  # fmt: skip
