"""Finding words that may identify the writer of a text, for the operator who clears it (rules.md, section 2). It suggests; a person
decides.

A superfluous mark costs a glance, a missing one a secret; yet where everything is marked nobody looks. Names without any indication,
dates, quantities, road numbers, codes and offices are therefore not marked.
"""

import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import NamedTuple

from casework.bilingual import Bilingual


class MarkKind(StrEnum):
    PHONE = "phone"
    EMAIL = "email"
    NAME = "name"
    PERSON = "person"
    HOUSE = "house"
    ID_NUMBER = "id_number"
    BANK = "bank"
    PLATE = "plate"


MARK_LABELS: dict[MarkKind, Bilingual] = {
    MarkKind.PHONE: Bilingual("số điện thoại", "telephone number"),
    MarkKind.EMAIL: Bilingual("thư điện tử", "e-mail address"),
    MarkKind.NAME: Bilingual("tên người gửi", "name of the sender"),
    MarkKind.PERSON: Bilingual("tên người khác", "name of somebody else"),
    MarkKind.HOUSE: Bilingual("số nhà", "house number"),
    MarkKind.ID_NUMBER: Bilingual("số giấy tờ", "identity number"),
    MarkKind.BANK: Bilingual("số tài khoản", "account number"),
    MarkKind.PLATE: Bilingual("biển số xe", "number plate"),
}

NEUTRAL_WORDS: dict[MarkKind, str] = {
    MarkKind.PHONE: "[số điện thoại]",
    MarkKind.EMAIL: "[thư điện tử]",
    MarkKind.NAME: "[tên người gửi]",
    MarkKind.PERSON: "[một người]",
    MarkKind.HOUSE: "[số nhà]",
    MarkKind.ID_NUMBER: "[số giấy tờ]",
    MarkKind.BANK: "[số tài khoản]",
    MarkKind.PLATE: "[biển số xe]",
}
"""Neutral Vietnamese replacements, since the words for agencies are Vietnamese."""

WEAK = frozenset({MarkKind.PERSON, MarkKind.PLATE})
"""Kinds that may be the matter itself (a person, a vehicle): marked, but never replaced without a look at each."""


class Mark(NamedTuple):
    """A stretch of the text, as offsets."""

    start: int
    end: int
    kind: MarkKind


class Piece(NamedTuple):
    """A piece of a text, plain or marked."""

    text: str
    kind: MarkKind | None


_SMALL = "a-zàáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ"
_LARGE = _SMALL.upper()
_KHO = rf"K['’ʼ]\s?[{_LARGE}][{_SMALL}]*"
NAME_WORD = rf"(?:{_KHO}|[{_LARGE}][{_SMALL}’']*(?![{_LARGE}])|[{_LARGE}]{{2,}}(?![{_SMALL}]))"
"""A word of a name: capitalised, all in capitals, or in K'Ho spelling."""
_BLANK = r"[ \t]+"
_NAME = rf"{NAME_WORD}(?:{_BLANK}{NAME_WORD}){{0,4}}"
_NUMBER = r"\d{1,4}[a-zA-Z]?(?:/\d{1,4}[a-zA-Z]?)*(?![\d/])"
_SLASHED = r"\d{1,4}[a-zA-Z]?(?:/\d{1,4}[a-zA-Z]?)+(?![\d/])"

_OFFICES = frozenset(
    """
    Trưởng Phó Bí Đảng Chủ Công Giáo Bác Giám Hiệu Hội Tổ Cán Người Dân Thôn Xã Phường Huyện Tỉnh Khu Trạm Trường Ban Phòng Trung Đội
    Quốc Đường Hạt Chi Tết Cựu Nguyên Thanh UBND HĐND MTTQ CSGT Ủy Cảnh Kiểm Đoàn Đồn Hộ Tôi Con Nhà Em Xin Mong Nhờ Kính Nhân
    """.split()  # noqa: SIM905
)
"""Capitalised words that begin an office, a body or a new sentence, not a name."""
_OFFICES_OR_NAMES = frozenset(("Thanh", "Trung", "Quốc", "Công", "Dân", "Nguyên", "Nhân", "Đoàn", "Kiểm"))
_OFFICE_ENDS = frozenset(
    """
    thôn thư viên tịch an bộ dân phó trưởng đốc sĩ niên binh tá đội xã ban phòng tâm hội nghiệp tra lâm y ủy phố gia lộ viện
    """.split()  # noqa: SIM905
)
_NEXT_WORD = re.compile(r"[ \t]+(\w+)")
_BEFORE_DATES = re.compile(r"(?i:ngày|hôm|sáng|trưa|chiều|tối|đêm|từ|đến|mùng|mồng|tháng|tỷ lệ|khoảng|được)\s+$")
_BEFORE_PLACES = re.compile(r"(?i:núi|đường|phố|quán|trường|hồ|cầu|chùa|đền|tượng|công ty|đưng|thôn|buôn|xã|dốc|suối)\s+$")
_KHO_PLACES = re.compile(r"K['’ʼ]\s?(?:Nớ|No|Long|Lanh)\b")


def _is_no_office(text: str, match: re.Match[str]) -> bool:
    """Whether the words are a name and not an office: "tôi là Trưởng thôn" and "tôi là Công an" name nobody, "tôi là Thanh" does."""
    first = match.group(1).split()[0]
    if first not in _OFFICES:
        return True
    after = _NEXT_WORD.match(text, match.start(1) + len(first))
    return first in _OFFICES_OR_NAMES and not (after and after[1].lower() in _OFFICE_ENDS)


def _is_no_date(text: str, match: re.Match[str]) -> bool:
    return not _BEFORE_DATES.search(_before(text, match.start(1)))


def _is_no_place(text: str, match: re.Match[str]) -> bool:
    return not _BEFORE_PLACES.search(_before(text, match.start())) and _is_no_office(text, match)


def _is_somebody(text: str, match: re.Match[str]) -> bool:
    return not _BEFORE_PLACES.search(_before(text, match.start())) and not _KHO_PLACES.match(match.group(1))


def _before(text: str, at: int) -> str:
    """The few characters before a position that indicate what follows."""
    return text[max(0, at - 20) : at]


_Judge = Callable[[str, "re.Match[str]"], bool]

_PATTERNS: tuple[tuple[MarkKind, re.Pattern[str], _Judge | None], ...] = (
    (MarkKind.EMAIL, re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+"), None),
    (
        MarkKind.ID_NUMBER,
        re.compile(
            r"(?i:cccd|cmnd|cmt|căn cước(?: công dân)?|chứng minh(?: nhân dân| thư)?|hộ chiếu|thẻ bhyt|mã số thuế|mst)(?i:[ :]+số)?[ :]+"
            r"([A-Z]{0,2}\d(?:[ .]?\d){5,14})(?!\d)"
        ),
        None,
    ),
    (MarkKind.ID_NUMBER, re.compile(r"(?<![\d.,/])(0\d{2}[ .]?\d{3}[ .]?\d{3}[ .]?\d{3})(?![\d/])"), None),
    (
        MarkKind.BANK,
        re.compile(r"(?i:stk|số tài khoản|tài khoản(?: số| ngân hàng)?|\btk)(?: [A-Za-z]{3,12})?[ :]+(\d(?:[ .-]?\d){5,18})(?!\d)"),
        None,
    ),
    (MarkKind.PHONE, re.compile(r"(?<![\d.,/])((?:\+?84|0)(?:[ .-]?\d){8,10})(?!\d)"), None),
    (MarkKind.PHONE, re.compile(r"(\(0\d{2,3}\)(?:[ .-]?\d){6,8})(?!\d)"), None),
    (
        MarkKind.PLATE,
        re.compile(
            r"(?<![\w-])([1-9]\d[- ]?(?:[A-Z]{1,2}|[A-Z]\d|MĐ\d)[- .]?(?:\d{3}\.?\d{2}|(?<=-)\d{4})|"
            r"[1-9]\d-?[a-z]\d?[- ]\d{3}\.?\d{2})(?![\w.]*\d)"
        ),
        None,
    ),
    (
        MarkKind.NAME,
        re.compile(
            r"(?<!\w)(?i:tôi tên là|tôi tên|tên tôi là|tên tôi|tôi là|tên là|em là|em tên là|em tên|cháu là|cháu tên là|"
            r"cháu tên|con là|mình là|mình tên|toi ten la|toi ten|ten toi la|ten toi|toi la|ten la|chau la|minh la|em la|em ten|chau ten|"
            rf"họ tên|họ và tên|ho ten|ho va ten|người gửi|người viết đơn|người phản ánh|ký tên)(?:{_BLANK}|[ \t]*:[ \t]*)({_NAME})"
        ),
        _is_no_office,
    ),
    (MarkKind.HOUSE, re.compile(rf"(?i:số nhà|nhà số|nhà tôi ở số|nhà tôi số|so nha|nha so)[ :]+({_NUMBER})"), None),
    (MarkKind.HOUSE, re.compile(rf"(?<!\w)(?i:hẻm|ngõ|kiệt|ngách|hem)(?i: số)? ({_SLASHED})"), None),
    (MarkKind.HOUSE, re.compile(rf"(?<!\w)(?i:số|địa chỉ:?|ở) ({_NUMBER}),? (?i:đường|phố|hẻm|ngõ)\b"), _is_no_date),
    (MarkKind.HOUSE, re.compile(rf"(?<![\w/.,-])({_SLASHED}),? (?:(?i:đường|phố) )?{NAME_WORD} {NAME_WORD}"), _is_no_date),
    (MarkKind.PERSON, re.compile(rf"(?<![\w/])(?i:anh|chị|ông|bà|cô|chú|bác|cậu|thầy|cụ|dì)(?!/){_BLANK}({_NAME})"), _is_no_place),
    (MarkKind.PERSON, re.compile(rf"(?<![\w'’])({NAME_WORD} (?:Văn|Thị|Đình|Hữu) {NAME_WORD})"), _is_somebody),
    (MarkKind.PERSON, re.compile(rf"(?<![\w'’])({_KHO}|(?:Ka|Kơ|Ha|Cil|Rơ Ông|Lơ Mu|Bon Niêng|K) {_NAME})"), _is_somebody),
)


def personal_marks(text: str) -> list[Mark]:
    """Return the stretches that may be personal data, in order and without overlaps; of two overlapping ones the earlier, longer one."""
    found = sorted(_found(text), key=lambda mark: (mark.start, -mark.end))
    kept: list[Mark] = []
    for mark in found:
        if not kept or mark.start >= kept[-1].end:
            kept.append(mark)
    return kept


def marked_pieces(text: str) -> list[Piece]:
    """Cut a text into plain and marked pieces that together make up the text."""
    pieces, at = [], 0
    for mark in personal_marks(text):
        pieces.append(Piece(text[at : mark.start], None))
        pieces.append(Piece(text[mark.start : mark.end], mark.kind))
        at = mark.end
    pieces.append(Piece(text[at:], None))
    return [piece for piece in pieces if piece.text]


def neutral(text: str) -> str:
    """Return the text with neutral words for marked stretches, except those that may be the matter itself (WEAK)."""
    return "".join(piece.text if piece.kind is None or piece.kind in WEAK else NEUTRAL_WORDS[piece.kind] for piece in marked_pieces(text))


def _found(text: str) -> Iterator[Mark]:
    for kind, pattern, judge in _PATTERNS:
        for match in pattern.finditer(text):
            if judge is None or judge(text, match):
                start, end = match.span(1) if pattern.groups else match.span()
                yield Mark(start, end, kind)
