"""What the tests in a browser share."""
from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.house import keeping_a_browser


@pytest.fixture(scope="session", autouse=True)
def kept_browser() -> Iterator[None]:
    """One browser for all of them in this process, and nothing left open in it from one to the next."""
    with keeping_a_browser():
        yield
