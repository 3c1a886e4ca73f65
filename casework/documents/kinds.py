"""The kinds of documents: the name, writer and issuer of each (NĐ 30/2020/NĐ-CP, Phụ lục I and III)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement

from casework.bilingual import Bilingual
from casework.models import Letter
from casework.permissions import OPERATIONS, Role

LATE_LIST = "late_list"
APOLOGY = "apology"
TRANSFER_SLIP = "transfer_slip"
ANSWER = "answer"
EXTENSION_NOTICE = "extension_notice"
REFUSAL_NOTICE = "refusal_notice"
HANDOVER_MINUTES = "handover_minutes"
PERIOD_REPORT = "period_report"
AGENCY_SHEET = "agency_sheet"
YEARBOOK = "yearbook"


class About(StrEnum):
    CASE = "case"
    AGENCY = "agency"
    PERIOD = "period"


class Issuer(StrEnum):
    """In whose name a document goes out, which decides its letterhead and the book it is numbered in."""

    CENTRE = "centre"
    """The centre; an agency named in the row is the addressee."""
    NAMED_AGENCY = "named_agency"
    """The agency the row names; the centre where it names none."""


@dataclass(frozen=True, slots=True)
class LetterKind:
    """One kind. `abbreviation` stands before the symbol; `type_name` is the name of the type (tên loại). A plain official letter
    (công văn) has neither. `to_senders`: the senders of the case's reports find it on their own pages.
    """

    key: str
    name: Bilingual
    abbreviation: str | None
    type_name: str | None
    written_by: frozenset[Role]
    about: About
    issuer: Issuer
    to_senders: bool = False

    def symbol(self, head_symbol: str) -> str:
        """The symbol after the number: PC-IOC, or IOC for a plain letter; empty where the letterhead has none."""
        if not head_symbol:
            return ""
        return f"{self.abbreviation}-{head_symbol}" if self.abbreviation else head_symbol


_LEADERS = OPERATIONS | {Role.AGENCY_LEADER}
_CENTRE, _AGENCY = Issuer.CENTRE, Issuer.NAMED_AGENCY

KINDS: Mapping[str, LetterKind] = {
    kind.key: kind
    for kind in (
        LetterKind(LATE_LIST, Bilingual("Công văn nhắc hồ sơ trễ hạn", "Reminder of late cases"), None, None, OPERATIONS, About.AGENCY,
                   _CENTRE),
        LetterKind(APOLOGY, Bilingual("Thư xin lỗi và hẹn lại ngày", "Apology and new day"), None, None, _LEADERS, About.CASE, _AGENCY,
                   to_senders=True),
        LetterKind(TRANSFER_SLIP, Bilingual("Phiếu chuyển", "Transfer slip"), "PC", "Phiếu chuyển", OPERATIONS, About.CASE, _CENTRE),
        LetterKind(ANSWER, Bilingual("Công văn trả lời", "Answer letter"), None, None, _LEADERS, About.CASE, _AGENCY, to_senders=True),
        LetterKind(EXTENSION_NOTICE, Bilingual("Thông báo gia hạn", "Notice of more time"), "TB", "Thông báo", _LEADERS, About.CASE,
                   _AGENCY, to_senders=True),
        LetterKind(REFUSAL_NOTICE, Bilingual("Thông báo không tiếp nhận", "Notice of refusal"), "TB", "Thông báo", OPERATIONS, About.CASE,
                   _CENTRE, to_senders=True),
        LetterKind(HANDOVER_MINUTES, Bilingual("Biên bản bàn giao", "Minutes of hand-over"), "BB", "Biên bản",
                   OPERATIONS | {Role.CONFIDENTIAL_READER}, About.CASE, _CENTRE),
        LetterKind(PERIOD_REPORT, Bilingual("Báo cáo kỳ", "Periodic report"), "BC", "Báo cáo", frozenset({Role.OPS_LEAD}), About.PERIOD,
                   _CENTRE),
        LetterKind(AGENCY_SHEET, Bilingual("Phiếu kết quả của đơn vị", "Agency sheet"), "TB", "Thông báo", frozenset({Role.OPS_LEAD}),
                   About.PERIOD, _CENTRE),
        LetterKind(YEARBOOK, Bilingual("Báo cáo công khai hằng năm", "Public yearbook"), "BC", "Báo cáo", frozenset({Role.OPS_LEAD}),
                   About.PERIOD, _CENTRE),
    )
}  # fmt: skip
"""Every value of letter.kind."""

TO_SENDERS = frozenset(kind.key for kind in KINDS.values() if kind.to_senders)


def kind_of(letter: Letter) -> LetterKind:
    return KINDS[letter.kind]


def issuer_agency_id(letter: Letter) -> int | None:
    """The agency whose letterhead and book a letter uses; None for the centre's."""
    return letter.agency_id if kind_of(letter).issuer is Issuer.NAMED_AGENCY else None


def symbol_of(letter: Letter) -> str:
    """The symbol after its number: as given with the number, else from the letterhead of the day; empty where the paper leaves room."""
    head = letter.content.get("head") or {}
    return letter.symbol or kind_of(letter).symbol(str(head.get("symbol", "")))


def is_of_the_centre() -> ColumnElement[bool]:
    """The condition for letters in the name of a centre, numbered in its book."""
    by_the_centre = [kind.key for kind in KINDS.values() if kind.issuer is Issuer.CENTRE]
    return Letter.kind.in_(by_the_centre) | Letter.agency_id.is_(None)
