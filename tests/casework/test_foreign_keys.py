"""What refers to a row that is ever deleted is found by an index: else the database reads a whole table for each row that goes."""
from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Index, PrimaryKeyConstraint, UniqueConstraint

from casework.db import METADATA, Model
from workflows import models as process_models  # noqa: F401

ROOT = Path(__file__).parents[2]

KEPT = {
    "account": "is emptied, and stays for what it did", "addition": "is emptied and stays", "assignment": "stays with its case",
    "case": "is emptied, and keeps its number", "clock_rule": "ends by its date", "consent_notice": "is what people agreed to",
    "field": "ends by its date", "figures_snapshot": "is corrected by another one", "host_app": "stays for what it handed over",
    "note": "is emptied and stays", "process_version": "stays for the histories that ran by it", "publication": "is taken back and stays",
    "publication_version": "stays as people have read it", "rating": "is emptied and stays", "refusal_reason": "ends by its date",
    "reminder_rule": "ends by its date", "report": "is emptied, and keeps its code", "report_schedule": "is stopped and stays",
    "visibility_reason": "ends by its date",
}
"""Tables no row ever leaves, and why: what refers to them needs no index for that."""

TAKEN_BACK = frozenset({"agency", "area", "centre"})
"""Tables a row leaves only where a plan that added it is thrown away, or undone within its day: some dozens at most. To look through
what is few beside reports is cheap enough for that."""
MANY = frozenset({
    "addition", "answer", "assignment", "case", "case_report", "clock", "delivery", "event", "file", "letter", "note", "outbox_message",
    "photo", "process_message", "publication", "publication_version", "rating", "report", "report_text", "reporter", "step_fact",
    "waiting_task",
})  # fmt: skip
"""Tables that grow with every report. Not search_row, of which only new centres are asked for, and there are one or two of them."""

OTHERWISE_DELETED = {
    "casework/area_news/matching.py": ["area_news"],
    "casework/area_news/sweeping.py": ["area_news", "area_subscription"],
    "casework/clocks/calendar_changes.py": ["calendar_day"],
    "casework/steps/drafts.py": ["draft"],
    "casework/facts/keeping.py": ["case_span", "case_moment"],
    "casework/accounts/second_factors.py": ["passkey", "code_app", "recovery_code"],
    "casework/figures/keeping.py": ["public_figures"],
    "casework/clocks/office_hours.py": ["office_hours"],
    "casework/outputs/making.py": ["file"],
    "casework/accounts/outside_identities.py": ["outside_identity", "outside_sign_in"],
    "casework/reorganising/journal.py": [*TAKEN_BACK, "membership", "reorganisation_change"],
    "casework/reorganising/plans.py": [*TAKEN_BACK, "reorganisation", "reorganisation_step"],
    "casework/rights/erasing_people.py": ["push_subscription", "message_choice", "hand_over_ticket", "follower", "login_session"],
    "casework/inbox/saved_filters.py": ["saved_filter"],
    "casework/search/rows.py": ["search_row"],
    "casework/settings/ground_loading.py": ["house_setting"],
    "casework/settings/value_changes.py": ["house_setting"],
    "casework/upkeep/unsent_files.py": ["file", "photo", "recording"],
    "workflows/running/carrying_out.py": ["held_act"],
}
"""What leaves where a module does not name the table as it deletes: `session.delete(row)`, `delete(table)`."""


def unindexed_keys() -> Iterator[tuple[str, str, str]]:
    """Table and column of each reference that no index leads to, and the table it refers to."""
    for table in METADATA.sorted_tables:
        leading = {key.columns[0].name for key in [*table.constraints, *table.indexes] if leads(key)}
        for key in table.foreign_key_constraints:
            if key.columns[0].name not in leading:
                yield table.name, key.columns[0].name, key.referred_table.name


def leads(key: object) -> bool:
    """Whether an index finds every row by its first column: one of some rows alone does where these are all that refer to anything."""
    if not isinstance(key, Index | PrimaryKeyConstraint | UniqueConstraint) or not len(key.columns):
        return False
    where = key.dialect_options["postgresql"]["where"] if isinstance(key, Index) else None
    return where is None or str(where) == f"{key.columns[0].name} IS NOT NULL"


def deletes() -> Iterator[tuple[str, str | None]]:
    """Each place where rows are deleted, with the table where it is named there."""
    tables = {mapper.class_.__name__: mapper.local_table.name for mapper in Model.registry.mappers}
    for package in ("benchmark", "casework", "workflows", "web"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for call in ast.walk(ast.parse(path.read_text())):
                if isinstance(call, ast.Call) and (of := deleted_by(call)) is not None:
                    yield str(path.relative_to(ROOT)), tables.get(of)


def deleted_by(call: ast.Call) -> str | None:
    """What a call deletes, as it is written there; None of a call that deletes no rows."""
    words = ast.unparse(call.func)
    if words == "delete" and call.args:
        return ast.unparse(call.args[0])
    if words.endswith("session.delete"):
        return ""
    return words.partition("query(")[2].partition(")")[0] if "query(" in words and words.endswith(".delete") else None


def test_what_refers_to_rows_that_are_deleted_is_found_by_an_index() -> None:
    slow = [
        f"{table}.{column} refers to {parent}"
        for table, column, parent in unindexed_keys()
        if parent not in KEPT and not (parent in TAKEN_BACK and table not in MANY)
    ]
    assert slow == []


def test_no_row_leaves_a_table_that_is_kept() -> None:
    found = list(deletes())
    unnamed = {path for path, table in found if table is None}
    assert unnamed == set(OTHERWISE_DELETED)
    gone = {table for _, table in found if table is not None} | {table for tables in OTHERWISE_DELETED.values() for table in tables}
    assert len(gone) > 20
    assert gone <= set(METADATA.tables)
    assert gone & set(KEPT) == set()


def test_every_table_that_is_kept_is_referred_to_without_an_index() -> None:
    """So that the list holds nothing that nobody needs."""
    assert {parent for _, _, parent in unindexed_keys()} >= set(KEPT)
