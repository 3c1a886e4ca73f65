"""Every route says what it does and asks for what that needs."""
from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from casework.permissions import ANYONE, Action
from web import PAGES
from web.config import Config

NEEDS_ACCOUNT = {Action.CHOOSE_MESSAGES, Action.MANAGE_SESSIONS}


def routes(app: Flask) -> Iterator[tuple[Rule, Any]]:
    """Every rule but that of static files, with its view."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint != "static":
            yield rule, app.view_functions[rule.endpoint]


def filled(rule: Rule) -> str:
    """The path with something in each place."""
    _, path = rule.build(dict.fromkeys(rule.arguments, "x")) or ("", rule.rule)
    return path


def test_every_route_declares_its_action(sqlite_app: Flask) -> None:
    undeclared = [rule.rule for rule, view in routes(sqlite_app) if not isinstance(getattr(view, "action", None), Action)]
    assert not undeclared


def test_every_module_of_pages_is_registered(sqlite_app: Flask) -> None:
    assert {import_module(f"web.{name}").bp.name for name in PAGES} <= set(sqlite_app.blueprints)


def test_nobody_gets_in_without_signing_in(sqlite_app: Flask, sqlite_client: FlaskClient) -> None:
    for rule, view in routes(sqlite_app):
        if view.action.roles == ANYONE and view.action not in NEEDS_ACCOUNT:
            continue
        if hasattr(view, "door"):                            # closed until a centre opens it, and it knows no session
            method = next(iter(rule.methods - {"HEAD", "OPTIONS"}))
            assert sqlite_client.open(filled(rule), method=method).status_code == 404, rule.rule
            continue
        if "GET" in (rule.methods or ()):
            answer = sqlite_client.get(filled(rule))
            assert (answer.status_code, answer.location) == (302, f"/sign-in?next={filled(rule)}"), rule.rule
        if "POST" in (rule.methods or ()):
            assert sqlite_client.post(filled(rule)).status_code == 401, rule.rule


def test_no_address_shows_a_row_number(sqlite_app: Flask) -> None:
    numbered = [rule.rule for rule, _view in routes(sqlite_app) if "int" in {type(each).__name__ for each in rule._converters.values()}]
    assert not numbered


def test_two_applications_do_not_share_anything(sqlite_config: Config, sqlite_app: Flask) -> None:
    from web import create_app

    assert create_app(sqlite_config).url_map is not sqlite_app.url_map


@pytest.mark.parametrize("path", ["/nowhere", "/reports/LD-2026-999999", "/cases", "/static/nothing.css"])
def test_what_is_not_there_is_said_kindly(sqlite_client: FlaskClient, path: str) -> None:
    answer = sqlite_client.get(path)
    assert answer.status_code == 404
    assert "<h1>" in answer.text


def test_the_process_says_that_it_lives(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "ok"}


def test_an_installation_in_order_is_ready(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json == {"status": "ok", "checks": {"database": "ok", "schema": "ok", "keyring": "ok", "files": "ok"}}


@pytest.mark.exhaustive
def test_an_installation_with_an_old_schema_is_not_ready(sqlite_config: Config, sqlite_client: FlaskClient) -> None:
    import migrations

    migrations.downgrade(sqlite_config.database_url, "base")
    answer = sqlite_client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json == {"status": "failing", "checks": {"database": "ok", "schema": "failing", "keyring": "ok", "files": "ok"}}


def test_a_lost_file_store_is_not_ready(sqlite_config: Config, sqlite_client: FlaskClient) -> None:
    sqlite_config.files.rmdir()
    answer = sqlite_client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["checks"]["files"] == "failing"
