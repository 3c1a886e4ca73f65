"""Rules that support handling: phrases, templates of answers, cameras, letterheads."""

import re

from casework.answers.acts import LONGEST_CONTACT, LONGEST_PART, PARTS
from casework.answers.templates import LONGEST_NAME
from casework.bilingual import Bilingual
from casework.models import Agency, AnswerTemplate, Area, Camera, ConsentNotice, Letterhead, ReadyText, SecondFactorRule, SuggestionRule
from casework.permissions import Role
from casework.setting_values import ValueRefused, whole
from casework.settings import choices as chosen
from casework.settings.consent_notices import LONGEST_NOTICE, LONGEST_VERSION, check_notice, check_notice_end, remark_on_notice
from casework.settings.importing import row_checks as checks
from casework.settings.importing.columns import Column, degrees, line, long_text, of_codes
from casework.settings.importing.rows import RuleKind
from casework.settings.kinds.shared_columns import POSITION, name_columns
from casework.settings.role_labels import ROLE_WORDS
from casework.steps.ready_texts import LONGEST as LONGEST_READY_TEXT
from casework.steps.ready_texts import PURPOSES
from casework.text import normal

LONGEST_GRACE = 90
ROLES: dict[str, Bilingual] = {str(role): ROLE_WORDS[role] for role in Role}


LASTING_NAMES = name_columns(
    LONGEST_NAME,
    is_fixed=True,
    is_words=False,
    hint=Bilingual(f"Tối đa {LONGEST_NAME} ký tự; không đổi được sau này.", f"{LONGEST_NAME} characters at most; it stays."),
)
"""The names of what is known by them, in both languages."""


def _part(name: str) -> Column:
    longest = LONGEST_CONTACT if name == "contact" else LONGEST_PART
    hint = Bilingual(
        "Chỗ điền như {code}, {place}, {agency}; dấu … để cán bộ tự điền.",
        "Places such as {code}, {place}, {agency}; … is left to the writer.",
    )
    return Column(
        name,
        PARTS[name],
        line(longest) if name == "contact" else long_text(longest),
        hint=hint if name == "findings" else None,
        is_required=name in ("findings", "actions"),
        empty="",
        is_words=True,
        shape="line" if name == "contact" else "long",
    )


def _head(name: str, vi: str, en: str, longest: int, *, is_required: bool = True) -> Column:
    return Column(name, Bilingual(vi, en), line(longest), is_required=is_required, empty="", is_words=True)


def version_name(typed: str) -> str:
    """The name of a version in an address."""
    text = normal(typed)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*", text) or len(text) > LONGEST_VERSION:
        raise ValueRefused(
            f"Tối đa {LONGEST_VERSION} ký tự: chữ cái không dấu, chữ số, dấu chấm, dấu gạch ngang.",
            f"{LONGEST_VERSION} characters at most: letters without accents, digits, points, hyphens.",
        )
    return text


BESIDE: tuple[RuleKind, ...] = (
    RuleKind(
        "phrase",
        SuggestionRule,
        Bilingual("Cụm từ gợi ý", "Phrases that suggest"),
        Bilingual("Cụm từ", "Phrase"),
        Bilingual(
            "Từ ngữ trong phản ánh gợi ý lĩnh vực hoặc mức khẩn; người phân loại quyết định.",
            "Words of a report that speak for a field or for urgency; a person decides.",
        ),
        Bilingual("Áp dụng cho lần mở trang phân loại từ ngày được chọn.", "It counts whenever a page is opened from that day on."),
        (
            Column(
                "kind",
                Bilingual("Gợi ý về", "Speaks of"),
                line(8),
                choices=of_codes(chosen.PHRASE_KINDS),
                is_fixed=True,
                codes=chosen.PHRASE_KINDS,
            ),
            Column("phrase", Bilingual("Cụm từ", "Phrase"), line(80), is_fixed=True),
            Column("target", Bilingual("Gợi ý", "Suggests"), line(40), choices=chosen.targets, codes={"urgent": chosen.URGENT_TARGET}),
            Column(
                "weight",
                Bilingual("Trọng số", "Weight"),
                whole(1, 10),
                hint=Bilingual("1 (yếu) đến 10 (mạnh).", "1 (weak) to 10 (strong)."),
            ),
        ),
        key=("kind", "phrase"),
        order=("kind", "target", "phrase"),
        shown=("phrase", "target", "weight"),
        check=checks.check_phrase,
        filters=("target",),
    ),
    RuleKind(
        "answer_template",
        AnswerTemplate,
        Bilingual("Mẫu trả lời chung", "Common templates of answers"),
        Bilingual("Mẫu trả lời", "Template of answers"),
        Bilingual("Mọi đơn vị có thể bắt đầu câu trả lời từ các mẫu này.", "Every agency may begin an answer with these."),
        Bilingual("Áp dụng cho câu trả lời được soạn từ ngày được chọn.", "It counts for answers written from that day on."),
        (
            *LASTING_NAMES,
            Column("service_code", Bilingual("Lĩnh vực", "Field of work"), line(40), choices=chosen.any_field, codes={"": chosen.ANY}),
            POSITION,
            *(_part(name) for name in PARTS),
        ),
        key=("name_vi",),
        order=("position",),
        shown=("name_vi", "name_en", "service_code"),
        set_beside={"agency_id": None},
        where=lambda: (AnswerTemplate.agency_id.is_(None),),
        check=checks.check_template,
        replaces_by=(),
        filters=("service_code",),
    ),
    RuleKind(
        "ready_text",
        ReadyText,
        Bilingual("Lời soạn sẵn", "Texts ready"),
        Bilingual("Lời soạn sẵn", "Text ready"),
        Bilingual(
            "Câu hỏi gửi người phản ánh, lời không tiếp nhận và yêu cầu làm lại bắt đầu từ các lời này.",
            "Questions to reporters, refusals and orders to redo may begin with these.",
        ),
        Bilingual("Áp dụng cho lời được soạn từ ngày được chọn.", "It counts for what is written from that day on."),
        (
            Column("purpose", Bilingual("Dùng cho", "Used for"), line(8), choices=of_codes(PURPOSES), is_fixed=True, codes=PURPOSES),
            *LASTING_NAMES,
            Column("service_code", Bilingual("Lĩnh vực", "Field of work"), line(40), choices=chosen.any_field, codes={"": chosen.ANY}),
            POSITION,
            Column(
                "body",
                Bilingual("Nội dung", "Words"),
                long_text(LONGEST_READY_TEXT),
                hint=Bilingual(
                    "Chỗ điền: {code}, {field}, {today}, {reported_on}; dấu … để người soạn tự điền.",
                    "Places: {code}, {field}, {today}, {reported_on}; … is left to the writer.",
                ),
                is_words=True,
                shape="long",
            ),
        ),
        key=("purpose", "name_vi"),
        order=("purpose", "position"),
        shown=("name_vi", "purpose", "service_code"),
        check=checks.check_ready_text,
        replaces_by=(),
        filters=("purpose", "service_code"),
    ),
    RuleKind(
        "camera",
        Camera,
        Bilingual("Camera", "Cameras"),
        Bilingual("Camera", "Camera"),
        Bilingual(
            "Người trực mở hồ sơ từ các camera này và thấy chúng trên bản đồ.",
            "Operators open cases from these cameras and see them on the map.",
        ),
        Bilingual(
            "Áp dụng từ ngày được chọn; hồ sơ đã mở vẫn ghi camera của ngày đó.",
            "It counts from the chosen day on; cases opened before name the camera as it was.",
        ),
        (
            *name_columns(),
            Column("kind", Bilingual("Loại", "RuleKind"), line(10), choices=of_codes(chosen.CAMERA_KINDS), codes=chosen.CAMERA_KINDS),
            Column("area_id", Bilingual("Địa bàn", "Area"), line(16), choices=chosen.areas, points_to=Area, tell=chosen.told_area),
            Column(
                "latitude",
                Bilingual("Vĩ độ", "Latitude"),
                degrees(90, "12.0102"),
                is_required=False,
                hint=Bilingual("Như 12.0102.", "As in 12.0102."),
            ),
            Column(
                "longitude",
                Bilingual("Kinh độ", "Longitude"),
                degrees(180, "108.4267"),
                is_required=False,
                hint=Bilingual("Như 108.4267.", "As in 108.4267."),
            ),
        ),
        key=("name_vi",),
        order=("name_vi",),
        shown=("name_vi", "name_en", "kind", "area_id"),
        for_installation=False,
        check=checks.check_camera,
    ),
    RuleKind(
        "letterhead",
        Letterhead,
        Bilingual("Tiêu đề văn bản", "Letterheads"),
        Bilingual("Tiêu đề văn bản", "Letterhead"),
        Bilingual(
            "Phần đầu và phần ký của văn bản theo Nghị định 30/2020/NĐ-CP.",
            "The head of a letter and who signs it, by Decree 30/2020/NĐ-CP.",
        ),
        Bilingual(
            "Áp dụng cho văn bản lập từ ngày được chọn; văn bản cũ giữ tiêu đề của ngày lập.",
            "It counts for letters made from that day on; earlier ones keep the head of their day.",
        ),
        (
            Column(
                "agency_id",
                Bilingual("Của ai", "Whose"),
                line(16),
                choices=chosen.agencies,
                is_fixed=True,
                points_to=Agency,
                tell=chosen.told_agency,
                codes={"": chosen.THE_CENTRE},
            ),
            _head("parent_body", "Cơ quan chủ quản", "Parent body", 200, is_required=False),
            _head("issuing_body", "Cơ quan ban hành", "Issuing body", 200),
            _head("symbol", "Ký hiệu", "Symbol", 40),
            _head("place", "Địa danh", "Place", 80),
            _head("authority", "Thẩm quyền ký (TM., KT., TL.)", "Authority line (TM., KT., TL.)", 40, is_required=False),
            _head("signer_title", "Chức vụ người ký", "Title of the signer", 120),
            _head("signer_name", "Họ tên người ký", "Name of the signer", 120, is_required=False),
        ),
        key=("agency_id",),
        order=("agency_id",),
        shown=("agency_id", "issuing_body", "symbol", "signer_title", "signer_name"),
        check=checks.check_letterhead,
        filters=("agency_id",),
    ),
    RuleKind(
        "consent_notice",
        ConsentNotice,
        Bilingual("Thông báo xử lý dữ liệu cá nhân", "Notices on personal data"),
        Bilingual("Thông báo xử lý dữ liệu cá nhân", "Notice on personal data"),
        Bilingual(
            "Người gửi đọc thông báo này trước khi đồng ý; phản ánh ghi lại phiên bản đã đọc. Bản mới nhất được hiển thị.",
            "Senders read it before they agree; the report keeps which version it was. The newest is the one shown.",
        ),
        Bilingual(
            "Áp dụng từ ngày được chọn; ai đã đồng ý với bản nào thì vẫn ghi bản đó.",
            "It counts from the chosen day on; who agreed to an earlier one has agreed to that one.",
        ),
        (
            Column(
                "version",
                Bilingual("Phiên bản", "Version"),
                version_name,
                hint=Bilingual("Như 2026-01; mỗi lần đổi chữ là một phiên bản mới.", "As in 2026-01; other words are another version."),
            ),
            *(
                Column(
                    f"body_{code}",
                    label,
                    long_text(LONGEST_NOTICE),
                    hint=Bilingual("Mục đích, ai xem được gì, quyền của người gửi.", "The purpose, who sees what, the sender's rights."),
                    shape="long",
                )
                for code, label in (
                    ("vi", Bilingual("Nội dung tiếng Việt", "Words in Vietnamese")),
                    ("en", Bilingual("Nội dung tiếng Anh", "Words in English")),
                )
            ),
        ),
        key=("version",),
        order=("valid_from", "version"),
        shown=("version",),
        check=check_notice,
        check_end=check_notice_end,
        remark=remark_on_notice,
        replaces_by=(),
    ),
    RuleKind(
        "second_factor",
        SecondFactorRule,
        Bilingual("Vai trò phải xác thực hai lớp", "Roles that need a second factor"),
        Bilingual("Vai trò phải xác thực hai lớp", "Role that needs a second factor"),
        Bilingual(
            "Người giữ vai trò này đăng nhập bằng mật khẩu và mã một lần hoặc khóa truy cập; ai cũng có thể tự bật.",
            "Whoever has the role signs in with a password and a code or passkey; everybody else may choose to.",
        ),
        Bilingual(
            "Từ ngày được chọn, mỗi lần đăng nhập đều được nhắc; hết số ngày gia hạn thì phải thiết lập mới làm việc được.",
            "From the chosen day on people are asked at each sign-in; after the days of grace nothing else opens without.",
        ),
        (
            Column("role", Bilingual("Vai trò", "Role"), line(24), choices=of_codes(ROLES), is_fixed=True, codes=ROLES),
            Column(
                "grace_days",
                Bilingual("Gia hạn (ngày)", "Days of grace"),
                whole(0, LONGEST_GRACE),
                hint=Bilingual("0: bắt buộc ngay.", "0: at once."),
            ),
        ),
        key=("role",),
        order=("role",),
        shown=("role", "grace_days"),
    ),
)
