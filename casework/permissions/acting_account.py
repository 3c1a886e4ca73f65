"""The account of somebody who acts, as its row was when they asked: a value that cannot be changed."""

from dataclasses import dataclass
from datetime import datetime

from casework.bilingual import Bilingual
from casework.models import Account


@dataclass(frozen=True, slots=True)
class ActingAccount:
    """What guards, pages and events need to know of an account. Whoever changes the account, or needs its password, contacts or sealed
    identity, loads its row."""

    id: int
    ref: str
    kind: str
    login: str | None
    full_name: str | None
    title_vi: str | None
    title_en: str | None
    language: str
    created_at: datetime
    must_change_password: bool

    @classmethod
    def of(cls, account: Account) -> "ActingAccount":
        return cls(*(getattr(account, name) for name in COLUMNS))

    @property
    def title(self) -> Bilingual:
        return Bilingual(self.title_vi or "", self.title_en or "")


COLUMNS = tuple(ActingAccount.__dataclass_fields__)
"""The columns of `account` that make one, in the order of its fields."""
