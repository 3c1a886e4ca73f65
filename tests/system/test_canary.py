"""Promise 2, tried from outside: a reporter whose every trace is marked, and everything anybody is ever given or the machine keeps.

The marks stand in the identity, in the words, in the names of the files, in everything written into the photo and in the voice note.
They may be found where rules.md, section 2 allows (the reporter's own pages; the original words on the desks of the operations team
and the voice they hear; the answer to a reasoned look), and nowhere else: in no page, header, address, search, PDF or photo of
anybody, not in the database, its journal, the logs, the process, the stored files or a backup.
"""
from __future__ import annotations

import io
import logging
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote_plus

import orjson
import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select

from casework.db import METADATA, db
from casework.figures.keeping import count_public_figures
from casework.models import Case, Letter, OutboxMessage, Photo, Recording, SearchRow
from casework.parts import parts_of
from casework.permissions import actor_for
from casework.public.cases import item_of_code
from tests import build, links
from tests.conftest import environment_of, running
from tests.postgres import find_programs
from tests.system.canary import IDENTITY, IN_FILE, IN_TRANSCRIPT, IN_VOICE, IN_WORDS, MARKS, PHONE
from tests.system.erased import left_of_erased
from tests.system.journey import Journey
from tests.system.marks import Mark, found_in
from tests.system.person import Page, Person
from tests.system.routes import SHUT_TO, Address, addresses, beside, is_left_to_others, worth_trying
from tests.whole import WHOLE, is_at_turn, sample
from web.commands.backup import backup
from web.config import Config
from web.public.share import card_of
from web.request_log import write_log
from workflows.models import ProcessInstance

LOOKERS = {
    "guest": (), "citizen_2": (), "operator": IN_WORDS, "ops_lead": IN_WORDS, "officer_PTNMT": (), "leader_PTNMT": (),
    "officer_UBND-LAT": (), "leader_UBND-LAT": (), "officer_HKL": (), "leader_HKL": (), "committee_leader": (), "administrator": (),
    "confidential_reader": (), "inspector": (), "process_approver": (), "records_clerk": (),
}  # fmt: skip
"""Who looks, and the marks they may come across because the original words are theirs to read."""

STRANGERS = ("guest", "citizen_2")
"""Who tries every page for anybody."""

DESKS = ("/tasks/", "/cases/", "/inbox")
"""Where the operations team reads original words: on no other page do even they come across one."""

HEARERS, HEARD = ("operator", "ops_lead"), "/recordings/"
"""Who hears the voice note beside its sender, and from which addresses alone."""

TRANSCRIPT_READERS = {"operator", "ops_lead", "officer_PTNMT", "leader_PTNMT", "officer_UBND-LAT", "leader_UBND-LAT", "committee_leader"}
"""Who reads what the operator wrote down of the voice note: the centre, and the agencies at work."""

FOR_EVERYBODY = ("/reports?", "/reports.atom", "/reports.csv", "/reports.json", "/reports/points.json", "/transparency", "/offline",
                 "/sw.js", "/manifest", "/push-worker", "/field/kept")
"""What the public reads and a browser keeps: it holds no mark even for the sender themselves, who is known where it is asked for."""

LOOKS = {
    "file": ("guest", "officer_PTNMT", "administrator") if WHOLE else ("guest", "administrator"),
    "redo": ("citizen_2", "operator", "officer_UBND-LAT", "officer_HKL") if WHOLE else ("citizen_2", "officer_HKL"),
    "rate": tuple(each for each in LOOKERS if WHOLE or each not in ("officer_UBND-LAT", "leader_UBND-LAT", "leader_HKL")),
}
"""Who tries every address after which act: in the end one of each role, with the agency that handed back, and in a whole run everybody.
Before, a test run leaves OF_NO_REPORT out and has fewer look. The pages do not depend on the database, so on PostgreSQL fewer do, in the
end."""

LOOKS_ON_POSTGRESQL = {"rate": sample(("guest", "operator", "officer_PTNMT", "leader_HKL", "committee_leader", "administrator"), 3)}

OF_NO_REPORT = ("settings_", "studio", "schedules.", "factors_", "outside_", "maps.", "consent.", "auth.", "account.", "health.")
"""What is the same before and after a step of a report, and is tried in the end."""

TRY_EVERYTHING = ("reporter", "operator")
"""Who tries every photo for each audience in each size, and every page for anybody; of the others each tries a sixth of the photos in a
test run, and of the staff each a sixth of those pages."""


@pytest.fixture
def log(config: Config) -> Iterator[Path]:
    write_log(config.log)
    logging.getLogger("langbiang").propagate = True
    yield config.log
    write_log()


@pytest.mark.exhaustive(but=2, start=0)
def test_marks_are_found_only_where_the_rules_allow(
    app: Flask, config: Config, log: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    caplog.set_level(logging.INFO)
    faults: list[str] = []
    once_asked: list[Page] = []

    def look(act: str) -> None:
        if act == "hand_back":
            once_asked.extend(journey.person("officer_HKL").everything)
        if act == "rate":
            count_public_figures(journey.now)
        with app.test_request_context():
            item = item_of_code(journey.code)
            told = repr(card_of(item)) if item is not None else ""
        faults.extend(f"card after {act}: {found}" for found in [found_in(told, (*MARKS, IN_TRANSCRIPT))] if found)
        looking = (LOOKS if config.is_sqlite else LOOKS_ON_POSTGRESQL).get(act, ())
        there = list(addresses(app)) if looking else []
        if act != "rate" and not WHOLE:
            there = [each for each in there if not each.endpoint.startswith(OF_NO_REPORT)]
        for name in looking:
            walk(journey, name, there)

    journey = Journey(app, build.standard_world(), stop=look)
    key_page, key = with_key(journey.person("administrator"), journey)
    journey.whole()
    secret = Mark("secret", journey.secret)
    reporter, operator = journey.person("reporter"), journey.person("operator")

    # controls: the scanner does find the marks on the reporter's own page, the secret on their receipt, the identity when looked at
    walk(journey, "reporter", addresses(app))
    guest = journey.person("guest")
    for path, shown in (("/reports.atom", journey.code), ("/reports/points.json", '"count":1'), (f"/reports/{journey.code}", journey.code)):
        assert shown in guest.get(path).text, f"{path}: the case must be there, or that no mark is proves nothing"
    assert found_in(reporter.get(f"/mine/{journey.code}").body, MARKS) == names(IN_WORDS)
    assert "secret" in found_in("\n".join(page.text for page in reporter.everything if page.path.endswith("/receipt")), [secret])
    assert found_in(operator.get(f"/cases/{journey.case.ref}?tab=all").body, MARKS) == names(IN_WORDS)
    voice = db.session.scalars(select(Recording.ref)).one()
    assert found_in(operator.get(f"{HEARD}{voice}/original").body, IN_VOICE) == names(IN_VOICE)
    looked_up = operator.submit(operator.get("/search"), at="/search/phone", phone=PHONE, reason="Người gọi hỏi về phản ánh của mình.")
    assert journey.code in looked_up.shown, "a caller's number finds the case; it is judged below that the page tells nothing more"
    revealed = reveal(operator, journey)
    assert found_in(revealed.body, IDENTITY) == names(IDENTITY)

    assert found_in(key_page.body, [key]) == {key.name}
    scanner = Scanner((*MARKS, IN_TRANSCRIPT, secret, key))
    for name, allowed in LOOKERS.items():
        for page in journey.person(name).everything:
            if page is not revealed and page is not key_page:
                is_at_work = name in TRANSCRIPT_READERS or any(page is each for each in once_asked)
                faults += faults_of(page, name, (*allowed, IN_TRANSCRIPT) if is_at_work else allowed, scanner)
    for page in reporter.everything:
        of_public = MARKS if page.path.startswith(FOR_EVERYBODY) else ()
        unwanted = names((*of_public, *(IN_FILE if page.path.startswith(HEARD) else (*IN_FILE, *IN_VOICE))))
        if found := scanner.found(page.body) & unwanted:
            faults.append(f"reporter, {page.path}: {sorted(found)}")
    faults += [f"{place}: {found}" for place, found in kept(config, tmp_path, scanner) if found - {IN_TRANSCRIPT.name}]
    said = found_in(caplog.text + "".join(capfd.readouterr()), (*MARKS, key))
    faults += [f"what was said while running: {said}"] if said else []
    faults += left_of_erased(journey, config.files, MARKS, rows())
    assert not faults, "\n".join(dict.fromkeys(faults))


def walk(journey: Journey, name: str, there: Iterable[Address]) -> None:
    """Try every address there is that may tell something, and look for the marks themselves wherever something can be looked for."""
    person, account = journey.person(name), journey.world.people.get(name)
    roles = actor_for(account, now=journey.now).roles if account is not None else ()
    number = list(LOOKERS).index(name) if name in LOOKERS else 0
    tried = worth_trying(journey.app, there, roles, number=number, settings=name == "guest")
    for path in [each.path for each in tried if name in TRY_EVERYTHING or not left_to_others(journey.app, each, name, number)]:
        person.get(path, follows=False)
    for path in beside(number, is_stranger=name in (*STRANGERS, *TRY_EVERYTHING)):
        person.get(path)


def left_to_others(app: Flask, address: Address, name: str, number: int) -> bool:
    parts = address.parts
    if address.endpoint == "photos.photo":
        return not is_at_turn(f"{parts['audience']} {parts['rendition']}", number, SHUT_TO)
    # a voice is open to anybody by its address, and given to whom the case says
    return name not in STRANGERS and address.endpoint != "recordings.recording" and is_left_to_others(app, address, number)


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("mark", IN_WORDS, ids=lambda mark: mark.name)
def test_nobody_finds_a_case_by_a_mark(finished: Journey, mark: Mark) -> None:
    for name in LOOKERS:
        for search in ("/reports?q=", "/inbox?q=", "/search?q="):
            page = finished.person(name).get(search + quote_plus(mark.text))
            assert finished.code not in page.text, f"{name} finds it by the {mark.name} with {search}"


def test_the_letters_of_a_late_case_name_nobody(sqlite_app: Flask) -> None:
    journey = Journey(sqlite_app, build.standard_world())
    for act in (journey.file, journey.verify, journey.classify, journey.distribute, journey.hand_back, journey.accept):
        act()
    journey.now += timedelta(days=14)
    writer, leader, reporter = (journey.person(name) for name in ("ops_lead", "leader_PTNMT", "the reporter again"))
    form = writer.get(next(link for link in writer.get("/late").links("/letter") if "letters" not in link))
    assert writer.submit(form, reply_by="2026-03-20", words="Báo cáo ngay.").path.startswith("/documents/")
    form = writer.get(f"/cases/{journey.case.ref}/acts/apologise")
    assert writer.submit(form, reason="Mưa lớn, xe chưa vào được.", until="2026-03-20").status == 200
    files = [f"/documents/{ref}/file" for ref in db.session.scalars(select(Letter.ref))]
    assert len(files) == 2
    for person in (writer, leader):
        for path in ("/late", "/documents", *files, *(path.removesuffix("/file") for path in files)):
            assert person.get(path).status == 200, f"{person.name}, {path}"
    reporter.submit(reporter.get("/track"), code=journey.code, secret=journey.secret)
    [own] = reporter.get(f"/mine/{journey.code}").links(f"/mine/{journey.code}/letters/")
    apology = reporter.get(own)
    assert apology.headers["Content-Type"] == "application/pdf"
    read = [page for person in (writer, leader) for page in person.everything if not page.path.startswith(DESKS)]
    assert [(page.path, found) for page in [*read, apology] if (found := found_in(page.body, MARKS))] == []
    assert [(place, found) for place, value in rows() if (found := found_in(value, MARKS))] == []


def test_a_part_holds_no_mark_of_the_sender_of_its_case(sqlite_app: Flask) -> None:
    journey = Journey(sqlite_app, build.standard_world())
    for act in (journey.file, journey.verify, journey.classify, journey.distribute, journey.hand_back, journey.accept):
        act()
    operator, officer = journey.person("operator"), journey.person("officer_HKL")
    form = operator.get(f"/cases/{journey.case.ref}/acts/divide")
    photos = list(db.session.scalars(select(Photo.ref).where(Photo.report_id == journey.case.main_report.id)))
    before = len(officer.everything)
    sent = operator.submit(
        form, title="Cột điện nghiêng", words="Cột điện bị nghiêng.", field="do_thi", lead=journey.world.agencies["HKL"].ref,
        photos=photos,
    )  # fmt: skip
    assert sent.path == f"/cases/{journey.case.ref}"
    [part] = parts_of(db.session.get_one(Case, journey.case.id, populate_existing=True))
    copies = list(db.session.scalars(select(Photo.ref).where(Photo.report_id == part.main_report.id)))
    assert len(copies) == len(photos) > 0
    for path in ("/inbox", f"/cases/{part.ref}?tab=all", f"/cases/{part.ref}/print", *(f"/photos/{ref}/agencies/view" for ref in copies)):
        assert officer.get(path).status == 200, path
    for ref in (*copies, *photos):
        for audience in ("centre", "public", "sealed"):
            assert officer.get(f"/photos/{ref}/{audience}/{'original' if audience == 'sealed' else 'view'}").status == 404
    scanner = Scanner(MARKS)
    assert [fault for page in officer.everything[before:] for fault in faults_of(page, "officer_HKL", (), scanner)] == []
    files = Path(sqlite_app.config["FILES"])
    assert [path.name for path in files_in(files) if scanner.found(path.read_bytes())] == []
    assert [(place, found) for place, value in rows() if (found := found_in(value, MARKS))] == []


def test_a_one_time_link_and_what_is_kept_of_it_hold_no_mark_of_a_sender(sqlite_app: Flask) -> None:
    journey = Journey(sqlite_app, build.standard_world())
    links.opened(journey.world)
    for act in (journey.file, journey.verify, journey.classify):
        act()
    build.act(journey.world, journey.case, "refer", "operator", body=links.BODY, reason="Lưới điện do công ty quản lý.")
    address = links.address(links.sent(journey.world, journey.case, with_place=True, email="vanthu@dienluc.example"))
    body = journey.person("guest")
    page = body.get(address)
    photos = [body.get(each) for each in re.findall(rf'src="({address}/photos/[^"]+)"', page.text)]
    assert (page.status, [each.status for each in photos]) == (200, [200] * len(photos))
    assert photos
    scanner = Scanner(MARKS)
    assert [fault for each in (page, *photos) for fault in faults_of(each, "guest", (), scanner)] == []
    assert [(place, found) for place, value in rows() if (found := found_in(value, MARKS))] == []


def test_what_colleagues_share_holds_no_mark_of_a_sender(sqlite_app: Flask) -> None:
    """Presence, bell, palette, exchange, board, television and what a telephone takes along."""
    journey = Journey(sqlite_app, build.standard_world())
    for act in (journey.file, journey.verify, journey.classify, journey.distribute, journey.hand_back, journey.accept):
        act()
    people = {name: journey.person(name) for name in ("operator", "ops_lead", "officer_PTNMT", "leader_PTNMT", "officer_UBND-LAT")}
    before = {name: len(person.everything) for name, person in people.items()}
    [part] = [row for row in journey.case.open_assignments if row.agency.key == "PTNMT"]
    exchange, ref = f"/cases/{journey.case.ref}/exchange/{part.ref}", journey.case.ref
    for name, words in (("operator", "Xin cho biết bờ nào của suối."), ("officer_PTNMT", "Bờ phía cầu.")):
        person = people[name]
        assert person.submit(person.get(exchange), at="/exchange/", words=words).status == 200
    officer = people["officer_PTNMT"]
    for name, person in people.items():
        for path in ("/bell", "/inbox/pulse?since=0", "/palette?q=xa", f"/palette?q=%3E&case={ref}", "/inbox/board", "/exchanges"):
            person.get(path)
        token = person.get("/inbox").document.xpath("string(//input[@name='csrf_token']/@value)")
        here = person.post("/presence", {"case": ref, "writes": "1", "csrf_token": token})
        assert here.status == 200, (name, here.status)
    work = officer.get("/field/work")
    assert journey.code in work.text
    assert officer.get("/field").status == officer.get("/desk-wall").status == 200
    scanner = Scanner(MARKS)
    allowed = {"operator": IN_WORDS, "ops_lead": IN_WORDS}
    faults = [fault for name, person in people.items() for page in person.everything[before[name]:]
              for fault in faults_of(page, name, allowed.get(name, ()), scanner)]  # fmt: skip
    assert faults == []
    assert {place for place, _ in rows() if place.startswith("presence.")}, "who is there is among the rows that are looked at"
    assert [(place, found) for place, value in rows() if (found := found_in(value, MARKS))] == []


@pytest.fixture(scope="module")
def finished(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    variables = environment_of(tmp_path_factory.mktemp("canary"))
    shutil.copyfile(sqlite_template, Path(variables["LANGBIANG_DATA"]) / "langbiang.db")
    with running(Config.from_environment(variables)) as app:
        yield Journey(app, build.standard_world()).whole()


def with_key(administrator: Person, journey: Journey) -> tuple[Page, Mark]:
    """A system of an agency with its key, shown on one page: nothing else ever holds it, and no look at anything finds it."""
    agency = journey.world.agencies["PTNMT"]
    form = administrator.get(f"/settings/doors/new?body={agency.ref}")
    page = administrator.submit(
        form, name="Phần mềm giao việc", purpose="Nhận và trả lời việc.", owner=journey.world.people["leader_PTNMT"].ref,
        scopes=["read_case", "progress_note"], reason="Theo công văn số 12.",
    )  # fmt: skip
    [shown] = re.findall(r"lb1_[0-9A-Za-z]{8}_([0-9A-Za-z]{43})", page.text.split("data-copy")[0])
    return page, Mark("key of a system", shown)


def reveal(operator: Person, journey: Journey) -> Page:
    """A reasoned look at the identity."""
    page = operator.get(f"/cases/{journey.case.ref}")
    return operator.submit(page, at="/identity", reason="Cần gọi lại để hỏi đường vào.")


def names(marks: tuple[Mark, ...]) -> set[str]:
    return {mark.name for mark in marks}


@dataclass
class Scanner:
    """Looks through everything for all the marks; what it has looked through before, the same photo or the same line of a page, not again.

    A mark stands within a line: where one is broken over two, both are there for the first time and are looked at together.
    """

    marks: tuple[Mark, ...]
    files: dict[bytes, set[str]] = field(default_factory=dict)
    clean: set[bytes] = field(default_factory=set)

    def found(self, data: bytes) -> set[str]:
        """The names of the marks in it."""
        if not is_text(data):
            digest = sha256(data).digest()
            if digest not in self.files:
                self.files[digest] = found_in(data, self.marks)
            return self.files[digest]
        fresh = [line for line in data.split(b"\n") if line not in self.clean]
        found = found_in(b"\n".join(fresh), self.marks)
        if not found:
            self.clean.update(fresh)
        return found


def is_text(data: bytes) -> bool:
    """Whether its lines can be looked at one by one."""
    try:
        return "\0" not in data.decode()
    except UnicodeDecodeError:
        return False


def faults_of(page: Page, name: str, allowed: tuple[Mark, ...], scanner: Scanner) -> Iterator[str]:
    """What an answer holds that it should not."""
    if page.headers.get("Content-Type", "").startswith("image/"):
        yield from (f"{name}, {page.path}: {note}" for note in notes_in(page.body))
    wanted = names(IN_VOICE) if name in HEARERS and page.path.startswith(HEARD) else set()
    wanted |= names(allowed) if page.path.startswith(DESKS) else set()
    found = scanner.found(page.body).union(*(scanner.found(part) for part in page.way))
    if found - wanted:
        yield f"{name}, {page.path} ({page.status}): {sorted(found - wanted)}"


def notes_in(data: bytes) -> list[str]:
    """Whatever a served picture tells beyond its pixels."""
    with Image.open(io.BytesIO(data)) as image:
        found = {key for key in image.info if key not in ("jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive", "progression",
                                                          "loop", "background", "timestamp", "duration")}  # fmt: skip
        return [*sorted(map(str, found)), *(["EXIF"] if image.getexif() else [])]


# -- what the machine keeps --------------------------------------------------------------------------------------------


def kept(config: Config, tmp_path: Path, scanner: Scanner) -> Iterator[tuple[str, set[str]]]:
    """Each place on the disks in which a mark is found."""
    pieces = [("row of " + place, value) for place, value in rows()]
    pieces += [(str(path.relative_to(config.data)), path.read_bytes()) for path in files_in(config.data) if "keys" not in path.parts]
    pieces += [("backup " + place, data) for place, data in backed_up(config, tmp_path)]
    if not config.is_sqlite:
        pieces.append(("dump", dumped(config)))
    assert {"langbiang.db", "langbiang.db-wal"} <= {place for place, _ in pieces} or not config.is_sqlite
    assert any(place.startswith("log/") and b'"route"' in data for place, data in pieces), "no log was written"
    assert len([place for place, _ in pieces if place.startswith("files/")]) >= 10, "photos were not stored"
    for place, data in pieces:
        if found := scanner.found(data):
            yield place, found


def rows() -> Iterator[tuple[str, bytes]]:
    """Every value of every row, so that nothing hides where a page of the file ends; compressed ones are opened by the scanner."""
    db.session.rollback()
    for table in METADATA.sorted_tables:
        for row in db.session.execute(select(table)).mappings():
            for column, value in row.items():
                if isinstance(value, bytes):
                    yield f"{table.name}.{column.name if hasattr(column, 'name') else column}", value
                elif isinstance(value, str | dict | list):
                    yield f"{table.name}.{column.name if hasattr(column, 'name') else column}", orjson.dumps(value)


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def backed_up(config: Config, tmp_path: Path) -> Iterator[tuple[str, bytes]]:
    folder = tmp_path / "backup"
    backup(config, folder, now=datetime.now(UTC))
    for path in files_in(folder):
        yield str(path.relative_to(folder)), path.read_bytes()
        if path.suffix == ".pgdump":
            yield "opened", run(find_programs() / "pg_restore", "-f", "-", str(path))


def dumped(config: Config) -> bytes:
    return run(find_programs() / "pg_dump", config.database_url.replace("+psycopg", ""))


def run(*command: str | Path) -> bytes:
    return subprocess.run([str(each) for each in command], check=True, capture_output=True).stdout


def test_the_places_looked_at_are_not_empty(finished: Journey) -> None:
    """Outbox, search rows and process are among the rows, and there is something in each."""
    for model in (OutboxMessage, SearchRow, ProcessInstance):
        assert db.session.scalars(select(model)).first() is not None
