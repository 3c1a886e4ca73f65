"""Examines the signatures of a file with pyHanko, without network access.

The file may be anybody's, so this runs only in `child.py`, in a process that cannot open anything (reading.py).
"""

import asyncio
import hashlib
import io
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from asn1crypto import pem, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY, ModificationLevel, SuspiciousModification
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation import SignatureCoverageLevel, async_validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import PathBuildingError, PathValidationError, ValidationError

from reports.signing.found import (
    ADDED,
    CHANGED,
    ENDED,
    EXPIRED,
    FOREIGN,
    FORGED,
    INTACT,
    NOT_YET,
    PART,
    SIGNED_AGAIN,
    TRUSTED,
    UNREADABLE,
    UNUSABLE,
    VALID,
    WHOLE,
    SignatureFound,
)
from reports.signing.object_streams import IndexedReader
from reports.signing.revoking import key_digest

MOST_SIGNATURES = 20
LONGEST_NAME = 200
LONGEST_REASON = 300
Run = Callable[[Coroutine[Any, Any, Any]], Any]


def roots_of(pems: Sequence[str]) -> list[x509.Certificate]:
    """The certificates we trust. Raises ValueError."""
    return [x509.Certificate.load(der) for text in pems for _kind, _headers, der in pem.unarmor(text.encode(), multiple=True)]


def examine(
    pdf: bytes, *, roots: Sequence[x509.Certificate], at: datetime, first_bytes: int | None = None, run: Run = asyncio.run
) -> dict[str, Any]:
    """The facts of every signature, and the pages. With `first_bytes`: whether only signatures came after that many bytes.

    Raises whatever pyHanko raises if the file is no PDF, or one it cannot read. `run` runs a coroutine to its end.
    """
    reader = IndexedReader(io.BytesIO(pdf), strict=False)
    if reader.encrypted:
        return {"problem": "encrypted"}
    found: list[SignatureFound] = []
    is_stamped = False
    for name, value, reference in enumerate_sig_fields(reader, filled_status=True):
        if len(found) >= MOST_SIGNATURES:
            return {"problem": "too_many"}
        if isinstance(value, Mapping) and value.get("/Type", "/Sig") == "/DocTimeStamp":
            is_stamped = True
            continue
        found.append(_found(reader, str(name), reference, roots, at, run))
    if not is_stamped and all(each.cover != WHOLE for each in found):
        # something nobody signed came after the last signature, such as a form field
        found = [replace(each, cover=ADDED) if each.cover == SIGNED_AGAIN else each for each in found]
    told: dict[str, Any] = {"signatures": [each.told() for each in found], "pages": int(reader.root["/Pages"]["/Count"])}
    if first_bytes is not None:
        told["only_signed"] = _is_only_signed(reader, pdf[:first_bytes])
    return told


def _found(reader: PdfFileReader, name: str, reference: Any, roots: Sequence[x509.Certificate], at: datetime, run: Run) -> SignatureFound:
    try:
        return _judged(EmbeddedPdfSignature(reader, reference.get_object(), name), roots, at, run)
    except MemoryError:
        raise
    except Exception:  # a forged signature can raise anything in the libraries that parse it; the others are still read
        return SignatureFound(UNREADABLE, field=_shown(name, LONGEST_NAME))


def _judged(embedded: EmbeddedPdfSignature, roots: Sequence[x509.Certificate], at: datetime, run: Run) -> SignatureFound:
    certificate = embedded.signer_cert
    claimed = embedded.self_reported_timestamp
    claimed = claimed.astimezone(UTC) if claimed is not None and claimed.tzinfo is not None else None
    begins, ends = certificate.not_valid_before, certificate.not_valid_after
    # as of an instant at which the certificate was valid, since trust and expiry are separate questions
    moment = min(max(claimed or at, begins), ends)
    context = _context(roots, moment)
    is_attested, named_at = False, claimed
    chain: tuple[tuple[str, str], ...] = ()
    try:
        status = run(async_validate_pdf_signature(embedded, context))
    except SignatureValidationError:
        content, cover, vouched = CHANGED, PART, FOREIGN
    else:
        content = CHANGED if not status.intact else INTACT if status.valid else FORGED
        cover = _cover(status)
        # trust in the certificate does not depend on what happened to the file
        is_vouched = status.validation_path is not None and status.trust_problem_indic is None
        vouched = TRUSTED if is_vouched else _distrust(embedded, roots, moment, run)
        stamp = status.timestamp_validity
        is_attested = stamp is not None and stamp.intact and stamp.valid and stamp.trusted
        named_at = stamp.timestamp.astimezone(UTC) if stamp is not None and is_attested else claimed
        chain = _chain(status.validation_path) if is_vouched else ()
    return SignatureFound(
        content=content, cover=cover, vouched=vouched, period=_period(begins, ends, named_at or at, at), signer=_name(certificate.subject),
        issuer=_name(certificate.issuer), field=_shown(embedded.field_name, LONGEST_NAME),
        signed_at=named_at.isoformat() if named_at else None, is_attested=is_attested,
        reason=_shown(str(embedded.sig_object.get("/Reason", "")), LONGEST_REASON),
        certificate=hashlib.sha256(certificate.dump()).hexdigest(), until=ends.isoformat(),
        chain=chain,
    )  # fmt: skip


def _context(roots: Sequence[x509.Certificate], moment: datetime) -> ValidationContext:
    return ValidationContext(trust_roots=list(roots), allow_fetching=False, moment=moment, revocation_mode="soft-fail")


def _chain(path: Any) -> tuple[tuple[str, str], ...]:
    """From below the root to the certificate: the issuer's key of each, and its serial number."""
    certificates = list(path.iter_certs(include_root=True))
    return tuple((key_digest(issuer.public_key.dump()), f"{own.serial_number:x}") for issuer, own in pairwise(certificates))


def _cover(status: Any) -> str:
    if status.coverage == SignatureCoverageLevel.ENTIRE_FILE:
        return WHOLE
    if status.coverage != SignatureCoverageLevel.ENTIRE_REVISION:
        return PART
    level = status.modification_level
    return SIGNED_AGAIN if level is not None and level <= ModificationLevel.FORM_FILLING else ADDED


def _distrust(embedded: EmbeddedPdfSignature, roots: Sequence[x509.Certificate], moment: datetime, run: Run) -> str:
    """Why a certificate is not trusted: unknown issuer, or not allowed for this use."""
    chain = CertificateValidator(embedded.signer_cert, embedded.other_embedded_certs, validation_context=_context(roots, moment))
    try:
        run(chain.async_validate_path())
    except PathBuildingError:
        return FOREIGN
    except (PathValidationError, ValidationError):
        return UNUSABLE
    return UNUSABLE


def _period(begins: datetime, ends: datetime, claimed: datetime, at: datetime) -> str:
    if claimed < begins or at < begins:
        return NOT_YET
    if claimed > ends:
        return EXPIRED
    return ENDED if at > ends else VALID


def _is_only_signed(reader: PdfFileReader, first: bytes) -> bool:
    """Whether only signatures came after a revision, since anything else laid over the text would be signed along with it."""
    begins = PdfFileReader(io.BytesIO(first), strict=False).last_startxref
    numbers = [number for number in range(reader.total_revisions) if reader.xrefs.get_startxref_for_revision(number) == begins]
    if not numbers:
        return False
    result = DEFAULT_DIFF_POLICY.review_file(reader, numbers[0])
    return not isinstance(result, SuspiciousModification) and result.modification_level <= ModificationLevel.FORM_FILLING


def _name(name: x509.Name) -> str:
    """The common name, or without one the whole distinguished name."""
    told = name.native
    common = told.get("common_name") or told.get("organization_name") if isinstance(told, Mapping) else None
    return _shown(common if isinstance(common, str) else name.human_friendly, LONGEST_NAME)


def _shown(text: str, most: int) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:most]
