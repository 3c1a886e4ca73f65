"""The permission of an Official Account is renewed by itself, against a Zalo in a process of its own."""
from __future__ import annotations

import os
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from flask import Flask

from casework.db import db
from casework.sealing.keyring import current_keyring
from casework.zalo import renewal
from casework.zalo.consent import challenge_of
from casework.zalo.renewal import LEASE, PAUSES, RenewalRefused, RenewalUnanswered, renew_when_due
from casework.zalo.tokens import NoAccess, Tokens, access_of, note_refused
from tests.at_once import at_once
from tests.messages.worker import ROOT
from tests.outside import Outside
from tests.outside.zalo import OA_ID
from tests.zalo.account import HOUR, MINUTE, VERIFIER, Keeper, consented_code, keeper, oauth_of, seen, settings_for, tell


def dead_at(where: str, house: Keeper, variables: dict[str, str]) -> None:
    """A renewal by a process that is killed there."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("LANGBIANG_")} | variables | settings_for(house.zalo)
    command = [sys.executable, "-m", "tests.zalo.killed", where, house.now.isoformat()]
    done = subprocess.run(command, cwd=ROOT, env=own, check=False, timeout=60)
    assert done.returncode == -9, "it was killed there"


def test_the_challenge_of_a_verifier_is_that_of_the_standard() -> None:
    assert challenge_of(VERIFIER) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_a_code_is_exchanged_once_and_with_its_verifier_alone(zalo: Outside) -> None:
    oauth = oauth_of(zalo)
    code = consented_code(zalo)
    assert oauth.by_code(code, VERIFIER).lasts == HOUR
    for wrong in ((code, VERIFIER), (consented_code(zalo), "another")):
        with pytest.raises(RenewalRefused, match="-14014"):
            oauth.by_code(*wrong)


@pytest.mark.parametrize("order", ["500", "html", "hang up"])
def test_what_is_neither_tokens_nor_a_refusal_is_no_answer(zalo: Outside, order: str) -> None:
    tell(zalo, orders=[order])
    with pytest.raises(RenewalUnanswered):
        oauth_of(zalo).renewed("x")


def test_tokens_are_sealed_and_shown_by_nothing(sqlite_app: Flask, zalo: Outside) -> None:
    house = keeper(sqlite_app, zalo)
    token = access_of(OA_ID, house.now)
    row = house.row
    assert row.sealed_access is not None
    assert token.token.encode() not in row.sealed_access
    assert token.token not in f"{token!r}{row!r}{Tokens(token.token, 'b', HOUR)!r}{oauth_of(zalo).app!r}"
    assert current_keyring().current_id.encode() in row.sealed_access


@pytest.mark.parametrize("written", ["text", "number"])
def test_it_is_renewed_when_less_than_two_fifths_of_its_life_are_left(app: Flask, zalo: Outside, written: str) -> None:
    house = keeper(app, zalo)
    tell(zalo, expires_as=written)
    first = access_of(OA_ID, house.now).token
    house.wait(36 * MINUTE - timedelta(seconds=1))
    assert house.renew() is False
    house.wait(timedelta(seconds=1))
    assert house.renew() is True
    row = house.row
    assert (row.generation, row.state, row.expires_at, row.failures, house.kept) == (2, "ok", house.now + HOUR, 0, [])
    assert access_of(OA_ID, house.now).token != first
    assert house.renew() is False


@pytest.mark.exhaustive
def test_three_days_of_hourly_tokens_need_nobody(sqlite_app: Flask, zalo: Outside) -> None:
    house = keeper(sqlite_app, zalo)
    for _ in range(144):
        house.wait(30 * MINUTE)
        house.renew()
        assert access_of(OA_ID, house.now).generation == house.row.generation
    assert house.row.state == "ok"


def test_workers_that_come_at_once_ask_zalo_once(app: Flask, zalo: Outside) -> None:
    house = keeper(app, zalo)
    house.wait(40 * MINUTE)
    before = len(seen(zalo)["calls"])
    got = at_once(app, lambda _: str(renew_when_due(OA_ID, oauth_of(zalo).renewed, folder=house.folder, clock=lambda: house.now)))
    assert sorted(got) == ["False"] * 5 + ["True"]
    assert (len(seen(zalo)["calls"]), house.row.generation) == (before + 1, 2)


def test_while_one_renews_no_transaction_is_open_and_others_send_with_the_token_there_is(app: Flask, zalo: Outside) -> None:
    house = keeper(app, zalo)
    house.wait(40 * MINUTE)
    told: list[tuple[str, int]] = []

    def renew(token: str) -> Tokens:
        assert not db.session().in_transaction()

        def look() -> None:
            with app.app_context():
                told.append((house.row.state, access_of(OA_ID, house.now).generation))
                assert house.renew() is False, "another leaves it alone"
                db.session.remove()

        other = threading.Thread(target=look)
        other.start()
        other.join(30)
        return oauth_of(zalo).renewed(token)

    assert renew_when_due(OA_ID, renew, folder=house.folder, clock=lambda: house.now)
    assert told == [("renewing", 1)]


NOTHING_LOST = ["after _claim", "before renew", "before forget_answer", "before _put", "after _put", "after keep_answer"]


@pytest.mark.exhaustive
@pytest.mark.parametrize("where", NOTHING_LOST)
def test_killed_before_the_call_or_once_the_answer_is_on_disk_needs_no_consent(
    sqlite_environment: dict[str, str], sqlite_app: Flask, zalo: Outside, where: str
) -> None:
    house = keeper(sqlite_app, zalo)
    house.wait(40 * MINUTE)
    dead_at(where, house, sqlite_environment)
    assert access_of(OA_ID, house.now), "sending goes on meanwhile"
    house.wait(LEASE + timedelta(seconds=1))
    house.renew()
    row = house.row
    assert (row.state, row.generation, row.lease, house.kept) == ("ok", 2, None, [])
    house.wait(40 * MINUTE)
    assert house.renew() is True, "the pair that was kept is the good one"


@pytest.mark.exhaustive
@pytest.mark.parametrize("where", ["after renew", "before keep_answer"])
def test_killed_between_the_answer_and_the_disk_the_old_token_is_tried_once_more_and_then_somebody_consents(
    sqlite_environment: dict[str, str], sqlite_app: Flask, zalo: Outside, where: str
) -> None:
    house = keeper(sqlite_app, zalo)
    house.wait(40 * MINUTE)
    dead_at(where, house, sqlite_environment)
    assert house.renew() is False, "the lease of the killed one still runs"
    before = len(seen(zalo)["calls"])
    house.wait(LEASE + timedelta(seconds=1))
    assert (house.renew(), house.row.state, house.row.said) == (False, "needs_consent", "Zalo OAuth -14014")
    assert len(seen(zalo)["calls"]) == before + 1
    house.wait(MINUTE)
    assert (house.renew(), len(seen(zalo)["calls"])) == (False, before + 1), "it is not asked again"
    assert access_of(OA_ID, house.now).generation == 1, "while the old access token holds, sending goes on"
    house.wait(HOUR)
    with pytest.raises(NoAccess) as none:
        access_of(OA_ID, house.now)
    assert none.value.asks_administrator
    house.consent()
    assert (house.row.state, access_of(OA_ID, house.now).generation) == ("ok", 2)


def test_an_answer_that_was_lost_on_the_line_is_asked_for_again_after_a_pause(sqlite_app: Flask, zalo: Outside) -> None:
    house = keeper(sqlite_app, zalo)
    house.wait(40 * MINUTE)
    tell(zalo, orders=["hang up", "500", "html"])
    for pause in PAUSES:
        assert house.renew() is False
        house.wait(pause - timedelta(seconds=1))
        assert house.renew() is False
        house.wait(timedelta(seconds=1))
    assert house.row.failures == len(PAUSES)
    assert (house.renew(), house.row.failures) == (True, 0)
    house.wait(40 * MINUTE)
    tell(zalo, orders=["hang up after rotating"])
    house.renew()
    house.wait(PAUSES[0])
    assert (house.renew(), house.row.state) == (False, "needs_consent")


def test_a_full_disk_does_not_lose_the_tokens(sqlite_app: Flask, zalo: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    house = keeper(sqlite_app, zalo)
    house.wait(40 * MINUTE)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(renewal, "keep_answer", full)
    assert house.renew() is True


def ended_before_put(house: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    """A renewal that ends once its answer is on disk."""
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(renewal, "_put", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            house.renew()


def test_a_kept_answer_that_is_older_than_a_new_consent_is_thrown_away(
    sqlite_app: Flask, zalo: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = keeper(sqlite_app, zalo)
    house.wait(40 * MINUTE)
    ended_before_put(house, monkeypatch)
    assert house.kept == [f"zalo-renewal-{OA_ID}-2"]
    house.consent()
    token = access_of(OA_ID, house.now).token
    assert house.renew() is False
    assert (access_of(OA_ID, house.now).token, house.kept) == (token, [])


def test_a_kept_answer_saves_an_account_that_was_given_up(sqlite_app: Flask, zalo: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    house = keeper(sqlite_app, zalo)
    house.wait(40 * MINUTE)
    ended_before_put(house, monkeypatch)
    [kept] = [house.folder / name for name in house.kept]
    elsewhere = kept.rename(house.folder / "another-machine")
    house.wait(LEASE + timedelta(seconds=1))
    house.renew()
    assert house.row.state == "needs_consent"
    elsewhere.rename(kept)
    assert house.renew() is True, "the machine that had kept it is back"
    assert (house.row.state, house.row.generation) == ("ok", 2)


def test_a_token_zalo_refuses_is_renewed_once_and_then_an_administrator_is_asked(app: Flask, zalo: Outside) -> None:
    from casework.db import unit_of_work

    house = keeper(app, zalo)

    def refused(generation: int) -> bool:
        with unit_of_work():
            return note_refused(OA_ID, generation, house.now)

    assert refused(1) is True
    assert (house.renew(), house.row.generation) == (True, 2)
    assert refused(1) is True, "somebody who still had the old one"
    assert refused(2) is False, "the new one does not help either"
    assert house.renew() is False
    house.wait(HOUR)
    assert (house.renew(), refused(3)) == (True, True)


def test_a_clock_that_is_set_back_does_not_keep_a_lease_for_long(sqlite_app: Flask, zalo: Outside) -> None:
    house = keeper(sqlite_app, zalo)
    house.wait(40 * MINUTE)
    with pytest.raises(KeyboardInterrupt):
        renew_when_due(OA_ID, _interrupted, folder=house.folder, clock=lambda: house.now + timedelta(days=30))
    assert house.row.state == "renewing"
    assert house.renew() is True


def _interrupted(*_: object) -> Tokens:
    raise KeyboardInterrupt
