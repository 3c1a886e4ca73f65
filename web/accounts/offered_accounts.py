"""Accounts a demonstration offers at sign-in: a few in front, the others found by words of their role, agency or name."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from casework.text import fold

LONGEST_WORDS = 60
FRONT = 6
"""How many stand in front where none is marked as usual."""


@dataclass(frozen=True)
class OfferedAccount:
    """An account with its folded words; one that is not shown appears as somebody types it, where scripts run."""

    account: Any
    folded: str
    is_shown: bool
    is_usual: bool


@dataclass(frozen=True)
class Offered:
    """The accounts in their order on the page, and what was looked for without a script."""

    rows: Sequence[OfferedAccount]
    words: str = ""
    has_all: bool = False

    @property
    def finds_nobody(self) -> bool:
        return not any(row.is_shown for row in self.rows)


def offer(accounts: Sequence[Any], *, words: str = "", wants_all: bool = False) -> Offered:
    """The usual ones first. With words, those are shown that have every one of them in role, agency, name or user name."""
    usual = [account for account in accounts if account.is_usual] or list(accounts[:FRONT])
    asked = fold(words[:LONGEST_WORDS]).split()
    return Offered(list(_rows(accounts, usual, asked, wants_all)), words[:LONGEST_WORDS], wants_all)


def _rows(accounts: Sequence[Any], usual: Sequence[Any], asked: Sequence[str], wants_all: bool) -> Iterator[OfferedAccount]:
    for account in (*usual, *(account for account in accounts if account not in usual)):
        folded = fold(f"{account.part.vi} {account.part.en} {account.full_name} {account.login}")
        found = all(word in folded for word in asked) if asked else wants_all or account in usual
        yield OfferedAccount(account, folded, found, account in usual)
