"""Finding the people a breach affects: by what an account looked at and worked on, by an export, by cases, or by the time of sending.

The results are reports, meaning their senders, and citizens' accounts: nobody is named here and nothing sealed is opened. Quarantined
reports are in no list and no count (rules.md, section 6, "Quarantine"): their confidential reader sees to them.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, insert, literal, select
from sqlalchemy.orm import joinedload

from casework.bilingual import Bilingual
from casework.db import db
from casework.models import (
    Account,
    Breach,
    BreachSearch,
    BreachSubject,
    Case,
    CaseReport,
    Event,
    EventStream,
    LoginSession,
    Output,
    Report,
    Reporter,
)
from casework.models.events import LOOKS
from casework.permissions import Actor, NotAllowed
from casework.privacy.look_reasons import looks_of_output
from casework.rights.breaches import BreachRefused, record_breach, refuse_closed
from casework.rights.lists import centres_with_heirs
from casework.settings.scopes import works_in
from casework.text import normal

MOST_FOUND = 100_000
"""Reports and accounts one search may find; larger searches are done in parts."""
MOST_CODES = 500
PAGE = 50
MOST_SESSIONS = 50

BY_ACCOUNT, BY_SESSION, BY_OUTPUT, BY_CASES, BY_CENTRE, BY_CITIZENS = "account", "session", "output", "cases", "centre", "citizens"
WAY_LABELS: dict[str, Bilingual] = {
    BY_ACCOUNT: Bilingual("Một tài khoản cán bộ, trong một khoảng thời gian", "An account of staff, in a time"),
    BY_SESSION: Bilingual("Một phiên đăng nhập", "A session"),
    BY_OUTPUT: Bilingual("Một tệp kết xuất có thông tin người gửi", "An export that names senders"),
    BY_CASES: Bilingual("Các mã phản ánh, hồ sơ", "Codes of reports and cases"),
    BY_CENTRE: Bilingual("Mọi phản ánh gửi trong một khoảng thời gian", "Every report sent in a time"),
    BY_CITIZENS: Bilingual("Mọi tài khoản người dân lập trong một khoảng thời gian", "Every account of citizens made in a time"),
}


@dataclass(frozen=True, slots=True)
class Period:
    """From an instant until before another; `first` None: from the beginning."""

    first: datetime | None
    until: datetime


@dataclass(frozen=True, slots=True)
class AffectedPeople:
    """Who may be affected: reports and accounts as queries, and how they were found, in refs and instants."""

    way: str
    facts: dict[str, Any]
    reports: Select[int] | None = None
    accounts: Select[int] | None = None


@dataclass(frozen=True, slots=True)
class AffectedCounts:
    """How many are affected: reports, accounts, the people behind them as far as known, and how many were told."""

    reports: int
    accounts: int
    people: int
    told: int
    unreachable: int
    untold: int


# # -- searches ------------------------------------------------------------------------------------------------------------------


def by_account(breach: Breach, login: str, time: Period) -> AffectedPeople:
    """Everything an account left a trace of in a period: looks, exports with names, requests about data, and each case it worked on.

    Reading a case page without acting is not recorded; where that matters, search its centre's reports by time. Raises BreachRefused.
    """
    account = _staff(breach, login)
    return _by_account(breach, account, time, BY_ACCOUNT, {"account": account.ref})


def by_session(breach: Breach, ref: str) -> AffectedPeople:
    """The same for the time a session was open. Other sessions of the account at that time are not distinguished. Raises BreachRefused."""
    query = select(LoginSession).join(Account, Account.id == LoginSession.account_id)
    session = db.session.scalars(query.where(LoginSession.ref == ref, works_in(_places(breach)))).first()
    if session is None:
        raise BreachRefused("Không có phiên đăng nhập này.", "There is no such session.")
    time = Period(session.created_at, session.revoked_at or session.expires_at)
    return _by_account(breach, session.account, time, BY_SESSION, {"account": session.account.ref, "session": session.ref})


def by_output(breach: Breach, ref: str) -> AffectedPeople:
    """The senders an export named. Raises BreachRefused, including for one that names nobody."""
    output = db.session.scalars(select(Output).where(Output.ref == normal(ref))).first()
    if output is None or not _is_at(breach, output.centre_id):
        raise BreachRefused("Không có tệp nào có mã này.", "No file has that code.", about="output")
    if not output.has_identity:
        raise BreachRefused(
            "Tệp này không có thông tin người gửi. Nếu nội dung vẫn cho biết là ai, xin tìm theo mã hồ sơ.",
            "This file names no senders. Where its words tell all the same, please go by the codes of cases.",
            about="output",
        )
    codes = [str(told.get("report")) for told in looks_of_output(output.ref, since=output.asked_at, most=MOST_FOUND)]
    return AffectedPeople(BY_OUTPUT, {"output": output.ref}, _reports(breach, Report.code.in_(codes)))


def by_cases(breach: Breach, typed: str) -> AffectedPeople:
    """The senders of every report of some cases, by codes of either. Raises BreachRefused for an unknown one."""
    codes = sorted({normal(code).upper() for code in re.split(r"[\s,;]+", typed) if code})
    if not 1 <= len(codes) <= MOST_CODES:
        raise BreachRefused(f"Vui lòng ghi từ 1 đến {MOST_CODES} mã.", f"Please give 1 to {MOST_CODES} codes.", about="codes")
    links = select(CaseReport.case_id, Report.code).join(Report, Report.id == CaseReport.report_id)
    links = links.join(Case, Case.id == CaseReport.case_id).where(CaseReport.left_at.is_(None), Report.code.in_(codes), *_within(breach))
    rows = db.session.execute(links).all()
    if unknown := sorted(set(codes) - {row.code for row in rows}):
        names = ", ".join(unknown[:5]) + (" …" if len(unknown) > 5 else "")
        raise BreachRefused(f"Không có mã: {names}", f"There is no such code: {names}", about="codes")
    return AffectedPeople(BY_CASES, {"codes": codes}, _reports(breach, CaseReport.case_id.in_([row.case_id for row in rows])))


def by_centre(breach: Breach, centre_id: int | None, time: Period) -> AffectedPeople:
    """Every report sent in a period, to a centre or, for a breach of the installation, to all. Raises NotAllowed."""
    if not _is_at(breach, centre_id):
        raise NotAllowed
    where = _during(Report.filed_at, time)
    if centre_id is not None:
        where.append(Report.centre_id.in_(sorted(centres_with_heirs({centre_id}))))
    return AffectedPeople(BY_CENTRE, {"centre_id": centre_id, **_facts(time)}, _reports(breach, *where))


def by_citizens(breach: Breach, time: Period) -> AffectedPeople:
    """Every citizen's account made in a period; they belong to no centre. Raises NotAllowed for a centre's breach."""
    if breach.centre_id is not None:
        raise NotAllowed
    accounts = select(Account.id).where(Account.kind == "citizen", Account.sealed_identity.is_not(None), *_during(Account.created_at, time))
    return AffectedPeople(BY_CITIZENS, _facts(time), accounts=accounts)


def sessions_during(breach: Breach, login: str) -> list[LoginSession]:
    """The newest sessions of an account, for choosing one. Raises BreachRefused."""
    account = _staff(breach, login)
    query = select(LoginSession).where(LoginSession.account_id == account.id).order_by(LoginSession.created_at.desc()).limit(MOST_SESSIONS)
    return list(db.session.scalars(query))


# # -- adding the affected --------------------------------------------------------------------------------------------------------


def work_out(breach: Breach, found: AffectedPeople, *, by: Actor, now: datetime) -> BreachSearch:
    """Add the people found to a breach, unless they are there already. Records `work_out_affected` with numbers only.

    Raises NotAllowed, BreachRefused where the breach is closed, nobody was found, or too many at once.
    """
    refuse_closed(breach, by=by)
    number = sum(_count(query) for query in (found.reports, found.accounts) if query is not None)
    if number == 0:
        raise BreachRefused("Không tìm thấy ai theo cách này.", "Nobody is found in this way.")
    if number > MOST_FOUND:
        raise BreachRefused(
            f"Nhiều hơn {MOST_FOUND} phản ánh. Vui lòng chia thành các khoảng thời gian ngắn hơn.",
            f"More than {MOST_FOUND} reports. Please work it out in shorter times.",
        )
    search = BreachSearch(
        breach_id=breach.id, way=found.way, facts=found.facts, found=number, added=0, made_at=now, made_by_id=by.account_id
    )
    db.session.add(search)
    db.session.flush()
    for column, query in ((BreachSubject.report_id, found.reports), (BreachSubject.account_id, found.accounts)):
        if query is not None:
            _add(breach, search, column, query)
    search.added = db.session.scalar(select(func.count()).where(BreachSubject.search_id == search.id)) or 0
    record_breach(breach, "work_out_affected", by=by, at=now, way=found.way, found=number, added=search.added)
    db.session.flush()
    return search


def subjects_of(breach: Breach, *, after: int = 0, limit: int = PAGE, centre_id: int | None = None) -> list[BreachSubject]:
    """Some of those affected, in the order found; for one centre those whose case is there now."""
    query = _shown(breach).where(BreachSubject.id > after).order_by(BreachSubject.id).limit(limit)
    query = query.options(joinedload(BreachSubject.report))
    if centre_id is not None:
        query = query.where(BreachSubject.report_id.in_(_current(Case.centre_id.in_(sorted(centres_with_heirs({centre_id}))))))
    return list(db.session.scalars(query))


def counts_of(breach: Breach) -> AffectedCounts:
    shown = _shown(breach).with_only_columns(
        BreachSubject.report_id, BreachSubject.account_id, BreachSubject.told, Reporter.account_id.label("owner"),
        Reporter.id.label("sender"),
    )  # fmt: skip
    shown = shown.outerjoin(Report, Report.id == BreachSubject.report_id).outerjoin(Reporter, Reporter.id == Report.reporter_id)
    rows = shown.subquery()
    account = func.coalesce(rows.c.account_id, rows.c.owner)
    with_account = func.count(account.distinct())
    without = func.count(rows.c.sender.distinct()).filter(account.is_(None))
    found = db.session.execute(
        select(
            func.count(rows.c.report_id), func.count(rows.c.account_id), with_account, without,
            func.count().filter(rows.c.told.is_(True)), func.count().filter(rows.c.told.is_(False)),
            func.count().filter(rows.c.told.is_(None)),
        )
    ).one()  # fmt: skip
    reports, accounts, owners, senders, told, unreachable, untold = found
    return AffectedCounts(reports, accounts, owners + senders, told, unreachable, untold)


def _add(breach: Breach, search: BreachSearch, column: Any, query: Select[int]) -> None:
    ids = query.distinct().subquery()
    (id_,) = ids.c
    is_known = exists().where(BreachSubject.breach_id == breach.id, column == id_)
    rows = select(literal(breach.id), literal(search.id), id_).where(~is_known)
    db.session.execute(insert(BreachSubject).from_select(["breach_id", "search_id", column.key], rows))


def _count(query: Select[int]) -> int:
    return db.session.scalar(select(func.count()).select_from(query.distinct().limit(MOST_FOUND + 1).subquery())) or 0


def without_those_apart() -> ColumnElement[bool]:
    """The condition for affected subjects without quarantined reports, evaluated per subject and not over all reports."""
    is_its = (CaseReport.report_id == BreachSubject.report_id, CaseReport.left_at.is_(None), Case.id == CaseReport.case_id)
    return BreachSubject.report_id.is_(None) | exists().where(*is_its, Case.quarantined_at.is_(None))


def _shown(breach: Breach) -> Select[BreachSubject]:
    return select(BreachSubject).where(BreachSubject.breach_id == breach.id, without_those_apart())


def _current(*where: ColumnElement[bool]) -> Select[int]:
    """The reports of cases that are not quarantined."""
    query = select(CaseReport.report_id).join(Case, Case.id == CaseReport.case_id)
    return query.where(CaseReport.left_at.is_(None), Case.quarantined_at.is_(None), *where)


def _reports(breach: Breach, *where: ColumnElement[bool]) -> Select[int]:
    """Reports with a sender, within the breach's centre."""
    query = select(Report.id).join(CaseReport, CaseReport.report_id == Report.id).join(Case, Case.id == CaseReport.case_id)
    return query.where(CaseReport.left_at.is_(None), Report.reporter_id.is_not(None), *_within(breach), *where)


def _within(breach: Breach) -> list[ColumnElement[bool]]:
    """Conditions on cases: of the breach's centre, and not quarantined."""
    places = _places(breach)
    return [Case.quarantined_at.is_(None), *([] if places is None else [Case.centre_id.in_(sorted(places))])]


def _by_account(breach: Breach, account: Account, time: Period, way: str, facts: dict[str, Any]) -> AffectedPeople:
    """Only cases with events after the time began, because their streams are found by that."""
    during = [Event.actor_id == account.id, *_during(Event.at, time)]
    touched = select(Event.case_id).where(Event.case_id.is_not(None), *during)
    if time.first is not None:
        went_on = select(EventStream.stream).where(EventStream.changed_at >= time.first)
        touched = touched.where(Event.stream.in_(went_on))
    asked = select(Event.stream).where(LOOKS, Event.case_id.is_(None), Event.type == "look_at_data_request", *during).limit(MOST_FOUND)
    refs = {stream.partition(":")[2] for stream in db.session.scalars(asked)}
    people = list(db.session.scalars(select(Account.id).where(Account.ref.in_(refs)))) if refs else []
    own = select(Report.id).join(Reporter, Reporter.id == Report.reporter_id).where(Reporter.account_id.in_(people))
    reports = _reports(breach, CaseReport.case_id.in_(touched) | Report.id.in_(own) if people else CaseReport.case_id.in_(touched))
    accounts = select(Account.id).where(Account.id.in_(people)) if people else None
    return AffectedPeople(way, {**facts, **_facts(time)}, reports, accounts)


def _staff(breach: Breach, login: str) -> Account:
    account = db.session.scalars(select(Account).where(Account.login == normal(login), works_in(_places(breach)))).first()
    if account is None:
        raise BreachRefused("Không có cán bộ nào có tên đăng nhập này.", "No member of staff has that user name.", about="login")
    return account


def _places(breach: Breach) -> Collection[int] | None:
    return None if breach.centre_id is None else centres_with_heirs({breach.centre_id})


def _is_at(breach: Breach, centre_id: int | None) -> bool:
    places = _places(breach)
    return places is None or centre_id in places


def _during(column: Any, time: Period) -> list[ColumnElement[bool]]:
    return [column < time.until] if time.first is None else [column >= time.first, column < time.until]


def _facts(time: Period) -> dict[str, str | None]:
    return {"from": time.first.isoformat() if time.first is not None else None, "until": time.until.isoformat()}
