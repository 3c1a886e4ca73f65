"""The documentation says what the program does."""
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

from web.config import Config

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


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


def test_every_long_run_that_is_told_of_can_be_begun() -> None:
    told = subprocess.run([sys.executable, "-m", "tests.soak", "list"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    runs = {line.split()[0] for line in told.splitlines()}
    named = {name for path in DOCS.glob("*.md") for name in re.findall(r"bin/soak ([a-z][a-z-]*)", path.read_text(encoding="utf-8"))}
    assert named - {"list"} <= runs
