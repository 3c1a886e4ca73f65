"""Documents about a period: the report, an agency's sheet and the public yearbook, kept as previewed, with the words somebody typed.

Values are kept, not a query: the same paper is reproduced later whatever the figures are then. The cases it lists are kept separately as
`rows`, so that one that leaves the system can be removed (casework.documents.letters.take_out_of_letters).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, text

from casework.bilingual import Bilingual
from casework.db import db
from casework.documents.kinds import AGENCY_SHEET, KINDS, PERIOD_REPORT, YEARBOOK
from casework.documents.letterheads import letterhead_for
from casework.documents.letters import LetterRefused
from casework.errors import CaseworkError
from casework.events import append
from casework.local_time import local_day
from casework.models import (
    Agency,
    Case,
    Centre,
    FiguresSnapshot,
    IdempotencyKey,
    Letter,
    LetterFile,
    Output,
    Publication,
    PublicationVersion,
)
from casework.permissions import AGENCY_ROLES, Action, Actor, NotAllowed, Role, require
from casework.text import normal

STREAM = "period_documents"
"""The stream that records the writing of a document."""

ROWS = {PERIOD_REPORT: "late", AGENCY_SHEET: "open_parts", YEARBOOK: "examples"}
"""The name of the content that lists single cases."""

IS_OF_PERIOD = text("letter.kind IN ('period_report', 'agency_sheet', 'yearbook')")
"""The condition for these letters, worded like their index."""

LONGEST_TEXT = 8_000
MOST_ADDRESSEES = 10
LONGEST_LINE = 200
PURPOSE = "period_document"


class ReadingRefused(CaseworkError):
    """The person may not read these figures; the text says whose they may."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What its writer adds: the assessment, proposals, addressees and further recipients, one line each."""

    assessment: str = ""
    proposals: str = ""
    to: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()


NOTHING_TYPED = Typed()


def write_periodic(
    kind: str, told: Mapping[str, Any], *, centre_id: int, typed: Typed, by: Actor, now: datetime, agency: Agency | None = None,
    snapshot_id: int | None = None, key: str | None = None,
) -> Letter:  # fmt: skip
    """Keep a report, sheet or yearbook as it was previewed. Records `write_period_document`.

    `told` is its content, `key` the preview it was written from, so that a second click writes no second one. Raises NotAllowed unless
    the person writes this kind in the centre; LetterRefused for too long texts, and where the preview is gone: a case in it may have left
    the system since.
    """
    writes(kind, by=by, centre_id=centre_id)
    read_at = now
    if key is not None:
        read_at = _held(key).asked_at
        if (before := written_from(key)) is not None:
            return before
    content = _content(kind, told, _fitted(typed), centre_id=centre_id, agency=agency, now=now) | {"read_at": read_at.isoformat()}
    snapshot = db.session.get(FiguresSnapshot, snapshot_id) if snapshot_id is not None else None
    letter = Letter(
        kind=kind, centre_id=centre_id, agency_id=agency.id if agency is not None else None, content=content, made_by_id=by.account_id,
        made_at=now, snapshot_id=snapshot.id if snapshot is not None and snapshot.centre_id == centre_id else None,
    )  # fmt: skip
    db.session.add(letter)
    db.session.flush()
    if key is not None:
        # a document that was taken back makes room for another from the same preview
        db.session.merge(IdempotencyKey(key=_key(key), purpose=PURPOSE, result=letter.ref, content_digest="", used_at=now))
    payload = {"letter": letter.ref, "kind": kind, "name": str(told.get("name") or told.get("year") or ""), "centre_id": centre_id}
    append(STREAM, "write_period_document", by=by, at=now, payload=payload)
    return letter


def writes(kind: str, *, by: Actor, centre_id: int) -> None:
    require(by, Action.WRITE_LETTER)
    if kind not in ROWS or not by.holds(KINDS[kind].written_by, centre_id=centre_id):
        raise NotAllowed


def may_write(kind: str, *, by: Actor, centre_id: int) -> bool:
    return by.holds(KINDS[kind].written_by, centre_id=centre_id)


def written_from(key: str) -> Letter | None:
    """The document written from a preview, unless taken back."""
    kept = db.session.get(IdempotencyKey, _key(key))
    if kept is None or kept.purpose != PURPOSE:
        return None
    return db.session.scalars(select(Letter).where(Letter.ref == kept.result, Letter.withdrawn_at.is_(None))).first()


def refuse_reading(kind: str, *, by: Actor, centre_id: int, agency: Agency | None) -> None:
    """Raise ReadingRefused unless the person may read such a document: leaders of agencies only their own agency's sheet."""
    of_centre = frozenset({Role.OPERATOR, Role.OPS_LEAD, Role.COMMITTEE_LEADER, Role.INSPECTOR})
    if kind == AGENCY_SHEET and (agency is None or agency.centre_id != centre_id):
        raise ReadingRefused("Vui lòng chọn đơn vị.", "Please choose an agency.")
    if by.holds(of_centre, centre_id=centre_id):
        return
    if kind == AGENCY_SHEET and agency is not None and by.holds(AGENCY_ROLES & {Role.AGENCY_LEADER}, agency_id=agency.id):
        return
    raise ReadingRefused("Ông/Bà chỉ xem được phiếu của đơn vị mình.", "You may read the sheet of your own agency alone.")


def reads_titles(by: Actor, *, centre_id: int, agency: Agency | None = None) -> bool:
    """Whether the cases listed in a document show their titles: an inspector reads registers, not matters."""
    if by.holds({Role.OPERATOR, Role.OPS_LEAD, Role.COMMITTEE_LEADER}, centre_id=centre_id):
        return True
    return agency is not None and by.holds({Role.AGENCY_LEADER}, agency_id=agency.id)


def newest_yearbook(centre_id: int) -> tuple[Letter, LetterFile] | None:
    """The yearbook the public reads: the one issued last, by its newest file. None before there is one, and once a case it shows as an
    example was taken off the public page or corrected, since the public may then no longer read it."""
    query = select(Letter, LetterFile).join(LetterFile, LetterFile.letter_id == Letter.id)
    # worded like the index of such documents: without it each public page would read every letter
    query = query.where(IS_OF_PERIOD, Letter.kind == YEARBOOK, Letter.centre_id == centre_id, Letter.withdrawn_at.is_(None))
    row = db.session.execute(query.order_by(Letter.id.desc(), LetterFile.id.desc()).limit(1)).first()
    if row is None or _not_public_any_more(row[0]) or _corrected_since(row[0]):
        return None
    return row[0], row[1]


@dataclass(frozen=True, slots=True)
class PublicStanding:
    """Whether the public can read a yearbook, and why not."""

    is_read: bool
    words: Bilingual


READ = Bilingual("Người dân đang đọc báo cáo này ở trang Minh bạch.", "The public reads this yearbook.")
NOT_YET_READ = Bilingual("Báo cáo được đăng khi có số và có tệp.", "It is published once it has its number and its file.")
FOLLOWED = Bilingual(
    "Đã có báo cáo lập sau; chỉ báo cáo mới nhất được đăng.", "There is a later yearbook, and only the newest is published."
)


def public_standing(yearbook: Letter) -> PublicStanding:
    """The public standing of a yearbook that was not taken back, for its page."""
    newest = newest_yearbook(yearbook.centre_id)
    if newest is not None and newest[0].id == yearbook.id:
        return PublicStanding(True, READ)
    if not yearbook.files:
        return PublicStanding(False, NOT_YET_READ)
    if (gone := _not_public_any_more(yearbook)) or (gone := _corrected_since(yearbook)):
        named = ", ".join(sorted(gone))
        return PublicStanding(False, Bilingual(
            f"Báo cáo này không còn được đăng: vụ việc nêu làm ví dụ ({named}) đã được gỡ hoặc đính chính sau khi lập. Nếu vẫn cần đăng,"
            " vui lòng lập báo cáo mới.",
            f"This yearbook is not published any more: a case it shows as an example ({named}) was taken off the public page or corrected"
            " since. If it is still needed, please write a new one.",
        ))  # fmt: skip
    return PublicStanding(False, FOLLOWED)


def _not_public_any_more(yearbook: Letter) -> set[str]:
    """The codes of its examples that the public cannot read now."""
    codes = {row["code"] for row in yearbook.content.get("rows", ())}
    shown = select(Case.code).where(Case.code.in_(codes), Case.is_public, Case.visibility_reason_id.is_(None), Case.parent_id.is_(None))
    return codes - set(db.session.scalars(shown)) if codes else set()


def _corrected_since(yearbook: Letter) -> set[str]:
    """The codes of its examples corrected since its figures were read."""
    codes = {row["code"] for row in yearbook.content.get("rows", ())}
    read_at = datetime.fromisoformat(yearbook.content["read_at"]) if "read_at" in yearbook.content else yearbook.made_at
    corrected = select(Case.code).join(Publication, Publication.case_id == Case.id).join(
        PublicationVersion, PublicationVersion.publication_id == Publication.id
    )  # fmt: skip
    corrected = corrected.where(Case.code.in_(codes), PublicationVersion.written_at > read_at)
    return set(db.session.scalars(corrected.where(PublicationVersion.correction_reason.is_not(None)))) if codes else set()


def _held(preview: str) -> Output:
    """A preview, locked: whatever takes a case out of the system waits for this lock and then finds the letter (casework.erasure.erase),
    and so do two simultaneous clicks. Raises LetterRefused where it has been deleted."""
    locked = select(Output).where(Output.ref == preview).with_for_update(of=Output).execution_options(populate_existing=True)
    row = db.session.scalars(locked).first()
    if row is None or row.state != "ready":
        raise LetterRefused("Bản xem trước không còn. Vui lòng lập lại.", "The preview is gone. Please prepare it again.")
    return row


def _content(
    kind: str, told: Mapping[str, Any], typed: Typed, *, centre_id: int, agency: Agency | None, now: datetime
) -> dict[str, Any]:  # fmt: skip
    today, centre = local_day(now), db.session.get_one(Centre, centre_id)
    rest = {name: value for name, value in told.items() if name != ROWS[kind]}
    to: Sequence[str] = (agency.name_vi,) if agency is not None else typed.to
    return {
        "head": letterhead_for(centre_id, None, today).told(), "on": today.isoformat(), "centre": centre.name_vi, "to": list(to),
        "copies": list(typed.copies), "report": rest, "rows": list(told.get(ROWS[kind]) or ()), "assessment": typed.assessment,
        "proposals": typed.proposals,
    }  # fmt: skip


def _fitted(typed: Typed) -> Typed:
    texts = [normal(words) for words in (typed.assessment, typed.proposals)]
    if any(len(words) > LONGEST_TEXT for words in texts):
        raise LetterRefused(f"Mỗi phần tối đa {LONGEST_TEXT} ký tự.", f"Each part may have {LONGEST_TEXT} characters.")
    lists = [tuple(line for each in lines if (line := " ".join(normal(each).split()).rstrip(".;, "))) for lines in (typed.to, typed.copies)]
    if any(len(lines) > MOST_ADDRESSEES or any(len(line) > LONGEST_LINE for line in lines) for lines in lists):
        raise LetterRefused(
            f"Nơi gửi và nơi nhận tối đa {MOST_ADDRESSEES} dòng, mỗi dòng {LONGEST_LINE} ký tự.",
            f"At most {MOST_ADDRESSEES} addressees and recipients, {LONGEST_LINE} characters each.",
        )
    return Typed(texts[0], texts[1], lists[0], lists[1])


def _key(key: str) -> str:
    return f"period:{key}"
