"""What people wrote into the forms of drawn steps: one record per finished step, one value per field."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.db import Id, Model, Referable
from casework.models.people import Account


class StepRecord(Referable, Model):
    """One step done through its own form. Labels are stored as they were that day, because the model may change."""

    __tablename__ = "step_record"
    __table_args__ = (Index("ix_step_record_case", "case_id", "id"),)
    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    assignment_id: Mapped[int | None] = mapped_column(ForeignKey("assignment.id"), index=True)
    element: Mapped[str] = mapped_column(String(80))
    label_vi: Mapped[str] = mapped_column(String(200))
    label_en: Mapped[str] = mapped_column(String(200))
    outcome: Mapped[str | None] = mapped_column(String(40), comment="the button pressed; empty where a step has one way to go")
    outcome_vi: Mapped[str | None] = mapped_column(String(200))
    outcome_en: Mapped[str | None] = mapped_column(String(200))
    done_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    done_at: Mapped[datetime]
    done_by: Mapped[Account] = relationship()
    values: Mapped[list["StepValue"]] = relationship(back_populates="record", order_by="StepValue.id")


class StepValue(Model):
    """The value of one field."""

    __tablename__ = "step_value"
    id: Mapped[Id]
    record_id: Mapped[int] = mapped_column(ForeignKey("step_record.id"), index=True)
    field: Mapped[str] = mapped_column(String(80), comment="id of the field in the model")
    type: Mapped[str] = mapped_column(String(9), comment="workflows.definitions.step_forms.FieldType")
    label_vi: Mapped[str] = mapped_column(String(200))
    label_en: Mapped[str] = mapped_column(String(200))
    value: Mapped[str | None] = mapped_column(Text, comment="as text: a day as 2026-03-02, yes or no as true or false, a choice as its id")
    shown_vi: Mapped[str | None] = mapped_column(Text, comment="of a choice: what was read for it")
    shown_en: Mapped[str | None] = mapped_column(Text)
    record: Mapped[StepRecord] = relationship(back_populates="values")
