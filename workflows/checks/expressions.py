"""Checks that a condition reads only values that are surely there, compares them with values they can have, and yields yes or no."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NoReturn

from casework.bilingual import Bilingual
from workflows.checks.values import Known, words_for
from workflows.definitions.expressions import MAX_CHARACTERS, ExpressionRefused, checked, place_in
from workflows.definitions.findings import ModelFinding, Rule, shown
from workflows.definitions.variables import Type, Variable

LETTERS = "expression_letters"
_NOT_ALLOWED = Rule(
    "expression_refused",
    Bilingual("Chỉ được so sánh các giá trị của quy trình; bất cứ gì khác có thể chạy mã trên máy chủ.",
              "Only values of the process may be compared; anything else could run code on the server."),
    Bilingual('Chọn lại trường, phép so sánh và giá trị, ví dụ: so_tien > 100 and loai == "a".',
              'Choose field, comparison and value again, such as: amount > 100 and kind == "a".'),
)  # fmt: skip
_LETTERS = Rule(
    LETTERS,
    Bilingual("Máy coi chữ toàn hình và chữ ghép như chữ thường, nên điều kiện trông một đằng mà chạy một nẻo.",
              "The engine takes wide letters and letters in one for plain ones, so a condition would look like one thing and do another."),
    Bilingual("Gõ lại tên giá trị bằng chữ thường không dấu a–z, số và dấu gạch dưới.",
              "Type the names of values again with plain letters a–z, digits and underscores."),
)  # fmt: skip
_UNKNOWN = Rule(
    "expression_unknown",
    Bilingual(
        "Không bước, tin hay dịch vụ nào của quy trình này để lại giá trị đó.",
        "No step, message or service of this process leaves such a value.",
    ),
    Bilingual("Chọn một giá trị có trong danh sách của điều kiện.", "Choose one of the values the condition offers."),
)
_NOT_SURE = Rule(
    "expression_not_set",
    Bilingual("Có đường đi đến đây mà giá trị này chưa được ghi, khi đó hồ sơ sẽ dừng vì lỗi.",
              "There is a way here on which the value was not set; there the case would stop with a fault."),
    Bilingual('Đặt bước ghi giá trị này trên mọi đường dẫn đến đây, hoặc viết: defined("ten") and …',
              'Put the step that sets it on every way that leads here, or write: defined("name") and …'),
)  # fmt: skip
_TYPE = Rule(
    "expression_type",
    Bilingual("Hai giá trị khác loại thì không bao giờ so sánh được với nhau.", "Values of different kinds can never be compared."),
    Bilingual("So số với số, lựa chọn với một trong các lựa chọn của nó, có/không thì viết riêng tên.",
              "Compare numbers with numbers, a choice with one of its own, and write a yes or no alone."),
)  # fmt: skip
_VALUE = Rule(
    "expression_value",
    Bilingual(
        "Giá trị này không bao giờ xảy ra nên điều kiện luôn cùng một kết quả.",
        "This value never occurs, so the answer is always the same.",
    ),
    Bilingual("Chọn một trong các lựa chọn có thật.", "Choose one of the values there are."),
)
_NO_ANSWER = Rule(
    "expression_answer",
    Bilingual("Điều kiện trên mũi tên phải trả lời có hoặc không.", "The condition on an arrow has to answer yes or no."),
    Bilingual("Viết một phép so sánh.", "Write a comparison."),
)


class Misread(Exception):
    """A fault at one place of an expression, with the rule it breaks."""

    def __init__(self, rule: Rule, vi: str, en: str) -> None:
        super().__init__(en)
        self.rule, self.words = rule, Bilingual(vi, en)


@dataclass(frozen=True, slots=True)
class Operand:
    """One side of a comparison: its type, and the variable or literal it is."""

    type: Type | None
    variable: Variable | None = None
    literal: Any = None
    may_be_empty: bool = False
    words: Bilingual = Bilingual("giá trị này", "this value")


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression may read: the variables of its process, and the names surely set at that point."""

    known: Mapping[str, Known]
    sure: frozenset[str]

    def with_sure(self, names: frozenset[str]) -> "Scope":
        """The same scope with more names surely set."""
        return Scope(self.known, self.sure | names)


def condition_finding(text: str, scope: Scope, *, element: str, line: int | None = None) -> ModelFinding | None:
    """Return what is wrong with a condition, None if nothing is."""
    return _finding(text, scope, Type.BOOLEAN, element, line)


def moment_finding(text: str, scope: Scope, *, element: str, line: int | None = None) -> ModelFinding | None:
    """Return what is wrong with the expression of a timer's instant, None if nothing is."""
    return _finding(text, scope, Type.MOMENT, element, line)


def typed(text: str, scope: Scope) -> Type | None:
    """Return the type of an expression that `refused_text` accepts. Raises Misread."""
    return _operand(checked(text), scope).type


def refused_text(text: str, *, element: str | None, line: int | None = None) -> ModelFinding | None:
    """Return the finding about a text that is no expression, None if it is one. Its length is checked first."""
    if len(text) > MAX_CHARACTERS:
        return _NOT_ALLOWED.at(element, f"Biểu thức dài {len(text)} ký tự; tối đa {MAX_CHARACTERS}.",
                               f"The expression has {len(text)} characters; {MAX_CHARACTERS} at most.", line=line)  # fmt: skip
    try:
        tree = checked(text)
    except ExpressionRefused:
        return _NOT_ALLOWED.at(
            element, f"Biểu thức “{shown(text)}” không được phép.", f"The expression “{shown(text)}” is not allowed.", line=line
        )
    if (letter := _other_letter(text, tree)) is not None:
        return _LETTERS.at(element, f"Biểu thức “{shown(text)}” có chữ “{letter}”, không phải chữ thường.",
                           f"The expression “{shown(text)}” has the letter “{letter}”, which is no plain one.", line=line)  # fmt: skip
    return None


def _other_letter(text: str, tree: ast.expr) -> str | None:
    """Return the first letter beyond ASCII outside quoted text."""
    spoken = text.strip().encode()
    signs = bytearray(spoken)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            place = place_in(spoken, node)
            signs[place] = b" " * (place.stop - place.start)
    return next((letter for letter in signs.decode() if not letter.isascii()), None)


def _finding(text: str, scope: Scope, wanted: Type, element: str, line: int | None) -> ModelFinding | None:
    if (refused := refused_text(text, element=element, line=line)) is not None:
        return refused
    try:
        worth = _operand(checked(text), scope)
        if worth.type is not wanted and wanted is Type.BOOLEAN:
            raise Misread(
                _NO_ANSWER,
                f"Điều kiện “{shown(text)}” không trả lời có hay không.",
                f"The condition “{shown(text)}” answers neither yes nor no.",
            )
        if worth.type is not wanted:
            raise Misread(_TYPE, f"“{shown(text)}” không phải là một thời điểm.", f"“{shown(text)}” is no instant.")
    except Misread as fault:
        return fault.rule.at(element, *fault.words, line=line)
    return None


def _operand(node: ast.AST, scope: Scope) -> Operand:
    match node:
        case ast.Constant(value=value):
            return _literal(value)
        case ast.Name(id=name):
            return _variable(name, scope)
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str() as member)):
            return _member(name, member, scope)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            _yes_or_no(operand, scope)
            return Operand(Type.BOOLEAN)
        case ast.UnaryOp(operand=operand):
            inner = _operand(operand, scope)
            if inner.type is not Type.NUMBER or inner.may_be_empty:
                _wrong_type(inner, "dấu trừ", "a minus sign")
            return Operand(Type.NUMBER, literal=-inner.literal if inner.literal is not None else None)
        case ast.BoolOp(op=op, values=values):
            return _combined(isinstance(op, ast.And), values, scope)
        case ast.Compare(left=left, ops=ops, comparators=others):
            sides = [left, *others]
            for before, comparison, after in zip(sides, ops, others, strict=False):
                _compare(before, comparison, after, scope)
            return Operand(Type.BOOLEAN)
        case ast.Call(func=ast.Name(id="defined"), args=[ast.Constant(value=name)]):
            if name not in scope.known:
                _unknown(str(name))
            return Operand(Type.BOOLEAN)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _called(name, arguments, scope)
    raise Misread(_TYPE, "Có danh sách hoặc chỉ số đặt sai chỗ.", "A list or an index stands where it cannot.")


def _literal(value: object) -> Operand:
    match value:
        case bool():
            return Operand(Type.BOOLEAN, literal=value)
        case int() | float():
            return Operand(Type.NUMBER, literal=value)
        case str():
            return Operand(Type.TEXT, literal=value, words=Bilingual(f"“{shown(value)}”", f"“{shown(value)}”"))
    return Operand(None)


def _variable(name: str, scope: Scope) -> Operand:
    known = _surely_known(name, scope)
    if known.variable.type is Type.RECORD:
        words, members = words_for(name, known), ", ".join(known.variable.members) or "–"
        raise Misread(
            _TYPE, f"{words.vi} gồm nhiều giá trị ({members}); hãy chọn một.", f"{words.en} holds several values ({members}); choose one."
        )
    return Operand(known.variable.type, known.variable, None, known.may_be_empty, words_for(name, known))


def _member(name: str, member: str, scope: Scope) -> Operand:
    known = _surely_known(name, scope)
    if known.variable.type is not Type.RECORD:
        words = words_for(name, known)
        raise Misread(
            _TYPE, f"{words.vi} là một giá trị, không có phần “{shown(member)}”.", f"{words.en} is one value and has no “{shown(member)}”."
        )
    found = known.variable.members.get(member)
    if found is None:
        _unknown(f'{name}["{member}"]')
    return Operand(found.type, found, None, False, words_for(member, Known(found)))


def _surely_known(name: str, scope: Scope) -> Known:
    if name not in scope.known:
        _unknown(name)
    known = scope.known[name]
    if name not in scope.sure:
        words = words_for(name, known)
        raise Misread(
            _NOT_SURE, f"Giá trị {words.vi} ({name}) có thể chưa có ở đây.", f"The value {words.en} ({name}) may not be there yet."
        )
    return known


def _unknown(name: str) -> NoReturn:
    raise Misread(_UNKNOWN, f"Không có giá trị nào tên “{shown(name)}” ở đây.", f"There is no value called “{shown(name)}” here.")


def _yes_or_no(node: ast.AST, scope: Scope) -> None:
    side = _operand(node, scope)
    if side.type is not Type.BOOLEAN:
        raise Misread(
            _NO_ANSWER, f"{_capital(side.words.vi)} không phải là có hay không.", f"{_capital(side.words.en)} is neither yes nor no."
        )


def _combined(is_and: bool, values: list[ast.expr], scope: Scope) -> Operand:
    """Combine conditions. `defined("x") and …` makes x sure for what follows, as does `not defined("x") or …`."""
    for value in values:
        _yes_or_no(value, scope)
        scope = scope.with_sure(_assured(value, is_and, scope))
    return Operand(Type.BOOLEAN)


def _assured(node: ast.AST, is_true: bool, scope: Scope) -> frozenset[str]:
    """The names surely set if the expression yields `is_true`."""
    match node:
        case ast.Call(func=ast.Name(id="defined"), args=[ast.Constant(value=name)]) if is_true:
            return frozenset({str(name)}) & frozenset(scope.known)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _assured(operand, not is_true, scope)
        case ast.BoolOp(op=op, values=values) if isinstance(op, ast.And) is is_true:
            return frozenset().union(*(_assured(value, is_true, scope) for value in values))
    return frozenset()


def _compare(left_node: ast.AST, op: ast.cmpop, right_node: ast.AST, scope: Scope) -> None:
    left = _operand(left_node, scope)
    if isinstance(op, ast.In | ast.NotIn):
        if not isinstance(right_node, ast.List | ast.Tuple) or not right_node.elts:
            raise Misread(_TYPE, "Sau “in” phải là một danh sách giá trị.", "After “in” comes a list of values.")
        for item in right_node.elts:
            _fit(left, _operand(item, scope), is_ordered=False)
        return
    right = _operand(right_node, scope)
    if isinstance(op, ast.Is | ast.IsNot):
        if right.type is not None and left.type is not None:
            raise Misread(_TYPE, "Dùng == thay cho is.", "Use == and not is.")
        return
    _fit(left, right, is_ordered=not isinstance(op, ast.Eq | ast.NotEq))


def _fit(left: Operand, right: Operand, *, is_ordered: bool) -> None:
    """Raise Misread for two sides that cannot be compared. Choices and days are compared with texts that stand for them."""
    if left.type is None or right.type is None:
        if is_ordered:
            raise Misread(_TYPE, "Không so sánh lớn nhỏ với giá trị trống được.", "Nothing cannot be more or less than anything.")
        return
    if left.literal is not None and right.variable is not None:
        left, right = right, left
    if is_ordered and left.type in (Type.BOOLEAN, Type.CHOICE, Type.TEXT):
        _wrong_type(left, "phép lớn hơn, nhỏ hơn", "more or less")
    if left.type is right.type:
        if left.type is Type.CHOICE and left.variable and right.variable and not _ids(left.variable) & _ids(right.variable):
            raise Misread(
                _VALUE,
                f"{left.words.vi} và {right.words.vi} không có lựa chọn chung.",
                f"{left.words.en} and {right.words.en} share no choice.",
            )
        return
    if right.type is not Type.TEXT or right.literal is None or left.variable is None:
        raise Misread(
            _TYPE,
            f"Không so sánh {left.words.vi} với {right.words.vi} được.",
            f"{_capital(left.words.en)} cannot be compared with {right.words.en}.",
        )
    _fit_text(left, left.variable, str(right.literal))


def _fit_text(left: Operand, variable: Variable, literal: str) -> None:
    said = shown(literal)
    if variable.type is Type.CHOICE and literal not in _ids(variable):
        possible = ", ".join(sorted(_ids(variable))) or "–"
        raise Misread(_VALUE, f"{left.words.vi} không bao giờ là “{said}”; chỉ có: {shown(possible, 120)}.",
                      f"{left.words.en} is never “{said}”, only: {shown(possible, 120)}.")  # fmt: skip
    if variable.type is Type.DATE and not _reads_as(literal, date):
        raise Misread(_VALUE, f"“{said}” không phải là một ngày như 2026-03-02.", f"“{said}” is no day such as 2026-03-02.")
    if variable.type is Type.MOMENT and not (_reads_as(literal, datetime) and literal.endswith("+00:00")):
        raise Misread(_VALUE, f"“{said}” không phải là thời điểm như 2026-03-02T03:00:00+00:00.",
                      f"“{said}” is no instant such as 2026-03-02T03:00:00+00:00.")  # fmt: skip
    if variable.type not in (Type.CHOICE, Type.DATE, Type.MOMENT):
        raise Misread(
            _TYPE,
            f"Không so sánh {left.words.vi} với chữ “{said}” được.",
            f"{_capital(left.words.en)} cannot be compared with the text “{said}”.",
        )


def _reads_as(text: str, kind: type[date]) -> bool:
    try:
        return kind.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _called(name: str, arguments: list[ast.expr], scope: Scope) -> Operand:
    wanted = 2 if name == "starts_with" else 1
    if len(arguments) != wanted:
        raise Misread(_TYPE, f"{name} cần {wanted} giá trị.", f"{name} takes {wanted} values.")
    for argument in arguments:
        side = _operand(argument, scope)
        if side.type not in (Type.TEXT, Type.CHOICE) or side.may_be_empty:
            _wrong_type(side, name, name)
    return Operand({"length": Type.NUMBER, "starts_with": Type.BOOLEAN}.get(name, Type.TEXT))


def _wrong_type(side: Operand, vi: str, en: str) -> NoReturn:
    raise Misread(_TYPE, f"{_capital(side.words.vi)} không dùng được với {vi}.", f"{_capital(side.words.en)} cannot be used with {en}.")


def _ids(variable: Variable) -> set[str]:
    return {choice.id for choice in variable.choices}


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
