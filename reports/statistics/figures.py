"""Every figure of the reports: its name, its exact definition, and the function that says which facts count.

A fact is a stretch of a case (`CaseSpan`: from filing, or from being reopened, to an answer or another end) or a moment in it
(`CaseMoment`). The function of a figure returns the condition on such a row; counting.py counts the rows, behind.py lists them. An instant
is in a period if since <= instant < until. docs/statistics.md prints the definitions from here.
"""

from collections.abc import Callable

from sqlalchemy import ColumnElement, and_, exists, or_, true
from sqlalchemy.orm import aliased

from casework.bilingual import Bilingual
from casework.lateness import late
from casework.models import CaseMoment, CaseSpan
from casework.open_cases import unconfirmed_cases
from reports.statistics.figure import LEVELS, Condition, FactSource, Figure, Shape, Unit
from reports.statistics.periods import Period

NOT_ELIGIBLE = ("refused", "merged", "withdrawn", "quarantined")

FIGURES: dict[str, Figure] = {}
"""In the order of the reports."""


def _figure(
    name: Bilingual, definition: Bilingual, *, unit: Unit = Unit.CASES, facts: FactSource, is_standing: bool = False,
    shape: Shape = Shape.NUMBER, part_of: str | None = None,
) -> Callable[[Condition], Condition]:  # fmt: skip
    """Register a function as the figure of its name (a trailing underscore is dropped, as in `open_`)."""

    def enter(function: Condition) -> Condition:
        key = function.__name__.removesuffix("_")
        FIGURES[key] = Figure(key, name, definition, unit, facts, function, is_standing, shape, part_of)
        return function

    return enter


@_figure(
    Bilingual("Kỳ trước chuyển sang", "Carried over"),
    Bilingual(
        "Vụ việc còn mở tại thời điểm bắt đầu kỳ: đã gửi đến trước đó và chưa kết thúc, hoặc đã mở lại trước đó và chưa trả lời lại.",
        "Cases open at the beginning of the period: filed before it and not ended yet, or reopened before it and not answered again.",
    ),
    facts=FactSource.STOOD_BEFORE, is_standing=True,
)  # fmt: skip
def carried_over(_period: Period) -> ColumnElement[bool]:
    return true()


@_figure(
    Bilingual("Tiếp nhận trong kỳ", "Received"),
    Bilingual(
        "Phản ánh gửi đến trong kỳ từ mọi nguồn: người dân, điện thoại, camera. Gồm cả vụ việc không công khai, chỉ để đếm;"
        " phần tách ra từ một hồ sơ thì không tính.",
        "Reports that came in during the period from every source: citizens, telephone, cameras. Matters that are not made public are"
        " counted too, and only counted; a part split off a case is not.",
    ),
    facts=FactSource.OPENED,
)
def received(_period: Period) -> ColumnElement[bool]:
    return CaseSpan.opened_by == "received"


@_figure(
    Bilingual("Mở lại", "Reopened"),
    Bilingual(
        "Số lần mở lại vụ việc trong kỳ vì người gửi chưa hài lòng và Trung tâm thấy cần làm thêm.",
        "How often a case was reopened during the period because its sender was not satisfied and the centre saw more to do.",
    ),
    unit=Unit.TIMES, facts=FactSource.OPENED,
)  # fmt: skip
def reopened(_period: Period) -> ColumnElement[bool]:
    return CaseSpan.opened_by == "reopened"


@_figure(
    Bilingual("Trở lại xử lý", "Taken up again"),
    Bilingual(
        "Vụ việc đã kết thúc mà trở lại xử lý trong kỳ: khiếu nại việc từ chối được chấp nhận, tách khỏi vụ việc đã gộp, hay cơ quan"
        " khác chuyển trả.",
        "Ended cases taken up again during the period: an objection to a refusal was upheld, a merged case was split again, or a matter"
        " referred elsewhere came back.",
    ),
    unit=Unit.TIMES, facts=FactSource.OPENED,
)  # fmt: skip
def returned(_period: Period) -> ColumnElement[bool]:
    return CaseSpan.opened_by == "returned"


@_figure(
    Bilingual("Đủ điều kiện", "Eligible"),
    Bilingual(
        "Trong số tiếp nhận trong kỳ: được xác minh là đúng trước khi hết kỳ, và đến lúc đó không bị từ chối, gộp, rút hay xử lý theo"
        " thủ tục riêng.",
        "Of those received during the period: accepted before its end, and not refused, merged, withdrawn or handled under a procedure"
        " of their own before its end.",
    ),
    facts=FactSource.OPENED, part_of="received",
)  # fmt: skip
def eligible(period: Period) -> ColumnElement[bool]:
    fallen, following = aliased(CaseSpan), aliased(CaseSpan)
    goes_on = exists().where(
        following.case_id == fallen.case_id, following.number == fallen.number + 1, following.opened_at < period.until
    )  # fmt: skip
    # reopened cases are not out any more
    fell_out = exists().where(
        fallen.case_id == CaseSpan.case_id, fallen.ended_by.in_(NOT_ELIGIBLE), fallen.ended_at < period.until, ~goes_on
    )  # fmt: skip
    return and_(CaseSpan.opened_by == "received", CaseSpan.accepted_at < period.until, ~fell_out)


@_figure(
    Bilingual("Từ chối, theo lý do", "Refused, by reason"),
    Bilingual(
        "Phản ánh bị từ chối trong kỳ, theo lý do. Nếu sau đó khiếu nại được chấp nhận thì vụ việc được đếm ở “Trở lại xử lý”.",
        "Reports refused during the period, by reason. Where an objection is upheld later, the case counts as “taken up again” then.",
    ),
    facts=FactSource.ENDED, shape=Shape.REASONS,
)  # fmt: skip
def refused(_period: Period) -> ColumnElement[bool]:
    return CaseSpan.ended_by == "refused"


def _ended_by(end: str) -> Condition:
    return lambda _period: CaseSpan.ended_by == end


FIGURES |= {
    end: Figure(end, name, definition, Unit.CASES, FactSource.ENDED, _ended_by(end))
    for end, name, definition in (
        ("merged", Bilingual("Gộp", "Merged"),
         Bilingual("Vụ việc gộp vào một vụ việc khác trong kỳ.", "Cases merged into another one during the period.")),
        ("referred", Bilingual("Chuyển cơ quan khác", "Referred elsewhere"),
         Bilingual("Vụ việc chuyển trong kỳ đến cơ quan ngoài Trung tâm.",
                   "Cases handed during the period to a body outside of the centre.")),
        ("withdrawn", Bilingual("Người gửi rút", "Withdrawn"),
         Bilingual("Phản ánh người gửi rút trong kỳ, vụ việc vì thế kết thúc.",
                   "Reports their senders withdrew during the period, which ended the case.")),
        ("quarantined", Bilingual("Theo thủ tục riêng", "Under a procedure of its own"),
         Bilingual("Vụ việc trong kỳ được đưa ra ngoài hệ thống vì pháp luật có thủ tục riêng (tố cáo, bí mật nhà nước). Chỉ để đếm,"
                   " không có danh sách.",
                   "Matters taken out of the system during the period because the law has a procedure of its own for them"
                   " (denunciations, state secrets). They are only counted; there is no list.")),
        ("closed", Bilingual("Kết thúc không trả lời", "Closed without an answer"),
         Bilingual("Vụ việc kết thúc trong kỳ mà không có trả lời: không thể xác minh thêm, hoặc người gửi không bổ sung thông tin"
                   " được hỏi.",
                   "Cases that ended during the period without an answer: no more could be found out, or the sender did not tell"
                   " what was asked.")),
    )
}  # fmt: skip


@_figure(
    Bilingual("Đã xử lý", "Handled"),
    Bilingual(
        "Vụ việc có trả lời cuối cùng lần đầu trong kỳ: công khai, hoặc trả lời riêng cho người gửi.",
        "Cases whose first final answer was given during the period, published or to the sender alone.",
    ),
    facts=FactSource.ENDED,
)
def handled(_period: Period) -> ColumnElement[bool]:
    return and_(CaseSpan.ended_by == "answered", CaseSpan.is_first_answer)


@_figure(
    Bilingual("Đúng hạn", "In time"),
    Bilingual(
        "Trong số đã xử lý: trả lời trước khi hết hạn ban đầu. Hạn tính theo ngày làm việc, trừ thời gian tạm dừng trước hay sau gia hạn.",
        "Of the handled: answered before the limit first promised ran out. Limits count working days, without the time a case rested,"
        " before an extension or after it.",
    ),
    facts=FactSource.ENDED, part_of="handled",
)  # fmt: skip
def handled_in_time(period: Period) -> ColumnElement[bool]:
    return and_(handled(period), or_(CaseSpan.verdict == "in_time", CaseSpan.verdict.is_(None)))


@_figure(
    Bilingual("Đúng hạn sau gia hạn", "In time after an extension"),
    Bilingual(
        "Trong số đã xử lý: sau hạn ban đầu nhưng trước hạn đã được gia hạn. Đếm riêng, không tính vào “Đúng hạn”.",
        "Of the handled: after the limit first promised, but before one that had been extended. Counted apart from “In time”.",
    ),
    facts=FactSource.ENDED, part_of="handled",
)  # fmt: skip
def handled_in_time_after_extension(period: Period) -> ColumnElement[bool]:
    return and_(handled(period), CaseSpan.verdict == "after_extension")


@_figure(
    Bilingual("Trễ hạn", "Late"),
    Bilingual(
        "Trong số đã xử lý: trả lời đúng lúc hết hạn hoặc sau đó. Vụ việc mở lại giữ kết quả của lần trả lời đầu.",
        "Of the handled: answered when the limit had run out. A case that was reopened keeps the verdict of its first answer.",
    ),
    facts=FactSource.ENDED, part_of="handled",
)  # fmt: skip
def handled_late(period: Period) -> ColumnElement[bool]:
    return and_(handled(period), CaseSpan.verdict == "late")


@_figure(
    Bilingual("Trả lời riêng", "Answered privately"),
    Bilingual(
        "Trong số đã xử lý: chỉ trả lời người gửi, không công khai.",
        "Of the handled: answered to the sender alone, without a publication.",
    ),
    facts=FactSource.ENDED, part_of="handled",
)  # fmt: skip
def answered_privately(period: Period) -> ColumnElement[bool]:
    return and_(handled(period), CaseSpan.is_private)


@_figure(
    Bilingual("Trả lời lại", "Handled again"),
    Bilingual(
        "Trả lời cuối cùng trong kỳ cho vụ việc đã mở lại; lần trả lời đầu đã đếm ở kỳ của nó.",
        "Final answers given during the period to cases that had been reopened; their first answer was counted in its own period.",
    ),
    unit=Unit.TIMES, facts=FactSource.ENDED,
)  # fmt: skip
def handled_again(_period: Period) -> ColumnElement[bool]:
    return and_(CaseSpan.ended_by == "answered", ~CaseSpan.is_first_answer)


@_figure(
    Bilingual("Còn mở cuối kỳ", "Open"),
    Bilingual(
        "Vụ việc còn mở khi hết kỳ (hoặc lúc này, nếu kỳ chưa hết). Luôn bằng: chuyển sang + tiếp nhận + mở lại + trở lại − mọi kết thúc"
        " − chờ xác nhận liên hệ.",
        "Cases open at the end of the period (or now, while it lasts). Always: carried over + received + reopened + taken up again − all"
        " that ended − those whose contact is not confirmed.",
    ),
    facts=FactSource.STOOD_AFTER, is_standing=True,
)  # fmt: skip
def open_(_period: Period) -> ColumnElement[bool]:
    return CaseSpan.case_id.not_in(unconfirmed_cases())


@_figure(
    Bilingual("Còn mở, còn hạn", "Open, in time"),
    Bilingual(
        "Trong số còn mở cuối kỳ: lúc đó chưa hết hạn, hoặc chưa có hạn. Chưa chốt thì tính theo hạn đang ghi hôm nay.",
        "Of the open: their limit had not run out then, or they had none yet. Until frozen, by the limit as it is today.",
    ),
    facts=FactSource.STOOD_AFTER, is_standing=True, part_of="open",
)  # fmt: skip
def open_in_time(period: Period) -> ColumnElement[bool]:
    return and_(or_(CaseSpan.due_at.is_(None), ~late(CaseSpan.due_at, period.until)), open_(period))


@_figure(
    Bilingual("Còn mở, trễ hạn", "Open, late"),
    Bilingual(
        "Trong số còn mở cuối kỳ: lúc đó đã hết hạn. Vụ việc mở lại theo hạn mới của lần mở lại. Chưa chốt thì tính theo hạn đang ghi hôm"
        " nay: gia hạn, tạm dừng sau kỳ làm đổi; số đã chốt thì không.",
        "Of the open: their limit had run out then. A reopened case is judged by the limit of its reopening. Until frozen, by the limit as"
        " it is today, which extensions and rests after the period move; frozen figures stay.",
    ),
    facts=FactSource.STOOD_AFTER, is_standing=True, part_of="open",
)  # fmt: skip
def open_late(period: Period) -> ColumnElement[bool]:
    return late(CaseSpan.due_at, period.until)


@_figure(
    Bilingual("Chờ xác nhận liên hệ", "Contact not confirmed"),
    Bilingual(
        "Phản ánh cuối kỳ chưa tiếp nhận mà đến nay người gửi chưa xác nhận liên hệ. Đếm riêng: không tính là còn"
        " mở, cũng không tính là trễ hạn.",
        "Reports not accepted at the end of the period whose sender has not confirmed a contact to this day. Counted apart: they are"
        " neither open nor late.",
    ),
    facts=FactSource.STOOD_AFTER, is_standing=True,
)  # fmt: skip
def unconfirmed(_period: Period) -> ColumnElement[bool]:
    return CaseSpan.case_id.in_(unconfirmed_cases())


@_figure(
    Bilingual("Lượt gia hạn", "Extensions granted"),
    Bilingual(
        "Số lần gia hạn được chấp thuận trong kỳ; một vụ việc có thể có hai. Theo cơ quan: cơ quan được gia hạn.",
        "Extensions granted during the period; a case may have two. By agency: the agency that got the time.",
    ),
    unit=Unit.TIMES, facts=FactSource.MOMENTS,
)  # fmt: skip
def extensions_granted(_period: Period) -> ColumnElement[bool]:
    return CaseMoment.kind == "extended"


@_figure(
    Bilingual("Lượt trả lại", "Handed back"),
    Bilingual(
        "Số lần cơ quan trả lại vụ việc được giao trong kỳ. Theo cơ quan: cơ quan trả lại.",
        "How often an agency handed a case back during the period. By agency: the one that did.",
    ),
    unit=Unit.TIMES, facts=FactSource.MOMENTS,
)  # fmt: skip
def handed_back(_period: Period) -> ColumnElement[bool]:
    return CaseMoment.kind == "handed_back"


@_figure(
    Bilingual("Lượt yêu cầu làm lại", "Redone"),
    Bilingual(
        "Số lần câu trả lời bị yêu cầu làm lại trong kỳ. Theo cơ quan: cơ quan soạn câu trả lời.",
        "How often an answer was sent back to be done again during the period. By agency: the one that wrote it.",
    ),
    unit=Unit.TIMES, facts=FactSource.MOMENTS,
)  # fmt: skip
def redone(_period: Period) -> ColumnElement[bool]:
    return CaseMoment.kind == "redone"


@_figure(
    Bilingual("Lượt đánh giá", "Ratings given"),
    Bilingual(
        "Số đánh giá người gửi cho trong kỳ, theo ba mức. Phản ánh từ camera không có đánh giá.",
        "Ratings senders gave during the period, by the three levels. Reports by cameras have none.",
    ),
    unit=Unit.RATINGS, facts=FactSource.MOMENTS, shape=Shape.LEVELS,
)  # fmt: skip
def ratings_given(_period: Period) -> ColumnElement[bool]:
    return CaseMoment.kind.in_(tuple(LEVELS))


def _of_kind(kind: str) -> Condition:
    return lambda _period: CaseMoment.kind == kind


FIGURES |= {
    kind: Figure(kind, name, definition, Unit.TIMES, FactSource.MOMENTS, _of_kind(kind))
    for kind, name, definition in (
        ("asked_mended", Bilingual("Được hỏi lại", "Asked whether it is mended"),
         Bilingual("Số người gửi được hỏi trong kỳ, ít lâu sau kết quả công khai cuối cùng: việc đã xử lý thật chưa; mỗi kết quả một lần.",
                   "Senders asked during the period, some weeks after a final published answer, whether the matter is really mended; once"
                   " for each answer.")),
        ("mended", Bilingual("Đã xử lý thật", "Really mended"),
         Bilingual("Câu trả lời “Đã xử lý thật” người gửi cho trong kỳ. Người không trả lời không được đếm.",
                   "Answers “it is mended” that senders gave during the period. Who did not answer is not counted.")),
        ("not_mended", Bilingual("Chưa xử lý xong", "Not mended"),
         Bilingual("Câu trả lời “Chưa xong” người gửi cho trong kỳ, dù sau đó có gửi phản ánh mới hay không.",
                   "Answers “not yet” that senders gave during the period, whether they sent a new report after it or not.")),
    )
}  # fmt: skip


@_figure(
    Bilingual("Được đánh giá / đã xử lý", "Rated, of the handled"),
    Bilingual(
        "Trong số đã xử lý trong kỳ, trừ phản ánh từ camera: số vụ việc có đánh giá trước khi hết kỳ, trên tổng số.",
        "Of the cases handled during the period without those by cameras: how many had been rated before its end, out of all of them.",
    ),
    facts=FactSource.ENDED, shape=Shape.PART, part_of="handled",
)  # fmt: skip
def rated_of_handled(period: Period) -> ColumnElement[bool]:
    return and_(ratable(period), CaseSpan.rated_at < period.until)


def ratable(period: Period) -> ColumnElement[bool]:
    """The whole of the figure above."""
    return and_(handled(period), CaseSpan.source != "camera")


@_figure(
    Bilingual("Giờ hành chính từ khi gửi đến trả lời", "Working time from filing to the answer"),
    Bilingual(
        "Phút hành chính từ lúc gửi đến lần trả lời cuối cùng đầu tiên, của vụ việc đã xử lý trong kỳ: trung vị (trung bình của hai số"
        " giữa) và bách phân vị 90 (hạng gần nhất: 90 % xong trong thời gian này).",
        "Office minutes from filing to the first final answer, of the cases handled during the period: the median (mean of the middle"
        " two) and the 90th percentile (nearest rank: nine of ten took no longer).",
    ),
    unit=Unit.MINUTES, facts=FactSource.ENDED, shape=Shape.SPREAD,
)  # fmt: skip
def working_minutes_filed_to_final(period: Period) -> ColumnElement[bool]:
    return and_(handled(period), CaseSpan.minutes.is_not(None))


@_figure(
    Bilingual("Giờ hành chính theo bước", "Working hours by step"),
    Bilingual(
        "Của mỗi bước trong quy trình đang dùng: trung vị và bách phân vị 90 giờ hành chính từ khi bước đến lượt đến khi xong, của các"
        " lượt xong trong kỳ; dưới 5 lượt thì không tính.",
        "Of each step of the live process: median and 90th percentile of the office hours from its turn until it was done, of the"
        " passages done during the period; not told of fewer than 5.",
    ),
    unit=Unit.MINUTES, facts=FactSource.NONE, shape=Shape.STEPS,
)  # fmt: skip
def step_hours(_period: Period) -> ColumnElement[bool]:
    """Counted by workflows/figures/steps.py, since only the process knows the steps, and passed in."""
    return true()
