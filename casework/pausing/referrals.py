"""Referring a matter to a body outside the centre and watching it until its result is known (rules.md, section 4, "Pauses")."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.cases import refuse_unless_open
from casework.clocks.limit_changes import limits_moved, limits_of
from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.models import Case, Referral
from casework.outbox import tell_reporters
from casework.parts import open_parts
from casework.pausing.standstills import end_case, go_on, stand_still
from casework.permissions import Action, Actor, require
from casework.sentences import always
from casework.states import AssignmentEnd, CaseState, Pause
from casework.text import normal
from casework.verbs import DECISION, Input, Situation, Verb

LONGEST_BODY = 200
LONGEST_WORDS = 2_000
DONE_ELSEWHERE = "Cơ quan khác đã giải quyết; đơn vị không cần tiếp tục."


NOT_REFERRED = Bilingual("Hồ sơ không ở cơ quan khác.", "The case is with no other body.")


class ReferralRefused(CaseworkError):
    """The case cannot be referred, closed or taken back like this; the text says why."""


def can_be_referred(at: Situation) -> bool:
    """As long as it is under way and no part of it is open."""
    return at.is_under_way and not open_parts(at.case)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferInput(Input):
    body: str
    reason: str


@Verb(
    "refer", Action.REFER, kinds=DECISION, about_limit=True,
    staff=always("Chuyển cơ quan khác", "Referred it to another body", is_main=True),
    public=always("Trung tâm chuyển cơ quan khác", "The centre referred it to another body", is_main=True),
    is_act=True, needs=("referred",), offered=can_be_referred,
)  # fmt: skip
def refer(case: Case, given: ReferInput, *, by: Actor, now: datetime) -> None:
    """Refer the matter to another body; the case and its limits pause until its result is known.

    `body` and `reason` are read by the reporters. Records `refer` without them. Raises CaseNotOpen, ReferralRefused, also while a part of
    the case is open: what another body settles would leave it without its case.
    """
    require(by, Action.REFER, case)
    refuse_unless_open(case)
    if open_parts(case):
        raise ReferralRefused(
            "Hồ sơ còn phần tách ra đang được xử lý. Xin nhập lại hoặc chờ các phần đó xong rồi mới chuyển.",
            "Parts of the case are still being handled. Join them again, or wait until they are done, before you refer it.",
        )
    body, reason = normal(given.body), normal(given.reason)
    if not body or len(body) > LONGEST_BODY or not reason or len(reason) > LONGEST_WORDS:
        raise ReferralRefused(
            f"Vui lòng ghi cơ quan nhận (tối đa {LONGEST_BODY} ký tự) và lý do chuyển (tối đa {LONGEST_WORDS} ký tự).",
            f"Please write the body ({LONGEST_BODY} characters at most) and the reason ({LONGEST_WORDS} at most).",
            about="reason" if body and len(body) <= LONGEST_BODY else "body",
        )
    db.session.add(Referral(case_id=case.id, body=body, reason=reason, referred_by_id=by.account_id, referred_at=now))
    record(case, "refer", by=by, at=now)
    stand_still(case, Pause.REFERRAL, at=now, state=CaseState.REFERRED)
    tell_reporters(case, "report_referred", at=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseReferralInput(Input):
    result: str


@Verb(
    "close_referral", Action.REFER, kinds=DECISION,
    staff=always("Cơ quan khác đã giải quyết, kết thúc hồ sơ", "Another body settled it; the case is closed", is_main=True),
    public=always("Kết thúc, cơ quan khác đã giải quyết", "Closed: another body has settled it", is_main=True),
)  # fmt: skip
def close_referral(case: Case, given: CloseReferralInput, *, by: Actor, now: datetime) -> dict[str, object]:
    """Close the case with the other body's result, which its reporters read.

    Records `close_referral`; ends every clock and assignment. Raises ReferralRefused without a result or a referral.
    """
    require(by, Action.REFER, case)
    _end(case, given.result, came_back=False, by=by, now=now)
    record(case, "close_referral", by=by, at=now)
    end_case(case, CaseState.CLOSED, end=AssignmentEnd.CLOSED, words=DONE_ELSEWHERE, at=now)
    tell_reporters(case, "referral_closed", at=now)
    return {"outcome": "closed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBackInput(Input):
    result: str


@Verb(
    "take_back", Action.REFER, kinds=DECISION, moves_limit=True,
    staff=always("Nhận lại từ cơ quan khác", "Took it back from the other body"),
    public=always("Trung tâm nhận lại để xử lý tiếp", "The centre took it back and goes on"),
)  # fmt: skip
def take_back(case: Case, given: TakeBackInput, *, by: Actor, now: datetime) -> dict[str, object]:
    """Resume the matter, because the other body did not settle it; `result` says why.

    Records `take_back`. Raises ReferralRefused without a result or a referral.
    """
    require(by, Action.REFER, case)
    _end(case, given.result, came_back=True, by=by, now=now)
    before = limits_of(case)
    go_on(case, at=now)
    record(case, "take_back", by=by, at=now, **limits_moved(before, case))
    tell_reporters(case, "referral_came_back", at=now)
    return {"outcome": "came_back"}


def open_referral(case: Case) -> Referral | None:
    query = select(Referral).where(Referral.case_id == case.id, Referral.ended_at.is_(None)).order_by(Referral.id.desc())
    return db.session.scalars(query).first() if case.paused_for == Pause.REFERRAL else None


def _end(case: Case, result: str, *, came_back: bool, by: Actor, now: datetime) -> None:
    referral, result = open_referral(case), normal(result)
    if referral is None:
        raise ReferralRefused(*NOT_REFERRED)
    if not result or len(result) > LONGEST_WORDS:
        raise ReferralRefused(
            f"Vui lòng ghi kết quả của cơ quan đã nhận, tối đa {LONGEST_WORDS} ký tự.",
            f"Please write what the other body did, {LONGEST_WORDS} characters at most.",
            about="result",
        )
    referral.result, referral.came_back, referral.ended_by_id, referral.ended_at = result, came_back, by.account_id, now
