"""The worker's job that fetches letters from the mailbox.

    ask sizes  →  fetch one  →  keep it sealed (committed)  →  mark it as deleted  →  … the next  →  take them out

Whoever is killed in between leaves letters that are fetched again and are known by then.
"""

from datetime import datetime

from flask import Flask

from casework.mail_in import MAX_BYTES
from casework.mail_in.keeping import has_room, keep_letter, note_left
from web.gateways.imap import LetterThere, Mailbox, NotGiven, OpenMailbox
from workflows.clock import clock_from

AT_ONCE = 20
"""Letters of a run."""


class TooManyUnclear(Exception):
    """As many letters wait for a person as are kept: the others stay in the mailbox."""


def fetch_letters(app: Flask, now: datetime) -> int:
    """Fetch what is new and return how many letters. Raises MailboxAway, TooManyUnclear, both of which the page of health shows."""
    mailbox: Mailbox | None = app.extensions["mailbox"]
    if mailbox is None:
        return 0
    clock, taken = clock_from(now), 0
    with mailbox.opened() as there:
        for letter in there.new_letters(AT_ONCE):
            if not has_room():
                there.clear()
                raise TooManyUnclear
            _take(there, letter, mailbox.address, clock())
            taken += 1
        there.clear()
    return taken


def _take(there: OpenMailbox, letter: LetterThere, address: str, moment: datetime) -> None:
    if letter.size > MAX_BYTES:
        _leave(there, letter, address, "size", moment)
        return
    try:
        raw = there.content_of(letter)
    except NotGiven:
        _leave(there, letter, address, "not_given", moment)
        return
    if len(raw) > MAX_BYTES:
        _leave(there, letter, address, "size", moment)
        return
    keep_letter(raw, mailbox=address, now=moment)
    there.remove(letter)


def _leave(there: OpenMailbox, letter: LetterThere, address: str, why: str, moment: datetime) -> None:
    note_left(letter.name, mailbox=address, size=letter.size, why=why, now=moment)
    there.leave(letter)
