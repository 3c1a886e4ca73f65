"""Calling the hotline for an urgent case, and the calls that were made (rules.md, section 5)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.models import Case, HotlineCall
from casework.permissions import Action, Actor, require
from casework.text import normal
from casework.triage import sentences
from casework.verbs import MESSAGE, Input, Verb


class HotlineIncomplete(CaseworkError):
    """A hotline call needs the person called and what was said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallHotlineInput(Input):
    number: str
    spoke_to: str
    reached: bool
    what: str
    again: bool = False


@Verb("call_hotline", Action.CALL_HOTLINE, kinds=MESSAGE, staff=sentences.hotline_called, public=sentences.hotline_reached)
def call_hotline(case: Case, given: CallHotlineInput, *, by: Actor, now: datetime) -> dict[str, object]:
    """Record a call to the hotline for an urgent case: who, whom, when, what. If nobody is reached, the task stays open.

    `again`: somebody answered, but is to be called again, because whoever is on duty was not there or it was not settled. That is
    not reached, and what tells it from a call nobody answered is the name of who did.
    Records `call_hotline`. Raises HotlineIncomplete. Source: rules.md, section 5, "urgent with hotline reached / not reached".
    """
    require(by, Action.CALL_HOTLINE, case)
    number, spoke_to, what = normal(given.number), normal(given.spoke_to), normal(given.what)
    if not number or not what or ((given.reached or given.again) and not spoke_to):
        raise HotlineIncomplete(
            "Vui lòng ghi số đã gọi, người nghe máy và nội dung trao đổi.",
            "Please write the number called, who answered and what was said.",
            about="number" if not number else "what" if not what else "spoke_to",
        )
    has_answered = given.reached or given.again
    call = HotlineCall(
        case_id=case.id, called_by_id=by.account_id, called_at=now, number=number, spoke_to=spoke_to if has_answered else None,
        reached=given.reached, what=what,
    )  # fmt: skip
    db.session.add(call)
    record(case, "call_hotline", by=by, at=now, reached=given.reached, **({"again": True} if given.again and not given.reached else {}))
    if given.reached:
        case.hotline_owed = False
    return {"reached": given.reached}


def hotline_calls(case: Case) -> list[HotlineCall]:
    query = select(HotlineCall).where(HotlineCall.case_id == case.id).options(joinedload(HotlineCall.called_by))
    return list(db.session.scalars(query.order_by(HotlineCall.id)))
