"""Bottlenecks: the diagram coloured by how long steps took or how often they were late, as a table and in words; the variants of cases; and
the event log as a file. Reads counted months; names no case and no person."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from casework.bilingual import Bilingual
from casework.calendars import calendar_of
from casework.db import unit_of_work
from casework.errors import CaseworkError
from casework.figures.counting import month_before, month_of
from casework.local_time import local_day
from casework.models import Agency, Centre
from casework.permissions import Action, Actor, NotAllowed, may
from casework.reading.rule_rows import FieldRow
from casework.search.staff_choices import fields_of
from web.clock import now
from web.exports.links import export_url
from web.filters import percent
from web.guards import actor, found, performs
from web.http.security import allow_inline_style_attributes
from web.locales import in_reader_language as local
from web.locales import language
from web.public.transparency import period_name
from workflows.bottlenecks.conforming import ask_conformance, newest_conformance
from workflows.bottlenecks.event_log import FORMATS, XES, export_event_log, logs_taken
from workflows.bottlenecks.event_log import MOST_MONTHS as MOST_LOG_MONTHS
from workflows.bottlenecks.reading import (
    FEWEST,
    MOST_MONTHS,
    BottleneckQuery,
    Heat,
    Measures,
    agencies_offered,
    centres_offered,
    elements_of,
    heat,
    last_months,
    versions_offered,
)
from workflows.bottlenecks.sentences import bottlenecks, short_time_words, working_time_words
from workflows.bottlenecks.variants import MOST, MOST_VARIANTS, variants
from workflows.definitions.parsed import text_of
from workflows.diagrams import named_in
from workflows.models import ProcessVersion
from workflows.versions.live import NoLiveVersion

bp = Blueprint("studio_heat", __name__)

USUAL_MONTHS = 12
FIRST_MONTH = date(2000, 1, 1)
"""The program has no earlier data."""
ALL_VERSIONS = "all"
LEVELS = 5
TIME_BOUNDS = (0.25, 1, 2, 5)
"""Thresholds of the colours in working days. They are the same for every period, so that two maps can be compared."""
SHARE_BOUNDS = (5, 10, 20, 40)
"""Per cent."""
TYPES = {XES: "application/xml", "csv": "text/csv; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class HeatMeasure:
    """One choice of what the colours show; `value` takes it from the measures of a step. `kind`: time, share or number."""

    label: LazyString
    kind: str
    value: Callable[[Measures], float | None]


MEASURES: Mapping[str, HeatMeasure] = {
    "median": HeatMeasure(_l("Median time"), "time", lambda each: each.median),
    "p90": HeatMeasure(_l("Time of the slowest tenth"), "time", lambda each: each.p90),
    "late": HeatMeasure(_l("Late"), "share", lambda each: each.percent_of(each.late)),
    "redone": HeatMeasure(_l("Done again"), "share", lambda each: each.percent_of(each.redone)),
    "passages": HeatMeasure(_l("How often done"), "number", lambda each: each.passages),
}


@dataclass(frozen=True, slots=True)
class HeatRequest:
    """The request in the address, and the possible choices."""

    wanted: BottleneckQuery
    measure: str
    centres: list[Centre]
    versions: list[ProcessVersion]
    agencies: list[Agency]
    fields: Sequence[FieldRow]
    months: list[date]

    @property
    def address(self) -> dict[str, Any]:
        """The same request as parameters for another page's address."""
        wanted = self.wanted
        given = {
            "from": f"{wanted.first:%Y-%m}", "to": f"{wanted.last:%Y-%m}", "version": wanted.version.ref if wanted.version else "",
            "field": wanted.field, "agency": wanted.agency.ref if wanted.agency else "",
            "centre": wanted.centre.ref if wanted.centre else "",
            "measure": self.measure,
        }  # fmt: skip
        return {key: value for key, value in given.items() if value}


@bp.get("/studio/heat")
@performs(Action.READ_BOTTLENECKS)
@allow_inline_style_attributes
def heat_map() -> ResponseReturnValue:
    return _heat_page(_asked())


@bp.get("/studio/heat/variants")
@performs(Action.READ_BOTTLENECKS)
def ways() -> ResponseReturnValue:
    return _ways_page(_asked())


@bp.post("/studio/heat/conformance")
@performs(Action.REHEARSE)
def conformance() -> ResponseReturnValue:
    """Ask whether the live model would have allowed the period's cases; the result comes a few minutes later."""
    try:
        with unit_of_work():
            asked = _asked(request.form)
            ask_conformance(asked.wanted, by=actor(), now=now())
            address = asked.address
    except NotAllowed:
        raise
    except CaseworkError as refusal:
        return _ways_page(_asked(request.form), refusal=local(refusal.text)), 422
    flash(_("It is being compared. The result will stand here in a few minutes."))
    return redirect(url_for(".ways", _anchor="conformance", **address))


def _ways_page(asked: HeatRequest, *, refusal: str = "") -> str:
    shown = variants(asked.wanted, by=actor())
    fitting = newest_conformance(by=actor(), centre=asked.wanted.centre)
    result = (fitting.result or {}) if fitting is not None else {}
    names = sorted(
        {step for variant in shown.shown for step in variant.steps}
        | {step for each in result.get("departing", ()) for step in each["steps"]}
    )
    elements = elements_of(names, asked.versions)
    return render_template(
        "studio/heat_variants.html",
        variants=shown,
        labels={name: local(element.label) if element else name for name, element in zip(names, elements, strict=True)},
        elapsed=elapsed_words,
        most=MOST,
        most_variants=MOST_VARIANTS,
        fitting=fitting,
        result=result,
        refusal=refusal,
        said=lambda both: local(Bilingual(*both)) if both else "",
        may_rehearse=may(actor(), Action.REHEARSE),
        **_told(asked),
    )


@bp.post("/studio/heat/log.<form>")
@performs(Action.EXPORT_EVENT_LOG)
@allow_inline_style_attributes
def event_log(form: str) -> ResponseReturnValue:
    """The event log as a file. Requested by a form, because the export is recorded."""
    if form not in FORMATS:
        return found(None)
    try:
        with unit_of_work():
            asked = _asked(request.form)
            stream = export_event_log(asked.wanted, form, by=actor(), now=now())
    except NotAllowed:
        raise
    except CaseworkError as refusal:
        return _heat_page(_asked(request.form), refusal=local(refusal.text)), 422
    answer = Response(stream_with_context(stream), content_type=TYPES[form])
    name = f"nhat-ky-{asked.wanted.first:%Y-%m}-{asked.wanted.last:%Y-%m}.{form}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _heat_page(asked: HeatRequest, *, refusal: str = "") -> str:
    by = actor()
    try:
        shown = heat(asked.wanted, by=by)
    except NoLiveVersion:
        return render_template("studio/heat_empty.html", **_told(asked))
    day = _day_minutes(asked.wanted)
    measure = MEASURES[asked.measure]
    levels = levels_of(shown, measure, day)
    return render_template(
        "studio/heat.html",
        heat=shown,
        diagram=named_in(text_of(shown.drawn), language()),
        marks={f"heat{level}": [each for each, of in levels.items() if of == level] for level in range(1, LEVELS + 1)},
        badges={measures.element: badge for _element, measures in shown.steps if (badge := badge_of(asked.measure, measures, day))},
        levels=levels,
        legend=legend_of(measure, shown),
        bottlenecks=bottlenecks(shown, agencies=_names_of_agencies(asked, shown), day_minutes=day),
        time=lambda minutes: "–" if minutes is None else local(working_time_words(minutes, day)),
        refusal=refusal,
        logs=logs_taken(by=by),
        may_export=may(by, Action.EXPORT_EVENT_LOG),
        formats=FORMATS,
        export=export_url("heat", **asked.address),
        most_log_months=MOST_LOG_MONTHS,
        **_told(asked),
    )


def levels_of(shown: Heat, measure: HeatMeasure, day_minutes: int) -> dict[str, int]:
    """The colour of each element from 1 to LEVELS; elements with few passages or none are left out."""
    values = {measures.element: measure.value(measures) for _element, measures in shown.all if measures.passages}
    most = max((value for value in values.values() if value is not None), default=0)
    bounds = {
        "time": tuple(bound * day_minutes for bound in TIME_BOUNDS),
        "share": SHARE_BOUNDS,
        "number": tuple(most * part / LEVELS for part in range(1, LEVELS)),
    }[measure.kind]
    return {element: 1 + sum(value > bound for bound in bounds) for element, value in values.items() if value is not None}


def legend_of(measure: HeatMeasure, shown: Heat) -> list[tuple[int, str]]:
    if measure.kind == "time":
        names = [
            _("a quarter of a day or less"), _("a day or less"), _("2 days or less"), _("5 days or less"), _("more than 5 days"),
        ]  # fmt: skip
    elif measure.kind == "share":
        names = [
            *(_("%(share)s or less", share=percent(bound)) for bound in SHARE_BOUNDS),
            _("more than %(share)s", share=percent(SHARE_BOUNDS[-1])),
        ]
    else:
        most = max((measures.passages for _element, measures in shown.all), default=0)
        names = [_("%(number)s or less", number=most * part // LEVELS) for part in range(1, LEVELS + 1)] if most else []
    return list(enumerate(names, start=1))


def badge_of(measure: str, measures: Measures, day_minutes: int) -> str:
    """The text on a step of the drawing: a time, or a share as two numbers; empty where nothing was done."""
    if not measures.passages:
        return ""
    if measure in ("median", "p90"):
        minutes = MEASURES[measure].value(measures)
        return "–" if minutes is None else str(local(short_time_words(minutes, day_minutes)))
    if measure == "passages":
        return str(measures.passages)
    return f"{getattr(measures, measure)}/{measures.passages}"


def elapsed_words(time: timedelta | None) -> str:
    """Calendar days and hours."""
    if time is None:
        return "–"
    days, hours = time.days, time.seconds // 3600
    return str(_("%(days)s d %(hours)s h", days=days, hours=hours) if days else _("%(hours)s h", hours=hours))


def _told(asked: HeatRequest) -> dict[str, Any]:
    return {
        "asked": asked,
        "measures": MEASURES,
        "all_versions": ALL_VERSIONS,
        "percent": percent,
        "period_name": period_name,
        "fewest": FEWEST,
        "reads_process": may(actor(), Action.READ_PROCESS),
        "scope_of": lambda version: next((each for each in asked.centres if each.id == version.centre_id), None),
    }


def _names_of_agencies(asked: HeatRequest, shown: Heat) -> dict[int, Bilingual]:
    return {agency.id: agency.short_name for agency in asked.agencies} if shown.counted_at is not None else {}


def _day_minutes(wanted: BottleneckQuery) -> int:
    """Office minutes of a working day, for showing long times in days."""
    return calendar_of(wanted.centre.id if wanted.centre else None).office_minutes_on(local_day(now()))


def _asked(sent: Mapping[str, str] | None = None) -> HeatRequest:
    return asked_for(sent if sent is not None else request.args, by=actor(), moment=now())


def asked_for(given: Mapping[str, Any], *, by: Actor, moment: datetime) -> HeatRequest:
    """The request in the given values; those without meaning, or about something that is not the person's, are ignored."""
    centres, versions = centres_offered(by), versions_offered(by)
    centre = next((each for each in centres if each.ref == given.get("centre")), centres[0] if len(centres) == 1 else None)
    agencies, fields = agencies_offered(by, centre), fields_of(centre.id if centre is not None else None, now=moment)
    first, last = last_months(moment, USUAL_MONTHS)
    first, last = sorted((_month(given.get("from", ""), moment) or first, _month(given.get("to", ""), moment) or last))
    longest = last
    for _number in range(MOST_MONTHS - 1):
        longest = month_before(longest)
    measure, field = given.get("measure", ""), given.get("field", "")
    months = [month_of(moment)]
    while len(months) < MOST_MONTHS:
        months.append(month_before(months[-1]))
    return HeatRequest(
        BottleneckQuery(
            max(first, longest),
            last,
            version=next((each for each in versions if each.ref == given.get("version")), None),
            field=field if any(each.service_code == field for each in fields) else "",
            agency=next((each for each in agencies if each.ref == given.get("agency")), None),
            centre=centre,
        ),
        measure if measure in MEASURES else "median",
        centres,
        versions,
        agencies,
        fields,
        months,
    )


def _month(text: str, moment: datetime) -> date | None:
    try:
        month_on = date.fromisoformat(f"{text}-01") if len(text) == len("2026-01") else None
    except ValueError:
        return None
    return min(max(month_on, FIRST_MONTH), month_of(moment)) if month_on is not None else None
