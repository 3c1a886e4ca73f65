"""Every public figure: its name, what exactly it counts, and what each rate is a part of. Page and downloads use the same."""

from dataclasses import dataclass

from casework.bilingual import Bilingual

FEWEST_FOR_A_RATE = 5
"""Below this number no percentage is shown: one case would move it by a fifth (domain.md, section 2.5)."""

MEDIAN = "acceptance_minutes"
"""How often each working time from filing to acceptance occurred: minutes rounded to ROUNDED_TO, so that months can be combined."""

ROUNDED_TO = 5
"""Minutes."""

ANSWER_DAYS = "answer_days"
"""How many cases were answered so many local days after the one they were sent on."""

MEDIANS = (MEDIAN, ANSWER_DAYS)
"""Figures of which nothing but a median is published."""

REFUSED = "refused"
"""Refused cases by key of the reason."""

NOT_PUBLIC = "not_public"
"""For the whole only. Months kept without it date from a time when fields, places and agencies counted such cases too."""


NESTED = (REFUSED, *MEDIANS)
"""Figures stored as numbers by reason, minute or day."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure. `is_standing`: counted at an instant, not over a month, so months are not added up."""

    key: str
    name: Bilingual
    definition: Bilingual
    is_standing: bool = False


@dataclass(frozen=True, slots=True)
class Rate:
    """Some figures as a part of others; never shown without both numbers."""

    key: str
    name: Bilingual
    part: tuple[str, ...]
    whole: tuple[str, ...]
    definition: Bilingual


FIGURES: dict[str, Figure] = {
    figure.key: figure
    for figure in (
        Figure(
            "received",
            Bilingual("Tiếp nhận", "Received"),
            Bilingual(
                "Phản ánh gửi đến trong kỳ, từ mọi nguồn: người dân, điện thoại, camera. Gồm cả vụ việc không công khai, chỉ để đếm;"
                " phần tách ra từ một hồ sơ thì không tính.",
                "Reports that came in during the period from every source: citizens, telephone, cameras. Matters that are not made public"
                " are counted too, and only counted; a part split off a case is not.",
            ),
        ),
        Figure(
            NOT_PUBLIC,
            Bilingual("Không công khai", "Not public"),
            Bilingual(
                "Trong số phản ánh gửi đến trong kỳ: vụ việc không có trong danh sách công khai tại lúc chốt số liệu (nhạy cảm, không tiếp"
                " nhận, đã gộp, đã rút, chỉ trả lời riêng hoặc theo thủ tục riêng). Chỉ tính trong số chung, không tính theo lĩnh vực, xã,"
                " đơn vị.",
                "Of the reports that came in during the period: those not in the public list at the time of counting (sensitive, not"
                " accepted, merged, withdrawn, answered to their sender alone or under a procedure of their own). They count in the"
                " figures of the whole alone, not by field, commune or agency.",
            ),
        ),
        Figure(
            "eligible",
            Bilingual("Đủ điều kiện sau xác minh", "Eligible after verification"),
            Bilingual(
                "Trong số phản ánh gửi đến trong kỳ: đã được tiếp nhận tính đến lúc chốt số liệu và không bị từ chối, gộp, rút hay"
                " xử lý theo thủ tục riêng.",
                "Of the reports that came in during the period: accepted by the time of counting, and not refused, merged, withdrawn or"
                " handled under a procedure of their own.",
            ),
        ),
        Figure(
            REFUSED,
            Bilingual("Không tiếp nhận", "Not accepted"),
            Bilingual(
                "Phản ánh bị từ chối trong kỳ, theo lý do. Lần từ chối đã được xem lại và tiếp tục xử lý thì không đếm.",
                "Reports refused during the period, by reason. A refusal that was taken back after an objection does not count.",
            ),
        ),
        Figure(
            "answered",
            Bilingual("Đã trả lời", "Answered"),
            Bilingual(
                "Hồ sơ có trả lời chính thức lần đầu trong kỳ: công khai, hoặc trả lời riêng cho người gửi. Mẫu số của ba số dưới đây.",
                "Cases whose first final answer was given during the period, published or to the sender alone. The three figures below"
                " are parts of it.",
            ),
        ),
        Figure(
            "in_time",
            Bilingual("Đúng hạn", "In time"),
            Bilingual(
                "Đã trả lời trước khi hết hạn. Hạn tính theo ngày làm việc, trừ thời gian tạm dừng.",
                "Answered before the limit ran out. Limits are counted in working days, without the time a case rested.",
            ),
        ),
        Figure(
            "in_time_after_extension",
            Bilingual("Đúng hạn sau gia hạn", "In time after an extension"),
            Bilingual(
                "Trả lời sau hạn hứa ban đầu nhưng trước hạn đã gia hạn. Đếm riêng, không tính vào “Đúng hạn”.",
                "Answered after the day first promised, but within an extension that was granted. Counted apart from “In time”.",
            ),
        ),
        Figure(
            "late",
            Bilingual("Trễ hạn", "Late"),
            Bilingual(
                "Trả lời đúng lúc hết hạn hoặc sau đó. Hồ sơ mở lại vẫn giữ kết quả của lần trả lời đầu.",
                "Answered when the limit had run out. A case that was reopened keeps the verdict of its first answer.",
            ),
        ),
        Figure(
            "open_in_time",
            Bilingual("Đang xử lý, còn hạn", "Open, in time"),
            Bilingual(
                "Hồ sơ chưa trả lời và chưa hết hạn, hoặc chưa có hạn, tính tại lúc chốt số liệu. Tháng đã qua: lần chốt cuối trong tháng.",
                "Cases without an answer whose limit has not run out, or that have none yet, at the time of counting. Of past months: at"
                " the last count within the month.",
            ),
            is_standing=True,
        ),
        Figure(
            "open_late",
            Bilingual("Đang xử lý, trễ hạn", "Open, late"),
            Bilingual(
                "Hồ sơ chưa trả lời và đã hết hạn trả lời, tính tại lúc chốt số liệu.",
                "Cases without an answer whose limit has run out, at the time of counting.",
            ),
            is_standing=True,
        ),
        Figure(
            "unconfirmed",
            Bilingual("Chờ xác nhận liên hệ", "Contact not confirmed"),
            Bilingual(
                "Phản ánh chưa tiếp nhận mà người gửi chưa xác nhận số điện thoại hoặc địa chỉ thư, tính tại lúc chốt số liệu. Đếm riêng:"
                " không tính là đang xử lý, cũng không tính là trễ hạn.",
                "Reports not accepted yet whose sender has not confirmed a telephone number or an address, at the time of counting. Counted"
                " apart: they are neither open nor late.",
            ),
            is_standing=True,
        ),
        Figure(
            "extended",
            Bilingual("Lượt gia hạn", "Extensions"),
            Bilingual(
                "Số lần gia hạn được chấp thuận trong kỳ; một hồ sơ có thể gia hạn hai lần. Theo cơ quan: cơ quan được gia hạn.",
                "Extensions granted during the period; a case may have two. By agency: the agency that got the time.",
            ),
        ),
        Figure(
            "reopened",
            Bilingual("Mở lại", "Reopened"),
            Bilingual(
                "Số lần mở lại hồ sơ trong kỳ vì người gửi chưa hài lòng và Trung tâm thấy cần làm thêm.",
                "How often a case was reopened during the period because its sender was not satisfied and the centre saw more to do.",
            ),
        ),
        Figure(
            "referred",
            Bilingual("Chuyển cơ quan khác", "Referred elsewhere"),
            Bilingual(
                "Vụ việc chuyển trong kỳ đến cơ quan ngoài Trung tâm, gồm cả vụ việc theo thủ tục riêng của pháp luật.",
                "Matters handed during the period to a body outside the centre, with those for which the law has a procedure of its own.",
            ),
        ),
        Figure(
            "satisfied",
            Bilingual("Hài lòng", "Satisfied"),
            Bilingual(
                "Đánh giá “Hài lòng” cho trong kỳ. Theo cơ quan: đánh giá riêng phần việc của cơ quan đó.",
                "Verdicts “Satisfied” given during the period. By agency: the verdicts on the work of that agency alone.",
            ),
        ),
        Figure(
            "acceptable",
            Bilingual("Chấp nhận được", "Acceptable"),
            Bilingual("Đánh giá “Chấp nhận được” cho trong kỳ.", "Verdicts “Acceptable” given during the period."),
        ),
        Figure(
            "dissatisfied",
            Bilingual("Chưa hài lòng", "Not satisfied"),
            Bilingual("Đánh giá “Chưa hài lòng” cho trong kỳ.", "Verdicts “Not satisfied” given during the period."),
        ),
        Figure(
            "mended",
            Bilingual("Đã xử lý thật", "Really mended"),
            Bilingual(
                "Câu trả lời “Đã xử lý thật” người gửi cho trong kỳ, khi được hỏi lại ít lâu sau kết quả công khai cuối cùng.",
                "Answers “it is mended” that senders gave during the period, asked some weeks after a final published answer.",
            ),
        ),
        Figure(
            "not_mended",
            Bilingual("Chưa xử lý xong", "Not mended"),
            Bilingual("Câu trả lời “Chưa xong” cho trong kỳ.", "Answers “not yet” given during the period."),
        ),
        Figure(
            MEDIAN,
            Bilingual("Trung vị thời gian tiếp nhận", "Median time to acceptance"),
            Bilingual(
                "Một nửa số hồ sơ tiếp nhận trong kỳ được tiếp nhận nhanh hơn. Tính theo giờ hành chính từ lúc gửi, làm tròn 5 phút; dưới"
                " 5 hồ sơ thì không nêu. Trong tệp dữ liệu: số phút.",
                "Half of the cases accepted during the period were accepted faster. In working time from filing, rounded to 5 minutes; not"
                " told of fewer than 5 cases. In the files: minutes.",
            ),
        ),
        Figure(
            ANSWER_DAYS,
            Bilingual("Một nửa xong trong (ngày)", "Half were done within (days)"),
            Bilingual(
                "Số ngày ít nhất mà trong đó ít nhất một nửa số hồ sơ trả lời trong kỳ đã có trả lời chính thức lần đầu. Ngày theo lịch, kể"
                " cả ngày nghỉ và lúc tạm dừng, tính từ ngày gửi; trả lời ngay trong ngày gửi là 0. Dưới 5 hồ sơ thì không nêu.",
                "The fewest days within which at least half of the cases answered during the period had their first final answer. Days of"
                " the calendar, days off and rests included, from the day it was sent; 0 is an answer on that same day. Not told of fewer"
                " than 5 cases.",
            ),
        ),
    )
}

NOUGHT_LEFT_OUT = frozenset({
    "received", "eligible", REFUSED, "answered", "in_time", "in_time_after_extension", "late", "extended", "reopened", "referred",
    "satisfied", "acceptable", "dissatisfied", MEDIAN,
})  # fmt: skip
"""Figures counted since the first month, when zeros were not stored: a missing one is zero.

Since then a month stores every figure of its whole, zeros too, so a missing one was not counted. Nothing is ever added here: a new figure
is unknown for earlier months, and so are open cases for a month first counted after its end.
"""

RATED = ("satisfied", "acceptable", "dissatisfied")
MENDED = ("mended", "not_mended")

RATES: dict[str, Rate] = {
    rate.key: rate
    for rate in (
        Rate("eligible_of_received", Bilingual("Đủ điều kiện / tiếp nhận", "Eligible / received"), ("eligible",), ("received",),
             Bilingual("Mẫu số: phản ánh gửi đến trong kỳ.", "Out of the reports that came in during the period.")),
        Rate("in_time_of_answered", Bilingual("Đúng hạn / đã trả lời", "In time / answered"), ("in_time",), ("answered",),
             Bilingual("Mẫu số: hồ sơ trả lời lần đầu trong kỳ, không phải tổng số tiếp nhận.",
                       "Out of the cases first answered during the period, not of all received.")),
        Rate("in_time_after_extension_of_answered", Bilingual("Đúng hạn sau gia hạn / đã trả lời", "In time after an extension / answered"),
             ("in_time_after_extension",), ("answered",),
             Bilingual("Mẫu số: hồ sơ trả lời lần đầu trong kỳ.", "Out of the cases first answered during the period.")),
        Rate("late_of_open", Bilingual("Trễ hạn / đang xử lý", "Late / open"), ("open_late",), ("open_in_time", "open_late"),
             Bilingual("Mẫu số: hồ sơ chưa trả lời tại lúc chốt số liệu.", "Out of the cases without an answer at the time of counting.")),
        Rate("content_of_rated", Bilingual("Hài lòng hoặc chấp nhận được / đã đánh giá", "Satisfied or acceptable / rated"),
             ("satisfied", "acceptable"), RATED,
             Bilingual("Mẫu số: số đánh giá cho trong kỳ, không phải số hồ sơ. Phản ánh từ camera không có đánh giá.",
                       "Out of the verdicts given during the period, not of the cases. Reports by cameras have no verdicts.")),
        Rate("mended_of_answers", Bilingual("Đã xử lý thật / đã trả lời câu hỏi", "Really mended / said"), ("mended",), MENDED,
             Bilingual("Mẫu số: số người gửi đã trả lời câu hỏi trong kỳ, không phải số được hỏi.",
                       "Out of the senders who answered the question during the period, not of those asked.")),
    )
}  # fmt: skip
