"""Common to all letters about a case: the writer's additions, storing, and that a second click writes no second letter.

A draft is the letter as it would be written now, for the preview; it touches no row. Writing stores it with the letterhead and signer of
the day, and records `write_letter`.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from casework.db import db
from casework.documents import sentences
from casework.documents.kinds import KINDS, Issuer
from casework.documents.letterheads import letterhead_for
from casework.documents.letters import LONGEST_WORDS, LetterRefused
from casework.events import record
from casework.local_time import local_day
from casework.models import Agency, Case, IdempotencyKey, Letter, Report
from casework.permissions import OPERATIONS, Action, Actor, NotAllowed, Role, require
from casework.sealing.seal import lookup_digest
from casework.text import normal
from casework.verbs import MESSAGE, Verb

MOST_COPIES = 30
LONGEST_COPY = 200
STAMPS = ("khan", "thuong_khan", "hoa_toc")
"""Degrees of urgency as stamped: KHẨN, THƯỢNG KHẨN, HỎA TỐC (NĐ 30/2020, Phụ lục I, ô 10b)."""

_PURPOSE = "letter"
_DIGEST_PURPOSE = "what a letter was written from"


class AlreadyWritten(LetterRefused):
    """The same form has already written another letter, `letter_ref`."""

    def __init__(self, letter_ref: str) -> None:
        super().__init__(
            "Trang này đã soạn một văn bản khác trước đó. Bấm lần nữa để soạn thêm một văn bản.",
            "This page has written another letter before. Press once more to write one more.",
        )
        self.letter_ref = letter_ref


@dataclass(frozen=True, slots=True)
class Added:
    """The writer's additions: their own words, the stamp, and further lines of "Nơi nhận"."""

    words: str = ""
    urgency: str | None = None
    copies: tuple[str, ...] = ()


NOTHING_ADDED = Added()


def draft(
    case: Case, kind: str, *, by: Actor, now: datetime, added: Added, agency: Agency | None = None, content: dict[str, Any], **columns: Any
) -> Letter:
    """Return a letter that is not stored. `agency` is the one its row names; `content` that of its kind.

    Raises LetterRefused where the additions are too long or too many.
    """
    today = local_day(now)
    of_agency = agency is not None and KINDS[kind].issuer is Issuer.NAMED_AGENCY
    told = {
        "head": letterhead_for(case.centre_id, agency.id if agency is not None and of_agency else None, today).told(),
        "unit": agency.name_vi if agency is not None and of_agency else case.centre.name_vi,
        "centre": case.centre.name_vi,
        "phone": (agency.phone if agency is not None and of_agency else None) or case.centre.phone or "",
        "on": today.isoformat(),
        "code": case.code,
        "filed_on": local_day(_main_report(case).filed_at).isoformat(),
        **content,
        **_added(added),
    }
    return Letter(
        kind=kind, centre_id=case.centre_id, agency_id=agency.id if agency is not None else None, case_id=case.id,
        urgency=added.urgency, content=told, made_by_id=by.account_id, made_at=now, **columns,
    )  # fmt: skip


@Verb("write_letter", Action.WRITE_LETTER, kinds=MESSAGE, staff=sentences.letter_written, sender=sentences.written_to_you)
def write(case: Case, drafted: Callable[[], Letter], *, by: Actor, now: datetime, key: str | None, asked: Any) -> Letter:
    """Keep a letter about a locked case and record `write_letter`: its kind, and the agency its row names.

    A repeat with the same `key` returns the letter the first one wrote. `asked` is what was asked for; a repeat that asks for another
    letter is refused (AlreadyWritten).
    """
    digest = lookup_digest(json.dumps([case.id, by.account_id, asked]), purpose=_DIGEST_PURPOSE)
    if key is not None and (before := db.session.get(IdempotencyKey, key)) is not None:
        if before.purpose != _PURPOSE or before.content_digest != digest:
            raise AlreadyWritten(before.result)
        return db.session.scalars(select(Letter).where(Letter.ref == before.result)).one()
    letter = drafted()
    db.session.add(letter)
    db.session.flush()
    if key is not None:
        db.session.add(IdempotencyKey(key=key, purpose=_PURPOSE, result=letter.ref, content_digest=digest, used_at=now))
    agency = db.session.get(Agency, letter.agency_id) if letter.agency_id is not None else None
    record(case, "write_letter", by=by, at=now, kind=letter.kind, agency=agency.key if agency is not None else None)
    return letter


def asked_for(added: Added, *subjects: Any) -> list[Any]:
    """What distinguishes one letter from another: its subjects and additions."""
    return [*subjects, added.words, added.urgency, list(added.copies)]


def require_writer(case: Case, by: Actor, kind: str) -> None:
    """Raise NotAllowed unless the person writes such letters for the centre of the case."""
    require(by, Action.WRITE_LETTER, case)
    if not (by.holds_for(OPERATIONS, case) and KINDS[kind].written_by & OPERATIONS):
        raise NotAllowed


def refuse_gone(case: Case) -> None:
    """Raise LetterRefused for a case that left the system, or is answered by another one."""
    if case.quarantined_at is not None:
        raise LetterRefused("Hồ sơ được xử lý theo thủ tục riêng.", "The case is handled under a procedure of its own.")
    if case.merged_into_id is not None:
        raise LetterRefused(
            "Hồ sơ đã gộp. Xin soạn văn bản ở hồ sơ chính.", "The case was merged. Please write the letter in its main case."
        )


def writes_as(case: Case, by: Actor, agency: Agency | None) -> Agency | None:
    """The issuer of a letter to the senders: None, the centre's, for its operations; else the agency's, for its leader.

    Raises NotAllowed for anybody else.
    """
    require(by, Action.WRITE_LETTER, case)
    if by.holds_for(OPERATIONS, case):
        return None
    if agency is not None and by.holds([Role.AGENCY_LEADER], agency_id=agency.id):
        return agency
    raise NotAllowed


def title_told(case: Case) -> str:
    """The operator's title as a letter may show it: none for a sensitive case, because paper passes through many hands (rules.md, section
    6)."""
    return case.title if case.title and case.visibility_reason_id is None else ""


def _main_report(case: Case) -> Report:
    """The report whose code the case shows, even if it was withdrawn."""
    return max((link for link in case.reports if link.is_main), key=lambda link: (link.left_at is None, link.id)).report


def _added(added: Added) -> dict[str, Any]:
    words = normal(added.words)
    copies = [line for line in (" ".join(normal(each).split()).rstrip(".;, ") for each in added.copies) if line]
    if len(words) > LONGEST_WORDS:
        raise LetterRefused(
            f"Phần viết thêm tối đa {LONGEST_WORDS} ký tự.", f"The added words may have {LONGEST_WORDS} characters.",
            about="words",
        )
    if len(copies) > MOST_COPIES or any(len(line) > LONGEST_COPY for line in copies):
        raise LetterRefused(
            f"Nơi nhận thêm tối đa {MOST_COPIES} dòng, mỗi dòng {LONGEST_COPY} ký tự.",
            f"At most {MOST_COPIES} further recipients, {LONGEST_COPY} characters each.",
            about="copies",
        )
    if added.urgency is not None and added.urgency not in STAMPS:
        raise LetterRefused("Không có mức độ khẩn này.", "There is no such degree of urgency.", about="urgency")
    return {"words": words, "copies": copies}
