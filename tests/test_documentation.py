"""The documentation says what the program does."""
import re
from dataclasses import fields
from pathlib import Path

from web.config import Config

DOCS = Path(__file__).parent.parent / "docs"


def test_every_setting_is_documented_as_the_program_has_it() -> None:
    settings = [field.metadata for field in fields(Config)]
    names = [f"`{each['variable']}`" + (f" or `{each['variable']}_FILE`" if each["hidden"] else "") for each in settings]
    rows = [f"- {name} ({each['shown']}): {each['help']}" for name, each in zip(names, settings, strict=True)]
    in_one_line = re.sub(r"(?<=\S)\n +(?=\S)", " ", (DOCS / "settings.md").read_text(encoding="utf-8"))
    assert [line for line in in_one_line.splitlines() if line.startswith("- `LANGBIANG_")] == rows


def test_every_secret_is_said_to_be_readable_from_a_file() -> None:
    settings = (DOCS / "settings.md").read_text(encoding="utf-8")
    for row in fields(Config):
        assert (f"`{row.metadata['variable']}_FILE`" in settings) == row.metadata["hidden"]
