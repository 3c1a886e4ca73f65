"""The recipient and six digits of a one-time code on its way, sealed in its row and nowhere else."""

from sqlalchemy import update

from casework.db import db
from casework.models import OneTimeCode
from casework.parsing import number_in
from casework.privacy.identity import EMAIL_PURPOSE, PHONE_PURPOSE, Contact
from casework.sealing.seal import lookup_digest, open_json, seal_json

RECIPIENT = "code:"
"""The prefix by which a delivery names its row: `code:<id>`."""
MESSAGE_PURPOSE = "message of a one-time code"


def kind_of(contact: Contact) -> str:
    """Whether a contact with one address is `phone` or `email`. Raises ValueError for none or both."""
    if bool(contact.phone) == bool(contact.email):
        raise ValueError("one way to reach somebody")
    return "phone" if contact.phone else "email"


def digest_of(contact: Contact) -> str:
    """The keyed digest of a contact with one address, by which accounts and reporters are found."""
    if kind_of(contact) == "phone":
        return lookup_digest(contact.phone or "", purpose=PHONE_PURPOSE)
    return lookup_digest(contact.email or "", purpose=EMAIL_PURPOSE)


def seal_message(contact: Contact, digits: str) -> bytes:
    return seal_json({"phone": contact.phone, "email": contact.email, "digits": digits}, purpose=MESSAGE_PURPOSE)


def open_message(row: OneTimeCode) -> tuple[Contact, str] | None:
    """Open the recipient and the digits; None once wiped. For sending, and for the page of a demonstration."""
    if row.sealed_message is None:
        return None
    opened = open_json(row.sealed_message, purpose=MESSAGE_PURPOSE)
    return Contact(phone=opened["phone"], email=opened["email"]), opened["digits"]


def code_of(recipient: str) -> OneTimeCode | None:
    number = number_in(recipient.removeprefix(RECIPIENT))
    return db.session.get(OneTimeCode, number) if recipient.startswith(RECIPIENT) and number is not None else None


def wipe_sent(recipient: str) -> None:
    """Forget contact and digits once a gateway accepted them; the digest stays for comparison. Does nothing for other recipients."""
    if recipient.startswith(RECIPIENT):
        wiped = update(OneTimeCode).where(OneTimeCode.id == int(recipient.removeprefix(RECIPIENT))).values(sealed_message=None)
        db.session.execute(wiped, execution_options={"synchronize_session": False})
