"""Conveniences of the desks: saved filters, drafts, acts held back, templates, mentions, openings, suggestions, faces found."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.db import Id, Json, Model, Referable
from casework.models.answers import Answer
from casework.models.cases import Note
from casework.models.columns import Dated, Named, Scoped
from casework.models.people import Account
from casework.models.places import Agency

FAILED = text("error IS NOT NULL")


class SavedFilter(Referable, Model):
    """A saved filter of the inbox: its owner's own, or shared with everybody who works in a centre or agency."""

    __tablename__ = "saved_filter"
    __table_args__ = (CheckConstraint("centre_id IS NULL OR agency_id IS NULL", name="shared_with"),)
    id: Mapped[Id]
    owner_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    centre_id: Mapped[int | None] = mapped_column(ForeignKey("centre.id"), index=True, comment="shared with the centre; neither: private")
    agency_id: Mapped[int | None] = mapped_column(ForeignKey("agency.id"), index=True, comment="shared with that agency")
    name: Mapped[str] = mapped_column(String(60))
    chosen: Mapped[dict[str, Any]] = mapped_column(Json, comment="the choice as the address of the inbox carries it")
    created_at: Mapped[datetime]
    owner: Mapped[Account] = relationship()

    @property
    def is_shared(self) -> bool:
        """Whether others see it too."""
        return self.centre_id is not None or self.agency_id is not None


class Draft(Referable, Model):
    """What a person typed into a form and has not sent. It belongs to case, agency and element, not to a step of the engine, so that it
    survives a move to another version of the process."""

    __tablename__ = "draft"
    __table_args__ = (Index("ix_draft_own", "account_id", "case_id", "subject", "id"),)
    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    assignment_id: Mapped[int | None] = mapped_column(ForeignKey("assignment.id"), index=True)
    subject: Mapped[str] = mapped_column(String(80), comment="element of the step it was typed for")
    sealed_name: Mapped[bytes | None] = mapped_column(LargeBinary, comment="what its author calls it, where there are several")
    sealed_fields: Mapped[bytes] = mapped_column(LargeBinary)
    revision: Mapped[int] = mapped_column(server_default="1", comment="counts the saves: who saves names the one they read")
    started_at: Mapped[datetime]
    saved_at: Mapped[datetime] = mapped_column(index=True)


class DraftPhotos(Model):
    """The photos staged with a draft, by the token of their field: kept as long as the draft is."""

    __tablename__ = "draft_photos"
    draft_id: Mapped[int] = mapped_column(ForeignKey("draft.id", ondelete="CASCADE"), primary_key=True)
    token: Mapped[str] = mapped_column(String(32), primary_key=True, index=True)


HELD = text("returned_at IS NULL")


class HeldAct(Referable, Model):
    """An act that was pressed and can still be taken back; nothing else of it is written before it is carried out, which deletes the row.

    `returned_at` is when it went back to its author instead, with `sealed_why` unless they took it back themselves. Like a draft it
    belongs to case, agency and element, never to a step of the engine.
    """

    __tablename__ = "held_act"
    __table_args__ = (
        Index("ix_held_act_due", "pressed_at", "id", sqlite_where=HELD, postgresql_where=HELD),
        Index("ix_held_act_once", "task_ref", unique=True, sqlite_where=HELD, postgresql_where=HELD),
        Index("ix_held_act_task", "task_ref", "id"),
        Index("ix_held_act_own", "account_id", "returned_at"),
    )
    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    assignment_id: Mapped[int | None] = mapped_column(ForeignKey("assignment.id"), index=True)
    subject: Mapped[str] = mapped_column(String(80), comment="element of the step, or the verb of an act beside the steps")
    task_ref: Mapped[str | None] = mapped_column(String(16), comment="the step as its page was called; empty: an act beside the steps")
    verb: Mapped[str] = mapped_column(String(40))
    sealed_given: Mapped[bytes | None] = mapped_column(LargeBinary, comment="what was filled in, as the use case takes it")
    sealed_fields: Mapped[bytes | None] = mapped_column(LargeBinary, comment="the form as it was sent, to be given back")
    sealed_why: Mapped[bytes | None] = mapped_column(LargeBinary, comment="why it went back")
    form_key: Mapped[str | None] = mapped_column(String(80), comment="of the form that was sent: free again if it goes back")
    pressed_at: Mapped[datetime]
    due_at: Mapped[datetime]
    returned_at: Mapped[datetime | None] = mapped_column(index=True)
    seen_at: Mapped[datetime | None] = mapped_column(comment="when its author put the notice away")
    account: Mapped[Account] = relationship()


class AnswerTemplate(Referable, Scoped, Named, Dated, Model):
    """Text an agency begins an answer with; placeholders like {code} are filled in from the case. Without an agency it is everybody's."""

    __tablename__ = "answer_template"
    id: Mapped[Id]
    agency_id: Mapped[int | None] = mapped_column(ForeignKey("agency.id"), index=True)
    service_code: Mapped[str | None] = mapped_column(String(40), comment="of the field it is meant for; empty: any")
    position: Mapped[int]
    findings: Mapped[str] = mapped_column(Text)
    actions: Mapped[str] = mapped_column(Text)
    remaining: Mapped[str] = mapped_column(Text)
    contact: Mapped[str] = mapped_column(String(200))
    written_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), comment="empty: came with the software")
    agency: Mapped[Agency | None] = relationship()


class ReadyText(Referable, Scoped, Named, Dated, Model):
    """Words somebody may begin a question, a refusal or an order to redo with; placeholders like {code} are filled in from the case."""

    __tablename__ = "ready_text"
    __table_args__ = (CheckConstraint("purpose IN ('question', 'refusal', 'redo')", name="purpose"),)
    id: Mapped[Id]
    purpose: Mapped[str] = mapped_column(String(8), index=True, comment="question to a reporter, refusal of a report, redo of an answer")
    service_code: Mapped[str | None] = mapped_column(String(40), comment="of the field it is meant for; empty: any")
    position: Mapped[int]
    body: Mapped[str] = mapped_column(Text)


class AnswerOpening(Model):
    """A version of an answer opened by somebody who may decide on it; only opened answers can be approved in bulk."""

    __tablename__ = "answer_opening"
    answer_id: Mapped[int] = mapped_column(ForeignKey("answer.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    opened_at: Mapped[datetime]
    answer: Mapped[Answer] = relationship()


class Mention(Model):
    """A colleague named in a note, until they have seen it."""

    __tablename__ = "mention"
    __table_args__ = (
        UniqueConstraint("note_id", "account_id"),
        Index("ix_mention_unseen", "account_id", "id", sqlite_where=text("seen_at IS NULL"), postgresql_where=text("seen_at IS NULL")),
    )
    id: Mapped[Id]
    note_id: Mapped[int] = mapped_column(ForeignKey("note.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    seen_at: Mapped[datetime | None]
    note: Mapped[Note] = relationship()
    account: Mapped[Account] = relationship()


class SuggestionRule(Scoped, Dated, Model):
    """Words that suggest a field or urgency. The suggestion shows the words that caused it and is never chosen automatically."""

    __tablename__ = "suggestion_rule"
    __table_args__ = (CheckConstraint("kind IN ('field', 'urgency')", name="kind"),)
    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(8))
    target: Mapped[str] = mapped_column(String(40), comment="service code of the field, or urgent")
    phrase: Mapped[str] = mapped_column(String(80), comment="as it is written; compared without accents")
    weight: Mapped[int] = mapped_column(comment="how strongly it speaks, 1 to 10")


class PhotoDetection(Model):
    """A detector's result for one photo: rectangles that may be faces, suggested to the person who covers them."""

    __tablename__ = "photo_detection"
    __table_args__ = (Index("ix_photo_detection_failed", "detected_at", sqlite_where=FAILED, postgresql_where=FAILED),)
    id: Mapped[Id]
    photo_id: Mapped[int] = mapped_column(ForeignKey("photo.id"), unique=True)
    detector: Mapped[str] = mapped_column(String(40), comment="name and version of the model")
    rectangles: Mapped[list[Any]] = mapped_column(Json, comment="[left, top, right, bottom, score] in fractions of the upright picture")
    error: Mapped[str | None] = mapped_column(String(80), comment="class of the error when it failed: nobody looked, a person has to")
    detected_at: Mapped[datetime]


class Presence(Model):
    """A member of staff who has a case open now. Kept as long as the page is, half a minute at most beyond, and never as history.

    No foreign keys: they would make the row of a case wait for whoever works on it. On PostgreSQL the table is unlogged, so that it is in
    no archive of changes and in no standby; backups leave it out.
    """

    __tablename__ = "presence"
    __table_args__ = (Index("ix_presence_case", "case_id", "body"),)
    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    case_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    body: Mapped[str] = mapped_column(String(19), comment="c<centre> or a<agency>: who of the same one sees it")
    began_at: Mapped[datetime]
    seen_at: Mapped[datetime] = mapped_column(index=True)
    is_writing: Mapped[bool] = mapped_column(comment="something was typed just now; never what")


class BellRead(Model):
    """A message to a desk that one of its people has read; the others have not. Messages to one person know it themselves."""

    __tablename__ = "bell_read"
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("outbox_message.id", ondelete="CASCADE"), primary_key=True, index=True)
    read_at: Mapped[datetime] = mapped_column(index=True)
