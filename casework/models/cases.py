"""The case (the work on one matter), its agencies, and what is said and done outside the steps of the process."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.db import Id, Json, Model, Referable
from casework.lateness import is_late
from casework.models.people import Account
from casework.models.places import Agency, Area, Centre
from casework.models.reports import Report
from casework.models.rules import Field, RefusalReason, VisibilityReason
from casework.states import UNCLASSIFIED, CaseState, Standstill, standstill_of

UNMASKED = text("closed_at IS NOT NULL AND masked_at IS NULL AND quarantined_at IS NULL")
UNRELEASED = text("village IS NOT NULL")
VILLAGE_WAITS = text("village IS NOT NULL OR sealed_village IS NOT NULL")


class Case(Referable, Model):
    """The work on one matter. Late is computed from `due_at`, never stored."""

    __tablename__ = "case"
    __table_args__ = (
        Index("ix_case_centre_state_due", "centre_id", "state", "due_at"),
        Index("ix_case_published", "published_at", "id", sqlite_where=text("is_public"), postgresql_where=text("is_public")),
        Index("ix_case_newest", "opened_at", "id"),
        Index("ix_case_state_newest", "state", "opened_at", "id"),
        Index("ix_case_area_newest", "area_id", "opened_at", "id", "field_id"),
        Index("ix_case_field_newest", "field_id", "opened_at", "id"),
        Index("ix_case_quarantined", "quarantined_at", sqlite_where=text("quarantined_at IS NOT NULL"),
              postgresql_where=text("quarantined_at IS NOT NULL")),
        Index("ix_case_place", "latitude", "longitude"),
        Index("ix_case_unconfirmed", "centre_id", "unconfirmed_since", sqlite_where=text("unconfirmed_since IS NOT NULL"),
              postgresql_where=text("unconfirmed_since IS NOT NULL")),
        Index("ix_case_unreleased", "centre_id", "id", sqlite_where=UNRELEASED, postgresql_where=UNRELEASED),
        Index("ix_case_village_waits", "centre_id", "id", sqlite_where=VILLAGE_WAITS, postgresql_where=VILLAGE_WAITS),
        Index("ix_case_unmasked", "closed_at", "id", sqlite_where=UNMASKED, postgresql_where=UNMASKED),
        Index("ix_case_centre_accepted", "centre_id", "accepted_at"),
        Index("ix_case_centre_answered", "centre_id", "answered_at"),
        Index("ix_case_parent_id", "parent_id", sqlite_where=text("parent_id IS NOT NULL"), postgresql_where=text("parent_id IS NOT NULL")),
    )
    id: Mapped[Id]
    code: Mapped[str] = mapped_column(String(24), unique=True, comment="the code of its main report")
    centre_id: Mapped[int] = mapped_column(ForeignKey("centre.id"))
    state: Mapped[str] = mapped_column(String(16), comment="casework.states.CaseState")
    source: Mapped[str] = mapped_column(String(8))
    opened_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None] = mapped_column(comment="final publication or private answer of the present round")
    closed_at: Mapped[datetime | None]
    clock_starts: Mapped[str] = mapped_column(String(10), comment="the centre's setting on the day the case was opened")
    title: Mapped[str | None] = mapped_column(String(200), comment="written by the operator; carries no personal data")
    field_id: Mapped[int | None] = mapped_column(ForeignKey("field.id"))
    urgency: Mapped[str] = mapped_column(String(8), server_default="normal")
    complexity: Mapped[str] = mapped_column(String(8), server_default="ordinary")
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    village: Mapped[str | None] = mapped_column(
        "released_village", String(120), comment="a name of the official list, or words an operator has seen and released"
    )
    village_in_clear: Mapped[str | None] = mapped_column(
        "village", String(120), comment="what stood there before anybody had to release it; nobody reads it but who decides on it"
    )
    """Written by programs before 0.9.1 until the job has sealed it; never written now."""
    sealed_village: Mapped[bytes | None] = mapped_column(LargeBinary, comment="what of it nobody has let out yet")
    place: Mapped[str | None] = mapped_column(String(300), comment="the operator's description of the place, cleared for agencies")
    latitude: Mapped[float | None]
    """Rounded until it is placed, like `longitude` (casework.places.points)."""
    longitude: Mapped[float | None]
    placed_at: Mapped[datetime | None] = mapped_column(
        comment="when an operator let everybody see the exact point; it stands here since"
    )
    visibility_reason_id: Mapped[int | None] = mapped_column(ForeignKey("visibility_reason.id"))
    quarantined_at: Mapped[datetime | None]
    is_public: Mapped[bool] = mapped_column(Boolean, server_default=false(), comment="has a publication that is not withdrawn")
    published_at: Mapped[datetime | None]
    lead_agency_id: Mapped[int | None] = mapped_column(ForeignKey("agency.id"), index=True)
    due_at: Mapped[datetime | None] = mapped_column(comment="copy of the running case clock, for lists")
    reopened: Mapped[int] = mapped_column(server_default="0")
    paused_for: Mapped[str | None] = mapped_column(String(8), comment="casework.states.Pause: what its clocks rest for")
    paused_until: Mapped[datetime | None] = mapped_column(comment="when a question or a hold ends by itself")
    held_reason: Mapped[str | None] = mapped_column(String(300))
    state_before: Mapped[str | None] = mapped_column(String(16), comment="where work goes on after a wait, a refusal or a merge")
    masked_at: Mapped[datetime | None] = mapped_column(comment="who sent its reports was forgotten, by the rule of retention")
    hotline_owed: Mapped[bool] = mapped_column(Boolean, server_default=false(), comment="urgent, and the hotline not reached yet")
    withdrawal_asked: Mapped[bool] = mapped_column(Boolean, server_default=false(), comment="a withdrawal waits for the centre's word")
    has_unread_words: Mapped[bool] = mapped_column(Boolean, server_default=false(), comment="a reporter wrote and nobody has read it")
    unconfirmed_since: Mapped[datetime | None] = mapped_column(comment="filed by somebody whose contact is not proven yet")
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"), comment="the case it is a part of; one level")
    is_divided: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false(), comment="has or had parts")
    version: Mapped[int] = mapped_column(server_default="1")
    centre: Mapped[Centre] = relationship()
    field: Mapped[Field | None] = relationship()
    area: Mapped[Area | None] = relationship()
    lead_agency: Mapped[Agency | None] = relationship()
    visibility_reason: Mapped[VisibilityReason | None] = relationship()
    merged_into: Mapped["Case | None"] = relationship(remote_side="Case.id", foreign_keys=[merged_into_id])
    reports: Mapped[list["CaseReport"]] = relationship(back_populates="case", order_by="CaseReport.id")
    assignments: Mapped[list["Assignment"]] = relationship(back_populates="case", order_by="Assignment.id")

    __mapper_args__ = {"version_id_col": version}

    @property
    def is_urgent(self) -> bool:
        """Whether the case runs on the 24-hour track."""
        return self.urgency == "urgent"

    @property
    def standstill(self) -> Standstill | None:
        """Why the case is paused; None otherwise. Its steps are hidden meanwhile."""
        return standstill_of(self.state, self.paused_for)

    @property
    def is_reported_urgent(self) -> bool:
        """Whether a sender or caller marked it urgent and nobody has decided on that yet."""
        return self.state in UNCLASSIFIED and any(link.report.marked_urgent for link in self.reports if link.left_at is None)

    @property
    def main_report(self) -> Report:
        """The report whose code the case shows."""
        return next(link.report for link in self.reports if link.is_main and link.left_at is None)

    @property
    def open_assignments(self) -> list["Assignment"]:
        """Agencies that still owe an answer or a hand-back."""
        return [assignment for assignment in self.assignments if assignment.is_open]

    @property
    def is_unconfirmed(self) -> bool:
        """Whether it waits for acceptance and for its sender's contact to be confirmed (casework.open_cases)."""
        return self.state == CaseState.TO_VERIFY and self.unconfirmed_since is not None and self.quarantined_at is None

    def is_late(self, now: datetime) -> bool:
        """Judged when the case was answered, or else now."""
        return is_late(self.due_at, self.answered_at or self.closed_at or now)


class CaseReport(Model):
    """A report a case answers, and until when: a split restores the link from before the merge."""

    __tablename__ = "case_report"
    __table_args__ = (
        Index(
            "ix_case_report_report",
            "report_id",
            unique=True,
            sqlite_where=text("left_at IS NULL"),
            postgresql_where=text("left_at IS NULL"),
        ),
    )
    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("report.id"))
    is_main: Mapped[bool] = mapped_column(Boolean, server_default=false())
    joined_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    before: Mapped[dict[str, Any] | None] = mapped_column(Json, comment="state and clocks before a merge, for split")
    case: Mapped[Case] = relationship(back_populates="reports")
    report: Mapped[Report] = relationship()


NEW_FOR_CENTRE, NEW_FOR_AGENCY = "agency_said > centre_read", "centre_said > agency_read"


class Assignment(Referable, Model):
    """One agency asked to work on a case; one of them leads."""

    __tablename__ = "assignment"
    __table_args__ = (
        CheckConstraint("slot IN ('lead', 'cooperating')", name="slot"),
        Index("ix_assignment_agency_state", "agency_id", "state"),
        Index("ix_assignment_agency_case", "agency_id", "case_id"),
        Index("ix_assignment_due_open", "due_at", sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL")),
        Index(
            "ix_assignment_open", "case_id", "agency_id", unique=True,
            sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_assignment_new_for_centre", "case_id", sqlite_where=text(NEW_FOR_CENTRE), postgresql_where=text(NEW_FOR_CENTRE)),
        Index("ix_assignment_new_for_agency", "agency_id", sqlite_where=text(NEW_FOR_AGENCY), postgresql_where=text(NEW_FOR_AGENCY)),
    )  # fmt: skip
    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    agency_id: Mapped[int] = mapped_column(ForeignKey("agency.id"))
    slot: Mapped[str] = mapped_column(String(12))
    state: Mapped[str] = mapped_column(String(16), comment="casework.states.AssignmentState")
    round: Mapped[int] = mapped_column(server_default="0", comment="how often the case had been reopened when this was given")
    instructions: Mapped[str | None] = mapped_column(Text)
    distributed_at: Mapped[datetime]
    distributed_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    accepted_at: Mapped[datetime | None]
    accepted_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    submitted_at: Mapped[datetime | None]
    approved_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None] = mapped_column(String(16), comment="approved, handed_back, removed, quarantined, closed")
    end_words: Mapped[str | None] = mapped_column(Text, comment="why it ended; of a missing answer the public reads it")
    extension_asked: Mapped[bool] = mapped_column(Boolean, server_default=false(), comment="more time was asked for and is not decided")
    due_at: Mapped[datetime | None] = mapped_column(comment="copy of the running assignment clock")
    approval_desk: Mapped[str | None] = mapped_column(String(40), comment="who decides: the agency's leader, or the next leader up")
    centre_said: Mapped[int] = mapped_column(default=0, server_default="0", comment="newest note of the centre in the exchange")
    agency_said: Mapped[int] = mapped_column(default=0, server_default="0", comment="newest note of the agency in it")
    centre_read: Mapped[int] = mapped_column(default=0, server_default="0", comment="to which note the centre has read it")
    agency_read: Mapped[int] = mapped_column(default=0, server_default="0", comment="to which note the agency has read it")
    version: Mapped[int] = mapped_column(server_default="1")
    case: Mapped[Case] = relationship(back_populates="assignments")
    agency: Mapped[Agency] = relationship()
    answers: Mapped[list["Answer"]] = relationship(back_populates="assignment", order_by="Answer.version")  # type: ignore[name-defined]  # noqa: F821

    __mapper_args__ = {"version_id_col": version}

    @property
    def is_open(self) -> bool:
        """Whether the agency still owes something."""
        return self.ended_at is None

    @property
    def is_lead(self) -> bool:
        """Whether this agency leads."""
        return self.slot == "lead"


class Refusal(Model):
    """A case that was refused, with the reason the sender reads and the one objection allowed."""

    __tablename__ = "refusal"
    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    reason_id: Mapped[int] = mapped_column(ForeignKey("refusal_reason.id"))
    words: Mapped[str] = mapped_column(Text)
    refused_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    refused_at: Mapped[datetime] = mapped_column(index=True)
    state_before: Mapped[str] = mapped_column(String(16))
    sealed_objection: Mapped[bytes | None] = mapped_column(LargeBinary)
    objected_at: Mapped[datetime | None]
    objection_due_at: Mapped[datetime | None] = mapped_column(comment="the first instant too late for an objection")
    objected_by_id: Mapped[int | None] = mapped_column(ForeignKey("report.id"), comment="the report whose sender objected")
    objection_upheld: Mapped[bool | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime | None]
    decision_words: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[RefusalReason] = relationship()


class Question(Referable, Model):
    """A question to the reporter; the case clock is paused meanwhile."""

    __tablename__ = "question"
    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("report.id"), index=True)
    words: Mapped[str] = mapped_column(Text)
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime]
    when_unanswered: Mapped[str] = mapped_column(String(10), comment="close or continue, chosen when asking")
    sealed_answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class Referral(Model):
    """A case handed to a body outside the centre; watched until its result is known."""

    __tablename__ = "referral"
    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    body: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(Text)
    referred_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    referred_at: Mapped[datetime] = mapped_column(index=True)
    result: Mapped[str | None] = mapped_column(Text)
    came_back: Mapped[bool | None]
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    ended_at: Mapped[datetime | None]


class Withdrawal(Model):
    """A report taken back by its sender; after acceptance a request the centre decides."""

    __tablename__ = "withdrawal"
    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("report.id"))
    sealed_reason: Mapped[bytes | None] = mapped_column(LargeBinary)
    requested_at: Mapped[datetime]
    granted: Mapped[bool | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime | None]
    decision_words: Mapped[str | None] = mapped_column(Text)


class Hold(Model):
    """A period for which the operations lead pauses a case, at most ten working days in all."""

    __tablename__ = "hold"
    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    reason: Mapped[str] = mapped_column(String(300))
    held_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    held_at: Mapped[datetime]
    until_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), comment="empty: its last day was over")


class Addition(Referable, Model):
    """What a reporter writes after filing; an operator reads it and may clear it for agencies."""

    __tablename__ = "addition"
    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("report.id"), index=True)
    sealed_words: Mapped[bytes | None] = mapped_column(LargeBinary, comment="the reporter's words; erased by quarantine")
    written_at: Mapped[datetime]
    read_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    read_at: Mapped[datetime | None]
    cleared_words: Mapped[str | None] = mapped_column(Text, comment="what agencies may read of it; empty: nothing")
    report: Mapped[Report] = relationship()


class Note(Referable, Model):
    """A text for staff, never public: the centre's own, the centre's for agencies, or one agency's."""

    __tablename__ = "note"
    __table_args__ = (CheckConstraint("audience IN ('centre', 'agencies', 'agency')", name="audience"),)
    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    assignment_id: Mapped[int | None] = mapped_column(ForeignKey("assignment.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10), server_default="note", comment="note or progress")
    audience: Mapped[str] = mapped_column(String(8))
    body: Mapped[str] = mapped_column(Text)
    written_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    written_at: Mapped[datetime]
    written_by: Mapped[Account] = relationship()


class HotlineCall(Model):
    """One attempt to reach the hotline for an urgent case: who called, whom, when, and what was said."""

    __tablename__ = "hotline_call"
    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    called_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    called_at: Mapped[datetime]
    number: Mapped[str] = mapped_column(String(20))
    spoke_to: Mapped[str | None] = mapped_column(String(120))
    reached: Mapped[bool]
    what: Mapped[str] = mapped_column(Text)
    called_by: Mapped[Account] = relationship()

    @property
    def is_to_be_called_again(self) -> bool:
        """Whether somebody answered and is to be called again."""
        return not self.reached and self.spoke_to is not None


class Directive(Model):
    __tablename__ = "directive"
    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    body: Mapped[str] = mapped_column(Text)
    given_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    given_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
