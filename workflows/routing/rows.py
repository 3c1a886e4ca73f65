"""The decision table as rows a form can show, and such rows written back into the table's own file."""

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree

from casework.bilingual import Bilingual
from workflows.definitions.process import ModelRefused, read_xml

DMN = "{https://www.omg.org/spec/DMN/20191111/MODEL/}"
INPUTS = ("field", "area", "urgency")
OUTPUTS = ("lead", "cooperating")
COLUMNS = INPUTS + OUTPUTS
ANYTHING = "-"
AREA = "area"
"""How a cell names the committee of the area; every other name in a cell is a quoted key."""
BETWEEN_LANGUAGES = " / "
MOST_ROWS = 500
LONGEST_CELL = 500
RULE_ID = re.compile(r"rule_(\d+)")


class NotRows(ModelRefused):
    """The table has columns a form cannot show; it can be downloaded, changed and uploaded."""

    def __init__(self) -> None:
        super().__init__(
            "Bảng này có cột khác với năm cột thường dùng nên không sửa được ở đây. Xin tải tệp về, sửa rồi tải lên.",
            "This table has other columns than the five, so it cannot be changed here. Please download, change and upload it.",
        )


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule: the text of its cells by column, and its reason. `id` is empty for a new row."""

    id: str
    cells: dict[str, str]
    reason: Bilingual


# -- what a cell says, and the text that says it -------------------------------------------------------------------------


def key_in(text: str) -> str | None:
    """Return the key in a cell: "" for anything, AREA for the committee of the area, None for other texts."""
    if text in ("", ANYTHING):
        return ""
    if text == AREA:
        return AREA
    key = _literal(text)
    return key if isinstance(key, str) and key not in ("", AREA) else None


def keys_in(text: str) -> tuple[str, ...] | None:
    """Return the keys in a cell with a list of agencies, AREA among them; None for other texts."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body if len(text) <= LONGEST_CELL else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if not isinstance(tree, ast.List):
        return None
    keys = tuple(_agency(each) for each in tree.elts)
    return None if None in keys else tuple(key for key in keys if key is not None)


def text_of_key(key: str) -> str:
    """Return the text of a cell for a key as returned by `key_in`."""
    if key in ("", AREA):
        return key or ANYTHING
    return f'"{_plain(key)}"'


def text_of_keys(keys: Sequence[str]) -> str:
    """Return the text of a cell for a list of agencies."""
    return f"[{', '.join(text_of_key(key) for key in keys)}]"


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text) if len(text) <= LONGEST_CELL else None
    except (SyntaxError, ValueError, RecursionError, MemoryError, TypeError):
        return None


def _agency(node: ast.expr) -> str | None:
    match node:
        case ast.Constant(value=str(key)) if key and key != AREA:
            return key
        case ast.Name(id="area"):
            return AREA
    return None


def _plain(key: str) -> str:
    """A key safe to quote: only letters, digits, dashes, dots and underscores are kept."""
    return re.sub(r"[^\w.\-]", "", key)


# -- from the file to rows and back --------------------------------------------------------------------------------------


def rows_of(xml: bytes) -> list[RuleRow]:
    """Return the rows in the order they are tried. Raises ModelRefused if it is not XML, NotRows for another kind of table."""
    return [_row(rule) for rule in _table(read_xml(xml)).iterchildren(DMN + "rule")]


def with_rows(xml: bytes, rows: Sequence[RuleRow]) -> bytes:
    """Return the file with its rows replaced by these; everything else in it stays. Raises as `rows_of` does.

    A row with the id of a rule stays that rule; the others get unused ids.
    """
    root = read_xml(xml)
    table = _table(root)
    known = {rule.get("id"): rule for rule in table.iterchildren(DMN + "rule")}
    for rule in known.values():
        table.remove(rule)
    last = max((int(found[1]) for id_ in known if (found := RULE_ID.fullmatch(id_ or ""))), default=0)
    last_column = max(at for at, node in enumerate(table) if node.tag in (DMN + "input", DMN + "output"))
    for place, row in enumerate(rows[:MOST_ROWS], start=last_column + 1):
        rule = known.pop(row.id, None) if row.id else None
        if rule is None:
            last += 1
            rule = _new_rule(f"rule_{last}")
        _write(rule, row)
        table.insert(place, rule)
    etree.indent(table, space="  ", level=_depth(table))
    text: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return text + b"\n"


def _table(root: Any) -> Any:
    table = next(root.iter(DMN + "decisionTable"), None)
    if table is None:
        raise NotRows
    inputs = [(each.findtext(f"{DMN}inputExpression/{DMN}text") or "").strip() for each in table.iterchildren(DMN + "input")]
    outputs = [each.get("name") for each in table.iterchildren(DMN + "output")]
    if (*inputs, *outputs) != COLUMNS or any(len(_cells(rule)) != len(COLUMNS) for rule in table.iterchildren(DMN + "rule")):
        raise NotRows
    return table


def _cells(rule: Any) -> list[Any]:
    return [*rule.iterchildren(DMN + "inputEntry"), *rule.iterchildren(DMN + "outputEntry")]


def _row(rule: Any) -> RuleRow:
    vi, _, en = (rule.findtext(DMN + "description") or "").strip().partition(BETWEEN_LANGUAGES)
    texts = [(cell.findtext(DMN + "text") or "").strip() for cell in _cells(rule)]
    return RuleRow(rule.get("id", ""), dict(zip(COLUMNS, texts, strict=True)), Bilingual(vi, en))


def _new_rule(id_: str) -> Any:
    rule = etree.Element(DMN + "rule", id=id_)
    for column in COLUMNS:
        kind = "inputEntry" if column in INPUTS else "outputEntry"
        etree.SubElement(etree.SubElement(rule, DMN + kind, id=f"{id_}_{column}"), DMN + "text")
    return rule


def _write(rule: Any, row: RuleRow) -> None:
    for cell, column in zip(_cells(rule), COLUMNS, strict=True):
        _set_text(cell, "text", row.cells[column])
    parts = [part.replace(BETWEEN_LANGUAGES, "/") for part in (row.reason.vi, row.reason.en) if part]
    _set_text(rule, "description", BETWEEN_LANGUAGES.join(parts), first=True)


def _set_text(node: Any, name: str, text: str, *, first: bool = False) -> None:
    found = node.find(DMN + name)
    if found is None:
        found = etree.Element(DMN + name)
        node.insert(0 if first else len(node), found)
    if (found.text or "").strip() != text:
        found.text = _fit_for_a_file(text)


def _fit_for_a_file(text: str) -> str:
    """The text on one line, without characters XML cannot hold: control characters and lone surrogates."""
    return "".join(sign for sign in " ".join(text.split()) if sign.isprintable())


def _depth(node: Any) -> int:
    return sum(1 for _ in node.iterancestors())
