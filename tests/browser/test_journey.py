"""One report in a real browser, by five people: filed, cleared, distributed to two agencies, redone once, published, rated.

Pictures of the pages at 360 and 1366 pixels are written to var/screenshots/, in the order in which they came. A test run looks closely
at a third of them: the pages for everybody are judged by their own tests, too.
"""
from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from casework.db import db
from casework.models import Agency
from tests.browser.filing import open_more, tell_place
from tests.browser.house import House, Visitor, opened
from tests.browser.waiting import next_document
from tests.whole import WHOLE
from web.demo.pictures import draw_demo_photo

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BEFORE, AFTER = draw_demo_photo(11, "trash"), draw_demo_photo(11, "trash", after=True)
ANSWERS = {"PTNMT": "Đã kiểm tra, có khoảng 2 m³ rác ven suối.", "UBND-LAT": "Đã vận động hộ dân ký cam kết không đổ rác."}


@pytest.fixture
def house(sqlite_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    look, turns = Visitor.look, cycle((True, WHOLE, WHOLE))
    monkeypatch.setattr(Visitor, "look", lambda visitor, shown: look(visitor, shown) if next(turns) else None)
    with opened(sqlite_environment) as house:
        house.app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 3600    # as in a day at the centre
        yield house


def file_report(citizen: Visitor, *, looks: bool = True) -> tuple[str, str]:
    """A report with a photo; the code and the secret on its receipt."""
    page = citizen.go("/reports/new", "report-form" if looks else "")
    page.set_input_files("[name=photos]", {"name": "suoi.jpg", "mimeType": "image/jpeg", "buffer": BEFORE})
    page.fill("[name=words]", "Có đống rác lớn ven suối, mùi rất nặng. Tôi là Nguyễn Thị Thử, gọi 0912 345 678.")
    tell_place(page)
    page.select_option("[name=village]", "Thôn Păng Tiêng")
    open_more(page)
    page.fill("[name=name]", "Nguyễn Thị Thử")
    page.fill("[name=contact]", "0912 345 678")
    page.check("[name=consent]")
    citizen.send("send")
    assert page.url.endswith("/receipt"), page.inner_text("main")
    return page.url.split("/")[-2], page.inner_text("#secret")


def first_step(person: Visitor, shown: str = "") -> None:
    """Open the first step that waits in the inbox."""
    page = person.go("/inbox", shown)
    with next_document(page):
        page.locator("main a[href^='/tasks/']").first.click()


def test_five_people_take_a_report_from_filing_to_rating(house: House) -> None:
    citizen = house.visitor()
    citizen.go("/", "home")
    code, secret = file_report(citizen)
    citizen.look("receipt")
    citizen.go(f"/mine/{code}", "own-report-received")

    operator = house.visitor("operator")
    first_step(operator, "inbox-operator")
    verify(operator)
    classify(operator)
    distribute(operator)

    officers = {key: house.visitor(f"officer_{key.lower()}") for key in ANSWERS}
    leaders = {key: house.visitor(f"leader_{key.lower()}") for key in ANSWERS}
    for key, officer in officers.items():
        first_step(officer, f"inbox-officer-{key}")
        officer.look(f"accept-{key}")
        officer.send("accept_assignment")
        answer(officer, key, ANSWERS[key], shown=f"answer-{key}")
    decide(leaders["PTNMT"], "redo_answer", shown="approval-first", instructions="Chụp thêm ảnh bờ suối phía cầu.")
    answer(officers["PTNMT"], "PTNMT", f"{ANSWERS['PTNMT']} Đã chụp thêm phía cầu.", shown="answer-redo")
    decide(leaders["PTNMT"], "approve_answer", shown="approval-difference")
    decide(leaders["UBND-LAT"], "approve_answer")
    publish(operator)

    public = house.visitor()
    public.go(f"/reports/{code}", "public-case")
    for words in (*ANSWERS.values(), "Phòng Tài nguyên và Môi trường", "UBND xã Lát"):
        expect(public.page.locator("main")).to_contain_text(words)
    assert public.page.locator("main img").count() >= 2
    assert all(public.page.evaluate("[...document.querySelectorAll('main img')].map(image => image.naturalWidth > 0)"))
    assert "0912" not in public.page.content()
    assert "Nguyễn Thị Thử" not in public.page.content()

    rate(citizen, code)
    follow_by_secret(house, code, secret)
    staff_pages(house, operator, code)
    assert not house.faults, "\n".join(house.faults)


def verify(operator: Visitor) -> None:
    operator.look("verify")
    page = operator.page
    page.fill("[name=title]", "Rác đổ ven suối")
    page.fill("textarea[name^='words-']", "Có đống rác lớn ven suối, mùi rất nặng.")
    cover_a_corner(operator)
    page.check("[name^='show-']")
    operator.send("verify")


def cover_a_corner(operator: Visitor) -> None:
    """Draw a rectangle over the photo with the mouse, as over a face; the field of the form must hold it."""
    photo = operator.page.locator("[data-cover]").first
    photo.scroll_into_view_if_needed()
    box = photo.bounding_box()
    assert box is not None
    mouse = operator.page.mouse
    mouse.move(box["x"] + box["width"] * 0.1, box["y"] + box["height"] * 0.1)
    mouse.down()
    mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3, steps=4)
    mouse.up()
    assert operator.page.input_value("[name^='cover-']").count(",") == 3


def classify(operator: Visitor) -> None:
    operator.look("classify")
    page = operator.page
    page.select_option("[name=field]", "rung_dat_moi_truong")
    page.check("[name=urgency][value=normal]")
    page.check("[name=complexity][value=ordinary]")
    with next_document(page):
        page.click("form.work-form button.btn-primary")


def ref_of_agency(key: str) -> str:
    return db.session.scalars(select(Agency.ref).where(Agency.key == key)).one()


def distribute(operator: Visitor) -> None:
    operator.look("distribute")
    page = operator.page
    page.check(f"[name=lead][value='{ref_of_agency('PTNMT')}']")
    page.locator("#agencies-typed").press_sequentially("xa lat")
    page.locator("#agencies-typed").press("Enter")
    operator.look("distribute-chosen")
    operator.send("distribute")


def answer(officer: Visitor, key: str, findings: str, *, shown: str) -> None:
    if "/tasks/" not in officer.page.url:
        first_step(officer)
    page = officer.page
    page.fill("[name=findings]", findings)
    page.fill("[name=actions]", f"Đã thu gom, dọn sạch ({key}).")
    page.fill("[name=remaining]", "Không còn.")
    page.fill("[name=contact]", "Bộ phận môi trường, 0263 000 0000")
    page.set_input_files("[name=photos]", {"name": "sau.jpg", "mimeType": "image/jpeg", "buffer": AFTER})
    officer.send("photos")
    officer.look(shown)
    officer.send("submit_answer")


def decide(leader: Visitor, verdict: str, *, shown: str = "", instructions: str = "") -> None:
    first_step(leader)
    if shown:
        leader.look(shown)
    if instructions:
        leader.page.fill("[name=instructions]", instructions)
    leader.send(verdict)


def publish(operator: Visitor) -> None:
    first_step(operator)
    operator.look("publish")
    page = operator.page
    for tick in page.locator("[name^='show-']").all():
        tick.check()
    page.fill("[name=question]", "Người dân phản ánh rác đổ ven suối.")
    operator.send("preview")
    operator.look("publish-preview")
    page.check("[name=checked]")
    operator.send("publish")


def rate(citizen: Visitor, code: str) -> None:
    page = citizen.go(f"/mine/{code}", "own-report-answered")
    page.click("label[for=level-satisfied]")
    with next_document(page):
        page.locator("form[action$='/rating'] button").click()
    citizen.look("own-report-rated")
    expect(page.locator("main")).to_contain_text("Đánh giá")


def follow_by_secret(house: House, code: str, secret: str) -> None:
    """On another telephone, with what the receipt says."""
    other = house.visitor()
    page = other.go("/track", "track")
    page.fill("[name=code]", code)
    page.fill("[name=secret]", secret.lower().replace("-", " "))
    with next_document(page):
        page.click("main form button.btn-primary")
    assert page.url.endswith(f"/mine/{code}"), page.inner_text("main")
    page = other.go("/track")
    page.fill("[name=code]", code)
    page.fill("[name=secret]", "ABCD-EFGH-2345")
    with next_document(page):
        page.click("main form button.btn-primary")
    other.look("track-refused")


def staff_pages(house: House, operator: Visitor, code: str) -> None:
    """What is looked at beside the way."""
    page = operator.go(f"/inbox?q={code}", "inbox-search")
    with next_document(page):
        page.locator("main a[href^='/cases/']").first.click()
    operator.look("case")
    case_address = page.url
    operator.go(f"{case_address}/diagram")
    expect(page.locator("svg .djs-element").first).to_be_visible()
    expect(operator.page.locator("[data-diagram]")).to_have_attribute("data-warnings", "0")
    operator.look("diagram")
    page.goto(case_address)
    page.locator("details:has([name=reason])").last.evaluate("box => box.open = true")
    page.fill("[name=reason]", "Cần gọi lại để hỏi đường vào.")
    with next_document(page):
        page.locator("form[action$='/identity'] button").first.click()
    operator.look("identity")
    operator.go("/sessions", "sessions")
    guest = house.visitor()
    for path, shown in (("/reports", "public-list"), ("/reports?q=khong-co-gi", "public-list-empty"), ("/sign-in", "sign-in"),
                        ("/register", "register"), ("/nowhere", "not-found")):
        guest.go(path, shown)
    officer = house.visitor("officer_hkl")
    officer.go("/inbox", "inbox-empty")
    officer.go(case_address.removeprefix(house.address), "case-of-others")


def test_a_report_can_be_sent_and_followed_without_scripts(house: House) -> None:
    citizen = house.visitor(scripts=False)
    code, _ = file_report(citizen, looks=False)
    assert citizen.page.locator(".qrbox svg").is_visible()
    citizen.page.goto(f"/mine/{code}")
    citizen.page.click("#sent summary")
    assert "Có đống rác lớn ven suối" in citizen.page.inner_text("main")
    assert citizen.page.locator("main img").first.is_visible()
