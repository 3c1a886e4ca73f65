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
from casework.models import FiguresSnapshot
from casework.permissions import Action
from reports.statistics.by_subject import SubjectRow, counted_by_subject, frozen_by_subject
from reports.statistics.figures import FIGURES
from reports.statistics.periods import MONTH, NoSuchPeriod, as_called, period_at, period_named
from reports.statistics.rates import RATES
from reports.statistics.reach import reach_named, reaches_of
from reports.statistics.snapshots import newest_of
from reports.statistics.subjects import Dimension
from web.api.asking import parameters
from web.api.door import answered
from web.api.problems import Refused, fault
from web.api.routes import answers
from web.clock import now
from web.door_keys import known_caller
from web.statistics.figures_request import FiguresRequest


@answers("/statistics", Action.READ_STATISTICS, Bilingual("Số liệu của một kỳ.", "The figures of a period."), STATISTICS,
         filters=OF_STATISTICS)  # fmt: skip
def statistics() -> ResponseReturnValue:
    asked = parameters(OF_STATISTICS)
    with reading_once():
        wished = _wished(asked)
        by = Dimension(asked["by"]) if "by" in asked else None
        frozen = _frozen(wished, by) if asked.get("frozen") else None
        reach, period = wished.reach, wished.period
        rows = frozen_by_subject(frozen, reach, by) if frozen is not None else counted_by_subject(reach, period, by, now=now())
        if not rows:
            raise NotFound
        told = {
            "of": named(reach.agency or reach.centre), "period": period.name, "words": period.label,
            "since_at": period.since, "until_at": period.until, "is_over": period.is_over(now()), "by": str(by) if by else None,
            "frozen": _seen(frozen) if frozen is not None else None, "rows": [_row(each) for each in rows],
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


def _frozen(wished: FiguresRequest, by: Dimension | None) -> FiguresSnapshot:
    """The newest snapshot. Raises NotFound where there is none, Refused for an agency's by a dimension, which no snapshot holds."""
    if by is not None and wished.reach.agency is not None:
        raise Refused("parameter", faults=[fault("by", "wrong")])
    row = newest_of(wished.period, centre_id=wished.reach.centre.id)
    if row is None:
        raise NotFound
    return row


def _row(row: SubjectRow) -> Seen:
    return _seen({
        "subject": row.subject, "name": row.name,
        "figures": [_seen({"key": key, **value_and_parts(value)}) for key, value in row.figures.items()],
        "rates": [_seen({"key": each.rate.key, "part": each.part, "whole": each.whole, "percent": each.percent}) for each in row.shares],
    })  # fmt: skip


def _seen(row: Any) -> Seen:
    return Seen(row, known_caller().actor, frozenset())
