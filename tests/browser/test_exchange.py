"""The exchange with one agency in a real browser: beside the case and beside the step, at two widths, and no barrier."""
from __future__ import annotations

from collections.abc import Iterator

import pytest

from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.models import Note
from casework.notes.notes import write_note
from tests import build
from tests.browser.house import House, opened
from tests.browser.waiting import next_document
from tests.merged import assignment_of

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.exhaustive]


@pytest.fixture
def house(sqlite_environment: dict[str, str]) -> Iterator[House]:
    with opened(sqlite_environment) as house:
        house.app.config["CLOCK"] = lambda: build.NOON.replace(hour=9)
        yield house


def test_the_centre_asks_one_agency_which_answers_beside_its_step(house: House) -> None:
    world = house.world
    assert world is not None
    case = build.case_at(world, "handling", agencies=2)
    with unit_of_work():
        locked = lock_case(case.id)
        write_note(locked, by=world.actor("operator"), now=build.NOON, audience="agency", words="Xin cho biết số nhà gần nhất.",
                   assignment=assignment_of(locked, "PTNMT"))  # fmt: skip
    officer = house.visitor("officer_PTNMT")
    officer.go("/inbox", "exchange-inbox")
    task = build.waiting(case, "submit_answer", world.agencies["PTNMT"]).ref
    page = officer.go(f"/tasks/{task}", "exchange-step")
    page.fill("#findings", "Đã đến nơi lúc sáng.")
    page.fill("#draft_say", "Số 12, đường Bạch Đằng.")
    with next_document(page):
        page.get_by_role("button", name="Gửi", exact=True).click()
    assert page.input_value("#findings") == "Đã đến nơi lúc sáng.", "what is typed in the step stays"
    db.session.rollback()                                  # what the server wrote since
    assert [note.body for note in db.session.query(Note).order_by(Note.id)] == ["Xin cho biết số nhà gần nhất.", "Số 12, đường Bạch Đằng."]
    operator = house.visitor("operator")
    operator.go(f"/cases/{case.ref}", "exchange-rows")
    operator.go("/exchanges", "exchange-list")
    operator.go(f"/cases/{case.ref}?tab=exchange", "exchange-centre")
    officer.go(f"/cases/{case.ref}?tab=exchange", "exchange-agency")
