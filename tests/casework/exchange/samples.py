"""Packages for tests: one that is well, and ways to spoil it."""

import io
import zipfile
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from casework.exchange import (
    Answered,
    Attachment,
    DocumentId,
    DocumentType,
    Organ,
    Package,
    Signer,
    Staff,
    Status,
    Trace,
    write,
)
from casework.local_time import LOCAL_ZONE

OURS, OTHER = "H36.12.04", "H36.20"
PDF = b"%PDF-1.7 one page"
DOCUMENT = DocumentId(OTHER, date(2026, 12, 3), "17/TB-TTĐH")
OF_OURS = DocumentId(OURS, date(2026, 11, 30), "05/PC-TTĐH")
AT = datetime(2026, 12, 3, 9, 30, 5, tzinfo=LOCAL_ZONE)


def package(**changes: Any) -> Package:
    """A document of the other body to ours, with one file, about a slip of ours."""
    whole = Package(
        sender=Organ(OTHER, "Sở Xây dựng", "UBND tỉnh", "1 Trần Phú", "so@xd.example", "0263", "0264", "xd.example"),
        receivers=(Organ(OURS, "Trung tâm điều hành"), Organ("000.00.12.H36", "Nơi khác")),
        document=DOCUMENT, number="17", notation="TB-TTĐH", subject="Về ổ gà <sâu> & nước đọng", place="Đà Lạt",
        promulgated_on=date(2026, 12, 3), type=DocumentType("18", "0", "Công văn"), content="Đã vá xong.",
        signer=Signer("KT. GIÁM ĐỐC", "PHÓ GIÁM ĐỐC", "Nguyễn Văn Mẫu"), due_on=date(2026, 12, 10), priority="1", pages="2",
        answers=(Answered(OURS, "05/PC-TTĐH", OF_OURS, date(2026, 11, 30)),), places=("Như trên", "Lưu: VT"),
        traces=(Trace(OTHER, AT),), staff=Staff("Văn phòng", "Trần Thị Thử", "vt@xd.example", "0900"),
        attachments=(Attachment("tra-loi.pdf", PDF, description="Bản chính", content_id="a1"),),
    )  # fmt: skip
    return replace(whole, **changes)


def status(**changes: Any) -> Status:
    answers = Answered(OURS, "05/PC-TTĐH", OF_OURS, date(2026, 11, 30))
    return replace(Status(Organ(OTHER, "Sở Xây dựng"), answers, "03", "Đã vào sổ", AT, Staff("Văn thư", "Lê Thị Sổ")), **changes)


def raw(**changes: Any) -> bytes:
    return write(package(**changes))


def swapped(old: str, new: str, *, times: int = 1, of: bytes | None = None) -> bytes:
    """The well package with a text of it replaced."""
    whole = of if of is not None else raw()
    assert old.encode() in whole
    return whole.replace(old.encode(), new.encode("utf-8", "surrogateescape"), times)


def element(name: str, inside: str) -> str:
    return f"<edXML:{name}>{inside}</edXML:{name}>"


def zipped(members: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return held.getvalue()
