"""Where an administrator may set a token of a case as it stands: never past the step whose outcome the case still lacks."""

from collections.abc import Collection

from SpiffWorkflow.specs.base import TaskSpec

from casework.states import ANSWERED_STATES
from casework.words import Bilingual
from workflows.definitions import Definition
from workflows.instances import ASSIGNMENT, CASE
from workflows.models import ProcessInstance
from workflows.token_moves import entry_of

SETTLED_BY = {CASE: frozenset({"publish"}), ASSIGNMENT: frozenset({"approve_answer", "decide_hand_back", "assignment_ended"})}
"""By process the steps, and the message, with which its subject is settled: without one of them it must not come to its end."""

UNANSWERED = Bilingual(
    "Không chuyển được đến đó: quy trình sẽ kết thúc khi chưa công bố và chưa trả lời riêng.",
    "It cannot be set there: the process would end with nothing published and nobody answered privately.",
)
UNAPPROVED = Bilingual(
    "Không chuyển được đến đó: quy trình của đơn vị sẽ kết thúc khi chưa có trả lời được duyệt và đơn vị chưa được trả việc.",
    "It cannot be set there: the agency's process would end with no answer approved and the agency not released.",
)
SETTLED = Bilingual(
    "Không chuyển được về đó: việc của đơn vị đã xong, các bước trước không làm lại được.",
    "It cannot be set back there: the agency's work is over, and the steps before cannot be done again.",
)


def reason_against(source: str, target: str, instance: ProcessInstance, definition: Definition) -> Bilingual | None:
    """Return why a token must not be set from one element to another of its line as the case stands; None where it may.

    What is asked is the graph alone. While the subject is not settled, a target is refused from which an end can be reached past
    every settling step, unless that is so where the token stands already. Once an agency's work is over, a target is refused from
    which every way leads through such a step: nobody could do it.
    """
    spec, settling = definition.specs[instance.process_id], SETTLED_BY[instance.process_id]
    ends = frozenset(each.id for each in definition.elements.values() if each.kind == "endEvent")
    onward, came_by = (_reached(entry_of(spec, each), settling) for each in (target, source))
    if not _is_settled(instance):
        skips = bool(onward & ends) and not came_by & ends
        return (UNANSWERED if instance.process_id == CASE else UNAPPROVED) if skips else None
    return SETTLED if instance.process_id == ASSIGNMENT and onward & settling and not onward & ends else None


def _is_settled(instance: ProcessInstance) -> bool:
    if instance.assignment is not None:
        return instance.assignment.ended_at is not None
    return (instance.case.state_before or instance.case.state) in ANSWERED_STATES


def _reached(start: TaskSpec, settling: Collection[str]) -> set[str]:
    """The elements and messages that can be reached from one, itself included; the ways stop at what settles."""
    seen: dict[str, set[str]] = {}
    ahead = [start]
    while ahead:
        spec = ahead.pop()
        if spec.name not in seen:
            names = seen[spec.name] = {spec.name, getattr(getattr(spec, "event_definition", None), "name", None) or spec.name}
            if names.isdisjoint(settling):
                ahead += spec.outputs
    return set().union(*seen.values())
