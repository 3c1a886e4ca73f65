"""Reads a report that a program files for somebody: its parts, each judged by itself, and every fault told at once."""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from io import BytesIO

from flask import current_app, request
from werkzeug.datastructures import FileStorage

from casework.asking.questions import AnswerRefused, GivenAnswer, answer_to
from casework.bilingual import Bilingual
from casework.doors.limits import FIELD_CHARACTERS
from casework.doors.open311.jurisdictions import Jurisdiction
from casework.doors.open311.services import NO, SEEN_AT, URGENT, VILLAGE, YES, attributes_of, is_ended, service_named
from casework.doors.photo_addresses import may_be_fetched
from casework.intake.file_report import LONGEST_PLACE, LONGEST_WORDS, Place, may_be_unknown
from casework.local_time import local_day
from casework.models import Area
from casework.places.lookup import bounded_area_at
from casework.privacy.identity import Contact
from casework.reading.rule_rows import FieldRow
from casework.text import normal
from web.clock import now
from web.door_keys import known_caller
from web.files.report_files import most_report_photos
from web.filing.by_programs import commune_named, has_partner, is_served
from web.open311.asking import instant_in
from web.open311.faults import Fault, Refused, fault, given_twice
from web.typed_contact import email_address, phone_number

LONGEST_NAME = 120
MANY = ("media_url", "attribute[")
DATA = re.compile(r"data:image/[a-z0-9.+-]{1,20};base64,", re.IGNORECASE)
_DEGREES = re.compile(r"[+-]?\d{1,3}(?:\.\d{1,15})?")


@dataclass(slots=True)
class Sent:
    """What was sent, as far as it could be read."""

    service_code: str
    service: FieldRow | None
    """None where the code has ended: the operator chooses."""
    words: str
    place: Place
    contact: Contact | None
    is_urgent: bool = False
    seen_at: datetime | None = None
    answers: list[GivenAnswer] = field(default_factory=list)
    photos: list[FileStorage] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    """Of photos that are elsewhere."""


def sent_text(name: str) -> str:
    return request.form.get(name, "").strip()


def refuse_type() -> None:
    """Raises Refused unless it is a form."""
    if request.mimetype not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        raise Refused(400, fault("content_type"))


def refuse_twice(faults: list[Fault]) -> None:
    for name in request.form:
        if len(request.form.getlist(name)) > 1 and not name.startswith(MANY):
            faults.append(given_twice(name[:40]))
        if any(len(value) > FIELD_CHARACTERS for value in request.form.getlist(name)) and name != "media_url":
            faults.append(fault("too_long"))


def read_report(centre: Jurisdiction) -> Sent:
    """The report in a form. Raises Refused with all that is wrong; an unknown service is 404."""
    faults: list[Fault] = []
    refuse_twice(faults)
    code = sent_text("service_code")
    service = service_named(centre.id, code, now=now()) if code else None
    if code and service is None:
        raise Refused(404, fault("service_code_unknown"))
    if not code:
        faults.append(fault("service_code_missing"))
    sent = Sent(code, service if service and not is_ended(service, now=now()) else None, _words(faults), _place(faults), _contact(faults))
    if service is not None:
        _attributes(service, centre, sent, faults)
    is_known = sent.contact is not None or has_partner()
    if not is_known and not faults and not may_be_unknown(sent.service, marked_urgent=sent.is_urgent):
        faults.append(fault("contact_missing"))
    if faults:
        raise Refused(400, *faults)
    sent.photos, sent.addresses = sent_photos()
    return sent


def _words(faults: list[Fault]) -> str:
    words = normal(request.form.get("description", ""))
    if not words:
        faults.append(fault("description_missing"))
    elif len(words) > LONGEST_WORDS:
        faults.append(fault("description_long"))
    return words


def _place(faults: list[Fault]) -> Place:
    today, words = local_day(now()), sent_text("address_string")
    if len(words) > LONGEST_PLACE:
        faults.append(fault("address_long"))
    point = _point(faults)
    area, village = _area(sent_text("address_id"), today, faults)
    if area is None and point is not None:
        area = bounded_area_at(*point, today)
    if area is None and point is None and not words and not any(each.code in ("address_id", "lat_long") for each in faults):
        faults.append(fault("place_missing"))
    village = sent_text(f"attribute[{VILLAGE}]")[:LONGEST_NAME] or village
    return Place(area, village or None, words or None, *(point or (None, None)))


def _point(faults: list[Fault]) -> tuple[float, float] | None:
    lat, long = sent_text("lat"), sent_text("long")
    if not lat and not long:
        return None
    if _DEGREES.fullmatch(lat) and _DEGREES.fullmatch(long) and is_served(float(lat), float(long)):
        return float(lat), float(long)
    faults.append(fault("lat_long"))
    return None


def _area(ref: str, today: date, faults: list[Fault]) -> tuple[Area | None, str | None]:
    """The commune of a ref, and the village where it is one's."""
    if not ref:
        return None, None
    found = commune_named(ref, today)
    if found is None:
        faults.append(fault("address_id"))
        return None, None
    return found


def _contact(faults: list[Fault]) -> Contact | None:
    """How the sender is reached. What stays with the partner is not looked at, so that nothing of it is kept, counted or judged."""
    if has_partner():
        return None
    phone, email = (sent_text(name)[:200] for name in ("phone", "email"))
    names = " ".join(part for part in (normal(sent_text("last_name")), normal(sent_text("first_name"))) if part)[:LONGEST_NAME]
    contact = Contact(names or None, phone_number(phone) if phone else None, email_address(email) if email else None)
    if phone and contact.phone is None:
        faults.append(fault("phone"))
    if email and contact.email is None:
        faults.append(fault("email"))
    return contact if contact.phone or contact.email else None


def _attributes(service: FieldRow, centre: Jurisdiction, sent: Sent, faults: list[Fault]) -> None:
    """The answers; attributes nobody asked for are ignored."""
    for each in attributes_of(service, centre.id, now=now()):
        name = f"attribute[{each.code}]"
        typed = sent_text(name) or sent_text(f"{name}[]")
        if each.question is not None and each.question.stops:
            if not each.question.may_send:
                faults.append(Fault("not_taken_here", each.question.name))
        elif each.question is not None:
            try:
                answer = answer_to(each.question, typed)
            except AnswerRefused as refused:
                faults.append(Fault(name, Bilingual(*(f"{name}: {words}" for words in refused.text))))
                continue
            sent.answers += [answer] if answer is not None else []
        elif each.code == URGENT:
            if typed not in ("", YES, NO):
                faults.append(fault("urgent"))
            sent.is_urgent = typed == YES
        elif each.code == SEEN_AT:
            sent.seen_at = instant_in(typed, name, faults)


def sent_photos() -> tuple[list[FileStorage], list[str]]:
    """The photos that came along as files or stand in the form itself, and the addresses of others."""
    texts = [text for each in request.form.getlist("media_url") if (text := each.strip())]
    inline = [text for text in texts if DATA.match(text)]
    files = [file for _, file in request.files.items(multi=True) if file.filename]
    return [*files, *_decoded(inline)], list(dict.fromkeys(text for text in texts if not DATA.match(text)))


def addresses_to_fetch(addresses: list[str], *, beside: list[FileStorage]) -> list[str]:
    """Those the account may name, as far as a report has room for photos beside these."""
    hosts, inside = known_caller().photo_hosts, current_app.config["INSIDE_HOSTS"]
    allowed = [url for url in addresses if may_be_fetched(url, hosts, inside)]
    return allowed[: max(most_report_photos() - len(beside), 0)]


def said_of_addresses(addresses: list[str], to_fetch: list[str]) -> list[Bilingual]:
    """How many photos named by an address will be fetched, and how many will not."""
    said = []
    if to_fetch:
        said.append(Bilingual(f"{len(to_fetch)} ảnh sẽ được tải từ địa chỉ đã nêu.",
                              f"{len(to_fetch)} photos will be fetched from their addresses."))  # fmt: skip
    if not_fetched := len(addresses) - len(to_fetch):
        said.append(Bilingual(
            f"{not_fetched} ảnh ở địa chỉ khác không được tải; xin gửi kèm ảnh.",
            f"{not_fetched} photos at other addresses were not fetched; please send them along.",
        ))  # fmt: skip
    return said


def _decoded(inline: list[str]) -> Iterator[FileStorage]:
    """What is no image is handed on all the same, so that it is refused like any other file."""
    for number, text in enumerate(inline, 1):
        try:
            yield FileStorage(BytesIO(b64decode(text.partition(",")[2], validate=True)), f"media_url-{number}")
        except (NotBase64, ValueError):
            yield FileStorage(BytesIO(b"no photo"), f"media_url-{number}")
