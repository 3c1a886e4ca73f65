"""Case files and documents about periods from the desk: ordered, made by the worker, previewed, written, printed, and by command."""
from __future__ import annotations

import io
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pypdf
import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import func, select, update

from casework.assignments.periods import agency_figures
from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.documents.letters import take_out_of_letters
from casework.erasure.quarantine import QuarantineInput, quarantine
from casework.facts.daily import sum_up_days
from casework.facts.keeping import keep_facts
from casework.figures.keeping import count_public_figures
from casework.local_time import LOCAL_ZONE
from casework.models import Agency, Case, Event, Letter, Output, Publication
from casework.publishing.corrections import UnpublishInput, unpublish
from reports.letters import page_of, sheets_of
from tests import build
from tests.conftest import running
from tests.system.canary import IN_TRANSCRIPT, MARKS
from tests.system.journey import Journey
from tests.system.marks import found_in
from tests.web.desk import Office
from tests.web.pages import words_of
from web import cli
from web.config import Config
from web.documents.making import make_letter_files
from web.outputs.making import make_outputs
from web.reporting import pages


def work(app: Flask, moment: datetime) -> int:
    """A round of the worker."""
    return make_outputs(app, app.extensions["file_store"], now=moment, clock=lambda: moment)


def text_of(data: bytes) -> str:
    return " ".join(" ".join(page.extract_text().split()) for page in pypdf.PdfReader(io.BytesIO(data)).pages)


def attachment(data: bytes) -> Any:
    [[content]] = pypdf.PdfReader(io.BytesIO(data)).attachments.values()
    return orjson.loads(content)


def count(moment: datetime) -> None:
    """What the worker counts before anybody asks."""
    keep_facts(moment + timedelta(minutes=5))
    sum_up_days(moment + timedelta(minutes=5))
    count_public_figures(moment)


def test_no_mark_of_a_sender_is_in_a_case_file_or_a_report(sqlite_app: Flask) -> None:
    journey = Journey(sqlite_app, build.standard_world())
    journey.whole()
    for name in ("operator", "committee_leader"):
        person = journey.person(name)
        page = person.get(f"/cases/{journey.case.ref}/case-file")
        assert page.status == 200
        ordered = person.submit(page, at=f"/cases/{journey.case.ref}/case-file")
        assert "/exports/" in ordered.path
        assert work(sqlite_app, journey.now) == 1
        data = person.get(f"{ordered.path}/file").body
        assert data.startswith(b"%PDF"), person.get(ordered.path).text
        assert not found_in(data, MARKS)
        assert not found_in(orjson.dumps(attachment(data)), MARKS)
        told = text_of(data)
        for words in (journey.code, "Phân phối và xử lý", "Đã duyệt", "Hài lòng", "In hồ sơ vụ việc", "hiện trường, phản ánh",
            "kết quả xử lý"):
            assert words.lower() in told.lower(), words
        facts = attachment(data)
        assert facts["proof"]["hash"][:8] in told.replace(" ", "")
        assert facts["proof"]["seq"] == db.session.scalar(select(func.count()).where(Event.case_id == journey.case.id))
        assert all(row["verdict"] in ("Duyệt", "Yêu cầu xử lý lại") for part in facts["agencies"] for row in part["answers"])

        versions = [row["version"] for row in facts["agencies"][0]["answers"]]
        assert versions == sorted(versions)
        assert len(facts["pictures"]) >= 3
    assert db.session.scalar(select(func.count()).where(Event.type == "print_case_file")) == 2

    count(journey.now)
    person = journey.person("ops_lead")
    for kind, period in (("period_report", "2026-03"), ("agency_sheet", "2026-Q1"), ("yearbook", "2026")):
        page = person.get("/statistics/reports")
        of = journey.world.agencies["PTNMT"].ref if kind == "agency_sheet" else journey.world.centre.ref
        preview = person.submit(page, at="/statistics/reports", kind=kind, period=period, of=of)
        assert work(sqlite_app, journey.now) == 1, preview.text[-3000:]
        shown = person.get(preview.path)
        assert "paper" in shown.text, shown.text[-3000:]
        made = person.submit(shown, at=preview.path, act="pdf")
        assert work(sqlite_app, journey.now) == 1
        data = person.get(f"{made.path}/file").body
        for content in (shown.body, data, orjson.dumps(attachment(data))):
            assert not found_in(content, (*MARKS, IN_TRANSCRIPT)), kind


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    office = Office(sqlite_app)
    build.case_at(office.world, "rating")
    build.case_at(office.world, "handling", agencies=2)
    hidden = build.case_at(office.world, "handling")
    with unit_of_work():
        db.session.execute(update(Case).where(Case.id == hidden.id).values(title="Chuyện nhạy cảm", visibility_reason_id=1))
    office.clock(build.NOON + timedelta(days=30))
    count(office.moment)
    return office


def prepared(office: Office, name: str, kind: str, period: str, of: str) -> str:
    """Prepare a document, let the worker make it, and return the address of its preview."""
    answer = office.post(name, "/statistics/reports", kind=kind, period=period, of=of)
    assert answer.status_code == 302, answer.get_data(as_text=True)[-2000:]
    assert "progress" in office.get(name, answer.location).get_data(as_text=True) or office.words(name, answer.location)
    assert work(office.app, office.moment) == 1
    return str(answer.location)


@pytest.mark.exhaustive
def test_a_report_is_prepared_previewed_and_written_with_words_that_stay(office: Office) -> None:
    centre = office.world.centre.ref
    place = prepared(office, "ops_lead", "period_report", "2026-03", centre)
    words = office.words("ops_lead", place)
    for told in ("SỐ LIỆU TẠM TÍNH", "Tổng số vụ việc phải xử lý: 3", "Vụ việc trễ hạn", "Không nêu nội dung"):
        assert told in words, told
    assert "Chuyện nhạy cảm" not in words
    typed = {"assessment": "Khối lượng <b>tăng</b> do mưa.", "proposals": "Bổ sung một cán bộ.", "to": "Ủy ban nhân dân huyện",
        "copies": ""}
    assert "Khối lượng &lt;b&gt;tăng" in office.post("ops_lead", place, act="preview", **typed).get_data(as_text=True)
    too_long = office.post("ops_lead", place, act="write", **{**typed, "assessment": "x" * 9_000})
    assert too_long.status_code == 422
    assert "Bổ sung một cán bộ." in too_long.get_data(as_text=True)
    assert office.post("operator", place, act="write", **typed).status_code == 404, "nobody finds another's preview"
    done = office.post("ops_lead", place, act="write", **typed)
    assert office.post("ops_lead", place, act="write", **typed).location == done.location, "a second click writes no second one"
    letter = db.session.scalars(select(Letter).where(Letter.kind == "period_report")).one()
    assert done.location.endswith(f"/documents/{letter.ref}")
    assert "Bổ sung một cán bộ." in office.words("ops_lead", done.location)
    assert "Tổng số vụ việc phải xử lý: 3" in office.words("records_clerk", done.location)
    html = page_of(letter, number=5)
    assert "Số: 05/BC" in html
    data = sheets_of(letter, html)
    assert "Khối lượng <b>tăng</b> do mưa." in text_of(data)
    assert attachment(data)["assessment"].startswith("Khối lượng")
    case = db.session.scalars(select(Case).where(Case.code == letter.content["rows"][0]["code"])).one()

    # what leaves the system goes out of it, with the words somebody typed
    with unit_of_work():
        take_out_of_letters([db.session.get_one(Case, case.id)], at=office.moment)
    assert letter.withdrawn_at is not None
    assert all(row["code"] != case.code for row in letter.content["rows"])
    assert letter.content["assessment"] == ""


def test_a_report_that_was_taken_back_is_written_anew_and_none_from_a_preview_that_is_gone(office: Office,
                                                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    place = prepared(office, "ops_lead", "period_report", "2026-03", office.world.centre.ref)
    first = office.post("ops_lead", place, act="write", assessment="Một.")
    assert office.post("ops_lead", f"{first.location}/withdrawal", reason="Sai.").status_code == 302
    second = office.post("ops_lead", place, act="write", assessment="Hai.")
    assert (second.status_code, second.location != first.location) == (302, True)
    assert office.post("ops_lead", place, act="write", assessment="Hai.").location == second.location
    assert office.post("ops_lead", f"{second.location}/withdrawal", reason="Sai.").status_code == 302

    # a case of it leaves the system between the reading of the preview and the writing
    letter = db.session.scalars(select(Letter).order_by(Letter.id.desc()).limit(1)).one()
    code, moment, number = letter.content["rows"][0]["code"], office.moment, db.session.scalar(select(func.count(Letter.id)))
    read = pages.preview_of

    def read_and_set_apart(output: Output, **named: Any) -> Any:
        told = read(output, **named)
        with unit_of_work():
            case = db.session.scalars(select(Case).where(Case.code == code)).one()
            quarantine(lock_case(case.id), QuarantineInput(reason="Tố cáo."), by=office.world.actor("operator", moment), now=moment)
        monkeypatch.setattr(pages, "preview_of", read)
        return told

    monkeypatch.setattr(pages, "preview_of", read_and_set_apart)
    answer = office.post("ops_lead", place, act="write", assessment="Lời đã viết trong một giờ, dài hơn một dòng.")
    assert (answer.status_code, "Bản xem trước không còn." in words_of(answer), code in words_of(answer)) == (422, True, False)
    assert db.session.scalar(select(func.count(Letter.id))) == number
    # words typed for an hour outlive the figures they were about
    for _again in range(2):
        assert "Lời đã viết trong một giờ, dài hơn một dòng." in words_of(answer)
        answer = office.post("ops_lead", place, act="write", assessment="Lời đã viết trong một giờ, dài hơn một dòng.")
        assert answer.status_code == 422


@pytest.mark.exhaustive
def test_a_letter_of_many_rows_is_set_by_the_worker_and_a_short_one_at_once(sqlite_app: Flask) -> None:
    office = Office(sqlite_app)
    world, row = office.world, {"title": "Rác ven suối Đạ Nghịt", "source": "citizen", "urgent": False, "days": 3}

    def late(number: int) -> str:
        rows = [{**row, "code": f"LD-2026-{each:06}", "due_at": "2026-02-27T17:00:00+00:00"} for each in range(number)]
        with unit_of_work():
            letter = Letter(
                kind="late_list", centre_id=world.centre.id, agency_id=world.agencies["PTNMT"].id, made_at=build.NOON,
                made_by_id=world.people["operator"].id, reply_by=office.moment.date(),
                content={"head": {"issuing_body": "Trung tâm IOC", "symbol": "IOC", "signer_name": "Người Ký Thử"}, "rows": rows,
                         "words": "", "on": "2026-03-02", "to": "Phòng TNMT", "phone": ""},
            )  # fmt: skip
            db.session.add(letter)
        return f"/documents/{letter.ref}"

    short, long = late(3), late(60)
    assert office.get("operator", f"{short}/file").mimetype == "application/pdf"
    assert office.get("operator", f"{long}/file").location == f"{long}/sheets"
    for name in ("operator", "records_clerk", "leader_PTNMT"):
        place = office.post(name, f"{long}/sheets").location
        assert work(sqlite_app, office.moment) == 1
        assert office.get(name, f"{place}/file").data.startswith(b"%PDF")
    assert office.post("leader_HKL", f"{long}/sheets").status_code == 404


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("act", ["unpublish", "correct"])
def test_a_yearbook_shows_the_public_nothing_that_was_taken_off_the_public_page(sqlite_app: Flask, act: str) -> None:
    office = Office(sqlite_app)
    case = build.case_at(office.world, "rating")
    office.clock(build.next_moment(case))
    count(office.moment)
    place = prepared(office, "ops_lead", "yearbook", "2026", office.world.centre.ref)
    office.post("ops_lead", place, act="write")
    letter = db.session.scalars(select(Letter).where(Letter.kind == "yearbook")).one()
    assert [row["code"] for row in letter.content["rows"]] == [case.code]
    on = office.moment.astimezone(LOCAL_ZONE).date().isoformat()
    assert office.post("records_clerk", f"/documents/{letter.ref}/number", number=1, on=on).status_code == 302
    db.session.rollback()
    assert make_letter_files(sqlite_app, sqlite_app.extensions["file_store"], now=office.moment) == 1
    page = f"/documents/{letter.ref}"
    assert "Người dân đang đọc báo cáo này" in office.words("ops_lead", page)
    # what everybody reads the clerk reads as well, and is not written down for it
    assert case.title in office.words("records_clerk", page)
    assert office.get("records_clerk", f"{page}/file").data == office.get("citizen", "/transparency/yearbook").data
    assert db.session.scalars(select(Event.id).where(Event.type == "fetch_output")).all() == []
    assert "/transparency/yearbook" in office.get("citizen", "/transparency").text
    assert office.get("citizen", "/transparency/yearbook").mimetype == "application/pdf"
    with unit_of_work():
        publication = db.session.scalars(select(Publication).where(Publication.case_id == case.id)).one()
        if act == "unpublish":
            by = office.world.actor("operator", office.moment)
            unpublish(lock_case(case.id), UnpublishInput(publication=publication, reason="Lộ biển số xe."), by=by, now=office.moment)
        else:
            publication.current.correction_reason, publication.current.written_at = "Lộ biển số xe.", office.moment + timedelta(minutes=1)
    assert "/transparency/yearbook" not in office.get("citizen", "/transparency").text
    assert office.get("citizen", "/transparency/yearbook").status_code == 404
    told = office.words("ops_lead", page)
    assert f"không còn được đăng: vụ việc nêu làm ví dụ ({case.code}) đã được gỡ hoặc đính chính" in told
    assert "Người dân đang đọc" not in told


def test_each_gets_what_they_may_read(office: Office) -> None:
    centre, own, other = office.world.centre.ref, office.world.agencies["PTNMT"].ref, office.world.agencies["HKL"].ref
    leader = "leader_PTNMT"
    page = office.get(leader, "/statistics/reports").get_data(as_text=True)
    assert 'value="agency_sheet"' in page
    assert 'value="period_report"' not in page
    for kind, of, status in (("agency_sheet", other, 404), ("period_report", centre, 422)):
        assert office.post(leader, "/statistics/reports", kind=kind, period="2026-03", of=of).status_code in (status, 422)
    place = prepared(office, leader, "agency_sheet", "2026-03", own)
    words = office.words(leader, place)
    assert "Nhận phân phối" in words
    assert "Hạt Kiểm lâm" not in words
    assert office.post(leader, place, act="write").status_code == 403
    place = prepared(office, "inspector", "period_report", "2026-03", centre)
    assert "rác" not in office.words("inspector", place).partition("III. Vụ việc trễ hạn")[2].partition("IV.")[0]
    for name in ("officer_PTNMT", "administrator", "records_clerk", "confidential_reader"):
        assert office.get(name, "/statistics/reports").status_code == 403
    wrong = office.post("ops_lead", "/statistics/reports", kind="yearbook", period="2026-03", of=centre)
    assert wrong.status_code == 422
    assert "theo năm" in wrong.get_data(as_text=True)
    case = db.session.scalars(select(Case)).first()
    assert case is not None
    for name, status in (("operator", 200), ("committee_leader", 200), (leader, 403), ("inspector", 403)):
        assert office.get(name, f"/cases/{case.ref}/case-file").status_code == status, name


def test_an_agency_is_counted_by_its_own_rows(office: Office) -> None:
    agency = db.session.scalars(select(Agency).where(Agency.key == "PTNMT")).one()
    told = agency_figures(agency.id, since=build.NOON - timedelta(days=1), until=office.moment)
    assert told == {"carried_over": 0, "asked": 3, "accepted": 3, "accepted_late": 0, "answered": 1, "in_time": 1,
                    "in_time_after_extension": 0, "late": 0,
                    "redone": 0, "handed_back": 0, "extensions": 0, "taken_away": 0, "open": 2, "open_late": 2}  # fmt: skip


@pytest.mark.exhaustive
def test_the_command_writes_reports_and_says_what_is_wrong(sqlite_config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(sqlite_config) as app:
        office = Office(app)
        case = build.case_at(office.world, "rating")
        count(build.NOON + timedelta(days=1))
        code = case.code
    monkeypatch.setattr("web.commands.reports.ready_app", lambda *_: app)
    # as on a terminal: nothing of the application is around the command but what it brings itself
    app.config["CLOCK"] = lambda: build.NOON + timedelta(days=40)
    monkeypatch.setattr(Config, "from_environment", classmethod(lambda _cls: sqlite_config))
    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(cli.commands, ["report", *arguments])
        return result.exit_code, result.output

    out = tmp_path / "bao-cao.pdf"
    status, said = run("monthly", "--centre", "LD", "--month", "2026-03", "--out", str(out))
    assert (status, f"Wrote {out}, " in said) == (0, True), said
    assert "tháng 3/2026" in text_of(out.read_bytes())
    assert run("monthly", "--out", str(out))[0] == 2, "never over another file"
    data = tmp_path / "quy.json"
    assert run("quarterly", "--period", "2026-Q1", "--form", "json", "--out", str(data))[0] == 0
    assert json.loads(data.read_text())["told"]["name"] == "2026-Q1"
    table = tmp_path / "bang.xlsx"
    assert run("yearly", "--period", "2026", "--form", "xlsx", "--out", str(table))[0] == 0
    assert table.read_bytes().startswith(b"PK")
    sheet, file = tmp_path / "phieu.pdf", tmp_path / "ho-so.pdf"
    assert run("agency-sheet", "PTNMT", "--period", "2026-03", "--out", str(sheet)) [0] == 0
    assert run("case-file", code, "--out", str(file))[0] == 0
    assert code in text_of(file.read_bytes())
    assert run("yearbook", "--year", "2026", "--out", str(tmp_path / "nien-giam.pdf"))[0] == 0
    for wrong in (("monthly", "--month", "2026-13"), ("monthly", "--month", "2026-Q1"), ("weekly", "--centre", "XX"),
                  ("agency-sheet", "KHONG", "--period", "2026-03"), ("case-file", "LD-2026-999999")):  # fmt: skip
        assert run(*wrong, "--out", str(tmp_path / "x.pdf"))[0] == 2, wrong
    assert not (tmp_path / "x.pdf").exists()
    with running(sqlite_config):
        assert db.session.scalar(select(func.count()).select_from(Output)) == 0
