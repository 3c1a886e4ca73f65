"""Home, the public list and the public page, read as a person without JavaScript reads them."""
from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import etree
from PIL import Image
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from casework.bilingual import Bilingual
from casework.db import db, unit_of_work
from casework.models import Case, Publication, PublicationVersion
from casework.places.former_areas import OtherName
from tests import build
from tests.web.desk import statements_of
from tests.web.pages import at, signed_in, words_of
from tests.with_photos import pictured_case
from web.public import me_too

NOON = build.NOON


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    at(sqlite_app, NOON + timedelta(hours=3))
    return build.standard_world()


def test_the_home_page_names_the_emergency_numbers_and_one_thing_to_do(world: build.World, sqlite_client: FlaskClient) -> None:
    page = words_of(sqlite_client.get("/"))
    for words in ("114", "113", "115", "Gửi phản ánh", "Tra cứu", "Chưa có phản ánh nào được công khai"):
        assert words in page


def test_the_home_page_shows_finished_cases_as_pairs_of_photos(world: build.World, sqlite_client: FlaskClient, sqlite_app: Flask) -> None:
    pictured_case(world, Path(sqlite_app.extensions["file_store"].root), "rating")
    page = sqlite_client.get("/").get_data(as_text=True)
    assert "Rác đổ ven suối" in page
    assert page.count("/public/thumb?v=") == 2


def test_the_list_shows_a_case_before_publication_by_field_and_place_alone(world: build.World, sqlite_client: FlaskClient) -> None:
    case = build.case_at(world, "handling")
    assert case.code not in sqlite_client.get("/reports").text
    answer = sqlite_client.get("/reports?state=open")
    assert f'href="/reports/{case.code}"' in answer.text
    page = words_of(answer)
    for words in ("Thôn Păng Tiêng", "Xã Lát", "Đang xử lý", "Rừng, đất đai", "gửi 02/03"):
        assert words in page
    assert case.code not in page, "the code is on the page of the report"
    assert "Rác" not in page
    assert "suối" not in page


def test_filters_stand_in_the_address_and_come_back_in_the_form(world: build.World, sqlite_client: FlaskClient) -> None:
    case = build.case_at(world, "rating")
    address = f"/reports?q=rac+suoi&state=answered&area={world.area.ref}&field=rung_dat_moi_truong"
    page = sqlite_client.get(address).get_data(as_text=True)
    assert case.code in page
    assert 'value="rac suoi"' in page
    assert '<input type="hidden" name="state" value="answered">' in page
    assert '<option value="answered" selected>' in sqlite_client.get(f"{address}&view=map").get_data(as_text=True)
    assert f'<option value="{world.area.ref}" selected>' in page
    assert case.code not in sqlite_client.get("/reports?state=received").text
    assert case.code not in sqlite_client.get("/reports?urgency=urgent").text
    assert sqlite_client.get("/reports?state=nonsense&after=nothing&before=x").status_code == 200


@pytest.mark.exhaustive
def test_a_long_list_goes_on_from_page_to_page(world: build.World, sqlite_client: FlaskClient) -> None:
    filed = [build.file_report(world, now=NOON + timedelta(minutes=minute)).case.code for minute in range(22)]
    first = sqlite_client.get("/reports?state=open").get_data(as_text=True)
    assert f"after={filed[2]}" in first
    assert "before=" not in first
    second = sqlite_client.get(f"/reports?state=open&after={filed[2]}").get_data(as_text=True)
    assert f'href="/reports/{filed[1]}"' in second
    assert f'href="/reports/{filed[2]}"' not in second
    assert f"before={filed[1]}" in second


def test_the_public_page_shows_answers_verdict_and_rating(world: build.World, sqlite_client: FlaskClient) -> None:
    case = build.case_at(world, "rating", agencies=2)
    build.rate(world, case)
    answer = sqlite_client.get(f"/reports/{case.code}")
    assert 'data-due="kept"' in answer.get_data(as_text=True)
    page = words_of(answer)
    for words in ("Phòng Tài nguyên và Môi trường", "UBND xã Lát", "Đã thu gom và dọn sạch.", "Hài lòng", "1/1",
                  "Người dân phản ánh rác đổ ven suối.", "Hạn xử lý 11/03/2026", "Trung tâm công khai kết quả"):
        assert words in page
    assert page.index("Phòng Tài nguyên và Môi trường Đơn vị chủ trì") < page.index("UBND xã Lát Đơn vị phối hợp")


def test_the_public_page_before_publication_says_what_will_come(world: build.World, sqlite_client: FlaskClient) -> None:
    case = build.case_at(world, "approval")
    page = words_of(sqlite_client.get(f"/reports/{case.code}"))
    assert "được hiện khi công khai kết quả" in page
    for words in ("Rác", "suối", "thu gom", "Phòng Tài nguyên"):
        assert words not in page


def test_a_late_case_is_called_late_from_its_first_late_instant(world: build.World, sqlite_app: Flask, sqlite_client: FlaskClient) -> None:
    case = build.case_at(world, "handling")
    assert case.due_at is not None
    due_at = case.due_at
    at(sqlite_app, due_at - timedelta(minutes=1))
    assert 'data-due="soon"' in sqlite_client.get(f"/reports/{case.code}").get_data(as_text=True)
    at(sqlite_app, due_at)
    assert 'data-due="late"' in sqlite_client.get(f"/reports/{case.code}").get_data(as_text=True)


@pytest.mark.parametrize("column", ["visibility_reason_id", "quarantined_at"])
def test_what_the_public_may_not_know_of_is_not_found(world: build.World, sqlite_client: FlaskClient, column: str) -> None:
    case = build.case_at(world, "rating")
    with unit_of_work():
        setattr(db.session.merge(case), column, 1 if column == "visibility_reason_id" else NOON)
    assert sqlite_client.get(f"/reports/{case.code}").status_code == 404
    assert case.code not in sqlite_client.get("/reports").text
    assert sqlite_client.get("/reports/LD-2026-999999").status_code == 404


def test_the_code_of_a_merged_report_leads_to_its_main_case(world: build.World, sqlite_client: FlaskClient) -> None:
    main, other = build.case_at(world, "handling"), build.file_report(world, now=NOON + timedelta(hours=1))
    with unit_of_work():
        merged: Case = db.session.merge(other.case)
        merged.state, merged.merged_into_id = "merged", main.id
        merged.reports[0].case_id = main.id
    answer = sqlite_client.get(f"/reports/{other.report.code}")
    assert (answer.status_code, answer.location) == (302, f"/reports/{main.code}")


def test_the_language_changes_for_this_browser_and_leads_back(world: build.World, sqlite_client: FlaskClient) -> None:
    answer = sqlite_client.post("/language", data={"code": "en", "next": "/reports?q=rac"})
    assert answer.location == "/reports?q=rac"
    assert "Something is not right?" in words_of(sqlite_client.get("/"))
    assert sqlite_client.get("/language?code=vi&next=/track").location == "/track"
    assert "Thấy điều chưa ổn?" in words_of(sqlite_client.get("/"))


@pytest.mark.parametrize("target", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "javascript:alert(1)", ""])
def test_the_language_switch_leads_nowhere_else(world: build.World, sqlite_client: FlaskClient, target: str) -> None:
    assert sqlite_client.post("/language", data={"code": "vi", "next": target}).location == "/"


def test_typed_markup_is_shown_as_text(world: build.World, sqlite_client: FlaskClient) -> None:
    page = sqlite_client.get("/reports?q=<script>alert(1)</script>").get_data(as_text=True)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def exact_and_vague(world: build.World) -> tuple[Case, Case]:
    """Two published cases with a position, one of which shows it."""
    exact, vague = (build.case_at(world, "rating", now=NOON + timedelta(minutes=minute)) for minute in (0, 1))
    with unit_of_work():
        for case in (exact, vague):
            row = db.session.merge(case)
            row.latitude, row.longitude = 12.123456, 108.4
        db.session.scalars(select(Publication).where(Publication.case_id == exact.id)).one().current.shows_exact_place = True
    return exact, vague


def taken_back(case: Case) -> None:
    with unit_of_work():
        db.session.merge(case).quarantined_at = NOON


def test_every_filter_stands_in_the_address_as_a_chip_and_a_wrong_day_is_said_so(world: build.World, sqlite_client: FlaskClient) -> None:
    case = build.case_at(world, "handling", urgent=True)
    address = f"/reports?state=open&q=&area={world.area.ref}&urgency=urgent&late=late&from=01/03/2026&to=2026-03-31"
    page = sqlite_client.get(address).get_data(as_text=True)
    words = words_of(page)
    for chip in ("Xã Lát Bỏ lọc", "Khẩn Bỏ lọc", "Trễ hạn Bỏ lọc", "Từ 01/03/2026 Bỏ lọc", "Đến 31/03/2026 Bỏ lọc"):
        assert chip in words
    assert 'value="2026-03-01"' in page
    chosen = f"?area={world.area.ref}&amp;state=open&amp;urgency=urgent&amp;late=late&amp;from=2026-03-01"
    assert f'href="/reports{chosen}"' in page
    assert f'href="/reports.atom{chosen}&amp;to=2026-03-31"' in page
    assert "Chưa trả lời" not in words, "the tab says so"
    assert case.code not in page
    assert case.code in sqlite_client.get(address.replace("late=late", "")).text
    wrong = words_of(answer := sqlite_client.get("/reports?state=open&from=31/02/2026&to=nay"))
    assert "“31/02/2026” không phải là ngày" in wrong
    assert "“nay” không phải là ngày" in wrong
    assert case.code in answer.text
    assert "không có kết quả" in words_of(sqlite_client.get("/reports?from=2026-04-01&to=2026-03-01"))


def test_a_search_is_ranked_and_goes_on_by_number_of_page(world: build.World, sqlite_client: FlaskClient) -> None:
    cases = [build.case_at(world, "rating", now=NOON + timedelta(minutes=minute)) for minute in range(2)]
    first, second = (sqlite_client.get(f"/reports?q=rac&page={page}") for page in (1, 99))
    assert first.text.index(cases[1].code) < first.text.index(cases[0].code)
    assert "2 kết quả" in words_of(first)
    assert second.text.count(f'href="/reports/{cases[0].code}"') == 1
    assert not [page for page in (first, second) if "page=2" in page.get_data(as_text=True)], "two results are one page"


def test_the_map_part_needs_no_script_to_be_read(world: build.World, sqlite_client: FlaskClient) -> None:
    exact, vague = exact_and_vague(world)
    page = sqlite_client.get("/reports?view=map").get_data(as_text=True)
    words = words_of(page)
    assert "1 phản ánh có vị trí; 1 phản ánh chỉ tính theo xã." in words
    assert "Xã Lát: 1 phản ánh" in words
    assert "1 phản ánh trên bản đồ" in words
    assert exact.code in page
    assert vague.code in page
    assert "12.12" not in page
    assert '<script src="/static/vendor/leaflet' not in sqlite_client.get("/reports").get_data(as_text=True)


def test_points_and_feed_tell_public_facts_are_known_by_their_bytes_and_forget_what_is_taken_back(
    world: build.World, sqlite_client: FlaskClient
) -> None:
    exact, vague = exact_and_vague(world)
    open_ = build.case_at(world, "handling", now=NOON + timedelta(minutes=2))
    points = sqlite_client.get("/reports/points.json")
    assert points.json is not None
    assert [(each["at"], each["url"]) for each in points.json["points"]] == [([12.123456, 108.4], f"/reports/{exact.code}")]
    assert [(each["count"], each["words"]) for each in points.json["areas"]] == [(2, "Xã Lát: 2 phản ánh")]
    feed = sqlite_client.get("/reports.atom")
    spaces = {"a": "http://www.w3.org/2005/Atom", "g": "http://www.georss.org/georss"}

    def entries_of(answer: TestResponse) -> dict[str, etree._Element]:
        found = etree.fromstring(answer.data).findall("a:entry", spaces)
        return {str(each.findtext("a:id", namespaces=spaces)).rpartition("/")[2]: each for each in found}

    entries = entries_of(feed)
    assert set(entries) == {vague.code, exact.code}, "a feed of what was published holds nothing that waits"
    waiting = entries_of(sqlite_client.get("/reports.atom?state=open"))
    assert set(waiting) == {open_.code}
    shown, hidden, bare = entries[exact.code], entries[vague.code], waiting[open_.code]
    assert shown.findtext("g:point", namespaces=spaces) == "12.123456 108.400000"
    assert hidden.find("g:point", spaces) is None
    assert shown.findtext("a:title", namespaces=spaces) == "Rác đổ ven suối"
    assert "Người dân phản ánh" in (shown.findtext("a:summary", namespaces=spaces) or "")
    assert "Rác" not in etree.tostring(bare, encoding="unicode")
    for answer, path in ((points, "/reports/points.json"), (feed, "/reports.atom")):
        again = sqlite_client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
    assert sqlite_client.get("/reports.atom", headers={"If-Modified-Since": feed.headers["Last-Modified"]}).status_code == 304
    assert len(etree.fromstring(sqlite_client.get("/reports.atom?state=answered").data).findall("a:entry", spaces)) == 2
    with unit_of_work():
        version = db.session.scalars(select(PublicationVersion).join(Publication).where(Publication.case_id == exact.id)).one()
        db.session.execute(update(PublicationVersion).where(PublicationVersion.id == version.id).values(title="=1+1"))
    table = sqlite_client.get("/reports.json")
    assert table.json is not None
    assert [(row["code"], row["title"], row["area_vi"], row["state_en"], row["filed_on"]) for row in table.json] == [
        (open_.code, None, "Xã Lát", "In progress", "2026-03-02"), (vague.code, "Rác đổ ven suối", "Xã Lát", "Answered", "2026-03-02"),
        (exact.code, "=1+1", "Xã Lát", "Answered", "2026-03-02")]  # fmt: skip
    assert table.json[2]["url"].endswith(f"/reports/{exact.code}")
    assert [row["code"] for row in sqlite_client.get("/reports.json?state=answered").json or ()] == [vague.code, exact.code]
    assert '"\'=1+1"' in sqlite_client.get("/reports.csv?state=answered").data.decode("utf-8-sig"), "no formula leaves the house"
    assert 'href="/reports.xlsx?state=answered"' in sqlite_client.get("/reports?state=answered").text
    assert sqlite_client.get("/reports.pdf").status_code == 404
    assert sqlite_client.get("/reports.json", headers={"If-None-Match": table.headers["ETag"]}).status_code == 304
    taken_back(exact)
    for form in ("atom", "csv", "json"):
        assert exact.code not in sqlite_client.get(f"/reports.{form}").get_data(as_text=True)
    assert sqlite_client.get("/reports/points.json").json == {**points.json, "points": [], "words": "2 phản ánh chỉ tính theo xã."}


def test_a_case_is_shared_by_words_and_a_picture_that_hold_what_is_public(
    world: build.World, sqlite_client: FlaskClient, sqlite_app: Flask
) -> None:
    filed = pictured_case(world, Path(sqlite_app.extensions["file_store"].root), "rating")
    open_ = build.case_at(world, "handling", now=NOON + timedelta(minutes=1))
    page = sqlite_client.get(f"/reports/{filed.case.code}").get_data(as_text=True)
    meta = dict(re.findall(r'<meta (?:property|name)="([^"]+)" content="([^"]*)"', page))
    assert meta["og:title"] == "Rác đổ ven suối"
    assert meta["og:description"] == meta["description"]
    assert meta["description"].startswith("Xã Lát · Đã xử lý"), "published without its exact place and without words for it"
    assert f'<link rel="canonical" href="http://127.0.0.1:8080/reports/{filed.case.code}">' in page
    assert 'class="qr"' in page
    picture = sqlite_client.get(meta["og:image"].removeprefix("http://127.0.0.1:8080"))
    with Image.open(io.BytesIO(picture.data)) as drawn:
        assert (drawn.format, drawn.size) == ("PNG", (1200, 630))
        # the agency's photo is green, the sender's is olive: the one behind stands there
        red, green, blue = drawn.convert("RGB").getpixel((1000, 300))  # type: ignore[misc]
        assert (red < 40, 100 < green < 160, blue < 40) == (True, True, True)
    assert picture.headers["Cache-Control"] == "public, no-cache"
    path = f"/reports/{filed.case.code}/card.png"
    assert sqlite_client.get(path, headers={"If-None-Match": picture.headers["ETag"]}).status_code == 304
    bare = sqlite_client.get(f"/reports/{open_.code}").get_data(as_text=True)
    meta = dict(re.findall(r'<meta (?:property|name)="([^"]+)" content="([^"]*)"', bare))
    assert (meta["og:title"], meta["description"]) == ("Rừng, đất đai, tài nguyên - môi trường", "Xã Lát · Đang xử lý")
    assert sqlite_client.get(f"/reports/{open_.code}/card.png").status_code == 200
    taken_back(filed.case)
    assert sqlite_client.get(path, headers={"If-None-Match": picture.headers["ETag"]}).status_code == 404


@pytest.mark.exhaustive
def test_guests_and_accounts_say_that_they_met_it_too(world: build.World, sqlite_app: Flask) -> None:
    case = build.case_at(world, "handling")
    path = f"/reports/{case.code}/me-too"
    guest, neighbour, sender = (sqlite_app.test_client() for _ in range(3))
    signed_in(sqlite_app, neighbour, world.people["citizen_2"], now=NOON)
    signed_in(sqlite_app, sender, world.people["citizen"], now=NOON)
    for _ in range(2):
        answer = guest.post(path, data={"act": "say"})
        assert (answer.status_code, answer.location) == (302, f"/reports/{case.code}#also")
    neighbour.post(path, data={"act": "say"})
    page = words_of(guest.get(f"/reports/{case.code}"))
    assert "2 người cũng gặp" in page
    assert "Rút lại" in page
    assert "2 người cũng gặp" in words_of(guest.get("/reports?state=open"))
    assert sender.post(path, data={"act": "say"}).status_code == 422
    assert "Tôi cũng gặp" not in words_of(sender.get(f"/reports/{case.code}"))
    operator = signed_in(sqlite_app, sqlite_app.test_client(), world.people["operator"], now=NOON)
    assert "2 người cũng gặp" in words_of(operator.get(f"/cases/{case.ref}"))
    guest.post(path, data={"act": "take_back"})
    assert "1 người cũng gặp" in words_of(guest.get(f"/reports/{case.code}"))
    statuses = {guest.post(path, data={"act": "take_back"}).status_code for _ in range(me_too.ME_TOO.most)}
    assert statuses == {302, 429}


def test_search_engines_find_what_is_public_and_nobodys_own(world: build.World, sqlite_app: Flask, sqlite_client: FlaskClient) -> None:
    case = build.case_at(world, "handling")
    operator = signed_in(sqlite_app, sqlite_app.test_client(), world.people["operator"], now=NOON)
    for path in ("/", "/reports", f"/reports/{case.code}", "/reports/new"):
        assert "X-Robots-Tag" not in sqlite_client.get(path).headers
    for client, path in ((sqlite_client, "/track"), (sqlite_client, "/sign-in"), (operator, "/inbox"), (operator, f"/cases/{case.ref}")):
        assert client.get(path).headers["X-Robots-Tag"] == "noindex, nofollow"


def test_of_the_filing_the_public_learns_the_day_alone(sqlite_app: Flask, sqlite_client: FlaskClient) -> None:
    """Who went by at that minute may have been seen (rules.md, section 2)."""
    world, moment = build.standard_world(), datetime(2026, 3, 2, 3, 17, 42, 123456, UTC)
    at(sqlite_app, moment + timedelta(days=60))
    waiting, done = build.file_report(world, now=moment).case, build.case_at(world, "rating", now=moment)
    addresses = ["/reports", "/reports?state=open", "/reports.atom", "/reports.atom?state=open",
                 "/reports/points.json", *(f"/reports/{case.code}" for case in (waiting, done))]
    for address in addresses:
        answer = sqlite_client.get(address)
        told = answer.text + str(answer.headers)
        for trace in ("03:17", "10:17"):
            assert trace not in told, (address, trace)
    assert 'datetime="2026-03-02"' in sqlite_client.get(f"/reports/{done.code}").text
    assert "<published>2026-03-02T00:00:00+07:00</published>" in sqlite_client.get("/reports.atom").text
    feed = sqlite_client.get("/reports.atom?state=open").text
    assert feed.count("<published>2026-03-02T00:00:00+07:00</published>") == 1
    assert "<updated>2026-03-02T00:00:00+07:00</updated>" in feed


def test_the_list_has_two_tabs_the_answered_ones_first(world: build.World, sqlite_client: FlaskClient) -> None:
    done, waiting = build.case_at(world, "rating"), build.case_at(world, "handling", now=NOON + timedelta(minutes=1))
    for address, shown, hidden, tab in (("/reports", done, waiting, "answered"), ("/reports?state=open", waiting, done, "open"),
                                        ("/reports?state=in-progress", waiting, done, "open")):  # fmt: skip
        page = sqlite_client.get(address).text
        assert f'href="/reports/{shown.code}"' in page, address
        assert f'href="/reports/{hidden.code}"' not in page, address
        assert f'href="/reports?state={tab}" aria-current="page"' in page.replace("&amp;", "&"), address
    for code in (done.code, waiting.code):
        assert code in sqlite_client.get("/reports?view=map").text, "the map has both"


def test_a_name_of_before_stands_only_where_somebody_asks_for_it(world: build.World, sqlite_client: FlaskClient,
                                                                 monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    case = build.case_at(world, "rating")
    beside = {(case.area_id, case.village): OtherName(formerly=Bilingual("Xã Cũ", "Old Commune"))}
    monkeypatch.setattr("casework.public.cases.names_beside", lambda places: beside)
    assert "trước đây" not in words_of(sqlite_client.get("/reports"))
    assert "trước đây" not in words_of(sqlite_client.get("/"))
    assert "(trước đây: xã Cũ)" in words_of(sqlite_client.get("/reports?q=rac"))
    assert "(trước đây: xã Cũ)" in words_of(sqlite_client.get(f"/reports/{case.code}"))


@pytest.mark.exhaustive
@pytest.mark.parametrize("address", ["/reports", "/reports?state=open", "/reports?view=map"])
def test_list_and_map_cost_the_same_for_few_cases_and_for_many(world: build.World, sqlite_client: FlaskClient, address: str) -> None:
    for state in ("rating", "handling"):
        build.case_at(world, state)
    sqlite_client.get(address)
    few = statements_of(lambda: sqlite_client.get(address))
    for minute in range(1, 6):
        for state in ("rating", "handling"):
            build.case_at(world, state, now=NOON + timedelta(minutes=minute))
    assert statements_of(lambda: sqlite_client.get(address)) <= few


def test_the_page_of_a_case_folds_all_but_five_steps_and_leads_on_from_one_list(world: build.World, sqlite_client: FlaskClient) -> None:
    case = build.case_at(world, "rating", agencies=2)
    page = sqlite_client.get(f"/reports/{case.code}").text
    shown, _fold, folded = page.partition("Xem đủ")
    assert shown.split('class="timeline')[-1].count("<li") == 5
    assert folded.split("</details>")[0].count("<li") >= 1
    links = folded.split('class="linklist"')[-1]
    for words in ("Báo tôi khi có tin mới", "Chia sẻ, in, mã QR", "Đây là phản ánh của tôi"):
        assert words in links
