"""How members of staff prove their identity in addition to the password: authenticator apps, passkeys, recovery codes, pending sign-ins."""

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.db import Id, Model, Referable
from casework.models.columns import Dated, Scoped
from casework.models.people import Account


class CodeApp(Model):
    """The authenticator app of one person: its sealed secret, and the last time step a code was used for, since none may be used twice."""

    __tablename__ = "code_app"
    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), unique=True)
    sealed_secret: Mapped[bytes] = mapped_column(LargeBinary)
    last_step: Mapped[int] = mapped_column(comment="of 30 seconds since 1970")
    created_at: Mapped[datetime]


class Passkey(Referable, Model):
    """A passkey (WebAuthn): its public key, and its use count according to the device."""

    __tablename__ = "passkey"
    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    credential_digest: Mapped[str] = mapped_column(String(64), unique=True, comment="SHA-256 of the identifier, up to 1,023 bytes")
    credential_id: Mapped[bytes] = mapped_column(LargeBinary)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(comment="0 where the device does not count")
    is_synced: Mapped[bool] = mapped_column(Boolean, server_default=false(), comment="its maker keeps copies of it for the person")
    name: Mapped[str] = mapped_column(String(60), comment="the person's own")
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    account: Mapped[Account] = relationship()


class RecoveryCode(Model):
    """One of ten codes on paper, valid once. Only its keyed digest is stored."""

    __tablename__ = "recovery_code"
    __table_args__ = (UniqueConstraint("account_id", "code_digest"),)
    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    code_digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SignInBegun(Model):
    """A sign-in that passed its first step and waits for the second, in one browser; its cookie holds the token."""

    __tablename__ = "sign_in_begun"
    id: Mapped[Id]
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    first_factor: Mapped[str] = mapped_column(String(12), comment="password, oidc")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    attempts: Mapped[int] = mapped_column(server_default="0")
    used_at: Mapped[datetime | None] = mapped_column(comment="or ended without a session")
    account: Mapped[Account] = relationship()


class PasskeyChallenge(Model):
    """A challenge for a passkey to sign, once and soon, and the browser it was made for."""

    __tablename__ = "passkey_challenge"
    __table_args__ = (CheckConstraint("purpose IN ('register', 'sign_in', 'second', 'again')", name="purpose"),)
    id: Mapped[Id]
    challenge_digest: Mapped[str] = mapped_column(String(64), unique=True)
    purpose: Mapped[str] = mapped_column(String(8))
    bound_to: Mapped[str] = mapped_column(String(64), comment="the browser: a session, a sign-in begun, digest of a cookie")
    expires_at: Mapped[datetime] = mapped_column(index=True)


class SecondFactorRule(Scoped, Dated, Model):
    """From a day on, holders of this role need a second factor; after the days of grace nothing else opens for those without."""

    __tablename__ = "second_factor_rule"
    __table_args__ = (Index("ix_second_factor_rule_role", "role", "valid_from"),)
    id: Mapped[Id]
    role: Mapped[str] = mapped_column(String(24))
    grace_days: Mapped[int]
