"""How the timeline of staff says an event: the parts its sentences are made of."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from casework.bilingual import Bilingual


class Audience(StrEnum):
    """How much of an event its reader may know."""

    CENTRE = "centre"
    COMMITTEE = "committee"
    AGENCY = "agency"
    PROCESS = "process"


class Said(NamedTuple):
    """What is said of one event: the act, and whether it is one the public counts."""

    words: Bilingual
    is_main: bool = False


class Known(NamedTuple):
    """What a sentence may use: the names of agencies by key and who reads it."""

    agencies: Mapping[str, Bilingual]
    audience: Audience


Sentence = Callable[[dict[str, Any], Known], Said | None]
"""Tells an event's payload; None: this audience is not told."""


def always(vi: str, en: str, *, is_main: bool = False) -> Sentence:
    """A sentence that is the same whatever the event holds."""
    said = Said(Bilingual(vi, en), is_main)
    return lambda _payload, _known: said


def of_agency(vi: str, en: str, *, is_main: bool = False) -> Sentence:
    """A sentence with the agency in the place of {agency} and, where the event has one, the version in {version}."""

    def tell(payload: dict[str, Any], known: Known) -> Said:
        agency, version = agency_name(payload.get("agency"), known), payload.get("version", 1)
        return Said(Bilingual(vi.format(agency=agency.vi, version=version), en.format(agency=agency.en, version=version)), is_main)

    return tell


def agency_name(key: Any, known: Known) -> Bilingual:
    """The short name of the agency with that key."""
    return known.agencies.get(str(key), Bilingual("đơn vị", "the agency"))
