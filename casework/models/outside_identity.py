"""Identities at other providers that open an account here, and sign-ins with them under way."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.db import Id, Model, Referable
from casework.models.people import Account


class OutsideIdentity(Referable, Model):
    """An identity at a provider that opens an account. Only keyed digests of it are stored."""

    __tablename__ = "outside_identity"
    __table_args__ = (
        UniqueConstraint("provider", "subject_digest"),
        Index("ix_outside_identity_number", "provider", "number_digest"),
    )
    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    provider: Mapped[str] = mapped_column(String(40), comment="its key in the configuration")
    subject_digest: Mapped[str] = mapped_column(String(64), comment="keyed digest of issuer and subject")
    number_digest: Mapped[str | None] = mapped_column(String(64), comment="keyed digest of the personal identification number")
    linked_at: Mapped[datetime]
    linked_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    last_used_at: Mapped[datetime | None]
    account: Mapped[Account] = relationship(foreign_keys=[account_id])


class OutsideSignIn(Model):
    """A browser sent to a provider and expected back once, within minutes; or one that came back as a new person."""

    __tablename__ = "outside_sign_in"
    __table_args__ = (CheckConstraint("purpose IN ('sign_in', 'link')", name="purpose"),)
    id: Mapped[Id]
    state_digest: Mapped[str] = mapped_column(String(64), unique=True, comment="of `state`; of the browser's token once it came back")
    browser_digest: Mapped[str] = mapped_column(String(64), comment="of a token in the cookie of the browser that was sent")
    provider: Mapped[str] = mapped_column(String(40))
    purpose: Mapped[str] = mapped_column(String(8))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True, comment="who links an identity")
    sealed_secrets: Mapped[bytes | None] = mapped_column(LargeBinary, comment="nonce and code verifier; of somebody new: who they are")
    target: Mapped[str] = mapped_column(String(300), comment="the page of ours it leads to")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
    proven_at: Mapped[datetime | None] = mapped_column(comment="somebody new, who is asked for agreement")
