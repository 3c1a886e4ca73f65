"""A Zalo for all tests here."""
from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.outside import Outside, running


@pytest.fixture(scope="session")
def zalo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    with running("zalo", tmp_path_factory.mktemp("outside") / "zalo") as server:
        yield server


@pytest.fixture
def zalo(zalo_server: Outside) -> Outside:
    zalo_server.forget()
    return zalo_server
