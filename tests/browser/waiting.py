"""How the browser tests wait: for the next document, and for what a page comes to say by itself. Never for a time.

Whatever is waited for has PATIENCE to come, however busy the machine is; only a test that fails takes as long.
"""
from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, expect

PATIENCE = 60_000
"""Milliseconds."""

ASKED_EVERY = 40
"""Milliseconds between two questions to a page."""

REPLACED = ("Execution context was destroyed", "Cannot find context", "Unable to adopt element handle", "Frame was detached")
"""What the browser says when another document has come in place of the one it was asked about."""

expect.set_options(timeout=PATIENCE)


@contextmanager
def next_document(page: Page, url: Callable[[str], bool] = lambda _: True) -> Iterator[None]:
    """Do what leads to another document, and wait until that one is there with all that belongs to it.

    Playwright's `expect_navigation` is content with an address that the document shown has written anew, and leaves then.
    `url` says which document is meant where one leads to the next.
    """
    page.wait_for_load_state()
    with page.expect_event("load", lambda loaded: url(loaded.url), timeout=PATIENCE):
        yield


def ask(page: Page, script: str) -> Any:
    """What a script finds on the page: in one document, so anew when another has come meanwhile."""
    end = time.monotonic() + PATIENCE / 1000
    while True:
        page.wait_for_load_state()
        try:
            return page.evaluate(script)
        except PlaywrightError as error:
            if time.monotonic() > end or not any(words in str(error) for words in REPLACED):
                raise


def ask_until(page: Page, script: str, says: Callable[[Any], object] = bool, *, every: float = ASKED_EVERY,
              patience: float = PATIENCE) -> Any:
    """Ask the page again and again until it says what is waited for; pages allow no eval, so there is no waiting inside them."""
    end = time.monotonic() + patience / 1000
    while not says(found := ask(page, script)):
        if time.monotonic() > end:
            raise AssertionError(f"{script} says {found!r}")
        page.wait_for_timeout(every)
    return found
