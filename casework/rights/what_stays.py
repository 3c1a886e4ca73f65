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
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import selectinload

from casework.bilingual import Bilingual
from casework.cases import lock_case
from casework.contacts.report_links import newest_links
from casework.db import db
from casework.errors import CaseworkError
from casework.events import empty_payloads, record
from casework.intake.file_report import typed_village
from casework.models import (
    Addition,
    Answer,
    Area,
    Assignment,
    Case,
    CaseReport,
    DataRequest,
    Decision,
    Directive,
    Event,
    Extension,
    HandBack,
    Hold,
    HotlineCall,
    Letter,
    Note,
    Publication,
    PublicationVersion,
    Question,
    Recording,
    Referral,
    Refusal,
    Report,
    ReportText,
    Review,
    Withdrawal,
)
from casework.outputs import drop_outputs_of
from casework.permissions import Action, Actor
from casework.privacy.identity import Contact
from casework.publishing.corrections import can_be_corrected
from casework.reorganising.journal import forget
from casework.rights.deciding import contacts_of, require_decider
from casework.rights.lists import centres_decided
from casework.rights.requests import ERASURE, account_stream, lock_request, reports_about
from casework.search.rows import refresh_search_rows
from casework.sentences import for_the_centre
from casework.successors import centre_at_work
from casework.text import fold
from casework.triage.personal_marks import MARK_LABELS, NEUTRAL_WORDS, WEAK, Mark, MarkKind, personal_marks
from casework.verbs import NO_KIND, Verb, events_where

LOOK_LASTS = timedelta(hours=1)
"""How long a look with a reason allows reading and redacting, without giving it again for each text."""
MOST_REPORTS, MOST_ROWS, MOST_SHOWN = 50, 300, 100
"""The newest reports searched; rows of one kind; texts shown. Redacted texts make room for the next."""
LEFT_OUT = "[…]"
MOST_BLANKS = 3
"""Spaces between two words of a name."""
PARTS = (" ", ".", "-")
"""Characters allowed between the digits of a number."""
WORD_SIGN = re.compile(r"\w")
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


@dataclass(frozen=True, slots=True)
class _Scope:
    """Where to search: the cases with their publications, the reports with their present cases, and the person's identity."""

    cases: Mapping[int, Case]
    reports: Mapping[int, int]
    publications: Mapping[int, Publication]
    villages: Collection[str]
    contacts: Sequence[Contact]


@dataclass(frozen=True, slots=True)
class _Source:
    """One table of texts: its columns with their labels, and its rows, each with its case."""

    model: Any
    columns: Mapping[str, Bilingual]
    found: Callable[[Any, _Scope], Select[Any]]


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


def _redacted(kept: RemainingText, text: str, scope: _Scope, stretches: Collection[str], words: str) -> str:
    def goes(piece: str, is_own: bool) -> bool:
        return is_own if kept.pieces is None else piece in stretches

    redacted = "".join(
        NEUTRAL_WORDS[kind] if kind is not None and goes(piece, is_own) else piece for piece, kind, is_own in _pieces(text, scope)
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


def _scope(request: DataRequest, by: Actor) -> _Scope:
    reports = sorted(reports_about(request), key=lambda report: report.id)[-MOST_REPORTS:]
    ids, centres = [report.id for report in reports], centres_decided(by)
    newest = newest_links(ids)
    links = select(Case).join(CaseReport, CaseReport.case_id == Case.id).where(CaseReport.report_id.in_(ids), Case.quarantined_at.is_(None))
    cases = {
        case.id: case for case in db.session.scalars(links.distinct().order_by(Case.id))
        if centres is None or centre_at_work(case.centre_id, case.area_id) in centres
    }  # fmt: skip
    there = {report_id: link.case_id for report_id, link in newest.items() if link.case_id in cases}
    published = select(Publication).where(Publication.case_id.in_(cases)).options(selectinload(Publication.versions))
    published = published.execution_options(populate_existing=True)  # checked again under the locks
    publications = {publication.id: publication for publication in db.session.scalars(published)}
    return _Scope(cases, there, publications, _own_villages(reports), contacts_of(request, by))


def _own_villages(reports: Iterable[Report]) -> set[str]:
    """Villages typed by the person that are on no list, and so came from nobody else."""
    typed = {village: fold(village) for report in reports if (village := typed_village(report))}
    listed = set(db.session.scalars(select(Area.folded_name).where(Area.level == "village", Area.folded_name.in_(typed.values()))))
    return {village for village, folded in typed.items() if folded not in listed}


# # -- sources of texts ---------------------------------------------------------------------------------------------------------


def _of_case(model: Any, scope: _Scope) -> Select[Any]:
    return select(model, model.case_id.label("of_case")).where(model.case_id.in_(scope.cases))


def _of_report(model: Any, scope: _Scope) -> Select[Any]:
    return _of_case(model, scope).where(model.report_id.in_(scope.reports))


def _itself(model: Any, scope: _Scope) -> Select[Any]:
    return select(model, model.id.label("of_case")).where(model.id.in_(scope.cases))


def _of_assignment(model: Any, scope: _Scope) -> Select[Any]:
    joined = select(model, Assignment.case_id.label("of_case")).join(Assignment, Assignment.id == model.assignment_id)
    return joined.where(Assignment.case_id.in_(scope.cases))


def _of_answer(model: Any, scope: _Scope) -> Select[Any]:
    joined = select(model, Assignment.case_id.label("of_case")).join(Answer, Answer.id == model.answer_id)
    return joined.join(Assignment, Assignment.id == Answer.assignment_id).where(Assignment.case_id.in_(scope.cases))


def _of_publication(model: Any, scope: _Scope) -> Select[Any]:
    joined = select(model, Publication.case_id.label("of_case")).join(Publication, Publication.id == model.publication_id)
    return joined.where(Publication.case_id.in_(scope.cases))


def _made_of_report(model: Any, scope: _Scope) -> Select[Any]:
    """Texts made from the person's own reports, in their present cases."""
    joined = select(model, CaseReport.case_id.label("of_case")).join(CaseReport, CaseReport.report_id == model.report_id)
    links = [link.id for link in newest_links(list(scope.reports)).values()]
    return joined.where(CaseReport.id.in_(links))


_REASON = Bilingual("Lý do", "Reason")
_DECISION = Bilingual("Lời quyết định", "Words of a decision")

SOURCES: tuple[_Source, ...] = (
    _Source(Case, {
        "title": Bilingual("Tiêu đề hồ sơ", "Title of the case"), "place": Bilingual("Mô tả vị trí", "Description of the place"),
        "village": Bilingual("Thôn, tổ dân phố của hồ sơ", "Village of the case"),
        "held_reason": Bilingual("Lý do tạm dừng", "Why it is on hold"),
    }, _itself),
    _Source(ReportText, {"body": Bilingual("Nội dung đã biên tập gửi đơn vị", "Words cleared for agencies")},
            _made_of_report),
    _Source(Recording, {"transcript": Bilingual("Lời ghi âm đã ghi lại", "Transcript of a recording")}, _made_of_report),
    _Source(Addition, {"cleared_words": Bilingual("Nội dung bổ sung đã biên tập", "Cleared words of what was added")}, _of_report),
    _Source(Note, {"body": Bilingual("Ghi chú", "Note")}, _of_case),
    _Source(Question, {"words": Bilingual("Câu hỏi cho người gửi", "Question to the sender")}, _of_report),
    _Source(Refusal, {"words": Bilingual("Lời từ chối", "Words of a refusal"), "decision_words": _DECISION}, _of_case),
    _Source(Withdrawal, {"decision_words": _DECISION}, _of_report),
    _Source(Assignment, {
        "instructions": Bilingual("Lời giao việc", "Instructions to an agency"), "end_words": Bilingual("Lý do kết thúc", "Why it ended"),
    }, _of_case),
    _Source(Answer, {
        "findings": Bilingual("Trả lời: kết quả kiểm tra", "Answer: what was found"),
        "actions": Bilingual("Trả lời: đã làm", "Answer: what was done"),
        "remaining": Bilingual("Trả lời: còn lại", "Answer: what remains"), "contact": Bilingual("Trả lời: liên hệ", "Answer: whom to ask"),
        "no_photo_reason": Bilingual("Lý do không có ảnh", "Why there is no photo"),
    }, _of_assignment),
    _Source(Decision, {"instructions": Bilingual("Yêu cầu làm lại", "What is to be done again")}, _of_answer),
    _Source(Extension, {"reason": Bilingual("Lý do gia hạn", "Why more time"), "decision_words": _DECISION}, _of_assignment),
    _Source(HandBack, {"reason": Bilingual("Lý do chuyển trả", "Why it was handed back"), "decision_words": _DECISION}, _of_assignment),
    _Source(Directive, {"body": Bilingual("Ý kiến chỉ đạo", "Directive")}, _of_case),
    _Source(Hold, {"reason": Bilingual("Lý do tạm dừng", "Why it was on hold")}, _of_case),
    _Source(HotlineCall, {
        "spoke_to": Bilingual("Đường dây nóng: người nghe", "Hotline: who was spoken to"),
        "what": Bilingual("Đường dây nóng: nội dung", "Hotline: what was said"),
    }, _of_case),
    _Source(Referral, {"reason": _REASON, "result": Bilingual("Kết quả chuyển cơ quan khác", "What came of a referral")}, _of_case),
    _Source(Publication, {"unpublish_reason": Bilingual("Lý do gỡ", "Why it was taken back")}, _of_case),
    _Source(PublicationVersion, {
        "title": Bilingual("Bản công bố: tiêu đề", "Publication: title"),
        "question": Bilingual("Bản công bố: phản ánh", "Publication: the matter"),
        "summary": Bilingual("Bản công bố: tóm tắt", "Publication: summary"),
        "place": Bilingual("Bản công bố: vị trí", "Publication: place"),
        "correction_reason": Bilingual("Bản công bố: lý do đính chính", "Publication: why it was corrected"),
    }, _of_publication),
    _Source(Review, {"words": Bilingual("Lời xem xét đánh giá", "Words of a review")}, _of_publication),
)  # fmt: skip
"""Every table with texts an erasure leaves, except drawn steps (their fields) and numbered documents."""


def _kept(scope: _Scope) -> Iterator[tuple[RemainingText, Any, str]]:
    for source in SOURCES:
        rows = source.found(source.model, scope).order_by(source.model.id.desc()).limit(MOST_ROWS)
        for row, case_id in db.session.execute(rows):
            for column, what in source.columns.items():
                text = getattr(row, column)
                kept = _kept_text(source, row, column, what, text, scope.cases[case_id], scope) if text else None
                if kept is not None:
                    yield kept, row, column


def _kept_text(source: _Source, row: Any, column: str, what: Bilingual, text: str, case: Case, scope: _Scope) -> RemainingText | None:
    pieces = [(piece, _stretch(piece, kind, is_own)) for piece, kind, is_own in _pieces(text, scope)]
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


def _read_now(row: Any, case: Case, scope: _Scope) -> Publication | None:
    """The publication that shows this version now; None for an older one, or where it was taken back or cannot be corrected."""
    if not isinstance(row, PublicationVersion):
        return None
    publication = scope.publications[row.publication_id]
    others = [each for each in scope.publications.values() if each.case_id == case.id]
    is_read = publication.unpublished_at is None and publication.current is row and can_be_corrected(publication, case, others)
    return publication if is_read else None


# # -- identities in texts -------------------------------------------------------------------------------------------------


def _pieces(text: str, scope: _Scope) -> Iterator[tuple[str, MarkKind | None, bool]]:
    """A text cut into plain and marked pieces, and for each whether it is the person's own mark."""
    if text in scope.villages:
        yield text, MarkKind.HOUSE, True
        return
    own = list(_own_marks(text, scope.contacts))
    others = [mark for mark in personal_marks(text) if all(mark.end <= each.start or mark.start >= each.end for each in own)]
    at = 0
    for mark, is_own in sorted([(mark, True) for mark in own] + [(mark, False) for mark in others]):
        if mark.start < at:
            continue
        if text[at : mark.start]:
            yield text[at : mark.start], None, False
        yield text[mark.start : mark.end], mark.kind, is_own
        at = mark.end
    if text[at:]:
        yield text[at:], None, False


def _stretch(piece: str, kind: MarkKind | None, is_own: bool) -> Stretch | None:
    return Stretch(piece, MARK_LABELS[kind], is_own, kind in WEAK and not is_own) if kind is not None else None


def _own_marks(text: str, contacts: Iterable[Contact]) -> Iterator[Mark]:
    """The person's marks in a text: full name or its last two words, with or without accents; telephone; e-mail."""
    plain = _plain(text)
    for contact in contacts:
        if contact.email:
            for start, end in _spelt(plain, [_plain(contact.email)]):
                if plain[max(start - 1, 0) : start] not in tuple(".+-"):
                    yield Mark(start, end, MarkKind.EMAIL)
        if contact.phone:
            yield from (Mark(start, end, MarkKind.PHONE) for start, end in _dialled(plain, contact.phone))
        words = _plain(contact.name or "").split()
        for some in [words] if len(words) == 2 else [words, words[-2:]] if len(words) > 2 else []:
            yield from (Mark(start, end, MarkKind.NAME) for start, end in _spelt(plain, some))


def _spelt(plain: str, words: list[str]) -> Iterator[tuple[int, int]]:
    """Where some words follow one another, with at most MOST_BLANKS spaces between two of them, as whole words."""
    start = plain.find(words[0])
    while start >= 0:
        end: int | None = start + len(words[0])
        for word in words[1:]:
            end = _behind(plain, end, word) if end is not None else None
        if end is not None and not _is_within_word(plain, start, end):
            yield start, end
        start = plain.find(words[0], start + 1)


def _behind(plain: str, end: int, word: str) -> int | None:
    blanks = len(plain[end : end + MOST_BLANKS]) - len(plain[end : end + MOST_BLANKS].lstrip())
    return end + blanks + len(word) if blanks and plain.startswith(word, end + blanks) else None


def _is_within_word(plain: str, start: int, end: int) -> bool:
    return any(WORD_SIGN.fullmatch(sign) for sign in (plain[max(start - 1, 0) : start], plain[end : end + 1]))


def _dialled(plain: str, phone: str) -> Iterator[tuple[int, int]]:
    """Where a number occurs, however it is separated, with or without 0, 84 or +84 in front."""
    at = [place for place, sign in enumerate(plain) if sign.isdecimal()]
    digits, wanted = "".join(plain[place] for place in at), "".join(sign for sign in phone if sign.isdecimal())
    national = wanted.removeprefix("84") if phone.startswith("+84") else wanted
    found = digits.find(national)
    while found >= 0:
        first = next((found - len(head) for head in ("84", "0") if digits.endswith(head, 0, found)), found)
        last = found + len(national) - 1
        for begin in dict.fromkeys((first, found)):
            is_one = all(plain[here + 1 : there] in ("", *PARTS) for here, there in pairwise(at[begin : last + 1]))
            stands_alone = not plain[max(at[begin] - 1, 0) : at[begin]].isdecimal() and not plain[at[last] + 1 : at[last] + 2].isdecimal()
            if is_one and stands_alone:
                plus = begin != found and plain[max(at[begin] - 1, 0) : at[begin]] == "+"
                yield at[begin] - plus, at[last] + 1
                break
        found = digits.find(national, found + 1)


def _plain(text: str) -> str:
    """Lower case without accents, character for character."""
    return "".join(unicodedata.normalize("NFD", sign.lower())[0] for sign in text).replace("đ", "d")
