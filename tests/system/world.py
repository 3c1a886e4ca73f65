"""One case in the middle of its way, with something different to read for everybody, and everybody who could look at it."""
from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.figures.keeping import count_public_figures
from casework.intake.file_report import Filed
from casework.models import Agency, BreachSubject, Case, Recording, Report
from casework.notes.notes import write_note
from casework.permissions import Action, Grant, Role
from casework.photos.records import photos_of_report, prepare_copies, prepare_photo, stage_photo
from casework.privacy.identity import Contact
from casework.recordings.staging import prepare_recording, recordings_of_report, stage_recording
from casework.rights.affected import by_cases, work_out
from casework.rights.breaches import BreachFacts, open_breach
from casework.settings.value_changes import set_value
from casework.triage.acts import ClearedReport
from tests import build, service_accounts, webhooks
from tests.system.canary import FILE_NAME, VOICE_NAME, marked_photo, marked_voice
from tests.system.person import Person
from tests.system.routes import SHUT_TO, Address, addresses, beside, opens_to, worth_trying
from tests.whole import is_at_turn
from web.jobs.recordings import prepare_recordings
from web.steps.acts import PAGES as ACT_PAGES
from workflows.drafting.drafts import start_draft
from workflows.models import WaitingTask

SECRET_WORDS = {
    "original": "lờigốcnguyênvăn", "cleared": "lờiđãbiêntập", "title": "tiêuđềđãđặt", "instructions": "lờidặnđơnvị",
    "draft of PTNMT": "bảntrìnhbịtrảlại", "redo": "chỉdẫnlàmlại", "approved of PTNMT": "bảnđãphêduyệt",
    "draft of UBND-LAT": "bảntrìnhchờduyệt",
    "note of the centre": "ghichúnộibộ", "note for agencies": "ghichúchođơnvị", "note of PTNMT": "ghichúcủaphòng",
    "transcript": "lờighiâmchéplại", "hand-back of HKL": "lýdochuyểntrả", "quarantined": "lờitốcáomậttuyệt", "identity": "Người Gửi Kínđáo",
}  # fmt: skip
"""A word for each kind of content, found nowhere else."""

PEOPLE = {
    "reporter": "citizen", "reporter by secret": "", "reporter of the quarantined": "", "guest": "", "other citizen": "citizen_2",
    "operator": "operator", "ops lead": "ops_lead", "officer of PTNMT": "officer_PTNMT", "leader of PTNMT": "leader_PTNMT",
    "officer of UBND-LAT": "officer_UBND-LAT", "leader of UBND-LAT": "leader_UBND-LAT", "officer of HKL": "officer_HKL",
    "leader of HKL": "leader_HKL", "officer of an agency not asked": "officer_XDL",
    "committee leader": "committee_leader", "administrator": "administrator", "confidential reader": "confidential_reader",
    "inspector": "inspector", "process approver": "process_approver", "records clerk": "records_clerk",
    "other centre's operator": "operator_DN", "other centre's ops lead": "ops_lead_DN", "other centre's administrator": "administrator_DN",
}  # fmt: skip
"""Who looks, and the account they sign in with."""

NUMBERS = {name: number for number, name in enumerate(PEOPLE)}
NO_STAFF = ("", "citizen", "citizen_2")
BY_SIGHT = ("photos.photo", "recordings.recording")
"""Open to anybody by their addresses, and given to whom the case says."""

TRIES_SETTINGS = ("guest", "reporter", "officer of PTNMT", "other centre's operator")
"""Who tries the pages of settings though they may not."""


SEES_NO_CASE = {"inspector", "process approver", "records clerk", "officer of an agency not asked", "other centre's operator",
                "other centre's ops lead", "other centre's administrator"}  # fmt: skip
"""Who sees neither of the two cases."""


@dataclass
class Looked:
    """What one person was given for each address: status and body."""

    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)

    @cached_property
    def text(self) -> str:
        """Everything this person read. The address asked for stands in each page as the one to come back to: that tells nothing."""
        return "\n".join(body.decode("utf-8", "ignore").replace(path, "") for path, (_, body) in self.answers.items())


@dataclass
class Stage:
    """The world with the case in the middle (`case`), a quarantined one (`hidden`) and the people.

    The centre has a draft of its own process, beside the versions of the installation.
    """

    app: Flask
    world: build.World
    case: Case
    hidden: Case
    secrets: dict[str, tuple[str, str]]
    people: dict[str, Person] = field(default_factory=dict)
    looked: dict[str, Looked] = field(default_factory=dict)

    def person(self, name: str) -> Person:
        if name not in self.people:
            person = self.people[name] = Person(self.app, name)
            login = {"citizen": build.PHONE, "citizen_2": "+84987654321"}.get(PEOPLE[name], PEOPLE[name])
            if login:
                assert person.sign_in(login, build.PASSWORD).status == 200
            if name in self.secrets:
                code, secret = self.secrets[name]
                assert person.submit(person.get("/track"), code=code, secret=secret).status == 200
        return self.people[name]

    def look(self, name: str) -> Looked:
        """Everything a person is given when trying every address there is."""
        if name not in self.looked:
            person, looked = self.person(name), Looked()
            roles = self.world.actor(PEOPLE[name]).roles if PEOPLE[name] else ()
            tried = worth_trying(self.app, self.addresses, roles, number=NUMBERS[name], settings=name in TRIES_SETTINGS)
            also = beside(NUMBERS[name], is_stranger=PEOPLE[name] in NO_STAFF)
            for path in [*(each.path for each in tried if not self.leaves_to_others(name, each)), *also]:
                page = person.get(path, follows=False)
                looked.answers[path] = (page.status, page.body)
            self.looked[name] = looked
        return self.looked[name]

    def leaves_to_others(self, name: str, address: Address) -> bool:
        """Of the acts on a case that one does not see, everybody tries a fifth, so that each act is tried by several; in a test run
        each of the staff tries a sixth of the pages for anybody, which know nobody's roles. Photos and voices do."""
        if PEOPLE[name] not in NO_STAFF and address.endpoint not in BY_SIGHT and opens_to(self.app, address.endpoint, ()):
            return not is_at_turn(address.endpoint, NUMBERS[name], SHUT_TO)
        if address.endpoint != "case_acts.act" or name == "confidential reader" or PEOPLE[name] in NO_STAFF:
            return False
        is_unseen = address.parts["ref"] == self.hidden.ref or name in SEES_NO_CASE
        verbs = [*ACT_PAGES, address.parts["verb"]]
        return is_unseen and (verbs.index(address.parts["verb"]) - list(PEOPLE).index(name)) % 5 != 0

    @cached_property
    def addresses(self) -> list[Address]:
        """Every address there is, asked of the database once: whoever looks changes none."""
        return list(addresses(self.app))

    @cached_property
    def names(self) -> dict[str, str]:
        """By what the case in the middle and what belongs to it are addressed, and a step nobody can do: that of the quarantined case."""
        step = select(WaitingTask.ref).where(WaitingTask.case_id == self.hidden.id)
        return {"code": self.case.code, "case": self.case.ref, "report": self.case.main_report.ref,
                "recording": db.session.scalars(select(Recording.ref)).one(), "task of nobody": db.session.scalars(step).one()}  # fmt: skip


def stage(app: Flask) -> Stage:
    """Build it: asked are PTNMT (leads; redone once, then approved), UBND-LAT (submitted) and HKL (handed back and released)."""
    app.config["CLOCK"] = lambda: build.NOON.replace(hour=9)
    world = build.standard_world()
    words = SECRET_WORDS
    with unit_of_work():
        outsider = build.agency(world, "XDL", "Phòng Quản lý đô thị", "Urban Management Office")
        build.staff(world, "officer_XDL", Role.OFFICER, agency=outsider)
        _other_centre(world)
        # everybody here comes from one network within one minute
        of_all = replace(world.actor("administrator"), grants=(Grant(Role.ADMINISTRATOR, None, None),))
        set_value("door_reads_open", "10000", by=of_all, now=build.NOON, reason="Thử mọi địa chỉ.")
    filed = _file_with_photo(app, world)
    case = filed.case
    _verify(app, world, case)
    build.classify(world, case)
    lead, helping, unwilling = (world.agencies[key] for key in ("PTNMT", "UBND-LAT", "HKL"))
    told = {lead.id: words["instructions"]}
    build.do(world, case, "distribute", "operator", lead=lead, cooperating=[helping, unwilling], instructions=told)
    build.do(world, case, "accept_assignment", "officer_HKL", agency=unwilling, act="hand_back", reason=words["hand-back of HKL"])
    build.do(world, case, "decide_hand_back", "operator", agency=unwilling, upheld=True, words="Đồng ý.")
    for agency in (lead, helping):
        build.do(world, case, "accept_assignment", f"officer_{agency.key}", agency=agency)
    _note(world, case, "operator", "centre", words["note of the centre"])
    _note(world, case, "operator", "agencies", words["note for agencies"])
    _note(world, case, "officer_PTNMT", "agency", words["note of PTNMT"])
    _submit(world, case, lead, words["draft of PTNMT"])
    build.do(world, case, "approve_answer", "leader_PTNMT", act="redo_answer", agency=lead, instructions=words["redo"])
    _submit(world, case, lead, words["approved of PTNMT"])
    build.do(world, case, "approve_answer", "leader_PTNMT", agency=lead)
    _submit(world, case, helping, words["draft of UBND-LAT"])
    build.act(world, case, "follow", "citizen_2")
    hidden = _quarantined(world)
    _breach(world, case.code, hidden.report)
    webhooks.added(world, service_accounts.made(world, Action.READ_CASE, Action.PROGRESS_NOTE)[0])
    with unit_of_work():
        start_draft(by=world.actor("administrator"), now=build.NOON, centre_id=world.centre.id)
    count_public_figures(build.NOON)
    by_secret = {"reporter by secret": filed, "reporter of the quarantined": hidden}
    return Stage(app, world, case, hidden.case, {name: (each.report.code, each.secret) for name, each in by_secret.items()})


def _breach(world: build.World, code: str, hidden: Report) -> None:
    """Of both cases, though one of them was put aside meanwhile."""
    known, by = BreachFacts(*["Một máy tính bị chiếm quyền."] * 5), world.actor("administrator")
    with unit_of_work():
        breach = open_breach("account", known, by=by, now=build.NOON, noticed_at=build.NOON, centre_id=world.centre.id)
        search = work_out(breach, by_cases(breach, code), by=by, now=build.NOON)
        db.session.add(BreachSubject(breach_id=breach.id, search_id=search.id, report_id=hidden.id))


def _other_centre(world: build.World) -> None:
    other = build.World(build.centre("DN", is_default=False))
    for name, role in (("operator_DN", Role.OPERATOR), ("ops_lead_DN", Role.OPS_LEAD), ("administrator_DN", Role.ADMINISTRATOR)):
        world.people[name] = build.staff(other, name, role)


def _file_with_photo(app: Flask, world: build.World) -> Filed:
    prepared = prepare_photo(marked_photo(), FILE_NAME, store=app.extensions["file_store"], max_bytes=15_000_000)
    spoken = prepare_recording(marked_voice(), VOICE_NAME, kind="voice", store=app.extensions["file_store"])
    with unit_of_work():
        stage_photo(prepared, token="t" * 24, purpose="scene", by=world.actor("citizen"), now=build.NOON)
        stage_recording(spoken, token="t" * 24, by=world.actor("citizen"), now=build.NOON)
    contact = Contact(name=SECRET_WORDS["identity"], phone=build.PHONE)
    return build.file_report(world, words=f"Rác đổ ven suối, {SECRET_WORDS['original']}.", photos_token="t" * 24, contact=contact)


def _verify(app: Flask, world: build.World, case: Case) -> None:
    report = case.main_report
    [photo] = photos_of_report(report)
    copies = prepare_copies(photo, [], audience="agencies", store=app.extensions["file_store"])
    prepare_recordings(app.extensions["file_store"], now=build.NOON)
    transcripts = tuple((voice, f"Nói rằng {SECRET_WORDS['transcript']}.") for voice in recordings_of_report(report))
    cleared = ClearedReport(report, f"Rác đổ ven suối, {SECRET_WORDS['cleared']}.", ((photo, copies),), transcripts)
    build.do(world, case, "verify", "operator", title=f"Rác {SECRET_WORDS['title']}", cleared=[cleared])


def _submit(world: build.World, case: Case, agency: Agency, words: str) -> None:
    form = {**build.ANSWER, "findings": f"Đã kiểm tra: {words}."}
    build.do(world, case, "submit_answer", f"officer_{agency.key}", agency=agency, **form)


def _note(world: build.World, case: Case, by: str, audience: str, words: str) -> None:
    now = build.next_moment(case)
    with unit_of_work():
        write_note(case, by=world.actor(by, now), now=now, audience=audience, words=words)


def _quarantined(world: build.World) -> Filed:
    """A case that was put aside at verification."""
    filed = build.file_report(world, words=f"Tôi tố cáo một cán bộ, {SECRET_WORDS['quarantined']}.", by="guest")
    build.act(world, filed.case, "quarantine", "operator", reason="Tố cáo cán bộ có tên, theo Luật Tố cáo.")
    return filed
