"""Letters and figures by the API: what the same viewer finds on pages, the paper byte for byte, every rate with both of its numbers."""
from __future__ import annotations

import hashlib
from base64 import b64decode
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.documents.letters import write_late_letter
from casework.documents.numbering import give_number
from casework.facts.keeping import keep_facts
from casework.models import Agency, Assignment, Letter
from casework.permissions import Action
from reports.statistics.figures import FIGURES
from reports.statistics.periods import period_named
from reports.statistics.rates import RATES
from reports.statistics.snapshots import freeze
from tests import build, service_accounts
from tests.second_centre import second_world
from tests.web.api.asked import OF_AGENCY, OF_CENTRE, House, opened, put_open
from tests.web.inbox.test_late import LATE, late_cases, text_of
from tests.web.pages import at
from web.documents import making

APRIL = build.NOON.replace(month=4, day=2)


@pytest.fixture
def house(sqlite_app: Flask) -> House:
    house = opened(sqlite_app)
    late_cases(house.world)
    at(sqlite_app, LATE)
    return house


@pytest.fixture
def centre(house: House) -> str:
    return service_accounts.made(house.world, *OF_CENTRE, agency=None, name="Của Trung tâm")[1]


def written(house: House) -> str:
    """The ref of a letter that reminds PTNMT of what is late."""
    with unit_of_work():
        agency = db.session.get_one(Agency, house.world.agencies["PTNMT"].id)
        late = db.session.scalars(select(Assignment).where(Assignment.agency_id == agency.id, Assignment.due_at <= LATE)).all()
        letter = write_late_letter(agency=agency, assignments=late, reply_by=date(2026, 3, 16), words="Báo cáo ngay.",
                                   by=house.world.actor("operator", LATE), now=LATE)  # fmt: skip
        return letter.ref


def issued(house: House, ref: str) -> None:
    with unit_of_work():
        letter = db.session.scalars(select(Letter).where(Letter.ref == ref)).one()
        give_number(letter, number=1, on=date(2026, 3, 12), by=house.world.actor("records_clerk", LATE), now=LATE)
    db.session.rollback()
    assert making.make_letter_files(house.app, house.app.extensions["file_store"], now=LATE) == 1


def test_a_letter_is_found_by_whom_pages_show_it_and_its_paper_has_its_digest(house: House, centre: str) -> None:
    ref = written(house)
    assert house.json("/documents", key=centre)["items"] == []
    [waiting] = house.json("/documents", key=centre, shelf="to_number")["items"]
    assert (waiting["ref"], waiting["number"], waiting["state"]) == (ref, None, "to_number")
    assert house.get(f"/documents/{ref}/file", key=centre).status_code == 404
    assert house.json(f"/documents/{ref}", key=centre)["file"] is None
    issued(house, ref)
    for key in (centre, house.key):
        [listed] = house.json("/documents", key=key)["items"]
        told = house.json(f"/documents/{ref}", key=key)
        assert {name: told[name] for name in listed} == listed
        assert (told["kind"]["code"], told["number"], told["dated_on"], told["state"]) == ("late_list", "01/IOC", "2026-03-12", "issued")
        assert told["reply_by_on"] == "2026-03-16"
        paper = house.get(f"/documents/{ref}/file", key=key)
        digest = hashlib.sha256(paper.data).hexdigest()
        assert (paper.status_code, paper.mimetype, paper.headers["ETag"]) == (200, "application/pdf", f'"{digest}"')
        assert told["file"]["sha256"] == digest == b64decode(paper.headers["Repr-Digest"].split(":")[1]).hex()
        assert told["file"]["size"] == len(paper.data)
        assert "01/IOC" in text_of(paper.data)
        again = house.get(f"/documents/{ref}/file", key=key, headers={"If-None-Match": f'"{digest}"'})
        assert (again.status_code, again.data) == (304, b"")


def test_a_letter_of_others_is_as_one_that_never_was(house: House) -> None:
    ref, other = written(house), second_world(house.world)
    issued(house, ref)
    put_open(other)
    keys = (
        service_accounts.made(house.world, *OF_AGENCY, agency="HKL", name="Đơn vị khác")[1],
        service_accounts.made(other, *OF_CENTRE, agency=None, name="Trung tâm khác")[1],
    )
    for key in keys:
        assert house.json("/documents", key=key)["items"] == []
        for path in ("/documents/{}", "/documents/{}/file"):
            theirs, never = (house.get(path.format(each), key=key) for each in (ref, "0" * 16))
            assert theirs.status_code == never.status_code == 404
            assert {**theirs.json, "instance": ""} == {**never.json, "instance": ""}
    scope = service_accounts.made(house.world, Action.READ_CASE, agency=None, name="Chỉ đọc hồ sơ")[1]
    assert house.get("/documents", key=scope).status_code == 403


def test_a_letter_about_a_case_set_apart_is_gone_for_every_program(house: House, centre: str) -> None:
    case = build.case_at(house.world, "to_verify", now=LATE)
    build.do(house.world, case, "verify", "operator", act="refuse", reason=house.world.refusal_reason(), words="Việc này của nơi khác.")
    letter = Letter(kind="refusal_notice", centre_id=house.world.centre.id, case_id=case.id, content={"code": case.code},
                    made_by_id=house.world.people["operator"].id, made_at=LATE)  # fmt: skip
    with unit_of_work():
        db.session.add(letter)
        db.session.flush()
        ref = letter.ref
    assert house.get(f"/documents/{ref}", key=centre).status_code == 200
    build.act(house.world, case, "quarantine", "operator", reason="Tố cáo")
    assert house.get(f"/documents/{ref}", key=centre).status_code == 404
    assert ref not in [each["ref"] for each in house.json("/documents", key=centre, shelf="to_number")["items"]]


def test_figures_are_those_of_the_page_and_rates_have_both_numbers(house: House, centre: str) -> None:
    at(house.app, APRIL)
    keep_facts(APRIL)
    told = house.json("/statistics", key=centre, period="2026-03", by="agency")
    assert (told["period"], told["is_over"], told["by"], told["frozen"]) == ("2026-03", True, "agency", None)
    assert told["of"]["ref"] == house.world.centre.ref
    whole, *rows = told["rows"]
    assert (whole["subject"], whole["name"]) == (None, None)
    counted = {each["key"]: each["value"] for each in whole["figures"]}
    assert counted["received"] == 4
    for row in (whole, *rows):
        for rate in row["rates"]:
            assert rate["percent"] is None if rate["whole"] < 5 else rate["percent"] == round(100 * rate["part"] / rate["whole"], 1)
    own = house.json("/statistics", period="2026-03")
    assert own["of"]["ref"] == house.world.agencies["PTNMT"].ref
    assert {each["key"]: each["value"] for each in own["rows"][0]["figures"]}["received"] < counted["received"]
    other = house.get("/statistics", period="2026-03", of=house.world.agencies["HKL"].ref)
    assert other.status_code == 404


def test_frozen_figures_stay_as_they_were_frozen(house: House, centre: str) -> None:
    at(house.app, APRIL)
    keep_facts(APRIL)
    assert house.get("/statistics", key=centre, period="2026-03", frozen="true").status_code == 404
    period, before = period_named("2026-03", centre_id=house.world.centre.id), house.json("/statistics", key=centre, period="2026-03")
    with unit_of_work():
        digest = freeze(period, centre_id=house.world.centre.id, by=house.world.actor("ops_lead", APRIL), now=APRIL).digest
    build.case_at(house.world, "to_verify", now=LATE)
    keep_facts(APRIL + timedelta(days=1))
    frozen = house.json("/statistics", key=centre, period="2026-03", frozen="true", by="field")
    assert (frozen["frozen"]["number"], frozen["frozen"]["sha256"]) == (1, digest)
    assert frozen["rows"][0] == before["rows"][0]
    own = house.json("/statistics", period="2026-03", frozen="true")
    assert {each["key"]: each["value"] for each in own["rows"][0]["figures"]}["received"] < 4
    for wrong in ({"by": "agency"}, {"by": "field", "frozen": "true"}, {"by": "month"}, {"period": "2026-13"}, {"period": "2030"}):
        answer = house.get("/statistics", **{"period": "2026-03", **wrong})
        assert (answer.status_code, answer.json["code"]) == (400, "parameter"), wrong


def test_every_figure_and_rate_that_is_told_is_defined(house: House, centre: str) -> None:
    items = house.json("/statistics/definitions")["items"]
    assert {each["key"] for each in items} == {*FIGURES, *RATES}
    assert all(each["definition"]["vi"] and each["definition"]["en"] for each in items)
    told = house.json("/statistics", key=centre)
    keys = {each["key"] for row in told["rows"] for each in (*row["figures"], *row["rates"])}
    assert keys <= {each["key"] for each in items}
