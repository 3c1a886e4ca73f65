"""A letter with a person's signature and the body's seal, for the quality suite; and what tests of signing share."""
from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa

from casework.bilingual import Bilingual
from casework.documents.seals import Seal
from reports.official import letter_pdf
from reports.signing.fields import with_fields
from reports.signing.sealing import seal_pdf
from tests.authority import PASSPHRASE, Authority
from tests.reports.samples import VERIFY, frame, letter

SINCE, SIGNED = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 2, 3, 15, tzinfo=UTC)
ENVIRON = {"SEAL_OF_TESTS": PASSPHRASE}
CENTRE, LEADER = "Trung tâm IOC Lạc Dương (thử)", "Người Ký Thử"


@cache
def authority() -> Authority:
    return Authority.new("Tổ chức chứng thực thử", since=SINCE)


@cache
def folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="seals-"))


@cache
def body_seal() -> Seal:
    """The seal of the centre: RSA, so that the same letter gives the same bytes."""
    file = authority().file(folder() / "centre.p12", CENTRE, since=SINCE, key=rsa.generate_private_key(65537, 2048))
    return Seal(name="centre", label=Bilingual("Con dấu Trung tâm", "The centre's seal"), centre="LD", secret="SEAL_OF_TESTS", file=file)


@cache
def own_signature() -> Seal:
    """The signature of one person."""
    file = authority().file(folder() / "leader.p12", LEADER, since=SINCE, key=rsa.generate_private_key(65537, 2048))
    return Seal(name="leader", label=Bilingual("Chữ ký lãnh đạo", "The leader's signature"), centre="LD", login="ops_lead",
                secret="SEAL_OF_TESTS", file=file)


@cache
def issued() -> bytes:
    return with_fields(letter_pdf(letter(frame(number=5, symbol="IOC", verify_url=VERIFY, signature_field=True))))


@cache
def signed() -> bytes:
    return seal_pdf(issued(), own_signature(), reason="Ký ban hành văn bản", at=SIGNED, environ=ENVIRON)


def sealed() -> bytes:
    return seal_pdf(signed(), body_seal(), reason="Đóng dấu cơ quan ban hành văn bản", at=SIGNED, number="05/IOC", environ=ENVIRON)


def sealed_on_top() -> bytes:
    """A document without room for a signature has it in its top margin, as documents in files of their own do."""
    plain = letter_pdf(letter(frame(number=5, symbol="IOC")))
    return seal_pdf(plain, body_seal(), reason="Đóng dấu", at=SIGNED, number="05/IOC", environ=ENVIRON)


SAMPLES: dict[str, Callable[[], str | bytes]] = {"sealed letter": sealed, "sealed letter, on top": sealed_on_top}
