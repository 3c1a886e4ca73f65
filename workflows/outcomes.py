"""How a step went, in words: what is kept of it are identifiers that gateways read and nobody should."""

from casework.words import Bilingual

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
}
"""By outcome. A step with one way to go has none: its label says what was done."""
