"""Verifying that what was signed is still there: the anchors outside the database against its events."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from sqlalchemy import exists, select, tuple_

from casework.db import db
from casework.findings import Finding, fault, note
from casework.local_time import local_day
from casework.models import Anchor, Event
from casework.verification.anchor_keys import FOLDER, KEY, AnchorKeyUnusable, is_successor, own_key_id
from casework.verification.anchors import (
    FIRST_DIGEST,
    AnchorDamaged,
    Shelf,
    SignedAnchor,
    anchor_files,
    fetch_anchors,
    is_signed,
    path_of,
    read_anchor,
)
from casework.verification.chains import CASE_STREAM

HEADS_AT_ONCE = 250
"""Heads looked up in one query."""


def check_anchors(data: Path, shelf: Shelf | None = None) -> Iterator[Finding]:
    """Check the anchors in the data folder: signatures, their own chain, and that all they signed is still there.

    With a shelf, other machines' anchors are fetched first, and the two copies have to be equal.
    """
    folder = data / FOLDER
    if shelf is not None:
        fetch_anchors(data, shelf)
        yield from _differences(folder, shelf)
    previous, expected, lost = FIRST_DIGEST, 1, set[str]()
    anchor: SignedAnchor | None = None
    signed_by = ""
    for path in anchor_files(folder):
        try:
            anchor = read_anchor(path)
        except AnchorDamaged as damaged:
            yield fault("anchor.damaged", f"anchor {path.stem}", damaged.vi, damaged.en)
            previous, expected = "", int(path.stem) + 1
            continue
        yield from _check_anchor(anchor, folder, previous, expected)
        yield from _check_heads(anchor, lost)
        yield from _check_succession(anchor, signed_by, folder)
        signed_by = anchor.key_id
        previous, expected = anchor.digest, anchor.number + 1
    yield from _rows_without_file(folder)
    if anchor is not None:
        yield from _check_key(anchor, data / KEY)


def _differences(folder: Path, shelf: Shelf) -> Iterator[Finding]:
    there = set(shelf.shared_names())
    for path in anchor_files(folder):
        if path.name not in there:
            yield note(
                "anchor.not_shared", f"anchor {path.stem}",
                f"Mốc xác thực {path.stem} chưa có trong kho chung; lần ký sau sẽ đưa vào.",
                f"The anchor {path.stem} does not lie in the shared storage yet; the next anchor will bring it there.",
            )  # fmt: skip
        elif shelf.read_shared(path.name) != path.read_bytes():
            yield fault(
                "anchor.copies_differ", f"anchor {path.stem}",
                f"Mốc xác thực {path.stem} trong kho chung khác với bản trên máy này: một trong hai đã bị sửa.",
                f"The anchor {path.stem} in the shared storage differs from the copy on this machine: one of them has been changed.",
            )  # fmt: skip


def _check_anchor(anchor: SignedAnchor, folder: Path, previous: str, expected: int) -> Iterator[Finding]:
    name = f"anchor {anchor.number}"
    if not is_signed(anchor, folder):
        yield fault(
            "anchor.signature", name,
            f"Chữ ký của mốc xác thực {anchor.number} không đúng, hoặc thiếu khóa công khai {anchor.key_id}.",
            f"The signature of anchor {anchor.number} is not valid, or the public key {anchor.key_id} is missing.",
        )  # fmt: skip
    if anchor.number != expected:
        yield fault(
            "anchor.gap", name,
            f"Thiếu mốc xác thực trước mốc {anchor.number}: đang chờ mốc {expected}.",
            f"Anchors before anchor {anchor.number} are missing: number {expected} should come next.",
        )  # fmt: skip
    elif previous and anchor.previous_digest != previous:
        yield fault(
            "anchor.link", name,
            f"Mốc xác thực {anchor.number} không nối với mốc trước nó.",
            f"Anchor {anchor.number} does not follow the one before it.",
        )  # fmt: skip
    row = db.session.scalars(select(Anchor).where(Anchor.number == anchor.number)).first()
    if row is None:
        yield note(
            "anchor.no_row", name,
            f"Mốc xác thực {anchor.number} chưa có trong cơ sở dữ liệu; lần ký sau sẽ ghi nhận.",
            f"Anchor {anchor.number} is not in the database yet; the next anchor will add it.",
        )  # fmt: skip
    elif (row.digest, row.previous_digest, row.signature) != (anchor.digest, anchor.previous_digest, anchor.signature):
        yield fault(
            "anchor.differs", name,
            f"Mốc xác thực {anchor.number} khác với bản ghi trong cơ sở dữ liệu.",
            f"Anchor {anchor.number} differs from what the database has noted of it.",
        )  # fmt: skip


def _check_heads(anchor: SignedAnchor, lost: set[str]) -> Iterator[Finding]:
    """Look for every signed head among the events; each stream is reported once, by the first anchor that misses something."""
    heads = iter([head for head in anchor.heads if head[0] not in lost])
    while batch := list(islice(heads, HEADS_AT_ONCE)):
        wanted = tuple_(Event.stream, Event.seq).in_([(stream, seq) for stream, seq, _ in batch])
        rows = db.session.execute(select(Event.stream, Event.seq, Event.hash).where(wanted))
        found = {(stream, seq): hash_ for stream, seq, hash_ in rows}
        for stream, seq, hash_ in batch:
            if found.get((stream, seq)) != hash_:
                lost.add(stream)
                yield _lost_head(anchor, stream, seq, is_there=(stream, seq) in found)


def _lost_head(anchor: SignedAnchor, stream: str, seq: int, *, is_there: bool) -> Finding:
    number, signed = anchor.number, f"{local_day(anchor.made_at):%d/%m/%Y}"
    if is_there:
        return fault(
            "anchor.rewritten", f"{stream}#{seq}",
            f"Sự kiện {stream}#{seq} đã bị viết lại sau khi được ký ở mốc {number} ngày {signed}.",
            f"The event {stream}#{seq} was rewritten after anchor {number} of {signed} had signed it.",
        )  # fmt: skip
    if db.session.scalar(select(exists().where(Event.stream == stream))):
        return fault(
            "anchor.event_gone", f"{stream}#{seq}",
            f"Sự kiện {stream}#{seq} đã được ký ở mốc {number} ngày {signed} nhưng không còn.",
            f"The event {stream}#{seq} was signed by anchor {number} of {signed} and is gone.",
        )  # fmt: skip
    what = ("Hồ sơ", "The whole case") if stream.startswith(CASE_STREAM) else ("Chuỗi", "The whole stream")
    return fault(
        "anchor.stream_gone", stream,
        f"{what[0]} {stream} với {seq} sự kiện đã được ký ở mốc {number} ngày {signed} nhưng không còn gì.",
        f"{what[1]} {stream}, {seq} events, was signed by anchor {number} of {signed}; nothing of it is left.",
    )  # fmt: skip


def _rows_without_file(folder: Path) -> Iterator[Finding]:
    for number in db.session.scalars(select(Anchor.number).order_by(Anchor.number)):
        if not path_of(folder, number).exists():
            yield fault(
                "anchor.missing", f"anchor {number}",
                f"Thiếu tệp của mốc xác thực {number}.",
                f"The file of anchor {number} is missing.",
            )  # fmt: skip


def _check_succession(anchor: SignedAnchor, before: str, folder: Path) -> Iterator[Finding]:
    """A new key has to be named by its predecessor. If that was lost it cannot be, which people should know but cannot mend."""
    if before and anchor.key_id != before and not is_successor(folder, before, anchor.key_id):
        yield note(
            "anchor.key_changed", f"anchor {anchor.number}",
            f"Từ mốc {anchor.number} khóa ký đổi từ {before} sang {anchor.key_id} mà khóa cũ không xác nhận.",
            f"From anchor {anchor.number} on the key {anchor.key_id} signs in place of {before}, which has not said so.",
        )  # fmt: skip


def _check_key(newest: SignedAnchor, path: Path) -> Iterator[Finding]:
    """The newest anchor must be signed by the key of this installation: another key may be a forger's."""
    try:
        own = own_key_id(path)
    except AnchorKeyUnusable as unusable:
        yield fault("anchor.key", f"key {newest.key_id}", unusable.vi, unusable.en)
        return
    if own is None:
        yield note(
            "anchor.key_absent", f"key {newest.key_id}",
            "Không có khóa ký mốc xác thực ở đây; chỉ kiểm tra được chữ ký bằng khóa công khai đặt cạnh các mốc.",
            "The key that signs anchors is not here; signatures could be checked only by the public key kept with them.",
        )  # fmt: skip
    elif own != newest.key_id and not is_successor(path.parent.parent / FOLDER, newest.key_id, own):
        yield fault(
            "anchor.key_differs", f"anchor {newest.number}",
            f"Mốc xác thực {newest.number} được ký bằng khóa {newest.key_id}, không phải khóa {own} của hệ thống này.",
            f"Anchor {newest.number} is signed with the key {newest.key_id} and not with this installation's key {own}.",
        )  # fmt: skip
