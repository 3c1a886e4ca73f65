"""What visitors and search engines find of the pages for everybody: addresses, descriptions, languages, words, and what is printed."""
from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import etree, html

from casework.bilingual import Bilingual
from tests import build
from tests import with_photos as pictured
from tests.web.pages import at, words_of

NOON = build.NOON


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    at(sqlite_app, NOON + timedelta(hours=3))
    return build.standard_world()


@pytest.mark.parametrize("form", ["csv", "json", "xlsx", "atom"])
def test_the_type_of_a_file_names_its_charset_once(world: build.World, sqlite_client: FlaskClient, form: str) -> None:
    assert sqlite_client.get(f"/reports.{form}").headers["Content-Type"].count("charset") == (0 if form in ("json", "xlsx") else 1)


@pytest.mark.exhaustive
def test_search_engines_are_told_the_pages_for_everybody_and_what_was_answered(world: build.World, sqlite_client: FlaskClient) -> None:
    answered, waiting = build.case_at(world, "rating"), build.case_at(world, "handling")
    robots = sqlite_client.get("/robots.txt")
    assert (robots.mimetype, "Disallow: \n" in robots.text) == ("text/plain", True)
    [address] = re.findall(r"^Sitemap: http://127\.0\.0\.1:8080(/sitemap\.xml)$", robots.text, re.MULTILINE)
    told = sqlite_client.get(address)
    found = etree.fromstring(told.data).xpath("//s:loc/text()", namespaces={"s": "http://www.sitemaps.org/schemas/sitemap/0.9"})
    assert "http://127.0.0.1:8080/" in found
    assert f"http://127.0.0.1:8080/reports/{answered.code}" in found
    assert waiting.code not in told.text
    for path in found:
        answer = sqlite_client.get(path.removeprefix("http://127.0.0.1:8080"))
        assert (answer.status_code, "X-Robots-Tag" in answer.headers) == (200, False), path
        assert len(html.fromstring(answer.data).xpath("//meta[@name='description']")) <= 1


def test_invented_data_is_to_be_found_nowhere(sqlite_app: Flask, sqlite_client: FlaskClient) -> None:
    sqlite_app.config["DEMO"] = True
    assert "Disallow: /\n" in sqlite_client.get("/robots.txt").text


@pytest.mark.parametrize("path", ["/", "/reports", "/transparency", "/reports/new", "/track"])
def test_public_pages_describe_themselves(world: build.World, sqlite_client: FlaskClient, path: str) -> None:
    [said] = html.fromstring(sqlite_client.get(path).data).xpath("//meta[@name='description']/@content")
    assert len(said) > 40


@pytest.mark.parametrize(("asked", "given"), [
    ("", "vi"), ("en", "en"), ("en-GB,en;q=0.9", "en"), ("fr,en;q=0.5", "en"), ("en-US,en;q=0.9,vi;q=0.1", "vi"), ("vi", "vi"),
    ("fr", "vi"), ("en;q=0", "vi"),
])  # fmt: skip
def test_a_browser_that_asks_for_one_of_our_languages_alone_gets_it(
    world: build.World, sqlite_client: FlaskClient, asked: str, given: str
) -> None:
    answer = sqlite_client.get("/", headers={"Accept-Language": asked} if asked else {})
    assert f'<html lang="{given}"' in answer.text
    assert {"Accept-Language", "Cookie"} <= set(answer.vary), "caches know that another browser reads another page"


def test_a_choice_wins_over_what_the_browser_asks_for(world: build.World, sqlite_client: FlaskClient) -> None:
    asks = {"Accept-Language": "en"}
    sqlite_client.get("/language?code=vi", headers=asks)
    assert '<html lang="vi"' in sqlite_client.get("/", headers=asks).text


def test_english_words_are_a_native_colleagues(world: build.World, sqlite_client: FlaskClient) -> None:
    asks = {"Accept-Language": "en"}
    home, form = (sqlite_client.get(path, headers=asks).text for path in ("/", "/reports/new"))
    assert ("Recently completed" in home, "Lately" in home) == (True, False)
    assert ("I am there now" in form, "present place" in form) == (True, False)


def test_what_waits_is_not_called_published(world: build.World, sqlite_client: FlaskClient) -> None:
    build.case_at(world, "handling")
    page = sqlite_client.get("/reports")
    assert "Các phản ánh" in words_of(page)
    assert "công khai" not in re.sub(r"(?s).*<h1", "", page.text).split("<div class=\"split-list\"")[0].split("<section")[0]
    assert "<title>Phản ánh đã trả lời</title>" in sqlite_client.get("/reports.atom").text
    assert "<title>Phản ánh chưa trả lời</title>" in sqlite_client.get("/reports.atom?state=open").text
    assert "<title>Phản ánh đã trả lời</title>" in sqlite_client.get("/reports.atom?state=answered").text
    assert "Đã công khai" not in words_of(sqlite_client.get("/"))


def test_files_of_the_list_stand_below_it_and_a_case_without_a_photo_has_no_box(world: build.World, sqlite_client: FlaskClient) -> None:
    case = build.case_at(world, "handling")
    page = sqlite_client.get("/reports?state=open").text
    assert page.index(f"/reports/{case.code}") < page.index("/reports.xlsx")
    assert "nopic" not in page


def test_on_the_home_page_a_side_without_a_photo_has_no_box(world: build.World, sqlite_app: Flask, sqlite_client: FlaskClient) -> None:
    files = sqlite_app.config["FILES"]
    filed = pictured.pictured_case(world, files, "to_publish")
    pictured.publish(world, filed, files, [pictured.after_photo(filed)])
    [photos] = html.fromstring(sqlite_client.get("/").data).xpath("//article//div[contains(@class, 'result-photos')]")
    assert [each.tag for each in photos.xpath("./*")] == ["img"]


def test_towns_of_district_level_are_no_more(world: build.World, sqlite_client: FlaskClient) -> None:
    assert "thị trấn" not in words_of(sqlite_client.get("/reports/new")).lower()


def test_the_notice_and_help_are_found_from_the_foot_of_every_page(world: build.World, sqlite_client: FlaskClient) -> None:
    home = html.fromstring(sqlite_client.get("/").data)
    links = dict(zip(home.xpath("//footer//nav/a/text()"), home.xpath("//footer//nav/a/@href"), strict=True))
    assert {"Dữ liệu cá nhân", "Khiếu nại, tố cáo", "Hỗ trợ tiếp cận", "Trợ giúp"} <= set(links)
    for name in ("Khiếu nại, tố cáo", "Hỗ trợ tiếp cận"):
        path, _, anchor = links[name].partition("#")
        page = html.fromstring(sqlite_client.get(path).data)
        assert page.xpath("//*[@id=$anchor]", anchor=anchor) if anchor else page.xpath("//h1/text()") == [name]
    notice = words_of(sqlite_client.get(links["Dữ liệu cá nhân"]))
    for words in ("Luật Bảo vệ dữ liệu cá nhân", "Ai chịu trách nhiệm về dữ liệu", "Trung tâm", "Phiên bản 2026-12"):
        assert words in notice
    assert "01/01/2020" not in notice, "nobody was shown it on that day"


def test_a_printed_case_says_whose_it_is_where_it_stands_and_when_it_was_printed(world: build.World, sqlite_client: FlaskClient) -> None:
    case = build.case_at(world, "rating")
    [head] = html.fromstring(sqlite_client.get(f"/reports/{case.code}").data).xpath("//p[contains(@class, 'paperhead')]")
    told = head.text_content()
    assert case.centre.name_vi in told
    assert f"http://127.0.0.1:8080/reports/{case.code}" in told
    assert "in ngày 02/03/2026" in told


def test_a_code_looked_up_opens_what_may_be_read_of_it(world: build.World, sqlite_client: FlaskClient) -> None:
    case = build.case_at(world, "handling")
    home = html.fromstring(sqlite_client.get("/").data)
    [form] = home.xpath("//form[contains(@class, 'lookup')]")
    asked = {each.get("name"): each.get("value", "") for each in form.xpath(".//input")} | {"code": f" {case.code.lower()} "}
    answer = sqlite_client.get(form.get("action"), query_string=asked)
    assert (answer.status_code, answer.location) == (302, f"/reports/{case.code}")
    unknown = sqlite_client.get(form.get("action"), query_string=asked | {"code": "LD-2026-999999"})
    assert unknown.status_code == 200
    own = sqlite_client.get(f"/track?code={case.code}")
    assert own.status_code == 200, "the link of a receipt, whose secret stands behind it, leads where the secret is asked for"


@pytest.fixture
def with_accounts(sqlite_app: Flask) -> Iterator[None]:
    """A demonstration whose sign-in offers forty accounts, of which three are usual."""
    from web.demo.people import CENTRE, DemoAccount

    def account(number: int) -> DemoAccount:
        part = Bilingual(f"Cán bộ đơn vị {number}", f"Officer {number}")
        return DemoAccount(f"canbo.{number}", "x", "Đặng Thị Mẫu" if number == 30 else "Văn Mẫu", part, CENTRE, number % 15 == 0)

    sqlite_app.config["DEMO"] = True
    sqlite_app.extensions["demo_accounts"] = [account(number) for number in range(40)]
    yield
    sqlite_app.extensions["demo_accounts"] = []


@pytest.mark.usefixtures("with_accounts")
@pytest.mark.parametrize(("asked", "shown"), [
    ("", ["canbo.0", "canbo.15", "canbo.30"]),
    ("?who=don+vi+17", ["canbo.17"]),
    ("?who=OFFICER+đặng", ["canbo.30"]),
    ("?who=nobody", []),
])  # fmt: skip
def test_the_usual_accounts_of_the_demonstration_stand_in_front_and_words_find_the_others(
    sqlite_client: FlaskClient, asked: str, shown: list[str]
) -> None:
    page = html.fromstring(sqlite_client.get(f"/sign-in{asked}").data)
    assert page.xpath("//li[@data-folded][not(@hidden)]/button/@value") == shown
    assert len(page.xpath("//li[@data-folded]")) == 40, "the others wait for somebody to type, where scripts run"
    assert (page.xpath("string(//*[@data-nobody])") != "") == (not shown)


@pytest.mark.usefixtures("with_accounts")
def test_every_account_of_the_demonstration_is_found_without_a_script(sqlite_client: FlaskClient) -> None:
    page = html.fromstring(sqlite_client.get("/sign-in").data)
    [every] = [link for link in page.xpath("//section//a/@href") if "all=1" in link]
    page = html.fromstring(sqlite_client.get(every).data)
    assert len(page.xpath("//li[@data-folded][not(@hidden)]/button")) == 40


@pytest.mark.usefixtures("with_accounts")
def test_looking_for_an_account_keeps_where_somebody_was_going(sqlite_client: FlaskClient) -> None:
    page = html.fromstring(sqlite_client.get("/sign-in?next=/inbox&who=17").data)
    assert page.xpath("//section//input[@name='next']/@value") == ["/inbox", "/inbox"]
    assert page.xpath("//details[summary='Cách đăng nhập khác']/@open") == []
    assert "next=" in page.xpath("//section//a/@href")[0]
    refused = html.fromstring(sqlite_client.post("/sign-in", data={"login": "vanhanh", "password": "wrong"}).data)
    assert refused.xpath("//details[summary='Cách đăng nhập khác']/@open") == [""], "what was refused stands open"
