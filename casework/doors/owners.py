"""The owner of a service account is told of all that concerns it, by what the act itself writes into the outbox."""

from datetime import datetime

from casework.bilingual import Bilingual
from casework.db import new_ref
from casework.models import ServiceAccount
from casework.outbox import tell_of_sign_in

TEMPLATE = "service_account_changed"


def tell_owner(row: ServiceAccount, change: Bilingual, *, at: datetime, owner_id: int | None = None, key: str | None = None) -> None:
    """Tell the owner, or a former one, what has changed. `key` names a change that is told once however often it is found."""
    tell_of_sign_in(owner_id or row.owner_id, TEMPLATE, at=at, key=key or new_ref(), change=list(change))
