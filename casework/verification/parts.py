"""Verifying that parts and the cases they belong to agree (rules.md, section 6, "Children")."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import orjson
from sqlalchemy import ColumnElement, String, and_, cast, exists, not_, or_, select
from sqlalchemy.orm import aliased

from casework.db import db
from casework.findings import Finding, fault
from casework.models import Case, Event
from casework.states import ANSWERED_STATES, OPEN_STATES, CaseState

OVER = tuple(sorted({*ANSWERED_STATES, CaseState.WITHDRAWN, CaseState.MERGED}))
"""States a case reaches only once no part of it is open."""


def check_parts() -> Iterator[Finding]:
    """Check every part; inside `one_moment`. It reads as many rows as there are parts."""
    parent = aliased(Case)
    part_of = select(Case.code, parent.code.label("parent")).join(parent, parent.id == Case.parent_id)
    for wrong, vi, en in _faults(parent):
        for row in db.session.execute(part_of.where(wrong)):
            code, of = row.code, row.parent
            yield fault("part.parent", code, f"Phần {code} của hồ sơ {of}: {vi}.", f"Part {code} of {of}: {en}.")
    joined = select(Case.code).where(Case.state == CaseState.JOINED, Case.parent_id.is_(None))
    undivided = select(Case.code).where(Case.is_divided, ~exists().where(parent.parent_id == Case.id))
    for code in db.session.scalars(joined.union(undivided)):
        yield fault(
            "part.lost", code, f"Hồ sơ {code} lẽ ra có quan hệ với một phần tách ra, nhưng không thấy.",
            f"The case {code} should be joined with a part, and none is there.",
        )  # fmt: skip
    yield from _untold()


def _faults(parent: Any) -> tuple[tuple[ColumnElement[bool], str, str], ...]:
    is_open = and_(Case.state.in_(sorted(OPEN_STATES)), Case.quarantined_at.is_(None))
    return (
        (or_(not_(parent.is_divided), parent.parent_id.is_not(None), Case.is_divided), "quan hệ hai chiều không khớp",
         "the two do not point at each other, or there are two levels"),
        (and_(parent.quarantined_at.is_not(None), Case.quarantined_at.is_(None)), "hồ sơ chính đã tách riêng mà phần này thì chưa",
         "its case was set apart, and it was not"),
        (and_(is_open, parent.state.in_(OVER)), "còn xử lý mà hồ sơ chính đã xong", "it is open, and its case is over"),
    )  # fmt: skip


def _untold() -> Iterator[Finding]:
    """A part whose splitting off the history of its case does not tell; a history that was emptied tells nothing any more."""
    told: dict[int | None, set[str]] = {}
    events = select(Event.case_id, cast(Event.payload, String)).where(Event.type == "divide", Event.payload.is_not(None))
    for case_id, payload in db.session.execute(events):
        with suppress(ValueError, TypeError, AttributeError):
            told.setdefault(case_id, set()).add((orjson.loads(payload) or {}).get("part", ""))
    for code, parent_id in db.session.execute(select(Case.code, Case.parent_id).where(Case.parent_id.is_not(None))):
        if parent_id in told and code not in told[parent_id]:
            yield fault(
                "part.history", code, f"Lịch sử của hồ sơ chính không ghi việc tách phần {code}.",
                f"The history of its case does not tell that {code} was split off.",
            )  # fmt: skip
