"""What arrives at the telephone of somebody who was never here: every page for citizens is small, its photos apart."""
from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.browser.house import opened
from tests.conftest import environment_of
from tests.soak.telephone import FIRST_VISIT_KB, telephone

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_first_visit_is_forty_kilobytes_at_most(sqlite_template: Path, tmp_path: Path) -> None:
    variables, found = environment_of(tmp_path), {}
    shutil.copyfile(sqlite_template, Path(variables["LANGBIANG_DATA"]) / "langbiang.db")
    with opened(variables) as house:
        for path in ("/", "/reports/new", "/reports", "/track", "/help"):
            with telephone(house.browser, house.address, slow=False) as held:
                held.open(path)
                held.page.wait_for_load_state("networkidle")
                found[path] = round(held.taken.kb, 1)
    assert {path: kb for path, kb in found.items() if not 10 < kb <= FIRST_VISIT_KB} == {}, found
