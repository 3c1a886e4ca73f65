"""Checks who does a step, its name and its limit, as its properties and lane say."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from casework.bilingual import Bilingual
from casework.clocks.acts import ClockKind
from casework.permissions import AGENCY_ROLES, ANYONE, Role
from casework.settings.role_labels import REPORTER_WORDS, ROLE_WORDS
from casework.verbs import action_of
from workflows.bindings import ASSIGNMENT, OF_THE_PAUSE, OTHER_THAN, Bindings, Step
from workflows.checks.diagram import Node, Process
from workflows.definitions.findings import NO_ENGLISH, ModelFinding, Rule, named, shown
from workflows.definitions.process import label_of, properties_of
from workflows.definitions.vocabulary import BPMN, FLOW_NODES, NODES, SPIFF, STRUCTURE, place_of
from workflows.desk_access import REPORTER, STEP_ROLES
from workflows.element_settings import LIMIT_UNITS

CLOCKS_OF_STEPS = frozenset({*ClockKind, OF_THE_PAUSE, "objection"}) - {ClockKind.STEP}
CLOCKS_OF_TIMERS = frozenset(ClockKind) - {ClockKind.STEP}
"""Limits a timer may follow: it moves with its limit, so the limit has to be a stored one."""

MOST_OF = {"hours": 17_520, "working_hours": 4_000, "working_days": 500}
"""About two years of each unit."""

RANDOM = re.compile(r"(?:Activity|Task|UserTask)_[0-9a-z]{7}")
"""How bpmn-js names a new step."""

_WITHOUT_STEPS = frozenset(Role) - frozenset(STEP_ROLES)
_WORDS = frozenset({"label_vi", "label_en"})
_STEP_PROPERTIES = _WORDS | {"role", "beside", "clock", "limit", "limit_unit", OTHER_THAN, "help_vi", "help_en"}
_PROPERTIES = {"userTask": _STEP_PROPERTIES, "manualTask": _STEP_PROPERTIES, "lane": _WORDS | {"role"}}
_EVENT_PROPERTIES = _WORDS | {"beside", "clock"}

_PROPERTY = Rule(
    "property_unknown",
    Bilingual("Thuộc tính viết sai tên thì bị bỏ qua mà không ai biết.", "A property with a mistyped name is ignored and nobody notices."),
    Bilingual("Sửa tên hoặc xóa thuộc tính.", "Correct its name or delete it."),
)
_LABEL = Rule(
    "step_label",
    Bilingual("Người làm nhận ra việc của mình qua tên bước.", "People know their work by the name of the step."),
    Bilingual("Đặt tên tiếng Việt cho bước.", "Give the step a Vietnamese name."),
)
_ROLE = Rule(
    "step_role",
    Bilingual(
        "Việc của bước phải vào hộp việc của người có quyền làm việc đó.", "A step has to come to the inbox of somebody who may do it."
    ),
    Bilingual("Chuyển bước sang làn của vai trò phù hợp.", "Move the step to the lane of a role that may do it."),
)
_NO_STEPS = Rule(
    "step_role",
    Bilingual("Vai trò này không đọc hồ sơ nào nên không làm được bước nào.", "That role reads no case, so it can do no step."),
    Bilingual(
        f"Chọn một trong: {', '.join(ROLE_WORDS[role].vi for role in STEP_ROLES)}.",
        f"Choose one of: {', '.join(ROLE_WORDS[role].en for role in STEP_ROLES)}.",
    ),
)
_LANE = Rule(
    "lane_role",
    Bilingual("Người duyệt đọc trên hình ai làm bước nào; hình nói khác thì không ai thấy việc được giao cho ai.",
              "Who approves reads in the drawing who does which step; where it says something else, nobody sees whose work it is."),
    Bilingual("Đưa bước vào làn của vai trò đó, hoặc chọn người làm “theo làn”.",
              "Move the step to a lane of that role, or let the lane say who does it."),
)  # fmt: skip
_NO_LANE = Rule(
    "lane_role", _LANE.why,
    Bilingual("Quy trình không có làn cho vai trò đó: ghi vai trò vào tên bước để người đọc hình biết.",
              "The process has no lane of that role: say in the name of the step who does it, for those who read the drawing."),
    is_error=False,
)  # fmt: skip
_PLACE = Rule(
    "step_process",
    Bilingual("Việc này làm trên cả hồ sơ hoặc trên phần việc của một đơn vị, không đổi cho nhau được.",
              "Its work is done on the whole case or on what one agency does, and neither stands for the other."),
    Bilingual("Chuyển bước về đúng quy trình.", "Move the step to its own process."),
)  # fmt: skip
_CLOCK = Rule(
    "step_clock",
    Bilingual("Hạn của bước lấy theo một hạn mà phần mềm đang tính.", "The step is due by a limit the software keeps."),
    Bilingual("Chọn một hạn trong danh sách.", "Choose one of the limits there are."),
)
_LIMIT = Rule(
    "step_limit",
    Bilingual("Hạn riêng sai thì bước không bao giờ trễ hoặc trễ ngay.", "With a wrong limit of its own a step is never late, or at once."),
    Bilingual("Nhập một số nguyên từ 1 và chọn đơn vị: giờ làm việc, giờ hoặc ngày làm việc, không quá hai năm.",
              "Give a whole number from 1 and a unit: working hours, hours or working days, two years at most."),
)  # fmt: skip
_OTHER = Rule(
    "step_other_than",
    Bilingual(
        "“Không phải người đã làm bước…” phải nói đến một bước khác của cùng quy trình.",
        "“Other than who did …” names another step of the same process.",
    ),
    Bilingual("Chọn một bước khác hoặc bỏ điều này.", "Choose another step, or leave it out."),
)
_RANDOM_ID = Rule(
    "id_random",
    Bilingual("Mã ngẫu nhiên khó đọc trong điều kiện, nhật ký và thống kê.", "A random id is hard to read in conditions, logs and counts."),
    Bilingual("Đặt mã theo việc của bước, ví dụ legal_review.", "Name the step by its work, such as legal_review."),
    is_error=False,
)
_BESIDE = Rule(
    "step_beside",
    Bilingual(
        "“beside” đánh dấu phần nằm cạnh đường chính, chỉ có giá trị “yes”.",
        "“beside” marks what is drawn next to the main way; its only value is “yes”.",
    ),
    Bilingual("Đặt là “yes” hoặc xóa.", "Make it “yes” or delete it."),
)


def property_findings(root: Any) -> Iterator[ModelFinding]:
    """Yield unknown and repeated properties, names without English, and lanes without a role."""
    for owner in root.iter(*NODES, *STRUCTURE):
        kind = owner.tag.removeprefix(BPMN)
        allowed = _PROPERTIES.get(kind, _EVENT_PROPERTIES if kind in FLOW_NODES else _WORDS)
        seen: set[str] = set()
        for each in owner.iterfind(f"{BPMN}extensionElements/{SPIFF}properties/{SPIFF}property"):
            name = each.get("name", "")
            if name not in allowed or name in seen or each.get("value") is None:
                yield _PROPERTY.at(
                    place_of(owner),
                    f"Thuộc tính “{shown(name)}” không dùng được ở đây.",
                    f"The property “{shown(name)}” cannot be used here.",
                    line=each.sourceline,
                )
            seen.add(name)
        if kind in FLOW_NODES | {"lane", "participant"} and owner.get("name") and not properties_of(owner).get("label_en", "").strip():
            yield NO_ENGLISH.at(
                place_of(owner),
                f"“{shown(owner.get('name'))}” chưa có tên tiếng Anh.",
                f"“{shown(owner.get('name'))}” has no English name.",
                line=owner.sourceline,
            )
    for lane in root.iter(BPMN + "lane"):
        role = properties_of(lane).get("role")
        if role is not None and role not in {*Role, REPORTER}:
            yield _ROLE.at(
                place_of(lane),
                f"Không có vai trò nào tên “{shown(role)}”.",
                f"There is no role called “{shown(role)}”.",
                line=lane.sourceline,
            )
        elif role in _WITHOUT_STEPS:
            words, name = ROLE_WORDS[Role(role)], named(label_of(lane), lane.get("id", ""))
            yield _NO_STEPS.at(place_of(lane), f"Làn {name.vi} là của vai trò “{words.vi}”.",
                               f"The lane {name.en} is that of the role “{words.en}”.", line=lane.sourceline)  # fmt: skip


def step_findings(root: Any, process: Process, bindings: Bindings) -> Iterator[ModelFinding]:
    """Yield what is wrong with names, roles, limits and lanes of the steps of one process, and with the clocks of its timers."""
    lanes = _lanes(root, process.id)
    drawn = {properties_of(lane).get("role") for each in root.iter(BPMN + "process") if each.get("id") == process.id
             for lane in each.iter(BPMN + "lane")}  # fmt: skip
    for node in process.nodes.values():
        name = named(node.called, node.id)
        if node.properties.get("beside", "yes") != "yes":
            yield _BESIDE.at(node.id, f"“beside” của {name.vi} không hợp lệ.", f"“beside” of {name.en} is wrong.", line=node.line)
        if node.is_step:
            yield from _word_findings(node)
            yield from _role_findings(node, process, bindings, lanes.get(node.id, 0))
            yield from _lane_findings(node, drawn)
            yield from _limit_findings(node, process)
        elif (clock := node.properties.get("clock")) is not None and (node.timer is None or clock not in CLOCKS_OF_TIMERS):
            yield _CLOCK.at(
                node.id,
                f"{name.vi} không thể theo hạn “{shown(clock)}”.",
                f"{name.en} cannot follow the limit “{shown(clock)}”.",
                line=node.line,
            )


def _lanes(root: Any, process_id: str) -> dict[str, int]:
    """In how many lanes each node of a process stands."""
    found: dict[str, int] = {}
    for process in root.iter(BPMN + "process"):
        if process.get("id") == process_id:
            for reference in process.iter(BPMN + "flowNodeRef"):
                found[reference.text] = found.get(reference.text, 0) + 1
    return found


def _word_findings(node: Node) -> Iterator[ModelFinding]:
    if not node.label.vi.strip():
        name = shown(node.label.en)
        vi, en = (f"Bước “{name}” chưa có tên tiếng Việt.", f"The step “{name}” has no Vietnamese name.") if name else (
            "Bước này chưa có tên.", "This step has no name.")  # fmt: skip
        yield _LABEL.at(node.id, vi, en, line=node.line)
    if RANDOM.fullmatch(node.id):
        yield _RANDOM_ID.at(node.id, f"Bước có mã ngẫu nhiên “{node.id}”.", f"The step has the random id “{node.id}”.", line=node.line)


def _role_findings(node: Node, process: Process, bindings: Bindings, lanes: int) -> Iterator[ModelFinding]:
    name, role, step = named(node.called, node.id), node.role, bindings.steps.get(node.id)
    if lanes > 1:
        yield _ROLE.at(node.id, f"Bước {name.vi} nằm trong {lanes} làn.", f"The step {name.en} stands in {lanes} lanes.", line=node.line)
    if step is not None and step.process_id != process.id:
        yield _PLACE.at(
            node.id,
            f"Bước {name.vi} chỉ đứng trong quy trình “{step.process_id}”.",
            f"The step {name.en} belongs to the process “{step.process_id}”.",
            line=node.line,
        )
    if role not in {*Role, REPORTER}:
        said = Bilingual(f" (“{shown(role)}”)", f" (“{shown(role)}”)") if role else Bilingual("", "")
        yield _ROLE.at(
            node.id,
            f"Bước {name.vi} không có vai trò nào làm được{said.vi}.",
            f"The step {name.en} has no role anybody holds{said.en}.",
            line=node.line,
        )
    elif role in _WITHOUT_STEPS:
        words = ROLE_WORDS[Role(role)]
        yield _NO_STEPS.at(node.id, f"Bước {name.vi} giao cho vai trò “{words.vi}”.",
                           f"The step {name.en} is given to the role “{words.en}”.", line=node.line)  # fmt: skip
    elif step is None and role == REPORTER:
        yield _ROLE.at(
            node.id,
            f"Bước tự vẽ {name.vi} không thể giao cho người phản ánh.",
            f"The step {name.en}, drawn here, cannot be the reporter's.",
            line=node.line,
        )
    elif role in AGENCY_ROLES and process.id != ASSIGNMENT:
        yield _ROLE.at(node.id, f"Bước {name.vi} giao cho đơn vị, nhưng quy trình của hồ sơ không thuộc đơn vị nào.",
                       f"The step {name.en} is an agency's, but the process of the case belongs to none.", line=node.line)  # fmt: skip
    elif step is not None and role not in _roles_of(step):
        may = ", ".join(sorted(_roles_of(step)))
        yield _ROLE.at(
            node.id,
            f"Vai trò “{role}” không được làm bước {name.vi}; chỉ: {may}.",
            f"The role “{role}” may not do the step {name.en}, only: {may}.",
            line=node.line,
        )


def _lane_findings(node: Node, drawn: set[str | None]) -> Iterator[ModelFinding]:
    """Yield steps whose role differs from that of their lane; `drawn` are the roles that have a lane."""
    known: dict[str | None, Bilingual] = {REPORTER: REPORTER_WORDS}
    known.update(ROLE_WORDS.items())
    if node.role == node.lane_role or not {node.role, node.lane_role} <= known.keys():
        return
    name, does, lane = named(node.called, node.id), known[node.role], known[node.lane_role]
    yield (_LANE if node.role in drawn else _NO_LANE).at(
        node.id, f"Bước {name.vi} vẽ ở làn của “{lane.vi}” nhưng do “{does.vi}” làm.",
        f"The step {name.en} stands in the lane of “{lane.en}”, and “{does.en}” does it.", line=node.line,
    )  # fmt: skip


def _roles_of(step: Step) -> set[str]:
    """Who may do one of the acts of a step. What anyone may do is the reporter's own; an act without an action asks for nobody."""
    actions = [action_of(act) for act in step.acts]
    allowed = [action.roles if action is not None else frozenset({*Role, REPORTER}) for action in actions]
    return {REPORTER if roles == ANYONE else str(role) for roles in allowed for role in roles}


def _limit_findings(node: Node, process: Process) -> Iterator[ModelFinding]:
    name, properties = named(node.called, node.id), node.properties
    clock, amount, unit = properties.get("clock"), properties.get("limit"), properties.get("limit_unit")
    if clock is not None and clock not in CLOCKS_OF_STEPS:
        yield _CLOCK.at(node.id, f"Không có hạn nào tên “{shown(clock)}”.", f"There is no limit called “{shown(clock)}”.", line=node.line)
    if (amount is not None or unit is not None) and not _is_limit(amount or "", unit or ""):
        said = shown(f"{amount or '–'} {unit or '–'}")
        yield _LIMIT.at(
            node.id,
            f"Hạn riêng “{said}” của bước {name.vi} không đúng.",
            f"The limit “{said}” of the step {name.en} is wrong.",
            line=node.line,
        )
    other = properties.get(OTHER_THAN)
    if other is not None and (other == node.id or other not in process.nodes or not process.nodes[other].is_step):
        yield _OTHER.at(
            node.id,
            f"Bước {name.vi} loại trừ người đã làm “{shown(other)}”, nhưng đó không phải bước khác của quy trình này.",
            f"The step {name.en} excludes who did “{shown(other)}”, which is no other step of this process.",
            line=node.line,
        )


def _is_limit(amount: str, unit: str) -> bool:
    return unit in LIMIT_UNITS and amount.isascii() and amount.isdigit() and len(amount) < 7 and 1 <= int(amount) <= MOST_OF[unit]


def defaults_of(root: Any) -> Mapping[str, str]:
    """The default flow of each gateway of the file."""
    return {node.get("id", ""): node.get("default") for node in root.iter(BPMN + "exclusiveGateway") if node.get("default") is not None}
