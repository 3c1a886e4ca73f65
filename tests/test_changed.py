"""What `bin/test --changed` chooses: real git repositories with a small program of two packages, and the faults planted in this one."""
from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import changed
from tests.changed import MOST_SECONDS, STORIES, STRUCTURE, chosen
from tests.mutants.mutants import MUTANTS
from tests.processor import RECORD, read

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = {
    ".gitignore": "__pycache__/\n",
    "setup.cfg": "[importlinter]\nroot_packages =\n    casework\n    web\n",
    "casework/merging/merge.py": "",
    "casework/merging/split.py": "from casework.merging import merge\n",
    "casework/seeding.py": "TABLES = files('casework').joinpath(\"seed_data\", name)\n",
    "casework/seed_data/rules.csv": "day,off\n",
    "web/cases/pages.py": "from casework.merging import split\nrender_template('cases/case.html')\n",
    "web/templates/cases/case.html": "{% include 'cases/foot.html' %}\n",
    "web/templates/cases/foot.html": "",
    "tests/casework/merging/test_merge.py": "from tests import building\n",
    "tests/casework/merging/test_split.py": "from casework.merging import split\n",
    "tests/casework/test_seeding.py": "",
    "tests/casework/test_far.py": "from web.cases import pages\n",
    "tests/web/cases/test_pages.py": "from tests import building\n",
    "tests/web/test_colours.py": "SHEET = 'web/static/colours.css'\n",
    "tests/building.py": "from web.cases import pages\n",
    "web/static/colours.css": "",
}
EVERYTHING = sorted(file for file in PROGRAM if "/test_" in file)


class Repository:
    """A copy of the small program, with what chooses in it, and a first commit on main."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for file, text in PROGRAM.items():
            self.write(file, text)
        for path in sorted(folder.rglob("*")):
            if path.is_dir() and path.relative_to(folder).parts[0] in {"casework", "web", "tests"}:
                (path / "__init__.py").touch()
        for name in ("changed", "processor"):
            shutil.copy(ROOT / f"tests/{name}.py", folder / "tests")
        self.write("tests/processor.txt", "".join(f"1.0 {test}\n" for test in EVERYTHING))
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit()

    def write(self, file: str, text: str) -> None:
        (self.folder / file).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / file).write_text(text)

    def change(self, *files: str) -> None:
        for file in files:
            self.write(file, f"{PROGRAM.get(file, '')}# changed\n")

    def git(self, *arguments: str) -> None:
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments], cwd=self.folder, check=True, env=alone())

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=x")

    def asked(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tests.changed", *arguments]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False, env=alone())

    def chosen(self, *arguments: str) -> list[str]:
        """The tests it names, in their order."""
        ended = self.asked(*arguments)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.splitlines()


def alone() -> dict[str, str]:
    """The environment without what belongs to this repository."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GIT_") and name != "PYTHONPATH"}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def test_a_modules_own_tests_come_first_then_those_fewest_imports_away_in_its_room(repository: Repository) -> None:
    repository.change("casework/merging/merge.py")
    own, near, *far = repository.chosen()
    assert (own, near) == ("tests/casework/merging/test_merge.py", "tests/casework/merging/test_split.py")
    assert far == ["tests/casework/test_far.py", "tests/web/cases/test_pages.py"], "nothing leads to the others"


def test_a_changed_test_is_run_and_what_is_used_by_many_leads_to_all_of_them(repository: Repository) -> None:
    repository.change("tests/casework/test_seeding.py")
    assert repository.chosen() == ["tests/casework/test_seeding.py"]
    repository.change("tests/building.py")
    assert set(repository.chosen()) == {
        "tests/casework/test_seeding.py", "tests/casework/merging/test_merge.py", "tests/web/cases/test_pages.py"}
    repository.change("tests/web/conftest.py")
    assert set(repository.chosen()) > {"tests/web/test_colours.py", "tests/web/cases/test_pages.py"}, "no test imports a conftest.py"


@pytest.mark.exhaustive
def test_a_file_that_is_no_module_leads_to_what_names_it_or_the_template_it_is_in_or_its_folder(repository: Repository) -> None:
    repository.change("web/static/colours.css")
    assert repository.chosen() == ["tests/web/test_colours.py"]
    repository.git("checkout", "--quiet", ".")
    repository.change("web/templates/cases/foot.html")
    assert repository.chosen()[0] == "tests/web/cases/test_pages.py"
    repository.git("checkout", "--quiet", ".")
    repository.change("casework/seed_data/rules.csv")
    assert repository.chosen() == ["tests/casework/test_seeding.py"]


def test_a_changed_test_is_run_with_what_is_left_to_the_long_runs(repository: Repository) -> None:
    repository.write("tests/web/test_colours.py", "@pytest.mark.exhaustive\ndef test_all(): pass\n")
    assert repository.chosen() == ["tests/web/test_colours.py", "--all-of=tests/web/test_colours.py"]


def test_what_is_wholly_left_to_the_long_runs_is_not_chosen_for_another_change(repository: Repository) -> None:
    repository.write("tests/web/test_colours.py", "pytestmark = pytest.mark.exhaustive\nSHEET = 'web/static/colours.css'\n")
    repository.commit()
    repository.change("web/static/colours.css")
    assert "tests/web/test_colours.py" not in repository.chosen()


def test_changes_count_from_where_the_branch_left_main_committed_or_not_and_those_of_main_do_not(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "-b", "branch")
    repository.change("casework/seeding.py")
    repository.commit()
    repository.git("checkout", "--quiet", "main")
    repository.change("web/static/colours.css")
    repository.commit()
    repository.git("checkout", "--quiet", "branch")
    assert repository.chosen() == ["tests/casework/test_seeding.py"]
    repository.change("tests/casework/test_new.py")
    assert set(repository.chosen()) == {"tests/casework/test_seeding.py", "tests/casework/test_new.py"}
    assert repository.chosen("HEAD") == ["tests/casework/test_new.py"]


def test_on_main_the_last_commit_counts_unless_something_is_uncommitted(repository: Repository) -> None:
    repository.change("casework/seeding.py")
    repository.commit()
    assert repository.chosen() == ["tests/casework/test_seeding.py"]
    repository.change("web/static/colours.css")
    assert repository.chosen() == ["tests/web/test_colours.py"]


def test_a_test_that_is_gone_is_not_run_and_a_commit_that_is_none_is_told_as_git_tells_it(repository: Repository) -> None:
    (repository.folder / "tests/casework/test_seeding.py").unlink()
    assert repository.chosen() == []
    ended = repository.asked("nowhere")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "nowhere" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_names_go_into_a_file_for_pytest_and_what_is_left_out_is_told(repository: Repository) -> None:
    repository.write("tests/processor.txt", "".join(f"{MOST_SECONDS * 0.4} {test}\n" for test in EVERYTHING))
    repository.commit()
    repository.change("casework/merging/merge.py")
    ended = repository.asked("--into", "var/changed.txt")
    assert (ended.returncode, ended.stdout) == (0, "")
    assert (repository.folder / "var/changed.txt").read_text().splitlines() == [
        "tests/casework/merging/test_merge.py", "tests/casework/merging/test_split.py"]
    assert "2 files of tests" in ended.stderr
    assert "Left out, though they import what is changed: 2 files, the nearest tests/casework/test_far.py" in ended.stderr
    assert "`bin/test` runs everything." in ended.stderr


def test_the_nearest_are_taken_while_there_is_time_and_a_long_one_makes_room_for_shorter_ones_behind_it() -> None:
    seconds = {"near": MOST_SECONDS / 2, "long": float(MOST_SECONDS), "far": MOST_SECONDS / 3}
    taken, left = chosen({"far": 3, "long": 2, "near": 1}, [], seconds)
    assert (list(taken), left) == (["near", "far"], ["long"])
    assert list(chosen({"long": 2}, [], {"long": MOST_SECONDS * 2})[0]) == ["long"], "what is changed is tried, however long it takes"


def test_what_is_always_run_is_there_and_takes_less_than_half_of_the_time() -> None:
    assert [test for test in (*STRUCTURE, *STORIES) if not (ROOT / test.partition("::")[0]).exists()] == []
    seconds = read(RECORD.read_text(encoding="utf-8"))
    assert sum(seconds[test.partition("::")[0]] for test in (*STRUCTURE, *STORIES)) < MOST_SECONDS / 2


@pytest.mark.exhaustive
def test_of_the_planted_faults_nine_in_ten_are_noticed_by_what_a_change_of_their_file_chooses() -> None:
    """Each fault names a file and the tests that notice it, with which it is tried by tests/mutants."""
    seconds = read(RECORD.read_text(encoding="utf-8"))
    run = {file: {test.partition("::")[0] for test in chosen(changed.distances([file]), changed.always([file]), seconds)[0]}
           for file in {mutant.file for mutant in MUTANTS}}
    unnoticed = [mutant.name for mutant in MUTANTS if not run[mutant.file] & {test.partition("::")[0] for test in mutant.tests}]
    assert len(unnoticed) < len(MUTANTS) / 10, unnoticed
