"""Notices to the authority and to the people affected, made from what was recorded: drafts in Vietnamese, to be printed and signed.

No sender is named in either. Source: Law 91/2025/QH15, Decree 356/2025/NĐ-CP.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from casework.local_time import LOCAL_ZONE
from casework.models import Breach
from casework.rights.affected import WAY_LABELS, AffectedCounts
from casework.rights.breaches import AUTHORITY, KIND_LABELS, KNOWN_LABELS, PEOPLE

LAWS = "Luật Bảo vệ dữ liệu cá nhân 91/2025/QH15 và Nghị định 356/2025/NĐ-CP"
AUTHORITY_NAME = "Cơ quan chuyên trách bảo vệ dữ liệu cá nhân, Bộ Công an"
TITLES: Mapping[str, str] = {
    AUTHORITY: "Thông báo vi phạm quy định về bảo vệ dữ liệu cá nhân",
    PEOPLE: "Thông báo về sự cố dữ liệu cá nhân",
}


@dataclass(frozen=True, slots=True)
class Notice:
    """One letter: its title, addressee, opening, numbered parts and closing."""

    title: str
    to: str
    opening: str
    parts: list[tuple[str, str]]
    closing: str


def notice_to(whom: str, breach: Breach, counts: AffectedCounts, *, body: str) -> Notice:
    """The draft to AUTHORITY or PEOPLE; `body` is the sender."""
    return _to_authority(breach, counts, body) if whom == AUTHORITY else _to_people(breach, body)


def _to_authority(breach: Breach, counts: AffectedCounts, body: str) -> Notice:
    known = breach.description
    people = f"{counts.people} người ({counts.reports} phản ánh, {counts.accounts} tài khoản)" if counts.people else "đang xác định"
    ways = list(dict.fromkeys(WAY_LABELS[search.way].vi.lower() for search in breach.searches))
    told = f"{counts.told} phản ánh, tài khoản đã được gửi tin báo; {counts.unreachable} không có cách liên hệ."
    parts = [
        ("Loại sự cố", KIND_LABELS[breach.kind].vi + "."),
        ("Lúc phát hiện", _moment(breach.noticed_at) + "."),
        *((KNOWN_LABELS[name].vi, getattr(known, name)) for name in ("happened", "data_kinds")),
        ("Số người bị ảnh hưởng", people + (f"; xác định theo: {'; '.join(ways)}." if ways else ".")),
        *((KNOWN_LABELS[name].vi, getattr(known, name)) for name in ("consequences", "measures")),
        ("Việc báo cho người bị ảnh hưởng", told if counts.told or counts.unreachable else "Chưa thực hiện."),
        (KNOWN_LABELS["contact"].vi, known.contact),
    ]
    return Notice(
        TITLES[AUTHORITY], AUTHORITY_NAME,
        f"Thực hiện {LAWS}, {body} thông báo sự cố dữ liệu cá nhân phát hiện lúc {_moment(breach.noticed_at)}, như sau:",
        parts, f"{body} sẽ thông báo bổ sung khi có thêm thông tin. Trân trọng./.",
    )  # fmt: skip


def _to_people(breach: Breach, body: str) -> Notice:
    known = breach.description
    names = ("happened", "data_kinds", "consequences", "measures", "contact")
    return Notice(
        TITLES[PEOPLE], "Ông/Bà",
        f"Lúc {_moment(breach.noticed_at)}, {body} phát hiện một sự cố có liên quan đến dữ liệu cá nhân của Ông/Bà. Chúng tôi xin lỗi"
        " Ông/Bà và thông báo như sau:",
        [(KNOWN_LABELS[name].vi, getattr(known, name)) for name in names],
        f"Ông/Bà có quyền yêu cầu bản sao, đính chính, xóa hoặc hạn chế xử lý dữ liệu của mình theo {LAWS}. Trân trọng./.",
    )  # fmt: skip


def _moment(instant: datetime) -> str:
    return f"{instant.astimezone(LOCAL_ZONE):%H giờ %M phút ngày %d/%m/%Y}"
