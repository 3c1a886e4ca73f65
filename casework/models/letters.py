"""Letters written, kept as they were on their day, and packages of document exchange that carry them out and others in."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.db import Id, Json, Model, Referable
from casework.models.places import Agency, Centre

TO_NUMBER = text("symbol IS NULL AND withdrawn_at IS NULL")
NUMBERED = text("symbol IS NOT NULL AND withdrawn_at IS NULL")
TAKEN_BACK = text("withdrawn_at IS NOT NULL")
UNSENT = text("sent_at IS NULL AND dropped_at IS NULL")
TO_SEND = text("due_at IS NOT NULL")
OF_LETTER = text("letter_id IS NOT NULL")
ANSWERING = text("incoming_id IS NOT NULL")
TO_FORGET = text("forget_at IS NOT NULL")
OF_PERIOD = text("kind IN ('period_report', 'agency_sheet', 'yearbook')")


class Letter(Referable, Model):
    """One document of ours: a letter, slip, notice or report. Its content is stored, so that the same file can be made later, and never
    contains a citizen's name.

    Until the clerk has numbered it, it can be withdrawn and written anew.
    """

    __tablename__ = "letter"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('late_list', 'apology', 'transfer_slip', 'answer', 'extension_notice', 'refusal_notice', 'handover_minutes', "
            "'period_report', 'agency_sheet', 'yearbook')", name="kind",
        ),
        CheckConstraint("urgency IN ('khan', 'thuong_khan', 'hoa_toc')", name="urgency"),
        Index("ix_letter_centre_made", "centre_id", "made_at"),
        Index("ix_letter_agency_made", "agency_id", "made_at"),
        Index("ix_letter_to_number", "id", sqlite_where=TO_NUMBER, postgresql_where=TO_NUMBER),
        Index("ix_letter_numbered", "id", sqlite_where=NUMBERED, postgresql_where=NUMBERED),
        Index("ix_letter_taken_back", "id", sqlite_where=TAKEN_BACK, postgresql_where=TAKEN_BACK),
        Index("ix_letter_of_period", "id", sqlite_where=OF_PERIOD, postgresql_where=OF_PERIOD),
    )
    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(16), comment="casework.documents.kinds")
    centre_id: Mapped[int] = mapped_column(ForeignKey("centre.id"))
    agency_id: Mapped[int | None] = mapped_column(ForeignKey("agency.id"), comment="to whom a list of late cases goes, or who was late")
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"), index=True, comment="of a letter about one case")
    snapshot_id: Mapped[int | None] = mapped_column(ForeignKey("figures_snapshot.id"), comment="the frozen figures it prints")
    urgency: Mapped[str | None] = mapped_column(String(12), comment="the stamp: khan, thuong_khan, hoa_toc (NĐ 30/2020)")
    symbol: Mapped[str | None] = mapped_column(String(60), comment="behind the number: BC-IOC, empty without one; null until it is given")
    reply_by: Mapped[date | None]
    content: Mapped[dict[str, Any]] = mapped_column(Json, comment="codes, titles, days, letterhead and signer as of the day")
    made_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    made_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None] = mapped_column(comment="not printed any more: taken back, or a case of it was quarantined")
    withdrawn_reason: Mapped[str | None] = mapped_column(String(300), comment="empty: a case of it left the system")
    centre: Mapped[Centre] = relationship()
    agency: Mapped[Agency | None] = relationship()
    given_number: Mapped["DocumentNumber | None"] = relationship(back_populates="letter")  # type: ignore[name-defined]  # noqa: F821
    files: Mapped[list["LetterFile"]] = relationship(back_populates="letter", order_by="LetterFile.id")  # type: ignore[name-defined]  # noqa: F821


class OutgoingPackage(Referable, Model):
    """A package to one body: a letter of ours, or a status about a package that came in. Its bytes are kept until it has left."""

    __tablename__ = "outgoing_package"
    __table_args__ = (
        CheckConstraint("business IN ('new', 'taken_back', 'updated', 'replaces', 'status')", name="business"),
        CheckConstraint("(business = 'status') = (incoming_id IS NOT NULL)", name="status_answers"),
        CheckConstraint("(business = 'status') = (letter_id IS NULL)", name="carries_a_letter"),
        Index("ix_outgoing_package_once", "letter_id", "receiver", "business", unique=True, sqlite_where=OF_LETTER,
              postgresql_where=OF_LETTER),
        Index("ix_outgoing_package_status", "incoming_id", "status_code", unique=True, sqlite_where=ANSWERING, postgresql_where=ANSWERING),
        Index("ix_outgoing_package_due", "due_at", sqlite_where=TO_SEND, postgresql_where=TO_SEND),
        Index("ix_outgoing_package_unsent", "asked_at", sqlite_where=UNSENT, postgresql_where=UNSENT),
        Index("ix_outgoing_package_document", "document", "receiver"),
        Index("ix_outgoing_package_receiver", "receiver", "id"),
    )  # fmt: skip
    id: Mapped[Id]
    centre_id: Mapped[int] = mapped_column(ForeignKey("centre.id"))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"), index=True)
    letter_id: Mapped[int | None] = mapped_column(ForeignKey("letter.id"))
    letter_file_id: Mapped[int | None] = mapped_column(ForeignKey("letter_file.id"), index=True, comment="the PDF it carries")
    incoming_id: Mapped[int | None] = mapped_column(ForeignKey("incoming_package.id"), comment="of a status: what it is about")
    business: Mapped[str] = mapped_column(String(10))
    sender: Mapped[str] = mapped_column(String(120), comment="our identifier of the day")
    receiver: Mapped[str] = mapped_column(String(120))
    document: Mapped[str] = mapped_column(String(230), comment="DocumentId: ours, or of a status theirs")
    status_code: Mapped[str | None] = mapped_column(String(2))
    sealed_told: Mapped[bytes | None] = mapped_column(LargeBinary, comment="name of the receiver, reason, words of their last status")
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), comment="empty: by the program")
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime | None] = mapped_column(comment="when it is sent, or tried again; empty: sent, given up or dropped")
    attempts: Mapped[int] = mapped_column(server_default="0")
    last_error: Mapped[str | None] = mapped_column(String(16), comment="why it was not sent: a word of casework.exchange.outgoing")
    sha256: Mapped[str | None] = mapped_column(String(64), comment="of its bytes, the same at each attempt")
    sent_as: Mapped[str | None] = mapped_column(String(200), comment="the name the transport gave it")
    sent_at: Mapped[datetime | None]
    dropped_at: Mapped[datetime | None] = mapped_column(comment="not sent: what it carries was taken back or left the system")
    told_code: Mapped[str | None] = mapped_column(String(2), comment="the latest status of the receiver")
    told_at: Mapped[datetime | None]


class IncomingPackage(Referable, Model):
    """A package that came in, sealed as it came: a document, a status about one of ours, or what could not be read."""

    __tablename__ = "incoming_package"
    __table_args__ = (
        CheckConstraint("business IN ('new', 'taken_back', 'updated', 'replaces', 'status', 'unread')", name="business"),
        CheckConstraint("state IN ('waiting', 'booked', 'refused', 'kept')", name="state"),
        CheckConstraint("(state = 'refused') = (refused_for IS NOT NULL)", name="refusal_is_explained"),
        UniqueConstraint("sender", "document", "business", "sha256", "receiver", name="uq_incoming_package_once"),
        Index("ix_incoming_package_list", "centre_id", "state", "id"),
        Index("ix_incoming_package_forget", "forget_at", sqlite_where=TO_FORGET, postgresql_where=TO_FORGET),
    )
    id: Mapped[Id]
    centre_id: Mapped[int | None] = mapped_column(ForeignKey("centre.id"), comment="to which it was sent; empty: to none, or not readable")
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"), index=True, comment="proposed by what it answers; tied by a person")
    letter_id: Mapped[int | None] = mapped_column(ForeignKey("letter.id"), index=True, comment="the letter of ours it is about")
    business: Mapped[str] = mapped_column(String(10))
    sender: Mapped[str] = mapped_column(String(120), comment="identifier of the body; empty: not readable")
    receiver: Mapped[str] = mapped_column(String(120), comment="our identifier it was sent to; empty: not readable")
    document: Mapped[str] = mapped_column(String(230), comment="DocumentId; of a status that of ours; empty: not readable")
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    came_as: Mapped[str] = mapped_column(String(200), comment="the name the transport gave it")
    came_at: Mapped[datetime]
    status_code: Mapped[str | None] = mapped_column(String(2))
    said_at: Mapped[datetime | None] = mapped_column(comment="of a status: when, as its sender says")
    files: Mapped[int] = mapped_column(server_default="0")
    is_signed: Mapped[bool] = mapped_column(Boolean, server_default=false(), comment="an XML signature came along; nothing relies on it")
    sealed_told: Mapped[bytes | None] = mapped_column(LargeBinary, comment="subject, names, number, reasons: what lists and pages show")
    state: Mapped[str] = mapped_column(String(8))
    refused_for: Mapped[str | None] = mapped_column(String(16), comment="a code of casework.exchange.refusals, or clerk")
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    tied_at: Mapped[datetime | None] = mapped_column(comment="when a person confirmed the case")
    forget_at: Mapped[datetime | None] = mapped_column(comment="when its bytes and words go")


class PackagePiece(Model):
    """A part of a package's bytes, sealed: small enough that resealing and erasing never hold more than some of them."""

    __tablename__ = "package_piece"
    __table_args__ = (
        CheckConstraint("(incoming_id IS NULL) <> (outgoing_id IS NULL)", name="of_one"),
        Index("ix_package_piece_incoming", "incoming_id", "number"),
        Index("ix_package_piece_outgoing", "outgoing_id", "number"),
    )
    id: Mapped[Id]
    incoming_id: Mapped[int | None] = mapped_column(ForeignKey("incoming_package.id"))
    outgoing_id: Mapped[int | None] = mapped_column(ForeignKey("outgoing_package.id"))
    number: Mapped[int]
    sealed_bytes: Mapped[bytes] = mapped_column(LargeBinary)
