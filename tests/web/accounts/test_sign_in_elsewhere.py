"""Signing in with an identity of another provider: who gets in, who does not, and what is kept of them."""
from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from casework.accounts.outside_identities import LASTS, Subject, account_of_subject, forget_identities, sweep_outside
from casework.db import db, unit_of_work
from casework.models import Account, CodeApp, Event, OutsideIdentity, OutsideSignIn
from casework.permissions import Role
from casework.privacy.identity import open_contact
from casework.sealing.seal import seal_text
from tests import build
from tests.conftest import client_of
from tests.outside import Outside, running
from tests.second_centre import of_the_installation
from tests.web.accounts.outside_provider import SETTINGS, Visitor, asked, clients_of, write
from tests.web.desk import Office
from tests.web.pages import words_of
from web.accounts import oidc_client as provider_side
from web.accounts.oidc_client import ProviderAway
from web.accounts.oidc_providers import open_providers
from web.config import SettingRefused

NOON = build.NOON
NUMBER = "068090001234"


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Outside, Outside]]:
    folder = tmp_path_factory.mktemp("providers")
    with running("provider", folder / "staff") as staff, running("provider", folder / "citizens") as citizens:
        yield staff, citizens


@pytest.fixture
def office(sqlite_app: Flask, servers: tuple[Outside, Outside], tmp_path: Path) -> Office:
    for server in servers:
        server.forget()
    there = Office(sqlite_app)
    there.app.extensions["outside"] = clients_of(tmp_path, *servers)
    there.world.people["overseer"] = of_the_installation(there.world, "overseer", Role.ADMINISTRATOR)
    return there


@pytest.fixture
def linked(office: Office, servers: tuple[Outside, Outside]) -> Office:
    """The operator has linked the identity `mai`."""
    visitor = Visitor(office, "so-noi-vu", servers[0], office.browser("operator"))
    assert visitor.link().location == "/account/identities"
    return office


def staff(office: Office, servers: tuple[Outside, Outside]) -> Visitor:
    return Visitor(office, "so-noi-vu", servers[0])


def is_in(visitor: Visitor) -> bool:
    return visitor.browser.get("/account/identities").status_code == 200


def rows(table: type[Any]) -> list[Any]:
    db.session.rollback()
    return list(db.session.scalars(select(table).order_by(table.id)))


def test_a_member_of_staff_links_an_identity_and_signs_in_with_it(linked: Office, servers: tuple[Outside, Outside]) -> None:
    visitor = staff(linked, servers)
    assert "Tài khoản cán bộ" in words_of(visitor.browser.get("/sign-in"))
    answer = visitor.sign_in("/search?q=rac")
    assert answer.location == "/search?q=rac"
    assert is_in(visitor)
    (row,) = rows(OutsideIdentity)
    assert (row.account.login, row.last_used_at) == ("operator", NOON)
    told = [each.payload for each in rows(Event) if each.type == "change_setting" and each.payload.get("kind") == "outside_identity"]
    assert [(each["row"], each["new"]) for each in told] == [("operator", {"linked": "so-noi-vu"})]
    kept = json.dumps([str(vars(row)) for row in (*rows(OutsideIdentity), *rows(OutsideSignIn))])
    assert "'mai'" not in kept, "of who somebody is there only a digest is kept"


def test_what_leaves_is_a_code_request_with_pkce_and_fresh_secrets_and_the_page_leads_there_itself(
    office: Office, servers: tuple[Outside, Outside]
) -> None:
    visitor = staff(office, servers)
    first, second = (asked(visitor.leave()) for _ in range(2))
    assert (first["response_type"], first["code_challenge_method"], first["scope"]) == ("code", "S256", "openid")
    assert first["redirect_uri"] == f"{office.app.config['BASE_URL']}/sign-in/outside/so-noi-vu/return"
    assert first["acr_values"] == "loa3"
    assert not {first[name] for name in ("state", "nonce", "code_challenge")} & set(second.values())
    kept = json.dumps([str(vars(row)) for row in rows(OutsideSignIn)])
    assert first["state"] not in kept
    assert first["nonce"] not in kept, "they lie sealed, or as a digest"


def test_an_identity_nobody_linked_opens_nothing_however_its_mail_is_called(office: Office, servers: tuple[Outside, Outside]) -> None:
    with unit_of_work():
        office.world.people["operator"].email = "mai@lamdong.gov.vn"
    visitor = staff(office, servers)
    answer = visitor.sign_in(claims={"email": "mai@lamdong.gov.vn", "email_verified": False})
    assert answer.status_code == 422
    assert "chưa mở tài khoản nào" in words_of(answer)
    assert not is_in(visitor)
    assert visitor.sign_in(claims={"email": "mai@lamdong.gov.vn", "email_verified": True}).status_code == 422, "nor a verified one"


OTHERWISE = (
    ("another nonce", {"claims": {"nonce": "other"}}), ("no nonce", {"claims": {"nonce": None}}),
    ("nothing signed", {"alg": "none"}), ("the public key taken for a secret", {"alg": "HS256"}), ("another algorithm", {"alg": "RS384"}),
    ("a strange key", {"key": "strange"}), ("another issuer", {"claims": {"iss": "https://evil.example"}}),
    ("another audience", {"claims": {"aud": "somebody-else"}}), ("two audiences and no party", {"claims": {"aud": ["langbiang", "x"]}}),
    ("another party", {"claims": {"azp": "x"}}),
    ("run out", {"claims": {"exp": int(NOON.timestamp()) - 61}}), ("no end", {"claims": {"exp": None}}),
    ("of the future", {"claims": {"iat": int(NOON.timestamp()) + 120}}), ("nobody", {"claims": {"sub": None}}),
    ("a list for a name", {"claims": {"sub": ["mai"]}}), ("an access token that is not its own", {"claims": {"at_hash": "AAAA"}}),
)


def test_what_a_provider_signs_otherwise_than_it_should_opens_nothing(
    linked: Office, servers: tuple[Outside, Outside], caplog: pytest.LogCaptureFixture
) -> None:
    for what, order in OTHERWISE:
        visitor = staff(linked, servers)
        answer = visitor.sign_in(**order)
        assert (answer.status_code, is_in(visitor)) == (422, False), what
        assert "Không xác nhận được danh tính" in words_of(answer), what
    told = [record for record in caplog.records if record.message == "sign-in elsewhere failed"]
    assert len(told) == len(OTHERWISE)
    assert not any(re.search(r"\bmai\b", str(vars(record))) for record in told)


def test_es256_and_a_key_published_since_are_taken(
    linked: Office, servers: tuple[Outside, Outside], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert staff(linked, servers).sign_in(alg="ES256").status_code == 302
    assert staff(linked, servers).sign_in(key="new").status_code == 422, "the keys were read a moment ago"
    monkeypatch.setattr(provider_side, "KEYS_ANEW", 0)
    assert staff(linked, servers).sign_in(key="new").status_code == 302
    fetched = len([each for each in servers[0].bytes if each == b'"keys"'])
    for _ in range(3):
        assert staff(linked, servers).sign_in().status_code == 302
    assert len([each for each in servers[0].bytes if each == b'"keys"']) == fetched, "known keys are kept"


def test_a_sign_in_comes_back_once_soon_in_its_own_browser_and_from_its_own_provider(
    linked: Office, servers: tuple[Outside, Outside]
) -> None:
    visitor = staff(linked, servers)
    back = visitor.at_provider(visitor.leave())
    stranger = staff(linked, servers)
    assert stranger.come(back).status_code == 422, "somebody else's answer signs nobody in (forged sign-in)"
    assert visitor.come(back.replace("state=", "state=x")).status_code == 422
    other = back.replace("/so-noi-vu/", "/vneid/")
    assert visitor.come(other).status_code == 422, "an answer for one provider means nothing at another"
    assert visitor.come(back).status_code == 302
    assert Visitor(linked, "so-noi-vu", servers[0], visitor.browser).come(back).status_code == 302, "to the page of identities"
    fresh = staff(linked, servers)
    again = back.split("code=")[1].split("&")[0]
    replayed = fresh.at_provider(fresh.leave())
    stolen = replayed.replace(replayed.split("code=")[1].split("&")[0], again)
    assert (fresh.come(stolen).status_code, is_in(fresh)) == (422, False), "a code that was used, with a state that was not"
    late = staff(linked, servers)
    back = late.at_provider(late.leave())
    linked.clock(NOON + LASTS)
    assert (late.come(back).status_code, is_in(late)) == (422, False)


def test_an_answer_that_says_it_comes_from_elsewhere_or_does_not_say_is_refused(linked: Office, servers: tuple[Outside, Outside]) -> None:
    for change in (lambda back: back.split("&iss=")[0], lambda back: back.split("&iss=")[0] + "&iss=https%3A%2F%2Fevil.example"):
        visitor = staff(linked, servers)
        answer = visitor.come(change(visitor.at_provider(visitor.leave())))
        assert (answer.status_code, is_in(visitor)) == (422, False)


def test_one_is_led_to_no_other_site_afterwards(linked: Office, servers: tuple[Outside, Outside]) -> None:
    for target in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        assert staff(linked, servers).sign_in(target).location == "/inbox"


def test_who_stops_at_the_provider_is_told_so(linked: Office, servers: tuple[Outside, Outside]) -> None:
    visitor = staff(linked, servers)
    back = visitor.at_provider(visitor.leave())
    answer = visitor.browser.get(back.split("code=")[0] + "error=access_denied&" + back.split("&", 1)[1])
    assert answer.status_code == 422
    assert "chưa đồng ý hoặc đã dừng lại" in words_of(answer)


def test_a_provider_that_is_down_or_slow_is_said_in_words_and_not_asked_again_at_once(
    linked: Office, servers: tuple[Outside, Outside], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_side, "CALL_SECONDS", 0.4)
    visitor = staff(linked, servers)
    began = time.monotonic()
    answer = visitor.sign_in(hold=True)
    assert time.monotonic() - began < 30, "it would not have answered for an hour"
    assert answer.status_code == 422
    assert "Hiện không liên lạc được" in words_of(answer)
    client = linked.app.extensions["outside"]["so-noi-vu"]
    with pytest.raises(ProviderAway):
        client.subject_of("code", redirect_uri="https://here/", nonce="n", verifier="v", now=NOON)
    client._rests_until, client._metadata = 0.0, None
    client._door = client._door.__class__()
    before = len(rows(OutsideSignIn))
    answer = visitor.browser.post("/sign-in/outside/so-noi-vu")
    assert (answer.status_code, len(rows(OutsideSignIn))) == (422, before), "an address inside this network is not even called"


def test_a_second_step_is_asked_for_unless_the_provider_proves_two_factors(linked: Office, servers: tuple[Outside, Outside]) -> None:
    with unit_of_work():
        operator = linked.world.people["operator"].id
        db.session.add(CodeApp(account_id=operator, sealed_secret=seal_text("x", purpose="y"), last_step=0, created_at=NOON))
    visitor = staff(linked, servers)
    assert visitor.sign_in("/search").location.startswith("/sign-in/second")
    assert not is_in(visitor)
    assert not is_in_after(linked, servers, {"amr": ["pwd"]})
    assert not is_in_after(linked, servers, {"amr": "mfa"}), "a text is no list"
    assert is_in_after(linked, servers, {"amr": ["pwd", "mfa"]})
    assert is_in_after(linked, servers, {"acr": "loa3"})


def is_in_after(office: Office, servers: tuple[Outside, Outside], claims: dict[str, Any]) -> bool:
    visitor = staff(office, servers)
    visitor.sign_in(claims=claims)
    return is_in(visitor)


def test_a_closed_account_stays_closed(linked: Office, servers: tuple[Outside, Outside]) -> None:
    with unit_of_work():
        rows(OutsideIdentity)[0].account.disabled_at = NOON
    visitor = staff(linked, servers)
    assert visitor.sign_in().status_code == 422
    assert not is_in(visitor)


def test_linking_needs_the_person_still_signed_in_and_an_identity_that_is_free(
    linked: Office, servers: tuple[Outside, Outside]
) -> None:
    other = Visitor(linked, "so-noi-vu", servers[0], linked.browser("ops_lead"))
    other.link()
    assert "đã liên kết với một tài khoản khác" in words_of(other.browser.get("/account/identities"))
    back = other.at_provider(other.leave("/account/identities/so-noi-vu"))
    other.browser.post("/sign-out")
    assert other.come(back, **{"as": "lan"}).status_code == 422
    assert [row.account.login for row in rows(OutsideIdentity)] == ["operator"]
    assert client_of(linked.app).post("/account/identities/so-noi-vu").status_code == 401


def test_linking_and_unlinking_ask_once_more_who_sits_there(linked: Office) -> None:
    (row,) = rows(OutsideIdentity)
    linked.clock(NOON + timedelta(minutes=31))
    for address in ("/account/identities/so-noi-vu", f"/account/identities/{row.ref}/removal"):
        assert linked.post("operator", address).status_code == 401
    assert len(rows(OutsideIdentity)) == 1


def test_a_link_is_taken_away_by_its_owner_alone_and_opens_nothing_then(linked: Office, servers: tuple[Outside, Outside]) -> None:
    (row,) = rows(OutsideIdentity)
    assert linked.post("ops_lead", f"/account/identities/{row.ref}/removal").status_code == 404
    assert linked.post("operator", f"/account/identities/{row.ref}/removal").status_code == 302
    assert rows(OutsideIdentity) == []
    assert staff(linked, servers).sign_in().status_code == 422


def test_an_administrator_links_by_subject_with_a_reason_and_takes_it_away(office: Office, servers: tuple[Outside, Outside]) -> None:
    ref = office.world.people["operator"].ref
    page = f"/settings/people/{ref}/identities"
    form = {"act": "link", "provider": "so-noi-vu", "subject": "mai"}
    assert office.post("overseer", page, **form).status_code == 422, "why is asked for"
    assert "lý do" in words_of(office.post("overseer", page, **form))
    assert office.post("overseer", page, **form, reason="Theo danh sách Sở Nội vụ").status_code == 302
    assert staff(office, servers).sign_in().status_code == 302
    assert office.post("operator", page, **form, reason="Tự cho").status_code == 403
    own = f"/settings/people/{office.world.people['overseer'].ref}/identities"
    assert office.post("overseer", own, **form, reason="Tự cho mình").status_code == 422
    (row,) = rows(OutsideIdentity)
    assert office.post("overseer", page, act="unlink", identity=row.ref, reason="Nghỉ việc").status_code == 302
    assert rows(OutsideIdentity) == []
    assert "mai" not in json.dumps([each.payload for each in rows(Event) if each.type == "change_setting"])


def test_a_citizen_agrees_first_and_their_number_is_kept_as_a_digest_alone(office: Office, servers: tuple[Outside, Outside]) -> None:
    visitor = Visitor(office, "vneid", servers[1])
    who = {"as": "kc-1", "claims": {"SoDinhDanh": NUMBER, "HoVaTen": "Kơ Dơng Ha Lem"}}
    assert visitor.sign_in("/reports/new", **who).location == "/sign-in/outside-new"
    assert [row for row in rows(Account) if row.kind == "citizen" and row.password_hash is None] == [], "nothing is kept yet"
    assert 'value="Kơ Dơng Ha Lem"' in visitor.browser.get("/sign-in/outside-new").text
    assert client_of(office.app).get("/sign-in/outside-new").location == "/sign-in", "in that browser alone"
    assert visitor.browser.post("/sign-in/outside-new", data={"name": "Ha Lem"}).status_code == 422
    done = visitor.browser.post("/sign-in/outside-new", data={"name": "Ha Lem", "consent": "y", "consent_notice": "2026-12"})
    assert done.location == "/reports/new"
    (row,) = rows(OutsideIdentity)
    assert (row.account.kind, row.account.consented_at, open_contact(row.account.sealed_identity).name) == ("citizen", NOON, "Ha Lem")
    assert row.number_digest is not None
    assert NUMBER not in str(vars(row))
    assert visitor.browser.get("/sign-in/outside-new").location != "/reports/new"
    again = Visitor(office, "vneid", servers[1])
    assert again.sign_in(**who).location == "/mine", "the second time nothing is asked"
    renamed = {"as": "kc-2", "claims": {"SoDinhDanh": NUMBER}}
    assert Visitor(office, "vneid", servers[1]).sign_in(**renamed).location == "/mine", "the same number is the same person"
    assert len(rows(OutsideIdentity)) == 1
    refused = again.browser.post(f"/account/identities/{rows(OutsideIdentity)[0].ref}/removal")
    assert refused.status_code == 422
    assert "cách đăng nhập duy nhất" in words_of(refused)
    with unit_of_work():
        forget_identities(rows(OutsideIdentity)[0].account_id)
    assert Visitor(office, "vneid", servers[1]).sign_in(**who).location == "/sign-in/outside-new"


def test_a_provider_of_citizens_opens_no_account_of_staff(linked: Office) -> None:
    row = rows(OutsideIdentity)[0]
    who = Subject("so-noi-vu", linked.app.extensions["outside"]["so-noi-vu"].provider.issuer, "mai")
    with unit_of_work():
        assert account_of_subject(who, kind="citizen", now=NOON) is None
        assert account_of_subject(who, kind="staff", now=NOON) is row.account


def test_what_was_never_finished_is_forgotten(office: Office, servers: tuple[Outside, Outside]) -> None:
    staff(office, servers).leave()
    Visitor(office, "vneid", servers[1]).sign_in(claims={"HoVaTen": "Ha Lem"})
    with unit_of_work():
        sweep_outside(NOON + LASTS)
    assert [row.sealed_secrets for row in rows(OutsideSignIn)] == [None] * len(rows(OutsideSignIn))
    with unit_of_work():
        sweep_outside(NOON + LASTS + timedelta(days=2))
    assert rows(OutsideSignIn) == []


def test_a_number_nobody_vouches_for_opens_no_account(office: Office, servers: tuple[Outside, Outside]) -> None:
    who, vneid = {"as": "kc-1", "claims": {"SoDinhDanh": NUMBER, "HoVaTen": "Ha Lem"}}, office.app.extensions["outside"]["vneid"]
    visitor = Visitor(office, "vneid", servers[1])
    visitor.sign_in(**who)
    visitor.browser.post("/sign-in/outside-new", data={"name": "Ha Lem", "consent": "y", "consent_notice": "2026-12"})
    vneid.provider = replace(vneid.provider, number_identifies=False)
    stranger = Visitor(office, "vneid", servers[1])
    assert stranger.sign_in(**{**who, "as": "kc-2"}).location == "/sign-in/outside-new", "somebody new"
    assert not is_in(stranger)
    assert Visitor(office, "vneid", servers[1]).sign_in(**who).location == "/mine", "whose identity it is still gets in"


@pytest.mark.exhaustive
def test_a_whole_office_signs_in_within_a_quarter_of_an_hour(linked: Office, servers: tuple[Outside, Outside]) -> None:
    for _ in range(70):
        visitor = staff(linked, servers)
        assert visitor.sign_in().status_code == 302
        assert is_in(visitor)


def test_a_stranger_of_the_same_network_stops_no_browser_that_has_been_here(
    linked: Office, servers: tuple[Outside, Outside], monkeypatch: pytest.MonkeyPatch
) -> None:
    from web.accounts import sign_in_elsewhere as sign_in

    known = staff(linked, servers)
    known.sign_in()
    known.browser.post("/sign-out")
    on_the_way = staff(linked, servers)
    back = on_the_way.at_provider(on_the_way.leave())
    monkeypatch.setattr(sign_in, "NETWORK", replace(sign_in.NETWORK, most=5))
    answers = [client_of(linked.app).post("/sign-in/outside/so-noi-vu").status_code for _ in range(8)]
    assert answers[-1] == 429
    on_the_way.come(back)
    assert is_in(on_the_way), "who had left already comes back"
    known.sign_in()
    assert is_in(known)
    assert Visitor(linked, "vneid", servers[1]).leave(), "the other provider has a counter of its own"
    monkeypatch.setattr(sign_in, "KNOWN", replace(sign_in.KNOWN, most=2))
    assert [known.browser.post("/sign-in/outside/so-noi-vu").status_code for _ in range(2)][-1] == 429, "the browser has a bound of its own"


GOOD = {**SETTINGS["so-noi-vu"], "enabled": True, "issuer": "https://dangnhap.example.vn", "client_id": "x",
        "secret_variable": "OIDC_SECRET"}


@pytest.mark.parametrize(("change", "words"), [
    ({"issuer": "http://dangnhap.example.vn"}, "https://"), ({"issuer": "https://u:p@dangnhap.example.vn"}, "https://"),
    ({"issuer": None}, "issuer is missing"), ({"serves": "everybody"}, "serves is staff or citizens"), ({"clientid": "x"}, "client_id"),
    ({"secret_variable": "LANGBIANG_X"}, "does not begin with"), ({"secret_variable": None}, "one of secret_variable"),
    ({"secret_file": "nowhere"}, "one of secret_variable"), ({"scope": "profile"}, "openid"), ({"enabled": "yes"}, "true or false"),
    ({"endpoints": {"token": "https://x.vn/"}}, "all of"), ({"second_factor": {"amr": "mfa"}}, "lists of texts"),
    ({"name": {"vi": "A"}}, "in vi and en"), ({"authentication": "none"}, "no secret"), ({"authentication": "private_key_jwt"}, "one of"),
])  # fmt: skip
def test_a_file_of_providers_with_a_fault_stops_the_program_with_a_sentence(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    told = {name: value for name, value in {**GOOD, **change}.items() if value is not None}
    with pytest.raises(SettingRefused, match=words):
        open_providers(write(tmp_path, {"so-noi-vu": told}), {"OIDC_SECRET": "s"})  # type: ignore[arg-type]


def test_a_provider_is_off_until_it_is_switched_on(tmp_path: Path) -> None:
    off = {name: value for name, value in GOOD.items() if name != "enabled"}
    found = open_providers(write(tmp_path, {"on": GOOD, "off": {**off, "client_id": "y"}}), {"OIDC_SECRET": "s"})  # type: ignore[arg-type]
    assert list(found) == ["on"]
    with pytest.raises(SettingRefused, match="the same issuer"):
        open_providers(write(tmp_path, {"a": GOOD, "b": GOOD}), {"OIDC_SECRET": "s"})  # type: ignore[arg-type]


