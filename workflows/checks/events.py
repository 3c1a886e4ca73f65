"""Checks of timers and messages: the time can come, and the message is one the software can state."""

import ast
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from SpiffWorkflow.bpmn.specs.event_definitions.timer import TimerEventDefinition

from casework.bilingual import Bilingual
from workflows.bindings import Bindings
from workflows.checks.diagram import Node, Process
from workflows.checks.expressions import LETTERS, Scope, moment_finding, refused_text
from workflows.checks.values import Values
from workflows.definitions.expressions import checked
from workflows.definitions.findings import ModelFinding, Rule, named, shown
from workflows.definitions.vocabulary import BPMN, SPIFF, place_of

MOST_DAYS = 731
MOST_REPEATS = 100
SHORTEST_ROUND = 1 / 24
"""In days: an hour, the least interval of a repeating event."""
FIRST_MESSAGE = "assigned"
_DURATION = re.compile(
    r"P(?=.)(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?(?:T(?=.)(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,8})S)?)?"
)
_IN_DAYS = (365, 31, 7, 1, 1 / 24, 1 / 1440, 1 / 86400)

_TIMER = Rule(
    "timer_form",
    Bilingual(
        "Thời gian viết sai thì hồ sơ dừng vì lỗi khi đến đây.", "A time written wrongly stops the case with a fault when it gets here."
    ),
    Bilingual(
        'Viết trong dấu ngoặc kép: "PT4H" là 4 giờ, "P3D" là 3 ngày, "2026-12-31T17:00:00+07:00" là một thời điểm.',
        'Write it in quotes: "PT4H" for 4 hours, "P3D" for 3 days, "2026-12-31T17:00:00+07:00" for an instant.',
    ),
)
_LENGTH = Rule(
    "timer_length",
    Bilingual("Thời gian chờ phải lớn hơn không và không quá hai năm.", "A wait is longer than nothing and at most two years."),
    Bilingual("Sửa lại khoảng thời gian.", "Change the length of the wait."),
)
_FIXED_DAY = Rule(
    "timer_fixed_day",
    Bilingual("Qua ngày đó, mọi hồ sơ đến đây sẽ hết hạn ngay.", "After that day the time is over at once for every case that comes here."),
    Bilingual(
        'Dùng khoảng thời gian như "P3D" nếu ý là tính từ lúc hồ sơ đến đây.',
        'Use a length such as "P3D" where a wait from now on is meant.',
    ),
    is_error=False,
)
_CYCLE = Rule(
    "timer_cycle",
    Bilingual(
        "Lặp mãi, hoặc lặp ở chỗ kết thúc bước, làm một hồ sơ thành nhiều nhánh không dừng.",
        "Repeating for ever, or where it ends the step, splits one case into branches that never stop.",
    ),
    Bilingual(
        'Chỉ lặp ở sự kiện không ngắt gắn trên bước, có số lần: "R3/P1D" là ba lần, mỗi ngày một lần.',
        'Repeat only in an event on the edge of a step that does not end it, and so many times: "R3/P1D" is three times, each day one.',
    ),
)
_CYCLE_SHORT = Rule(
    "timer_cycle_short",
    Bilingual("Mỗi lần lặp được ghi mãi trong hồ sơ và làm phiền người nhận; lặp dưới một giờ thì hồ sơ nặng dần.",
              "Each time stays written in the case and comes to somebody; more often than hourly a case grows heavy."),
    Bilingual('Lặp cách nhau ít nhất một giờ (“PT1H”), ví dụ "R3/P1D".', 'Repeat once an hour (“PT1H”) or less often, such as "R3/P1D".'),
)  # fmt: skip
_MESSAGE = Rule(
    "message_unknown",
    Bilingual("Sự kiện chỉ xảy ra khi phần mềm biết điều nó chờ; tin lạ thì chờ mãi.",
              "An event happens only if the software knows what it waits for; a strange message is waited for for ever."),
    Bilingual("Chọn một tin trong danh sách của trình sửa.", "Choose one of the messages the editor lists."),
)  # fmt: skip
_PAYLOAD = Rule(
    "message_payload",
    Bilingual(
        "Không ai nhận tin do hình vẽ gửi đi, nên nội dung tin không có tác dụng.",
        "Nobody gets messages that a drawing sends, so what they hold is lost.",
    ),
    Bilingual("Xóa phần này.", "Delete it."),
)


def timer_findings(process: Process, values: Values) -> Iterator[ModelFinding]:
    for node in process.nodes.values():
        if node.timer is not None:
            yield from _timer_findings(node, *node.timer, Scope(values.known, values.sure[node.id]))


def message_findings(root: Any, bindings: Bindings) -> Iterator[ModelFinding]:
    """Yield message events whose message is undeclared or cannot be stated in their process."""
    names = {message.get("id"): message.get("name") for message in root.iter(BPMN + "message")}
    for process in root.iter(BPMN + "process"):
        for definition in process.iter(BPMN + "messageEventDefinition"):
            name = names.get(definition.get("messageRef"))
            is_start = definition.getparent().tag == BPMN + "startEvent"
            fact = bindings.facts.get(name or "")
            if (is_start and name == FIRST_MESSAGE) or (not is_start and fact is not None and fact.process_id == process.get("id")):
                continue
            said = shown(name or definition.get("messageRef") or "–")
            yield _MESSAGE.at(
                place_of(definition.getparent()),
                f"Tin “{said}” không có trong quy trình “{shown(process.get('id'))}”.",
                f"The message “{said}” is not one of the process “{shown(process.get('id'))}”.",
                line=definition.sourceline,
            )
    for payload in root.iter(SPIFF + "messagePayload"):
        yield _PAYLOAD.at(
            place_of(payload), "Sự kiện này gửi nội dung tin.", "This event sends what a message holds.", line=payload.sourceline
        )


def _timer_findings(node: Node, kind: str, text: str, scope: Scope) -> Iterator[ModelFinding]:
    name = named(node.called, node.id)
    if (refused := refused_text(text, element=node.id, line=node.line)) is not None:
        yield refused if refused.check == LETTERS else _TIMER.at(
            node.id,
            f"Thời gian “{shown(text)}” của {name.vi} không đọc được.",
            f"The time “{shown(text)}” of {name.en} cannot be read.",
            line=refused.line,
        )
        return
    tree = checked(text)
    literal = tree.value if isinstance(tree, ast.Constant) and isinstance(tree.value, str) else None
    if literal is None and kind == "timeDate":
        finding = moment_finding(text, scope, element=node.id, line=node.line)
        if finding is not None:
            yield finding
    elif literal is None:
        yield _TIMER.at(
            node.id,
            f"Khoảng thời gian của {name.vi} phải viết trong dấu ngoặc kép.",
            f"The length of {name.en} is written in quotes.",
            line=node.line,
        )
    elif kind == "timeDate":
        yield from _date_findings(node, name, literal)
    elif kind == "timeDuration":
        yield from _duration_findings(node, name, literal)
    else:
        yield from _cycle_findings(node, name, literal)


def _date_findings(node: Node, name: Bilingual, literal: str) -> Iterator[ModelFinding]:
    try:
        moment = datetime.fromisoformat(literal)
        is_readable = "W" not in literal.upper() and moment.tzinfo is not None and 2020 <= moment.year <= 2100
    except ValueError:
        is_readable = False
    if not is_readable:
        yield _TIMER.at(
            node.id,
            f"Thời điểm “{shown(literal)}” của {name.vi} không đúng.",
            f"The instant “{shown(literal)}” of {name.en} is none.",
            line=node.line,
        )
    else:
        yield _FIXED_DAY.at(node.id, f"{name.vi} chờ một ngày cố định.", f"{name.en} waits for a fixed day.", line=node.line)


def _duration_findings(node: Node, name: Bilingual, literal: str) -> Iterator[ModelFinding]:
    days = days_of(literal)
    if days is None:
        yield _TIMER.at(
            node.id,
            f"Khoảng thời gian “{shown(literal)}” của {name.vi} không đúng.",
            f"The length “{shown(literal)}” of {name.en} is none.",
            line=node.line,
        )
    elif not 0 < days <= MOST_DAYS:
        yield _LENGTH.at(node.id, f"{name.vi} chờ “{shown(literal)}”.", f"{name.en} waits “{shown(literal)}”.", line=node.line)


def _cycle_findings(node: Node, name: Bilingual, literal: str) -> Iterator[ModelFinding]:
    match = re.fullmatch(r"R(\d{1,6})/(P[^/]*)", literal)
    if match is None or not 1 <= int(match[1]) <= MOST_REPEATS or node.kind != "boundaryEvent" or node.interrupts:
        yield _CYCLE.at(node.id, f"{name.vi} lặp lại “{shown(literal)}”.", f"{name.en} repeats “{shown(literal)}”.", line=node.line)
        return
    yield from _duration_findings(node, name, match[2])
    days = days_of(match[2])
    if days is not None and 0 < days < SHORTEST_ROUND:
        yield _CYCLE_SHORT.at(
            node.id, f"{name.vi} lặp cách nhau dưới một giờ.", f"{name.en} repeats more often than once an hour.", line=node.line
        )
    if days is not None and days <= MOST_DAYS < days * int(match[1]):
        yield _LENGTH.at(
            node.id, f"{name.vi} lặp “{shown(literal)}”, tất cả quá hai năm.",
            f"{name.en} repeats “{shown(literal)}”, over two years in all.", line=node.line,
        )  # fmt: skip


def days_of(literal: str) -> float | None:
    """Return a duration in days, None if the text is no duration or the engine cannot read it."""
    match = _DURATION.fullmatch(literal)
    if match is None or not any(match.groups()):
        return None
    try:
        TimerEventDefinition.parse_iso_duration(literal)
    except Exception:  # the engine raises the bare class
        return None
    return sum(int(amount or 0) * length for amount, length in zip(match.groups(), _IN_DAYS, strict=True))
