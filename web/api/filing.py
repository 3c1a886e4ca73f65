"""Reports that a program files for people: by the use case, the limits and the promises of the form, once however often they are sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from flask.typing import ResponseReturnValue

from casework.asking.questions import AnswerRefused, GivenAnswer, answer_to
from casework.bilingual import Bilingual
from casework.cases import CaseBusy
from casework.db import db, unit_of_work
from casework.doors.accounts import PROVEN
from casework.doors.api.photos import gather, missing_among
from casework.doors.asking import require_scope
from casework.doors.fields.reports import FILED, REPORT
from casework.doors.fields.told import Seen
from casework.doors.gates import Door
from casework.doors.open311.services import attributes_of, is_ended, service_named
from casework.doors.repeats import Claim, ClaimLost, FirstAnswer, give_back, keep_answer
from casework.errors import CaseworkError
from casework.intake.file_report import Filed, Place, may_be_unknown
from casework.intake.limits import TooManyReports
from casework.local_time import local_day
from casework.models import Area, Centre, Report
from casework.permissions import Action, NotAllowed
from casework.places.lookup import bounded_area_at
from casework.privacy.identity import Contact
from casework.reading.rule_rows import FieldRow
from casework.settings.consent_notices import notice_today
from casework.text import normal
from web.accounts.confirm_contact import send_first_code
from web.api.asking import body, parameters
from web.api.door import answered_bytes
from web.api.once import answered_again, claimed
from web.api.problems import Fault, Refused, fault, refused_by
from web.api.routes import answers
from web.clock import now
from web.door_keys import asked_language, known_caller
from web.files.report_files import most_report_photos
from web.filing.by_programs import commune_named, count_report, has_partner, is_served, other_centre, vouch_for
from web.filing.received import accepted_by
from web.typed_contact import email_address, phone_number
from workflows.running.filing import file_report as file_with_process
from workflows.running.incidents import StepFailed

CITIZEN = "citizen"
CHANGED_LIST = Bilingual("Danh mục lĩnh vực đã thay đổi; Trung tâm sẽ chọn lĩnh vực.",
                         "The list of fields has changed; the centre will choose.")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sent:
    """A report as it was read."""

    words: str
    field: FieldRow | None
    """None where the code has ended: the operator chooses."""
    place: Place
    contact: Contact | None
    is_urgent: bool
    seen_at: datetime | None
    photos: list[str]
    source: str
    answers: list[GivenAnswer]


@answers("/reports", Action.FILE_REPORT, Bilingual("Gửi một phản ánh thay cho người dân.", "File a report for somebody."), FILED,
         method="POST", takes=REPORT, is_act=True, status=201)  # fmt: skip
def file_report() -> ResponseReturnValue:
    parameters(())
    claim = claimed("reports")
    if isinstance(claim, FirstAnswer):
        return answered_again(claim)
    try:
        sent = _read(body(REPORT))
        told, report = _filed(sent, claim, _counted(sent))
    except Exception:
        with unit_of_work():
            give_back(claim)
        raise
    if sent.source == CITIZEN:
        send_first_code(report)
    return answered_bytes(told, status=201)


def _read(found: Mapping[str, Any]) -> Sent:
    """Raises Refused with all that is wrong, ScopeMissing for what staff write down without that scope."""
    source = found.get("source", CITIZEN)
    if source != CITIZEN:
        require_scope(known_caller(), Action.TAKE_REPORT)
    faults: list[Fault] = []
    row = service_named(known_caller().centre_id, found["field"], now=now())
    if row is None:
        faults.append(Fault("#/field", "refused", Bilingual("Không có lĩnh vực này.", "There is no such field.")))
    words = normal(found["words"])
    if not words:
        faults.append(fault("#/words", "missing"))
    given = _answers(row, found.get("answers", {}), faults) if row is not None else []
    service = row if row is not None and not is_ended(row, now=now()) else None
    sent = Sent(words, service, _place(found, faults), _contact(found, source, faults), found.get("is_urgent", False),
                found.get("seen_at"), found.get("photos", []), source, given)  # fmt: skip
    faults += _faults_of_photos(sent.photos)
    is_known = source != CITIZEN or sent.contact is not None or has_partner()
    if not faults and not is_known and not may_be_unknown(service, marked_urgent=sent.is_urgent):
        needed = Bilingual("Cần số điện thoại hoặc thư điện tử.", "A telephone number or an e-mail address is needed.")
        faults.append(Fault("#/phone", "missing", needed))
    if faults:
        raise Refused("invalid", faults=faults)
    return sent


def _place(found: Mapping[str, Any], faults: list[Fault]) -> Place:
    today, named, point = local_day(now()), None, None
    if "area" in found:
        named = commune_named(found["area"], today)
        if named is None:
            faults.append(fault("#/area", "wrong"))
    if ("latitude" in found) != ("longitude" in found):
        faults.append(fault("#/longitude" if "latitude" in found else "#/latitude", "missing"))
    elif "latitude" in found:
        point = (found["latitude"], found["longitude"])
        if not is_served(*point):
            faults.append(fault("#/latitude", "wrong"))
            point = None
    words, village = normal(found.get("place", "")), normal(found.get("village", ""))
    if not words and not found.keys() & {"area", "latitude", "longitude"}:
        faults.append(fault("#/place", "missing"))
    area: Area | None = named[0] if named is not None else bounded_area_at(*point, today) if point is not None else None
    return Place(area, village or (named[1] if named else None) or None, words or None, *(point or (None, None)))


def _contact(found: Mapping[str, Any], source: str, faults: list[Fault]) -> Contact | None:
    """How the sender is reached; a name alone is kept where staff wrote it down, and nothing of what stays with the partner."""
    if source == CITIZEN and has_partner():
        return None
    phone = phone_number(found["phone"]) if "phone" in found else None
    email = email_address(found["email"]) if "email" in found else None
    faults += [fault(f"#/{name}", "wrong") for name, way in (("phone", phone), ("email", email)) if name in found and way is None]
    name = normal(found.get("name", "")) or None
    return Contact(name, phone, email) if phone or email or (name and source != CITIZEN) else None


def _answers(service: FieldRow, typed: Mapping[str, str], faults: list[Fault]) -> list[GivenAnswer]:
    asked = {each.code: each.question for each in attributes_of(service, known_caller().centre_id, now=now()) if each.question is not None}
    faults += [fault(f"#/answers/{code}", "unknown") for code in typed if code not in asked or asked[code].stops]
    given: list[GivenAnswer] = []
    for code, question in asked.items():
        if question.stops:
            faults += [] if question.may_send else [Fault("#/field", "refused", question.name)]
            continue
        try:
            answer = answer_to(question, typed.get(code, ""))
        except AnswerRefused as refused:
            faults.append(Fault(f"#/answers/{code}", "refused", refused.text))
            continue
        given += [answer] if answer is not None else []
    return given


def _faults_of_photos(refs: list[str]) -> list[Fault]:
    most = most_report_photos()
    if len(refs) > most:
        return [Fault("#/photos", "refused", Bilingual(f"Tối đa {most} ảnh.", f"At most {most} photos."))]
    words = Bilingual("Không có ảnh này, hoặc đã dùng.", "There is no such photo, or it has been used.")
    return [Fault(f"#/photos/{place}", "refused", words) for place in missing_among(refs, caller=known_caller())]


def _counted(sent: Sent) -> str:
    """The code of a report that may be filed. Raises Refused, TooOften."""
    centre_id = known_caller().centre_id
    other = other_centre(sent.place, centre_id)
    if other is not None:
        raise Refused("elsewhere", Bilingual(f"Nơi này thuộc {other.name.vi}.", f"This place belongs to {other.name.en}."))
    try:
        return count_report(sent.contact, centre_id)
    except TooManyReports as refusal:
        seconds = max(int((refusal.until - now()).total_seconds()), 1)
        raise Refused("quota", refusal.text, more={"violated-policies": ["day"]}, headers={"Retry-After": str(seconds)}) from None


def _filed(sent: Sent, claim: Claim, code: str) -> tuple[bytes, Report]:
    """File it in one unit of work with its answer. Raises Refused."""
    by, moment = known_caller(), now()
    try:
        with unit_of_work(keeps_rows=True):
            token, missing = gather(sent.photos, caller=by)
            if missing:
                raise Refused("invalid", faults=_faults_of_photos(sent.photos))
            filed = file_with_process(
                centre=db.session.get_one(Centre, by.centre_id), source=sent.source, words=sent.words, place=sent.place, by=by.actor,
                now=moment, contact=sent.contact, field=sent.field, marked_urgent=sent.is_urgent, photos_token=token,
                seen_at=sent.seen_at, consented=True, language=asked_language(), consent_notice=notice_today(by.centre_id, moment),
                code=code, answers=sent.answers, door=Door.API, has_partner=has_partner(),
            )  # fmt: skip
            if by.contact_mode == PROVEN and sent.source == CITIZEN:
                vouch_for(filed.report, sent.contact)
            db.session.flush()
            told = msgspec.json.encode(FILED.told(_seen(filed, sent)))
            keep_answer(claim, 201, told, case_id=filed.case.id)
            return told, filed.report
    except ClaimLost:
        raise Refused("still_running", headers={"Retry-After": "1"}) from None
    except (NotAllowed, CaseBusy, StepFailed):
        raise
    except CaseworkError as refusal:
        raise refused_by(refusal, [each.name for each in REPORT]) from None


def _seen(filed: Filed, sent: Sent) -> Seen:
    notices = [] if sent.field is not None else [CHANGED_LIST]
    beside = {"accepted_by": accepted_by(filed.report), "field": sent.field, "notices": notices}
    return Seen(filed.report, known_caller().actor, frozenset(), beside)
