"""One-time codes as pages use them: over which channel one is sent, what this browser is proving, and what it has proven.

The state of a browser is sealed in its signed cookie, because anybody with the browser can read a cookie and a telephone number must not
show. Pages look the same whether or not a contact is known.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, current_app, session
from flask_babel import gettext as _

from casework.contacts.codes import DIGITS, LASTS, RESEND_AFTER, Purpose, check_code, count_code, open_code, send_code, way_to
from casework.db import db, unit_of_work
from casework.models import Report
from casework.privacy.contact_codes import kind_of, open_message
from casework.privacy.identity import Contact
from casework.rate_limits import TooManyAttempts
from casework.sealing.keyring import KeyMissing
from casework.sealing.seal import SealBroken, open_json, seal_json
from web.clock import now
from web.locales import in_reader_language, language
from web.networks import this_network
from web.typed_contact import email_address, phone_number

ASKED_KEY, PROVEN_KEY = "asked_code", "proven"
ASKED_PURPOSE = "what a browser is proving"
KEPT = timedelta(minutes=15)
"""How long a browser may take to type a code and to continue afterwards."""

bp = Blueprint("contacts_codes", __name__)


@dataclass(frozen=True, slots=True)
class ContactProof:
    """A contact this browser is proving or has proven, since when, and where to go next. Its `repr` omits the contact."""

    contact: Contact
    purpose: str
    at: datetime
    target: str = ""
    in_app: str = ""

    def __repr__(self) -> str:
        return f"ContactProof({self.purpose})"


@bp.app_template_global("can_prove_contacts")
def can_prove_contacts() -> bool:
    return any(can_reach(kind) for kind in ("phone", "email"))


def configured() -> frozenset[str]:
    return frozenset(current_app.extensions.get("gateways", ()))


def can_reach(kind: str) -> bool:
    """Whether a code can be sent to a `phone` or an `email`; true in a demonstration without gateways, whose pages show the code."""
    return way_to(kind, configured=configured(), now=now()) is not None or bool(current_app.config["DEMO"])


def contact_typed(typed: str) -> Contact | None:
    """Parse a telephone number or e-mail address; None for anything else."""
    phone = phone_number(typed)
    if phone is not None:
        return Contact(phone=phone)
    email = email_address(typed)
    return Contact(email=email) if email is not None else None


def no_way_words(kind: str) -> str:
    """Why no code can be sent. It depends only on the installation, so it reveals nothing about a person."""
    if kind == "phone":
        return str(_("This installation cannot send text messages yet, so a telephone number cannot be confirmed by a code."))
    return str(_("This installation cannot send e-mails yet, so an address cannot be confirmed by a code."))


def request_code(contact: Contact, *, purpose: Purpose, report: Report | None = None) -> str:
    """Send a code to a contact within the limits. Returns the reason in the reader's language where none was sent, else an empty text.
    Commits."""
    if not can_reach(kind_of(contact)):
        return no_way_words(kind_of(contact))
    moment, words_language, report_id = now(), language(), report.id if report is not None else None
    if _sent_just_now(contact, purpose, report, moment):
        return ""
    with unit_of_work():
        until = count_code(contact, network=this_network(), now=moment)
    if until is not None:
        return in_reader_language(TooManyAttempts(until).text)
    with unit_of_work():
        of_report = db.session.get_one(Report, report_id) if report_id is not None else None
        send_code(contact, purpose=purpose, now=moment, configured=configured(), report=of_report, language=words_language)
    return ""


def is_right(contact: Contact, typed: str, *, purpose: Purpose, report: Report | None = None) -> bool:
    """Check a code; the attempt counts either way. Commits."""
    with unit_of_work():
        of_report = db.session.get_one(Report, report.id) if report is not None else None
        return check_code(contact, typed, purpose=purpose, network=this_network(), now=now(), report=of_report)


def wrong_words() -> str:
    """One sentence for every rejected code: wrong, expired, tried too often, or never sent."""
    return str(_("This code is not right, or it is too old. A code holds for 10 minutes and five attempts; you can have a new one sent."))


def shown_digits(contact: Contact, *, purpose: Purpose, report: Report | None = None) -> str:
    """The code itself in a demonstration that cannot send it; else empty."""
    if not current_app.config["DEMO"] or way_to(kind_of(contact), configured=configured(), now=now()) is not None:
        return ""
    row = open_code(contact, purpose=purpose, now=now(), report=report)
    opened = open_message(row) if row is not None else None
    return opened[1] if opened is not None else ""


def wait_seconds(since: datetime) -> int:
    """Seconds until the page offers another code."""
    return max(0, round((since + RESEND_AFTER - now()).total_seconds()))


def keep_asked(key: str, asked: ContactProof) -> None:
    """Remember for KEPT which contact this browser is proving."""
    told = {
        "phone": asked.contact.phone, "email": asked.contact.email, "name": asked.contact.name, "purpose": asked.purpose,
        "at": asked.at.isoformat(), "target": asked.target, "in_app": asked.in_app,
    }  # fmt: skip
    session[key] = urlsafe_b64encode(seal_json(told, purpose=ASKED_PURPOSE)).decode()


def kept_asked(key: str, purpose: str) -> ContactProof | None:
    """The contact this browser is proving; None when it expired or was for another purpose."""
    try:
        told = open_json(urlsafe_b64decode(session.get(key) or ""), purpose=ASKED_PURPOSE)
    except (SealBroken, KeyMissing, ValueError):
        return None
    at = datetime.fromisoformat(told["at"])
    if told["purpose"] != purpose or now() >= at + KEPT:
        return None
    contact = Contact(name=told["name"], phone=told["phone"], email=told["email"])
    return ContactProof(contact, told["purpose"], at, told["target"], told["in_app"])


def forget_asked(key: str) -> None:
    session.pop(key, None)


def code_page(asked: ContactProof, *, report: Report | None = None) -> dict[str, object]:
    """Template values for the box that takes a code."""
    way_only = Contact(phone=asked.contact.phone, email=asked.contact.email)
    return {
        "masked": masked(way_only),
        "kind": kind_of(way_only),
        "digits": shown_digits(way_only, purpose=Purpose(asked.purpose), report=report),
        "wait": wait_seconds(asked.at),
        "minutes": int(LASTS.total_seconds() // 60),
        "length": DIGITS,
    }


def masked(contact: Contact) -> str:
    """Enough of a contact for its owner to recognise, too little for somebody looking over a shoulder."""
    if contact.phone:
        return f"… {contact.phone[-3:]}"
    name, _at, host = (contact.email or "").partition("@")
    return f"{name[:2]}…@{host}"


def _sent_just_now(contact: Contact, purpose: Purpose, report: Report | None, moment: datetime) -> bool:
    """Whether a code was just sent, so that a double press or a reloaded page sends no second one."""
    row = open_code(contact, purpose=purpose, now=moment, report=report)
    return row is not None and moment < row.created_at + RESEND_AFTER


