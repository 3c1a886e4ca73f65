"""Emergencies a caller describes, with the numbers of the services to call first.

113 police, 114 fire and rescue, 115 ambulance (Luật Viễn thông 24/2023/QH15; the numbers of all Vietnam).
"""

from collections.abc import Mapping

from casework.bilingual import Bilingual
from casework.triage.suggestions import spoken_of

PHRASES: Mapping[str, tuple[str, ...]] = {
    "114": ("cháy nhà", "cháy rừng", "đang cháy", "bốc cháy", "bốc khói", "cháy nổ", "nổ bình ga", "rò khí ga", "mắc kẹt", "sập nhà",
            "vùi lấp", "bị cuốn trôi", "đuối nước", "sạt lở đè", "rơi xuống vực"),
    "113": ("đánh nhau", "hành hung", "cướp", "giật đồ", "trộm đang", "cầm dao", "có dao", "bắt cóc", "dọa giết", "đâm người", "chém"),
    "115": ("tai nạn", "bị thương", "ngất", "bất tỉnh", "chảy máu", "đột quỵ", "co giật", "khó thở", "ngộ độc", "gãy chân", "gãy tay",
            "điện giật", "rắn cắn", "chó dại"),
}  # fmt: skip
"""Phrases by number. False alarms do no harm: the sentence is advice to the person on the telephone, and nothing is decided by it."""

SENTENCES = {
    "114": Bilingual("Nếu đang cháy hoặc có người mắc kẹt: hướng dẫn gọi 114 ngay, rồi mới ghi tiếp.",
                     "If it burns or somebody is trapped: tell them to call 114 at once, then go on."),
    "113": Bilingual("Nếu đang có đánh nhau, cướp, đe dọa: hướng dẫn gọi 113 ngay, rồi mới ghi tiếp.",
                     "If there is a fight, a robbery or a threat now: tell them to call 113 at once, then go on."),
    "115": Bilingual("Nếu có người bị thương hoặc ngất: hướng dẫn gọi 115 ngay, rồi mới ghi tiếp.",
                     "If somebody is hurt or unconscious: tell them to call 115 at once, then go on."),
}  # fmt: skip
"""The sentences shown to the operator."""


def emergencies_in(words: str) -> list[Bilingual]:
    """Return what to tell the caller first about emergencies in their words; empty where there is none."""
    spoken = spoken_of(PHRASES, words)
    return [sentence for number, sentence in SENTENCES.items() if number in spoken]
