"""Keeping a case's search rows current: one per audience, made only of words that audience may read."""

from datetime import datetime
from functools import partial

from sqlalchemy import delete, literal, select, union_all

from casework.db import add_only, before_commit, db, kept_for_step
from casework.models import Case, CaseReport, Recording, ReportText, SearchRow
from casework.places.former_areas import other_names
from casework.publications import PUBLIC_KINDS, names_village, newest_publication
from casework.text import index_words

STAFF_AUDIENCES = ("centre", "agencies")


def add_search_rows(case: Case, *, at: datetime) -> None:
    """The search rows of a case that has just been opened: nothing of it is cleared or published yet. Those of a part are written once its
    first steps are done."""
    if case.parent_id is not None:
        kept_for_step()["no search rows", case.id] = True
        refresh_search_rows(case, at=at)
        return
    text = " ".join(filter(None, _where(case)))
    for audience in STAFF_AUDIENCES:
        add_only(_put(SearchRow(case_id=case.id, audience=audience, code=case.code), text, case, at))


def refresh_search_rows(case: Case, *, at: datetime) -> None:
    """Rebuild the case's search rows once, before the unit of work commits; a quarantined case has none, an unpublished one none for the
    public."""
    before_commit(("search rows", case.id), partial(_refresh, case, at))


def _refresh(case: Case, at: datetime) -> None:
    if case.quarantined_at is not None:
        db.session.execute(delete(SearchRow).where(SearchRow.case_id == case.id))
        return
    is_new = kept_for_step().pop(("no search rows", case.id), False)
    kept = {row.audience: row for row in db.session.scalars(select(SearchRow).where(SearchRow.case_id == case.id))} if not is_new else {}
    for audience, words in _words(case).items():
        text = " ".join(filter(None, words))
        if (row := kept.pop(audience, None)) is not None:
            _put(row, text, case, at)
        else:
            add_only(_put(SearchRow(case_id=case.id, audience=audience, code=case.code), text, case, at))
    for row in kept.values():
        db.session.delete(row)


def _put(row: SearchRow, text: str, case: Case, at: datetime) -> SearchRow:
    row.words, row.exact_words, row.changed_at, row.centre_id = index_words(text), text, at, case.centre_id
    return row


def _where(case: Case) -> list[str | None]:
    """What the case is called, and the names of its place now and before."""
    return [case.code, case.title, case.area.name_vi if case.area else None, *other_names(case.area_id), case.village]


def _words(case: Case) -> dict[str, list[str | None]]:
    place = _where(case)
    cleared = [*place, case.place, *_cleared_texts(case)]
    rows = dict.fromkeys(STAFF_AUDIENCES, cleared)
    if case.is_public and case.visibility_reason_id is None and case.parent_id is None:
        publication = newest_publication(case, kinds=PUBLIC_KINDS)
        if publication is not None:
            version = publication.current
            answers = [part for row in version.answers for part in (row.answer.findings, row.answer.actions, row.answer.remaining)]
            shown = place[2:] if names_village(version) else place[2:-1]
            rows["public"] = [*place[:1], version.title, *shown, version.question, version.summary, *answers]
    return rows


def _cleared_texts(case: Case) -> list[str]:
    """The cleared words of its reports, followed by operators' transcripts of voice notes and videos."""
    cleared = select(literal(0), ReportText.id, ReportText.body).join(CaseReport, CaseReport.report_id == ReportText.report_id)
    spoken = select(literal(1), Recording.id, Recording.transcript).join(CaseReport, CaseReport.report_id == Recording.report_id)
    present = CaseReport.case_id == case.id, CaseReport.left_at.is_(None)
    both = union_all(
        cleared.where(*present, ReportText.kind == "cleared"),
        spoken.where(*present, Recording.state == "linked", Recording.transcript.is_not(None)),
    )
    return [words for _kind, _id, words in sorted(db.session.execute(both), key=lambda row: (row[0], row[1])) if words]
