"""Checks that a file signed elsewhere is a letter of ours with only signatures added."""

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime

from casework.bilingual import Bilingual
from casework.errors import CaseworkError
from reports.signing.found import WHOLE, Revoked, SignatureFound
from reports.signing.prefixes import digest_of, digests_of_beginnings
from reports.signing.reading import MOST_BYTES, Examined, FileUnread, examined
from reports.signing.revoking import NOTHING_KNOWN


class ReturnRefused(CaseworkError):
    """The file is not accepted; the text says why."""


NOT_OURS = Bilingual(
    "Tệp này không phải bản đã ban hành của văn bản: nội dung ban đầu khác. Vui lòng tải tệp từ trang của văn bản, ký bằng phần mềm ký số, "
    "không in hay lưu thành tệp mới.",
    "This file is not this letter as it was issued: it begins differently. Please download the file from the page of the letter and "
    "sign it, without printing or saving it as a new file.",
)
OLDER = Bilingual(
    "Tệp này được ký trên bản cũ; văn bản đã có bản ký mới hơn. Vui lòng tải bản mới nhất về ký.",
    "This file was signed on an older copy; the letter has a newer one. Please download the newest and sign that.",
)
NOT_SIGNED = Bilingual("Tệp chưa có chữ ký số nào mới.", "The file has no new signature.")
ADDED_TO = Bilingual(
    "Ngoài chữ ký, tệp còn bị thêm hoặc sửa nội dung sau khi ban hành.",
    "Apart from the signatures, content was added to the file or altered after it was issued.",
)


def judge_returned(
    pdf: bytes, *, sha256: str, size: int, before: int, older: Sequence[str] = (), trust: Sequence[str], at: datetime,
    known: Revoked = NOTHING_KNOWN,
) -> Examined:  # fmt: skip
    """Examine a returned file that begins with the newest stored copy: that of this digest and size, which had `before` signatures.

    `older` are the digests of earlier copies, to explain a fork; `known` which certificates were revoked. Raises ReturnRefused, FileUnread.
    """
    if len(pdf) > MOST_BYTES:
        raise FileUnread("too_big")
    if len(pdf) < size or hashlib.sha256(memoryview(pdf)[:size]).hexdigest() != sha256:
        raise ReturnRefused(*(OLDER if set(older) & {*digests_of_beginnings(pdf), digest_of(pdf)} else NOT_OURS))
    if len(pdf) == size:
        raise ReturnRefused(*NOT_SIGNED)
    told = examined(pdf, trust=trust, at=at, first_bytes=size)
    if len(told.signatures) <= before:
        raise ReturnRefused(*NOT_SIGNED)
    if not told.only_signed:
        raise ReturnRefused(*ADDED_TO)
    for each in told.signatures:
        today = each.as_of(at, known)
        if not today.is_good:
            raise ReturnRefused(*_fault(today))
    if all(each.cover != WHOLE for each in told.signatures):
        raise ReturnRefused(*ADDED_TO)
    return told


def refuse_unnamed(signers: Collection[SignatureFound], named: Collection[str]) -> None:
    """Raise ReturnRefused for a signer not named to sign for the body, by common name or by digest of the certificate."""
    for each in signers:
        if each.signer not in named and each.certificate not in named:
            raise ReturnRefused(
                f"Chứng thư của {each.signer} không có trong danh sách được ký cho cơ quan ban hành. Danh sách do quản trị hệ thống đặt.",
                f"The certificate of {each.signer} is not among those that may sign for the issuing body. The administrator names them.",
            )


def _fault(found: SignatureFound) -> Bilingual:
    """Whose signature is not accepted, and why."""
    told = found.faults or found.words
    name_vi, name_en = (found.signer or "(không đọc được)", found.signer or "(unreadable)")
    return Bilingual(
        f"Chữ ký của {name_vi}: {' '.join(text.vi for text in told)}", f"The signature of {name_en}: {' '.join(text.en for text in told)}"
    )
