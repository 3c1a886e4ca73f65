"""Text size and contrast: by buttons on every page, without JavaScript, said on <html> before anything is drawn."""
from __future__ import annotations

import re

import pytest
from flask import Flask

from tests.conftest import client_of
from tests.web.desk import Office
from web.http.display_preferences import COOKIE, DisplayPreferences


def root_of(page: str) -> str:
    found = re.search(r"<html[^>]*>", page)
    assert found
    return found[0]


def test_buttons_change_all_pages_in_three_steps_and_come_back_to_the_page(sqlite_app: Flask) -> None:
    office = Office(sqlite_app)
    guest = client_of(sqlite_app)
    assert "data-text" not in root_of(guest.get("/").get_data(as_text=True))
    seen = []
    for press in ("bigger", "bigger", "bigger", "smaller", "smaller", "smaller"):
        answer = guest.get(f"/comfort?text={press}&next=/reports")
        assert answer.headers["Location"] == "/reports"
        seen.append(re.findall(r'data-text="(\w+)"', root_of(guest.get("/reports/new").get_data(as_text=True))))
    assert seen == [["large"], ["larger"], ["larger"], ["large"], [], []]
    assert guest.get_cookie(COOKIE) is None, "nothing chosen is nothing kept"

    guest.post("/comfort", data={"contrast": "other", "next": "/"})
    guest.get("/comfort?text=larger")
    for address in ("/", "/reports", "/reports/new", "/transparency", "/track", "/sign-in", "/no-such-page"):
        root = root_of(guest.get(address).get_data(as_text=True))
        assert 'data-contrast="more"' in root, address
        assert 'data-text="larger"' in root, address
    page = guest.get("/").get_data(as_text=True)
    assert 'aria-pressed="true"' in page
    guest.get("/comfort?contrast=other")
    assert "data-contrast" not in root_of(guest.get("/").get_data(as_text=True))

    staff = office.browser("operator")
    staff.get("/comfort?text=bigger&contrast=more")
    page = staff.get("/inbox").get_data(as_text=True)
    assert re.search(r'data-contrast="more" data-text="large"', root_of(page))
    for words in ("Chữ nhỏ hơn", "Chữ to hơn", "Tương phản cao", "English"):
        assert words in page


@pytest.mark.parametrize("cookie", ["", "huge.more", "large", "larger.", ".more", '"><script>.more', "large.more.x", "." * 5000])
def test_a_cookie_says_one_of_the_known_things_or_nothing(cookie: str) -> None:
    told = DisplayPreferences.told(cookie)
    assert (told.text, told.contrast) in {("", ""), ("", "more"), ("large", ""), ("larger", "")}
    assert DisplayPreferences.told(told.as_cookie()) == told


def test_the_way_back_is_a_page_of_ours(sqlite_app: Flask) -> None:
    guest = client_of(sqlite_app)
    for elsewhere in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        assert guest.get("/comfort", query_string={"text": "bigger", "next": elsewhere}).headers["Location"] == "/"
    answer = guest.get("/comfort?text=bigger")
    for part in ("HttpOnly", "SameSite=Lax", "Path=/"):
        assert part in answer.headers["Set-Cookie"]
