"""Outgoing documents with their numbers, files and seals; and outputs the worker makes on request."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.db import Id, Json, Model, Referable
from casework.models.letters import Letter
from casework.models.people import Account
from casework.models.photos import File
from casework.models.places import Agency, Centre

TO_SEAL = text("state IN ('waiting', 'sealing')")
TO_MAKE = text("state IN ('waiting', 'making')")
TO_FILE = text("file_due_at IS NOT NULL")


class DocumentBook(Referable, Model):
    """The book in which a body numbers its documents, one per year and series (sổ đăng ký văn bản đi; NĐ 30/2020, Điều 15)."""

    __tablename__ = "document_book"
    __table_args__ = (
        Index("ix_document_book_centre", "centre_id", "year", "series", unique=True, sqlite_where=text("agency_id IS NULL"),
              postgresql_where=text("agency_id IS NULL")),
        Index("ix_document_book_agency", "agency_id", "year", "series", unique=True, sqlite_where=text("agency_id IS NOT NULL"),
              postgresql_where=text("agency_id IS NOT NULL")),
    )  # fmt: skip
    id: Mapped[Id]
    centre_id: Mapped[int] = mapped_column(ForeignKey("centre.id"))
    agency_id: Mapped[int | None] = mapped_column(ForeignKey("agency.id"), comment="whose own book it is; empty: the centre's")
    year: Mapped[int]
    series: Mapped[str] = mapped_column(String(8), comment="BC, PC, ... where each kind has numbers of its own; empty: one row for all")
    last_number: Mapped[int] = mapped_column(server_default="0")
    agency: Mapped[Agency | None] = relationship()


class DocumentNumber(Model):
    """One number of a book: given to a letter, used for a paper outside the software, or struck out. Never given twice."""

    __tablename__ = "document_number"
    __table_args__ = (
        UniqueConstraint("book_id", "number"),
        CheckConstraint("letter_id IS NOT NULL OR note IS NOT NULL", name="gap_is_explained"),
        CheckConstraint("struck_at IS NULL OR struck_reason IS NOT NULL", name="strike_is_explained"),
        Index("ix_document_number_file_due", "file_due_at", sqlite_where=TO_FILE, postgresql_where=TO_FILE),
    )
    id: Mapped[Id]
    book_id: Mapped[int] = mapped_column(ForeignKey("document_book.id"))
    number: Mapped[int]
    letter_id: Mapped[int | None] = mapped_column(ForeignKey("letter.id"), unique=True)
    note: Mapped[str | None] = mapped_column(String(300), comment="what the number was used for, where no letter of ours has it")
    given_on: Mapped[date] = mapped_column(comment="the day the document bears")
    given_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    given_at: Mapped[datetime]
    struck_reason: Mapped[str | None] = mapped_column(String(300))
    struck_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    struck_at: Mapped[datetime | None]
    file_due_at: Mapped[datetime | None] = mapped_column(
        comment="when the letter's PDF is made, or tried again; empty: made, given up or none"
    )
    file_attempts: Mapped[int] = mapped_column(server_default="0")
    file_error: Mapped[str | None] = mapped_column(String(300), comment="why the PDF could not be made the last time")
    book: Mapped[DocumentBook] = relationship()
    letter: Mapped[Letter | None] = relationship(back_populates="given_number")
    given_by: Mapped[Account] = relationship(foreign_keys=[given_by_id])


class LetterFile(Referable, Model):
    """One stored PDF of a letter: as issued with its number, sealed here, or signed elsewhere and uploaded. Never replaced."""

    __tablename__ = "letter_file"
    __table_args__ = (
        CheckConstraint("kind IN ('issued', 'sealed', 'returned')", name="kind"),
        Index("ix_letter_file_letter", "letter_id", "id"),
        Index("ix_letter_file_sha256", "sha256"),
    )
    id: Mapped[Id]
    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id"))
    kind: Mapped[str] = mapped_column(String(8))
    sha256: Mapped[str] = mapped_column(String(64), comment="what the verification page looks a file up by")
    size: Mapped[int]
    pages: Mapped[int]
    signatures: Mapped[list[Any]] = mapped_column(server_default="[]", comment="who signed, when, with which certificate")
    made_at: Mapped[datetime]
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    letter: Mapped[Letter] = relationship(back_populates="files")
    file: Mapped[File | None] = relationship(back_populates="letter_file")


class SealingOrder(Referable, Model):
    """An order to seal an issued letter; the worker carries it out, or records why it cannot."""

    __tablename__ = "sealing_order"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'sealing', 'sealed', 'failed', 'dropped')", name="state"),
        Index("ix_sealing_order_letter", "letter_id", "id"),
        Index("ix_sealing_order_due", "due_at", sqlite_where=TO_SEAL, postgresql_where=TO_SEAL),
    )
    id: Mapped[Id]
    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id"))
    seal: Mapped[str] = mapped_column(String(40), comment="name of the seal in the configuration")
    state: Mapped[str] = mapped_column(String(8))
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime] = mapped_column(comment="when it is tried, or tried again")
    attempts: Mapped[int] = mapped_column(server_default="0")
    error: Mapped[str | None] = mapped_column(String(300))
    leased_until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    letter: Mapped[Letter] = relationship()


class ReportSchedule(Referable, Model):
    """A recurring output, and its recipients."""

    __tablename__ = "report_schedule"
    __table_args__ = (
        CheckConstraint("every IN ('week', 'month', 'quarter', 'half_year', 'year')", name="every"),
        Index("ix_report_schedule_next", "next_at", sqlite_where=text("stopped_at IS NULL"), postgresql_where=text("stopped_at IS NULL")),
    )
    id: Mapped[Id]
    centre_id: Mapped[int] = mapped_column(ForeignKey("centre.id"), index=True)
    agency_id: Mapped[int | None] = mapped_column(ForeignKey("agency.id"))
    name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(16), comment="of output")
    form: Mapped[str] = mapped_column(String(4))
    every: Mapped[str] = mapped_column(String(9))
    parameters: Mapped[dict[str, Any]] = mapped_column(Json, server_default="{}")
    recipients: Mapped[list[Any]] = mapped_column(comment="desk:<name>, account:<id>; addresses are looked up when it is sent")
    clock_time: Mapped[str] = mapped_column(String(5), comment="local time of day it is made at, such as 08:00")
    days_after: Mapped[int] = mapped_column(comment="working days it waits beyond the first one after the cut-off")
    keep_days: Mapped[int | None] = mapped_column(comment="how long its files are kept; empty: always")
    first_cut_off: Mapped[datetime] = mapped_column(comment="of the first period it is made for")
    next_at: Mapped[datetime]
    made_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"), comment="in whose name it is made: who saved it last")
    made_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]
    follows_id: Mapped[int | None] = mapped_column(ForeignKey("report_schedule.id"), comment="of a body that ended: it goes on from there")
    centre: Mapped[Centre] = relationship()
    agency: Mapped[Agency | None] = relationship()
    made_by: Mapped[Account] = relationship()
    follows: Mapped["ReportSchedule | None"] = relationship(remote_side="ReportSchedule.id")


class Output(Referable, Model):
    """An output of the worker, requested by a person or a schedule: an export, a case file, a report. Its link expires."""

    __tablename__ = "output"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'making', 'ready', 'failed', 'dropped', 'expired')", name="state"),
        CheckConstraint("form IN ('pdf', 'xlsx', 'csv', 'json')", name="form"),
        CheckConstraint("NOT has_identity OR reason IS NOT NULL", name="identity_needs_a_reason"),
        UniqueConstraint("schedule_id", "for_at"),
        Index("ix_output_due", "due_at", sqlite_where=TO_MAKE, postgresql_where=TO_MAKE),
        Index("ix_output_asked", "asked_by_id", "asked_at"),
        Index("ix_output_centre", "centre_id", "asked_at"),
        Index("ix_output_expires", "expires_at", sqlite_where=text("state = 'ready'"), postgresql_where=text("state = 'ready'")),
    )  # fmt: skip
    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(16), comment="casework.outputs.Kind")
    form: Mapped[str] = mapped_column(String(4))
    parameters: Mapped[dict[str, Any]] = mapped_column(Json, comment="refs, days, filters; no personal data")
    centre_id: Mapped[int] = mapped_column(ForeignKey("centre.id"))
    agency_id: Mapped[int | None] = mapped_column(ForeignKey("agency.id"))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"), index=True, comment="of a case file")
    has_identity: Mapped[bool] = mapped_column(Boolean, server_default=false())
    reason: Mapped[str | None] = mapped_column(String(300), comment="why personal data are in it")
    state: Mapped[str] = mapped_column(String(8))
    done: Mapped[int] = mapped_column(server_default="0")
    total: Mapped[int | None] = mapped_column(comment="rows or pages to come; empty: not known yet")
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), comment="empty: by a schedule")
    on_behalf_of_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime] = mapped_column(comment="when it is tried, or tried again")
    attempts: Mapped[int] = mapped_column(server_default="0")
    error: Mapped[str | None] = mapped_column(String(300), comment="why it was not made, in Vietnamese")
    error_en: Mapped[str | None] = mapped_column(String(300), comment="the same in English")
    leased_until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None] = mapped_column(comment="when its file is erased; empty: kept, as what a schedule made is")
    name: Mapped[str | None] = mapped_column(String(120), comment="of the file that is downloaded")
    fetched: Mapped[int] = mapped_column(server_default="0", comment="how often it was downloaded")
    schedule_id: Mapped[int | None] = mapped_column(ForeignKey("report_schedule.id"))
    for_at: Mapped[datetime | None] = mapped_column(comment="of a schedule: the cut-off of the period it is of")
    sent_at: Mapped[datetime | None]
    sent_again_at: Mapped[datetime | None]
    seen_from: Mapped[list[int] | None] = mapped_column(
        Json, comment="ids of the agencies by whose roles alone it was read; empty: by a role in the centre"
    )
    centre: Mapped[Centre] = relationship()
    agency: Mapped[Agency | None] = relationship()
    asked_by: Mapped[Account | None] = relationship(foreign_keys=[asked_by_id])
    schedule: Mapped[ReportSchedule | None] = relationship()
    file: Mapped[File | None] = relationship(back_populates="output")
