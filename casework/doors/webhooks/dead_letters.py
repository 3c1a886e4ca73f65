"""What could not be delivered: looked at, sent again, and forgotten in time. Bodies hold no words, and are shown to nobody here."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, tuple_, update

from casework.db import db, unit_of_work
from casework.doors.accounts import ServiceRefused
from casework.doors.webhooks.endpoints import ASKED, KIND, host_of, turn_off
from casework.doors.webhooks.kinds import VERIFY
from casework.doors.webhooks.sending import SILENT_FOR, turn_off_silent
from casework.models import ServiceAccount, WebhookCourse, WebhookDelivery, WebhookEndpoint
from casework.permissions import SYSTEM, Action, Actor, require
from casework.setting_events import record_setting, require_administrator_of

MOST_LISTED = 100
KEPT, DEAD_KEPT = timedelta(days=30), timedelta(days=90)
TOGETHER, MOST_BATCHES = 500, 100


def dead_letters(endpoint: WebhookEndpoint, *, since: datetime | None = None, until: datetime | None = None) -> list[WebhookDelivery]:
    """Those of an endpoint, the newest first; by when the event happened, both ends included. At most MOST_LISTED."""
    query = select(WebhookDelivery).where(*_dead(endpoint, since, until))
    return list(db.session.scalars(query.order_by(WebhookDelivery.dead_at.desc(), WebhookDelivery.id.desc()).limit(MOST_LISTED)))


def how_many_dead(endpoints: Sequence[WebhookEndpoint]) -> dict[int, int]:
    """How many each endpoint has, by its row number; one statement."""
    ids = [each.id for each in endpoints]
    query = select(WebhookDelivery.endpoint_id, func.count()).where(
        WebhookDelivery.endpoint_id.in_(ids), WebhookDelivery.dead_at.is_not(None), WebhookDelivery.type != VERIFY
    )
    return _counted(query.group_by(WebhookDelivery.endpoint_id)) if ids else {}


def how_many_wait(endpoints: Sequence[WebhookEndpoint]) -> dict[int, int]:
    """How many messages wait for each endpoint; one statement."""
    ids, row = [each.id for each in endpoints], WebhookDelivery
    query = select(row.endpoint_id, func.count()).where(row.endpoint_id.in_(ids), row.delivered_at.is_(None), row.dead_at.is_(None))
    return _counted(query.group_by(row.endpoint_id)) if ids else {}


def _counted(query: Any) -> dict[int, int]:
    return dict(tuple(row) for row in db.session.execute(query))


def replay(
    endpoint: WebhookEndpoint, *, by: Actor, now: datetime, reason: str, message: str | None = None, since: datetime | None = None,
    until: datetime | None = None, most: int = TOGETHER, goes_on: bool = False,
) -> int:  # fmt: skip
    """Send dead letters again, with the ids they had: one `message`, those of a span, or all; at most `most`, the oldest first. Returns
    how many: where it is `most`, the caller asks again in another unit of work, with `goes_on`, and may then be told 0.

    Records `change_setting` with the number. Raises NotAllowed, ServiceRefused where the endpoint is off or there is none, ReasonMissing.
    """
    require(by, Action.MANAGE_PEOPLE)
    require_administrator_of(by.alone, endpoint.service.centre_id)
    if not endpoint.is_on:
        raise ServiceRefused("Địa chỉ đang tắt hoặc chưa xác minh.", "The endpoint is off, or not verified yet.")
    which = _dead(endpoint, since, until)
    if message is not None:
        which.append(WebhookDelivery.message == message)
    found = db.session.execute(select(WebhookDelivery.id, WebhookDelivery.about).where(*which).order_by(WebhookDelivery.id).limit(most))
    ids, abouts = [], set[str]()
    for id_, about in found:
        ids.append(id_)
        abouts.add(about)
    if not ids and goes_on:
        return 0
    if not ids:
        raise ServiceRefused("Không có tin nào như vậy.", "There are no such messages.")
    # the courses first, as everybody who writes to them
    for about in sorted(abouts):
        due = update(WebhookCourse).where(WebhookCourse.endpoint_id == endpoint.id, WebhookCourse.about == about)
        due = due.values(due_at=func.coalesce(WebhookCourse.due_at, now))
        db.session.execute(due, execution_options={"synchronize_session": False})
    again = update(WebhookDelivery).where(*which, WebhookDelivery.id.in_(ids)).values(dead_at=None, attempts=0)
    result = db.session.execute(again.returning(WebhookDelivery.id), execution_options={"synchronize_session": False})
    number = len(result.all())
    row = endpoint.service
    new = {"host": host_of(endpoint.url), "replayed": number}
    record_setting(KIND, row.account.full_name or row.account.ref, by=by, at=now, centre_id=row.centre_id, old={"replayed": 0}, new=new,
                   reason=reason)  # fmt: skip
    return number


def replay_all(find: Callable[[], WebhookEndpoint], **given: Any) -> int:
    """Do `replay` portion by portion, each in a unit of work of its own; `find` reads the endpoint. At most 50,000: the rest
    by asking again."""
    total = 0
    for portion in range(MOST_BATCHES):
        with unit_of_work():
            number = replay(find(), goes_on=portion > 0, **given)
        total += number
        if number < TOGETHER:
            break
    return total


def sweep_webhooks(now: datetime) -> int:
    """The job: turn off what has been silent for days or whose account has ended, and forget deliveries after 30 days, dead letters after
    90, and then how far those were told that are told nothing more. Returns how many messages were forgotten.
    """
    for endpoint_id in _silent(now):
        with unit_of_work():
            endpoint = db.session.get(WebhookEndpoint, endpoint_id, populate_existing=True)
            if endpoint is not None and endpoint.is_on and endpoint.failing_since is not None:
                turn_off_silent(endpoint, now)
    for endpoint_id in _left_on():
        with unit_of_work():
            endpoint = db.session.get(WebhookEndpoint, endpoint_id, populate_existing=True)
            if endpoint is not None and endpoint.disabled_at is None:
                turn_off(endpoint, ASKED, by=SYSTEM, now=now, reason="Tài khoản kết nối đã kết thúc / its service account has ended")
    forgotten = 0
    for old in (WebhookDelivery.delivered_at < now - KEPT, WebhookDelivery.dead_at < now - DEAD_KEPT):
        for _ in range(MOST_BATCHES):
            number = _forget(old)
            forgotten += number
            if number < TOGETHER:
                break
    for _ in range(MOST_BATCHES):
        if _forget_courses(now) < TOGETHER:
            break
    return forgotten


def _silent(now: datetime) -> list[int]:
    row = WebhookEndpoint
    query = select(row.id).where(row.failing_since <= now - SILENT_FOR, row.verified_at.is_not(None), row.disabled_at.is_(None))
    found = list(db.session.scalars(query.order_by(row.id)))
    db.session.rollback()
    return found


def _left_on() -> list[int]:
    """Endpoints of accounts that have ended, which nobody has turned off."""
    query = select(WebhookEndpoint.id).join(ServiceAccount, ServiceAccount.account_id == WebhookEndpoint.account_id)
    query = query.where(WebhookEndpoint.disabled_at.is_(None), ServiceAccount.ended_at.is_not(None)).order_by(WebhookEndpoint.id)
    found = list(db.session.scalars(query.limit(TOGETHER)))
    db.session.rollback()
    return found


def _forget_courses(now: datetime) -> int:
    """Forget courses of accounts that have ended, once nothing of them is kept: nobody will look for a gap any more."""
    course: Any = WebhookCourse.__table__.c
    row = WebhookDelivery
    kept = select(row.id).where(row.endpoint_id == course.endpoint_id, row.about == course.about).exists()
    query = select(course.endpoint_id, course.about).join(WebhookEndpoint, WebhookEndpoint.id == course.endpoint_id)
    query = query.join(ServiceAccount, ServiceAccount.account_id == WebhookEndpoint.account_id)
    query = query.where(ServiceAccount.ended_at < now - DEAD_KEPT, ~kept).limit(TOGETHER)
    with unit_of_work():
        keys = [tuple(row) for row in db.session.execute(query)]
        if keys:
            gone = delete(WebhookCourse).where(tuple_(WebhookCourse.endpoint_id, WebhookCourse.about).in_(keys))
            db.session.execute(gone, execution_options={"synchronize_session": False})
    return len(keys)


def _forget(old: ColumnElement[bool]) -> int:
    with unit_of_work():
        ids = list(db.session.scalars(select(WebhookDelivery.id).where(old).limit(TOGETHER)))
        if ids:
            db.session.execute(delete(WebhookDelivery).where(WebhookDelivery.id.in_(ids)), execution_options={"synchronize_session": False})
    return len(ids)


def _dead(endpoint: WebhookEndpoint, since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    row = WebhookDelivery
    which = [row.endpoint_id == endpoint.id, row.dead_at.is_not(None), row.type != VERIFY]
    if since is not None:
        which.append(row.at >= since)
    if until is not None:
        which.append(row.at <= until)
    return which
