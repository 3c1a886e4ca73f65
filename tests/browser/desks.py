"""Every page at a desk, with something on it: a house with a case at each step there is."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from playwright.sync_api import Page
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.inbox.saved_filters import keep_filter, sharing_places
from casework.models import SuggestionRule
from casework.notes.notes import write_note
from casework.permissions import actor_for
from tests import build
from tests.browser.day import Day, pictured_report
from tests.soak.looks import pages_of_staff
from workflows.models import WaitingTask

PEOPLE = ("operator", "ops_lead", "officer_PTNMT", "leader_PTNMT", "committee_leader", "confidential_reader")


STORIES = (
    "classify", "distribute", "accept", "answer", "approve", "approve too", "publish", "interim", "handed back", "endorse", "decide",
    "held", "referred", "refused", "withdrawn", "added", "rated", "asked", "main", "merged", "apart", "urgent",
)  # fmt: skip


@dataclass(frozen=True)
class Desk:
    """A page, whose it is and what it is called; `status` is what it is answered with, `then` what is done on it before it is judged."""

    person: str
    name: str
    path: str
    status: int = 200
    then: Callable[[Page], object] | None = None


def furnish(day: Day) -> None:
    """A case at every step there is, and something of everything that hangs on one."""
    world, until = day.world, date(2026, 3, 12)
    pictured_report(day, "verify", "Tôi là Nguyễn Văn An, 0912 345 678. Rác đổ ven suối, gần nhà 12/4 Thống Nhất.")
    for story in STORIES:
        day.file(story, words=f"Có đống rác lớn ven suối ({story}).")
    day.to_classify("classify")
    day.to_distribute("distribute")
    day.to_agencies("accept", "PTNMT", "HKL")
    day.to_approval("answer", "PTNMT")
    day.do("answer", "approve_answer", "leader_PTNMT", act="redo_answer", agency="PTNMT", instructions="Chụp thêm ảnh.")
    for story in ("approve", "approve too"):
        day.to_approval(story, "PTNMT", "HKL")
    day.do("approve", "approve_answer", "leader_PTNMT", act="redo_answer", agency="PTNMT", instructions="Viết rõ hơn.")
    day.do("approve", "submit_answer", "officer_PTNMT", agency="PTNMT", **{**build.ANSWER, "actions": "Đã thu gom, dọn sạch, cắm biển."})
    day.to_publish("publish", "PTNMT")
    day.to_approval("interim", "PTNMT", "HKL")
    day.do("interim", "approve_answer", "leader_PTNMT", agency="PTNMT")
    day.to_agencies("handed back", "PTNMT")
    day.do("handed back", "accept_assignment", "officer_PTNMT", act="hand_back", reason="Thuộc xã.", suggested=world.agencies["UBND-LAT"])
    for story in ("endorse", "decide"):
        day.to_handling(story, "PTNMT")
        [assignment] = day.case(story).assignments
        wish = {"assignment": assignment, "reason": "Chờ xe.", "until": until}
        build.act(world, day.case(story), "request_extension", "officer_PTNMT", now=day.now(), **wish)
    day.do("decide", "endorse_extension", "leader_PTNMT", endorsed=True)
    day.act("held", "hold", "ops_lead", reason="Chờ nước rút.", until=date(2026, 3, 5))
    day.act("referred", "refer", "operator", body="Công an huyện", reason="Thuộc thẩm quyền công an.")
    day.do("refused", "verify", "operator", act="refuse", reason=world.refusal_reason(), words="Xin cho biết nơi xảy ra.")
    day.do("refused", "object_to_refusal", "citizen", report=day.case("refused").main_report, words="Tôi đã ghi rõ.")
    day.to_handling("withdrawn", "PTNMT")
    day.act("withdrawn", "withdraw_report", "citizen", report=day.case("withdrawn").main_report)
    day.to_handling("added", "PTNMT")
    day.act("added", "write_to_centre", "citizen", report=day.case("added").main_report, words="Lại có thêm rác, gọi 0912 345 678.")
    day.to_publish("rated", "PTNMT")
    day.do("rated", "publish", "operator", title="Rác", question="Rác ven suối.", checked=True)
    day.do("rated", "rate", "citizen", report=day.case("rated").main_report, level="dissatisfied", reason="Chưa dọn hết.")
    report = day.case("asked").main_report
    day.act("asked", "ask_reporter", "operator", report=report, words="Gần cầu nào?", working_days=3, when_unanswered="continue")
    day.act("merged", "merge", "operator", into=day.case("main"), reason="Cùng một nơi.")
    day.act("apart", "quarantine", "operator", reason="Tố cáo cán bộ.")
    day.to_classify("urgent")
    day.do("urgent", "classify", "operator", field=world.field(), urgency="urgent", complexity="ordinary", area=world.area)
    with unit_of_work():
        case = db.session.merge(day.cases["approve"])
        write_note(case, by=world.actor("operator"), now=day.now(), audience="agencies", words="Nhờ làm trước mưa.")
        by = world.actor("operator", day.now())
        keep_filter(by=by, now=day.now(), name="Khẩn", chosen={"urgency": "urgent"})
        keep_filter(by=by, now=day.now(), name="Chờ đơn vị", chosen={"waits": "officer"}, shared_with=sharing_places(by)[0])
    assert db.session.query(SuggestionRule).count()


def desks_of(day: Day) -> list[Desk]:
    """Each page once, with somebody whose it is."""
    now, found = day.now(), dict[str, Desk]()
    db.session.rollback()
    for name in PEOPLE:
        for shown, path in pages_of_staff(actor_for(day.world.people[name], now=now), now).items():
            found.setdefault(shown, Desk(name, shown, path))
    case, again = day.case("approve").ref, day.case("answer").ref
    of_it = (WaitingTask.case_id == day.case("distribute").id, WaitingTask.element == "classify")
    done = db.session.scalars(select(WaitingTask.ref).where(*of_it)).one()
    beside = (
        Desk("operator", "inbox-search", "/inbox?q=1"), Desk("ops_lead", "assign", f"{day.address('verify', 'verify')}/assign"),
        Desk("officer_PTNMT", "case-at-agency", f"/cases/{again}"), Desk("officer_PTNMT", "note", f"/cases/{case}/notes"),
        Desk("confidential_reader", "quarantined", "/quarantined"),
        Desk("officer_PTNMT", "error-403", "/team", 403), Desk("operator", "error-404", "/cases/khongcodau", 404),
        Desk("operator", "error-409", f"/tasks/{done}", 409),
    )  # fmt: skip
    return [*found.values(), *beside]
