"""A period's figures: all with their definitions, by one dimension, by two; the list behind each number; frozen snapshots."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from wtforms import TextAreaField
from wtforms.validators import InputRequired

from casework.bilingual import Bilingual
from casework.db import db, reading_once, unit_of_work
from casework.errors import CaseworkError
from casework.models import Case, FiguresSnapshot, Output
from casework.outputs import newest_order, order_output
from casework.parsing import number_in
from casework.permissions import Action, NotAllowed, may
from casework.permissions.sight import Sight, seen_by, sees, with_viewers
from casework.states import STAFF_LABELS, CaseState
from reports.charts import ACROSS_WIDTH, NAMES
from reports.statistics.behind import CountedFact, cases_of, is_listed
from reports.statistics.counting import cross, figures_of
from reports.statistics.figure import Shape
from reports.statistics.figures import FIGURES
from reports.statistics.periods import label_of, period_named
from reports.statistics.rates import RATES, share_of
from reports.statistics.reach import Reach, reaches_of
from reports.statistics.snapshots import (
    LONGEST_REASON,
    PAGE,
    changes_of,
    name_in,
    newest_of,
    period_of,
    refuse_correction,
    refuse_freezing,
    snapshot_seen,
    snapshots_of,
    snapshots_seen,
)
from reports.statistics.subjects import NOT_YET, WHOLE, Dimension, names_of
from web.clock import now
from web.exports.links import export_url
from web.forms import Form
from web.guards import actor, found, performs
from web.locales import in_reader_language as local
from web.statistics.figure_charts import figure_charts
from web.statistics.figure_rows import changed_name, part_name, rows_of_figures
from web.statistics.figures_request import FiguresRequest, asked_in_address, dimension_named, told_to_pages, words_of_figures
from web.statistics.over_time import steps_chart, timed_steps
from web.task_page import at_most
from workflows.figures.steps import step_hours

bp = Blueprint("statistics", __name__)

COLUMNS = (
    "carried_over", "received", "eligible", "handled", "handled_in_time", "handled_in_time_after_extension", "handled_late", "open",
    "open_late", "unconfirmed", "reopened", "extensions_granted", "handed_back", "redone", "ratings_given",
    "working_minutes_filed_to_final",
)  # fmt: skip
"""The columns of a table by one dimension."""

CROSSED = tuple(key for key, figure in FIGURES.items() if figure.shape == Shape.NUMBER)


class CorrectForm(Form):
    reason = TextAreaField(
        _l("Reason"),
        validators=[InputRequired(_l("Please say why.")), at_most(LONGEST_REASON)],
        description=_l("It stands in every report of the corrected figures. Please name no citizen."),
    )


@bp.get("/statistics")
@performs(Action.READ_STATISTICS)
def figures() -> ResponseReturnValue:
    with reading_once():
        return _page(asked_in_address())


@bp.get("/statistics/cross")
@performs(Action.READ_STATISTICS)
def crossed() -> ResponseReturnValue:
    with reading_once():
        return _crossed_page()


def _crossed_page() -> str:
    asked, moment = asked_in_address(), now()
    rows = dimension_named(request.args.get("rows"), asked.dimensions, asked.dimensions[0])
    others = [each for each in asked.dimensions if each != rows]
    columns = dimension_named(request.args.get("columns"), others, others[0])
    key = request.args.get("figure", "received")
    key = key if key in CROSSED else "received"
    told = cross(asked.reach.scope, asked.period, rows, columns, keys=[key], now=moment)
    numbers = {subjects: values[key] for subjects, values in told.items()}
    return render_template(
        "statistics/cross.html",
        rows=rows,
        columns=columns,
        figure=FIGURES[key],
        numbers=numbers,
        row_names=names_of(rows, [row for row, _column in numbers]),
        column_names=names_of(columns, [column for _row, column in numbers]),
        crossed=[FIGURES[each] for each in CROSSED],
        **told_to_pages(asked),
    )


@bp.get("/statistics/steps")
@performs(Action.READ_STATISTICS)
def steps() -> ResponseReturnValue:
    """The hours by step of a period, as in snapshots and reports."""
    with reading_once():
        asked = asked_in_address()
        agency_id = asked.reach.agency.id if asked.reach.agency is not None else None
        rows = step_hours(asked.period.up_to(now()), centre_id=asked.reach.centre.id, agency_id=agency_id)
        chart = steps_chart(timed_steps(rows, centre_id=asked.reach.centre.id, now=now()))
        drawn = {"chart": chart, "chart_width": ACROSS_WIDTH, "names_width": NAMES}
        return render_template("statistics/steps.html", steps=_named_steps(rows), **drawn, **told_to_pages(asked))


@bp.get("/statistics/cases")
@performs(Action.READ_STATISTICS)
def cases() -> ResponseReturnValue:
    """The list behind a number, as far as the person may see its cases."""
    with reading_once():
        return _list_page()


def _list_page() -> str:
    asked, moment = asked_in_address(), now()
    figure = found(FIGURES.get(request.args.get("figure", "")))
    found(figure if is_listed(figure.key) and may(actor(), Action.READ_CASE) else None)
    by, subject = _given_dimension("by", "subject"), request.args.get("subject", "")
    other, other_subject = _given_dimension("beside", "beside_subject"), request.args.get("beside_subject", "")
    part = request.args.get("part", "")
    behind = cases_of(
        figure.key, asked.reach.scope, asked.period, by=by, subject=subject or None, part=part or None,
        after=request.args.get("after", ""), now=moment, beside=(other, other_subject) if other else None,
    )  # fmt: skip
    rows = read_behind(behind.rows)
    given = {"figure": figure.key, "subject": subject, "part": part, "beside": other.value if other else ""}
    given |= {"beside_subject": other_subject}
    following = {**asked.address, **{name: value for name, value in given.items() if value}, "by": by.value if by else None}
    return render_template(
        "statistics/cases.html",
        figure=figure,
        rows=rows,
        hidden=len(behind.rows) - len(rows),
        chips=_chips_of(following, part_name(figure.key, part) if part else None, (by, subject), (other, other_subject)),
        titles=titles_in_lists([case for _row, case in rows]),
        state_of=lambda case: STAFF_LABELS[CaseState(case.state)],
        export=export_url("counted", of=asked.reach.ref, period=asked.period.name, **given, by=by.value if by else ""),
        next=url_for(".cases", **following, after=behind.next) if behind.next else "",
        first=url_for(".cases", **following) if request.args.get("after") else "",
        **told_to_pages(asked),
    )


def _chips_of(
    address: Mapping[str, Any], part: Bilingual | None, first: tuple[Dimension | None, str], second: tuple[Dimension | None, str]
) -> list[tuple[Bilingual, str]]:  # fmt: skip
    """What narrows the list, each with the address of the list without it."""
    held: list[tuple[Bilingual, tuple[str, ...]]] = []
    for (dimension, subject), keys in ((first, ("by", "subject")), (second, ("beside", "beside_subject"))):
        if dimension is not None and subject:
            held += [(name, keys) for name in names_of(dimension, [subject]).values()]
    held += [(part, ("part",))] if part is not None else []
    return [(name, url_for(".cases", **{key: value for key, value in address.items() if key not in keys})) for name, keys in held]


def read_behind(behind: Sequence[CountedFact]) -> list[tuple[CountedFact, Case]]:
    """The rows behind a number whose cases the person may read."""
    query = select(Case).where(Case.id.in_([row.case_id for row in behind])).options(*with_viewers(), joinedload(Case.lead_agency))
    readable = {case.id: case for case in db.session.scalars(query) if seen_by(actor(), case) is not None} if behind else {}
    return [(row, readable[row.case_id]) for row in behind if row.case_id in readable]


def titles_in_lists(cases: Sequence[Case]) -> dict[int, str]:
    """The titles shown in lists: none for sensitive cases, others if the person may read them."""
    return {
        case.id: case.title or "" for case in cases if case.visibility_reason_id is None and sees(actor(), Sight.CLEARED, case)
    }  # fmt: skip


@bp.post("/statistics/freeze")
@performs(Action.FREEZE_FIGURES)
def freeze_period() -> ResponseReturnValue:
    """Have a past period frozen: the worker counts, which takes seconds for a year, and the page shows the result."""
    asked = asked_in_address(request.form)
    period, centre_id, address = asked.period, asked.reach.centre.id, url_for(".figures", **asked.address)
    try:
        _require_freezing(asked.reach)
        with unit_of_work():
            refuse_freezing(period, centre_id=centre_id, by=actor(), now=now())
            order_output("freeze_figures", "json", {"period": period.name}, by=actor(), now=now(), centre_id=centre_id)
    except NotAllowed:
        raise
    except CaseworkError as refusal:
        return _page(asked_in_address(request.form), refusal=local(refusal.text)), 422
    return redirect(address)


@bp.get("/statistics/counting/<ref>")
@performs(Action.FREEZE_FIGURES)
def counting(ref: str) -> ResponseReturnValue:
    """The progress of counting figures to be frozen, for people who may freeze them."""
    row = db.session.scalars(select(Output).where(Output.ref == ref, Output.kind.in_(("freeze_figures", "correct_figures")))).first()
    freezers = {reach.centre.id for reach in reaches_of(actor()) if reach.freezes}
    row = found(row if row is not None and row.centre_id in freezers else None)
    answer = make_response(render_template("statistics/counting.html", **_counting(row)))
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@bp.get("/statistics/snapshots")
@performs(Action.READ_STATISTICS)
def snapshots() -> ResponseReturnValue:
    before = number_in(request.args.get("before", ""))
    rows = snapshots_seen(actor(), before=before)
    return render_template(
        "statistics/snapshots.html",
        snapshots=rows,
        next=url_for(".snapshots", before=rows[-1].id) if len(rows) == PAGE else "",
        first=url_for(".snapshots") if before else "",
        label_of=label_of,
        is_several=len({row.centre_id for row in rows}) > 1,
    )


@bp.get("/statistics/snapshots/<ref>")
@performs(Action.READ_STATISTICS)
def snapshot(ref: str) -> ResponseReturnValue:
    return _snapshot_page(found(snapshot_seen(actor(), ref)), CorrectForm(formdata=None))


@bp.post("/statistics/snapshots/<ref>/correct")
@performs(Action.FREEZE_FIGURES)
def correct_snapshot(ref: str) -> ResponseReturnValue:
    row, form = found(snapshot_seen(actor(), ref)), CorrectForm()
    if not form.validate_on_submit():
        return _snapshot_page(row, form), 422
    try:
        with unit_of_work():
            again, reason = found(snapshot_seen(actor(), ref)), form.reason.data or ""
            refuse_correction(again, reason=reason, by=actor(), now=now())
            order_output(
                "correct_figures", "json", {"snapshot": ref, "reason": reason}, by=actor(), now=now(), centre_id=again.centre_id
            )  # fmt: skip
    except NotAllowed:
        raise
    except CaseworkError as refusal:
        return _snapshot_page(found(snapshot_seen(actor(), ref)), form, refusal=form.refuse(refusal)), 422
    return redirect(url_for(".snapshot", ref=ref))


# -- contents of the pages --------------------------------------------------------------------------------------------------------


def _page(asked: FiguresRequest, *, refusal: str = "") -> str:
    moment, scope = now(), asked.reach.scope
    by_subject = figures_of(scope, asked.period, by=asked.by, now=moment)
    whole = by_subject.pop(WHOLE)
    before = figures_of(scope, asked.period.before())[WHOLE]
    newest = newest_of(asked.period, centre_id=asked.reach.centre.id)
    frozen = _frozen(newest, asked.reach) if newest is not None else None
    return render_template(
        "statistics/figures.html",
        lines=rows_of_figures(whole, before, frozen),
        **figure_charts(asked, whole, before, by_subject),
        shares=[(share_of(rate, whole), share_of(rate, before)) for rate in RATES.values()],
        before=asked.period.before(),
        names=names_of(asked.by, by_subject),
        by_subject=by_subject,
        columns=[FIGURES[key] for key in COLUMNS],
        in_time=lambda values: share_of(RATES["in_time_of_handled"], values),
        newest=newest if asked.reach.agency is None else None,
        frozen=frozen,
        differs=frozen is not None and frozen != _comparable(whole, frozen),
        may_freeze=asked.reach.freezes and asked.period.is_over(moment) and newest is None,
        is_over=asked.period.is_over(moment),
        may_schedule=may(actor(), Action.SCHEDULE_REPORT),
        rates=RATES,
        refusal=refusal,
        **_counting(_asked_to_freeze(asked) if asked.reach.freezes and newest is None else None),
        **told_to_pages(asked),
    )


def _asked_to_freeze(asked: FiguresRequest) -> Output | None:
    return newest_order("freeze_figures", centre_id=asked.reach.centre.id, now=now(), period=asked.period.name)


def _counting(row: Output | None) -> dict[str, Any]:
    """The values of the progress part: the order, and the snapshot once it is stored."""
    kept = None
    if row is not None and row.state in ("ready", "expired"):
        if row.kind == "freeze_figures":
            period = period_named(str(row.parameters["period"]), centre_id=row.centre_id)
            kept = newest_of(period, centre_id=row.centre_id)
        elif (frozen := snapshot_seen(actor(), str(row.parameters["snapshot"]))) is not None:
            kept = newest_of(period_of(frozen), centre_id=row.centre_id)
    refused = local(Bilingual(row.error, row.error_en or row.error)) if row is not None and row.error else ""
    return {"counting": row, "kept": kept, "counting_refused": refused}


def _named_steps(steps: Sequence[Mapping[str, Any]]) -> list[tuple[Bilingual, Mapping[str, Any]]]:
    return [(Bilingual(*step["name"]), step) for step in steps]


def _snapshot_page(row: FiguresSnapshot, form: CorrectForm, *, refusal: str = "") -> str:
    content = row.content
    asked_again = newest_order("correct_figures", centre_id=row.centre_id, now=now(), snapshot=row.ref)
    if asked_again is not None and asked_again.state == "failed" and not form.reason.data:
        form.reason.data = asked_again.parameters.get("reason")
    newest = found(newest_of(period_of(row), centre_id=row.centre_id))
    freezers = {reach.centre.id for reach in reaches_of(actor()) if reach.freezes}
    parts = [
        (Dimension(name), {subject: name_in(content, name, subject) for subject in _in_order(content, name)}, subjects)
        for name, subjects in content["figures"].items() if name != "all" and subjects
    ]  # fmt: skip
    return render_template(
        "statistics/snapshot.html",
        snapshot=row,
        content=content,
        label=label_of(row.name),
        lines=rows_of_figures(content["figures"]["all"][WHOLE], None, None, reasons=content["names"].get("reason", {})),
        parts=parts,
        columns=[FIGURES[key] for key in COLUMNS],
        changes=[(changed_name(row, change), change) for change in changes_of(row)],
        others=[each for each in snapshots_of(period_of(row), centre_id=row.centre_id) if each.id != row.id],
        is_newest=newest.id == row.id,
        steps=_named_steps(content["steps"]),
        may_correct=row.centre_id in freezers and newest.id == row.id,
        form=form,
        refusal=refusal,
        **_counting(asked_again if row.centre_id in freezers and newest.id == row.id else None),
        **words_of_figures(),
    )


def _given_dimension(name: str, of: str) -> Dimension | None:
    """The dimension of the number whose list is requested; None for one of the whole."""
    return next((each for each in Dimension if each.value == request.args.get(name)), None) if request.args.get(of) else None


def _require_freezing(reach: Reach) -> None:
    if not reach.freezes:
        raise NotAllowed


def _frozen(row: FiguresSnapshot, reach: Reach) -> dict[str, Any] | None:
    """The frozen figures of the whole, or of the one agency that is read."""
    figures = row.content["figures"]
    own: dict[str, Any] | None = figures["all"][WHOLE] if reach.agency is None else figures["agency"].get(reach.agency.ref)
    return own


def _comparable(whole: Mapping[str, Any], frozen: Mapping[str, Any]) -> dict[str, Any]:
    return {key: whole.get(key) for key in frozen}


def _in_order(content: Mapping[str, Any], dimension: str) -> list[str]:
    """A snapshot's subjects in the stored order of their names, then those without a name."""
    figures, names = content["figures"][dimension], content["names"].get(dimension, {})
    return [*sorted((each for each in names if each in figures), key=lambda each: (each == NOT_YET, names[each][0])),
            *(each for each in figures if each not in names)]  # fmt: skip
