"""The outcomes of steps in words; the rows hold identifiers, which gateways read and people should not have to."""

from casework.bilingual import Bilingual

OUTCOMES = {
    "accept": Bilingual("đã tiếp nhận", "accepted"),
    "refuse": Bilingual("không tiếp nhận", "not accepted"),
    "hand_back": Bilingual("chuyển trả", "handed back"),
    "release": Bilingual("đồng ý chuyển trả", "agency released"),
    "keep": Bilingual("giữ nguyên đơn vị", "agency stays"),
    "approve": Bilingual("đã phê duyệt", "approved"),
    "redo": Bilingual("yêu cầu xử lý lại", "to be done again"),
    "explained": Bilingual("đã giải thích", "explained"),
    "reopened": Bilingual("đã mở lại", "reopened"),
    "publish": Bilingual("đã công khai", "published"),
    "answer_privately": Bilingual("đã trả lời riêng", "answered in private"),
    "dissatisfied": Bilingual("không hài lòng", "dissatisfied"),
    "endorse": Bilingual("đồng tình", "endorsed"),
    "decline": Bilingual("không đồng tình", "not endorsed"),
    "grant": Bilingual("cho gia hạn", "more time granted"),
    "deny": Bilingual("không cho gia hạn", "more time not granted"),
    "answered": Bilingual("đã bổ sung", "answered"),
    "objected": Bilingual("đã đề nghị xem lại", "objected"),
    "dismissed": Bilingual("giữ nguyên việc không tiếp nhận", "the refusal stands"),
    "upheld": Bilingual("tiếp nhận lại", "taken up again"),
    "resumed": Bilingual("cho xử lý tiếp", "goes on"),
    "closed": Bilingual("đã kết thúc", "closed"),
    "came_back": Bilingual("đã nhận lại", "came back"),
    "granted": Bilingual("cho rút", "withdrawn"),
    "kept": Bilingual("tiếp tục xử lý", "goes on"),
    "read": Bilingual("đã đọc", "read"),
}
"""By outcome. A step with one way to go has none: its label says what was done."""
