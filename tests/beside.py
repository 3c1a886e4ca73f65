"""Cases with something beside their steps: resting, refused, merged, withdrawn, set apart, published in part; through the real acts."""
from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from casework.casefile.views import publications_of
from casework.models import Case
from casework.privacy.identity import Contact
from tests import build
from tests.casework.parting.family import divided, finish_agencies
from tests.grounds import remembered

NEXT_WEEK = date(2026, 3, 9)
TEXT = {"title": "Rác ven suối", "question": "Người dân phản ánh rác ven suối.", "summary": "", "place": "", "shows_exact_place": False,
        "photos": (), "checked": True}  # fmt: skip


@remembered
def two_at_work(world: build.World) -> Case:
    return build.case_at(world, "handling", agencies=2)


def act(world: build.World, case: Case, verb: str, by: str = "operator", **form: Any) -> Case:
    build.act(world, case, verb, by, **form)
    return case


@remembered
def ask(world: build.World, case: Case) -> Case:
    return act(world, case, "ask_reporter", report=case.main_report, words="Ở đoạn nào?", when_unanswered="continue")


@remembered
def refused(world: build.World, case: Case) -> Case:
    return act(world, case, "refuse", reason=world.refusal_reason(), words="Chưa rõ nơi xảy ra.")


@remembered
def objected(world: build.World, case: Case) -> Case:
    build.do(world, refused(world, case), "object_to_refusal", "citizen", report=case.main_report, words="Xin xem lại.")
    return case


@remembered
def one_approved(world: build.World) -> Case:
    case = two_at_work(world)
    ptnmt = world.agencies["PTNMT"]
    build.do(world, case, "submit_answer", "officer_PTNMT", agency=ptnmt, **build.ANSWER)
    build.do(world, case, "approve_answer", "leader_PTNMT", agency=ptnmt)
    return case


@remembered
def redo(world: build.World) -> Case:
    case = build.case_at(world, "approval")
    build.redo(world, case, world.agencies["PTNMT"])
    return case


@remembered
def handed_back(world: build.World) -> Case:
    case = build.case_at(world, "at_agency")
    ptnmt = world.agencies["PTNMT"]
    build.do(world, case, "accept_assignment", "officer_PTNMT", act="hand_back", agency=ptnmt, reason="Không thuộc phòng.")
    return case


@remembered
def merged(world: build.World, *, main: bool) -> Case:
    joining = build.file_report(world, by="citizen_2", contact=Contact(name="Trần Văn Mẫu", phone="+84987654321")).case
    into = build.case_at(world, "to_distribute")
    act(world, joining, "merge", into=into)
    return into if main else joining


@remembered
def withdrawal(world: build.World, state: str) -> Case:
    case = build.case_at(world, state)
    return act(world, case, "withdraw_report", "citizen", report=case.main_report)


@remembered
def apart(world: build.World, *, over: bool = False) -> Case:
    case = act(world, two_at_work(world), "quarantine", reason="Tố cáo một cán bộ.")
    return act(world, case, "hand_over", "confidential_reader", receipt="BB 12/2026") if over else case


@remembered
def held_up(world: build.World) -> Case:
    """Ten working days, and a little after they have run out."""
    case = act(world, two_at_work(world), "hold", "ops_lead", reason="Chờ nước rút.", until=date(2026, 3, 16))
    build.do(world, case, "resume", "ops_lead", now=datetime(2026, 3, 16, 10, tzinfo=build.NOON.tzinfo))
    return case


@remembered
def answered(world: build.World, *, taken_back: bool = False) -> Case:
    case = build.case_at(world, "rating")
    if taken_back:
        act(world, case, "unpublish", publication=publications_of(case)[0], reason="Lộ biển số xe.")
    return case


@remembered
def answered_privately(world: build.World) -> Case:
    case = build.case_at(world, "to_publish")
    build.do(world, case, "publish", "operator", act="answer_privately", title="Rác", question="Rác ven suối.")
    return case


@remembered
def reopened(world: build.World) -> Case:
    case = build.case_at(world, "rating")
    build.rate(world, case, level="dissatisfied")
    build.do(world, case, "review_rating", "ops_lead", outcome="reopened", words="Sẽ dọn lại.")
    return build.advance(world, case, "handling")


@remembered
def in_review(world: build.World) -> Case:
    case = build.case_at(world, "rating")
    build.rate(world, case, level="dissatisfied")
    return case


@remembered
def more_time_asked(world: build.World) -> Case:
    case = build.case_at(world, "handling")
    [row] = case.open_assignments
    build.act(world, case, "request_extension", "officer_PTNMT", assignment=row, reason="Chờ vật tư.", until=date(2026, 3, 11))
    return case


def waiting_for_part(world: build.World) -> Case:
    case, _part = divided(world)
    finish_agencies(world, case)
    return case


CASES: dict[str, Callable[[build.World], Case]] = {
    **{state: lambda world, state=state: build.case_at(world, state) for state in build.WALK},
    "urgent": lambda world: build.case_at(world, "handling", urgent=True),
    "two at work": two_at_work,
    "one of two approved": one_approved,
    "published so far": lambda world: act(world, one_approved(world), "publish_interim", **TEXT),
    "redo": redo,
    "handed back": handed_back,
    "more time asked": more_time_asked,
    "asked at verification": lambda world: ask(world, build.case_at(world, "to_verify")),
    "asked while at work": lambda world: ask(world, two_at_work(world)),
    "held": lambda world: act(world, two_at_work(world), "hold", "ops_lead", reason="Chờ nước rút.", until=NEXT_WEEK),
    "held as long as can be": held_up,
    "referred": lambda world: act(world, two_at_work(world), "refer", body="Điện lực Lâm Đồng", reason="Thuộc lưới điện."),
    "refused": lambda world: refused(world, build.case_at(world, "to_distribute")),
    "objected": lambda world: objected(world, build.case_at(world, "at_agency")),
    "merged away": lambda world: merged(world, main=False),
    "merged into": lambda world: merged(world, main=True),
    "divided": lambda world: divided(world)[0],
    "waiting for a part": waiting_for_part,
    "a part": lambda world: divided(world)[1],
    "a part joined again": lambda world: act(world, divided(world)[1], "join_part", reason="Không cần nữa."),
    "withdrawn": lambda world: withdrawal(world, "to_verify"),
    "to be withdrawn": lambda world: withdrawal(world, "handling"),
    "unpublished": lambda world: answered(world, taken_back=True),
    "answered privately": answered_privately,
    "in review": in_review,
    "reopened": reopened,
    "set apart": apart,
    "handed over": lambda world: apart(world, over=True),
}  # fmt: skip
