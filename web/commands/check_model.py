"""Formats the findings of `langbiang check` on a process model or decision table, as sentences or as JSON."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workflows.definitions.findings import Checked, ModelFinding

LANGUAGES = {"vi": ("vi",), "en": ("en",), "both": ("vi", "en")}


def lines(checked: Checked, language: str) -> Iterator[str]:
    """Yield the lines a person reads: for each finding its place, what is wrong, why it matters and how to fix it."""
    for finding in checked.findings:
        yield f"{'FAULT' if finding.is_error else 'note '} {finding.check}{_place(finding)}"
        for each in LANGUAGES[language]:
            yield f"      {' '.join(words.in_language(each) for words in (finding.what, finding.why, finding.mend))}"
    faults, notes = len(checked.errors), len(checked.findings) - len(checked.errors)
    noted = f" {_counted(notes, 'note')}." if notes else ""
    if not checked.is_readable:
        yield "The file cannot be read as a model or table."
    else:
        yield (f"{_counted(faults, 'fault')}." if faults else "Nothing is wrong.") + noted


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def as_json(checked: Checked, path: Path) -> str:
    """The same for programs; `element` and `line` are null where there is none."""
    plain = {
        "file": path.name,
        "readable": checked.is_readable,
        "clean": checked.is_clean,
        "findings": [_plain(finding) for finding in checked.findings],
    }
    return json.dumps(plain, ensure_ascii=False, indent=1)


def _place(finding: ModelFinding) -> str:
    at = f" at {finding.element}" if finding.element else ""
    return f"{at}, line {finding.line}" if finding.line else at


def _plain(finding: ModelFinding) -> dict[str, Any]:
    words = {name: getattr(finding, name)._asdict() for name in ("what", "why", "mend")}
    return {"check": finding.check, "element": finding.element, "line": finding.line, "is_error": finding.is_error, **words}
