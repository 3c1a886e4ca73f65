"""Reports that a program files for people, by a key whose operator has agreed to collect their consent."""

import json
from datetime import timedelta

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy import delete, select
from werkzeug.exceptions import NotFound

from casework.bilingual import Bilingual
from casework.db import db, unit_of_work
from casework.doors.accounts import PROVEN
from casework.doors.gates import Door, is_open
from casework.doors.open311.jurisdictions import Jurisdiction, id_of
from casework.doors.photo_addresses import ask_for_photos
from casework.intake.file_report import FILED, Filed, OtherReportFiled, has_filed
from casework.local_time import LOCAL_ZONE
from casework.models import Centre, IdempotencyKey, Report
from casework.permissions import Action
from casework.sealing.seal import lookup_digest
from casework.settings.consent_notices import notice_today
from web.accounts.confirm_contact import send_first_code
from web.clock import now
from web.door_keys import asked_language, known_caller, through_door
from web.files.report_files import stage_report_files
from web.filing.by_programs import count_report, has_partner, other_centre, vouch_for
from web.filing.received import accepted_by
from web.open311.asking import centre_asked
from web.open311.door import answered, answers, said
from web.open311.faults import Fault, Refused, fault
from web.open311.reading import Sent, addresses_to_fetch, read_report, refuse_type, said_of_addresses
from workflows.running.filing import file_report

SAME_REPORT = timedelta(hours=24)
"""How long the same words of the same account, place and contact are the same report where no key of the client says so."""
SHORTEST_KEY, LONGEST_KEY = 1, 255
KEY_PURPOSE, CONTENT_PURPOSE = "key of a client of Open311", "content of a report by Open311"
TOKEN_LENGTH = 32


@answers("/v2/requests", methods=("POST",))
@through_door(Door.OPEN311, Action.FILE_REPORT, is_act=True, takes_parameter=True, has_photos=True)
def file_request(form: str) -> ResponseReturnValue:
    refuse_type()
    centre = centre_asked(is_post=True, reads=False)
    sent = read_report(centre)
    house = _house(centre, sent)
    key = _client_key() or _content_key(sent)
    _forget_long_ago(key)
    is_new = not has_filed(key)
    notes = _stage(sent, key) if is_new else []
    code = count_report(sent.contact, house.id) if is_new else None
    filed = _file(sent, house, key, code)
    if not filed.is_repeat:
        send_first_code(filed.report)
    moment = f"{accepted_by(filed.report).astimezone(LOCAL_ZONE):%H:%M %d/%m/%Y}"
    promised = Bilingual(f"Trung tâm sẽ trả lời có tiếp nhận hay không trước {moment}.",
                         f"The centre will say by {moment} whether it takes it on.")  # fmt: skip
    notice = " ".join(str(said(each)) for each in (promised, *_changed_list(sent), *notes))
    return answered("service_requests", [{"service_request_id": filed.report.code, "service_notice": notice, "account_id": None}])


@answers("/v2/tokens/<token>")
@through_door(Door.OPEN311, Action.FILE_REPORT, takes_parameter=True)
def token(token: str, form: str) -> ResponseReturnValue:
    """The code that the `Idempotency-Key` of this account has made."""
    centre_asked()
    made = select(Report.code).join(IdempotencyKey, IdempotencyKey.result == Report.ref).where(IdempotencyKey.key == _key_of(token))
    code = db.session.scalar(made.where(Report.service_id == known_caller().account_id))
    if code is None:
        raise NotFound
    return answered("service_requests", [{"service_request_id": code, "token": token}])


def _house(centre: Jurisdiction, sent: Sent) -> Centre:
    """The centre that was named, also where none holds the place. Raises Refused where another one holds it."""
    found = other_centre(sent.place, centre.id)
    if found is None:
        return db.session.get_one(Centre, centre.id)
    there = f" (jurisdiction_id: {id_of(found.id, found.code_prefix)})" if is_open(Door.OPEN311, found.id) else ""
    raise Refused(400, Fault("elsewhere", Bilingual(
        f"Nơi này thuộc {found.name.vi}{there}.", f"This place belongs to {found.name.en}{there}."
    )))  # fmt: skip


def _client_key() -> str | None:
    text = request.headers.get("Idempotency-Key", "").strip().strip('"')
    if not text:
        return None
    if not SHORTEST_KEY <= len(text) <= LONGEST_KEY or not text.isprintable():
        raise Refused(400, fault("idempotency_key"))
    return _key_of(text)


def _key_of(text: str) -> str:
    return lookup_digest(json.dumps([known_caller().account_id, text]), purpose=KEY_PURPOSE)


def _content_key(sent: Sent) -> str:
    """What makes two requests without a key the same report: account, code, place, words and contact."""
    place, contact = sent.place, sent.contact
    where = [place.area.ref if place.area else None, place.village, place.words, place.latitude, place.longitude]
    who = [contact.name, contact.phone, contact.email] if contact is not None else []
    return lookup_digest(json.dumps([known_caller().account_id, sent.service_code, where, sent.words, who]), purpose=CONTENT_PURPOSE)


def _forget_long_ago(key: str) -> None:
    """After a day the same words are another report, unless the client's own key says that they are the same."""
    if "Idempotency-Key" not in request.headers:
        with unit_of_work():
            old = delete(IdempotencyKey).where(
                IdempotencyKey.key == key, IdempotencyKey.purpose == FILED, IdempotencyKey.used_at <= now() - SAME_REPORT
            )
            db.session.execute(old)


def _stage(sent: Sent, key: str) -> list[Bilingual]:
    """Stage the photos that can be taken; a sentence for each that cannot, and for those at other addresses."""
    refused: list[Bilingual] = []
    if sent.photos:
        refused = stage_report_files(photos=sent.photos, voice=None, video=None, token=key[:TOKEN_LENGTH], by=known_caller().actor)
    to_fetch = addresses_to_fetch(sent.addresses, beside=sent.photos)
    return [*refused, *said_of_addresses(sent.addresses, to_fetch)]


def _file(sent: Sent, centre: Centre, key: str, code: str | None) -> Filed:
    moment, centre_id = now(), centre.id
    try:
        with unit_of_work(keeps_rows=True):
            filed = file_report(
                centre=db.session.get_one(Centre, centre_id), source="citizen", words=sent.words, place=sent.place, by=known_caller().actor,
                now=moment, contact=sent.contact, field=sent.service, marked_urgent=sent.is_urgent,
                photos_token=key[:TOKEN_LENGTH] if sent.photos else None, seen_at=sent.seen_at, consented=True, language=asked_language(),
                idempotency_key=key, consent_notice=notice_today(centre_id, moment), code=code, answers=sent.answers, door=Door.OPEN311,
                has_partner=has_partner(),
            )  # fmt: skip
            if known_caller().contact_mode == PROVEN and not filed.is_repeat:
                vouch_for(filed.report, sent.contact)
            if not filed.is_repeat:
                ask_for_photos(filed.report, addresses_to_fetch(sent.addresses, beside=sent.photos), now=moment)
            return filed
    except OtherReportFiled:
        raise Refused(400, fault("idempotency_conflict")) from None


def _changed_list(sent: Sent) -> list[Bilingual]:
    if sent.service is not None:
        return []
    return [Bilingual("Danh mục lĩnh vực đã thay đổi; Trung tâm sẽ chọn lĩnh vực.",
                      "The list of services has changed; the centre will choose.")]  # fmt: skip
