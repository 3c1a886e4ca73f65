"""What the worker makes because somebody asked: ordered, leased to one worker, kept for some days, dropped when a case leaves the system.

An order holds no rows, only what was asked. What is in the file is looked up when it is made, within what the person may see then; who has
lost the role meanwhile gets a refusal. Personal data are in it by EXPORT_IDENTITY alone, with a reason that is written down.
"""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update
from sqlalchemy.orm import joinedload

from casework.db import db
from casework.errors import CaseworkError
from casework.events import append
from casework.file_store import StoredFile
from casework.folding import normal
from casework.identity import SHORTEST_REASON
from casework.messages.desks import readers_of
from casework.models import Account, Agency, Case, CaseSuccession, Centre, File, Output, ReportSchedule
from casework.outbox import tell_of_schedule
from casework.permissions import ACTION_ROLES, AGENCY_ROLES, Action, Actor, NotAllowed, Role, actor_for, desk_name
from casework.settings.values import value_of
from casework.words import Bilingual

LOGGER = logging.getLogger("langbiang.outputs")

STREAM = "outputs"
"""Where is written what was ordered, made and fetched; a case's own history tells whose identity went out."""

LEASE = timedelta(minutes=5)
"""How long a worker may be silent about what it makes; then another takes it up."""
WAITS = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10), timedelta(hours=1))
"""Before each further attempt."""
MOST_ATTEMPTS = len(WAITS) + 1
MOST_WAITING = 5
"""Of one person: nobody's orders keep everybody else's waiting."""
LONGEST_REASON = 300
LONGEST_PARAMETERS = 8_000
PAGE = 25


class OutputRefused(CaseworkError):
    """It cannot be ordered, made or fetched so; the text says why."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of output: who orders it is who may do all of `needs` in the centre.

    `holds_cases`: it tells of single cases, so it is thrown away when one of them leaves the system. `can_name`: with reason and
    right it holds who sent reports.
    """

    key: str
    name: Bilingual
    forms: tuple[str, ...]
    needs: tuple[Action, ...]
    holds_cases: bool = True
    can_name: bool = False


TABLES = ("xlsx", "csv", "json")
DOCUMENTS = ("pdf", "xlsx", "json")

KINDS: dict[str, Kind] = {
    kind.key: kind
    for kind in (
        Kind("cases", Bilingual("Danh sách hồ sơ", "List of cases"), TABLES, (Action.EXPORT_LIST, Action.SEARCH_CASES), can_name=True),
        Kind("inbox", Bilingual("Việc đang chờ", "Work that waits"), TABLES, (Action.EXPORT_LIST, Action.READ_INBOX)),
        Kind("late", Bilingual("Danh sách trễ hạn", "List of late cases"), TABLES, (Action.EXPORT_LIST, Action.READ_LATE)),
        Kind("letters", Bilingual("Danh sách văn bản", "List of letters"), TABLES, (Action.EXPORT_LIST, Action.READ_LETTERS)),
        Kind("register", Bilingual("Sổ đăng ký văn bản đi", "Register of documents"), TABLES, (Action.EXPORT_LIST, Action.READ_LETTERS)),
        Kind("figures", Bilingual("Bảng thống kê", "Table of figures"), TABLES, (Action.EXPORT_LIST, Action.READ_STATISTICS),
             holds_cases=False),
        Kind("setting_events", Bilingual("Nhật ký thiết lập", "Changes of settings"), TABLES,
             (Action.EXPORT_LIST, Action.READ_SETTING_EVENTS), holds_cases=False),
        Kind("case_file", Bilingual("Hồ sơ vụ việc", "Case file"), ("pdf", "json"), (Action.PRINT_CASE_FILE,)),
        Kind("period_report", Bilingual("Báo cáo kỳ", "Report of a period"), DOCUMENTS, (Action.READ_STATISTICS,)),
        Kind("agency_sheet", Bilingual("Phiếu đơn vị", "Agency sheet"), DOCUMENTS, (Action.READ_STATISTICS,)),
        Kind("yearbook", Bilingual("Niên giám công khai", "Public yearbook"), DOCUMENTS, (Action.READ_STATISTICS,)),
    )
}  # fmt: skip
"""Every kind. What makes one is in web.outputs.making.MAKERS."""


# -- ordered -------------------------------------------------------------------------------------------------------------


def order_output(
    kind: str, form: str, parameters: Mapping[str, Any], *, by: Actor, now: datetime, centre_id: int, agency_id: int | None = None,
    case: Case | None = None, with_identity: bool = False, reason: str | None = None,
) -> Output:  # fmt: skip
    """Write down what is asked; the worker makes it. Records `order_output`.

    `parameters` are refs, days and filters, no personal data. What is asked already and not made yet is not asked twice. Raises
    NotAllowed, and OutputRefused for a form there is not, too many orders, or personal data without a reason.
    """
    chosen = KINDS.get(kind)
    if chosen is None or form not in chosen.forms:
        raise OutputRefused("Không có loại tệp này.", "There is no such file.")
    reason = normal(reason or "") or None
    refuse_order(chosen, by=by, centre_id=centre_id, with_identity=with_identity, reason=reason)
    if len(orjson.dumps(parameters)) > LONGEST_PARAMETERS:
        raise OutputRefused("Bộ lọc quá dài.", "The filter is too long.")
    waiting = list(db.session.scalars(select(Output).where(Output.asked_by_id == by.account_id, under_way())))
    for row in waiting:
        asked = (row.kind, row.form, row.parameters, row.centre_id, row.agency_id, row.case_id, row.has_identity)
        if asked == (kind, form, dict(parameters), centre_id, agency_id, case.id if case else None, with_identity):
            return row
    if len(waiting) >= MOST_WAITING:
        raise OutputRefused(
            f"Ông/Bà đang có {MOST_WAITING} tệp chờ tạo. Xin đợi hoặc bỏ bớt.",
            f"{MOST_WAITING} files are being made for you. Please wait, or take one back.",
        )
    output = Output(
        kind=kind, form=form, parameters=dict(parameters), centre_id=centre_id, agency_id=agency_id, case_id=case.id if case else None,
        has_identity=with_identity, reason=reason if with_identity else None, state="waiting", asked_by_id=by.account_id,
        on_behalf_of_id=_principal(by, chosen, centre_id), asked_at=now, due_at=now,
    )  # fmt: skip
    db.session.add(output)
    db.session.flush()
    _record("order_output", output, by=by, at=now, has_identity=with_identity)
    return output


def refuse_order(kind: Kind, *, by: Actor, centre_id: int, with_identity: bool = False, reason: str | None = None) -> None:
    """Raise NotAllowed unless the person may have that of the centre; OutputRefused for personal data without a reason."""
    needs = (*kind.needs, Action.EXPORT_IDENTITY) if with_identity else kind.needs
    if (with_identity and not kind.can_name) or not all(may_in_centre(by, action, centre_id) for action in needs):
        raise NotAllowed
    if with_identity and not SHORTEST_REASON <= len(reason or "") <= LONGEST_REASON:
        raise OutputRefused(
            f"Vui lòng nêu rõ lý do lấy thông tin người gửi ({SHORTEST_REASON} đến {LONGEST_REASON} ký tự).",
            f"Please give the reason for taking out who sent reports ({SHORTEST_REASON} to {LONGEST_REASON} characters).",
        )


def may_in_centre(by: Actor, action: Action, centre_id: int) -> bool:
    """Whether the person may do it in a centre: by a role there, of the whole installation, or of one of its agencies."""
    roles = ACTION_ROLES[action]
    held = [grant for grant in by.grants if grant.role in roles]
    if any(grant.role not in AGENCY_ROLES and grant.centre_id in (None, centre_id) for grant in held):
        return True
    agencies = {grant.agency_id for grant in held if grant.role in AGENCY_ROLES}
    theirs = select(Agency.id).where(Agency.id.in_(agencies), Agency.centre_id == centre_id)
    return bool(agencies) and db.session.scalar(theirs.limit(1)) is not None


def centres_ordered_in(kind: Kind, *, by: Actor) -> list[Centre]:
    """The centres of which the person may have an output of that kind, by name; who has a role in the whole installation, of all."""
    held = {action: [grant for grant in by.grants if grant.role in ACTION_ROLES[action]] for action in kind.needs}
    agencies = {grant.agency_id for grants in held.values() for grant in grants if grant.role in AGENCY_ROLES}
    homes = {row.id: row.centre_id for row in db.session.execute(select(Agency.id, Agency.centre_id).where(Agency.id.in_(agencies)))}
    query = select(Centre).order_by(Centre.code_prefix)
    for grants in held.values():
        places = {homes.get(grant.agency_id or 0) if grant.role in AGENCY_ROLES else grant.centre_id for grant in grants}
        if not any(grant.role not in AGENCY_ROLES and grant.centre_id is None for grant in grants):
            query = query.where(Centre.id.in_([place for place in places if place is not None]))
    return list(db.session.scalars(query))


def retry_output(output: Output, *, by: Actor, now: datetime) -> None:
    """Let it be tried again: what failed, or what has run out and names nobody. What a schedule ordered is tried again by who may
    schedule, in the name of whose schedule it is. Raises NotAllowed, OutputRefused."""
    if output.schedule_id is None:
        _refuse_others(output, by)
    elif not may_schedule(by, output.centre_id):
        raise NotAllowed
    if output.state != "failed" and not (output.state == "expired" and not output.has_identity):
        raise OutputRefused("Tệp này không cần tạo lại.", "This file need not be made again.")
    refuse_order(KINDS[output.kind], by=by, centre_id=output.centre_id, with_identity=output.has_identity, reason=output.reason)
    _let_go_of_file(output, now)
    output.state, output.due_at, output.attempts, output.done, output.total = "waiting", now, 0, 0, None
    output.error = output.error_en = output.ended_at = output.expires_at = output.leased_until = None
    db.session.flush()


def drop_output(output: Output, *, by: Actor, now: datetime) -> None:
    """Take an order back, made or not; its file is erased. What a schedule made is kept. Raises NotAllowed."""
    _refuse_others(output, by)
    if output.state != "dropped":
        _let_go_of_file(output, now)
        output.state, output.ended_at, output.leased_until = "dropped", output.ended_at or now, None
        db.session.flush()


# -- read ----------------------------------------------------------------------------------------------------------------


def outputs_seen(by: Actor, *, before: int | None = None, limit: int = PAGE) -> list[Output]:
    """A page of what the person ordered, the newest first; `before` is the row the last page ended with."""
    query = _of(by).where(Output.state != "dropped").order_by(Output.asked_at.desc(), Output.id.desc()).limit(limit)
    if before is not None:
        asked_at = select(Output.asked_at).where(Output.id == before).scalar_subquery()
        query = query.where(or_(Output.asked_at < asked_at, and_(Output.asked_at == asked_at, Output.id < before)))
    return list(db.session.scalars(query))


def output_seen(by: Actor, ref: str) -> Output | None:
    """One of the person's own orders, or what a schedule made and they may read; None where there is none: nobody fetches what somebody
    else ordered."""
    own = db.session.scalars(_of(by).where(Output.ref == ref, Output.state != "dropped")).first()
    if own is not None:
        return own
    made = select(Output).where(Output.ref == ref, Output.schedule_id.is_not(None), Output.state != "dropped")
    row = db.session.scalars(made.options(joinedload(Output.centre), joinedload(Output.file), joinedload(Output.schedule))).first()
    return row if row is not None and _reads_run(row, by) else None


def file_of(output: Output, *, by: Actor, now: datetime) -> File:
    """The file of an order that is ready, for who still may have it. Raises NotAllowed, OutputRefused once its time is over."""
    if output.schedule_id is None:
        _refuse_others(output, by)
    elif not _reads_run(output, by):
        raise NotAllowed
    refuse_order(KINDS[output.kind], by=by, centre_id=output.centre_id, with_identity=output.has_identity, reason=output.reason)
    is_over = output.expires_at is not None and output.expires_at <= now
    if output.state != "ready" or is_over or output.file is None or output.file.erased_at is not None:
        raise OutputRefused("Liên kết đã hết hạn, tệp đã bị xóa.", "The link has run out, and the file is deleted.")
    return output.file


def count_fetched(output: Output, *, by: Actor, now: datetime) -> None:
    """Write down that a file leaves the house: a number, and of one with personal data `fetch_output`."""
    output.fetched += 1
    if output.has_identity:
        _record("fetch_output", output, by=by, at=now, number=output.fetched)
    db.session.flush()


# -- of a schedule -------------------------------------------------------------------------------------------------------

READ_MATTER = frozenset({Role.OPERATOR, Role.OPS_LEAD, Role.COMMITTEE_LEADER})
"""Who reads the titles of a whole centre's cases, as whoever makes a schedule does."""


def may_schedule(by: Actor, centre_id: int) -> bool:
    """Whether the person may have things made by themselves in the centre."""
    return may_in_centre(by, Action.SCHEDULE_REPORT, centre_id)


def is_recipient(schedule: ReportSchedule, by: Actor) -> bool:
    """Whether a schedule names the person, or one of the desks they read now."""
    return f"account:{by.own_id}" in schedule.recipients or any(f"desk:{desk}" in schedule.recipients for desk in by.desks)


def reads_scheduled(kind: str, *, by: Actor, centre_id: int, agency_id: int | None) -> bool:
    """Whether the person may read what a schedule makes: of a whole centre by a role there, of an agency as its leader too.

    It is made as one person sees it and read by others: where it tells of cases, those alone who read their titles.
    """
    roles = frozenset.intersection(*(frozenset(Role(role) for role in ACTION_ROLES[action]) for action in KINDS[kind].needs))
    whole = (roles & READ_MATTER) if KINDS[kind].holds_cases else roles - AGENCY_ROLES
    if by.holds(whole, centre_id=centre_id):
        return True
    return agency_id is not None and by.holds(roles & {Role.AGENCY_LEADER}, agency_id=agency_id)


def _reads_run(output: Output, by: Actor) -> bool:
    if output.schedule is None or not (may_schedule(by, output.centre_id) or is_recipient(output.schedule, by)):
        return False
    return reads_scheduled(output.kind, by=by, centre_id=output.centre_id, agency_id=output.agency_id)


NOBODY = Bilingual(
    "Tệp đã có nhưng không gửi được: không còn ai ở nơi nhận được xem tệp này. Xin sửa người nhận của lịch.",
    "The file is there but was sent to nobody: nobody it is for may read it any more. Please change who gets it.",
)


def tell_of_run(output: Output, *, now: datetime, again: bool = False) -> bool:
    """Tell whom the schedule names where its file is; False where nobody is left. What is made anew is told of once, unless `again`."""
    schedule = output.schedule
    if schedule is None or (output.sent_at is not None and not again):
        return schedule is not None
    named = [each for each in schedule.recipients if _is_told(str(each), output, now)]
    for recipient in named:
        key = f"scheduled_output:{output.ref}:{recipient}{f':{now.timestamp():.6f}' if again else ''}"
        tell_of_schedule(recipient, "scheduled_output", at=now, key=key, document=list(KINDS[output.kind].name),
                         period=output.parameters.get("label"), output=output.ref)  # fmt: skip
    if named:
        output.sent_at = output.sent_at or now
        output.error = output.error_en = None
    else:
        output.error, output.error_en = NOBODY
    return bool(named)


def _tell_of_failure(output: Output, *, now: datetime) -> None:
    """Tell those who run the centre that a schedule needs them, once for each run."""
    schedule = output.schedule
    if schedule is not None:
        desk = desk_name(Role.OPS_LEAD, centre_id=output.centre_id)
        tell_of_schedule(f"desk:{desk}", "schedule_failed", at=now, key=f"schedule_failed:{output.ref}",
                         document=list(KINDS[output.kind].name), period=output.parameters.get("label"), schedule=schedule.ref)  # fmt: skip


def _is_told(recipient: str, output: Output, now: datetime) -> bool:
    """Whether somebody is there: a desk anybody reads, a person who may read the file now."""
    sort, _, name = recipient.partition(":")
    if sort == "desk":
        return bool(readers_of([name], now=now).get(name))
    by = actor_for(db.session.get(Account, int(name)), now=now)
    return reads_scheduled(output.kind, by=by, centre_id=output.centre_id, agency_id=output.agency_id)


# -- made ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Taken:
    """An order a worker has leased: until when, for which attempt, and which cases had left the system before it looked any up."""

    output_id: int
    until: datetime
    attempts: int
    quarantined: tuple[int, datetime | None]


STOPPED = Bilingual("Tiến trình tạo tệp bị dừng giữa chừng.", "The process that made it was stopped on its way.")
MADE_ANEW = Bilingual("Danh sách vừa thay đổi; tệp được tạo lại.", "The list has just changed; it is made anew.")


def has_output_to_make(now: datetime) -> bool:
    """Whether an order waits, or was left by a worker that is gone."""
    return db.session.scalar(select(Output.id).where(_is_due(now)).limit(1)) is not None


def take_output(now: datetime) -> Taken | None:
    """Lease the order that has waited longest; None where there is none. One no worker came to the end with is given up."""
    query = select(Output).where(_is_due(now)).order_by(Output.due_at, Output.id).limit(1).execution_options(populate_existing=True)
    if db.session.get_bind().dialect.name != "sqlite":
        query = query.with_for_update(skip_locked=True)
    while (output := db.session.scalars(query).first()) is not None:
        if output.attempts < MOST_ATTEMPTS:
            output.state, output.leased_until, output.attempts = "making", now + LEASE, output.attempts + 1
            db.session.flush()
            return Taken(output.id, now + LEASE, output.attempts, _quarantined())
        output.state, output.ended_at, output.leased_until = "failed", now, None
        output.error, output.error_en = STOPPED
        _tell_of_failure(output, now=now)
        db.session.flush()
    return None


def tell_of_output(taken: Taken, *, done: int, total: int | None, now: datetime) -> Taken | None:
    """Write down how far it has come and hold the lease longer; None where the order is not this worker's any more."""
    until = now + LEASE
    if not _write(taken, done=done, total=total, leased_until=until):
        return None
    return Taken(taken.output_id, until, taken.attempts, taken.quarantined)


def is_held(taken: Taken) -> bool:
    """Whether the order is still this worker's: nobody took it back, and no case of it left the system."""
    return db.session.scalar(select(Output.id).where(*_own(taken))) is not None


def finish_output(taken: Taken, stored: StoredFile, *, name: str, media_type: str, by: Actor, now: datetime) -> bool:
    """Keep the file of an order, from now until it runs out; False, and nothing is kept, where the order is not this worker's any more.

    Where a case left the system since the order was taken, its rows may hold it: it is made anew. What a schedule ordered is kept.
    """
    if taken.quarantined != _quarantined():
        anew = {"state": "waiting", "leased_until": None, "due_at": now, "attempts": taken.attempts - 1}
        _write(taken, **anew, error=MADE_ANEW.vi, error_en=MADE_ANEW.en)
        return False
    if not _write(taken, state="ready", leased_until=None, ended_at=now, name=name[:120], error=None, error_en=None):
        return False
    output = db.session.get_one(Output, taken.output_id, populate_existing=True)
    output.total = output.done = output.total if output.total is not None else output.done
    output.expires_at = _kept_until(output, now)
    old = db.session.scalars(select(File).where(File.output_id == output.id)).first()
    if old is not None:
        # the row of a file that was erased, as its order is made again: one order has one file
        db.session.delete(old)
        db.session.flush()
    db.session.add(
        File(
            output_id=output.id, audience="centre", rendition="document", stored_name=stored.stored_name, sha256=stored.sha256,
            size=stored.size, media_type=media_type, key_id=stored.key_id, width=0, height=0, created_at=now, created_by_id=by.own_id,
        )
    )  # fmt: skip
    if output.has_identity:
        _record("export_identity", output, by=by, at=now, rows=output.done)
    if output.schedule_id is not None and not tell_of_run(output, now=now):
        _tell_of_failure(output, now=now)
    db.session.flush()
    return True


def fail_output(taken: Taken, error: Bilingual, *, now: datetime, again: bool) -> bool:
    """Write down why it was not made; with `again` it is tried later, each time after a longer wait, MOST_ATTEMPTS times in all.

    False where the order is not this worker's any more.
    """
    words = {"error": error.vi[:300], "error_en": error.en[:300], "leased_until": None}
    if again and taken.attempts < MOST_ATTEMPTS:
        return _write(taken, state="waiting", due_at=now + WAITS[taken.attempts - 1], done=0, total=None, **words)
    is_own = _write(taken, state="failed", ended_at=now, **words)
    if is_own and (output := db.session.get_one(Output, taken.output_id, populate_existing=True)).schedule_id is not None:
        _tell_of_failure(output, now=now)
    return is_own


def actor_of(output: Output, *, now: datetime) -> Actor:
    """For whom it is made: who asked, with the roles they hold now; of a schedule, in whose name that is.

    Raises NotAllowed where the roles are lost; of a schedule OutputRefused, which says what is to be done.
    """
    if output.schedule is not None:
        return _scheduler_of(output, output.schedule.made_by, now)
    by = actor_for(output.asked_by, now=now)
    refuse_order(KINDS[output.kind], by=by, centre_id=output.centre_id, with_identity=output.has_identity, reason=output.reason)
    return by


def _scheduler_of(output: Output, account: Account, now: datetime) -> Actor:
    by = actor_for(account, now=now)
    is_read = reads_scheduled(output.kind, by=by, centre_id=output.centre_id, agency_id=output.agency_id)
    if not (is_read and may_schedule(by, output.centre_id)):
        raise OutputRefused(
            f"Lịch đứng tên {account.full_name}, người không còn quyền lập tệp này. Người phụ trách Trung tâm mở lịch, bấm “Thay đổi” rồi"
            " lưu lại để lịch đứng tên mình, sau đó thử lại.",
            f"The schedule is in the name of {account.full_name}, who may not have this file any more. Who runs the centre opens the"
            " schedule, presses “Change” and saves it, so that it is in their name, and tries again.",
        )
    return by


# -- erased --------------------------------------------------------------------------------------------------------------


def has_expired(now: datetime) -> bool:
    """Whether the time of a file is over."""
    return db.session.scalar(select(Output.id).where(_is_over(now)).limit(1)) is not None


def erase_expired(now: datetime, *, most: int = 100) -> int:
    """Let go of files whose time is over, and return how many; their bytes go with the job `erase_files`."""
    over = select(Output).where(_is_over(now)).order_by(Output.expires_at).limit(most).options(joinedload(Output.file))
    rows = list(db.session.scalars(over))
    for row in rows:
        _expire(row, now)
    db.session.flush()
    return len(rows)


def drop_outputs_of(cases: Collection[Case], *, at: datetime) -> int:
    """Let no output tell of cases that leave the system (rules.md, section 6, "Quarantine"), and return how many were let go of.

    Which cases a list holds is written nowhere: all of the centre's that tell of cases and were made since these were opened go. One
    that is being made is made anew.
    """
    if not cases:
        return 0
    since, centres = min(case.opened_at for case in cases), _linked({case.centre_id for case in cases})
    kinds = [kind.key for kind in KINDS.values() if kind.holds_cases]
    may_hold = or_(
        and_(Output.kind.in_(kinds), Output.centre_id.in_(centres), Output.case_id.is_(None)),
        Output.case_id.in_([case.id for case in cases]),
    )
    being_made = update(Output).where(may_hold, Output.state == "making").values(state="waiting", leased_until=None, due_at=at)
    db.session.execute(being_made, execution_options={"synchronize_session": False})
    ready = select(Output).where(may_hold, Output.state == "ready", Output.ended_at >= since).options(joinedload(Output.file))
    ready = ready.execution_options(populate_existing=True)
    rows = list(db.session.scalars(ready.order_by(Output.id).with_for_update(of=Output)))
    for row in rows:
        _expire(row, at)
        row.error, row.error_en = LEFT
    named = update(Output).where(may_hold, Output.has_identity, Output.asked_at >= since, Output.state.not_in(("waiting", "making")))
    # why senders were looked at may tell of what they sent
    db.session.execute(named.values(reason=GONE), execution_options={"synchronize_session": False})
    db.session.flush()
    return len(rows)


LEFT = Bilingual("Danh sách đã thay đổi nên tệp bị xóa.", "The list has changed, so the file is deleted.")
GONE = "…"
"""Stands where a reason was."""


def drop_named_outputs(*, at: datetime) -> int:
    """Let no file with personal data outlive somebody's wish to be erased or to rest, and return how many were let go of.

    Whom a file names is written nowhere, and it would be gone in some hours anyway: all such files go, and what is being made is made anew.
    """
    being_made = update(Output).where(Output.has_identity, Output.state == "making").values(state="waiting", leased_until=None, due_at=at)
    db.session.execute(being_made, execution_options={"synchronize_session": False})
    ready = select(Output).where(Output.has_identity, Output.state == "ready").order_by(Output.id).options(joinedload(Output.file))
    rows = list(db.session.scalars(ready.with_for_update(of=Output).execution_options(populate_existing=True)))
    for row in rows:
        _expire(row, at)
        row.error, row.error_en = LEFT
    db.session.flush()
    return len(rows)


def _linked(centres: Collection[int]) -> set[int]:
    """Centres and all that follow or went before them: an ended centre's lists hold what its follower looks after now."""
    found = set(centres)
    pairs = select(CaseSuccession.predecessor_id, CaseSuccession.successor_id).where(CaseSuccession.kind == "centre")
    links = [set(pair) for pair in db.session.execute(pairs)]
    while more := {each for link in links if link & found for each in link} - found:
        found |= more
    return found


def _expire(output: Output, now: datetime) -> None:
    _let_go_of_file(output, now)
    output.state = "expired"


def _let_go_of_file(output: Output, now: datetime) -> None:
    if output.file is not None and output.file.erased_at is None:
        output.file.erased_at = now


def _kept_until(output: Output, now: datetime) -> datetime | None:
    """What a schedule made is kept as long as the schedule says; None: always."""
    if output.schedule is not None:
        return now + timedelta(days=output.schedule.keep_days) if output.schedule.keep_days is not None else None
    if output.has_identity:
        return now + timedelta(hours=int(value_of("identity_export_hours")))
    return now + timedelta(days=int(value_of("export_days")))


def _quarantined() -> tuple[int, datetime | None]:
    """How many cases have left the system, and when the last did: whether one did meanwhile is seen by it."""
    number, newest = db.session.execute(
        select(func.count(), func.max(Case.quarantined_at)).where(Case.quarantined_at.is_not(None))
    ).one()
    return number, newest


def under_way() -> ColumnElement[bool]:
    """Which orders have not come to an end."""
    return Output.state.in_(("waiting", "making"))


def _is_due(now: datetime) -> ColumnElement[bool]:
    waits = and_(Output.state == "waiting", Output.due_at <= now)
    return and_(under_way(), or_(waits, and_(Output.state == "making", Output.leased_until < now)))


def _is_over(now: datetime) -> ColumnElement[bool]:
    return and_(Output.state == "ready", Output.expires_at <= now)


def _own(taken: Taken) -> tuple[ColumnElement[bool], ...]:
    return Output.id == taken.output_id, Output.state == "making", Output.leased_until == taken.until


def _write(taken: Taken, **values: Any) -> bool:
    """Change an order as long as it is this worker's."""
    written = update(Output).where(*_own(taken)).values(**values).returning(Output.id)
    return db.session.scalar(written, execution_options={"synchronize_session": False}) is not None


def _of(by: Actor) -> Select[Output]:
    query = select(Output).where(Output.asked_by_id == by.own_id, Output.asked_by_id.is_not(None))
    return query.options(joinedload(Output.centre), joinedload(Output.file))


def _refuse_others(output: Output, by: Actor) -> None:
    if output.asked_by_id is None or output.asked_by_id != by.own_id:
        raise NotAllowed


def _principal(by: Actor, kind: Kind, centre_id: int) -> int | None:
    """For whom a deputy orders what they may not have themselves."""
    if all(may_in_centre(by.alone, action, centre_id) for action in kind.needs):
        return None
    roles = frozenset(ACTION_ROLES[kind.needs[0]])
    return next((grant.principal_id for grant in by.grants if grant.role in roles and grant.principal_id is not None), None)


def _record(type_: str, output: Output, *, by: Actor, at: datetime, **more: Any) -> None:
    payload = {"output": output.ref, "kind": output.kind, "form": output.form, "centre_id": output.centre_id, **more}
    append(STREAM, type_, by=by, at=at, payload=payload)
