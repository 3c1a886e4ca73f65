"""Ways on which an act is taken back within ten seconds, or brought back by something that has changed meanwhile.

Each act is pressed twice: taken back after the first press, carried out ten seconds after the second with the moment of that press. So the
way ends as if it had been done once, at once.
"""
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.models import Draft, HeldAct
from casework.taking_back.held_acts import Hold, SentForm, why_of
from tests import build
from tests.build import World
from tests.scenarios.looking import events_of, messages_of
from tests.scenarios.straight import (
    OUTCOME,
    PUBLIC_WORDS,
    WINDOW,
    accept,
    answer,
    at_work,
    begun,
    finish,
    publish,
    straight_but,
    submit,
)
from tests.scenarios.walking import Walk
from tests.scenarios.way import Way, at, local, look
from tests.scenarios.ways_publications import PRIVATE, sensitive_and_answered
from tests.scenarios.ways_taking import REFUSE_AT_VERIFICATION, REFUSED_LOOK
from workflows.running.carrying_out import carry_out_due, take_back
from workflows.running.steps import perform

TEN = timedelta(seconds=10)
TYPED = "Viết trong mười giây ấy."

# -- pressing, taking back, carrying out ------------------------------------------------------------------------------

def press(w: Walk, when: str, element: str, by: str, *, act: str | None = None, agency: str | None = None, **form: Any) -> str:
    """Press an act that can be taken back; its ref. Nothing of the case has changed, and the step waits as before."""
    task = build.waiting(w.case, element, w.agency(agency) if agency else None)
    ref, given, w.now, before = task.ref, build.input_at(task, act, form), at(when), footprint(w)
    hold = Hold(TEN, SentForm((("words", TYPED),)))
    with unit_of_work():
        held = perform(ref, by=w.world.actor(by, w.now), now=w.now, act=act, given=given, hold=hold).held
        assert held is not None
        held_ref = held.ref
    assert footprint(w) == before
    assert build.waiting(w.case, element, w.agency(agency) if agency else None).state == "waiting"
    return held_ref


def footprint(w: Walk) -> tuple[object, ...]:
    """What others could notice of the case: its row, its events, its messages."""
    db.session.expire_all()
    return w.case.state, w.case.is_public, events_of(w.case), messages_of(w.world, w.case)


def taken_back(w: Walk, ref: str, by: str) -> None:
    """By its author in the ninth second; what was typed is their draft, and the worker finds nothing to carry out."""
    with unit_of_work():
        assert take_back(ref, by=w.world.actor(by, w.now), now=w.now + TEN - timedelta(seconds=1)) is not None
    assert carry_out_due(w.now + TEN) == 0
    drafts = select(Draft).where(Draft.case_id == w.case.id, Draft.account_id == w.world.people[by].id)
    assert db.session.scalars(drafts).one_or_none() is not None


def carried_out(w: Walk, ref: str) -> None:
    """By the worker in the eleventh second, and not before."""
    assert carry_out_due(w.now + TEN - timedelta(seconds=1)) == 0
    assert carry_out_due(w.now + TEN) == 1
    assert db.session.scalars(select(HeldAct.id).where(HeldAct.ref == ref)).one_or_none() is None


def twice(w: Walk, when: str, element: str, by: str, **form: Any) -> None:
    """Pressed and taken back two minutes before, then pressed and left."""
    earlier = local(at(when) - timedelta(minutes=2))
    assert earlier is not None
    taken_back(w, press(w, earlier, element, by, **form), by)
    w.look("taken back")
    carried_out(w, press(w, when, element, by, **form))


# -- the five acts ----------------------------------------------------------------------------------------------------

def walk_refuse(world: World) -> Walk:
    w = Walk(world)
    w.file()
    twice(w, "02/03 10:30", "verify", "operator", act="refuse", reason=world.refusal_reason(), words="Chưa rõ địa điểm.")
    w.look("refused")
    w.window_ends("10/03 00:00", "objection_window")
    return w


REFUSE = Way("taken back: refuse", walk_refuse, replace(REFUSE_AT_VERIFICATION.outcome, looks={
    "taken back": look("to_verify", ["verify operator"], "Chờ tiếp nhận", "Chờ tiếp nhận"), "refused": REFUSED_LOOK,
}))


def walk_distribute(world: World) -> Walk:
    w = begun(world)
    twice(w, "02/03 11:00", "distribute", "operator", lead=w.agency("PTNMT"), cooperating=[])
    accept(w)
    return finish(w)


DISTRIBUTE = Way("taken back: distribute", walk_distribute, replace(OUTCOME, looks={
    "taken back": look("to_distribute", ["distribute operator"], "Đã tiếp nhận", "Đã tiếp nhận", due="10/03 00:00"),
}))


def walk_approve(world: World) -> Walk:
    w = at_work(world)
    submit(w)
    twice(w, "03/03 10:00", "approve_answer", "leader_PTNMT", agency="PTNMT")
    publish(w)
    w.window_ends(WINDOW, "rating_window")
    return w


APPROVE = Way("taken back: approve", walk_approve, replace(OUTCOME, looks={
    "taken back": look("approval", ["approve_answer agency_leader PTNMT"], "Đang xử lý", "Đang xử lý", due="10/03 00:00"),
}))

TO_PUBLISH = look("to_publish", ["publish operator"], "Đang xử lý", "Đang xử lý", due="10/03 00:00")


def walk_publish(world: World) -> Walk:
    w = at_work(world)
    answer(w)
    twice(w, "03/03 14:00", "publish", "operator", **PUBLIC_WORDS)
    w.window_ends(WINDOW, "rating_window")
    return w


PUBLISH = Way("taken back: publish", walk_publish, replace(OUTCOME, looks={"taken back": TO_PUBLISH}))


def walk_private(world: World) -> Walk:
    w = sensitive_and_answered(world)
    twice(w, "03/03 14:00", "publish", "operator", act="answer_privately", title="Việc của trẻ em", question="Nội dung đã biên tập.")
    w.look("answered")
    w.rate("04/03 09:00", "satisfied")
    w.window_ends("11/03 00:00", "rating_window")
    return w


ANSWER_IN_PRIVATE = Way("taken back: answer in private", walk_private, replace(
    PRIVATE.outcome, looks={**PRIVATE.outcome.looks, "taken back": replace(TO_PUBLISH, public=None)},
))

# -- brought back by a change -----------------------------------------------------------------------------------------

def walk_brought_back(world: World) -> Walk:
    w = at_work(world)
    answer(w)
    ref = press(w, "03/03 13:30", "publish", "operator", **PUBLIC_WORDS)
    words = {"report": w.reports["main"], "words": "Sáng nay rác đã trôi xuống hạ lưu."}
    with unit_of_work():
        build.acts.act(
            w.case.ref, "write_to_centre", by=world.actor("citizen", w.now), now=w.now + timedelta(seconds=5),
            given=build.input_to_act("write_to_centre", words),
        )
    assert carry_out_due(w.now + TEN) == 1
    held = db.session.scalars(select(HeldAct).where(HeldAct.ref == ref)).one()
    assert held.returned_at is not None
    assert (why := why_of(held)) is not None
    assert "Something else has changed" in why.en
    w.look("brought back")
    w.do("03/03 13:40", "clear_text", "operator", words="Rác trôi xuống hạ lưu.")
    publish(w)
    w.window_ends(WINDOW, "rating_window")
    return w


BROUGHT_BACK = Way("taken back: brought back by change", walk_brought_back, straight_but(
    passes={"reporter_wrote", "reporter_wrote_to_clear_text", "clear_text", "clear_text_to_again_words"},
    after="approve_answer", does=("write_to_centre", "clear_text"), told=("reporter_wrote operator",),
    looks={"brought back": replace(TO_PUBLISH, tasks=TO_PUBLISH.tasks | {"clear_text operator"})},
))

WAYS = (PUBLISH, ANSWER_IN_PRIVATE, REFUSE, DISTRIBUTE, APPROVE, BROUGHT_BACK)
