"""What stands in links instead of a row number."""
from __future__ import annotations

import pytest

from casework.db import new_ref


def test_no_ref_begins_as_a_formula_of_a_spreadsheet_does(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = iter(["-U-SASlOCXSyktR3", "--SASlOCXSyktR3x", "U-SASlOCXSyktR3_"])
    monkeypatch.setattr("secrets.token_urlsafe", lambda _size: next(tokens))
    assert new_ref() == "U-SASlOCXSyktR3_"
