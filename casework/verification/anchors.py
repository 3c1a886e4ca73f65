"""Signed lists of stream heads kept outside the database, so that rewriting rows and hashes together is detected too.

Once a day the head of every stream that has grown is written to `anchors/000001.json` and so on, in the data folder. Each file names the
digest of the previous one and is signed with a key outside the database. Whoever keeps a copy of the newest file elsewhere can prove that
nothing before it was changed or removed, not even a whole case with all its rows. The file is on the disk before its row is committed: a
file without a row is adopted by the next run, a row without a file cannot occur.

Several machines write one chain. Each has a complete copy in its own data folder, and all anchors are also stored with the files of the
shared bucket (the *shelf*): missing ones are fetched from there first, and new ones are stored there first. A lock of the database
ensures a single writer. The key is the same on each machine; a machine without it writes nothing once there is an anchor.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from time import sleep
from typing import Any, Protocol, runtime_checkable

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from casework.db import db, unit_of_work
from casework.db_errors import is_lock_timeout
from casework.errors import CaseworkError
from casework.models import Anchor, Event, EventStream
from casework.verification.anchor_keys import (
    FOLDER,
    KEY,
    AnchorKeyUnusable,
    canonical,
    key_id_of,
    public_key_path,
    publish_key,
    signing_key,
    write_once,
)

FIRST_DIGEST = "0" * 64
"""The predecessor's digest in the first anchor."""

SHARED_NAME = re.compile(r"[0-9]{6,12}\.json|key-[0-9a-f]{16}\.pem|succession-[0-9a-f]{16}-[0-9a-f]{16}\.json", re.ASCII)
WRITING = 6_021_187
"""The id of the lock under which anchors are written."""
LOCK_MS = 250
"""How long writers of events may be held up for an anchor."""
PAUSES = (0.25, 0.5, 1, 2, 4, 8)
"""Seconds between attempts to find no step in flight, since the longest steps take some."""


class AnchorDamaged(CaseworkError):
    """A file in the folder of anchors is not as written; the text says what is wrong."""


@dataclass(frozen=True, slots=True)
class _Last:
    """What the next anchor continues from."""

    number: int
    digest: str
    through: int


@dataclass(frozen=True, slots=True)
class SignedAnchor:
    """An anchor as in its file. `through` is the number of the newest event it covers; `heads` are (stream, seq, hash)."""

    number: int
    made_at: datetime
    through: int
    key_id: str
    previous_digest: str
    heads: tuple[tuple[str, int, str], ...]
    digest: str
    signature: str

    def row(self) -> Anchor:
        """The database's pointer to the file."""
        return Anchor(
            number=self.number, made_at=self.made_at, streams=len(self.heads), digest=self.digest,
            previous_digest=self.previous_digest, signature=self.signature,
        )  # fmt: skip


@runtime_checkable
class Shelf(Protocol):
    """The store of anchors shared by several machines."""

    def shared_names(self) -> list[str]:
        """The names of all anchors and public keys. Raises StorageUnreachable."""

    def read_shared(self, name: str) -> bytes:
        pass

    def share(self, name: str, content: bytes) -> None:
        """Store one; an existing one stays. Raises FileNotStored."""


def write_anchor(data: Path, *, now: datetime, shelf: Shelf | None = None) -> Anchor | None:
    """Sign the heads of all streams that have grown since the last anchor, and write them next to the database.

    `data` is the data folder. Commits in units of work of its own. Returns None, and writes nothing, when nothing has changed or another
    worker has just written it. Raises AnchorKeyUnusable, and AnchorDamaged for a damaged file without a row; with a shelf also
    FileNotStored and StorageUnreachable.
    """
    with _alone() as is_alone:
        return _write_anchor(data, now, shelf) if is_alone else None


def fetch_anchors(data: Path, shelf: Shelf | None) -> None:
    """Fetch other machines' anchors into this one's folder. Raises StorageUnreachable."""
    folder = data / FOLDER
    for name in shelf.shared_names() if shelf is not None else ():
        if SHARED_NAME.fullmatch(name) and not (folder / name).exists():
            assert shelf is not None
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_once(folder / name, shelf.read_shared(name))


def share_anchors(data: Path, shelf: Shelf) -> None:
    """Store on the shelf what only this machine has: after a restore, and when a folder's anchors move to a bucket. Raises FileNotStored.
    """
    there = set(shelf.shared_names())
    for path in sorted((data / FOLDER).glob("*")):
        if SHARED_NAME.fullmatch(path.name) and path.name not in there:
            shelf.share(path.name, path.read_bytes())


def _write_anchor(data: Path, now: datetime, shelf: Shelf | None) -> Anchor | None:
    fetch_anchors(data, shelf)
    last = _last(data)
    through, heads = _heads_at_rest(last.through)
    if not heads:
        return None
    if shelf is not None and last.number and not (data / KEY).exists():
        raise AnchorKeyUnusable(data / KEY)
    key = signing_key(data / KEY)
    anchor = _signed(key, now, through, heads, last)
    folder = data / FOLDER
    publish_key(folder, key.public_key())
    if shelf is not None:
        share_anchors(data, shelf)
        shelf.share(path_of(folder, anchor.number).name, _file_bytes(anchor))
    if not write_once(path_of(folder, anchor.number), _file_bytes(anchor)):
        return None
    return _add_row(anchor)


def read_anchor(path: Path) -> SignedAnchor:
    """Read an anchor file and check its digest, not its signature. Raises AnchorDamaged, also for a missing one."""
    try:
        stored = path.read_bytes()
        written = orjson.loads(stored)
        content = written["content"]
        anchor = SignedAnchor(
            number=content["number"], made_at=datetime.fromisoformat(content["made_at"]), through=content["through"],
            key_id=content["key"], previous_digest=content["previous_digest"],
            heads=tuple((stream, seq, hash_) for stream, seq, hash_ in content["heads"]),
            digest=written["digest"], signature=written["signature"],
        )  # fmt: skip
    except FileNotFoundError:
        raise AnchorDamaged(f"Thiếu tệp mốc xác thực {path.name}.", f"The anchor file {path.name} is missing.") from None
    except (OSError, ValueError, KeyError, TypeError):
        raise AnchorDamaged(f"Tệp mốc xác thực {path.name} bị hỏng.", f"The anchor file {path.name} is damaged.") from None
    if _digest_of(anchor) != anchor.digest or _file_bytes(anchor) != stored or path.name != path_of(path.parent, anchor.number).name:
        raise AnchorDamaged(f"Tệp mốc xác thực {path.name} đã bị sửa.", f"The anchor file {path.name} has been changed.")
    return anchor


def is_signed(anchor: SignedAnchor, folder: Path) -> bool:
    """Whether the signature is that of the public key the anchor names, which is stored next to it."""
    try:
        key = load_pem_public_key(public_key_path(folder, anchor.key_id).read_bytes())
        if not isinstance(key, Ed25519PublicKey) or key_id_of(key) != anchor.key_id:
            return False
        key.verify(base64.b64decode(anchor.signature, validate=True), anchor.digest.encode())
    except (OSError, ValueError, binascii.Error, InvalidSignature):
        return False
    return True


def anchor_files(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.glob("[0-9]*.json") if path.stem.isdigit())


def path_of(folder: Path, number: int) -> Path:
    return folder / f"{number:06d}.json"


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether this is the only process writing an anchor during the block. The lock ends with its transaction, however the process ends.

    SQLite means one machine, where the write-once file decides.
    """
    if db.engine.dialect.name != "postgresql":
        yield True
        return
    with db.engine.connect() as connection, connection.begin():
        yield bool(connection.scalar(select(func.pg_try_advisory_xact_lock(WRITING))))


def _last(data: Path) -> _Last:
    """The newest anchor, after adding rows for files a crash left without.

    If its file is missing or damaged, the chain of digests continues from the row, and every stream is signed anew.
    """
    folder = data / FOLDER
    row = db.session.scalars(select(Anchor).order_by(Anchor.number.desc())).first()
    last = _Last(row.number, row.digest, 0) if row else _Last(0, FIRST_DIGEST, 0)
    with suppress(AnchorDamaged):
        if row is not None:
            last = replace(last, through=read_anchor(path_of(folder, row.number)).through)
    while (following := path_of(folder, last.number + 1)).exists():
        found = read_anchor(following)
        _add_row(found)
        last = _Last(found.number, found.digest, found.through)
    return last


def _heads_at_rest(after: int) -> tuple[int, tuple[tuple[str, int, str], ...]]:
    """`_grown_heads`, retried where steps in flight take longer than others should wait behind this. Raises the database's error in the
    end."""
    for pause in PAUSES:
        try:
            with unit_of_work():
                return _grown_heads(after)
        except DBAPIError as error:
            if not is_lock_timeout(error):
                raise
        sleep(pause)
    with unit_of_work():
        return _grown_heads(after)


def _grown_heads(after: int) -> tuple[int, tuple[tuple[str, int, str], ...]]:
    """The id of the newest event, and the heads of the streams that have events after `after`."""
    if db.session.get_bind().dialect.name == "postgresql":
        # Ids are assigned before commits: wait for steps in flight, or one that commits later with a lower id is missed.
        # Other writers wait behind this, so it must not wait long.
        db.session.execute(text(f"SELECT set_config('lock_timeout', '{LOCK_MS}ms', true)"))
        db.session.execute(text("LOCK TABLE event IN SHARE MODE"))
    through = db.session.scalar(select(func.max(Event.id))) or 0
    grown = select(Event.stream).where(Event.id > after)
    query = select(EventStream.stream, EventStream.seq, EventStream.hash).where(EventStream.stream.in_(grown))
    return through, tuple(sorted((stream, seq, hash_) for stream, seq, hash_ in db.session.execute(query)))


def _signed(key: Ed25519PrivateKey, now: datetime, through: int, heads: tuple[tuple[str, int, str], ...], last: _Last) -> SignedAnchor:
    key_id = key_id_of(key.public_key())
    unsigned = SignedAnchor(last.number + 1, now, through, key_id, last.digest, heads, digest="", signature="")
    digest = _digest_of(unsigned)
    return replace(unsigned, digest=digest, signature=base64.b64encode(key.sign(digest.encode())).decode())


def _add_row(anchor: SignedAnchor) -> Anchor:
    with unit_of_work():
        row = db.session.scalars(select(Anchor).where(Anchor.number == anchor.number)).first()
        if row is None:
            row = anchor.row()
            db.session.add(row)
    return row


def _content(anchor: SignedAnchor) -> dict[str, Any]:
    return {
        "number": anchor.number, "made_at": anchor.made_at.astimezone(UTC).isoformat(), "through": anchor.through, "key": anchor.key_id,
        "previous_digest": anchor.previous_digest, "heads": [list(head) for head in anchor.heads],
    }  # fmt: skip


def _digest_of(anchor: SignedAnchor) -> str:
    return hashlib.sha256(canonical(_content(anchor))).hexdigest()


def _file_bytes(anchor: SignedAnchor) -> bytes:
    return canonical({"content": _content(anchor), "digest": anchor.digest, "signature": anchor.signature}) + b"\n"
