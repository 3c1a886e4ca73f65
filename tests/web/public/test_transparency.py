"""The transparency page and its files, as a guest reads them."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import date, timedelta

from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.figures.definitions import FIGURES, NESTED
from casework.figures.keeping import count_public_figures
from casework.intake.file_report import Place
from casework.models import Case, PublicFigures, VisibilityReason
from reports.charts import stacked
from tests import build
from tests.conftest import client_of
from tests.web.desk import statements_of
from tests.web.pages import at, words_of

NOON = build.NOON


def test_the_page_says_what_real_cases_came_to_with_both_numbers_and_no_rate_of_a_few(sqlite_app: Flask) -> None:
    at(sqlite_app, NOON + timedelta(hours=3))
    guest = client_of(sqlite_app)
    assert "Chưa có số liệu" in words_of(guest.get("/transparency")), "a house without a centre"
    world = build.standard_world()
    assert "Chưa có số liệu" in words_of(guest.get("/transparency")), "nothing counted yet"
    assert guest.get("/transparency.csv").status_code == 200

    rated = build.case_at(world, "rating")
    build.rate(world, rated)
    build.case_at(world, "handling")
    late = build.case_at(world, "handling")
    build.file_report(world)
    with unit_of_work():
        row = db.session.get_one(Case, late.id)
        row.due_at = NOON - timedelta(days=1)
    code = late.code
    count_public_figures(NOON + timedelta(hours=3))

    page = words_of(guest.get("/transparency"))
    for words in (
        "Minh bạch",
        "Số liệu tính lúc 13:00 02/03/2026",
        "Tiếp nhận 4",
        "3 /4 đủ điều kiện",
        "Đã trả lời 1",
        "Hài lòng hoặc chấp nhận được",
        "Rừng, đất đai",
        "Xã Lát",
        "Phòng Tài nguyên và Môi trường",
        "Đang trễ hạn: 1 hồ sơ",
        "Cách tính",
        "Dưới 5 hồ sơ",
    ):
        assert words in page, words
    assert "Một nửa được tiếp nhận trong" in page
    assert "Trung vị" not in page.split("Cách tính")[-2 if page.count("Cách tính") > 1 else 0], "a word of those who count"
    assert " %" not in page.replace("phần trăm", ""), "four cases make no rate"
    assert "Rác" not in page
    assert "01/2026 chưa tính chưa tính" in page, "a month before the first is no row of noughts"
    assert "03/2026 4 1 1 0 0" in page
    html = guest.get("/transparency").get_data(as_text=True)
    assert f'href="/reports/{code}"' in html
    for name in ("Rừng, đất đai, tài nguyên - môi trường", "Xã Lát", "Phòng Tài nguyên và Môi trường"):
        assert f"<summary><b>{name}" in html, "a line each, with its facts folded"
    assert "scroll-x" not in html.split("tabledata")[0], "no chart is scrolled sideways"
    assert "style=" not in html
    assert re.search(r'href="/reports\?field=rung_dat_moi_truong"', html)
    for anchor in re.findall(r'href="#([\w-]+)"', html):
        assert f'id="{anchor}"' in html
    english = client_of(sqlite_app)
    english.get("/language?code=en")
    told = words_of(english.get("/transparency"))
    assert "Every rate stands with both its numbers" in told
    assert "From April 2025 to March 2026." in told
    assert "Month " not in told.replace("Month Received", ""), "months have names; the word heads a column alone"

    month = words_of(guest.get("/transparency?period=2026-03"))
    assert "Tháng 3/2026." in month
    assert guest.get("/transparency?period=nonsense&centre=XX").status_code == 200


def test_the_files_hold_the_same_numbers_with_their_definitions(sqlite_app: Flask) -> None:
    at(sqlite_app, NOON + timedelta(hours=3))
    world = build.standard_world()
    build.rate(world, build.case_at(world, "rating"))
    count_public_figures(NOON + timedelta(hours=3))
    guest = client_of(sqlite_app)

    answer = guest.get("/transparency.json")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    told = json.loads(answer.get_data())
    [whole] = [row for row in told["rows"] if row["dimension"] == "all" and row["month"] == "2026-03"]
    assert {key: value for key, value in whole["figures"].items() if value} == {
        "received": 1,
        "eligible": 1,
        "answered": 1,
        "in_time": 1,
        "satisfied": 1,
    }
    assert (whole["figures"]["late"], whole["figures"]["acceptance_minutes"]) == (0, None), "nought is told; what is not told is null"
    assert {each["key"] for each in told["figures"]} >= set(whole["figures"])
    assert all(each["definition"]["vi"] and each["definition"]["en"] for each in told["figures"] + told["rates"])

    lines = list(csv.DictReader(io.StringIO(guest.get("/transparency.csv").get_data().decode("utf-8-sig"))))
    [value] = [line["value"] for line in lines if line["dimension"] == "area" and line["figure"] == "answered"]
    assert value == "1"
    assert {line["subject_name_vi"] for line in lines if line["dimension"] == "area"} == {"Xã Lát"}
    definitions = list(csv.DictReader(io.StringIO(guest.get("/transparency/definitions.csv").get_data().decode("utf-8-sig"))))
    assert {line["figure"] for line in lines} <= {line["key"] for line in definitions}


def test_no_page_and_no_file_tells_how_long_a_single_report_waited(sqlite_app: Flask) -> None:
    at(sqlite_app, NOON + timedelta(hours=8))
    world = build.standard_world()
    for _ in range(5):
        build.case_at(world, "to_classify")
    build.case_at(world, "to_classify", now=NOON + timedelta(hours=4), place=Place(area=world.areas["xa da chais"]))
    count_public_figures(NOON + timedelta(hours=8))
    guest = client_of(sqlite_app)

    told = json.loads(guest.get("/transparency.json?period=2026-03").get_data())
    names = {each["key"]: each["name"]["en"] for each in told["figures"]}
    assert names["acceptance_minutes"] == "Median time to acceptance", "what the key says is what its value is"
    minutes = {(row["dimension"], row["subject"]): row["figures"]["acceptance_minutes"] for row in told["rows"]}
    small, large = (("area", world.areas[name].ref) for name in ("xa da chais", "xa lat"))
    assert (minutes["all", ""], minutes[large], minutes[small]) == (5, 5, None), "one case has no median; a sum of no minutes shows it"
    of_all_months = {(row["dimension"], row["subject"]): row["acceptance_minutes"] for row in told["medians_of_all_months"]}
    assert of_all_months == minutes, "of one month they are the same"

    lines = list(csv.DictReader(io.StringIO(guest.get("/transparency.csv").get_data().decode("utf-8-sig"))))
    told_minutes = [line for line in lines if line["figure"] == "acceptance_minutes"]
    values = {(line["dimension"], line["subject"]): (line["part"], line["value"]) for line in told_minutes}
    assert (values["all", ""], values[large], values[small]) == (("", "5.0"), ("", "5.0"), ("", ""))

    page = words_of(guest.get("/transparency?period=2026-03"))
    assert "0,1 giờ làm việc 6 đã tiếp nhận" in page
    assert re.search(r"Xã Đạ Chais – Đúng hạn[^0-9]* Tiếp nhận 1 [^0-9]* 0 [^0-9]* 0 [^0-9–]* – [^0-9–]* –", page), page


def test_how_soon_half_were_done_is_told_of_five_answers_and_of_no_fewer(sqlite_app: Flask) -> None:
    at(sqlite_app, NOON + timedelta(hours=8))
    world = build.standard_world()
    lat, chais = world.areas["xa lat"].ref, world.areas["xa da chais"].ref
    noughts = dict.fromkeys((key for key in FIGURES if key not in NESTED), 0) | {key: {} for key in NESTED}
    with unit_of_work():
        for dimension, subject, days in (("all", "", {"3": 4, "9": 5}), ("area", lat, {"3": 3, "9": 2}), ("area", chais, {"9": 4})):
            figures = noughts | {"answered": sum(days.values()), "acceptance_minutes": {"60": 9}, "answer_days": days}
            db.session.add(PublicFigures(month_on=date(2026, 3, 1), centre_id=world.centre.id, dimension=dimension, subject=subject,
                                         figures=figures, counted_at=NOON))  # fmt: skip
    guest = client_of(sqlite_app)
    html = guest.get("/transparency?period=2026-03").get_data(as_text=True)
    assert "Một nửa xong trong 9 ngày một nửa được tiếp nhận trong 1 giờ làm việc" in words_of(html)
    lines = {area: line for line in re.findall(r'<details class="aline">.*?</details>', html, re.DOTALL)
             for area in ("Xã Lát", "Xã Đạ Chais") if area in line}  # fmt: skip
    assert "Một nửa xong trong 3 ngày" in words_of(lines["Xã Lát"])
    assert "xong trong" not in words_of(lines["Xã Đạ Chais"]), "four answers have no half"
    assert "Một nửa xong trong (ngày)" in words_of(html), "it is defined below"
    rows = json.loads(guest.get("/transparency.json?period=2026-03").get_data())["rows"]
    assert {row["subject"]: row["figures"]["answer_days"] for row in rows} == {"": 9, lat: 3, chais: None}
    values = {line["subject"]: (line["part"], line["value"])
              for line in csv.DictReader(io.StringIO(guest.get("/transparency.csv").get_data().decode("utf-8-sig")))
              if line["figure"] == "answer_days"}  # fmt: skip
    assert values == {"": ("", "9"), lat: ("", "3"), chais: ("", "")}


def test_neither_page_nor_files_tell_by_place_or_field_of_a_case_that_is_not_public(sqlite_app: Flask) -> None:
    at(sqlite_app, NOON + timedelta(hours=3))
    world = build.standard_world()
    build.case_at(world, "handling")
    sensitive = build.case_at(world, "handling", place=Place(area=world.areas["xa da chais"]))
    with unit_of_work():
        db.session.get_one(Case, sensitive.id).visibility_reason_id = db.session.scalar(select(VisibilityReason.id).limit(1))
    count_public_figures(NOON + timedelta(hours=3))
    guest = client_of(sqlite_app)

    told = json.loads(guest.get("/transparency.json?period=2026-03").get_data())
    received = {(row["dimension"], row["subject"]): row["figures"]["received"] for row in told["rows"]}
    place, field = world.areas["xa lat"].ref, world.field().service_code
    assert (received["all", ""], received["area", place], received["field", field]) == (2, 1, 1)
    [whole] = [row["figures"] for row in told["rows"] if row["dimension"] == "all"]
    assert whole["not_public"] == 1, "of the whole it is counted"
    hidden = world.areas["xa da chais"].ref
    assert ("area", hidden) not in received
    for address in ("/transparency.csv", "/transparency.json", "/transparency", "/transparency?period=2026-03"):
        text = guest.get(address).get_data(as_text=True)
        assert hidden not in text, address
        assert "Đạ Chais" not in text, address
    page = words_of(guest.get("/transparency?period=2026-03"))
    assert "Không công khai 1" in page
    assert "chỉ tính hồ sơ có trong danh sách công khai" in page


def test_each_centre_has_its_own_and_the_page_costs_the_same_however_many_months_there_are(sqlite_app: Flask) -> None:
    at(sqlite_app, NOON + timedelta(hours=3))
    world = build.standard_world()
    build.case_at(world, "to_classify")
    count_public_figures(NOON + timedelta(hours=3))
    guest = client_of(sqlite_app)
    guest.get("/transparency")
    few = statements_of(lambda: guest.get("/transparency"))
    with unit_of_work():
        build.centre("BC", is_default=False)
        for year in range(1990, 2026):
            for row in list(db.session.query(PublicFigures).where(PublicFigures.month_on == NOON.date().replace(day=1))):
                db.session.add(
                    PublicFigures(
                        month_on=row.month_on.replace(year=year),
                        centre_id=row.centre_id,
                        dimension=row.dimension,
                        subject=row.subject,
                        figures=row.figures,
                        counted_at=row.counted_at,
                    )
                )
    assert statements_of(lambda: guest.get("/transparency")) <= few
    page = words_of(guest.get("/transparency"))
    assert "Trung tâm thử nghiệm BC" in page
    assert "Tháng 3/1990" not in page
    count_public_figures(NOON + timedelta(hours=6))
    empty = words_of(guest.get("/transparency?centre=BC"))
    assert "Chưa có số liệu" in empty
    assert "Trung tâm thử nghiệm LD" in empty, "and the way to the other one"
    assert "Năm 2019" in page
    assert "Tiếp nhận 1" in words_of(guest.get("/transparency?period=2019"))
    assert "Tiếp nhận 1" in words_of(guest.get("/transparency?centre=LD"))


def test_a_chart_is_drawn_within_its_frame_and_needs_at_most_five_lines() -> None:
    for most in (0, 1, 3, 7, 23, 999, 80_000):
        chart = stacked([("1/26", [("in_time", most), ("late", most // 3)]), ("2", [])])
        assert len(chart.lines) <= 6
        assert chart.lines[-1][0] >= most + most // 3
        assert all(0 < block.y < 180 and block.height > 0 for bar in chart.bars for block in bar.blocks)
        assert [bar.total for bar in chart.bars] == [most + most // 3, 0]
