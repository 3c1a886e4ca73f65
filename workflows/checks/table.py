"""Every check of the decision table that suggests agencies."""

import ast
import re
from collections.abc import Collection, Iterator
from itertools import islice
from types import SimpleNamespace
from typing import Any

from lxml import etree
from SpiffWorkflow.exceptions import SpiffWorkflowException
from SpiffWorkflow.spiff.parser.process import SpiffBpmnParser

from casework.bilingual import Bilingual
from workflows.checks.allowed import id_findings
from workflows.checks.expressions import LETTERS, Misread, Scope, refused_text, typed
from workflows.checks.schema import DMN, table_schema_findings
from workflows.checks.signs import sign_findings
from workflows.checks.table_words import ALLOWED, COLUMN_WORDS
from workflows.checks.values import Known
from workflows.definitions.expressions import ClosedScriptEngine, ExpressionRefused, checked
from workflows.definitions.findings import MOST_FINDINGS, Checked, ModelFinding, Rule, bounded, shown
from workflows.definitions.reading import Unreadable, read_tree
from workflows.definitions.variables import Choice, Type, Variable
from workflows.definitions.vocabulary import place_of

DECISION = "suggest_agencies"
MOST_ROWS = 500
LONGEST_REASON = 300

_URGENCIES = (Choice("normal", Bilingual("Bình thường", "Normal")), Choice("urgent", Bilingual("Khẩn", "Urgent")))
INPUTS = {
    "field": Known(Variable(Type.TEXT, COLUMN_WORDS["field"])),
    "area": Known(Variable(Type.TEXT, COLUMN_WORDS["area"])),
    "urgency": Known(Variable(Type.CHOICE, COLUMN_WORDS["urgency"], _URGENCIES)),
}
OUTPUTS = ("lead", "cooperating")
_SCOPE = Scope(INPUTS, frozenset(INPUTS))

_AGAIN = Bilingual("Bắt đầu lại từ bảng đi kèm phần mềm.", "Begin again from the table that comes with the software.")
_NOT_A_TABLE = Rule(
    "file_not_a_table",
    Bilingual("Tệp là XML nhưng không phải bảng quyết định DMN 1.3.", "The file is XML but no decision table of DMN 1.3."),
    _AGAIN,
)
_SHAPE = Rule(
    "table_shape",
    Bilingual(
        "Phần mềm hỏi một bảng “suggest_agencies”: theo lĩnh vực, nơi xảy ra và mức độ, lấy dòng khớp đầu tiên.",
        "The software asks one table, “suggest_agencies”: by field, place and urgency; the first row that fits counts.",
    ),
    _AGAIN,
)
_PART = Rule(
    "table_part",
    Bilingual("Phần lạ trong bảng bị bỏ qua hoặc làm bảng không chạy.", "What is strange in a table is ignored, or stops it."),
    Bilingual("Xóa phần này.", "Delete it."),
)
_ROWS = Rule(
    "table_rows",
    Bilingual("Bảng rỗng không gợi ý gì; bảng quá dài không ai đọc.", "An empty table suggests nothing; nobody reads a very long one."),
    Bilingual(f"Giữ từ 1 đến {MOST_ROWS} dòng.", f"Keep 1 to {MOST_ROWS} rows."),
)
_CELLS = Rule(
    "row_cells",
    Bilingual("Dòng thiếu hoặc thừa ô thì các ô đứng sai cột.", "In a row with too few or too many cells they stand in the wrong columns."),
    Bilingual("Thêm hoặc xóa ô cho đủ cột.", "Add or delete cells until each column has one."),
)
_CELL = Rule(
    "cell_text",
    Bilingual("Ô viết sai thì cả bảng dừng vì lỗi khi được hỏi.", "A cell written wrongly stops the whole table when it is asked."),
    Bilingual(
        'Chọn lại ở bảng. Trong tệp, ô để trống, ghi "-" hoặc một giá trị như "do_thi".',
        'Choose it again in the table. In a file a cell holds nothing, - or one value such as "do_thi".',
    ),
)
_LEAD_MEND = Bilingual(
    'Chọn đơn vị ở cột Chủ trì. Trong tệp ghi mã của đơn vị như "PKTHT", hoặc area: UBND nơi xảy ra.',
    'Choose an agency in the column “Leads”. In a file write its key such as "PKTHT", or area: the committee of the place.',
)
_COOPERATING_MEND = Bilingual(
    'Chọn các đơn vị ở cột Phối hợp, hoặc không chọn đơn vị nào. Trong tệp ghi một danh sách như ["CAH", area].',
    'Choose the agencies in the column “Cooperate”, or none. In a file write a list such as ["CAH", area].',
)
_AGENCY = Rule(
    "cell_agency",
    Bilingual("Không có đơn vị nào mang mã này nên không thể giao việc.", "No agency has this key, so nothing can be assigned to it."),
    Bilingual("Chọn một đơn vị đang có.", "Choose an agency there is."),
)
_REASON = Rule(
    "row_reason",
    Bilingual(
        "Người phân công đọc lý do của gợi ý bằng tiếng Việt hoặc tiếng Anh.", "Who distributes reads why, in Vietnamese or English."
    ),
    Bilingual(
        f"Ghi lý do dạng: tiếng Việt / English, tối đa {LONGEST_REASON} ký tự.",
        f"Write the reason as: Vietnamese / English, {LONGEST_REASON} characters at most.",
    ),
)
_UNREACHED = Rule(
    "row_unreachable",
    Bilingual("Một dòng phía trên đã khớp mọi trường hợp của dòng này.", "A row above already fits whatever this one fits."),
    Bilingual("Chuyển dòng lên trên hoặc xóa đi.", "Move the row up, or delete it."),
    is_error=False,
)
_NO_LAST = Rule(
    "table_no_otherwise",
    Bilingual("Khi không dòng nào khớp, phần mềm không gợi ý đơn vị nào.", "Where no row fits, the software suggests no agency."),
    Bilingual("Thêm dòng cuối với mọi ô điều kiện để trống.", "Add a last row that compares nothing."),
    is_error=False,
)
_ENGINE = Rule(
    "table_engine",
    Bilingual("Bảng không chạy được khi thử.", "The table could not be run when it was tried."),
    Bilingual("Sửa ô được nêu, hoặc bắt đầu lại từ bảng đi kèm.", "Mend what is named, or begin again from the shipped table."),
)


def check_table(xml: bytes, agency_keys: Collection[str] | None = None) -> Checked:
    """Return everything found in a decision table. `agency_keys` are the agencies it may name; None skips that check.

    Never raises, whatever the bytes are.
    """
    try:
        root = read_tree(xml)
    except Unreadable as fault:
        return Checked((fault.finding,), is_readable=False)
    prefixed = root.nsmap.get(None, root.nsmap.get("dmn"))
    if root.tag != DMN + "definitions" or prefixed != DMN[1:-1]:
        name = shown(str(root.tag).rpartition("}")[2])
        return Checked(
            (_NOT_A_TABLE.at(None, f"Tệp bắt đầu bằng “{name}”.", f"The file begins with “{name}”.", line=root.sourceline),), False
        )
    return bounded(_findings(root, agency_keys))


def _findings(root: Any, agency_keys: Collection[str] | None) -> Iterator[ModelFinding]:
    parts = list(islice(_part_findings(root), MOST_FINDINGS + 1))
    found = [
        *parts,
        *table_schema_findings(root, {finding.line for finding in parts if finding.line}),
        *islice(id_findings(root), MOST_FINDINGS),
        *islice(sign_findings(root), MOST_FINDINGS),
    ]
    found += _shape_findings(root)
    yield from found
    if any(finding.is_error for finding in found):
        return
    table = next(root.iter(DMN + "decisionTable"))
    rows = list(table.iterchildren(DMN + "rule"))
    judged = [finding for row in rows for finding in _row_findings(table, row, agency_keys)]
    yield from judged
    if not any(finding.is_error for finding in judged):
        yield from _order_findings(rows)
        yield from _engine_findings(root)


def _part_findings(root: Any) -> Iterator[ModelFinding]:
    for node in root.iter():
        if node.tag not in ALLOWED:
            name = shown(etree.QName(node).localname)
            yield _PART.at(place_of(node), f"Phần “{name}” không được dùng.", f"“{name}” may not be used.", line=node.sourceline)
            continue
        for attribute in node.attrib:
            if attribute not in ALLOWED[node.tag]:
                name = shown(etree.QName(attribute).localname)
                yield _PART.at(
                    place_of(node),
                    f"Thuộc tính “{name}” không được dùng.",
                    f"The attribute “{name}” may not be used.",
                    line=node.sourceline,
                )


def _shape_findings(root: Any) -> Iterator[ModelFinding]:
    decisions, tables = list(root.iter(DMN + "decision")), list(root.iter(DMN + "decisionTable"))
    if len(decisions) != 1 or decisions[0].get("id") != DECISION or len(tables) != 1 or tables[0].getparent() is not decisions[0]:
        yield _SHAPE.at(DECISION, f"Tệp phải có đúng một bảng “{DECISION}”.", f"The file holds just one table, “{DECISION}”.")
        return
    table = tables[0]
    if table.get("hitPolicy") != "FIRST":
        yield _SHAPE.at(
            table.get("id"),
            "Bảng phải lấy dòng khớp đầu tiên (FIRST).",
            "The table takes the first row that fits (FIRST).",
            line=table.sourceline,
        )
    inputs = [(each.findtext(f"{DMN}inputExpression/{DMN}text") or "").strip() for each in table.iterchildren(DMN + "input")]
    outputs = [each.get("name") for each in table.iterchildren(DMN + "output")]
    if sorted(inputs) != sorted(INPUTS):
        said = shown(", ".join(inputs))
        yield _SHAPE.at(table.get("id"), f"Các cột điều kiện là: {said}.", f"The columns to compare are: {said}.", line=table.sourceline)
    if sorted(map(str, outputs)) != sorted(OUTPUTS):
        said = shown(", ".join(map(str, outputs)))
        yield _SHAPE.at(table.get("id"), f"Các cột kết quả là: {said}.", f"The columns to answer are: {said}.", line=table.sourceline)
    rows = list(table.iterchildren(DMN + "rule"))
    if not 1 <= len(rows) <= MOST_ROWS:
        yield _ROWS.at(table.get("id"), f"Bảng có {len(rows)} dòng.", f"The table has {len(rows)} rows.", line=table.sourceline)


def _row_findings(table: Any, row: Any, agency_keys: Collection[str] | None) -> Iterator[ModelFinding]:
    id_, line = row.get("id"), row.sourceline
    compared, answered = list(row.iterchildren(DMN + "inputEntry")), list(row.iterchildren(DMN + "outputEntry"))
    if len(compared) != len(INPUTS) or len(answered) != len(OUTPUTS):
        yield _CELLS.at(
            id_,
            f"Dòng {_place(row)} có {len(compared)} + {len(answered)} ô.",
            f"Row {_place(row)} has {len(compared)} + {len(answered)} cells.",
            line=line,
        )
        return
    reason = row.findtext(DMN + "description") or ""
    if not all(part.strip() for part in (*reason.partition(" / "), reason)) or len(reason) > LONGEST_REASON:
        yield _REASON.at(
            id_,
            f"Dòng {_place(row)} thiếu lý do bằng hai thứ tiếng.",
            f"Row {_place(row)} lacks a reason in both languages.",
            line=line,
        )
    names = [(each.findtext(f"{DMN}inputExpression/{DMN}text") or "").strip() for each in table.iterchildren(DMN + "input")]
    for name, cell in zip(names, compared, strict=True):
        yield from _compared_findings(name, cell)
    outputs = [each.get("name", "") for each in table.iterchildren(DMN + "output")]
    for name, cell in zip(outputs, answered, strict=True):
        yield from _answered_findings(name, cell, agency_keys)


def _compared_findings(name: str, cell: Any) -> Iterator[ModelFinding]:
    text = cell.findtext(DMN + "text") or ""
    if text in ("", "-"):
        return
    yield from _worth_findings(name, cell, text, _comparison(name, text), Type.BOOLEAN)


def _comparison(name: str, text: str) -> str:
    """What the engine makes of a cell: `?` is the column's value, a text that is not an expression by itself continues it, anything else is
    compared for equality."""
    if "\\" in text:
        return "\\"
    spoken = re.sub(r'"[^"]*"|\'[^\']*\'|\?', lambda found: name if found[0] == "?" else found[0], text)
    if spoken != text:
        return spoken
    try:
        checked(text)
    except ExpressionRefused:
        return name + text
    return f"({name}) == ({text})"


def _answered_findings(name: str, cell: Any, agency_keys: Collection[str] | None) -> Iterator[ModelFinding]:
    text = cell.findtext(DMN + "text") or ""
    if name == "lead" and text.strip() in ("", "-", '""'):
        number = _place(cell.getparent())
        yield _CELL.at(cell.get("id"), f"Dòng {number} chưa chọn đơn vị chủ trì.", f"Row {number} names no agency to lead.",
                       line=cell.sourceline, mend=_LEAD_MEND)  # fmt: skip
        return
    if (finding := next(_worth_findings(name, cell, text, text, None if name == "cooperating" else Type.TEXT), None)) is not None:
        yield finding
        return
    keys = [each.value for each in ast.walk(checked(text)) if isinstance(each, ast.Constant)]
    for key in keys:
        if agency_keys is not None and key not in agency_keys:
            at = _cell_words(name, cell)
            yield _AGENCY.at(cell.get("id"), f"{at.vi}: không có đơn vị mã “{shown(str(key))}”.",
                             f"{at.en}: there is no agency “{shown(str(key))}”.", line=cell.sourceline)  # fmt: skip


def _cell_words(name: str, cell: Any) -> Bilingual:
    """Where a cell stands, in words."""
    number, column = _place(cell.getparent()), COLUMN_WORDS[name]
    return Bilingual(f"Dòng {number}, cột “{column.vi}”", f"Row {number}, column “{column.en}”")


def _worth_findings(name: str, cell: Any, text: str, expression: str, wanted: Type | None) -> Iterator[ModelFinding]:
    """`wanted` None means a list of texts."""
    at, said = _cell_words(name, cell), shown(text)
    vi, en = f"{at.vi}: không dùng được “{said}”.", f"{at.en}: “{said}” cannot be used."
    is_right = False
    refused = refused_text(expression, element=cell.get("id"), line=cell.sourceline)
    if refused is not None and refused.check == LETTERS:
        yield refused
        return
    if refused is None:
        tree = checked(expression)
        try:
            if wanted is None:
                is_right = isinstance(tree, ast.List) and all(_is_text(item) for item in tree.elts)
            elif wanted is Type.TEXT:
                is_right = _is_text(tree)
            else:
                is_right = typed(expression, _SCOPE) is wanted
        except Misread as fault:
            vi, en = f"{vi} {fault.words.vi}", f"{en} {fault.words.en}"
    if not is_right:
        mend = {"lead": _LEAD_MEND, "cooperating": _COOPERATING_MEND}.get(name)
        yield _CELL.at(cell.get("id"), vi, en, line=cell.sourceline, mend=mend)


def _is_text(tree: ast.AST) -> bool:
    """Whether an answer names an agency: by its key, or as the committee of the area."""
    match tree:
        case ast.Constant(value=str() as key):
            return bool(key.strip())
        case ast.Name(id="area"):
            return True
    return False


def _order_findings(rows: list[Any]) -> Iterator[ModelFinding]:
    """Yield rows that can never apply, because a row above is at least as wide in every column."""
    above: set[tuple[str, ...]] = set()
    for row in rows:
        cells = tuple(_plain(cell) for cell in row.iterchildren(DMN + "inputEntry"))
        wider = [tuple(cell if bits >> at & 1 else "" for at, cell in enumerate(cells)) for bits in range(2 ** len(cells))]
        if any(each in above for each in wider):
            yield _UNREACHED.at(
                row.get("id"),
                f"Dòng {_place(row)} không bao giờ được chọn.",
                f"Row {_place(row)} is never chosen.",
                line=row.sourceline,
            )
        above.add(cells)
    if ("",) * len(INPUTS) not in above:
        yield _NO_LAST.at(
            rows[-1].get("id"), "Bảng không có dòng cho mọi trường hợp còn lại.", "The table has no row for whatever is left."
        )


def _place(row: Any) -> int:
    """The number of a row, counted from 1."""
    return 1 + sum(1 for _ in row.itersiblings(DMN + "rule", preceding=True))


def _plain(cell: Any) -> str:
    text = (cell.findtext(DMN + "text") or "").strip()
    return "" if text == "-" else text


def _engine_findings(root: Any) -> Iterator[ModelFinding]:
    """Evaluate the table once in the engine, and the answer of every row."""
    facts = {"field": "", "area": "", "urgency": "normal"}
    task = SimpleNamespace(data=facts, workflow=SimpleNamespace(script_engine=ClosedScriptEngine()))
    try:
        parser = SpiffBpmnParser()
        parser.add_dmn_xml(root)
        table = parser.get_engine(DECISION, etree.Element("none"))
        table.decide(task)
        for rule in table.decision_table.rules:
            rule.output_as_dict(task)
    except (SpiffWorkflowException, ExpressionRefused, SyntaxError, LookupError, TypeError, ValueError) as fault:
        said = shown(str(fault), 120)
        yield _ENGINE.at(DECISION, f"Thử bảng thì gặp lỗi: {said}.", f"Trying the table failed: {said}.")
