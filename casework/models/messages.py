"""Outgoing deliveries, a row per person and channel, each person's choices of channels, incoming e-mail, the permission of Zalo."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, false, text
from sqlalchemy.orm import Mapped, deferred, mapped_column

from casework.db import Id, Json, Model, Referable

UNDER_WAY = text("sent_at IS NULL AND given_up_at IS NULL AND dropped_at IS NULL")
GIVEN_UP = text("given_up_at IS NOT NULL")
SENT = text("sent_at IS NOT NULL")
DROPPED = text("dropped_at IS NOT NULL")
ATTEMPTED = text("attempted_at IS NOT NULL")
REFERRED = text("gateway_ref IS NOT NULL")
LIVE = text("ended_at IS NULL")
HANDLED = text("handled_at IS NOT NULL")
UNCLEAR = text("state = 'unclear'")
WAITING = text("state = 'waiting'")


class Delivery(Model):
    """One message to one person by one channel. Address and name are looked up when it is sent; the words come from its template."""

    __tablename__ = "delivery"
    __table_args__ = (
        CheckConstraint("channel IN ('email', 'sms', 'zns', 'push')", name="channel"),
        Index("ix_delivery_due", "channel", "is_urgent", "due_at", "id", sqlite_where=UNDER_WAY, postgresql_where=UNDER_WAY),
        Index("ix_delivery_sent", "channel", "sent_at", sqlite_where=SENT, postgresql_where=SENT),
        Index("ix_delivery_dropped", "dropped_at", "id", sqlite_where=DROPPED, postgresql_where=DROPPED),
        Index("ix_delivery_attempted", "channel", "attempted_at", sqlite_where=ATTEMPTED, postgresql_where=ATTEMPTED),
        Index("ix_delivery_order", "recipient", "case_id", "channel", "id", sqlite_where=UNDER_WAY, postgresql_where=UNDER_WAY),
        Index("ix_delivery_given_up", "given_up_at", "id", sqlite_where=GIVEN_UP, postgresql_where=GIVEN_UP),
        Index("ix_delivery_gateway_ref", "gateway_ref", sqlite_where=REFERRED, postgresql_where=REFERRED),
    )
    id: Mapped[Id]
    message_id: Mapped[int | None] = mapped_column(ForeignKey("outbox_message.id"), index=True, comment="empty for a morning digest")
    recipient: Mapped[str] = mapped_column(String(60), comment="reporter:<id> or account:<id>")
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"), index=True)
    channel: Mapped[str] = mapped_column(String(8))
    is_urgent: Mapped[bool] = mapped_column(Boolean, server_default=false(), comment="goes before others, in quiet hours too")
    template: Mapped[str] = mapped_column(String(60))
    parameters: Mapped[dict[str, Any] | None] = mapped_column(Json, comment="of a digest alone: numbers of messages, no personal data")
    dedupe_key: Mapped[str] = mapped_column(String(160), unique=True)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime] = mapped_column(comment="not before; moved by quiet hours and by pauses between attempts")
    leased_until: Mapped[datetime | None]
    lease: Mapped[str | None] = mapped_column(String(32), comment="which attempt holds it")
    attempts: Mapped[int] = mapped_column(server_default="0")
    attempted_at: Mapped[datetime | None] = mapped_column(comment="when its last attempt began, whatever came of it")
    last_error: Mapped[str | None] = mapped_column(Text, comment="what the gateway said, without address or words")
    sent_at: Mapped[datetime | None]
    given_up_at: Mapped[datetime | None] = mapped_column(
        comment="after the last attempt, or at a refusal for good: waits for a retry by hand"
    )
    dropped_at: Mapped[datetime | None] = mapped_column(comment="withdrawn unsent: quarantine, no wish any more, no address")
    gateway_ref: Mapped[str | None] = mapped_column(String(120))


class MessageChoice(Model):
    """An account's choice for a channel; without a row the default of its kind applies."""

    __tablename__ = "message_choice"
    __table_args__ = (CheckConstraint("takes IN ('all', 'urgent', 'digest', 'none')", name="takes"),)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    channel: Mapped[str] = mapped_column(String(8), primary_key=True)
    takes: Mapped[str] = mapped_column(String(8))
    changed_at: Mapped[datetime]


class PushSubscription(Model):
    """A browser subscribed to notices (RFC 8030). Endpoint and keys are sealed, because they lead to a person's device."""

    __tablename__ = "push_subscription"
    __table_args__ = (Index("ix_push_subscription_live", "account_id", sqlite_where=LIVE, postgresql_where=LIVE),)
    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    session_id: Mapped[int] = mapped_column(
        ForeignKey("login_session.id"), index=True, comment="signed in when it agreed; ends with its sign-out"
    )
    endpoint_digest: Mapped[str] = mapped_column(String(64), unique=True)
    sealed_subscription: Mapped[bytes] = mapped_column(LargeBinary, comment="endpoint, p256dh, auth")
    browser: Mapped[str] = mapped_column(String(80), comment="family and system only")
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(comment="taken back, or the push service no longer knows it")


class ReplyAddress(Model):
    """The address by which the sender of a report answers our letters. Its token follows from `salt` and the installation's key."""

    __tablename__ = "reply_address"
    id: Mapped[Id]
    report_id: Mapped[int] = mapped_column(ForeignKey("report.id"), unique=True)
    salt: Mapped[str] = mapped_column(String(16))
    digest: Mapped[str] = mapped_column(String(64), unique=True, comment="keyed, of the token")
    made_at: Mapped[datetime]


class IncomingLetter(Referable, Model):
    """A letter fetched from the mailbox, once. Its bytes are kept, sealed, until it is taken or its time is over."""

    __tablename__ = "incoming_letter"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'taken', 'unclear', 'machine', 'bounce', 'filed', 'thrown')", name="state"),
        Index("ix_incoming_letter_waiting", "id", sqlite_where=WAITING, postgresql_where=WAITING),
        Index("ix_incoming_letter_handled", "handled_at", "id", sqlite_where=HANDLED, postgresql_where=HANDLED),
        Index("ix_incoming_letter_unclear", "id", sqlite_where=UNCLEAR, postgresql_where=UNCLEAR),
        Index("ix_incoming_letter_report", "report_id", sqlite_where=text("report_id IS NOT NULL"),
              postgresql_where=text("report_id IS NOT NULL")),
    )  # fmt: skip
    id: Mapped[Id]
    key: Mapped[str] = mapped_column(String(64), unique=True, comment="keyed digest of mailbox and Message-ID")
    content_digest: Mapped[str] = mapped_column(String(64), comment="keyed, of the body: another letter may bear the same Message-ID")
    sealed_raw: Mapped[bytes | None] = deferred(mapped_column(LargeBinary, comment="as it came; empty once it is taken"))
    state: Mapped[str] = mapped_column(String(8), server_default="waiting")
    why: Mapped[str | None] = mapped_column(String(12), comment="a word for why it is unclear")
    report_id: Mapped[int | None] = mapped_column(ForeignKey("report.id"), comment="whose address it was sent to")
    size: Mapped[int] = mapped_column(comment="in bytes, of the letter as it came")
    received_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(server_default="0")
    claimed_until: Mapped[datetime | None]
    handled_at: Mapped[datetime | None]
    holder_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), comment="who looks after it while it is unclear")


class DeadEmail(Model):
    """An e-mail address that a mail server said for good takes no letters: its owner is told by other ways for a time."""

    __tablename__ = "dead_email"
    email_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    told_at: Mapped[datetime] = mapped_column(index=True)


class ChannelFault(Model):
    """What is wrong with a channel, or with one of its templates at the gateway; gone once a message is taken again."""

    __tablename__ = "channel_fault"
    of: Mapped[str] = mapped_column(String(50), primary_key=True, comment="the channel, and after a blank the template's number there")
    channel: Mapped[str] = mapped_column(String(8))
    template: Mapped[str] = mapped_column(String(40), comment="empty: the whole channel")
    said: Mapped[str] = mapped_column(String(120), comment="the gateway's code")
    asks_administrator: Mapped[bool] = mapped_column(Boolean, comment="it does not end by itself")
    since: Mapped[datetime]
    last_at: Mapped[datetime]
    times: Mapped[int]
    held_until: Mapped[datetime | None] = mapped_column(comment="its messages wait; empty: it holds nothing back")


class ZaloAccount(Model):
    """An Official Account and its tokens, sealed. A pair of tokens has a generation, which only grows."""

    __tablename__ = "zalo_account"
    __table_args__ = (CheckConstraint("state IN ('ok', 'renewing', 'needs_consent')", name="state"),)
    oa_id: Mapped[str] = mapped_column(String(24), primary_key=True)
    centre_id: Mapped[int] = mapped_column(ForeignKey("centre.id"), index=True)
    sealed_access: Mapped[bytes | None] = mapped_column(LargeBinary, comment="empty: withdrawn")
    sealed_refresh: Mapped[bytes | None] = mapped_column(LargeBinary, comment="good for one renewal")
    refresh_issued_at: Mapped[datetime | None] = mapped_column(comment="when Zalo gave this pair")
    expires_at: Mapped[datetime | None] = mapped_column(comment="of the access token")
    generation: Mapped[int]
    refused_generation: Mapped[int | None] = mapped_column(comment="whose access token Zalo refused: renewed at once, if that helps")
    state: Mapped[str] = mapped_column(String(14))
    lease: Mapped[str | None] = mapped_column(String(32), comment="which attempt renews")
    leased_until: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(comment="renewals in a row that brought no tokens")
    next_try_at: Mapped[datetime | None] = mapped_column(comment="after a failure not before")
    said: Mapped[str | None] = mapped_column(String(120), comment="code of the last failure")
    consented_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    consented_at: Mapped[datetime | None]


class ZaloConsent(Model):
    """A browser sent to Zalo to consent, and expected back once, within minutes."""

    __tablename__ = "zalo_consent"
    id: Mapped[Id]
    state_digest: Mapped[str] = mapped_column(String(64), unique=True)
    session_digest: Mapped[str] = mapped_column(String(64), comment="of the session that was sent")
    oa_id: Mapped[str] = mapped_column(String(24))
    sealed_verifier: Mapped[bytes | None] = mapped_column(LargeBinary, comment="of PKCE; empty once it came back")
    expires_at: Mapped[datetime] = mapped_column(index=True)
