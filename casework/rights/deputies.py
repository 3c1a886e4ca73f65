"""The principals a deputy acts for today."""

from sqlalchemy import select

from casework.db import db
from casework.models import Account
from casework.permissions import Actor


def principals_of(by: Actor) -> list[Account]:
    """Return the people somebody acts for now, by name; no query where there are none."""
    ids = {grant.principal_id for grant in by.grants if grant.principal_id is not None}
    if not ids:
        return []
    return list(db.session.scalars(select(Account).where(Account.id.in_(ids)).order_by(Account.full_name, Account.id)))
