"""The links under "Other ways" in a step's bar: acts on the case other than the step."""

from casework.casefile.possible_acts import PossibleAct
from casework.models import Case
from web.clock import now
from web.guards import actor
from web.steps.act_page import CASE, ActPage
from web.steps.acts import PAGES
from workflows.running.hearing import acts_to_offer

Link = tuple[PossibleAct, type[ActPage]]


def other_acts(case: Case) -> list[Link]:
    """The acts on the case or one of its reports that the person may perform now, before anything is published."""
    possible = acts_to_offer(case, actor(), now(), publications=())
    links = [(each, PAGES[each.verb]) for each in possible]
    return [(each, page) for each, page in links if page.about == CASE and page.is_other_way]
