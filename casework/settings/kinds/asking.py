"""The rules for what is asked in the form: the extra questions of a field."""

from casework.asking.questions import KINDS as QUESTION_KINDS
from casework.asking.questions import LONGEST_OPTION, MOST_OPTIONS
from casework.bilingual import Bilingual
from casework.models import ExtraQuestion
from casework.setting_values import whole
from casework.settings import choices as chosen
from casework.settings.importing.columns import Column, line, long_text, of_codes, tick
from casework.settings.importing.rows import RuleKind
from casework.settings.kinds.shared_columns import LONGEST_HINT, POSITION, code_column
from casework.settings.question_checks import check_question

LARGEST = 1_000_000
LONGEST_QUESTION = 200
LONGEST_OPTIONS = MOST_OPTIONS * (LONGEST_OPTION + 2)


def _words(name: str, vi: str, en: str, longest: int, hint: Bilingual | None = None, *, falls_back_to: str = "") -> Column:
    return Column(
        name, Bilingual(vi, en), line(longest), hint, is_required=name == "name_vi", empty="", is_words=True, falls_back_to=falls_back_to
    )  # fmt: skip


def _tick(name: str, vi: str, en: str, hint: Bilingual | None = None, *, begins_ticked: bool = False) -> Column:
    return Column(
        name, Bilingual(vi, en), tick, shape="tick", is_required=False, empty=False, hint=hint, begins_ticked=begins_ticked
    )  # fmt: skip


AS_VIETNAMESE = Bilingual("Để trống thì dùng tiếng Việt.", "Empty: the Vietnamese words.")

ASKING: tuple[RuleKind, ...] = (
    RuleKind(
        "extra_question",
        ExtraQuestion,
        Bilingual("Câu hỏi thêm", "Extra questions"),
        Bilingual("Câu hỏi thêm", "Extra question"),
        Bilingual(
            "Người gửi chọn lĩnh vực thì được hỏi thêm các câu này; câu trả lời được bảo mật và biên tập như nội dung phản ánh.",
            "Whoever chooses the field is asked these, too; answers are sealed and cleared like the words of a report.",
        ),
        Bilingual(
            "Áp dụng cho phản ánh gửi từ ngày được chọn; câu đã trả lời vẫn giữ lời hỏi lúc đó.",
            "It counts for reports sent from that day on; what was answered keeps the question as it was asked.",
        ),
        (
            Column("service_code", Bilingual("Lĩnh vực", "Field of work"), line(40), choices=chosen.fields, is_fixed=True),
            code_column("code", 40),
            POSITION,
            Column("kind", Bilingual("Loại câu hỏi", "Kind"), line(6), choices=of_codes(QUESTION_KINDS), codes=QUESTION_KINDS),
            _words("name_vi", "Câu hỏi tiếng Việt", "Question in Vietnamese", LONGEST_QUESTION,
                   Bilingual("Của thông báo: câu nói việc này không nhận ở đây.", "Of a notice: says that this is not taken here.")),
            _words("name_en", "Câu hỏi tiếng Anh", "Question in English", LONGEST_QUESTION, AS_VIETNAMESE, falls_back_to="name_vi"),
            _words("hint_vi", "Gợi ý tiếng Việt", "Hint in Vietnamese", LONGEST_HINT,
                   Bilingual("Của thông báo: gọi hoặc gửi đến đâu.", "Of a notice: whom to call instead.")),
            _words("hint_en", "Gợi ý tiếng Anh", "Hint in English", LONGEST_HINT, AS_VIETNAMESE, falls_back_to="hint_vi"),
            Column("least", Bilingual("Số nhỏ nhất", "Least number"), whole(0, LARGEST), is_required=False),
            Column("most", Bilingual("Số lớn nhất", "Largest number"), whole(0, LARGEST), is_required=False),
            Column("options_vi", Bilingual("Các mục tiếng Việt", "Options in Vietnamese"), long_text(LONGEST_OPTIONS), is_required=False,
                   empty="", shape="long",
                   hint=Bilingual(f"Mỗi dòng một mục, tối đa {MOST_OPTIONS}.", f"One a line, {MOST_OPTIONS} at most.")),
            Column("options_en", Bilingual("Các mục tiếng Anh", "Options in English"), long_text(LONGEST_OPTIONS), is_required=False,
                   empty="", falls_back_to="options_vi", shape="long", hint=AS_VIETNAMESE),
            _tick("is_required", "Bắt buộc trả lời", "Has to be answered"),
            _tick("for_citizens", "Hỏi trong biểu mẫu trên mạng", "Asked in the form on the internet", begins_ticked=True),
            _tick("for_operators", "Hỏi khi tiếp nhận qua điện thoại, tại quầy", "Asked when a call or visitor is taken",
                  begins_ticked=True),
            _tick("may_send", "Vẫn cho gửi", "May be sent all the same",
                  Bilingual("Của thông báo: người gửi đọc rồi vẫn có thể gửi.", "Of a notice: whoever has read it may send all the same.")),
        ),
        key=("service_code", "code"),
        order=("service_code", "position"),
        shown=("name_vi", "service_code", "kind", "is_required"),
        check=check_question,
        filters=("service_code", "kind"),
    ),
)  # fmt: skip
