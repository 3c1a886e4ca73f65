"""The figures of a period row by row, the whole first and then each subject of a dimension: counted now, or as a snapshot holds them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from casework.bilingual import Bilingual
from casework.figures.definitions import Rate
from casework.models import FiguresSnapshot
from reports.statistics.counting import figures_of
from reports.statistics.figures import FIGURES
from reports.statistics.periods import Period
from reports.statistics.rates import RATES, FigureShare, share_of
from reports.statistics.reach import Reach
from reports.statistics.subjects import WHOLE, Dimension, names_of


@dataclass(frozen=True, slots=True)
class SubjectRow:
    """The figures and rates of one subject; without one, of the whole."""

    subject: str | None
    name: Bilingual | None
    figures: Mapping[str, Any]
    shares: tuple[FigureShare, ...]


def counted_by_subject(reach: Reach, period: Period, by: Dimension | None, *, now: datetime) -> list[SubjectRow]:
    found = figures_of(reach.scope, period, by=by, now=now)
    whole = found.pop(WHOLE)
    return _rows(whole, found, names_of(by, found) if by is not None else {})


def frozen_by_subject(snapshot: FiguresSnapshot, reach: Reach, by: Dimension | None) -> list[SubjectRow]:
    """What stands in a snapshot, with the names of its day; of one agency its own alone, and nothing where it has no row there."""
    figures, names = snapshot.content["figures"], snapshot.content["names"]
    whole = figures["all"][WHOLE] if reach.agency is None else figures["agency"].get(reach.agency.ref)
    if whole is None:
        return []
    return _rows(whole, figures.get(by, {}) if by else {}, {key: Bilingual(*name) for key, name in names.get(by, {}).items()} if by else {})


def _rows(whole: Mapping[str, Any], found: Mapping[str, Any], names: Mapping[str, Bilingual]) -> list[SubjectRow]:
    order = [*(each for each in names if each in found), *(each for each in found if each not in names)]
    return [_row(None, None, whole), *(_row(each, names.get(each) or Bilingual(each, each), found[each]) for each in order)]


def _row(subject: str | None, name: Bilingual | None, figures: Mapping[str, Any]) -> SubjectRow:
    return SubjectRow(subject, name, figures, tuple(share_of(rate, figures) for rate in RATES.values() if _has_numbers(rate, figures)))


def _has_numbers(rate: Rate, figures: Mapping[str, Any]) -> bool:
    """Whether the figures of a rate were counted: an old snapshot has none of those that came later."""
    return all(key in figures for key in (*rate.part, *rate.whole) if key in FIGURES)
