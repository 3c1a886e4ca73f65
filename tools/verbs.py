"""docs/verbs.md, made from the rows of the verbs (casework/verbs.py): of each where its parts stand.

`python -m tools.verbs --write` makes it anew, `--check` ends with 1 where it is not what the rows say.
"""
from __future__ import annotations

import argparse
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import cache
from gettext import translation
from itertools import groupby
from pathlib import Path
from typing import Any

import web.links.acts
import web.steps.acts
import web.steps.pages
import workflows.every_verb
from casework.bilingual import Bilingual
from casework.sentences import Audience, Known, Sentence
from casework.verbs import Verb, also_writing, every_verb, input_of
from web.steps.act_page import ACT_PAGES, ActPage
from web.task_page import STEP_PAGES, TaskPage
from workflows.bindings import BINDINGS

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "docs/verbs.md"
WIDTH = 118
WITH_PAGES = (web.links.acts, web.steps.acts, web.steps.pages, workflows.every_verb)
"""What fills the registers that are read here."""

EMPTY = {"label": ("…", "…")}
"""An event that holds nothing, to say what is said of any."""

HEAD = """# Verbs

What can be done with a case and what is recorded in its history, by the room of the use case. A verb's row stands on
its use case; what is said there in a line has no place of its own. `staff`, `public` and `sender` say who is told, and
`waits for` which messages a model of the process must know if the act is to be heard. What is done to no case
(deputies, settings, versions, accounts) is not here: its use cases stand in the rooms of those names.

Made from the rows (`casework/verbs.py`) by `python -m tools.verbs --write`; do not edit.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    act = parser.add_mutually_exclusive_group(required=True)
    act.add_argument("--write", action="store_true")
    act.add_argument("--check", action="store_true")
    if parser.parse_args().write:
        FILE.write_text(document(), encoding="utf-8")
    is_current = FILE.is_file() and FILE.read_text(encoding="utf-8") == document()
    print("docs/verbs.md is what the rows say." if is_current else "docs/verbs.md is old: python -m tools.verbs --write")
    return 0 if is_current else 1


def document() -> str:
    """The whole file."""
    rooms = groupby(sorted(every_verb(), key=lambda verb: (room_of(verb), verb.name)), key=room_of)
    index = "\n".join(wrapped("By name: " + "; ".join(f"{verb.name} ({room_of(verb)})" for verb in every_verb()) + ".", ""))
    parts = [f"## {room}\n\n" + "\n".join(line for verb in verbs for line in block(verb)) + "\n" for room, verbs in rooms]
    return "\n".join([HEAD, index + "\n", *parts])


def block(verb: Verb) -> Iterator[str]:
    """The lines of one verb."""
    label, page = label_of(verb), page_of(verb)
    yield from wrapped(f"- **{verb.name}**: {label.en} / {label.vi}" if label is not None else f"- **{verb.name}**", "  ")
    yield from line("use case", [place_of(verb.use_case), *(place_of(each) for each in also_writing(verb.name))])
    if verb.use_case is not None and (kind := input_of(verb.use_case)) is not None:
        yield from line("filled in", [f"`{kind.__name__}` ({', '.join(each.name for each in fields(kind))})"])
    roles = sorted(str(role) for role in verb.action.roles) if verb.action is not None else []
    yield from line("may", [f"{', '.join(roles)} (`{verb.action}`)" if verb.action is not None else "nobody: recorded by the system"])
    if page is not None:
        yield from line("page", [place_of(page), f"`web/templates/{page.template}`"])
    else:
        yield from line("page", views_for(verb))
    yield from line("history", [f"as `{verb.recorded_as}`" if verb.recorded_as else ", ".join(parts_of(verb))] if verb.leaves_event else [])
    told = (("staff", verb.staff), ("public", verb.public), ("sender", verb.sender))
    yield from line("sentences", [f"{reader} {sentence_place(said)}" for reader, said in told if said is not None])
    yield from line("waits for", [f"`{message}`" for message in (*verb.needs, *verb.may_need)])
    yield from line("tests", [f"`{path.relative_to(ROOT)}`" for path in tests_of(verb)])


def line(word: str, said: list[str]) -> Iterator[str]:
    """One line of a block, on several where it is long; none where nothing is said."""
    return wrapped(f"  - {word}: {'; '.join(said)}", "    ") if said else iter(())


def wrapped(text: str, indent: str) -> Iterator[str]:
    return iter(textwrap.wrap(text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False))


def room_of(verb: Verb) -> str:
    """The package of the use case; its module where it stands in no room."""
    package, name, *_ = module_of(verb.use_case).split(".")
    return f"{package}/{name}"


def page_of(verb: Verb) -> type[ActPage] | type[TaskPage] | None:
    """The page of the act, or of the step at which it is done."""
    at_step = next((element for element, step in BINDINGS.steps.items() if verb.name in step.acts), "")
    return ACT_PAGES.get(verb.name) or STEP_PAGES.get(at_step)


def label_of(verb: Verb) -> Bilingual | None:
    """What its page is called, else what the history says of it."""
    if verb.name in ACT_PAGES:
        english = str(ACT_PAGES[verb.name].label)
        return Bilingual(vietnamese()(english), english)
    said = verb.staff(EMPTY, Known({}, Audience.CENTRE)) if verb.staff is not None else None
    return said.words if said is not None else None


@cache
def vietnamese() -> Callable[[str], str]:
    return translation("messages", str(ROOT / "web/translations"), ["vi"]).gettext


def parts_of(verb: Verb) -> list[str]:
    return sorted(str(kind) for kind in verb.parts) or ["in no part of its own"]


def sentence_place(sentence: Sentence) -> str:
    return "in the row" if module_of(sentence) == "casework.sentences" else place_of(sentence)


def place_of(thing: Any) -> str:
    """The file and the name in it."""
    return f"`{module_of(thing).replace('.', '/')}.py:{thing.__qualname__.partition('.')[0]}`"


def module_of(thing: Any) -> str:
    return str(thing.__module__)


def views_for(verb: Verb) -> list[str]:
    """The views that declare the verb's action: of people outside, of settings, of the studio."""
    if verb.action is None or str(verb.action) != verb.name:
        return []
    declared = re.compile(rf"@performs\(Action\.{verb.action.name}\)\n(?:@.*\n)*def (\w+)")
    return [f"`{path.relative_to(ROOT)}:{name}`" for path, text in pages() for name in declared.findall(text)]


@cache
def pages() -> list[tuple[Path, str]]:
    return [(path, path.read_text(encoding="utf-8")) for path in sorted((ROOT / "web").rglob("*.py"))]


def tests_of(verb: Verb) -> list[Path]:
    """The test file called after the verb or the module of its use case; else the first that imports the use case, or names the verb."""
    module, called = module_of(verb.use_case), getattr(verb.use_case, "__name__", "")
    *folders, name = module.split(".")
    for own in (ROOT.joinpath("tests", *folders, f"test_{verb.name}.py"), ROOT.joinpath("tests", *folders, f"test_{name}.py")):
        if own.is_file():
            return [own]
    imported = re.compile(rf"from {re.escape(module)} import (?:\([^)]*)?[^\n)]*\b{called}\b|\b{name}\.{called}\(")
    named = re.compile(rf'"{verb.name}"|\b{called}\(')
    return next((found[:1] for sought in (imported, named) if (found := [path for path, text in tests() if sought.search(text)])), [])


@cache
def tests() -> list[tuple[Path, str]]:
    """The test files of the parts of the program, with what stands in them."""
    folders = (ROOT / "tests" / part for part in ("casework", "workflows", "reports", "web", "scenarios"))
    found = sorted(path for folder in folders for path in folder.rglob("test_*.py"))
    return [(path, path.read_text(encoding="utf-8")) for path in found]


if __name__ == "__main__":
    sys.exit(main())
