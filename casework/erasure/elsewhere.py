"""What erasing a case takes from other cases, in which its reports once were."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, exists, select

from casework.db import db
from casework.models import CaseReport, Draft, HeldAct, Rating, Refusal, Report, Review

Change = tuple[Any, ColumnElement[bool], dict[str, Any]]


def replies_elsewhere(reports: Sequence[Report]) -> list[Change]:
    """What staff wrote in other cases to the senders of these reports alone, which may repeat what they said."""
    ratings = select(Rating.id).where(Rating.reporter_id.in_([report.reporter_id for report in reports if report.reporter_id]))
    return [
        (Refusal, Refusal.objected_by_id.in_([report.id for report in reports]), {"decision_words": None}),
        (Review, Review.rating_id.in_(ratings), {"words": None}),
    ]


def drop_drafts_elsewhere(reports: Sequence[Report], ids: Collection[int]) -> None:
    """Delete staff's drafts and held acts about other cases since one of these reports was there, as they may contain its words. A draft
    saved after the report left may be a copy of an earlier one."""
    was_there = exists().where(
        CaseReport.case_id == Draft.case_id,
        CaseReport.report_id.in_([report.id for report in reports]),
        CaseReport.joined_at <= Draft.saved_at,
    )
    db.session.query(Draft).where(Draft.case_id.not_in(ids), was_there).delete(synchronize_session=False)
    was_pressed = exists().where(
        CaseReport.case_id == HeldAct.case_id,
        CaseReport.report_id.in_([report.id for report in reports]),
        CaseReport.joined_at <= HeldAct.pressed_at,
    )
    db.session.query(HeldAct).where(HeldAct.case_id.not_in(ids), was_pressed).delete(synchronize_session=False)
