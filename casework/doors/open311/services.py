"""The services of a centre: its fields of work, and what may be answered beside the description."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import or_, select

from casework.asking.questions import AskedQuestion, QuestionKind, questions_of
from casework.bilingual import Bilingual
from casework.db import db
from casework.local_time import local_day
from casework.models import Field
from casework.reading.rule_rows import FieldRow, columns_for, rows_by
from casework.search.staff_choices import fields_of

TAKEN_AFTER_END = timedelta(days=90)
"""How long reports with an ended code are taken, without a field: clients keep lists for weeks."""
NEVER_KEYWORDS = frozenset({"private", "inactive", "staff", "waste_only"})
"""Words that clients obey as orders to hide a service."""

URGENT, VILLAGE, SEEN_AT = "urgent", "village", "seen_at"
YES, NO = "yes", "no"


@dataclass(frozen=True, slots=True)
class Attribute:
    """Something a service asks, or with `variable` false says."""

    code: str
    datatype: str
    description: Bilingual
    note: Bilingual = Bilingual("", "")
    values: tuple[tuple[str, Bilingual], ...] = ()
    variable: bool = True
    required: bool = False
    question: AskedQuestion | None = None


def services_of(centre_id: int, *, now: datetime) -> tuple[FieldRow, ...]:
    """The fields valid today, the centre's own before the installation's, in their order."""
    return fields_of(centre_id, now=now)


def service_named(centre_id: int, code: str, *, now: datetime) -> FieldRow | None:
    """The field with a code, also one that has ended and is still taken; None for another."""
    today = local_day(now)
    found = next((each for each in services_of(centre_id, now=now) if each.service_code == code), None)
    return found or _ended(centre_id, code, today)


def is_ended(field: FieldRow, *, now: datetime) -> bool:
    return not field.holds_on(local_day(now))


def _ended(centre_id: int, code: str, today: date) -> FieldRow | None:
    query = columns_for(FieldRow, Field).where(
        Field.service_code == code, or_(Field.centre_id == centre_id, Field.centre_id.is_(None)),
        Field.valid_to <= today, Field.valid_to > today - TAKEN_AFTER_END,
    )  # fmt: skip
    return next(iter(rows_by(FieldRow, query.order_by(Field.valid_to.desc(), Field.id).limit(1))), None)


def fields_ever(centre_id: int, codes: frozenset[str]) -> dict[str, list[int]]:
    """The rows of fields that have or had these codes, for filters; a code nobody ever had is missing."""
    found: dict[str, list[int]] = {}
    own = or_(Field.centre_id == centre_id, Field.centre_id.is_(None))
    for code, number in db.session.execute(select(Field.service_code, Field.id).where(Field.service_code.in_(sorted(codes)), own)):
        found.setdefault(code, []).append(number)
    return found


def keywords_of(words: str) -> str:
    """The words of a hint, each once, without those clients obey."""
    split = (each.strip(".,;:()“”\"!?/").lower() for each in words.replace("/", " ").split())
    return ",".join(dict.fromkeys(each for each in split if len(each) > 1 and each not in NEVER_KEYWORDS))


def attributes_of(field: FieldRow, centre_id: int, *, now: datetime) -> tuple[Attribute, ...]:
    """What the definition of a service has, in order: what all services have, then the extra questions of the field."""
    shipped = [
        Attribute("hint", "text", field.hint, variable=False),
        Attribute(
            URGENT, "singlevaluelist", Bilingual("Việc khẩn cấp?", "Is it urgent?"),
            values=((YES, Bilingual("Có", "Yes")), (NO, Bilingual("Không", "No"))),
        ),
        Attribute(VILLAGE, "string", Bilingual("Thôn, tổ dân phố", "Village")),
        Attribute(SEEN_AT, "datetime", Bilingual("Xảy ra lúc", "When it happened")),
    ]  # fmt: skip
    if not field.allows_anonymous:
        needed = Bilingual(
            "Cần số điện thoại hoặc thư điện tử để Trung tâm trả lời.", "A telephone number or an e-mail address is needed for the answer."
        )
        shipped.append(Attribute("contact_needed", "text", needed, variable=False))
    asked = (_asked(each) for each in questions_of(field, centre_id, on=local_day(now)) if each.for_citizens)
    return (*shipped, *asked)


def _asked(question: AskedQuestion) -> Attribute:
    if question.stops:
        return Attribute(question.code, "text", question.name, question.hint, variable=False, question=question)
    kinds = {QuestionKind.CHOICE: "singlevaluelist", QuestionKind.NUMBER: "number"}
    values = tuple((option.vi, option) for option in question.options) if question.kind == QuestionKind.CHOICE else ()
    kind = kinds.get(QuestionKind(question.kind), "text")
    return Attribute(question.code, kind, question.name, question.hint, values, required=question.is_required, question=question)
