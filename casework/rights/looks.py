"""Looks at a person's identity, as the person reads them: time, role, body and occasion, without names.

Read from the events recorded before anything is shown. The reasons are in the copy of the person's data.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from casework.bilingual import Bilingual
from casework.db import db
from casework.erasure.reasons_to_look import LOOKS
from casework.models import Case, CaseReport, Event, Membership, Report
from casework.permissions import Role
from casework.privacy.look_reasons import payloads_told
from casework.rights.requests import Person, account_stream, reports_of_account
from casework.settings.role_labels import ROLE_WORDS

MOST_SHOWN = 100
MOST_REPORTS = 200
"""The newest reports of an account; looks at older ones are in the copy of the data."""

OCCASIONS = {
    "reveal_identity": Bilingual("Xem họ tên, cách liên hệ để xử lý phản ánh", "Looked at name and contact to handle the report"),
    "export_identity": Bilingual("Lập danh sách có thông tin người gửi", "Made a list that names senders"),
    "look_at_data_request": Bilingual("Xem để giải quyết yêu cầu về dữ liệu cá nhân", "Looked to decide a request about personal data"),
}


@dataclass(frozen=True, slots=True)
class Look:
    """One look. `role` and `body` are those of the person who looked; empty where nobody holds them any more."""

    at: datetime
    occasion: Bilingual
    code: str
    role: Bilingual | None
    body: Bilingual | None


def looks_at(person: Person) -> list[Look]:
    """The newest looks at a person, newest first, without those whose reason was erased with the person's name."""
    reports = [person.report] if person.report is not None else []
    which = []
    if person.account is not None:
        reports = reports_of_account(person.account.id)[-MOST_REPORTS:]
        which.append(Event.stream == account_stream(person.account))
    codes = {report.code for report in reports}
    which.append(Event.case_id.in_(_cases_of(reports)))
    query = select(Event).where(or_(*which), Event.type.in_(LOOKS)).order_by(Event.id.desc()).limit(MOST_SHOWN)
    found = list(db.session.scalars(query))
    told = {event_id: payload or {} for event_id, payload in payloads_told(found).items()}
    events = [event for event in found if event.case_id is None or told[event.id].get("report") in codes]
    seats = _seats({event.actor_id for event in events if event.actor_id is not None})
    return [
        Look(event.at, OCCASIONS[event.type], str(told[event.id].get("report") or ""), *seats.get(event.actor_id or 0, (None, None)))
        for event in events
    ]


def _cases_of(reports: Sequence[Report]) -> list[int]:
    """Without quarantined cases, which nobody learns of here."""
    query = select(CaseReport.case_id).join(Case, Case.id == CaseReport.case_id).where(Case.quarantined_at.is_(None))
    return list(db.session.scalars(query.where(CaseReport.report_id.in_([report.id for report in reports])).distinct()))


def _seats(account_ids: set[int]) -> dict[int, tuple[Bilingual, Bilingual | None]]:
    query = select(Membership).where(Membership.account_id.in_(account_ids)).order_by(Membership.id)
    rows = db.session.scalars(query.options(joinedload(Membership.centre), joinedload(Membership.agency)))
    return {row.account_id: (ROLE_WORDS[Role(row.role)], _body(row)) for row in rows}


def _body(row: Membership) -> Bilingual | None:
    body = row.agency or row.centre
    return body.name if body is not None else None
