"""Seals of the demonstration: an authority and two certificates of invented people, so that sealing can be tried. They are worthless and
say so: every name contains "Dữ liệu minh họa"."""

import json
import os
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from cryptography.x509.oid import NameOID

INVENTED = "Dữ liệu minh họa"
VALID_FOR = timedelta(days=3650)
SEALS = {
    "con-dau-trung-tam": ({"vi": "Con dấu Trung tâm (minh họa)", "en": "The centre's seal (invented)"}, "Trung tâm IOC Lạc Dương", ""),
    "chu-ky-lanh-dao": ({"vi": "Chữ ký của Lê Thị Minh Họa", "en": "Signature of Lê Thị Minh Họa"}, "Lê Thị Minh Họa", "lanhdao"),
}
"""Each seal's name, the person on its certificate, and the account it belongs to."""


def demo_seals(data: Path) -> dict[str, str]:
    """The settings for the seals; the files are made at the first start, in the demonstration's folder."""
    folder = data / "seals"
    if not (folder / "seals.json").exists():
        _make(folder)
    return {"LANGBIANG_SEALS": str(folder / "seals.json"), "LANGBIANG_TRUST": str(folder / "trust")}


def _make(folder: Path) -> None:
    (folder / "trust").mkdir(mode=0o700, parents=True, exist_ok=True)
    now, root_key, passphrase = datetime.now(UTC), ec.generate_private_key(ec.SECP256R1()), secrets.token_urlsafe(24)
    root = _certificate(f"{INVENTED}: tổ chức chứng thực", root_key, None, now)
    _write(folder / "trust" / "root.pem", root.public_bytes(Encoding.PEM))
    _write(folder / "passphrase", passphrase.encode())
    told = {}
    for name, (label, subject, login) in SEALS.items():
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(f"{subject} ({INVENTED})", key, (root, root_key), now)
        encryption = BestAvailableEncryption(passphrase.encode())
        _write(folder / f"{name}.p12", pkcs12.serialize_key_and_certificates(name.encode(), key, certificate, [root], encryption))
        told[name] = {"name": label, "centre": "LD", "file": f"{name}.p12", "passphrase_file": "passphrase"} | (
            {"login": login} if login else {}
        )
    # written last: if it exists, all of them do
    _write(folder / "seals.json", json.dumps(told, ensure_ascii=False, indent=2).encode())


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None, now: datetime
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    usage = x509.KeyUsage(
        digital_signature=issuer is not None, content_commitment=issuer is not None, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=issuer is None, crl_sign=issuer is None, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    # valid for years back: the demonstration has letters of years before
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer[0].subject if issuer is not None else subject)
    made = made.public_key(key.public_key()).serial_number(x509.random_serial_number())
    made = made.not_valid_before(datetime(2022, 1, 1, tzinfo=UTC)).not_valid_after(now + VALID_FOR)
    made = made.add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True).add_extension(usage, critical=True)
    made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    return made.sign(issuer[1] if issuer is not None else key, hashes.SHA256())


def _write(path: Path, content: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
