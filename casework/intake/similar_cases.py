"""Cases near a place that may be about the same matter: a hint before filing or distributing twice.

The words compared are never shown. Pages show of the cases found only what their reader may see anyway; for an unpublished one its field,
commune and village, day, state, due day and title (rules.md, section 2).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import floor
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload

from casework.db import db
from casework.intake.file_report import ORIGINAL_PURPOSE, Place
from casework.intake.pass_on import centre_for
from casework.intake.title_words import said_again, share_said_again
from casework.models import Area, Case, CaseReport, Photo, ReportText
from casework.places.geometry import box_around, metres_between
from casework.publications import shows_exact_place
from casework.sealing.seal import open_text
from casework.states import ENDED_STATES, CaseState
from casework.text import fold
from casework.triage.suggestions import Word, words_in

NEAR_METRES = 500
NEWEST = timedelta(days=60)
MOST_COMPARED = 100
"""The newest cases around a place that are compared: a busy square must not cost more than a quiet one."""
NOT_ENDED = sorted(set(CaseState) - ENDED_STATES)
"""Listed one by one so that the index applies and the two years of ended cases are not read."""
LEAST_LIKENESS = 50
"""Per cent, for cases known only to be in the same commune or village: there the words have to decide."""
LEAST_SAID_AGAIN = 50
"""Per cent of a title's words that must recur before the public is asked whether it is the same: nearness alone proves nothing
(tests/casework/intake/test_alike_pairs.py measures the accuracy)."""

MOST_AGAIN = 4
"""Words of a title shown as the reason."""

MOST_SAID = 400
"""Words of a sender compared with each title."""

COARSE = 0.005
"""Degrees. The public sees a case in the middle of such a square, so that asking from many sides does not reveal its place."""
COARSE_METRES = 480
"""From the middle of a square to its corner, and from there to an exact point rounded into it (casework.places.points)."""

Text = Sequence[Any]
"""Of a report: its kind, the words, and those that are sealed."""


@dataclass(frozen=True)
class Alike:
    """A case that may be about the same matter; `likeness` of words is 0 to 100. `metres` is None without a position: for staff
    approximate, between the cases' rounded points; for the public given only for cases whose exact place is public.

    For staff, also how much of the case's title the words repeat, with these words, and its first photo, by ref."""

    case: Case
    metres: int | None
    likeness: int
    share: int = 0
    again: tuple[str, ...] = ()
    photo: str = ""

    @property
    def is_likely(self) -> bool:
        """Whether the words themselves speak for the same matter: nearness alone proves nothing."""
        return self.share >= LEAST_SAID_AGAIN


@dataclass(frozen=True)
class _Spot:
    """Where somebody asks from; `case_id` and the `words` of a case, for its operators, else for the public."""

    case_id: int | None
    centre_id: int
    area_id: int | None
    village: str
    position: tuple[float, float] | None
    words: str


def alike_nearby(case_or_place: Case | Place, *, now: datetime, limit: int = 5, words: str = "") -> list[Alike]:
    """Return the cases most alike within NEAR_METRES, or in the same village or commune where no position is known, of the last 60 days.

    For a case: those of its centre, for its operators, comparing texts they may read. For a place: public cases, for somebody about to
    file `words` there, by how much of the title the words repeat. Ended and quarantined cases, parts of cases and the case itself are
    left out.
    """
    if isinstance(case_or_place, Case):
        return _for_staff(_spot_of_case(case_or_place, words), now)[:limit]
    found = _for_public(_spot_of_place(case_or_place, now), words, now)[:limit]
    return [replace(each, metres=_public_metres(case_or_place, each.case)) for each in found]


def _for_staff(spot: _Spot, now: datetime) -> list[Alike]:
    cases = list(_around(spot, now, by_staff=True))
    told, own, said = _told_of(cases), fold(spot.words), words_in(spot.words)[:MOST_SAID]
    found = [_compared(case, told[case.id], own, said, _metres(spot, case)) for case in cases]
    found = [each for each in found if _has_position(each.case, spot) or each.likeness >= LEAST_LIKENESS]
    return sorted(found, key=lambda each: (-each.likeness, each.metres or 0, -each.case.id))


def _compared(case: Case, told: "_Told", own: str, said: Sequence[Word], metres: int | None) -> Alike:
    """By its title, or by the words of a report, whichever is said again more."""
    share, of = max((share_said_again(text, said), text) for text in (case.title or "", *told.spoken))
    return Alike(case, metres, _likeness(own, fold(told.words)), share, said_again(of, said)[:MOST_AGAIN] if share else (), told.photo)


def _for_public(spot: _Spot, words: str, now: datetime) -> list[Alike]:
    said = words_in(words)[:MOST_SAID]
    found = [Alike(case, None, share_said_again(case.title or "", said)) for case in _around(spot, now, by_staff=False)]
    return sorted((each for each in found if each.likeness >= LEAST_SAID_AGAIN), key=lambda each: (-each.likeness, -each.case.id))


def _public_metres(place: Place, case: Case) -> int | None:
    """The distance from the place to the public point of a case; None where it has none."""
    if place.latitude is None or place.longitude is None or case.latitude is None or case.longitude is None or not shows_exact_place(case):
        return None
    return round(metres_between(place.latitude, place.longitude, case.latitude, case.longitude))


def _spot_of_case(case: Case, words: str) -> _Spot:
    position = (case.latitude, case.longitude) if case.latitude is not None and case.longitude is not None else None
    own = words or _text_of(case)
    return _Spot(case.id, case.centre_id, case.area_id, fold(case.village or ""), position, own)


def _spot_of_place(place: Place, now: datetime) -> _Spot:
    position = (place.latitude, place.longitude) if place.latitude is not None and place.longitude is not None else None
    centre = centre_for(area=place.area, latitude=place.latitude, longitude=place.longitude, now=now)
    return _Spot(None, centre.id, place.area.id if place.area else None, fold(place.village or ""), position, "")


def _around(spot: _Spot, now: datetime, *, by_staff: bool) -> Iterator[Case]:
    """By position where both have one, or else by commune, and by village where both name one."""
    query = _open_cases(spot, now, by_staff=by_staff)
    if spot.position is not None:
        reach = NEAR_METRES if by_staff else NEAR_METRES + COARSE_METRES
        south, north, west, east = box_around(*spot.position, reach + (0 if by_staff else COARSE_METRES))
        boxed = query.where(Case.latitude.between(south, north), Case.longitude.between(west, east))
        yield from (case for case in db.session.scalars(boxed) if _distance(spot.position, case, by_staff) <= reach)
    if spot.area_id is not None:
        same_area = query.where(Case.area_id == spot.area_id)
        if spot.position is not None:
            same_area = same_area.where(Case.latitude.is_(None))
        yield from (case for case in db.session.scalars(same_area) if _same_village(spot, case))


def _open_cases(spot: _Spot, now: datetime, *, by_staff: bool) -> Select[Case]:
    query = (
        select(Case)
        .where(Case.centre_id == spot.centre_id, Case.opened_at >= now - NEWEST, Case.opened_at <= now)
        .where(Case.state.in_(NOT_ENDED), Case.quarantined_at.is_(None), Case.parent_id.is_(None))
        .order_by(Case.opened_at.desc(), Case.id.desc())
        .limit(MOST_COMPARED)
        .options(joinedload(Case.field), joinedload(Case.area).load_only(Area.name_vi, Area.name_en))
    )
    if spot.case_id is not None:
        query = query.where(Case.id != spot.case_id)
    if not by_staff:
        query = query.where(Case.title.is_not(None))
    return query if by_staff else query.where(Case.visibility_reason_id.is_(None))


def _distance(position: tuple[float, float], case: Case, is_exact: bool) -> float:
    latitude, longitude = case.latitude or 0.0, case.longitude or 0.0
    if not is_exact:
        latitude, longitude = _middle(latitude), _middle(longitude)
    return metres_between(*position, latitude, longitude)


def _middle(degrees: float) -> float:
    # rounded points lie on the edges of squares, where a division may be a hair too small or too large
    return (floor(round(degrees / COARSE, 6)) + 0.5) * COARSE


def _metres(spot: _Spot, case: Case) -> int | None:
    return round(_distance(spot.position, case, True)) if spot.position is not None and case.latitude is not None else None


def _has_position(case: Case, spot: _Spot) -> bool:
    return spot.position is not None and case.latitude is not None


def _same_village(spot: _Spot, case: Case) -> bool:
    village = fold(case.village or "")
    return not spot.village or not village or spot.village == village


def _likeness(words: str, others: str) -> int:
    from rapidfuzz.fuzz import token_set_ratio  # late: docs/architecture.md

    return round(token_set_ratio(words, others)) if words and others else 0


@dataclass
class _Told:
    """What the operators of a case read of its reports, and its first photo, by ref."""

    title: str
    spoken: list[str] = field(default_factory=list)
    photo: str = ""

    @property
    def words(self) -> str:
        return " ".join((self.title, *self.spoken))


def _told_of(cases: Iterable[Case]) -> dict[int, _Told]:
    """The words of cases as their operators read them: title and cleared words, and before acceptance what was sent; and their photos.

    Words about the place do not count: all of them are in the same place.
    """
    by_id = {case.id: case for case in cases}
    photo = (
        select(Photo.ref)
        .where(Photo.report_id == CaseReport.report_id, Photo.state == "linked")
        .order_by(Photo.position, Photo.id)
        .limit(1)
        .scalar_subquery()
    )
    rows = (
        select(CaseReport.case_id, photo, ReportText.kind, ReportText.body, ReportText.sealed_body)
        .join(ReportText, ReportText.report_id == CaseReport.report_id)
        .where(CaseReport.case_id.in_(by_id), CaseReport.left_at.is_(None), ReportText.kind.in_(("original", "cleared")))
        .order_by(ReportText.id)
    )
    told = {case_id: _Told(case.title or "") for case_id, case in by_id.items()}
    for case_id, ref, *text in db.session.execute(rows) if by_id else ():
        told[case_id].spoken += _read(by_id[case_id], text)
        told[case_id].photo = told[case_id].photo or ref or ""
    return told


def _text_of(case: Case) -> str:
    """The same words of one case, whose texts its page may have read."""
    reports = [link.report for link in case.reports if link.left_at is None]
    if any("texts" not in report.__dict__ for report in reports):
        return _told_of([case])[case.id].words
    texts = sorted((text for report in reports for text in report.texts), key=lambda text: text.id)
    read = (_read(case, (text.kind, text.body, text.sealed_body)) for text in texts)
    return " ".join((case.title or "", *(words for each in read for words in each)))


def _read(case: Case, text: Text) -> list[str]:
    """What operators read of a text: what is cleared, and what was sent until the case is accepted."""
    kind, body, sealed = text
    if kind == "cleared":
        return [body or ""]
    return [open_text(sealed, purpose=ORIGINAL_PURPOSE)] if case.accepted_at is None and sealed else []
