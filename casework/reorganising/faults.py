"""The faults of a plan, each in a sentence: a plan with a fault cannot be carried out."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from sqlalchemy import func, select

from casework.bilingual import Bilingual
from casework.db import db
from casework.models import AgencySuccession, AreaSuccession, Assignment, Case, Centre, Membership, Reorganisation
from casework.reorganising.blueprint import BODIES, Blueprint, Body, BodyKind, PlanLine, names_of
from casework.reorganising.seats_after import empty_seats
from casework.states import OPEN_STATES, CaseState

SUCCESSIONS: Mapping[BodyKind, type[Any]] = {BodyKind.AREA: AreaSuccession, BodyKind.AGENCY: AgencySuccession}
LASTING = (CaseState.CLOSED, CaseState.WITHDRAWN, CaseState.JOINED)
"""States in which a case stays in its centre for good."""


def faults_of(plan: Reorganisation) -> list[Bilingual]:
    """All faults of a plan, in the order of its kinds; empty when it can be carried out. Bounded by its lines."""
    blueprint = Blueprint.of(plan)
    if not blueprint.lines:
        return [Bilingual("Phương án chưa có dòng nào.", "The plan has no line yet.")]
    found: list[Bilingual] = []
    for kind in BODIES:
        lines = blueprint.of_kind(kind)
        if lines:
            rows = names_of(kind, {each for line in lines for each in (line.predecessor_id, line.successor_id) if each is not None})
            found += _of_bodies(kind, lines, rows, plan)
            found += _without_successor(kind, blueprint, rows)
    found += _of_people(blueprint)
    found += empty_seats(blueprint)
    found += _of_centres(blueprint)
    return list(dict.fromkeys(found))


def is_planned(row: Body) -> bool:
    """Whether a row waits for its reorganisation: until then it is never in force."""
    return row.valid_to is not None and row.valid_to <= row.valid_from


def known_ways(kind: BodyKind, pairs: Iterable[tuple[int, int]]) -> dict[int, set[int]]:
    """The successors of each row: by the plan's pairs, and by earlier reorganisations."""
    ways: dict[int, set[int]] = {}
    table = SUCCESSIONS.get(kind)
    done = db.session.execute(select(table.predecessor_id, table.successor_id)) if table is not None else ()
    for before, behind in (*done, *pairs):
        ways.setdefault(before, set()).add(behind)
    return ways


def leads_back(ways: Mapping[int, set[int]], predecessor_id: int, successor_id: int) -> bool:
    """Whether following the successors of a row leads back to it."""
    ahead, seen = [successor_id], set[int]()
    while ahead:
        each = ahead.pop()
        if each == predecessor_id:
            return True
        if each not in seen:
            seen.add(each)
            ahead += ways.get(each, ())
    return False


def _of_bodies(kind: BodyKind, lines: list[PlanLine], rows: dict[int, Body], plan: Reorganisation) -> Iterator[Bilingual]:
    ways = known_ways(kind, {(line.predecessor_id, line.successor_id) for line in lines if line.successor_id is not None})
    ended = {line.predecessor_id for line in lines}
    for predecessor_id in dict.fromkeys(line.predecessor_id for line in lines):
        own, row = [line for line in lines if line.predecessor_id == predecessor_id], rows.get(predecessor_id)
        if row is None:
            yield Bilingual("Một dòng nêu đơn vị không còn trong hệ thống.", "A line names a body that is not there any more.")
            continue
        yield from _of_predecessor(row, own, plan.on)
        for successor_id in dict.fromkeys(line.successor_id for line in own if line.successor_id is not None):
            successor = rows.get(successor_id)
            if successor is None:
                yield Bilingual("Một dòng nêu đơn vị không còn trong hệ thống.", "A line names a body that is not there any more.")
            elif successor_id == predecessor_id:
                yield Bilingual(f"{row.name.vi} không thể tự kế thừa mình.", f"{row.name.en} cannot succeed itself.")
            elif leads_back(ways, predecessor_id, successor_id):
                yield Bilingual(
                    f"{row.name.vi} và {successor.name.vi} kế thừa vòng tròn.",
                    f"{row.name.en} and {successor.name.en} succeed in a circle.",
                )
            else:
                yield from _of_successor(successor, successor_id in ended, plan.on)


def _of_predecessor(row: Body, own: list[PlanLine], on: date) -> Iterator[Bilingual]:
    if not row.holds_on(on) or row.valid_from == on:
        yield Bilingual(
            f"{row.name.vi} không hoạt động trước ngày {on:%d/%m/%Y} hoặc đã kết thúc.",
            f"{row.name.en} is not at work before {on:%d/%m/%Y}, or has ended already.",
        )
    followed = [line for line in own if line.successor_id is not None]
    if followed and len(followed) < len(own):
        yield Bilingual(
            f"{row.name.vi} vừa có đơn vị kế thừa vừa được ghi là kết thúc hẳn.", f"{row.name.en} has a successor and ends without one."
        )
    mains = {line.successor_id for line in followed if line.is_main}
    if followed and len(mains) != 1:
        yield Bilingual(
            f"{row.name.vi}: cần đúng một đơn vị kế thừa chính, nhận phần còn lại và cán bộ.",
            f"{row.name.en}: exactly one main successor is needed, for the rest and for the people.",
        )


def _of_successor(row: Body, ends_too: bool, on: date) -> Iterator[Bilingual]:
    if ends_too:
        yield Bilingual(f"{row.name.vi} cũng kết thúc trong phương án này.", f"{row.name.en} ends in this plan, too.")
    elif not (row.holds_on(on) or (is_planned(row) and row.valid_from == on)):
        yield Bilingual(f"{row.name.vi} chưa hoạt động vào ngày {on:%d/%m/%Y}.", f"{row.name.en} is not at work on {on:%d/%m/%Y}.")


def _without_successor(kind: BodyKind, blueprint: Blueprint, rows: dict[int, Body]) -> Iterator[Bilingual]:
    """Bodies that end without a successor must have nothing open."""
    for predecessor_id in sorted(blueprint.ended(kind)):
        row = rows.get(predecessor_id)
        if row is None or blueprint.successors(kind, predecessor_id):
            continue
        if kind is BodyKind.AGENCY:
            query = select(func.count()).select_from(Assignment).where(Assignment.agency_id == predecessor_id)
            query = query.where(Assignment.ended_at.is_(None))
        else:
            there = Case.area_id == predecessor_id if kind is BodyKind.AREA else Case.centre_id == predecessor_id
            is_open = Case.state.in_(OPEN_STATES) if kind is BodyKind.AREA else Case.state.not_in(LASTING)
            query = select(func.count()).select_from(Case).where(there, is_open)
        if number := db.session.scalar(query) or 0:
            yield Bilingual(
                f"{row.name.vi} còn {number} hồ sơ chưa xong nên cần có đơn vị kế thừa.",
                f"{row.name.en} still has {number} open cases and needs a successor.",
            )


def _of_people(blueprint: Blueprint) -> Iterator[Bilingual]:
    lines = blueprint.of_kind(BodyKind.PERSON)
    query = select(Membership).where(Membership.id.in_([line.predecessor_id for line in lines]))
    rows = {row.id: row for row in db.session.scalars(query)} if lines else {}
    for line in lines:
        row = rows.get(line.predecessor_id)
        kind, body = (BodyKind.AGENCY, row.agency_id) if row and row.agency_id else (BodyKind.CENTRE, row.centre_id if row else None)
        if row is None or body not in blueprint.ended(kind):
            yield Bilingual(
                "Một dòng về người nêu vai trò không thuộc đơn vị kết thúc.", "A line on a person names a role that does not end."
            )
        elif line.successor_id is not None and line.successor_id not in blueprint.successors(kind, body):
            yield Bilingual(
                f"{row.account.full_name}: nơi đến không kế thừa nơi đang làm việc.",
                f"{row.account.full_name}: where they go does not succeed where they work.",
            )


def _of_centres(blueprint: Blueprint) -> Iterator[Bilingual]:
    """Places and agencies stay within their centre or move to its successors; the default centre needs a main successor."""
    default = db.session.scalars(select(Centre).where(Centre.is_default)).first()
    if default is not None and default.id in blueprint.ended(BodyKind.CENTRE) and blueprint.main(BodyKind.CENTRE, default.id) is None:
        yield Bilingual("Trung tâm mặc định cần có trung tâm kế thừa chính.", "The default centre needs a main successor.")
    for kind in (BodyKind.AREA, BodyKind.AGENCY):
        lines = [line for line in blueprint.of_kind(kind) if line.successor_id is not None]
        rows: dict[int, Any] = dict(names_of(kind, {each for line in lines for each in (line.predecessor_id, line.successor_id or 0)}))
        for line in lines:
            before, behind = rows.get(line.predecessor_id), rows.get(line.successor_id or 0)
            if before is None or behind is None or before.centre_id is None or behind.centre_id is None:
                continue
            allowed = {before.centre_id, *blueprint.successors(BodyKind.CENTRE, before.centre_id)}
            if behind.centre_id not in allowed:
                yield Bilingual(
                    f"{behind.name.vi} thuộc trung tâm khác với {before.name.vi}.",
                    f"{behind.name.en} is of another centre than {before.name.en}.",
                )
