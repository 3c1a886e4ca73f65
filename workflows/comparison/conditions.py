"""Conditions and computed values in words: those the editor shows as rows, and every other expression a diagram may hold."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from casework.bilingual import Bilingual
from workflows.comparison.wording import NO, YES, day_words, fill, listed, quoted, same, value_words
from workflows.definitions.expressions import ExpressionRefused, checked
from workflows.definitions.variables import Type, Variable


@dataclass(frozen=True, slots=True)
class Meaning:
    """What people call a variable. `ending` is set if it says how a step went: by its outcome or by its button."""

    variable: Variable
    ending: str | None = None


Meanings = Mapping[str, Meaning]
"""Meanings by the name a diagram uses."""

_OUTCOME, _BUTTON = "outcome", "button"
OTHERWISE = Bilingual("trong mọi trường hợp còn lại", "in all other cases")
UNCONDITIONAL = Bilingual("không cần điều kiện", "without a condition")

_SIGNS: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Eq: ("{what} là {value}", "{what} is {value}"),
    ast.NotEq: ("{what} không phải là {value}", "{what} is not {value}"),
    ast.Lt: ("{what} nhỏ hơn {value}", "{what} is less than {value}"),
    ast.LtE: ("{what} không quá {value}", "{what} is at most {value}"),
    ast.Gt: ("{what} lớn hơn {value}", "{what} is more than {value}"),
    ast.GtE: ("{what} từ {value} trở lên", "{what} is at least {value}"),
    ast.Is: ("{what} là {value}", "{what} is {value}"),
    ast.IsNot: ("{what} không phải là {value}", "{what} is not {value}"),
    ast.In: ("{what} nằm trong {value}", "{what} is among {value}"),
    ast.NotIn: ("{what} không nằm trong {value}", "{what} is not among {value}"),
}
_ON_DAYS: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Eq: ("{what} là ngày {value}", "{what} is {value}"),
    ast.NotEq: ("{what} không phải là ngày {value}", "{what} is not {value}"),
    ast.Lt: ("{what} trước ngày {value}", "{what} is before {value}"),
    ast.LtE: ("{what} đến hết ngày {value}", "{what} is on or before {value}"),
    ast.Gt: ("{what} sau ngày {value}", "{what} is after {value}"),
    ast.GtE: ("{what} từ ngày {value}", "{what} is on or after {value}"),
}
_ENDED: dict[str, dict[type[ast.cmpop], tuple[str, str]]] = {
    _OUTCOME: {
        ast.Eq: ("bước {what} có kết quả {value}", "{what} ended with {value}"),
        ast.NotEq: ("bước {what} có kết quả khác {value}", "{what} ended otherwise than with {value}"),
    },
    _BUTTON: {
        ast.Eq: ("ở bước {what} đã bấm {value}", "{value} was pressed at {what}"),
        ast.NotEq: ("ở bước {what} không bấm {value}", "{value} was not pressed at {what}"),
    },
}
_TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.Gt: ast.Lt, ast.GtE: ast.LtE}
_FILLED = {
    ast.Is: ("{what} để trống", "{what} is left empty"),
    ast.Eq: ("{what} để trống", "{what} is left empty"),
    ast.IsNot: ("{what} đã được điền", "{what} is filled in"),
    ast.NotEq: ("{what} đã được điền", "{what} is filled in"),
}
_CALLS = {
    "length": ("độ dài của {0}", "the length of {0}"),
    "lower": ("{0} viết thường", "{0} in small letters"),
    "starts_with": ("{0} bắt đầu bằng {1}", "{0} begins with {1}"),
}


def condition_words(text: str | None, known: Meanings) -> Bilingual:
    """Return when a way is taken, in words that follow `khi` / `when`; an unreadable condition is quoted as written."""
    if not text:
        return UNCONDITIONAL
    try:
        return _said(checked(text), known)
    except ExpressionRefused:
        return quoted(same(text))


def moment_of(text: str, known: Meanings) -> Bilingual | None:
    """Return the name of a computed moment, None unless it is a single named value."""
    try:
        found = _named(checked(text), known)
    except ExpressionRefused:
        return None
    return found[0] if found else None


def meaning_of_steps(variable: Variable, *, has_buttons: bool) -> Meaning:
    """The meaning of the variable that says how a step went."""
    return Meaning(variable, _BUTTON if has_buttons else _OUTCOME)


def _said(node: ast.expr, known: Meanings) -> Bilingual:
    match node:
        case ast.BoolOp(op=op, values=values):
            parts = [_bracketed(each, known) if isinstance(each, ast.BoolOp) else _said(each, known) for each in values]
            vi, en = ("và", "and") if isinstance(op, ast.And) else ("hoặc", "or")
            return Bilingual(f" {vi} ".join(part.vi for part in parts), f" {en} ".join(part.en for part in parts))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            found = _named(operand, known)
            if found is not None:
                return _compared(ast.Eq, found[0], quoted(NO))
            return fill("không phải trường hợp ({inner})", "it is not so that ({inner})", inner=_said(operand, known))
        case ast.Compare(left=left, ops=ops, comparators=others):
            sides = [left, *others]
            parts = [_comparison(sides[at], op, sides[at + 1], known) for at, op in enumerate(ops)]
            return listed(parts)
        case ast.Constant(value=bool() as always):
            return Bilingual("luôn luôn", "always") if always else Bilingual("không bao giờ", "never")
        case ast.Call(func=ast.Name(id="defined"), args=[ast.Constant(value=str(name))]):
            what = known[name].variable.label if name in known else same(name)
            return fill("đã có {what}", "there is {what}", what=quoted(what, name))
    found = _named(node, known)
    return _compared(ast.Eq, found[0], quoted(YES)) if found is not None else _operand(node, None, known)


def _bracketed(node: ast.expr, known: Meanings) -> Bilingual:
    inner = _said(node, known)
    return Bilingual(f"({inner.vi})", f"({inner.en})")


def _comparison(left: ast.expr, op: ast.cmpop, right: ast.expr, known: Meanings) -> Bilingual:
    sign = type(op)
    if _named(left, known) is None and _named(right, known) is not None and sign not in (ast.In, ast.NotIn):
        left, right, sign = right, left, _TURNED.get(sign, sign)
    found = _named(left, known)
    meaning = found[1] if found else None
    what = found[0] if found else _operand(left, None, known)
    match right:
        case ast.Constant(value=None) if sign in _FILLED:
            return fill(*_FILLED[sign], what=what)
        case ast.Constant(value=bool() as wanted) if sign in (ast.Eq, ast.NotEq, ast.Is, ast.IsNot) and meaning is not None:
            return _compared(ast.Eq, what, quoted(YES if wanted is (sign in (ast.Eq, ast.Is)) else NO))
    value = _operand(right, meaning, known)
    if meaning is not None and meaning.ending and sign in _ENDED[meaning.ending]:
        return fill(*_ENDED[meaning.ending][sign], what=what, value=value)
    if meaning is not None and meaning.variable.type == Type.DATE and sign in _ON_DAYS:
        return fill(*_ON_DAYS[sign], what=what, value=value)
    return _compared(sign, what, value)


def _compared(sign: type[ast.cmpop], what: Bilingual, value: Bilingual) -> Bilingual:
    return fill(*_SIGNS[sign], what=what, value=value)


def _named(node: ast.expr, known: Meanings) -> tuple[Bilingual, Meaning | None] | None:
    """The name of a variable or of a record's member; None for another expression."""
    match node:
        case ast.Name(id=name):
            meaning = known.get(name)
            return (quoted(meaning.variable.label, name), meaning) if meaning else (quoted(same(name)), None)
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str(member))):
            record = known.get(name)
            part = record.variable.members.get(member) if record else None
            if record is None or part is None:
                return quoted(same(f"{name}.{member}")), None
            words = fill(
                "{part} của {whole}", "{part} of {whole}", part=quoted(part.label, member), whole=quoted(record.variable.label, name)
            )
            return words, Meaning(part)
    return None


def _operand(node: ast.expr, meaning: Meaning | None, known: Meanings) -> Bilingual:
    found = _named(node, known)
    if found is not None:
        return found[0]
    match node:
        case ast.Constant(value=str(text)) if meaning is not None and meaning.variable.type == Type.DATE:
            return day_words(text)
        case ast.Constant(value=str(text)) if meaning is not None:
            return quoted(next((each.label for each in meaning.variable.choices if each.id == text), same(text)), text)
        case ast.Constant(value=value):
            return value_words(value)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return value_words(-number)
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return listed([_operand(each, meaning, known) for each in items], "hoặc", "or")
        case ast.Call(func=ast.Name(id=name), args=arguments) if name in _CALLS:
            parts = [_operand(each, None, known) for each in arguments]
            vi, en = _CALLS[name]
            if len(parts) == vi.count("{"):
                return Bilingual(vi.format(*(part.vi for part in parts)), en.format(*(part.en for part in parts)))
        case ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
            return _bracketed(node, known)
    return quoted(same(ast.unparse(node)))
