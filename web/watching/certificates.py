"""When the certificates used here expire: those of seals kept in files, and the https certificate where its file is configured."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12
from flask import Flask

from casework.documents.seals import PKCS12, Seal
from casework.errors import CaseworkError

_known: dict[tuple[str, int], datetime | None] = {}
"""Cached by path and modification time: opening a seal takes a tenth of a second."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate: `tls`, or the name of a seal. `ends_at` is None where it could not be read."""

    name: str
    is_seal: bool
    ends_at: datetime | None


def certificates_here(app: Flask) -> tuple[Certificate, ...]:
    """All certificates. A seal in a token is known by the chain stored next to it; without one it is not listed."""
    seals: dict[str, Seal] = app.extensions["seals"]
    found = [Certificate(name, True, _end_of(path, seal)) for name, seal in seals.items() if (path := seal.file or seal.chain) is not None]
    tls: Path | None = app.config["TLS_CERTIFICATE"]
    return (*found, Certificate("tls", False, _end_of(tls, None))) if tls is not None else tuple(found)


def _end_of(path: Path, seal: Seal | None) -> datetime | None:
    try:
        key = str(path), path.stat().st_mtime_ns
        if key not in _known:
            _known[key] = _read(path.read_bytes(), seal)
        return _known[key]
    except (OSError, ValueError, CaseworkError):
        return None


def _read(content: bytes, seal: Seal | None) -> datetime | None:
    if seal is None or seal.kind != PKCS12:
        return min((each.not_valid_after_utc for each in x509.load_pem_x509_certificates(content)), default=None)
    # imported late, because its library would slow down every start
    from reports.signing.keys import secret_of

    own = load_pkcs12(content, secret_of(seal).encode()).cert
    return own.certificate.not_valid_after_utc if own is not None else None
