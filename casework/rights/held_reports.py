"""Everything the system holds about one report of a person: what they sent, its outcome, what they were told, and who looked."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.db import db
from casework.erasure.reasons_to_look import LOOKS
from casework.intake.file_report import cleared_words
from casework.local_time import local_day
from casework.models import CaseReport, Event, Field, File, Photo, Recording, Report
from casework.photos.records import FACTS_PURPOSE, NAME_PURPOSE, photos_of_report
from casework.places.in_words import position_in_words
from casework.places.points import Point, point_of
from casework.privacy.look_reasons import payloads_told
from casework.recordings.staging import recordings_of_report
from casework.reporters.report import OwnReport, own_report
from casework.rights.held_data import MOST_ROWS, Fact, Part, consent_facts, fact, looks_in, messages_to, part, reporter_facts
from casework.sealing.seal import open_json, open_text
from casework.states import CaseState

LEVELS = {
    "satisfied": Bilingual("Hài lòng", "Satisfied"),
    "acceptable": Bilingual("Chấp nhận được", "Acceptable"),
    "dissatisfied": Bilingual("Không hài lòng", "Not satisfied"),
}
EXTENSIONS = {
    "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/heic": "heic",
    "audio/aac": "aac", "audio/amr": "amr", "audio/mp4": "m4a", "audio/mpeg": "mp3", "audio/ogg": "ogg", "audio/3gpp": "3gp",
    "audio/wav": "wav", "audio/webm": "webm",
    "video/mp4": "mp4", "video/3gpp": "3gp", "video/quicktime": "mov", "video/webm": "webm",
}  # fmt: skip


def parts_of_report(report: Report, *, now: datetime) -> list[Part]:
    """What is held about a report. For a quarantined one only what is on its receipt."""
    shown = own_report(report, now=now)
    if shown.state == CaseState.QUARANTINED:
        return [_receipt(report, shown)]
    return [each for each in _parts(report, shown) if each.records]


def originals_of(report: Report, *, now: datetime) -> Iterator[tuple[str, File]]:
    """The original files with their names in the copy of the data, without erased ones."""
    if own_report(report, now=now).state == CaseState.QUARANTINED:
        return
    for number, photo in enumerate(photos_of_report(report), start=1):
        if (file := _original(photo)) is not None:
            yield f"anh-{number:02d}.{_extension(file)}", file
    for number, recording in enumerate(recordings_of_report(report), start=1):
        if (file := _original(recording)) is not None:
            name = "ghi-am" if recording.kind == "voice" else "video"
            yield f"{name}-{number:02d}.{_extension(file)}", file


def _receipt(report: Report, shown: OwnReport) -> Part:
    return part("report", "Phản ánh", "The report", [[
        fact("code", "Mã", "Code", report.code), fact("filed_at", "Gửi lúc", "Sent at", report.filed_at),
        fact("state", "Tình trạng", "State", shown.label), fact("next_step", "Tiếp theo", "What happens next", shown.next_step),
    ]])  # fmt: skip


def _position(report: Report, shown: OwnReport, point: Point | None) -> Bilingual | None:
    """The point in words, for its sender."""
    if point is None:
        return None
    latitude, longitude, accuracy_m = point
    told = position_in_words(
        latitude, longitude, on=local_day(report.filed_at), area_id=report.area_id, village=shown.village, accuracy_m=accuracy_m
    )
    return told.words if told else None


def _parts(report: Report, shown: OwnReport) -> Iterator[Part]:
    field = db.session.get(Field, report.field_id) if report.field_id is not None else None
    point = point_of(report)
    yield part("report", "Phản ánh", "The report", [[
        *_receipt(report, shown).records[0],
        fact("centre", "Trung tâm", "Centre", report.centre.name),
        fact("source", "Nguồn", "Source", report.source),
        fact("words", "Nội dung", "Words", shown.words),
        fact("field", "Lĩnh vực", "Field", field.name if field is not None else None),
        fact("marked_urgent", "Đánh dấu khẩn", "Marked urgent", report.marked_urgent),
        fact("area", "Địa bàn", "Area", shown.area),
        fact("village", "Thôn, đường", "Village, street", shown.village),
        fact("place", "Mô tả vị trí", "Described as", shown.place),
        fact("position", "Vị trí", "Position", _position(report, shown, point)),
        fact("latitude", "Vĩ độ", "Latitude", point.latitude if point else None),
        fact("longitude", "Kinh độ", "Longitude", point.longitude if point else None),
        fact("accuracy_m", "Sai số (m)", "Accuracy (m)", point.accuracy_m if point else None),
        fact("seen_at", "Xảy ra lúc", "When it happened", report.seen_at),
        fact("language", "Ngôn ngữ", "Language", report.language),
        fact("cleared_words", "Nội dung đơn vị đọc", "Words agencies read", cleared_words(report)),
    ]])  # fmt: skip
    yield part("identity", "Người gửi, như ghi trên biểu mẫu", "Who sent it, as on the form", [reporter_facts(report.reporter)])
    yield part("consent", "Sự đồng ý", "Agreement", [consent_facts(report.consent_notice_id, report.consented_at)])
    yield part("files", "Ảnh, lời ghi âm, video đã gửi", "Photos and recordings you sent", _files(report))
    yield part("talk", "Trao đổi với Trung tâm", "You and the centre", (
        (
            fact("at", "Lúc", "At", turn.at), fact("what", "Việc", "What", turn.heading), fact("words", "Lời", "Words", turn.words),
            fact("note", "Ghi chú", "Note", turn.note),
        )
        for turn in reversed(shown.turns)
    ))  # fmt: skip
    if shown.refusal is not None:
        yield part("refusal", "Lý do không tiếp nhận", "Why it was not accepted", [[
            fact("reason", "Lý do", "Reason", shown.refusal.reason), fact("words", "Lời", "Words", shown.refusal.words),
            fact("guidance", "Hướng dẫn", "Guidance", shown.refusal.guidance),
        ]])  # fmt: skip
    yield part("answers", "Trả lời", "Answers", _answers(shown))
    yield part("ratings", "Đánh giá của Ông/Bà", "Your ratings", (
        (fact("level", "Mức", "Level", LEVELS.get(given.level)), fact("reason", "Lý do", "Reason", given.reason)) for given in shown.given
    ))  # fmt: skip
    yield part("history", "Diễn biến", "What happened", (
        (fact("at", "Lúc", "At", step.at), fact("what", "Việc", "What", step.words), fact("note", "Ghi chú", "Note", step.note))
        for step in reversed(shown.steps)
    ))  # fmt: skip
    if report.reporter_id is not None:
        yield messages_to(f"reporter:{report.reporter_id}")
    yield looks_in(_looks(report))


def _files(report: Report) -> Iterator[list[Fact]]:
    for number, photo in enumerate(photos_of_report(report), start=1):
        file = _original(photo)
        facts: dict[str, Any] = open_json(photo.sealed_metadata, purpose=FACTS_PURPOSE) if photo.sealed_metadata is not None else {}
        yield [
            fact("file", "Tệp", "File", f"anh-{number:02d}.{_extension(file)}" if file is not None else None),
            fact("sent_as", "Tên khi gửi", "Sent as", open_text(photo.sealed_name, purpose=NAME_PURPOSE)),
            fact("sent_at", "Gửi lúc", "Sent at", photo.linked_at),
            fact("taken_at", "Chụp lúc", "Taken at", facts.get("taken_at")),
            fact("taken_where", "Chụp ở", "Taken where", ", ".join(map(str, facts["place"])) if facts.get("place") else None),
            fact("sha256", "Mã SHA-256", "SHA-256", photo.sha256),
        ]
    for number, recording in enumerate(recordings_of_report(report), start=1):
        file, name = _original(recording), "ghi-am" if recording.kind == "voice" else "video"
        yield [
            fact("file", "Tệp", "File", f"{name}-{number:02d}.{_extension(file)}" if file is not None else None),
            fact("sent_as", "Tên khi gửi", "Sent as", open_text(recording.sealed_name, purpose=NAME_PURPOSE)),
            fact("sent_at", "Gửi lúc", "Sent at", recording.linked_at),
            fact("transcript", "Lời ghi lại đơn vị đọc", "Transcript agencies read", recording.transcript),
            fact("sha256", "Mã SHA-256", "SHA-256", recording.sha256),
        ]


def _answers(shown: OwnReport) -> Iterator[list[Fact]]:
    if shown.publication is None:
        return
    version = shown.publication.current
    yield [fact("title", "Tiêu đề", "Title", version.title), fact("at", "Lúc", "At", version.written_at),
           fact("summary", "Tóm tắt", "Summary", version.summary)]  # fmt: skip
    for answer in shown.answers:
        yield [
            fact("agency", "Đơn vị", "Agency", answer.agency), fact("at", "Lúc", "At", answer.answered_at),
            fact("findings", "Kết quả kiểm tra", "What was found", answer.findings),
            fact("actions", "Đã làm", "What was done", answer.actions), fact("remaining", "Còn lại", "What remains", answer.remaining),
            fact("contact", "Liên hệ", "Whom to ask", answer.contact),
        ]  # fmt: skip


def _looks(report: Report) -> list[Event]:
    """Looks at the sender's identity in the report's cases, from events that name the report."""
    cases = select(CaseReport.case_id).where(CaseReport.report_id == report.id)
    query = select(Event).where(Event.case_id.in_(cases), Event.type.in_(LOOKS)).order_by(Event.id).limit(MOST_ROWS)
    found = list(db.session.scalars(query))
    told = payloads_told(found)
    return [event for event in found if (told[event.id] or {}).get("report") == report.code]


def _original(thing: Photo | Recording) -> File | None:
    found = [file for file in thing.files if file.rendition == "original" and file.audience == "sealed" and file.erased_at is None]
    return found[-1] if found else None


def _extension(file: File) -> str:
    return EXTENSIONS.get(file.media_type, "bin")
