"""Builders over the real use cases: a small world of people and agencies, and cases brought to any state of the process.

    world = build.standard_world()
    case = build.case_at(world, "handling", agencies=2)
    filed = build.file_report(world); build.advance(world, filed.case, "rating")     # when the secret matters

Each opens units of work of its own, so call them outside one. What is @remembered is built once and brought back after that where
nothing else was written before (tests/grounds.py). Steps of a walk are MINUTES_BETWEEN_STEPS apart, so that
their order can be told from their times.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import func, select

from casework.cases import lock_case
from casework.clocks.acts import ClockKind, running_clock
from casework.db import db, unit_of_work
from casework.installation import seeding
from casework.intake.file_report import Filed, Place
from casework.models import Account, Agency, Area, Assignment, Case, Centre, Event, Field, Membership, RefusalReason, Report
from casework.permissions import Actor, Role, actor_for
from casework.privacy.identity import Contact, citizen_account
from casework.text import fold
from casework.triage.acts import ClearedReport
from casework.verbs import Input, input_of
from tests.grounds import remembered
from workflows.bindings import BINDINGS
from workflows.models import WaitingTask
from workflows.running import acts, filing, steps
from workflows.running.drawn_steps import step_of
from workflows.running.instances import CaseProcess
from workflows.versions.live import install_shipped_model

NOON = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
"""Monday 02/03/2026, 10:00 local time: an ordinary office morning."""

LONG_AGO = date(2020, 1, 1)
MINUTES_BETWEEN_STEPS = 5
PASSWORD = "mot-mat-khau-de-thu"
PHONE = "+84912345678"


@dataclass
class World:
    """One centre and everybody in it, by name. Agencies by key: PTNMT, UBND-LAT, HKL; areas by name without accents."""

    centre: Centre
    areas: dict[str, Area] = field(default_factory=dict)
    villages: dict[str, str] = field(default_factory=dict)
    agencies: dict[str, Agency] = field(default_factory=dict)
    people: dict[str, Account] = field(default_factory=dict)

    def actor(self, name: str, now: datetime = NOON) -> Actor:
        """The person with the roles held at `now`; `guest` is nobody."""
        return actor_for(None if name == "guest" else self.people[name], now=now)

    def field(self, service_code: str = "rung_dat_moi_truong") -> Field:
        return db.session.scalars(select(Field).where(Field.service_code == service_code)).one()

    def refusal_reason(self, key: str = "khong_ro_noi_dung") -> RefusalReason:
        return db.session.scalars(select(RefusalReason).where(RefusalReason.key == key)).one()

    @property
    def area(self) -> Area:
        return self.areas["xa lat"]


@cache
def password_hash() -> str:
    """Of PASSWORD, with the cost of the product, once per test process."""
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1).hash(PASSWORD)


def centre(prefix: str = "LD", *, is_default: bool = True, **columns: Any) -> Centre:
    """A centre; inside the caller's unit of work."""
    row = Centre(name_vi=f"Trung tâm thử nghiệm {prefix}", name_en=f"Test centre {prefix}", code_prefix=prefix, valid_from=LONG_AGO,
                 is_default=is_default, **{"case_clock_starts": "filing", **columns})
    db.session.add(row)
    db.session.flush()
    return row


def commune(world: World, name_vi: str, **columns: Any) -> Area:
    row = Area(centre_id=world.centre.id, level="commune", name_vi=name_vi, name_en=name_vi, folded_name=fold(name_vi),
               **{"valid_from": LONG_AGO, **columns})
    db.session.add(row)
    db.session.flush()
    world.areas[row.folded_name] = row
    return row


def village(world: World, name_vi: str, parent: Area) -> Area:
    row = Area(centre_id=world.centre.id, parent_id=parent.id, level="village", name_vi=name_vi, name_en=name_vi,
               folded_name=fold(name_vi), valid_from=LONG_AGO)
    db.session.add(row)
    world.villages[row.folded_name] = name_vi
    return row


def agency(world: World, key: str, name_vi: str, name_en: str, **columns: Any) -> Agency:
    row = Agency(centre_id=world.centre.id, key=key, name_vi=name_vi, name_en=name_en, short_name_vi=name_vi, short_name_en=name_en,
                 **{"valid_from": LONG_AGO, **columns})
    db.session.add(row)
    db.session.flush()
    world.agencies[key] = row
    return row


def staff(world: World, name: str, role: Role, *, agency: Agency | None = None, full_name: str | None = None) -> Account:
    """A member of staff who signs in as `name` with PASSWORD; a role of an agency, else of the centre."""
    account = Account(kind="staff", login=name.lower(), password_hash=password_hash(), full_name=full_name or f"Người Thử {name}",
                      title_vi="Chuyên viên", title_en="Officer", created_at=NOON)
    account.memberships.append(Membership(role=role, centre_id=None if agency else world.centre.id,
                                          agency_id=agency.id if agency else None, valid_from=LONG_AGO))
    db.session.add(account)
    world.people[name] = account
    return account


def citizen(world: World, name: str, *, full_name: str = "Nguyễn Thị Thử", phone: str = PHONE) -> Account:
    """A citizen's account; signs in with `phone` and PASSWORD."""
    account = citizen_account(Contact(name=full_name, phone=phone), password_hash=password_hash(), language="vi", now=NOON)
    world.people[name] = account
    return account


AGENCIES = (
    ("PTNMT", "Phòng Tài nguyên và Môi trường", "Natural Resources and Environment Office"),
    ("UBND-LAT", "UBND xã Lát", "People's Committee of Lát Commune"),
    ("HKL", "Hạt Kiểm lâm huyện Lạc Dương", "Lạc Dương Forest Ranger Station"),
)

CENTRE_PEOPLE = {
    "operator": Role.OPERATOR, "operator_2": Role.OPERATOR, "ops_lead": Role.OPS_LEAD, "committee_leader": Role.COMMITTEE_LEADER,
    "administrator": Role.ADMINISTRATOR, "process_approver": Role.PROCESS_APPROVER, "confidential_reader": Role.CONFIDENTIAL_READER,
    "inspector": Role.INSPECTOR, "records_clerk": Role.RECORDS_CLERK,
}


@remembered
def standard_world() -> World:
    """Rules and shipped process installed; a centre with two communes; three agencies, each with two officers and a leader
    (`officer_PTNMT`, `officer_2_PTNMT`, `leader_PTNMT` …); the centre's people by role (`operator`, `ops_lead` …); two citizens
    (`citizen`, `citizen_2`)."""
    with unit_of_work():
        seeding.install_rules(NOON)
        install_shipped_model(now=NOON)
        world = World(centre())
        lat = commune(world, "Xã Lát", south=11.98, north=12.178, west=108.331, east=108.526)
        chais = commune(world, "Xã Đạ Chais", south=12.032, north=12.317, west=108.566, east=108.732)
        village(world, "Thôn Păng Tiêng", lat)
        village(world, "Thôn Klong Klanh", chais)
        for key, name_vi, name_en in AGENCIES:
            row = agency(world, key, name_vi, name_en)
            staff(world, f"officer_{key}", Role.OFFICER, agency=row)
            staff(world, f"officer_2_{key}", Role.OFFICER, agency=row)
            staff(world, f"leader_{key}", Role.AGENCY_LEADER, agency=row)
        for name, role in CENTRE_PEOPLE.items():
            staff(world, name, role)
        citizen(world, "citizen")
        citizen(world, "citizen_2", full_name="Trần Văn Mẫu", phone="+84987654321")
    return world


@remembered
def file_report(world: World, *, by: str = "citizen", now: datetime = NOON, words: str = "Có đống rác lớn ven suối, mùi rất nặng.",
                **arguments: Any) -> Filed:
    """A report through the real filing, its process started. `arguments` as for casework.intake.file_report.file_report."""
    given = {
        "centre": world.centre, "source": "citizen", "place": Place(area=world.area, village="Thôn Păng Tiêng"),
        "contact": Contact(name="Nguyễn Thị Thử", phone=PHONE) if by in ("guest", "citizen") else None, "consented": True,
    }
    with unit_of_work():
        return filing.file_report(words=words, by=world.actor(by, now), now=now, **{**given, **arguments})


# -- walking a case through the process -------------------------------------------------------------------------------

WALK = ("to_verify", "to_classify", "to_distribute", "at_agency", "handling", "approval", "to_publish", "rating", "closed")


@remembered
def case_at(world: World, state: str, *, agencies: int = 1, now: datetime = NOON, urgent: bool = False, **report: Any) -> Case:
    """A case in one of the states of WALK, every agency of it as far. Filed at `now`; `report` goes to file_report."""
    filed = file_report(world, now=now, marked_urgent=urgent, **report)
    return advance(world, filed.case, state, agencies=agencies, urgent=urgent)


@remembered
def advance(world: World, case: Case, state: str, *, agencies: int = 1, urgent: bool = False) -> Case:
    """Take a case on to a state of WALK from wherever it is on the straight way."""
    if state not in WALK:
        raise ValueError(f"{state} is not on the straight way: {', '.join(WALK)}")
    for step in WALK:
        at = "handling" if case.state == "redo" else case.state
        if at == step and step != state:
            NEXT_STEPS[step](world, case, agencies=agencies, urgent=urgent)
    if case.state != state:
        raise AssertionError(f"the case stands at {case.state}, not at {state}")
    return case


def waiting(case: Case, element: str, agency: Agency | None = None) -> WaitingTask:
    """The step that waits in a case (of one agency)."""
    query = select(WaitingTask).where(WaitingTask.case_id == case.id, WaitingTask.element == element, WaitingTask.state == "waiting")
    return db.session.scalars(query.where(WaitingTask.agency_id == agency.id) if agency else query).one()


def next_moment(case: Case) -> datetime:
    """A little after the last thing that happened in the case."""
    last = db.session.scalar(select(func.max(Event.at)).where(Event.case_id == case.id))
    return (last or case.opened_at) + timedelta(minutes=MINUTES_BETWEEN_STEPS)


def do(world: World, case: Case, element: str, by: str, *, act: str | None = None, agency: Agency | None = None,
       now: datetime | None = None, **form: Any) -> steps.StepResult:
    """One step by a named person through workflows.running.steps.perform, in a unit of work of its own."""
    task, now = waiting(case, element, agency), now or next_moment(case)
    ref, given = task.ref, input_at(task, act, form)
    actor = world.actor(by, now)
    with unit_of_work():
        return steps.perform(ref, by=actor, now=now, act=act, given=given)


def act(world: World, case: Case, verb: str, by: str, *, assignment: Assignment | None = None, now: datetime | None = None,
        **form: Any) -> acts.ActResult:
    """Something beside the tokens by a named person through workflows.running.acts.act, in a unit of work of its own."""
    case_ref, assignment_ref = case.ref, assignment.ref if assignment else None
    now = now or next_moment(case)
    actor = world.actor(by, now)
    with unit_of_work():
        return acts.act(case_ref, verb, by=actor, now=now, assignment_ref=assignment_ref, given=input_to_act(verb, form))


def input_at(task: WaitingTask, verb: str | None, form: Mapping[str, Any]) -> Input | None:
    """What is filled in at a step, as the use case of the verb takes it."""
    step = step_of(task, BINDINGS)
    return input_for(step.acts.get(verb or step.own_act), form)


def input_to_act(verb: str, form: Mapping[str, Any]) -> Input | None:
    """What is filled in for an act beside the steps."""
    return input_for(BINDINGS.acts.get(verb), form)


def input_for(use_case: Callable[..., object] | None, form: Mapping[str, Any]) -> Input | None:
    """What a use case takes, with these fields; None where it takes nothing."""
    kind = input_of(use_case) if use_case is not None else None
    assert kind is not None or not form, f"nothing is filled in for {use_case}: {sorted(form)}"
    return kind(**form) if kind is not None else None


def cleared(report: Report, words: str = "Có đống rác ven suối, mùi nặng.") -> ClearedReport:
    """Words fit for agencies; the report must have no photos, which are cleared with copies of their own."""
    return ClearedReport(report=report, words=words)


@remembered
def verify(world: World, case: Case, **_: Any) -> None:
    do(world, case, "verify", "operator", title="Rác đổ ven suối", cleared=[cleared(link.report) for link in case.reports])


@remembered
def classify(world: World, case: Case, *, urgent: bool = False, **_: Any) -> None:
    do(world, case, "classify", "operator", field=world.field(), urgency="urgent" if urgent else "normal", complexity="ordinary",
       area=world.area, village="Thôn Păng Tiêng")


@remembered
def distribute(world: World, case: Case, *, agencies: int = 1, urgent: bool = False, **_: Any) -> None:
    if urgent:
        do(world, case, "call_hotline", "operator", number="02630000000", spoke_to="Trực ban", reached=True, what="Đã báo sự việc.")
    lead, *cooperating = [world.agencies[key] for key, _, _ in AGENCIES[:agencies]]
    do(world, case, "distribute", "operator", lead=lead, cooperating=cooperating)


def assignments(case: Case, *states: str) -> list[Assignment]:
    return [row for row in case.open_assignments if row.state in states]


@remembered
def accept(world: World, case: Case, **_: Any) -> None:
    for assignment in assignments(case, "asked"):
        do(world, case, "accept_assignment", f"officer_{assignment.agency.key}", agency=assignment.agency)


ANSWER = {"findings": "Đã kiểm tra, có khoảng 2 m³ rác ven suối.", "actions": "Đã thu gom và dọn sạch.", "remaining": "Không còn.",
          "contact": "Bộ phận môi trường, 0263 000 0000", "no_photo_reason": "Trời tối, sẽ bổ sung ảnh."}


@remembered
def submit(world: World, case: Case, **_: Any) -> None:
    for assignment in assignments(case, "handling", "redo"):
        do(world, case, "submit_answer", f"officer_{assignment.agency.key}", agency=assignment.agency, **ANSWER)


@remembered
def approve(world: World, case: Case, **_: Any) -> None:
    for assignment in assignments(case, "submitted"):
        do(world, case, "approve_answer", f"leader_{assignment.agency.key}", agency=assignment.agency)


def redo(world: World, case: Case, agency: Agency) -> None:
    do(world, case, "approve_answer", f"leader_{agency.key}", act="redo_answer", agency=agency, instructions="Chụp lại ảnh sau khi dọn.")


@remembered
def publish(world: World, case: Case, **_: Any) -> None:
    do(world, case, "publish", "operator", title="Rác đổ ven suối", question="Người dân phản ánh rác đổ ven suối.", checked=True)


def rate(world: World, case: Case, *, by: str = "citizen", level: str = "satisfied", **_: Any) -> None:
    do(world, case, "rate", by, report=case.main_report, level=level, reason="Chưa dọn hết." if level == "dissatisfied" else "")


def end_rating_window(case: Case) -> None:
    """Let the window of this case run out, and of no other: a verdict may be changed until then, so nothing else closes a case."""
    with unit_of_work():
        locked = lock_case(case.id)
        window = running_clock(locked, ClockKind.RATING)
        assert window is not None
        assert window.due_at is not None
        process = CaseProcess(locked, now=window.due_at)
        process.open(process.instance_of(None))
        process.settle()


@remembered
def rate_and_close(world: World, case: Case, **_: Any) -> None:
    rate(world, case)
    end_rating_window(case)


NEXT_STEPS: dict[str, Callable[..., None]] = {
    "to_verify": verify, "to_classify": classify, "to_distribute": distribute, "at_agency": accept, "handling": submit,
    "approval": approve, "to_publish": publish, "rating": rate_and_close,
}
