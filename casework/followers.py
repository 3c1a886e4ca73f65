"""Following a case: account holders may be told of its public steps, without rating and without private words."""

from datetime import datetime

from sqlalchemy import bindparam, select

from casework.cases import NO_SUCH_CASE
from casework.db import db
from casework.errors import CaseworkError
from casework.models import Case, Follower
from casework.permissions import Action, Actor, require
from casework.permissions.sight import is_reporter
from casework.states import ANSWERED_STATES, OPEN_STATES
from casework.verbs import NO_KIND, Verb


class FollowRefused(CaseworkError):
    """The case cannot be followed; the text says why."""


@Verb("follow", Action.FOLLOW, kinds=NO_KIND, leaves_event=False, is_from_outside=True, is_act=True)
def follow(case: Case, *, by: Actor, now: datetime) -> None:
    """Tell the person of the case's public steps from now on; of a merged case, of those of its main.

    It leaves no event, because following is no step of the case. Following twice changes nothing. Raises FollowRefused without an
    account, for the case's own reporter, who is told anyway, and where the public may not know of the case. Source: rules.md, section 6,
    "Follow".
    """
    require(by, Action.FOLLOW, case)
    case = case.merged_into or case
    if by.own_id is None:
        raise FollowRefused("Ông/Bà cần đăng nhập để theo dõi hồ sơ này.", "Please sign in to follow this case.")
    if not is_known_to_public(case):
        raise FollowRefused(*NO_SUCH_CASE)
    if is_reporter(by, case):
        raise FollowRefused(
            "Ông/Bà là người gửi phản ánh này nên vẫn nhận được mọi thông báo.", "You sent this report, so you are told of it anyway."
        )
    row = _row(case, by.own_id)
    if row is None:
        db.session.add(Follower(case_id=case.id, account_id=by.own_id, since=now))
        db.session.flush()
    elif row.ended_at is not None:
        row.since, row.ended_at = now, None


@Verb("unfollow", Action.FOLLOW, kinds=NO_KIND, leaves_event=False, is_from_outside=True, is_act=True)
def unfollow(case: Case, *, by: Actor, now: datetime) -> None:
    """Stop telling the person; does nothing when they do not follow. Raises NotAllowed for a guest."""
    require(by, Action.FOLLOW, case)
    row = _row(case.merged_into or case, by.account_id)
    if row is not None and row.ended_at is None:
        row.ended_at = now


def is_following(case: Case, by: Actor) -> bool:
    row = _row(case.merged_into or case, by.own_id) if by.own_id is not None else None
    return row is not None and row.ended_at is None


def followers_of(case: Case) -> list[Follower]:
    """The present followers of the case, longest first."""
    # nobody begins to follow, or ends it, in a step that tells followers
    with db.session.no_autoflush:
        return list(db.session.scalars(_FOLLOWERS, {"case_id": case.id}))


_FOLLOWERS = select(Follower).where(Follower.case_id == bindparam("case_id"), Follower.ended_at.is_(None)).order_by(Follower.id)


def is_known_to_public(case: Case) -> bool:
    """Whether the public may know of the case: open, or answered and published; never a part, sensitive, merged or in quarantine.

    The same condition as `public_cases`, for one case.
    """
    if case.quarantined_at is not None or case.visibility_reason_id is not None:
        return False
    if case.merged_into_id is not None or case.parent_id is not None:
        return False
    return case.state in OPEN_STATES or (case.is_public and case.state in ANSWERED_STATES)


def _row(case: Case, account_id: int) -> Follower | None:
    return db.session.scalars(select(Follower).where(Follower.case_id == case.id, Follower.account_id == account_id)).one_or_none()
