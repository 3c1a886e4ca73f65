"""`langbiang check`: sentences, exit codes, and no file so hostile that it costs much time or memory."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.workflows.checks.broken_models import BROKEN, FILES, changed, with_condition
from web.cli import commands
from workflows.definitions.process import shipped_model, shipped_table

ROOT = Path(__file__).parents[3]
MOST_MEGABYTES, MOST_SECONDS = 300, 5
HEAVY = [*FILES, *(each for each in BROKEN if each.name in ("condition: 500 KB", "condition: 3,000 brackets", "400 steps", "2,000 arrows"))]
CHECK_ALL = """
import json, re, sys, time
from pathlib import Path
from click.testing import CliRunner
from web.cli import commands
for path in sorted(Path(sys.argv[1]).iterdir()):
    began = time.process_time()
    result = CliRunner().invoke(commands, ["check", str(path), "--json"])
    trace = "" if result.exception is None or isinstance(result.exception, SystemExit) else repr(result.exception)
    print(json.dumps([path.name, result.exit_code, time.process_time() - began, trace + result.stderr]))
# its own peak: what getrusage() tells begins with that of the process it was started from
print(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""


def check(tmp_path: Path, content: bytes, *options: str) -> Result:
    path = tmp_path / "model.bpmn"
    path.write_bytes(content)
    return CliRunner().invoke(commands, ["check", str(path), *options])


def test_says_that_the_shipped_files_are_in_order(tmp_path: Path) -> None:
    for content in (shipped_model(), shipped_table()):
        result = check(tmp_path, content)
        assert (result.exit_code, result.stdout) == (0, "Nothing is wrong.\n")


def test_says_what_is_wrong_where_and_how_to_mend_it_in_both_languages(tmp_path: Path) -> None:
    result = check(tmp_path, with_condition('accept_assignment == "acept"'))
    assert result.exit_code == 1
    assert "FAULT expression_value at is_taken_to_submit_answer" in result.stdout
    assert result.stdout.endswith("\n1 fault.\n")
    assert "is never “acept”" in result.stdout
    assert "không bao giờ là “acept”" in result.stdout
    assert "Choose one of the values there are." in result.stdout


def test_one_note_is_one_note_and_two_are_two_notes(tmp_path: Path) -> None:
    noted = shipped_table().replace(b'<text>"urgent"</text>', b"<text>-</text>", 1)
    without_last = re.sub(rb'<rule id="rule_11">.*?</rule>', b"", noted, flags=re.DOTALL)
    for content, said in ((noted, "1 note."), (without_last, "2 notes.")):
        result = check(tmp_path, content)
        assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, f"Nothing is wrong. {said}")


@pytest.mark.parametrize(("language", "shown", "left_out"), [("vi", "không bao giờ", "is never"), ("en", "is never", "không bao giờ")])
def test_speaks_one_language_when_asked(tmp_path: Path, language: str, shown: str, left_out: str) -> None:
    result = check(tmp_path, with_condition('accept_assignment == "acept"'), "--language", language)
    assert shown in result.stdout
    assert left_out not in result.stdout


def test_writes_json_for_programs(tmp_path: Path) -> None:
    result = check(tmp_path, with_condition("import os"), "--json")
    said = json.loads(result.stdout)
    assert (result.exit_code, said["file"], said["readable"], said["clean"]) == (1, "model.bpmn", True, False)
    first = said["findings"][0]
    assert (first["check"], first["element"], first["is_error"]) == ("expression_refused", "is_taken_to_submit_answer", True)
    assert set(first["what"]) == set(first["why"]) == set(first["mend"]) == {"vi", "en"}


def test_names_the_line_of_what_cannot_be_read(tmp_path: Path) -> None:
    result = check(tmp_path, changed(("</bpmn:collaboration>", "</bpmn:collaborations>")))
    assert result.exit_code == 2
    assert "FAULT file_not_xml, line 17" in result.stdout


def test_does_not_read_what_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "huge.bpmn"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    result = CliRunner().invoke(commands, ["check", str(path), "--language", "en"])
    assert result.exit_code == 2
    assert "The file has 50,000,000 bytes; 1,000,000 (1 MB) at most." in result.stdout


def test_a_file_that_is_not_there_is_called_wrongly(tmp_path: Path) -> None:
    assert CliRunner().invoke(commands, ["check", str(tmp_path / "none.bpmn")]).exit_code == 2
    assert CliRunner().invoke(commands, ["check", str(tmp_path)]).exit_code == 2


def test_hostile_files_cost_little_time_and_memory_and_leave_no_traceback(tmp_path: Path) -> None:
    for at, each in enumerate(HEAVY):
        (tmp_path / f"{at:03}.bpmn").write_bytes(each.make())
    with (tmp_path / "huge.bpmn").open("wb") as file:
        file.truncate(50_000_000)
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("LANGBIANG_")}
    child = subprocess.run(
        [sys.executable, "-c", CHECK_ALL, str(tmp_path)],
        cwd=ROOT,
        env=surroundings,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    *results, kilobytes = [json.loads(line) for line in child.stdout.splitlines()]
    assert len(results) == len(HEAVY) + 1
    for name, code, seconds, fault in results:
        assert (name, code in (1, 2), seconds < MOST_SECONDS, fault) == (name, True, True, "")
    assert kilobytes < MOST_MEGABYTES * 1024


@pytest.mark.exhaustive
def test_a_table_is_checked_without_what_models_and_the_database_need() -> None:
    """What is read in takes most of the time of one check: neither are the mappers put together nor the checks of models read."""
    lean = (
        "import sys; from pathlib import Path; from workflows.checks.file import check_file; from casework.models import Case; "
        "print(check_file(Path(sys.argv[1])).is_clean, Case.__mapper__.configured, 'workflows.checks.model' in sys.modules)"
    )
    words = (sys.executable, "-c", lean, str(ROOT / "bpmn/routing.dmn"))
    told = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["True", "False", "False"]
