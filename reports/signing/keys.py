"""The key of a seal, held for one signature only: from a PKCS#12 file, or in a PKCS#11 token that never reveals it."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from asn1crypto import pem, x509
from pyhanko.sign.signers import Signer, SimpleSigner

from casework.documents.seals import PKCS11, Seal
from reports.signing.failures import SealingFailed


def secret_of(seal: Seal, environ: Mapping[str, str] = os.environ) -> str:
    """The passphrase or PIN, from its variable or file. Read each time and never cached. Raises SealingFailed."""
    try:
        held = seal.secret_file.read_text(encoding="utf-8").strip() if seal.secret_file is not None else environ.get(seal.secret, "")
    except (OSError, UnicodeDecodeError):
        held = ""
    if not held:
        raise SealingFailed("no_secret")
    return held


@contextmanager
def signer_of(seal: Seal, *, at: datetime, environ: Mapping[str, str] = os.environ) -> Iterator[Signer]:
    """A signer with the key of the seal. Raises SealingFailed, also if its certificate is not valid at this instant."""
    with _in_token(seal, environ) if seal.kind == PKCS11 else _in_file(seal, environ) as signer:
        certificate = signer.signing_cert
        if certificate is None:
            raise SealingFailed("no_key")
        if not certificate.not_valid_before <= at <= certificate.not_valid_after:
            raise SealingFailed("expired")
        yield signer


@contextmanager
def _in_file(seal: Seal, environ: Mapping[str, str]) -> Iterator[Signer]:
    secret = secret_of(seal, environ)
    try:
        held = Path(seal.file or "").read_bytes()
    except OSError:
        raise SealingFailed("no_file") from None
    try:
        signer = SimpleSigner.load_pkcs12_data(held, other_certs=_chain_of(seal), passphrase=secret.encode())
    except ValueError:
        raise SealingFailed("wrong_secret") from None
    yield signer


@contextmanager
def _in_token(seal: Seal, environ: Mapping[str, str]) -> Iterator[Signer]:
    if find_spec("pkcs11") is None:
        raise SealingFailed("no_token")
    import pkcs11
    from pyhanko.sign.pkcs11 import PKCS11Signer

    secret = secret_of(seal, environ)
    try:
        session = pkcs11.lib(str(seal.module)).get_token(token_label=seal.token).open(user_pin=secret)
    except (pkcs11.PinIncorrect, pkcs11.PinLocked, pkcs11.PinInvalid, pkcs11.PinLenRange, pkcs11.PinExpired):
        raise SealingFailed("wrong_secret") from None
    except (pkcs11.PKCS11Error, RuntimeError, OSError):
        raise SealingFailed("no_token") from None
    with session:
        # other certificates in the token may be somebody else's: only our own, and those of its file, go into the signature
        signer = PKCS11Signer(session, cert_label=seal.key, key_label=seal.key, ca_chain=_chain_of(seal), other_certs_to_pull=())
        try:
            if signer.signing_cert is None:
                raise SealingFailed("no_key")
        except pkcs11.PKCS11Error:
            raise SealingFailed("no_key") from None
        yield signer


def _chain_of(seal: Seal) -> list[Any]:
    if seal.chain is None:
        return []
    try:
        return [x509.Certificate.load(der) for _kind, _headers, der in pem.unarmor(seal.chain.read_bytes(), multiple=True)]
    except (OSError, ValueError):
        raise SealingFailed("no_file") from None
