"""Photos and their files. An original is sealed and never served publicly; each audience has copies of its own."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.db import Id, Model, Referable

OF_RECORDING = text("recording_id IS NOT NULL")
ERASED = text("erased_at IS NOT NULL")
COPIED = text("copied_from_id IS NOT NULL")
REPLIED = text("reply_link_id IS NOT NULL")
UNSEARCHED = text("linked_at IS NOT NULL AND faces_sought_at IS NULL")


class Photo(Referable, Model):
    """One picture, staged with a form or linked to a report, an answer, a note, a field of a step or a one-time link."""

    __tablename__ = "photo"
    __table_args__ = (
        CheckConstraint("state IN ('staged', 'linked', 'deleted')", name="state"),
        Index("ix_photo_report", "report_id", "position"),
        Index("ix_photo_answer", "answer_id", "position"),
        Index("ix_photo_step_value", "step_value_id", "position"),
        Index("ix_photo_staged", "staged_token", "position"),
        Index("ix_photo_unsearched", "linked_at", sqlite_where=UNSEARCHED, postgresql_where=UNSEARCHED),
        Index("ix_photo_reply_link", "reply_link_id", "position", sqlite_where=REPLIED, postgresql_where=REPLIED),
        Index("ix_photo_copied_from_id", "copied_from_id", sqlite_where=COPIED, postgresql_where=COPIED),
        Index("ix_photo_unsent", "uploaded_at", sqlite_where=text("linked_at IS NULL"), postgresql_where=text("linked_at IS NULL")),
    )
    id: Mapped[Id]
    purpose: Mapped[str] = mapped_column(String(8), comment="scene, after, progress")
    state: Mapped[str] = mapped_column(String(8), server_default="staged")
    staged_token: Mapped[str | None] = mapped_column(String(32), comment="the unsent form it belongs to")
    report_id: Mapped[int | None] = mapped_column(ForeignKey("report.id"))
    addition_id: Mapped[int | None] = mapped_column(ForeignKey("addition.id"), comment="sent after filing, with these words")
    answer_id: Mapped[int | None] = mapped_column(ForeignKey("answer.id"))
    note_id: Mapped[int | None] = mapped_column(ForeignKey("note.id"))
    step_value_id: Mapped[int | None] = mapped_column(ForeignKey("step_value.id"))
    reply_link_id: Mapped[int | None] = mapped_column(ForeignKey("reply_link.id"), comment="sent with the answer by a one-time link")
    position: Mapped[int] = mapped_column(server_default="0")
    sealed_name: Mapped[bytes] = mapped_column(LargeBinary, comment="the file name as sent: may hold a person's name")
    sealed_metadata: Mapped[bytes | None] = mapped_column(LargeBinary, comment="time and place from EXIF")
    sha256: Mapped[str] = mapped_column(String(64), index=True, comment="of the original bytes: evidence")
    uploaded_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    uploaded_at: Mapped[datetime]
    linked_at: Mapped[datetime | None]
    faces_sought_at: Mapped[datetime | None] = mapped_column(comment="when a detector was last started on it")
    copied_from_id: Mapped[int | None] = mapped_column(ForeignKey("photo.id"), comment="of a part: the photo of its case it is a copy of")
    files: Mapped[list["File"]] = relationship(back_populates="photo", order_by="File.id")
    copied_from: Mapped["Photo | None"] = relationship(remote_side="Photo.id")


class File(Model):
    """Stored bytes: one rendition of a photo for one audience, or of a recording (original, play), a letter or an output (document).

    Anything but a picture has a width and height of 0.
    """

    __tablename__ = "file"
    __table_args__ = (
        CheckConstraint("audience IN ('sealed', 'centre', 'agencies', 'public')", name="audience"),
        CheckConstraint(
            "CASE WHEN photo_id IS NULL THEN 0 ELSE 1 END + CASE WHEN recording_id IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN letter_file_id IS NULL THEN 0 ELSE 1 END + CASE WHEN output_id IS NULL THEN 0 ELSE 1 END = 1",
            name="of_one_thing",
        ),
        Index("ix_file_photo", "photo_id", "audience", "rendition", "id"),
        Index("ix_file_recording", "recording_id", "audience", "rendition", "id", sqlite_where=OF_RECORDING,
              postgresql_where=OF_RECORDING),
        Index("ix_file_erased", "erased_at", sqlite_where=ERASED, postgresql_where=ERASED),
    )
    id: Mapped[Id]
    photo_id: Mapped[int | None] = mapped_column(ForeignKey("photo.id"))
    recording_id: Mapped[int | None] = mapped_column(ForeignKey("recording.id"))
    letter_file_id: Mapped[int | None] = mapped_column(ForeignKey("letter_file.id"), unique=True)
    output_id: Mapped[int | None] = mapped_column(ForeignKey("output.id"), unique=True)
    audience: Mapped[str] = mapped_column(String(8))
    rendition: Mapped[str] = mapped_column(String(8), comment="original, view, thumb, play, document")
    stored_name: Mapped[str] = mapped_column(String(80), unique=True)
    sha256: Mapped[str] = mapped_column(String(64), comment="of the bytes before sealing")
    size: Mapped[int] = mapped_column(comment="bytes before sealing")
    media_type: Mapped[str] = mapped_column(String(80))
    key_id: Mapped[str | None] = mapped_column(String(40), comment="key of the sealed bytes; empty when stored plain")
    width: Mapped[int]
    height: Mapped[int]
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    erased_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None] = mapped_column(comment="when an erased file was seen to be gone")
    photo: Mapped[Photo | None] = relationship(back_populates="files")
    letter_file: Mapped["LetterFile | None"] = relationship(back_populates="file")  # type: ignore[name-defined]  # noqa: F821
    output: Mapped["Output | None"] = relationship(back_populates="file")  # type: ignore[name-defined]  # noqa: F821
