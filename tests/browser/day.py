"""A centre's day: its agencies and people at their desks, its thirty reports, and which acts were done through which page.

What citizens do, and the steps before the one a test is about, go through the use cases; the server runs all the while.
"""
from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, Response, request, request_finished
from playwright.sync_api import Locator, Page
from sqlalchemy import func, select

from casework.db import db, unit_of_work
from casework.intake.file_report import Place
from casework.models import Agency, Case, Event
from casework.permissions import ANYONE, Role
from casework.photos.records import prepare_photo, stage_photo
from casework.recordings.staging import prepare_recording, recordings_of_report, stage_recording
from tests import build
from tests.browser.house import DESK, House, Visitor, opened
from tests.browser.judging import reach
from tests.browser.waiting import PATIENCE, next_document
from tests.system.canary import marked_voice
from web import sessions
from web.config import Config
from web.demo.pictures import draw_demo_photo
from web.jobs.recordings import prepare_recordings
from web.steps.acts import PAGES as ACT_PAGES
from web.steps.pages import PAGES as STEP_PAGES
from workflows.bindings import STEPS
from workflows.models import WaitingTask

MORE_AGENCIES = (
    ("KTHT", "Phòng Kinh tế và Hạ tầng", "Economy and Infrastructure Office"),
    ("VHTT", "Phòng Văn hóa và Thông tin", "Culture and Information Office"),
    ("UBND-CHAIS", "UBND xã Đạ Chais", "People's Committee of Đạ Chais Commune"),
)
"""Beside those of the standard world, so that there are six: twelve officers and six leaders."""

AGENCIES = (*(key for key, _vi, _en in build.AGENCIES), *(key for key, _vi, _en in MORE_AGENCIES))
NEUTRAL = "Có đống rác lớn ven suối, mùi rất nặng."
AFTER = draw_demo_photo(11, "trash", after=True)
WORKERS = frozenset({Role.OPERATOR, Role.OPS_LEAD, Role.OFFICER, Role.AGENCY_LEADER, Role.COMMITTEE_LEADER, Role.CONFIDENTIAL_READER})
BEGIN = build.NOON + timedelta(hours=1)


@dataclass
class Day:
    """The house, who sits where, and the cases by the name of their story."""

    house: House
    world: build.World
    config: Config
    cases: dict[str, Case] = field(default_factory=dict)
    people: dict[str, Visitor] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    ahead: timedelta = timedelta()
    began: float = field(default_factory=time.monotonic)

    def now(self) -> datetime:
        """The day's clock runs on from BEGIN; `ahead` is what a test has let pass."""
        return BEGIN + self.ahead + timedelta(seconds=time.monotonic() - self.began)

    def person(self, name: str) -> Visitor:
        """Somebody at their desk, with a browser of their own and a session opened for it."""
        if name not in self.people:
            context = self.house.browser.new_context(base_url=self.house.address, viewport=DESK, locale="vi-VN", reduced_motion="reduce")
            with self.house.app.test_request_context(), unit_of_work():
                token = sessions.open_session(self.world.people[name], now=self.now())
            context.add_cookies([{"name": sessions.COOKIE, "value": token, "url": self.house.address}])
            self.people[name] = Visitor(self.house, context, context.new_page(), name)
            self.people[name].listen()
            context.set_default_timeout(PATIENCE)
        return self.people[name]

    # -- what others have done meanwhile ----------------------------------------------------------------------------------

    def file(self, story: str, **report: Any) -> Case:
        filed = build.file_report(self.world, now=self.now(), **report)
        self.cases[story] = filed.case
        return filed.case

    def newest(self, story: str) -> Case:
        """Take the case that was opened last into the day under a name."""
        db.session.rollback()
        self.cases[story] = db.session.scalars(select(Case).order_by(Case.id.desc()).limit(1)).one()
        return self.cases[story]

    def case(self, story: str) -> Case:
        """As the database has it now."""
        db.session.rollback()
        return self.cases[story]

    def address(self, story: str, element: str, agency: str = "") -> str:
        case = self.case(story)
        return f"/tasks/{build.waiting(case, element, self.world.agencies[agency] if agency else None).ref}"

    def do(self, story: str, element: str, by: str, *, act: str | None = None, agency: str = "", **form: Any) -> None:
        """A step by the use case, at the time of the day."""
        case = self.case(story)
        there = self.world.agencies[agency] if agency else None
        build.do(self.world, case, element, by, act=act, agency=there, now=self.now(), **form)

    def act(self, story: str, verb: str, by: str, **form: Any) -> None:
        """Something beside the steps by the use case."""
        build.act(self.world, self.case(story), verb, by, now=self.now(), **form)

    def to_classify(self, story: str) -> None:
        case = self.case(story)
        self.do(story, "verify", "operator", title=f"Rác ven suối ({story})", cleared=[build.cleared(link.report) for link in case.reports])

    def to_distribute(self, story: str) -> None:
        if self.case(story).state == "to_verify":
            self.to_classify(story)
        world = self.world
        self.do(story, "classify", "operator_2", field=world.field(), urgency="normal", complexity="ordinary", area=world.area,
                village="Thôn Păng Tiêng")

    def to_agencies(self, story: str, *keys: str) -> None:
        if self.case(story).state != "to_distribute":
            self.to_distribute(story)
        lead, *others = (self.world.agencies[key] for key in keys)
        self.do(story, "distribute", "operator", lead=lead, cooperating=others)

    def to_handling(self, story: str, *keys: str) -> None:
        self.to_agencies(story, *keys)
        for key in keys:
            self.do(story, "accept_assignment", f"officer_2_{key}", agency=key)

    def to_approval(self, story: str, *keys: str) -> None:
        self.to_handling(story, *keys)
        for key in keys:
            self.do(story, "submit_answer", f"officer_{key}", agency=key, **build.ANSWER)

    def to_publish(self, story: str, *keys: str) -> None:
        self.to_approval(story, *keys)
        for key in keys:
            self.do(story, "approve_answer", f"leader_{key}", agency=key)

    def events(self, story: str, kind: str) -> int:
        """How many events of a kind a case has."""
        case = self.case(story)
        return db.session.scalar(select(func.count(Event.id)).where(Event.case_id == case.id, Event.type == kind)) or 0

    # -- at a desk --------------------------------------------------------------------------------------------------------

    def open_step(self, name: str, story: str, element: str, agency: str = "") -> Page:
        return self.person(name).go(self.address(story, element, agency))

    def step(self, name: str, story: str, element: str, verb: str = "", *, agency: str = "", **fields: str) -> Page:
        """Open a step, fill in its form and send it."""
        page = self.open_step(name, story, element, agency)
        fill_in(page, **fields)
        send(page, verb)
        return page

    def beside(self, name: str, story: str, verb: str, **fields: str) -> Page:
        """An act beside the steps, reached over its link on the page of the case."""
        page = self.person(name).go(f"/cases/{self.case(story).ref}?tab=all")
        with next_document(page):
            reach(page.locator(f"main a[href*='/acts/{verb}']").first).click()
        fill_in(page, **fields)
        send(page, verb if page.locator(f"button[name=act][value={verb}]").count() else "")
        assert f"/acts/{verb}" not in page.url, page.inner_text("main")
        return page

    def tick(self, name: str, view: str, *stories: str) -> Page:
        """The inbox in a view with the cases of these stories ticked, all of them where none is named."""
        refs = [row.ref for row in self.waiting(*stories)]
        page = self.person(name).go(view)
        if not stories:
            page.locator("[data-all]").check()
        # who looks for them turns the pages: 30 reports are more than one
        while not all(page.locator(f"[name=task][value='{ref}']").count() for ref in refs):
            with next_document(page):
                page.locator("a[rel=next]").click()
        for ref in refs:
            page.check(f"[name=task][value='{ref}']")
        return page

    def waiting(self, *stories: str) -> list[WaitingTask]:
        ids = [self.case(story).id for story in stories]
        return list(db.session.scalars(select(WaitingTask).where(WaitingTask.case_id.in_(ids), WaitingTask.state == "waiting")))

    def bulk(self, page: Page, verb: str, **fields: str) -> list[str]:
        """Do it with the ticked ones; what became of each."""
        with next_document(page):
            page.locator(f"[data-bulk] button[formaction$='/{verb}']").click()
        if fields:
            fill_in(page, **fields)
            with next_document(page):
                page.locator("form.card button.btn-primary").click()
        return page.locator("[data-result]").evaluate_all("all => all.map(each => each.dataset.result)")


def fill_in(page: Page, **fields: str) -> None:
    """Fill in fields as a person would; "yes" ticks a box. Folded parts are opened before."""
    for name, value in fields.items():
        found = page.locator(f"form :is(input, select, textarea)[name='{name}']:not([type=hidden])")
        kind = found.first.evaluate("""field => {
            const fold = field.closest("details:not([open])");
            if (fold) fold.open = true;
            return field.type;
        }""")
        if kind == "radio":
            page.check(f"[name='{name}'][value='{value}']")
        elif kind == "checkbox":
            found.first.check()
        elif kind == "select-one":
            found.first.select_option(value)
        else:
            found.first.fill(value)


def button(page: Page, verb: str = "") -> Locator:
    """The button of an act, the one in the bar where none is named."""
    return page.locator(f"button[name=act][value={verb}]:not([tabindex='-1'])" if verb else ".actionbar button.push:not([value=choose])")


def send(page: Page, verb: str = "") -> None:
    with next_document(page):
        button(page, verb).click()


@contextmanager
def begun(environment: dict[str, str]) -> Iterator[Day]:
    """The house with six agencies and a second centre, its clock at the beginning of the day, and somebody who writes down what is done."""
    with opened(environment) as house:
        world = house.world
        assert world is not None
        with unit_of_work():
            for key, name_vi, name_en in MORE_AGENCIES:
                agency = build.agency(world, key, name_vi, name_en)
                for person, role in (("officer", Role.OFFICER), ("officer_2", Role.OFFICER), ("leader", Role.AGENCY_LEADER)):
                    build.staff(world, f"{person}_{key}", role, agency=agency)
            build.centre("DN", is_default=False)
        day = Day(house, world, Config.from_environment(environment))
        house.app.config["CLOCK"] = day.now
        house.app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 3600    # what a page is dressed in need not be asked for with every page
        heard = _listened(day)
        request_finished.connect(heard, house.app)
        yield day
        request_finished.disconnect(heard, house.app)


def ref_of(agency: Agency) -> str:
    db.session.rollback()
    return str(agency.ref)


def pictured_report(day: Day, story: str, words: str) -> Case:
    """A report with a photo."""
    prepared = prepare_photo(draw_demo_photo(11, "trash"), "suoi.jpg", store=day.house.app.extensions["file_store"], max_bytes=10_000_000)
    with unit_of_work():
        stage_photo(prepared, token=f"scene-{story}", purpose="scene", by=day.world.actor("citizen"), now=day.now())
    place = Place(area=day.world.area, village="Thôn Păng Tiêng", latitude=12.0331, longitude=108.3672, accuracy_m=20)
    return day.file(story, words=words, place=place, photos_token=f"scene-{story}")


def spoken_report(day: Day, story: str, *, by: str) -> Case:
    """A report that is a voice note, ready to be heard."""
    store, token = day.house.app.extensions["file_store"], f"spoken-{story}-of-the-day"
    prepared = prepare_recording(marked_voice(), "ghi-am.wav", kind="voice", store=store)
    with unit_of_work():
        stage_recording(prepared, token=token, by=day.world.actor(by), now=day.now())
    case = day.file(story, by=by, words="Cây ở khúc cua, xin nghe lời ghi âm.", photos_token=token)
    prepare_recordings(store, now=day.now())
    return case


def said_in(day: Day, story: str) -> dict[str, str]:
    """What an operator writes down of each recording at verification, by the name of its field."""
    return {f"said-{each.ref}": "Cây thông nghiêng về phía đường." for each in recordings_of_report(day.case(story).main_report)}


# -- which acts there are, and which were done ---------------------------------------------------------------------------


def acts_that_exist(app: Flask) -> set[str]:
    """Every step and act of a member of staff at a desk, every other thing they can send, every page they can read."""
    found = {f"{element}: {verb}" for element in STEP_PAGES for verb in STEPS[element].acts} | {f"act {verb}" for verb in ACT_PAGES}
    for rule in app.url_map.iter_rules():
        roles = app.view_functions[rule.endpoint].action.roles if rule.endpoint != "static" else ANYONE  # type: ignore[attr-defined]
        if rule.endpoint.startswith(("api.", "open311.", "scim.")):
            continue                                          # programs come by these, with a key and no browser
        if roles != ANYONE and WORKERS & roles and rule.endpoint not in ("tasks.task", "case_acts.act"):
            found |= {f"{method} {rule.endpoint}" for method in (rule.methods or set()) & {"GET", "POST"}}
    return found


def _listened(day: Day) -> Any:
    def heard(_app: Flask, response: Response, **_: Any) -> None:
        method, endpoint, ways = request.method, request.endpoint or "", request.view_args or {}
        if response.status_code not in (200, 302, 303, 304):
            return
        if endpoint not in ("tasks.task", "case_acts.act"):
            is_asked = endpoint.startswith("inbox_bulk.") and request.form.get("sent") != "yes" and _asks_first(endpoint)
            day.done |= set() if is_asked else {f"{method} {endpoint}"}
        elif method == "POST" and response.status_code != 200:
            if endpoint == "case_acts.act":
                day.done.add(f"act {ways['verb']}")
            else:
                element = db.session.scalars(select(WaitingTask.element).where(WaitingTask.ref == ways["ref"])).one()
                day.done.add(f"{element}: {request.form.get('act') or STEPS[element].own_act}")

    return heard


def _asks_first(endpoint: str) -> bool:
    return endpoint not in ("inbox_bulk.claim", "inbox_bulk.release")
