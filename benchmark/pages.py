"""The same life through the pages: each person's browser submits the step's form as the page has it, and opens the page it leads to."""

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from lxml import html
from sqlalchemy import select

from benchmark.life import PASSWORD, WORDS, LifeStep, Staff, typed_fields, waiting_ref
from casework.db import db
from casework.models import CaseReport, Report

Typed = Mapping[str, str | list[str]]
Timed = Callable[[str, str, Callable[[], Any]], Any]
"""`(step, part, act)`: runs the act and records how long that part of the step took."""

FILE = "file"


_SENDERS = count(1)
"""Each life has a sender of its own, since one may send so many reports a day and no more."""


class PageFailed(RuntimeError):
    """A page did not do what the life needs; the text begins with its address and status."""


class Browser:
    """One person's browser, without scripts."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()
        self.asked = 0
        self.at_hand = ("", "")
        """Path and text of the page a form has led to."""

    def open(self, path: str) -> str:
        """The text of a page. Raises PageFailed unless it loads."""
        self.asked += 1
        answer = self.client.get(path)
        if answer.status_code != 200:
            raise PageFailed(f"GET {path}: {answer.status}")
        return answer.get_data(as_text=True)

    def send(self, path: str, fields: list[tuple[str, str]]) -> str:
        """Submit a form and return where it leads. Raises PageFailed if the page is shown again instead."""
        data: dict[str, list[str]] = {}
        for name, value in fields:
            data.setdefault(name, []).append(value)
        self.asked += 1
        answer = self.client.post(path, data=data)
        if answer.status_code not in (302, 303):
            raise PageFailed(f"POST {path}: {answer.status} {errors_on(answer.get_data(as_text=True))}")
        return urlsplit(answer.headers["Location"]).path

    def sign_in(self, login: str, password: str = PASSWORD) -> None:
        """Sign a member of staff in. Raises PageFailed."""
        page = self.open("/sign-in")
        self.send("/sign-in", filled(page, "/sign-in", {"login": login, "password": password}))


def filled(page: str, path: str, typed: Typed, *, act: str | None = None) -> list[tuple[str, str]]:
    """What a browser would send: the form that posts to `path` and has the most fields, with some values replaced."""
    forms = [form for form in html.fromstring(page).forms if form.method == "POST" and urlsplit(form.action or path).path == path]
    if not forms:
        raise PageFailed(f"{path}: no form on the page posts there")
    form = max(forms, key=lambda each: (len(set(typed) & set(each.fields)), len(set(each.fields))))
    fields = [(name, value) for name, value in form.form_values() if name not in typed and name != "act"]
    for name, value in typed.items():
        if name in form.fields:
            fields += [(name, each) for each in ([value] if isinstance(value, str) else value)]
    return [*fields, ("act", act)] if act else fields


def errors_on(page: str) -> str:
    """The error messages on a refused page, for whoever reads the failure."""
    found = html.fromstring(page).xpath("//*[contains(@class, 'error') or @role='alert']")
    return " ".join(" ".join(str(node.text_content()).split()) for node in found)[:500]


class PageLife:
    """One case filed and taken to its rating by browsers; `timed` is called for each part of each step."""

    def __init__(self, app: Flask, staff: Staff, browsers: Mapping[str, Browser], timed: Timed) -> None:
        self.app, self.staff, self.browsers, self.timed = app, staff, browsers, timed
        self.guest = Browser(app)
        self.case_id = 0
        self.code = ""

    def file(self) -> None:
        """Send the report."""
        with self.app.app_context():
            area = typed_fields(LifeStep("", "classify", ""), self.staff)["area"]
        page = self.timed(FILE, "open", lambda: self.guest.open("/reports/new"))
        phone = f"0912{next(_SENDERS):06d}"
        typed: Typed = {"words": WORDS, "area": area, "name": "Nguyễn Thị Thử", "contact": phone, "consent": "y"}
        form = filled(page, "/reports/new", typed, act="send")
        place = self.timed(FILE, "post", lambda: self.guest.send("/reports/new", form))
        self.code = place.split("/")[2]
        with self.app.app_context():
            self.case_id = _case_id(self.code)

    def take(self, step: LifeStep, then: LifeStep) -> None:
        """Do one step: send its form, and open the page this leads to, which is that of `then` or an inbox. Where the person has another
        page at hand, that of the step is opened first."""
        if step.element == "rate":
            path = f"/mine/{self.code}"
            page = self.timed(step.name, "open", lambda: self.guest.open(path))
            rating = filled(page, f"{path}/rating", {"level": "satisfied"})
            self.timed(step.name, "post", lambda: self.guest.send(f"{path}/rating", rating))
            return
        with self.app.app_context():
            path = f"/tasks/{waiting_ref(step, self.staff, self.case_id)}"
            typed = typed_fields(step, self.staff)
        browser = self.browsers[step.who]
        if browser.at_hand[0] != path:
            browser.at_hand = path, self.timed(step.name, "page", lambda: browser.open(path))
        fields = filled(browser.at_hand[1], path, typed, act=step.act or step.element)
        led = self.timed(step.name, "post", lambda: browser.send(path, fields))
        of = (then.name, "page") if led.startswith("/tasks/") else (step.name, "inbox")
        browser.at_hand = led, self.timed(*of, lambda: browser.open(led))


def _case_id(code: str) -> int:
    return db.session.scalars(select(CaseReport.case_id).join(Report).where(Report.code == code)).one()
