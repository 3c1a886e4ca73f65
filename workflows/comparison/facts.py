"""The facts a part of a model states, each with its words: these are compared one by one."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from casework.bilingual import Bilingual
from casework.steps.fields import number_words
from workflows.bindings import BINDINGS, OTHER_THAN
from workflows.checks.diagram import Node
from workflows.comparison.conditions import OTHERWISE, condition_words, moment_of
from workflows.comparison.model import Model, note_text
from workflows.comparison.wording import (
    FIELD_WORDS,
    KIND_WORDS,
    NO,
    YES,
    amount_words,
    clock_words,
    fill,
    listed,
    quoted,
    role_words,
    same,
    timer_words,
)
from workflows.definitions.process import BPMN, properties_of
from workflows.definitions.services import SERVICES
from workflows.definitions.step_forms import FormField


class Aspect(StrEnum):
    """The kind of fact."""

    KIND = "kind"
    LABEL_VI = "label_vi"
    LABEL_EN = "label_en"
    ROLE = "role"
    LANE = "lane"
    LIMIT = "limit"
    OTHER_THAN = "other_than"
    FIELD = "field"
    FIELD_ID = "field_id"
    FIELD_LABEL_VI = "field_label_vi"
    FIELD_LABEL_EN = "field_label_en"
    FIELD_TYPE = "field_type"
    FIELD_REQUIRED = "field_required"
    FIELD_MIN = "field_min"
    FIELD_MAX = "field_max"
    FIELD_HELP = "field_help"
    FIELD_ORDER = "field_order"
    CHOICE = "choice"
    CHOICE_ID = "choice_id"
    CHOICE_LABEL = "choice_label"
    CHOICE_ORDER = "choice_order"
    BUTTON = "button"
    BUTTON_ID = "button_id"
    BUTTON_LABEL = "button_label"
    BUTTON_ORDER = "button_order"
    HELP_VI = "help_vi"
    HELP_EN = "help_en"
    DOCUMENTATION = "documentation"
    ATTACHED_TO = "attached_to"
    INTERRUPTS = "interrupts"
    MESSAGE = "message"
    TIMER = "timer"
    ENDS_ALL = "ends_all"
    SERVICE = "service"
    PARAMETER = "parameter"
    RESULT = "result"
    DEFAULT_WAY = "default_way"
    WAY_ORDER = "way_order"
    SOURCE = "source"
    TARGET = "target"
    CONDITION = "condition"
    BESIDE = "beside"
    TEXT = "text"
    ABOUT = "about"
    PROPERTY = "property"
    FILE = "file"


ASPECT_WORDS = {
    Aspect.KIND: Bilingual("Loại", "Kind"),
    Aspect.LABEL_VI: Bilingual("Tên tiếng Việt", "Vietnamese name"),
    Aspect.LABEL_EN: Bilingual("Tên tiếng Anh", "English name"),
    Aspect.ROLE: Bilingual("Người làm", "Who does it"),
    Aspect.LANE: Bilingual("Làn", "Lane"),
    Aspect.LIMIT: Bilingual("Hạn", "Time limit"),
    Aspect.OTHER_THAN: Bilingual("Khác người đã làm bước", "Not by whoever did"),
    Aspect.FIELD: Bilingual("Mục cần điền", "Field"),
    Aspect.FIELD_ID: Bilingual("Tên trong điều kiện của mục", "Name in conditions of the field"),
    Aspect.FIELD_LABEL_VI: Bilingual("Tên tiếng Việt của mục", "Vietnamese name of the field"),
    Aspect.FIELD_LABEL_EN: Bilingual("Tên tiếng Anh của mục", "English name of the field"),
    Aspect.FIELD_TYPE: Bilingual("Kiểu trả lời của mục", "Kind of answer of the field"),
    Aspect.FIELD_REQUIRED: Bilingual("Bắt buộc điền mục", "Must be filled in: the field"),
    Aspect.FIELD_MIN: Bilingual("Số nhỏ nhất của mục", "Smallest number of the field"),
    Aspect.FIELD_MAX: Bilingual("Số lớn nhất của mục", "Largest number of the field"),
    Aspect.FIELD_HELP: Bilingual("Hướng dẫn của mục", "Guidance of the field"),
    Aspect.FIELD_ORDER: Bilingual("Thứ tự các mục", "Order of the fields"),
    Aspect.CHOICE: Bilingual("Lựa chọn của mục", "Choice of the field"),
    Aspect.CHOICE_ID: Bilingual("Tên trong điều kiện của lựa chọn", "Name in conditions of the choice"),
    Aspect.CHOICE_LABEL: Bilingual("Tên của lựa chọn", "Name of the choice"),
    Aspect.CHOICE_ORDER: Bilingual("Thứ tự các lựa chọn của mục", "Order of the choices of the field"),
    Aspect.BUTTON: Bilingual("Nút", "Button"),
    Aspect.BUTTON_ID: Bilingual("Tên trong điều kiện của nút", "Name in conditions of the button"),
    Aspect.BUTTON_LABEL: Bilingual("Tên của nút", "Name of the button"),
    Aspect.BUTTON_ORDER: Bilingual("Thứ tự các nút", "Order of the buttons"),
    Aspect.HELP_VI: Bilingual("Hướng dẫn tiếng Việt", "Vietnamese guidance"),
    Aspect.HELP_EN: Bilingual("Hướng dẫn tiếng Anh", "English guidance"),
    Aspect.DOCUMENTATION: Bilingual("Lời ghi trong tệp", "Words in the file"),
    Aspect.ATTACHED_TO: Bilingual("Gắn vào bước", "On the step"),
    Aspect.INTERRUPTS: Bilingual("Kết thúc bước khi xảy ra", "Ends the step when it happens"),
    Aspect.MESSAGE: Bilingual("Chờ sự việc", "Waits for"),
    Aspect.TIMER: Bilingual("Chờ", "Waits"),
    Aspect.ENDS_ALL: Bilingual("Kết thúc mọi nhánh", "Ends every way"),
    Aspect.SERVICE: Bilingual("Phần mềm làm", "What the software does"),
    Aspect.PARAMETER: Bilingual("Dữ liệu đưa vào", "What it is given"),
    Aspect.RESULT: Bilingual("Tên kết quả trong điều kiện", "Name of the result in conditions"),
    Aspect.DEFAULT_WAY: Bilingual("Đường trong mọi trường hợp còn lại", "The way in all other cases"),
    Aspect.WAY_ORDER: Bilingual("Thứ tự xét các đường", "Order in which ways are tried"),
    Aspect.SOURCE: Bilingual("Đi từ", "Leads from"),
    Aspect.TARGET: Bilingual("Dẫn đến", "Leads to"),
    Aspect.CONDITION: Bilingual("Điều kiện", "Condition"),
    Aspect.BESIDE: Bilingual("Nằm cạnh đường chính", "Next to the main way"),
    Aspect.TEXT: Bilingual("Nội dung", "Text"),
    Aspect.ABOUT: Bilingual("Nói về", "About"),
    Aspect.PROPERTY: Bilingual("Thiết đặt khác", "Another setting"),
    Aspect.FILE: Bilingual("Chi tiết trong tệp", "Detail of the file"),
}

ORDERS = frozenset({Aspect.FIELD_ORDER, Aspect.CHOICE_ORDER, Aspect.BUTTON_ORDER, Aspect.WAY_ORDER})
"""Aspects compared as an order, of the parts both texts have."""

TOLD_OTHERWISE = ORDERS | {Aspect.LABEL_VI}
"""Aspects left out for a new or removed part, because its name and its other facts show them."""

_KNOWN_PROPERTIES = frozenset({"label_vi", "label_en", "role", "clock", "limit", "limit_unit", "help_vi", "help_en", "beside", OTHER_THAN})


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact about a part. `raw` is compared; `key` tells several facts of one aspect apart, and `subject` is their name.

    `parent` is the fact this one belongs to: if that was added or removed, this one need not be reported.
    """

    aspect: Aspect
    raw: Any
    words: Bilingual
    key: str = ""
    subject: Bilingual | None = None
    parent: tuple[Aspect, str] | None = None


Facts = dict[tuple[Aspect, str], Fact]


def facts_of(model: Model, id_: str) -> Facts:
    """Return all facts about a part of a model."""
    return {(fact.aspect, fact.key): fact for fact in _facts(model, id_)}


def kind_words(node: Node | None, kind: str) -> Bilingual:
    if node is not None and node.kind == "intermediateCatchEvent" and node.timer is not None:
        return Bilingual("chỗ chờ đến lúc", "the wait for a time")
    return KIND_WORDS.get(kind) or quoted(same(kind))


def _facts(model: Model, id_: str) -> Iterator[Fact]:
    part, kind = model.parts[id_], model.kind(id_)
    node = model.nodes.get(id_)
    yield Fact(Aspect.KIND, kind, kind_words(node, kind))
    properties = properties_of(part)
    name_vi = part.get("name") or properties.get("label_vi", "")
    yield from _worded(Aspect.LABEL_VI, name_vi)
    yield from _worded(Aspect.LABEL_EN, properties.get("label_en", ""))
    yield from _worded(Aspect.DOCUMENTATION, (part.findtext(BPMN + "documentation") or "").strip())
    for name, value in properties.items():
        if name not in _KNOWN_PROPERTIES:
            yield Fact(Aspect.PROPERTY, value, quoted(same(value)), name, quoted(same(name)))
    if node is not None:
        yield from _node_facts(model, node)
    elif kind in ("sequenceFlow", "messageFlow"):
        yield from _flow_facts(model, id_)
    elif kind == "lane" and properties.get("role"):
        yield Fact(Aspect.ROLE, properties["role"], role_words(properties["role"]))
    elif kind == "textAnnotation":
        yield from _note_facts(model, id_)
    elif kind == "participant":
        yield from _worded(Aspect.PROPERTY, part.get("processRef") or "", "processRef", Bilingual("quy trình", "process"))


def _worded(
    aspect: Aspect, text: str, key: str = "", subject: Bilingual | None = None, parent: tuple[Aspect, str] | None = None
) -> Iterator[Fact]:
    if text:
        yield Fact(aspect, text, same(text), key, subject, parent)


def _yes_no(aspect: Aspect, *, holds: bool) -> Fact:
    return Fact(aspect, holds, YES if holds else NO)


def _node_facts(model: Model, node: Node) -> Iterator[Fact]:
    properties = node.properties
    if node.is_step and node.role:
        yield Fact(Aspect.ROLE, node.role, role_words(node.role))
    lane = model.lanes.get(node.id)
    if lane:
        yield Fact(Aspect.LANE, lane, model.quoted(lane))
    limit = limit_words(node)
    if limit is not None:
        yield Fact(Aspect.LIMIT, tuple(properties.get(name) for name in ("clock", "limit", "limit_unit")), limit)
    if properties.get(OTHER_THAN):
        yield Fact(Aspect.OTHER_THAN, properties[OTHER_THAN], model.quoted(properties[OTHER_THAN]))
    for aspect in (Aspect.HELP_VI, Aspect.HELP_EN):
        yield from _worded(aspect, properties.get(str(aspect), ""))
    if "beside" in properties:
        yield Fact(Aspect.BESIDE, properties["beside"], YES if properties["beside"] == "yes" else quoted(same(properties["beside"])))
    yield from _form_facts(node)
    yield from _event_facts(model, node)
    if node.service:
        yield Fact(Aspect.SERVICE, node.service, service_words(node.service))
    for name, value in node.parameters.items():
        yield Fact(Aspect.PARAMETER, value, moment_of(value, model.known_at(node.id)) or quoted(same(value)), name, quoted(same(name)))
    yield from _worded(Aspect.RESULT, node.result_variable or "")
    default = model.parts[node.id].get("default")
    if default:
        yield Fact(Aspect.DEFAULT_WAY, default, model.quoted(model.parts[default].get("targetRef") if default in model.parts else default))
    order = model.orders.get(node.id, ())
    if len(order) > 1:
        yield Fact(Aspect.WAY_ORDER, order, listed([_way(model, flow) for flow in order], "rồi", "then"))


def _event_facts(model: Model, node: Node) -> Iterator[Fact]:
    if node.attached_to:
        yield Fact(Aspect.ATTACHED_TO, node.attached_to, model.quoted(node.attached_to))
    if node.kind == "boundaryEvent":
        yield _yes_no(Aspect.INTERRUPTS, holds=node.interrupts)
    if node.message:
        yield Fact(Aspect.MESSAGE, node.message, message_words(node.message))
    yield from _worded(Aspect.RESULT, node.message_variable or "")
    if node.timer is not None:
        yield Fact(Aspect.TIMER, node.timer, waits_words(model, node))
    if node.kind == "endEvent":
        yield _yes_no(Aspect.ENDS_ALL, holds=node.is_terminate)


def _flow_facts(model: Model, id_: str) -> Iterator[Fact]:
    part, flow = model.parts[id_], model.flows.get(id_)
    for aspect, name in ((Aspect.SOURCE, "sourceRef"), (Aspect.TARGET, "targetRef")):
        if part.get(name):
            yield Fact(aspect, part.get(name), model.quoted(part.get(name)))
    if part.get("messageRef"):
        yield Fact(Aspect.MESSAGE, part.get("messageRef"), model.quoted(part.get("messageRef")))
    written = (part.findtext(BPMN + "conditionExpression") or "").strip()
    if written:
        yield Fact(Aspect.CONDITION, written, condition_words(written, model.known_at(id_)))
    if flow is not None and flow.is_default:
        yield Fact(Aspect.DEFAULT_WAY, True, OTHERWISE)


def _note_facts(model: Model, id_: str) -> Iterator[Fact]:
    yield from _worded(Aspect.TEXT, note_text(model.parts[id_]))
    links = [(link.get("sourceRef"), link.get("targetRef")) for link in model.root.iter(BPMN + "association")]
    about = sorted({other for ends in links if id_ in ends for other in ends if other and other != id_})
    if about:
        yield Fact(Aspect.ABOUT, tuple(about), listed([model.quoted(each) for each in about]))


def _form_facts(node: Node) -> Iterator[Fact]:
    form = node.form
    for field in form.fields:
        yield from _field_facts(field)
    for button in form.buttons:
        name = quoted(button.label, button.id)
        yield Fact(Aspect.BUTTON, True, name, button.id)
        yield Fact(Aspect.BUTTON_LABEL, button.label, name, button.id, name, (Aspect.BUTTON, button.id))
    yield from _order(Aspect.FIELD_ORDER, [(each.id, quoted(each.label, each.id)) for each in form.fields])
    yield from _order(Aspect.BUTTON_ORDER, [(each.id, quoted(each.label, each.id)) for each in form.buttons])


def _field_facts(field: FormField) -> Iterator[Fact]:
    name, parent = quoted(field.label, field.id), (Aspect.FIELD, field.id)
    yield Fact(Aspect.FIELD, True, field_words(field), field.id)
    for aspect, text in ((Aspect.FIELD_LABEL_VI, field.label.vi), (Aspect.FIELD_LABEL_EN, field.label.en)):
        if aspect == Aspect.FIELD_LABEL_VI or text != field.label.vi:  # without an English label, the Vietnamese is used
            yield Fact(aspect, text, quoted(same(text)), field.id, name, parent)
    yield Fact(Aspect.FIELD_TYPE, field.type, FIELD_WORDS[field.type], field.id, name, parent)
    yield Fact(Aspect.FIELD_REQUIRED, field.is_required, YES if field.is_required else NO, field.id, name, parent)
    for aspect, bound in ((Aspect.FIELD_MIN, field.minimum), (Aspect.FIELD_MAX, field.maximum)):
        if bound is not None:
            yield Fact(aspect, bound, number_words(bound), field.id, name, parent)
    if field.help.vi or field.help.en:
        yield Fact(Aspect.FIELD_HELP, field.help, field.help, field.id, name, parent)
    for choice in field.choices:
        key, words = f"{field.id}\n{choice.id}", quoted(choice.label, choice.id)
        yield Fact(Aspect.CHOICE, True, words, key, name, parent)
        yield Fact(Aspect.CHOICE_LABEL, choice.label, words, key, words, (Aspect.CHOICE, key))
    yield from _order(Aspect.CHOICE_ORDER, [(each.id, quoted(each.label, each.id)) for each in field.choices], field.id, name)


def _order(aspect: Aspect, parts: Iterable[tuple[str, Bilingual]], key: str = "", subject: Bilingual | None = None) -> Iterator[Fact]:
    listed_parts = list(parts)
    if len(listed_parts) > 1:
        words = listed([words for _id, words in listed_parts], "rồi", "then")
        yield Fact(aspect, tuple(id_ for id_, _words in listed_parts), words, key, subject, (Aspect.FIELD, key) if key else None)


def _way(model: Model, flow: str) -> Bilingual:
    part = model.parts.get(flow)
    return model.quoted(part.get("targetRef") if part is not None else flow)


# -- words about a node that sentences need as well -------------------------------------------------------------------------


def limit_words(node: Node) -> Bilingual | None:
    """How long a step may take, or which limit a timer follows; None without either."""
    clock, amount, unit = (node.properties.get(name) for name in ("clock", "limit", "limit_unit"))
    own = amount_words(amount or "", unit or "") if amount or unit else None
    running = clock_words(clock) if clock else None
    return fill("{own}; {running}", "{own}; {running}", own=own, running=running) if own and running else own or running


def message_words(name: str) -> Bilingual:
    """What an event waits for, in words."""
    fact = BINDINGS.facts.get(name)
    return quoted(fact.label if fact is not None else same(name), name)


def waits_words(model: Model, node: Node) -> Bilingual:
    """How long, or until when, a timer waits."""
    kind, text = node.timer or ("", "")
    return timer_words(kind, text, moment_of(text, model.known_at(node.id)))


def service_words(name: str) -> Bilingual:
    """What the software does at a service task."""
    service = SERVICES.get(name)
    return quoted(service.label if service is not None else same(name), name)


def field_words(field: FormField) -> Bilingual:
    """A field with its type of answer, and whether it is required."""
    name, kind = quoted(field.label, field.id), FIELD_WORDS[field.type]
    if field.is_required:
        return fill("{name} ({kind}, bắt buộc)", "{name} ({kind}, must be filled in)", name=name, kind=kind)
    return fill("{name} ({kind})", "{name} ({kind})", name=name, kind=kind)
