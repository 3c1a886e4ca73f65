"""What `extensions=true` adds to requests: agencies without an answer, verdicts, and the public steps. Three statements for any number."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from sqlalchemy import bindparam, func, select

from casework.bilingual import Bilingual
from casework.db import db
from casework.doors.open311.cases import RequestRow
from casework.models import Agency, Assignment, Rating
from casework.public.publication import MissingAnswer, missing_beside
from casework.publications import WHOLE
from casework.telling.steps import Step, public_steps_of


@dataclass(frozen=True, slots=True)
class Extended:
    """Of a published case; before that all of it is empty."""

    missing: tuple[MissingAnswer, ...] = ()
    verdicts: dict[str, int] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)


def extended(rows: Sequence[RequestRow]) -> dict[int, Extended]:
    """By the row of the case."""
    published = {row.case_id: row.published for row in rows if row.published is not None}
    if not published:
        return {}
    at_work: dict[int, list[Any]] = defaultdict(list)
    for row in db.session.execute(_ASSIGNMENTS, {"cases": list(published)}):
        at_work[row.case_id].append(_assignment(row))
    verdicts: dict[int, dict[str, int]] = defaultdict(dict)
    publications = [each.publication_id for each in published.values()]
    for publication_id, level, count in db.session.execute(_VERDICTS, {"publications": publications}):
        verdicts[publication_id][level] = count
    steps = public_steps_of({case_id: {one.key: one.agency.name for one in at_work[case_id]} for case_id in published})
    found = {}
    for case_id, each in published.items():
        case: Any = SimpleNamespace(assignments=at_work[case_id], open_assignments=[one for one in at_work[case_id] if one.is_open])
        answers: list[Any] = [SimpleNamespace(assignment=SimpleNamespace(round=one.round, agency_id=one.agency_id)) for one in each.answers]
        missing = missing_beside(answers, case, is_interim=each.is_interim)
        found[case_id] = Extended(missing, verdicts[each.publication_id], steps[case_id])
    return found


def _assignment(row: Any) -> Any:
    """An agency's work as casework.public.publication judges it."""
    agency = SimpleNamespace(name=Bilingual(row.name_vi, row.name_en))
    return SimpleNamespace(
        id=row.id, key=row.key, agency_id=row.agency_id, agency=agency, round=row.round, is_lead=row.slot == "lead",
        is_open=row.ended_at is None, end_reason=row.end_reason, end_words=row.end_words,
    )  # fmt: skip


_ASSIGNMENTS = (
    select(
        Assignment.id, Assignment.case_id, Assignment.agency_id, Assignment.round, Assignment.slot, Assignment.ended_at,
        Assignment.end_reason, Assignment.end_words, Agency.key, Agency.name_vi, Agency.name_en,
    )
    .join(Agency, Agency.id == Assignment.agency_id)
    .where(Assignment.case_id.in_(bindparam("cases", expanding=True)))
    .order_by(Assignment.id)
)  # fmt: skip
_VERDICTS = (
    select(Rating.publication_id, Rating.level, func.count(Rating.id))
    .where(Rating.publication_id.in_(bindparam("publications", expanding=True)), Rating.about == WHOLE)
    .group_by(Rating.publication_id, Rating.level)
    .order_by(Rating.publication_id, Rating.level)
)
