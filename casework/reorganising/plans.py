"""Plans of reorganisations: begun, filled line by line, and discarded while nothing of them has been done."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.exc import IntegrityError

from casework.db import db
from casework.errors import CaseworkError
from casework.models import Agency, Area, Centre, Membership, Reorganisation, ReorganisationStep
from casework.permissions import Action, Actor, NotAllowed, require
from casework.reorganising.blueprint import BODIES, Body, BodyKind
from casework.reorganising.faults import is_planned, known_ways, leads_back
from casework.setting_events import require_administrator_of
from casework.settings.centre import PREFIX
from casework.text import fold, normal

LONGEST_TITLE = 200
LONGEST_SOURCE = 1_000
MOST_LINES = 1_000
MOST_SHOWN = 100
"""The newest plans in the list."""
KEY = re.compile(r"[A-Z][A-Z0-9]*(-[A-Z0-9]+)*")
LEVELS = ("province", "district", "commune", "village")


class PlanRefused(CaseworkError):
    """The plan is not possible like this; the text says why."""


class PlanUnknown(CaseworkError):
    """There is no such plan here."""

    def __init__(self) -> None:
        super().__init__("Không tìm thấy phương án này.", "There is no such plan.")


def plans_seen(by: Actor) -> list[Reorganisation]:
    """The newest plans a person may read: those of the centres they administer; all for an administrator of the installation."""
    query = select(Reorganisation).where(_seen(by)).order_by(Reorganisation.id.desc()).limit(MOST_SHOWN)
    return list(db.session.scalars(query))


def plan_seen(by: Actor, ref: str) -> Reorganisation | None:
    """A plan, if the person may read it: the look-up is the permission check."""
    return db.session.scalars(select(Reorganisation).where(Reorganisation.ref == ref, _seen(by))).first()


def locked_plan(by: Actor, ref: str) -> Reorganisation:
    """The plan with its row locked until the transaction ends. Raises NotAllowed, PlanUnknown."""
    require(by, Action.REORGANISE)
    query = select(Reorganisation).where(Reorganisation.ref == ref, _seen(by)).execution_options(populate_existing=True)
    if db.session.get_bind().dialect.name != "sqlite":
        query = query.with_for_update()
    plan = db.session.scalars(query).first()
    if plan is None:
        raise PlanUnknown
    return plan


def begin_plan(*, by: Actor, now: datetime, title: str, source: str, on: date, centre_id: int | None) -> Reorganisation:
    """Begin a plan for a local day: for one centre's areas and agencies, or with None for the installation.

    `source` is the legal act that orders it, with number and day. Raises NotAllowed, PlanRefused.
    """
    require(by, Action.REORGANISE)
    require_administrator_of(by.alone, centre_id)
    plan = Reorganisation(
        centre_id=centre_id, title="", source="", on=on, state="draft", created_by_id=by.own_id, created_at=now, put_off=[], counts={}
    )
    _describe(plan, title, source)
    db.session.add(plan)
    db.session.flush()
    return plan


def change_plan(ref: str, *, by: Actor, title: str, source: str, on: date) -> Reorganisation:
    """Change a draft's title, source or day; rows it makes are in force from that day. Raises NotAllowed, PlanUnknown, PlanRefused."""
    plan = _draft(by, ref)
    _describe(plan, title, source)
    if on != plan.on:
        for row in planned_rows(plan):
            row.valid_from = row.valid_to = on
        plan.on = on
    return plan


def drop_plan(ref: str, *, by: Actor) -> None:
    """Discard a draft with the rows it would have made. Raises NotAllowed, PlanUnknown, PlanRefused."""
    plan = _draft(by, ref)
    rows = planned_rows(plan)
    db.session.delete(plan)
    db.session.flush()
    _drop_rows(rows)


def add_line(
    ref: str,
    *,
    by: Actor,
    kind: BodyKind,
    predecessor_id: int,
    successor_id: int | None,
    by_area_id: int | None = None,
    is_main: bool = False,
) -> ReorganisationStep:
    """Add a succession. The first successor of a predecessor is its main one until another is chosen; a person may move to several.

    Raises NotAllowed, PlanUnknown, and PlanRefused where the plan has MOST_LINES already, or a row succeeds itself, in a circle, twice in
    one way, or is not this plan's to change.
    """
    plan = _draft(by, ref)
    if len(plan.steps) >= MOST_LINES:
        raise PlanRefused(f"Một phương án có tối đa {MOST_LINES} dòng.", f"A plan has {MOST_LINES} lines at most.")
    _refuse_outside(plan, kind, predecessor_id, successor_id)
    if successor_id is None or kind is BodyKind.PERSON:
        by_area_id, is_main = None, False
    same = [step for step in plan.steps if (step.kind, step.predecessor_id) == (kind, predecessor_id)]
    ends = {step.successor_id is None for step in same} | {successor_id is None}
    if any((step.successor_id, step.by_area_id) == (successor_id, by_area_id) for step in same) or (
        kind is BodyKind.PERSON and len(ends) > 1
    ):
        raise PlanRefused("Dòng này đã có trong phương án.", "This line is in the plan already.")
    if kind is not BodyKind.PERSON and successor_id is not None:
        _refuse_circle(plan, kind, predecessor_id, successor_id)
        is_main = is_main or not any(step.is_main for step in same)
        if is_main:
            for step in same:
                step.is_main = step.successor_id == successor_id and step.is_main
    step = ReorganisationStep(
        kind=kind, predecessor_id=predecessor_id, successor_id=successor_id, by_area_id=by_area_id, is_main=is_main
    )
    plan.steps.append(step)
    db.session.flush()
    return step


def remove_line(ref: str, line_id: int, *, by: Actor) -> None:
    """Remove a line, and a row only it would have made. Raises NotAllowed, PlanUnknown, PlanRefused."""
    plan = _draft(by, ref)
    step = next((each for each in plan.steps if each.id == line_id), None)
    if step is None:
        raise PlanRefused("Dòng này không còn trong phương án.", "This line is not in the plan any more.")
    before = {(type(row), row.id): row for row in planned_rows(plan)}
    plan.steps.remove(step)
    others = [each for each in plan.steps if (each.kind, each.predecessor_id) == (step.kind, step.predecessor_id)]
    followed = [each for each in others if each.successor_id is not None]
    if step.is_main and followed and not any(each.is_main for each in followed):
        followed[0].is_main = True
    db.session.flush()
    kept = {(type(row), row.id) for row in planned_rows(plan)}
    _drop_rows([row for key, row in before.items() if key not in kept])


def new_body(ref: str, *, by: Actor, kind: BodyKind, values: Mapping[str, Any]) -> Body:
    """Make an area, an agency or a centre for a line to name; it is not in force until the plan is carried out.

    `values` are columns: names in both languages, and `level`, `parent_id`, `official_code` of an area; `key`, short names, `area_id`,
    `parent_id`, `phone` of an agency; `code_prefix`, `phone` of a centre; `centre_id` where the plan is the installation's. Raises
    NotAllowed, PlanUnknown, PlanRefused.
    """
    plan = _draft(by, ref)
    given: dict[str, Any] = {name: normal(value) if isinstance(value, str) else value for name, value in values.items()}
    given |= {"valid_from": plan.on, "valid_to": plan.on}
    if not given.get("name_vi") or max(len(given["name_vi"]), len(given.get("name_en") or "")) > LONGEST_TITLE:
        raise PlanRefused("Vui lòng ghi tên của đơn vị mới.", "Please name the new body.")
    given["name_en"] = given.get("name_en") or given["name_vi"]
    if kind is not BodyKind.CENTRE:
        given["centre_id"] = plan.centre_id or given.get("centre_id")
        require_administrator_of(by.alone, given["centre_id"])
    row = _MAKERS[kind](plan, given)
    db.session.add(row)
    db.session.flush()
    return row


def planned_rows(plan: Reorganisation) -> list[Body]:
    """The rows waiting for this plan: named as successors and not in force yet."""
    found: list[Body] = []
    for kind, table in BODIES.items():
        ids = {step.successor_id for step in plan.steps if step.kind == kind and step.successor_id is not None}
        if ids:
            found += [row for row in db.session.scalars(select(table).where(table.id.in_(ids)).order_by(table.id)) if is_planned(row)]
    return found


def _drop_rows(rows: Sequence[Body]) -> None:
    """Remove rows not needed any more; those another plan names stay. Raises PlanRefused where another row depends on one."""
    kinds = {table: kind for kind, table in BODIES.items()}
    try:
        # agencies before their areas, contained areas before those that contain them
        for row in sorted(rows, key=lambda each: (isinstance(each, Area), isinstance(each, Centre), -each.id)):
            named = select(ReorganisationStep.id).where(
                ReorganisationStep.kind == kinds[type(row)], ReorganisationStep.successor_id == row.id
            )
            if db.session.scalars(named.limit(1)).first() is None:
                db.session.delete(row)
                db.session.flush()
    except IntegrityError as error:
        raise PlanRefused(
            "Đơn vị mới của dòng này đã được dùng ở nơi khác trong hệ thống.", "The new body of this line is used elsewhere already."
        ) from error


def _seen(by: Actor) -> ColumnElement[bool]:
    scopes = {grant.centre_id for grant in by.alone.grants if grant.role == "administrator"}
    if None in scopes:
        return Reorganisation.id.is_not(None)
    return or_(Reorganisation.centre_id.in_(scopes), Reorganisation.id.is_(None))


def _draft(by: Actor, ref: str) -> Reorganisation:
    plan = locked_plan(by, ref)
    require_administrator_of(by.alone, plan.centre_id)
    if plan.state != "draft":
        raise PlanRefused("Phương án đã thực hiện nên không sửa được nữa.", "The plan has been done and cannot be changed any more.")
    return plan


def _describe(plan: Reorganisation, title: str, source: str) -> None:
    title, source = normal(title), normal(source)
    if not title or len(title) > LONGEST_TITLE:
        raise PlanRefused(f"Vui lòng đặt tên phương án, tối đa {LONGEST_TITLE} ký tự.", "Please give the plan a title.", about="title")
    if not source or len(source) > LONGEST_SOURCE:
        raise PlanRefused(
            "Vui lòng ghi số, ngày của văn bản quyết định.", "Please name the act that orders it, with number and day.",
            about="source",
        )
    plan.title, plan.source = title, source


def _refuse_outside(plan: Reorganisation, kind: BodyKind, predecessor_id: int, successor_id: int | None) -> None:
    """A plan of a centre changes only what is that centre's; centres are changed only by plans of the installation."""
    if kind is BodyKind.CENTRE and plan.centre_id is not None:
        raise NotAllowed
    if kind is BodyKind.PERSON:
        membership = db.session.get(Membership, predecessor_id)
        own = membership is not None and (plan.centre_id is None or plan.centre_id in (membership.centre_id, _centre_of(membership)))
        if not own:
            raise PlanRefused("Vui lòng chọn người của đơn vị kết thúc.", "Please choose somebody of a body that ends.")
        return
    rows = [db.session.get(BODIES[kind], each) for each in (predecessor_id, successor_id) if each is not None]
    if any(row is None or (plan.centre_id is not None and getattr(row, "centre_id", None) != plan.centre_id) for row in rows):
        raise PlanRefused("Vui lòng chọn trong danh sách.", "Please choose from the list.")


def _centre_of(membership: Membership) -> int | None:
    return membership.agency.centre_id if membership.agency is not None else membership.centre_id


def _refuse_circle(plan: Reorganisation, kind: BodyKind, predecessor_id: int, successor_id: int) -> None:
    if predecessor_id == successor_id:
        raise PlanRefused("Một đơn vị không thể tự kế thừa mình.", "A body cannot succeed itself.")
    pairs = {(step.predecessor_id, step.successor_id) for step in plan.steps if step.kind == kind and step.successor_id is not None}
    if leads_back(known_ways(kind, pairs), predecessor_id, successor_id):
        raise PlanRefused("Dòng này làm các đơn vị kế thừa vòng tròn.", "With this line bodies would succeed in a circle.")


def _new_area(_plan: Reorganisation, given: dict[str, Any]) -> Area:
    if given.get("level") not in LEVELS:
        raise PlanRefused("Vui lòng chọn cấp của địa bàn.", "Please choose the level of the area.")
    return Area(folded_name=fold(given["name_vi"]), **given)


def _new_agency(_plan: Reorganisation, given: dict[str, Any]) -> Agency:
    key = given.get("key") or ""
    if not KEY.fullmatch(key) or len(key) > 40:
        raise PlanRefused(
            "Mã đơn vị gồm chữ in hoa không dấu, số và gạch nối, ví dụ PKT-LD.",
            "The key of an agency is of capital letters, digits and hyphens, such as PKT-LD.",
        )
    taken = select(Agency.id).where(Agency.centre_id == given["centre_id"], Agency.key == key)
    if given["centre_id"] is None or db.session.scalars(taken).first() is not None:
        raise PlanRefused(f"Mã {key} đã được dùng, hoặc chưa chọn trung tâm.", f"The key {key} is taken, or no centre is chosen.")
    short_vi = given.pop("short_name_vi", None) or given["name_vi"][:80]
    short_en = given.pop("short_name_en", None) or given["name_en"][:80]
    return Agency(short_name_vi=short_vi, short_name_en=short_en, **given)


def copy_plan(ref: str, *, by: Actor, now: datetime) -> Reorganisation:
    """Begin a draft with the lines of a plan that was undone: the rows it would have made now wait for the new one.

    Raises NotAllowed, PlanUnknown, PlanRefused.
    """
    old = locked_plan(by, ref)
    require_administrator_of(by.alone, old.centre_id)
    if old.state != "undone":
        raise PlanRefused("Chỉ lập lại được phương án đã hoàn tác.", "Only a plan that was undone can be drawn up again.")
    if any(plan.state == "draft" and plan.title == old.title and plan.on == old.on for plan in plans_seen(by)):
        raise PlanRefused("Phương án này đang được lập lại.", "This plan is being drawn up again already.")
    plan = begin_plan(by=by, now=now, title=old.title, source=old.source, on=old.on, centre_id=old.centre_id)
    for step in old.steps:
        plan.steps.append(
            ReorganisationStep(
                kind=step.kind, predecessor_id=step.predecessor_id, successor_id=step.successor_id, by_area_id=step.by_area_id,
                is_main=step.is_main,
            )
        )  # fmt: skip
    db.session.flush()
    return plan


def _new_centre(_plan: Reorganisation, given: dict[str, Any]) -> Centre:
    prefix = given.get("code_prefix") or ""
    if not PREFIX.fullmatch(prefix):
        raise PlanRefused(
            "Tiền tố mã gồm 2 đến 6 chữ in hoa không dấu hoặc số, bắt đầu bằng chữ.",
            "The prefix of codes is of 2 to 6 capital letters or digits and begins with a letter.",
        )
    if db.session.scalars(select(Centre.id).where(Centre.code_prefix == prefix)).first() is not None:
        raise PlanRefused(f"Tiền tố {prefix} đã được dùng.", f"The prefix {prefix} is taken.")
    return Centre(is_default=False, **given)


_MAKERS: Mapping[BodyKind, Callable[[Reorganisation, dict[str, Any]], Body]] = {
    BodyKind.AREA: _new_area,
    BodyKind.AGENCY: _new_agency,
    BodyKind.CENTRE: _new_centre,
}
