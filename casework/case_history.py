"""The timeline of a case as staff read it: who did what when, told to each audience in what it may know (rules.md, section 2)."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from casework.db import db
from casework.models import Account, Agency, Case, Event
from casework.permissions import Actor, Sight, Viewer, sees, viewers
from casework.told_steps import Step
from casework.words import Bilingual

MOST_STEPS = 200
"""Steps shown, the newest: a case that was merged and reopened has about sixty."""

REPORTER = Bilingual("Người phản ánh", "The reporter")
SYSTEM_NAME = Bilingual("Hệ thống", "The system")


class Audience(StrEnum):
    """How much of an event its reader may know."""

    CENTRE = "centre"
    COMMITTEE = "committee"
    AGENCY = "agency"
    PROCESS = "process"


class Said(NamedTuple):
    """What is said of one event: the act, and whether it is one the public counts."""

    words: Bilingual
    is_main: bool = False


class Known(NamedTuple):
    """What a sentence may use: the names of agencies by key and who reads it."""

    agencies: Mapping[str, Bilingual]
    audience: Audience


Sentence = Callable[[dict[str, Any], Known], Said | None]
"""Tells an event's payload; None: this audience is not told."""


def audience_of(actor: Actor, case: Case) -> Audience | None:
    """Return how much of the history a person may know; None when they may know none."""
    if not sees(actor, Sight.PROCESS, case):
        return None
    seen = viewers(actor, case)
    if seen & {Viewer.OPERATOR, Viewer.OPS_LEAD}:
        return Audience.CENTRE
    if Viewer.COMMITTEE_LEADER in seen:
        return Audience.COMMITTEE
    return Audience.AGENCY if Viewer.AGENCY in seen else Audience.PROCESS


def staff_steps(case: Case, *, by: Actor) -> list[Step]:
    """The newest MOST_STEPS steps of a case for a member of staff, newest first; empty when they may know none."""
    audience = audience_of(by, case)
    if audience is None:
        return []
    query = select(Event).where(Event.case_id == case.id).options(joinedload(Event.actor)).order_by(Event.seq.desc()).limit(MOST_STEPS)
    events = list(db.session.scalars(query))
    known = Known(_agency_names(case), audience)
    principals = _names_of({event.on_behalf_of_id for event in events if event.on_behalf_of_id is not None})
    steps = []
    for event in events:
        said = _said(event, known)
        if said is not None:
            steps.append(Step(said.words, event.at, said.is_main, _who(event, principals)))
    return steps


def _said(event: Event, known: Known) -> Said | None:
    if event.payload is None:
        return Said(Bilingual("Nội dung sự kiện đã được xóa theo quy định", "What happened here has been erased as the rules demand"))
    tell = SENTENCES.get(event.type)
    return tell(event.payload, known) if tell else Said(Bilingual(f"Sự kiện “{event.type}”", f"Event “{event.type}”"))


def _who(event: Event, principals: Mapping[int, str]) -> Bilingual:
    actor = event.actor
    if actor is None:
        return REPORTER if event.type in ("file_report", "rate") else SYSTEM_NAME
    if actor.full_name is None:
        return REPORTER
    principal = principals.get(event.on_behalf_of_id or 0)
    if principal is None:
        return Bilingual(actor.full_name, actor.full_name)
    return Bilingual(f"{actor.full_name}, thay {principal}", f"{actor.full_name} for {principal}")


def _agency_names(case: Case) -> dict[str, Bilingual]:
    query = select(Agency).where(Agency.centre_id == case.centre_id)
    return {agency.key: agency.short_name for agency in db.session.scalars(query)}


def _names_of(account_ids: set[int]) -> dict[int, str]:
    if not account_ids:
        return {}
    rows = db.session.execute(select(Account.id, Account.full_name).where(Account.id.in_(account_ids)))
    return {account_id: name for account_id, name in rows if name is not None}


def _always(vi: str, en: str, *, is_main: bool = False) -> Sentence:
    said = Said(Bilingual(vi, en), is_main)
    return lambda _payload, _known: said


def _filed(payload: dict[str, Any], _known: Known) -> Said:
    sources = {
        "camera": Bilingual("Lập phản ánh từ camera", "Opened from a camera"),
        "phone": Bilingual("Nhập phản ánh qua điện thoại", "Entered a report made by telephone"),
        "officer": Bilingual("Cán bộ nhập phản ánh", "A member of staff entered the report"),
    }
    words = sources.get(payload.get("source", ""), Bilingual("Gửi phản ánh", "Sent the report"))
    if payload.get("marked_urgent"):
        words = Bilingual(f"{words.vi}, đánh dấu khẩn", f"{words.en}, marked urgent")
    return Said(words, is_main=True)


URGENCIES = {"urgent": Bilingual("khẩn", "urgent"), "normal": Bilingual("bình thường", "normal")}
COMPLEXITIES = {
    "simple": Bilingual("đơn giản", "simple"),
    "ordinary": Bilingual("thông thường", "ordinary"),
    "complex": Bilingual("phức tạp", "complex"),
}


def _classified(payload: dict[str, Any], known: Known) -> Said:
    urgency = URGENCIES.get(payload.get("urgency", ""), URGENCIES["normal"])
    complexity = COMPLEXITIES.get(payload.get("complexity", ""), COMPLEXITIES["ordinary"])
    vi, en = f"Phân loại: {urgency.vi}, {complexity.vi}", f"Classified: {urgency.en}, {complexity.en}"
    if payload.get("visibility") and known.audience is not Audience.PROCESS:
        vi, en = f"{vi}, không công khai", f"{en}, not public"
    return Said(Bilingual(vi, en))


def _cleared(payload: dict[str, Any], _known: Known) -> Said:
    photos = payload.get("photos", 0)
    if not photos:
        return Said(Bilingual("Biên tập nội dung gửi đơn vị", "Cleared the words for agencies"))
    return Said(Bilingual(f"Biên tập nội dung và {photos} ảnh gửi đơn vị", f"Cleared the words and {photos} photos for agencies"))


def _hotline(payload: dict[str, Any], _known: Known) -> Said:
    if payload.get("reached"):
        return Said(Bilingual("Gọi đường dây nóng, đã trao đổi", "Called the hotline and spoke to somebody"))
    return Said(Bilingual("Gọi đường dây nóng, không liên lạc được", "Called the hotline, nobody answered"))


def _distributed(payload: dict[str, Any], known: Known) -> Said:
    lead = _agency(payload.get("lead"), known)
    others = [_agency(key, known) for key in payload.get("cooperating", ())]
    vi, en = f"Phân phối: {lead.vi} chủ trì", f"Distributed: {lead.en} leads"
    if others:
        vi = f"{vi}; phối hợp {', '.join(name.vi for name in others)}"
        en = f"{en}; with {', '.join(name.en for name in others)}"
    return Said(Bilingual(vi, en), is_main=True)


def _of_agency(vi: str, en: str, *, is_main: bool = False) -> Sentence:
    """A sentence with the agency in the place of {agency} and, where the event has one, the version in {version}."""

    def tell(payload: dict[str, Any], known: Known) -> Said:
        agency, version = _agency(payload.get("agency"), known), payload.get("version", 1)
        return Said(Bilingual(vi.format(agency=agency.vi, version=version), en.format(agency=agency.en, version=version)), is_main)

    return tell


def _handed_back(payload: dict[str, Any], known: Known) -> Said:
    agency, suggested = _agency(payload.get("agency"), known), payload.get("suggested")
    vi, en = f"{agency.vi} chuyển trả", f"{agency.en} handed it back"
    if suggested:
        name = _agency(suggested, known)
        vi, en = f"{vi}, đề xuất {name.vi}", f"{en}, suggesting {name.en}"
    return Said(Bilingual(vi, en))


def _hand_back_decided(payload: dict[str, Any], known: Known) -> Said:
    agency = _agency(payload.get("agency"), known)
    if payload.get("upheld"):
        return Said(Bilingual(f"Đồng ý cho {agency.vi} chuyển trả", f"Released {agency.en}"))
    return Said(Bilingual(f"Giữ nguyên {agency.vi}", f"Kept {agency.en} on the case"))


def _rated(payload: dict[str, Any], known: Known) -> Said:
    levels = {
        "satisfied": Bilingual("hài lòng", "satisfied"),
        "acceptable": Bilingual("chấp nhận", "acceptable"),
        "dissatisfied": Bilingual("không hài lòng", "not satisfied"),
    }
    level = levels.get(payload.get("level", ""))
    if level is None or known.audience is Audience.PROCESS:
        return Said(Bilingual("Đánh giá kết quả", "Rated the result"))
    return Said(Bilingual(f"Đánh giá: {level.vi}", f"Rated it: {level.en}"), is_main=True)


def _reviewed(payload: dict[str, Any], _known: Known) -> Said:
    if payload.get("outcome") == "reopened":
        return Said(Bilingual("Xem lại đánh giá: mở lại hồ sơ", "Reviewed the rating: to be reopened"))
    return Said(Bilingual("Xem lại đánh giá: giải thích với người gửi", "Reviewed the rating: explained to the sender"))


def _revealed(payload: dict[str, Any], known: Known) -> Said | None:
    if known.audience is not Audience.CENTRE:
        return None
    reason = payload.get("reason", "")
    return Said(Bilingual(f"Xem danh tính người gửi. Lý do: {reason}", f"Looked at the sender's identity. Reason: {reason}"))


def _noted(payload: dict[str, Any], known: Known) -> Said | None:
    audience = payload.get("audience")
    if audience == "centre" and known.audience not in (Audience.CENTRE, Audience.COMMITTEE):
        return None
    return Said(Bilingual("Ghi chú nội bộ", "Wrote an internal note"))


def _agency(key: Any, known: Known) -> Bilingual:
    return known.agencies.get(str(key), Bilingual("đơn vị", "the agency"))


SENTENCES: dict[str, Sentence] = {
    "file_report": _filed,
    "verify": _always("Tiếp nhận phản ánh", "Accepted the report", is_main=True),
    "clear_text": _cleared,
    "refuse": _always("Từ chối tiếp nhận", "Did not accept the report", is_main=True),
    "classify": _classified,
    "call_hotline": _hotline,
    "distribute": _distributed,
    "accept_assignment": _of_agency("{agency} tiếp nhận xử lý", "{agency} took it on"),
    "hand_back": _handed_back,
    "decide_hand_back": _hand_back_decided,
    "submit_answer": _of_agency("{agency} trình trả lời, bản {version}", "{agency} submitted its answer, version {version}"),
    "approve_answer": _of_agency(
        "Phê duyệt trả lời của {agency}, bản {version}", "Approved the answer of {agency}, version {version}", is_main=True
    ),
    "redo_answer": _of_agency("Yêu cầu {agency} xử lý lại bản {version}", "Sent version {version} back to {agency}"),
    "publish": _always("Công khai kết quả", "Published the result", is_main=True),
    "answer_privately": _always("Trả lời riêng người gửi", "Answered the sender in private", is_main=True),
    "rate": _rated,
    "review_rating": _reviewed,
    "reopen": _always("Mở lại hồ sơ", "Reopened the case", is_main=True),
    "close": _always("Kết thúc hồ sơ", "Closed the case", is_main=True),
    "reveal_identity": _revealed,
    "write_note": _noted,
    "retry_incident": _always("Xử lý lại sau sự cố kỹ thuật", "Tried again after a technical fault"),
}
