"""The editor of drafts in a real browser: what it draws and writes, what it says of faults, and that nothing drawn is lost."""
from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from playwright.sync_api import Error, Page, Request, expect
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.models import Account, Centre, ElementSetting
from casework.permissions import Role, actor_for
from tests import build
from tests.browser.house import ARGUMENTS, CHROMIUM, DESK, House, Visitor, opened
from tests.browser.judging import barriers, speak
from tests.browser.waiting import PATIENCE, ask_until, next_document
from tests.conftest import environment_of
from tests.workflows.checks.broken_models import own_step
from tests.workflows.drawing import Drawing
from web.studio.step_templates import TEMPLATES
from workflows.checks.diagram import processes_of
from workflows.checks.model import check_model
from workflows.definitions.parsed import text_of
from workflows.definitions.process import shipped_model
from workflows.definitions.step_forms import LANGBIANG
from workflows.definitions.vocabulary import OF_EVERY_OBJECT
from workflows.drafting.drafts import start_draft
from workflows.models import ProcessVersion
from workflows.routing.rows import rows_of
from workflows.versions.live import FIELD_REPORT, ROUTING

pytestmark = [pytest.mark.browser, pytest.mark.slow]

UNNAMED = ('id="classify" name="Phân loại"', 'id="classify"')
"""A change that leaves something to be mended: then the check does not run the model, which takes its time."""


@pytest.fixture(scope="module")
def house(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    variables = environment_of(tmp_path_factory.mktemp("studio"))
    shutil.copyfile(sqlite_template, Path(variables["LANGBIANG_DATA"]) / "langbiang.db")
    with opened(variables) as house:
        yield house


@pytest.fixture(scope="module")
def administrator(house: House) -> Visitor:
    return house.visitor("administrator")


def another_administrator(house: House) -> Visitor:
    """A second person who draws in the centre."""
    with unit_of_work():
        build.staff(build.World(db.session.scalars(select(Centre)).one()), "administrator_2", Role.ADMINISTRATOR)
    return house.visitor("administrator_2")


def draft(key: str = FIELD_REPORT, change: tuple[str, str] = ("", "")) -> str:
    """A new draft of the centre; its name in addresses."""
    account = db.session.scalars(select(Account).where(Account.login == "administrator")).one()
    centre_id = db.session.scalars(select(Centre.id)).one()
    xml = shipped_model().decode().replace(*change).encode() if key == FIELD_REPORT else None
    with unit_of_work():
        return start_draft(by=actor_for(account, now=build.NOON), now=build.NOON, key=key, centre_id=centre_id, xml=xml).ref


def stored(ref: str) -> bytes:
    db.session.rollback()
    return text_of(db.session.scalars(select(ProcessVersion).where(ProcessVersion.ref == ref)).one())


def edit(visitor: Visitor, ref: str) -> Page:
    page = visitor.go(f"/studio/versions/{ref}/edit")
    page.wait_for_selector("[data-studio][data-ready]", timeout=PATIENCE)
    return page


def choose(page: Page, element: str) -> None:
    """Choose an element by the list of all parts, as without a mouse."""
    if page.locator("#p-all").count():
        page.click("#p-all")
    link = page.locator(f"[data-go='{element}']")
    link.locator("xpath=ancestor::details").evaluate("details => { details.open = true; }")
    link.click()


def chosen(page: Page) -> str:
    return page.get_attribute("[data-properties]", "data-element") or ""


def wait_saved(page: Page) -> None:
    """Press "Check", which saves at once, and wait until it is done."""
    page.click("[data-check]")
    page.wait_for_selector("[data-studio][data-saved=saved]", timeout=PATIENCE)


def everything(node: Any) -> Any:
    """A file as a value: elements, attributes and texts, whatever the order of siblings and the space between them."""
    return (node.tag, tuple(sorted(node.attrib.items())), (node.text or "").strip(), tuple(sorted(repr(everything(each)) for each in node)))


def faults(house: House) -> list[str]:
    """What the browser and the barriers said; a conflict is answered with 409, which the browser reports as a failed resource."""
    found = [fault for fault in house.faults if "status of 409" not in fault]
    house.faults.clear()
    return found


@pytest.mark.exhaustive
def test_the_shipped_model_goes_through_the_editor_and_loses_nothing(house: House, administrator: Visitor) -> None:
    ref = draft()
    page = edit(administrator, ref)
    studio = page.locator("[data-studio]")
    expect(studio).to_have_attribute("data-warnings", "0")
    choose(page, "classify")
    page.fill("#p-name-en", "Sort")
    wait_saved(page)
    assert b'value="Sort"' in stored(ref)
    page.click("[data-undo]")
    wait_saved(page)
    assert everything(etree.fromstring(stored(ref))) == everything(etree.fromstring(shipped_model()))
    expect(studio).to_have_attribute("data-untranslated", "")
    expect(page.locator(".bjs-powered-by")).to_be_visible()
    assert page.evaluate("document.querySelectorAll('.djs-palette .entry').length") == 13
    administrator.look("studio-editor")
    assert not faults(house)


SEEN = """() => {
  const outer = document.querySelector("[data-canvas]").getBoundingClientRect();
  const box = node => node.getBoundingClientRect(), gfx = id => document.querySelector(`[data-element-id="${id}"]`);
  const palette = box(document.querySelector(".djs-palette"));
  const lanes = [...document.querySelectorAll("[data-element-id^=lane_]")].map(node => box(node.querySelector(".djs-visual text")));
  const covered = lanes.filter(each => each.bottom > outer.top && each.top < outer.bottom && each.left < palette.right);
  const at = box(gfx(%r)), scale = document.querySelector(".djs-container .viewport").getCTM().a;
  return { inView: at.left > palette.right && at.right < outer.right && at.top > outer.top && at.bottom < outer.bottom,
           covered: covered.length, smallest: Math.min(11, 11.5) * scale };
}"""


def test_the_editor_opens_where_the_case_begins_large_enough_to_be_read(house: House, administrator: Visitor) -> None:
    page = edit(administrator, draft(change=UNNAMED))
    start = next(node.get("id") for node in etree.fromstring(shipped_model()).iter("{*}startEvent") if node.getparent().get("id") == "case")
    seen = page.evaluate(SEEN % start)
    assert seen["inView"]
    assert seen["covered"] == 0, "the names of the lanes stand beside the palette"
    assert seen["smallest"] >= 11
    assert not faults(house)


def test_what_is_drawn_after_a_step_goes_into_the_way_it_has(house: House, administrator: Visitor) -> None:
    ref = draft(change=UNNAMED)
    page = edit(administrator, ref)
    choose(page, "verify")
    page.locator("[data-properties] details summary", has_text="Vẽ tiếp").click()
    assert "Kết thúc" not in page.locator("#p-append option").all_text_contents()
    expect(page.locator("#p-connect")).to_have_count(0)
    page.select_option("#p-append", "step")
    page.click("#p-append-do")
    drawn = chosen(page)
    expect(page.locator("#properties-heading")).to_contain_text("không tên, sau “")
    expect(page.locator("[data-verdict]")).to_contain_text("Kết quả này là của bản lưu lúc")
    wait_saved(page)
    expect(page.locator("[data-verdict]")).to_contain_text("Trình duyệt được khi không còn lỗi")
    ways = [(flow.get("sourceRef"), flow.get("targetRef")) for flow in etree.fromstring(stored(ref)).iter("{*}sequenceFlow")]
    assert [target for source, target in ways if source == "verify" and target != "classify"] == [drawn]
    assert [target for source, target in ways if source == drawn] == ["classify"]
    assert not faults(house)


def test_a_step_is_drawn_found_wanting_mended_and_saved(house: House, administrator: Visitor) -> None:
    ref = draft()
    page = edit(administrator, ref)
    choose(page, "is_approved")
    page.click("[data-way='is_approved_to_answered']")
    page.click("#p-insert-do")
    drawn = chosen(page)
    assert re.fullmatch(r"step_[a-z2-9]{6}_1", drawn)
    page.fill("#p-name-vi", "Thẩm định pháp lý")
    for number, (vi, en, kind) in enumerate((("Căn cứ", "Basis", "long_text"), ("Mức phạt", "Fine", "number"))):
        page.click("#p-add-field")
        page.fill(f"#p-field-{number}-vi", vi)
        page.fill(f"#p-field-{number}-en", en)
        page.select_option(f"#p-field-{number}-type", kind)
    expect(page.locator("[data-properties]")).to_contain_text("“Hoàn thành bước”")
    page.fill("#p-field-1-max", "1.000")
    page.click("#p-add-button")
    expect(page.locator("#p-field-1-max-reason")).to_have_text("Ghi 1000 hoặc 1,5")
    page.fill("#p-field-1-max", "1000,5")
    page.fill("#p-button-0-vi", "Đồng ý")
    page.fill("#p-button-0-en", "Agree")
    page.select_option("#p-limit", "own")
    page.fill("#p-limit-amount", "2")
    page.select_option("#p-limit-unit", "working_days")
    wait_saved(page)
    badge = page.locator(f".finding-badge[data-badge='{drawn}']")
    expect(badge).to_be_visible()
    expect(page.locator(".findings-here")).to_contain_text("Thẩm định pháp lý")
    choose(page, "verify")
    page.locator(f"[data-findings] [data-element='{drawn}'] .linkbtn").first.click()
    assert chosen(page) == drawn, "a finding leads to its element"
    page.fill("#p-name-en", "Legal review")
    wait_saved(page)
    expect(badge).to_have_count(0)
    expect(page.locator("[data-findings]")).to_contain_text("không có gì phải sửa")

    step = next(node for node in etree.fromstring(stored(ref)).iter("{*}userTask") if node.get("id") == drawn)
    assert step.get("name") == "Thẩm định pháp lý"
    form = next(step.iter(LANGBIANG + "form"))
    assert [(each.get("id"), each.get("type"), each.get("label_en")) for each in form.iterchildren(LANGBIANG + "field")] == [
        ("can_cu", "long_text", "Basis"), ("muc_phat", "number", "Fine"),
    ]  # fmt: skip
    assert [each.get("max") for each in form.iterchildren(LANGBIANG + "field")] == [None, "1000.5"]
    assert [each.get("id") for each in form.iterchildren(LANGBIANG + "button")] == ["dong_y"]
    properties = {each.get("name"): each.get("value") for each in step.iter("{*}property")}
    assert properties == {"limit": "2", "limit_unit": "working_days", "label_en": "Legal review"}
    assert not faults(house)


@pytest.mark.exhaustive
def test_conditions_events_and_services_are_said_in_words(house: House, administrator: Visitor) -> None:
    ref = draft(change=UNNAMED)
    page = edit(administrator, ref)
    choose(page, "is_answered")
    expect(page.locator("[data-properties]")).to_contain_text("Đã có trả lời là “không”")
    page.click("[data-way='is_answered_to_distribute']")
    page.click("#p-add-row")
    page.select_option("#p-row-1-what", "agencies")
    page.select_option("#p-row-1-how", ">")
    page.fill("#p-row-1-value", "1.000")                        # a thousand as written here, or one: asked again
    choose(page, "publish")
    expect(page.locator("[data-notice=unread]")).to_contain_text("Phân công đơn vị")
    wait_saved(page)
    assert b'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">not assignments["answered"]</' in stored(ref), "nothing weaker"
    page.click("[data-unread-at='is_answered_to_distribute']")
    value = page.locator("#p-row-1-value")
    assert (value.input_value(), value.get_attribute("aria-invalid")) == ("1.000", "true")
    expect(page.locator("#p-row-1-value-reason")).to_have_text("Ghi 1000 hoặc 1,5")
    value.fill("1000,5")
    page.select_option("#p-joint", "or")
    expect(page.locator("[data-notice=unread], [aria-invalid=true]")).to_have_count(0)
    choose(page, "publish")
    page.locator("[data-properties] details summary", has_text="Vẽ tiếp").click()
    page.select_option("#p-attach", "time")
    page.click("#p-attach-do")
    event = chosen(page)
    page.select_option("#p-timer", "own")
    page.fill("#p-timer-amount", "3")
    page.select_option("#p-timer-unit", "D")
    page.locator("[data-properties] details summary", has_text="Vẽ tiếp").click()
    page.select_option("#p-append", "service")
    page.click("#p-append-do")
    page.select_option("#p-service", "end_question")
    service = chosen(page)
    wait_saved(page)
    root = etree.fromstring(stored(ref))
    nodes = {node.get("id"): node for node in root.iter("{*}*") if node.get("id")}
    condition = nodes["is_answered_to_distribute"].findtext("{*}conditionExpression")
    assert condition == 'not assignments["answered"] or agencies > 1000.5'
    assert nodes[event].get("attachedToRef") == "publish"
    assert nodes[event].findtext(".//{*}timeDuration") == '"P3D"'
    assert next(nodes[service].iter("{*}serviceTaskOperator")).get("resultVariable") == "end_question_2"
    page.locator("[data-undo]").focus()
    while page.locator("[data-undo]").is_enabled():
        page.keyboard.press("Enter")
    wait_saved(page)
    before = shipped_model().decode().replace(*UNNAMED).encode()
    assert everything(etree.fromstring(stored(ref))) == everything(etree.fromstring(before))
    assert not faults(house)


@pytest.mark.exhaustive
def test_the_mouse_draws_only_what_runs(house: House, administrator: Visitor) -> None:
    page = edit(administrator, draft(change=UNNAMED))
    canvas = page.locator("[data-canvas]").bounding_box()
    assert canvas is not None
    page.click("[data-action='create.step']")
    page.mouse.move(canvas["x"] + 400, canvas["y"] + 600, steps=3)  # an empty lane
    page.mouse.click(canvas["x"] + 420, canvas["y"] + 600)
    expect(page.locator("[data-properties]")).to_have_attribute("data-element", re.compile("step_[a-z2-9]{6}_1"))
    page.keyboard.press("Escape")                               # the name could be typed in the drawing
    offered = page.locator(".djs-context-pad .entry").evaluate_all("entries => entries.map(entry => entry.dataset.action)")
    assert set(offered) == {"append.step", "append.choice", "append.message", "append.end", "append.text-annotation", "connect", "replace",
                            "delete"}  # fmt: skip
    page.click(".djs-context-pad [data-action='append.choice']")
    expect(page.locator("[data-properties]")).to_have_attribute("data-element", re.compile("choice_[a-z2-9]{6}_1"))
    choice = chosen(page)
    page.click(".djs-context-pad [data-action='replace']")
    expect(page.locator("#p-kind")).to_be_focused()
    expect(page.locator("#p-kind option")).to_have_text(["Rẽ một nhánh", "Nhiều nhánh cùng lúc", "Việc nào đến trước"])
    page.select_option("#p-kind", "parallel")
    expect(page.locator("#p-kind")).to_have_value("parallel")
    assert chosen(page) == choice, "what it becomes keeps its id"
    wait_saved(page)
    assert not faults(house)


IS_DRAWN = """async ([xml, id]) => {
  const modeler = new BpmnJS();
  try {
    await modeler.importXML(xml);
    return modeler.get("elementRegistry").get(id)?.type === "bpmn:UserTask";
  } catch { return false; } finally { modeler.destroy(); }
}"""


@pytest.mark.exhaustive
def test_every_step_that_passes_the_check_is_drawn_whatever_its_id(house: House, administrator: Visitor) -> None:
    page = edit(administrator, draft(change=UNNAMED))
    of_every_object = page.evaluate("Object.getOwnPropertyNames(Object.prototype)")
    assert {*of_every_object} == OF_EVERY_OBJECT
    others = ["closed_label", "wait_for_agencies_label", "prototype", "length", "name", "id", "type", "undefined", "NaN", "__x", "case_di"]
    passing = 0
    for id_ in (*of_every_object, *others):
        xml = own_step(id_)
        passes = "id_not_drawn" not in {finding.check for finding in check_model(xml).errors}
        passing += passes
        assert page.evaluate(IS_DRAWN, [xml.decode(), id_]) or not passes, id_
    assert passing == len(others) - 2
    faults(house)


def test_a_name_typed_in_the_drawing_is_kept_on_one_line(house: House, administrator: Visitor) -> None:
    ref = draft(change=UNNAMED)
    page = edit(administrator, ref)
    choose(page, "classify")
    page.locator("[data-element-id=classify] .djs-hit").first.dblclick()
    page.keyboard.press("Control+A")
    page.keyboard.type("Phân")
    page.keyboard.press("Shift+Enter")
    page.keyboard.insert_text("\u200bloại kỹ")
    page.keyboard.press("Enter")
    wait_saved(page)
    assert 'name="Phân loại kỹ"' in stored(ref).decode()
    assert not faults(house)


def test_two_who_draw_at_once_in_two_drafts_never_give_one_id_to_two_steps(house: House, administrator: Visitor) -> None:
    drawn = set[str]()
    for _ in range(2):
        page = edit(administrator, draft(change=UNNAMED))
        choose(page, "is_approved")
        page.click("[data-way='is_approved_to_answered']")
        page.click("#p-insert-do")
        drawn.add(chosen(page))
    assert len(drawn) == 2
    assert not faults(house)


PUT_AFTER = {"survey": "verify", "call_back": "classify", "check_photos": "wait_for_agencies", "wait_and_remind": "distribute",
             "wait": "close_rating", "opinion": "accept_assignment", "legal_review": "submit_answer"}  # fmt: skip
PUT_INTO = {"second_approval": ("is_answered", "is_answered_to_publish")}


@pytest.mark.exhaustive
def test_every_ready_made_step_is_clean_where_it_is_put_and_goes_by_one_undo(house: House, administrator: Visitor) -> None:
    ref = draft()
    page = edit(administrator, ref)
    assert {*PUT_AFTER, *PUT_INTO} == {each.id for each in TEMPLATES}
    for template, element in PUT_AFTER.items():
        choose(page, element)
        page.locator("[data-properties] details summary", has_text="Vẽ tiếp").click()
        put(page, template)
    for template, (element, way) in PUT_INTO.items():
        choose(page, element)
        page.click(f"[data-way='{way}']")
        put(page, template)
        expect(page.locator("[data-what=role]")).to_have_text("Theo sơ đồ.")
    wait_saved(page)
    expect(page.locator("[data-findings]")).to_contain_text("không có gì phải sửa")
    root = etree.fromstring(stored(ref))
    named = {(each.get("name"), value.get("value")) for each in root.iter("{*}userTask") for value in each.iter("{*}property")
             if value.get("name") == "label_en"}  # fmt: skip
    drawn = {(part.label.vi, part.label.en) for each in TEMPLATES for part in (*each.chain, *(one for b in each.beside for one in b.parts))
             if part.kind == "step"}  # fmt: skip
    assert drawn <= named
    roles = {node.label.vi: node.role for process in processes_of(root).values() for node in process.nodes.values()}
    assert misplaced(stored(ref)) == []
    assert [roles[each] for each in ("Khảo sát tại chỗ", "Lấy ý kiến cơ quan khác", "Thẩm định pháp lý")] == [
        "operator", "officer", "agency_leader",
    ]  # fmt: skip
    for _ in TEMPLATES:
        page.click("[data-undo]")
    expect(page.locator("[data-undo]")).to_be_disabled()
    wait_saved(page)
    assert models_of(stored(ref)) == models_of(shipped_model())
    assert not faults(house)


def put(page: Page, template: str) -> None:
    page.select_option("#p-template", template)
    page.click("#p-template-do")


def misplaced(xml: bytes) -> list[str]:
    """The parts that were drawn here and do not stand wholly in one lane, or too near to another part."""
    root = etree.fromstring(xml)
    boxes = {each.get("bpmnElement"): [float(next(each.iter("{*}Bounds")).get(name)) for name in ("x", "y", "width", "height")]
             for each in root.iter("{*}BPMNShape")}  # fmt: skip
    lanes = [boxes[each.get("id")] for each in root.iter("{*}lane")]
    nodes = [node.id for process in processes_of(root).values() for node in process.nodes.values() if node.kind != "boundaryEvent"]
    found = []
    for id_ in nodes:
        x, y, width, height = boxes[id_]
        if id_.encode() in shipped_model():
            continue
        if not any(x >= left and y >= top and x + width <= left + wide and y + height <= top + high for left, top, wide, high in lanes):
            found.append(f"{id_} straddles")
        found += [f"{id_} touches {each}" for each in nodes if each != id_ and _touch(boxes[id_], boxes[each])]
    return found


def _touch(one: list[float], other: list[float]) -> bool:
    return all(one[axis] < other[axis] + other[axis + 2] + apart and other[axis] < one[axis] + one[axis + 2] + apart
               for axis, apart in ((0, 8), (1, 4)))  # fmt: skip


@pytest.mark.exhaustive
def test_a_step_put_between_two_stands_in_one_lane_apart_from_its_neighbours(house: House, administrator: Visitor) -> None:
    ref = draft()
    page = edit(administrator, ref)
    flows = (("verify", "verify_to_classify"), ("is_answered", "is_answered_to_distribute"), ("is_reopened", "is_reopened_to_distribute"),
             ("is_approved", "is_approved_to_submit_answer"), ("publish", "publish_to_is_rateable"),
             ("is_taken", "is_taken_to_decide_hand_back"), ("is_rateable", "is_rateable_to_rate"))  # fmt: skip
    for element, flow in flows:
        choose(page, element)
        if page.locator(f"[data-way='{flow}']").count():
            page.click(f"[data-way='{flow}']")
            page.click("#p-insert-do")
        else:
            page.locator("[data-properties] details summary", has_text="Vẽ tiếp").click()
            put(page, "survey")
    wait_saved(page)
    assert misplaced(stored(ref)) == []
    for _ in flows:
        page.click("[data-undo]")
    expect(page.locator("[data-undo]")).to_be_disabled()
    wait_saved(page)
    assert models_of(stored(ref)) == models_of(shipped_model())
    assert not faults(house)


@pytest.mark.exhaustive
def test_who_does_a_step_is_drawn_in_their_lane_and_a_drawing_that_says_otherwise_is_mended_by_one_press(
    house: House, administrator: Visitor
) -> None:
    ref = draft()
    page = edit(administrator, ref)
    choose(page, "is_approved")
    page.click("[data-way='is_approved_to_answered']")
    page.click("#p-insert-do")
    step = chosen(page)
    page.fill("#p-name-vi", "Đóng dấu")
    page.fill("#p-name-en", "Stamp")
    page.select_option("#p-role", "officer")
    expect(page.locator("#p-role option:checked")).to_contain_text("Theo làn")
    wait_saved(page)
    node = processes_of(etree.fromstring(stored(ref)))["assignment"].nodes[step]
    assert (node.role, node.lane_role, "role" in node.properties) == ("officer", "officer", False)
    assert misplaced(stored(ref)) == []
    lies = Drawing(stored(ref))
    lies.to_lane(step, "lane_officer")
    listed = next(lies.find(step).iter("{*}properties"))
    etree.SubElement(listed, "{http://spiffworkflow.org/bpmn/schema/1.0/core}property", name="role", value="agency_leader")
    with unit_of_work():
        account = db.session.scalars(select(Account).where(Account.login == "administrator")).one()
        centre_id = db.session.scalars(select(Centre.id)).one()
        other = start_draft(by=actor_for(account, now=build.NOON), now=build.NOON, centre_id=centre_id, xml=lies.xml).ref
    page = edit(administrator, other)
    finding = page.locator("[data-findings] [data-check=lane_role]")
    expect(finding).to_contain_text("Lãnh đạo đơn vị")
    finding.locator("[data-mend]").click()
    wait_saved(page)
    expect(finding).to_have_count(0)
    node = next(each for each in processes_of(etree.fromstring(stored(other)))["assignment"].nodes.values() if each.label.vi == "Đóng dấu")
    assert (node.role, node.lane_role) == ("agency_leader", "agency_leader")
    assert misplaced(stored(other)) == []
    assert not faults(house)


def models_of(xml: bytes) -> list[Any]:
    """Everything but the drawing: the height of a name is measured anew where room is made for it."""
    return [everything(each) for each in etree.fromstring(xml) if not each.tag.endswith("}BPMNDiagram")]


@pytest.mark.exhaustive
def test_a_part_is_found_without_accents_keys_are_told_and_a_daily_setting_is_shown(house: House, administrator: Visitor) -> None:
    ref = draft(change=UNNAMED)
    with unit_of_work():
        db.session.add(ElementSetting(centre_id=None, element="verify", amount=6, unit="working_hours", valid_from=build.LONG_AGO))
    page = edit(administrator, ref)
    page.keyboard.press("?")
    expect(page.locator("dialog.keyhelp")).to_contain_text("Tìm trong sơ đồ")
    assert not list(barriers(page))
    page.keyboard.press("Escape")
    expect(page.locator("dialog.keyhelp")).to_be_hidden()
    page.keyboard.press("m")
    expect(page.locator(".djs-minimap.open")).to_be_visible()
    expect(page.locator("[data-minimap]")).to_have_attribute("aria-pressed", "true")
    for words, found in (("phan cong don", "distribute"), ("duyet ket qua", "approve_answer"), ("rating_window", "rating_window")):
        page.keyboard.press("/")
        page.keyboard.type(words)
        expect(page.locator(".djs-search-result-selected .djs-search-result-secondary")).to_have_text(found)
        page.keyboard.press("Enter")
        expect(page.locator("[data-properties]")).to_have_attribute("data-element", found)
    choose(page, "verify")
    limit = page.locator("[data-what=limit]")
    expect(limit).to_contain_text("thiết đặt hằng ngày: 6 giờ làm việc")
    expect(limit.locator("a")).to_have_attribute("href", re.compile("^/studio/daily"))
    expect(page.locator("[data-what=role]")).to_have_text("Theo sơ đồ.")
    for kind in ("svg", "pdf"):
        page.click("[data-export] summary")
        with page.expect_download() as made:
            page.click(f"[data-picture={kind}]")
        assert made.value.path().read_bytes().startswith({"svg": b"<?xml", "pdf": b"%PDF"}[kind])
    expect(page.locator("[data-studio]")).to_have_attribute("data-untranslated", "")
    page.keyboard.press("m")
    speak(page, house.address, "en")
    page.reload()
    page.wait_for_selector("[data-studio][data-ready]", timeout=PATIENCE)
    choose(page, "verify")
    expect(page.locator("[data-properties]")).to_contain_text("For the time being by a daily setting")
    administrator.look("studio-editor-en")
    speak(page, house.address, "vi")
    assert not faults(house)


MOST_BYTES = {"editor": 260_000, "table": 330_000}
VIEWER_MOST = 80_000
WHOLE = {"editor": "[data-studio][data-ready]", "table": "[data-rules]", "version": ".djs-container svg .djs-shape"}
"""What stands on a page once everything of it has come."""


@pytest.mark.exhaustive
def test_the_pages_of_the_studio_come_small(house: House, administrator: Visitor) -> None:
    weighed = dict[str, dict[str, int]]()
    for name, key, page_end in (("editor", FIELD_REPORT, "/edit"), ("table", ROUTING, "/edit"), ("version", FIELD_REPORT, "")):
        context = house.browser.new_context(base_url=house.address, storage_state=administrator.context.storage_state())
        page, finished = context.new_page(), list[Request]()
        page.on("requestfinished", lambda request, finished=finished: finished.append(request))  # type: ignore[misc]
        page.goto(f"/studio/versions/{draft(key, UNNAMED)}{page_end}")
        page.wait_for_selector(WHOLE[name], timeout=PATIENCE)
        ask_until(page, "document.fonts.status === 'loaded'")
        # asked for afterwards: who asks the browser while it tells of a request keeps it from telling of the next
        weighed[name] = {request.url: request.sizes()["responseBodySize"] for request in finished}
        context.close()
    for name, most in MOST_BYTES.items():
        assert sum(weighed[name].values()) <= most, sorted(weighed[name].items(), key=lambda each: -each[1])
    assert sum(size for url, size in weighed["version"].items() if "navigated-viewer" in url or "js/diagram" in url) <= VIEWER_MOST


def test_palette_and_bell_come_to_the_editor_with_their_first_press(administrator: Visitor) -> None:
    page = administrator.go(f"/studio/versions/{draft(change=UNNAMED)}/edit")
    page.wait_for_selector("[data-studio][data-ready]", timeout=PATIENCE)
    assert page.locator("dialog.pal, [data-bell-box]").count() == 0
    page.keyboard.press("Control+k")
    page.keyboard.type("hop viec")                                     # at once, while it comes
    palette = page.locator("dialog.pal")
    expect(palette.get_by_role("option").first).to_contain_text("Hộp việc")
    expect(page.locator("#pal-q")).to_have_value("hop viec")
    expect(palette).to_have_css("position", "fixed")
    page.keyboard.press("Escape")
    expect(palette).to_be_hidden()
    page.locator("[data-bell]").click()
    expect(page.locator("[data-bell-box]")).to_be_visible()
    assert page.url.endswith("/edit")


LOST_AT_MOST = 10


@pytest.mark.exhaustive
def test_a_browser_that_dies_while_somebody_types_without_a_pause_loses_at_most_ten_seconds(house: House, administrator: Visitor) -> None:
    ref = draft(change=UNNAMED)
    doomed = house.browser.browser_type.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    context = doomed.new_context(base_url=house.address, viewport=DESK, storage_state=administrator.context.storage_state())  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"/studio/versions/{ref}/edit")
    page.wait_for_selector("[data-studio][data-ready]", timeout=PATIENCE)
    choose(page, "verify")
    page.click("#p-name-en")
    typed, began = [], time.monotonic()
    while time.monotonic() < began + LOST_AT_MOST + 1:                  # a letter every fifth of a second, never a pause
        page.keyboard.type("a")
        typed.append(time.monotonic())
        time.sleep(0.2)
    with suppress(Error):
        doomed.new_browser_cdp_session().send("Browser.crash")
    died = time.monotonic()
    [kept] = [value.get("value") for each in etree.fromstring(stored(ref)).iter("{*}userTask") if each.get("id") == "verify"
              for value in each.iter("{*}property") if value.get("name") == "label_en"]  # fmt: skip
    letters = kept.count("a") - "Receive and verify".count("a")
    assert letters, "something of it was saved"
    assert died - typed[min(letters, len(typed) - 1)] <= LOST_AT_MOST
    faults(house)


def test_what_the_editor_does_not_understand_is_only_shown(house: House, administrator: Visitor) -> None:
    ref = draft(change=('<bpmn:userTask id="classify"', '<bpmn:conjuring id="magic" /><bpmn:userTask id="classify"'))
    page = edit(administrator, ref)
    assert page.get_attribute("[data-studio]", "data-readonly") == ""
    expect(page.locator("[data-notice=warnings]")).to_contain_text("chỉ để xem")
    assert page.locator(".djs-palette").count() == 0
    assert not faults(house)


@pytest.mark.exhaustive
def test_two_who_draw_at_once_both_keep_their_text_and_lost_connections_lose_nothing(house: House, administrator: Visitor) -> None:
    ref = draft(change=UNNAMED)
    mine, theirs = edit(administrator, ref), edit(another_administrator(house), ref)
    for page, name in ((theirs, "Theirs"), (mine, "Mine")):
        choose(page, "classify")
        page.fill("#p-name-en", name)
        page.click("[data-check]")
        page.wait_for_selector("[data-studio]:is([data-saved=saved],[data-saved=conflict])", timeout=PATIENCE)
    expect(mine.locator("[data-notice=conflict]")).to_contain_text("Cả hai bản đều được giữ")
    kept = mine.url.split("/")[-2]
    assert kept != ref
    assert b'value="Theirs"' in stored(ref)
    assert b'value="Mine"' in stored(kept)
    theirs.context.close()

    administrator.context.set_offline(True)
    mine.fill("#p-name-en", "Later")
    mine.wait_for_selector("[data-studio][data-saved=waiting]", timeout=PATIENCE)
    administrator.context.set_offline(False)
    mine.wait_for_selector("[data-studio][data-saved=saved]", timeout=PATIENCE)
    assert b'value="Later"' in stored(kept)
    assert [fault for fault in faults(house) if "ERR_INTERNET_DISCONNECTED" not in fault] == []


def test_the_table_is_changed_with_scripts_as_without(house: House, administrator: Visitor) -> None:
    ref = draft(ROUTING)
    page = administrator.go(f"/studio/versions/{ref}/edit")
    page.click("[data-act=add]")
    row = page.locator("[data-rule]").last
    row.locator("select").nth(0).select_option("kinh_te")
    row.locator("select").nth(3).select_option("area")
    row.locator("input[name$='-vi']").fill("Chợ phiên")
    row.locator("input[name$='-en']").fill("Market day")
    for _ in range(3):
        page.locator("[data-rule]", has=page.locator("input[value^='Chợ phiên'], input[name^='n1-vi']")).locator("[data-act=up]").click()
    page.locator("[data-rule]").first.locator("[data-act=remove]").click()
    with next_document(page):
        page.locator("form[data-guard] button[value=save]:visible").last.click()
    rows = rows_of(stored(ref))
    assert [int(each.id.removeprefix("rule_")) for each in rows] == [2, 3, 4, 5, 6, 7, 8, 12, 9, 10, 11]
    administrator.look("studio-table")
    assert not faults(house)
