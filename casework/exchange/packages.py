"""What a package says, in plain values. Texts are in one piece, without spaces at their ends; an element that is empty is an empty text.

Names follow the elements of QCVN 102:2016/BTTTT with Sửa đổi 1:2022; days are local days, times are in local time (+07:00).
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum
from typing import Self

from casework.bilingual import Bilingual
from casework.parsing import ORGAN_ID

NAMESPACE = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
TIME = "%Y/%m/%d %H:%M:%S"

_DAY = re.compile(r"[0-9]{4}/[0-9]{2}/[0-9]{2}")
LONGEST_CODE = 100
"""Characters of number and notation."""


class Business(IntEnum):
    """What a package is to do (BussinessDocType)."""

    NEW = 0
    TAKEN_BACK = 1
    UPDATED = 2
    REPLACES = 3


def is_organ_id(text: str) -> bool:
    """Whether this is an identifier of a body: H36.12.04 (QĐ 20/2020/QĐ-TTg), or the older 000.00.12.H36."""
    return ORGAN_ID.fullmatch(text) is not None


def day_of(text: str) -> date | None:
    """The day written as yyyy/MM/dd; None where it is no day."""
    if _DAY.fullmatch(text) is None:
        return None
    try:
        return date(*map(int, text.split("/")))
    except ValueError:
        return None


def day_text(day: date) -> str:
    return day.isoformat().replace("-", "/")


@dataclass(frozen=True, slots=True)
class DocumentId:
    """The one name of a document: who issued it, its day, its number with notation (17/TB-TTĐH)."""

    organ: str
    day: date
    code: str

    def __str__(self) -> str:
        return f"{self.organ},{day_text(self.day)},{self.code}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read `H36.12.04,2026/12/03,17/TB-TTĐH`; None unless it has three parts, an identifier, a real day and a code."""
        organ, *rest = [part.strip() for part in text.split(",")]
        if len(rest) != 2 or not is_organ_id(organ):
            return None
        day, code = day_of(rest[0]), rest[1]
        return cls(organ, day, code) if day is not None and 0 < len(code) <= LONGEST_CODE else None


@dataclass(frozen=True, slots=True)
class Organ:
    """A body as sender or receiver."""

    id: str
    name: str = ""
    in_charge: str = ""
    address: str = ""
    email: str = ""
    telephone: str = ""
    fax: str = ""
    website: str = ""


@dataclass(frozen=True, slots=True)
class DocumentType:
    """Kind of a document. Systems differ in whether the number of the kind stands in `type` or in `detail`."""

    type: str = ""
    detail: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Signer:
    competence: str = ""
    position: str = ""
    full_name: str = ""


@dataclass(frozen=True, slots=True)
class Staff:
    department: str = ""
    name: str = ""
    email: str = ""
    mobile: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """A document this one answers, takes back or replaces (ResponseFor). `document` is None where its name was not given as one."""

    organ_id: str = ""
    code: str = ""
    document: DocumentId | None = None
    day: date | None = None


@dataclass(frozen=True, slots=True)
class ReceiverChange:
    """A receiver that an update adds or removes. Systems differ in which number means which."""

    organ_id: str
    type: str


@dataclass(frozen=True, slots=True)
class Update:
    """What an update changes: the document, its receivers, or both (1 or 0 each)."""

    document: str = "0"
    receiver: str = "0"
    receivers: tuple[ReceiverChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Replaced:
    """A document that is replaced, and for whom."""

    document: DocumentId
    organ_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """A system the package went through, and when."""

    organ_id: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file. Its alleged name and type prove nothing; `shown` is whether its first bytes are of a kind that may be shown."""

    name: str
    content: bytes
    media_type: str = "application/pdf"
    description: str = ""
    content_id: str = ""
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Package:
    """A document with its files. `paper`: paper follows. `is_signed`: an XML signature came along; nothing relies on it."""

    sender: Organ
    receivers: tuple[Organ, ...]
    document: DocumentId
    number: str
    notation: str
    subject: str
    business: Business = Business.NEW
    reason: str = ""
    promulgated_on: date | None = None
    place: str = ""
    type: DocumentType = DocumentType()
    content: str = ""
    signer: Signer = Signer()
    due_on: date | None = None
    priority: str = "0"
    pages: str = ""
    answers: tuple[Answered, ...] = ()
    places: tuple[str, ...] = ()
    traces: tuple[Trace, ...] = ()
    paper: bool = False
    update: Update | None = None
    replaces: tuple[Replaced, ...] = ()
    staff: Staff = Staff()
    attachments: tuple[Attachment, ...] = ()
    is_signed: bool = False


@dataclass(frozen=True, slots=True)
class Status:
    """What became of a document at who received it. `at` is None where no time could be read."""

    sender: Organ
    answers: Answered
    code: str
    description: str = ""
    at: datetime | None = None
    staff: Staff = Staff()
    is_signed: bool = False


STATUSES = tuple(f"{number:02}" for number in range(1, 17))
ARRIVED, REFUSED, BOOKED, ASSIGNED, HANDLED, FINISHED = STATUSES[:6]
ASKED_BACK, AGREED, NOT_AGREED = "13", "15", "16"

_WORDS: dict[str, Bilingual] = {
    ARRIVED: Bilingual("Đã đến, chưa xử lý", "Arrived, not yet handled"),
    REFUSED: Bilingual("Bị từ chối", "Refused"),
    BOOKED: Bilingual("Đã tiếp nhận, vào sổ", "Received and booked"),
    ASSIGNED: Bilingual("Đã phân công", "Assigned"),
    HANDLED: Bilingual("Đang xử lý", "Being handled"),
    FINISHED: Bilingual("Đã hoàn thành", "Finished"),
    ASKED_BACK: Bilingual("Bên gửi xin lấy lại", "Asked back by the sender"),
    AGREED: Bilingual("Đồng ý cập nhật, thu hồi", "Agreed to update or taking back"),
    NOT_AGREED: Bilingual("Không đồng ý cập nhật, thu hồi", "Did not agree to update or taking back"),
}


def status_words(code: str) -> Bilingual:
    """A status in words; those no source explains are told as their number."""
    return _WORDS.get(code, Bilingual(f"Trạng thái {code}", f"Status {code}"))
