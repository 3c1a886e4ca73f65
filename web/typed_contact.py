"""Reads a telephone number or an e-mail address typed into one field, and says what is wrong with it."""

import re
import unicodedata

from flask_babel import gettext as _
from flask_babel import ngettext

from casework.privacy.identity import Contact

UNSEEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
"""Marks that come along when something is copied, and that nobody sees."""
LANDLINE = "2"
"""The first digit of numbers of area codes in Vietnam, which are one digit longer than those of mobile telephones."""


class ContactUnclear(ValueError):
    """What was typed is neither a number nor an address; its text, in the reader's language, says what is wrong."""


def read_contact(typed: str) -> Contact:
    """The contact: what holds an “@” is an address, anything else a number, however it is grouped. Raises ContactUnclear."""
    words = UNSEEN.sub("", unicodedata.normalize("NFKC", typed)).strip()
    return Contact(email=_address(words)) if "@" in words else Contact(phone=_number(words))


def phone_number(typed: str) -> str | None:
    """A telephone number in E.164, read as Vietnamese by default; None if it is no valid number."""
    import phonenumbers  # late: docs/architecture.md

    try:
        parsed = phonenumbers.parse(typed, "VN")
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) if phonenumbers.is_valid_number(parsed) else None


def email_address(typed: str) -> str | None:
    """An address in lower case; None if it is none. The domain is not queried."""
    from email_validator import EmailNotValidError, validate_email  # late: docs/architecture.md

    try:
        return validate_email(typed.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        return None


def _number(words: str) -> str:
    number = phone_number(words) if not any(each.isalpha() for each in words) else None
    if number is None:
        raise ContactUnclear(" ".join((_fault_of_number(words), _("Example: 0912 345 678. Or give an e-mail address."))))
    return number


def _fault_of_number(words: str) -> str:
    digits = re.sub(r"\D", "", words)
    if not digits or any(each.isalpha() for each in words):
        return str(_("This is neither a telephone number nor an e-mail address, which has an @ in it."))
    if words.startswith("+") and not digits.startswith("84"):
        return str(_("This is not a valid number of that country."))
    own = re.sub(r"^(0084|84(?=\d{9})|0)", "", digits) if not words.startswith("+") else re.sub(r"^840?", "", digits)
    lacking = (10 if own.startswith(LANDLINE) else 9) - len(own)
    if lacking > 0:
        return str(ngettext("The telephone number is %(num)s digit short.", "The telephone number is %(num)s digits short.", lacking))
    if lacking < 0:
        more = -lacking
        return str(ngettext("The telephone number has %(num)s digit too many.", "The telephone number has %(num)s digits too many.", more))
    return str(_("No telephone number begins with these digits."))


def _address(words: str) -> str:
    address = email_address(words)
    if address is None:
        raise ContactUnclear(" ".join((_fault_of_address(words), _("Example: ten@example.vn. Or give a telephone number."))))
    return address


def _fault_of_address(words: str) -> str:
    before, _at, after = words.partition("@")
    if "@" in after:
        return str(_("An e-mail address has one @ only."))
    if not before:
        return str(_("The part before the @ of the e-mail address is missing."))
    if not after:
        return str(_("The part after the @ of the e-mail address is missing, such as gmail.com."))
    if re.search(r"\s", words):
        return str(_("An e-mail address has no spaces in it."))
    if "." not in after.strip("."):
        return str(_("The e-mail address lacks its ending, such as .com or .vn."))
    return str(_("The e-mail address is not right."))
