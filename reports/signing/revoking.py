"""Revocation lists stored next to the authorities we trust: which certificates were revoked, and when.

The network is not used, so this is as new as the files are.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PEM_MARK = b"-----BEGIN X509 CRL-----"


class ListUnread(ValueError):
    """A revocation list that cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class RevocationList:
    """One list: its issuer (SHA-256 of the public key), its date, when the next was promised, and the certificates on it."""

    issuer: str
    since: datetime
    until: datetime | None
    revoked: Mapping[int, datetime]


@dataclass(frozen=True, slots=True)
class Revocations:
    """All lists together; without lists, nothing is known."""

    lists: Mapping[str, tuple[RevocationList, ...]] = field(default_factory=dict)

    def revoked_at(self, issuer: str, serial: int) -> datetime | None:
        """When a certificate was revoked; None if no list says so."""
        found = [each.revoked[serial] for each in self.lists.get(issuer, ()) if serial in each.revoked]
        return min(found, default=None)

    def known_on(self, issuer: str) -> datetime | None:
        """The date of the oldest of an issuer's lists; None without any."""
        return min((each.since for each in self.lists.get(issuer, ())), default=None)


NOTHING_KNOWN = Revocations()


def read_lists(held: Iterable[bytes], authorities: Sequence[str]) -> Revocations:
    """Read lists (PEM or DER) signed by authorities, PEM texts. Raises ListUnread.

    Of several lists of one issuer for the same points the newest counts.
    """
    issuers = [certificate for text in authorities for certificate in x509.load_pem_x509_certificates(text.encode())]
    newest: dict[tuple[str, bytes], RevocationList] = {}
    for data in held:
        points, read = _read(data, issuers)
        before = newest.get((read.issuer, points))
        if before is None or before.since < read.since:
            newest[read.issuer, points] = read
    found: dict[str, tuple[RevocationList, ...]] = {}
    for (issuer, _points), each in newest.items():
        found[issuer] = (*found.get(issuer, ()), each)
    return Revocations(found)


def key_digest(public_key: bytes) -> str:
    """Identifies an issuer by its key (SubjectPublicKeyInfo, DER), because names are not unique."""
    return hashlib.sha256(public_key).hexdigest()


def _read(data: bytes, issuers: Sequence[x509.Certificate]) -> tuple[bytes, RevocationList]:
    try:
        crl = x509.load_pem_x509_crl(data) if PEM_MARK in data[:200] else x509.load_der_x509_crl(data)
        points = _points_of(crl)
        revoked = {each.serial_number: each.revocation_date_utc for each in crl}
    except (ValueError, UnsupportedAlgorithm):
        raise ListUnread("this is no revocation list") from None
    for issuer in issuers:
        if issuer.subject == crl.issuer and _has_signed(issuer, crl):
            key = issuer.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            return points, RevocationList(key_digest(key), crl.last_update_utc, crl.next_update_utc, revoked)
    raise ListUnread("no certificate next to it has signed it")


def _points_of(crl: x509.CertificateRevocationList) -> bytes:
    """The distribution points a list is for. Raises ListUnread for delta lists, indirect lists and lists of some reasons only."""
    points = b""
    for extension in crl.extensions:
        if isinstance(extension.value, x509.IssuingDistributionPoint):
            told = extension.value
            if told.indirect_crl or told.only_some_reasons or told.only_contains_attribute_certs:
                raise ListUnread("it is a list of others' certificates or of some reasons only")
            points = told.public_bytes()
        elif isinstance(extension.value, x509.DeltaCRLIndicator) or extension.critical:
            raise ListUnread("it is no complete list")
    return points


def _has_signed(issuer: x509.Certificate, crl: x509.CertificateRevocationList) -> bool:
    try:
        return crl.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
    except (InvalidSignature, TypeError, ValueError, UnsupportedAlgorithm):
        return False
