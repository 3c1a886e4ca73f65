"""The statements of a queue: an inbox's list walked from one step to the next. Each is made once for its shape, as those of the inbox."""

from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, String, bindparam, case, exists, func, null, or_, select, tuple_, union

from casework.db import BigId, Instant
from casework.reading.counting import MOST_KEPT
from workflows.desks.inbox_filters import InboxQuery
from workflows.desks.inbox_statements import (
    CASE,
    ME,
    NOW,
    TASK,
    TODAY,
    VERSION,
    Kind,
    candidates,
    columns_of_row,
    first_of,
    head,
    with_case,
)
from workflows.desks.pressed import IS_PRESSED
from workflows.models import ProcessInstance
from workflows.running.claims import counts_at

SHOWN = 20
"""Rows of a queue in sight at once."""

BEFORE = 4
"""Of them, those before the step at hand, so that it is in sight without scrolling."""

_CASE_AT_HAND = bindparam("case_at_hand", type_=BigId)
_AT_HAND = bindparam("at_hand", type_=String)
_IS_AFTER = tuple_(TASK.c.due_at, TASK.c.id) > tuple_(bindparam("after_due", type_=Instant), bindparam("after_id", type_=BigId))


@lru_cache(MOST_KEPT)
def around(kinds: tuple[Kind, ...], shape: InboxQuery, *, firsts: int, most_first: int, most: int, with_words: bool) -> Select[Any]:
    """The rows around the step `at_hand`, each after its place in the queue, that of the step (None: it is not among the first `most`),
    and how many there are, at most `most`. Their order is that of the inbox, the further steps of a case after its first."""
    first = first_of(firsts, shape, most_first) if firsts else None
    found = candidates(kinds, shape, first, most, is_after=False)
    source: Any = TASK.join(found, found.c.id == TASK.c.id)
    is_first: ColumnElement[Any] = null()
    order: list[ColumnElement[Any]] = [TASK.c.due_at, TASK.c.id]
    if first is not None:
        source, is_first = source.outerjoin(first, first.c.id == TASK.c.id), first.c.id.is_not(None)
        order.insert(0, is_first.desc())
    number = func.row_number().over(order_by=order).label("number")
    ahead = select(TASK.c.id, TASK.c.ref, TASK.c.case_id, is_first.label("is_first"), number)
    each = ahead.select_from(source).order_by(*order).limit(most).subquery("ahead")
    leads = func.min(each.c.number).over(partition_by=each.c.case_id).label("leads")
    led = select(each.c.id, each.c.ref, each.c.is_first, each.c.number, leads).subquery("led")
    place = func.row_number().over(order_by=(led.c.leads, led.c.number)).label("place")
    rows = select(led.c.id, led.c.ref, led.c.is_first, place).cte("rows")
    at = func.max(case((rows.c.ref == _AT_HAND, rows.c.place)))
    whole = select(at.label("at"), func.count().label("total")).select_from(rows).cte("whole")
    begin, latest = whole.c.at - BEFORE, whole.c.total - SHOWN + 1
    begin = case((or_(whole.c.at.is_(None), begin < 1, latest < 1), 1), (begin < latest, begin), else_=latest)
    near = select(rows, whole.c.at, whole.c.total).where(rows.c.place >= begin, rows.c.place < begin + SHOWN).subquery("near")
    columns = columns_of_row(near.c.is_first, with_words=with_words)
    return select(near.c.place, near.c.at, near.c.total, *columns).select_from(with_case(near)).order_by(near.c.place)


@lru_cache(MOST_KEPT)
def following(kinds: tuple[Kind, ...], shape: InboxQuery, *, firsts: int, most_first: int, most: int) -> Select[Any]:
    """The next steps of the queue for somebody who has just done one: at most `most` of those that nobody else holds and that can be done.

    Those of the same case come first, then what the person holds, then what stands before all others in the inbox, then what is due after
    the step done, and at last the rest from the beginning of the queue.
    """
    first = first_of(firsts, shape, most_first) if firsts else None
    heads = []
    for number, kind in enumerate(kinds):
        free = or_(TASK.c.claimed_by_id.is_(None), TASK.c.claimed_by_id.in_(bindparam(f"holders_{number}", expanding=True)),
                   ~counts_at(NOW, TODAY))  # fmt: skip
        there = head(kind, f"in_{number}", shape, "").where(*_is_doable(), free)
        heads += [there.where(TASK.c.case_id == _CASE_AT_HAND), there.where(TASK.c.claimed_by_id == ME), there.where(_IS_AFTER), there]
        heads += [there.where(TASK.c.id.in_(select(first.c.id)))] if first is not None else []
    found = union(*(select(rows.limit(most).subquery().c.id) for rows in heads)).subquery("found")
    source: Any = TASK.join(found, found.c.id == TASK.c.id).join(VERSION, VERSION.c.id == TASK.c.version_id)
    preferred = [TASK.c.case_id == _CASE_AT_HAND, TASK.c.claimed_by_id == ME, _IS_AFTER]
    if first is not None:
        source = source.outerjoin(first, first.c.id == TASK.c.id)
        preferred.insert(2, first.c.id.is_not(None))
    query = select(TASK.c.ref, TASK.c.element, VERSION.c.id, VERSION.c.sha256).select_from(source)
    return query.order_by(*(case((each, 0), else_=1) for each in preferred), TASK.c.due_at, TASK.c.id).limit(most)


def _is_doable() -> tuple[ColumnElement[bool], ...]:
    """What would refuse anybody: a process that is suspended or has an incident, a quarantined case, an act that is held."""
    instance = ProcessInstance.__table__
    runs = exists().where(instance.c.id == TASK.c.instance_id, instance.c.status == "running")
    open_case = CASE.alias("open_case")
    return runs, exists().where(open_case.c.id == TASK.c.case_id, open_case.c.quarantined_at.is_(None)), ~IS_PRESSED
