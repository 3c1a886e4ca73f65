"""Who asks: a session with its account, the roles held now and the head of the rules, in one statement."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select, true

from casework.calendars import RULES_STREAM, hold_head
from casework.db import Instant, db
from casework.models import Account, EventStream, LoginSession
from casework.permissions import Grant, grants_in, moments, roles_held
from casework.permissions.acting_account import COLUMNS, ActingAccount


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A valid session, its account, and the roles the person holds on the local day, including those of their principals."""

    account: ActingAccount
    grants: tuple[Grant, ...]
    id: int
    ref: str
    created_at: datetime
    last_seen_at: datetime
    authenticated_at: datetime | None
    factors: str

    @property
    def account_id(self) -> int:
        return self.account.id

    @property
    def proven_by(self) -> frozenset[str]:
        """The factors by which the person was proven in this session."""
        return frozenset(self.factors.split("+"))


OF_SESSION = ("id", "ref", "created_at", "last_seen_at", "authenticated_at", "factors")
SESSION, ACCOUNT, STREAM = LoginSession.__table__, Account.__table__, EventStream.__table__

WHO = (
    select(*(SESSION.c[name] for name in OF_SESSION), *(ACCOUNT.c[name].label(f"account_{name}") for name in COLUMNS))
    .join(ACCOUNT, ACCOUNT.c.id == SESSION.c.account_id)
    .where(
        SESSION.c.token_digest == bindparam("token_digest"), SESSION.c.revoked_at.is_(None),
        SESSION.c.expires_at > bindparam("now", type_=Instant), ACCOUNT.c.disabled_at.is_(None),
    )
    .cte("who")
)  # fmt: skip
HELD = roles_held(WHO)
ASKING = (
    select(
        HELD.c.role, HELD.c.centre_id, HELD.c.agency_id, HELD.c.holder_id,
        select(STREAM.c.hash).where(STREAM.c.stream == RULES_STREAM).scalar_subquery().label("head"), *WHO.c,
    )
    .select_from(WHO.outerjoin(HELD, true()))
    .order_by(HELD.c.id)
)  # fmt: skip


def who_asks(token_digest: str, *, now: datetime) -> SignedIn | None:
    """The session of a token if it is not over, not revoked, and its account not disabled."""
    rows = db.session.execute(ASKING, {"token_digest": token_digest, **moments(now)}).all()
    if not rows:
        return None
    hold_head(rows[0].head)
    account = ActingAccount(*rows[0][-len(COLUMNS):])
    grants = grants_in(rows, account.id) if account.kind == "staff" else ()
    return SignedIn(account, grants, *rows[0][-len(OF_SESSION) - len(COLUMNS):-len(COLUMNS)])
