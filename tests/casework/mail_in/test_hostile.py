"""Two hundred hostile e-mails: each is read or refused within seconds, and none finds a case or passes for proven."""

import time

import pytest

from casework.mail_in import Unreadable, bounce_of, is_proven, read_letter, token_of
from casework.mail_in.headers import seen
from casework.mail_in.reading import MAX_ATTACHMENTS, MAX_PARTS
from tests.casework.mail_in.hostile import OURS, SERVER, hostile, hostile_forms, letter

SECONDS = 3.0
"""Of the processor for one letter."""


def examine(raw: bytes) -> None:
    begun = time.process_time()
    try:
        read = read_letter(raw)
    except Unreadable:
        pass  # it waits for a person
    else:
        assert token_of(read, mailbox=OURS) is None
        assert not is_proven(read, server=SERVER)
        assert bounce_of(read) is None
        assert len(read.attachments) <= MAX_ATTACHMENTS
        assert read.left_out <= MAX_PARTS
        shown = [read.subject, read.words, read.sender, *(file.name for file in read.attachments)]
        assert [text for text in shown if seen(text) != text] == []
        assert "/" not in "".join(file.name for file in read.attachments)
        assert "\n" not in read.subject
    assert time.process_time() - begun < SECONDS


@pytest.mark.exhaustive
def test_no_hostile_letter_crashes_or_reaches_a_case() -> None:
    letters = hostile()
    assert len(letters) >= 200
    for name, raw in letters.items():
        try:
            examine(raw)
        except Exception as error:
            raise AssertionError(name) from error


def test_the_forged_ones_reach_no_case() -> None:
    for name, raw in hostile_forms():
        if name.startswith(("to ", "said ", "sign ", "charset ", "name ")):
            examine(raw)


def test_what_is_past_a_bound_is_not_taken_apart() -> None:
    forms = dict(hostile_forms())
    for name in ("nested 400", "enclosed 5000", "parts 5000", "parts 101", "long header 5000"):
        with pytest.raises(Unreadable):
            read_letter(forms[name])
    with pytest.raises(Unreadable) as refused:
        read_letter(letter(b"x" * (25 * 1024 * 1024)))
    assert refused.value.why == "size"
