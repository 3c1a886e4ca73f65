"""Files made in the background: ordered from a list, made within what the person may see then, fetched by them alone, gone in time."""
from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError

from casework import outputs
from casework.db import db, unit_of_work
from casework.documents.numbering import give_number
from casework.errors import CaseworkError
from casework.facts.keeping import keep_facts
from casework.models import Case, Delivery, DocumentBook, Event, File, Letter, Membership, Output, Reporter
from casework.outputs import LEASE, MOST_ATTEMPTS, WAITS, take_output
from casework.rights.breaches import BreachFacts, open_breach
from reports.statistics.periods import period_named
from reports.statistics.snapshots import freeze
from reports.statistics.standing import STANDING_NAMES, OpenState
from tests import build
from tests.casework.acting import local
from tests.conftest import running
from tests.grounds import remembered
from tests.test_packaging import ROOT
from tests.web.desk import Office
from web import cli
from web.config import Config
from web.exports.parameters import LISTS, PARAMETERS
from web.jobs.output_makers import case_list
from web.outputs import making
from web.outputs.behind_lists import COLUMNS as COUNTED_COLUMNS
from web.outputs.making import MAKERS, Made, OutputDropped, Progress, make_outputs
from web.statistics.owing import LOADS
from workflows.bottlenecks.keeping import count_month
from workflows.clock import Clock
from workflows.models import Incident, ProcessInstance

LATE = local(12, 3, 9)
REASON = "Gọi lại cho người gửi để hẹn ngày kiểm tra."


@remembered
def some_cases(world: build.World) -> None:
    """One case of two agencies and one of the first alone, both late; one unverified; one sensitive, with a place."""
    build.case_at(world, "handling", agencies=2)
    build.case_at(world, "handling", by="citizen_2")
    build.case_at(world, "to_verify")
    hidden = build.case_at(world, "handling")
    with unit_of_work():
        db.session.execute(update(Case).where(Case.id == hidden.id).values(title="Chuyện nhạy cảm", visibility_reason_id=1))
        db.session.execute(update(Case).where(Case.id == 1).values(title='=HYPERLINK("http://x.example";"rác")'))


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    office = Office(sqlite_app)
    some_cases(office.world)
    office.clock(LATE)
    return office


def work(office: Office, *, clock: Clock | None = None) -> int:
    """A round of the worker, at the office's time."""
    return make_outputs(office.app, office.app.extensions["file_store"], now=office.moment, clock=clock or (lambda: office.moment))


def order(office: Office, name: str, address: str, **form: Any) -> str:
    """Order from a page's link and return the address of the order."""
    page = office.get(name, address)
    assert page.status_code == 200, (name, address, page.status_code)
    centre = re.search(r'name="centre"[^>]*value="([^"]+)"', page.get_data(as_text=True))
    answer = office.post(name, address, **{"form": "json", "centre": centre[1] if centre else "", **form})
    assert answer.status_code == 302, answer.get_data(as_text=True)[-3000:]
    return str(answer.location)


def made(office: Office, name: str, address: str, **form: Any) -> Any:
    """What is in the file of a list somebody orders, as JSON unless they ask otherwise."""
    place = order(office, name, address, **form)
    assert work(office) == 1
    answer = office.get(name, f"{place}/file")
    assert answer.status_code == 200, office.words(name, place)
    assert (answer.headers["Cache-Control"], answer.headers["X-Content-Type-Options"]) == ("private, no-store", "nosniff")
    assert re.fullmatch(r'attachment; filename="[a-z-]+-ld-20260312-0900\.(json|csv|xlsx)"', answer.headers["Content-Disposition"])
    data = answer.get_data()
    assert len(data) == answer.content_length
    return json.loads(data) if form.get("form", "json") == "json" else data


def row_of(place: str) -> Output:
    db.session.rollback()
    return db.session.scalars(select(Output).where(Output.ref == place.rpartition("/")[2])).one()


def cases() -> list[Case]:
    return list(db.session.scalars(select(Case).order_by(Case.id)))


def events(type_: str) -> list[Event]:
    db.session.rollback()
    return list(db.session.scalars(select(Event).where(Event.type == type_).order_by(Event.id)))


def test_each_gets_the_cases_that_are_theirs_by_the_filter_of_the_page(office: Office) -> None:
    codes = [case.code for case in cases()]
    assert [row["code"] for row in made(office, "operator", "/exports/new/cases")] == codes[::-1]
    assert [row["code"] for row in made(office, "officer_PTNMT", "/exports/new/cases")] == [codes[3], codes[1], codes[0]]
    assert [row["code"] for row in made(office, "leader_UBND-LAT", "/exports/new/cases?state=open")] == [codes[0]]
    assert made(office, "officer_HKL", "/exports/new/cases") == []
    found = made(office, "committee_leader", "/exports/new/cases?q=rác suối&year=2026")
    assert [row["code"] for row in found] == [codes[3], codes[1], codes[0]]
    page = office.get("operator", "/search?q=rác&state=handling").get_data(as_text=True)
    link = re.search(r'href="(/exports/new/cases[^"]+)"', page)
    assert link is not None
    assert {row["state"] for row in made(office, "operator", link[1].replace("&amp;", "&"))} == {"Đang xử lý"}
    first = next(row for row in made(office, "operator", "/exports/new/cases?year=2026") if row["code"] == codes[0])
    assert (first["agency"], first["late"], first["opened_at"], first["reports"]) == (
        "Phòng Tài nguyên và Môi trường", "có", "2026-03-02T10:00:00+07:00", 1)  # fmt: skip
    hidden = next(row for row in made(office, "ops_lead", "/exports/new/cases?field=rung_dat_moi_truong") if row["code"] == codes[3])
    assert (hidden["title"], hidden["village"], hidden["area"]) == (None, None, "Xã Lát")
    book = load_workbook(io.BytesIO(made(office, "operator", "/exports/new/cases?state=handling", form="xlsx")))
    told = {row[0].value: row[1].value for row in book["Ghi chú"].iter_rows(min_row=3)}
    assert (told["Người kết xuất"], told["Bộ lọc"]) == ("Người Thử operator", "trạng thái: Đang xử lý")
    assert told["Lúc"] == "09:00 ngày 12/03/2026"
    lines = list(csv.reader(io.StringIO(made(office, "operator", "/exports/new/cases", form="csv").decode("utf-8-sig"))))
    assert "'=HYPERLINK(\"http://x.example\";\"rác\")" in {line[1] for line in lines}
    assert "0912345678" not in str(lines)
    assert build.PHONE not in str(lines)


@pytest.mark.exhaustive
def test_other_lists_hold_what_their_pages_show(office: Office) -> None:
    codes = [case.code for case in cases()]
    late = made(office, "operator", "/exports/new/late?source=citizen")
    assert {(row["agency"], row["code"]) for row in late if row["days"] is not None and row["step"] is None} >= {
        ("Phòng Tài nguyên và Môi trường", codes[0]), ("UBND xã Lát", codes[0])}
    assert {row["agency"] for row in made(office, "leader_UBND-LAT", "/exports/new/late")} == {"UBND xã Lát"}
    assert all(row["title"] != "Chuyện nhạy cảm" for row in late)
    waiting = made(office, "officer_PTNMT", "/exports/new/inbox?view=all")
    titles = {row["code"]: row["title"] for row in waiting}
    assert (list(titles), titles[codes[1]], titles[codes[3]]) == ([codes[1], codes[3], codes[0]], "Rác đổ ven suối", None)
    assert (waiting[0]["step"], waiting[0]["late"], waiting[0]["area"]) == ("Xử lý, trình kết quả", "có", "Xã Lát")
    assert [row["code"] for row in made(office, "operator", f"/exports/new/inbox?q={codes[2]}")] == [codes[2]]
    assert made(office, "operator", "/exports/new/letters") == []
    assert made(office, "records_clerk", "/exports/new/letters") == []
    keep_facts(office.moment)
    figures = made(office, "ops_lead", "/exports/new/figures?period=2026-03&by=agency")
    assert figures[0]["subject"] == "Toàn bộ"
    crossed = made(office, "ops_lead", "/exports/new/figures?period=2026-03&rows=source&columns=urgency&figure=received")
    assert (list(crossed[0]), crossed[-1]["subject"]) == (["subject", "normal", "all"], "Toàn bộ")
    assert crossed[-1]["all"] == figures[0]["received"] == sum(row["all"] for row in crossed[:-1]) > 0, "nobody is in quarantine here"
    steps = made(office, "ops_lead", "/exports/new/figures?period=2026-03&table=steps")
    assert steps
    assert list(steps[0]) == ["step", "passages", "median", "p90"]
    with unit_of_work():
        day = period_named("20260310-20260310", centre_id=office.world.centre.id)
        ref = freeze(day, centre_id=office.world.centre.id, by=office.world.actor("ops_lead"), now=office.moment).ref
    frozen = made(office, "committee_leader", f"/exports/new/figures?snapshot={ref}")
    assert (frozen[0]["dimension"], frozen[0]["subject"], len({row["dimension"] for row in frozen})) == ("Toàn bộ", "Toàn bộ", 6)
    place = order(office, "leader_PTNMT", f"/exports/new/figures?snapshot={ref}")
    work(office)
    assert "Không tìm thấy bản chốt" in office.words("leader_PTNMT", place), "it tells the figures of every agency"
    assert made(office, "leader_PTNMT", "/exports/new/figures?period=2026-03")[0]["subject"] == "Toàn bộ"
    assert all("kind" in row for row in made(office, "inspector", "/exports/new/setting_events"))
    for name, kind, status in (("officer_PTNMT", "late", 404), ("records_clerk", "cases", 404), ("inspector", "cases", 404),
                               ("administrator", "setting_events", 200), ("administrator", "cases", 404), ("citizen", "cases", 403),
                               ("operator", "no_such", 404),
                               ("operator", "case_file", 404), ("process_approver", "cases", 404), ("process_approver", "heat", 200),
                               ("ops_lead", "freeze_figures", 404), ("ops_lead", "people", 404)):  # fmt: skip
        assert office.get(name, f"/exports/new/{kind}").status_code == status, (name, kind)


@pytest.mark.exhaustive
def test_every_table_of_the_dashboard_leaves_as_it_stands_there(office: Office) -> None:
    keep_facts(office.moment)
    assert count_month(office.moment.date().replace(day=1), now=office.moment)

    def links(name: str) -> dict[str, str]:
        page = office.get(name, "/dashboard?period=2026-03&trend=month").text.replace("&amp;", "&")
        return {table: link for link, table in re.findall(r'href="(/exports/new/figures[^"]*table=(\w+)[^"]*)"', page)}

    whole = links("committee_leader")
    assert set(whole) == {"owed", "limits", "trend", "ratings", "spots"}
    told = {table: made(office, "committee_leader", link) for table, link in whole.items() if table != "owed"}
    book = load_workbook(io.BytesIO(made(office, "committee_leader", whole["owed"], form="xlsx")))
    [heads, *rows] = book.worksheets[0].iter_rows(values_only=True)
    assert heads == ("Đơn vị", *(STANDING_NAMES[each].vi for each in (*LOADS, OpenState.OPEN)))
    assert sum(row[-1] for row in rows) == 4 == sum(row["open"] for row in told["spots"] if row["village"] is None)
    beside = {row[0].value: row[1].value for row in book["Ghi chú"].iter_rows(min_row=3)}
    assert (beside["Đơn vị"], beside["Tính đến"], "Kỳ" in beside) == ("Agency", "09:00 ngày 12/03/2026", False), "it is of now"
    assert (len(told["trend"]), told["trend"][-1]["received"], told["trend"][-1]["since"][:7]) == (12, 4, "2026-03")
    assert [*told["ratings"][-1].values()] == ["Tất cả", 0, 0, "2026-03-01T00:00:00+07:00", "2026-04-01T00:00:00+07:00"]
    assert [row["median"] for row in told["limits"]] == [None] * len(told["limits"]) != [], "so few have no median"
    own = links("leader_PTNMT")
    assert set(own) == {"team", "limits", "trend", "ratings", "spots"}
    people = made(office, "leader_PTNMT", own["team"])
    assert (people[-1]["person"], people[-1]["taken"], {"late", "soon", "in_time"} < set(people[0])) == ("Chưa ai nhận", 3, True)
    place = order(office, "committee_leader", whole["trend"].replace("table=trend", "table=team"))
    work(office)
    assert row_of(place).error == "Bảng này dành cho lãnh đạo của một đơn vị."


def test_the_list_behind_a_number_leaves_as_its_page_shows_it_to_who_may_read_its_cases(office: Office) -> None:
    def link(name: str, page: str) -> str:
        found = re.search(r'href="(/exports/new/counted[^"]*)"', office.get(name, page).text.replace("&amp;", "&"))
        return found[1] if found else ""

    keep_facts(office.moment)
    received = "/statistics/cases?period=2026-03&figure=received"
    shown = set(re.findall(r"LD-2026-\d{6}", office.words("ops_lead", received)))
    told = made(office, "ops_lead", link("ops_lead", received))
    assert {row["code"] for row in told} == shown != set()
    assert {*told[0]} == {column.key for column in COUNTED_COLUMNS}
    urgent = made(office, "ops_lead", link("ops_lead", f"{received}&by=urgency&subject=urgent"))
    assert {row["code"] for row in urgent} < shown
    own = "/dashboard/cases?what=open"
    of_agency = {row["code"] for row in made(office, "leader_PTNMT", link("leader_PTNMT", own))}
    assert of_agency == set(re.findall(r"LD-2026-\d{6}", office.words("leader_PTNMT", own)))
    assert of_agency < {row["code"] for row in made(office, "committee_leader", link("committee_leader", own))}
    place = order(office, "ops_lead", link("ops_lead", own).replace("what=open", "what=everything"))
    work(office)
    assert row_of(place).error == "Không có danh sách nào sau con số này."


@pytest.mark.exhaustive
def test_what_keeps_the_house_in_order_leaves_as_its_pages_show_it(office: Office) -> None:
    with unit_of_work():
        case = cases()[0]
        instance = db.session.scalars(select(ProcessInstance).where(ProcessInstance.case_id == case.id)).first()
        assert instance is not None
        db.session.add(Incident(instance_id=instance.id, case_id=case.id, kind="timer", element="classify", error_class="KeyError",
                                error_text="=1+1", state_before=instance.state, status_before="running", occurred_at=LATE,
                                last_attempt_at=LATE))  # fmt: skip
        db.session.add(Delivery(recipient=f"reporter:{case.main_report.reporter_id}", case_id=case.id, channel="sms",
                                template="report_filed", dedupe_key="x", created_at=LATE, due_at=LATE, given_up_at=LATE,
                                last_error="unreachable: 550"))  # fmt: skip
        code = case.code

    def link(name: str, page: str, kind: str) -> str:
        found = re.search(rf'href="(/exports/new/{kind}[^"]*)"', office.get(name, page).text)
        assert found is not None, page
        return found[1].replace("&amp;", "&")

    [incident] = made(office, "administrator", link("administrator", "/incidents", "incidents"))
    assert (incident["code"], incident["error"], incident["where"]) == (code, "KeyError", "=1+1")
    lines = made(office, "administrator", "/exports/new/incidents", form="csv").decode("utf-8-sig")
    assert '"\'=1+1"' in lines, "no formula leaves the house"
    [message] = made(office, "administrator", link("administrator", "/settings/messages?reason=unreachable", "messages"))
    assert (message["code"], message["channel"], message["detail"], build.PHONE in str(message)) == (code, "SMS", "550", False)
    people = made(office, "administrator", link("administrator", "/settings/people?q=operator_2", "people"))
    assert [(row["login"], row["role"], row["disabled_at"]) for row in people] == [("operator_2", "Tổ vận hành", None)]
    everybody = made(office, "administrator", "/exports/new/people")
    assert {"officer_ptnmt", "administrator"} <= {row["login"] for row in everybody}
    assert "password" not in str(everybody[0]).replace("start_password", "")
    heat = made(office, "process_approver", link("process_approver", "/studio/heat?from=2026-03&to=2026-03", "heat"))
    assert {"classify", "distribute"} <= {row["element"] for row in heat}
    own = made(office, "administrator", link("administrator", "/exports", "outputs"))
    assert [row["kind"] for row in own][:2] == ["Danh sách cán bộ, vai trò"] * 2
    assert made(office, "operator_2", "/exports/new/outputs") == [], "one's own alone, without this one"
    assert made(office, "ops_lead", "/exports/new/schedules") == []


def test_documents_and_their_book_leave_as_their_pages_show_them(office: Office) -> None:
    world, day = office.world, office.moment.date()
    form = office.get("operator", f"/late/{world.agencies['PTNMT'].ref}/letter").text
    parts = re.findall(r'name="part" value="([^"]+)" checked', form)
    sent = office.post("operator", f"/late/{world.agencies['PTNMT'].ref}/letter", part=parts, reply_by="2026-03-20", words="")
    assert sent.status_code == 302
    with unit_of_work():
        letter = db.session.scalars(select(Letter)).one()
        give_number(letter, on=day, by=world.actor("records_clerk", office.moment), now=office.moment)
    [row] = made(office, "operator", "/exports/new/letters?shelf=numbered&year=2026")
    assert (row["number"][:2], row["cases"], row["recipient"], row["on"]) == (
        "01", len(parts), "Phòng Tài nguyên và Môi trường", "2026-03-12")  # fmt: skip
    assert made(office, "operator", "/exports/new/letters?shelf=to_number") == []
    book = db.session.scalars(select(DocumentBook.ref)).one()
    assert f"/exports/new/register?book={book}" in office.get("records_clerk", "/documents/books").text.replace("&amp;", "&")
    [line] = made(office, "records_clerk", f"/exports/new/register?book={book}")
    assert (line["number"], line["given_by"]) == (row["number"], "Người Thử records_clerk")
    place = order(office, "leader_HKL", f"/exports/new/register?book={book}")
    assert (work(office), row_of(place).state, row_of(place).error) == (1, "failed", "Không tìm thấy sổ này.")


def test_roles_are_those_of_the_moment_the_file_is_made_and_of_the_moment_it_is_fetched(office: Office) -> None:
    lost = order(office, "operator", "/exports/new/cases")
    ready = order(office, "operator_2", "/exports/new/cases")
    ended = update(Membership).where(Membership.account_id == office.world.people["operator"].id)
    with unit_of_work():
        db.session.execute(ended.values(valid_to=office.moment.date()))
    assert work(office) == 2
    assert (row_of(lost).state, row_of(lost).attempts, row_of(lost).error) == ("failed", 1, "Ông/Bà không có quyền làm việc này.")
    assert office.get("operator_2", f"{ready}/file").status_code == 200
    with unit_of_work():
        ended = update(Membership).where(Membership.account_id == office.world.people["operator_2"].id)
        db.session.execute(ended.values(valid_to=office.moment.date()))
    office._browsers.clear()
    assert office.get("operator_2", f"{ready}/file").status_code == 403
    # who goes to another agency of the same centre, on the very day, leaves the lists of the former one there
    theirs = order(office, "officer_PTNMT", "/exports/new/cases")
    assert (work(office), office.get("officer_PTNMT", f"{theirs}/file").status_code) == (1, 200)
    with unit_of_work():
        moved = update(Membership).where(Membership.account_id == office.world.people["officer_PTNMT"].id)
        db.session.execute(moved.values(agency_id=office.world.agencies["HKL"].id))
    office._browsers.clear()
    assert office.get("officer_PTNMT", f"{theirs}/file").status_code == 302
    assert "vai trò mà Ông/Bà không còn giữ" in office.words("officer_PTNMT", theirs)
    anew = order(office, "officer_PTNMT", "/exports/new/cases")
    assert (anew != theirs, work(office), office.get("officer_PTNMT", f"{anew}/file").status_code) == (True, 1, 200)


def test_a_file_is_its_persons_alone_and_runs_out(office: Office) -> None:
    place = order(office, "operator", "/exports/new/cases", form="xlsx")
    assert "Đang chờ" in office.words("operator", place)
    assert 'hx-trigger="every 2s"' in office.get("operator", f"{place}/progress").text
    assert office.get("operator", f"{place}/file").status_code == 302, "nothing to fetch yet"
    assert work(office) == 1
    for other in ("operator_2", "ops_lead", "officer_PTNMT"):
        for part in ("", "/file", "/progress"):
            assert office.get(other, f"{place}{part}").status_code == 404
        assert [office.post(other, f"{place}/{part}").status_code for part in ("retry", "deletion")] == [404, 404]
    for _ in range(2):
        assert office.get("operator", f"{place}/file").status_code == 200
    assert office.browser("operator").head(f"{place}/file").status_code == 200
    assert (row_of(place).fetched, "đã tải 2 lần" in office.words("operator", place)) == (2, True)
    assert row_of(place).expires_at == office.moment + timedelta(days=7)
    store, name = office.app.extensions["file_store"], row_of(place).file.stored_name  # type: ignore[union-attr]
    assert store.exists(name)
    assert b"PK" not in Path(store.root, name).read_bytes()[:4], "sealed"
    office.clock(office.moment + timedelta(days=7))
    answer = office.get("operator", f"{place}/file")
    assert (answer.status_code, "Liên kết đã hết hạn" in office.words("operator", place)) == (302, True), "before any job has run"
    assert work(office) == 0
    assert (row_of(place).state, row_of(place).file.erased_at) == ("expired", office.moment)  # type: ignore[union-attr]
    from casework.erasure.files import remove_erased_files

    assert remove_erased_files(store, now=office.moment) == 1
    assert not store.exists(name)
    assert office.post("operator", f"{place}/retry").status_code == 302
    assert work(office) == 1
    assert office.get("operator", f"{place}/file").status_code == 200, "ordered again, it is one file anew"
    assert office.post("operator", f"{place}/deletion").status_code == 302
    assert (row_of(place).state, office.get("operator", place).status_code) == ("dropped", 404)
    assert db.session.scalar(select(func.count(File.id)).where(File.output_id.is_not(None), File.erased_at.is_(None))) == 0


def test_personal_data_take_a_right_and_a_reason_and_leave_an_event_on_every_case(office: Office) -> None:
    assert "with_identity" not in office.get("operator", "/exports/new/cases").text
    assert office.post("operator", "/exports/new/cases", form="json", with_identity="y", reason=REASON).status_code in (403, 422)
    answer = office.post("ops_lead", "/exports/new/cases?state=open", form="json", with_identity="y", reason="vì",
                         centre=office.world.centre.ref)  # fmt: skip
    assert (answer.status_code, "vì</textarea>" in answer.text, "Vui lòng nêu rõ lý do" in answer.text) == (422, True, True)
    with unit_of_work():
        rests = db.session.scalars(select(Reporter).order_by(Reporter.id)).all()[1]
        rests.restricted_at = office.moment
    rows = made(office, "ops_lead", "/exports/new/cases?state=open", with_identity="y", reason=REASON)
    codes = [case.code for case in cases()]
    told = {row["report"]: (row["sender"], row["phone"]) for row in rows}
    assert told == {codes[0]: ("Nguyễn Thị Thử", build.PHONE), codes[1]: (None, None), codes[2]: ("Nguyễn Thị Thử", build.PHONE),
                    codes[3]: ("Nguyễn Thị Thử", build.PHONE)}  # fmt: skip
    place = f"/exports/{db.session.scalars(select(Output.ref).order_by(Output.id.desc())).first()}"
    looks = [event for event in events("export_identity") if event.case_id is not None]
    assert [event.payload["report"] for event in looks] == [codes[0], codes[2], codes[3]]  # type: ignore[index]
    assert {(event.payload["output"], event.actor_id, "reason" in event.payload) for event in looks} == {  # type: ignore[index, operator]
        (place.rpartition("/")[2], office.world.people["ops_lead"].id, False)}
    assert [event.payload for event in events("give_reason")] == [{"reason": REASON}]
    history = office.words("ops_lead", f"/cases/{cases()[0].ref}?tab=all")
    assert f"Kết xuất danh sách có danh tính người gửi. Lý do: {REASON}" in history
    assert "Kết xuất danh sách" not in office.words("officer_PTNMT", f"/cases/{cases()[0].ref}?tab=all")
    stream = [(event.type, event.payload) for event in db.session.scalars(select(Event).where(Event.stream == "outputs"))]
    assert [type_ for type_, _ in stream] == ["order_output", "export_identity", "fetch_output"]
    assert row_of(place).expires_at == office.moment + timedelta(hours=24)
    office.get("ops_lead", f"{place}/file")
    assert [event.payload["number"] for event in events("fetch_output")] == [1, 2]  # type: ignore[index]
    assert build.PHONE not in str([event.payload for event in db.session.scalars(select(Event))])
    with unit_of_work():
        outputs.drop_named_outputs(at=office.moment)
    assert (row_of(place).state, office.get("ops_lead", f"{place}/file").status_code) == ("expired", 302)
    assert office.post("ops_lead", f"{place}/retry").status_code == 302
    assert row_of(place).state == "expired", "a reason is given anew"


def test_too_many_named_are_refused_and_an_attempt_that_was_cut_short_looks_once(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case_list, "MOST_NAMED", 3)
    place = order(office, "ops_lead", "/exports/new/cases", with_identity="y", reason=REASON)
    assert work(office) == 1
    assert (row_of(place).state, "tối đa 500 hồ sơ" in (row_of(place).error or ""), events("export_identity")) == ("failed", True, [])
    monkeypatch.undo()
    monkeypatch.setattr(making, "write_table", None, raising=False)

    def cut(rows: Any) -> Any:
        raise OSError(28, "No space left on device")

    from web.outputs import listing

    real = listing.write_table
    monkeypatch.setattr(listing, "write_table", lambda table, *rest, **more: (list(table.rows), cut(table))[1])
    assert office.post("ops_lead", f"{place}/retry").status_code == 302
    assert work(office) == 1
    assert (row_of(place).state, row_of(place).error, row_of(place).due_at) == (
        "waiting", "Lỗi kỹ thuật (OSError).", office.moment + WAITS[0])  # fmt: skip
    monkeypatch.setattr(listing, "write_table", real)
    office.clock(office.moment + WAITS[0])
    assert work(office) == 1
    assert row_of(place).state == "ready"
    assert len([event for event in events("export_identity") if event.case_id is not None]) == 4, "each report once, not twice"


def test_a_fault_is_tried_again_after_growing_waits_and_then_says_so_until_somebody_tries(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, calls = order(office, "operator", "/exports/new/cases"), list[str]()

    def broken(output: Output, progress: Progress) -> Made:
        calls.append(output.ref)
        raise RuntimeError("kín")

    monkeypatch.setitem(MAKERS, "cases", broken)
    for number, wait in enumerate(WAITS, start=1):
        assert work(office) == 1
        row = row_of(place)
        assert (row.state, row.attempts, row.due_at - office.moment) == ("waiting", number, wait)
        assert "Lỗi kỹ thuật (RuntimeError)" in office.words("operator", place)
        assert "kín" not in (row.error or "")
        assert work(office) == 0, "not before its time"
        office.clock(office.moment + wait)
    assert work(office) == 1
    assert (row_of(place).state, len(calls)) == ("failed", MOST_ATTEMPTS)
    assert "Thử lại" in office.words("operator", place)
    monkeypatch.undo()
    assert office.post("operator", f"{place}/retry").status_code == 302
    assert work(office) == 1
    assert row_of(place).state == "ready"


def test_what_a_killed_worker_left_is_made_by_the_next_and_the_first_can_keep_nothing(office: Office) -> None:
    place = order(office, "operator", "/exports/new/cases")
    with unit_of_work():
        killed = take_output(office.moment)
    assert killed is not None
    assert work(office) == 0
    with unit_of_work():
        assert take_output(office.moment) is None
        held = outputs.tell_of_output(killed, done=1, total=4, now=office.moment + timedelta(minutes=1))
    assert held is not None
    assert "1/4" in office.words("operator", place)
    office.clock(office.moment + timedelta(minutes=1) + LEASE + timedelta(seconds=1))
    store = office.app.extensions["file_store"]
    with unit_of_work():
        again = take_output(office.moment)
        stored = store.put(making.new_stored_name(), b"old", sealed=True)
        assert not outputs.finish_output(held, stored, name="x.json", media_type="x", by=office.world.actor("operator"), now=office.moment)
        assert not outputs.fail_output(held, outputs.STOPPED, now=office.moment, again=True)
        assert outputs.tell_of_output(held, done=2, total=4, now=office.moment) is None
        assert not outputs.is_held(held)
    assert again is not None
    assert (again.attempts, row_of(place).state) == (2, "making")
    for _ in range(MOST_ATTEMPTS - 2):
        office.clock(office.moment + LEASE + timedelta(seconds=1))
        with unit_of_work():
            assert take_output(office.moment) is not None
    office.clock(office.moment + LEASE + timedelta(seconds=1))
    with unit_of_work():
        assert take_output(office.moment) is None
    assert (row_of(place).state, row_of(place).error) == ("failed", outputs.STOPPED.vi), "what stops every worker is given up"


def test_a_file_whose_keeping_nobody_confirmed_stays_there(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server takes the commit and goes away before it says so: the order is ready, and what it names must not be taken away."""
    place = order(office, "operator", "/exports/new/cases")
    unit = making.unit_of_work
    cut: list[str] = []

    @contextmanager
    def unanswered() -> Iterator[None]:
        with unit():
            yield
        state = db.session.scalar(select(Output.state))
        db.session.rollback()
        if state == "ready" and not cut:
            cut.append(state)
            raise OperationalError("COMMIT", {}, Exception("the connection is gone"))

    monkeypatch.setattr(making, "unit_of_work", unanswered)
    assert work(office) == 1
    output = row_of(place)
    assert (cut, output.state, output.file is not None) == (["ready"], "ready", True)
    assert office.app.extensions["file_store"].exists(output.file.stored_name)


def test_what_is_taken_back_while_it_is_made_leaves_no_file(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    place, seen = order(office, "operator", "/exports/new/cases"), list[object]()

    def slow(output: Output, progress: Progress) -> Made:
        titles = db.session.scalars(select(Case.title).order_by(Case.id)).all()
        progress.tell(1, 2)
        assert titles == db.session.scalars(select(Case.title).order_by(Case.id)).all(), "the maker's own session goes on"
        seen.append(progress.is_dropped)
        with office.app.app_context():
            outputs_of(place, "drop_output", by=office.world.actor("operator"), now=office.moment)
        seen.append(progress.is_dropped)
        try:
            progress.tell(2, 2)
        except OutputDropped:
            seen.append("dropped")
        path = progress.folder / "x"
        path.write_bytes(b"x")
        return Made(path, "x.json", "application/json")

    monkeypatch.setitem(MAKERS, "cases", slow)
    assert work(office) == 1
    assert (seen, row_of(place).state, row_of(place).file) == ([False, True, "dropped"], "dropped", None)
    assert list(office.app.extensions["file_store"].list_names()) == []
    assert list((office.app.config["DATA"] / making.FOLDER).iterdir()) == []


def test_a_program_that_lacks_what_makes_an_output_is_told_what_to_bring(sqlite_app: Flask) -> None:
    with pytest.raises(LookupError, match=r"nothing here makes 'pictures'; web\.jobs\.output_makers brings"):
        making.maker_of("pictures")


def outputs_of(place: str, act: str, **arguments: Any) -> None:
    with unit_of_work():
        getattr(outputs, act)(db.session.scalars(select(Output).where(Output.ref == place.rpartition("/")[2])).one(), **arguments)


def test_quarantine_takes_every_file_that_may_hold_the_case_and_one_under_way_is_made_without_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = cases()[1]
    ready = order(office, "operator", "/exports/new/cases")
    named = order(office, "ops_lead", "/exports/new/cases", with_identity="y", reason=REASON)
    other = order(office, "inspector", "/exports/new/setting_events")
    assert work(office) == 3
    later = order(office, "operator", "/exports/new/cases?state=open")
    real: Callable[[Output, Progress], Made] = MAKERS["cases"]

    def meanwhile(output: Output, progress: Progress) -> Made:
        made_ = real(output, progress)
        monkeypatch.setitem(MAKERS, "cases", real)
        with office.app.app_context():
            build.act(office.world, db.session.get_one(Case, case.id), "quarantine", "ops_lead", now=office.moment, reason="Tố cáo.")
        return made_

    monkeypatch.setitem(MAKERS, "cases", meanwhile)
    assert work(office) == 2, "made, thrown away, and made anew"
    assert [row_of(each).state for each in (ready, named, other, later)] == ["expired", "expired", "ready", "ready"]
    assert row_of(named).reason == "…"
    assert office.get("operator", f"{ready}/file").status_code == 302
    codes = [row["code"] for row in json.loads(office.get("operator", f"{later}/file").get_data())]
    assert case.code not in codes
    assert len(codes) == 3
    assert office.post("operator", f"{ready}/retry").status_code == 302
    assert work(office) == 1
    assert case.code not in office.get("operator", f"{ready}/file").text
    assert [event.payload for event in events("export_identity") if event.case_id == case.id] == [None]


def test_nobody_orders_without_end_and_the_same_order_is_one(office: Office) -> None:
    first = order(office, "operator", "/exports/new/cases")
    assert order(office, "operator", "/exports/new/cases") == first
    for number in range(outputs.MOST_WAITING - 1):
        order(office, "operator", f"/exports/new/cases?year={2020 + number}")
    answer = office.post("operator", "/exports/new/cases?year=2019", form="csv", centre=office.world.centre.ref)
    assert (answer.status_code, "đang có 5 tệp chờ tạo" in answer.text) == (422, True)
    assert order(office, "operator_2", "/exports/new/cases") != first
    page = office.words("operator", "/exports")
    assert page.count("Đang chờ") == outputs.MOST_WAITING
    assert "Danh sách hồ sơ" in page
    with pytest.raises(CaseworkError):
        outputs.order_output("cases", "pdf", {}, by=office.world.actor("operator"), now=office.moment, centre_id=office.world.centre.id)


@pytest.mark.exhaustive
def test_the_command_writes_a_list_and_says_who_sat_at_the_machine(
    sqlite_config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_USER", "may-chu")
    monkeypatch.setattr("web.commands.exports.ready_app", lambda _config, _name: app)
    monkeypatch.setattr(Config, "from_environment", classmethod(lambda _class: sqlite_config))

    def export(*options: str) -> tuple[int, str]:
        result = CliRunner().invoke(cli.commands, ["export", *options])
        return result.exit_code, result.output

    with running(sqlite_config) as app:
        app.config["CLOCK"] = lambda: LATE
        world = build.standard_world()
        some_cases(world)
        codes = [case.code for case in cases()]
    out = tmp_path / "open.json"
    args = ("cases", "--centre", "LD", "--form", "json", "--out", str(out))
    assert export(*args, "--filter", "state=open")[0] == 0
    assert ([row["code"] for row in json.loads(out.read_text())], out.stat().st_mode & 0o777) == (codes[::-1], 0o600)
    assert export(*args) == (2, f"{out} is there already.\n")
    elsewhere = ("--form", "csv", "--out", str(tmp_path / "x.csv"))
    for wrong, code, words in (
        (("cases", "--centre", "XX"), 1, "no centre with the prefix XX"),
        (("late", "--centre", "LD", "--filter", "state=open"), 1, "no filter state"),
        (("cases", "--centre", "LD", "--filter", "state"), 2, "NAME=VALUE"), (("inbox", "--centre", "LD"), 2, "is not one of"),
        (("cases", "--centre", "LD", "--with-identity"), 1, "Please give the reason"),
        (("late", "--centre", "LD", "--with-identity", "--reason", REASON), 1, "not allowed"),
        (("register", "--centre", "LD"), 1, "register needs --filter book=…, as in the address of its page. Books: none yet."),
        (("figures", "--centre", "LD"), 1, "figures needs --filter period=2026-03 or --filter snapshot=…"),
        (("counted", "--centre", "LD"), 1, "counted needs --filter figure=… or --filter what=…"),
    ):  # fmt: skip
        status, said = export(*wrong, *elsewhere)
        assert (status, words in said) == (code, True), (wrong, said)
    assert export("cases", "--centre", "LD", "--with-identity", "--reason", REASON, *elsewhere)[0] == 0
    for kind in ("late", "letters", "setting_events"):
        assert export(kind, "--centre", "LD", "--out", str(tmp_path / f"{kind}.xlsx"))[0] == 0, kind
    of_agency = ("--filter", "period=2026-03", "--filter", "of=PTNMT", "--out", str(tmp_path / "f.xlsx"))
    assert export("figures", "--centre", "LD", *of_agency)[0] == 0
    assert build.PHONE[1:] in (tmp_path / "x.csv").read_text("utf-8-sig")
    with running(sqlite_config):
        looked = [event.payload for event in events("export_identity")]
        assert {payload["by_command"] for payload in looked} == {"may-chu"}  # type: ignore[index]
        assert [event.payload for event in events("give_reason")] == [{"reason": REASON}]
        assert len(looked) == 4
        assert len(events("export_by_command")) == 6


@pytest.mark.exhaustive
def test_the_command_takes_every_list_the_document_names_and_the_worker_writes(
    sqlite_config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    [told] = re.findall(r"^`LIST` is (.*?); filters are", text, re.MULTILINE | re.DOTALL)
    assert sorted(re.findall(r"`([a-z_]+)`", told)) == sorted(LISTS)
    assert set(LISTS) == PARAMETERS.keys() & MAKERS.keys() - {"inbox", "outputs"}, "all but what is somebody's"
    with running(sqlite_config) as app:
        app.config["CLOCK"] = lambda: LATE
        world = build.standard_world()
        some_cases(world)
        known = BreachFacts(
            "Mất một máy tính bảng.", "Số điện thoại", "Có thể bị gọi quấy rầy.", "Đã khóa máy.", "Trung tâm, 0263 382 2123"
        )
        with unit_of_work():
            by = world.actor("administrator", LATE)
            breach = open_breach("account", known, by=by, now=LATE, noticed_at=LATE, centre_id=world.centre.id).ref
            row = DocumentBook(centre_id=world.centre.id, year=2026, series="", last_number=0)
            db.session.add(row)
            db.session.flush()
            book = row.ref
        keep_facts(LATE)
    monkeypatch.setattr("web.commands.exports.ready_app", lambda _config, _name: app)
    monkeypatch.setattr(Config, "from_environment", classmethod(lambda _class: sqlite_config))
    given = {
        "register": ("--filter", f"book={book}"), "figures": ("--filter", "period=2026-03"),
        "counted": ("--filter", "what=open", "--filter", "of=PTNMT"),
        "affected": ("--filter", f"breach={breach}", "--reason", REASON), "looks": ("--reason", REASON),
    }  # fmt: skip
    rows = {}
    for kind in LISTS:
        out = tmp_path / f"{kind}.json"
        options = ("--centre", "LD", "--form", "json", "--out", str(out), *given.get(kind, ()))
        done = CliRunner().invoke(cli.commands, ["export", kind, *options])
        assert done.exit_code == 0, (kind, done.output, done.exception)
        rows[kind] = json.loads(out.read_text(encoding="utf-8"))
        assert isinstance(rows[kind], list), kind
    done = CliRunner().invoke(cli.commands, ["export", "register", "--centre", "LD", "--out", str(tmp_path / "x.xlsx")])
    assert f"Books: {book} (Test centre LD, 2026)." in done.output
    assert {"officer_ptnmt", "administrator"} <= {row["login"] for row in rows["people"]}
    assert {"classify", "distribute"} <= {row["element"] for row in rows["heat"]}
    assert rows["processing"]
    assert len(rows["counted"]) == 3, "of the one agency alone"
    for kind in ("looks", "affected"):
        wanted = given[kind][: given[kind].index("--reason")]
        done = CliRunner().invoke(cli.commands, ["export", kind, "--centre", "LD", "--out", str(tmp_path / "x.xlsx"), *wanted])
        assert (done.exit_code, "Please give the reason" in done.output) == (1, True), kind
    for kind in ("inbox", "outputs", "letter", "freeze_figures"):
        done = CliRunner().invoke(cli.commands, ["export", kind, "--centre", "LD", "--out", str(tmp_path / "x.xlsx")])
        assert (done.exit_code, "is not one of" in done.output) == (2, True), kind
    with running(sqlite_config):
        told_of = {event.payload["kind"]: event.payload.get("reason") for event in events("export_by_command") if event.payload}
        assert told_of == {kind: REASON if kind in ("looks", "affected") else None for kind in LISTS}
