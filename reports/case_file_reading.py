"""Collects the content of a case file, as the person who requested it may read it, and then for paper (casework/casefile/redaction.py).

Paper leaves the organisation, so some words the case page shows are left out: questions to a sender and decisions on a sender's request may
repeat what only that person said, and internal notes of the centre may name whom somebody called back. For those the file only says that
they exist, and when. Notes agencies read, and what an agency wrote, are included. Of each picture the most redacted copy is used: the
published one, else the one cleared for agencies; an agency's own photo is used in the centre's copy until it is published.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from casework.bilingual import Bilingual
from casework.casefile.exchanges import Dealings
from casework.casefile.history import MOST_STEPS, StaffStep, staff_steps
from casework.casefile.history_changes import limit_words
from casework.casefile.matter import Matter, matter_of
from casework.casefile.step_records import SeenRecord
from casework.casefile.views import SeenAnswer, SeenReport, instructions_seen
from casework.clocks.acts import ClockKind
from casework.clocks.complexities import complexities_of
from casework.db import db
from casework.documents.letterheads import letterhead_for
from casework.events import START, case_stream
from casework.local_time import local_day
from casework.models import Account, Agency, Anchor, Case, Clock, EventStream, File, HandBack, HotlineCall, Letter, Note, Rating
from casework.notes.notes import notes_seen_by
from casework.permissions import Actor, NotAllowed
from casework.permissions.sight import Sight, sees
from casework.publications import WHOLE
from casework.states import ASSIGNMENT_LABELS, STAFF_LABELS, AssignmentState, CaseState
from reports.case_file import (
    AgencyPart,
    AnswerVersion,
    AskedExtension,
    AskedHandBack,
    CaseFile,
    FiledAnswer,
    FiledEvent,
    FiledLetter,
    FiledReport,
    FiledVersion,
    Limit,
    Proof,
    TimelineEntry,
)
from reports.case_file_pictures import pictures_of
from reports.sheets import moment

SOURCES = {"citizen": "người dân", "phone": "điện thoại", "officer": "cán bộ", "camera": "camera"}
LIMITS = {
    ClockKind.ACCEPTANCE: "Tiếp nhận", ClockKind.CASE: "Toàn vụ việc", ClockKind.ASSIGNMENT_ACCEPTED: "Đơn vị tiếp nhận",
    ClockKind.ASSIGNMENT: "Đơn vị xử lý", ClockKind.APPROVAL: "Lãnh đạo duyệt", ClockKind.PUBLICATION: "Công khai",
    ClockKind.RATING: "Đánh giá", ClockKind.STEP: "Bước của quy trình",
}  # fmt: skip
TOLD = {"interim": "Trả lời tạm thời", "final": "Công khai kết quả", "private": "Trả lời riêng"}
LEVELS = {"satisfied": "Hài lòng", "acceptable": "Chấp nhận được", "dissatisfied": "Chưa hài lòng"}
VERDICTS = {"approve": "Duyệt", "redo": "Yêu cầu xử lý lại"}


@dataclass(frozen=True, slots=True)
class CaseFileContent:
    """A case file, and the file rows of its pictures, by name."""

    file: CaseFile
    copies: Mapping[str, File]


def case_file_of(
    case: Case, *, by: Actor, now: datetime, step_names: Mapping[str, Bilingual] | None = None, printed_by: str = ""
) -> CaseFileContent:
    """Collect everything about a case for paper. `step_names` are the names of drawn steps with limits.

    Changes nothing. Raises NotAllowed for a person who may not read the cleared words of the case; in quarantine nobody may.
    """
    if not sees(by, Sight.CLEARED, case):
        raise NotAllowed
    matter = matter_of(case, by, for_paper=True)
    matter = replace(matter, dealings=_without_takings_up(matter.dealings))
    notes = [note for note in notes_seen_by(by, case) if note.audience != "centre"]
    names = _names_of_staff(case, matter)
    taken = pictures_of(case, matter)
    centre = case.centre
    head = letterhead_for(case.centre_id, None, local_day(now))
    file = CaseFile(
        code=case.code,
        title=case.title or "",
        centre=centre.name_vi,
        parent_body=head.parent_body,
        printed_at=now,
        printed_by=printed_by or (by.account.full_name if by.account is not None else "") or "hệ thống",
        state=_state(case),
        facts=_facts(case),
        reports=tuple(_report(case, seen, matter.dealings) for seen in matter.reports) + _left(case),
        classification=_classification(case, now),
        agencies=tuple(_agencies(case, by, matter, names)),
        told=tuple(_told(case, matter)),
        turns=tuple(sorted(_turns(case, matter.dealings), key=lambda turn: turn.at)),
        records=tuple(_record(each) for each in reversed(matter.dealings.records)),
        notes=tuple(_note(note) for note in reversed(notes)),
        limits=tuple(_limits(case, matter.clocks, step_names or {}, now)),
        pictures=tuple(picture for picture, _copy in taken),
        timeline=tuple(_timeline(case, by, matter, notes)),
        letters=tuple(_letters(case)),
        proof=_proof(case),
        is_sensitive=case.visibility_reason_id is not None,
        older_steps=max(0, _length(case) - MOST_STEPS),
    )
    return CaseFileContent(file, {picture.name: copy for picture, copy in taken})


def _without_takings_up(dealings: Dealings) -> Dealings:
    """Remove the centre's words that may repeat what only a sender said; the reasons in the history come from these rows too."""
    return replace(
        dealings,
        withdrawals=tuple(replace(seen, decision=None) for seen in dealings.withdrawals),
        refusals=tuple(replace(seen, decision=None) for seen in dealings.refusals),
    )


def _state(case: Case) -> str:
    return STAFF_LABELS[CaseState(case.state)][1].vi


def _facts(case: Case) -> tuple[tuple[str, str], ...]:
    place = ", ".join(filter(None, (case.place, case.village, case.area.name_vi if case.area is not None else "")))
    found = [
        ("Nguồn", SOURCES.get(case.source, case.source)),
        ("Nơi xảy ra", place or "chưa rõ"),
        ("Mở lúc", moment(case.opened_at)),
        ("Tình trạng", _state(case)),
        ("Hạn trả lời", limit_words(case.due_at).vi if case.due_at is not None else ""),
        ("Đơn vị chủ trì", case.lead_agency.name_vi if case.lead_agency is not None else ""),
        ("Kết thúc lúc", moment(case.closed_at) if case.closed_at is not None else ""),
        ("Số lần mở lại", str(case.reopened) if case.reopened else ""),
    ]
    return tuple((name, words) for name, words in found if words)


def _classification(case: Case, now: datetime) -> tuple[tuple[str, str], ...]:
    if case.accepted_at is None:
        return ()
    complexities = {row.key: row.name_vi for row in complexities_of(case.centre_id, local_day(now))}
    reason = case.visibility_reason
    return (
        ("Tiếp nhận lúc", moment(case.accepted_at)),
        ("Lĩnh vực", case.field.name_vi if case.field is not None else "chưa phân loại"),
        ("Mức độ", "khẩn" if case.is_urgent else "thường"),
        ("Độ phức tạp", complexities.get(case.complexity, case.complexity)),
        ("Công khai", "có" if reason is None else f"không ({reason.name_vi})"),
    )


def _report(case: Case, seen: SeenReport, dealings: Dealings) -> FiledReport:
    link = next(each for each in case.reports if each.report_id == seen.report.id and each.left_at is None)
    additions = [(each.addition.written_at, each.cleared) for each in dealings.additions if each.code == seen.report.code]
    return FiledReport(
        seen.report.code, SOURCES.get(seen.report.source, ""), seen.report.filed_at, link.is_main, seen.cleared,
        tuple(each.transcript for each in seen.recordings if each.transcript), tuple(additions),
    )  # fmt: skip


def _left(case: Case) -> tuple[FiledReport, ...]:
    """Reports that were split off again, of which the file only says that they were here."""
    present = {link.report_id for link in case.reports if link.left_at is None}
    return tuple(
        FiledReport(link.report.code, SOURCES.get(link.report.source, ""), link.report.filed_at, False, None, left_at=link.left_at)
        for link in case.reports
        if link.left_at is not None and link.report_id not in present
    )


def _agencies(case: Case, by: Actor, matter: Matter, names: Mapping[int, str]) -> Iterator[AgencyPart]:
    for row in sorted(case.assignments, key=lambda row: (row.round, not row.is_lead, row.id)):
        extensions = [each.extension for each in matter.dealings.extensions if each.extension.assignment_id == row.id]
        yield AgencyPart(
            agency=row.agency.name_vi,
            role="chủ trì" if row.is_lead else "phối hợp",
            state=ASSIGNMENT_LABELS[AssignmentState(row.state)][1].vi,
            distributed_at=row.distributed_at,
            accepted_at=row.accepted_at,
            due=_due_of_part(row.id, matter.clocks),
            ended_at=row.ended_at,
            instructions=instructions_seen(row, by),
            end_words=matter.ends.get(row.id),
            hand_backs=tuple(_hand_back(each) for each in matter.hand_backs if each.assignment_id == row.id),
            extensions=tuple(
                AskedExtension(
                    each.requested_at, f"{each.until_on:%d/%m/%Y}", each.reason, _outcome(each.granted, each.endorsed),
                    each.decided_at or each.endorsed_at, each.decision_words,
                )
                for each in extensions
            ),
            answers=tuple(_answer(seen, names) for seen in reversed(matter.answers[row.id])),
        )  # fmt: skip


def _due_of_part(assignment_id: int, clocks: Iterable[Clock]) -> str:
    own = [clock for clock in clocks if clock.assignment_id == assignment_id and clock.kind == ClockKind.ASSIGNMENT]
    return _due(own[-1]) if own else "–"


def _due(clock: Clock) -> str:
    return limit_words(clock.due_at).vi if clock.due_at is not None else "đang tạm dừng"


def _outcome(granted: bool | None, endorsed: bool | None) -> str:
    if granted is not None:
        return "đồng ý" if granted else "không đồng ý"
    return "lãnh đạo đơn vị không đồng ý" if endorsed is False else "chưa quyết định"


def _hand_back(row: HandBack) -> AskedHandBack:
    outcome = {True: "đồng ý, đơn vị thôi xử lý", False: "không đồng ý, đơn vị tiếp tục xử lý", None: "chưa quyết định"}[row.upheld]
    suggested = row.suggested_agency.name_vi if row.suggested_agency is not None else None
    return AskedHandBack(row.handed_back_at, row.reason, suggested, outcome, row.decided_at, row.decision_words)


def _answer(seen: SeenAnswer, names: Mapping[int, str]) -> AnswerVersion:
    answer, decision = seen.answer, seen.answer.decision
    parts = (
        ("Kết quả kiểm tra", answer.findings), ("Việc đã làm", answer.actions), ("Việc còn lại, thời gian", answer.remaining),
        ("Liên hệ", answer.contact), ("Lý do không có ảnh", answer.no_photo_reason or ""),
    )  # fmt: skip
    return AnswerVersion(
        answer.version, answer.author.full_name or "", answer.submitted_at, parts,
        VERDICTS[decision.verdict] if decision is not None else None,
        names.get(decision.decided_by_id, "") if decision is not None else "",
        decision.decided_at if decision is not None else None,
        decision.instructions if decision is not None else None,
    )  # fmt: skip


def _names_of_staff(case: Case, matter: Matter) -> dict[int, str]:
    """The names of those who decided on answers."""
    ids = {seen.answer.decision.decided_by_id for rows in matter.answers.values() for seen in rows if seen.answer.decision is not None}
    rows = db.session.execute(select(Account.id, Account.full_name).where(Account.id.in_(ids))) if ids else ()
    return {id_: name or "" for id_, name in rows}


def _told(case: Case, matter: Matter) -> Iterator[FiledAnswer]:
    ratings = _ratings([row.id for row in matter.publications])
    for row in sorted(matter.publications, key=lambda row: row.number):
        versions = tuple(
            FiledVersion(each.version, each.written_at, each.title, each.question, each.summary, each.correction_reason)
            for each in reversed(row.versions)
        )
        yield FiledAnswer(
            row.number, TOLD[row.kind], row.published_at, row.unpublished_at, row.unpublish_reason, versions, ratings.get(row.id, ())
        )


def _ratings(publication_ids: list[int]) -> dict[int, tuple[tuple[str, str, int], ...]]:
    """Levels only, since the words of a rating are its sender's."""
    if not publication_ids:
        return {}
    query = select(Rating.publication_id, Rating.about, Rating.level, Agency.name_vi).outerjoin(Agency, Agency.id == Rating.agency_id)
    found: dict[int, Counter[tuple[str, str]]] = {}
    for id_, about, level, agency in db.session.execute(query.where(Rating.publication_id.in_(publication_ids)).order_by(Rating.id)):
        subject = "Toàn bộ việc xử lý" if about == WHOLE else agency or ""
        found.setdefault(id_, Counter())[subject, LEVELS[level]] += 1
    return {id_: tuple((about, level, number) for (about, level), number in counts.items()) for id_, counts in found.items()}


def _turns(case: Case, dealings: Dealings) -> Iterator[FiledEvent]:
    name = dealings.name
    for hold in dealings.holds:
        ended = "cho tiếp tục xử lý" if hold.ended_by_id is not None else "hết thời gian tạm dừng"
        yield FiledEvent(f"Tạm dừng đến {limit_words(hold.until_at).vi}", hold.held_at, name(hold.held_by_id), hold.reason, hold.ended_at,
                   ended if hold.ended_at is not None else "đang tạm dừng")  # fmt: skip
    for seen in dealings.questions:
        row = seen.question
        outcome = "người phản ánh đã trả lời" if row.answered_at is not None else "chưa có trả lời"
        title = f"Hỏi người gửi phản ánh {seen.code}, chờ đến {limit_words(row.due_at).vi}"
        yield FiledEvent(title, row.asked_at, name(row.asked_by_id), None, row.answered_at or row.ended_at, outcome)
    for referral in dealings.referrals:
        done = "đã nhận lại" if referral.came_back else "đã có kết quả"
        outcome = f"{done}: {referral.result}" if referral.ended_at is not None else "đang theo dõi"
        yield FiledEvent(f"Chuyển {referral.body}", referral.referred_at, name(referral.referred_by_id), referral.reason, referral.ended_at,
                   outcome.rstrip(". "))  # fmt: skip
    for directive in dealings.directives:
        due = f", hạn {limit_words(directive.due_at).vi}" if directive.due_at is not None else ""
        yield FiledEvent(f"Chỉ đạo của lãnh đạo Ủy ban{due}", directive.given_at, name(directive.given_by_id), directive.body,
                   directive.done_at, "đã thực hiện" if directive.done_at is not None else "đang thực hiện")  # fmt: skip
    for withdrawn in dealings.withdrawals:
        wish = withdrawn.withdrawal
        granted = {True: "đồng ý cho rút", False: "tiếp tục xử lý, không nêu tên người gửi", None: "chưa quyết định"}[wish.granted]
        yield FiledEvent(f"Đề nghị rút phản ánh {withdrawn.code}", wish.requested_at, "người phản ánh", None, wish.decided_at, granted)
    for refused in dealings.refusals:
        refusal = refused.refusal
        yield FiledEvent(f"Từ chối: {refusal.reason.name_vi}", refusal.refused_at, name(refusal.refused_by_id), refusal.words)
        if refusal.objected_at is not None:
            upheld = {True: "chấp nhận, hồ sơ tiếp tục", False: "giữ nguyên việc từ chối", None: "chưa quyết định"}[
                refusal.objection_upheld
            ]
            yield FiledEvent(
                "Người phản ánh đề nghị xem lại việc từ chối", refusal.objected_at, "người phản ánh", None, refusal.decided_at, upheld
            )
    if dealings.merged_into is not None:
        yield FiledEvent(f"Đã gộp vào vụ việc {dealings.merged_into.code}", case.closed_at or case.opened_at, "", None)
    calls = select(HotlineCall).where(HotlineCall.case_id == case.id).options(joinedload(HotlineCall.called_by)).order_by(HotlineCall.id)
    for call in db.session.scalars(calls):
        yield FiledEvent(
            f"Gọi đường dây nóng {call.number}", call.called_at, call.called_by.full_name or "", call.what, None, _came_of(call)
        )


def _came_of(call: HotlineCall) -> str:
    if call.is_to_be_called_again:
        return f"{call.spoke_to} nghe máy, hẹn gọi lại"
    return f"đã liên hệ được {call.spoke_to or ''}".strip() if call.reached else "không liên hệ được"


def _record(seen: SeenRecord) -> FiledEvent:
    """The record of a drawn step; its pictures are listed with the others."""
    agency = f" ({seen.assignment.agency.short_name.vi})" if seen.assignment is not None else ""
    words = "\n".join(f"{value.label.vi}: {value.words.vi}" for value in seen.values if value.words is not None)
    outcome = f"chọn “{seen.pressed.vi}”" if seen.pressed is not None else None
    return FiledEvent(f"{seen.label.vi}{agency}", seen.at, seen.by, words or None, None, outcome)


def _note(note: Note) -> TimelineEntry:
    return TimelineEntry(note.written_at, note.body, note.written_by.full_name or "", "tiến độ" if note.kind == "progress" else None)


def _limits(case: Case, clocks: Iterable[Clock], step_names: Mapping[str, Bilingual], now: datetime) -> Iterator[Limit]:
    agencies = {row.id: row.agency.short_name.vi for row in case.assignments}
    for clock in clocks:
        step = step_names.get(clock.element or "")
        of = step.vi if step is not None else ""
        if clock.assignment_id in agencies:
            of = f"{of}, {agencies[clock.assignment_id]}" if of else agencies[clock.assignment_id]
        name = LIMITS[ClockKind(clock.kind)]
        yield Limit(f"{name}: {of}" if of else name, clock.started_at, limit_words(clock.first_due_at).vi, _due(clock), clock.ended_at,
                    _verdict(clock, now), len(clock.pauses))  # fmt: skip


def _verdict(clock: Clock, now: datetime) -> str:
    if clock.ended_at is not None:
        late = clock.ended_late if clock.ended_late is not None else clock.is_late(now)
        if late:
            return "trễ hạn"
        is_extended = clock.extended_at is not None and clock.ended_at >= clock.first_due_at
        return "đúng hạn sau gia hạn" if is_extended else "đúng hạn"
    if clock.due_at is None or clock.is_paused:
        return "tạm dừng"
    return "đang trễ hạn" if clock.is_late(now) else "còn hạn"


def _timeline(case: Case, by: Actor, matter: Matter, notes: Iterable[Note]) -> Iterator[TimelineEntry]:
    """Oldest first, as a file is read."""
    for step in reversed(staff_steps(case, by=by, reasons=matter.reasons(case, notes))):
        changes = "".join(f"\n{each.label.vi}: {each.old.vi} → {each.new.vi}" for each in getattr(step, "changes", ()))
        why = step.why if isinstance(step, StaffStep) else None
        yield TimelineEntry(step.at, f"{step.words.vi}{changes}", step.note.vi if step.note is not None else "", why)


def _letters(case: Case) -> Iterator[FiledLetter]:
    from casework.documents.kinds import KINDS

    query = select(Letter).where(Letter.case_id == case.id).options(joinedload(Letter.given_number)).order_by(Letter.id)
    for row in db.session.scalars(query):
        given = row.given_number
        number = f"{given.number:02}{f'/{row.symbol}' if row.symbol else ''}" if given is not None else ""
        state = "đã thu hồi" if row.withdrawn_at is not None else "đã cấp số" if given is not None else "dự thảo"
        yield FiledLetter(KINDS[row.kind].name.vi if row.kind in KINDS else row.kind, row.made_at, number, state)


def _proof(case: Case) -> Proof:
    head = db.session.get(EventStream, case_stream(case))
    newest = db.session.scalars(select(Anchor).order_by(Anchor.number.desc()).limit(1)).first()
    seq, hash_ = (head.seq, head.hash) if head is not None else (0, START)
    if newest is None:
        return Proof(case_stream(case), seq, hash_)
    is_anchored = head is not None and head.changed_at + timedelta(seconds=1) < newest.made_at
    return Proof(case_stream(case), seq, hash_, newest.number, newest.digest, newest.made_at, is_anchored)


def _length(case: Case) -> int:
    head = db.session.get(EventStream, case_stream(case))
    return head.seq if head is not None else 0
