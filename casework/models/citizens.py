"""Citizens' data apart from reports: browsers that file, support of others' reports, requests about their data, sign-ins from other apps.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.db import Id, Json, Model, Referable
from casework.models.columns import Named
from casework.models.people import Account
from casework.models.places import Centre
from casework.models.reports import Report

IN_FORCE = text("lifted_at IS NULL")
OPEN = text("done_at IS NULL")


class Device(Model):
    """A browser that may send reports queued offline, for one account or for nobody. It holds a token, the row its digest. The token does
    not expire; signing out ends an account's."""

    __tablename__ = "device"
    id: Mapped[Id]
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True, comment="empty: of a guest")
    session_id: Mapped[int | None] = mapped_column(
        ForeignKey("login_session.id"), index=True, comment="whose end ends it: a lost telephone"
    )
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    account: Mapped[Account | None] = relationship()


class MeToo(Model):
    """A person affected by the same matter. Counted, never named."""

    __tablename__ = "me_too"
    __table_args__ = (
        UniqueConstraint("case_id", "account_id"),
        UniqueConstraint("case_id", "device_id"),
        CheckConstraint("account_id IS NOT NULL OR device_id IS NOT NULL", name="who"),
    )
    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    device_id: Mapped[int | None] = mapped_column(ForeignKey("device.id"), index=True)
    said_at: Mapped[datetime]


class BlockedSender(Referable, Model):
    """A sender whose reports are not accepted for a while, recognised by account, device or keyed digest, never by name."""

    __tablename__ = "blocked_sender"
    __table_args__ = (
        CheckConstraint("kind IN ('account', 'device', 'phone', 'email')", name="kind"),
        Index("ix_blocked_sender_in_force", "kind", "subject", sqlite_where=IN_FORCE, postgresql_where=IN_FORCE),
        Index("ix_blocked_sender_centre", "centre_id", "blocked_at"),
    )
    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(8))
    subject: Mapped[str] = mapped_column(String(64), comment="number of the account or device row, or keyed digest of the contact")
    centre_id: Mapped[int] = mapped_column(ForeignKey("centre.id"), comment="which takes no reports of it")
    report_id: Mapped[int] = mapped_column(ForeignKey("report.id"), comment="the one that was too much")
    reason: Mapped[str] = mapped_column(Text, comment="told to the sender")
    blocked_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    blocked_at: Mapped[datetime]
    until: Mapped[datetime] = mapped_column(comment="ends by itself")
    lifted_at: Mapped[datetime | None]
    lifted_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    centre: Mapped[Centre] = relationship()
    report: Mapped[Report] = relationship()


class DataRequest(Referable, Model):
    """A person's request about their own data (Law 91/2025/QH15), with the days the law gives for it."""

    __tablename__ = "data_request"
    __table_args__ = (
        CheckConstraint("kind IN ('copy', 'correction', 'erasure', 'restriction')", name="kind"),
        Index("ix_data_request_open", "centre_id", "done_due_at", sqlite_where=OPEN, postgresql_where=OPEN),
        Index("ix_data_request_centre", "centre_id", "id"),
    )
    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(11))
    centre_id: Mapped[int] = mapped_column(ForeignKey("centre.id"), comment="which answers it")
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    report_id: Mapped[int | None] = mapped_column(ForeignKey("report.id"), index=True, comment="of somebody without an account: theirs")
    sealed_words: Mapped[bytes | None] = mapped_column(LargeBinary, comment="what is to be corrected, or why")
    requested_at: Mapped[datetime]
    answer_due_at: Mapped[datetime] = mapped_column(comment="when the first word to the person is late")
    done_due_at: Mapped[datetime] = mapped_column(comment="when doing it is late")
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    answered_at: Mapped[datetime | None]
    extended_at: Mapped[datetime | None] = mapped_column(comment="once at most")
    granted: Mapped[bool | None]
    sealed_reply: Mapped[bytes | None] = mapped_column(LargeBinary, comment="words to the person, newest")
    begun_at: Mapped[datetime | None] = mapped_column(comment="erasing began; what is left waits for reports to end")
    done_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    done_at: Mapped[datetime | None] = mapped_column(comment="carried out, or refused")
    centre: Mapped[Centre] = relationship()
    account: Mapped[Account | None] = relationship(foreign_keys=[account_id])
    report: Mapped[Report | None] = relationship()


class PublicFigures(Model):
    """One month of public figures, counted by a job so that no page counts cases."""

    __tablename__ = "public_figures"
    __table_args__ = (
        CheckConstraint("dimension IN ('all', 'field', 'area', 'agency')", name="dimension"),
        UniqueConstraint("month_on", "centre_id", "dimension", "subject"),
    )
    id: Mapped[Id]
    month_on: Mapped[date] = mapped_column(comment="first local day of the month")
    centre_id: Mapped[int] = mapped_column(ForeignKey("centre.id"))
    dimension: Mapped[str] = mapped_column(String(6))
    subject: Mapped[str] = mapped_column(String(40), comment="service code, ref of area or agency; empty of all")
    figures: Mapped[dict[str, Any]] = mapped_column(Json)
    counted_at: Mapped[datetime]


class HostApp(Referable, Named, Model):
    """Another application that signs its users in here. It holds the private key, this row the public one."""

    __tablename__ = "host_app"
    id: Mapped[Id]
    key: Mapped[str] = mapped_column(String(40), unique=True, comment="how it names itself: `iss` of what it signs")
    public_key: Mapped[str] = mapped_column(Text, comment="PEM, EC P-256 or Ed25519")
    created_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class HandOverTicket(Model):
    """A sign-in requested by a host application: opened once by the person's web view, within a minute."""

    __tablename__ = "hand_over_ticket"
    id: Mapped[Id]
    ticket_digest: Mapped[str] = mapped_column(String(64), unique=True)
    host_app_id: Mapped[int] = mapped_column(ForeignKey("host_app.id"))
    account_id: Mapped[int | None] = mapped_column(
        ForeignKey("account.id"), index=True, comment="empty: somebody new, who is asked for agreement first"
    )
    sealed_contact: Mapped[bytes | None] = mapped_column(
        LargeBinary, comment="name and contact the host has proven, until it was opened"
    )
    target: Mapped[str] = mapped_column(String(300), comment="the page of ours it leads to")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
    account: Mapped[Account | None] = relationship()
    host_app: Mapped[HostApp] = relationship()
