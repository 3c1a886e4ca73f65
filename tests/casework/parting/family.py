"""A case with a part, and what the tests of parts do with both."""
from __future__ import annotations

from typing import Any

from casework.db import db
from casework.models import Case
from casework.parts import parts_of
from tests import build
from workflows.models import WaitingTask
from workflows.running.wakeups import deliver_messages

WORDS = "Cột điện bên cạnh bãi rác bị nghiêng."


def form(world: build.World, **changed: Any) -> dict[str, Any]:
    """What is filled in to split a part off for the commune."""
    given = {"title": "Cột điện nghiêng", "words": WORDS, "field": world.field(), "area": world.area, "village": "Thôn Păng Tiêng",
             "lead": world.agencies["UBND-LAT"]}
    return {**given, **changed}


def divided(world: build.World, state: str = "handling", **changed: Any) -> tuple[Case, Case]:
    """A case in a state, and a part of it, which is with the commune."""
    case = build.case_at(world, "handling")
    build.act(world, case, "divide", "operator", **form(world, **changed))
    build.advance(world, case, state)
    db.session.expire_all()
    return case, parts_of(case)[-1]


def steps(case: Case) -> set[str]:
    db.session.expire_all()
    return {row.element for row in db.session.query(WaitingTask).filter_by(case_id=case.id, state="waiting")}


def answer(world: build.World, part: Case, *, act: str = "publish", **given: Any) -> None:
    """Let the part's agency answer, and the centre tell it; then its case hears of it."""
    build.advance(world, part, "to_publish")
    form = {"title": "Cột điện", "question": "Cột điện bị nghiêng.", **({"checked": True} if act == "publish" else {}), **given}
    build.do(world, part, "publish", "operator", act=act, **form)
    hear(part)


def hear(case: Case) -> None:
    """What the worker does a moment later."""
    deliver_messages(build.next_moment(case))
    db.session.expire_all()


def finish_agencies(world: build.World, case: Case) -> None:
    """Let the case's own agency answer and its leader approve."""
    build.advance(world, case, "approval")
    build.approve(world, case)
    db.session.expire_all()
