"""Numbers and days in addresses and forms: whatever stands there is one of ours or none, and no failure of the program."""
from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from flask import Flask

from casework.parsing import day_in, instant_in, number_in, year_in
from reports.statistics.standing import _mark_in
from tests import build
from tests.web.desk import Office
from tests.web.pages import words_of
from web.inbox.groups import position_in

NONE = ("", "-1", "1.5", "²", "٣", "９", " 1", "1e3", "0x10", "9" * 16, "9" * 5000)
"""What is no number of ours: other signs that count as digits, and more digits than a column holds or Python reads."""
ADDRESSES = (
    ("operator", "/search?q=rac&page={0}&year={0}"),
    ("operator", "/inbox?after={0}-{0}"),
    ("operator", "/inbox/pulse?since={0}"),
    ("operator", "/intake/cameras?year={0}"),
    ("ops_lead", "/exports?before={0}"),
    ("ops_lead", "/statistics/snapshots?before={0}"),
    ("confidential_reader", "/quarantined?after={0}"),
    ("records_clerk", "/documents?year={0}&before={0}"),
    ("records_clerk", "/documents/books?after={0}"),
    ("administrator", "/settings/calendar?year={0}"),
    ("inspector", "/personal-data/looks?before={0}"),
    ("citizen", "/mine?before={0}"),
    ("citizen", "/reports?q=rac&page={0}"),
)


def test_a_number_is_read_in_plain_digits_of_which_there_are_not_too_many() -> None:
    assert (number_in("0"), number_in("007"), number_in("9" * 15), number_in("123", digits=3)) == (0, 7, 999_999_999_999_999, 123)
    assert [number_in(text) for text in NONE] == [None] * len(NONE)
    assert number_in("1234", digits=3) is None


def test_a_year_a_day_and_an_instant_are_such_as_every_zone_can_tell() -> None:
    assert (year_in("2026"), year_in("0001"), year_in("9999"), year_in("26"), year_in("²026")) == (2026, None, None, None, None)
    assert [day_in(text) for text in ("2026-03-02", " 02/03/2026", "02-03-2026")] == [date(2026, 3, 2)] * 3
    assert [day_in(text) for text in ("", "0001-01-01", "31/12/9999", "30/02/2026", "2026-3", "2026-W10")] == [None] * 6
    assert instant_in("2026-03-02T07:30") == instant_in("07:30 02/03/2026") == datetime(2026, 3, 2, 0, 30, tzinfo=UTC)
    assert [instant_in(text) for text in ("", "0001-01-01T00:00", "23:59 31/12/9999", "24:00 02/03/2026")] == [None] * 4


@pytest.mark.parametrize("digits", ["9" * 15, "9" * 16, "9" * 17, "9" * 18, "9" * 30, "²"])
def test_a_place_in_a_list_is_one_of_ours_or_none(digits: str) -> None:
    for place in (position_in(f"{digits}-{digits}"), _mark_in(f"{digits}.{digits}")):
        assert place is None or digits == "9" * 15
    assert position_in(f"{'9' * 17}-1") is not None, "the latest instant is one that a calendar has"
    assert _mark_in(f"{'9' * 17}.1") is not None


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize(("who", "address"), ADDRESSES, ids=[address.partition("?")[0] for _, address in ADDRESSES])
def test_a_page_asked_with_no_number_of_ours_is_there_all_the_same(sqlite_app: Flask, who: str, address: str) -> None:
    office = Office(sqlite_app)
    build.case_at(office.world, "handling")
    for typed in ("²", "0001", "9999", "9" * 15, "9" * 30, "9" * 5000):
        assert office.get(who, address.format(typed)).status_code == 200, typed[:20]


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("day", ["0001-01-01", "01/01/0001", "9999-12-31", "31/12/9999"])
def test_a_day_at_the_end_of_the_calendar_is_said_to_be_none(sqlite_app: Flask, day: str) -> None:
    office = Office(sqlite_app)
    assert "không phải là ngày" in office.words("citizen", f"/reports?from={day}")
    assert office.get("ops_lead", f"/statistics?from={day}&to={day}").status_code == 200
    assert office.get("administrator", f"/settings/calendar?day={day}").status_code == 200
    answer = office.post("operator", "/intake/call", seen_at=f"{day}T00:00" if "-" in day else f"00:00 {day}", act="send", source="phone")
    assert answer.status_code == 422
    assert "Vui lòng ghi cả ngày và giờ" in words_of(answer)


def test_what_is_sent_with_no_number_of_ours_is_refused_and_does_not_fail(sqlite_app: Flask) -> None:
    office = Office(sqlite_app)
    case = build.case_at(office.world, "handling")
    for typed in ("²", "9" * 30, "9" * 5000):
        assert office.post("ops_lead", f"/cases/{case.ref}/directives", number=typed).status_code == 422, typed[:20]
