"""What the numbers of Zalo's answers mean, by table, and what follows from them.

Zalo's three interfaces use the same numbers for other things: `zbs` (templates by telephone, business.openapi.zalo.me), `oa` (the Official
Account, openapi.zalo.me). A number in none of the rows concerns its message alone and is shown as it came. Of the third, `oauth`, every
negative number is a refusal.
"""

import re
from datetime import timedelta
from enum import Enum
from typing import NamedTuple

from casework.bilingual import Bilingual
from casework.messages.sending import Held, Refused, SendFailed, TryLater


class Then(Enum):
    """What follows from an answer that is no success."""

    LATER = "tried again, as often as any"
    PACE = "the channel waits for a minute"
    MORNING = "its template waits until six o'clock"
    NEXT_DAY = "the channel waits for the next day"
    TEMPLATE_NEXT_DAY = "its template waits for the next day"
    THIS_ONE = "never sent again this way"
    THIS_ONE_AND_NOTE = "never sent again this way; the template does not fit"
    TEMPLATE = "an administrator has to mend the template"
    TOKEN = "the permission has to be renewed"
    CHANNEL = "an administrator has to mend the channel"


class Number(NamedTuple):
    """A number's meaning, and what follows."""

    then: Then
    words: Bilingual


PACE = timedelta(seconds=60)
MORNING_HOUR, MIDNIGHT = 6, 0
"""Hours in Vietnam."""

_APP = Bilingual("Ứng dụng Zalo hoặc khóa bí mật của ứng dụng không đúng, hoặc chưa liên kết với Official Account",
                 "The Zalo app or its secret is wrong, or it is not linked to the Official Account")  # fmt: skip
_FORM = Bilingual("Mẫu tin hoặc tham số không khớp với mẫu đã đăng ký ở Zalo",
                 "The template or its parameters differ from those registered")  # fmt: skip
_MONEY = Bilingual("Hết tiền hoặc chưa có tài khoản thanh toán ở Zalo", "There is no money, or no billing account, at Zalo")
_RIGHT = Bilingual("Official Account không được phép dùng mẫu hoặc tính năng này", "The account may not use the template or feature")
_TOKEN = Bilingual("Quyền gửi tin của Official Account đã hết hạn hoặc bị thu hồi", "The account's permission has run out or was withdrawn")
_OA = Bilingual("Official Account hoặc ứng dụng bị khóa, chưa xác thực, thiếu gói dịch vụ hoặc chưa cấp quyền",
                "The account or app is shut, not verified, without a package or not authorised")  # fmt: skip
_PERSON = Bilingual("Người nhận không nhận được tin này qua Zalo", "The recipient cannot be reached by this at Zalo")
_REFUSES = Bilingual("Người nhận từ chối loại tin này", "The recipient refuses this kind of message")
_DAY = Bilingual("Đã hết số tin được gửi trong ngày", "The number of messages of the day is used up")
_PACE = Bilingual("Gửi quá nhanh", "Too many requests at once")
_THEIRS = Bilingual("Lỗi không rõ ở phía Zalo", "A fault at Zalo that is not explained")


def _rows(*rows: tuple[tuple[int, ...], Then, Bilingual]) -> dict[int, Number]:
    return {number: Number(then, words) for numbers, then, words in rows for number in numbers}


NUMBERS: dict[str, dict[int, Number]] = {
    "zbs": _rows(
        ((-32,), Then.PACE, _PACE),
        ((-100,), Then.LATER, _THEIRS),
        ((-101, -102, -103, -104, -105), Then.CHANNEL, _APP),
        ((-106, -107, -109, -111, -112, -113, -116, -122, -132), Then.THIS_ONE_AND_NOTE, _FORM),
        ((-108,), Then.THIS_ONE, Bilingual("Số điện thoại không hợp lệ", "The telephone number is invalid")),
        ((-110, -114), Then.THIS_ONE, _PERSON),
        ((-115, -136, -137), Then.CHANNEL, _MONEY),
        ((-117, -120, -135, -138), Then.CHANNEL, _RIGHT),
        ((-118,), Then.THIS_ONE, Bilingual("Số điện thoại không có tài khoản Zalo", "There is no Zalo account under the number")),
        ((-119,), Then.THIS_ONE, Bilingual("Tài khoản Zalo không nhận được tin ZNS", "The Zalo account cannot receive such messages")),
        ((-124, -155, -216, -220), Then.TOKEN, _TOKEN),
        ((-219, -223), Then.CHANNEL, _OA),
        ((-130,), Then.THIS_ONE_AND_NOTE, Bilingual("Một tham số quá dài", "A parameter is too long")),
        ((-131,), Then.TEMPLATE, Bilingual("Mẫu tin chưa được duyệt hoặc đã bị rút", "The template is not approved, or was withdrawn")),
        ((-133,), Then.MORNING, Bilingual("Không được gửi vào giờ này", "It may not be sent at this hour")),
        ((-139, -141), Then.THIS_ONE, _REFUSES),
        ((-144,), Then.NEXT_DAY, _DAY),
        ((-147,), Then.TEMPLATE_NEXT_DAY, _DAY),
        ((-145, -146), Then.TEMPLATE, Bilingual("Mẫu tin không được phép gửi hoặc bị tắt vì chất lượng thấp",
                                                "The template may not be sent, or is off for bad quality")),
    ),
    "oa": _rows(
        ((-32,), Then.PACE, _PACE),
        ((-320, -321), Then.CHANNEL, _MONEY),
        ((-200, -201, -210, -233), Then.THIS_ONE_AND_NOTE, _FORM),
        ((-204, -205, -219, -221, -223, -224, -235), Then.CHANNEL, _OA),
        ((-211,), Then.NEXT_DAY, _DAY),
        ((-213, -217, -218, -227, -230, -232, -244, -248), Then.THIS_ONE, _PERSON),
        ((-216, -220), Then.TOKEN, _TOKEN),
    ),
}  # fmt: skip


def words_of_number(said: str) -> Bilingual | None:
    """The meaning of what was recorded of an answer ("ZNS -220", "Zalo OA -216"); None for what is no known number."""
    way, _, number = said.rpartition(" ")
    table = {name: table for table, name in NAMES.items()}.get(way)
    known = NUMBERS[table].get(int(number)) if table is not None and re.fullmatch("-[0-9]{1,6}", number) else None
    return known.words if known is not None else None


NAMES = {"zbs": "ZNS", "oa": "Zalo OA"}


def is_about_token(table: str, number: object) -> bool:
    """Whether Zalo refuses the access token."""
    known = NUMBERS[table].get(number) if isinstance(number, int) else None
    return known is not None and known.then is Then.TOKEN


def failure_of(table: str, number: object, *, template: str, is_renewed: bool = False) -> SendFailed:
    """What an answer with another number than 0 means for a message; `template` is its number at Zalo. To be raised.

    `is_renewed`: the access token it is about is being renewed.
    """
    said = f"{NAMES[table]} {number if isinstance(number, int) else '?'}"
    known = NUMBERS[table].get(number) if isinstance(number, int) else None
    match known.then if known is not None else Then.THIS_ONE:
        case Then.LATER:
            return TryLater(said)
        case Then.PACE:
            return Held(said, after=PACE)
        case Then.MORNING:
            return Held(said, template=template, until_hour=MORNING_HOUR)
        case Then.NEXT_DAY:
            return Held(said, until_hour=MIDNIGHT)
        case Then.TEMPLATE_NEXT_DAY:
            return Held(said, template=template, until_hour=MIDNIGHT)
        case Then.TEMPLATE:
            return Held(said, template=template, asks_administrator=True)
        case Then.TOKEN:
            return Held(said, asks_administrator=not is_renewed)
        case Then.CHANNEL:
            return Held(said, asks_administrator=True)
        case Then.THIS_ONE_AND_NOTE:
            return Refused(said, fault_of_template=template)
        case _:
            return Refused(said)

