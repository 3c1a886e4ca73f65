"""The log of looks at senders' identities and of exported lists, read from the events recorded before anything is shown.

Inspectors read the reasons too, which are staff's own words about a case; administrators read events without content (rules.md, section
2). Looks at a quarantined case are in no list (rules.md, section 6, "Quarantine"). Opening the page of a case without looking at its
sender is not recorded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, literal, or_, select, tuple_
from sqlalchemy.orm import joinedload

from casework.bilingual import Bilingual
from casework.db import db
from casework.documents.kinds import KINDS as LETTER_KINDS
from casework.documents.register import number_words
from casework.errors import CaseworkError
from casework.local_time import LOCAL_ZONE
from casework.models import Account, Case, CaseReport, Event, Report
from casework.models.events import LOOKS
from casework.outputs.kinds import KINDS
from casework.permissions import Action, Actor, Role
from casework.privacy.look_reasons import Payload, payloads_told
from casework.rights.lists import centres_where
from casework.settings.scopes import works_in
from casework.text import normal

PAGE = 50
LOOKED_AT = 2_000
"""Looks one page reads: of all centres' looks, those of one may be few."""
LONGEST_CODE, LONGEST_LOGIN = 24, 60

OCCASIONS: dict[str, Bilingual] = {
    "reveal_identity": Bilingual("Xem người gửi của một phản ánh", "Looked at the sender of a report"),
    "export_identity": Bilingual("Lấy ra danh sách có thông tin người gửi", "Took out a list that names senders"),
    "look_at_data_request": Bilingual("Xem để giải quyết yêu cầu về dữ liệu", "Looked to decide a request about data"),
    "look_up_phone": Bilingual("Tìm hồ sơ theo số điện thoại", "Looked cases up by a telephone number"),
    "order_output": Bilingual("Đặt tạo tệp", "Had a file made"),
    "fetch_output": Bilingual("Tải tệp về", "Downloaded a file"),
    "export_by_command": Bilingual("Kết xuất bằng dòng lệnh", "Exported on the command line"),
}


class LogRefused(CaseworkError):
    """There is no such person or case; the text says which."""


@dataclass(frozen=True, slots=True)
class LookFilter:
    """The filter of the list: whose looks (user name), of which case (code of it or of a report), on which local days."""

    login: str = ""
    code: str = ""
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class LoggedLook:
    """One look. `reason` is None for readers who may not know it; `is_erased`: what it was about was erased with the person's data."""

    id: int
    at: datetime
    who: str
    login: str
    instead_of: str
    occasion: Bilingual
    code: str
    file: str
    output: str
    number: int | None
    reason: str | None
    is_erased: bool


@dataclass(frozen=True, slots=True)
class LookPage:
    """Some looks, newest first, and the number after which the next page begins; None at the end."""

    looks: list[LoggedLook]
    next_before: int | None


def looks_logged(by: Actor, wanted: LookFilter, *, before: int | None = None, centre_id: int | None = None, limit: int = PAGE) -> LookPage:
    """A page of the looks the reader may know of: in their centres, or with `centre_id` in that one. Raises LogRefused."""
    centres = centres_where(by, Action.READ_LOOKS)
    if centre_id is not None:
        centres = {centre_id} if centres is None or centre_id in centres else set()
    looked_at = _narrowed(wanted, centres, before).order_by(Event.at.desc(), Event.id.desc())
    within = looked_at.with_only_columns(Event.id).limit(LOOKED_AT).subquery()
    query = select(Event, Case).outerjoin(Case, Case.id == Event.case_id).where(Event.id.in_(select(within.c.id)))
    query = query.where(or_(Event.case_id.is_(None), Case.quarantined_at.is_(None)), *_of_centres(centres))
    query = query.options(joinedload(Event.actor)).order_by(Event.at.desc(), Event.id.desc())
    found = [(row[0], row[1]) for row in db.session.execute(query.limit(limit + 1))]
    if len(found) > limit:
        return LookPage(_told(found[:limit], by), found[limit - 1][0].id)
    last = db.session.scalar(looked_at.with_only_columns(Event.id).offset(LOOKED_AT - 1).limit(1))
    return LookPage(_told(found, by), last)


def _narrowed(wanted: LookFilter, centres: set[int] | None, before: int | None) -> Select[Any]:
    query = select(Event).where(LOOKS)
    if before is not None:
        at = select(Event.at).where(Event.id == before).scalar_subquery()
        query = query.where(tuple_(Event.at, Event.id) < tuple_(at, literal(before)))
    if wanted.first is not None:
        query = query.where(Event.at >= _start(wanted.first))
    if wanted.last is not None:
        query = query.where(Event.at < _start(wanted.last + timedelta(days=1)))
    if wanted.login:
        query = query.where(Event.actor_id == _account(wanted.login, centres).id)
    if wanted.code:
        query = query.where(Event.case_id.in_(_cases(wanted.code, centres)))
    return query


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), LOCAL_ZONE)


def _account(login: str, centres: set[int] | None) -> Account:
    account = db.session.scalars(select(Account).where(Account.login == normal(login), works_in(centres))).first()
    if account is None:
        raise LogRefused("Không có cán bộ nào có tên đăng nhập này.", "No member of staff has that user name.")
    return account


def _cases(code: str, centres: set[int] | None) -> list[int]:
    """The cases a report is or was in; quarantined ones are not found."""
    query = select(Case.id).join(CaseReport, CaseReport.case_id == Case.id).join(Report, Report.id == CaseReport.report_id)
    query = query.where(Report.code == normal(code).upper(), Case.quarantined_at.is_(None))
    if centres is not None:
        query = query.where(Case.centre_id.in_(sorted(centres)))
    ids = list(db.session.scalars(query.distinct()))
    if not ids:
        raise LogRefused("Không có hồ sơ hoặc phản ánh nào có mã này.", "No case or report has that code.")
    return ids


def _of_centres(centres: set[int] | None) -> list[ColumnElement[bool]]:
    """A look without a case belongs to the centre of its list, or else to the centre where the person works."""
    if centres is None:
        return []
    of_list = Event.payload["centre_id"].as_integer()
    people = select(Account.id).where(works_in(centres))
    by_people = and_(Event.case_id.is_(None), of_list.is_(None), Event.actor_id.in_(people))
    return [or_(Case.centre_id.in_(sorted(centres)), and_(Event.case_id.is_(None), of_list.in_(sorted(centres))), by_people)]


def _told(found: Sequence[tuple[Event, Case | None]], by: Actor) -> list[LoggedLook]:
    principals = {event.on_behalf_of_id for event, _ in found} - {None}
    names = dict(db.session.execute(select(Account.id, Account.full_name).where(Account.id.in_(principals))).tuples()) if principals else {}
    told = payloads_told(event for event, _ in found)
    return [_look(event, told[event.id], case, names.get(event.on_behalf_of_id or 0) or "", by) for event, case in found]


def _look(event: Event, told: Payload | None, case: Case | None, instead_of: str, by: Actor) -> LoggedLook:
    payload, actor = told or {}, event.actor
    key = str(payload.get("kind") or "")
    kind = LETTER_KINDS[key] if "letter" in payload and key in LETTER_KINDS else KINDS.get(key)
    file = kind.name.vi if kind is not None else ""
    if "letter" in payload:
        file = f"{file} {number_words(payload['number'], payload['symbol'])}"
    reads_reason = by.holds([Role.INSPECTOR], centre_id=case.centre_id if case is not None else payload.get("centre_id"))
    number = next((payload[name] for name in ("rows", "found") if isinstance(payload.get(name), int)), None)
    return LoggedLook(
        id=event.id, at=event.at, who=(actor.full_name or "") if actor is not None else "", login=(actor.login or "") if actor else "",
        instead_of=instead_of, occasion=OCCASIONS[event.type], code=str(payload.get("report") or (case.code if case is not None else "")),
        file=file, output=str(payload.get("output") or ""), number=number,
        reason=str(payload.get("reason") or "") if reads_reason else None, is_erased=payload.get("reason", "") is None or told is None,
    )  # fmt: skip
