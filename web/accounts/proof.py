"""Proof that it is really the account's owner, asked for before personal data are exported or changed: an open page is not enough.

It is given by the password, a code sent to a proven contact, or the secret on the receipt, and holds for ten minutes in this browser.
Signing in with a code counts as a proof.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import request, session
from flask_babel import gettext as _

from casework.contacts.codes import Purpose
from casework.db import unit_of_work
from casework.models import Account
from casework.privacy.identity import Contact, open_contact
from casework.rate_limits import Limit, TooManyAttempts, count_attempt, forget_attempts
from casework.rights.requests import Person
from casework.sealing.seal import secret_matches
from web.accounts.contact_codes import can_reach, is_right, masked, request_code, shown_digits, wrong_words
from web.accounts.password_rules import check_password
from web.clock import now
from web.locales import in_reader_language

PROVED_KEY = "proved_self"
LASTS = timedelta(minutes=10)
SEND_CODE = "send_code"
"""The value of `act` sent by the button for a code."""
GUESSES = Limit("proof of who asks", 8, timedelta(minutes=15))


@dataclass(frozen=True)
class ProofBox:
    """What a form shows that asks for a proof (rights/_proof.html)."""

    is_fresh: bool
    takes_secret: bool
    has_password: bool
    code_to: str
    digits: str


def proof_box(person: Person) -> ProofBox:
    """How this person can prove who they are, and whether a proof is needed."""
    return ProofBox(is_fresh(person), person.report is not None, has_password(person), masked_way(person), demo_digits(person))


def proof_fields(box: ProofBox) -> list[str]:
    there = {"secret": box.takes_secret, "password": box.has_password, "code": bool(box.code_to)}
    return [] if box.is_fresh else [name for name, is_there in there.items() if is_there]


def note_signed_in_by_code(account: Account) -> None:
    """Count the code used to sign in as a proof."""
    _note(_who(Person(account=account)))


def unproven(person: Person) -> tuple[str, str] | None:
    """Why the person is not proven, and the sentence shown where a code was requested instead; None once they are."""
    if request.form.get("act") == SEND_CODE:
        why = send_proof_code(person)
        return why, "" if why else str(_("If the code has not arrived after a minute, ask for another."))
    why = prove(person)
    return (why, "") if why else None


def is_fresh(person: Person) -> bool:
    """Whether the person gave a proof within LASTS."""
    kept = session.get(PROVED_KEY) or {}
    if kept.get("who") != _who(person):
        return False
    at = datetime.fromisoformat(kept["at"])
    return timedelta() <= now() - at < LASTS


def has_password(person: Person) -> bool:
    """Whether the account has a password; otherwise a code takes its place."""
    return person.account is not None and person.account.password_hash is not None


def code_way(person: Person) -> Contact | None:
    """The proven contact of an account or sender to which a code can be sent."""
    account, reporter = person.account, person.report.reporter if person.report is not None else None
    if account is not None:
        sealed, proven = account.sealed_identity, {"phone": account.phone_verified_at, "email": account.email_verified_at}
    elif reporter is not None:
        sealed, proven = reporter.sealed_identity, {reporter.verified_contact or "": reporter.contact_verified_at}
    else:
        return None
    own = open_contact(sealed) if sealed is not None else Contact()
    ways = [
        Contact(phone=own.phone) if own.phone and proven.get("phone") is not None and can_reach("phone") else None,
        Contact(email=own.email) if own.email and proven.get("email") is not None and can_reach("email") else None,
    ]
    return next((way for way in ways if way is not None), None)


def send_proof_code(person: Person) -> str:
    """Send a code to the account's proven contact; returns why not, or an empty text."""
    way = code_way(person)
    return request_code(way, purpose=Purpose.OWN_DATA) if way is not None else str(_("There is no confirmed way to send you a code."))


def demo_digits(person: Person) -> str:
    """The code itself in a demonstration that cannot send it."""
    way = code_way(person)
    return shown_digits(way, purpose=Purpose.OWN_DATA) if way is not None else ""


def masked_way(person: Person) -> str:
    """The masked contact a code would go to."""
    way = code_way(person)
    return masked(way) if way is not None else ""


def prove(person: Person) -> str:
    """Judge the proof that was typed. Returns why it fails, or an empty text when it holds or an earlier one still does.

    The attempt is counted first; passwords are compared outside any unit of work.
    """
    if is_fresh(person):
        return ""
    password, code, secret = (request.form.get(name, "") for name in ("password", "code", "secret"))
    if not (password or code or secret):
        return str(_("Please prove once more that it is you; what you typed below is kept."))
    who, kept, digest = _who(person), _password_of(person.account), person.report.secret_digest if person.report is not None else ""
    with unit_of_work():
        until = count_attempt(GUESSES, who, now=now())
    if until is not None:
        return in_reader_language(TooManyAttempts(until).text)
    if person.report is not None and secret:
        wrong = "" if secret_matches(secret, digest) else str(_("This is not the secret on the receipt."))
    elif code or person.report is not None:
        way = code_way(person)
        wrong = "" if way is not None and is_right(way, code, purpose=Purpose.OWN_DATA) else wrong_words()
    else:
        wrong = "" if check_password(password, kept) else str(_("This password is not right."))
    if not wrong:
        with unit_of_work():
            forget_attempts(GUESSES, who, now=now())
        _note(who)
    return wrong


def _note(who: str) -> None:
    session[PROVED_KEY] = {"who": who, "at": now().isoformat()}


def _password_of(account: Account | None) -> str | None:
    return account.password_hash if account is not None else None


def _who(person: Person) -> str:
    return f"account:{person.account.ref}" if person.account is not None else f"report:{person.report.ref if person.report else ''}"
