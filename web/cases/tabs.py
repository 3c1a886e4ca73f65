"""The parts of a case below its agencies: each has an address of its own, and is read when it is shown."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from flask import request, url_for
from flask_babel import lazy_gettext as _l

from casework.casefile.exchanges import Dealings
from casework.models import Case
from casework.verbs import HistoryKind

ANSWERS, EXCHANGE, LIMITS, DOCUMENTS, HISTORY = "answers", "exchange", "limits", "documents", "history"
ALL = "all"
"""Every part on one page: to read through, to search in, for paper."""

NAMES = {
    ANSWERS: _l("Answers"), EXCHANGE: _l("Exchange"), LIMITS: _l("Limits"), DOCUMENTS: _l("Documents"), HISTORY: _l("History"),
}  # fmt: skip
HISTORY_KINDS = {
    None: _l("Everything"),
    HistoryKind.DECISIONS: _l("Decisions"),
    HistoryKind.MESSAGES: _l("Messages"),
    HistoryKind.LIMITS: _l("Limits"),
}


@dataclass(frozen=True, slots=True)
class Tab:
    """One part: its address, how many things stand in it (None where counting would need a read of its own), how many of them name
    the reader, who has not seen it, and how many words of an exchange are new for their desk."""

    key: str
    words: str
    address: str
    number: int | None
    is_current: bool
    named: int = 0
    new: int = 0


def tab_asked() -> str:
    """The part that the address names; the answers where it names none."""
    asked = request.args.get("tab", "")
    if asked in NAMES or asked == ALL:
        return asked
    return HISTORY if "history" in request.args else ANSWERS


def history_kind() -> HistoryKind | None:
    asked = request.args.get("history", "")
    return HistoryKind(asked) if asked in set(HistoryKind) else None


def tabs_of(
    case: Case, asked: str, numbers: Mapping[str, int | None], there: Collection[str], *, named: int = 0, new: int = 0
) -> list[Tab]:
    """The parts that the reader has something in, and which of them is shown: the first where the one asked for is empty."""
    keys = [key for key in NAMES if key in there]
    current = asked if asked in keys or asked == ALL else keys[0] if keys else ""
    return [
        Tab(key, str(NAMES[key]), _address(case, key), numbers.get(key) or None, key == current,
            named if key == EXCHANGE else 0, new if key == EXCHANGE else 0)
        for key in keys
    ]  # fmt: skip


def _address(case: Case, key: str) -> str:
    return url_for("cases.case", ref=case.ref, tab=None if key == ANSWERS else key)


def exchanged(dealings: Dealings) -> int:
    """How many questions, additions, wishes and decisions beside the steps there are."""
    lists: tuple[Sequence[object], ...] = (
        dealings.questions, dealings.additions, dealings.withdrawals, dealings.refusals, dealings.directives, dealings.holds,
        dealings.referrals,
    )  # fmt: skip
    return sum(map(len, lists))

