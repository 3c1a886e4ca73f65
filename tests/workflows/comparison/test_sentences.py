"""What changed for whom, and what of each element: of everything an administrator can change, and of nothing that is only drawn."""
from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from tests import drawn_steps as drawn
from tests.workflows.comparison.edits import EDITS, STEP, set_property
from tests.workflows.drawing import DC, DI, WAY, Drawing, field
from tests.workflows.moving.kinds_of_edit import KINDS, Draft
from workflows.comparison.changes import ChangeKind, changes_between
from workflows.comparison.conditions import condition_words
from workflows.comparison.details import MOST_DETAILS, details_between, details_of
from workflows.comparison.facts import Aspect
from workflows.comparison.model import Model, model_of
from workflows.comparison.sentences import RoleSentences, bounded, sentences_between, sentences_of
from workflows.comparison.wording import timer_words
from workflows.definitions.process import BPMN, shipped_model

ONLY_THE_FILE = "Chỉ có các đường nối"
AS_BEFORE = "Các bước của người phản ánh"
ON_OTHER_MODELS = frozenset(
    {"two steps merged", "parallel branch removed", "choice on a field a step before now has", "parallel branch added"}
)
"""Kinds of edit this model has no place for; bin/soak makes them on models that do."""


@pytest.fixture(scope="module")
def base() -> bytes:
    return Drawing(drawn.every_type_model()).xml


def told(before: bytes, after: bytes, language: str = "vi") -> dict[str, list[str]]:
    return {group.who: [each.text.in_language(language) for each in group.sentences] for group in sentences_between(before, after)}


def texts(groups: dict[str, list[str]]) -> list[str]:
    return [text for group in groups.values() for text in group]


def is_told(old: Model, after: bytes, sentence: str | None = None) -> bool:
    """Whether every element that changed has its details, and something, or just this, is said of it all in both languages."""
    new = model_of(after)
    elements = details_of(old, new)
    both = [each.text for group in sentences_of(old, new) for each in group.sentences]
    assert not any("{" in text or "  " in text or ".." in text for words in both for text in words)
    said = [vi for vi, _en in both if not vi.startswith((ONLY_THE_FILE, AS_BEFORE))]
    return bool(elements) and all(each.details for each in elements) and (sentence in said if sentence else bool(said))


@pytest.mark.exhaustive
def test_each_thing_that_can_be_changed_has_its_details_and_its_sentence(base: bytes) -> None:
    old = model_of(base)
    for name, (change, sentence) in EDITS.items():
        draft = Drawing(base)
        change(draft)
        assert is_told(old, written(draft), sentence), name


@pytest.mark.exhaustive
def test_each_kind_of_edit_that_open_cases_are_moved_over_is_told(base: bytes) -> None:
    old = model_of(Draft(base).xml)
    for kind in sorted(set(KINDS) - ON_OTHER_MODELS):
        for at in old.nodes:
            draft = Draft(base)
            if KINDS[kind](draft, at) is not None:
                assert is_told(old, written(draft)), (kind, at)
                break
        else:
            pytest.fail(f"{kind} applies nowhere")


def written(draft: Drawing) -> bytes:
    """What would be saved, without the references that only repeat where flows lead: writing them takes most of the time."""
    return bytes(etree.tostring(draft.root))


def redrawn(xml: bytes, shift: int) -> bytes:
    """The model drawn elsewhere, with its diagram first, its flows in the order of their ids at each place, and other colours."""
    root = etree.fromstring(xml)
    for shape in root.iter(DC + "Bounds"):
        shape.set("x", str(float(shape.get("x")) + shift))
        shape.set("y", str(float(shape.get("y")) + shift))
    for edge in root.iter(DI + "BPMNEdge"):
        for point in edge.findall(WAY + "waypoint")[1:-1]:
            edge.remove(point)
    for shape in root.iter(DI + "BPMNShape"):
        shape.set("{http://bpmn.io/schema/bpmn/biocolor/1.0}fill", "#ffffff")
    for properties in root.iter("{http://spiffworkflow.org/bpmn/schema/1.0/core}properties"):
        properties[:] = reversed(properties)
    return bytes(etree.tostring(root))


@pytest.mark.exhaustive
def test_what_is_only_drawn_otherwise_is_not_told(base: bytes) -> None:
    for xml in (shipped_model(), base, drawn.costly_model()):
        for after in (xml, redrawn(xml, 40)):
            assert (changes_between(xml, after), details_between(xml, after), sentences_between(xml, after)) == ((), (), ())


def test_an_arrow_drawn_anew_between_the_same_two_changes_nobodys_work() -> None:
    draft = Drawing(shipped_model())
    draft.drop("verify_to_classify")
    draft.flow("verify", "classify", id_="flow_1")
    assert [text.startswith(ONLY_THE_FILE) for text in texts(told(shipped_model(), draft.xml))] == [True]


def test_a_new_step_is_told_to_whoever_does_it_with_its_place_and_to_the_reporter_who_waits() -> None:
    review, place, the_limit = "“Thẩm định pháp lý”", "sau “Duyệt kết quả” và trước “Đã trả lời”", "hạn của cả hồ sơ không đổi"
    all_work = "Mọi việc giao cho đơn vị đi đến “Đã trả lời”"
    groups = told(shipped_model(), drawn.legal_model())
    assert list(groups) == ["ops_lead", "reporter", "everybody"]
    assert groups["ops_lead"] == [
        f"Tổ trưởng vận hành có thêm bước {review} (hạn 4 giờ làm việc), {place}, khi bước “Duyệt kết quả” có kết quả “đã phê duyệt”.",
        "Bước “Thẩm định pháp lý” hỏi: “Căn cứ pháp lý” (văn bản dài, bắt buộc) và “Mức rủi ro” (số).",
        "Bước “Thẩm định pháp lý” kết thúc bằng nút “Đồng ý” hoặc “Có ý kiến”.",
    ]
    assert groups["reporter"] == [
        f"Người phản ánh phải đợi thêm bước {review} của tổ trưởng vận hành (hạn 4 giờ làm việc). {all_work} đều qua bước này; {the_limit}."
    ]
    assert groups["everybody"] == [f"{all_work} nay đều phải qua thêm 1 bước: {review}."]
    english = texts(told(shipped_model(), drawn.legal_model(), "en"))
    assert english[0] == (
        "The operations lead gets a new step, “Legal review” (time limit: 4 working hours), "
        "after “Approve the answer” and before “Answered”, when “Approve the answer” ended with “approved”."
    )
    back = told(drawn.legal_model(), shipped_model())
    assert back["ops_lead"] == [f"Tổ trưởng vận hành không còn bước {review} (trước đây đứng {place})."]
    assert back["reporter"] == ["Người phản ánh không còn phải đợi bước “Thẩm định pháp lý” của tổ trưởng vận hành."]


def test_a_step_behind_the_publication_keeps_no_reporter_waiting_and_one_that_only_some_pass_is_not_said_to_be_passed_by_all() -> None:
    draft = Drawing(shipped_model())
    step = draft.node("userTask", "file_away", role="operator")
    draft.between("publish_to_is_rateable", step, step)
    groups = told(shipped_model(), draft.xml)
    assert groups["reporter"] == ["Các bước của người phản ánh và cách hồ sơ kết thúc vẫn như cũ."]
    assert groups["everybody"] == ["Mọi hồ sơ đi hết đường chính nay đều phải qua thêm 1 bước: “Phần file_away”."]
    costly = told(shipped_model(), drawn.costly_model())
    assert [text for text in costly["everybody"] if "Ký duyệt" in text and "đi hết" in text] == []


def test_a_changed_limit_names_both_and_a_step_under_another_id_is_the_same_step(base: bytes) -> None:
    old, new = Drawing(base), Drawing(base)
    for draft, amount in ((old, "2"), (new, "3")):
        set_property(draft, STEP, "limit", amount)
        set_property(draft, STEP, "limit_unit", "working_days")
    assert told(old.xml, new.xml)["operator"] == ["Hạn của bước “Khảo sát” từ 2 ngày làm việc thành 3 ngày làm việc."]
    [english] = told(old.xml, new.xml, "en")["operator"]
    assert english == "The time limit of the step “Inspection” goes from 2 working days to 3 working days."
    draft = Draft(base)
    draft.rename(STEP, "site_visit")
    assert told(Draft(base).xml, draft.xml)["operator"] == [f"Bước “Khảo sát” được vẽ lại với mã mới: “site_visit” thay cho “{STEP}”."]


@pytest.mark.parametrize(
    ("text", "vi", "en"),
    [
        ('danger == "high"', "“Mức nguy hiểm” là “Cao”", "“Danger” is “High”"),
        ('danger != "high" or depth >= 5', "“Mức nguy hiểm” không phải là “Cao” hoặc “Độ sâu (m)” từ 5 trở lên",
         "“Danger” is not “High” or “Depth (m)” is at least 5"),
        ("3 < depth <= 4.5", "“Độ sâu (m)” lớn hơn 3 và “Độ sâu (m)” không quá 4,5",
         "“Depth (m)” is more than 3 and “Depth (m)” is at most 4.5"),
        ("fenced and (depth < 2 or depth is None)", "“Đã rào chắn” là “có” và (“Độ sâu (m)” nhỏ hơn 2 hoặc “Độ sâu (m)” để trống)",
         "“Fenced off” is “yes” and (“Depth (m)” is less than 2 or “Depth (m)” is left empty)"),
        ("not fenced", "“Đã rào chắn” là “không”", "“Fenced off” is “no”"),
        ("fenced == False", "“Đã rào chắn” là “không”", "“Fenced off” is “no”"),
        ('inspection == "pass"', "ở bước “Khảo sát” đã bấm “Đạt”", "“Passed” was pressed at “Inspection”"),
        ('"explained" != review_rating', "bước “Xem xét đánh giá” có kết quả khác “đã giải thích”",
         "“Review the rating” ended otherwise than with “explained”"),
        ('again_on <= "2026-03-02"', "“Ngày khảo sát lại” đến hết ngày 02/03/2026", "“Next inspection” is on or before 02/03/2026"),
        ('danger in ["low", "high"]', "“Mức nguy hiểm” nằm trong “Thấp” hoặc “Cao”", "“Danger” is among “Low” or “High”"),
        ('assignments["answered"]', "“Đã có trả lời” của “Các đơn vị đã xong việc” là “có”",
         "“There is an answer” of “All agencies are done” is “yes”"),
        ('defined("danger")', "đã có “Mức nguy hiểm”", "there is “Danger”"),
        ('starts_with(lower(nobody), "a")', "“nobody” viết thường bắt đầu bằng “a”", "“nobody” in small letters begins with “a”"),
        ("not (fenced and depth > 1)", "không phải trường hợp (“Đã rào chắn” là “có” và “Độ sâu (m)” lớn hơn 1)",
         "it is not so that (“Fenced off” is “yes” and “Depth (m)” is more than 1)"),
        ("nobody_knows == 1", "“nobody_knows” là 1", "“nobody_knows” is 1"),
        ("__import__('os')", "“__import__('os')”", "“__import__('os')”"),
        ("", "không cần điều kiện", "without a condition"),
    ],
)  # fmt: skip
def test_a_condition_is_said_in_words(base: bytes, text: str, vi: str, en: str) -> None:
    assert condition_words(text, model_of(base).meanings["case"]) == (vi, en)


def test_times_are_said_in_words() -> None:
    said = [
        timer_words(kind, text)
        for kind, text in (("timeDuration", '"PT30M"'), ("timeDuration", '"P1DT1H"'), ("timeCycle", '"R3/P1D"'),
                           ("timeDate", '"2026-12-31T17:00:00+07:00"'), ("timeDuration", "soon"), ("timeDuration", '"P"'))
    ]  # fmt: skip
    assert [each.vi for each in said] == [
        "sau 30 phút", "sau 1 ngày 1 giờ", "3 lần, cứ 1 ngày một lần", "lúc 17:00 31/12/2026", "vào thời điểm “soon”", "“\"P\"”",
    ]  # fmt: skip
    assert [each.en for each in said[:4]] == ["after 30 minutes", "after 1 day 1 hour", "3 times, once every 1 day", "at 17:00 31/12/2026"]


def test_of_a_model_that_changes_everywhere_as_much_is_shown_as_can_be_read(base: bytes) -> None:
    old, new = Drawing(base), Drawing(base)
    form = old.find(STEP).find(f"{BPMN}extensionElements/{{*}}form")
    form.extend(field(f"f{number}", "text") for number in range(60))
    for number in range(80):
        new.node("userTask", f"step_{number}", role="operator")
    elements = details_between(old.xml, new.xml)
    assert max(len(each.details) for each in elements) <= MOST_DETAILS
    groups, left = bounded(sentences_between(old.xml, new.xml), 60)
    assert sum(len(group.sentences) for group in groups) == 60
    assert left == sum(len(group.sentences) for group in sentences_between(old.xml, new.xml)) - 60
    assert bounded((RoleSentences("everybody", elements[0].change.label, ()),), 5) == ((), 0)


def test_a_name_that_is_a_template_or_very_long_is_repeated_as_a_name_and_cut() -> None:
    draft = Drawing(shipped_model())
    draft.find("classify").set("name", "{before} %s {0} <b>" + "rất dài " * 200)
    [sentence] = told(shipped_model(), draft.xml)["operator"]
    assert sentence.startswith("Bước “Phân loại” đổi tên thành “{before} %s {0} <b>rất dài")
    assert len(sentence) < 200


@pytest.mark.exhaustive
@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.data())
def test_several_edits_at_once_are_told_and_turned_back_they_are_told_the_other_way(data: st.DataObject) -> None:
    xml = Drawing(drawn.every_type_model()).xml
    draft = Drawing(xml)
    for name in data.draw(st.lists(st.sampled_from(sorted(EDITS)), min_size=2, max_size=4, unique=True)):
        try:
            EDITS[name][0](draft)
        except StopIteration:  # what it changes is gone already
            continue
    after = draft.xml
    forth, back = details_between(xml, after), details_between(after, xml)
    turned = {ChangeKind.ADDED: ChangeKind.REMOVED, ChangeKind.REMOVED: ChangeKind.ADDED, ChangeKind.CHANGED: ChangeKind.CHANGED}
    assert {(each.change.element, each.change.kind) for each in forth} == {(each.change.element, turned[each.change.kind]) for each in back}
    assert all(each.details for each in (*forth, *back))
    for each in islice(forth, 20):
        for detail in each.details:
            assert detail.before is None or detail.after is None or detail.before != detail.after or detail.aspect == Aspect.FILE
