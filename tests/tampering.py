"""What somebody with write access to the database could do to it: for the tests of `langbiang verify`."""
from __future__ import annotations

from typing import Any

from sqlalchemy import Table, delete, or_, select, text

from casework.db import METADATA, db, unit_of_work
from casework.models import Case, CaseReport, EventStream, Report


def drop_triggers() -> None:
    """Take away the triggers that keep events and frozen figures append-only, as a dishonest administrator would."""
    with unit_of_work():
        if db.session.get_bind().dialect.name == "sqlite":
            found = db.session.execute(text("SELECT 'DROP TRIGGER ' || name FROM sqlite_master"
                                            " WHERE type = 'trigger' AND (tbl_name LIKE 'event%' OR tbl_name = 'figures_snapshot')"))
        else:
            found = db.session.execute(text("SELECT format('DROP TRIGGER %I ON %s', tgname, tgrelid::regclass) FROM pg_trigger"
                                            " WHERE NOT tgisinternal"))
        for command in list(found.scalars()):
            db.session.execute(text(command))


def run(statement: Any, **parameters: Any) -> None:
    """One statement in a unit of work, past every rule of the program."""
    with unit_of_work():
        db.session.execute(text(statement) if isinstance(statement, str) else statement, parameters)
    db.session.expire_all()


def delete_case(case: Case) -> None:
    """Delete a case with all its rows: reports, history, process, head of the stream."""
    doomed: dict[Table, set[Any]] = {Case.__table__: {case.id}}  # type: ignore[dict-item]
    reports = select(CaseReport.report_id).where(CaseReport.case_id == case.id)
    doomed[Report.__table__] = set(db.session.scalars(reports))  # type: ignore[index]
    stream = f"case:{case.id}"
    db.session.expunge_all()
    with unit_of_work():
        while _spread(doomed):
            pass
        for table in reversed(METADATA.sorted_tables):
            if doomed.get(table):
                db.session.execute(delete(table).where(_key(table).in_(doomed[table])))
        db.session.execute(delete(EventStream).where(EventStream.stream == stream))


def _spread(doomed: dict[Table, set[Any]]) -> bool:
    """Add the rows that point to doomed ones; whether there were any."""
    before = sum(map(len, doomed.values()))
    for table in METADATA.sorted_tables:
        pointers = [key.parent.in_(doomed[key.column.table]) for key in table.foreign_keys if doomed.get(key.column.table)]
        if pointers:
            doomed.setdefault(table, set()).update(db.session.scalars(select(_key(table)).where(or_(*pointers))))
    return sum(map(len, doomed.values())) > before


def _key(table: Table) -> Any:
    """The first column of the primary key: enough where rows of one case share it."""
    return next(iter(table.primary_key.columns))
