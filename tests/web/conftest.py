"""Fixtures of the pages and commands."""
from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.web.command_line import Langbiang


@pytest.fixture(scope="module")
def langbiang(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Langbiang]:
    command = Langbiang(tmp_path_factory.mktemp("said"))
    yield command
    command.ready.communicate()
