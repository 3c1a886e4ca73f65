"""A house that reads a mailbox: letters delivered there, fetched and taken as the worker does it."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.mail_in.addresses import token_for
from casework.models import Addition, Case, IncomingLetter
from casework.pausing.additions import addition_words
from tests.messages.house import BY_MAIL, House, gateways_to
from tests.outside import Outside, imap
from tests.web.pages import at
from web.gateways.imap import ImapServer, Mailbox
from web.mail_in.fetching import fetch_letters
from web.mail_in.taking import take_letters

OURS, SERVER = "phanhoi@xa.example", "mx.xa.example"
ADDRESS = str(BY_MAIL.email)
VOUCHED = f"Authentication-Results: {SERVER}; dmarc=pass header.from=nguoi-dan.example\r\n"


@dataclass
class Post:
    """The mailbox, and the house that reads it."""

    house: House
    mailbox: Outside
    numbers: list[int] = field(default_factory=list)

    @classmethod
    @contextmanager
    def at(cls, app: Flask, mailbox: Outside) -> Iterator[Post]:
        former = app.extensions["mailbox"], app.config["MAILBOX"]
        app.extensions["mailbox"], app.config["MAILBOX"] = reader_of(mailbox), OURS
        try:
            yield cls(House(app, gateways_to()), mailbox)
        finally:
            app.extensions["mailbox"], app.config["MAILBOX"] = former

    def deliver(self, raw: bytes) -> int:
        return imap.put(self.mailbox, raw)

    def written(self, to: str, words: str | bytes = "Tôi bổ sung: cột thứ hai", *, sender: str = ADDRESS, head: str = VOUCHED,
                is_whole: bool = False) -> bytes:  # fmt: skip
        """A letter, each with a Message-ID of its own. `is_whole`: the words bring their own headers."""
        self.numbers.append(len(self.numbers))
        body = words if isinstance(words, bytes) else words.encode()
        first = f"{head}From: {sender}\r\nTo: {to}\r\nSubject: Re: {sender}\r\nMessage-ID: <{len(self.numbers)}@nguoi-dan.example>\r\n"
        return first.encode() + (b"" if is_whole else b"\r\n") + body

    def fetch(self, *, after: timedelta = timedelta(0)) -> int:
        return self._ran(fetch_letters, after)

    def take(self, *, after: timedelta = timedelta(0)) -> int:
        return self._ran(take_letters, after)

    def receive(self, raw: bytes, *, after: timedelta = timedelta(0)) -> IncomingLetter:
        """Deliver a letter, fetch and take it; what has become of it."""
        self.deliver(raw)
        assert self.fetch(after=after) == 1
        self.take(after=after)
        return self.letters[-1]

    def _ran(self, job: Any, after: timedelta) -> int:
        db.session.rollback()
        moment: datetime = self.house.now + after
        at(self.house.app, moment)
        done: int = job(self.house.app, moment)
        db.session.rollback()
        return done

    @property
    def letters(self) -> list[IncomingLetter]:
        db.session.rollback()
        return list(db.session.scalars(select(IncomingLetter).order_by(IncomingLetter.id).execution_options(populate_existing=True)))

    @property
    def ends(self) -> list[tuple[str, str | None]]:
        return [(row.state, row.why) for row in self.letters]

    @property
    def there(self) -> dict[int, set[str]]:
        """What is left in the mailbox."""
        return imap.there(self.mailbox)


def reader_of(mailbox: Outside, *, password: str = imap.PASSWORD, tls: str = "no") -> Mailbox:
    return Mailbox(ImapServer("127.0.0.1", mailbox.port, tls, imap.USER, password), OURS, SERVER)


def told_to(case: Case, house: House) -> str:
    """The address at which the sender of a case answers."""
    with unit_of_work():
        token = token_for(f"reporter:{db.session.get_one(Case, case.id).main_report.reporter_id}", now=house.now)
    local, _, domain = OURS.partition("@")
    return f"{local}+{token}@{domain}"


def said_in(case: Case) -> list[str | None]:
    """What was added to a case, in words."""
    db.session.rollback()
    return [addition_words(row) for row in db.session.scalars(select(Addition).where(Addition.case_id == case.id).order_by(Addition.id))]
