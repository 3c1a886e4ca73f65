"""What a schedule made is told by e-mail: at once also to who takes the morning digest, with a link and nothing of what is in it."""
from __future__ import annotations

from flask import Flask

from casework.bilingual import Bilingual
from casework.db import db, unit_of_work
from casework.models import Account, Output
from casework.outputs import fail_output, take_output
from casework.outputs.schedule_runs import send_again
from casework.outputs.schedules import Plan, make_schedule
from reports.statistics.due import run_after
from tests.casework.acting import local
from tests.messages.house import House, gateways_to
from tests.outside import Outside
from web.jobs import output_makers as makers  # noqa: F401
from web.outputs.making import make_outputs
from workflows.schedules import run_schedules


def texts(mail: Outside) -> list[tuple[str, str, str]]:
    return [(letter["To"], letter["Subject"], letter.get_body(("plain",)).get_content()) for letter in mail.letters]  # type: ignore[union-attr]


def test_the_file_of_a_schedule_is_told_once_by_mail_again_on_demand_and_a_failure_to_the_lead(sqlite_app: Flask, mail: Outside) -> None:
    house = House(sqlite_app, gateways_to(mail), now=local(3, 3, 9))
    lead = house.world.actor("ops_lead", house.now)
    with unit_of_work():
        for name in ("ops_lead", "committee_leader", "operator"):
            db.session.get_one(Account, house.world.people[name].id).email = f"{name}@lacduong.example"
        plan = Plan("Bảng số liệu", "csv", "08:00", 0, ("committee_leader",))
        schedule = make_schedule("figures", "month", plan, centre_id=house.world.centre.id, by=lead, now=house.now, next_run=run_after)
        ref = schedule.ref
    house.now = local(1, 4, 8)
    assert run_schedules(house.now) == 1
    with unit_of_work():
        taken = take_output(house.now)
        assert taken is not None
        fail_output(taken, Bilingual("Đĩa đầy.", "The disk is full."), now=house.now, again=False)
        output = db.session.get_one(Output, taken.output_id)
        output.state, output.due_at = "waiting", house.now
        page = f"http://127.0.0.1:8080/exports/{output.ref}"
    assert (house.route(), house.send()) == (1, 1)
    assert make_outputs(sqlite_app, sqlite_app.extensions["file_store"], now=house.now, clock=lambda: house.now) == 1
    for _ in range(2):
        house.route()
        house.send()
    failure, first = texts(mail)
    assert failure[:2] == ("ops_lead@lacduong.example", "Lịch chưa lập được: Bảng thống kê Tháng 3/2026")
    assert f"http://127.0.0.1:8080/schedules/{ref}" in failure[2]
    assert first[:2] == ("committee_leader@lacduong.example", "Bảng thống kê Tháng 3/2026 đã có")
    assert page in first[2]
    with unit_of_work():
        send_again(db.session.get_one(Output, taken.output_id), by=lead, now=house.now)
    house.route()
    house.send()
    assert texts(mail)[2] == first
    assert len(texts(mail)) == 3
