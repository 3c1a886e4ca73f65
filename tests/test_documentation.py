"""The documentation says what the program does."""
from dataclasses import fields
from pathlib import Path

from web.config import Config

DOCS = Path(__file__).parent.parent / "docs"


def test_every_setting_is_documented_as_the_program_has_it() -> None:
    rows = [f"| `{f.metadata['variable']}` | {f.metadata['shown']} | {f.metadata['help']} |" for f in fields(Config)]
    documented = [line for line in (DOCS / "settings.md").read_text(encoding="utf-8").splitlines() if line.startswith("| `LANGBIANG_")]
    assert documented == rows


def test_every_secret_is_said_to_be_readable_from_a_file() -> None:
    settings = (DOCS / "settings.md").read_text(encoding="utf-8")
    for row in fields(Config):
        assert (f"`{row.metadata['variable']}_FILE`" in settings) == row.metadata["hidden"]
