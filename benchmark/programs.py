"""Other systems that do a part of the acts of a life by REST, each for an agency of its own and in the name of its officer."""

import json
from collections.abc import Iterator
from datetime import datetime
from itertools import count

from sqlalchemy import select

from benchmark.life import Staff
from benchmark.pages import PageFailed
from benchmark.visitors import HttpBrowser, Notebook
from casework.db import db
from casework.doors.accounts import ServiceWish, add_service_account
from casework.doors.behalf import agree
from casework.doors.gates import OPEN_DOOR, Door, setting_of
from casework.doors.keys import add_key
from casework.local_time import local_day
from casework.models import Account, Agency, Centre, Membership
from casework.permissions import Action, Role, actor_for
from casework.settings.value_changes import set_value

STEPS = {"accept, lead": "accept_assignment", "accept, cooperating": "accept_assignment", "submit, cooperating": "submit_answer"}
"""The steps of a life that programs do, and by which act: with the report itself 3 of 14, a fifth."""
UNLIMITED = ("door_reads_key", "door_acts")
SCOPES = (Action.READ_INBOX, Action.ACCEPT_ASSIGNMENT, Action.SUBMIT_ANSWER)
REASON = "Đo tốc độ / to measure speed"


class Program(HttpBrowser):
    """The system of an agency: a key instead of cookies, JSON instead of forms; one request at a time."""

    def __init__(self, host: str, port: int, notebook: Notebook, key: str, officer: str) -> None:
        super().__init__(host, port, notebook)
        self._given = {"Authorization": f"Bearer {key}", "Langbiang-On-Behalf-Of": officer, "Accept": "application/json"}
        self._acts = count()

    def act(self, ref: str, verb: str, typed: dict[str, str]) -> None:
        """Read an assignment, and do an act on it as it was read. Raises PageFailed."""
        path = f"/api/v1/assignments/{ref}"
        self._call("GET", path, "life read")
        self._call("POST", f"{path}/{verb}", "life act", json.dumps(typed))

    def _call(self, method: str, path: str, kind: str, body: str | None = None) -> None:
        status, text, _ = self._ask(method, path, kind, body)
        if status != 200:
            raise PageFailed(f"{method} {path}: {status} {text[:200]}")

    def _headers(self, body: str | None) -> dict[str, str]:
        if body is None:
            return self._given
        fresh = f"benchmark-{id(self)}-{next(self._acts):06}"
        return {**self._given, "Content-Type": "application/json", "If-Match": self.etag, "Idempotency-Key": fresh}


def take_on_programs(staff: Staff, now: datetime) -> dict[int, tuple[str, str]]:
    """Open the API and give each agency a service account: its key and its officer's ref, by agency. In the caller's unit of work."""
    centre, today = db.session.get_one(Centre, staff.centre_id), local_day(now)
    account = Account(
        kind="staff", login="benchmark_administrator", full_name="administrator", title_vi="", title_en="", created_at=now,
    )  # fmt: skip
    account.memberships.append(Membership(role=Role.ADMINISTRATOR, centre_id=centre.id, valid_from=today))
    db.session.add(account)
    db.session.flush()
    by = actor_for(account, now=now)
    set_value(setting_of(Door.API), OPEN_DOOR, by=by, now=now, reason=REASON, centre_id=centre.id)
    return dict(_programs(staff, centre, account, now))


def _programs(staff: Staff, centre: Centre, owner: Account, now: datetime) -> Iterator[tuple[int, tuple[str, str]]]:
    by = actor_for(owner, now=now)
    for number, agency_id in enumerate(staff.agency_ids):
        wish = ServiceWish(name=f"benchmark {number}", owner=owner, purpose=REASON, scopes=SCOPES)
        row = add_service_account(wish, centre=centre, agency=db.session.get_one(Agency, agency_id), by=by, now=now, reason=REASON)
        officer = db.session.scalars(select(Account).where(Account.id == staff.accounts[f"officer_{number}"])).one()
        agree(row, by=actor_for(officer, now=now), now=now)
        yield number, (add_key(row, by=by, now=now, reason=REASON)[1], officer.ref)
