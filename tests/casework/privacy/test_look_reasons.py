"""The reason for a list that names senders: typed once about all of them, it stands in nobody's case and in nobody's copy."""
from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text

from casework.casefile.history import staff_steps
from casework.casefile.identity_export import export_identity
from casework.cases import lock_case
from casework.contacts.report_links import newest_links
from casework.db import db, unit_of_work
from casework.events import record
from casework.files.local import LocalFileStore
from casework.intake.file_report import Filed
from casework.models import Breach, Case, Event, Output, Report
from casework.outputs import order_output
from casework.privacy.look_reasons import _holds_reason, gather_reasons
from casework.rights import affected
from casework.rights.access_log import LoggedLook, LookFilter, looks_logged
from casework.rights.archive import archive_of
from casework.rights.breaches import BreachFacts, open_breach
from casework.rights.erasing_people import erase_report
from casework.rights.looks import looks_at
from casework.rights.requests import Person
from casework.verification.chains import check_chains
from tests import build

REASON = "Mời bà Trần Thị Bíhại và các hộ cùng xóm họp lại."
NAMED = "Bíhại"
NOW = build.NOON + timedelta(hours=1)


class Listed:
    """A centre in which a list with two senders was made, as now or as releases up to 0.9.0 wrote it down."""

    def __init__(self, app: Flask, *, as_before: bool = False) -> None:
        self.store = LocalFileStore(app.config["FILES"])
        self.world = build.standard_world()
        self.filed: list[Filed] = [build.file_report(self.world), build.file_report(self.world, by="citizen_2")]
        lead = self.world.actor("ops_lead")
        with unit_of_work():
            self.output = order_output(
                "cases", "csv", {}, by=lead, now=build.NOON, centre_id=self.world.centre.id, with_identity=True, reason=REASON
            ).ref
        with unit_of_work():
            if as_before:
                for filed in self.filed:
                    told = {"report": filed.report.code, "reason": REASON, "output": self.output}
                    record(lock_case(filed.case.id), "export_identity", by=lead, at=NOW, **told)
            else:
                ids = [filed.case.id for filed in self.filed]
                export_identity(ids, by=lead, now=NOW, reason=REASON, output=self.output)

    def copy(self, number: int) -> tuple[str, list[dict[str, object]]]:
        """All words of the copy of one sender, and the looks told in it."""
        report = db.session.get_one(Report, self.filed[number].report.id)
        content = b"".join(archive_of(Person(None, report), [report.id], store=self.store, now=NOW, draw=lambda page: str(page.parts)))
        bundle = zipfile.ZipFile(io.BytesIO(content))
        words = "".join(bundle.read(name).decode() for name in bundle.namelist())
        return words, json.loads(bundle.read(f"{report.code}/phan-anh.json"))["looks"]

    def erase(self, number: int) -> None:
        with unit_of_work():
            report = db.session.get_one(Report, self.filed[number].report.id)
            erase_report(report, newest_links([report.id])[report.id], at=NOW)
        db.session.expire_all()

    def looks(self, name: str = "inspector") -> list[LoggedLook]:
        return [look for look in looks_logged(self.world.actor(name), LookFilter()).looks if look.code]

    def history(self, number: int) -> str:
        case = db.session.get_one(Case, self.filed[number].case.id)
        return "\n".join(step.words.vi for step in staff_steps(case, by=self.world.actor("ops_lead")))


def where_it_stands() -> list[str]:
    """Streams of the events that hold the reason, and orders that do."""
    streams = [event.stream for event in db.session.scalars(select(Event)) if NAMED in json.dumps(event.payload or {}, ensure_ascii=False)]
    return streams + [f"order {row.ref}" for row in db.session.scalars(select(Output)) if NAMED in (row.reason or "")]


@pytest.fixture(params=[False, True], ids=["as now", "as in 0.9.0"])
def listed(app: Flask, request: pytest.FixtureRequest) -> Listed:
    made = Listed(app, as_before=request.param)
    if request.param:
        assert gather_reasons(NOW + timedelta(days=1)) == 2
    return made


def test_it_stands_once_and_in_no_case(listed: Listed) -> None:
    assert where_it_stands() == [f"output:{listed.output}", f"order {listed.output}"]
    assert list(check_chains()) == []


def test_whoever_might_read_it_still_does(listed: Listed) -> None:
    codes = {filed.report.code for filed in listed.filed}
    assert {(look.code, look.reason, look.is_erased, look.output, look.at) for look in listed.looks()} == {
        (code, REASON, False, listed.output, NOW) for code in codes
    }
    assert {look.reason for look in listed.looks("administrator")} == {None}
    assert f"Kết xuất danh sách có danh tính người gửi. Lý do: {REASON}" in listed.history(0)
    assert "đã được xóa" not in listed.history(0)
    assert "restate_look" not in listed.history(0)


def test_a_persons_copy_tells_the_look_and_nothing_typed_about_others(listed: Listed) -> None:
    words, looks = listed.copy(0)
    assert NAMED not in words
    assert [(look["at"], look["occasion"]["en"], "reason" in look) for look in looks] == [  # type: ignore[index]
        (NOW.isoformat(), "Made a list that names senders", False)
    ]


def test_one_persons_erasure_takes_it_from_everywhere_and_leaves_the_others_their_looks(listed: Listed) -> None:
    listed.erase(1)
    assert where_it_stands() == []
    assert list(check_chains()) == []
    kept, erased = listed.filed[0].report, listed.filed[1].report
    told = {look.code: (look.reason, look.is_erased) for look in listed.looks()}
    assert told == {kept.code: ("", True), erased.code: ("", True)}
    assert [look.occasion.en for look in looks_at(Person(None, kept))] == ["Made a list that names senders"]
    assert "Lý do" not in listed.history(0)
    order = db.session.scalars(select(Output)).one()
    assert (order.state, order.reason, "yêu cầu lại" in (order.error or "")) == ("failed", "…", True), "it was still to be made"


def test_a_case_that_leaves_the_system_takes_it_too(listed: Listed) -> None:
    build.act(listed.world, listed.filed[1].case, "quarantine", "ops_lead", reason="Tố cáo cán bộ có tên, theo Luật.")
    assert where_it_stands() == []
    assert list(check_chains()) == []


def test_whom_a_list_named_is_found_for_a_breach_as_before(listed: Listed) -> None:
    what = BreachFacts("Mất một máy tính bảng.", "Số điện thoại", "Có thể bị gọi quấy rầy.", "Đã khóa máy.", "Trung tâm, 0263 382 2123")
    with unit_of_work():
        by = listed.world.actor("administrator")
        ref = open_breach("account", what, by=by, now=NOW, noticed_at=NOW, centre_id=listed.world.centre.id).ref
    breach = db.session.scalars(select(Breach).where(Breach.ref == ref)).one()
    found = affected.by_output(breach, listed.output)
    assert found.reports is not None
    assert set(db.session.scalars(found.reports)) == {filed.report.id for filed in listed.filed}


def test_what_was_gathered_once_is_not_gathered_again(app: Flask) -> None:
    listed = Listed(app, as_before=True)
    assert [gather_reasons(NOW), gather_reasons(NOW)] == [2, 0]
    restated = db.session.scalars(select(Event).where(Event.type == "restate_look").order_by(Event.id)).all()
    assert [event.payload for event in restated] == [
        {"seq": 2, "report": filed.report.code, "output": listed.output} for filed in listed.filed
    ]


def test_a_copy_holds_no_such_reason_before_they_are_gathered_either(app: Flask) -> None:
    words, looks = Listed(app, as_before=True).copy(0)
    assert (NAMED in words, len(looks)) == (False, 1)


def test_looks_an_older_program_still_wrote_lose_it_all_the_same(app: Flask) -> None:
    listed = Listed(app, as_before=True)
    listed.erase(1)
    assert where_it_stands() == []
    assert list(check_chains()) == []


def test_looks_that_hold_one_are_found_by_the_index_of_looks(sqlite_app: Flask) -> None:
    query = select(Event.id).where(_holds_reason()).order_by(Event.at, Event.id)
    plan = db.session.execute(text(f"EXPLAIN QUERY PLAN {query.compile(db.engine, compile_kwargs={'literal_binds': True})}")).all()
    assert "ix_event_look" in str(plan)
