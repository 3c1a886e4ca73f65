"""Questions, additions, withdrawals and other decisions outside the steps of a case, as a member of staff may read them (rules.md,
section 2).

Sealed words are the centre's alone (Sight.ORIGINAL). So are its questions to a sender and its decisions on a sender's wish: both may
repeat what only that person said. Everybody who works on the case reads what a sender is told about agencies and other bodies.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import exists, literal, select, union_all
from sqlalchemy.orm import joinedload

from casework.bilingual import Bilingual
from casework.casefile.history import audience_of
from casework.casefile.step_records import SeenRecord, step_records_seen
from casework.db import db, kept_for_step
from casework.models import (
    Account,
    Addition,
    Assignment,
    Case,
    Directive,
    Extension,
    HandBack,
    Hold,
    Letter,
    Publication,
    Question,
    Referral,
    Refusal,
    Report,
    StepRecord,
    Withdrawal,
)
from casework.pausing.added_files import photos_of_additions
from casework.pausing.additions import addition_words
from casework.pausing.questions import answer_words
from casework.pausing.withdrawals import withdrawal_reason
from casework.permissions import Actor
from casework.permissions.sight import Sight, case_seen_by, sees
from casework.photos.records import copy_for
from casework.reading.lacking import Part
from casework.sentences import Audience
from casework.states import AssignmentEnd
from casework.triage.refusals import objection_words

BESIDE: tuple[type[Any], ...] = (Question, Addition, Hold, Referral, Directive, Withdrawal, Refusal, StepRecord)
TOLD_APART: tuple[type[Any], ...] = (Question, Addition, Referral, Directive, Withdrawal, Refusal, StepRecord, Letter)
OF_PARTS: dict[Part, type[Any]] = {
    Part.PUBLICATIONS: Publication, Part.EXTENSIONS: Extension, Part.HAND_BACKS: HandBack, Part.HOLDS: Hold,
}  # fmt: skip
"""The tables of which `Dealings.there` tells: by rows of their own, and by parts of the case (casework.reading.lacking)."""


@dataclass(frozen=True)
class SeenQuestion:
    """A question to the sender of `code`; question and answer are for the centre."""

    question: Question
    code: str
    words: str | None
    answer: str | None


@dataclass(frozen=True)
class SeenAddition:
    """An addition by the sender of `code`: as written for the centre, as cleared for readers of cleared words.

    `photos` counts those the reader sees among the photos of the report.
    """

    addition: Addition
    code: str
    original: str | None
    cleared: str | None
    photos: int = 0


@dataclass(frozen=True)
class SeenWithdrawal:
    """The request of the sender of `code` to withdraw the report."""

    withdrawal: Withdrawal
    code: str
    reason: str | None
    decision: str | None


@dataclass(frozen=True)
class SeenRefusal:
    """Why the case was refused and the outcome of the objection; the sender's words and the reply to them are for the centre."""

    refusal: Refusal
    objection: str | None
    decision: str | None


@dataclass(frozen=True)
class SeenExtension:
    """More time an agency asked for; without reason and decision for readers who may only know that it was granted."""

    extension: Extension
    agency: Bilingual
    reads_reason: bool


@dataclass(frozen=True)
class Dealings:
    """Everything outside the steps that one person may read, each oldest first; `names` of accounts by row.

    `records` are the steps drawn by administrators, newest first.
    """

    questions: tuple[SeenQuestion, ...] = ()
    additions: tuple[SeenAddition, ...] = ()
    holds: tuple[Hold, ...] = ()
    referrals: tuple[Referral, ...] = ()
    extensions: tuple[SeenExtension, ...] = ()
    directives: tuple[Directive, ...] = ()
    withdrawals: tuple[SeenWithdrawal, ...] = ()
    refusals: tuple[SeenRefusal, ...] = ()
    records: tuple[SeenRecord, ...] = ()
    missing: tuple[Assignment, ...] = ()
    merged_into: Case | None = None
    names: dict[int, str] = field(default_factory=dict)
    there: frozenset[type[Any]] = frozenset()
    """The tables in which the case has rows, including those read elsewhere: hand-backs, publications, letters."""

    def name(self, account_id: int | None) -> str:
        """The name of an account; empty for None."""
        return self.names.get(account_id or 0, "")


def dealings_seen(case: Case, by: Actor) -> Dealings:
    """Read what there is. Most cases have nothing outside their steps, so one query first asks which tables have rows.

    The confidential reader of a quarantined case reads the senders' words in it, as in the report itself.
    """
    audience, reads_sealed = audience_of(by, case), sees(by, Sight.ORIGINAL, case)
    if audience is None and not reads_sealed:
        return Dealings()
    there = _tables_with_rows(case)
    reads_matter, is_at_work = sees(by, Sight.CLEARED, case), audience not in (None, Audience.PROCESS)
    in_committee = reads_sealed or audience is Audience.COMMITTEE
    found = Dealings(
        questions=_questions(case, reads_sealed) if Question in there else (),
        additions=_additions(case, reads_sealed) if Addition in there and (reads_matter or reads_sealed) else (),
        holds=_rows(Hold, case) if Hold in there else (),
        referrals=_rows(Referral, case) if Referral in there and reads_matter else (),
        extensions=_extensions(case, by) if Extension in there and is_at_work else (),
        directives=_rows(Directive, case) if Directive in there and reads_matter else (),
        withdrawals=_withdrawals(case, reads_sealed) if Withdrawal in there and in_committee else (),
        refusals=_refusals(case, reads_sealed) if Refusal in there and in_committee else (),
        records=tuple(step_records_seen(case, by)) if StepRecord in there else (),
        missing=tuple(row for row in case.assignments if row.end_reason == AssignmentEnd.MISSING),
        merged_into=case_seen_by(by, case.merged_into.ref) if case.merged_into is not None else None,
        there=there,
    )
    return _named(found)


def hold_tables(case: Case, tables: Iterable[type[Any]], parts: Mapping[Any, Any]) -> None:
    """Keep which of the tables have rows of a case, read along with it: those TOLD_APART, and what is told as parts of a case."""
    kept_for_step()["tables", case.id] = frozenset({*tables, *(table for part, table in OF_PARTS.items() if parts[part])})


def _tables_with_rows(case: Case) -> frozenset[type[Any]]:
    held: frozenset[type[Any]] | None = kept_for_step().get(("tables", case.id))
    if held is not None:
        return held
    asked: list[tuple[type[Any], Any]] = [
        *((table, exists().where(table.case_id == case.id)) for table in BESIDE),
        *((table, exists().where(table.case_id == case.id)) for table in (Publication, Letter)),
        *((table, exists().where(table.assignment_id.in_([row.id for row in case.assignments]))) for table in (Extension, HandBack)),
    ]
    query = union_all(*(select(literal(number)).where(is_there) for number, (_table, is_there) in enumerate(asked)))
    return frozenset(asked[number][0] for number in db.session.scalars(query))


def _rows(table: type[Any], case: Case) -> tuple[Any, ...]:
    return tuple(db.session.scalars(select(table).where(table.case_id == case.id).order_by(table.id)))


def _codes(case: Case, report_ids: set[int]) -> dict[int, str]:
    """The codes of reports; those of the case's present reports need no query."""
    codes = {link.report_id: link.report.code for link in case.reports}
    others = report_ids - set(codes)
    rows = db.session.execute(select(Report.id, Report.code).where(Report.id.in_(others))) if others else ()
    return codes | {id_: code for id_, code in rows}  # noqa: C416


def _questions(case: Case, reads_words: bool) -> tuple[SeenQuestion, ...]:
    rows: tuple[Question, ...] = _rows(Question, case)
    codes = _codes(case, {row.report_id for row in rows})
    return tuple(
        SeenQuestion(row, codes[row.report_id], row.words if reads_words else None, answer_words(row) if reads_words else None)
        for row in rows
    )


def _additions(case: Case, reads_original: bool) -> tuple[SeenAddition, ...]:
    query = select(Addition).where(Addition.case_id == case.id).options(joinedload(Addition.report)).order_by(Addition.id)
    rows, audience = list(db.session.scalars(query)), "centre" if reads_original else "agencies"
    sent = photos_of_additions(rows)
    seen = (
        SeenAddition(
            row, row.report.code, addition_words(row) if reads_original else None, row.cleared_words,
            sum(copy_for(photo, audience, "view") is not None for photo in sent.get(row.id, ())),
        )
        for row in rows
    )  # fmt: skip
    return tuple(each for each in seen if reads_original or each.cleared or each.photos)


def _withdrawals(case: Case, in_centre: bool) -> tuple[SeenWithdrawal, ...]:
    rows: tuple[Withdrawal, ...] = _rows(Withdrawal, case)
    codes = _codes(case, {row.report_id for row in rows})
    return tuple(
        SeenWithdrawal(row, codes[row.report_id], withdrawal_reason(row) if in_centre else None, row.decision_words if in_centre else None)
        for row in rows
    )


def _refusals(case: Case, in_centre: bool) -> tuple[SeenRefusal, ...]:
    query = select(Refusal).where(Refusal.case_id == case.id).options(joinedload(Refusal.reason)).order_by(Refusal.id)
    return tuple(
        SeenRefusal(row, objection_words(row) if in_centre else None, row.decision_words if in_centre else None)
        for row in db.session.scalars(query)
    )


def _extensions(case: Case, by: Actor) -> tuple[SeenExtension, ...]:
    """The centre and the committee read everything, an agency its own requests; of another's it knows what the sender was told: more time
    was granted."""
    reads_all, by_id = sees(by, Sight.SUBMITTED_ANSWERS, case), {row.id: row for row in case.assignments}
    found = []
    for row in db.session.scalars(select(Extension).where(Extension.assignment_id.in_(by_id)).order_by(Extension.id)):
        agency = by_id[row.assignment_id].agency
        reads_reason = reads_all or by.works_for(by_id[row.assignment_id], case)
        if reads_reason or row.granted:
            found.append(SeenExtension(row, agency.short_name, reads_reason))
    return tuple(found)


def _named(found: Dealings) -> Dealings:
    """Add the names of the members of staff who acted."""
    ids: set[int | None] = {row.question.asked_by_id for row in found.questions}
    ids |= {row.addition.read_by_id for row in found.additions}
    ids |= {id_ for row in found.holds for id_ in (row.held_by_id, row.ended_by_id)}
    ids |= {id_ for row in found.referrals for id_ in (row.referred_by_id, row.ended_by_id)}
    ids |= {row.given_by_id for row in found.directives}
    ids |= {row.withdrawal.decided_by_id for row in found.withdrawals}
    ids |= {id_ for row in found.refusals for id_ in (row.refusal.refused_by_id, row.refusal.decided_by_id)}
    for seen in found.extensions:
        row = seen.extension
        ids |= {row.requested_by_id, row.endorsed_by_id, row.decided_by_id}
    wanted = ids - {None}
    if not wanted:
        return found
    rows = db.session.execute(select(Account.id, Account.full_name).where(Account.id.in_(wanted)))
    return replace(found, names={id_: name for id_, name in rows if name is not None})
