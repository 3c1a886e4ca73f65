"""Promise 2, way by way: a mark in every field a sender, a caller or who watches a camera can fill, and every way to what is read.

Nobody of the centre lets a mark out on these ways; so none reaches the public, an agency, another desk or a row of the database.
"""
from __future__ import annotations

from urllib.parse import quote_plus

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db
from casework.figures.keeping import count_public_figures
from tests import build
from tests.system.marks import Mark, found_in
from tests.system.routes import addresses
from tests.system.test_canary import Scanner, rows, walk
from tests.system.ways import SOME_WAYS, WAYS, Ways, endpoint_of, typed_fields
from tests.whole import WHOLE
from workflows.models import WaitingTask

PUBLIC = ("/", "/reports", "/reports?state=open", "/reports?view=map", "/reports.csv", "/reports.json", "/reports.xlsx", "/reports.atom",
          "/reports.atom?state=open", "/reports/points.json", "/transparency", "/wallboard")
FOREIGN = ("/inbox", "/search?q=suoi", "/dashboard", "/late")
READERS = {"guest": (), "citizen_2": (), "officer_PTNMT": FOREIGN, "leader_PTNMT": FOREIGN, "officer_HKL": FOREIGN,
           "committee_leader": FOREIGN, "administrator": FOREIGN, "records_clerk": FOREIGN}
"""Who reads nothing of what a sender typed, and which lists are tried beside the public pages and every case."""

WALKERS = ("guest", "officer_PTNMT")
"""Who tries every address there is in a whole run."""
OF_SENDERS = ("decide_objection", "decide_withdrawal", "clear_text")
"""Steps on whose pages something stands that a sender wrote later."""

SAYS_NOTHING = {
    ("tracking.track", "code"), ("tracking.track", "secret"),                                # only looked up
    ("rights_own.ask_about_report", "secret"), ("rights_own.copy_of_report", "secret"),
    ("intake_call.call", "area"), ("intake_camera.camera", "area"),                          # names a commune, or is refused
    ("intake_call.call", "seen_at"), ("intake_camera.camera", "seen_at"),                    # a moment
    ("filing.new_report", "website"),                                                        # who fills it in files nothing
}
"""Fields on these people's pages that end in no report: each is a decision."""


@pytest.fixture
def ways(sqlite_app: Flask) -> Ways:
    sqlite_app.config["CLOCK"] = lambda: build.NOON
    return Ways(sqlite_app, build.standard_world())


def test_no_way_to_the_public_lets_out_what_nobody_has_released(ways: Ways) -> None:
    for way in WAYS if WHOLE else SOME_WAYS:
        ways.go(*way)
    ways.journey().be_asked_and_withdraw()
    ways.journey().be_refused_and_object()
    count_public_figures(build.NOON)
    scanner, faults = Scanner(tuple(ways.marks)), []
    for name, lists in READERS.items():
        journey = ways.journey()
        person = journey.person(name)
        seen = len(person.everything)
        for path in (*PUBLIC, *(f"/reports/{code}" for code in ways.cases), *lists):
            person.get(path)
        for mark in ways.marks if name in ("guest", "officer_PTNMT") else ():
            page = person.get(("/reports?q=" if name == "guest" else "/search?q=") + quote_plus(mark.text))
            faults += [f"{name} finds {code} by {mark.name}" for code in ways.cases if code in page.text]
        for code in ways.cases:
            journey.code = code
            for path in (f"/cases/{journey.case.ref}?tab=all", f"/cases/{journey.case.ref}/print"):
                person.get(path)
        if WHOLE and name in WALKERS:
            walk(journey, name, addresses(ways.app))
        searched = [page for page in person.everything[seen:] if "?q=" not in page.path]
        faults += [f"{name}, {page.path}: {found}" for page in searched if (found := scanner.found(page.body))]
    faults += [f"{place}: {found}" for place, value in rows() if (found := scanner.found(value))]
    assert not faults, "\n".join(dict.fromkeys(faults))
    check_controls(ways)
    left = unmarked(ways)
    assert not left, "\n".join(map(str, left))


def check_controls(ways: Ways) -> None:
    """Operators do read what was typed where it is theirs to read, so that the marks are there and the scanner finds them."""
    journey = ways.journey()
    readers = [journey.person(name) for name in ("operator", "ops_lead")]
    for journey.code in ways.cases:
        journey.person("ops_lead").get(f"/cases/{journey.case.ref}?tab=all")
    for task in db.session.scalars(select(WaitingTask.ref).where(WaitingTask.state == "waiting", WaitingTask.element.in_(OF_SENDERS))):
        journey.person("ops_lead").get(f"/tasks/{task}")
    read = set().union(*(found_in(page.body, ways.marks) for reader in readers for page in reader.everything))
    typed = {mark.name for mark in ways.marks if mark.name.rpartition(": ")[2] in ("words", "village", "place")}
    assert typed - read - {"request: words"} == set()


def unmarked(ways: Ways) -> list[tuple[str, str]]:
    """The fields there are on pages of senders and of those who take reports down that nobody has put a mark into: fill in a new one on
    one of the ways, with a mark, or say among SAYS_NOTHING that nothing of it is kept.
    """
    takers = {name: person for name, person in ways.people.items() if name.startswith("sender") or name == "operator"}
    there, filled = set(), set()
    for name, person in takers.items():
        for page in person.everything:
            if name != "operator" or page.path.startswith("/intake/"):
                there |= set(typed_fields(ways.app, page))
        for path, values in person.sent:
            marked = {key for key, value in values.items(multi=True) if found_in(text_of(value), ways.marks)}
            filled |= {(endpoint_of(ways.app, path), key) for key in marked}
    return sorted(there - filled - SAYS_NOTHING)


def text_of(value: object) -> str:
    return value[1] if isinstance(value, tuple) else str(value)


def test_a_field_nobody_has_filled_in_is_noticed(ways: Ways) -> None:
    way = ways.journey()
    way.come_in("form")
    person = way.person("sender of 0")
    assert ("own_acts.write_to_centre", "words") not in unmarked(ways)
    person.get(f"/mine/{way.code}")
    assert ("own_acts.write_to_centre", "words") in unmarked(ways)
    assert ("filing.new_report", "village") not in unmarked(ways)
    assert Mark("form: village", "x").name in {mark.name for mark in ways.marks}
