"""People: listed, found, added, changed, closed and removed by their centre's directory.

Closing goes before any other change, because cases are locked before the stream of the rules (workflows/reorganising/leaving.py).
"""

import re
from datetime import UTC
from typing import Any

from flask import Response, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from casework.db import db, unit_of_work
from casework.doors.gates import Door
from casework.doors.people.acts import (
    REASON,
    Issuer,
    administrator_of,
    admit,
    change,
    identify,
    note_closed,
    readmit,
    refuse_last_administrator,
    remove,
)
from casework.doors.people.rows import MOST_LISTED, Person, people_of, person_in
from casework.models import Account
from casework.permissions import Action, Actor
from casework.settings.scopes import one_at_a_time
from web.accounts.oidc_providers import STAFF
from web.accounts.sign_in_elsewhere import outside_providers
from web.clock import now
from web.door_keys import known_caller, through_door
from web.scim import reading
from web.scim.door import address_of, answered, bp, listed, mark_of
from web.scim.faults import Refused
from web.scim.schemas import USER
from workflows.reorganising.leaving import shut_out

USUAL_COUNT = 100
ALWAYS = ("schemas", "id")
_REF = re.compile(r"[\w-]{1,32}", re.ASCII)


@bp.get("/Users")
@through_door(Door.SCIM, Action.MANAGE_PEOPLE)
def users() -> ResponseReturnValue:
    """A page of people, `startIndex` from 1; two statements besides those of the key."""
    start = max(reading.whole_number("startIndex", 1), 1)
    count = min(max(reading.whole_number("count", USUAL_COUNT), 0), MOST_LISTED)
    wanted = reading.wanted_people(request.args.get("filter", ""))
    if wanted is None:
        return listed([], total=0, start=start)
    rows, total = people_of(known_caller().centre_id, wanted, skip=start - 1, count=count, now=now())
    return listed([_narrowed(_resource(row)) for row in rows], total=total, start=start)


@bp.post("/Users")
@through_door(Door.SCIM, Action.MANAGE_PEOPLE, is_act=True)
def add() -> ResponseReturnValue:
    wished, moment = reading.person_in(reading.body()), now()
    if not wished.get("login"):
        raise Refused(400, "login_missing", "invalidValue")
    if not wished.get("full_name"):
        raise Refused(400, "name_missing", "invalidValue")
    by, centre_id, external = administrator_of(known_caller()), known_caller().centre_id, wished.get("external")
    with unit_of_work():
        account = admit(
            centre_id=centre_id, login=wished["login"], full_name=wished["full_name"], title=wished.get("title", ""),
            email=wished.get("email", ""), external=external, by=by, now=moment,
        )  # fmt: skip
        if not wished.get("is_active", True):
            shut_out(account, by=by, now=moment, reason=REASON)
            note_closed(account, centre_id=centre_id, now=moment)
        identify(account, external, centre_id=centre_id, issuer=_issuer(), by=by, now=moment)
        ref = account.ref
    return _answer(_found(ref), 201)


@bp.get("/Users/<ref>")
@through_door(Door.SCIM, Action.MANAGE_PEOPLE)
def user(ref: str) -> ResponseReturnValue:
    return _answer(_found(ref))


@bp.put("/Users/<ref>")
@through_door(Door.SCIM, Action.MANAGE_PEOPLE, is_act=True)
def replace(ref: str) -> ResponseReturnValue:
    """Write a person anew: title and address that are not named are taken away, name, identifier and state stay."""
    _found(ref)
    wished = reading.person_in(reading.body())
    return _changed(ref, {"title": "", "email": "", **wished})


@bp.patch("/Users/<ref>")
@through_door(Door.SCIM, Action.MANAGE_PEOPLE, is_act=True)
def patch(ref: str) -> ResponseReturnValue:
    _found(ref)
    return _changed(ref, reading.patch_in(reading.body()))


@bp.delete("/Users/<ref>")
@through_door(Door.SCIM, Action.MANAGE_PEOPLE, is_act=True)
def leave(ref: str) -> ResponseReturnValue:
    """Close the account, as `active: false` does; the row stays, and the directory does not meet it any more."""
    by, moment = administrator_of(known_caller()), now()
    with unit_of_work():
        person = _found(ref)
        _refuse_changed(person)
        account = db.session.get_one(Account, person.account_id)
        if person.is_active:
            _shut_out(account, by)
        remove(account, centre_id=known_caller().centre_id, now=moment)
    return Response(status=204)


def _changed(ref: str, wished: reading.Changes) -> Response:
    by, centre_id, moment = administrator_of(known_caller()), known_caller().centre_id, now()
    with unit_of_work():
        if wished.get("is_active", True):
            one_at_a_time()
        person = _found(ref)
        _refuse_changed(person)
        if "login" in wished and wished["login"].lower() != person.login:
            raise Refused(400, "login_stays", "mutability")
        if not wished.get("full_name", person.full_name):
            raise Refused(400, "name_missing", "invalidValue")
        account = db.session.get_one(Account, person.account_id)
        if person.is_active and not wished.get("is_active", True):
            _shut_out(account, by)
        if not person.is_active and wished.get("is_active", False):
            readmit(account, by=by, now=moment)
        change(
            account, by=by, now=moment, full_name=wished.get("full_name", person.full_name), title=wished.get("title", person.title),
            email=wished.get("email", person.email),
        )  # fmt: skip
        identify(account, wished.get("external", person.external), centre_id=centre_id, issuer=_issuer(), by=by, now=moment)
    return _answer(_found(ref))


def _shut_out(account: Account, by: Actor) -> None:
    refuse_last_administrator(account, by=by, now=now())
    shut_out(account, by=by, now=now(), reason=REASON)
    # asked again now that no other account can be closed before this commit: two at once would leave none
    db.session.flush()
    refuse_last_administrator(account, by=by, now=now())
    note_closed(account, centre_id=known_caller().centre_id, now=now())


def _issuer() -> Issuer | None:
    """The provider named on the key; None where it names none, or one that is switched off."""
    named = known_caller().provider
    found = next((each.provider for each in outside_providers(STAFF) if each.provider.key == named), None)
    return Issuer(found.key, found.issuer) if found is not None else None


def _found(ref: str) -> Person:
    person = person_in(known_caller().centre_id, ref, now=now()) if _REF.fullmatch(ref) else None
    if person is None:
        raise NotFound
    return person


def _refuse_changed(person: Person) -> None:
    """Raise Refused where the directory has seen another state of the person than there is."""
    if request.if_match and not request.if_match.contains_weak(mark_of(_bare(person))):
        raise Refused(412, "changed")


def _answer(person: Person, status: int = 200) -> Response:
    location = {"Location": address_of("Users", person.ref)} if status == 201 else {}
    return answered(_narrowed(_resource(person)), status, mark=mark_of(_bare(person)), **location)


def _resource(person: Person) -> dict[str, Any]:
    bare = _bare(person)
    return {**bare, "meta": {**bare["meta"], "version": f'W/"{mark_of(bare)}"'}}


def _bare(person: Person) -> dict[str, Any]:
    """A person without their version. What is empty is left out."""
    created = f"{person.created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"
    said: dict[str, Any] = {
        "schemas": [USER], "id": person.ref, "userName": person.login, "name": {"formatted": person.full_name},
        "displayName": person.full_name, "active": person.is_active,
        "meta": {"resourceType": "User", "created": created, "location": address_of("Users", person.ref)},
    }  # fmt: skip
    if person.external is not None:
        said["externalId"] = person.external
    if person.title:
        said["title"] = person.title
    if person.email:
        said["emails"] = [{"value": person.email, "type": "work"}]
    return said


def _narrowed(resource: dict[str, Any]) -> dict[str, Any]:
    """The attributes asked for, or without those asked to be left out; a part of one stands for all of it."""
    only, without = (
        {name.strip().rpartition(f"{USER.lower()}:")[2].partition(".")[0] for name in request.args.get(each, "").lower().split(",")} - {""}
        for each in ("attributes", "excludedAttributes")
    )
    if only:
        return {key: value for key, value in resource.items() if key.lower() in only or key in ALWAYS}
    return {key: value for key, value in resource.items() if key.lower() not in without or key in ALWAYS}
