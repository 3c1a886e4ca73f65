"""Boundaries and the base map on pages: the look before an import, the command, what maps fetch, and the host tiles come from."""
from __future__ import annotations

import json
import re
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from casework.db import db, unit_of_work
from casework.intake.file_report import Place
from casework.intake.pass_on import centre_for
from casework.models import Area, Event, HouseSetting, Report
from casework.permissions import Role
from casework.places.boundary_files import LARGEST_FILE
from casework.places.points import point_of
from casework.tile_addresses import tile_fault, tile_origin
from casework.upkeep.unsent_files import named_files
from tests import build
from tests.casework.places.test_boundaries import EAST, SQUARE, collection, feature, polygon
from tests.casework.places.test_ground import ROAD, SOUND, layer, tile, tile_file
from tests.casework.places.test_ground import feature as drawn
from tests.second_centre import of_the_installation, second_world
from tests.web.desk import Office, step
from tests.web.filing.test_pages import filled
from tests.web.pages import hidden, words_of
from web.cli import commands

SCRIPT = "</script><script>alert(1)</script>"
TILES = "https://tiles.example.vn/{z}/{x}/{y}.png"


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    office = Office(sqlite_app)
    with unit_of_work():
        office.world.areas["xa lat"].official_code = "24846"
    return office


def sent(office: Office, document: Any, name: str = "administrator", **form: Any) -> TestResponse:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return office.post(name, "/settings/boundaries", act="check", file=(BytesIO(data), "ranh gioi.geojson"), **form)


def bounded(office: Office) -> None:
    page = sent(office, collection(feature(polygon(SQUARE), code="24846"), feature(polygon(EAST), name="Xã Đạ Chais")))
    token = hidden(page.get_data(as_text=True), "token")
    done = office.post("administrator", "/settings/boundaries", act="do", token=token, source="Sở NN&MT", reason="Lần đầu.")
    assert done.status_code == 302


def test_a_file_is_looked_through_and_only_then_taken_over(office: Office) -> None:
    strange = collection(
        feature(polygon(SQUARE), code="24846", name="Lát"), feature(polygon(EAST), name=SCRIPT), feature(None, name="Xã Hỏng"),
    )  # fmt: skip
    page = sent(office, strange)
    html, words = page.get_data(as_text=True), words_of(page)
    assert page.status_code == 200
    assert "Sẽ cập nhật 1 ranh giới. 1 hình không thuộc địa bàn nào ở đây. 1 hình bị từ chối." in words
    assert "120,92" in words
    assert "Không có hình" in words
    assert "alert(1)</script>" not in html, "a name is shown as words, in the page and in the map's data"
    assert "&lt;/script&gt;" in html
    area = office.world.areas["xa lat"]
    assert area.boundary is None
    token = hidden(html, "token")

    form = {"token": token, "area-2": "Xã Đạ Chais", "skip": "1"}
    again = words_of(office.post("administrator", "/settings/boundaries", act="look", **form))
    assert "Sẽ cập nhật 1 ranh giới. 1 hình bị từ chối." not in again
    assert "Xã Đạ Chais do Ông/Bà chọn" in again
    refused = office.post("administrator", "/settings/boundaries", act="do", **form, reason="Thử.")
    assert refused.status_code == 422
    assert "nguồn và giấy phép" in words_of(refused)
    done = office.post("administrator", "/settings/boundaries", act="do", **form, source="Sở NN&MT", reason="Thử.")
    assert done.status_code == 302
    db.session.expire_all()
    assert [row.folded_name for row in db.session.scalars(select(Area).where(Area.boundary_source == "Sở NN&MT"))] == ["xa da chais"]
    assert "Đã cập nhật 1 ranh giới." in office.words("administrator", "/settings/boundaries")
    exported = office.get("administrator", "/settings/boundaries.geojson")
    assert "attachment" in exported.headers["Content-Disposition"]
    assert [each["properties"]["name"] for each in exported.get_json(force=True)["features"]] == ["Xã Đạ Chais"]
    gone = office.post("administrator", "/settings/boundaries", act="do", **form, source="x", reason="x")
    assert (gone.status_code, "tải lên lại" in words_of(gone)) == (422, True)


def test_no_centre_draws_its_boundary_over_another_ones_area(office: Office) -> None:
    world = office.world
    other = second_world(world)
    world.people |= {"administrator_dn": other.people["administrator"],
                     "overseer": of_the_installation(world, "overseer", Role.ADMINISTRATOR)}  # fmt: skip
    bounded(office)
    box = [[108.4, 12.05], [108.41, 12.05], [108.41, 12.06], [108.4, 12.06]]
    with unit_of_work():
        build.commune(world, "Xã Khung", south=12.05, north=12.07, west=108.4, east=108.42)
    small = [[108.02, 12.02], [108.03, 12.02], [108.03, 12.03], [108.02, 12.03]]

    def given(name: str, ring: list[list[float]], area: str, **form: str) -> tuple[str, int]:
        page = sent(office, collection(feature(polygon(ring), name=area)), name)
        token = hidden(page.get_data(as_text=True), "token")
        done = office.post(name, "/settings/boundaries", act="do", token=token, source="x", reason="x", **form)
        return words_of(page), done.status_code

    for ring, area in ((small, "Xã Ka Đô"), (small, "Thôn Ta Ly"), (box, "Xã Ka Đô")):
        words, status = given("administrator_dn", ring, area, overlap="yes")
        assert (status, "xin nhờ người quản trị toàn hệ thống" in words) == (422, True)
        assert not {name for name in ("Xã Lát", "Xã Khung") if name in words}
        assert centre_for(area=None, latitude=ring[0][1] + 0.005, longitude=ring[0][0] + 0.005, now=build.NOON) == world.centre
    # beside them, or over less than one hundredth
    beside = [[108.0, 11.9], [108.1, 11.9], [108.1, 12.0005], [108.0, 12.0005]]
    assert given("administrator_dn", beside, "Xã Ka Đô")[1] == 302
    words, status = given("overseer", small, "Xã Ka Đô")
    assert (status, "Chồng lên địa bàn của trung tâm khác: Xã Lát (100 %)." in words) == (422, True)
    assert given("overseer", small, "Xã Ka Đô", overlap="yes")[1] == 302
    db.session.expire_all()
    assert centre_for(area=None, latitude=12.025, longitude=108.025, now=build.NOON) == other.centre


def test_what_is_no_file_of_boundaries_is_answered_in_the_page(office: Office, tmp_path: Path) -> None:
    for document, words in ((b"{", "JSON"), (b" " * (LARGEST_FILE + 1), "tối đa 20 MB"), (b"", "trống")):
        answer = sent(office, document)
        assert answer.status_code == 422
        assert words in words_of(answer)
        assert "Chưa có gì thay đổi." in words_of(answer)
    browser = office.browser("administrator")
    large = browser.post("/settings/boundaries", headers={"Content-Length": "200000000"}, environ_overrides={"CONTENT_LENGTH": "200000000"})
    assert (large.status_code, "Tệp quá lớn" in words_of(large)) == (413, True), "its length alone is enough"
    turned = sent(office, feature(polygon([[y, x] for x, y in SQUARE]), code="24846"))
    assert "vĩ độ đứng trước kinh độ" in words_of(turned)
    token = hidden(turned.get_data(as_text=True), "token")
    form = {"token": token, "source": "x", "reason": "x"}
    assert office.post("administrator", "/settings/boundaries", act="do", **form).status_code == 422
    assert office.post("process_approver", "/settings/boundaries", act="do", **form).status_code == 403
    with unit_of_work():
        build.staff(office.world, "administrator_2", build.CENTRE_PEOPLE["administrator"])
    stolen = office.post("administrator_2", "/settings/boundaries", act="do", **form, swap="yes")
    assert (stolen.status_code, "tải lên lại" in words_of(stolen)) == (422, True), "a file is its sender's"
    assert office.post("administrator", "/settings/boundaries", act="do", **form, swap="yes").status_code == 302


@pytest.mark.exhaustive
def test_the_command_does_the_same_and_ends_with_its_code(
    sqlite_app: Flask, sqlite_environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = build.standard_world()
    for name, value in sqlite_environment.items():
        monkeypatch.setenv(name, value)

    def run(document: Any, *options: str) -> tuple[int, str]:
        file = tmp_path / "file.geojson"
        file.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
        result = CliRunner().invoke(commands, ["import-boundary", str(file), *options])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        return result.exit_code, result.output

    sound, broken = feature(polygon(SQUARE), ma_moi="7", name="Xã Lát"), feature(polygon(EAST[:2]), name="Xã Đạ Chais")
    assert run(b"{") == (2, "The file is no valid JSON: line 1, column 2. A GeoJSON file is needed.\n")
    assert run(b" " * (LARGEST_FILE + 1))[0] == 2
    code, said = run(collection(sound, broken))
    assert code == 1
    assert "fewer than three different points" in said
    assert said.endswith("Nothing was changed.\n")
    code, said = run(collection(sound), "--dry-run", "--code-property", "ma_moi")
    assert (code, "Xã Lát -> Xã Lát (by name): 120.92 km²." in said, "nothing was changed" in said) == (0, True, True)
    assert run(feature(polygon(EAST), name="Xã Lạ"))[0] == 1, "nothing for anybody here"
    db.session.rollback()
    assert world.area.boundary is None
    assert run(collection(sound), "--source", "Sở NN&MT")[0] == 0
    db.session.rollback()
    assert (world.area.boundary_source, world.area.south) == ("Sở NN&MT", 12.0)
    second_world(world)
    over = collection(feature(polygon(SQUARE), name="Xã Ka Đô"))
    code, said = run(over)
    assert (code, "Lies over areas of another centre: Xã Lát (100 %)." in said, "Use --allow-overlap" in said) == (1, True, True)
    assert run(over, "--allow-overlap", "--dry-run")[0] == 0
    both = collection(feature(polygon(SQUARE), name="Xã Ka Đô"), feature(polygon(EAST), name="Xã Lát"))
    assert "Lies over" not in run(both, "--dry-run")[1], "what the same file puts right counts as it will be"
    event = db.session.scalars(select(Event).where(Event.type == "change_setting").order_by(Event.id.desc())).first()
    assert event is not None
    assert (event.actor_id, (event.payload or {})["reason"]) == (None, "import-boundary file.geojson")


def test_maps_fetch_the_boundaries_once_and_pieces_of_the_tile_file(office: Office) -> None:
    ref, guest = office.world.centre.ref, office.app.test_client()
    address = f"/map/areas/{ref}.geojson"
    assert guest.get(address).get_json(force=True)["features"] == []
    bounded(office)
    layer = guest.get(address)
    assert [each["properties"]["vi"] for each in layer.get_json(force=True)["features"]] == ["Xã Lát", "Xã Đạ Chais"]
    assert guest.get(address, headers={"If-None-Match": layer.headers["ETag"]}).status_code == 304
    assert guest.get("/map/areas/0000000000000000.geojson").status_code == 404
    named = re.search(r'data-areas="([^"]+)"', office.get("operator", "/intake/call").get_data(as_text=True))
    assert named is not None
    kept = office.get("operator", named[1]).headers
    assert ("immutable" in kept["Cache-Control"], "Cookie" in kept.get("Vary", "")) == (True, False), "asked once, not with every page"
    assert "immutable" not in guest.get(f"{address}?v=0000000000000000").headers["Cache-Control"]

    assert guest.get("/map/base.pmtiles").status_code == 404
    path: Path = office.app.config["PMTILES"]
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.write_bytes(b"<html>" * 20)
        assert guest.get("/map/base.pmtiles").status_code == 404, "no tile file"
        path.write_bytes(b"PMTiles\x03" + bytes(91) + bytes([2, 0, 14]) + bytes(106))
        assert guest.get("/map/base.pmtiles").status_code == 404, "pictures, no vector tiles"
        path.write_bytes(b"PMTiles\x03" + bytes(91) + bytes([1, 0, 14]) + bytes(106))
        for asked, status, size in (("bytes=0-126", 206, 127), ("bytes=-8", 206, 8), ("bytes=9000-", 416, None), (None, 200, 208)):
            answer = guest.get("/map/base.pmtiles", headers={"Range": asked} if asked else {})
            assert (answer.status_code, len(answer.data) if size else None) == (status, size)
            answer.close()
        assert 'data-pmtiles="/map/base.pmtiles" data-max-zoom="14"' in office.get("administrator", "/settings/map").get_data(as_text=True)
    finally:
        path.unlink()


def test_a_tile_file_is_loaded_replaced_served_in_ranges_and_removed(office: Office) -> None:
    office.world.people["overseer"] = of_the_installation(office.world, "overseer", Role.ADMINISTRATOR)
    guest, store = office.app.test_client(), office.app.extensions["file_store"]
    load, first, second = "/settings/map/files/tiles", tile_file(SOUND), tile_file(SOUND, meta={"attribution": "&copy; OpenStreetMap"})

    def sent_file(data: bytes, name: str = "overseer", **form: str) -> TestResponse:
        return office.post(name, load, **{"reason": "Bản đồ của tỉnh.", "file": (BytesIO(data), "base.pmtiles"), **form})

    second_world(office.world)
    assert sent_file(first, "administrator", attribution="© A").status_code == 404, "who administers one of two centres"
    refused = sent_file(tile_file(tile("transportation", "place")), attribution="© A")
    assert (refused.status_code, "lược đồ OpenMapTiles" in words_of(refused)) == (422, True)
    assert 'id="tiles-file-error"' in refused.get_data(as_text=True)
    assert 'id="tiles-attribution-error"' in sent_file(first).get_data(as_text=True), "nobody named a source"
    assert sent_file(second, reason="").status_code == 422
    assert list(store.list_names()) == [], "what was refused is not kept"
    assert guest.get("/map/base.pmtiles").status_code == 404

    assert sent_file(first, attribution="© A").status_code == 302
    assert sent_file(second).status_code == 302
    [name] = store.list_names()
    assert named_files([name]) == {name}, "the sweep leaves it"
    page = office.get("overseer", "/settings/map?scope=installation").get_data(as_text=True)
    address = unescape(str(re.search(r'data-pmtiles="([^"]+)"', page)[1]))  # type: ignore[index]
    assert 'data-attribution="© OpenStreetMap"' in page
    assert "0 đến 14" in page
    ranges = (("bytes=0-6", 206, second[:7]), ("bytes=-8", 206, second[-8:]), ("bytes=9000-", 416, None), (None, 200, second))
    for asked, status, data in ranges:
        answer = guest.get(address, headers={"Range": asked} if asked else {})
        assert (answer.status_code, answer.data if data else None) == (status, data)
        assert status == 416 or "immutable" in answer.headers["Cache-Control"]
    assert "immutable" not in guest.get("/map/base.pmtiles?v=0").headers["Cache-Control"], "the address of another file"
    assert "Tệp bản đồ nền" in office.words("overseer", "/settings/events")

    assert office.post("overseer", load, act="remove", reason="Thử lại.").status_code == 302
    assert office.post("overseer", load, act="remove", reason="Thử lại.").status_code == 422
    assert guest.get(address).status_code == 404
    assert list(store.list_names()) == []


@pytest.mark.exhaustive
def test_a_schematic_layer_is_drawn_where_there_are_no_tiles_and_comes_by_command(
    office: Office, sqlite_environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest, file = office.app.test_client(), tmp_path / "layer.geojson"
    for name, value in sqlite_environment.items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(commands, ["base-map", *words])
        db.session.rollback()
        return result.exit_code, result.output

    assert run("show") == (0, "Nothing is loaded: maps show the stored boundaries alone.\n")
    file.write_bytes(layer(drawn("house", "Point", [108, 12])))
    assert run("sketch", str(file), "--attribution", "Vẽ tay")[0] == 1
    file.write_bytes(layer(ROAD))
    assert run("sketch", str(file), "--attribution", "Vẽ tay")[0] == 0
    assert "schematic layer: 0.0 MB, 1 features" in run("show")[1]
    page = office.get("administrator", "/settings/map").get_data(as_text=True)
    address = unescape(str(re.search(r'data-sketch="([^"]+)"', page)[1]))  # type: ignore[index]
    assert 'data-nearest="16"' in page
    assert "vị trí gần đúng" in page
    answer = guest.get(address, headers={"Accept-Encoding": "gzip"})
    assert (answer.mimetype, "immutable" in answer.headers["Cache-Control"]) == ("application/geo+json", True)
    tiles = tmp_path / "base.pmtiles"
    tiles.write_bytes(tile_file(SOUND))
    assert run("tiles", str(tiles), "--attribution", "© OSM")[0] == 0
    page = office.get("administrator", "/settings/map").get_data(as_text=True)
    assert ("data-pmtiles" in page, "data-sketch=" in page) == (True, False), "two roads side by side help nobody"
    assert [run("remove", which)[0] for which in ("tiles", "sketch", "sketch")] == [0, 0, 1]


def test_only_pages_with_a_map_let_browsers_fetch_tiles_and_only_from_the_host_that_was_set(office: Office) -> None:
    def policy(name: str, address: str) -> str:
        return str(re.search("img-src[^;]*", office.get(name, address).headers["Content-Security-Policy"])[0])  # type: ignore[index]

    own = "img-src 'self' data: blob:"
    assert policy("administrator", "/settings/map") == own
    form = {"map_tile_url": TILES, "map_attribution": "© Cục Đo đạc <b>", "map_tile_max_zoom": "17", "reason": "Bản đồ của tỉnh."}
    for wrong in ({"map_attribution": ""}, {"map_tile_url": TILES.replace("https", "http")}, {"reason": ""}, {"map_tile_max_zoom": "99"}):
        assert office.post("administrator", "/settings/map", **form | wrong).status_code == 422
    assert not db.session.scalars(select(HouseSetting)).all()
    assert office.post("administrator", "/settings/map", **form).status_code == 302
    assert policy("administrator", "/settings/map") == f"{own} https://tiles.example.vn"
    assert policy("administrator", "/settings") == own
    assert policy("operator", "/inbox") == own
    page = office.get("administrator", "/settings/map").get_data(as_text=True)
    assert f'data-tiles="{TILES}"' in page
    assert "&lt;b&gt;" in page
    events = db.session.scalars(select(Event).where(Event.type == "change_setting").order_by(Event.id.desc()).limit(3)).all()
    assert sorted((event.payload or {})["row"] for event in events) == ["map_attribution", "map_tile_max_zoom", "map_tile_url"]
    assert office.get("administrator", "/settings/map?scope=installation").status_code == 404
    # value by value: never tiles without their source, neither at first nor behind somebody's back
    scope = office.world.centre.ref

    def single(name: str, key: str, **given: str) -> int:
        return office.post(name, f"/settings/values/{key}", **{"reason": "Bản đồ.", "scope": scope, **given}).status_code

    for act in ({"value": ""}, {"act": "clear"}):
        assert single("administrator", "map_attribution", **act) == 422
    assert office.post("administrator", "/settings/map", **form | {"map_tile_url": "", "map_attribution": ""}).status_code == 302
    assert policy("administrator", "/settings/map") == own
    assert [single("administrator", key, act="clear") for key in ("map_tile_url", "map_attribution")] == [302, 302]
    office.world.people["overseer"] = of_the_installation(office.world, "overseer", Role.ADMINISTRATOR)
    assert single("overseer", "map_tile_url", scope="all", value=TILES) == 422
    assert single("overseer", "map_attribution", scope="all", value="© Cục") == 302
    assert single("overseer", "map_tile_url", scope="all", value=TILES) == 302
    assert policy("administrator", "/settings/map") == f"{own} https://tiles.example.vn"
    assert single("administrator", "map_attribution", value="") == 422, "the installation's tiles are drawn here too"
    assert single("administrator", "map_tile_url", value=TILES) == 302
    assert single("overseer", "map_tile_url", scope="all", act="clear") == 302
    assert single("overseer", "map_attribution", scope="all", act="clear") == 422, "a centre's tiles need it"


@pytest.mark.parametrize("address", [
    "http://tiles.example.vn/{z}/{x}/{y}.png", "//tiles.example.vn/{z}/{x}/{y}", "https://tiles.example.vn/{z}/{x}.png",
    "https://tiles.example.vn/{z}/{z}/{x}/{y}", "https://{s}.example.vn/{z}/{x}/{y}", "https://{z}.example.vn/{x}/{y}",
    "https://a.vn; script-src *//{z}/{x}/{y}", "https://*/{z}/{x}/{y}", "https://user:word@a.vn/{z}/{x}/{y}", "https:///{z}/{x}/{y}",
    "https://a.vn:99999/{z}/{x}/{y}", "javascript:alert(1)/{z}/{x}/{y}", "https://a.vn/{z}/{x}/{y}#x", "https://a.vn/" + "{z}/{x}/{y}" * 60,
    "https://[::1/{z}/{x}/{y}", "{z}{x}{y}", "https://a.vn\\@b.vn/{z}/{x}/{y}", "https://bản.vn/{z}/{x}/{y}",
])  # fmt: skip
def test_an_address_of_tiles_that_could_do_harm_is_refused(address: str) -> None:
    fault = tile_fault(address)
    assert fault is not None
    assert fault.vi
    assert fault.vi != fault.en


def test_sound_addresses_of_tiles_name_exactly_their_host() -> None:
    for address, origin in (
        (TILES, "https://tiles.example.vn"), ("https://A.vn:8443/t/{z}/{y}/{x}?key=1", "https://a.vn:8443"),
        ("/tiles/{z}/{x}/{y}.png", None), ("", None),
    ):  # fmt: skip
        assert tile_fault(address) is None
        assert tile_origin(address) == origin


def test_a_position_fills_in_the_commune_and_one_outside_is_asked_about(office: Office) -> None:
    world, guest = office.world, office.app.test_client()
    bounded(office)
    for place, area, outside in (((12.05, 108.05), "Xã Lát", False), ((10.7, 106.7), None, True)):
        answer = guest.post("/map/area", data={"latitude": place[0], "longitude": place[1]}).get_json()
        assert ((answer["area"] or {}).get("name"), answer["outside"], answer["words"]) == (area, outside, area or "")
    assert guest.post("/map/area", data={"latitude": "nan", "longitude": "1"}).status_code == 422

    inside = filled(world, guest, area="", latitude="12.05", longitude="108.15")
    assert guest.post("/reports/new", data=inside).status_code == 302
    report = db.session.scalars(select(Report).order_by(Report.id.desc())).first()
    assert report is not None
    assert report.area == world.areas["xa da chais"]

    away = filled(world, guest, latitude="10.7", longitude="106.7", words="Rác ở bìa rừng")
    asked = guest.post("/reports/new", data=away)
    page = asked.get_data(as_text=True)
    assert asked.status_code == 422
    assert "Vẫn gửi?" in words_of(asked)
    assert "Rác ở bìa rừng" in page
    assert hidden(page, "latitude") == "10.7"
    inside_again = guest.post("/reports/new", data=filled(world, guest, latitude="12.05", longitude="108.15", accuracy="18", words=""))
    assert "Xã Đạ Chais Sai số 18 m" in words_of(inside_again)
    without = guest.post("/reports/new", data=away | {"act": "no_position"})
    assert (without.status_code, hidden(without.get_data(as_text=True), "latitude")) == (200, "")
    assert "Rác ở bìa rừng" in without.get_data(as_text=True)
    assert guest.post("/reports/new", data=away | {"outside": "y"}).status_code == 302
    kept = db.session.scalars(select(Report).order_by(Report.id.desc())).first()
    assert kept is not None
    assert (point_of(kept), kept.area) == ((10.7, 106.7, None), world.area)


def test_classification_says_when_the_position_lies_in_another_commune(office: Office) -> None:
    bounded(office)
    for latitude, longitude, words in ((12.05, 108.05, None), (12.05, 108.15, "nằm ở Xã Đạ Chais"), (10.7, 106.7, "nằm ngoài mọi xã")):
        place = Place(area=office.world.area, words="ở xã Lát", latitude=latitude, longitude=longitude)
        case = build.case_at(office.world, "to_classify", place=place)
        page = office.words("operator", step(case, "classify"))
        assert ("Vị trí gửi kèm" in page) == (words is not None)
        assert words is None or words in page
