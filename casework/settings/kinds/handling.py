"""The rules for handling cases: fields, complexities, limits, reminders, reasons."""

from casework.bilingual import Bilingual
from casework.models import ClockRule, Complexity, Field, RefusalReason, ReminderRule, VisibilityReason
from casework.setting_values import whole
from casework.settings import choices as chosen
from casework.settings.importing import row_checks as checks
from casework.settings.importing.columns import Column, line, long_text, of_codes, tick, worded
from casework.settings.importing.rows import RuleKind
from casework.settings.kinds.shared_columns import FROM_THE_DAY, POSITION, code_column, hint_columns, name_columns

LONGEST_GUIDANCE = 1_000

URGENCY = Column(
    "urgency", Bilingual("Mức độ", "Urgency"), line(8), choices=of_codes(chosen.URGENCIES), is_fixed=True, codes=chosen.URGENCIES
)


SOURCES = {
    "own": Bilingual("tự quy định", "own rule"),
    "own: less than the limit of the case": Bilingual("tự quy định: trừ vào hạn hồ sơ", "own rule: less than the case"),
}
"""Limits that no regulation sets."""


def _clock_kind(codes: dict[str, Bilingual]) -> Column:
    return Column("kind", Bilingual("Loại thời hạn", "Limit"), line(20), choices=of_codes(codes), is_fixed=True, codes=codes)


HANDLING: tuple[RuleKind, ...] = (
    RuleKind(
        "field",
        Field,
        Bilingual("Lĩnh vực", "Fields of work"),
        Bilingual("Lĩnh vực", "Field of work"),
        Bilingual(
            "Người dân chọn lĩnh vực khi gửi, Trung tâm chọn khi phân loại.",
            "Citizens choose a field when they report, the centre when it classifies.",
        ),
        FROM_THE_DAY,
        (
            code_column("service_code", 40),
            *name_columns(),
            *hint_columns(),
            POSITION,
            Column(
                "allows_anonymous",
                Bilingual("Cho phép ẩn danh với Trung tâm", "May be reported anonymously to the centre"),
                tick,
                shape="tick",
                is_required=False,
            ),
        ),
        key=("service_code",),
        order=("position",),
        shown=("name_vi", "name_en", "service_code", "allows_anonymous"),
        check_end=checks.last_of_all,
    ),
    RuleKind(
        "complexity",
        Complexity,
        Bilingual("Độ phức tạp", "Complexities"),
        Bilingual("Độ phức tạp", "Complexity"),
        Bilingual(
            "Khi phân loại, độ phức tạp quyết định thời hạn trả lời của việc bình thường.",
            "At classification the complexity decides how long a normal case may take.",
        ),
        Bilingual(
            "Áp dụng cho lần phân loại từ ngày được chọn; mức mới cần có thời hạn giải quyết riêng.",
            "It counts for classifications from that day on; a new one needs a limit of its own.",
        ),
        (code_column("key", 8), *name_columns(), *hint_columns(), POSITION),
        key=("key",),
        order=("position",),
        shown=("name_vi", "name_en", "key"),
        check_end=checks.check_complexity_end,
        remark=checks.remark_on_complexity,
    ),
    RuleKind(
        "clock",
        ClockRule,
        Bilingual("Thời hạn", "Time limits"),
        Bilingual("Thời hạn", "Time limit"),
        Bilingual(
            "Mỗi bước có bao nhiêu thời gian, theo mức độ và độ phức tạp; dòng cụ thể hơn được ưu tiên.",
            "How long each step may take, by urgency and complexity; the more specific row counts.",
        ),
        Bilingual(
            "Áp dụng cho thời hạn bắt đầu từ ngày được chọn; thời hạn đang chạy giữ quy định lúc bắt đầu.",
            "It counts for limits that begin on that day or later; those that run keep the rule they began under.",
        ),
        (
            _clock_kind(chosen.CLOCKS),
            URGENCY,
            Column(
                "complexity",
                Bilingual("Độ phức tạp", "Complexity"),
                line(8),
                choices=chosen.any_complexity,
                is_fixed=True,
                codes={"": chosen.ANY},
            ),
            Column("amount", Bilingual("Thời lượng", "Length"), whole(1, 1_440)),
            Column("unit", Bilingual("Đơn vị tính", "Unit"), line(14), choices=of_codes(chosen.UNITS), codes=chosen.UNITS),
            Column(
                "source",
                Bilingual("Căn cứ", "Source"),
                worded(line(300), SOURCES),
                is_required=False,
                is_words=True,
                hint=Bilingual("Số hiệu văn bản, hoặc để trống.", "The regulation, or empty."),
                codes=SOURCES,
            ),
        ),
        key=("kind", "urgency", "complexity"),
        order=("kind", "urgency", "complexity"),
        shown=("kind", "urgency", "complexity", "amount", "unit", "source"),
        check=checks.check_clock,
        filters=("kind", "urgency"),
        check_end=checks.check_clock_end,
    ),
    RuleKind(
        "ladder",
        ReminderRule,
        Bilingual("Bậc nhắc việc", "Reminders"),
        Bilingual("Bậc nhắc việc", "Rung of reminders"),
        Bilingual(
            "Nhắc ai, vào lúc nào của thời hạn. Bậc của Trung tâm thay cả thang chung.",
            "Whom to remind at which moment of a limit. A centre's own rungs replace the whole common ladder.",
        ),
        Bilingual(
            "Áp dụng cho thời hạn bắt đầu từ ngày được chọn; thời hạn đang chạy giữ thang nhắc cũ.",
            "It counts for limits that begin on that day or later; those that run keep their ladder.",
        ),
        (
            _clock_kind(chosen.RUNG_CLOCKS),
            URGENCY,
            Column(
                "share",
                Bilingual("Phần trăm thời hạn đã dùng", "Share of the time used, per cent"),
                whole(1, 100),
                is_required=False,
                hint=Bilingual(
                    "100 là lúc đến hạn. Để trống nếu nhắc sau khi quá hạn.", "100 is the due instant. Empty for one after due."
                ),
            ),
            Column("after_amount", Bilingual("Sau khi quá hạn", "After due"), whole(1, 999), is_required=False),
            Column(
                "after_unit",
                Bilingual("Đơn vị tính", "Unit"),
                line(14),
                choices=of_codes({"": Bilingual("–", "–"), **chosen.UNITS}),
                codes=chosen.UNITS,
            ),
            Column("role", Bilingual("Nhắc ai", "Whom"), line(24), choices=of_codes(chosen.ROLES), codes=chosen.ROLES),
            Column(
                "merges_into_letter",
                Bilingual("Gộp vào thư nhắc buổi sáng", "Merged into the morning's letter"),
                tick,
                shape="tick",
                is_required=False,
            ),
        ),
        key=("kind", "urgency", "share", "after_amount", "after_unit", "role"),
        order=("kind", "urgency", "share", "after_amount"),
        shown=("kind", "urgency", "share", "after_amount", "after_unit", "role", "merges_into_letter"),
        check=checks.check_rung,
        carried=checks.rungs_carried,
        note=Bilingual(
            "Thêm bậc riêng đầu tiên cho một loại thời hạn và mức độ thì cả thang chung của loại đó được chép thành thang riêng trong cùng "
            "một lần, mỗi bậc một dòng nhật ký; bậc nào không cần nữa thì kết thúc ở trang của bậc đó.",
            "With the first own rung of a limit and urgency the whole common ladder becomes an own one at once, an event for each rung; "
            "those not needed are ended on their pages.",
        ),
        replaces_by=("kind", "urgency"),
        filters=("kind", "urgency"),
    ),
    RuleKind(
        "refusal",
        RefusalReason,
        Bilingual("Lý do không tiếp nhận", "Reasons for refusing"),
        Bilingual("Lý do", "Reason"),
        Bilingual("Người gửi luôn được báo lý do và hướng dẫn.", "The sender is always told the reason, with guidance."),
        FROM_THE_DAY,
        (
            code_column("key", 40),
            *name_columns(),
            Column(
                "guidance_vi",
                Bilingual("Hướng dẫn tiếng Việt", "Guidance in Vietnamese"),
                long_text(LONGEST_GUIDANCE),
                is_words=True,
                shape="long",
            ),
            Column(
                "guidance_en",
                Bilingual("Hướng dẫn tiếng Anh", "Guidance in English"),
                long_text(LONGEST_GUIDANCE),
                is_words=True,
                shape="long",
            ),
            POSITION,
        ),
        key=("key",),
        order=("position",),
        shown=("name_vi", "name_en", "key"),
        check_end=checks.last_of_all,
    ),
    RuleKind(
        "visibility",
        VisibilityReason,
        Bilingual("Lý do không công khai", "Reasons for not publishing"),
        Bilingual("Lý do", "Reason"),
        Bilingual(
            "Hồ sơ có lý do này được thống kê nhưng không bao giờ hiện công khai.",
            "A case with such a reason is counted, and never shown to the public.",
        ),
        FROM_THE_DAY,
        (code_column("key", 40), *name_columns(), POSITION),
        key=("key",),
        order=("position",),
        shown=("name_vi", "name_en", "key"),
        check_end=checks.last_of_all,
    ),
)
