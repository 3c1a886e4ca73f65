"""What the history of a case says of an event: the parts its sentences are made of, for staff and for people outside."""

from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

from casework.bilingual import Bilingual

Payload = Mapping[str, Any]


class Audience(StrEnum):
    """Who reads an event, and how much of it they may know (rules.md, section 2)."""

    CENTRE = "centre"
    COMMITTEE = "committee"
    AGENCY = "agency"
    PROCESS = "process"
    PUBLIC = "public"
    SENDER = "sender"


OUTSIDE = frozenset({Audience.PUBLIC, Audience.SENDER})
"""They read the full names of bodies and never that of a person."""


class Known(NamedTuple):
    """What a sentence may use: the names of agencies by key, and who reads it."""

    agencies: Mapping[str, Bilingual]
    audience: Audience


class Said(NamedTuple):
    """What is said of one event: the act, whether it is one the public counts, and a line under it."""

    words: Bilingual
    is_main: bool = False
    note: Bilingual | None = None


Sentence = Callable[[Payload, Known], Said | None]
"""Tells an event's payload; None: this reader is not told."""

SOME_AGENCY = Bilingual("đơn vị", "the agency")


def says(vi: str, en: str, *, is_main: bool = False, note: Bilingual | None = None) -> Said:
    """One sentence in both languages."""
    return Said(Bilingual(vi, en), is_main, note)


def always(vi: str, en: str, *, is_main: bool = False) -> Sentence:
    """A sentence that is the same whatever the event holds."""
    said = says(vi, en, is_main=is_main)
    return lambda _payload, _known: said


def never(_payload: Payload, _known: Known) -> None:
    """What stays out of the history."""


def for_the_centre(vi: str, en: str) -> Sentence:
    """A sentence only the centre reads."""
    said = says(vi, en)
    return lambda _payload, known: said if known.audience is Audience.CENTRE else None


def of_agency(vi: str, en: str, *, key: str = "agency", is_main: bool = False) -> Sentence:
    """A sentence with the agency in the place of {agency} and, where the event has one, the version in {version}.

    People outside are told nothing of an agency that is not one of the case's.
    """

    def tell(payload: Payload, known: Known) -> Said | None:
        if known.audience in OUTSIDE and str(payload.get(key)) not in known.agencies:
            return None
        agency, version = agency_name(payload.get(key), known), payload.get("version", 1)
        return says(vi.format(agency=agency.vi, version=version), en.format(agency=agency.en, version=version), is_main=is_main)

    return tell


def with_reason(vi: str, en: str) -> Sentence:
    """A sentence with the reason behind it; an agency is told the act alone."""
    return lambda payload, known: Said(reasoned(Bilingual(vi, en), payload, known))


def reasoned(words: Bilingual, payload: Payload, known: Known) -> Bilingual:
    """The words with the reason of the event behind them, for whoever reads reasons."""
    reason = payload.get("reason")
    if not reason or known.audience is Audience.AGENCY:
        return words
    return Bilingual(f"{words.vi}. Lý do: {reason}", f"{words.en}. Reason: {reason}")


def agency_name(key: Any, known: Known) -> Bilingual:
    """The name of the agency with that key."""
    return known.agencies.get(str(key), SOME_AGENCY)


def day_words(iso: str | None) -> str:
    """A local day of a payload, as both languages write it here."""
    return f"{date.fromisoformat(iso[:10]):%d/%m/%Y}" if iso else "…"
