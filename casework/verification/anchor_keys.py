"""The key that signs anchors: made once, published in the folder of anchors, and handed over to a successor."""

import base64
import binascii
import hashlib
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from casework.errors import CaseworkError

FOLDER = "anchors"
KEY = Path("keys") / "anchor_key"


class AnchorKeyUnusable(CaseworkError):
    """The signing key cannot be read."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"Không đọc được khóa ký mốc xác thực {path}. Hãy khôi phục tệp này từ bản sao lưu khóa.",
            f"The key that signs anchors, {path}, cannot be read. Restore it from the backup of the keys.",
        )


def hand_over_key(data: Path, *, now: datetime) -> str:
    """Make a new signing key and return its fingerprint; the old key signs its successor, and is then deleted.

    The statement is on the disk before the key is replaced: after a crash in between, the old key stays in use and the statement names a
    key nobody uses. Raises AnchorKeyUnusable.
    """
    folder, path = data / FOLDER, data / KEY
    old, new = signing_key(path), Ed25519PrivateKey.generate()
    publish_key(folder, old.public_key())
    publish_key(folder, new.public_key())
    names = {"old": key_id_of(old.public_key()), "new": key_id_of(new.public_key())}
    content = canonical({**names, "made_at": now.astimezone(UTC).isoformat()})
    signatures = [base64.b64encode(key.sign(content)).decode() for key in (old, new)]
    statement = canonical({"content": content.decode(), "signatures": signatures})
    write_once(folder / f"succession-{names['old']}-{names['new']}.json", statement)
    staged = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    write_once(staged, new.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    staged.rename(path)
    _fsync_folder(path.parent)
    return names["new"]


def is_successor(folder: Path, old: str, new: str) -> bool:
    """Whether the key `old` has signed, through any keys in between, that `new` succeeds it. Fingerprints of published keys."""
    known, found = {old}, [old]
    while found:
        before = found.pop()
        for path in sorted(folder.glob(f"succession-{before}-*.json")):
            after = path.stem.rpartition("-")[2]
            if after not in known and _is_handed_over(folder, path, before, after):
                known.add(after)
                found.append(after)
    return new in known


def _is_handed_over(folder: Path, path: Path, old: str, new: str) -> bool:
    try:
        told = orjson.loads(path.read_bytes())
        content = orjson.loads(told["content"])
        for key_id, signature in zip((old, new), told["signatures"], strict=True):
            key = load_pem_public_key(public_key_path(folder, key_id).read_bytes())
            if not isinstance(key, Ed25519PublicKey) or key_id_of(key) != key_id:
                return False
            key.verify(base64.b64decode(signature, validate=True), told["content"].encode())
    except (OSError, ValueError, KeyError, TypeError, binascii.Error, InvalidSignature):
        return False
    return bool((content["old"], content["new"]) == (old, new))


def key_id_of(key: Ed25519PublicKey) -> str:
    """The fingerprint of a key in anchors: the first 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


def own_key_id(path: Path) -> str | None:
    """The fingerprint of this installation's signing key, None where it is missing. Raises AnchorKeyUnusable."""
    return key_id_of(signing_key(path).public_key()) if path.exists() else None


def signing_key(path: Path) -> Ed25519PrivateKey:
    """The signing key, made at the first call (readable by its owner only). Raises AnchorKeyUnusable."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_once(path, made)
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError):
        raise AnchorKeyUnusable(path) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise AnchorKeyUnusable(path)
    return key


def canonical(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def public_key_path(folder: Path, key_id: str) -> Path:
    if not (len(key_id) == 16 and set(key_id) <= set("0123456789abcdef")):
        raise ValueError(f"not a key id: {key_id!r}")
    return folder / f"key-{key_id}.pem"


def publish_key(folder: Path, key: Ed25519PublicKey) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = public_key_path(folder, key_id_of(key))
    if not path.exists():
        write_once(path, key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def write_once(path: Path, content: bytes) -> bool:
    """Create a file atomically and flushed; False when somebody else was quicker. An existing file is never replaced."""
    staged = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with open(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(staged, path)  # fails where a rename would overwrite
    except FileExistsError:
        return False
    finally:
        staged.unlink(missing_ok=True)
    _fsync_folder(path.parent)
    return True


def _fsync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
