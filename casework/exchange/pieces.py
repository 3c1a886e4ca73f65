"""The bytes of packages in the database, sealed in pieces, in the same transaction as the row they belong to."""

from typing import Any

from sqlalchemy import select

from casework.db import db
from casework.models import IncomingPackage, OutgoingPackage, PackagePiece
from casework.sealing.seal import open_json, open_sealed, seal, seal_json

PIECE_PURPOSE = "piece of a package"
TOLD_PURPOSE = "words of a package"
PIECE = 256 * 1024
"""Bytes of a piece before it is sealed: a package of 50 MB has two hundred."""


def keep_bytes(package: IncomingPackage | OutgoingPackage, raw: bytes) -> None:
    """Keep the bytes of a package whose row is flushed."""
    of = {"incoming_id": package.id} if isinstance(package, IncomingPackage) else {"outgoing_id": package.id}
    for number, begins in enumerate(range(0, len(raw), PIECE)):
        db.session.add(PackagePiece(number=number, sealed_bytes=seal(raw[begins : begins + PIECE], purpose=PIECE_PURPOSE), **of))
        db.session.flush()


def bytes_of(package: IncomingPackage | OutgoingPackage) -> bytes:
    """The bytes as they were kept. Raises LookupError where they are gone, SealBroken."""
    if isinstance(package, IncomingPackage):
        of = PackagePiece.incoming_id == package.id
    else:
        of = PackagePiece.outgoing_id == package.id
    pieces = db.session.scalars(select(PackagePiece.sealed_bytes).where(of).order_by(PackagePiece.number))
    raw = b"".join(open_sealed(bytes(piece), purpose=PIECE_PURPOSE) for piece in pieces)
    if not raw:
        raise LookupError(f"package {package.ref} has lost its bytes")
    return raw


def sealed_told(told: dict[str, Any]) -> bytes:
    return seal_json(told, purpose=TOLD_PURPOSE)


def told_of(package: IncomingPackage | OutgoingPackage) -> dict[str, Any]:
    """The words kept with a package; none where they are gone."""
    if package.sealed_told is None:
        return {}
    told: dict[str, Any] = open_json(bytes(package.sealed_told), purpose=TOLD_PURPOSE)
    return told
