"""What each file of tests takes of the processor: real runs of pytest with the plugin of bin/test."""
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import processor

ROOT = Path(__file__).resolve().parent.parent
BUSY = "import time; end = time.process_time() + 0.4\nwhile time.process_time() < end: pass\n"
"""Takes four tenths of a second of processor, however many others want it."""


def measured(folder: Path, *arguments: str, **files: str) -> tuple[dict[str, float], str]:
    """The seconds of each file of a run of these, and what it said."""
    for name, text in files.items():
        (folder / f"test_{name}.py").write_text(text)
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "elsewhere.py").write_text("from pathlib import Path\nfrom tests import processor\nprocessor.LATEST = Path('taken')\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    environment |= {"PYTHONPATH": f"{ROOT}{os.pathsep}{folder}", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    ended = subprocess.run([sys.executable, "-m", "pytest", "-p", "elsewhere", "-p", "tests.processor", *arguments], cwd=folder,
                           capture_output=True, text=True, env=environment, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return processor.read((folder / "taken").read_text()), ended.stdout


@pytest.mark.exhaustive
@pytest.mark.parametrize("arguments", [(), ("-p", "xdist", "-n", "2", "--dist", "loadscope")], ids=["alone", "in processes"])
def test_a_file_takes_what_its_tests_and_their_fixtures_take(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    busy = f"import pytest\nBUSY = {BUSY!r}\n@pytest.fixture(scope='module', autouse=True)\ndef ground(): exec(BUSY)\n"
    taken, said = measured(tmp_path, *arguments, idle="import time\ndef test_it(): time.sleep(0.6)\n",
                           busy=f"{busy}def test_one(): pass\ndef test_other(): exec(BUSY)\n")
    assert taken.keys() == {"test_idle.py", "test_busy.py", processor.AROUND}
    assert 0.8 <= taken["test_busy.py"] < 1.6
    assert taken["test_idle.py"] < 0.4
    assert f"Processor: {sum(taken.values()) / 60:.1f} minutes" in said


@pytest.mark.exhaustive
def test_a_program_that_a_test_starts_counts_whether_it_has_ended_or_runs_on(tmp_path: Path) -> None:
    start = f"import subprocess, sys\nBUSY = {BUSY!r}\n"
    taken, _ = measured(
        tmp_path, ended=f"{start}def test_it(): subprocess.run([sys.executable, '-c', BUSY])\n",
        running=f"{start}PIPES = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE)\nkept = []\ndef test_it():\n"
                "    kept.append(subprocess.Popen([sys.executable, '-c', BUSY + 'print(flush=True); input()'], **PIPES))\n"
                "    kept[0].stdout.read(1)\n",
    )  # fmt: skip
    assert 0.4 <= taken["test_ended.py"] < 1.2
    assert 0.4 <= taken["test_running.py"] < 1.2


def test_the_list_is_written_with_the_longest_first_and_read_again() -> None:
    seconds = {"tests/test_a.py": 0.5, "tests/test_b.py": 12.0, processor.AROUND: 7.1}
    assert processor.written(seconds).splitlines()[0] == "12.0 tests/test_b.py"
    assert processor.read(processor.written(seconds)) == seconds
