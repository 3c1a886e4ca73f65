"""Puts a seal or a signature on a document: PAdES B-B (ETSI EN 319 142-1), visible as NĐ 30/2020 requires, as an increment.

Existing bytes are unchanged, so a sealed copy begins with the copy that was issued. The same document, key and instant give the same bytes
with an RSA key; an ECDSA signature differs each time.
"""

import asyncio
import hashlib
import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib import resources
from os import environ as surroundings
from typing import Any

import pikepdf
from jinja2 import Environment, PackageLoader, StrictUndefined
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import Signer
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import PdfSignedData
from pyhanko.sign.timestamps import TimestampRequestError

from casework.documents.seals import FIELDS, PERSON, Seal
from casework.local_time import LOCAL_ZONE
from reports.assets import SERIF_FACES
from reports.pdf import render_pdf
from reports.signing.failures import SealingFailed
from reports.signing.fields import Increment, add_fields, has_area
from reports.signing.keys import signer_of
from reports.signing.timestamps import OurTimeStamper

DIGEST = "sha256"
ROOM = 6_000
"""Bytes of a signature in addition to its certificates."""
ROOM_OF_A_TIMESTAMP = 12_000
MARKS = frozenset({"BDC", "BMC", "EMC"})


def seal_pdf(
    pdf: bytes, seal: Seal, *, reason: str, at: datetime, number: str = "", environ: Mapping[str, str] = surroundings
) -> bytes:
    """The document with the seal on it. `number` is its number and symbol, printed if it has no room for a signature.

    Takes some 200 ms, more with a token: call it outside any write transaction. Raises SealingFailed.
    """
    with signer_of(seal, at=at, environ=environ) as signer:
        try:
            return _sealed(pdf, seal, signer, reason=reason, at=at, number=number)
        except TimestampRequestError:
            raise SealingFailed("no_timestamp") from None
        except (PdfError, SigningError, KeyError, IndexError):
            raise SealingFailed("unsignable") from None


def _sealed(pdf: bytes, seal: Seal, signer: Signer, *, reason: str, at: datetime, number: str) -> bytes:
    writer = Increment(io.BytesIO(pdf))
    writer.name_by(hashlib.sha256(b"\0".join((pdf, seal.name.encode(), at.isoformat().encode()))).digest())
    add_fields(writer)
    embedding = PdfCMSEmbedder().write_cms(FIELDS[seal.signer], writer, existing_fields_only=True)
    field = next(embedding).get_object()
    place = "below" if has_area(writer) else "top"
    name = str(signer.subject_name)
    left, bottom, right, top = (float(number) for number in field["/Rect"])
    picture = _picture_of(seal) if place == "below" else None
    stamp = _stamp(_lines(seal, name, at, number, place), (right - left, top - bottom), place, seal.signer, picture)
    field["/AP"] = generic.DictionaryObject({pdf_name("/N"): writer.import_page_as_xobject(PdfFileReader(io.BytesIO(stamp)))})
    timestamps = OurTimeStamper(seal.timestamps, seal.inside) if seal.timestamps else None
    chain = {signer.signing_cert, *signer.cert_registry}
    room = ROOM + sum(len(each.dump()) for each in chain if each is not None) + (ROOM_OF_A_TIMESTAMP if timestamps else 0)
    signature = PdfSignedData(
        pdf_name("/Sig"), subfilter=SigSeedSubFilter.PADES, timestamp=at.astimezone(LOCAL_ZONE), bytes_reserved=2 * room
    )
    signature[pdf_name("/Name")] = generic.pdf_string(name)
    if reason:
        signature[pdf_name("/Reason")] = generic.pdf_string(reason)
    embedding.send(SigObjSetup(sig_placeholder=signature))
    prepared, output = embedding.send(SigIOSetup(md_algorithm=DIGEST))
    made = asyncio.run(signer.async_sign(prepared.document_digest, DIGEST, use_pades=True, timestamper=timestamps))
    embedding.send(made)
    return bytes(output.getbuffer())


def _lines(seal: Seal, name: str, at: datetime, number: str, place: str) -> list[str]:
    """The text the decree requires: who, when (ISO 8601, to the second, in the zone of Vietnam), and above it number and symbol."""
    when = f"Thời gian ký: {at.astimezone(LOCAL_ZONE).isoformat(timespec='seconds')}"
    if place == "top":
        return [f"Người ký: {name}" if seal.signer == PERSON else f"Số: {number}" if number else name, when]
    return [f"Ký bởi: {name}" if seal.signer == PERSON else f"Cơ quan: {name}", when]


def _picture_of(seal: Seal) -> bytes | None:
    try:
        return seal.picture.read_bytes() if seal.picture is not None else None
    except OSError:
        raise SealingFailed("no_file") from None


def _stamp(lines: Sequence[str], size: tuple[float, float], place: str, signer: str, picture: bytes | None) -> bytes:
    """The appearance of a signature as a page of its size."""
    html = _environment().get_template("seal.html").render(lines=lines, place=place, signer=signer, picture=picture is not None)
    sheet = f"@page {{ size: {size[0]:.2f}pt {size[1]:.2f}pt; margin: 0; }}\n"
    sheet += f"body {{ width: {size[0]:.2f}pt; height: {size[1]:.2f}pt; }}\n"
    assets = {"picture.png": ("image/png", picture)} if picture is not None else None
    return _without_marks(render_pdf(html, stylesheet=sheet + _stylesheet(), assets=assets, faces=SERIF_FACES))


def _without_marks(pdf: bytes) -> bytes:
    """A page without marked content: the appearance of a widget has none, since its Form element describes it."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        page: Any = document.pages[0]
        kept = [each for each in pikepdf.parse_content_stream(page) if str(each.operator) not in MARKS]
        page.Contents = document.make_stream(pikepdf.unparse_content_stream(kept))
        document.save(out, static_id=True)
    return out.getvalue()


@cache
def _environment() -> Environment:
    return Environment(loader=PackageLoader("reports"), autoescape=True, undefined=StrictUndefined, trim_blocks=True)


@cache
def _stylesheet() -> str:
    return (resources.files("reports") / "templates" / "seal.css").read_text(encoding="utf-8")
