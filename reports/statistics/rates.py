"""The rates of the reports: each a part of one figure out of another, with the words for what it is out of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from casework.bilingual import Bilingual
from casework.figures.definitions import FEWEST_FOR_A_RATE, Rate

FEWEST = FEWEST_FOR_A_RATE
"""Below this number of cases there is no percentage and no ranking."""

RATES: dict[str, Rate] = {
    rate.key: rate
    for rate in (
        Rate("eligible_of_received", Bilingual("Đủ điều kiện / tiếp nhận", "Eligible / received"), ("eligible",), ("received",),
             Bilingual("Mẫu số: phản ánh tiếp nhận trong kỳ.", "Out of the reports received during the period.")),
        Rate("in_time_of_handled", Bilingual("Đúng hạn / đã xử lý", "In time / handled"), ("handled_in_time",), ("handled",),
             Bilingual("Mẫu số: vụ việc đã xử lý trong kỳ, không phải tổng số tiếp nhận.",
                       "Out of the cases handled during the period, not of all received.")),
        Rate("in_time_after_extension_of_handled", Bilingual("Đúng hạn sau gia hạn / đã xử lý", "In time after an extension / handled"),
             ("handled_in_time_after_extension",), ("handled",),
             Bilingual("Mẫu số: vụ việc đã xử lý trong kỳ.", "Out of the cases handled during the period.")),
        Rate("late_of_handled", Bilingual("Trễ hạn / đã xử lý", "Late / handled"), ("handled_late",), ("handled",),
             Bilingual("Mẫu số: vụ việc đã xử lý trong kỳ.", "Out of the cases handled during the period.")),
        Rate("late_of_open", Bilingual("Trễ hạn / còn mở", "Late / open"), ("open_late",), ("open",),
             Bilingual("Mẫu số: vụ việc còn mở cuối kỳ.", "Out of the cases open at the end of the period.")),
        Rate("rated_of_handled", Bilingual("Được đánh giá / đã xử lý", "Rated / handled"), ("rated_of_handled",), ("rated_of_handled",),
             Bilingual("Mẫu số: vụ việc đã xử lý trong kỳ, trừ phản ánh từ camera.",
                       "Out of the cases handled during the period, without those by cameras.")),
        Rate("content_of_rated", Bilingual("Hài lòng hoặc chấp nhận được / lượt đánh giá", "Satisfied or acceptable / ratings"),
             ("satisfied", "acceptable"), ("ratings_given",),
             Bilingual("Mẫu số: số đánh giá cho trong kỳ, không phải số vụ việc.", "Out of the ratings given, not of the cases.")),
        Rate("mended_of_answers", Bilingual("Đã xử lý thật / đã trả lời câu hỏi", "Really mended / said"), ("mended",),
             ("mended", "not_mended"),
             Bilingual("Mẫu số: số người gửi đã trả lời câu hỏi trong kỳ, không phải số được hỏi.",
                       "Out of the senders who answered the question during the period, not of those asked.")),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FigureShare:
    """A part of a whole; `percent` is None where too few cases make a rate meaningless."""

    rate: Rate
    part: int
    whole: int

    @property
    def percent(self) -> float | None:
        """To one decimal."""
        return round(100 * self.part / self.whole, 1) if self.whole >= FEWEST else None


def share_of(rate: Rate, figures: Mapping[str, Any]) -> FigureShare:
    if rate.key == "rated_of_handled":
        return FigureShare(rate, *figures["rated_of_handled"])
    if rate.key == "content_of_rated":
        given = figures["ratings_given"]
        return FigureShare(rate, sum(given.get(level, 0) for level in rate.part), sum(given.values()))
    return FigureShare(rate, sum(figures[key] for key in rate.part), sum(figures[key] for key in rate.whole))
