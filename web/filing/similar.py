"""Public cases near a report that may be about the same matter: shown in the form while it is written, or once on the receipt of
somebody who sent it without having seen them. They never stop anybody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from casework.db import db
from casework.intake.file_report import Place
from casework.intake.pass_on import CentreMissing
from casework.intake.similar_cases import alike_nearby
from casework.models import Case
from casework.public.cases import PublicItem, code_of_case, public_items
from web.clock import now
from web.filing_fields import FilingForm
from web.reporters.mended import code_before

MOST_SHOWN = 3
SEEN_ALL = "y"
"""In a form of an earlier release, whose page stopped once for them."""


@dataclass(frozen=True, slots=True)
class SimilarCase:
    """A case that may be about the same matter: its list entry, and the title an operator gave it. `metres` where its exact place is
    public; `is_measured` where it was found by position, so it is near in any case."""

    item: PublicItem
    title: str | None
    metres: int | None
    is_measured: bool


@dataclass(frozen=True, slots=True)
class Alike:
    """What the form or the receipt shows of them. `counted` are the codes at which the reader has just said “Tôi cũng gặp”, each with
    how many people it concerns now, and `refusal` why that was not taken."""

    cases: Sequence[SimilarCase] = ()
    counted: Mapping[str, int] = field(default_factory=dict)
    refusal: str = ""

    @property
    def codes(self) -> str:
        return " ".join(each.item.code for each in self.cases)


def near_form(form: FilingForm) -> list[SimilarCase]:
    """The cases most alike to what the form says so far; none until it says what and where. The case it follows is not one of them: its
    sender came from there."""
    place, words = form.chosen_place, (form.words.data or "").strip()
    knows_place = place.area is not None or place.latitude is not None
    if not words or not knows_place:
        return []
    before = code_before(form.follows.data or "")
    followed = code_of_case(before) if before else None
    return [each for each in near(place, words) if each.item.code != followed]


def not_seen(form: FilingForm) -> list[SimilarCase]:
    """Those the sender has not been shown while writing."""
    seen = (form.alike_seen.data or "").split()
    return [] if SEEN_ALL in seen else [each for each in near_form(form) if each.item.code not in seen]


def near(place: Place, words: str) -> list[SimilarCase]:
    """The most similar cases, at most MOST_SHOWN, with public facts only."""
    try:
        found = {each.case.code: each for each in alike_nearby(place, now=now(), limit=MOST_SHOWN, words=words)}
    except CentreMissing:
        return []
    items = public_items([each.case.id for each in found.values()], as_given=True)
    return [
        SimilarCase(item, one.case.title, one.metres, place.latitude is not None and one.case.latitude is not None)
        for item in items
        if (one := found[item.code])
    ]


def kept(cases: Sequence[SimilarCase]) -> list[list[Any]]:
    """What a browser keeps of them until it shows the receipt: codes and distances, nothing the public may not know."""
    return [[each.item.code, each.metres, each.is_measured] for each in cases]


def taken_up(told: Sequence[Sequence[Any]]) -> list[SimilarCase]:
    """The same cases as they are now, without those the public may no longer know of."""
    distances = {code: (metres, is_measured) for code, metres, is_measured in told}
    query = select(Case.id, Case.code, Case.title).where(Case.code.in_(distances))
    rows = {code: (id_, title) for id_, code, title in db.session.execute(query)}
    items = public_items([rows[code][0] for code in distances if code in rows], as_given=True)
    return [SimilarCase(item, rows[item.code][1], *distances[item.code]) for item in items]
