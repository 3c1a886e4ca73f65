"""Numbers in addresses and forms: whatever stands there is a number of ours or none, and no failure of the program."""
from __future__ import annotations

import pytest
from flask import Flask

from casework.numbers import number_in, year_in
from reports.statistics.standing import _mark_in
from tests import build
from tests.web.desk import Office
from web.inbox_groups import position_in

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


def test_a_year_is_one_whose_days_every_zone_can_tell() -> None:
    assert (year_in("2026"), year_in("0001"), year_in("9999"), year_in("26"), year_in("²026")) == (2026, None, None, None, None)


@pytest.mark.parametrize("digits", ["9" * 15, "9" * 16, "9" * 17, "9" * 18, "9" * 30, "²"])
def test_a_place_in_a_list_is_one_of_ours_or_none(digits: str) -> None:
    for place in (position_in(f"{digits}-{digits}"), _mark_in(f"{digits}.{digits}")):
        assert place is None or digits == "9" * 15
    assert position_in(f"{'9' * 17}-1") is not None, "the latest instant is one that a calendar has"
    assert _mark_in(f"{'9' * 17}.1") is not None


@pytest.mark.parametrize(("who", "address"), ADDRESSES, ids=[address.partition("?")[0] for _, address in ADDRESSES])
def test_a_page_asked_with_no_number_of_ours_is_there_all_the_same(sqlite_app: Flask, who: str, address: str) -> None:
    office = Office(sqlite_app)
    build.case_at(office.world, "handling")
    for typed in ("²", "0001", "9999", "9" * 15, "9" * 30, "9" * 5000):
        assert office.get(who, address.format(typed)).status_code == 200, typed[:20]


def test_what_is_sent_with_no_number_of_ours_is_refused_and_does_not_fail(sqlite_app: Flask) -> None:
    office = Office(sqlite_app)
    case = build.case_at(office.world, "handling")
    for typed in ("²", "9" * 30, "9" * 5000):
        assert office.post("ops_lead", f"/cases/{case.ref}/directives", number=typed).status_code == 422, typed[:20]
