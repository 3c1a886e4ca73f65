import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.definitions.expressions import ClosedEnvironment, ClosedScriptEngine, ExpressionRefused, checked, evaluate, names_in

ESCAPES = [
    "__import__('os').system('true')",
    "().__class__.__bases__[0].__subclasses__()",
    "verify.__class__",
    "open('/etc/passwd')",
    "[x for x in (1, 2)]",
    "{x: 1 for x in 'ab'}",
    "(lambda: 1)()",
    "9**9**9",
    "'a' * 10**9",
    "1 + 1",
    "verify if urgent else 1",
    "f'{verify}'",
    "(y := 1)",
    "_private",
    "__builtins__",
    "eval('1')",
    "lower(*[1])",
    "lower(text='a')",
    "lower.__globals__",
    "flags[0:2]",
    "flags[lower('a')]",
    "b'bytes'",
    "1j",
    "...",
    "10**400",
    "1e300",
    "99999999999999999999",
    "await x",
    "defined(verify)",
    "{'a': 1}",
    "{1, 2}",
    "",
    "import os",
    "a = 1",
    "[" * 60 + "]" * 60,
    "not " * 60 + "urgent",
    "'" + "x" * 600 + "'",
]


@pytest.mark.parametrize("text", ESCAPES)
def test_what_is_not_a_comparison_is_refused(text):
    with pytest.raises(ExpressionRefused):
        evaluate(text, {"verify": "accept", "urgent": True, "flags": [1, 2, 3]})


@pytest.mark.parametrize(("text", "worth"), [
    ('verify == "accept"', True),
    ("not urgent", False),
    ('assignments["answered"]', True),
    ('urgent and verify in ["accept", "refuse"]', True),
    ("urgent or missing", True),
    ("1 < 2 < 3", True),
    ("1 < 2 > 3", False),
    ("-1 < count", True),
    ("none is None", True),
    ("length(verify)", 6),
    ('lower("ABC") == "abc"', True),
    ('starts_with(verify, "acc")', True),
    ('defined("verify") and not defined("missing")', True),
    ('"P3D"', "P3D"),
    ("days[-1]", 7),
])  # fmt: skip
def test_comparisons_are_worked_out(text, worth):
    variables = {"verify": "accept", "urgent": True, "assignments": {"answered": True}, "count": 0, "none": None, "days": [5, 7]}
    assert evaluate(text, variables) == worth


@pytest.mark.parametrize("text", ["missing", "verify < 1", 'assignments["none"]', "count[0]", "length(count)", "-verify", "1 in count"])
def test_what_the_variables_do_not_answer_is_refused_with_a_sentence(text):
    with pytest.raises(ExpressionRefused):
        evaluate(text, {"verify": "accept", "assignments": {}, "count": 0})


def test_a_variable_that_is_no_plain_data_is_refused():
    with pytest.raises(ExpressionRefused, match="plain data"):
        evaluate("thing", {"thing": object()})


def test_scripts_and_unlisted_services_are_refused():
    with pytest.raises(ExpressionRefused):
        ClosedEnvironment().execute("x = 1", {})
    with pytest.raises(ExpressionRefused):
        ClosedEnvironment().call_service({}, operation_name="anything")
    with pytest.raises(ExpressionRefused):
        ClosedScriptEngine().call_service(None, operation_name="anything")


def test_a_failing_service_shows_its_own_exception():
    def fails(name, parameters):
        raise ZeroDivisionError(name)

    with pytest.raises(ZeroDivisionError, match="post"):
        ClosedScriptEngine(fails).call_service(None, operation_name="post", operation_params={})


def test_the_names_an_expression_reads_are_known():
    assert names_in('lower(verify) == "x" and flags["a"]') == {"verify", "flags"}


@given(st.text(alphabet="abx_()[]{}.,'\"=<>!+-*/%&|~^@:;0123456789 \n\\lambdnotinor", max_size=60))
def test_no_text_gets_past_the_check_with_anything_but_plain_data(text):
    try:
        checked(text)
        worth = evaluate(text, {"a": 1, "b": "x", "x": [1]})
    except ExpressionRefused:
        return
    assert isinstance(worth, str | bool | int | float | list | tuple | dict | None)


@pytest.mark.parametrize(
    "text", ["rating_due_at > 1", "length(1)", "x" * 501, "1 +", "not " * 21 + "x", "x.y", "-who", "row > 1", "who < 1"],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_what_is_refused_is_said_in_both_languages(text: str) -> None:
    with pytest.raises(ExpressionRefused) as refusal:
        evaluate(text, {"who": "ops", "row": object()})
    vi, en = refusal.value.text
    assert en == str(refusal.value)
    assert vi != en
    assert not any(word in vi for word in ("known", "allowed", "not ", "only", "worked"))
