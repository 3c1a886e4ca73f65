"""The expressions a diagram may contain: comparisons over the step's variables, and nothing that runs code.

SpiffWorkflow hands every condition, timer, payload and decision-table cell to one environment object. With its own, a gateway condition
could run a shell command; with ours an expression is read as a tree in which only the node kinds below have a meaning. There are no
scripts: `execute` refuses.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.script_engine.python_environment import BasePythonScriptEngineEnvironment

from casework.bilingual import Bilingual

MAX_CHARACTERS = 500
MAX_DEPTH = 20
MAX_NUMBER = 10**15

Value = str | int | float | bool | list[Any] | tuple[Any, ...] | dict[str, Any] | None


class ExpressionRefused(ValueError):
    """The text is not an expression a diagram may contain, or the variables allow no answer; `text` says so in both languages.

    This is not the refusal of an act: if the engine meets it, it is a fault.
    """

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(en)
        self.text = Bilingual(vi, en)


def _starts_with(text: Value, start: Value) -> bool:
    return isinstance(text, str) and isinstance(start, str) and text.startswith(start)


def _lower(text: Value) -> str:
    return str(text).lower()


def _length(value: Value) -> int:
    if isinstance(value, str | list | tuple | dict):
        return len(value)
    raise ExpressionRefused("length() cần một chữ hoặc một danh sách", "length() takes a text or a list")


FUNCTIONS: dict[str, Callable[..., Value]] = {"length": _length, "lower": _lower, "starts_with": _starts_with}
"""Functions by the name a diagram uses. `defined("name")` is handled separately, since it looks at the variables themselves."""

COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda item, box: item in box,
    ast.NotIn: lambda item, box: item not in box,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}

ORDERED = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
"""Comparisons that are false for an empty form field, which is None: neither less nor more than anything."""


@lru_cache(maxsize=2048)
def checked(text: str) -> ast.expr:
    """Return the tree of an expression whose every node is allowed.

    Raises ExpressionRefused for anything longer, deeper or of another kind; runs before a model is accepted and again
    before each evaluation.
    """
    if len(text) > MAX_CHARACTERS:
        raise ExpressionRefused(f"biểu thức dài tối đa {MAX_CHARACTERS} ký tự", f"an expression has at most {MAX_CHARACTERS} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as fault:
        raise ExpressionRefused(f"không phải biểu thức: {text!r}", f"not an expression: {text!r}") from fault
    _check(tree, 0)
    return tree


def _check(node: ast.AST, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ExpressionRefused(f"biểu thức lồng tối đa {MAX_DEPTH} tầng", f"an expression nests at most {MAX_DEPTH} levels")
    if not _is_allowed(node):
        raise _not_allowed(node)
    for child in _operands(node):
        _check(child, depth + 1)


def _not_allowed(node: ast.AST) -> ExpressionRefused:
    kind = type(node).__name__
    return ExpressionRefused(f"biểu thức không được có {kind}", f"{kind} is not allowed in an expression")


def _is_allowed(node: ast.AST) -> bool:
    match node:
        case ast.Constant(value=bool() | str() | None):
            return True
        case ast.Constant(value=int() | float() as number):
            return abs(number) <= MAX_NUMBER
        case ast.Name(id=name):
            return not name.startswith("_")
        case ast.Compare(ops=operators):
            return all(type(each) in COMPARISONS for each in operators)
        case ast.UnaryOp(op=ast.Not() | ast.USub()) | ast.BoolOp():
            return True
        case ast.Subscript(slice=index):
            return isinstance(index, ast.Constant | ast.Name | ast.UnaryOp)
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return not any(isinstance(item, ast.Starred) for item in items)
        case ast.Call(func=ast.Name(id="defined"), args=[ast.Constant(value=str())], keywords=[]):
            return True
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            return name in FUNCTIONS and not any(isinstance(each, ast.Starred) for each in arguments)
    return False


def _operands(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.Compare(left=left, comparators=others):
            return [left, *others]
        case ast.UnaryOp(operand=operand):
            return [operand]
        case ast.BoolOp(values=values):
            return values
        case ast.Subscript(value=value, slice=index):
            return [value, index]
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return items
        case ast.Call(args=arguments):
            return arguments
    return []


def place_in(spoken: bytes, node: ast.expr) -> slice:
    """Return where a part of the tree stands in the bytes of a stripped expression."""
    lines = spoken.splitlines(keepends=True)
    first, last = (sum(map(len, lines[: line - 1])) for line in (node.lineno, node.end_lineno or node.lineno))
    return slice(first + node.col_offset, last + (node.end_col_offset or 0))


def names_in(text: str) -> set[str]:
    """Return the variables an expression reads. Raises ExpressionRefused as `checked` does."""
    tree = checked(text)
    functions = {call.func for call in ast.walk(tree) if isinstance(call, ast.Call)}
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node not in functions}


def evaluate(text: str, variables: Mapping[str, Any]) -> Value:
    """Return the value of an expression over the variables.

    Raises ExpressionRefused if the text is not allowed, a variable is missing, or the values do not go together.
    """
    try:
        value: Value = _value(checked(text), variables)
    except (TypeError, LookupError) as fault:
        raise ExpressionRefused(f"không tính được: {text!r}", f"cannot be worked out: {text!r} ({fault})") from fault
    return value


def _value(node: ast.AST, variables: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return _variable(name, variables)
        case ast.Compare():
            return _compare(node, variables)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _value(operand, variables)
        case ast.UnaryOp(operand=operand):
            return _negative(_value(operand, variables))
        case ast.BoolOp(op=ast.And(), values=values):
            return all(_value(each, variables) for each in values)
        case ast.BoolOp(values=values):
            return any(_value(each, variables) for each in values)
        case ast.Subscript(value=box, slice=index):
            return _value(box, variables)[_value(index, variables)]
        case ast.List(elts=items):
            return [_value(item, variables) for item in items]
        case ast.Tuple(elts=items):
            return tuple(_value(item, variables) for item in items)
        case ast.Call(func=ast.Name(id="defined"), args=[ast.Constant(value=name)]):
            return name in variables
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return FUNCTIONS[name](*(_value(argument, variables) for argument in arguments))
    raise _not_allowed(node)


def _variable(name: str, variables: Mapping[str, Any]) -> Any:
    if name not in variables:
        raise ExpressionRefused(f"giá trị {name} không có ở đây", f"the variable {name} is not known here")
    value = variables[name]
    if not isinstance(value, str | bool | int | float | list | tuple | dict | None):
        raise ExpressionRefused(f"giá trị {name} không phải dữ liệu thường", f"the variable {name} holds something that is not plain data")
    return value


def _compare(node: ast.Compare, variables: Mapping[str, Any]) -> bool:
    left = _value(node.left, variables)
    for comparison, right_node in zip(node.ops, node.comparators, strict=True):
        right = _value(right_node, variables)
        if isinstance(comparison, ORDERED) and (left is None or right is None):
            return False
        if not COMPARISONS[type(comparison)](left, right):
            return False
        left = right
    return True


def _negative(value: Value) -> int | float:
    if isinstance(value, int | float):
        return -value
    raise ExpressionRefused("chỉ số mới có số âm", "only a number has a negative")


class ClosedEnvironment(BasePythonScriptEngineEnvironment):
    """The environment of every instance and decision table."""

    def evaluate(self, expression: str, context: dict[str, Any], external_context: dict[str, Any] | None = None) -> Value:
        """Evaluate one expression; raises ExpressionRefused."""
        return evaluate(expression, {**(external_context or {}), **context})

    def execute(self, script: str, context: dict[str, Any], external_context: dict[str, Any] | None = None) -> bool:
        """Refuse: scripts are not allowed, only service tasks from the fixed list."""
        raise ExpressionRefused("sơ đồ không chứa mã lệnh", "diagrams contain no scripts")

    def call_service(self, context: dict[str, Any], **kwargs: Any) -> str:
        """Refuse: services go through the engine below, which knows the case."""
        raise ExpressionRefused("ở đây không gọi được dịch vụ nào", "no service can be called here")


class ClosedScriptEngine(PythonScriptEngine):
    """SpiffWorkflow's script engine over the closed environment.

    `services` answers a service task: `(operation name, plain parameters) -> JSON text`. The engine's own
    `call_service` names an undefined variable when a service raises, so every failure would read NameError.
    """

    def __init__(self, services: Callable[[str, dict[str, Any]], str] | None = None) -> None:
        super().__init__(ClosedEnvironment())
        self._services = services

    def validate(self, expression: str) -> None:
        """Check that the text parses; raises SyntaxError, which the decision tables rely on."""
        ast.parse(expression)

    def call_service(self, task: Any, **kwargs: Any) -> str:
        """Run the service a service task names; its own exception comes out unchanged."""
        if self._services is None:
            raise ExpressionRefused("ở đây không gọi được dịch vụ nào", "no service can be called here")
        parameters = {name: given["value"] for name, given in kwargs.get("operation_params", {}).items()}
        return self._services(kwargs["operation_name"], parameters)
