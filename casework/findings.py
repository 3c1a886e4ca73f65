"""Findings of a verification: one sentence each, with the stream, case, file or instance it is about."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from casework.bilingual import Bilingual
from casework.db import db


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault or (`is_fault` false) a note.

    `check` is the stable name of the rule, for scripts; `subject` names the row or file: `case:17#3` is the third event of the stream
    `case:17`.
    """

    check: str
    subject: str
    text: Bilingual
    is_fault: bool = True

    def __str__(self) -> str:
        return f"{self.check} {self.subject}: {self.text.en}"


def fault(check: str, subject: str, vi: str, en: str) -> Finding:
    """A finding that must be looked into."""
    return Finding(check, subject, Bilingual(vi, en))


def note(check: str, subject: str, vi: str, en: str) -> Finding:
    """A harmless finding."""
    return Finding(check, subject, Bilingual(vi, en), is_fault=False)


@contextmanager
def one_moment() -> Iterator[None]:
    """Let all reads of the block see one snapshot of the database while others continue to write.

    Without it, PostgreSQL shows each query what was committed last, and rows of one step would contradict each other.
    """
    db.session.rollback()
    try:
        if db.session.get_bind().dialect.name == "postgresql":
            db.session.connection(execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True})
        yield
    finally:
        db.session.rollback()
