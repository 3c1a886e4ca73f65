"""Parts of a dashboard: what agencies and people owe, what is most overdue, and what is waiting for a decision."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.db import db
from casework.models import Agency, Case
from casework.permissions import Action, Role, may
from casework.permissions.sight import seen_by, with_viewers
from reports.charts import HorizontalChart, ShareBar, across, divided
from reports.statistics.figure import LEVELS
from reports.statistics.reach import Reach
from reports.statistics.standing import OpenState, standing_cases
from reports.statistics.subjects import NOTHING_YET, Dimension
from web.guards import actor
from web.locales import in_reader_language as local
from web.statistics.figures import read_behind, titles_in_lists
from workflows.desks.attention import Attention, attention_of, delay_notes, steps_of
from workflows.desks.inbox import page_of
from workflows.desks.inbox_filters import NOBODY, InboxQuery
from workflows.desks.inbox_steps import InboxStep
from workflows.desks.teams import Workload, teams_of

LATEST = 6
"""How many of the most overdue cases are shown with their reason; the number links to all."""

MOST_BARS = 30
"""Bars in a chart; the table below has everything."""

SHOWN = 5
"""Cases of a kind in the list of what needs attention."""

LOADS = (OpenState.LATE, OpenState.SOON, OpenState.IN_TIME)

ATTENTION_NAMES: dict[Attention, Bilingual] = {
    Attention.HANDED_BACK: Bilingual("Chuyển trả từ lần thứ hai", "Handed back a second time"),
    Attention.EXTENSION: Bilingual("Xin gia hạn chờ quyết định", "Extensions waiting for a decision"),
    Attention.REVIEW: Bilingual("Đánh giá chưa hài lòng chờ xem lại", "Dissatisfied ratings waiting for a review"),
}

ATTENTION_DEFINITIONS: dict[Attention, Bilingual] = {
    Attention.HANDED_BACK: Bilingual(
        "Vụ việc đã bị đơn vị chuyển trả ít nhất hai lần và đang chờ Trung tâm chốt đơn vị.",
        "Cases handed back at least twice that wait for the centre to settle whose they are.",
    ),
    Attention.EXTENSION: Bilingual(
        "Vụ việc có đề nghị gia hạn chờ lãnh đạo đơn vị đồng ý hoặc chờ quyết định.",
        "Cases with a request for more time that waits for the agency's leader or for a decision.",
    ),
    Attention.REVIEW: Bilingual(
        "Vụ việc có người gửi chưa hài lòng với câu trả lời, Trung tâm chưa xem lại.",
        "Cases whose sender is not satisfied with the answer, and the centre has not reviewed it yet.",
    ),
}


@dataclass(frozen=True, slots=True)
class AgencyDebt:
    """The open work of one agency, or of none yet: `ref` opens the list."""

    ref: str
    name: Bilingual
    short_name: Bilingual
    numbers: dict[str, int]


# -- late -------------------------------------------------------------------------------------------------------------------------


def latest(reach: Reach, moment: datetime, *, reads_cases: bool) -> dict[str, Any]:
    """The most overdue cases, where they are and the reason given; empty for people who may not read cases."""
    if not reads_cases:
        return {"late": [], "titles": {}, "steps_at": {}, "said": {}, "may_direct": _nobody, "may_remind": _nobody}
    late = read_behind(standing_cases(OpenState.LATE, reach.scope, now=moment, limit=LATEST).rows)
    rows = [case for _row, case in late]
    return {
        "late": late,
        "titles": titles_in_lists(rows),
        "steps_at": steps_of(rows),
        "said": delay_notes(actor(), rows),
        "may_direct": lambda case: may(actor(), Action.DIRECT, case),
        "may_remind": lambda case: case.lead_agency is not None and may(actor(), Action.REMIND_ALL, case),
    }


def _nobody(_case: Case) -> bool:
    return False


# -- who owes it ------------------------------------------------------------------------------------------------------------------


def owed_by_agency(standing: dict[int | None, Any]) -> list[AgencyDebt]:
    """By agency in the order of names, never a ranking; what no agency has yet comes last."""
    query = select(Agency).where(Agency.id.in_([each for each in standing if each is not None])).order_by(Agency.folded_name, Agency.id)
    rows = [AgencyDebt(agency.ref, agency.name, agency.short_name, standing[agency.id]) for agency in db.session.scalars(query)]
    if None in standing:
        words = NOTHING_YET[Dimension.AGENCY]
        rows.append(AgencyDebt("none", words, words, standing[None]))
    return rows


def owed_chart(owed: Sequence[AgencyDebt]) -> HorizontalChart:
    return across([(local(row.short_name), [(KIND[each], row.numbers[each]) for each in LOADS]) for row in owed[:MOST_BARS]])


KIND = {OpenState.LATE: "late", OpenState.SOON: "soon", OpenState.IN_TIME: "open"}
"""The styles of a bar's pieces."""


def team_of(reach: Reach, moment: datetime) -> dict[str, Any] | None:
    """The claimed steps per person at the agency's desks; None for a whole centre."""
    if reach.agency is None:
        return None
    grants = tuple(grant for grant in actor().grants if grant.role == Role.AGENCY_LEADER and grant.agency_id == reach.agency.id)
    teams = teams_of(replace(actor(), grants=grants[:1]), now=moment) if grants else []
    if not teams:
        return None
    loads = [(member.account.full_name or "", member.account.ref, member.load) for member in teams[0].members]
    loads += [(_("Nobody yet"), NOBODY, teams[0].free)] if teams[0].free.taken else []
    bars = [(name, [("late", load.late), ("soon", load.soon), ("open", _in_time(load))]) for name, _ref, load in loads[:MOST_BARS]]
    return {"rows": loads, "in_time": _in_time, "chart": across(bars)}


def _in_time(load: Workload) -> int:
    return load.taken - load.late - load.soon


# -- satisfaction ------------------------------------------------------------------------------------------------------------------


def ratings_bars(told: Mapping[str, Any], before: Mapping[str, Any], names: Sequence[Bilingual]) -> tuple[ShareBar, ...]:
    """The ratings of a period and of the one before, each as one whole; the pieces are named by their level."""
    return divided([
        (local(name), [(level, numbers["ratings_given"].get(level, 0)) for level in LEVELS])
        for name, numbers in zip(names, (told, before), strict=True)
    ])  # fmt: skip


# -- what waits for the reader --------------------------------------------------------------------------------------------------------


def own_decisions(reach: Reach, moment: datetime) -> list[InboxStep]:
    """The first steps that wait for the person as a leader of the centre's committee; none for anybody else."""
    grants = tuple(each for each in actor().grants if each.role == Role.COMMITTEE_LEADER and each.centre_id == reach.centre.id)
    if not grants:
        return []
    return list(page_of(replace(actor(), grants=grants), InboxQuery(), now=moment, limit=SHOWN).tasks)


# -- attention ---------------------------------------------------------------------------------------------------------------------


def attention_told(reach: Reach, *, reads_cases: bool) -> dict[str, Any]:
    """What is waiting for a decision: the number of each kind, and the first of them by name."""
    waiting = attention_of(reach.centre.id, agency_id=reach.agency_id)
    ids = {case_id for found_ids in waiting.values() for case_id in found_ids[:SHOWN]} if reads_cases else set()
    query = select(Case).where(Case.id.in_(ids)).options(*with_viewers())
    rows = {case.id: case for case in db.session.scalars(query) if seen_by(actor(), case) is not None} if ids else {}
    return {
        "waiting": {why: len(found_ids) for why, found_ids in waiting.items()},
        "attention_cases": {why: [rows[id_] for id_ in found_ids[:SHOWN] if id_ in rows] for why, found_ids in waiting.items()},
        "attention_titles": titles_in_lists(list(rows.values())),
        "attention_names": ATTENTION_NAMES,
        "review": Attention.REVIEW,
    }
