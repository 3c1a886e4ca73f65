"""Moves modules into the rooms of rooms.map and mends whatever names them: imports, dotted names, paths, the tests that mirror them.

`python -m tools.rooms [START]` does what is left of the list beside it, or the part whose new paths begin with START. It first moves the
names of CUTS down to what all their users may import, then the modules, each with `tests/<its path>/test_<its name>.py`, and at last
changes the places of BY_HAND, which depend on where a file lies. `ruff check --fix` sorts the imports afterwards.

It holds no rule of its own about what belongs where: that is rooms.map, a line `old path -> new path` each.
"""
from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIST = Path(__file__).with_name("rooms.map")
TOPS = ("benchmark", "bpmn", "casework", "migrations", "reports", "web", "workflows")
READ = frozenset({"", ".cfg", ".conf", ".css", ".html", ".in", ".ini", ".js", ".json", ".md", ".py", ".service", ".sh", ".toml", ".txt",
                  ".yaml", ".yml"})  # fmt: skip
AS_IT_WAS = frozenset({"CHANGELOG.md", "docs/decisions.md", "tools/rooms.py"})
"""What tells of the past keeps the names of the past."""

CUTS = (
    ("casework/ratings.py", "casework/publications.py", ("WHOLE",)),
    ("casework/facts/progress.py", "casework/db.py", ("inserting",)),
    ("casework/quarantine.py", "casework/forgotten.py", ("IS_HAND_OVER", "handed_over_at")),
    ("casework/case_verification.py", "casework/events.py", ("TITLED",)),
    ("workflows/flat_rows.py", "workflows/bindings.py", ("OF_THE_PAUSE",)),
    ("workflows/unforeseen.py", "workflows/bindings.py", ("OTHER_THAN",)),
    ("web/filing.py", "web/own_page.py", ("RECEIPT_KEY",)),
)
"""Names that stand too high: from which module, to which. What they need there is imported by hand."""

BY_HAND = (
    ("casework/forgotten.py", "from casework.models import Forgotten\n", "from casework.models import Case, Event, Forgotten\n"),
    ("casework/facts/progress.py", "from sqlalchemy.dialects import postgresql, sqlite\n", ""),
    ("casework/db.py", "from sqlalchemy import", "from sqlalchemy.dialects import postgresql, sqlite\nfrom sqlalchemy import"),
    ("casework/photos/faces.py", 'Path(__file__).parent / "centerface"', 'Path(__file__).parent.parent / "centerface"'),
    ("web/accounts/breached_passwords.py", 'Path(__file__).with_name("common', 'Path(__file__).parent.parent / ("common'),
    ("tests/casework/installation/test_seeding.py", "Path(seeding.__file__).parent\n", "Path(seeding.__file__).parent.parent\n"),
    ("tests/workflows/running/test_hearing.py", 'Path(__file__).parent.parent / "data"', 'Path(__file__).parent.parent.parent / "data"'),
    ("web/cli.py", '"benchmark": "measuring"', '"benchmark": "benchmark.measuring"'),
    ("ruff.toml", 'known-first-party = ["bpmn"', 'known-first-party = ["benchmark", "bpmn"'),
    ("tests/machines/cluster.py", 'CODE = ("bpmn"', 'CODE = ("benchmark", "bpmn"'),
    ("tests/test_packaging.py", 'TOPS = ("bpmn"', 'TOPS = ("benchmark", "bpmn"'),
    (".dockerignore", "!casework\n", "!benchmark\n!casework\n"),
)
"""Where a text depends on its place: path afterwards, what stands there, what has to."""


def moves(start: str) -> dict[str, str]:
    """The part of the list that is still to be done."""
    pairs = (line.split(" -> ") for line in LIST.read_text(encoding="utf-8").splitlines() if line.strip())
    return {old: new for old, new in pairs if (ROOT / old).exists() and new.startswith(start)}


def with_tests(chosen: dict[str, str]) -> dict[str, str]:
    """The modules, and the tests that are called after them."""
    found = dict(chosen)
    for old, new in chosen.items():
        before, after = Path(old), Path(new)
        test = Path("tests") / before.parent / f"test_{before.stem}.py"
        if (ROOT / test).exists():
            name = after.stem if after.stem != "__init__" else after.parent.name
            found[str(test)] = str(Path("tests") / after.parent / f"test_{name}.py")
    return found


def dotted(path: str) -> str:
    """How a file is imported."""
    return path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


def rewritten(text: str, path: str, names: dict[str, str], paths: dict[str, str]) -> str:
    """A file's text with every name of what moves as it is afterwards. Done in one pass: a new name may be another's old one."""
    if path.endswith(".py"):
        text = _modules_imported_by_name(text, names)
    if path == "web/__init__.py":
        begin = text.index("PAGES")
        end = text.index(")", begin)
        pages = re.sub(r'"([\w.]+)"', lambda m: '"' + names.get(f"web.{m[1]}", f"web.{m[1]}").removeprefix("web.") + '"', text[begin:end])
        text = text[:begin] + pages + text[end:]
    if path.startswith("tests/mutants/"):
        chosen = {old: Path(new) for old, new in paths.items() if _is_tested(old, new)}
        tests = {Path(old).stem: str(new.relative_to("casework").with_suffix("")) for old, new in chosen.items()}
        text = re.sub(r'unit\("(\w+)"', lambda m: f'unit("{tests.get(m[1], m[1])}"', text)
    text = _any_of(names, after=r"(?![\w-])(?!\.(?:html|txt|css|js|md|po|csv|json)\b)").sub(lambda m: names[m[1]], text).replace("\0", "")
    return _any_of(paths, after=r"(?!\w)").sub(lambda m: paths[m[1]], text)


def _is_tested(old: str, new: str) -> bool:
    test = ROOT / f"tests/casework/test_{Path(old).stem}.py"
    return old.startswith("casework/") and new.startswith("casework/") and old.count("/") == 1 and test.exists()


def _any_of(names: dict[str, str], *, after: str) -> re.Pattern[str]:
    return re.compile(r"(?<![\w./\x00-])(" + "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True)) + ")" + after)


def _modules_imported_by_name(text: str, names: dict[str, str]) -> str:
    """`from casework import photos`, whose last word may change: it keeps the name it is used by. NUL marks what is done."""
    lines = text.splitlines(keepends=True)
    for node in _imports(text):
        moved = [each for each in node.names if f"{node.module}.{each.name}" in names]
        if not moved or node.level:
            continue
        stay = [each.name + (f" as {each.asname}" if each.asname else "") for each in node.names if each not in moved]
        made = [f"from {node.module} import {', '.join(stay)}"] if stay else []
        for each in moved:
            package, _, name = names[f"{node.module}.{each.name}"].rpartition(".")
            used = each.asname or each.name
            made.append(f"from \0{package} import \0{name}" + (f" as {used}" if used != name else ""))
        assert node.end_lineno is not None
        tail = lines[node.end_lineno - 1][node.end_col_offset or 0 :].rstrip()
        made[-1] += tail if "fmt: skip" not in tail else ""
        lines[node.lineno - 1 : node.end_lineno] = [" " * node.col_offset + line + "\n" for line in made]
    return "".join(lines)


def _imports(text: str, of: str = "") -> list[ast.ImportFrom]:
    """Those of a text, the last first, so that lines can be exchanged on the way."""
    found = [each for each in ast.walk(ast.parse(text)) if isinstance(each, ast.ImportFrom) and of in ("", each.module)]
    return sorted(found, key=lambda each: -each.lineno)


def tracked() -> Iterator[str]:
    """Every text file of the repository that is ours."""
    for path in subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines():
        is_ours = path not in AS_IT_WAS and "static/vendor" not in path and not path.startswith("tests/data/")
        if is_ours and (ROOT / path).suffix in READ and (ROOT / path).is_file():
            yield path


def carry_out(chosen: dict[str, str]) -> None:
    """Rewrite, then move in two steps, since a new path may be another's old one."""
    paths = with_tests(chosen)
    names = {dotted(old): dotted(new) for old, new in paths.items()}
    for path in tracked():
        try:
            text = (ROOT / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if (changed := rewritten(text, path, names, paths)) != text:
            (ROOT / path).write_text(changed, encoding="utf-8")
    for number, old in enumerate(paths):
        git("mv", old, f"moving{number}.tmp")
    for number, new in enumerate(paths.values()):
        (ROOT / new).parent.mkdir(parents=True, exist_ok=True)
        git("mv", f"moving{number}.tmp", new)
    for folder in {folder for new in paths.values() for folder in Path(new).parents if folder.name}:
        (ROOT / folder / "__init__.py").touch()


def cut(old: str, new: str, names: Sequence[str]) -> None:
    """Take top-level names with their docstrings out of one module, put them into another, and import them from there everywhere."""
    if not (ROOT / old).exists():
        return
    text = (ROOT / old).read_text(encoding="utf-8")
    body, lines, parts = ast.parse(text).body, text.splitlines(keepends=True), list[str]()
    for place, node in reversed(list(enumerate(body))):
        if getattr(node, "name", None) not in names and not (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in names):
            continue
        following = body[place + 1] if place + 1 < len(body) else None
        is_told = isinstance(node, ast.Assign) and isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
        end = (following if is_told and following is not None else node).end_lineno
        parts.insert(0, "".join(lines[node.lineno - 1 : end]))
        del lines[node.lineno - 1 : end]
    if not parts:
        return
    left = "".join(lines)
    if used := sorted({each.id for each in ast.walk(ast.parse(left)) if isinstance(each, ast.Name)} & set(names)):
        left = _behind_imports(left, f"from {dotted(new)} import {', '.join(used)}\n")
    (ROOT / old).write_text(left, encoding="utf-8")
    target = (ROOT / new).read_text(encoding="utf-8").rstrip("\n") + "\n"
    for part in parts:
        target = f"{target}\n\n{part}" if part.startswith("def ") else _behind_imports(target, f"\n{part}")
    (ROOT / new).write_text(target, encoding="utf-8")
    for path in tracked():
        if path.endswith(".py"):
            _import_from(path, dotted(old), dotted(new), names)


def _behind_imports(text: str, part: str) -> str:
    lines = text.splitlines(keepends=True)
    last = max(node.end_lineno or 0 for node in ast.parse(text).body if isinstance(node, ast.Import | ast.ImportFrom))
    return "".join([*lines[:last], part, *lines[last:]])


def _import_from(path: str, old: str, new: str, names: Sequence[str]) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    for node in _imports(text, of=old):
        stay, go = ([each for each in node.names if (each.name in names) == is_cut] for is_cut in (False, True))
        for module, chosen in ((old, stay), (new, go)):
            if chosen and dotted(path) != module:
                words = ", ".join(each.name + (f" as {each.asname}" if each.asname else "") for each in chosen)
                lines.insert(node.end_lineno or node.lineno, f"{' ' * node.col_offset}from {module} import {words}\n")
        del lines[node.lineno - 1 : node.end_lineno]
    if (changed := "".join(lines)) != text:
        (ROOT / path).write_text(changed, encoding="utf-8")


def name_packages() -> None:
    """Take away packages that are empty now, and name those there are in setup.cfg."""
    for init in sorted(ROOT.glob("*/*/__init__.py")):
        is_empty = {each.name for each in init.parent.iterdir()} <= {"__init__.py", "__pycache__"}
        if is_empty and init.parent.parent.name in TOPS:
            git("rm", "-qf", str(init.relative_to(ROOT)))
    found = sorted(dotted(str(init.relative_to(ROOT))) for top in TOPS for init in (ROOT / top).rglob("__init__.py"))
    text = (ROOT / "setup.cfg").read_text(encoding="utf-8")
    listed = "packages =\n" + "".join(f"    {name}\n" for name in found)
    (ROOT / "setup.cfg").write_text(re.sub(r"^packages =\n(?:    \S+\n)+", listed, text, count=1, flags=re.M), encoding="utf-8")


def git(*words: str) -> None:
    """Run git in the repository. Raises CalledProcessError."""
    subprocess.run(["git", *words], cwd=ROOT, check=True)


def main(start: str = "") -> None:
    """Cut, move, mend."""
    for old, new, names in CUTS:
        cut(old, new, names)
    mend()
    carry_out(moves(start))
    mend()
    name_packages()


def mend() -> None:
    """Change the places of BY_HAND that are there and not changed yet."""
    for path, before, after in BY_HAND:
        if (ROOT / path).exists() and after not in (text := (ROOT / path).read_text(encoding="utf-8")):
            (ROOT / path).write_text(text.replace(before, after, 1), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:2])
