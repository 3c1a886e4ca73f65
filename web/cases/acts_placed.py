"""Acts on the case page, each beside what it is about: over the agencies, in a row, in the tab it belongs to, or under the whole case."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from casework.casefile.possible_acts import PossibleAct
from casework.models import Case, Publication
from web.clock import now
from web.guards import actor
from web.steps.act_page import ActPage
from web.steps.acts import PAGES
from workflows.models import ProcessVersion
from workflows.running.hearing import acts_to_offer

Link = tuple[PossibleAct, type[ActPage]]

OVER_AGENCIES = ("remind_all", "add_agency")
IN_TAB = {"direct": "exchange", "apologise": "documents", "publish_interim": "answers"}
RARE = ("merge", "refer", "pass_on", "refuse", "split", "quarantine")
"""After the others under the whole case."""


@dataclass(frozen=True, slots=True)
class PlacedActs:
    """The acts a person may do now, by place; each stands once. `by_row` and `by_publication` are by the row of what they are about."""

    whole: list[Link] = field(default_factory=list)
    rare: list[Link] = field(default_factory=list)
    over: list[Link] = field(default_factory=list)
    by_row: dict[int, list[Link]] = field(default_factory=dict)
    by_publication: dict[int, list[Link]] = field(default_factory=dict)
    by_tab: dict[str, list[Link]] = field(default_factory=dict)

    def of_row(self, row_id: int) -> list[Link]:
        """Those about one agency's work."""
        return self.by_row.get(row_id, [])


def acts_placed(case: Case, publications: Sequence[Publication], *, version: ProcessVersion | None = None) -> PlacedActs:
    """What the reader may do now, placed."""
    return placed((each, PAGES[each.verb]) for each in acts_to_offer(case, actor(), now(), publications=publications, version=version))


def placed(links: Iterable[Link]) -> PlacedActs:
    """Place acts; whatever has no place of its own is about the whole case."""
    found = PlacedActs()
    for possible, page in links:
        if possible.assignment is not None:
            found.by_row.setdefault(possible.assignment.id, []).append((possible, page))
        elif possible.publication is not None:
            found.by_publication.setdefault(possible.publication.id, []).append((possible, page))
        elif possible.verb in IN_TAB:
            found.by_tab.setdefault(IN_TAB[possible.verb], []).append((possible, page))
        elif possible.verb in OVER_AGENCIES:
            found.over.append((possible, page))
        else:
            (found.rare if possible.verb in RARE else found.whole).append((possible, page))
    found.over.sort(key=lambda link: OVER_AGENCIES.index(link[0].verb))
    return found
