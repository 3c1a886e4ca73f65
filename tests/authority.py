"""A certificate authority of the tests: roots, leaves in PKCS#12 files, certificates that have ended."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PASSPHRASE = "mot mat khau chi de thu 9f3a"
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass
class Authority:
    """One root and what it has signed. Keys are P-256, which costs nothing; `rsa_key` is for what asks for RSA."""

    name: str
    key: Key
    certificate: x509.Certificate

    @classmethod
    def new(cls, name: str, *, since: datetime) -> Authority:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(name)
        made = _builder(subject, subject, key, since, since + timedelta(days=7300))
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
        made = made.add_extension(_usage(ca=True), critical=True)
        return cls(name, key, made.sign(key, hashes.SHA256()))

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def leaf(
        self, name: str, *, since: datetime, days: int = 3650, key: Key | None = None, signs: bool = True,
        use: x509.ObjectIdentifier = ExtendedKeyUsageOID.EMAIL_PROTECTION,
    ) -> tuple[Key, x509.Certificate]:
        """A key and certificate of somebody who signs; with `signs` false, one that is for something else."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        made = _builder(_name(name), self.certificate.subject, key, since, since + timedelta(days=days))
        made = made.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        made = made.add_extension(_usage(ca=False, signs=signs), critical=True)
        made = made.add_extension(x509.ExtendedKeyUsage([use]), critical=use == ExtendedKeyUsageOID.TIME_STAMPING)
        made = made.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        return key, made.sign(self.key, hashes.SHA256())

    def revocation_list(self, *revoked: tuple[int, datetime], on: datetime, delta: bool = False) -> bytes:
        """The list of a day: which certificates were revoked, by serial number, and when."""
        made = x509.CertificateRevocationListBuilder().issuer_name(self.certificate.subject)
        made = made.last_update(on).next_update(on + timedelta(days=7))
        for serial, at in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at)
            made = made.add_revoked_certificate(entry.build())
        if delta:
            made = made.add_extension(x509.DeltaCRLIndicator(1), critical=True)
        return made.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def file(self, path: Path, name: str, *, since: datetime, days: int = 3650, key: Key | None = None) -> Path:
        """A PKCS#12 file as a seal has it."""
        own, certificate = self.leaf(name, since=since, days=days, key=key)
        held = pkcs12.serialize_key_and_certificates(name.encode(), own, certificate, [self.certificate],
                                                     BestAvailableEncryption(PASSPHRASE.encode()))
        path.write_bytes(held)
        return path


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"), x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(subject: x509.Name, issuer: x509.Name, key: Key, since: datetime, until: datetime) -> x509.CertificateBuilder:
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number()).not_valid_before(since.astimezone(UTC)).not_valid_after(until.astimezone(UTC))
    return made.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)


def _usage(*, ca: bool, signs: bool = True) -> x509.KeyUsage:
    own = not ca and signs
    return x509.KeyUsage(digital_signature=own, content_commitment=own, key_encipherment=not signs, data_encipherment=False,
                         key_agreement=False, key_cert_sign=ca, crl_sign=ca, encipher_only=False, decipher_only=False)
