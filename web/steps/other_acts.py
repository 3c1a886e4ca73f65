"""What else may be done with a case than the step at hand: the links under "Other ways" in the bar of a step."""

from casework.casefile.possible_acts import PossibleAct
from casework.models import Case
from web.act_page import CASE, ActPage
from web.clock import now
from web.guards import actor
from web.steps.acts import PAGES
from workflows.running.hearing import acts_to_offer

LEFT_OUT = frozenset({"direct", "apologise"})
"""Beside the work of a step, not instead of it."""

Link = tuple[PossibleAct, type[ActPage]]


def other_acts(case: Case) -> list[Link]:
    """The acts on the case as a whole, or on one of its reports, that the person may do now; before anything is published."""
    possible = acts_to_offer(case, actor(), now(), publications=())
    return [(each, PAGES[each.verb]) for each in possible if PAGES[each.verb].about == CASE and each.verb not in LEFT_OUT]
