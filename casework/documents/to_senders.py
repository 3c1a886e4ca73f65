"""Letters to the senders of reports, shown on the page of their own report as soon as they are written."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.db import db
from casework.documents.kinds import APOLOGY, TO_SENDERS, kind_of
from casework.models import CaseReport, Letter, Report

MOST_LETTERS = 40


@dataclass(frozen=True)
class OwnLetter:
    """A letter as shown to the sender of a report."""

    ref: str
    name: Bilingual
    unit: str
    made_at: datetime


def letters_told(report: Report) -> list[Letter]:
    """The letters to the senders of a case from the time the report was in it, newest first, without those taken back."""
    query = select(Letter).join(CaseReport, CaseReport.case_id == Letter.case_id).where(CaseReport.report_id == report.id)
    query = query.where(Letter.kind.in_(TO_SENDERS), Letter.withdrawn_at.is_(None), Letter.made_at >= CaseReport.joined_at)
    query = query.where(CaseReport.left_at.is_(None) | (Letter.made_at <= CaseReport.left_at))
    return list(db.session.scalars(query.order_by(Letter.id.desc()).limit(MOST_LETTERS)))


def letter_told(report: Report, ref: str) -> Letter | None:
    """One letter to the sender of a report; None where it is not theirs."""
    return next((letter for letter in letters_told(report) if letter.ref == ref), None)


def own_letters(told: Iterable[Letter]) -> list[OwnLetter]:
    """The letters that are listed; an apology is shown with its new day instead."""
    return [OwnLetter(each.ref, kind_of(each).name, each.content["unit"], each.made_at) for each in told if each.kind != APOLOGY]
