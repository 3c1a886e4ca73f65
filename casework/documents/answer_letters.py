"""The answer on paper (công văn trả lời): what the senders have been told, each agency's part under its own name."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from casework.documents.kinds import ANSWER
from casework.documents.letters import LetterRefused
from casework.documents.writing import NOTHING_ADDED, Added, asked_for, draft, refuse_gone, title_told, write, writes_as
from casework.models import Agency, Answer, Case, Letter, Publication
from casework.permissions import Actor, Role
from casework.public.publication import missing_from


def write_answer_letter(
    case: Case, *, by: Actor, now: datetime, publication: Publication, added: Added = NOTHING_ADDED, key: str | None = None
) -> Letter:
    """Write the answer the senders were given: the whole by the centre, or an agency's own part by its leader.

    A letter never says more than what was published or answered in private: an answer that only its leader has approved is not public yet
    (rules.md, section 2). Records `write_letter`. Raises NotAllowed, LetterRefused, AlreadyWritten.
    """
    return write(
        case, lambda: draft_answer_letter(case, by=by, now=now, publication=publication, added=added), by=by, now=now, key=key,
        asked=asked_for(added, ANSWER, publication.ref),
    )  # fmt: skip


def draft_answer_letter(case: Case, *, by: Actor, now: datetime, publication: Publication, added: Added = NOTHING_ADDED) -> Letter:
    """The letter as it would be written now, from the publication's present version."""
    version = publication.current
    answers = [row.answer for row in version.answers]
    agency = writes_as(case, by, _led(case, by, answers))
    refuse_gone(case)
    if publication.case_id != case.id or publication.unpublished_at is not None:
        raise LetterRefused("Trả lời này đã được gỡ.", "This answer has been taken back.")
    if agency is not None:
        answers = [answer for answer in answers if answer.assignment.agency_id == agency.id]
    if not answers:
        raise LetterRefused("Chưa có trả lời nào của đơn vị trong kết quả này.", "This result holds no answer of the agency.")
    content = {
        "title": title_told(case),
        "publication": publication.kind,
        "told_at": publication.published_at.isoformat(),
        "answers": [_told(answer) for answer in answers],
        **(_of_the_whole(publication, case, version.summary) if agency is None else {"summary": "", "missing": []}),
    }
    return draft(case, ANSWER, by=by, now=now, added=added, agency=agency, content=content)


def _led(case: Case, by: Actor, answers: Sequence[Answer]) -> Agency | None:
    """The agency the person leads: one that answers here, or else another one at work on the case."""
    parts = [*(answer.assignment for answer in answers), *case.assignments]
    return next((row.agency for row in parts if by.holds([Role.AGENCY_LEADER], agency_id=row.agency_id)), None)


def _told(answer: Answer) -> dict[str, Any]:
    return {
        "agency": answer.assignment.agency.name_vi,
        "findings": answer.findings,
        "actions": answer.actions,
        "remaining": answer.remaining,
        "contact": answer.contact,
    }


def _of_the_whole(publication: Publication, case: Case, summary: str | None) -> dict[str, Any]:
    missing = [{"agency": each.agency.vi, "reason": each.reason or ""} for each in missing_from(publication, case)]
    return {"summary": summary or "", "missing": missing}
