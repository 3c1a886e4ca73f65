"""A centre's directory lists, finds, adds and changes its people, and reaches nobody else and nothing else of them."""
from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from casework.db import db, unit_of_work
from casework.doors.gates import Door, setting_of
from casework.doors.people.acts import remove
from casework.doors.people.rows import Wanted, people_of
from casework.models import Account, Event, Membership, ProvisionedPerson
from casework.permissions import Action, Role
from casework.settings.scopes import not_wholly_theirs
from tests import build, service_accounts
from tests.conftest import client_of
from tests.second_centre import of_the_installation, second_world
from tests.web.open311.asked import put
from tests.web.scim.asked import MEDIA, NOON, USER, Directory, opened


@pytest.fixture
def directory(app: Flask) -> Directory:
    return opened(app)


def test_a_closed_door_is_not_there_with_or_without_a_key(directory: Directory) -> None:
    put(directory.world, setting_of(Door.SCIM), "closed")
    for path in ("Users", f"Users/{directory.ref('operator')}", "ServiceProviderConfig", "Schemas", "no-such"):
        for method in ("GET", "OPTIONS"):
            assert directory.send(method, path).status_code == directory.send(method, path, key="").status_code == 404, (method, path)


def test_keys_that_are_missing_wrong_or_of_another_thing_are_told_apart_and_learn_nothing(directory: Directory) -> None:
    _, other = service_accounts.made(directory.world, Action.SEARCH_CASES, agency=None, name="Hệ thống tra cứu")
    _, agencys = service_accounts.made(directory.world, Action.READ_CASE, name="Hệ thống đơn vị")
    answer = directory.send("GET", "Users", key="")
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert directory.send("GET", "Users", key=f"{directory.key}0").status_code == 401
    for key in (other, agencys):
        for method, path in (("GET", "Users"), ("POST", "Users"), ("DELETE", f"Users/{directory.ref('operator')}")):
            assert directory.send(method, path, {} if method == "POST" else None, key=key).status_code == 403
    assert directory.send("GET", "Users").content_type == MEDIA
    assert "Set-Cookie" not in directory.send("GET", "Users").headers


def test_the_scope_opens_no_other_door_and_no_page(directory: Directory) -> None:
    put(directory.world, setting_of(Door.OPEN311), "open")
    answer = client_of(directory.app).post("/open311/v2/requests.json", headers={"Authorization": f"Bearer {directory.key}"})
    assert answer.status_code == 403
    assert client_of(directory.app).get("/settings/people", headers={"Authorization": f"Bearer {directory.key}"}).status_code == 302


def test_people_of_the_centre_are_listed_in_pages_and_nobody_else(directory: Directory) -> None:
    other = second_world(directory.world)
    over_all = of_the_installation(directory.world, "over_all", Role.ADMINISTRATOR)
    with unit_of_work():
        both = build.staff(directory.world, "both", Role.OPERATOR)
        db.session.add(Membership(account=both, role=Role.OPERATOR, centre_id=other.centre.id, valid_from=build.LONG_AGO))
    everybody = directory.get("Users", count="200")
    names = {row["userName"] for row in everybody["Resources"]}
    assert {"operator", "administrator", "officer_ptnmt"} <= names
    assert not names & {"both", over_all.login, "operator_dn", "administrator_dn"}
    assert all("citizen" not in name for name in names)
    assert everybody["totalResults"] == len(names) == everybody["itemsPerPage"]
    pages = [directory.get("Users", startIndex=str(start), count="2")["Resources"] for start in range(1, len(names) + 1, 2)]
    assert [row["id"] for page in pages for row in page] == [row["id"] for row in everybody["Resources"]]
    assert directory.get("Users", count="0") == {**everybody, "Resources": [], "itemsPerPage": 0}
    assert directory.get("Users", startIndex="-3", count="-1")["Resources"] == []
    for foreign in (other.people["operator"], both, over_all, other.people["citizen"]):
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            body = {"Operations": [{"op": "replace", "value": {"active": False}}], "displayName": "Ai"}
            answer = directory.send(method, f"Users/{foreign.ref}", body if method in ("PUT", "PATCH") else None)
            assert answer.status_code == 404, (method, foreign.login)
        assert db.session.get_one(Account, foreign.id, populate_existing=True).disabled_at is None


def test_who_is_seen_in_sql_is_who_is_wholly_of_the_centre(directory: Directory) -> None:
    other = second_world(directory.world)
    with unit_of_work():
        left = build.staff(directory.world, "left", Role.OPERATOR)
        left.memberships[0].valid_to = NOON.date()
        moved = build.staff(directory.world, "moved", Role.OPERATOR)
        moved.memberships[0].valid_to = NOON.date()
        db.session.add(Membership(account=moved, role=Role.OPERATOR, centre_id=other.centre.id, valid_from=build.LONG_AGO))
    directory.add("khong.vai.tro")
    by = directory.world.actor("administrator")
    accounts = list(db.session.scalars(select(Account).where(Account.kind == "staff")))
    own = {each.ref for each in accounts} - {each.ref for each in accounts if each.id in not_wholly_theirs(by, accounts, now=NOON)}
    rows, total = people_of(directory.world.centre.id, Wanted(), skip=0, count=200, now=NOON)
    assert {row.ref for row in rows} == own
    assert total == len(own)
    assert left.ref in own
    assert moved.ref not in own


def test_one_is_found_by_name_identifier_or_id_and_other_filters_are_refused(directory: Directory) -> None:
    ref = directory.add("nguyen.moi", externalId="a-1\"b", title="Chuyên viên", emails=[{"type": "work", "value": "moi@lamdong.vn"}])["id"]
    for typed in ('userName eq "NGUYEN.moi"', 'USERNAME Eq "nguyen.moi"', f'id eq "{ref}"', r'externalId eq "a-1\"b"',
                  f'{USER}:userName eq "nguyen.moi"'):  # fmt: skip
        assert [row["id"] for row in directory.found(typed)] == [ref], typed
    assert directory.found('externalId eq "A-1\\"b"') == directory.found('userName eq "ai.do"') == directory.found('id eq "\\u0000"') == []
    for typed in ("userName", 'userName sw "n"', 'displayName eq "x"', 'userName eq "a" or id eq "b"', 'userName eq "', "x" * 2_000):
        answer = client_of(directory.app).get(
            "/scim/v2/Users", query_string={"filter": typed}, headers={"Authorization": f"Bearer {directory.key}"}
        )
        assert (answer.status_code, answer.json["scimType"]) == (400, "invalidFilter"), typed


def test_a_person_added_holds_no_role_has_no_password_and_can_do_nothing(directory: Directory) -> None:
    answer = directory.send("POST", "Users", {"userName": "Tran.Moi", "name": {"formatted": "Trần Mới"}, "emails": [
        {"type": "home", "value": "nha@lamdong.vn"}, {"type": "Work", "value": "Moi@lamdong.vn", "primary": True}]})  # fmt: skip
    assert answer.status_code == 201
    assert answer.headers["Location"].endswith(f"/scim/v2/Users/{answer.json['id']}")
    assert (answer.json["userName"], answer.json["displayName"], answer.json["active"]) == ("tran.moi", "Trần Mới", True)
    assert answer.json["emails"] == [{"value": "moi@lamdong.vn", "type": "work"}]
    assert "externalId" not in answer.json
    account = db.session.scalars(select(Account).where(Account.login == "tran.moi")).one()
    assert (account.kind, account.password_hash, account.memberships) == ("staff", None, [])
    event = db.session.scalars(select(Event).where(Event.type == "change_setting").order_by(Event.id.desc())).first()
    assert event is not None
    assert event.payload["kind"] == "account"
    assert event.payload["centre_id"] == directory.world.centre.id
    again = directory.send("POST", "Users", {"userName": "TRAN.moi", "displayName": "Người khác"})
    assert (again.status_code, again.json["scimType"], again.json["status"]) == (409, "uniqueness", "409")


def test_an_administrator_finds_whom_the_directory_added_and_gives_the_role(directory: Directory) -> None:
    from casework.settings.people import is_own
    from casework.settings.scopes import person_of

    ref, other = directory.add("le.moi")["id"], second_world(directory.world)
    account = person_of(directory.world.actor("administrator"), ref)
    assert account is not None
    assert is_own(directory.world.actor("administrator"), account, NOON)
    assert person_of(other.actor("administrator"), ref) is None


@pytest.mark.exhaustive
def test_nothing_but_the_members_listed_can_be_written(directory: Directory) -> None:
    ref = directory.add("le.moi", roles=["administrator"])["id"]
    account = db.session.scalars(select(Account).where(Account.ref == ref)).one()
    id_ = account.id
    columns = [column.key for column in Account.__table__.columns]
    mine = {"login", "full_name", "folded_name", "title_vi", "email", "disabled_at"}
    before = {name: getattr(account, name) for name in columns}
    more = dict.fromkeys(columns, "x") | {"password": "abc", "roles": [{"value": "administrator"}], "memberships": [1], "groups": ["a"],
                                              "kind": "system", "id": "x", "meta": {"x": 1}, "schemas": ["y"],
                                              "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": "x"}}  # fmt: skip
    more = {name: value for name, value in more.items() if name not in ("title", "email")}
    assert directory.send("PUT", f"Users/{ref}", {"userName": "le.moi", "displayName": "Lê Mới", **more}).status_code == 200
    for own in ("id", "meta", "schemas"):
        del more[own]
    assert directory.patch(ref, {"op": "add", "value": more}).status_code == 200
    for name in ("password", "roles", "memberships", "kind", "language", "phone", "ref", "must_change_password", "password_hash"):
        assert directory.patch(ref, {"op": "replace", "path": name, "value": "x"}).status_code == 200
    db.session.expire_all()
    after = {name: getattr(db.session.get_one(Account, id_), name) for name in columns}
    assert {name for name in columns if before[name] != after[name]} <= mine
    assert after["login"] == "le.moi"
    assert after["kind"] == "staff"
    assert after["password_hash"] is None
    assert db.session.scalar(select(func.count()).where(Membership.account_id == id_)) == 0


def test_a_person_is_changed_and_the_user_name_stays(directory: Directory) -> None:
    ref = directory.add("le.moi", title="Chuyên viên")["id"]
    entra = [{"op": "Replace", "path": "displayName", "value": "Lê Văn Mới"},
             {"op": "Add", "path": 'emails[type eq "work"].value', "value": "le@lamdong.vn"},
             {"op": "Replace", "path": "title", "value": [{"$ref": None, "value": "Phó phòng"}]},
             {"op": "Add", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "value": "P1"}]  # fmt: skip
    answer = directory.patch(ref, *entra)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert (answer.json["name"]["formatted"], answer.json["title"]) == ("Lê Văn Mới", "Phó phòng")
    assert answer.json["emails"][0]["value"] == "le@lamdong.vn"
    flat = directory.patch(ref, {"op": "replace", "value": {"name.formatted": "Lê Mới", 'emails[type eq "work"].value': "m@lamdong.vn"}})
    assert (flat.json["displayName"], flat.json["emails"][0]["value"]) == ("Lê Mới", "m@lamdong.vn")
    assert "title" not in directory.patch(ref, {"op": "remove", "path": "title"}).json
    assert "emails" not in directory.send("PUT", f"Users/{ref}", {"userName": "LE.moi", "displayName": "Lê Mới"}).json
    for wrong, kind in (({"op": "replace", "path": "userName", "value": "khac"}, "mutability"), ({"op": "remove"}, "noTarget"),
                        ({"op": "remove", "path": "displayName"}, "mutability"),
                        ({"op": "replace", "path": "id", "value": "x"}, "mutability"),
                        ({"op": "replace", "path": "a[", "value": "x"}, "invalidPath"), ({"op": "swap", "path": "title"}, "invalidSyntax"),
                        ({"op": "replace", "path": "active", "value": "nein"}, "invalidValue"),
                        ({"op": "replace", "path": "displayName", "value": "a\0b"}, "invalidValue"),
                        ({"op": "replace", "path": 'emails[type eq "work"].value', "value": "kein"}, "invalidValue")):  # fmt: skip
        refused = directory.patch(ref, wrong)
        assert (refused.status_code, refused.json["scimType"]) == (400, kind), wrong
        assert refused.json["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]


@pytest.mark.exhaustive
def test_what_cannot_be_read_is_refused_and_never_a_fault_of_ours(directory: Directory) -> None:
    ref = directory.add("le.moi")["id"]
    headers = {"Authorization": f"Bearer {directory.key}"}
    bodies: list[bytes] = [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"userName": NaN}', b"[" * 100_000, b'{"userName": "\\ud800"}',
                           b'{"userName": 1}', b'{"userName": "a b"}', b'{"userName": "0912345678", "displayName": "x"}',
                           b'{"userName": "x"}', b'{"userName": "moi.x", "displayName": "' + b"x" * 500 + b'"}',
                           b'{"Operations": {}}', b'{"Operations": [1]}', b'{"Operations": [' + b"1," * 200 + b"1]}"]  # fmt: skip
    for sent in bodies:
        for method, path in (("POST", "Users"), ("PUT", f"Users/{ref}"), ("PATCH", f"Users/{ref}")):
            answer = client_of(directory.app).open(f"/scim/v2/{path}", method=method, data=sent, content_type=MEDIA, headers=headers)
            assert answer.status_code in (200, 400), (sent[:40], method, answer.status_code)
            assert answer.status_code == 400 or method == "PUT"
    assert client_of(directory.app).post("/scim/v2/Users", data=b"{}", content_type="text/plain", headers=headers).status_code == 415
    large = client_of(directory.app).post("/scim/v2/Users", data=b"x" * 1_100_000, content_type=MEDIA, headers=headers)
    assert large.status_code == 413
    assert directory.send("POST", ".search", {}).status_code == 501
    assert directory.send("DELETE", "Schemas").status_code == 405
    assert directory.send("GET", "Groups").status_code == 404
    assert directory.send("OPTIONS", "Users").status_code == 405
    assert client_of(directory.app).get("/scim/v2/Users?count=x", headers=headers).status_code == 400
    assert client_of(directory.app).get("/scim/v2/Users/%00", headers=headers).status_code == 404


def test_a_change_of_an_earlier_state_is_refused_and_an_unchanged_person_not_sent_again(directory: Directory) -> None:
    ref = directory.add("le.moi")["id"]
    read = directory.send("GET", f"Users/{ref}")
    mark = read.headers["ETag"]
    assert mark == read.json["meta"]["version"]
    assert directory.send("GET", f"Users/{ref}", If_None_Match=mark).status_code == 304
    assert directory.patch(ref, {"op": "replace", "path": "title", "value": "Phó phòng"}, If_Match=mark).status_code == 200
    for method, body in (("PATCH", {"Operations": [{"op": "replace", "path": "title", "value": "x"}]}), ("DELETE", None),
                         ("PUT", {"displayName": "x"})):  # fmt: skip
        assert directory.send(method, f"Users/{ref}", body, If_Match=mark).status_code == 412
    assert directory.get(f"Users/{ref}")["title"] == "Phó phòng"


def test_attributes_are_narrowed_as_asked(directory: Directory) -> None:
    ref = directory.add("le.moi", title="Phó phòng")["id"]
    assert set(directory.get(f"Users/{ref}", attributes="userName,name.formatted")) == {"schemas", "id", "userName", "name"}
    assert "title" not in directory.get(f"Users/{ref}", excludedAttributes=f"{USER}:title")


def test_acts_and_reading_are_limited_and_tell_when_to_come_again(directory: Directory) -> None:
    put(directory.world, "door_acts", "2", everywhere=True)
    for _ in range(2):
        assert directory.send("POST", "Users", {}).status_code == 400
    answer = directory.send("POST", "Users", {})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    put(directory.world, "door_reads_key", "1", everywhere=True)
    assert [directory.send("GET", "Users").status_code for _ in range(2)] == [200, 429]


def test_an_identifier_names_one_person_and_is_sealed(directory: Directory) -> None:
    ref = directory.add("le.moi", externalId="khoa-cua-le")["id"]
    row = db.session.scalars(select(ProvisionedPerson)).one()
    assert row.sealed_external is not None
    assert b"khoa-cua-le" not in row.sealed_external
    other = directory.add("tran.moi")["id"]
    refused = directory.patch(other, {"op": "add", "path": "externalId", "value": "khoa-cua-le"})
    assert (refused.status_code, refused.json["scimType"]) == (409, "uniqueness")
    assert "externalId" not in directory.patch(ref, {"op": "remove", "path": "externalId"}).json
    assert directory.patch(other, {"op": "add", "path": "externalId", "value": "khoa-cua-le"}).status_code == 200


def test_what_one_centres_directory_said_is_nothing_to_that_of_another(directory: Directory) -> None:
    ref = directory.add("le.moi", externalId="123")["id"]
    other = second_world(directory.world)
    account = db.session.scalars(select(Account).where(Account.ref == ref)).one()
    with unit_of_work():
        remove(db.session.get_one(Account, account.id), centre_id=other.centre.id, now=NOON)
    row = db.session.get_one(ProvisionedPerson, account.id, populate_existing=True)
    assert (row.centre_id, row.sealed_external, row.external_digest) == (other.centre.id, None, None)


def test_a_name_within_its_own_name_is_no_fault_of_ours(directory: Directory) -> None:
    deep = f'{{"{USER}":' * 1_000 + "{}" + "}" * 1_000
    answer = client_of(directory.app).put(
        f"/scim/v2/Users/{directory.ref('operator')}", data=deep, content_type=MEDIA, headers={"Authorization": f"Bearer {directory.key}"}
    )
    assert answer.status_code in (200, 400)


def test_a_list_of_two_hundred_takes_a_handful_of_statements(directory: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    with unit_of_work():
        for number in range(210):
            account = Account(kind="staff", login=f"nguoi.{number}", full_name=f"Người {number}", created_at=NOON)
            db.session.add(account)
            db.session.flush()
            db.session.add(ProvisionedPerson(account_id=account.id, centre_id=directory.world.centre.id, created_at=NOON))
    directory.get("Users", count="1")
    counted: list[Any] = []
    from sqlalchemy import event

    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH", "INSERT", "UPDATE")):
            counted.append(statement)

    event.listen(db.engine, "before_cursor_execute", count)
    try:
        answer = directory.get("Users", count="500")
    finally:
        event.remove(db.engine, "before_cursor_execute", count)
    assert len(answer["Resources"]) == 200
    assert answer["totalResults"] > 210
    assert len(counted) <= 8, counted
