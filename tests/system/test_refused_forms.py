"""Every form of the house says a refusal in one way: above it a banner with links, at each field the words and a mark for programs that
read aloud; and it gives back what was typed. In a test run each kind is sent in one of two ways, empty or filled in."""
from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask
from lxml import html
from werkzeug.datastructures import MultiDict

from casework.db import db
from casework.models import Case
from tests import build
from tests.beside import CASES
from tests.system.person import Page, Person, _as_it_stands
from tests.system.routes import addresses, opens_to
from tests.whole import is_at_turn
from workflows.models import WaitingTask
from workflows.running.hearing import acts_to_offer

READERS = ("operator", "ops_lead", "officer_PTNMT", "leader_PTNMT", "committee_leader", "administrator", "records_clerk",
           "confidential_reader", "process_approver", "inspector", "citizen", "")  # fmt: skip
TYPED = ("text", "search", "tel", "email", "url", "number", "date", "datetime-local", "time", "password")
TOO_MUCH = "Điều đã gõ dài hơn mọi giới hạn. " * 400
FILLED = {
    "text": TOO_MUCH.strip(), "search": "đường", "tel": "0912 345 678", "email": "ai@example.vn", "url": "https://example.vn",
    "number": "7", "date": "2031-03-04", "datetime-local": "2031-03-04T09:30", "time": "09:30",
}  # fmt: skip
"""What is typed into a field by its type: no rule takes the text."""
LEAST_JUDGED = 30
"""Refused forms each of the two walks comes across at least."""


class House:
    def __init__(self, app: Flask) -> None:
        self.app, self.world = app, build.standard_world()
        app.config["CLOCK"] = lambda: build.NOON.replace(hour=9)
        for make in CASES.values():
            make(self.world)
        self.people: dict[str, Person] = {}

    def person(self, name: str) -> Person:
        if name not in self.people:
            self.people[name] = Person(self.app, name)
            if name:
                login = build.PHONE if name == "citizen" else name
                assert self.people[name].sign_in(login, build.PASSWORD).status == 200, name
        return self.people[name]

    def pages(self, turn: int) -> Iterator[tuple[str, Person, Page]]:
        """One page of each kind with a form that is sent to the house, opened by whoever may; in a test run of the kinds at their turn."""
        for tried in (self._of_steps(), self._of_acts(), self._of_routes()):
            yield from self._opened(each for each in tried if is_at_turn(each[0], turn, 2))

    def _opened(self, tried: Iterator[tuple[str, str, str]]) -> Iterator[tuple[str, Person, Page]]:
        seen: set[str] = set()
        for kind, name, path in tried:
            if kind in seen:
                continue
            page = self.person(name).get(path, follows=False)
            if page.status != 200:
                continue
            seen.add(kind)
            # a file has no form for anybody; and what cannot be done whatever is typed says so as soon as it is opened: no field is to
            # blame for it
            if "text/html" in page.headers["Content-Type"] and typed_forms(page) and not page.document.xpath("//*[@data-errors]"):
                yield kind, self.person(name), page

    def _of_steps(self) -> Iterator[tuple[str, str, str]]:
        tasks = db.session.scalars(db.select(WaitingTask).where(WaitingTask.state == "waiting").order_by(WaitingTask.id))
        rows = [
            (each.element, each.desk.partition("@")[0], each.assignment.agency.key if each.assignment else "", each.ref) for each in tasks
        ]
        for element, role, agency, ref in rows:
            name = f"{role}_{agency}".replace("agency_leader", "leader") if role in ("officer", "agency_leader") else role
            if role != "reporter" and name in self.world.people:
                yield f"step {element}", name, f"/tasks/{ref}"

    def _of_acts(self) -> Iterator[tuple[str, str, str]]:
        for case_id in list(db.session.scalars(db.select(Case.id).where(Case.quarantined_at.is_(None)).order_by(Case.id))):
            for name in ("operator", "ops_lead", "leader_PTNMT", "officer_PTNMT", "committee_leader"):
                case = db.session.get_one(Case, case_id)
                by = self.world.actor(name)
                for each in acts_to_offer(case, by, build.NOON):
                    ref = {"assignment": each.assignment, "publication": each.publication, "report": each.report}
                    asked = "&".join(f"{key}={row.ref}" for key, row in ref.items() if row is not None)
                    yield f"act {each.verb}", name, f"/cases/{case.ref}/acts/{each.verb}?{asked}"

    def _of_routes(self) -> Iterator[tuple[str, str, str]]:
        there = [name for name in READERS if not name or name in self.world.people]
        roles = {name: self.world.actor(name).roles if name else frozenset() for name in there}
        for address in list(addresses(self.app)):
            if address.endpoint in ("tasks.task", "case_acts.act", "photos.photo") or address.endpoint.startswith("publishing."):
                continue
            kind = " ".join([address.endpoint, *(address.parts[name] for name in ("kind", "key", "whom") if name in address.parts)])
            for name in there:
                if opens_to(self.app, address.endpoint, roles[name]):
                    yield kind, name, address.path


def typed_forms(page: Page) -> list[html.FormElement]:
    return [each for each in page.document.forms if (each.get("method") or "").lower() == "post" and typed_fields(each)]


def typed_fields(form: html.FormElement) -> list[html.HtmlElement]:
    return [each for each in form.iter("input", "textarea") if each.get("name") and each.get("disabled") is None
            and (each.tag == "textarea" or each.get("type", "text") in TYPED)]  # fmt: skip


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("is_filled", [False, True], ids=["empty", "filled"])
def test_every_form_that_is_refused_marks_its_fields_and_keeps_what_was_typed(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch, is_filled: bool
) -> None:
    house, faults, judged = House(sqlite_app), [], 0
    # files ordered on the way are no reason to refuse the next, which would be about no field; not before the cases are made, for a ground
    # brings none back to a test that has replaced something
    monkeypatch.setattr("casework.outputs.ordering.MOST_WAITING", 1_000)
    for kind, person, page in house.pages(int(is_filled)):
        for number, form in enumerate(typed_forms(page)):
            for button in buttons(form):
                values = filled(form) if is_filled else emptied(form)
                if button is not None:
                    values.add(*button)
                answer = person.post(urljoin(page.path, form.get("action") or page.path), values, follows=False)
                if answer.status in (400, 409, 422):
                    judged += 1
                    if why := "; ".join(filter(None, [fault_of(answer), lost_in(answer, form, values)])):
                        faults.append(f"{kind} #{number} {button or ''}: {why}")
                elif answer.status >= 500:
                    faults.append(f"{kind} #{number} {button or ''}: {answer.status}")
    print(judged, "forms were refused")
    assert judged >= LEAST_JUDGED, "the walk has lost its way"
    assert not faults, f"{len(faults)} of {judged}\n" + "\n".join(faults)


def buttons(form: html.FormElement) -> list[tuple[str, str] | None]:
    """The buttons that decide, each once; those that only fill in are no sending."""
    found = [
        (each.get("name"), each.get("value", "")) for each in form.iter("button")
        if each.get("name") and each.get("formnovalidate") is None and each.get("formaction") is None
    ]  # fmt: skip
    return [*found] or [None]


def emptied(form: html.FormElement) -> MultiDict[str, str]:
    values = _as_it_stands(form)
    for field in typed_fields(form):
        values.setlist(field.get("name"), [""])
    return values


def filled(form: html.FormElement) -> MultiDict[str, str]:
    """Everything typed into and ticked, the last of each choice taken; passwords, which are never given back, left empty."""
    values = _as_it_stands(form)
    for field in typed_fields(form):
        values.setlist(field.get("name"), [TOO_MUCH.strip() if field.tag == "textarea" else FILLED.get(field.get("type", "text"), "")])
    for field in chosen_fields(form):
        name = field.get("name")
        if field.tag == "select":
            values.setlist(name, [each for each in field.value_options if each][-1:])
        elif field.get("type") == "radio":
            values.setlist(name, [field.get("value", "on")])
        elif field.get("value", "on") not in values.getlist(name):
            values.add(name, field.get("value", "on"))
    return values


def chosen_fields(form: html.FormElement) -> list[html.HtmlElement]:
    return [each for each in form.iter("input", "select") if each.get("name") and each.get("disabled") is None
            and (each.tag == "select" or each.get("type") in ("checkbox", "radio"))]  # fmt: skip


def lost_in(page: Page, sent: html.FormElement, values: MultiDict[str, str]) -> str:
    """What of the values stands no longer in the form that came back: the one with the same fields that has kept most."""
    names = {each.get("name") for each in [*typed_fields(sent), *chosen_fields(sent)] if each.get("type") != "password"}
    forms = [each for each in page.document.forms if names <= {field.get("name") for field in each.iter("input", "select", "textarea")}]
    if not forms:
        return f"the form with {', '.join(sorted(names))} is gone"
    there = [_as_it_stands(each) for each in forms]
    lost = min(([name for name in sorted(names) if kept(each, name) != kept(values, name)] for each in there), key=len)
    return f"lost what was typed: {', '.join(lost)}" if lost else ""


def kept(values: MultiDict[str, str], name: str) -> list[str]:
    return sorted(each.strip() for each in values.getlist(name))


def fault_of(page: Page) -> str:
    banners = page.document.xpath("//*[@data-errors]")
    if not banners:
        return f"{page.status}, no banner: {page.shown[:80]}"
    links = [link.get("href", "") for banner in banners for link in banner.iter("a")]
    targets = [urlsplit(link).fragment for link in links if link.startswith("#")]
    if not targets:
        return f"no link: {' '.join(banners[0].text_content().split())[:110]}"
    for target in targets:
        found = page.document.xpath("//*[@id=$id]", id=target)
        if not found:
            return f"no field {target}"
        if found[0].get("aria-invalid") != "true":
            return f"{target} is not marked"
        words = [page.document.xpath("//*[@id=$id]", id=each) for each in (found[0].get("aria-describedby") or "").split()]
        if not words or not all(words) or not any("ferr" in (each[0].get("class") or "") for each in words):
            return f"{target} has no words of its own"
    return ""
