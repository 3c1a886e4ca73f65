"""The seals of this installation and the authorities it trusts, read once at the start. Anything missing stops it with a sentence.

So an unusable seal is found now and not by a clerk with forty letters to send; what only the key can tell (a wrong passphrase, an unplugged
token) is reported by the sealing order. Secrets are only checked for existence, not read.
"""

import difflib
import os
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from re import compile as pattern
from typing import Any

import orjson
from cryptography import x509
from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.db import db
from casework.documents.sealing import unknown_bodies
from casework.documents.seals import ELSEWHERE, PKCS11, PKCS12, Seal
from casework.models import Centre
from reports.signing.revoking import ListUnread
from web.config import PREFIX, Config, SettingRefused, StartRefused
from web.config.readers import gateway_address
from web.documents.revocations import lists_in

NAME = pattern(r"[a-z0-9][a-z0-9-]{0,39}")
DIGEST = pattern(r"[0-9a-f]{64}")
VARIABLE = pattern(r"[A-Z][A-Z0-9_]{0,79}")
TEXTS = ("centre", "agency", "login", "kind", "token", "key", "timestamps")
SIGNERS = "signers"
PATHS = ("file", "module", "chain", "picture")
SECRETS = {PKCS12: "passphrase", PKCS11: "pin"}
KNOWN = frozenset({"name", SIGNERS, *TEXTS, *PATHS, *(f"{word}_{form}" for word in SECRETS.values() for form in ("variable", "file"))})
NEEDED = {PKCS12: ("file",), PKCS11: ("module", "token", "key"), ELSEWHERE: ()}
PNG_MARK = b"\x89PNG\r\n\x1a\n"
CERTIFICATES = frozenset({".pem", ".crt", ".cer"})

SEALS, TRUST = f"{PREFIX}SEALS", f"{PREFIX}TRUST"


def open_seals(config: Config, environ: Mapping[str, str] = os.environ) -> dict[str, Seal]:
    """The seals by name; empty where no file is set. Raises SettingRefused."""
    if config.seals is None:
        return {}
    try:
        told = orjson.loads(config.seals.read_bytes())
    except OSError as error:
        raise SettingRefused(f"{SEALS} is {str(config.seals)!r}: allowed is a readable file ({error.strerror}).") from None
    except orjson.JSONDecodeError as error:
        raise SettingRefused(f"{SEALS} is {str(config.seals)!r}: this is no JSON (line {error.lineno}).") from None
    if not isinstance(told, dict) or not told:
        raise SettingRefused(f"{SEALS}: allowed is an object of seals by name, as docs/sealing.md shows.")
    return {name: _seal(name, each, config, environ) for name, each in told.items()}


def open_trust(config: Config) -> tuple[str, ...]:
    """The certificates of trusted authorities as PEM texts; empty where no folder is set. Raises SettingRefused."""
    if config.trust is None:
        return ()
    try:
        files = sorted(each for each in config.trust.iterdir() if each.suffix.lower() in CERTIFICATES)
    except OSError as error:
        raise SettingRefused(f"{TRUST} is {str(config.trust)!r}: allowed is a readable folder ({error.strerror}).") from None
    if not files:
        raise SettingRefused(f"{TRUST} is {str(config.trust)!r}: there is no certificate in it (.pem, .crt or .cer).")
    trusted = tuple(_certificates(each, TRUST) for each in files)
    try:
        lists_in(config.trust, trusted)
    except ListUnread as fault:
        raise SettingRefused(f"{TRUST}: {fault}.") from None
    return trusted


def refuse_unknown_bodies(seals: Mapping[str, Seal]) -> None:
    """Raise StartRefused for a seal of a centre or agency that is not in the database, since nobody could use it. An empty database
    passes."""
    if seals and db.session.scalar(select(Centre.id).limit(1)) is not None:
        for each in unknown_bodies(seals.values()):
            whose = f"agency {each.agency!r} of centre {each.centre!r}" if each.agency else f"centre {each.centre!r}"
            raise StartRefused(f"{SEALS}, seal {each.name!r}: there is no {whose}.")
    db.session.rollback()


def _seal(name: str, told: Any, config: Config, environ: Mapping[str, str]) -> Seal:
    where, folder = f"{SEALS}, seal {name!r}", (config.seals or Path()).parent
    if not NAME.fullmatch(name):
        raise SettingRefused(f"{where}: a name has small letters, digits and hyphens, 40 at most.")
    if not isinstance(told, dict):
        raise SettingRefused(f"{where}: allowed is an object.")
    for key in told:
        if key not in KNOWN:
            near = difflib.get_close_matches(key, KNOWN, n=1)
            raise SettingRefused(f"{where}: {key!r} is nothing a seal has" + (f": did you mean {near[0]!r}?" if near else "."))
    for key in (*TEXTS, *PATHS):
        if not isinstance(told.get(key, ""), str):
            raise SettingRefused(f"{where}: {key} has to be a text.")
    label = told.get("name")
    if not isinstance(label, dict) or not all(isinstance(label.get(each), str) and label[each].strip() for each in ("vi", "en")):
        raise SettingRefused(f"{where}: name has to say what it is called, in vi and en.")
    texts = {key: told[key] for key in TEXTS if told.get(key)}
    paths = {key: folder / Path(told[key]).expanduser() for key in PATHS if told.get(key)}
    kind = texts.setdefault("kind", PKCS12)
    if kind not in NEEDED:
        raise SettingRefused(f"{where}: kind is {kind!r}: allowed are {PKCS12} and {PKCS11}, and {ELSEWHERE} for files signed elsewhere.")
    for key in ("centre", *NEEDED[kind]):
        if key not in texts and key not in paths:
            raise SettingRefused(f"{where}: {key} is missing.")
    _refuse_files(where, kind, paths)
    if "timestamps" in texts:
        _refuse_address(where, texts["timestamps"])
    own = _signers(where, told) if kind == ELSEWHERE else _secret(where, kind, told, folder, environ)
    held: dict[str, Any] = {**texts, **paths, **own, "inside": config.inside_hosts}
    return Seal(name=name, label=Bilingual(label["vi"], label["en"]), **held)


def _signers(where: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """Certificates that may sign outside the program: common names, or SHA-256 digests of certificates with or without colons."""
    named = told.get(SIGNERS)
    if not isinstance(named, list) or not named or not all(isinstance(each, str) and each.strip() for each in named):
        raise SettingRefused(f"{where}: {SIGNERS} has to list whose certificates these are, by common name or SHA-256 digest.")
    digests = (each.replace(":", "").strip().lower() for each in named)
    return {SIGNERS: tuple(digest if DIGEST.fullmatch(digest) else each.strip() for digest, each in zip(digests, named, strict=True))}


def _secret(where: str, kind: str, told: Mapping[str, Any], folder: Path, environ: Mapping[str, str]) -> dict[str, Any]:
    """Where the passphrase or PIN is kept: it must exist, and its text is not read."""
    word = SECRETS[kind]
    variable, file = told.get(f"{word}_variable"), told.get(f"{word}_file")
    if (variable is None) == (file is None):
        raise SettingRefused(f"{where}: allowed is one of {word}_variable and {word}_file.")
    if file is not None:
        path = folder / Path(str(file)).expanduser()
        _refuse_unreadable(where, f"{word}_file", path)
        return {"secret_file": path}
    if not isinstance(variable, str) or not VARIABLE.fullmatch(variable) or variable.startswith(PREFIX):
        raise SettingRefused(f"{where}: {word}_variable has to name an environment variable that does not begin with {PREFIX}.")
    if not environ.get(variable):
        raise SettingRefused(f"{where}: the environment variable {variable} is not set.")
    return {"secret": variable}


def _refuse_files(where: str, kind: str, paths: Mapping[str, Path]) -> None:
    for key, path in paths.items():
        _refuse_unreadable(where, key, path)
    if kind == PKCS11 and find_spec("pkcs11") is None:
        raise SettingRefused(f"{where}: a token needs python-pkcs11; install langbiang with the extra token.")
    if "chain" in paths:
        _certificates(paths["chain"], where)
    if "picture" in paths and paths["picture"].read_bytes()[: len(PNG_MARK)] != PNG_MARK:
        raise SettingRefused(f"{where}: picture has to be a PNG with a transparent background.")


def _refuse_unreadable(where: str, key: str, path: Path) -> None:
    if not path.is_file() or not os.access(path, os.R_OK):
        raise SettingRefused(f"{where}: {key} is {str(path)!r}: there is no such file, or it may not be read.")


def _refuse_address(where: str, address: str) -> None:
    try:
        gateway_address(address)
    except ValueError as error:
        raise SettingRefused(f"{where}: timestamps is {address!r}: {error}.") from None


def _certificates(path: Path, where: str) -> str:
    try:
        held = path.read_bytes()
        found: Sequence[x509.Certificate] = x509.load_pem_x509_certificates(held)
    except (OSError, ValueError):
        raise SettingRefused(f"{where}: {str(path)!r} holds no certificate in PEM form.") from None
    return held.decode("ascii", "ignore") if found else ""
