"""Tokens of a host application and the tickets they give: what is believed, for how long, and how often."""
from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from flask import Flask
from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import select

from casework.contacts.sign_in_tickets import (
    LONGEST_LIFE,
    LONGEST_TARGET,
    SKEW,
    TICKET_KEPT,
    TICKET_LASTS,
    Claims,
    HandOverRefused,
    contact_in,
    issue_ticket,
    read_token,
    sweep_tickets,
    use_ticket,
    waiting_ticket,
)
from casework.db import db, unit_of_work
from casework.models import HandOverTicket, HostApp
from tests import build

NOON = build.NOON
OURS = "https://phan-anh.example"
PHONE, MAIL = "+84905111222", "ha.lem@nguoi-dan.example"
KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
SIGNING = ECKey.import_key(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    return with_hosts()


def with_hosts() -> build.World:
    """Two applications with the same key, which only their names tell apart."""
    world = build.standard_world()
    with unit_of_work():
        for key in ("lac-duong-smart", "so-tay-xa"):
            db.session.add(HostApp(key=key, name_vi=key, name_en=key, public_key=PUBLIC, created_by_id=world.people["operator"].id,
                                   created_at=NOON))  # fmt: skip
    return world


def token(**claims: Any) -> str:
    issued = int(NOON.timestamp())
    said = {"iss": "lac-duong-smart", "aud": OURS, "sub": "7", "phone": PHONE, "name": "Kơ Dơng Ha Lem", "iat": issued, "exp": issued + 60,
            "jti": secrets.token_hex(8), **claims}  # fmt: skip
    return str(jwt.encode({"alg": "ES256"}, {name: value for name, value in said.items() if value is not None}, SIGNING))


def read(sent: str, *, now: datetime = NOON) -> Claims:
    return read_token(sent, audience=OURS, now=now, read_phone=lambda text: text.replace(" ", ""), read_email=str.lower,
                      is_own_path=lambda path: path.startswith("/"))  # fmt: skip


def refused(sent: str, *, now: datetime = NOON) -> str:
    with pytest.raises(HandOverRefused) as refusal:
        read(sent, now=now)
    return refusal.value.code


def issued(*, now: datetime = NOON, **claims: Any) -> str:
    with unit_of_work():
        return issue_ticket(read(token(**claims), now=now), now=now)


def test_a_sound_token_says_for_whom_and_where_to_and_nothing_of_it_is_printed(world: build.World) -> None:
    claims = read(token(phone="+84 905 111 222", email=MAIL, next="/reports/new"))
    assert (claims.host.key, claims.contact.phone, claims.contact.name, claims.target) == (
        "lac-duong-smart", PHONE, "Kơ Dơng Ha Lem", "/reports/new")  # fmt: skip
    assert claims.contact.email is None, "of two contacts the telephone alone counts"
    assert repr(claims) == "Claims(lac-duong-smart)"
    assert read(token(phone=None, email=MAIL.upper())).contact.email == MAIL
    assert read(token()).target == "/mine"


def test_a_token_counts_from_a_minute_before_it_was_issued_to_a_minute_after_it_ran_out(world: build.World) -> None:
    sent, issued_at, second = token(), NOON, timedelta(seconds=1)
    expires_at = issued_at + timedelta(seconds=60)
    assert refused(sent, now=issued_at - SKEW - second) == "not_yet"
    for moment in (issued_at - SKEW, issued_at, expires_at, expires_at + SKEW - second):
        assert read(sent, now=moment).host.key == "lac-duong-smart"
    assert refused(sent, now=expires_at + SKEW) == "expired"
    at = int(NOON.timestamp())
    assert read(token(exp=at + int(LONGEST_LIFE.total_seconds())))
    assert refused(token(exp=at + int(LONGEST_LIFE.total_seconds()) + 1)) == "life_too_long"
    assert refused(token(exp=at)) == "life_too_long", "it never counts"
    for wrong in ({"iat": None}, {"exp": None}, {"iat": True}, {"exp": str(at + 60)}, {"iat": -1}, {"exp": 10**15}):
        assert refused(token(**wrong)) == "token_incomplete", wrong


def test_what_is_missing_or_too_long_is_told_apart(world: build.World) -> None:
    for wrong in ({"jti": None}, {"jti": "a" * 7}, {"jti": "a" * 201}, {"jti": 12345678}, {"sub": None}, {"sub": ""}):
        assert refused(token(**wrong)) == "token_incomplete", wrong
    assert refused(token(next="/" + "a" * LONGEST_TARGET)) == "next_not_ours"
    assert refused(token(next=["/mine"])) == "next_not_ours"
    assert refused(token(phone=None)) == "contact_missing"
    assert refused(token(phone="0905111222")) == "phone_invalid"


@pytest.mark.parametrize("audience", [
    f"{OURS}.evil.example", f"{OURS}/", OURS[:-1], f"https://evil.example/{OURS}", OURS.upper(), "", None, [OURS], {OURS: True}])
def test_a_token_is_for_this_place_alone_letter_by_letter(world: build.World, audience: object) -> None:
    assert refused(token(aud=audience)) == "audience_wrong"


def test_an_application_that_was_ended_signs_nobody_in_and_its_tickets_open_no_more(world: build.World) -> None:
    ticket = issued()
    with unit_of_work():
        db.session.scalars(select(HostApp).where(HostApp.key == "lac-duong-smart")).one().ended_at = NOON
    assert refused(token()) == "host_unknown"
    assert waiting_ticket(ticket, now=NOON) is None
    assert refused(token(iss="nobody")) == "host_unknown"


def test_a_token_gives_one_ticket_and_another_applications_token_of_the_same_name_its_own(app: Flask) -> None:
    with_hosts()
    assert issued(jti="the-same-name") != issued(jti="the-same-name", iss="so-tay-xa")
    for host in ("lac-duong-smart", "so-tay-xa"):
        with pytest.raises(HandOverRefused) as refusal:
            issued(jti="the-same-name", iss=host)
        assert refusal.value.code == "token_used"


def test_a_ticket_opens_once_within_its_minute_and_looking_uses_nothing_up(app: Flask) -> None:
    with_hosts()
    ticket = issued()
    for moment in (NOON, NOON + TICKET_LASTS - timedelta(microseconds=1)):
        row = waiting_ticket(ticket, now=moment)
        assert row is not None
        assert (contact_in(row).phone, row.target) == (PHONE, "/mine")
    assert waiting_ticket(ticket, now=NOON + TICKET_LASTS) is None
    with unit_of_work():
        assert use_ticket(ticket, now=NOON)[1].phone == PHONE
    for again in (ticket, "nobody's"):
        with pytest.raises(HandOverRefused), unit_of_work():
            use_ticket(again, now=NOON)
    late = issued()
    with pytest.raises(HandOverRefused), unit_of_work():
        use_ticket(late, now=NOON + TICKET_LASTS)
    assert ticket not in repr([vars(row) for row in db.session.scalars(select(HandOverTicket))]), "the database keeps its digest"


def test_of_a_ticket_nobody_opened_the_contact_goes_when_it_runs_out_and_the_row_a_day_later(world: build.World) -> None:
    issued()

    def left(after: timedelta) -> list[bool]:
        with unit_of_work():
            sweep_tickets(NOON + after)
        return [row.sealed_contact is not None for row in db.session.scalars(select(HandOverTicket))]

    assert left(TICKET_LASTS - timedelta(seconds=1)) == [True]
    assert left(TICKET_LASTS) == [False]
    assert left(TICKET_LASTS + TICKET_KEPT) == [False]
    assert left(TICKET_LASTS + TICKET_KEPT + timedelta(seconds=1)) == []
