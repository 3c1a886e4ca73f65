# mypy: ignore-errors
"""What an installation of 0.9.0 can look like after some weeks, made by that release's own modules: tests.soak.carried_over reads this
file and has the old program run it, with a folder, an address of a database or nothing, and a moment.

Everything here goes through use cases and pages of that release, also what they should have refused.
"""
from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from casework.cases import lock_case
from casework.clocks.calendar_changes import recount_after_calendar_change, set_calendar_day
from casework.db import db, unit_of_work
from casework.facts.daily import sum_up_days
from casework.facts.keeping import keep_facts
from casework.facts.verification import check_facts
from casework.findings import one_moment
from casework.intake.file_report import Place, original_words
from casework.local_time import local_day
from casework.models import Case
from casework.outputs import order_output
from casework.permissions import Actor, Role
from casework.privacy.identity import Contact
from casework.rights.deciding import carry_out
from casework.rights.erasing_people import go_on_erasing
from casework.rights.requests import lock_request, person_of, request_data
from casework.settings.deputyships import appoint_deputy
from casework.settings.importing.rows import add_row
from casework.settings.kinds.table import KINDS
from casework.settings.people import give_start_password
from casework.settings.roles import RoleWish, give_role
from casework.settings.seats import Seat
from casework.verification.cases import check_cases
from tests import build
from tests import drawn_steps as drawn
from tests import merged as joined
from tests.conftest import client_of, environment_of, prepare_schema, running
from tests.second_centre import second_world
from tests.web.desk import Office
from tests.workflows.moving.cases import carried_out, fates, renamed, undone
from web.config import Config
from web.jobs import output_makers as makers  # noqa: F401  (each kind of file registers itself)
from web.outputs.making import make_outputs
from workflows.definitions.process import shipped_model
from workflows.models import ProcessVersion
from workflows.running import steps
from workflows.verification import check_process
from workflows.versions.live import live_version

TYPED = "Nhà tôi số 45/3 đường Hoa Hồng, 0912345678"
LISTED = "Thôn Păng Tiêng"
NAMED = "Bà Zýndar Cil Yú ở số 45/3 xin gặp"
"""Why somebody wanted senders' names: with the name of one of them."""
POINT = (12.01234567, 108.41234567)
FIRST_STEP = replace(drawn.COST_CHECK, id="step_1", vi="Khảo sát tại chỗ", en="Visit the place")
OTHER_STEP = replace(drawn.COST_CHECK, id="step_1", vi="Thẩm định pháp lý", en="Legal review", lane="lane_ops_lead", at=(1170, 1600))


class Weeks:
    """The installation at some moments of the weeks before `now`."""

    def __init__(self, office: Office, now: datetime) -> None:
        self.office, self.world, self.now = office, office.world, now
        self.cases: dict[str, Case] = {}

    def ago(self, days: float) -> datetime:
        return self.now - timedelta(days=days)

    def place(self, village: str, point: tuple[float, float] = POINT) -> Place:
        return Place(area=self.world.area, village=village, latitude=point[0], longitude=point[1], accuracy_m=5)

    def filed(self, name: str, state: str, *, days: float, place: Place | None = None, **given: object) -> Case:
        """A case under a name, in a state of build.WALK; by default with the words and the point a sender typed."""
        case = build.file_report(self.world, now=self.ago(days), place=place or self.place(TYPED), **given).case
        self.cases[name] = case
        return self.on(case, state)

    def on(self, case: Case, state: str, *, agencies: int = 1) -> Case:
        """Take it on, and let what stands there for its village stand, as one click did."""
        while case.state != state:
            if case.state == "to_classify":
                build.do(self.world, case, "classify", "operator", field=self.world.field(), urgency="normal", complexity="ordinary",
                         area=self.world.area, village=case.village)
            else:
                build.advance(self.world, case, build.WALK[build.WALK.index(case.state) + 1], agencies=agencies)
        return case


def states(weeks: Weeks) -> None:
    """Cases in each state, of one and of two agencies, of two centres; one set apart."""
    for state in build.WALK:
        weeks.cases[f"at {state}"] = build.case_at(weeks.world, state, now=weeks.ago(60 if state == "closed" else 6))
    for state in ("at_agency", "handling", "approval", "rating"):
        weeks.cases[f"two agencies at {state}"] = build.case_at(weeks.world, state, agencies=2, now=weeks.ago(6))
    weeks.cases["set apart"] = build.case_at(weeks.world, "handling", now=weeks.ago(6))
    build.act(weeks.world, weeks.cases["set apart"], "quarantine", "operator", reason="Tố cáo một cán bộ.")
    other = second_world(weeks.world)
    for state in ("to_verify", "handling", "rating"):
        place = Place(area=other.area, village="Thôn Ta Ly")
        weeks.cases[f"elsewhere {state}"] = build.case_at(other, state, now=weeks.ago(6), place=place)
    elsewhere = build.file_report(other, now=weeks.ago(6), place=Place(area=other.area, village=TYPED)).case
    weeks.cases["elsewhere typed"] = build.advance(other, elsewhere, "to_verify")


def villages(weeks: Weeks) -> None:
    """What a sender typed for the place, made public: by the page for several, by one click, beside a name of the list, with its exact
    place; and where it has not come so far."""
    bulk = weeks.filed("typed, several at once", "to_classify", days=6)
    form = {"task": [build.waiting(bulk, "classify").ref], "sent": "yes", "field": weeks.world.field().service_code, "urgency": "normal",
            "complexity": "ordinary"}
    weeks.office.clock(weeks.ago(5.9))
    assert weeks.office.post("operator", "/inbox/bulk/classify", **form).status_code == 200
    weeks.on(bulk, "rating")
    weeks.filed("typed, one click", "rating", days=6)
    weeks.filed("typed, closed", "closed", days=60)
    weeks.filed("typed, at work", "handling", days=6)
    weeks.filed("typed, not classified", "to_classify", days=5)
    weeks.filed("listed, public", "rating", days=6, place=weeks.place(LISTED))
    shown = weeks.filed("typed, shown exactly", "to_publish", days=6,
                        place=weeks.place(TYPED, (12.06543211, 108.45432111)))
    build.do(weeks.world, shown, "publish", "operator", title="Rác ven suối", question="Rác ven suối.", checked=True,
             shows_exact_place=True)
    public = client_of(weeks.office.app).get(f"/reports/{bulk.code}").get_data(as_text=True)
    assert "Hoa Hồng" in public, "0.9.0 made it public"


def families(weeks: Weeks) -> None:
    """Merged: one whose place was typed; and a pair that was split again."""
    into = weeks.filed("main", "handling", days=6, place=weeks.place(LISTED))
    other = {"by": "citizen_2", "contact": Contact(name="Trần Văn Mẫu", phone="+84987654321")}
    joining = weeks.filed("merged", "to_distribute", days=5, **other)
    joined.merge(weeks.world, joining, into)
    weeks.on(into, "rating")
    whole, part = weeks.filed("main of a split", "handling", days=6), weeks.filed("split off", "to_distribute", days=5, **other)
    report = part.main_report
    joined.merge(weeks.world, part, whole)
    joined.split(weeks.world, whole, report)


def one_erased(weeks: Weeks) -> None:
    case = weeks.filed("erased", "to_verify", days=30, by="guest")
    report = case.main_report
    build.do(weeks.world, case, "verify", "operator", act="refuse", reason=weeks.world.refusal_reason(), words="Không rõ nơi.")
    guest, asked_at, over = Actor(account=None, tracked_report_ids=frozenset({report.id})), weeks.ago(20), weeks.ago(10)
    with unit_of_work():
        lock_case(case.id)
        request = request_data("erasure", person=person_of(guest, report), by=guest, now=asked_at)
    with unit_of_work():
        carry_out(lock_request(request.id), by=weeks.world.actor("ops_lead", asked_at), now=asked_at)
    go_on_erasing(over)
    db.session.expire_all()
    assert original_words(report) is None


def a_move_undone(weeks: Weeks) -> None:
    """Cases at work moved to an end past the rules, counted, brought back, and counted again: the facts stay false."""
    moment, source = weeks.ago(4), live_version(None)
    keep_facts(moment)
    target = drawn.put_live(renamed("wait_for_agencies", "agencies_done"), now=moment)
    at_work = {name: case.id for name, case in weeks.cases.items() if case.state in ("at_agency", "handling", "approval")}
    move = carried_out(weeks.world, source, target, now=moment, mapping={"wait_for_agencies": "wait_for_rest"})
    closed = [name for name, id_ in at_work.items() if db.session.get_one(Case, id_, populate_existing=True).state == "closed"]
    assert closed, fates(move)
    keep_facts(weeks.ago(3.9))
    undone(weeks.world, move, now=weeks.ago(3.8))
    keep_facts(weeks.ago(3.7))
    sum_up_days(weeks.ago(3.7))
    db.session.expire_all()
    weeks.closed_by_move = closed


def steps_of_one_name(weeks: Weeks) -> None:
    """Two versions drawn from the shipped one, each with a first step of its own; cases at both, and a daily setting on the first."""
    shipped = db.session.scalars(select(ProcessVersion).where(ProcessVersion.key == "field_report").order_by(ProcessVersion.id)).first()
    for name, step, days in (("first", FIRST_STEP, 3.5), ("other", OTHER_STEP, 2)):
        moment = weeks.ago(days)
        version = drawn.put_live(drawn.step_on(shipped_model(), "is_answered_to_publish", step), now=moment)
        with unit_of_work():
            db.session.merge(version).base_id = shipped.id
        if name == "first":
            with unit_of_work():
                typed = {"element": "step_1", "amount": "3", "unit": "working_hours", "role": "", "label_vi": "Khảo sát kỹ",
                         "label_en": "", "help_vi": "Mang thước đo.", "help_en": ""}
                add_row(KINDS["element"], typed, by=weeks.world.actor("administrator", moment), now=moment, reason="Theo quy trình mới.",
                        centre_id=weeks.world.centre.id, from_day=local_day(moment))
        for state in ("to_verify", "handling", "to_publish"):
            weeks.cases[f"{name} step_1, {state}"] = build.case_at(weeks.world, state, now=moment + timedelta(hours=1))


def a_decree(weeks: Weeks) -> None:
    """Two working days ahead become days off: limits move, and their steps are left behind."""
    moment, days = weeks.ago(1), []
    day = local_day(weeks.now) + timedelta(days=1)
    while len(days) < 2:
        if day.weekday() < 5:
            days.append(day)
        day += timedelta(days=1)
    for each in days:
        with unit_of_work():
            set_calendar_day(centre_id=weeks.world.centre.id, day=each, kind="off", label_vi="Nghỉ bão", label_en="Storm",
                             source="Công văn 12/UBND", by=weeks.world.actor("administrator", moment), now=moment)
    recount_after_calendar_change(moment + timedelta(minutes=5))


def claims_of_deputies(weeks: Weeks) -> None:
    """A leader stood in for an officer, took a step, and their time is over."""
    moment, people, case = weeks.ago(2), weeks.world.people, weeks.cases["at handling"]
    with unit_of_work():
        appoint_deputy(principal=people["officer_PTNMT"], deputy=people["leader_PTNMT"], starts_at=moment, ends_at=weeks.ago(1.5),
                       by=weeks.world.actor("administrator", moment), now=moment, reason="Nghỉ phép.")
    with unit_of_work():
        steps.claim(build.waiting(case, "submit_answer").ref, by=weeks.world.actor("leader_PTNMT", moment), now=moment)


def a_list_with_names(weeks: Weeks) -> None:
    moment = weeks.ago(1)
    with unit_of_work():
        order_output("cases", "csv", {}, by=weeks.world.actor("ops_lead", moment), now=moment, centre_id=weeks.world.centre.id,
                     with_identity=True, reason=NAMED)
    store = weeks.office.app.extensions["file_store"]
    assert make_outputs(weeks.office.app, store, now=moment, clock=lambda: moment) == 1


def rights(weeks: Weeks) -> None:
    """A start password; two roles that watch each other in one person; a deputy for the confidential reader by one administrator's word."""
    moment, people = weeks.ago(1), weeks.world.people
    by = weeks.world.actor("administrator", moment)
    with unit_of_work():
        give_start_password(people["officer_2_HKL"], by=by, now=moment, password_hash=build.password_hash(), reason="Quên mật khẩu.")
        wish = RoleWish(Seat(Role.INSPECTOR, centre=weeks.world.centre))
        give_role(people["process_approver"], wish, by=by, now=moment, reason="Thiếu người.")
        appoint_deputy(principal=people["confidential_reader"], deputy=people["operator_2"], starts_at=moment,
                       ends_at=moment + timedelta(days=20), by=by, now=moment, reason="Đi công tác.")


def faults(now: datetime) -> list[str]:
    """What this release's own verification finds of cases, facts and processes."""
    db.session.rollback()
    with one_moment():
        return sorted({each.check for each in (*check_cases(now=now), *check_process(), *check_facts()) if each.is_fault})


def live_through(folder: Path, address: str | None, now: datetime) -> dict[str, object]:
    config = Config.from_environment(environment_of(folder, address))
    prepare_schema(config)
    with running(config) as app:
        weeks = Weeks(Office(app, now=now - timedelta(days=70)), now)
        for part in (states, villages, families, one_erased, a_move_undone, steps_of_one_name, a_decree, claims_of_deputies,
                     a_list_with_names, rights):
            part(weeks)
            db.session.expire_all()
        keep_facts(now)
        sum_up_days(now)
        found = faults(now)
        return {
            "cases": {name: {"code": case.code, "ref": case.ref, "state": case.state} for name, case in weeks.cases.items()},
            "logins": {name: person.login for name, person in weeks.world.people.items() if person.login},
            "closed_by_move": weeks.closed_by_move, "faults": found,
        }


if __name__ == "__main__":
    print(json.dumps(live_through(Path(sys.argv[1]), sys.argv[2] or None, datetime.fromisoformat(sys.argv[3])), ensure_ascii=False))
