"""What there is on paper and in figures for somebody: documents, their numbers and seals, statistics, reports, files and schedules."""
from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from casework.assignments.extensions import extensions_of
from casework.casefile.views import publications_of
from casework.db import db
from casework.documents.books import books_seen
from casework.documents.offers import letters_to_offer
from casework.documents.register import Shelf, documents_seen
from casework.documents.sealing import may_return
from casework.models import Case
from casework.outputs import outputs_seen
from casework.outputs.schedule_lists import schedules_seen
from casework.permissions import Action, Actor, may
from casework.permissions.sight import case_seen_by
from reports.statistics.periods import MONTH, YEAR, period_at
from reports.statistics.snapshots import snapshots_seen

OLDEST_FIRST = "2022"


def pages_of_papers(actor: Actor, now: datetime) -> dict[str, str]:
    """The name of each page and its address."""
    found = _documents(actor) | _written_about_cases(actor, now) | _figures(actor, now) | _files(actor)
    if may(actor, Action.SCHEDULE_REPORT):
        found |= {"schedules": "/schedules", "schedule-new": "/schedules/new"}
        for row in schedules_seen(actor):
            found |= {f"schedule-{row.kind}": f"/schedules/{row.ref}", f"schedule-change-{row.kind}": f"/schedules/{row.ref}/change"}
    return found


def _documents(actor: Actor) -> dict[str, str]:
    if not may(actor, Action.READ_LETTERS):
        return {}
    found = {"books": "/documents/books"}
    found |= {f"book-{book.year}": f"/documents/books?book={book.ref}" for book in books_seen(actor)}
    for shelf in Shelf:
        found[f"documents-{shelf}"] = f"/documents?shelf={shelf}"
        for document in documents_seen(actor, shelf):
            found.setdefault(f"document-{document.state}-{document.letter.kind}", f"/documents/{document.letter.ref}")
            if document.number is not None:
                found.setdefault(f"verify-{document.state}", f"/verify/{document.letter.ref}")
            if document.state in ("issued", "sealed") and may(actor, Action.SEAL_LETTER) and may_return(actor, document.letter):
                found.setdefault("signed-elsewhere", f"/documents/{document.letter.ref}/signed")
    return found


def _written_about_cases(actor: Actor, now: datetime) -> dict[str, str]:
    """The form for a letter of each kind, and the one for the file of a case."""
    found = dict[str, str]()
    for case in db.session.scalars(select(Case).order_by(Case.id.desc())):
        if case_seen_by(actor, case.ref) is None:
            continue
        for each in letters_to_offer(case, actor, publications=publications_of(case), extensions=extensions_of(case)):
            about = f"?about={each.about}" if each.about else ""
            way = "minutes" if case.quarantined_at else f"letters/{each.kind.key}"
            found.setdefault(f"write-{each.kind.key}", f"/cases/{case.ref}/{way}{about}")
        if may(actor, Action.PRINT_CASE_FILE, case):
            found.setdefault("case-file", f"/cases/{case.ref}/case-file")
    return found


def _figures(actor: Actor, now: datetime) -> dict[str, str]:
    if not may(actor, Action.READ_STATISTICS):
        return {}
    month, year = (period_at(kind, now).before().name for kind in (MONTH, YEAR))
    found = {
        "dashboard": "/dashboard", "statistics": f"/statistics?period={month}",
        "statistics-by-agency": f"/statistics?period={year}&by=agency",
        "statistics-empty": f"/statistics?period={OLDEST_FIRST}-01", "statistics-crossed": f"/statistics/cross?period={year}",
        "statistics-steps": f"/statistics/steps?period={year}", "snapshots": "/statistics/snapshots", "reports": "/statistics/reports",
    }  # fmt: skip
    if may(actor, Action.READ_CASE):
        found |= {"behind": f"/statistics/cases?period={year}&figure=received", "standing": "/dashboard/cases?what=late"}
    for row in snapshots_seen(actor):
        found.setdefault(f"snapshot-{row.period}", f"/statistics/snapshots/{row.ref}")
    for ordered in outputs_seen(actor):
        if ordered.form == "json" and ordered.kind == "period_report":
            found.setdefault("report-preview", f"/statistics/reports/{ordered.ref}")
    return found


def _files(actor: Actor) -> dict[str, str]:
    if not may(actor, Action.EXPORT_LIST):
        return {}
    found = {"exports": "/exports"}
    for row in outputs_seen(actor):
        found.setdefault(f"export-{row.state}-{row.kind}", f"/exports/{row.ref}")
    return found
