"""A pytest plug-in: the packages under test are those of the copy, or nothing is run at all."""
from __future__ import annotations

import importlib
import os
from pathlib import Path

import pytest

PACKAGES = ("casework", "reports", "workflows", "web", "bpmn", "tests")


def pytest_configure() -> None:
    copy = Path(os.environ["MUTANT_COPY"]).resolve()
    for name in PACKAGES:
        origin = Path(importlib.import_module(name).__file__ or "").resolve()
        if not origin.is_relative_to(copy):
            pytest.exit(f"{name} comes from {origin}, not from {copy}", returncode=3)
