"""Figures of a period and their definitions, from the same counts as the pages."""

from collections.abc import Mapping
from typing import Any

from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from casework.bilingual import Bilingual
from casework.db import reading_once
from casework.doors.fields.cases import named
from casework.doors.fields.statistics import DEFINITION, OF_STATISTICS, STATISTICS, value_and_parts
from casework.doors.fields.told import Seen
from casework.figures.definitions import Rate
from casework.models import FiguresSnapshot
from casework.permissions import Action
from reports.statistics.counting import figures_of
from reports.statistics.figures import FIGURES
from reports.statistics.periods import MONTH, NoSuchPeriod, as_called, period_at, period_named
from reports.statistics.rates import RATES
from reports.statistics.reach import Reach, reach_named, reaches_of
from reports.statistics.snapshots import newest_of
from reports.statistics.subjects import WHOLE, Dimension, names_of
from web.api.asking import parameters
from web.api.door import answered
from web.api.problems import Refused, fault
from web.api.routes import answers
from web.clock import now
from web.door_keys import known_caller
from web.statistics.figure_rows import share_of
from web.statistics.figures_request import FiguresRequest


@answers("/statistics", Action.READ_STATISTICS, Bilingual("Số liệu của một kỳ.", "The figures of a period."), STATISTICS,
         filters=OF_STATISTICS)  # fmt: skip
def statistics() -> ResponseReturnValue:
    asked = parameters(OF_STATISTICS)
    with reading_once():
        wished = _wished(asked)
        by = Dimension(asked["by"]) if "by" in asked else None
        frozen = _frozen(wished, by) if asked.get("frozen") else None
        rows = _of_snapshot(frozen, wished.reach, by) if frozen is not None else _counted(wished, by)
        period = wished.period
        told = {
            "of": named(wished.reach.agency or wished.reach.centre), "period": period.name, "words": period.label,
            "since_at": period.since, "until_at": period.until, "is_over": period.is_over(now()), "by": str(by) if by else None,
            "frozen": _seen(frozen) if frozen is not None else None, "rows": rows,
        }  # fmt: skip
        return answered(STATISTICS.told(_seen(told)))


@answers("/statistics/definitions", Action.READ_STATISTICS, Bilingual("Mỗi chỉ tiêu và tỷ lệ đếm gì.", "What each figure and rate counts."),
         DEFINITION, is_list=True)  # fmt: skip
def definitions() -> ResponseReturnValue:
    parameters(())
    figures = [{"key": each.key, "kind": "figure", "name": each.name, "definition": each.definition, "unit": str(each.unit),
                "shape": str(each.shape)} for each in FIGURES.values()]  # fmt: skip
    rates = [{"key": each.key, "kind": "rate", "name": each.name, "definition": each.definition, "unit": None, "shape": None}
             for each in RATES.values()]  # fmt: skip
    return answered({"items": [DEFINITION.told(_seen(each)) for each in (*figures, *rates)], "next": None})


def _wished(asked: Mapping[str, Any]) -> FiguresRequest:
    """Raises NotFound for a body the account does not read, Refused for no period, one to come, or a dimension it does not have."""
    reaches = reaches_of(known_caller().actor)
    reach = reach_named(reaches, asked.get("of", ""))
    if reach is None:
        raise NotFound
    moment, centre_id = now(), reach.centre.id
    try:
        period = as_called(period_named(asked["period"], centre_id=centre_id)) if "period" in asked else None
    except (NoSuchPeriod, ValueError):
        raise Refused("parameter", faults=[fault("period", "wrong")]) from None
    period = period or period_at(MONTH, moment, centre_id=centre_id)
    if period.since > moment:
        raise Refused("parameter", faults=[fault("period", "wrong")])
    wished = FiguresRequest(reaches, reach, period, Dimension(asked.get("by", Dimension.FIELD)))
    if "by" in asked and wished.by not in wished.dimensions:
        raise Refused("parameter", faults=[fault("by", "wrong")])
    return wished


def _counted(wished: FiguresRequest, by: Dimension | None) -> list[Seen]:
    found = figures_of(wished.reach.scope, wished.period, by=by, now=now())
    whole = found.pop(WHOLE)
    names = names_of(by, found) if by is not None else {}
    return _rows(whole, found, names)


def _frozen(wished: FiguresRequest, by: Dimension | None) -> FiguresSnapshot:
    """The newest snapshot. Raises NotFound where there is none, Refused for an agency's by a dimension, which no snapshot holds."""
    if by is not None and wished.reach.agency is not None:
        raise Refused("parameter", faults=[fault("by", "wrong")])
    row = newest_of(wished.period, centre_id=wished.reach.centre.id)
    if row is None:
        raise NotFound
    return row


def _of_snapshot(row: FiguresSnapshot, reach: Reach, by: Dimension | None) -> list[Seen]:
    """What stands in a snapshot, with the names of its day; of one agency its own alone."""
    figures, names = row.content["figures"], row.content["names"]
    whole = figures["all"][WHOLE] if reach.agency is None else figures["agency"].get(reach.agency.ref)
    if whole is None:
        raise NotFound
    return _rows(whole, figures.get(by, {}) if by else {}, {key: Bilingual(*name) for key, name in names.get(by, {}).items()} if by else {})


def _rows(whole: Mapping[str, Any], found: Mapping[str, Any], names: Mapping[str, Bilingual]) -> list[Seen]:
    order = [*(each for each in names if each in found), *(each for each in found if each not in names)]
    return [_row(None, None, whole), *(_row(each, names.get(each) or Bilingual(each, each), found[each]) for each in order)]


def _row(subject: str | None, name: Bilingual | None, figures: Mapping[str, Any]) -> Seen:
    shares = [share_of(rate, figures) for rate in RATES.values() if _has_numbers(rate, figures)]
    return _seen({
        "subject": subject, "name": name,
        "figures": [_seen({"key": key, **value_and_parts(value)}) for key, value in figures.items()],
        "rates": [_seen({"key": each.rate.key, "part": each.part, "whole": each.whole, "percent": each.percent}) for each in shares],
    })  # fmt: skip


def _has_numbers(rate: Rate, figures: Mapping[str, Any]) -> bool:
    """Whether the figures of a rate were counted: an old snapshot has none of those that came later."""
    return all(key in figures for key in (*rate.part, *rate.whole) if key in FIGURES)


def _seen(row: Any) -> Seen:
    return Seen(row, known_caller().actor, frozenset())
