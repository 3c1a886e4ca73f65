"""Texts ready for questions to reporters, refusals and orders to redo: whoever decides begins with one and fills in its blanks.

Settings keep them, for any field or for one (casework/settings/kinds/supporting.py).
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import or_

from casework.answers.templates import TO_FILL, filled_in
from casework.bilingual import Bilingual
from casework.local_time import LOCAL_ZONE, local_day
from casework.models import Case, ReadyText
from casework.reading.kept_with_rules import kept_with_rules
from casework.reading.rule_rows import RuleRow, columns_for, rows_by

PLACES: dict[str, Bilingual] = {
    "code": Bilingual("mã phản ánh", "code of the report"),
    "field": Bilingual("lĩnh vực", "field"),
    "today": Bilingual("hôm nay", "today"),
    "reported_on": Bilingual("ngày phản ánh", "day of the report"),
}
"""What is filled in from the case; all of it may be read by its reporter."""

MOST_OFFERED = 40
LONGEST = 2_000


class Purpose(StrEnum):
    """What a text is for."""

    QUESTION = "question"
    REFUSAL = "refusal"
    REDO = "redo"


PURPOSES: dict[str, Bilingual] = {
    Purpose.QUESTION: Bilingual("Câu hỏi gửi người phản ánh", "A question to the reporter"),
    Purpose.REFUSAL: Bilingual("Lời không tiếp nhận", "Words of a refusal"),
    Purpose.REDO: Bilingual("Yêu cầu làm lại", "An order to redo"),
}


@dataclass(frozen=True, slots=True)
class ReadyTextRow(RuleRow):
    """A text as a form offers it."""

    ref: str
    service_code: str | None
    body: str


def ready_texts(case: Case, purpose: Purpose, *, now: datetime) -> list[ReadyTextRow]:
    """The texts for a purpose in a case, filled in: first those of its field, then those of any. Those of other fields are left out."""
    code = case.field.service_code if case.field else None
    fit = [row for row in _texts(purpose, case.centre_id, local_day(now)) if row.service_code in (None, code)]
    values = _values(case, now)
    return [replace(row, body=filled_in(row.body, values)) for row in sorted(fit, key=lambda row: row.service_code is None)]


@kept_with_rules
def _texts(purpose: str, centre_id: int, day: date) -> tuple[ReadyTextRow, ...]:
    query = columns_for(ReadyTextRow, ReadyText).where(
        ReadyText.purpose == purpose, or_(ReadyText.centre_id.is_(None), ReadyText.centre_id == centre_id),
        ReadyText.valid_from <= day, or_(ReadyText.valid_to.is_(None), ReadyText.valid_to > day),
    )  # fmt: skip
    return rows_by(ReadyTextRow, query.order_by(ReadyText.position, ReadyText.id).limit(MOST_OFFERED))


def _values(case: Case, now: datetime) -> dict[str, str]:
    return {
        "code": case.code,
        "field": case.field.name_vi if case.field else TO_FILL,
        "today": _day(now),
        "reported_on": _day(case.main_report.filed_at),
    }


def _day(instant: datetime) -> str:
    return f"{instant.astimezone(LOCAL_ZONE):%d/%m/%Y}"
