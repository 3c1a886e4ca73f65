"""The views of the inbox: their names, conditions and counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from casework.bilingual import Bilingual
from casework.states import Standstill
from web.locales import in_reader_language as local
from workflows.desks.inbox import Counts, elements_of, shown_count
from workflows.desks.inbox_filters import NO_FILTER, InboxFilter, InboxQuery

ELEMENT_LABELS = {
    "verify": _l("To verify"),
    "classify": _l("To classify"),
    "call_hotline": _l("Call the hotline"),
    "distribute": _l("To distribute"),
    "decide_hand_back": _l("Handed back"),
    "clear_text": _l("Added by senders"),
    "decide_withdrawal": _l("Withdrawals"),
    "accept_assignment": _l("To accept"),
    "submit_answer": _l("To answer"),
    "endorse_extension": _l("More time: to endorse"),
    "approve_answer": _l("To approve"),
    "decide_extension": _l("More time: to decide"),
    "publish": _l("To publish"),
    "review_rating": _l("Ratings to review"),
    "decide_objection": _l("Objections"),
    "resume": _l("On hold"),
    "close_referral": _l("Referred, to follow up"),
}
"""By element, in the order of the process."""

STANDSTILL_LABELS = {
    Standstill.QUESTION: _l("Waiting for the reporter"),
    Standstill.HOLD: _l("On hold"),
    Standstill.REFERRAL: _l("Referred to another body"),
    Standstill.REFUSED: _l("Not accepted"),
    Standstill.MERGED: _l("Merged"),
}
"""Why a case is on hold, short enough for a tag."""


@dataclass(frozen=True)
class View:
    """One line of the left column: a view of the inbox, or with `url` something else that may wait. `counted` says what the number counts;
    what `calls` is told above the list, too."""

    key: str
    words: str
    count: str
    is_late: bool = False
    url: str = ""
    counted: str = ""
    calls: bool = False


def wanted_of(view: str, chosen: InboxFilter = NO_FILTER) -> InboxQuery:
    """The conditions of a view together with the chosen filter; an unknown word is taken for a model element."""
    match view:
        case "all":
            return InboxQuery(chosen=chosen)
        case "mine":
            return InboxQuery(only_mine=True, chosen=chosen)
        case "soon":
            return InboxQuery(only_soon=True, chosen=chosen)
        case "late":
            return InboxQuery(only_late=True, chosen=chosen)
        case "frozen":
            return InboxQuery(only_frozen=True, chosen=chosen)
        case "unconfirmed":
            return InboxQuery(only_unconfirmed=True, chosen=chosen)
        case _:
            return InboxQuery(element=view[:80], chosen=chosen)


def views_of(counts: Counts, names: Mapping[str, Bilingual] = MappingProxyType({})) -> list[View]:
    """The left column: all, one's own, per step, due soon, late, and what is paused with its case.

    `names` are those of steps that administrators drew or renamed.
    """
    waiting = elements_of(counts, ELEMENT_LABELS)
    steps_waiting = [View(key, element_label(key, names.get(key)), shown_count(counts.elements[key])) for key in waiting]
    return [
        View("all", view_words("all"), shown_count(counts.all)),
        View("mine", view_words("mine"), shown_count(counts.mine)),
        *steps_waiting,
        View("soon", view_words("soon"), shown_count(counts.soon)),
        View("late", view_words("late"), shown_count(counts.late), is_late=counts.late > 0),
        View("frozen", view_words("frozen"), shown_count(counts.frozen)),
    ]


def view_words(view: str) -> str:
    """The name of a view of several elements; empty for that of one."""
    names: dict[str, str] = {
        "all": _("All my tasks"), "mine": _("Taken by me"), "soon": _("Due soon"), "late": _("Late"), "unconfirmed": _("Not confirmed"),
        "frozen": _("Paused, waiting"),
    }  # fmt: skip
    return names.get(view, "")


def element_label(element: str, name: Bilingual | None = None) -> str:
    """The name of the view of one step: the given name, else the program's own, else its id."""
    return local(name) if name is not None else str(ELEMENT_LABELS.get(element) or element)
