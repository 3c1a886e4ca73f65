"""Every way in which somebody's words reach the centre, and every way in which a case goes from there to what everybody reads."""
from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import product
from uuid import uuid4

from flask import Flask
from sqlalchemy import select
from werkzeug.exceptions import HTTPException

from casework.db import db, unit_of_work
from casework.models import Camera, Case
from tests import build
from tests.conftest import client_of
from tests.system.journey import Journey, field_names
from tests.system.marks import Mark
from tests.system.person import Page, Person, Upload
from tests.with_photos import jpeg
from tests.with_recordings import video, wav
from workflows.models import WaitingTask

WAYS_IN = ("form", "offline", "phone", "camera")
WAYS_THROUGH = ("one by one", "in bulk", "classified anew")
WAYS_OUT = ("published", "answered in private", "corrected")
WAYS = tuple(product(WAYS_IN, WAYS_THROUGH, WAYS_OUT))
SOME_WAYS = tuple(zip(WAYS_IN, (*WAYS_THROUGH, WAYS_THROUGH[1]), (*WAYS_OUT, WAYS_OUT[0]), strict=True))
"""Each of each kind once."""

TYPED_KINDS = frozenset({"text", "tel", "email", "search", "url", "file", "date", "datetime-local", "number"})
CLEARED = "Ven suối có đống rác rất lớn, mùi nặng."


def typed_fields(app: Flask, page: Page) -> Iterator[tuple[str, str]]:
    """What somebody may type into on a page, or send a file by: the endpoint a form leads to, and the name of the field."""
    if not page.headers.get("Content-Type", "").startswith("text/html") or page.status != 200:
        return
    for form in page.document.forms:
        if (form.get("method") or "get").lower() != "post":
            continue
        for each in form.iter("input", "textarea"):
            if each.get("name") and each.get("readonly") is None and (each.tag == "textarea" or each.get("type", "text") in TYPED_KINDS):
                yield endpoint_of(app, form.get("action") or page.path), each.get("name")


def endpoint_of(app: Flask, path: str) -> str:
    """Which page an address leads to."""
    try:
        return str(app.url_map.bind("localhost").match(path.partition("?")[0].partition("#")[0], method="POST")[0])
    except HTTPException as failure:
        raise LookupError(path) from failure


@dataclass
class Ways:
    """One installation in which cases go many ways, one after the other. `marks` are all that their senders typed."""

    app: Flask
    world: build.World
    people: dict[str, Person] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    cases: list[str] = field(default_factory=list)
    camera: Camera = field(init=False)

    def __post_init__(self) -> None:
        with unit_of_work():
            self.camera = Camera(centre_id=self.world.centre.id, name_vi="Camera Thử", name_en="Test camera", kind="tower",
                                 area_id=self.world.area.id, latitude=12.05, longitude=108.43, valid_from=build.LONG_AGO)
            db.session.add(self.camera)

    def mark(self, where: str) -> str:
        """A word that stands nowhere else, to be typed there."""
        word = "dấu" + "".join("abcdeghikl"[int(digit)] for digit in f"{len(self.marks):03}") + "zqx"
        self.marks.append(Mark(where, word))
        return f"Hẻm sau nhà Zýndar {word}"

    def phone(self, where: str) -> str:
        """A telephone number that is a mark."""
        number = f"9765{len(self.marks):05}"
        self.marks.append(Mark(where, number))
        return f"0{number}"

    def journey(self) -> Way:
        return Way(self.app, self.world, people=self.people, ways=self)

    def go(self, way_in: str, through: str, out: str) -> None:
        """One case, from what is typed to what is read, and what its sender says of it."""
        way = self.journey()
        way.come_in(way_in)
        way.verify()
        way.pass_through(through)
        way.distribute()
        way.accept()
        way.submit()
        way.approve()
        way.come_out(out)
        if way_in in ("form", "offline"):
            way.say_what_one_thinks()
        self.cases.append(way.code)


@dataclass
class Way(Journey):
    """One case on its way; other cases wait beside it."""

    ways: Ways = None  # type: ignore[assignment]

    def come_in(self, way_in: str) -> None:
        typed = {name: self.ways.mark(f"{way_in}: {name}") for name in ("words", "village", "place")}
        INS[way_in](self, typed)

    def by_form(self, typed: dict[str, str]) -> None:
        person = self.person(f"sender of {len(self.ways.cases)}")
        page = person.submit(
            person.get("/reports/new"), ("act", "send"), area=self.world.area.ref, consent="y", alike_seen="y", **typed,
            uploads={**self._files("form"), "video": [(video(), self.ways.mark("form: name of the video") + ".mp4")]},
            name=self.ways.mark("form: name"), contact=self.ways.phone("form: phone"),
        )  # fmt: skip
        assert page.path.endswith("/receipt"), page.shown[page.shown.find("cần sửa") - 100 :][:600]
        self.code, self.secret = page.path.split("/")[2], page.by_id("secret")

    def by_offline_queue(self, typed: dict[str, str]) -> None:
        client, key = client_of(self.app), str(uuid4())
        token = client.post("/offline/token", data=json.dumps({}), headers={"X-Langbiang-Device": ""}).json["token"]
        headers = {"X-Langbiang-Device": token, "X-Langbiang-Language": "vi"}
        photo, name = jpeg("teal"), self.ways.mark("offline: file name") + ".jpg"
        sent = {"kind": "photos", "sha256": sha256(photo).hexdigest(), "file": (io.BytesIO(photo), name)}
        assert client.post(f"/offline/reports/{key}/files", data=sent, headers=headers).status_code == 200
        form = {**typed, "area": self.world.area.ref, "phone": self.ways.phone("offline: phone"), "name": self.ways.mark("offline: name"),
                "consent": "y", "email": self._address("offline"), "file": f"photos:{sha256(photo).hexdigest()}"}
        answer = client.post(f"/offline/reports/{key}", data=form, headers=headers)
        assert answer.status_code == 200, answer.json
        self.code, self.secret = answer.json["code"], answer.json["secret"]
        person = self.person(f"sender of {len(self.ways.cases)}")
        person.submit(person.get("/track"), code=self.code, secret=self.secret)

    def by_phone(self, typed: dict[str, str]) -> None:
        operator = self.person("operator")
        page = operator.submit(operator.get("/intake/call"), area=self.world.area.name_vi, consent="y", told="sms",
                               phone=self.ways.phone("phone: phone"), name=self.ways.mark("phone: name"),
                               email=self._address("phone"), **typed)
        self.code = page.by_id("taken")

    def by_camera(self, typed: dict[str, str]) -> None:
        operator = self.person("operator")
        page = operator.submit(
            operator.get("/intake/camera"), ("act", "send"), camera=db.session.merge(self.ways.camera).ref, seen_at="2026-03-02T06:40",
            area=self.world.area.name_vi, uploads={"photos": [(jpeg("navy"), self.ways.mark("camera: file name") + ".jpg")]}, **typed,
        )  # fmt: skip
        self.code = page.by_id("taken")

    def pass_through(self, through: str) -> None:
        operator = self.person("operator")
        if through == "in bulk":
            form = {"task": self.waiting().ref, "sent": "yes", "field": self.world.field().service_code, "urgency": "normal",
                    "complexity": "ordinary", "visibility": ""}
            page = operator.post("/inbox/bulk/classify", form)
            assert 'data-result="done"' in page.text, page.shown
            self._ended("classify", page)
            return
        self.classify()
        if through == "classified anew":
            page = operator.get(f"/cases/{self.case.ref}/acts/classify")
            page = operator.submit(page, complexity="complex", reason="Nhiều đơn vị.")
            assert page.path.startswith(f"/cases/{self.case.ref}"), page.shown
            self._ended("classified anew", page)

    def distribute(self) -> Page:
        operator, page = self.opened("operator")
        return self._ended("distribute", operator.submit(page, ("act", "distribute"), lead=self.world.agencies["PTNMT"].ref))

    def accept(self) -> Page:
        officer, page = self.opened("officer_PTNMT")
        return self._ended("accept", officer.submit(page, ("act", "accept_assignment")))

    def submit(self, keys: tuple[str, ...] = ("PTNMT",)) -> Page:
        officer, page = self.opened("officer_PTNMT")
        page = officer.submit(page, ("act", "submit_answer"), contact="Bộ phận môi trường", findings="Có rác.", actions="Đã dọn.",
                              remaining="Không còn.", no_photo_reason="Trời tối.")
        return self._ended("submit", page)

    def approve(self) -> Page:
        leader, page = self.opened("leader_PTNMT")
        return self._ended("approve", leader.submit(page, ("act", "approve_answer")))

    def verify(self) -> Page:
        operator, page = self.opened("operator")
        [report] = self.case.reports
        ticks = {name: "yes" for name in field_names(page) if name.startswith("show-")}
        page = operator.submit(page, ("act", "verify"), title="Rác đổ ven suối", **{f"words-{report.report.ref}": CLEARED}, **ticks)
        return self._ended("verify", page)

    def come_out(self, out: str) -> None:
        operator, page = self.opened("operator")
        words = {"title": "Rác đổ ven suối", "question": "Người dân phản ánh rác đổ ven suối.", "place": "Ven suối"}
        if out == "answered in private":
            self._ended(out, operator.submit(page, ("act", "answer_privately"), **words))
            return
        self._ended("publish", operator.submit(page, ("act", "publish"), checked="y", **words))
        if out == "corrected":
            [link] = operator.get(f"/cases/{self.case.ref}").links("/acts/correct_publication")
            page = operator.submit(operator.get(link), checked="y", reason="Sửa lỗi chính tả.", summary="Đã dọn xong.")
            assert page.path.startswith(f"/cases/{self.case.ref}"), page.shown
            self._ended(out, page)

    def say_what_one_thinks(self) -> None:
        person, own = self.person(f"sender of {len(self.ways.cases)}"), f"/mine/{self.code}"
        person.submit(person.get(own), at="/rating", level="satisfied", reason=self.ways.mark("rating: reason"))
        person.submit(person.get(own), at="/additions", words=self.ways.mark("addition: words"), uploads=self._files("addition"))
        page = person.get(f"{own}/data")
        person.submit(page, at="/requests", phone=self.ways.phone("request: phone"), name=self.ways.mark("request: name"),
                      email=self._address("request"), words=self.ways.mark("request: words"), secret=self.secret)

    def be_asked_and_withdraw(self) -> None:
        """The sender answers a question before anything is accepted, and takes the report back once an agency has it."""
        self.come_in("form")
        operator, person, own = self.person("operator"), self.person(f"sender of {len(self.ways.cases)}"), f"/mine/{self.code}"
        ask = operator.get(f"/cases/{self.case.ref}/acts/ask_reporter")
        operator.submit(ask, words="Rác ở bờ nào của suối?", when_unanswered="continue", working_days="5")
        person.submit(person.get(own), at="/answer", words=self.ways.mark("answer: words"),
                      uploads=self._files("answer"))
        operator.submit(operator.get(f"/tasks/{self.waiting('clear_text').ref}"), ("act", "clear_text"), words="")
        self.verify()
        self.pass_through("one by one")
        page = person.get(f"{own}/withdrawal")
        page = person.submit(page, reason=self.ways.mark("withdrawal: reason"))
        assert page.status == 200, page.shown
        self.ways.cases.append(self.code)

    def be_refused_and_object(self) -> None:
        self.come_in("form")
        operator, page = self.opened("operator")
        operator.submit(page, ("act", "refuse"), reason="khong_ro_noi_dung", refusal_words="Chưa rõ nơi nào.")
        person, own = self.person(f"sender of {len(self.ways.cases)}"), f"/mine/{self.code}"
        page = person.submit(person.get(own), at="/objection", words=self.ways.mark("objection: words"))
        assert page.status == 200, page.shown
        self.ways.cases.append(self.code)

    def waiting(self, element: str | None = None) -> WaitingTask:
        """The step of this case that waits."""
        query = select(WaitingTask).join(Case, Case.id == WaitingTask.case_id).where(Case.code == self.code, WaitingTask.state == "waiting")
        query = query.where(~WaitingTask.desk.startswith("reporter@"))
        return db.session.scalars(query.where(WaitingTask.element == element) if element else query).one()

    def opened(self, name: str) -> tuple[Person, Page]:
        db.session.rollback()
        page = self.person(name).get(f"/tasks/{self.waiting().ref}")
        assert page.status == 200, page.shown
        return self.person(name), page

    def _files(self, where: str) -> dict[str, list[Upload]]:
        """A photo and a voice note whose names are marks."""
        photo, voice = (self.ways.mark(f"{where}: name of the {what}") for what in ("photo", "voice note"))
        return {"photos": [(jpeg("olive"), f"{photo}.jpg")], "voice": [(wav(0.2), f"{voice}.wav")]}

    def _address(self, where: str) -> str:
        """An e-mail address that is a mark."""
        word = self.ways.mark(f"{where}: e-mail").rpartition(" ")[2]
        return f"{word.replace('ấ', 'a')}@hopthu.vn"


INS: dict[str, Callable[[Way, dict[str, str]], None]] = {
    "form": Way.by_form, "offline": Way.by_offline_queue, "phone": Way.by_phone, "camera": Way.by_camera,
}  # fmt: skip
