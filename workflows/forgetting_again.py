"""After an older backup was restored, repeats the erasures and removals recorded in the separate erasure log.

Content due for masking under the retention rules is masked as well. Each line is a unit of work of its own, so this may be interrupted and
started again.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from casework.area_news.subscribing import unsubscribe_again
from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.erasure.quarantine import erase_handed_over, take_out
from casework.models import Case
from casework.permissions import SYSTEM
from casework.rights.erasing_again import erase_account_again, erase_report_again
from casework.rights.masking import mask_old_identities
from casework.upkeep.erasure_log import ACCOUNT, AREA, HAND_OVER, QUARANTINE, REPORT, ErasureEntry, handed_over_at
from workflows.running.acts import follow
from workflows.running.hearing import heard_in

Again = Callable[..., bool | None]


@dataclass
class Applied:
    """The results by line: repeated, already done, about something younger than the backup, or left for somebody to look at."""

    done: Counter[str] = field(default_factory=Counter)
    already: int = 0
    younger: int = 0
    left: list[ErasureEntry] = field(default_factory=list)
    masked: int = 0


def forget_again(lines: Iterable[ErasureEntry], *, now: datetime) -> Applied:
    """Repeat every line in order, then mask what is due."""
    applied = Applied()
    for line in lines:
        with unit_of_work():
            result = AGAIN[line.kind](line.subject, now=now)
            is_left = result is False and line.kind == QUARANTINE and not _is_out(line.subject)
        if is_left:
            applied.left.append(line)
        elif result is None:
            applied.younger += 1
        elif result:
            applied.done[line.kind] += 1
        else:
            applied.already += 1
    applied.masked = mask_old_identities(now)
    return applied


def _take_out_again(ref: str, *, now: datetime) -> bool | None:
    case_id = db.session.scalar(select(Case.id).where(Case.ref == ref))
    if case_id is None:
        return None
    case = lock_case(case_id)
    # a merged case goes with its main case
    if case.quarantined_at is not None or case.merged_into_id is not None:
        return False
    with heard_in(case, "quarantine", None):
        merged = take_out(case, by=SYSTEM, now=now)["merged"]
    for each in (case, *(lock_case(id_) for id_ in merged if isinstance(merged, list))):  # type: ignore[attr-defined]
        follow(each, now=now)
    return True


def _erase_handed_over_again(ref: str, *, now: datetime) -> bool | None:
    case_id = db.session.scalar(select(Case.id).where(Case.ref == ref))
    if case_id is None:
        return None
    case = lock_case(case_id)
    if case.quarantined_at is None or handed_over_at(case) is not None:
        return False
    erase_handed_over(case, by=SYSTEM, now=now)
    return True


def _is_out(ref: str) -> bool:
    return db.session.scalar(select(Case.quarantined_at).where(Case.ref == ref)) is not None


AGAIN: dict[str, Again] = {
    ACCOUNT: erase_account_again, REPORT: erase_report_again, QUARANTINE: _take_out_again, HAND_OVER: _erase_handed_over_again,
    AREA: unsubscribe_again,
}  # fmt: skip
