"""Publications to the public or to the reporter alone, their ratings, and the reviews these opened."""

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.db import Id, Model, Referable
from casework.models.answers import Answer
from casework.models.cases import Case
from casework.models.photos import File, Photo

MADE = text("made_from_id IS NOT NULL")


class Publication(Referable, Model):
    """An interim, final or private answer. A correction is a new version of the same publication."""

    __tablename__ = "publication"
    __table_args__ = (CheckConstraint("kind IN ('interim', 'final', 'private')", name="kind"), UniqueConstraint("case_id", "number"))
    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    number: Mapped[int]
    kind: Mapped[str] = mapped_column(String(8))
    published_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    published_at: Mapped[datetime] = mapped_column(index=True)
    unpublished_at: Mapped[datetime | None]
    unpublish_reason: Mapped[str | None] = mapped_column(Text)
    case: Mapped[Case] = relationship()
    versions: Mapped[list["PublicationVersion"]] = relationship(back_populates="publication", order_by="PublicationVersion.version")

    @property
    def current(self) -> "PublicationVersion":
        """The version people read now."""
        return self.versions[-1]


class PublicationVersion(Model):
    """The edited public text, with the approved answers it is based on."""

    __tablename__ = "publication_version"
    __table_args__ = (UniqueConstraint("publication_id", "version"),)
    id: Mapped[Id]
    publication_id: Mapped[int] = mapped_column(ForeignKey("publication.id"))
    version: Mapped[int]
    title: Mapped[str] = mapped_column(String(200))
    question: Mapped[str] = mapped_column(Text, comment="the reporter's matter in words fit for the public")
    summary: Mapped[str | None] = mapped_column(Text, comment="the centre's own words; nobody rewrites an agency's answer")
    place: Mapped[str | None] = mapped_column(String(300))
    shows_exact_place: Mapped[bool] = mapped_column(Boolean, server_default=false())
    correction_reason: Mapped[str | None] = mapped_column(Text)
    written_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    written_at: Mapped[datetime]
    publication: Mapped[Publication] = relationship(back_populates="versions")
    answers: Mapped[list["PublicationAnswer"]] = relationship(order_by="PublicationAnswer.position")
    photos: Mapped[list["PublicationPhoto"]] = relationship(order_by="PublicationPhoto.position")


class PublicationAnswer(Model):
    """An approved answer in a publication, under its agency's name."""

    __tablename__ = "publication_answer"
    version_id: Mapped[int] = mapped_column(ForeignKey("publication_version.id"), primary_key=True)
    answer_id: Mapped[int] = mapped_column(ForeignKey("answer.id"), primary_key=True, index=True)
    position: Mapped[int]
    answer: Mapped[Answer] = relationship()


class PublicationPhoto(Model):
    """A photo chosen for a version, with the copies cleared for it: copies of earlier versions no longer count."""

    __tablename__ = "publication_photo"
    __table_args__ = (Index("ix_publication_photo_made_from_id", "made_from_id", sqlite_where=MADE, postgresql_where=MADE),)
    version_id: Mapped[int] = mapped_column(ForeignKey("publication_version.id"), primary_key=True)
    photo_id: Mapped[int] = mapped_column(ForeignKey("photo.id"), primary_key=True, index=True)
    view_file_id: Mapped[int] = mapped_column(ForeignKey("file.id"), index=True)
    thumb_file_id: Mapped[int] = mapped_column(ForeignKey("file.id"), index=True)
    position: Mapped[int]
    made_from_id: Mapped[int | None] = mapped_column(ForeignKey("file.id"), comment="the newest release of the photo it is a copy of")
    photo: Mapped[Photo] = relationship()
    view: Mapped[File] = relationship(foreign_keys=[view_file_id])
    thumb: Mapped[File] = relationship(foreign_keys=[thumb_file_id])

    def copy(self, rendition: str) -> File | None:
        """The copy called view or thumb; None for another rendition, and once it is erased."""
        file = {"view": self.view, "thumb": self.thumb}.get(rendition)
        return file if file is not None and file.erased_at is None else None


class Rating(Model):
    """A reporter's verdict on a publication: once overall and once per agency, editable in the window."""

    __tablename__ = "rating"
    __table_args__ = (
        CheckConstraint("level IN ('satisfied', 'acceptable', 'dissatisfied')", name="level"),
        Index("ix_rating_whole", "publication_id", "reporter_id", "about", unique=True),
    )
    id: Mapped[Id]
    publication_id: Mapped[int] = mapped_column(ForeignKey("publication.id"))
    reporter_id: Mapped[int] = mapped_column(ForeignKey("reporter.id"), index=True)
    agency_id: Mapped[int | None] = mapped_column(ForeignKey("agency.id"), index=True)
    about: Mapped[str] = mapped_column(String(24), comment="'whole' or 'agency:<id>': one row of each, also where NULLs differ")
    level: Mapped[str] = mapped_column(String(12))
    sealed_reason: Mapped[bytes | None] = mapped_column(LargeBinary, comment="the reporter's words; read by the centre")
    rated_at: Mapped[datetime] = mapped_column(index=True)
    changed_at: Mapped[datetime | None]
    version_id: Mapped[int] = mapped_column(ForeignKey("publication_version.id"), comment="older than the current one: before correction")


class Review(Model):
    """The centre's review of a dissatisfied rating: one per publication, which later ratings join."""

    __tablename__ = "review"
    id: Mapped[Id]
    publication_id: Mapped[int] = mapped_column(ForeignKey("publication.id"), unique=True)
    rating_id: Mapped[int] = mapped_column(ForeignKey("rating.id"))
    opened_at: Mapped[datetime]
    outcome: Mapped[str | None] = mapped_column(String(10), comment="explained or reopened")
    words: Mapped[str | None] = mapped_column(Text)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime | None] = mapped_column(index=True)
