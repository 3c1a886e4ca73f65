"""The way of one report through the pages, from filing to rating: two agencies, photos, a redo, clearing and publication."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flask import Flask

from casework.asking.questions import questions_at
from casework.db import db
from casework.local_time import local_day
from casework.models import Case
from tests import build
from tests.asked import extra_question
from tests.system.canary import (
    ADDED,
    ANSWERED,
    ASKED,
    CLEARED,
    EMAIL,
    EXTRA,
    FILE_NAME,
    FULL_NAME,
    HOUSE,
    PHONE,
    SAID,
    VILLAGE,
    VOICE_NAME,
    WORDS,
    marked_photo,
    marked_voice,
    plain_photo,
)
from tests.system.person import Page, Person

AGENCY_KEYS = ("PTNMT", "UBND-LAT")
FIELD = "rung_dat_moi_truong"
UNWILLING = "HKL"
"""Asked too, and hands back."""


@dataclass
class Journey:
    """Who takes part, and where it stands. Each method is one person's act on their pages; `stop` is called after each."""

    app: Flask
    world: build.World
    stop: Callable[[str], None] = lambda act: None
    people: dict[str, Person] = field(default_factory=dict)
    now: datetime = build.NOON
    code: str = ""
    secret: str = ""

    def __post_init__(self) -> None:
        self.app.config["CLOCK"] = lambda: self.now

    def person(self, name: str) -> Person:
        """Somebody of the world, signed in at first use; a name the world does not know is a guest."""
        if name not in self.people:
            self.people[name] = Person(self.app, name)
            if name in self.world.people:
                login = build.PHONE if name == "citizen" else "+84987654321" if name == "citizen_2" else name
                page = self.people[name].sign_in(login, build.PASSWORD)
                assert page.status == 200, f"{name} could not sign in: {page.shown}"
        return self.people[name]

    @property
    def case(self) -> Case:
        """As the database has it now."""
        db.session.rollback()
        return db.session.query(Case).filter_by(code=self.code).one()

    def whole(self) -> Journey:
        """All of it."""
        for act in (self.file, self.verify, self.classify, self.distribute, self.hand_back, self.accept, self.write_more, self.ask_data,
                    self.submit, self.redo, self.submit_again, self.approve, self.publish, self.rate):
            act()
        return self

    # -- the acts, in order ------------------------------------------------------------------------------------------------

    def file(self, by: str = "reporter") -> Page:
        reporter = self.person(by)
        asked = [each for each in questions_at(self.world.centre.id, local_day(build.NOON)) if each.code == "moc"] or [
            extra_question(self.world, service_code=FIELD, code="moc", kind="text", name_vi="Gần mốc nào?", name_en="Near which mark?")
        ]
        page = reporter.get("/reports/new")
        identity = {"name": FULL_NAME, "contact": PHONE} if by not in self.world.people else {}
        files = {"photos": [(marked_photo(), FILE_NAME)], "voice": [(marked_voice(), VOICE_NAME)]}
        page = reporter.submit(
            page, ("act", "send"), uploads=files, words=WORDS, area=self.world.area.ref,
            village=VILLAGE, place=f"Trước {HOUSE}", consent="y", alike_seen="y", field=FIELD,
            **{f"ask-{asked[0].id}": EXTRA}, **identity,
        )  # fmt: skip
        assert page.path.endswith("/receipt"), page.shown
        self.code, self.secret = page.path.split("/")[2], page.by_id("secret")
        return self._ended("file", page)

    def verify(self) -> Page:
        operator, page = self.opened("operator")
        [report] = self.case.reports
        photos = {name: "yes" for name in field_names(page) if name.startswith("show-")}
        said = {name: SAID for name in field_names(page) if name.startswith("said-")}
        assert len(said) == 1, page.shown
        page = operator.submit(page, ("act", "verify"), title="Rác đổ ven suối", place="Ven suối thôn Păng Tiêng",
                               **{f"words-{report.report.ref}": CLEARED}, **photos, **said)
        return self._ended("verify", page)

    def classify(self, urgency: str = "normal") -> Page:
        operator, page = self.opened("operator")
        page = operator.submit(page, field=FIELD, urgency=urgency, complexity="ordinary", area=self.world.area.ref)
        return self._ended("classify", page)

    def distribute(self) -> Page:
        operator, page = self.opened("operator")
        lead, *helping = (self.world.agencies[key].ref for key in (*AGENCY_KEYS, UNWILLING))
        page = operator.submit(page, ("act", "distribute"), lead=lead, cooperating=helping)
        return self._ended("distribute", page)

    def hand_back(self) -> Page:
        officer, page = self.opened(f"officer_{UNWILLING}")
        officer.submit(page, ("act", "hand_back"), reason="Không thuộc rừng do Hạt quản lý.")
        operator, page = self.opened("operator")
        page = operator.submit(page, upheld="yes", words="Đồng ý.")
        return self._ended("hand_back", page)

    def accept(self) -> Page:
        for key in AGENCY_KEYS:
            officer, page = self.opened(f"officer_{key}")
            page = officer.submit(page, ("act", "accept_assignment"))
        return self._ended("accept", page)

    def write_more(self) -> Page:
        """The reporter adds words and a photo, answers a question with another, and an operator clears both."""
        reporter, operator = self.person("reporter"), self.person("operator")
        own = f"/mine/{self.code}"
        reporter.submit(reporter.get(own), at="/additions", uploads={"photos": [(marked_photo(8), FILE_NAME)]}, words=ADDED)
        ask = operator.get(f"/cases/{self.case.ref}/acts/ask_reporter")
        operator.submit(ask, words="Rác ở bờ nào của suối?", when_unanswered="continue", working_days="5")
        reporter.submit(reporter.get(own), at="/answer", uploads={"photos": [(marked_photo(9), FILE_NAME)]}, words=ANSWERED)
        operator, page = self.opened("operator")
        ticks = {name: "yes" for name in field_names(page) if name.startswith("show-")}
        assert len(ticks) == 2, page.shown
        page = operator.submit(page, ("act", "clear_text"), words="Nay còn thêm rác.", **ticks)
        return self._ended("write_more", page)

    def ask_data(self) -> Page:
        """The reporter asks that their name be put right; nobody has looked at it yet."""
        reporter = self.person("reporter")
        page = reporter.get(f"/mine/{self.code}/data")
        page = reporter.submit(page, at="/requests", name=FULL_NAME, email=EMAIL, words=ASKED, secret=self.secret)
        return self._ended("ask_data", page)

    def submit(self, keys: tuple[str, ...] = AGENCY_KEYS) -> Page:
        for number, key in enumerate(keys):
            officer, page = self.opened(f"officer_{key}")
            photo = plain_photo(20 + number, after=True)
            page = officer.submit(
                page, ("act", "submit_answer"), uploads={"photos": [(photo, "sau khi dọn.jpg")]},
                contact="Bộ phận môi trường, 0263 000 0000",
                findings=f"Đã kiểm tra, có khoảng {2 + number} m³ rác ven suối.", actions=f"Đã thu gom, dọn sạch ({key}).",
                remaining="Không còn.",
            )  # fmt: skip
        return self._ended("submit", page)

    def redo(self) -> Page:
        leader, page = self.opened(f"leader_{AGENCY_KEYS[0]}")
        page = leader.submit(page, ("act", "redo_answer"), instructions="Chụp thêm ảnh bờ suối phía cầu.")
        return self._ended("redo", page)

    def submit_again(self) -> Page:
        return self.submit(AGENCY_KEYS[:1])

    def approve(self) -> Page:
        for key in AGENCY_KEYS:
            leader, page = self.opened(f"leader_{key}")
            page = leader.submit(page, ("act", "approve_answer"))
        return self._ended("approve", page)

    def publish(self) -> Page:
        operator, page = self.opened("operator")
        photos = {name: "yes" for name in field_names(page) if name.startswith("show-")}
        page = operator.submit(page, ("act", "publish"), title="Rác đổ ven suối", question="Người dân phản ánh rác đổ ven suối.",
                               checked="y", **photos)
        return self._ended("publish", page)

    def rate(self, by: str = "reporter", level: str = "satisfied") -> Page:
        reporter = self.person(by)
        page = reporter.get(f"/mine/{self.code}")
        page = reporter.submit(page, at="/rating", level=level, reason="Chưa dọn hết bờ bên kia." if level == "dissatisfied" else "")
        return self._ended("rate", page)

    # -- finding the way ---------------------------------------------------------------------------------------------------

    def opened(self, name: str) -> tuple[Person, Page]:
        """The person and the page of the one step of this case that waits in their inbox."""
        person = self.person(name)
        inbox = person.get("/inbox")
        steps = [link for link in inbox.links("/tasks/") if link.count("/") == 2]
        assert steps, f"nothing waits for {name}:\n{inbox.shown}"
        return person, person.get(steps[0])

    def _ended(self, act: str, page: Page) -> Page:
        assert page.status == 200, f"{act}: {page.status}\n{page.shown}"
        self.now += timedelta(minutes=build.MINUTES_BETWEEN_STEPS)
        self.stop(act)
        return page


def field_names(page: Page) -> list[str]:
    """The names of all fields on a page."""
    return [each.get("name") for each in page.document.iter("input", "select", "textarea") if each.get("name")]
