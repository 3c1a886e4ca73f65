"""What is left of a reporter once they were erased: every value of every row, the sealed ones opened, and every file still there."""
from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from casework.cases import lock_case
from casework.db import METADATA, db, unit_of_work
from casework.erasure.files import remove_erased_files
from casework.facts.daily import sum_up_days
from casework.facts.keeping import keep_facts
from casework.files.local import LocalFileStore
from casework.models import File
from casework.photos.records import open_copy
from casework.rights.deciding import carry_out
from casework.rights.requests import lock_request, person_of, request_data
from casework.sealing.keyring import current_keyring
from casework.sealing.seal import SealBroken, open_sealed
from casework.verification.cases import check_cases
from casework.verification.chains import check_chains
from casework.verification.files import check_files
from casework.verification.resealing import PURPOSES
from tests import build
from tests.casework.acting import guest_of
from tests.system.journey import Journey
from tests.system.marks import Mark, found_in

FIGURES = ("case_span", "case_moment", "daily_figures", "figures_snapshot", "public_figures")


def left_of_erased(journey: Journey, files: Path, marks: tuple[Mark, ...], rows: Iterator[tuple[str, bytes]]) -> list[str]:
    """Erase the reporter of a finished journey; returns the places where a mark is found still, and what does not agree any more.

    `rows` are the values of all rows; read after the erasure.
    """
    build.end_rating_window(journey.case)
    store, now, case_id = LocalFileStore(files), journey.now + timedelta(days=60), journey.case.id
    before = figures(journey)
    there = set().union(*(found_in(data, marks) for _, data in (*opened_values(), *opened_files(store))))
    assert {mark.name for mark in marks} <= there, "control: sealed, every mark is there"
    with unit_of_work():
        report = lock_case(case_id).main_report
        guest = guest_of(report)
        request = request_data("erasure", person=person_of(guest, report), by=guest, now=now)
    with unit_of_work():
        carry_out(lock_request(request.id), by=journey.world.actor("ops_lead", now), now=now)
    remove_erased_files(store, now=now)
    db.session.rollback()
    faults = [f"{place} after erasing: {found}" for place, data in (*rows, *opened_values(), *opened_files(store))
              if (found := found_in(data, marks))]
    names = {row.stored_name for row in db.session.scalars(select(File).where(File.erased_at.is_(None)))}
    faults += [f"{name} is left in the storage" for name in set(store.list_names()) - names]
    checked = (*check_chains(), *check_cases(now=now), *check_files(store, now=now, key_ids=current_keyring().key_ids))
    faults += [f"after erasing: {finding}" for finding in checked if finding.is_fault]
    return faults + [f"{name} differs after erasing" for name, was in before.items() if figures(journey)[name] != was]


def figures(journey: Journey) -> dict[str, list[str]]:
    """Every figure that is kept, without when and from which event it was made."""
    keep_facts(journey.now)
    sum_up_days(journey.now)
    found = {}
    for name in FIGURES:
        columns = [column for column in METADATA.tables[name].columns if column.name not in ("id", "event_seq", "counted_at", "made_at")]
        found[name] = sorted(map(repr, db.session.execute(select(*columns)).all()))
    db.session.rollback()
    return found


def opened_values() -> Iterator[tuple[str, bytes]]:
    """Every sealed value, opened."""
    for place, purposes in PURPOSES.items():
        name, _, column = place.partition(".")
        for row in db.session.execute(select(METADATA.tables[name]).where(METADATA.tables[name].c[column].is_not(None))):
            for purpose in purposes:
                try:
                    yield place, open_sealed(getattr(row, column), purpose=purpose if isinstance(purpose, str) else purpose(row))
                except SealBroken:
                    continue


def opened_files(store: LocalFileStore) -> Iterator[tuple[str, bytes]]:
    """Every file that a row names and that is not erased, as somebody would be served it."""
    for file in db.session.scalars(select(File).where(File.erased_at.is_(None))):
        with open_copy(file, store=store) as opened:
            yield f"file {file.audience}", opened.read()
