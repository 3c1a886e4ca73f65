"""The ways of people at their desks, as a person goes them: what is pressed and typed from the page they begin at.

Written for the pages of today. Whatever differs from the pages of an earlier release is a function of its own, so that it can be
replaced; the table of WAYS is the same for both.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from playwright.sync_api import Locator

from tests import build
from tests.browser.day import AFTER, AGENCIES, Day, Place
from tests.soak.hand import Hand

REPORTS = 10
TITLE = "Rác đổ ven suối"
MATTERS = (
    "Có đống rác lớn ven suối", "Ổ gà sâu giữa đường", "Cột đèn đường tắt mấy đêm", "Ống nước sạch vỡ tràn ra đường", "Rác bốc mùi hôi",
    "Loa kẹo kéo ồn đến khuya", "Mặt đường bong tróc", "Cống thoát nước bị tắc", "Quán bày hàng lấn chiếm vỉa hè", "Bãi rác tự phát",
)  # fmt: skip
ANSWER = {
    "findings": "Đã kiểm tra, có khoảng 2 m³ rác ven suối.", "actions": "Đã thu gom và dọn sạch.", "remaining": "Không còn.",
    "contact": "Bộ phận môi trường",
}  # fmt: skip
REDO = "Ghi rõ khối lượng đã thu gom."
CALLED = {
    "phone": "0912345678", "words": "Dây điện đứt rơi xuống đường, trẻ con đi học qua.", "area": "Xã Lát", "village": "Thôn Păng Tiêng",
}  # fmt: skip
SOUGHT = "rac ven suoi"
VILLAGE = "Păng Tiêng"


@dataclass(frozen=True)
class Way:
    """A journey: whose it is, what has happened before, where they begin, and what they press."""

    name: str
    who: str
    furnish: Callable[[Day], str]
    go: Callable[[Hand], object]
    begins: str = "/inbox"
    on_telephone: bool = False


# -- what has happened before --------------------------------------------------------------------------------------------


def filed(day: Day, words: str) -> str:
    """A report with a position; returns the name of its story."""
    story = f"story {len(day.cases)}"
    place = Place(area=day.world.area, village="Thôn Păng Tiêng", latitude=12.0331, longitude=108.3672, accuracy_m=20)
    day.file(story, words=words, place=place)
    return story


def ten_reports(day: Day) -> str:
    first, *_others = [filed(day, f"{matter}, mong xử lý sớm.") for matter in MATTERS[:REPORTS]]
    return first


def nothing(_day: Day) -> str:
    return ""


def one_known(day: Day) -> str:
    story = filed(day, f"{MATTERS[1]}, gần cầu.")
    day.to_classify(story)
    return story


def at_an_agency(day: Day) -> str:
    story = filed(day, MATTERS[0])
    day.to_agencies(story, "PTNMT")
    return story


def accepted(day: Day) -> str:
    story = filed(day, MATTERS[0])
    day.to_handling(story, "PTNMT")
    return story


def answered(day: Day) -> str:
    story = filed(day, MATTERS[0])
    day.to_approval(story, "PTNMT")
    return story


def to_publish(day: Day) -> str:
    story = filed(day, MATTERS[0])
    day.to_publish(story, "PTNMT")
    return story


def four_of_whom_one_asks_for_time(day: Day) -> str:
    story = filed(day, MATTERS[0])
    day.to_handling(story, *AGENCIES[:4])
    case, key = day.case(story), AGENCIES[0]
    [assignment] = [each for each in case.assignments if each.agency_id == day.world.agencies[key].id]
    until = assignment.due_at.date() + timedelta(days=3)
    build.act(day.world, case, "request_extension", f"officer_{key}", now=day.now(), assignment=assignment, reason="Chờ xe.", until=until)
    day.do(story, "endorse_extension", f"leader_{key}", agency=key, endorsed=True)
    return story


def two_late(day: Day) -> str:
    for key in AGENCIES[:2]:
        day.to_handling(filed(day, MATTERS[0]), key)
    day.ahead += timedelta(days=40)
    day.people.clear()                                     # nobody's session lasts so long
    return ""


def one_again(day: Day) -> str:
    day.to_classify(filed(day, "Ổ gà sâu giữa đường vào thôn, xe máy ngã hai lần, gần cầu sắt."))
    return filed(day, "Ổ gà sâu giữa đường vào thôn, gần cầu sắt, xe máy ngã hai lần rồi.")


# -- what is pressed -----------------------------------------------------------------------------------------------------


def row(hand: Hand) -> Locator:
    """The link of the case in the list."""
    return hand.page.locator(f"[data-row]:has-text('{hand.code}') a.quiet").first


def first_of(hand: Hand, name: str) -> str:
    """The first choice of a list that is one."""
    return hand.page.locator(f"[name={name}] option").nth(1).get_attribute("value") or ""


def act(hand: Hand, value: str) -> Locator:
    return hand.page.locator(f"button[name=act][value={value}]:not([tabindex='-1'])")


def in_bar(hand: Hand) -> Locator:
    return hand.page.locator(".actionbar button.btn-primary")


def entry(hand: Hand, path: str) -> Locator:
    return hand.page.locator(f".sitebar a[href='{path}'], .sitebar a[href^='{path}?']").first


def verify(hand: Hand) -> None:
    """Accept; where a classification is suggested, with it."""
    hand.type(hand.page.locator("[name=title]"), TITLE)
    at_once = hand.page.locator("button[name=classified]")
    if at_once.count():
        if hand.page.locator("[name=classified_field]").count():
            hand.choose(hand.page.locator("[name=classified_field]"), first_of(hand, "classified_field"))
        hand.lead(at_once)
        return
    hand.lead(act(hand, "verify"))
    classify(hand)


def classify(hand: Hand) -> None:
    take = hand.page.locator("[data-take=field], button[name=take][value=field]").first
    if take.count() and take.is_visible():
        hand.press(take)
    elif not hand.page.locator("[name=field]").input_value():
        hand.choose(hand.page.locator("[name=field]"), first_of(hand, "field"))
    if hand.page.locator("[name=urgency][value=urgent]").is_checked():
        hand.press(hand.page.locator("[name=urgency][value=normal]"))
    hand.lead(in_bar(hand))


def distribute(hand: Hand) -> None:
    suggested = hand.page.locator("[name=lead][type=radio]:not([value=other])").first
    if suggested.count():
        hand.press(suggested)
    else:
        hand.choose(hand.page.locator("[name=lead_other]"), first_of(hand, "lead_other"))
    hand.lead(act(hand, "distribute"))


def triage(hand: Hand) -> None:
    hand.lead(row(hand))
    for number in range(REPORTS):
        go_to_next(hand, number)
        verify(hand)
        distribute(hand)


def go_to_next(_hand: Hand, _number: int) -> None:
    """The next report opens by itself."""


def take_call(hand: Hand) -> None:
    hand.lead(entry(hand, "/intake/call"))
    hand.type(hand.page.locator("#phone"), CALLED["phone"])
    hand.press(hand.page.locator("#consent"))
    hand.type(hand.page.locator("#words"), CALLED["words"])
    hand.type(hand.page.locator("#area"), CALLED["area"])
    hand.type(hand.page.locator("#village"), CALLED["village"])
    hand.press(hand.page.locator("#urgent"))
    hand.lead(act(hand, "send"))


def find_by_words(hand: Hand) -> None:
    search = hand.page.locator("[type=search]:visible").first
    hand.strike("/")
    hand.type(search, SOUGHT)
    hand.strike("Enter", leads=True)
    hand.lead(hand.page.locator("[data-row] a.quiet, .foundlist a.quiet").first)


def accept(hand: Hand) -> None:
    hand.lead(row(hand))
    hand.lead(act(hand, "accept_assignment"))


def accept_and_answer(hand: Hand) -> None:
    accept(hand)
    with NamedTemporaryFile(suffix=".jpg") as picture:
        picture.write(AFTER)
        picture.flush()
        hand.photograph(hand.page.locator("[name=photos]"), Path(picture.name))
    for name, words in ANSWER.items():
        hand.type(hand.page.locator(f"[name={name}]"), words)
    hand.lead(act(hand, "submit_answer"))


def approve(hand: Hand) -> None:
    hand.lead(row(hand))
    hand.lead(act(hand, "approve_answer"))


def order_redo(hand: Hand) -> None:
    hand.lead(row(hand))
    hand.type(hand.page.locator("[name=instructions]"), REDO)
    hand.lead(act(hand, "redo_answer"))


def publish(hand: Hand) -> None:
    hand.lead(row(hand))
    hand.press(hand.page.locator("[name=checked][type=checkbox]"))
    hand.lead(act(hand, "publish"))


def grant_time(hand: Hand) -> None:
    hand.lead(row(hand))
    hand.press(hand.page.locator("[name=granted][value=yes]"))
    hand.lead(in_bar(hand))


def remind_and_write(hand: Hand) -> None:
    hand.lead(entry(hand, "/late"))
    for tick in hand.page.locator("[data-whole]").all():
        hand.press(tick)
    hand.lead(hand.page.locator(".bulkbar .btn-primary"))
    for tick in hand.page.locator("[data-whole]").all():
        hand.press(tick)
    hand.lead(hand.page.locator(".bulkbar [formaction$='/letters']"))
    hand.lead(hand.page.locator("form.stack .btn-primary"))


def merge(hand: Hand) -> None:
    hand.lead(row(hand))
    hand.lead(hand.page.locator("[data-alike] a[href*='/acts/merge'], .alikelist a[href*='/acts/merge']").first)
    hand.type(hand.page.locator("[name=reason]"), "Cùng một ổ gà.")
    hand.lead(in_bar(hand))


def where_it_is(hand: Hand) -> None:
    """From the list to the village and the map of an answer to be judged."""
    hand.lead(row(hand))
    to_the_place(hand)


def to_the_place(hand: Hand) -> None:
    hand.look_for(hand.page.get_by_text(VILLAGE).locator("visible=true").first)


def last_weeks(hand: Hand) -> None:
    hand.lead(entry(hand, "/dashboard"))


WAYS = (
    Way("triage of ten reports", "operator", ten_reports, triage),
    Way("hotline call taken", "operator", nothing, take_call),
    Way("case found by words and opened", "operator", one_known, find_by_words),
    Way("work accepted and answered, with a photo", "officer_PTNMT", at_an_agency, accept_and_answer, on_telephone=True),
    Way("answer approved", "leader_PTNMT", answered, approve),
    Way("redo ordered", "leader_PTNMT", answered, order_redo),
    Way("case published", "operator", to_publish, publish),
    Way("time granted to one of four agencies", "ops_lead", four_of_whom_one_asks_for_time, grant_time),
    Way("duplicate merged at first reading", "operator", one_again, merge),
    Way("place of an answer to be judged", "leader_PTNMT", answered, where_it_is),
    Way("place of the work, on a telephone", "officer_PTNMT", accepted, where_it_is, on_telephone=True),
    Way("late agencies reminded and written to", "ops_lead", two_late, remind_and_write),
    Way("last weeks looked at", "committee_leader", two_late, last_weeks),
)


def went(day: Day, way: Way, story: str) -> dict[str, Any]:
    """Go a way on a day that has been furnished for it, and say what it took."""
    visitor = day.person(way.who)
    if way.on_telephone:
        visitor.page.set_viewport_size({"width": 360, "height": 740})
    else:
        visitor.page.set_viewport_size({"width": 1366, "height": 768})
    hand = Hand(day.house.app, visitor.page, way.begins, code=day.case(story).code if story else "", on_telephone=way.on_telephone)
    way.go(hand)
    return {**hand.done().rounded(), "asked": hand.asked}
