"""Reports as sent, their sealed senders, and the three versions of their text."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.db import Id, Json, Model, Referable
from casework.models.people import Account
from casework.models.places import Area, Centre
from casework.models.rules import Camera

VILLAGE_IN_CLEAR = "village IS NOT NULL AND NOT village_is_listed"
VILLAGE_IN_CLEAR_IN_SQLITE = "village IS NOT NULL AND village_is_listed = 0"


class Reporter(Model):
    """The sealed identity behind one report. Nothing here can be read without the key and a reasoned `reveal_identity`."""

    __tablename__ = "reporter"
    id: Mapped[Id]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    sealed_identity: Mapped[bytes | None] = mapped_column(
        LargeBinary, comment="name, phone, e-mail as given; empty when anonymous to the centre"
    )
    phone_digest: Mapped[str | None] = mapped_column(String(64), index=True)
    email_digest: Mapped[str | None] = mapped_column(String(64), index=True)
    is_anonymous: Mapped[bool] = mapped_column(Boolean, server_default=false())
    contact_verified_at: Mapped[datetime | None]
    verified_contact: Mapped[str | None] = mapped_column(String(5), comment="which of the two: phone or email")
    restricted_at: Mapped[datetime | None] = mapped_column(comment="the person asked that these data rest (casework.rights)")
    channels: Mapped[list[Any]] = mapped_column(Json, default=list, comment="how the person wishes to be told")
    language: Mapped[str] = mapped_column(String(2), server_default="vi")
    account: Mapped[Account | None] = relationship()

    @property
    def is_restricted(self) -> bool:
        """Whether the person asked to restrict processing: nobody looks at them, and only messages about that are sent."""
        return self.restricted_at is not None or (self.account is not None and self.account.restricted_at is not None)

    @property
    def can_be_told(self) -> bool:
        """Whether there is any channel to this person."""
        return self.account_id is not None or self.phone_digest is not None or self.email_digest is not None


class Report(Referable, Model):
    """One citizen's (or camera's, or caller's) submission."""

    __tablename__ = "report"
    __table_args__ = (
        CheckConstraint("source IN ('citizen', 'camera', 'phone', 'officer')", name="source"),
        Index("ix_report_centre_filed", "centre_id", "filed_at"),
        Index("ix_report_place", "latitude", "longitude"),
        Index("ix_report_village_in_clear", "id", sqlite_where=text(VILLAGE_IN_CLEAR_IN_SQLITE),
              postgresql_where=text(VILLAGE_IN_CLEAR)),
        Index("ix_report_camera_filed", "camera_id", "filed_at", sqlite_where=text("camera_id IS NOT NULL"),
              postgresql_where=text("camera_id IS NOT NULL")),
        Index("ix_report_service_filed", "service_id", "filed_at", sqlite_where=text("service_id IS NOT NULL"),
              postgresql_where=text("service_id IS NOT NULL")),
        Index("ix_report_device", "device_id", sqlite_where=text("device_id IS NOT NULL"), postgresql_where=text("device_id IS NOT NULL")),
    )
    id: Mapped[Id]
    code: Mapped[str] = mapped_column(String(24), unique=True, comment="LD-2026-000123: opens only what is public")
    secret_digest: Mapped[str] = mapped_column(String(64), comment="keyed digest of the tracking secret on the receipt")
    centre_id: Mapped[int] = mapped_column(ForeignKey("centre.id"))
    source: Mapped[str] = mapped_column(String(8))
    filed_at: Mapped[datetime]
    reporter_id: Mapped[int | None] = mapped_column(ForeignKey("reporter.id"), unique=True, comment="empty for camera reports")
    filed_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("account.id"), comment="member of staff who filed it for a caller or from a camera"
    )
    service_id: Mapped[int | None] = mapped_column(
        ForeignKey("service_account.account_id"), comment="the service account that filed it for its sender"
    )
    camera_id: Mapped[int | None] = mapped_column(ForeignKey("camera.id"))
    seen_at: Mapped[datetime | None] = mapped_column(comment="when it happened, as the camera or the caller said")
    field_id: Mapped[int | None] = mapped_column(ForeignKey("field.id"), comment="the reporter's own choice")
    marked_urgent: Mapped[bool] = mapped_column(Boolean, server_default=false())
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"), index=True)
    village: Mapped[str | None] = mapped_column(String(120), comment="a name of the official list; before 0.9.1 whatever was typed")
    village_is_listed: Mapped[bool] = mapped_column(server_default=false(), comment="the village is a name of the official list")
    sealed_village: Mapped[bytes | None] = mapped_column(LargeBinary, comment="what was typed for it, where the list does not have it")
    sealed_place: Mapped[bytes | None] = mapped_column(LargeBinary, comment="the place in the reporter's words: may name a house")
    sealed_point: Mapped[bytes | None] = mapped_column(LargeBinary, comment="the exact point, as exact as a house (casework.places.points)")
    clear_latitude: Mapped[float | None] = mapped_column("latitude")
    """Written by programs before 0.9.1 until the job has sealed it; never written now, nor are the next two."""
    clear_longitude: Mapped[float | None] = mapped_column("longitude")
    clear_accuracy_m: Mapped[float | None] = mapped_column("accuracy_m", comment="metres, as the device said")
    consented_at: Mapped[datetime | None]
    consent_notice_id: Mapped[int | None] = mapped_column(ForeignKey("consent_notice.id"), comment="the notice that was agreed to")
    client_key: Mapped[str | None] = mapped_column(
        String(36), unique=True, comment="given by the browser it waited in, so that it is filed once however often it is sent"
    )
    device_id: Mapped[int | None] = mapped_column(ForeignKey("device.id"), comment="the browser it waited in")
    language: Mapped[str] = mapped_column(String(2), server_default="vi")
    reporter: Mapped[Reporter | None] = relationship()
    centre: Mapped[Centre] = relationship()
    area: Mapped[Area | None] = relationship()
    camera: Mapped[Camera | None] = relationship()
    texts: Mapped[list["ReportText"]] = relationship(order_by="ReportText.id")


class ReportText(Model):
    """A version of the words: `original` (sealed), `cleared` for agencies, `public`. The newest of a kind is the current one."""

    __tablename__ = "report_text"
    __table_args__ = (
        CheckConstraint("kind IN ('original', 'cleared', 'public')", name="kind"),
        Index("ix_report_text_current", "report_id", "kind", "id"),
    )
    id: Mapped[Id]
    report_id: Mapped[int] = mapped_column(ForeignKey("report.id"))
    kind: Mapped[str] = mapped_column(String(8))
    sealed_body: Mapped[bytes | None] = mapped_column(LargeBinary, comment="original words; erased by quarantine")
    sealed_answers: Mapped[bytes | None] = mapped_column(LargeBinary, comment="answers to the extra questions, beside the original words")
    body: Mapped[str | None] = mapped_column(Text, comment="cleared and public words")
    written_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    written_at: Mapped[datetime]


class Follower(Model):
    """A person who asked to be told of public steps, without rating and private words."""

    __tablename__ = "follower"
    __table_args__ = (UniqueConstraint("case_id", "account_id"),)
    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    since: Mapped[datetime]
    ended_at: Mapped[datetime | None]
