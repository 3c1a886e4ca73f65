"""Draws docs/map.svg, the map of the program: its layers, and in each layer the rooms, every room above those it imports.

`python -m tools.map --write` draws it anew, `--check` says whether it is what the code would give (exit code 1 where not). The words
under a room's name are the docstring of its package.
"""
from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path
from textwrap import wrap
from typing import NamedTuple

import grimp

ROOT = Path(__file__).resolve().parent.parent
MAP = ROOT / "docs/map.svg"
LAYERS = ("benchmark", "web", "workflows", "reports", "casework")
"""From above to below: a layer imports those under it."""

WIDTH, GAP, LINE, CHARACTERS = 1180, 8, 14, 33
BOXES_A_ROW = 5
BOX = (WIDTH - GAP * (BOXES_A_ROW + 1)) // BOXES_A_ROW


class Room(NamedTuple):
    """A package of a layer, or the modules that lie flat in it."""

    name: str
    words: str
    level: int
    """0 where it imports no other room of its layer; else one more than the highest of those it imports."""


def rooms_of(layer: str, graph: grimp.ImportGraph) -> list[Room]:
    """The rooms of a layer, the highest first, by name within a level."""
    names = sorted(child.rpartition(".")[2] for child in graph.find_children(layer) if (ROOT / layer / child.rpartition(".")[2]).is_dir())
    below = {name: {other for other in names if other != name and _imports(graph, f"{layer}.{name}", f"{layer}.{other}")} for name in names}
    levels: dict[str, int] = {}

    def level(name: str) -> int:
        if name not in levels:
            levels[name] = 1 + max((level(other) for other in below[name]), default=-1)
        return levels[name]

    return sorted((Room(name, words_of(f"{layer}/{name}"), level(name)) for name in names), key=lambda room: (-room.level, room.name))


def _imports(graph: grimp.ImportGraph, importer: str, imported: str) -> bool:
    return graph.direct_import_exists(importer=importer, imported=imported, as_packages=True)


def words_of(package: str) -> str:
    """The first line of a package's docstring, empty where it has none."""
    tree = ast.parse((ROOT / package / "__init__.py").read_text(encoding="utf-8"))
    return (ast.get_docstring(tree) or "").partition("\n")[0]


def flat_words(layer: str) -> str:
    """The modules that lie flat in a layer, by name."""
    names = sorted(path.stem for path in (ROOT / layer).glob("*.py") if path.stem != "__init__")
    return ", ".join(names)


def drawing() -> str:
    """The whole map as SVG."""
    graph = grimp.build_graph(*LAYERS)
    parts: list[str] = []
    top = GAP
    for layer in LAYERS:
        band = list(_band(layer, rooms_of(layer, graph), top))
        height = band.pop()
        assert isinstance(height, int)
        parts.append(f'<rect class="layer" x="0" y="{top}" width="{WIDTH}" height="{height}" rx="6"/>')
        parts += [str(part) for part in band]
        top += height + GAP
    style = ".layer{fill:#eef2f7}.room{fill:#fff;stroke:#8aa0b8}.flat{fill:#f8f5e9;stroke:#b8a878}text{font:11px sans-serif;fill:#1d2a3a}"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" role="img" aria-label="Map of the program">'
    return "\n".join([head, f"<style>{style}.name{{font-weight:bold;font-size:13px}}</style>", *parts, "</svg>", ""])


def _band(layer: str, rooms: list[Room], top: int) -> Iterator[str | int]:
    """The boxes of a layer, and at last its height."""
    y = top + 24
    yield f'<text class="name" x="{GAP}" y="{top + 16}">{layer}/</text>'
    for level in sorted({room.level for room in rooms}, reverse=True):
        here = [room for room in rooms if room.level == level]
        for start in range(0, len(here), BOXES_A_ROW):
            row = here[start : start + BOXES_A_ROW]
            texts = [wrap(room.words, CHARACTERS) for room in row]
            height = 24 + LINE * max(map(len, texts))
            for column, (room, lines) in enumerate(zip(row, texts, strict=True)):
                yield from _box("room", GAP + column * (BOX + GAP), y, BOX, height, room.name, lines)
            y += height + GAP
    if flat := flat_words(layer):
        lines = wrap(flat, CHARACTERS * BOXES_A_ROW)
        yield from _box("flat", GAP, y, WIDTH - 2 * GAP, 24 + LINE * len(lines), "flat modules", lines)
        y += 24 + LINE * len(lines) + GAP
    yield y - top


def _box(kind: str, x: int, y: int, width: int, height: int, name: str, lines: list[str]) -> Iterator[str]:
    yield f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="4"/>'
    yield f'<text class="name" x="{x + 6}" y="{y + 15}">{escape(name)}</text>'
    for number, line in enumerate(lines):
        yield f'<text x="{x + 6}" y="{y + 30 + LINE * number}">{escape(line)}</text>'


def main(how: str) -> None:
    """Write the map, or compare it."""
    drawn = drawing()
    if how == "--write":
        MAP.write_text(drawn, encoding="utf-8")
    elif MAP.read_text(encoding="utf-8") != drawn:
        raise SystemExit("docs/map.svg is not what the code gives: python -m tools.map --write")


if __name__ == "__main__":
    main(*sys.argv[1:2] or ["--check"])
