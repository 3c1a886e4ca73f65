"""The charts on the page of a period's figures; every number in them stands in its tables."""

from collections.abc import Mapping
from typing import Any

from reports.charts import ACROSS_WIDTH, NAMES, across, divided
from reports.statistics.subjects import names_of
from web.locales import in_reader_language as local
from web.statistics.figures_request import FiguresRequest

VERDICTS = {"handled_in_time": "done", "handled_in_time_after_extension": "open", "handled_late": "late"}
STANDINGS = {"open_in_time": "done", "open_late": "late"}
"""By figure, the style of its piece."""

MOST_BARS = 30
"""Bars in the chart by a dimension; the table below has everything."""


def figure_charts(
    asked: FiguresRequest, whole: Mapping[str, Any], before: Mapping[str, Any], by_subject: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """How the handled kept their limits, what was open at the end, and the handled by the dimension asked for."""
    periods = ((local(asked.period.label), whole), (local(asked.period.before().label), before))

    def both(kinds: Mapping[str, str]) -> Any:
        return divided([(name, [(kind, told[key]) for key, kind in kinds.items()]) for name, told in periods])

    names = names_of(asked.by, by_subject)
    rows = [(local(name), [(kind, by_subject[subject][key]) for key, kind in VERDICTS.items()]) for subject, name in names.items()]
    handled = [row for row in rows if any(number for _kind, number in row[1])]
    return {
        "verdict_bars": both(VERDICTS), "open_bars": both(STANDINGS), "subject_chart": across(handled[:MOST_BARS]),
        "chart_width": ACROSS_WIDTH, "names_width": NAMES,
    }  # fmt: skip
