"""Text templates for agencies' answers: placeholders such as {code} are filled in from the case, “…” by the writer."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import joinedload

from casework.answers.acts import LONGEST_CONTACT, LONGEST_PART, PARTS
from casework.bilingual import Bilingual
from casework.calendars import RULES_STREAM
from casework.db import db
from casework.errors import CaseworkError
from casework.events import append
from casework.local_time import LOCAL_ZONE, local_day
from casework.models import Agency, AnswerTemplate, Assignment
from casework.permissions import Action, Actor, NotAllowed, require
from casework.reading.kept_with_rules import kept_with_rules
from casework.reading.rule_rows import RuleRow, columns_for, rows_by
from casework.text import normal

TO_FILL = "…"
"""Marks what only the writer knows; an answer that still contains it is not submitted."""

PLACEHOLDERS: dict[str, Bilingual] = {
    "code": Bilingual("mã phản ánh", "code of the report"),
    "place": Bilingual("địa điểm", "place"),
    "field": Bilingual("lĩnh vực", "field"),
    "agency": Bilingual("tên đơn vị", "name of the agency"),
    "officer": Bilingual("người soạn", "who writes"),
    "today": Bilingual("hôm nay", "today"),
    "reported_on": Bilingual("ngày phản ánh", "day of the report"),
    "due_on": Bilingual("hạn trả lời", "last day of the answer"),
}
MOST_SHOWN = 60
MOST_OF_AGENCY = 40
LONGEST_NAME = 120
_BRACED = re.compile(r"\{([^{}]*)\}|[{}]")


class TemplateRefused(CaseworkError):
    """The template cannot be kept like this; the text says why."""


@dataclass(frozen=True, slots=True)
class TemplateRow(RuleRow):
    """A template, as the form of an answer offers it."""

    ref: str
    agency_id: int | None
    service_code: str | None
    findings: str
    actions: str
    remaining: str
    contact: str


def templates_for(assignment: Assignment, *, now: datetime) -> list[TemplateRow]:
    """The templates an agency may use for a case: its own first, then those of its field, then the others."""
    rows = _templates(assignment.case.centre_id, assignment.agency_id, local_day(now))
    code = assignment.case.field.service_code if assignment.case.field else None
    return sorted(rows, key=lambda row: (row.agency_id is None, row.service_code != code))


@kept_with_rules
def _templates(centre_id: int, agency_id: int, day: date) -> tuple[TemplateRow, ...]:
    query = columns_for(TemplateRow, AnswerTemplate).where(
        *_holding(day), or_(AnswerTemplate.centre_id.is_(None), AnswerTemplate.centre_id == centre_id),
        or_(AnswerTemplate.agency_id.is_(None), AnswerTemplate.agency_id == agency_id),
    )  # fmt: skip
    query = query.order_by(AnswerTemplate.agency_id.is_(None), AnswerTemplate.position, AnswerTemplate.id)
    return rows_by(TemplateRow, query.limit(MOST_SHOWN))


def own_templates(by: Actor, *, now: datetime) -> list[AnswerTemplate]:
    """The templates of the agencies the person works in."""
    rows = _in_force(local_day(now)).where(AnswerTemplate.agency_id.in_(by.agency_ids)).options(joinedload(AnswerTemplate.agency))
    return list(db.session.scalars(rows.order_by(AnswerTemplate.agency_id, AnswerTemplate.position, AnswerTemplate.id).limit(MOST_SHOWN)))


def filled(template: AnswerTemplate | TemplateRow, values: Mapping[str, str]) -> dict[str, str]:
    """The four parts with placeholders filled in."""
    return {part: filled_in(getattr(template, part), values) for part in PARTS}


def filled_in(text: str, values: Mapping[str, str]) -> str:
    """A text with its placeholders filled in. Nothing in it is evaluated; only names with a value are replaced."""
    return _BRACED.sub(lambda found: values.get(found[1] or "", found[0]), text)


def values_for(assignment: Assignment, *, by: Actor, now: datetime) -> dict[str, str]:
    """The values of a template's placeholders for a case, in Vietnamese, as answers are. Unknown values stay placeholders."""
    case = assignment.case
    place = ", ".join(part for part in (case.place, case.village, case.area.name_vi if case.area else None) if part)
    return {
        "code": case.code,
        "place": place or TO_FILL,
        "field": case.field.name_vi if case.field else TO_FILL,
        "agency": assignment.agency.name_vi,
        "officer": (by.account.full_name if by.account else None) or TO_FILL,
        "today": _day(now),
        "reported_on": _day(case.main_report.filed_at),
        "due_on": _day(assignment.due_at - timedelta(microseconds=1)) if assignment.due_at else TO_FILL,
    }


def keep_template(
    agency: Agency, *, by: Actor, now: datetime, name: str, parts: Mapping[str, str], values: Mapping[str, str] | None = None,
    service_code: str | None = None,
) -> AnswerTemplate:  # fmt: skip
    """Keep a text as a template of the agency. Where `values` of the case are given, its code, place and writer become placeholders
    again.

    Records `keep_template` in the stream of rules, without the words. Raises NotAllowed outside the agency; TemplateRefused for a missing
    or taken name, an empty or too long text, or an unknown placeholder.
    """
    require(by, Action.KEEP_TEMPLATE, agency_id=agency.id)
    if agency.id not in by.agency_ids:
        raise NotAllowed
    name = _fit_name(name)
    texts = {part: _generalised(normal(parts.get(part, "")), values or {}) for part in PARTS}
    _refuse_unfit(texts)
    known = own_named(agency, now)
    if name in {row.name_vi for row in known}:
        raise _taken(name)
    if len(known) >= MOST_OF_AGENCY:
        raise TemplateRefused(f"Mỗi đơn vị tối đa {MOST_OF_AGENCY} mẫu.", f"An agency may have {MOST_OF_AGENCY} templates.")
    last = db.session.scalar(select(func.max(AnswerTemplate.position)).where(AnswerTemplate.agency_id == agency.id)) or 0
    template = AnswerTemplate(
        centre_id=agency.centre_id, agency_id=agency.id, service_code=service_code, position=last + 1, name_vi=name, name_en=name,
        valid_from=local_day(now), written_by_id=by.account_id, **texts,
    )  # fmt: skip
    append(RULES_STREAM, "keep_template", by=by, at=now, payload={"agency": agency.key, "name": name})
    db.session.add(template)
    db.session.flush()
    return template


def rename_template(template: AnswerTemplate, *, by: Actor, now: datetime, name: str) -> None:
    """Rename a template of the person's agency. Records `rename_template` with both names. Raises as keep_template."""
    agency = _own(template, by)
    name = _fit_name(name)
    if name in {row.name_vi for row in own_named(agency, now) if row.id != template.id}:
        raise _taken(name)
    append(RULES_STREAM, "rename_template", by=by, at=now, payload={"agency": agency.key, "old": template.name_vi, "new": name})
    template.name_vi = template.name_en = name


def retire_template(template: AnswerTemplate, *, by: Actor, now: datetime) -> None:
    """End a template of the person's agency today. Records `retire_template`. Raises NotAllowed."""
    agency = _own(template, by)
    append(RULES_STREAM, "retire_template", by=by, at=now, payload={"agency": agency.key, "name": template.name_vi})
    template.valid_to = local_day(now)


def own_named(agency: Agency, now: datetime) -> list[AnswerTemplate]:
    return list(db.session.scalars(_in_force(local_day(now)).where(AnswerTemplate.agency_id == agency.id)))


def _own(template: AnswerTemplate, by: Actor) -> Agency:
    if template.agency is None or template.agency_id not in by.agency_ids:
        raise NotAllowed
    require(by, Action.KEEP_TEMPLATE, agency_id=template.agency_id)
    return template.agency


def _in_force(today: date) -> Select[AnswerTemplate]:
    return select(AnswerTemplate).where(*_holding(today))


def _holding(today: date) -> tuple[ColumnElement[bool], ...]:
    return AnswerTemplate.valid_from <= today, or_(AnswerTemplate.valid_to.is_(None), AnswerTemplate.valid_to > today)


def _generalised(text: str, values: Mapping[str, str]) -> str:
    for name in ("code", "place", "officer"):
        if (value := values.get(name)) and value != TO_FILL:
            text = text.replace(value, f"{{{name}}}")
    return text


def _fit_name(name: str) -> str:
    name = " ".join(normal(name).split())
    if not name or len(name) > LONGEST_NAME:
        raise TemplateRefused(
            f"Vui lòng đặt tên mẫu, tối đa {LONGEST_NAME} ký tự.", f"Please name the template, {LONGEST_NAME} characters at most.",
            about="name",
        )
    return name


def _taken(name: str) -> TemplateRefused:
    return TemplateRefused(f"Đơn vị đã có mẫu tên “{name}”.", f"The agency has a template called “{name}” already.", about="name")


def _refuse_unfit(texts: Mapping[str, str]) -> None:
    if not any(texts.values()):
        raise TemplateRefused("Mẫu chưa có chữ nào.", "The template has no words.")
    if any(len(text) > LONGEST_PART for text in texts.values()) or len(texts["contact"]) > LONGEST_CONTACT:
        raise TemplateRefused(
            f"Mỗi phần tối đa {LONGEST_PART} ký tự, liên hệ tối đa {LONGEST_CONTACT}.",
            f"Each part may have {LONGEST_PART} characters, the contact {LONGEST_CONTACT}.",
        )
    for text in texts.values():
        if unknown := unknown_places(text):
            known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
            raise TemplateRefused(f"Không có chỗ điền “{unknown[0]}”. Dùng được: {known}.",
                                  f"There is no place “{unknown[0]}”. These can be used: {known}.")  # fmt: skip


def unknown_places(text: str, known: Collection[str] = PLACEHOLDERS) -> list[str]:
    """The placeholders in a text that have no value, as written; a single brace counts as one."""
    return [found[0] for found in _BRACED.finditer(text) if found[1] not in known]


def _day(instant: datetime) -> str:
    return f"{instant.astimezone(LOCAL_ZONE):%d/%m/%Y}"
