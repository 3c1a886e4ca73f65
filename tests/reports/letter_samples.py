"""Letters about cases for the quality suite: each kind as it usually is, and as long, as bare and as hostile as it can get."""
from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from casework.documents import kinds
from casework.documents.letterheads import Head
from casework.models import Letter
from reports.letters import page_of

HEAD = Head(issuing_body="Trung tâm IOC Lạc Dương", parent_body="Ủy ban nhân dân huyện Lạc Dương", symbol="IOC", place="Lạc Dương",
            authority="TL. Chủ tịch", signer_title="Giám đốc", signer_name="Người Ký Thử").told()  # fmt: skip
AGENCY_HEAD = Head(issuing_body="Phòng Tài nguyên và Môi trường", parent_body="Ủy ban nhân dân huyện Lạc Dương", symbol="PTNMT",
                   place="Lạc Dương", signer_title="Trưởng phòng", signer_name="Lơ Mu Ha Thử").told()  # fmt: skip
BARE_HEAD = Head(issuing_body="Trung tâm IOC").told()
LONG_HEAD = Head(
    issuing_body="Trung tâm Giám sát, điều hành thông minh và Phục vụ hành chính công khu vực Lạc Dương - Đam Rông",
    parent_body="Ủy ban nhân dân phường Lang Biang - Đà Lạt, tỉnh Lâm Đồng", symbol="TTGSĐHTM-PVHCC", place="Phường Lang Biang - Đà Lạt",
    authority="TM. Ủy ban nhân dân; KT. Chủ tịch", signer_title="Phó Chủ tịch phụ trách chuyển đổi số và cải cách hành chính",
    signer_name="Nguyễn Hoàng Phương Thảo Nguyên Thử",
).told()  # fmt: skip
LONG_AGENCY = "Ban Quản lý dự án Đầu tư xây dựng và Bảo trì công trình hạ tầng kỹ thuật đô thị, nông thôn khu vực Lạc Dương"
LONG_TITLE = (
    "Rác thải sinh hoạt và vật liệu xây dựng đổ tràn xuống suối Đạ Nghịt, bốc mùi nặng, làm tắc dòng chảy và ngập đường vào thôn "
    "Păng Tiêng mỗi khi mưa lớn, nhiều lần phản ánh chưa xử lý dứt điểm"
)
WORDS = "Mỗi tối có xe tải đến đổ rác ven suối, mùi rất nặng. Người dân đã nhắc nhưng xe vẫn đến."
DIGEST = [hashlib.sha256(f"ảnh {number}".encode()).hexdigest() for number in range(60)]


def letter(kind: str, *, agency_id: int | None = None, urgency: str | None = None, reply_by: date | None = None, **content: Any) -> Letter:
    """A letter that no database knows."""
    told = {
        "head": HEAD, "unit": "Trung tâm IOC Lạc Dương", "centre": "Trung tâm IOC Lạc Dương", "phone": "+842633839000", "on": "2026-03-05",
        "code": "LD-2026-000123", "filed_on": "2026-03-02", "words": "", "copies": [], **content,
    }  # fmt: skip
    return Letter(kind=kind, ref="0" * 16, centre_id=1, agency_id=agency_id, urgency=urgency, reply_by=reply_by, content=told,
                  made_at=datetime(2026, 3, 5, 3, tzinfo=UTC))


def slip(**changed: Any) -> Letter:
    content = {
        "to": "Phòng Tài nguyên và Môi trường", "role": "lead", "title": "Rác đổ ven suối", "field": "Rừng, đất, môi trường",
        "urgent": False, "where": "Gần cầu treo, Thôn Păng Tiêng, Xã Lát", "texts": [{"code": "LD-2026-000123", "words": WORDS}],
        "photos": 3, "instructions": "Kiểm tra hiện trường trong ngày, xác định người đổ rác.", "due_at": "2026-03-09T17:00:00+00:00",
    }  # fmt: skip
    return letter(kinds.TRANSFER_SLIP, **{**content, **changed})


def answered(agency: str, **changed: Any) -> dict[str, str]:
    return {
        "agency": agency, "findings": "Lúc 08 giờ ngày 03/3/2026, Phòng kiểm tra, thấy khoảng 02 m³ rác ven suối.",
        "actions": "Đã thu gom, chở 02 xe rác về bãi xử lý và đặt 01 biển cấm đổ rác.",
        "remaining": "Đặt camera, xong trước ngày 20/3/2026.",
        "contact": "Bộ phận môi trường, 0263 383 9001", **changed,
    }  # fmt: skip


def answer(**changed: Any) -> Letter:
    content = {"title": "Rác đổ ven suối", "publication": "final", "told_at": "2026-03-05T02:00:00+00:00", "summary": "", "missing": [],
               "answers": [answered("Phòng Tài nguyên và Môi trường")]}
    return letter(kinds.ANSWER, **{**content, **changed})


def extension(**changed: Any) -> Letter:
    content = {"title": "Rác đổ ven suối", "old_due_at": "2026-03-09T17:00:00+00:00", "new_due_at": "2026-03-16T17:00:00+00:00",
               "reason": "Mưa lớn kéo dài, xe chưa vào được hiện trường."}
    return letter(kinds.EXTENSION_NOTICE, reply_by=date(2026, 3, 16), **{**content, **changed})


def refusal(**changed: Any) -> Letter:
    content = {"title": "", "reason": "Không rõ nội dung phản ánh", "explained": "Phản ánh không nêu địa điểm và không có ảnh.",
               "guidance": "Xin Ông/Bà gửi lại phản ánh, ghi rõ địa điểm và kèm ảnh", "object_until": "2026-03-12", "object_days": 7}
    return letter(kinds.REFUSAL_NOTICE, **{**content, **changed})


def minutes(**changed: Any) -> Letter:
    content = {"to": "", "is_apart": True, "hands_over": "Trần Bảo Mật Thử", "reports": 1, "additions": 1, "photos": DIGEST[:3],
               "recordings": [{"kind": "voice", "sha256": DIGEST[4]}]}
    return letter(kinds.HANDOVER_MINUTES, **{**content, **changed})


def thirty() -> list[str]:
    return [f"Ủy ban nhân dân xã số {number:02}, huyện Lạc Dương, tỉnh Lâm Đồng" for number in range(1, 31)]


LETTERS: dict[str, Callable[[], Letter]] = {
    "transfer slip": slip,
    "transfer slip, urgent, cooperating, 30 copies": lambda: slip(
        role="cooperating", urgent=True, urgency="hoa_toc", copies=thirty(), due_at="2026-03-05T09:30:00+00:00", words="Gọi lại khi xong."
    ),
    "transfer slip, long": lambda: slip(
        head=LONG_HEAD, to=LONG_AGENCY, title=LONG_TITLE, instructions=f"{WORDS} " * 4, urgency="thuong_khan",
        texts=[{"code": f"LD-2026-{number:06}", "words": "\n".join([f"{WORDS} " * 3] * 2)} for number in range(3)],
    ),
    "transfer slip, to a body outside": lambda: slip(to="Công ty Điện lực Lâm Đồng", role=None, due_at=None,
                                                     instructions="Thuộc thẩm quyền quản lý lưới điện."),
    "transfer slip, of a sensitive case": lambda: slip(
        to="Công an huyện Lạc Dương", role=None, due_at=None, title="", field="", where="", texts=[], photos=0, instructions="",
        is_sensitive=True,
    ),
    "transfer slip, hidden": lambda: slip(title="", field="", where="", texts=[], photos=0, instructions="", is_hidden=True),
    "answer letter": answer,
    "answer letter, several agencies": lambda: answer(
        answers=[answered("Phòng Tài nguyên và Môi trường"), answered("Ủy ban nhân dân xã Lát", remaining="Không còn.")],
        missing=[{"agency": "Hạt Kiểm lâm", "reason": "Đơn vị đang chờ kết quả giám định."}],
        summary="Trung tâm sẽ kiểm tra lại sau 30 ngày.",
    ),
    "answer letter, interim": lambda: answer(publication="interim", missing=[{"agency": "Ủy ban nhân dân xã Lát", "reason": ""}]),
    "answer letter, of an agency": lambda: answer(head=AGENCY_HEAD, unit="Phòng Tài nguyên và Môi trường", agency_id=1, urgency="khan"),
    "answer letter, long": lambda: answer(
        head=LONG_HEAD, title=LONG_TITLE,
        answers=[answered(LONG_AGENCY, findings="\n".join([f"{WORDS} " * 4] * 3), contact=LONG_AGENCY)] * 2,
    ),
    "extension notice": extension,
    "extension notice, bare": lambda: extension(head=BARE_HEAD, phone="", title="", old_due_at="2026-03-09T09:30:00+00:00"),
    "refusal notice": refusal,
    "refusal notice, long, over": lambda: refusal(
        head=LONG_HEAD, title=LONG_TITLE, explained="\n".join([f"{WORDS} " * 4] * 3), guidance=WORDS, object_until=None
    ),
    "hand-over minutes": minutes,
    "hand-over minutes, nothing but words": lambda: minutes(photos=[], recordings=[], additions=0, hands_over=""),
    "hand-over minutes, to a body outside, 60 photos": lambda: minutes(
        is_apart=False, to="Ban Tiếp công dân huyện Lạc Dương", photos=DIGEST, words="Bàn giao kèm bản in phiếu chuyển."
    ),
}

SAMPLES: dict[str, Callable[[], str]] = {
    name: partial(lambda make: page_of(make()), make) for name, make in LETTERS.items()
} | {
    "answer letter, numbered": lambda: page_of(answer(), number=7, verify_url="https://phananh.example.vn/verify/abcdefgh12345678"),
}


def _typed(text: str, make: Callable[..., Letter], **more: Any) -> str:
    """A letter with the text in every field of the letter as people type it."""
    letterhead = dict.fromkeys(("issuing_body", "parent_body", "place", "signer_title", "signer_name"), text)
    return page_of(make(head={**letterhead, "symbol": "IOC", "authority": ""}, unit=text, centre=text, words=text, copies=[text], **more))


TYPED: dict[str, Callable[[str], str]] = {
    "transfer slip": lambda text: _typed(
        text, slip, to=text, title=text, field=text, where=text, instructions=text, texts=[{"code": "LD-2026-000123", "words": text}]
    ),
    "answer letter": lambda text: _typed(
        text, answer, title=text, summary=text, missing=[{"agency": text, "reason": text}],
        answers=[dict.fromkeys(("agency", "findings", "actions", "remaining", "contact"), text)],
    ),
    "extension notice": lambda text: _typed(text, extension, title=text, reason=text),
    "refusal notice": lambda text: _typed(text, refusal, title=text, reason=text, explained=text, guidance=text),
    "hand-over minutes": lambda text: _typed(text, minutes, to=text, hands_over=text),
}
