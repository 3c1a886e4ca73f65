"""Every table with texts that an erasure leaves, and how its rows are found in the cases of the person."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select, union_all

from casework.bilingual import Bilingual
from casework.contacts.report_links import newest_links
from casework.models import (
    Addition,
    Answer,
    Assignment,
    Case,
    CaseReport,
    Decision,
    Directive,
    Extension,
    HandBack,
    Hold,
    HotlineCall,
    Note,
    Publication,
    PublicationVersion,
    Question,
    Recording,
    Referral,
    Refusal,
    ReplyLink,
    ReportText,
    Review,
    Withdrawal,
)
from casework.privacy.identity import Contact


@dataclass(frozen=True, slots=True)
class SearchScope:
    """Where to search: the cases with their publications, the reports with their present cases, and the person's identity."""

    cases: Mapping[int, Case]
    reports: Mapping[int, int]
    publications: Mapping[int, Publication]
    villages: Collection[str]
    contacts: Sequence[Contact]


@dataclass(frozen=True, slots=True)
class TextSource:
    """One table of texts: its columns with their labels, and its rows, each with its case."""

    model: Any
    columns: Mapping[str, Bilingual]
    found: Callable[[Any, SearchScope], Select[Any]]


def _of_case(model: Any, scope: SearchScope) -> Select[Any]:
    return select(model, model.case_id.label("of_case")).where(model.case_id.in_(scope.cases))


def _of_report(model: Any, scope: SearchScope) -> Select[Any]:
    return _of_case(model, scope).where(model.report_id.in_(scope.reports))


def _itself(model: Any, scope: SearchScope) -> Select[Any]:
    return select(model, model.id.label("of_case")).where(model.id.in_(scope.cases))


def _of_assignment(model: Any, scope: SearchScope) -> Select[Any]:
    joined = select(model, Assignment.case_id.label("of_case")).join(Assignment, Assignment.id == model.assignment_id)
    return joined.where(Assignment.case_id.in_(scope.cases))


def _of_answer(model: Any, scope: SearchScope) -> Select[Any]:
    joined = select(model, Assignment.case_id.label("of_case")).join(Answer, Answer.id == model.answer_id)
    return joined.join(Assignment, Assignment.id == Answer.assignment_id).where(Assignment.case_id.in_(scope.cases))


def _of_publication(model: Any, scope: SearchScope) -> Select[Any]:
    joined = select(model, Publication.case_id.label("of_case")).join(Publication, Publication.id == model.publication_id)
    return joined.where(Publication.case_id.in_(scope.cases))


def _made_of_report(model: Any, scope: SearchScope) -> Select[Any]:
    """Texts made from the person's own reports, in their present cases."""
    joined = select(model, CaseReport.case_id.label("of_case")).join(CaseReport, CaseReport.report_id == model.report_id)
    links = [link.id for link in newest_links(list(scope.reports)).values()]
    return joined.where(CaseReport.id.in_(links))


def _of_link(model: Any, scope: SearchScope) -> Select[Any]:
    """Texts of one-time links, each of a referral or of an agency's work; both are found by their case."""
    referred = select(model.id).join(Referral, Referral.id == model.referral_id).where(Referral.case_id.in_(scope.cases))
    assigned = select(model.id).join(Assignment, Assignment.id == model.assignment_id).where(Assignment.case_id.in_(scope.cases))
    joined = select(model, func.coalesce(Referral.case_id, Assignment.case_id).label("of_case"))
    joined = joined.outerjoin(Referral, Referral.id == model.referral_id).outerjoin(Assignment, Assignment.id == model.assignment_id)
    return joined.where(model.id.in_(union_all(referred, assigned)))


_REASON = Bilingual("Lý do", "Reason")
_DECISION = Bilingual("Lời quyết định", "Words of a decision")

SOURCES: tuple[TextSource, ...] = (
    TextSource(Case, {
        "title": Bilingual("Tiêu đề hồ sơ", "Title of the case"), "place": Bilingual("Mô tả vị trí", "Description of the place"),
        "village": Bilingual("Thôn, tổ dân phố của hồ sơ", "Village of the case"),
        "held_reason": Bilingual("Lý do tạm dừng", "Why it is on hold"),
    }, _itself),
    TextSource(ReportText, {"body": Bilingual("Nội dung đã biên tập gửi đơn vị", "Words cleared for agencies")}, _made_of_report),
    TextSource(Recording, {"transcript": Bilingual("Lời ghi âm đã ghi lại", "Transcript of a recording")}, _made_of_report),
    TextSource(Addition, {"cleared_words": Bilingual("Nội dung bổ sung đã biên tập", "Cleared words of what was added")}, _of_report),
    TextSource(Note, {"body": Bilingual("Ghi chú", "Note")}, _of_case),
    TextSource(Question, {"words": Bilingual("Câu hỏi cho người gửi", "Question to the sender")}, _of_report),
    TextSource(Refusal, {"words": Bilingual("Lời từ chối", "Words of a refusal"), "decision_words": _DECISION}, _of_case),
    TextSource(Withdrawal, {"decision_words": _DECISION}, _of_report),
    TextSource(Assignment, {
        "instructions": Bilingual("Lời giao việc", "Instructions to an agency"), "end_words": Bilingual("Lý do kết thúc", "Why it ended"),
    }, _of_case),
    TextSource(Answer, {
        "findings": Bilingual("Trả lời: kết quả kiểm tra", "Answer: what was found"),
        "actions": Bilingual("Trả lời: đã làm", "Answer: what was done"),
        "remaining": Bilingual("Trả lời: còn lại", "Answer: what remains"), "contact": Bilingual("Trả lời: liên hệ", "Answer: whom to ask"),
        "no_photo_reason": Bilingual("Lý do không có ảnh", "Why there is no photo"),
    }, _of_assignment),
    TextSource(Decision, {"instructions": Bilingual("Yêu cầu làm lại", "What is to be done again")}, _of_answer),
    TextSource(Extension, {"reason": Bilingual("Lý do gia hạn", "Why more time"), "decision_words": _DECISION}, _of_assignment),
    TextSource(HandBack, {"reason": Bilingual("Lý do chuyển trả", "Why it was handed back"), "decision_words": _DECISION}, _of_assignment),
    TextSource(Directive, {"body": Bilingual("Ý kiến chỉ đạo", "Directive")}, _of_case),
    TextSource(Hold, {"reason": Bilingual("Lý do tạm dừng", "Why it was on hold")}, _of_case),
    TextSource(HotlineCall, {
        "spoke_to": Bilingual("Đường dây nóng: người nghe", "Hotline: who was spoken to"),
        "what": Bilingual("Đường dây nóng: nội dung", "Hotline: what was said"),
    }, _of_case),
    TextSource(Referral, {"reason": _REASON, "result": Bilingual("Kết quả chuyển cơ quan khác", "What came of a referral")}, _of_case),
    TextSource(ReplyLink, {
        "asked": Bilingual("Đường dẫn dùng một lần: điều hỏi", "One-time link: what was asked"),
        "findings": Bilingual("Trả lời qua đường dẫn: hiện trạng", "Answer by a link: what was found"),
        "actions": Bilingual("Trả lời qua đường dẫn: đã làm", "Answer by a link: what was done"),
        "remaining": Bilingual("Trả lời qua đường dẫn: còn lại", "Answer by a link: what remains"),
        "reason": Bilingual("Trả lời qua đường dẫn: lý do", "Answer by a link: why"),
        "revoked_reason": Bilingual("Đường dẫn dùng một lần: lý do thu hồi", "One-time link: why it was revoked"),
    }, _of_link),
    TextSource(Publication, {"unpublish_reason": Bilingual("Lý do gỡ", "Why it was taken back")}, _of_case),
    TextSource(PublicationVersion, {
        "title": Bilingual("Bản công bố: tiêu đề", "Publication: title"),
        "question": Bilingual("Bản công bố: phản ánh", "Publication: the matter"),
        "summary": Bilingual("Bản công bố: tóm tắt", "Publication: summary"),
        "place": Bilingual("Bản công bố: vị trí", "Publication: place"),
        "correction_reason": Bilingual("Bản công bố: lý do đính chính", "Publication: why it was corrected"),
    }, _of_publication),
    TextSource(Review, {"words": Bilingual("Lời xem xét đánh giá", "Words of a review")}, _of_publication),
)  # fmt: skip
"""Every table with texts an erasure leaves, except drawn steps (their fields) and numbered documents."""
