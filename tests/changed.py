"""Which tests a change is likely to break: `bin/test --changed [COMMIT]` runs them, in less than three minutes.

    python -m tests.changed [COMMIT]             names their files; with --into FILE they are written there, a line each

Changed is what differs from COMMIT, with what is not committed and what git does not know yet. Without COMMIT it is the commit at which
the branch left main; on main itself, where nothing is uncommitted, the last commit but one.

Nearly every test reaches nearly every module by imports, so this alone tells little. How far a test is from a changed file:

- the test that is changed is nearest, and so is one that is called after the changed module or, where that lies in the program, its room
- for another, the imports between it and the module are counted (grimp), less the names that both paths have in common, such as a room's
- a file that is no module stands for the modules whose text names it, and tests that name it are as near as if they imported it
- a conftest.py stands for all tests in its folder

The nearest are taken until they would use up MOST_SECONDS of processor, by tests/processor.txt, with what is always taken. What was left
out is said; `bin/test` runs everything.

Of tests that are changed themselves, what is left to the long runs is run, too (tests/breadth.py).
"""
from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from configparser import ConfigParser
from functools import cache
from pathlib import Path, PurePosixPath
from statistics import median

import grimp

from tests.processor import RECORD, read

ROOT = Path(__file__).resolve().parent.parent
MOST_SECONDS = 230
"""Of processor, for the tests themselves: on two idle processors, with reading the code and three processes that start, three minutes."""

STRUCTURE = (
    "tests/mutants/test_mutants_list.py::test_the_text_a_fault_replaces_is_in_its_file", "tests/test_english.py", "tests/test_packaging.py",
    "tests/system/test_local_days.py", "tests/web/test_guards.py", "tests/web/test_routes.py",
)  # fmt: skip
"""What looks at the whole of the code, and takes seconds; as pytest is given it."""
STORIES = ("tests/scenarios/test_ways.py", "tests/system/test_promises.py")
"""Cases from end to end: a third of the faults of tests/mutants is found by nothing nearer."""
OF_STORIES = ("bpmn", "casework", "web", "workflows")
"""The packages the stories go through."""

NEAREST, NAMED, FAR = -100, 1, 50
COMMON = {"tests", "__init__", "acts", "pages", "forms"}
"""Names in paths that say nothing of what a file is about."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commit", nargs="?")
    parser.add_argument("--into", type=Path, metavar="FILE")
    asked = parser.parse_args()
    try:
        since = asked.commit or left_main()
        changed = changed_since(since)
    except subprocess.CalledProcessError as error:
        sys.exit(error.stderr.strip())
    taken, left = chosen(distances(changed), always(changed), read(RECORD.read_text(encoding="utf-8")))
    print(told(since, changed, taken, left), file=sys.stderr)
    lines = "".join(f"{argument}\n" for argument in (*taken, *(f"--all-of={file}" for file in changed if file in taken and is_broad(file))))
    if asked.into is not None:
        asked.into.parent.mkdir(exist_ok=True)
        asked.into.write_text(lines, encoding="utf-8")
    else:
        print(lines, end="")
    return 0


# -- what is changed


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def left_main() -> str:
    """The commit changes are counted from where none is named."""
    main = next((name for name in ("main", "origin/main") if git("branch", "--all", "--list", name, f"remotes/{name}").strip()), "HEAD")
    base = git("merge-base", "HEAD", main).strip()
    if base == git("rev-parse", "HEAD").strip() and not changed_since(base):
        return git("rev-parse", "HEAD~1").strip()
    return base


def changed_since(commit: str) -> list[str]:
    """The files that differ from a commit, those that are gone and those that git does not know yet among them."""
    known = git("diff", "--name-only", "--no-renames", "-z", commit, "--")
    return sorted({*filter(None, known.split("\0")), *filter(None, git("ls-files", "--others", "--exclude-standard", "-z").split("\0"))})


# -- how near tests are to it


def distances(changed: Iterable[str]) -> dict[str, float]:
    """How far each test is from what is nearest to it of the changed files; tests that nothing leads to are left out."""
    changed = set(changed)
    there = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py"))
    tests = [test for test in there if test in changed or not is_for_long_runs(test)]
    imported = importers()
    found: dict[str, float] = {}
    for file in changed:
        for test, distance in distances_of(file, tests, imported):
            found[test] = min(distance, found.get(test, FAR))
    return found


@cache
def importers() -> dict[str, set[str]]:
    """The modules that import each module."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    first, *others = [*config["importlinter"]["root_packages"].split(), "tests"]
    graph = grimp.build_graph(first, *others, cache_dir=None)
    return {module: graph.find_modules_that_directly_import(module) for module in graph.modules}


def distances_of(file: str, tests: list[str], imported: Mapping[str, set[str]]) -> Iterator[tuple[str, float]]:
    """How far each test is from one changed file."""
    path = PurePosixPath(file)
    if path.name == "conftest.py":
        yield from ((test, NAMED) for test in tests if path.parent in PurePosixPath(test).parents)
    if file in tests:
        yield file, NEAREST
    elif path.suffix == ".py":
        yield from _from_module(path, tests, imported)
    else:
        for other in naming(path):
            if other in tests:
                yield other, NAMED - 0.5
            elif other.endswith(".py"):
                yield from _from_module(PurePosixPath(other), tests, imported)


def _from_module(path: PurePosixPath, tests: list[str], imported: Mapping[str, set[str]]) -> Iterator[tuple[str, float]]:
    steps = steps_from(dotted(path), imported)
    for test in tests:
        if is_of(PurePosixPath(test), path):
            yield test, NEAREST
        elif (number := steps.get(dotted(PurePosixPath(test)))) is not None:
            yield test, number - len(names(path) & names(PurePosixPath(test)))


def steps_from(module: str, imported: Mapping[str, set[str]]) -> dict[str, int]:
    """The fewest imports from each module to this one."""
    steps, to_do = {module: 0}, [module]
    for each in to_do:
        for other in imported.get(each, set()) - steps.keys():
            steps[other] = steps[each] + 1
            to_do.append(other)
    return steps


def is_of(test: PurePosixPath, module: PurePosixPath) -> bool:
    """Whether a test is called after a module, or lies at the place of its room: tests/room/test_module.py, tests/test_room.py."""
    room = module.parent
    return test == PurePosixPath("tests", room.parent, f"test_{room.name}.py") or (
        test.name == f"test_{module.stem}.py" and (module.stem not in COMMON or test.parent == PurePosixPath("tests", room)))


@cache
def names(path: PurePosixPath) -> set[str]:
    """The names a path is made of: folders, and what the file is called."""
    return {*path.parent.parts, path.stem.removeprefix("test_")} - COMMON


@cache
def dotted(path: PurePosixPath) -> str:
    """How a file is imported."""
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def naming(path: PurePosixPath) -> set[str]:
    """The modules and tests whose text names a file that is none, by the longest end of its path that is found anywhere, and by its folder
    where no module does; where a template or script names it, the modules and tests that name that one."""
    found: set[str] = set()
    seen, to_do = {path}, [path]
    for each in to_do:
        files = next(filter(None, (_with_text(text) - {str(each)} for text in ("/".join(each.parts[-2:]), each.name))), set())
        if each == path and all(file.startswith("tests/") for file in files):
            files |= _with_text(f'"{path.parent.name}"')
        found |= {file for file in files if file.endswith(".py")}
        others = {PurePosixPath(file) for file in files if file.endswith((".html", ".js"))} - seen
        seen |= others
        to_do += sorted(others)
    return found


def _with_text(text: str) -> set[str]:
    """The files of the program and its tests in which a text stands."""
    asked = ["git", "grep", "--untracked", "-lzF", "-e", text, "--", "*.py", "*.html", "*.js", ":!tools", ":!tests/soak", ":!*/vendor/*"]
    return set(filter(None, subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False).stdout.split("\0")))


# -- which of them are run


def always(changed: Iterable[str]) -> list[str]:
    """What is run whatever the distances say; the stories first, because they take longest."""
    if not changed:
        return []
    stories = STORIES if any(PurePosixPath(file).parts[0] in OF_STORIES for file in changed) else ()
    return [test for test in (*stories, *STRUCTURE) if (ROOT / test.partition("::")[0]).exists()]


def chosen(distance: Mapping[str, float], first: Iterable[str], seconds: Mapping[str, float]) -> tuple[dict[str, float], list[str]]:
    """The tests that are run, with the seconds each takes, and the others, the nearest first."""
    usual = median(seconds.values()) if seconds else 1
    taken = {test: seconds.get(test.partition("::")[0], usual) for test in first}
    left = []
    for test in sorted(distance.keys() - taken.keys(), key=lambda test: (distance[test], seconds.get(test, usual), test)):
        if sum(taken.values()) + seconds.get(test, usual) <= MOST_SECONDS or len(taken) == 0:
            taken[test] = seconds.get(test, usual)
        else:
            left.append(test)
    return taken, left


def is_for_long_runs(test: str) -> bool:
    """Whether all of a file is left to them."""
    return re.search(r"^pytestmark = .*pytest\.mark\.exhaustive", (ROOT / test).read_text(encoding="utf-8"), re.MULTILINE) is not None


def is_broad(test: str) -> bool:
    """Whether a file of tests leaves some of them to the long runs."""
    return "pytest.mark.exhaustive" in (ROOT / test).read_text(encoding="utf-8")


def told(since: str, changed: list[str], taken: Mapping[str, float], left: list[str]) -> str:
    lines = [f"{len(changed)} files differ from {since[:12]}: {len(taken)} files of tests, {sum(taken.values()):.0f} seconds of processor."]
    if left:
        lines.append(f"Left out, though they import what is changed: {len(left)} files, the nearest {', '.join(left[:3])}.")
    return "\n".join([*lines, "`bin/test` runs everything."])


if __name__ == "__main__":
    sys.exit(main())
