"""A decision table against another, row by row."""
from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from casework.bilingual import Bilingual
from workflows.comparison.changes import ChangeKind, changes_between
from workflows.comparison.tables import RowKind, columns_between, rows_between
from workflows.definitions.process import shipped_table
from workflows.routing.rows import RuleRow, rows_of, with_rows

ROWS = rows_of(shipped_table())


def compared(rows: list[RuleRow], before: list[RuleRow] = ROWS) -> list[tuple[RowKind, int | None, int | None]]:
    found = rows_between(with_rows(shipped_table(), before), with_rows(shipped_table(), rows))
    return [(row.kind, row.number_before, row.number_after) for row in found if row.kind != RowKind.SAME]


def test_the_same_table_has_every_row_as_before() -> None:
    assert compared(ROWS) == []
    assert {row.kind for row in rows_between(shipped_table(), shipped_table())} == {RowKind.SAME}


def test_a_row_is_new_gone_changed_cell_by_cell_or_tried_elsewhere() -> None:
    new = RuleRow("", {**ROWS[0].cells, "lead": '"PKTHT"'}, Bilingual("Thử", "Try"))
    assert compared([ROWS[0], new, *ROWS[1:]]) == [(RowKind.ADDED, None, 2)], "the rows behind it have not moved"
    assert compared([ROWS[0], *ROWS[2:]]) == [(RowKind.REMOVED, 2, None)]
    assert compared([*ROWS[1:3], ROWS[0], *ROWS[3:]]) == [(RowKind.MOVED, 1, 3)], "one row moved, not the two it passed"
    other = replace(ROWS[1], cells={**ROWS[1].cells, "lead": '"HKL"', "cooperating": "[]"})
    after = with_rows(shipped_table(), [ROWS[0], other, *ROWS[2:]])
    [row] = [row for row in rows_between(shipped_table(), after) if row.kind != RowKind.SAME]
    assert (row.kind, row.is_other_reason, row.has_moved) == (RowKind.CHANGED, False, False)
    differing = [(old.text, new.text) for old, new in row.cells if old and new and old.text != new.text]
    assert differing == [('"PTNMT"', '"HKL"'), ("[area]", "[]")]
    reasoned = replace(ROWS[1], reason=Bilingual("Lý do khác", "Another reason"))
    assert compared([ROWS[0], reasoned, *ROWS[2:]]) == [(RowKind.CHANGED, 2, 2)]
    moved_too = compared([other, *(row for row in ROWS if row.id != other.id)])
    assert (RowKind.CHANGED, 2, 1) in moved_too


def test_a_row_under_another_id_is_the_same_row_if_it_says_the_same() -> None:
    anew = [replace(row, id="") for row in ROWS]
    assert compared(anew) == []
    assert changes_between(shipped_table(), shipped_table().replace(b'id="rule_2"', b'id="rule_2b"')) == ()


def test_a_column_that_asks_something_else_is_told() -> None:
    text = shipped_table().decode()
    other = text.replace("<text>urgency</text>", "<text>weather</text>").replace('label="Mức độ"', 'label="Trời"').encode()
    assert [(column.kind, column.id, column.label.vi) for column in columns_between(shipped_table(), other)] == [
        (RowKind.CHANGED, "input_urgency", "Trời")
    ]
    assert [(change.kind, change.element) for change in changes_between(shipped_table(), other)] == [(ChangeKind.CHANGED, "input_urgency")]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.permutations(range(len(ROWS))), st.sets(st.sampled_from(range(len(ROWS)))), st.integers(0, 3))
def test_every_row_of_both_tables_is_told_once_in_the_order_of_the_new_one(order: list[int], gone: set[int], fresh: int) -> None:
    kept = [ROWS[at] for at in order if at not in gone]
    new = [RuleRow("", {**ROWS[0].cells, "lead": f'"X{number}"'}, Bilingual(f"Mới {number}", f"New {number}")) for number in range(fresh)]
    rows = [*new, *kept] or [ROWS[0]]
    found = rows_between(shipped_table(), with_rows(shipped_table(), rows))
    assert [row.number_after for row in found if row.number_after] == list(range(1, len(rows) + 1))
    assert sorted(row.number_before for row in found if row.number_before) == list(range(1, len(ROWS) + 1))
    still = [row.number_before for row in found if row.kind == RowKind.SAME]
    assert still == sorted(number for number in still if number is not None), "what is as before kept its order"
