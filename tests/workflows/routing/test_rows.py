"""The table of suggested agencies as rows, and rows written back into its file."""
from __future__ import annotations

import pytest

from casework.bilingual import Bilingual
from workflows.checks.table import check_table
from workflows.definitions.process import shipped_table
from workflows.routing.rows import AREA, COLUMNS, NotRows, RuleRow, key_in, keys_in, rows_of, text_of_key, text_of_keys, with_rows

SHIPPED = shipped_table()


def row(field: str = '"kinh_te"', area: str = "-", urgency: str = "-", lead: str = '"PKTHT"', cooperating: str = "[]") -> RuleRow:
    return RuleRow("", dict(zip(COLUMNS, (field, area, urgency, lead, cooperating), strict=True)), Bilingual("Thử / nghiệm", "Trial"))


def test_every_cell_of_the_shipped_table_can_be_shown() -> None:
    rows = rows_of(SHIPPED)
    assert len(rows) == 11
    assert all(key_in(each.cells[column]) is not None for each in rows for column in COLUMNS[:4])
    assert all(keys_in(each.cells["cooperating"]) is not None for each in rows)
    assert (rows[5].cells["lead"], keys_in(rows[5].cells["cooperating"])) == (AREA, ("PKTHT", "TTCTCC"))


def test_rows_written_back_unchanged_are_the_same_table() -> None:
    again = with_rows(SHIPPED, rows_of(SHIPPED))
    assert rows_of(again) == rows_of(SHIPPED)
    assert with_rows(again, rows_of(again)) == again
    assert check_table(again).is_clean


def test_a_new_row_gets_an_id_of_its_own_and_counts_where_it_stands() -> None:
    rows = rows_of(SHIPPED)
    written = with_rows(SHIPPED, [row(), *rows[:-1]])
    first, *_, last = rows_of(written)
    assert (first.id, last.id) == ("rule_12", "rule_10")
    assert first.reason == Bilingual("Thử/nghiệm", "Trial")
    assert check_table(written).is_clean


def test_rows_can_change_their_order() -> None:
    rows = rows_of(SHIPPED)
    assert [each.id for each in rows_of(with_rows(SHIPPED, rows[::-1]))] == [each.id for each in rows[::-1]]


@pytest.mark.parametrize("text", ['"A" if field else "B"', "not field", 'field == "x"', "['a'", '""', "1", '["CAH", lead]', "[" * 400])
def test_what_a_form_cannot_say_is_no_key(text: str) -> None:
    assert key_in(text) is None
    assert keys_in(text) is None


def test_what_a_form_cannot_say_is_kept_as_it_is() -> None:
    odd = SHIPPED.replace(b'<text>"HKL"</text>', b'<text>"HKL" if urgency else area</text>').replace(b"/ Urgent", b"/ Ngay")
    rows = rows_of(odd)
    assert rows[0].cells["lead"] == '"HKL" if urgency else area'
    assert rows_of(with_rows(odd, rows)) == rows


def test_what_is_beside_the_rows_stays() -> None:
    odd = SHIPPED.replace(b"</decisionTable>", b"<annotation id='n' name='why'/></decisionTable><description>vi</description>")
    written = with_rows(odd, rows_of(odd)[:1])
    assert b"<description>vi</description>" in written
    assert b'<annotation id="n"' in written


def test_texts_that_no_file_may_hold_are_cleaned() -> None:
    written = with_rows(SHIPPED, [RuleRow("", dict(row().cells), Bilingual("a\x00b\ud800", "c\nd"))])
    assert rows_of(written)[0].reason == Bilingual("ab", "c d")
    assert text_of_key('"; import os') == '"importos"'
    assert text_of_keys(("CAH", AREA)) == '["CAH", area]'


@pytest.mark.parametrize("change", [(b'name="lead"', b'name="chief"'), (b"<text>urgency</text>", b"<text>hour</text>"),
                                    (b"<decisionTable", b"<other"), (b"</rule>", b"<inputEntry id='x'><text>-</text></inputEntry></rule>")])
def test_another_table_is_not_shown_as_rows(change: tuple[bytes, bytes]) -> None:
    other = SHIPPED.replace(*change)
    if change[0] == b"<decisionTable":
        other = other.replace(b"</decisionTable", b"</other")
    with pytest.raises(NotRows):
        rows_of(other)
