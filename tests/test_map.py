"""The map of the program, and what every room says of itself."""
from __future__ import annotations

import ast

import pytest

from tools import map as drawn

ROOMS = sorted(
    init.parent.relative_to(drawn.ROOT).as_posix()
    for layer in drawn.LAYERS
    for init in (drawn.ROOT / layer).rglob("__init__.py")
    if init.parent != drawn.ROOT / layer and "migrations" not in init.parts
)


def test_the_map_is_what_the_code_gives() -> None:
    assert drawn.MAP.read_text(encoding="utf-8") == drawn.drawing(), "draw it anew: python -m tools.map --write"


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_says_in_one_sentence_what_it_holds(room: str) -> None:
    words = drawn.words_of(room)
    assert words.endswith("."), words
    assert len(words) <= 140


@pytest.mark.parametrize("room", [room for room in ROOMS if not room.startswith("web/demo")])
def test_no_room_holds_more_than_thirty_modules(room: str) -> None:
    assert sum(path.stem != "__init__" for path in (drawn.ROOT / room).glob("*.py")) <= 30


def test_a_module_is_read_in_one_sitting_and_a_function_on_one_page() -> None:
    too_long = []
    for path in (path for layer in drawn.LAYERS for path in (drawn.ROOT / layer).rglob("*.py")):
        text, name = path.read_text(encoding="utf-8"), path.relative_to(drawn.ROOT).as_posix()
        functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
        too_long += [name] if text.count("\n") > 400 else []
        too_long += [f"{name}:{each.name}" for each in functions if (each.end_lineno or 0) - each.lineno >= 50]
    assert too_long == []
