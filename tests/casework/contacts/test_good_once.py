"""What opens something is good once, soon, in its own browser and for its own purpose, however many send it at the same moment."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Thread
from time import monotonic, sleep
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from casework.accounts.outside_identities import (
    LASTS,
    SignInOver,
    Subject,
    begin_outside,
    keep_newcomer,
    newcomer_of,
    open_outside_account,
    take_back,
)
from casework.contacts.codes import Purpose, check_code, send_code
from casework.contacts.sign_in_tickets import TICKET_LASTS, Claims, HandOverRefused, issue_ticket, use_ticket, waiting_ticket
from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.models import Account, HandOverTicket, HostApp, OneTimeCode, OutsideSignIn
from casework.privacy.identity import Contact
from tests import build
from tests.casework.intake.test_filing_at_once import AT_ONCE, at_once
from tests.grounds import somebody_else

pytestmark = pytest.mark.on_both

NOON = build.NOON
PHONE = Contact(name="Kơ Dơng Ha Lem", phone=build.PHONE)
ONCE = ["no"] * (AT_ONCE - 1) + ["yes"]


@contextmanager
def all_wait_for(table: type[Any]) -> Iterator[None]:
    """Its rows are held until everybody waits for them, so that all have read before anybody writes; SQLite has one writer anyway."""
    if db.engine.dialect.name == "sqlite":
        yield
        return
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
    with somebody_else() as holder, db.engine.connect() as watcher:
        holder.execute(select(table.id).with_for_update())

        def let_go() -> None:
            until = monotonic() + 20
            while monotonic() < until and (watcher.scalar(waiting) or 0) < AT_ONCE:
                watcher.rollback()
                sleep(0.02)
            holder.rollback()

        letting_go = Thread(target=let_go)
        letting_go.start()
        yield
        letting_go.join()


def taken(app: Flask, take: Callable[[], Any], table: type[Any]) -> list[str]:
    """Of so many who send the same thing at one moment, who got something; `table` has the row it is used up in."""

    def act(_number: int) -> str:
        try:
            with unit_of_work():
                return "yes" if take() else "no"
        except CaseworkError:
            return "no"

    db.session.rollback()
    with all_wait_for(table):
        return sorted(at_once(app, act))


def refused(error: type[CaseworkError], take: Callable[..., Any], *given: Any, **named: Any) -> None:
    with pytest.raises(error), unit_of_work():
        take(*given, **named)


def application() -> HostApp:
    world = build.standard_world()
    with unit_of_work(keeps_rows=True):
        row = HostApp(key="lac-duong-smart", name_vi="Lạc Dương Smart", name_en="Lạc Dương Smart", public_key="x",
                      created_by_id=world.people["administrator"].id, created_at=NOON)  # fmt: skip
        db.session.add(row)
    return row


def test_a_code_sent_to_somebody_opens_for_one_who_types_it(app: Flask) -> None:
    build.standard_world()
    with unit_of_work():
        digits = send_code(PHONE, purpose=Purpose.SIGN_IN, now=NOON, configured=("sms",)).digits or ""

    def typed() -> bool:
        return check_code(PHONE, digits, purpose=Purpose.SIGN_IN, network="10.0.0.0/24", now=NOON)

    assert taken(app, typed, OneTimeCode) == ONCE
    with unit_of_work():
        assert not typed(), "nor later"


def test_a_token_of_another_application_gives_one_ticket(app: Flask) -> None:
    host_id = application().id

    def asked() -> str:
        return issue_ticket(Claims(db.session.get_one(HostApp, host_id), PHONE, "/mine", "a token's number"), now=NOON)

    assert taken(app, asked, HostApp) == ONCE
    refused(HandOverRefused, asked)


def test_a_ticket_opens_for_one_and_no_longer_than_a_minute(app: Flask) -> None:
    host_id, kept = application().id, []
    for number in range(2):
        with unit_of_work():
            kept.append(issue_ticket(Claims(db.session.get_one(HostApp, host_id), PHONE, "/mine", f"token {number}"), now=NOON))
    first, second = kept
    assert taken(app, lambda: use_ticket(first, now=NOON)[1].phone, HandOverTicket) == ONCE
    assert waiting_ticket(first, now=NOON) is None
    refused(HandOverRefused, use_ticket, first, now=NOON)
    refused(HandOverRefused, use_ticket, second, now=NOON + TICKET_LASTS)
    refused(HandOverRefused, use_ticket, second[:-1], now=NOON)
    with unit_of_work():
        assert use_ticket(second, now=NOON)[1].phone == build.PHONE


def test_a_sign_in_elsewhere_comes_back_once_soon_in_its_browser_and_from_its_provider(app: Flask) -> None:
    build.standard_world()
    with unit_of_work():
        state, nonce, verifier = begin_outside("so-noi-vu", browser="mine", target="/inbox", account=None, now=NOON)
    for wrong in ({"browser": "a stranger's"}, {"browser": ""}, {"provider": "vneid"}, {"now": NOON + LASTS}):
        refused(SignInOver, take_back, state, **{"provider": "so-noi-vu", "browser": "mine", "now": NOON, **wrong})
    refused(SignInOver, take_back, state[:-1], provider="so-noi-vu", browser="mine", now=NOON)

    def back() -> Any:
        begun = take_back(state, provider="so-noi-vu", browser="mine", now=NOON + LASTS - timedelta(seconds=1))
        assert (begun.nonce, begun.verifier, begun.account_id) == (nonce, verifier, None)
        return begun

    assert taken(app, back, OutsideSignIn) == ONCE
    refused(SignInOver, take_back, state, provider="so-noi-vu", browser="mine", now=NOON)


def test_who_comes_from_elsewhere_anew_agrees_once_in_their_own_browser(app: Flask) -> None:
    build.standard_world()
    who = Subject("vneid", "https://vneid.example", "kc-1", name="Ha Lem")
    with unit_of_work():
        keep_newcomer(who, browser="mine", target="/mine", now=NOON)
    assert newcomer_of("a stranger's", now=NOON) is None
    assert newcomer_of("mine", now=NOON + LASTS) is None

    def agreed() -> Account:
        return open_outside_account("mine", name="Ha Lem", language="vi", notice=None, now=NOON)

    assert taken(app, agreed, OutsideSignIn) == ONCE
    refused(SignInOver, agreed)
