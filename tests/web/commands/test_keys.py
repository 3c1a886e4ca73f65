"""`langbiang keys` and what follows an exchange: two secrets taken for a while, letters' links, cookies, browsers told no more."""
from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from casework.db import db, unit_of_work
from casework.models import PushSubscription
from casework.sealing.keyring import Keyring, KeyringUnusable
from casework.sealing.seal import seal_json
from tests import build
from tests.conftest import client_of
from tests.web.desk import Office
from tests.web.pages import hidden
from web.accounts.notification_preferences import _reporter_of, _token_of
from web.cli import commands
from web.commands import keys_pages as keys_command
from web.config import Config

NEW = "another-secret-" + "y" * 32


@pytest.fixture
def keys(sqlite_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    """The command in an installation whose keys are all in its data folder."""
    del sqlite_environment["LANGBIANG_SECRET_KEY"]
    for name in [name for name in os.environ if name.startswith("LANGBIANG_")]:
        monkeypatch.delenv(name)

    def run(*words: str, **variables: str) -> tuple[int, str]:
        done = CliRunner().invoke(commands, ["keys", *words], env={**sqlite_environment, **variables})
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.output

    return run


def config_of(environment: dict[str, str]) -> Config:
    return Config.from_environment(environment)


def test_the_sealing_key_is_exchanged_and_the_old_one_goes_only_when_nothing_needs_it(
    keys: Callable[..., tuple[int, str]], sqlite_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys("list")
    path = Path(sqlite_environment["LANGBIANG_KEYRING"])
    old = Keyring.load(path).current_id
    assert keys("rotate", "keyring", "--aside")[0] == 0
    (added,) = Keyring.load(path).key_ids - {old}
    assert Keyring.load(path).current_id == old
    assert keys("use", added) == (0, f"New seals use the key {added}.\n")
    code, said = keys("retire", "keyring", old)
    assert (code, "wait some seconds" in said) == (1, True)
    monkeypatch.setattr(keys_command, "SETTLES", 0.0)
    assert keys("retire", "keyring", added)[0] == 1, "the one in use"
    assert keys("reseal") == (0, "Sealed 0 values and 0 files anew.\n")
    assert keys("retire", "keyring", old)[0] == 0
    assert Keyring.load(path).key_ids == {added}
    assert old not in keys("list")[1]
    assert keys("use", old)[0] == 1


@pytest.mark.exhaustive
def test_a_secret_in_the_data_folder_is_put_aside_until_it_is_retired_and_one_in_the_environment_is_not_touched(
    keys: Callable[..., tuple[int, str]], sqlite_environment: dict[str, str]
) -> None:
    keys("list")
    before = config_of(sqlite_environment).secret_key
    assert keys("rotate", "secret_key")[0] == 0
    after = config_of(sqlite_environment)
    assert (after.secret_key_before, after.secret_key != before) == (before, True)
    assert keys("retire", "secret_key")[0] == 0
    assert config_of(sqlite_environment).secret_key_before == ""
    code, said = keys("rotate", "secret_key", LANGBIANG_SECRET_KEY=NEW)
    assert (code, "LANGBIANG_SECRET_KEY_BEFORE" in said) == (1, True)


@pytest.mark.exhaustive
def test_anchors_and_browsers_get_new_keys_and_are_told_what_that_means(
    keys: Callable[..., tuple[int, str]], sqlite_environment: dict[str, str]
) -> None:
    assert keys("rotate", "anchor_key")[0] == 0
    folder = config_of(sqlite_environment).data / "keys"
    first = (folder / "anchor_key").read_bytes()
    assert keys("rotate", "anchor_key")[0] == 0
    assert (folder / "anchor_key").read_bytes() != first
    assert (folder / "anchor_key").stat().st_mode & 0o777 == 0o600
    (folder / "vapid_key").write_text("old", encoding="ascii")
    code, said = keys("rotate", "vapid_key")
    assert (code, "0 browsers" in said, (folder / "vapid_key").exists()) == (0, True, False)
    code, said = keys("rotate", "vapid_key", LANGBIANG_VAPID_KEY="A" * 43)
    assert (code, "set in the environment" in said) == (1, True)


def test_browsers_that_agreed_to_the_old_key_are_told_nothing_more(sqlite_app: Flask, tmp_path: Path) -> None:
    office = Office(sqlite_app)
    office.get("operator", "/inbox")
    with unit_of_work():
        from casework.models import LoginSession

        session = db.session.query(LoginSession).first()
        assert session is not None
        sealed = seal_json({"endpoint": "https://x", "p256dh": "", "auth": ""}, purpose="push subscription")
        db.session.add(PushSubscription(account_id=session.account_id, session_id=session.id, endpoint_digest="0" * 64, browser="x",
                                        sealed_subscription=sealed, created_at=build.NOON))
    config = Config.from_environment({"LANGBIANG_DATA": str(tmp_path)})
    assert "1 browsers" in keys_command.rotate_key(sqlite_app, config, "vapid_key", aside=False, now=build.NOON)[0]
    assert [row.ended_at for row in db.session.query(PushSubscription)] == [build.NOON]


def test_what_the_secret_before_signed_is_taken_until_it_is_gone(sqlite_app: Flask) -> None:
    office = Office(sqlite_app)
    sqlite_app.config["WTF_CSRF_ENABLED"] = True
    browser: FlaskClient = office.browser("operator")
    token = hidden(browser.get("/account/password").text, "csrf_token")
    with sqlite_app.test_request_context():
        link = _token_of(17)
    before = sqlite_app.config["SECRET_KEY"]
    form = {"csrf_token": token, "present": "x"}
    sqlite_app.config.update(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=[before])
    assert browser.post("/account/password", data=form).status_code == 422, "judged, not thrown away"
    with sqlite_app.test_request_context():
        assert _signs(link)
    assert client_of(sqlite_app).post("/sign-in", data={"csrf_token": token, "login": "a", "password": "b"}).status_code == 400
    sqlite_app.config.update(SECRET_KEY_FALLBACKS=None)
    stale = office.app.test_client()
    assert stale.post("/sign-in", data={"csrf_token": token, "login": "a", "password": "b"}).status_code == 400
    with sqlite_app.test_request_context():
        assert not _signs(link)


def _signs(link: str) -> bool:
    from web.accounts.notification_preferences import _signer

    number, _dash, signature = link.partition("-")
    assert _reporter_of(link) is None, "there is no such reporter"
    return _signer().verify_signature(number.encode(), signature)


def test_a_key_file_that_cannot_be_read_is_said_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(KeyringUnusable):
        Keyring.load(tmp_path / "nowhere")
