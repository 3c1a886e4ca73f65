"""What 0.9.0 could leave behind and this release mends: made by its own program, migrated, and looked at from every side.

The installation is tests/soak/left_by_0_9.py. Nothing of it may need more than `langbiang migrate` and the worker, but what a person has to
decide: what was public of places and nobody had let out.
"""
from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Float, select
from werkzeug.test import TestResponse

from casework.clocks.acts import ClockKind
from casework.db import METADATA, db, unit_of_work
from casework.models import Account, Case, Centre, Clock, ElementSetting, Event
from casework.permissions import Actor, Role, actor_for
from tests.conftest import client_of, environment_of, running
from tests.kill.site import PromiseBroken
from tests.machines.cluster import snapshot
from tests.soak.machine import ROOT
from tests.soak.releases import Program, schema_of, schemas, unpacked
from tests.system.marks import Mark, found_in
from tests.system.test_canary import rows
from tests.web.pages import signed_in, words_of
from web.config import Config
from web.jobs.worker import jobs_of, run_job
from web.watching.command import health_lines
from workflows.models import MoveCase, ProcessInstance, ProcessMove, ProcessVersion, WaitingTask
from workflows.moving import batch, plans
from workflows.versions.live import live_version

RELEASE = "0.9.0"
LEFT = ROOT / "tests" / "soak" / "left_by_0_9.py"
WRONG_THERE = {"facts.state", "process.limit"}
"""What the old release's own verification finds: else the installation would not be the one that is meant."""

PLACE = Mark("the place somebody typed", "đường Hoa Hồng")
REASON = Mark("the name in a reason", "Zýndar Cil Yú")
POINT = (12.01234567, 108.41234567)
MARKS = (PLACE, REASON, Mark("north", str(POINT[0])), Mark("east", str(POINT[1])))
"""What nobody but the operations team reads after the migration, and no column holds in clear once the worker has run."""
MAY_STAND = {"event.payload": {REASON.name}, "output.reason": {REASON.name}}
"""A reason stands where lists with senders' names are told of, once, and in the order; never in the history of a case."""
TYPED = "Nhà tôi số 45/3 đường Hoa Hồng, 0912345678"
WAIT = {
    "ops_lead": ("typed, several at once", "typed, one click", "typed, closed", "typed, at work", "typed, not classified",
                 "typed, shown exactly", "merged", "main of a split", "split off"),
    "ops_lead_dn": ("elsewhere typed", "elsewhere handling", "elsewhere rating"),
}  # fmt: skip
"""By who decides on them: cases that held something for their village that no operator had let out."""

PUBLIC = ("/reports", "/reports.csv", "/reports.json", "/reports.atom", "/reports/points.json", "/reports?view=map", "/reports?q=hoa+hong",
          "/reports?q=45/3", "/statistics")  # fmt: skip
ROUNDS = 3
"""Of every job of the worker, after which it has nothing more to do."""

BESIDE = """
import json, sys
from datetime import UTC, datetime
from sqlalchemy import select
from casework.db import db
from casework.models import Account, Case
from tests.conftest import client_of, running
from tests.web.pages import signed_in
from web.config import Config
from workflows.models import WaitingTask
found = {}
with running(Config.from_environment()) as app:
    names = ("operator", "ops_lead", "officer_ptnmt", "leader_ptnmt", "administrator")
    people = {login: signed_in(app, client_of(app), db.session.scalars(select(Account).where(Account.login == login)).one(),
                               now=datetime.now(UTC)) for login in names}
    for login, browser in people.items():
        found[f"{login} /inbox"] = browser.get("/inbox").status_code
    for code, ref in db.session.execute(select(Case.code, Case.ref).where(Case.code.like("LD-%"), Case.quarantined_at.is_(None))).all():
        for address in (f"/cases/{ref}", f"/cases/{ref}/diagram"):
            found[f"operator {address}"] = people["operator"].get(address).status_code
    for address in ("/reports", "/reports.json", "/reports.csv"):
        found[f"guest {address}"] = client_of(app).get(address).status_code
    ref = db.session.scalars(select(WaitingTask.ref).join(Case, Case.id == WaitingTask.case_id)
                             .where(Case.code == sys.argv[1], WaitingTask.state == "waiting", WaitingTask.element == "classify")).one()
    answer = people["operator"].post("/inbox/bulk/classify", data={
        "task": [ref], "sent": "yes", "field": "rung_dat_moi_truong", "urgency": "normal", "complexity": "ordinary"})
    found["operator classifies"] = answer.status_code
    state = db.session.scalars(select(Case.state).where(Case.code == sys.argv[1])).one()
print(json.dumps({"answers": found, "state": state}))
"""
"""The old program on the new tables: people read their pages, and somebody classifies with what was typed for the place."""


class Left:
    """The installation under this release: its people, cases and pages."""

    def __init__(self, app: Flask, told: dict[str, Any]) -> None:
        self.app, self._told = app, told
        self._browsers: dict[str, FlaskClient] = {}

    def account(self, login: str) -> Account:
        return db.session.scalars(select(Account).where(Account.login == login)).one()

    def actor(self, login: str) -> Actor:
        return actor_for(self.account(login), now=datetime.now(UTC))

    def browser(self, login: str) -> FlaskClient:
        """Of somebody by their login; of a guest without one."""
        if not login:
            return client_of(self.app)
        if login not in self._browsers:
            self._browsers[login] = signed_in(self.app, client_of(self.app), self.account(login), now=datetime.now(UTC))
        return self._browsers[login]

    def page(self, login: str, address: str) -> TestResponse:
        browser = self.browser(login)
        answer = browser.get(address)
        while answer.location:
            answer = browser.get(answer.location)
        return answer

    def post(self, login: str, address: str, **form: Any) -> TestResponse:
        return self.browser(login).post(address, data=form, content_type="multipart/form-data")

    def code(self, name: str) -> str:
        return str(self._told["cases"][name]["code"])

    def case(self, name: str) -> Case:
        db.session.rollback()
        return db.session.scalars(select(Case).where(Case.code == self.code(name))).one()

    def codes(self, names: Iterable[str] | None = None) -> list[str]:
        return sorted(self.code(name) for name in (self._told["cases"] if names is None else names))

    def waiting(self, name: str, element: str) -> WaitingTask:
        query = select(WaitingTask).where(WaitingTask.case_id == self.case(name).id, WaitingTask.element == element)
        return db.session.scalars(query.where(WaitingTask.state == "waiting")).one()


def carry_over(commit: str, address: str | None) -> dict[str, Any]:
    """Make the installation, migrate it, let the worker come to rest, and look at all of it. Raises PromiseBroken."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="langbiang-left-")))
        variables = environment_of(folder, address)
        old, new = (Program(code, variables, folder) for code in (unpacked(commit, folder), snapshot(folder)))
        begun = time.monotonic()
        script = LEFT.read_text(encoding="utf-8")
        told = json.loads(old.python(script, str(folder), address or "", datetime.now(UTC).isoformat()).splitlines()[-1])
        made = time.monotonic()
        expect("what the old release's verification finds", set(told["faults"]) & WRONG_THERE, WRONG_THERE)
        new.command("migrate")
        migrated = time.monotonic()
        new.command("verify")
        config = Config.from_environment(variables)
        with running(config) as app:
            left = Left(app, told)
            jobs = rest(left)
            rested = time.monotonic()
            found = {"looked_through": look_through(left), **hold_to_their_days(), **let_out_places(left)}
            take_back_claim(left)
            found |= keep_apart_what_shares_an_id(left)
        said = new.command("verify").splitlines()[-1]
        beside = side_by_side(old, told)
        with running(config) as app:
            left = Left(app, told)
            rest(left)
            expect("places that wait after the old program classified beside", listed(left, "ops_lead"),
                   left.codes(["typed, not classified"]))
            look_through(left)
        new.command("verify")
        seconds = {"made": made - begun, "migrated": migrated - made, "to_rest": rested - migrated}
        return {"commit": commit[:10], "schema": f"{schema_of(commit)} to {schemas()[-1]}", "cases": len(told["cases"]),
                "faults_before": told["faults"], "jobs_run": jobs, "verify": said, "pages_beside": beside,
                "took": {name: round(value, 1) for name, value in seconds.items()}, **found}  # fmt: skip


def expect(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise PromiseBroken(f"{what}: {found!r} instead of {wanted!r}")


def rest(left: Left) -> int:
    """Every job of the worker, until none has anything to do."""
    jobs = jobs_of(left.app)
    for _ in range(ROUNDS):
        wrong = [job.name for job in jobs if not run_job(left.app, job)]
        expect("jobs that failed", wrong, [])
    return ROUNDS * len(jobs)


# -- what everybody reads, and what the rows hold --------------------------------------------------------------------------


def look_through(left: Left) -> dict[str, int]:
    """No page everybody may open and no value of the database says what nobody has let out."""
    pages = [*PUBLIC, *(f"/reports/{code}" for code in left.codes())]
    asked = {address: left.page("", address) for address in pages}
    expect("lists that do not answer", [address for address in PUBLIC if asked[address].status_code != 200], [])
    answers = {address: answer.get_data() for address, answer in asked.items()}
    leaks = [f"{address}: {sorted(found)}" for address, data in answers.items() if (found := found_in(data, MARKS))]
    values = list(rows())
    leaks += sorted({f"{place}: {sorted(found)}" for place, value in values
                     if (found := found_in(value, MARKS) - MAY_STAND.get(place, set()))})
    told = db.session.execute(select(Event.stream, Event.payload).where(Event.payload.is_not(None))).all()
    named = [stream.partition(":")[0] for stream, payload in told if found_in(orjson.dumps(payload), [REASON])]
    expect("streams with the reason of a list", named, ["output"])
    leaks += [f"{place}: {value}" for place, value in degrees() if value in POINT]
    expect("what nobody has let out stands in", leaks, [])
    return {"pages": len(pages), "values": len(values)}


def degrees() -> Iterator[tuple[str, float]]:
    db.session.rollback()
    for table in METADATA.sorted_tables:
        for column in (each for each in table.columns if isinstance(each.type, Float)):
            for value in db.session.scalars(select(column).where(column.is_not(None))):
                yield f"{table.name}.{column.name}", value


# -- limits ------------------------------------------------------------------------------------------------------------------


def hold_to_their_days() -> dict[str, int]:
    """Each open step of a case or agency that has a limit is due when that is."""
    db.session.rollback()
    query = select(WaitingTask.ref, WaitingTask.due_at, Clock.due_at).join(Clock, Clock.assignment_id == WaitingTask.assignment_id)
    query = query.where(WaitingTask.state == "waiting", WaitingTask.element == "submit_answer")
    found = db.session.execute(query.where(Clock.kind == ClockKind.ASSIGNMENT, Clock.ended_at.is_(None))).all()
    expect("steps that are due at another time than their limits", [row for row in found if row[1] != row[2]], [])
    if not found:
        raise PromiseBroken("no step of an agency has a limit")
    return {"steps_with_limits": len(found)}


# -- places ------------------------------------------------------------------------------------------------------------------


def let_out_places(left: Left) -> dict[str, Any]:
    """What waits is told to who decides, exactly; what is decided goes, and is public as it was let out."""
    for login, names in WAIT.items():
        expect(f"places that wait for {login}", listed(left, login), left.codes(names))
    number = sum(map(len, WAIT.values()))
    with left.app.test_request_context():
        lines, _ = health_lines("en")
    expect("lines of the health page about places", [line for line in lines if f"Of {number} cases nobody has looked" in line] != [], True)
    page = left.page("ops_lead", "/unreleased-villages").get_data(as_text=True)
    for name in ("typed, several at once", "typed, one click"):
        if f'name="words-{left.case(name).ref}"' not in page:
            raise PromiseBroken(f"no field for {name}")
    street = "Đường Bi Đúp"
    decided = (("typed, shown exactly", "release", street), ("typed, several at once", "release", street),
               ("typed, closed", "release", "thon pang tieng"),
               ("typed, one click", "leave", ""))
    for name, act, words in decided:
        ref = left.case(name).ref
        answer = left.post("ops_lead", "/unreleased-villages", act=act, pick=[ref], **{f"words-{ref}": words})
        expect(f"{name} decided", answer.status_code, 200)
    gone = {name for name, _, _ in decided}
    rest_of_them = [name for name in WAIT["ops_lead"] if name not in gone]
    expect("places that wait still", listed(left, "ops_lead"), left.codes(rest_of_them))
    shown = {name: left.case(name).village for name, _, _ in decided}
    wanted = {"typed, shown exactly": street, "typed, several at once": street, "typed, closed": "Thôn Păng Tiêng",
              "typed, one click": None}
    expect("what was let out", shown, wanted)
    public = {name: street in left.page("", f"/reports/{left.code(name)}").get_data(as_text=True) for name, _, _ in decided[:2]}
    expect("where everybody reads it", public, {"typed, shown exactly": True, "typed, several at once": False})
    for name in [each for each in rest_of_them if each != "typed, not classified"]:
        ref = left.case(name).ref
        expect(f"{name} left unsaid", left.post("ops_lead", "/unreleased-villages", act="leave", pick=[ref]).status_code, 200)
    refs = [left.case(name).ref for name in WAIT["ops_lead_dn"]]
    expect("elsewhere", left.post("ops_lead_dn", "/unreleased-villages", act="leave", pick=refs).status_code, 200)
    return {"places_listed": number}


def listed(left: Left, login: str) -> list[str]:
    """The codes on the page of what waits, over all its parts."""
    found, address = set(), "/unreleased-villages"
    while address:
        page = left.page(login, address)
        expect(f"{login} {address}", page.status_code, 200)
        html = page.get_data(as_text=True)
        found |= set(re.findall(r"[A-Z]{2}-\d{4}-\d{6}", words_of(html)))
        following = re.search(r'href="(/unreleased-villages\?after=\d+)"', html)
        address = following[1] if following else ""
    return sorted(found)


# -- rights ------------------------------------------------------------------------------------------------------------------


def take_back_claim(left: Left) -> None:
    """Whom a deputy stood in for does what the deputy had taken."""
    ref = left.waiting("at handling", "submit_answer").ref
    expect("the step is taken by its officer", left.post("officer_ptnmt", f"/tasks/{ref}/claim").status_code, 302)
    expect("a deputy whom one administrator had appointed reads what is confidential",
           Role.CONFIDENTIAL_READER in {grant.role for grant in left.actor("operator_2").grants}, False)
    expect("a start password has its day", left.account("officer_2_hkl").start_password_at is not None, True)
    db.session.rollback()
    expect("who has the step", left.waiting("at handling", "submit_answer").claimed_by_id, left.account("officer_ptnmt").id)


# -- two steps of one id -----------------------------------------------------------------------------------------------------


def keep_apart_what_shares_an_id(left: Left) -> dict[str, Any]:
    """A case at the one `step_1` is never led to the other: it needs a choice, and goes where it is sent."""
    now, live = datetime.now(UTC), live_version(None)
    first = db.session.scalars(select(ProcessVersion).join(ProcessInstance, ProcessInstance.version_id == ProcessVersion.id)
                               .where(ProcessInstance.case_id == left.case("first step_1, to_publish").id)).first()
    assert first is not None
    settings = list(db.session.scalars(select(ElementSetting).where(ElementSetting.element == "step_1", ElementSetting.valid_to.is_(None))))
    expect("daily settings of the one that hold for the other", settings, [])
    by, centre = left.actor("administrator"), db.session.scalars(select(Centre.id).where(Centre.code_prefix == "LD")).one()
    with unit_of_work():
        move_id = plans.make_move(first, live, by=by, now=now, centre_id=centre).id
    batch.go_on(now)
    name = "first step_1, to_publish"
    line = select(MoveCase).where(MoveCase.move_id == move_id, MoveCase.case_id == left.case(name).id)
    kept = db.session.scalars(line).one()
    if kept.state == "moves" or not kept.why_vi or not kept.why_en:
        raise PromiseBroken(f"a case at the one step_1 would go to the other: {kept.state} {kept.why_vi}")
    why = kept.why_vi
    with unit_of_work():
        move = db.session.get_one(ProcessMove, move_id)
        plans.map_elements(move, {"step_1": "publish"}, by=by, now=now, revision=move.revision)
    batch.go_on(now)
    with unit_of_work():
        move = db.session.get_one(ProcessMove, move_id)
        begins = plans.begin_move(move, by=by, now=now, reason="Dùng bản mới.", revision=move.revision)
    if begins:
        batch.go_on(now + timedelta(seconds=1))
    db.session.rollback()
    states = {row.state for row in db.session.scalars(select(MoveCase).where(MoveCase.move_id == move_id))}
    waiting = list(db.session.scalars(select(WaitingTask).where(WaitingTask.case_id == left.case(name).id, WaitingTask.state == "waiting")))
    return {"step_1_why": why, "moved": sorted(states), "then_at": [task.element for task in waiting]}


# -- the old program beside ---------------------------------------------------------------------------------------------------


def side_by_side(old: Program, told: dict[str, Any]) -> int:
    """Every page of the old program answers on the new tables, and its people go on working; returns how many were asked."""
    said = json.loads(old.python(BESIDE, told["cases"]["typed, not classified"]["code"]).splitlines()[-1])
    wrong = {address: status for address, status in said["answers"].items() if status != 200}
    expect("pages of the old program beside this one", wrong, {})
    expect("the case classified beside", said["state"], "to_distribute")
    return len(said["answers"])
