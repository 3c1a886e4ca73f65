"""Acts on the case other than the step: the links under "Other ways" in its bar, and merging into a similar case."""

from casework.bilingual import Bilingual
from casework.casefile.possible_acts import PossibleAct
from casework.intake.similar_cases import Alike
from casework.merging.merge import why_not_into
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


def with_ways(case: Case, alike: list[Alike], *, can_merge: bool) -> list[tuple[Alike, bool, Bilingual | None]]:
    """Similar cases, each with whether this one can be merged into it, and the rule that forbids it."""
    found = []
    for each in alike:
        why_not = why_not_into(case, each.case) if can_merge else None
        found.append((each, can_merge and why_not is None, why_not))
    return found
