"""Filing a report: it gets a code and a case, and its sender the secret that opens it."""

import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite

from casework.asking.answers import answers_given, as_sent, sealed_answers, with_answers
from casework.asking.questions import GivenAnswer
from casework.clocks.acts import MARKED_URGENT, ClockKind, no_clocks_yet, start_clock
from casework.contacts.blocked_senders import refuse_blocked
from casework.contacts.report_links import case_of
from casework.db import db
from casework.errors import CaseworkError
from casework.events import begin_stream, record
from casework.intake import sentences
from casework.intake.filers import filer_columns, sends_for_themselves
from casework.local_time import LOCAL_ZONE
from casework.models import (
    Account,
    Area,
    Camera,
    Case,
    CaseReport,
    Centre,
    CodeCounter,
    Device,
    Field,
    IdempotencyKey,
    Report,
    Reporter,
    ReportText,
)
from casework.outbox import tell_desk, tell_reporter
from casework.permissions import Action, Actor, Role, require
from casework.photos.records import link_staged
from casework.places.points import rounded, sealed_point
from casework.places.villages import listed_village
from casework.privacy.identity import Contact, sealed_reporter
from casework.rate_limits import KEPT_FOR_CLIENTS
from casework.reading.rule_rows import FieldRow
from casework.recordings.staging import link_recordings, staged_recordings
from casework.sealing.seal import lookup_digest, new_tracking_secret, open_text, seal_text, secret_digest
from casework.search.rows import add_search_rows
from casework.sentences import always
from casework.settings.consent_notices import Notice
from casework.states import CaseState
from casework.text import normal
from casework.verbs import MESSAGE, Verb

ORIGINAL_PURPOSE = "original words"
PLACE_PURPOSE = "place in the reporter's words"
VILLAGE_PURPOSE = "village or street in the reporter's words"
SECRET_PURPOSE = "tracking secret of a repeated request"
CONTENT_PURPOSE = "what the key filed"
FILED = "file_report"
CLIENT_FILED = KEPT_FOR_CLIENTS
"""The purpose of keys from forms, and from browsers in which reports wait."""
LONGEST_WORDS = 10_000
LONGEST_PLACE = 500
STAFF_TAKEN = frozenset({"phone", "officer"})
"""Sources for which a member of staff writes down what somebody says."""
CLOCKS_DIFFER = timedelta(minutes=5)
"""How far the clock of a camera or caller may be ahead of ours."""


class ReportRefused(CaseworkError):
    """The report cannot be accepted as it is; the text says what to correct."""


class OtherReportFiled(ReportRefused):
    """The form has already filed another report: nothing is filed until it comes with a new key."""

    def __init__(self, code: str) -> None:
        super().__init__(
            f"Phản ánh trước đó từ biểu mẫu này đã được tiếp nhận với mã {code}. Nội dung bây giờ là một phản ánh khác và chưa được gửi; "
            "Ông/Bà có thể bấm gửi ngay.",
            f"The earlier report from this form has been filed as {code}. What stands here now is another report and has not been sent; "
            "you can send it now.",
        )


class ReportFiledBefore(ReportRefused):
    """This very report was filed too long ago for its receipt to be repeated, or its content is erased."""

    def __init__(self, code: str) -> None:
        super().__init__(
            f"Phản ánh này đã được gửi trước đây với mã {code}, nên không gửi thêm lần nữa.",
            f"This report has been filed before as {code}, so it is not filed again.",
        )
        self.code = code


@dataclass(frozen=True)
class Place:
    """The place of a report: the commune, and whatever else the sender knows. Degrees are WGS 84, accuracy in metres."""

    area: Area | None = None
    village: str | None = None
    words: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    accuracy_m: float | None = None


@dataclass(frozen=True)
class Filed:
    """The result of filing; `secret` is shown to the sender now and when the same form is sent again (casework.rate_limits says how
    long), and never afterwards."""

    report: Report
    case: Case
    secret: str
    is_repeat: bool = False


@Verb(
    "file_report", Action.FILE_REPORT, kinds=MESSAGE, is_personal=True, is_from_outside=True, is_told_by_day=True,
    staff=sentences.filed, public=sentences.filed_by_somebody,
    sender=always("Ông/Bà gửi phản ánh", "You sent the report", is_main=True),
)  # fmt: skip
def file_report(
    *, centre: Centre, source: str, words: str, place: Place, by: Actor, now: datetime, contact: Contact | None = None,
    field: Field | FieldRow | None = None, marked_urgent: bool = False, photos_token: str | None = None, camera: Camera | None = None,
    seen_at: datetime | None = None, channels: Sequence[str] = (), consented: bool = False, language: str = "vi", has_partner: bool = False,
    idempotency_key: str | None = None, client_key: str | None = None, device: Device | None = None, door: str | None = None,
    consent_notice: Notice | None = None, code: str | None = None, parent: Case | None = None, answers: Sequence[GivenAnswer] = (),
) -> Filed:  # fmt: skip
    """Take a report in and open its case; the caller starts the process in the same unit of work.

    Words, place and identity are sealed at once; a village is kept in clear only if it is on the official list. Staff file for callers and
    from cameras (`source` phone, officer, camera); a caller consents orally, and the event says so. `seen_at` is when it happened,
    `channels` how the sender wishes to be told. `client_key` is a UUID of the browser the report waited in, `device` that browser;
    `consent_notice` what was agreed to, `answers` what was answered to the questions of the field. `code` was reserved before
    (`reserve_code`); without one it is taken here, and everybody else who files at the centre waits until this unit ends. A repeat with the
    same `client_key`, or else the same `idempotency_key`, returns the first report and makes nothing. `parent`: it is a part of that case
    and has no sender. A service account files by a `door` for somebody else, whom with `has_partner` it alone reaches. Raises
    ReportRefused, OtherReportFiled, ReportFiledBefore, SenderBlocked. Source: rules.md, sections 3, 4, 6; Law 91/2025/QH15.
    """
    words = normal(words)
    key, purpose = (client_key, CLIENT_FILED) if client_key else (idempotency_key, FILED)
    owner = by.account.id if client_key and by.account is not None else None  # of another login it is another report
    content = _content_digest(as_sent(words, answers), place, contact, owner=owner)
    if key and (earlier := _filed_before(key, purpose, content)):
        return earlier
    _refuse_incomplete(
        source, words, place, contact=contact, by=by, field=field, marked_urgent=marked_urgent, consented=consented,
        is_spoken=not words and _has_voice_note(photos_token), is_part=parent is not None, has_partner=has_partner,
    )  # fmt: skip
    _refuse_future(seen_at, now)
    if source == "citizen":
        _refuse_blocked(centre, contact, by, device, now)
    secret = new_tracking_secret()
    report = Report(
        **_place_kept(place, centre), code=code or reserve_code(centre, now=now), secret_digest=secret_digest(secret), centre=centre,
        source=source, filed_at=now, **filer_columns(by), camera_id=camera.id if camera else None,
        field_id=field.id if field else None, marked_urgent=marked_urgent, consented_at=now if consented else None, language=language,
        consent_notice_id=consent_notice.id if consented and consent_notice else None, client_key=client_key or None,
        device_id=device.id if device else None, seen_at=seen_at,
    )  # fmt: skip
    if source != "camera" and parent is None:
        report.reporter = _sender(contact, by, channels=channels, language=language)
    sealed = seal_text(words, purpose=ORIGINAL_PURPOSE)
    report.texts.append(ReportText(kind="original", sealed_body=sealed, sealed_answers=sealed_answers(answers), written_at=now))
    _keep_with_files(report, photos_token, now=now)
    case = _open_case(report, place, by=by, now=now, parent=parent, door=door)
    if source == "citizen" and not sends_for_themselves(by) and contact is not None and (contact.phone or contact.email):
        case.unconfirmed_since = now
    if key:
        _keep_key(key, purpose, content, report=report, secret=secret, now=now)
    return Filed(report, case, secret)


def reserve_code(centre: Centre, *, now: datetime) -> str:
    """Take the next code of the year, for a report to be filed in the unit of work after this one.

    The row that counts is locked until the unit ends. Filing takes a tenth of a second or more; in the same unit of work, two dozen
    simultaneous senders would wait for each other, and everybody else behind them. An unused code leaves a gap, which is allowed. Source:
    rules.md, section 3.
    """
    # in one statement: the year's first two reports may come at the same moment
    year = now.astimezone(LOCAL_ZONE).year
    insert = sqlite.insert if db.session.get_bind().dialect.name == "sqlite" else postgresql.insert
    counted = (
        insert(CodeCounter)
        .values(centre_id=centre.id, year=year, last_number=1)
        .on_conflict_do_update(
            index_elements=[CodeCounter.centre_id, CodeCounter.year], set_={"last_number": CodeCounter.last_number + 1}
        )
        .returning(CodeCounter.last_number)
    )
    number = db.session.execute(counted).scalar_one()
    return f"{centre.code_prefix}-{year}-{number:06d}"


def has_filed(key: str) -> bool:
    """Whether a key has filed a report already, which a repeat would return."""
    return db.session.get(IdempotencyKey, key) is not None


def may_be_unknown(field: Field | FieldRow | None, *, marked_urgent: bool) -> bool:
    """Whether a report is accepted from an unreachable sender: for urgent matters, and in fields that allow it."""
    return marked_urgent or (field is not None and field.allows_anonymous)


def original_words(report: Report) -> str | None:
    """Open the sender's own words. Callers check Sight.ORIGINAL or ownership first; None once erased."""
    text = next((text for text in report.texts if text.kind == "original"), None)
    return opened_words(text.sealed_body if text else None)


def everything_said(report: Report) -> str | None:
    """The words with what was answered below them, as staff read and clear them; callers check as for `original_words`."""
    return with_answers(original_words(report), answers_given(report))


def opened_words(sealed: bytes | None) -> str | None:
    """The same for sealed words that were read without their report."""
    return open_text(sealed, purpose=ORIGINAL_PURPOSE) if sealed else None


def place_words(report: Report) -> str | None:
    """Open the place in the sender's words; callers check as for `original_words`."""
    return open_text(report.sealed_place, purpose=PLACE_PURPOSE) if report.sealed_place else None


def typed_village(report: Report) -> str | None:
    """What the sender typed for village or street, on the official list or not; callers check as for `original_words`."""
    return open_text(report.sealed_village, purpose=VILLAGE_PURPOSE) if report.sealed_village else report.village


def cleared_words(report: Report) -> str | None:
    """The newest text cleared for agencies; None before verification."""
    return next((text.body for text in reversed(report.texts) if text.kind == "cleared"), None)


def _refuse_incomplete(
    source: str, words: str, place: Place, *, contact: Contact | None, by: Actor, field: Field | FieldRow | None, marked_urgent: bool,
    consented: bool, is_spoken: bool, is_part: bool = False, has_partner: bool = False,
) -> None:  # fmt: skip
    if not words and not is_spoken:
        raise ReportRefused("Vui lòng cho biết nội dung phản ánh.", "Please say what you saw.")
    if len(words) > LONGEST_WORDS:
        raise ReportRefused(
            f"Nội dung dài {len(words)} ký tự, tối đa là {LONGEST_WORDS}. Vui lòng rút gọn.",
            f"The text has {len(words)} characters; at most {LONGEST_WORDS} are taken. Please shorten it.",
            about="words",
        )
    if place.area is None and not place.words and place.latitude is None:
        raise ReportRefused("Vui lòng cho biết nơi xảy ra.", "Please say where it is.", about="place")
    if place.words and len(place.words) > LONGEST_PLACE:
        raise ReportRefused(
            f"Mô tả vị trí tối đa {LONGEST_PLACE} ký tự.", f"The description of the place may have {LONGEST_PLACE} characters.",
            about="place",
        )
    if source in ("camera", "phone", "officer"):
        require(by, Action.TAKE_REPORT)
        if source != "camera" and not is_part:
            _refuse_caller(contact, consented=consented, may_be_unknown=may_be_unknown(field, marked_urgent=marked_urgent))
        return
    if not consented:
        raise ReportRefused(
            "Vui lòng đọc và đồng ý với Thông báo xử lý dữ liệu cá nhân.", "Please read and agree to the notice on personal data.",
            about="consented",
        )
    if by.is_machine:
        require(by, Action.FILE_REPORT)
    is_known = sends_for_themselves(by) or has_partner or (contact is not None and bool(contact.phone or contact.email))
    if not is_known and not may_be_unknown(field, marked_urgent=marked_urgent):
        raise ReportRefused(
            "Vui lòng để lại số điện thoại hoặc thư điện tử để Trung tâm trả lời Ông/Bà.",
            "Please leave a phone number or an e-mail address so that the centre can answer you.",
        )


def _refuse_caller(contact: Contact | None, *, consented: bool, may_be_unknown: bool) -> None:
    """Callers and visitors are asked for consent only where personal data is written down.

    A visitor without a telephone may leave only a name: they are handed the secret and read the answer with it.
    """
    if contact is not None and not consented:
        raise ReportRefused(
            "Vui lòng đọc thông báo về dữ liệu cá nhân cho người phản ánh và đánh dấu khi họ đồng ý. Nếu họ không đồng ý, "
            "vui lòng để trống họ tên và cách liên hệ.",
            "Please read the notice on personal data to the caller and tick that they agree. If they do not, leave name and contact empty.",
        )
    if contact is None and not may_be_unknown:
        raise ReportRefused(
            "Không có họ tên và số điện thoại thì chỉ nhận việc khẩn hoặc lĩnh vực cho phép ẩn danh. Vui lòng hỏi số điện thoại.",
            "Without a name and number only urgent matters and some fields are taken. Please ask for the number.",
        )


def _refuse_future(seen_at: datetime | None, now: datetime) -> None:
    if seen_at is not None and seen_at > now + CLOCKS_DIFFER:
        raise ReportRefused("Thời điểm xảy ra không thể ở tương lai.", "It cannot have happened in the future.", about="seen_at")


def _refuse_blocked(centre: Centre, contact: Contact | None, by: Actor, device: Device | None, now: datetime) -> None:
    account = db.session.get_one(Account, by.account_id) if sends_for_themselves(by) else None
    refuse_blocked(centre=centre, contact=contact, account=account, device=device, now=now)


def _has_voice_note(photos_token: str | None) -> bool:
    return photos_token is not None and any(each.kind == "voice" for each in staged_recordings(photos_token))


def _keep_with_files(report: Report, photos_token: str | None, *, now: datetime) -> None:
    """Keep the report, with the photos and recordings that were uploaded for it."""
    db.session.add(report)
    db.session.flush()
    if photos_token:
        link_staged(photos_token, now=now, report=report)
        link_recordings(photos_token, now=now, report=report)


def _place_kept(place: Place, centre: Centre) -> dict[str, Any]:
    """The columns of a report's place: the area and a village of the official list in clear, everything else sealed."""
    village = normal(place.village or "")
    listed = listed_village(centre.id, village, area_id=place.area.id if place.area else None)
    return {
        "area_id": place.area.id if place.area else None,
        "village": listed,
        "village_is_listed": listed is not None,
        "sealed_village": seal_text(village, purpose=VILLAGE_PURPOSE) if village and not listed else None,
        "sealed_place": seal_text(normal(place.words), purpose=PLACE_PURPOSE) if place.words else None,
        "sealed_point": sealed_point(place.latitude, place.longitude, place.accuracy_m),
    }


def _sender(contact: Contact | None, by: Actor, *, channels: Sequence[str], language: str) -> Reporter:
    is_of_citizen = by.account is not None and by.account.kind == "citizen"
    reporter = sealed_reporter(contact, account_id=by.own_id if is_of_citizen else None, language=language)
    reporter.channels = list(channels)
    return reporter


def _keep_key(key: str, purpose: str, content: str, *, report: Report, secret: str, now: datetime) -> None:
    """Note what the key has filed, with the secret sealed, so that a repeat gets the same answer."""
    sealed_secret = seal_text(secret, purpose=SECRET_PURPOSE)
    kept = IdempotencyKey(key=key, purpose=purpose, result=report.ref, sealed_result=sealed_secret, content_digest=content, used_at=now)
    db.session.add(kept)


def _content_digest(words: str, place: Place, contact: Contact | None, *, owner: int | None) -> str:
    """The digest that distinguishes two reports of one form. The accuracy of a position does not count."""
    where = (place.area.id if place.area else None, normal(place.village or ""), normal(place.words or ""), place.latitude, place.longitude)
    who = (contact.name, contact.phone, contact.email) if contact else ()
    owned = [owner] if owner is not None else []
    return lookup_digest(json.dumps([words, where, who, *owned]), purpose=CONTENT_PURPOSE)


def _filed_before(key: str, purpose: str, content: str) -> Filed | None:
    """What the key has filed. Two requests with the same key wait for each other; on SQLite all writers do anyway."""
    if db.session.get_bind().dialect.name != "sqlite":
        db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))
    kept = db.session.get(IdempotencyKey, key)
    if kept is None or kept.purpose != purpose:
        # a browser may send again after months: the report itself keeps the key
        code = db.session.scalar(select(Report.code).where(Report.client_key == key)) if purpose == CLIENT_FILED else None
        if code is not None:
            raise ReportFiledBefore(code)
        return None
    report = db.session.scalars(select(Report).where(Report.ref == kept.result)).one()
    if kept.sealed_result is None:
        raise ReportFiledBefore(report.code)
    if not hmac.compare_digest(kept.content_digest, content):
        raise OtherReportFiled(report.code)
    return Filed(report, case_of(report), open_text(kept.sealed_result, purpose=SECRET_PURPOSE), is_repeat=True)


def _open_case(report: Report, place: Place, *, by: Actor, now: datetime, parent: Case | None = None, door: str | None = None) -> Case:
    latitude, longitude = rounded(place.latitude, place.longitude)
    case = Case(
        code=report.code, centre=report.centre, state=CaseState.TO_VERIFY, source=report.source, opened_at=now,
        clock_starts=report.centre.case_clock_starts, field_id=report.field_id, area_id=report.area_id, village=report.village,
        latitude=latitude, longitude=longitude, urgency="normal", complexity="ordinary", reopened=0, is_public=False,
        parent_id=parent.id if parent is not None else None,
    )  # fmt: skip
    case.reports.append(CaseReport(report=report, is_main=True, joined_at=now))
    case.assignments = []
    db.session.add(case)
    db.session.flush()
    begin_stream(case)
    no_clocks_yet(case)
    hurried = report.marked_urgent or report.source in ("camera", "phone")
    agreed = {"consent": "voice"} if report.consented_at and report.source in STAFF_TAKEN else {}
    agreed |= {"door": door} if door is not None else {}
    record(case, "file_report", by=by, at=now, code=report.code, source=report.source, marked_urgent=report.marked_urgent, **agreed)
    start_clock(case, ClockKind.ACCEPTANCE, at=now, urgency=MARKED_URGENT if hurried else "normal")
    tell_reporter(report, "report_filed", case=case, at=now)
    if parent is None:
        tell_desk(Role.OPERATOR, "report_to_verify", case=case, at=now, marked_urgent=report.marked_urgent)
    add_search_rows(case, at=now)
    return case
