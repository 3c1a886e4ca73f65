"""Service accounts: other programs that act here in roles of their own, their keys, who lends them a name, and the webhooks they get; and
links by which bodies without an account answer once."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.db import Id, Json, Model, Referable
from casework.models.cases import Assignment, Referral
from casework.models.people import Account
from casework.models.places import Agency, Centre

IN_FORCE = text("ended_at IS NULL")

DUE = text("due_at IS NOT NULL")
UNTOLD = text("delivered_at IS NULL AND dead_at IS NULL")
DEAD = text("dead_at IS NOT NULL")
DELIVERED = text("delivered_at IS NOT NULL")
OPEN_LINK = text("answered_at IS NULL AND revoked_at IS NULL")


class ServiceAccount(Model):
    """What is known of an account of kind `service`, beside its name and roles: whose it is, what it may do, and why."""

    __tablename__ = "service_account"
    __table_args__ = (
        CheckConstraint("(agreement_number IS NULL) = (agreement_on IS NULL)", name="agreement"),
    )
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True, autoincrement=False)
    centre_id: Mapped[int] = mapped_column(ForeignKey("centre.id"), index=True)
    agency_id: Mapped[int | None] = mapped_column(ForeignKey("agency.id"), index=True, comment="empty: of the centre itself")
    owner_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True, comment="the person who is told of all that concerns it")
    purpose: Mapped[str] = mapped_column(String(300))
    scopes: Mapped[list[Any]] = mapped_column(comment="verbs it may do, as far as its roles allow them")
    agreement_number: Mapped[str | None] = mapped_column(String(60), comment="under which its operator collects consent; to file reports")
    agreement_on: Mapped[date | None]
    reports_an_hour: Mapped[int | None] = mapped_column(comment="agreed; empty: as for all")
    reports_a_day: Mapped[int | None] = mapped_column(comment="agreed; empty: as for all")
    contact_mode: Mapped[str] = mapped_column(
        String(10), server_default="reporter", comment="who proves it: “reporter”, by a code of ours, or “proven”: its operator has"
    )
    extended_statuses: Mapped[bool] = mapped_column(Boolean, server_default=false(), comment="updates in FixMyStreet's words")
    photo_hosts: Mapped[list[Any]] = mapped_column(
        Json, default=list, server_default="[]", comment="from which photos are fetched that its reports name by their address"
    )
    provider: Mapped[str | None] = mapped_column(String(40), comment="of sign-ins, whose subjects it names for people it adds (SCIM)")
    created_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(comment="for good")
    account: Mapped[Account] = relationship(foreign_keys=[account_id])
    owner: Mapped[Account] = relationship(foreign_keys=[owner_id])
    centre: Mapped[Centre] = relationship()
    agency: Mapped[Agency | None] = relationship()


class ServiceKey(Referable, Model):
    """A key of a service account. The program that shows it has the secret, the row a keyed digest of the whole key."""

    __tablename__ = "service_key"
    __table_args__ = (Index("ix_service_key_ends", "expires_at", sqlite_where=text("revoked_at IS NULL"),
                            postgresql_where=text("revoked_at IS NULL")),)  # fmt: skip
    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("service_account.account_id"), index=True)
    public: Mapped[str] = mapped_column(String(8), unique=True, comment="by which it is found and named; opens nothing")
    digest: Mapped[str] = mapped_column(String(64))
    networks: Mapped[list[Any]] = mapped_column(comment="from which it works, in CIDR notation; none: from everywhere")
    created_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    last_used_on: Mapped[date | None] = mapped_column(comment="the local day")
    told_days: Mapped[int | None] = mapped_column(comment="days before its end of which the owner was told last: 30, 7, 1")
    revoked_at: Mapped[datetime | None]


class GoingCall(Model):
    """A program called what goes from the API: the last day it did, and the owner who was told."""

    __tablename__ = "going_call"
    service_id: Mapped[int] = mapped_column(ForeignKey("service_account.account_id"), primary_key=True, autoincrement=False)
    operation: Mapped[str] = mapped_column(String(60), primary_key=True, comment="its name in OpenAPI")
    announced_on: Mapped[date] = mapped_column(primary_key=True, comment="what is announced anew is told anew")
    last_used_on: Mapped[date] = mapped_column(index=True, comment="the local day")
    told_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True, comment="the owner who was told of it")


class BehalfAgreement(Model):
    """A person lets a service account act in their name, until they say otherwise."""

    __tablename__ = "behalf_agreement"
    __table_args__ = (
        Index("ix_behalf_agreement_pair", "service_id", "person_id", unique=True, sqlite_where=IN_FORCE, postgresql_where=IN_FORCE),
    )
    id: Mapped[Id]
    service_id: Mapped[int] = mapped_column(ForeignKey("service_account.account_id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    agreed_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class ProvisionedPerson(Model):
    """What a centre's directory of people (SCIM) has said of a member of staff: whose they are before they hold a role, and who they are
    there."""

    __tablename__ = "provisioned_person"
    __table_args__ = (UniqueConstraint("centre_id", "external_digest"),)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True, autoincrement=False)
    centre_id: Mapped[int] = mapped_column(ForeignKey("centre.id"))
    sealed_external: Mapped[bytes | None] = mapped_column(LargeBinary, comment="the identifier of the person in that directory")
    external_digest: Mapped[str | None] = mapped_column(String(64), comment="keyed digest of it")
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None] = mapped_column(comment="when the directory removed the person; counts while the account is closed")
    closed_at: Mapped[datetime | None] = mapped_column(comment="when the directory closed the account; another time, and people did since")


class DoorRepeat(Model):
    """A request that changes something, by the key its program gave it: done once, and answered alike when it is sent again."""

    __tablename__ = "door_repeat"
    __table_args__ = (
        Index("ix_door_repeat_case", "case_id", sqlite_where=text("case_id IS NOT NULL"), postgresql_where=text("case_id IS NOT NULL")),
    )
    key: Mapped[str] = mapped_column(String(64), primary_key=True, comment="keyed digest of account, route and key")
    service_id: Mapped[int] = mapped_column(ForeignKey("service_account.account_id"), index=True)
    content_digest: Mapped[str] = mapped_column(String(64), comment="keyed, of what was sent: another body is no repeat")
    claim: Mapped[str] = mapped_column(String(32), comment="of the request that does it; one that died loses it after a minute")
    claimed_at: Mapped[datetime] = mapped_column(index=True)
    status: Mapped[int | None] = mapped_column(comment="of the first answer; empty while it runs")
    sealed_answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"), comment="the case it was about: set apart, the row goes with it")


class PhotoAddress(Model):
    """A photo of a report that its program named by an address: fetched by a job, and emptied of the address when that has ended."""

    __tablename__ = "photo_address"
    __table_args__ = (
        CheckConstraint("(ended_at IS NULL) = (reason IS NULL)", name="ended"),
        Index("ix_photo_address_due", "due_at", sqlite_where=IN_FORCE, postgresql_where=IN_FORCE),
    )
    id: Mapped[Id]
    report_id: Mapped[int] = mapped_column(ForeignKey("report.id"), index=True)
    sealed_url: Mapped[bytes | None] = mapped_column(LargeBinary)
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime] = mapped_column(comment="nobody calls before; while one calls, the end of its claim")
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    ended_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(String(10), comment="fetched, or why not: a word of casework.doors.photo_addresses")


class WebhookEndpoint(Referable, Model):
    """An address of a service account that is called. One worker at a time calls it, by a claim that runs out."""

    __tablename__ = "webhook_endpoint"
    __table_args__ = (CheckConstraint("scheme IN ('v1', 'v1a')", name="scheme"),)
    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("service_account.account_id"), index=True)
    url: Mapped[str] = mapped_column(String(500))
    events: Mapped[list[Any]] = mapped_column(comment="types, or things for all types of it; none: all it may be told")
    scheme: Mapped[str] = mapped_column(String(4), comment="v1a: ed25519, v1: a shared secret")
    created_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
    verified_at: Mapped[datetime | None] = mapped_column(comment="it answered the challenge; empty: nothing else is sent")
    disabled_at: Mapped[datetime | None]
    disabled_for: Mapped[str | None] = mapped_column(String(8), comment="asked, gone (410), silent (for days)")
    claim: Mapped[str | None] = mapped_column(String(16))
    claimed_until: Mapped[datetime | None]
    rests_until: Mapped[datetime | None] = mapped_column(comment="after a failure nothing is sent before")
    failures: Mapped[int] = mapped_column(default=0, server_default="0", comment="in a row")
    failing_since: Mapped[datetime | None]
    last_delivered_at: Mapped[datetime | None]
    service: Mapped[ServiceAccount] = relationship()

    @property
    def is_on(self) -> bool:
        """Whether it is told of cases."""
        return self.verified_at is not None and self.disabled_at is None


class WebhookSecret(Model):
    """What requests to an endpoint are signed with; of a rotation the former one for some more hours."""

    __tablename__ = "webhook_secret"
    id: Mapped[Id]
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoint.id"), index=True)
    scheme: Mapped[str] = mapped_column(String(4))
    public: Mapped[str | None] = mapped_column(String(80), comment="whpk_…, of v1a")
    sealed_secret: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime]
    ends_at: Mapped[datetime | None] = mapped_column(comment="of a former one")


class WebhookCourse(Model):
    """What one endpoint is told about one thing, in order: how much so far, and when the next is due."""

    __tablename__ = "webhook_course"
    __table_args__ = (Index("ix_webhook_course_due", "endpoint_id", "due_at", sqlite_where=DUE, postgresql_where=DUE),)
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoint.id"), primary_key=True, autoincrement=False)
    about: Mapped[str] = mapped_column(String(40), primary_key=True, comment="case:<id>, report:<id>, endpoint")
    seq: Mapped[int]
    due_at: Mapped[datetime | None] = mapped_column(comment="empty: nothing waits")


class WebhookDelivery(Model):
    """One message to one endpoint. Its body is made before the first attempt; what is kept is what was signed and sent."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        UniqueConstraint("endpoint_id", "about", "seq"),
        Index("ix_webhook_delivery_untold", "endpoint_id", "about", "seq", sqlite_where=UNTOLD, postgresql_where=UNTOLD),
        Index("ix_webhook_delivery_dead", "endpoint_id", "dead_at", sqlite_where=DEAD, postgresql_where=DEAD),
        Index("ix_webhook_delivery_dead_on", "dead_at", sqlite_where=DEAD, postgresql_where=DEAD),
        Index("ix_webhook_delivery_delivered", "delivered_at", sqlite_where=DELIVERED, postgresql_where=DELIVERED),
    )
    id: Mapped[Id]
    message: Mapped[str] = mapped_column(String(40), unique=True, comment="webhook-id: the same over all attempts and replays")
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoint.id"))
    about: Mapped[str] = mapped_column(String(40))
    seq: Mapped[int]
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"), index=True)
    type: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime] = mapped_column(comment="of the event")
    told: Mapped[dict[str, Any]] = mapped_column(Json, comment="refs and a code; never words, names, places")
    body: Mapped[str | None] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    tried_at: Mapped[datetime | None]
    last_status: Mapped[int | None]
    last_error: Mapped[str | None] = mapped_column(String(40), comment="where there was no answer")
    delivered_at: Mapped[datetime | None]
    dead_at: Mapped[datetime | None] = mapped_column(comment="given up; can be sent again")
    endpoint: Mapped[WebhookEndpoint] = relationship()


class ReplyLink(Referable, Model):
    """An address by which a body without an account answers once: of one referral, or of one agency's work where nobody signs in.

    Neither the address nor its code is kept: they follow from the row's ref and the key of the installation (casework/doors/links/secrets).
    Its case is that of the referral or assignment, which can move.
    """

    __tablename__ = "reply_link"
    __table_args__ = (
        CheckConstraint("(referral_id IS NULL) <> (assignment_id IS NULL)", name="of_one_thing"),
        CheckConstraint("revoked_for IN ('asked', 'renewed', 'codes', 'apart')", name="revoked_for"),
        Index("ix_reply_link_open", "expires_at", "id", sqlite_where=OPEN_LINK, postgresql_where=OPEN_LINK),
        Index("ix_reply_link_referral", "referral_id", "id", sqlite_where=text("referral_id IS NOT NULL"),
              postgresql_where=text("referral_id IS NOT NULL")),
        Index("ix_reply_link_assignment", "assignment_id", "id", sqlite_where=text("assignment_id IS NOT NULL"),
              postgresql_where=text("assignment_id IS NOT NULL")),
    )  # fmt: skip
    id: Mapped[Id]
    digest: Mapped[str] = mapped_column(String(64), unique=True, comment="keyed, of the secret part of its address")
    referral_id: Mapped[int | None] = mapped_column(ForeignKey("referral.id"))
    assignment_id: Mapped[int | None] = mapped_column(ForeignKey("assignment.id"))
    asked: Mapped[str] = mapped_column(Text, comment="what the body is asked")
    with_place: Mapped[bool] = mapped_column(Boolean, comment="whether it shows the exact place")
    with_code: Mapped[bool] = mapped_column(Boolean, comment="whether six digits told by telephone open it")
    wrong_codes: Mapped[int] = mapped_column(default=0, server_default="0")
    sent_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    sent_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_for: Mapped[str | None] = mapped_column(String(8))
    revoked_reason: Mapped[str | None] = mapped_column(Text, comment="why an administrator revoked it")
    answered_at: Mapped[datetime | None] = mapped_column(comment="the one answer; from then on it shows the receipt alone")
    outcome: Mapped[str | None] = mapped_column(String(8), comment="what became of the matter; empty: done")
    ready_on: Mapped[date | None] = mapped_column(comment="the day by which it is ready, where it takes longer")
    reason: Mapped[str | None] = mapped_column(Text, comment="why it takes longer, or is not for this body")
    findings: Mapped[str | None] = mapped_column(Text)
    actions: Mapped[str | None] = mapped_column(Text)
    remaining: Mapped[str | None] = mapped_column(Text)
    sealed_contact: Mapped[bytes | None] = mapped_column(LargeBinary, comment="the address of the body it is sent to")
    sealed_signed: Mapped[bytes | None] = mapped_column(LargeBinary, comment="name and position of who answered")
    referral: Mapped[Referral | None] = relationship()
    assignment: Mapped[Assignment | None] = relationship()

    @property
    def case_id(self) -> int:
        """The case it is about now."""
        if self.referral is not None:
            return self.referral.case_id
        if self.assignment is not None:
            return self.assignment.case_id
        raise LookupError("a link of nothing")
