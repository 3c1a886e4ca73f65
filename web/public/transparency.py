"""The centre's figures for the public, as a page and as open data. Reads what was counted before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from casework.documents.periodic import newest_yearbook
from casework.figures.counting import month_before, month_of
from casework.figures.definitions import FEWEST_FOR_A_RATE, FIGURES, RATES
from casework.figures.reading import (
    MONTHS_SHOWN,
    FiguresLine,
    FiguresPage,
    centres_with_figures,
    last_months,
    late_cases,
    months_counted,
    open_rows,
    shown_figures,
)
from casework.models import Centre
from casework.permissions import Action
from casework.settings.importing.tables import write_csv
from reports.charts import StackedChart, stacked
from reports.statistics.periods import month_words
from web.clock import now
from web.filters import decimal, percent
from web.guards import found, performs
from web.http.replica import may_be_behind
from web.locales import in_reader_language as local

bp = Blueprint("transparency", __name__)

TEN_MINUTES = "public, max-age=600"
LAST_YEAR = "last-12"
MONTHS_OFFERED = 24
"""Single months offered; older ones are within their years."""

CHART_WIDTH = 340
"""As wide as the narrow telephones: a chart that is never shrunk needs no scrolling sideways."""
CHART_FOOT = 104
"""Low enough for three screens of a telephone."""

IN_SIGHT = 3
"""Of a list, the others folded. A list of one more is in sight whole, because a fold is as high as a line."""

LATE_IN_SIGHT = 2
VERDICTS = ("in_time", "in_time_after_extension", "late")
COLUMNS = ("month", "centre", "dimension", "subject", "subject_name_vi", "subject_name_en", "figure", "part", "value", "counted_at")


@dataclass(frozen=True, slots=True)
class PublicFiguresRequest:
    """The centres and months requested; `centres` are the possible choices."""

    centres: list[Centre]
    centre: Centre | None
    period: str
    months: list[date]
    offered: list[date]
    years: list[int]

    @property
    def address(self) -> dict[str, Any]:
        own: dict[str, Any] = {"period": self.period} if self.period != LAST_YEAR else {}
        return own | ({"centre": self.centre.code_prefix} if self.centre is not None and len(self.centres) > 1 else {})


@dataclass(frozen=True, slots=True)
class ShownLines:
    """A list by agency, field or commune: in sight the lines with the most answers, folded the others, then those without an answer yet.

    Each in the order of the list, which is never a ranking.
    """

    in_sight: list[FiguresLine]
    folded: list[FiguresLine]
    unanswered: list[FiguresLine]

    @property
    def number_folded(self) -> int:
        return len(self.folded) + len(self.unanswered)


@bp.get("/transparency")
@performs(Action.READ_PUBLIC)
@may_be_behind
def transparency() -> ResponseReturnValue:
    asked, moment = _asked(), now()
    if asked.centre is None or not asked.offered:
        return render_template("public/transparency_empty.html", asked=asked)
    chart_months = asked.months if len(asked.months) > 1 else _year_to(asked.months[0])
    shown = shown_figures(asked.centre.id, period=asked.months, chart=chart_months)
    is_present = asked.months[-1] == month_of(moment)
    return render_template(
        "public/transparency.html",
        asked=asked,
        shown=shown,
        agencies=shown_lines(shown.agencies),
        fields=shown_lines(shown.fields),
        areas=shown_lines(shown.areas),
        chart=_chart(shown),
        chart_width=CHART_WIDTH,
        chart_foot=CHART_FOOT,
        late_in_sight=LATE_IN_SIGHT,
        late=late_cases(asked.centre.id, now=moment) if is_present else None,
        figures=FIGURES,
        rates=RATES,
        downloads=download_links(asked),
        fewest=FEWEST_FOR_A_RATE,
        hours=hours,
        percent=percent,
        period_name=period_name,
        last_year=LAST_YEAR,
        most_months=MONTHS_OFFERED,
        is_several=len(asked.centres) > 1,
        yearbook=newest_yearbook(asked.centre.id),
    )


@bp.get("/transparency.json")
@performs(Action.READ_PUBLIC)
@may_be_behind
def as_json() -> ResponseReturnValue:
    """All figures of the page by month, with definitions; medians also for the whole period."""
    asked = _asked()
    centre = found(asked.centre)
    rows, medians = open_rows(centre.id, asked.months)
    answer = jsonify(
        {
            "centre": {"code": centre.code_prefix, "name": _both(centre.name)},
            "months": [f"{month_on:%Y-%m}" for month_on in asked.months],
            "counted_at": max((row.counted_at.isoformat() for row in rows), default=None),
            "fewest_cases_for_a_rate": FEWEST_FOR_A_RATE,
            "figures": [
                {"key": each.key, "name": _both(each.name), "definition": _both(each.definition), "is_standing": each.is_standing}
                for each in FIGURES.values()
            ],
            "rates": [
                {"key": each.key, "name": _both(each.name), "definition": _both(each.definition), "part": each.part, "whole": each.whole}
                for each in RATES.values()
            ],
            "rows": [
                {
                    "month": f"{row.month_on:%Y-%m}", "dimension": row.dimension, "subject": row.subject,
                    "name": _both(row.name) if row.name else None, "figures": row.figures, "counted_at": row.counted_at.isoformat(),
                }
                for row in rows
            ],
            "medians_of_all_months": [
                {"dimension": dimension, "subject": subject, **of_subject} for (dimension, subject), of_subject in medians.items()
            ],
        }
    )  # fmt: skip
    return _download(answer, f"minh-bach-{centre.code_prefix}-{asked.period}.json")


@bp.get("/transparency.csv")
@performs(Action.READ_PUBLIC)
@may_be_behind
def as_csv() -> ResponseReturnValue:
    """One line per number, so that a column never changes its meaning. `part` is the reason; a withheld number has no value."""
    asked = _asked()
    centre = found(asked.centre)
    lines: list[tuple[Any, ...]] = [COLUMNS]
    for row in open_rows(centre.id, asked.months)[0]:
        place = (f"{row.month_on:%Y-%m}", centre.code_prefix, row.dimension, row.subject, *(row.name or ("", "")))
        for key, value in sorted(row.figures.items()):
            parts = value.items() if isinstance(value, dict) else [("", value)]
            lines += [(*place, key, part, number, row.counted_at.isoformat()) for part, number in parts]
    return _csv(lines, f"minh-bach-{centre.code_prefix}-{asked.period}.csv")


@bp.get("/transparency/definitions.csv")
@performs(Action.READ_PUBLIC)
@may_be_behind
def definitions() -> ResponseReturnValue:
    """The meaning of each figure in the other file, and the base of each rate."""
    lines: list[tuple[Any, ...]] = [("key", "kind", "name_vi", "name_en", "definition_vi", "definition_en", "part", "whole")]
    lines += [(each.key, "figure", *each.name, *each.definition, "", "") for each in FIGURES.values()]
    lines += [(each.key, "rate", *each.name, *each.definition, "+".join(each.part), "+".join(each.whole)) for each in RATES.values()]
    return _csv(lines, "minh-bach-dinh-nghia.csv")


def _asked() -> PublicFiguresRequest:
    """The requested centre and period; by default, or where the address makes no sense, the default centre and the last twelve months."""
    moment, centres = now(), centres_with_figures()
    wanted = request.args.get("centre", "")
    centre = next((each for each in centres if each.code_prefix == wanted), centres[0] if centres else None)
    offered = months_counted(centre.id, moment) if centre is not None else []
    years = sorted({month_on.year for month_on in offered}, reverse=True)
    period = request.args.get("period", "")
    month_on = next((each for each in offered if f"{each:%Y-%m}" == period), None)
    year = next((each for each in years if str(each) == period), None)
    if month_on is not None:
        months = [month_on]
    elif year is not None:
        months = [date(year, number, 1) for number in range(1, 13) if date(year, number, 1) <= month_of(moment)]
    else:
        period, months = LAST_YEAR, last_months(moment, MONTHS_SHOWN)
    return PublicFiguresRequest(centres, centre, period, months, offered, years)


def _chart(shown: FiguresPage) -> StackedChart:
    return stacked(
        [
            (month_label(month_on, is_first=place == 0), [(kind, numbers.number(kind) or 0) for kind in VERDICTS])
            for place, (month_on, numbers) in enumerate(shown.by_month)
        ],
        width=CHART_WIDTH,
        foot=CHART_FOOT,
    )


def shown_lines(lines: Sequence[FiguresLine]) -> ShownLines:
    answered = [line for line in lines if line.numbers.number("answered") != 0]
    in_sight = answered
    if len(answered) > IN_SIGHT + 1:
        largest = sorted(answered, key=lambda line: -(line.numbers.number("answered") or 0))[:IN_SIGHT]
        in_sight = [line for line in answered if line in largest]
    return ShownLines(in_sight, [line for line in answered if line not in in_sight], [line for line in lines if line not in answered])


def month_label(month_on: date, *, is_first: bool = False) -> str:
    """7/22 where a year begins in a chart, else 8."""
    return f"{month_on.month}/{month_on:%y}" if is_first or month_on.month == 1 else str(month_on.month)


def period_name(month_on: date) -> str:
    """Tháng 6/2026, June 2026."""
    return local(month_words(month_on))


@bp.app_template_filter("counted")
def counted_words(number: int | None) -> str:
    """A figure in words; one that was not counted is not shown as zero."""
    return str(_("not counted")) if number is None else str(number)


bp.add_app_template_filter(period_name, "month_name")


def hours(minutes: float | None) -> str:
    """Working minutes as hours with one decimal: 2,5."""
    return "" if minutes is None else decimal(round(minutes / 60, 1))


def _year_to(month_on: date) -> list[date]:
    months = [month_on]
    while len(months) < MONTHS_SHOWN:
        months.append(month_before(months[-1]))
    return months[::-1]


def _both(words: tuple[str, str]) -> dict[str, str]:
    return {"vi": words[0], "en": words[1]}


def _csv(lines: list[tuple[Any, ...]], filename: str) -> Response:
    return _download(Response(write_csv(lines), content_type="text/csv; charset=utf-8"), filename)


def _download(response: Response, filename: str) -> Response:
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    response.headers["Cache-Control"] = TEN_MINUTES
    return response


def download_links(asked: PublicFiguresRequest) -> list[tuple[str, str]]:
    """The addresses of the same figures as files, with labels."""
    return [
        (url_for(".as_csv", **asked.address), _("CSV")),
        (url_for(".as_json", **asked.address), _("JSON")),
        (url_for(".definitions"), _("Definitions (CSV)")),
    ]
