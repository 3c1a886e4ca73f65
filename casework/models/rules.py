"""Rules as data: dated, scoped to the installation or a centre, in both languages."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, false, true
from sqlalchemy.orm import Mapped, mapped_column

from casework.bilingual import Bilingual
from casework.db import Id, Json, Model, Referable
from casework.models.columns import Dated, Named, Scoped


class Field(Scoped, Named, Dated, Model):
    """A field of work, such as the six named in the article. `service_code` is stable and the one of Open311 (GeoReport v2)."""

    __tablename__ = "field"
    __table_args__ = (UniqueConstraint("centre_id", "service_code", "valid_from"),)
    id: Mapped[Id]
    service_code: Mapped[str] = mapped_column(String(40))
    position: Mapped[int]
    hint_vi: Mapped[str] = mapped_column(Text)
    hint_en: Mapped[str] = mapped_column(Text)
    allows_anonymous: Mapped[bool] = mapped_column(Boolean, server_default=false())


class ExtraQuestion(Scoped, Named, Dated, Model):
    """A question asked where a field of work was chosen, or a notice that such reports are not taken. Its name is the question itself."""

    __tablename__ = "extra_question"
    __table_args__ = (
        CheckConstraint("kind IN ('text', 'number', 'choice', 'stop')", name="kind"),
        Index("ix_extra_question_field", "service_code", "valid_from"),
    )
    id: Mapped[Id]
    service_code: Mapped[str] = mapped_column(String(40), comment="of the field it is asked in")
    code: Mapped[str] = mapped_column(String(40))
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(String(6), comment="text, number, choice, or a notice that stops")
    hint_vi: Mapped[str] = mapped_column(Text, comment="of a notice: whom to call instead")
    hint_en: Mapped[str] = mapped_column(Text)
    least: Mapped[int | None] = mapped_column(comment="of a number")
    most: Mapped[int | None]
    options_vi: Mapped[str] = mapped_column(Text, comment="of a choice, one a line")
    options_en: Mapped[str] = mapped_column(Text)
    is_required: Mapped[bool] = mapped_column(Boolean, server_default=false())
    for_citizens: Mapped[bool] = mapped_column(Boolean, server_default=true())
    for_operators: Mapped[bool] = mapped_column(Boolean, server_default=true())
    may_send: Mapped[bool] = mapped_column(Boolean, server_default=false(), comment="of a notice: it may be sent all the same")


class ConsentNotice(Scoped, Dated, Model):
    """The notice a person reads before consenting to the processing of their data. Each report keeps which one it was."""

    __tablename__ = "consent_notice"
    __table_args__ = (Index("ix_consent_notice_valid_from", "valid_from"),)
    id: Mapped[Id]
    version: Mapped[str] = mapped_column(String(20), comment="as the person read it, e.g. 2026-01")
    body_vi: Mapped[str] = mapped_column(Text)
    body_en: Mapped[str] = mapped_column(Text)

    @property
    def body(self) -> Bilingual:
        return Bilingual(self.body_vi, self.body_en)


class ClockRule(Scoped, Dated, Model):
    """How long something may take, by urgency and complexity (empty: any)."""

    __tablename__ = "clock_rule"
    __table_args__ = (
        CheckConstraint("unit IN ('minutes', 'hours', 'working_hours', 'working_days', 'calendar_days')", name="unit"),
        Index("ix_clock_rule_kind", "kind", "urgency", "complexity", "valid_from"),
    )
    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(20))
    urgency: Mapped[str | None] = mapped_column(String(8))
    complexity: Mapped[str | None] = mapped_column(String(8))
    amount: Mapped[int]
    unit: Mapped[str] = mapped_column(String(14))
    source: Mapped[str | None] = mapped_column(Text, comment="the regulation, or 'own'")


class CalendarDay(Scoped, Model):
    """A day off on a working day, or a worked day of a weekend, with the number of the act that decided it."""

    __tablename__ = "calendar_day"
    __table_args__ = (UniqueConstraint("centre_id", "day"), CheckConstraint("kind IN ('off', 'worked')", name="kind"))
    id: Mapped[Id]
    day: Mapped[date] = mapped_column(index=True)
    kind: Mapped[str] = mapped_column(String(6))
    label_vi: Mapped[str] = mapped_column(String(120))
    label_en: Mapped[str] = mapped_column(String(120))
    source: Mapped[str | None] = mapped_column(Text)

    @property
    def label(self) -> Bilingual:
        return Bilingual(self.label_vi, self.label_en)


class CalendarChange(Model):
    """A change of the calendar for which the worker still recounts open limits, case by case."""

    __tablename__ = "calendar_change"
    id: Mapped[Id]
    centre_id: Mapped[int | None] = mapped_column(ForeignKey("centre.id"), comment="empty: every centre")
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    changed_at: Mapped[datetime]
    last_case_id: Mapped[int] = mapped_column(server_default="0", comment="cases up to this row are done")
    put_off: Mapped[list[Any]] = mapped_column(
        Json, default=list, server_default="[]", comment="cases before the last one that are to be tried again"
    )
    finished_at: Mapped[datetime | None]


class OfficeHours(Scoped, Dated, Model):
    """The minutes of a working day, local time, as "07:30-11:30"."""

    __tablename__ = "office_hours"
    id: Mapped[Id]
    spans: Mapped[list[Any]]


class RefusalReason(Scoped, Named, Dated, Model):
    """A reason for refusing a report, with the guidance its sender gets."""

    __tablename__ = "refusal_reason"
    id: Mapped[Id]
    key: Mapped[str] = mapped_column(String(40), index=True)
    position: Mapped[int]
    guidance_vi: Mapped[str] = mapped_column(Text)
    guidance_en: Mapped[str] = mapped_column(Text)


class VisibilityReason(Scoped, Named, Dated, Model):
    """A reason for counting a case without ever showing it: children, domestic violence, health, crime, security."""

    __tablename__ = "visibility_reason"
    id: Mapped[Id]
    key: Mapped[str] = mapped_column(String(40), index=True)
    position: Mapped[int]


class TextTemplate(Scoped, Dated, Model):
    """The words of a message or answer, with placeholders."""

    __tablename__ = "text_template"
    __table_args__ = (Index("ix_text_template_key", "key", "valid_from"),)
    id: Mapped[Id]
    key: Mapped[str] = mapped_column(String(60))
    subject_vi: Mapped[str] = mapped_column(String(200))
    subject_en: Mapped[str] = mapped_column(String(200))
    body_vi: Mapped[str] = mapped_column(Text)
    body_en: Mapped[str] = mapped_column(Text)
    short_vi: Mapped[str | None] = mapped_column(String(300), comment="for SMS and push; empty: the subject")
    short_en: Mapped[str | None] = mapped_column(String(300))
    zns_template: Mapped[str | None] = mapped_column(String(40), comment="number of the template approved by Zalo; empty: not sent there")
    zns_parameters: Mapped[dict[str, Any] | None] = mapped_column(Json, comment="its parameters, each by a named place of ours")


class Camera(Referable, Named, Dated, Model):
    """A surveillance camera operators open cases from."""

    __tablename__ = "camera"
    id: Mapped[Id]
    centre_id: Mapped[int] = mapped_column(ForeignKey("centre.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10), comment="tower or security")
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]


class Letterhead(Scoped, Dated, Model):
    """The head of a letter from a day on: parent body, issuing body, place, signer (NĐ 30/2020, Phụ lục I)."""

    __tablename__ = "letterhead"
    id: Mapped[Id]
    agency_id: Mapped[int | None] = mapped_column(ForeignKey("agency.id"), index=True)
    parent_body: Mapped[str] = mapped_column(String(200))
    issuing_body: Mapped[str] = mapped_column(String(200))
    symbol: Mapped[str] = mapped_column(String(40))
    place: Mapped[str] = mapped_column(String(80))
    authority: Mapped[str] = mapped_column(String(40), comment="TM., KT., TL. line")
    signer_title: Mapped[str] = mapped_column(String(120))
    signer_name: Mapped[str] = mapped_column(String(120))


class ReminderRule(Scoped, Dated, Model):
    """One rung of the ladder: whom to remind at which moment of which clock."""

    __tablename__ = "reminder_rule"
    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(20), comment="of clock")
    urgency: Mapped[str | None] = mapped_column(String(8))
    share: Mapped[int | None] = mapped_column(comment="per cent of the time used; empty: counted from due")
    after_amount: Mapped[int | None]
    after_unit: Mapped[str | None] = mapped_column(String(14))
    role: Mapped[str] = mapped_column(String(24))
    merges_into_letter: Mapped[bool] = mapped_column(Boolean, server_default=true())
