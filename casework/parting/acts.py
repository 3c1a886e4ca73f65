"""Splitting a part off a case, for another body to answer by itself."""

from dataclasses import dataclass
from datetime import datetime

from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.intake.file_report import Place, file_report
from casework.models import Case
from casework.parts import MOST_PARTS, parts_of
from casework.permissions import Action, Actor, require
from casework.sentences import Known, Payload, Said, says
from casework.states import AT_AGENCIES
from casework.text import normal
from casework.verbs import DECISION, Input, Situation, Verb

LONGEST_WORDS = 2_000


class PartRefused(CaseworkError):
    """No part can be split off like this; the text says why."""


def can_be_divided(at: Situation) -> bool:
    """While agencies work on it and one has accepted: before, it may still be refused; a part is not divided again."""
    case = at.case
    is_at_work = at.is_under_way and case.state in AT_AGENCIES and any(row.accepted_at is not None for row in case.assignments)
    return is_at_work and case.parent_id is None and not case.withdrawal_asked and len(parts_of(case)) < MOST_PARTS


@dataclass(frozen=True, slots=True, kw_only=True)
class DivideInput(Input):
    words: str


def _divided(payload: Payload, known: Known) -> Said:
    code = payload.get("part", "")
    return says(f"Tách một phần thành hồ sơ {code}", f"Split off a part as case {code}")


@Verb("divide", Action.DIVIDE, kinds=DECISION, staff=_divided, is_act=True, needs=("assignments_finished",), offered=can_be_divided)
def divide(case: Case, given: DivideInput, *, by: Actor, now: datetime) -> dict[str, object]:
    """Split a part off, which another body answers for itself: a case with its own code, field, agencies and limit.

    The part has no reporter and none of the sender's words: `words` are what the operator writes of it. It lies where the case lies. The
    case waits for it before it is published. Records `divide` with the code. Returns the part's row as `started`, for its process to
    begin. Raises PartRefused.
    """
    require(by, Action.DIVIDE, case)
    words = normal(given.words)
    if not words or len(words) > LONGEST_WORDS:
        raise PartRefused(
            f"Vui lòng ghi nội dung phần được tách, tối đa {LONGEST_WORDS} ký tự.",
            f"Please write what the part is about, {LONGEST_WORDS} characters at most.",
            about="words",
        )
    if case.quarantined_at is not None or not can_be_divided(Situation(case, by, now, lambda: ())):
        raise PartRefused(
            "Chỉ tách khi có đơn vị đã tiếp nhận và hồ sơ đang xử lý; một phần đã tách thì không tách tiếp.",
            "A part is split off while agencies work on the case and one has accepted; a part is not divided again.",
        )
    place = Place(case.area, case.village, case.place, case.latitude, case.longitude)
    filed = file_report(centre=case.centre, source="officer", words=words, place=place, by=by, now=now, parent=case)
    case.is_divided = True
    record(case, "divide", by=by, at=now, part=filed.case.code)
    db.session.flush()
    return {"started": filed.case.id}
