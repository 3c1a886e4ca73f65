"""The report form in a real browser: the whole of it by keyboard, what the scripts make of photos and voice, and what a telephone keeps."""
from __future__ import annotations

import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Page, Route, expect
from sqlalchemy import select

from casework.asking.answers import answers_given
from casework.db import db, unit_of_work
from casework.intake.file_report import original_words, typed_village
from casework.models import Case, Report
from casework.photos.records import open_copy, photos_of_report
from casework.places.points import point_of
from casework.recordings.staging import recordings_of_report
from tests.asked import FIELD, extra_question, input_of
from tests.browser import house as houses
from tests.browser.filing import open_more, put_at, tell_place
from tests.browser.house import EVERY_IMPACT, House, Visitor, opened
from tests.browser.waiting import ask_until, next_document
from tests.conftest import environment_of
from tests.whole import WHOLE
from web.guards import file_store

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FAKE_MICROPHONE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
BOXES = "all => all.map(each => { const { x, y, width, height } = each.getBoundingClientRect(); return [x, y, width, height]; })"
WORDS = "Cây đổ chắn ngang đường ở K' Prum."


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[House]:
    variables = environment_of(tmp_path_factory.mktemp("report-form"))
    shutil.copyfile(sqlite_template, Path(variables["LANGBIANG_DATA"]) / "langbiang.db")
    before, houses.ARGUMENTS = houses.ARGUMENTS, [*houses.ARGUMENTS, *FAKE_MICROPHONE]
    try:
        with opened(variables) as house:
            house.sizes, house.impacts = ({"width": 320, "height": 700}, *house.sizes), EVERY_IMPACT
            yield house
            assert house.faults == []
    finally:
        houses.ARGUMENTS = before


def picture(width: int, height: int, corner: str, *, turned: int = 1) -> bytes:
    """A photo as a camera makes it: its upper left quarter in a colour of its own, with a time, a place, and how it is to be turned."""
    image = Image.effect_noise((width // 4, height // 4), 60).convert("RGB").resize((width, height), Image.Resampling.NEAREST)
    image.paste(corner, (0, 0, width // 2, height // 2))
    exif = image.getexif()
    exif[0x0112], exif[0x0132] = turned, "2026:03:01 07:08:09"
    exif.get_ifd(0x8825).update({1: "N", 2: (12.0, 3.0, 0.0), 3: "E", 4: (108.0, 24.0, 0.0)})
    file = io.BytesIO()
    image.save(file, "JPEG", quality=92, exif=exif)
    return file.getvalue()


def plain(colour: str) -> bytes:
    """A picture without any notes."""
    file = io.BytesIO()
    Image.new("RGB", (60, 40), colour).save(file, "PNG")
    return file.getvalue()


def chosen(name: str, kind: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": kind, "buffer": data}


def glance(visitor: Visitor, shown: str) -> None:
    """Look at what differs little from the pages judged always, in a whole run."""
    if WHOLE:
        visitor.look(shown)


def files(page: Page, name: str) -> list[list[object]]:
    """What lies in a file input: name, type and bytes of each."""
    found: list[list[object]] = page.evaluate(f"Array.from(document.querySelector('[name={name}]').files, f => [f.name, f.type, f.size])")
    return found


def newest() -> Report:
    db.session.rollback()
    return db.session.scalars(select(Report).order_by(Report.id.desc())).first()  # type: ignore[return-value]


def sent(visitor: Visitor) -> Report:
    with next_document(visitor.page):
        visitor.page.locator(".actionbar button[value=send]").click()
    assert visitor.page.url.endswith("/receipt"), visitor.page.inner_text("main")
    return newest()


@pytest.mark.exhaustive
def test_a_whole_report_by_keyboard_alone_with_names_for_those_who_cannot_see(house: House) -> None:
    visitor = house.visitor()
    page = visitor.go("/reports/new")
    typed = {"words": WORDS, "place": "Trước nhà văn hóa", "name": "Kơ Dơng Ha Lem", "contact": "0912 345 678"}
    heard, village = [], ""
    page.locator("h1").evaluate("h1 => { h1.tabIndex = -1; h1.focus(); }")
    for _ in range(60):
        page.keyboard.press("Tab")
        at = page.evaluate("({ name: document.activeElement.name || '', type: document.activeElement.type || '', "
                           "kind: document.activeElement.localName, words: document.activeElement.textContent.trim() })")
        heard.append(at["name"])
        if at["name"] in typed:
            page.keyboard.type(typed[at["name"]])
        elif at["name"] == "village":
            page.keyboard.press("ArrowDown")
            village = page.input_value("[name=village]")
        elif at["name"] == "consent":
            page.keyboard.press("Space")
        elif at["words"].startswith("Tả bằng lời"):
            page.keyboard.press("Enter")                         # the first of its fields has the focus then
            heard.append("place")
            page.keyboard.type(typed["place"])
        elif at["kind"] == "summary" and at["words"].startswith("Thêm"):
            page.keyboard.press("Enter")
        elif at["words"] == "Gửi phản ánh" and at["name"] == "act":
            with next_document(page):
                page.keyboard.press("Enter")
            break
    order = [name for name in heard if name]
    assert order == sorted(set(order), key=order.index), "nothing holds the focus, nothing is reached twice"
    assert [name for name in order if name in (*typed, "urgent", "area", "village", "photos", "consent", "act")] == [
        "urgent", "photos", "place", "village", "area", "words", "contact", "consent", "name", "act"]  # fmt: skip
    assert "website" not in order, "the trap for programs is not in anybody's way"
    report = newest()
    assert (original_words(report), report.consent_notice_id is not None) == (WORDS, True)
    assert (typed_village(report), report.area_id is not None) == (village, True), "a place without a map, with its commune"
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", report.client_key or "")

    page = visitor.go("/reports/new")
    said = page.locator("form[data-report]").aria_snapshot()
    assert not re.findall(r"^\s*- (?:button|textbox|combobox|checkbox|radio|link)\s*$", said, re.MULTILINE), said
    for name in ("Chụp ảnh", "Chọn ảnh có sẵn", "Nội dung phản ánh", "Trên bản đồ", "Tả bằng lời, hoặc chọn thôn, tổ", "Thêm",
                 "Số điện thoại hoặc thư điện tử", "Tôi đồng ý để Trung tâm dùng", "Gửi phản ánh"):
        assert name in said, (name, said)


@pytest.mark.exhaustive
def test_photos_are_made_smaller_upright_put_in_order_and_taken_out_and_keep_what_the_camera_wrote(house: House) -> None:
    visitor = house.visitor()
    page = visitor.go("/reports/new")
    large, lying, heic = picture(2400, 1800, "red"), picture(2200, 1600, "blue", turned=6), b"\0\0\0\x18ftypheic" + bytes(400)
    page.set_input_files("[name=photos]", [chosen("duong.jpg", "image/jpeg", large), chosen("cay.jpg", "image/jpeg", lying)])
    page.set_input_files("[name=photos]", chosen("IMG.HEIC", "image/heic", heic))
    expect(page.locator("[data-weight]")).to_contain_text("3 ·")
    one, _two, three = files(page, "photos")
    assert (one[:2], three) == (["duong.jpg", "image/jpeg"], ["IMG.HEIC", "image/heic", len(heic)])
    assert one[2] < len(large)  # type: ignore[operator]
    page.get_by_role("button", name="Đưa ảnh 2 lên trước").click()
    expect(page.get_by_role("button", name="Bỏ ảnh 1", exact=True)).to_be_focused()
    assert [each[0] for each in files(page, "photos")] == ["cay.jpg", "duong.jpg", "IMG.HEIC"]
    page.get_by_role("button", name="Bỏ ảnh 3").click()
    assert [each[0] for each in files(page, "photos")] == ["cay.jpg", "duong.jpg"]
    glance(visitor, "report-form-photos")
    page.set_input_files("[name=photos]", [chosen(f"{number}.png", "image/png", b"x") for number in range(5)])
    expect(page.locator("[data-too-many]")).to_be_visible()
    assert len(files(page, "photos")) == 6
    for _ in range(4):
        page.get_by_role("button", name="Bỏ ảnh 3").click()
    page.fill("[name=words]", "Đường lún")
    page.click("[data-in-words-open]")
    page.check("[name=unsure]")
    page.fill("[name=contact]", "0912345678")
    page.check("[name=consent]")
    report = sent(visitor)
    seen = []
    for photo in photos_of_report(report):
        with open_copy(next(file for file in photo.files if file.audience == "sealed"), store=file_store()) as original:
            seen.append(Image.open(io.BytesIO(original.read())))
    assert [max(image.size) for image in seen] == [2048, 2048]
    turned, straight = seen
    assert turned.width < turned.height, "turned upright by the telephone"
    # the upper left quarter of a photo turned by 90 degrees is its upper right one
    red, _green, blue = turned.getpixel((turned.width * 3 // 4, turned.height // 4))  # type: ignore[misc]
    assert blue > 200 > 60 > red
    red, _green, blue = straight.getpixel((straight.width // 4, straight.height // 4))  # type: ignore[misc]
    assert red > 200 > 60 > blue
    for image in seen:
        exif = image.getexif()
        assert (exif[0x0112], exif[0x0132], exif.get_ifd(0x8825)[3]) == (1, "2026:03:01 07:08:09", "E")


@pytest.mark.exhaustive
def test_a_voice_note_is_recorded_heard_deleted_and_sent_without_a_written_word(house: House) -> None:
    visitor = house.visitor()
    page = visitor.go("/reports/new")
    open_more(page)
    start = page.get_by_role("button", name="Ghi âm lời nói")
    for attempt in (1, 2):
        start.click()
        expect(page.locator("[data-time]")).to_have_text(re.compile(r"^0:(0[1-9]|[1-5]\d)$"))
        page.get_by_role("button", name="Dừng ghi âm").click()
        expect(page.locator("audio")).to_be_visible()
        [[name, kind, size]] = files(page, "voice")
        assert (name, kind) == ("voice.webm", "audio/webm")
        assert size > 100  # type: ignore[operator]
        assert page.locator("audio").evaluate("a => a.play().then(() => a.readyState > 1)")
        if attempt == 1:
            glance(visitor, "report-form-voice")
            page.get_by_role("button", name="Xóa lời ghi âm").click()
            assert files(page, "voice") == []
            expect(start).to_be_focused()
    tell_place(page)
    page.fill("[name=contact]", "0912 345 67")
    with next_document(page):
        page.locator(".actionbar button[value=send]").click()
    expect(page.locator("[data-errors]")).to_contain_text("Số điện thoại còn thiếu 1 chữ số. Vd: 0912 345 678. Hoặc ghi thư điện tử.")
    expect(page.locator(".rec", has_text="Lời ghi âm đã được tải lên")).to_be_visible()
    glance(visitor, "report-form-errors")
    page.fill("[name=contact]", "0912 345 678")
    page.check("[name=consent]")
    report = sent(visitor)
    assert original_words(report) == ""
    assert [each.kind for each in recordings_of_report(report)] == ["voice"]


@pytest.mark.exhaustive
def test_a_draft_is_kept_while_typing_offered_to_its_owner_alone_and_gone_when_sent(house: House) -> None:
    visitor = house.visitor()
    page = visitor.go("/reports/new")
    page.fill("[name=words]", "Nước tràn qua ngầm")
    page.fill("[name=contact]", "0987654321")
    page.locator("[name=urgent]").check()
    expect(page.locator("[data-saved]")).to_contain_text(re.compile(r"Đã lưu nháp trên máy lúc \d\d:\d\d"))
    kept = page.evaluate("JSON.stringify(localStorage)")
    assert "Nước tràn" in kept
    assert "0987" not in kept, "who sends it is never kept"
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/reports/new")
    offer = page.locator("[data-draft-offer]")
    expect(offer).to_be_visible()
    glance(visitor, "report-form-draft")
    page.set_input_files("[name=photos]", chosen("a.jpg", "image/jpeg", picture(300, 200, "red")))
    expect(offer).to_be_visible()
    page.evaluate("localStorage.setItem('report-draft:another', localStorage.getItem('report-draft:guest'))")
    offer.get_by_role("button", name="Viết tiếp bản nháp").click()
    assert (page.input_value("[name=words]"), page.is_checked("[name=urgent]")) == ("Nước tràn qua ngầm", True)
    tell_place(page)
    page.check("[name=consent]")
    sent(visitor)
    assert page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('report-draft'))") == ["report-draft:another"]
    page.goto("/reports/new")
    expect(page.locator("[data-draft-offer]")).to_be_hidden()


def test_the_map_takes_the_whole_screen_is_moved_by_keys_and_left_by_back_or_with_the_place(house: House) -> None:
    visitor = house.visitor()
    page = visitor.page
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    visitor.go("/reports/new")
    assert not any("leaflet" in url or "map" in url for url in fetched)
    page.fill("[name=words]", "Ổ gà ở khúc cua")
    opener, panel = page.locator("[data-pick-open]"), page.get_by_role("dialog", name="Chọn nơi xảy ra")
    opener.click()
    expect(panel.locator(".leaflet-control-zoom")).to_be_visible()
    assert page.evaluate("document.activeElement.matches('[data-pick]')")
    glance(visitor, "report-form-place")
    for close in (lambda: page.keyboard.press("Escape"), lambda: page.go_back(wait_until="commit")):
        close()
        expect(panel).to_be_hidden()
        expect(opener).to_be_focused()
        assert page.input_value("[name=latitude]") == "", "nothing was chosen"
        opener.click()
        expect(panel).to_be_visible()
    stage = page.locator("[data-pick-stage]")
    stage.focus()
    for _ in range(12):
        page.keyboard.press("+")
    page.keyboard.press("ArrowUp")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('[data-pick-take]')"):
            break
    page.keyboard.press("Enter")
    expect(panel).to_be_hidden()
    expect(page.locator("[data-located]")).to_be_visible()
    assert float(page.input_value("[name=latitude]"))
    assert page.input_value("[name=words]") == "Ổ gà ở khúc cua"
    page.get_by_role("button", name="Bỏ vị trí").click()
    assert page.input_value("[name=latitude]") == ""
    opener.click()
    page.get_by_role("button", name="Không nhớ chính xác, để tôi tả bằng lời").click()
    expect(page.locator("[name=place]")).to_be_focused()


def test_where_a_photo_was_made_is_offered_and_leaves_the_browser_only_when_it_is_taken(house: House) -> None:
    visitor = house.visitor()
    page = visitor.go("/reports/new")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    placeless, placed = chosen("khong.png", "image/png", plain("olive")), chosen("co.jpg", "image/jpeg", picture(300, 200, "red"))
    page.set_input_files("[name=photos]", [placeless, placed])
    offer = page.locator("[data-from-photo]")
    expect(offer).to_contain_text("Ảnh 2 có ghi nơi chụp, lúc 07:08 01/03/2026.")
    glance(visitor, "report-form-photo-place")
    assert (page.input_value("[name=latitude]"), [url for url in asked if "/map/" in url]) == ("", [])
    offer.get_by_role("button", name="Dùng nơi này").click()
    expect(offer).to_contain_text("Lấy theo nơi chụp ảnh 2, lúc 07:08 01/03/2026.")
    assert [float(page.input_value(f"[name={name}]")) for name in ("latitude", "longitude")] == [12.05, 108.4]
    page.get_by_role("button", name="Bỏ vị trí").click()
    expect(offer).to_contain_text("có ghi nơi chụp")
    page.get_by_role("button", name="Bỏ ảnh 2").click()
    expect(offer).to_be_hidden()


@pytest.mark.exhaustive
def test_cases_alike_come_while_one_writes_stop_nobody_and_are_counted_in_one_press(house: House) -> None:
    visitor = house.visitor()
    page = visitor.go("/reports/new")
    put_at(page, 12.05, 108.4)
    page.fill("[name=words]", "Ổ gà lớn")
    page.fill("[name=contact]", "0912 345 678")
    page.check("[name=consent]")
    first = sent(visitor)
    with unit_of_work():
        db.session.scalars(select(Case).where(Case.code == first.code)).one().title = "Ổ gà sâu trên đường vào thôn"
    other = house.visitor()
    page = other.go("/reports/new")
    page.set_viewport_size({"width": 360, "height": 740})
    put_at(page, 12.0501, 108.4001)
    page.fill("[name=words]", "Ổ gà rất lớn")
    alike = page.locator("[data-alike] section")
    expect(alike).to_contain_text("Ổ gà sâu trên đường vào thôn")
    glance(other, "report-form-alike")
    alike.get_by_role("button", name="Tôi cũng gặp").click()
    expect(alike).to_contain_text("Đã ghi: Ông/Bà cũng gặp. Giờ là 1 người. Không cần gửi lại nữa.")
    assert page.input_value("[name=words]") == "Ổ gà rất lớn"
    alike.get_by_role("button", name="Bấm nhầm").click()
    expect(alike.get_by_role("button", name="Tôi cũng gặp")).to_be_focused()
    alike.get_by_role("button", name="Tôi cũng gặp").click()
    page.fill("[name=contact]", "0905 222 333")
    with page.context.expect_page() as opened_page:
        alike.get_by_role("button", name="Báo tôi khi có trả lời").click()
    told = opened_page.value
    told.wait_for_load_state()
    assert "/sign-in" in told.url, "a code proves the contact that stands in the form"
    assert "0905" not in told.url
    told.close()
    page.check("[name=consent]")
    second = sent(other)
    assert second.id != first.id
    assert "giống vậy" not in page.inner_text("main"), "seen before"


def test_the_straight_report_takes_seven_taps_and_the_form_two_screens(house: House) -> None:
    visitor = house.visitor()
    page = visitor.page
    page.set_viewport_size({"width": 360, "height": 740})
    visitor.go("/")
    taps = 0

    def tap(selector: str) -> None:
        nonlocal taps
        taps += 1
        page.locator(selector).click()

    def screens() -> float:
        return float(page.evaluate("document.documentElement.scrollHeight")) / 740

    with next_document(page):
        tap(".tabbar .tab-main")
    assert screens() <= 2.2
    with page.expect_file_chooser() as choosing:
        tap("[data-camera]")
    choosing.value.set_files([chosen("a.jpg", "image/jpeg", picture(600, 400, "red"))])
    tap("[data-from-take]")
    tap("[name=words]")
    page.keyboard.type(WORDS)
    tap("[name=contact]")
    page.keyboard.type("0912 345 678")
    tap("[name=consent]")
    assert screens() <= 2.8
    with next_document(page):
        tap(".actionbar button[value=send]")
    assert page.url.endswith("/receipt"), page.inner_text("main")
    assert taps == 7
    point = point_of(newest())
    assert point is not None
    assert (round(point.latitude, 4), round(point.longitude, 4), len(photos_of_report(newest()))) == (12.05, 108.4, 1)


def test_a_word_without_an_end_keeps_the_own_page_and_the_receipt_as_wide_as_the_telephone(house: House) -> None:
    visitor = house.visitor()
    visitor.page.set_viewport_size({"width": 360, "height": 740})
    page = visitor.go("/reports/new")
    long = "Rácdồnđống" * 24
    tell_place(page)
    for name, value in {"words": long, "place": long[:200], "contact": "0912 345 678"}.items():
        page.fill(f"[name={name}]", value)
    page.check("[name=consent]")
    report = sent(visitor)
    for path in (f"/reports/{report.code}/receipt", f"/mine/{report.code}"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
    assert page.inner_text("h1") == f"{long[:60]}…"
    page.click("#sent summary")
    assert long[:80] in page.inner_text("#sent")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_on_a_screen_as_low_as_a_hand_bars_leave_room_to_write(house: House) -> None:
    page = house.visitor().go("/reports/new")
    page.set_viewport_size({"width": 320, "height": 256})
    page.locator("[name=words]").scroll_into_view_if_needed()
    covered = page.evaluate("""() => Array.from({ length: innerHeight }, (_, y) => document.elementFromPoint(160, y))
        .filter(one => one && one.closest(".sitebar, .actionbar, .tabbar, .emergency")).length""")
    assert covered <= 256 / 4, "of 256 rows"


def test_scripts_that_come_late_move_nothing_and_without_them_photos_can_still_be_uploaded(house: House) -> None:
    held: list[Route] = []
    page = house.visitor().page
    page.set_viewport_size({"width": 360, "height": 740})
    page.route("**/static/js/*", lambda route: held.append(route))
    page.goto("/reports/new", wait_until="commit")
    expect(page.locator("[name=words]")).to_be_visible()
    upload, parts = page.get_by_text("Tải các tệp đã chọn lên ngay"), page.locator(".rep > *, .rsec, input[name=photos], [data-place] .btn")
    expect(upload).to_be_hidden()
    before = parts.evaluate_all(BOXES)
    page.evaluate("document.getAnimations().forEach(each => each.finish())")
    expect(upload).to_be_visible()
    while held:
        held.pop(0).continue_()
    expect(page.locator("[data-camera]")).to_be_visible()
    expect(page.locator("[data-in-words-open]")).to_be_visible()
    assert parts.evaluate_all(BOXES) == before


def test_without_a_script_the_browser_itself_says_which_photos_were_chosen(house: House) -> None:
    page = house.visitor(scripts=False).go("/reports/new")
    page.set_viewport_size({"width": 360, "height": 740})
    chooser = page.locator("input[name=photos]")
    box = chooser.bounding_box()
    assert box is not None
    assert (box["width"] > 150, box["height"] > 24) == (True, True), "its own words about what was chosen are to be read"
    page.set_input_files("input[name=photos]", [chosen("a.jpg", "image/jpeg", picture(60, 40, "red"))])
    expect(page.get_by_text("Tải các tệp đã chọn lên ngay")).to_be_visible()
    with_script = house.visitor().go("/reports/new").locator("input[name=photos]").bounding_box()
    assert with_script is not None
    assert with_script["width"] <= 1


@pytest.mark.exhaustive
def test_the_questions_of_the_field_appear_as_it_is_chosen_and_come_back_with_the_draft(house: House) -> None:
    assert house.world is not None
    name = input_of(extra_question(house.world, code="do_sau", is_required="yes"))
    extra_question(house.world, code="dat", service_code="rung_dat_moi_truong", kind="stop", name_vi="Tranh chấp đất không nhận ở đây.",
                   hint_vi="Xin gọi Tòa án.")  # fmt: skip
    visitor = house.visitor()
    page = visitor.go("/reports/new")
    depth, notice = page.locator(f"#{name}"), page.get_by_text("Tranh chấp đất không nhận ở đây.")
    expect(depth).to_be_hidden()
    page.fill("[name=words]", WORDS)
    open_more(page)
    page.select_option("[name=field]", "rung_dat_moi_truong")
    expect(notice).to_be_visible()
    visitor.look("report-form-notice", closely=True)
    page.select_option("[name=field]", FIELD)
    expect(notice).to_be_hidden()
    depth.fill("30")
    ask_until(page, f"Object.values(localStorage).some(kept => kept.includes('\"{name}\":\"30\"'))")
    visitor.look("report-form-questions", closely=True)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/reports/new")
    page.get_by_role("button", name="Viết tiếp bản nháp").click()
    expect(depth).to_be_visible()
    assert depth.input_value() == "30"
    tell_place(page)
    page.fill("[name=contact]", "0912 345 678")
    page.check("[name=consent]")
    report = sent(visitor)
    assert [(each.code, each.words.vi) for each in answers_given(report)] == [("do_sau", "30")]
