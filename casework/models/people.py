"""Accounts of staff and citizens, their roles, deputies and sessions."""

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, LargeBinary, String, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from casework.bilingual import Bilingual
from casework.db import Id, Model, Referable
from casework.models.columns import Dated
from casework.models.places import Agency, Centre
from casework.text import fold


class Account(Referable, Model):
    """Somebody who can sign in, or a program that acts by a key (casework/models/doors.py). A citizen's name and contact are sealed; a
    member of staff signs with name and title."""

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("kind IN ('staff', 'citizen', 'service', 'system')", name="kind"),
        Index("ix_account_staff", "folded_name", "id", sqlite_where=text("kind = 'staff'"), postgresql_where=text("kind = 'staff'")),
    )
    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(8))
    login: Mapped[str | None] = mapped_column(String(120), unique=True, comment="staff: user name; citizens sign in by contact digest")
    password_hash: Mapped[str | None] = mapped_column(String(200))
    full_name: Mapped[str | None] = mapped_column(String(120), comment="of staff, and what a service account is called")
    folded_name: Mapped[str] = mapped_column(String(200), server_default="", comment="of staff: name without accents, to find and sort by")
    must_change_password: Mapped[bool] = mapped_column(
        Boolean, server_default=false(), comment="has a start password an administrator has seen"
    )
    start_password_at: Mapped[datetime | None] = mapped_column(comment="staff only: when the last start password was given")
    title_vi: Mapped[str | None] = mapped_column(String(120))
    title_en: Mapped[str | None] = mapped_column(String(120))
    email: Mapped[str | None] = mapped_column(String(254), comment="staff only: the official address messages go to")
    phone: Mapped[str | None] = mapped_column(String(16), comment="staff only: the official number, E.164")
    sealed_identity: Mapped[bytes | None] = mapped_column(LargeBinary, comment="citizens: name, phone, e-mail")
    phone_digest: Mapped[str | None] = mapped_column(String(64), unique=True)
    email_digest: Mapped[str | None] = mapped_column(String(64), unique=True)
    phone_verified_at: Mapped[datetime | None] = mapped_column(comment="when a code sent there came back")
    email_verified_at: Mapped[datetime | None]
    consent_notice_id: Mapped[int | None] = mapped_column(ForeignKey("consent_notice.id"), comment="the notice a citizen agreed to")
    consented_at: Mapped[datetime | None]
    restricted_at: Mapped[datetime | None] = mapped_column(comment="a citizen asked that their data rest (casework.rights)")
    erasure_told_at: Mapped[datetime | None] = mapped_column(comment="a citizen was told that it will be erased unless used")
    language: Mapped[str] = mapped_column(String(2), server_default="vi")
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    memberships: Mapped[list["Membership"]] = relationship(back_populates="account", order_by="Membership.id")

    @validates("full_name")
    def _fold_name(self, _column: str, name: str | None) -> str | None:
        self.folded_name = fold(name or "")
        return name

    @property
    def title(self) -> Bilingual:
        return Bilingual(self.title_vi or "", self.title_en or "")


class Membership(Dated, Model):
    """One role of one person, in a centre and perhaps an agency, from a day until a day."""

    __tablename__ = "membership"
    __table_args__ = (Index("ix_membership_desk", "role", "centre_id", "agency_id"),)
    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    role: Mapped[str] = mapped_column(String(24))
    centre_id: Mapped[int | None] = mapped_column(ForeignKey("centre.id"), comment="empty for roles of the installation")
    agency_id: Mapped[int | None] = mapped_column(ForeignKey("agency.id"), index=True)
    is_focal: Mapped[bool] = mapped_column(Boolean, server_default=false(), comment="focal officer of the agency")
    account: Mapped[Account] = relationship(back_populates="memberships")
    centre: Mapped[Centre | None] = relationship()
    agency: Mapped[Agency | None] = relationship()


class Deputy(Model):
    """For a period one person acts for another and counts as that person (rules.md, section 1).

    A row that waits for a second person has no duration yet, so that nobody acts by it: it ends where it starts, and `wanted_until` is
    set.
    """

    __tablename__ = "deputy"
    __table_args__ = (Index("ix_deputy_deputy", "deputy_id", "starts_at"),)
    id: Mapped[Id]
    principal_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    deputy_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    created_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    asked_at: Mapped[datetime | None] = mapped_column(comment="when one was asked for that waits to be confirmed")
    wanted_until: Mapped[datetime | None] = mapped_column(comment="the end asked for, until it is confirmed")
    confirmed_at: Mapped[datetime | None]
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    principal: Mapped[Account] = relationship(foreign_keys=[principal_id])


class LoginSession(Referable, Model):
    """A signed-in browser; the cookie holds the token, the row only its digest, so that a session can be listed and revoked."""

    __tablename__ = "login_session"
    id: Mapped[Id]
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]
    browser: Mapped[str] = mapped_column(String(80), comment="family and system only, for the list of sessions")
    network: Mapped[str] = mapped_column(String(45), comment="address truncated to /24 or /48")
    authenticated_at: Mapped[datetime | None] = mapped_column(comment="when the person last proved who they are; empty: at created_at")
    factors: Mapped[str] = mapped_column(String(40), server_default="password", comment="by what, joined by +")
    account: Mapped[Account] = relationship()


class OneTimeCode(Model):
    """A code sent to a contact to prove that the person owns it."""

    __tablename__ = "one_time_code"
    id: Mapped[Id]
    contact_digest: Mapped[str] = mapped_column(String(64), index=True)
    code_digest: Mapped[str] = mapped_column(String(64))
    purpose: Mapped[str] = mapped_column(String(20))
    report_id: Mapped[int | None] = mapped_column(ForeignKey("report.id"), comment="the report whose contact it confirms")
    sealed_message: Mapped[bytes | None] = mapped_column(
        LargeBinary, comment="contact and code, until it was sent, used or has run out"
    )
    language: Mapped[str] = mapped_column(String(2), server_default="vi")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    attempts: Mapped[int] = mapped_column(server_default="0")
    used_at: Mapped[datetime | None]
