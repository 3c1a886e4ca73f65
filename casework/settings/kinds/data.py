"""The register of processing (sổ hoạt động xử lý dữ liệu cá nhân), as rows an administrator keeps: a change is another row from its day
on.

It is shown to inspectors and to the authority, and therefore written in Vietnamese; its name is in both languages.
"""

from casework.bilingual import Bilingual
from casework.models import ProcessingActivity
from casework.setting_values import VALUES, whole
from casework.settings.importing.columns import Column, line, long_text, of_codes
from casework.settings.importing.rows import RuleKind
from casework.settings.kinds.shared_columns import code_column, name_columns

LONGEST_TEXT = 2_000
KEPT_BY: dict[str, Bilingual] = {
    "": Bilingual("Không theo giá trị chung", "By no single value"),
    **{
        key: VALUES[key].name
        for key in (
            "mask_identity_months", "unused_account_months", "unsent_photo_days", "draft_days", "export_days", "identity_export_hours",
            "sent_message_days", "citizen_session_days", "staff_session_hours", "block_days", "backup_days",
        )
    },
}  # fmt: skip
"""The settings for retention times: a row points to one, so that the register says what is really done."""


def _text(name: str, vi: str, en: str, hint: Bilingual | None = None) -> Column:
    return Column(name, Bilingual(vi, en), long_text(LONGEST_TEXT), hint=hint, shape="long")


DATA: tuple[RuleKind, ...] = (
    RuleKind(
        "processing",
        ProcessingActivity,
        Bilingual("Hoạt động xử lý dữ liệu cá nhân", "Processing of personal data"),
        Bilingual("Hoạt động xử lý", "Processing activity"),
        Bilingual(
            "Dữ liệu nào được dùng vào việc gì, theo căn cứ nào, ai nhận, giữ bao lâu; thanh tra và cơ quan chuyên trách đọc.",
            "Which data are used for what, on which basis, who gets them, how long they are kept; for inspectors and the authority.",
        ),
        Bilingual(
            "Áp dụng từ ngày được chọn; sổ của những ngày trước giữ nguyên như đã ghi.",
            "It counts from the chosen day on; the register of earlier days stays as it was.",
        ),
        (
            code_column("key", 40),
            *name_columns(is_words=False),
            Column("position", Bilingual("Thứ tự", "Order"), whole(0, 999)),
            _text("purpose", "Mục đích", "Purpose"),
            _text("legal_basis", "Căn cứ pháp lý", "Legal basis"),
            _text("data_kinds", "Loại dữ liệu", "Kinds of data"),
            _text("people", "Dữ liệu của ai", "Whose data"),
            _text("recipients", "Bên nhận", "Recipients"),
            Column(
                "kept_by", Bilingual("Giá trị chung về thời gian giữ", "Single value of how long"), line(40), choices=of_codes(KEPT_BY),
                codes=KEPT_BY, is_required=False,
                hint=Bilingual("Sổ hiện giá trị đang đặt, để luôn đúng.", "The register shows the value that is set, so that it is true."),
            ),
            _text("kept", "Giữ bao lâu", "How long"),
            _text("protection", "Biện pháp bảo vệ", "Protective measures"),
            Column("answers_for_it", Bilingual("Ai chịu trách nhiệm", "Who answers for it"), line(200)),
        ),
        key=("key",),
        order=("position", "key"),
        shown=("name_vi", "name_en", "kept_by", "answers_for_it"),
    ),
)  # fmt: skip
