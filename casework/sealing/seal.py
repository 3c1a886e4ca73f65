"""Sealing: encryption of identities, contacts and original files, keyed look-up digests, and tracking secrets.

AES-256-GCM from the `cryptography` library; there is no cipher of our own. Each use (values, files, digests) derives its own key by HKDF.
The `purpose` of a seal is authenticated with it, so a ciphertext copied into another column, or into another row where the purpose names
the row, does not open.
"""

import hashlib
import hmac
import json
import os
import secrets
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from casework.errors import CaseworkError
from casework.sealing.keyring import KEY_ID, KEY_SIZE, Keyring, current_keyring

VALUE_MAGIC = b"LBS\x01"
"""The start of a sealed value, with its version: magic, id length, key id, nonce, ciphertext, tag."""

STREAM_MAGIC = b"LBF\x01"
"""The start of a sealed file, with its version: magic, id length, key id, chunk bits, salt, then chunks of ciphertext and tag."""

NONCE_SIZE = 12
TAG_SIZE = 16
SALT_SIZE = 32
PREFIX_SIZE = 7

CHUNK_BITS = 20
"""Files are sealed in chunks of 2**20 bytes, which one reader holds in memory."""

SECRET_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""Without O and 0, I, L and 1, which are confused on paper and over the telephone."""

SECRET_LENGTH = 12
"""Characters of a tracking secret: 12 of 31 make 59 bits."""


class SealBroken(CaseworkError):
    """Sealed data was changed, truncated or reordered, or belongs to another purpose."""

    def __init__(self) -> None:
        super().__init__(
            "Không mở được dữ liệu đã niêm phong: nội dung đã bị thay đổi, bị thiếu hoặc đặt sai chỗ.",
            "The sealed data does not open: it was changed, is incomplete or stands in the wrong place.",
        )


class SecretUnreadable(CaseworkError):
    """The typed text cannot be a tracking secret."""

    def __init__(self) -> None:
        super().__init__(
            "Mã bí mật gồm 12 chữ và số in trên giấy biên nhận, ví dụ ABCD-EFGH-2345. Trong mã không có chữ O, I, L và số 0, 1.",
            "The secret has 12 letters and digits, printed on the receipt, such as ABCD-EFGH-2345. It never contains O, I, L, 0 or 1.",
        )


# -- values -----------------------------------------------------------------------------------------------------------


def seal(plaintext: bytes, *, purpose: str) -> bytes:
    """Encrypt under the current key; only `open_sealed` with the same purpose opens it.

    Random 96-bit nonces: rotate the key before it has sealed 2**32 values (NIST SP 800-38D, 8.3).
    """
    keyring = current_keyring()
    key_id = keyring.current_id  # read once, because a rotation may come between
    header = _header(VALUE_MAGIC, key_id)
    nonce = os.urandom(NONCE_SIZE)
    cipher = _value_cipher(keyring.key(key_id))
    return header + nonce + cipher.encrypt(nonce, plaintext, _associated(header, purpose))


def open_sealed(blob: bytes, *, purpose: str) -> bytes:
    """Decrypt what `seal` made; raises SealBroken, or KeyMissing when its key is not here."""
    key_id = key_id_of(blob)
    header = _header(VALUE_MAGIC, key_id)
    body = blob[len(header) :]
    if not blob.startswith(header) or len(body) < NONCE_SIZE + TAG_SIZE:
        raise SealBroken
    cipher = _value_cipher(current_keyring().key(key_id))
    try:
        return cipher.decrypt(body[:NONCE_SIZE], body[NONCE_SIZE:], _associated(header, purpose))
    except InvalidTag:
        raise SealBroken from None


def key_id_of(blob: bytes) -> str:
    """The key that sealed this value or file, read from its first bytes and not authenticated; raises SealBroken."""
    start = len(VALUE_MAGIC) + 1
    if len(blob) < start or blob[: len(VALUE_MAGIC)] not in (VALUE_MAGIC, STREAM_MAGIC):
        raise SealBroken
    key_id = blob[start : start + blob[start - 1]].decode("latin-1")
    if len(key_id) != blob[start - 1] or not KEY_ID.fullmatch(key_id):
        raise SealBroken
    return key_id


def seal_text(text: str, *, purpose: str) -> bytes:
    return seal(text.encode(), purpose=purpose)


def open_text(blob: bytes, *, purpose: str) -> str:
    """Open a sealed text; raises as `open_sealed`."""
    return open_sealed(blob, purpose=purpose).decode()


def seal_json(value: Any, *, purpose: str) -> bytes:
    """Seal any value JSON can represent."""
    return seal_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")), purpose=purpose)


def open_json(blob: bytes, *, purpose: str) -> Any:
    """Open what `seal_json` made; raises as `open_sealed`."""
    return json.loads(open_text(blob, purpose=purpose))


# -- files ------------------------------------------------------------------------------------------------------------


def seal_stream(pieces: Iterable[bytes], *, purpose: str, chunk_bits: int = CHUNK_BITS) -> Iterator[bytes]:
    """Encrypt a file piece by piece, pieces of any size; yields the sealed file.

    The STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015): each chunk's nonce holds its number and whether
    it is the last one, so chunks lost, doubled, reordered or cut off do not open. Every file has its own derived key.
    """
    keyring = current_keyring()
    key_id, salt = keyring.current_id, os.urandom(SALT_SIZE)
    header = _header(STREAM_MAGIC, key_id) + bytes([chunk_bits]) + salt
    cipher, prefix = _stream_cipher(keyring.key(key_id), salt)
    associated = _associated(header, purpose)
    yield header
    for number, (chunk, last) in enumerate(_marked_last(_rechunked(pieces, 1 << chunk_bits))):
        yield cipher.encrypt(_stream_nonce(prefix, number, last), chunk, associated)


def open_stream(sealed: BinaryIO, *, purpose: str) -> Iterator[bytes]:
    """Decrypt a sealed file chunk by chunk; raises SealBroken or KeyMissing.

    Every chunk is authentic when it is yielded, but only a reader that reaches the end knows that nothing is missing.
    """
    opening = _read_fully(sealed, len(STREAM_MAGIC) + 1)
    if not opening.startswith(STREAM_MAGIC):
        raise SealBroken
    opening += _read_fully(sealed, opening[-1])
    key_id = key_id_of(opening)
    rest = _read_fully(sealed, 1 + SALT_SIZE)
    # without this limit a forged header could fill the memory
    if len(rest) < 1 + SALT_SIZE or rest[0] > CHUNK_BITS:
        raise SealBroken
    cipher, prefix = _stream_cipher(current_keyring().key(key_id), rest[1:])
    associated = _associated(opening + rest, purpose)
    chunks = iter(lambda: _read_fully(sealed, (1 << rest[0]) + TAG_SIZE), b"")
    complete = False
    for number, (chunk, last) in enumerate(_marked_last(chunks)):
        try:
            opened = cipher.decrypt(_stream_nonce(prefix, number, last), chunk, associated)
        except (InvalidTag, ValueError):
            raise SealBroken from None
        complete = last
        yield opened
    if not complete:
        raise SealBroken


def _rechunked(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Chunks of exactly `size`, the last one shorter; an empty file is one empty chunk."""
    waiting = bytearray()
    produced = False
    for piece in pieces:
        waiting += piece
        while len(waiting) >= size:
            yield bytes(waiting[:size])
            del waiting[:size]
            produced = True
    if waiting or not produced:
        yield bytes(waiting)


def _marked_last(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    held: bytes | None = None
    for chunk in chunks:
        if held is not None:
            yield held, False
        held = chunk
    if held is not None:
        yield held, True


def _read_fully(source: BinaryIO, size: int) -> bytes:
    """Read `size` bytes, fewer only at the end, because a socket's `read` may return less."""
    parts = bytearray()
    while len(parts) < size and (part := source.read(size - len(parts))):
        parts += part
    return bytes(parts)


# -- digests ----------------------------------------------------------------------------------------------------------


def lookup_digest(value: str, *, purpose: str, keyring: Keyring | None = None) -> str:
    """A keyed digest (HMAC-SHA256, 64 hex digits) to find a phone, e-mail or secret by equality without storing it.

    The caller normalises the value first. Without the key nobody can try all telephone numbers. `keyring` replaces that of the process.
    """
    return hmac.new(_lookup_key((keyring or current_keyring()).lookup_key, purpose), value.encode(), hashlib.sha256).hexdigest()


def new_tracking_secret() -> str:
    """A new secret of SECRET_LENGTH characters for a receipt. Its digest is stored and, for two days, a sealed copy."""
    return "".join(secrets.choice(SECRET_ALPHABET) for _ in range(SECRET_LENGTH))


def grouped_secret(secret: str) -> str:
    """The secret as printed: XXXX-XXXX-XXXX."""
    return "-".join(secret[start : start + 4] for start in range(0, len(secret), 4))


def parse_tracking_secret(typed: str) -> str:
    """Parse a typed secret: any case, spaces, any dashes, full-width forms; raises SecretUnreadable."""
    characters = unicodedata.normalize("NFKC", typed).upper()
    secret = "".join(each for each in characters if each in SECRET_ALPHABET or unicodedata.category(each)[0] not in "PSZC")
    if len(secret) != SECRET_LENGTH or not set(secret) <= set(SECRET_ALPHABET):
        raise SecretUnreadable
    return secret


def secret_digest(secret: str) -> str:
    """The stored digest of a tracking secret. A keyed digest is enough: 59 random bits need no slow hash."""
    return lookup_digest(parse_tracking_secret(secret), purpose="tracking secret")


def secret_matches(typed: str, digest: str) -> bool:
    """Whether the typed secret has this digest, compared in constant time; False if it cannot be a secret."""
    try:
        return hmac.compare_digest(secret_digest(typed), digest)
    except SecretUnreadable:
        return False


# # -- parts of the formats ------------------------------------------------------------------------------------------


def _header(magic: bytes, key_id: str) -> bytes:
    return magic + bytes([len(key_id)]) + key_id.encode("ascii")


def _associated(header: bytes, purpose: str) -> bytes:
    if not purpose:
        raise ValueError("a seal without a purpose could be moved anywhere")
    return header + purpose.encode()


def _stream_nonce(prefix: bytes, number: int, last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + bytes([last])


def _derived(key: bytes, *, use: str, length: int = KEY_SIZE, salt: bytes | None = None) -> bytes:
    return HKDF(SHA256(), length=length, salt=salt, info=f"langbiang {use} v1".encode()).derive(key)


@lru_cache(maxsize=64)
def _value_cipher(key: bytes) -> AESGCM:
    return AESGCM(_derived(key, use="value"))


def _stream_cipher(key: bytes, salt: bytes) -> tuple[AESGCM, bytes]:
    derived = _derived(key, use="file", length=KEY_SIZE + PREFIX_SIZE, salt=salt)
    return AESGCM(derived[:KEY_SIZE]), derived[KEY_SIZE:]


@lru_cache(maxsize=64)
def _lookup_key(key: bytes, purpose: str) -> bytes:
    return _derived(key, use=f"lookup of {purpose}")
