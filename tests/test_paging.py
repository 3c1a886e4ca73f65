"""A list goes on only where more is left, and not at exactly one page: held of all lists at once, by how they are written."""
from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("benchmark", "casework", "workflows", "reports", "web")
NAMES = {"PAGE", "PAGE_SIZE", "PER_PAGE", "limit", "size"}
"""What a page's length is called. One row more is asked for, to know whether there is one."""

BY_ITSELF = {"reports/statistics/behind.py", "casework/doors/open311/finding.py"}
"""The first ends while it reads, once the row after the page has come; the second gives its rows to web/open311, which compares."""


def one_more(function: ast.AST) -> set[str]:
    """The names of the lengths of which the function asks for one row more."""
    sums = [node for node in ast.walk(function) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add)]
    one = [node for node in sums if isinstance(node.right, ast.Constant) and node.right.value == 1]
    return {node.left.id for node in one if isinstance(node.left, ast.Name) and node.left.id in NAMES}


def compared(function: ast.AST, name: str) -> Iterator[type[ast.cmpop]]:
    """How a length is compared with that of what came."""
    for node in ast.walk(function):
        if isinstance(node, ast.Compare) and isinstance(node.left, ast.Call) and isinstance(node.left.func, ast.Name):
            [right] = node.comparators
            if node.left.func.id == "len" and isinstance(right, ast.Name) and right.id == name:
                yield type(node.ops[0])


def test_every_list_asks_for_one_row_more_and_goes_on_only_where_it_came() -> None:
    seen, wrong = 0, []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            source = path.read_text(encoding="utf-8")
            for function in ast.walk(ast.parse(source)) if ".limit(" in source and " + 1" in source else ():
                if isinstance(function, ast.FunctionDef):
                    for name in one_more(function):
                        seen += 1
                        place = path.relative_to(ROOT).as_posix()
                        if place not in BY_ITSELF and set(compared(function, name)) != {ast.Gt}:
                            wrong.append(f"{place}:{function.lineno} {function.name}: len(rows) > {name} is wanted")
    assert seen > 10, "the lists are not found any more"
    assert wrong == []
