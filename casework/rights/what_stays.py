"""Texts an erasure leaves that may still identify the person: words of staff and agencies, and cleared or published texts.

The decider of a request for erasure sees them after looking at the identity with a reason: texts, in the cases of the person's reports,
that contain the person's name, telephone or e-mail, or other personal marks. Texts made from other people's reports are not included, nor
anything from quarantined cases or other centres. `redact` puts neutral words where the decider says so, and writes nothing else, because
nobody rewrites what somebody else has written. Published texts are corrected or taken back instead, by the use cases for that. Source:
Law 91/2025/QH15, articles on erasure; rules.md, sections 2 and 6.
"""

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from casework.bilingual import Bilingual
from casework.cases import lock_case
from casework.contacts.report_links import newest_links
from casework.db import db
from casework.errors import CaseworkError
from casework.events import empty_payloads, record
from casework.intake.file_report import typed_village
from casework.models import (
    Answer,
    Area,
    Assignment,
    Case,
    CaseReport,
    DataRequest,
    Event,
    Letter,
    Note,
    Publication,
    PublicationVersion,
    Report,
)
from casework.outputs import drop_outputs_of
from casework.permissions import Action, Actor
from casework.publishing.corrections import can_be_corrected
from casework.reorganising.journal import forget
from casework.rights.deciding import contacts_of, require_decider
from casework.rights.lists import centres_decided
from casework.rights.own_marks import marked_pieces
from casework.rights.requests import ERASURE, account_stream, lock_request, reports_about
from casework.rights.text_sources import SOURCES, SearchScope, TextSource
from casework.search.rows import refresh_search_rows
from casework.sentences import for_the_centre
from casework.successors import centre_at_work
from casework.text import fold
from casework.triage.personal_marks import MARK_LABELS, NEUTRAL_WORDS, WEAK, MarkKind
from casework.verbs import NO_KIND, Verb, events_where

LOOK_LASTS = timedelta(hours=1)
"""How long a look with a reason allows reading and redacting, without giving it again for each text."""
MOST_REPORTS, MOST_ROWS, MOST_SHOWN = 50, 300, 100
"""The newest reports searched; rows of one kind; texts shown. Redacted texts make room for the next."""
LEFT_OUT = "[…]"
"""Replaces words named by the decider."""


class RedactionRefused(CaseworkError):
    """Nothing is replaced; the text says why."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Words of a text that may identify somebody. `is_own`: they are this person's, not just anybody's; `is_weak`: they may belong to the
    matter itself."""

    words: str
    label: Bilingual
    is_own: bool
    is_weak: bool


@dataclass(frozen=True, slots=True)
class RemainingText:
    """A remaining text. `pieces` are its parts, each with its stretch, if any; None: the decider may not read its words.

    `publication`: it is published now, and has to be corrected or taken back. `version` detects later changes. `takes_words`: other words
    than the marked ones may be replaced too; not in a published answer, nor in texts not shown.
    """

    key: str
    case: Case
    what: Bilingual
    pieces: tuple[tuple[str, Stretch | None], ...] | None
    stretches: tuple[Stretch, ...]
    version: str
    publication: Publication | None
    is_public: bool
    takes_words: bool


@dataclass(frozen=True, slots=True)
class WhatStays:
    """The remaining texts; whether there are more; how many documents were written about the cases."""

    texts: tuple[RemainingText, ...]
    has_more: bool
    documents: int


def has_looked(request: DataRequest, *, by: Actor, now: datetime) -> bool:
    """Whether the person has looked at the identity with a reason within LOOK_LASTS."""
    looked = select(Event.payload).where(Event.type == "look_at_data_request", Event.actor_id == by.own_id, Event.at > now - LOOK_LASTS)
    if request.report_id is not None:
        cases = select(CaseReport.case_id).where(CaseReport.report_id == request.report_id)
        looked = looked.where(Event.case_id.in_(cases))
    elif request.account is not None:
        looked = looked.where(Event.stream == account_stream(request.account))
    return any(payload and payload.get("request") == request.ref for payload in db.session.scalars(looked))


def what_stays(request: DataRequest, *, by: Actor, now: datetime) -> WhatStays:
    """The texts this erasure leaves that may identify the person. Raises NotAllowed; RedactionRefused without a look."""
    _require(request, by, now)
    scope = _scope(request, by)
    texts = []
    for kept, _row, _column in _kept(scope):
        texts.append(kept)
        if len(texts) > MOST_SHOWN:
            break
    documents = db.session.scalar(select(func.count()).select_from(Letter).where(Letter.case_id.in_(scope.cases))) or 0
    return WhatStays(tuple(texts[:MOST_SHOWN]), len(texts) > MOST_SHOWN, documents)


@Verb(
    "redact_text", Action.DECIDE_DATA_REQUEST, kinds=NO_KIND, gives_title=True,
    staff=for_the_centre(
        "Thay từ trung tính vào chỗ có thể cho biết ai là người gửi", "Put neutral words where a text could say who sent it"
    ),
)  # fmt: skip
def redact(
    request_id: int, key: str, version: str, *, by: Actor, now: datetime, stretches: Collection[str] = (), words: str = ""
) -> Case:
    """Replace words that identify the person by neutral ones: the chosen `stretches`, and every occurrence of `words`.

    To be called first in a unit of work. In a text the decider may not read, the person's own name and contact are replaced. Records
    `redact_text` with only the kind of text; search rows are rebuilt, and files that may contain the words are dropped. Raises
    NotAllowed, RedactionRefused: no look, changed meanwhile, published now, nothing chosen, or words that are not in it or may not be
    replaced.
    """
    request = lock_request(request_id)
    _require(request, by, now)
    scope = _scope(request, by)
    for case_id in sorted(scope.cases):
        lock_case(case_id)
    found = next(((kept, row, column) for kept, row, column in _kept(_scope(request, by)) if kept.key == key), None)
    if found is None or found[0].version != version:
        raise RedactionRefused(
            "Nội dung này đã được thay đổi hoặc không còn. Vui lòng xem lại.", "This text was changed or is gone. Please look again."
        )
    kept, row, column = found
    if kept.publication is not None:
        raise RedactionRefused(
            "Nội dung này đang được đọc: vui lòng đính chính hoặc gỡ bản công khai.",
            "People read this now: please correct the publication, or take it back.",
        )
    text = _redacted(kept, getattr(row, column), scope, stretches, words)
    told = row.__mapper__.columns[column]
    is_whole = re.fullmatch(r"(\s|\[[^\]]*\])*", text) is not None
    # neutral words may be longer than what they replace
    setattr(row, column, None if is_whole and told.nullable else text[: getattr(told.type, "length", None)])
    _follow(kept.case, row, column, by=by, at=now, request=request)
    return kept.case


def _follow(case: Case, row: Any, column: str, *, by: Actor, at: datetime, request: DataRequest) -> None:
    """Remove the words from everything derived: events with a title, journals, search rows, files."""
    db.session.flush()
    if isinstance(row, Case | Assignment):
        forget(type(row), [row.id])
    if isinstance(row, Case) and column == "title":
        empty_payloads((Event.case_id == case.id) & Event.type.in_(events_where(lambda verb: verb.gives_title)))
    record(case, "redact_text", by=by, at=at, what=f"{row.__tablename__}.{column}", request=request.ref, title=case.title)
    drop_outputs_of([case], at=at, keeps_reasons=True)
    refresh_search_rows(case, at=at)


def _redacted(kept: RemainingText, text: str, scope: SearchScope, stretches: Collection[str], words: str) -> str:
    def goes(piece: str, is_own: bool) -> bool:
        return is_own if kept.pieces is None else piece in stretches

    redacted = "".join(
        NEUTRAL_WORDS[kind] if kind is not None and goes(piece, is_own) else piece
        for piece, kind, is_own in marked_pieces(text, scope.villages, scope.contacts)
    )
    words = unicodedata.normalize("NFC", words).strip() if kept.pieces is not None else ""
    if words and not kept.takes_words:
        raise RedactionRefused(
            "Ở đây chỉ thay được những chỗ đã đánh dấu. Câu trả lời đang công khai muốn bỏ từ khác thì vui lòng gỡ bản công khai trước.",
            "Only the marked places are replaced here. For other words of an answer that people read, take the publication back first.",
        )
    if words and words not in text:
        raise RedactionRefused("Trong nội dung này không có các từ đã ghi.", "The words typed do not stand in this text.")
    redacted = redacted.replace(words, LEFT_OUT) if words else redacted
    if redacted == text:
        raise RedactionRefused("Vui lòng chọn chỗ cần thay.", "Please choose what is to be replaced.")
    return redacted


def _require(request: DataRequest, by: Actor, now: datetime) -> None:
    require_decider(request, by, now)
    if request.kind != ERASURE or request.granted is False:
        raise RedactionRefused("Yêu cầu này không phải để xóa dữ liệu.", "Nothing is erased by this request.")
    if not has_looked(request, by=by, now=now):
        raise RedactionRefused("Vui lòng nêu lý do xem trước.", "Please give the reason for looking first.")


def _scope(request: DataRequest, by: Actor) -> SearchScope:
    reports = sorted(reports_about(request), key=lambda report: report.id)[-MOST_REPORTS:]
    ids, centres = [report.id for report in reports], centres_decided(by)
    newest = newest_links(ids)
    links = select(Case).join(CaseReport, CaseReport.case_id == Case.id).where(CaseReport.report_id.in_(ids), Case.quarantined_at.is_(None))
    cases = {
        case.id: case for case in db.session.scalars(links.distinct().order_by(Case.id))
        if centres is None or centre_at_work(case.centre_id, case.area_id) in centres
    }  # fmt: skip
    there = {report_id: link.case_id for report_id, link in newest.items() if link.case_id in cases}
    for part in db.session.scalars(select(Case).where(Case.parent_id.in_(cases), Case.quarantined_at.is_(None)).order_by(Case.id)):
        # what the centre wrote for a part it wrote from the person's report
        cases[part.id] = part
        there[part.main_report.id] = part.id
    published = select(Publication).where(Publication.case_id.in_(cases)).options(selectinload(Publication.versions))
    published = published.execution_options(populate_existing=True)  # checked again under the locks
    publications = {publication.id: publication for publication in db.session.scalars(published)}
    return SearchScope(cases, there, publications, _own_villages(reports), contacts_of(request, by))


def _own_villages(reports: Iterable[Report]) -> set[str]:
    """Villages typed by the person that are on no list, and so came from nobody else."""
    typed = {village: fold(village) for report in reports if (village := typed_village(report))}
    listed = set(db.session.scalars(select(Area.folded_name).where(Area.level == "village", Area.folded_name.in_(typed.values()))))
    return {village for village, folded in typed.items() if folded not in listed}


def _kept(scope: SearchScope) -> Iterator[tuple[RemainingText, Any, str]]:
    for source in SOURCES:
        rows = source.found(source.model, scope).order_by(source.model.id.desc()).limit(MOST_ROWS)
        for row, case_id in db.session.execute(rows):
            for column, what in source.columns.items():
                text = getattr(row, column)
                kept = _kept_text(source, row, column, what, text, scope.cases[case_id], scope) if text else None
                if kept is not None:
                    yield kept, row, column


def _kept_text(
    source: TextSource, row: Any, column: str, what: Bilingual, text: str, case: Case, scope: SearchScope
) -> RemainingText | None:
    pieces = [(piece, _stretch(piece, kind, is_own)) for piece, kind, is_own in marked_pieces(text, scope.villages, scope.contacts)]
    stretches = {stretch.words: stretch for _piece, stretch in pieces if stretch is not None}
    # notes of an agency are for its own people; the decider learns only that the person is named in one
    is_theirs = isinstance(row, Note) and row.audience == "agency" and row.kind == "note"
    if not stretches or (is_theirs and not any(each.is_own for each in stretches.values())):
        return None
    read_now = _read_now(row, case, scope)
    is_public = case.is_public and (read_now is not None or isinstance(row, Answer | Case))
    return RemainingText(
        key=f"{source.model.__tablename__}.{row.id}.{column}", case=case, what=what, pieces=None if is_theirs else tuple(pieces),
        stretches=() if is_theirs else tuple(stretches.values()), version=hashlib.sha256(text.encode()).hexdigest()[:16],
        publication=read_now, is_public=is_public, takes_words=not is_theirs and not (is_public and isinstance(row, Answer)),
    )  # fmt: skip


def _read_now(row: Any, case: Case, scope: SearchScope) -> Publication | None:
    """The publication that shows this version now; None for an older one, or where it was taken back or cannot be corrected."""
    if not isinstance(row, PublicationVersion):
        return None
    publication = scope.publications[row.publication_id]
    others = [each for each in scope.publications.values() if each.case_id == case.id]
    is_read = publication.unpublished_at is None and publication.current is row and can_be_corrected(publication, case, others)
    return publication if is_read else None


def _stretch(piece: str, kind: MarkKind | None, is_own: bool) -> Stretch | None:
    return Stretch(piece, MARK_LABELS[kind], is_own, kind in WEAK and not is_own) if kind is not None else None
