"""Each kind of message the program sends is described, worded and filled: none is missing, none is left over."""
from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import casework
import workflows
from casework.installation.seeding import table_rows
from casework.messages import kinds
from casework.messages.kinds import AUDIENCE_LABELS, KINDS, LINK, PLACE_LABELS, Audience
from casework.messages.texts import LANGUAGES, faults_of, shipped_words

SOURCES = [path for package in (casework, workflows) for path in Path(package.__path__[0]).rglob("*.py") if path != Path(kinds.__file__)]
TELLERS = {"tell_reporters": Audience.REPORTER, "tell_reporter": Audience.REPORTER, "tell_followers": Audience.FOLLOWER,
           "tell_desk": Audience.STAFF, "tell_inbox": Audience.STAFF, "tell_account": Audience.STAFF,
           "tell_agency_of_letter": Audience.STAFF, "tell_of_data_request": Audience.STAFF, "tell_of_schedule": Audience.STAFF,
           "tell_of_sign_in": Audience.STAFF, "tell_of_deputyship": Audience.STAFF,
           "tell_of_account": Audience.REPORTER, "tell_of_breach": Audience.REPORTER}  # fmt: skip
WITH: dict[str, set[str]] = {
    "tell_agency_of_letter": set(), "tell_of_data_request": set(), "tell_of_schedule": set(), "tell_of_sign_in": set(),
    "tell_of_deputyship": set(),
    "tell_of_account": set(), "tell_of_breach": {"breach", "code"},
}  # fmt: skip
"""What a teller adds by itself: mostly the code."""
ABOUT_SENDING = {"letter", "case", "at", "key", "agency_id"}
MADE_FROM = {"report_refused": {"guidance"}, "due_sooner": {"reason"}, "one_time_code": {"digits"},
             "area_news": {"place", "number", "items"}, "reply_link": {"code", "until"}}
"""Places rendered from what the message is about rather than from a parameter of that name."""
LETTER = {"reminder_letter": {"codes"}}
"""Written by add_to_letter alone."""

Told = tuple[str, Audience, frozenset[str]]


Scope = tuple[ast.AST, ...]
"""The nodes of a function and the statements at the top of its module."""


def words_in(node: ast.expr, scope: Scope) -> Iterator[str]:
    """The texts an expression may be: itself, either side of a choice, or what is assigned to the name in its function or module."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=body, orelse=orelse):
            yield from words_in(body, scope)
            yield from words_in(orelse, scope)
        case ast.Name(id=name):
            for inner in scope:
                if isinstance(inner, ast.Assign) and any(isinstance(each, ast.Name) and each.id == name for each in inner.targets):
                    yield from words_in(inner.value, scope)


def calls(path: Path) -> Iterator[tuple[ast.Call, str, Scope]]:
    module = ast.parse(path.read_text(encoding="utf-8"))
    for function in ast.walk(module):
        if isinstance(function, ast.FunctionDef):
            scope = (*ast.walk(function), *module.body)
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    yield node, node.func.id, scope


@cache
def told() -> tuple[Told, ...]:
    """Every template handed to a teller, with the names of the parameters that are always given."""
    return tuple(_told())


def _told() -> Iterator[Told]:
    for path in SOURCES:
        for node, name, function in calls(path):
            if name in TELLERS:
                places = frozenset(keyword.arg for keyword in node.keywords if keyword.arg) - ABOUT_SENDING | WITH.get(name, {"code"})
                for argument in node.args:
                    for text in words_in(argument, function):
                        if text.isidentifier():
                            yield text, TELLERS[name], places
            elif any(keyword.arg == "template" for keyword in node.keywords) or name == "_tell_agencies":
                # a helper of the module that hands the template on
                handed = [keyword.value for keyword in node.keywords if keyword.arg == "template"] or node.args
                audience = Audience.STAFF if name == "_tell_agencies" else Audience.REPORTER
                for each in handed:
                    for text in words_in(each, function):
                        if text.isidentifier():
                            yield text, audience, frozenset({"code"})


def test_every_message_sent_is_described_and_every_description_is_of_a_message() -> None:
    found = {text for text, _, _ in told()}
    assert len(found) > 60, "the calls are not found any more"
    assert found | set(LETTER) == set(KINDS)
    assert {row["key"] for row in table_rows("templates.csv")} == set(KINDS)


def test_each_goes_to_whom_its_description_says_and_fills_every_place() -> None:
    for key, audience, given in told():
        kind = KINDS[key]
        assert kind.audience is audience, key
        assert set(kind.places) - {LINK} <= given | MADE_FROM.get(key, set()), key
    for kind in KINDS.values():
        assert set(kind.places) <= set(PLACE_LABELS), kind.key
        assert set(kind.required) <= set(kind.places), kind.key
    assert set(AUDIENCE_LABELS) == set(Audience)


LONG: dict[str, Any] = {"code": "LD-2026-000123", "main": "LD-2026-000087", "former": "LD-2026-000087", "report": "LD-2026-000123",
                        "codes": "LD-2026-000123, LD-2026-000087", "due_at": "24:00 30/09/2026", "lead": "Phòng Tài nguyên và Môi trường",
                        "agency": "Phòng Tài nguyên và Môi trường", "reason": "lý do", "guidance": "hướng dẫn",
                        "number": "12", "until": "30/09/2026", "digits": "482913",
                        "place": "Xã Lạc Dương, lĩnh vực Hạ tầng", "items": "LD-2026-000123: Rác",
                        "document": "Báo cáo kỳ", "period": "6 tháng cuối năm 2026",
                        "link": "https://phananh.lacduong.gov.vn/mine/LD-2026-000123"}  # fmt: skip


def test_the_words_that_ship_are_ones_an_administrator_could_have_written() -> None:
    """Two SMS at most, marks, code and link included, for whoever is told outside."""
    samples = dict.fromkeys(LANGUAGES, LONG)
    assert {key: faults for key, kind in KINDS.items() if (faults := faults_of(kind, shipped_words(key), samples))} == {}
    for key, kind in KINDS.items():
        if kind.is_for_citizens:
            assert all((shipped_words(key).short_vi, shipped_words(key).short_en)), key
