"""Where a token of a case may stand, given the rows of the case: never past a verification, an approval or a publication it still lacks.

The same guard serves a token an administrator moves (mending) and a case that moves to another version (moving).
"""

from collections.abc import Collection

from casework.bilingual import Bilingual
from casework.cases import answered_this_round
from casework.states import ANSWERED_STATES
from workflows.bindings import ASSIGNMENT
from workflows.definitions.process import Definition
from workflows.models import ProcessInstance
from workflows.moving.leaps import FINISHED, PUBLISHED, SETTLED, VERIFIED, RequiredStep, has_passed, label_of, leapt_over, skipping
from workflows.moving.net import AT, Net, Spot, nets_of

UNANSWERED = Bilingual(
    "Không chuyển được đến đó: quy trình sẽ kết thúc khi chưa công bố và chưa trả lời riêng.",
    "It cannot be set there: the process would end with nothing published and nobody answered privately.",
)
UNAPPROVED = Bilingual(
    "Không chuyển được đến đó: quy trình của đơn vị sẽ kết thúc khi chưa có trả lời được duyệt và đơn vị chưa được trả việc.",
    "It cannot be set there: the agency's process would end with no answer approved and the agency not released.",
)
OVER = Bilingual(
    "Không chuyển được về đó: việc của đơn vị đã xong, các bước trước không làm lại được.",
    "It cannot be set back there: the agency's work is over, and the steps before cannot be done again.",
)
UNFINISHED = Bilingual(
    "Không chuyển được đến đó: còn đơn vị đang xử lý, hoặc chưa có trả lời nào được duyệt.",
    "It cannot be set there: an agency is still at work, or no answer has been approved.",
)
_SAID = {PUBLISHED: UNANSWERED, SETTLED: UNAPPROVED, FINISHED: UNFINISHED}


def reason_against(source: str, target: str, instance: ProcessInstance, definition: Definition) -> Bilingual | None:
    """Return why a token must not be moved from one element to another of its line; None if it may.

    Refused is a move past something the case lacks, unless the token stands past it already, and a move of an agency's token before the end
    of its work once that is over, where nobody could do the step.
    """
    net = nets_of(definition)[instance.process_id]
    stood, stands = (AT, net.behind_gateway(source) or source), (AT, net.behind_gateway(target) or target)
    for owed in leapt_over(net, [stood], net, stands):
        if owed.is_core and not _is_done(owed, instance):
            return _SAID.get(owed) or skipping(label_of(net, owed.element))
    return OVER if _is_settled_again(instance, net, target) else None


def reason_against_standing(
    instance: ProcessInstance, old: Net, stood: Collection[Spot], new: Net, stands: Collection[Spot]
) -> Bilingual | None:
    """Return why the tokens of an instance must not come to stand so in another version; None if they may.

    In addition to the nets (`Pair.plan`), the rows decide: past nothing they say is lacking, wherever the token stood. Only that
    the agencies have finished is not asked again where the token stood past it.
    """
    for spot in sorted(stands):
        for owed in (VERIFIED, PUBLISHED, SETTLED):
            if has_passed(new, spot, owed.nodes_in(new)) and not _is_done(owed, instance):
                return _SAID.get(owed) or skipping(label_of(new, owed.element))
        was_finished = any(has_passed(old, each, FINISHED.nodes_in(old)) for each in stood)
        if not was_finished and has_passed(new, spot, FINISHED.nodes_in(new)) and not _is_done(FINISHED, instance):
            return UNFINISHED
        if spot not in stood and spot[0] == AT and _is_settled_again(instance, new, spot[1]):
            return OVER
    return None


def _is_done(owed: RequiredStep, instance: ProcessInstance) -> bool:
    """Whether the rows say that the requirement is met for the subject of an instance."""
    if instance.assignment is not None:
        return instance.assignment.ended_at is not None
    case = instance.case
    is_answered = (case.state_before or case.state) in ANSWERED_STATES
    if owed is VERIFIED:
        return is_answered or case.accepted_at is not None
    if owed is FINISHED:
        return is_answered or (answered_this_round(case) and not case.open_assignments)
    return is_answered if owed is PUBLISHED else False


def _is_settled_again(instance: ProcessInstance, net: Net, target: str) -> bool:
    """Whether an agency whose work is over would return to before a step that ends it."""
    if instance.process_id != ASSIGNMENT or instance.assignment is None or instance.assignment.ended_at is None:
        return False
    settling = SETTLED.nodes_in(net)
    onward = net.graph.reach([target], lambda node: () if node in settling else net.graph.after(node))
    return bool(onward & settling) and not any(net.nodes[node].kind == "endEvent" for node in onward)
