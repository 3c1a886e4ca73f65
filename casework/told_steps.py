"""What has happened to a case in words for people outside: the public's list of steps, and its sender's (rules.md, section 2)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select

from casework.db import db
from casework.models import Case, Event, Report
from casework.words import Bilingual

MOST_STEPS = 100


@dataclass(frozen=True)
class Step:
    """One line of a timeline. It names bodies, never people."""

    words: Bilingual
    at: datetime
    is_main: bool = False
    note: Bilingual | None = None


class Told(NamedTuple):
    """What is said of one event."""

    words: Bilingual
    is_main: bool = False
    note: Bilingual | None = None


Teller = Callable[[dict[str, Any], dict[str, Bilingual]], Told | None]
"""Says what an event's payload means, given the full names of agencies by their key; None: nothing is told."""


def public_steps(case: Case) -> list[Step]:
    """The steps of a published case, newest first. Before the first publication the public sees none (rules.md, section 2)."""
    return _steps(case, PUBLIC_TELLERS) if case.is_public else []


def own_steps(case: Case, report: Report) -> list[Step]:
    """The steps the sender of one of the case's reports is told, newest first; other senders' ratings are none of them."""
    return _steps(case, OWN_TELLERS, own_code=report.code)


def _steps(case: Case, tellers: dict[str, Teller], *, own_code: str | None = None) -> list[Step]:
    query = select(Event).where(Event.case_id == case.id, Event.type.in_(tellers)).order_by(Event.seq.desc()).limit(MOST_STEPS)
    names = {assignment.agency.key: assignment.agency.name for assignment in case.assignments}
    steps = []
    for event in db.session.scalars(query):
        payload = event.payload
        if payload is None or (event.type == "rate" and own_code is not None and payload.get("report") != own_code):
            continue
        told = tellers[event.type](payload, names)
        if told is not None:
            steps.append(Step(told.words, event.at, told.is_main, told.note))
    return steps


def _told_as(vi: str, en: str, *, is_main: bool = False, note: Bilingual | None = None) -> Told:
    return Told(Bilingual(vi, en), is_main, note)


def _always(vi: str, en: str, *, is_main: bool = False) -> Teller:
    return lambda _payload, _names: _told_as(vi, en, is_main=is_main)


def _filed(payload: dict[str, Any], _names: dict[str, Bilingual]) -> Told:
    match payload.get("source"):
        case "camera":
            return _told_as("Trung tâm phát hiện qua camera", "The centre saw it on a camera", is_main=True)
        case "phone":
            return _told_as("Người dân gọi điện phản ánh", "Somebody reported it by telephone", is_main=True)
        case _:
            return _told_as("Người dân gửi phản ánh", "Somebody sent the report", is_main=True)


def _classified(payload: dict[str, Any], _names: dict[str, Bilingual]) -> Told:
    if payload.get("urgency") == "urgent":
        return _told_as("Trung tâm xác định mức độ khẩn", "The centre found it urgent")
    return _told_as("Trung tâm phân loại và hẹn ngày trả lời", "The centre classified it and set the day of the answer")


def _distributed(payload: dict[str, Any], names: dict[str, Bilingual]) -> Told:
    lead, others = names.get(payload.get("lead", "")), len(payload.get("cooperating", ()))
    note = Bilingual(f"{lead.vi} chủ trì", f"{lead.en} leads") if lead else None
    if not others:
        return _told_as("Trung tâm phân phối đến đơn vị xử lý", "The centre gave it to an agency", note=note)
    return _told_as(f"Trung tâm phân phối đến {others + 1} đơn vị", f"The centre gave it to {others + 1} agencies", note=note)


def _hotline(payload: dict[str, Any], _names: dict[str, Bilingual]) -> Told | None:
    return _told_as("Trung tâm gọi đường dây nóng", "The centre called the hotline") if payload.get("reached") else None


def _by_agency(vi: str, en: str) -> Teller:
    def tell(payload: dict[str, Any], names: dict[str, Bilingual]) -> Told | None:
        agency = names.get(payload.get("agency", ""))
        return _told_as(f"{agency.vi} {vi}", f"{agency.en} {en}") if agency else None

    return tell


def _approved(payload: dict[str, Any], names: dict[str, Bilingual]) -> Told | None:
    agency = names.get(payload.get("agency", ""))
    return _told_as(f"Lãnh đạo {agency.vi} phê duyệt trả lời", f"The head of {agency.en} approved its answer") if agency else None


def _reviewed(payload: dict[str, Any], _names: dict[str, Bilingual]) -> Told | None:
    if payload.get("outcome") != "explained":
        return None
    return _told_as("Trung tâm xem lại và giải thích", "The centre looked again and explained", is_main=True)


PUBLIC_TELLERS: dict[str, Teller] = {
    "file_report": _filed,
    "verify": _always("Trung tâm tiếp nhận", "The centre accepted it", is_main=True),
    "classify": _classified,
    "call_hotline": _hotline,
    "distribute": _distributed,
    "accept_assignment": _by_agency("tiếp nhận xử lý", "took it on"),
    "approve_answer": _approved,
    "publish": _always("Trung tâm công khai kết quả", "The centre published the result", is_main=True),
    "rate": _always("Người gửi đánh giá kết quả", "Its sender rated the result"),
    "reopen": _always("Trung tâm mở lại để xử lý tiếp", "The centre reopened it", is_main=True),
}
"""What stays inside is not listed: drafts and redone answers, hand-backs, notes, looks at an identity."""

OWN_TELLERS: dict[str, Teller] = PUBLIC_TELLERS | {
    "file_report": _always("Ông/Bà gửi phản ánh", "You sent the report", is_main=True),
    "refuse": _always("Trung tâm không tiếp nhận", "The centre did not accept it", is_main=True),
    "answer_privately": _always("Trung tâm trả lời riêng Ông/Bà", "The centre answered you in private", is_main=True),
    "rate": _always("Ông/Bà đánh giá kết quả", "You rated the result"),
    "review_rating": _reviewed,
    "close": _always("Kết thúc", "Closed", is_main=True),
}
