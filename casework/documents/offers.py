"""The letters that may be written about a case, and those that have been: the single place the case page asks."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from casework.db import db
from casework.documents.answer_letters import draft_answer_letter, write_answer_letter
from casework.documents.extension_notices import draft_extension_notice, moved_the_day, write_extension_notice
from casework.documents.handover_minutes import draft_handover_minutes, write_handover_minutes
from casework.documents.kinds import ANSWER, EXTENSION_NOTICE, HANDOVER_MINUTES, KINDS, REFUSAL_NOTICE, TRANSFER_SLIP, LetterKind
from casework.documents.letters import letters_within
from casework.documents.refusal_notices import draft_refusal_notice, write_refusal_notice
from casework.documents.transfer_slips import draft_transfer_slip, write_transfer_slip
from casework.documents.writing import NOTHING_ADDED, Added
from casework.models import Assignment, Case, Extension, Letter, Publication
from casework.permissions import OPERATIONS, Action, Actor, Role, may
from casework.states import CaseState, Pause
from casework.upkeep.erasure_log import handed_over_at

MOST_LETTERS = 50


@dataclass(frozen=True)
class PossibleLetter:
    """A letter that may be written, and the part of the case it is about where that is not the whole."""

    kind: LetterKind
    assignment: Assignment | None = None
    extension: Extension | None = None
    publication: Publication | None = None

    @property
    def subject(self) -> dict[str, Any]:
        """The arguments its use case takes in addition to the case."""
        match self.kind.key:
            case "transfer_slip":
                return {"assignment": self.assignment}
            case "extension_notice":
                return {"extension": self.extension}
            case "answer":
                return {"publication": self.publication}
        return {}

    @property
    def about(self) -> str | None:
        """The subject as used in an address."""
        subject = self.assignment or self.extension or self.publication
        return subject.ref if subject is not None else None


DRAFTS: Mapping[str, Callable[..., Letter]] = {
    TRANSFER_SLIP: draft_transfer_slip, ANSWER: draft_answer_letter, EXTENSION_NOTICE: draft_extension_notice,
    REFUSAL_NOTICE: draft_refusal_notice, HANDOVER_MINUTES: draft_handover_minutes,
}  # fmt: skip
WRITERS: Mapping[str, Callable[..., Letter]] = {
    TRANSFER_SLIP: write_transfer_slip, ANSWER: write_answer_letter, EXTENSION_NOTICE: write_extension_notice,
    REFUSAL_NOTICE: write_refusal_notice, HANDOVER_MINUTES: write_handover_minutes,
}  # fmt: skip
"""The letters written from the case page."""


def letters_to_offer(
    case: Case, by: Actor, *, publications: Sequence[Publication] = (), extensions: Iterable[Extension] = ()
) -> list[PossibleLetter]:
    """Return the letters a person may write about a case now; the use cases check again.

    `publications` and `extensions` of the case, as far as the person sees them, where the caller has read them.
    """
    if case.quarantined_at is not None:
        can_hand_over = may(by, Action.HAND_OVER, case) and case.state == CaseState.QUARANTINED and handed_over_at(case) is None
        return [PossibleLetter(KINDS[HANDOVER_MINUTES])] if can_hand_over else []
    if case.merged_into_id is not None or not may(by, Action.WRITE_LETTER, case):
        return []
    found = [*_of_the_centre(case)] if by.holds_for(OPERATIONS, case) else []
    return [*found, *_to_senders(case, by, publications, extensions)]


def letter_subject(case: Case, kind: str, about: str | None, *, publications: Sequence[Publication]) -> PossibleLetter | None:
    """The letter an address means, whether or not it may be written now; None where it is not about this case."""
    if kind not in WRITERS:
        return None
    row = KINDS[kind]
    if kind == ANSWER:
        publication = next((each for each in publications if each.ref == about), None)
        return PossibleLetter(row, publication=publication) if publication is not None else None
    if kind == EXTENSION_NOTICE:
        of_case = Extension.assignment_id.in_([each.id for each in case.assignments])
        extension = db.session.scalars(select(Extension).where(of_case, Extension.ref == (about or ""))).first()
        return PossibleLetter(row, extension=extension) if extension is not None else None
    if kind == TRANSFER_SLIP and about:
        assignment = next((each for each in case.assignments if each.ref == about), None)
        return PossibleLetter(row, assignment=assignment) if assignment is not None else None
    return PossibleLetter(row) if not about else None


def draft_letter(case: Case, letter: PossibleLetter, *, by: Actor, now: datetime, added: Added = NOTHING_ADDED) -> Letter:
    """The letter as it would be written now, not stored. Raises what its use case raises."""
    return DRAFTS[letter.kind.key](case, by=by, now=now, added=added, **letter.subject)


def write_letter(
    case: Case, letter: PossibleLetter, *, by: Actor, now: datetime, added: Added = NOTHING_ADDED, key: str | None = None
) -> Letter:
    return WRITERS[letter.kind.key](case, by=by, now=now, added=added, key=key, **letter.subject)


def letters_of_case(case: Case, by: Actor) -> list[Letter]:
    """The letters written about a case that the person may see, newest first."""
    query = letters_within(by).where(Letter.case_id == case.id).options(joinedload(Letter.given_number))
    return list(db.session.scalars(query.order_by(Letter.id.desc()).limit(MOST_LETTERS)))


def _of_the_centre(case: Case) -> Iterator[PossibleLetter]:
    for assignment in case.open_assignments:
        yield PossibleLetter(KINDS[TRANSFER_SLIP], assignment=assignment)
    if case.paused_for == Pause.REFERRAL:
        yield PossibleLetter(KINDS[TRANSFER_SLIP])
        yield PossibleLetter(KINDS[HANDOVER_MINUTES])
    if case.state == CaseState.REFUSED:
        yield PossibleLetter(KINDS[REFUSAL_NOTICE])


def _to_senders(case: Case, by: Actor, publications: Sequence[Publication], extensions: Iterable[Extension]) -> Iterator[PossibleLetter]:
    rows, is_centre = {row.id: row for row in case.assignments}, by.holds_for(OPERATIONS, case)

    def leads(assignment: Assignment | None) -> bool:
        return assignment is not None and by.holds([Role.AGENCY_LEADER], agency_id=assignment.agency_id)

    for extension in extensions:
        assignment = rows.get(extension.assignment_id)
        if assignment is not None and moved_the_day(extension, assignment) and (is_centre or leads(assignment)):
            yield PossibleLetter(KINDS[EXTENSION_NOTICE], extension=extension)
    has_answered = is_centre or any(row.approved_at is not None and leads(row) for row in rows.values())
    newest = next((each for each in publications if each.unpublished_at is None), None)
    if newest is not None and has_answered:
        yield PossibleLetter(KINDS[ANSWER], publication=newest)
