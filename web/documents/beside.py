"""The documents section of a case page: letters written so far, and those that may be written now."""

from dataclasses import dataclass
from datetime import datetime

from flask import url_for

from casework.bilingual import Bilingual
from casework.casefile.history import audience_of
from casework.casefile.matter import Matter
from casework.documents.handover_minutes import minutes_apart
from casework.documents.kinds import ANSWER, TRANSFER_SLIP, kind_of, symbol_of
from casework.documents.offers import PossibleLetter, letters_of_case, letters_to_offer
from casework.models import Case, Letter
from casework.permissions import Action, may
from web.guards import actor


@dataclass(frozen=True)
class WrittenLetter:
    """A written letter in the list: its kind, its agency, its number if it has one, and its address."""

    name: Bilingual
    agency: Bilingual | None
    number: str
    made_at: datetime
    is_taken_back: bool
    address: str


@dataclass(frozen=True)
class OfferedLetter:
    """A letter that may be written, and the address for it."""

    name: Bilingual
    about: Bilingual | None
    address: str
    assignment: str | None = None
    """The agency's work it is about, by its reference."""


@dataclass(frozen=True)
class Documents:
    """Both lists, for one reader."""

    written: tuple[WrittenLetter, ...] = ()
    offered: tuple[OfferedLetter, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.written or self.offered)

    def about(self, assignment: str) -> tuple[OfferedLetter, ...]:
        """Those that may be written about one agency's work."""
        return tuple(each for each in self.offered if each.assignment == assignment)


def documents_shown(case: Case, matter: Matter) -> Documents:
    """The documents section of a case page; empty for people who may not read letters."""
    by = actor()
    if case.quarantined_at is not None:
        return Documents(
            tuple(_written(row, url_for("documents_writing.minutes", ref=case.ref, letter=row.ref)) for row in minutes_apart(case, by)),
            tuple(OfferedLetter(each.kind.name, None, url_for("documents_writing.write_minutes", ref=case.ref))
                  for each in letters_to_offer(case, by)),
        )  # fmt: skip
    if audience_of(by, case) is None or not may(by, Action.READ_LETTERS):
        return Documents()
    extensions = [seen.extension for seen in matter.dealings.extensions if seen.reads_reason]
    offered = letters_to_offer(case, by, publications=matter.publications, extensions=extensions)
    letters = letters_of_case(case, by) if Letter in matter.dealings.there else []
    return Documents(
        tuple(_written(row, url_for("documents_register.document", ref=row.ref)) for row in letters),
        tuple(_offered(case, each) for each in offered),
    )


def _written(letter: Letter, address: str) -> WrittenLetter:
    given = letter.given_number
    number = "/".join(filter(None, (f"{given.number:02}", symbol_of(letter)))) if given is not None else ""
    agency = letter.agency.short_name if letter.agency is not None else None
    return WrittenLetter(kind_of(letter).name, agency, number, letter.made_at, letter.withdrawn_at is not None, address)


def _offered(case: Case, letter: PossibleLetter) -> OfferedLetter:
    about = None
    if letter.kind.key == TRANSFER_SLIP:
        about = letter.assignment.agency.short_name if letter.assignment is not None else Bilingual("cơ quan khác", "another body")
    elif letter.kind.key == ANSWER and letter.publication is not None and letter.publication.kind == "interim":
        about = Bilingual("bước đầu", "interim")
    return OfferedLetter(
        letter.kind.name, about, url_for("documents_writing.write", ref=case.ref, kind=letter.kind.key, about=letter.about),
        letter.assignment.ref if letter.assignment is not None else None,
    )  # fmt: skip
