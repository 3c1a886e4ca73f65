"""Bottlenecks in words: which steps cost the most working time, and how they keep their limits."""

from collections.abc import Mapping
from dataclasses import dataclass

from casework.bilingual import Bilingual
from workflows.bottlenecks.reading import FEWEST, Heat, Measures
from workflows.definitions.process import Element
from workflows.desk_access import REPORTER

MOST = 8
"""Bottlenecks listed."""

LEAST_COSTS = 60
"""Office minutes altogether: a step that cost less is no bottleneck."""

HOUR = 60
IN_DAYS_FROM = 2
"""From this many working days on, times are given in days."""


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """A step with the sentence about it."""

    element: Element
    measures: Measures
    text: Bilingual


def bottlenecks(heat: Heat, *, agencies: Mapping[int, Bilingual], day_minutes: int) -> list[Bottleneck]:
    """Return the steps that cost the most working time, dearest first. `agencies` gives names by id.

    Left out are steps citizens do, whose time is their own, and steps with few passages.
    """
    found = [
        (element, measures) for element, measures in heat.all
        if element is not None and element.role != REPORTER and not measures.is_few and measures.costs >= LEAST_COSTS
    ]  # fmt: skip
    found.sort(key=lambda each: (-each[1].costs, each[0].id))
    return [
        Bottleneck(element, measures, _sentence(element, measures, agencies, day_minutes, is_first=place == 0))
        for place, (element, measures) in enumerate(found[:MOST])
    ]


def late_mostly_at(measures: Measures) -> int | None:
    """The agency with more than half of the late passages; None if there is none or it has few passages.

    Agencies are never ranked on a handful of passages, nor named where only one comes into question.
    """
    late = {agency_id: of for agency_id, (_passages, of) in measures.by_agency.items() if of}
    if len(measures.by_agency) < 2 or not late:
        return None
    most = max(late, key=lambda agency_id: late[agency_id])
    if most is None or measures.by_agency[most][0] < FEWEST or 2 * late[most] <= measures.late:
        return None
    return most


def _sentence(element: Element, measures: Measures, agencies: Mapping[int, Bilingual], day_minutes: int, *, is_first: bool) -> Bilingual:
    parts = [_times(measures, day_minutes)]
    if measures.late:
        at = late_mostly_at(measures)
        name = agencies.get(at) if at is not None else None
        parts.append(
            Bilingual(
                f"{measures.late} trên {measures.passages} lần trễ hạn" + (f", phần lớn ở {name.vi}" if name else ""),
                f"{measures.late} of {measures.passages} were late" + (f", most of them at {name.en}" if name else ""),
            )
        )
    else:
        parts.append(Bilingual(f"không lần nào trong {measures.passages} lần trễ hạn", f"none of {measures.passages} was late"))
    if measures.redone:
        parts.append(
            Bilingual(
                f"{measures.redone} trên {measures.passages} lần là làm lại", f"{measures.redone} of {measures.passages} were done again"
            )
        )
    label = element.label
    vi, en = "; ".join(part.vi for part in parts), "; ".join(part.en for part in parts)
    if is_first:
        return Bilingual(
            f"Bước “{label.vi}” tốn nhiều thời gian nhất: {vi}.", f"The step “{label.en or label.vi}” costs the most time: {en}."
        )
    return Bilingual(f"Bước “{label.vi}”: {vi}.", f"The step “{label.en or label.vi}”: {en}.")


def _times(measures: Measures, day_minutes: int) -> Bilingual:
    half, most = measures.median or 0, measures.p90 or 0
    if most < 1:
        return Bilingual("9 trong 10 lần xong trong một phút làm việc", "9 in 10 are done within one working minute")
    nine = working_time_words(most, day_minutes)
    tail = Bilingual(f"1 trong 10 lần từ {nine.vi} trở lên", f"1 in 10 takes {nine.en} or more")
    if half < 1:
        return Bilingual(f"nửa số lần xong trong một phút làm việc, {tail.vi}", f"half are done within one working minute, {tail.en}")
    middle = working_time_words(half, day_minutes)
    return Bilingual(f"nửa số lần từ {middle.vi} trở lên, {tail.vi}", f"half take {middle.en} or more, {tail.en}")


def working_time_words(minutes: float, day_minutes: int) -> Bilingual:
    """Office minutes in words: 40 phút, 9 giờ, 2,5 ngày làm việc."""
    if minutes < HOUR:
        return Bilingual(f"{round(minutes)} phút làm việc", f"{round(minutes)} working minute{'' if round(minutes) == 1 else 's'}")
    is_days = minutes >= IN_DAYS_FROM * day_minutes
    number = _plain(minutes / (day_minutes if is_days else HOUR))
    vi, en = ("ngày", "day") if is_days else ("giờ", "hour")
    return Bilingual(f"{number.replace('.', ',')} {vi} làm việc", f"{number} working {en}{'' if number == '1' else 's'}")


def short_time_words(minutes: float, day_minutes: int) -> Bilingual:
    """The same, short enough for a badge: 40 ph, 9 g, 2,5 ng."""
    if minutes < HOUR:
        return Bilingual(f"{round(minutes)} ph", f"{round(minutes)} min")
    is_days = minutes >= IN_DAYS_FROM * day_minutes
    number = _plain(minutes / (day_minutes if is_days else HOUR))
    return Bilingual(f"{number.replace('.', ',')} {'ngày' if is_days else 'giờ'}", f"{number} {'d' if is_days else 'h'}")


def _plain(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
