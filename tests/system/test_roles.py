"""Who may and who sees, for every route and every kind of person, by three tables that know nothing of each other.

The table of rules.md, section 2, stands below as it stands there. What is on the pages must agree with it, with the tables
the code decides by (casework.permissions), and with the statuses written down here route by route.
"""
from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.routing import Rule

from casework.db import db, new_ref
from casework.models import Account, Agency, Case, Centre, Draft, Event, Photo, Recording
from casework.permissions import ANYONE, OPERATIONS, Action, Actor, actor_for, may
from casework.permissions.sight import SIGHTS, Sight, Viewer, viewers
from tests import build
from tests.conftest import running
from tests.system.routes import SHUT_TO, Address, opens_to, rules
from tests.system.world import NUMBERS, PEOPLE, SECRET_WORDS, TRIES_SETTINGS, Stage, stage
from tests.whole import is_at_turn
from web.config import Config
from web.steps.acts import PAGES as ACT_PAGES
from workflows.models import ProcessVersion, WaitingTask

SECTION_2 = """
| | reporter | follower | public | operator | ops lead | officer, leader with an open assignment | other agency on the case | committee leader | administrator | confidential reader |
|---|---|---|---|---|---|---|---|---|---|---|
| original words, photos, voice | own | – | – | yes | yes | – | – | – | – | of quarantined |
| text and photos *cleared for agencies* | own | – | – | yes | yes | yes | yes | yes | – | – |
| identity and contact | own | – | – | with reason + event | with reason + event | never | never | never | never | with reason + event |
| an agency's drafts | – | – | – | once submitted | once submitted | own agency | – | once submitted | – | – |
| approved answers not yet published | – | – | – | yes | yes | yes | yes | yes | – | – |
| internal notes | – | – | – | yes | yes | own agency's + the centre's marked "for agencies" | same | yes | – | – |
| process instance, events without content | – | – | public ones | yes | yes | yes | yes | yes | yes | – |
| a quarantined case, in lists, counts, search, diagrams | own receipt | – | – | – | those named | – | – | – | – | yes |
"""  # noqa: E501

COLUMNS = {
    "reporter": ("reporter", "reporter by secret"), "follower": ("other citizen",), "public": ("guest",),
    "operator": ("operator",), "ops lead": ("ops lead",),
    "officer, leader with an open assignment": ("officer of UBND-LAT", "leader of UBND-LAT"),
    "other agency on the case": ("officer of PTNMT", "leader of PTNMT"),
    "committee leader": ("committee leader",), "administrator": ("administrator",), "confidential reader": ("confidential reader",),
}  # fmt: skip
"""Who stands for a column. The other citizen follows the case."""


def cells() -> Iterator[tuple[str, str, str, str]]:
    """Row, column, person and what the table says."""
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in SECTION_2.strip().splitlines()]
    head, _, *body = lines
    for row, *said in body:
        for column, cell in zip(head[1:], said, strict=True):
            for name in COLUMNS[column]:
                yield row, column, name, cell


@pytest.fixture(scope="module")
def app(one_for_all: Config) -> Iterator[Flask]:
    with running(one_for_all) as app:
        yield app


@pytest.fixture(scope="module")
def the(app: Flask) -> Stage:
    """The stage, built once: these tests only look."""
    return stage(app)


def actor_of(the: Stage, name: str) -> Actor:
    tracked = [the.case.main_report.id] if name == "reporter by secret" else []
    tracked += [the.hidden.main_report.id] if name == "reporter of the quarantined" else []
    login = PEOPLE[name]
    return actor_for(the.world.people[login] if login else None, now=the.app.config["CLOCK"](), tracked_report_ids=tracked)


# -- every route declares what it does ---------------------------------------------------------------------------------


def test_every_route_declares_its_action(app: Flask) -> None:
    declared = {rule.endpoint: getattr(app.view_functions[rule.endpoint], "action", None) for rule in rules(app)}
    assert [endpoint for endpoint, action in declared.items() if not isinstance(action, Action)] == []


def test_every_action_is_open_to_somebody() -> None:
    assert all(action.roles for action in Action)


# -- the tables the code decides by, against what the rules say --------------------------------------------------------

ROW_OF = {
    Sight.ORIGINAL: "original words, photos, voice", Sight.CLEARED: "text and photos *cleared for agencies*",
    Sight.IDENTITY: "identity and contact", Sight.SUBMITTED_ANSWERS: "an agency's drafts",
    Sight.APPROVED_ANSWERS: "approved answers not yet published", Sight.INTERNAL_NOTES: "internal notes",
    Sight.PROCESS: "process instance, events without content",
    Sight.QUARANTINED: "a quarantined case, in lists, counts, search, diagrams",
}  # fmt: skip
COLUMN_OF = {
    Viewer.REPORTER: "reporter", Viewer.FOLLOWER: "follower", Viewer.PUBLIC: "public", Viewer.OPERATOR: "operator",
    Viewer.OPS_LEAD: "ops lead", Viewer.AGENCY: "officer, leader with an open assignment",
    Viewer.COMMITTEE_LEADER: "committee leader", Viewer.ADMINISTRATOR: "administrator", Viewer.CONFIDENTIAL_READER: "confidential reader",
}  # fmt: skip
NOT_BY_SIGHT = {"–", "never", "of quarantined", "own agency", "public ones", "own receipt", "those named", "own"}
"""Cells that say no, or that are decided by whose the thing is and not by what somebody is to the case."""


def test_the_sights_of_the_code_are_those_of_the_table() -> None:
    said = {(row, column): cell for row, column, _, cell in cells()}
    for sight, viewers_ in SIGHTS.items():
        for viewer, column in COLUMN_OF.items():
            cell = said[ROW_OF[sight], column]
            if (sight, viewer) in {(Sight.IDENTITY, Viewer.REPORTER), (Sight.IDENTITY, Viewer.CONFIDENTIAL_READER)}:
                continue                                # their own; and of quarantined cases alone
            assert (viewer in viewers_) == (cell not in NOT_BY_SIGHT), f"{sight} × {viewer}: the table says {cell!r}"
        assert (Viewer.FORMER_AGENCY in viewers_) == (sight == Sight.PROCESS), f"{sight}: an agency that handed back keeps nothing"


TEAM = frozenset({"operator", "ops_lead"})
ALL_STAFF = TEAM | {"officer", "agency_leader", "committee_leader", "records_clerk", "administrator", "process_approver",
                    "confidential_reader", "inspector"}  # fmt: skip
EVERYBODY = frozenset({"anyone"})
WHO_DOES = {
    "agree_behalf": ALL_STAFF,
    "say_if_mended": EVERYBODY, "follow_area": EVERYBODY,
    "rate": EVERYBODY, "file_report": EVERYBODY, "follow_own": EVERYBODY, "track_report": EVERYBODY, "read_public": EVERYBODY,
    "sign_in": EVERYBODY, "sign_out": EVERYBODY, "manage_sessions": EVERYBODY, "check_health": EVERYBODY,
    "verify": TEAM, "clear_text": TEAM, "refuse": TEAM, "classify": TEAM, "call_hotline": TEAM, "distribute": TEAM,
    "decide_hand_back": TEAM, "publish": TEAM, "close": {"ops_lead"},
    "review_rating": {"ops_lead", "committee_leader"}, "reopen": {"ops_lead"},
    "accept_assignment": {"officer"}, "hand_back": {"officer"}, "submit_answer": {"officer"},
    "approve_answer": {"agency_leader", "committee_leader"}, "redo_answer": {"agency_leader", "committee_leader"},
    "open_palette": ALL_STAFF, "read_bell": ALL_STAFF,
    "be_seen": {"operator", "ops_lead", "officer", "agency_leader", "committee_leader"},
    "read_inbox": ALL_STAFF, "claim_task": ALL_STAFF, "perform_task": ALL_STAFF,
    "read_case": TEAM | {"officer", "agency_leader", "committee_leader", "administrator", "confidential_reader"},
    "write_note": TEAM | {"officer", "agency_leader"}, "reveal_identity": TEAM | {"confidential_reader"},
    "retry_incident": {"administrator"},
    "answer_question": EVERYBODY, "object_to_refusal": EVERYBODY, "withdraw_report": EVERYBODY, "write_to_centre": EVERYBODY,
    "follow": EVERYBODY, "act_on_case": ALL_STAFF,
    "add_agency": TEAM, "remove_agency": TEAM, "change_lead": TEAM, "ask_reporter": TEAM, "refer": TEAM, "pass_on": TEAM, "merge": TEAM,
    "send_link": TEAM, "revoke_link": TEAM | {"administrator"}, "answer_link": EVERYBODY,
    "split": TEAM, "divide": TEAM, "join_part": TEAM, "correct_publication": TEAM, "unpublish": TEAM, "decide_withdrawal": TEAM,
    "hold": {"ops_lead"}, "resume": {"ops_lead"}, "decide_objection": {"ops_lead", "committee_leader"}, "direct": {"committee_leader"},
    "finish_directive": {"ops_lead", "committee_leader"},
    "decide_extension": {"ops_lead", "committee_leader"}, "request_extension": {"officer"},
    "endorse_extension": {"agency_leader", "committee_leader"},
    "progress_note": {"officer", "agency_leader"}, "quarantine": TEAM | {"officer", "agency_leader"}, "hand_over": {"confidential_reader"},
    "remind": TEAM | {"committee_leader"}, "remind_all": {"ops_lead"}, "change_calendar": {"administrator"},
    "read_process": {"administrator", "process_approver", "inspector"}, "edit_process": {"administrator"},
    "approve_process": {"process_approver"}, "mend_process": {"administrator"},
    "assign_task": {"ops_lead", "agency_leader"}, "read_team": {"ops_lead", "agency_leader"},
    "keep_draft": ALL_STAFF, "take_back_held": ALL_STAFF, "keep_filter": ALL_STAFF, "keep_template": {"officer", "agency_leader"},
    "search_cases": TEAM | {"officer", "agency_leader", "committee_leader"}, "look_up_phone": TEAM,
    "appoint_deputy": {"administrator", "ops_lead", "agency_leader", "committee_leader", "confidential_reader"},
    "confirm_deputy": {"administrator"}, "change_settings": {"administrator"},
    "choose_messages": EVERYBODY, "manage_people": {"administrator"}, "manage_wallboards": {"ops_lead", "administrator"},
    "open_settings": {"administrator", "inspector", "ops_lead", "agency_leader", "committee_leader", "confidential_reader"},
    "read_health": {"administrator", "inspector"}, "run_job": {"administrator"},
    "read_field_desk": {"officer"},
    "read_open_map": TEAM | {"officer", "agency_leader", "committee_leader"},
    "read_late": TEAM | {"agency_leader", "committee_leader"}, "read_setting_events": {"administrator", "inspector"},
    "read_wallboard": EVERYBODY, "reorganise": {"administrator"}, "retry_message": {"administrator"}, "take_report": TEAM,
    "write_letter": TEAM | {"agency_leader"},
    "handle_mail": TEAM | {"confidential_reader"},
    "handle_breach": {"administrator"}, "read_breaches": {"administrator", "inspector"}, "read_looks": {"administrator", "inspector"},
    "read_processing": {"administrator", "inspector"},
    "block_sender": {"ops_lead"}, "confirm_contact": EVERYBODY, "decide_data_request": {"ops_lead"}, "me_too": EVERYBODY,
    "request_data": EVERYBODY, "transcribe": TEAM,
    "move_cases": {"administrator"}, "rehearse": {"administrator", "process_approver"},
    "read_bottlenecks": {"administrator", "process_approver", "inspector", "ops_lead", "committee_leader"},
    "export_event_log": {"administrator", "inspector"},
    "export_identity": {"ops_lead"},
    "export_list": TEAM | {"officer", "agency_leader", "committee_leader", "records_clerk", "inspector", "administrator",
                           "process_approver"},
    "freeze_figures": {"ops_lead"}, "number_letter": {"records_clerk", "agency_leader"},
    "print_case_file": TEAM | {"committee_leader"}, "read_letters": TEAM | {"agency_leader", "committee_leader", "records_clerk"},
    "read_statistics": TEAM | {"agency_leader", "committee_leader", "inspector"},
    "schedule_report": {"ops_lead", "committee_leader"},
    "seal_letter": {"records_clerk", "ops_lead", "agency_leader", "committee_leader"}, "verify_document": EVERYBODY,
}  # fmt: skip
"""Who does what by rules.md, sections 1, 2 and 6, written down by hand."""


def test_who_may_do_what_is_as_written_by_hand() -> None:
    assert {str(action): {str(role) for role in action.roles} for action in Action} == WHO_DOES


# -- what the pages show, against the table ----------------------------------------------------------------------------


def sees_words(the: Stage, name: str, word: str) -> bool:
    return SECRET_WORDS[word] in the.look(name).text


def reveal(the: Stage, name: str, case: Case) -> tuple[int, bool, int]:
    """Status, whether the identity was shown, and how many events it left."""
    count = select(func.count(Event.id)).where(Event.type == "reveal_identity")
    before = db.session.scalar(count) or 0
    form = {"report": case.main_report.ref, "reason": "Cần gọi lại để hỏi vị trí."}
    page = the.person(name).post(f"/cases/{case.ref}/identity", form)
    db.session.rollback()
    return page.status, "0912 345 678" in page.text or build.PHONE in page.text, (db.session.scalar(count) or 0) - before


def agrees(the: Stage, row: str, name: str, cell: str) -> bool:
    """Whether the pages of a person are as a cell says."""
    word = {"original words, photos, voice": "original", "text and photos *cleared for agencies*": "cleared",
            "approved answers not yet published": "approved of PTNMT"}.get(row)
    diagram, _ = the.look(name).answers[f"/cases/{the.case.ref}/diagram"]
    notes = {each for each in SECRET_WORDS if each.startswith("note") and sees_words(the, name, each)}
    match row, cell:
        case _, "–" if word:
            return not sees_words(the, name, word)
        case _, "yes" if word:
            return sees_words(the, name, word)
        case "original words, photos, voice", "own":
            return sees_words(the, name, "original") and not sees_words(the, name, "quarantined")
        case "text and photos *cleared for agencies*", "own":
            return True                                 # allowed, but their own page shows what they wrote themselves
        case "original words, photos, voice", "of quarantined":
            return sees_words(the, name, "quarantined") and not sees_words(the, name, "original")
        case "identity and contact", "with reason + event":
            case_ = the.hidden if name == "confidential reader" else the.case
            return reveal(the, name, case_) == (200, True, 1)
        case "identity and contact", _:
            status, shown, events = reveal(the, name, the.case)
            return status in (401, 403, 404) and not shown and events == 0
        case "an agency's drafts", "once submitted":
            return sees_words(the, name, "draft of UBND-LAT") and sees_words(the, name, "draft of PTNMT")
        case "an agency's drafts", "own agency":
            return sees_words(the, name, "draft of UBND-LAT") and not sees_words(the, name, "draft of PTNMT")
        case "an agency's drafts", "–":
            return not sees_words(the, name, "draft of UBND-LAT")
        case "internal notes", "yes":
            return notes == {"note of the centre", "note for agencies", "note of PTNMT"}
        case "internal notes", 'own agency\'s + the centre\'s marked "for agencies"':
            return notes == {"note for agencies"}
        case "internal notes", "same":
            return notes == {"note for agencies", "note of PTNMT"}
        case "internal notes", "–":
            return not notes
        case "process instance, events without content", "yes":
            return diagram == 200
        case "process instance, events without content", "public ones":
            return diagram in (302, 403) and the.look(name).answers[f"/reports/{the.case.code}"][0] == 200
        case "process instance, events without content", "–":
            return diagram in (302, 403, 404)
        case "a quarantined case, in lists, counts, search, diagrams", "own receipt":
            own, body = the.look("reporter of the quarantined").answers[f"/mine/{the.hidden.code}"]
            return own == 200 and the.hidden.code in body.decode() and not sees_words(the, "reporter of the quarantined", "quarantined")
        case "a quarantined case, in lists, counts, search, diagrams", "yes":
            return the.hidden.code in the.look(name).text
        case "a quarantined case, in lists, counts, search, diagrams", "–" | "those named":
            return the.hidden.code not in the.look(name).text and not sees_words(the, name, "quarantined")
    raise AssertionError(f"{row}: {cell!r} is not understood")


@pytest.mark.parametrize(("row", "column", "name", "cell"), list(cells()))
def test_pages_are_as_the_table_of_the_rules_says(the: Stage, row: str, column: str, name: str, cell: str) -> None:
    assert agrees(the, row, name, cell), f"{row} × {column} ({name}) should be: {cell}"


PTNMT = {"cleared", "transcript", "title", "instructions", "draft of PTNMT", "redo", "approved of PTNMT", "note for agencies",
         "note of PTNMT"}
WHO_READS = {
    "reporter": {"original"}, "reporter by secret": {"original"}, "reporter of the quarantined": set(), "guest": set(),
    "other citizen": set(), "officer of PTNMT": PTNMT, "leader of PTNMT": PTNMT,
    "operator": set(SECRET_WORDS) - {"quarantined", "identity"}, "ops lead": set(SECRET_WORDS) - {"quarantined", "identity"},
    "officer of UBND-LAT": {"cleared", "transcript", "title", "approved of PTNMT", "draft of UBND-LAT", "note for agencies"},
    "leader of UBND-LAT": {"cleared", "transcript", "title", "approved of PTNMT", "draft of UBND-LAT", "note for agencies"},
    "officer of HKL": {"hand-back of HKL"}, "leader of HKL": {"hand-back of HKL"}, "officer of an agency not asked": set(),
    "committee leader": set(SECRET_WORDS) - {"original", "quarantined", "identity"},
    "administrator": set(), "confidential reader": {"quarantined"}, "inspector": set(), "process approver": set(), "records clerk": set(),
    "other centre's operator": set(), "other centre's ops lead": set(), "other centre's administrator": set(),
}  # fmt: skip
"""Everything each person may read, and nothing else."""


@pytest.mark.parametrize("name", PEOPLE)
def test_each_person_reads_exactly_what_is_theirs(the: Stage, name: str) -> None:
    assert {word for word in SECRET_WORDS if sees_words(the, name, word)} == WHO_READS[name]


# -- statuses: written by hand, and generated from the tables of the code ----------------------------------------------

STAFF = {name for name in PEOPLE if name not in
         ("reporter", "reporter by secret", "reporter of the quarantined", "guest", "other citizen")}  # fmt: skip
CITIZENS = {"reporter", "other citizen"}
GUESTS = set(PEOPLE) - STAFF - CITIZENS
READS_CASES = {"operator", "ops lead", "officer of PTNMT", "leader of PTNMT", "officer of UBND-LAT", "leader of UBND-LAT", "officer of HKL",
               "leader of HKL", "committee leader", "administrator"}  # fmt: skip
HAS_NO_CASES = {"inspector", "process approver", "records clerk"}
CENTRE_PHOTO = {"reporter", "reporter by secret", "operator", "ops lead"}
AGENCIES_PHOTO = CENTRE_PHOTO | {"officer of PTNMT", "leader of PTNMT", "officer of UBND-LAT", "leader of UBND-LAT", "committee leader"}
DESK_PEOPLE = {"operator": {"operator", "ops lead"}, "ops_lead": {"ops lead"}, "committee_leader": {"committee leader"}}
READS_PROCESS = {"administrator", "inspector", "process approver", "other centre's administrator"}
REHEARSES = READS_PROCESS - {"inspector"}
TAKES_CALLS = {"operator", "ops lead", "other centre's operator", "other centre's ops lead"}
WRITES_NOTES = TAKES_CALLS | {name for name in STAFF if name.startswith(("officer of ", "leader of "))}
LOOKS_AT_WALL = TAKES_CALLS | {"committee leader"}
READS_LATE = LOOKS_AT_WALL | {f"leader of {agency}" for agency in ("PTNMT", "UBND-LAT", "HKL")}
READS_LETTERS = READS_LATE | {"records clerk"}
WRITES_LETTERS = READS_LATE - {"committee leader"}
EXPORTS = STAFF - {"confidential reader"}
ADMINISTRATORS = {"administrator", "other centre's administrator"}
EXPORTS_OF = {
    "cases": EXPORTS - ADMINISTRATORS - {"inspector", "records clerk", "process approver"}, "late": READS_LATE,
    "figures": READS_LATE | {"inspector"}, "people": ADMINISTRATORS, "looks": ADMINISTRATORS | {"inspector"}, "affected": ADMINISTRATORS,
    "heat": ADMINISTRATORS | {"ops lead", "other centre's ops lead", "committee leader", "inspector", "process approver"},
}  # fmt: skip
"""Who orders which list as a file."""
SCHEDULES = {"ops lead", "other centre's ops lead", "committee leader"}
PUBLISHERS = {"operator", "ops lead", "other centre's operator", "other centre's ops lead"}


HELD_BY = {
    "operator": "operator", "ops lead": "ops_lead", "committee leader": "committee_leader", "administrator": "administrator",
    "confidential reader": "confidential_reader",
}  # fmt: skip
"""The role of whom the name does not say it."""
DONE_AS = {"close_without_answer": "close", "publish_interim": "publish", "stop_waiting": "ask_reporter", "apologise": "write_letter",
           "send_agency_link": "send_link", "take_up_answer": "send_link"}
"""Acts that are part of another."""


def act_by_hand(the: Stage, name: str, parts: dict[str, str]) -> int:
    """Who sees the case and holds the role is shown the act, or that it cannot be done now; of what one does not see nothing is said."""
    sees = name == "confidential reader" if parts["ref"] == the.hidden.ref else name in READS_CASES
    if not sees or parts["verb"] == "no_such_act":
        return 404
    role = HELD_BY.get(name) or ("officer" if name.startswith("officer") else "agency_leader")
    return 200 if role in WHO_DOES[DONE_AS.get(parts["verb"], parts["verb"])] else 403


def is_of_centre(ref: str) -> bool:
    """Whether a version of the process is a centre's own, and not the installation's."""
    return db.session.scalars(select(ProcessVersion.centre_id).where(ProcessVersion.ref == ref)).one() is not None


def is_model(ref: str) -> bool:
    """Whether a version is one cases run on, and not of the table of suggested agencies."""
    return db.session.scalars(select(ProcessVersion.key).where(ProcessVersion.ref == ref)).one() == "field_report"


def leads(name: str) -> bool:
    """Whether the person leads people of an inbox."""
    return name in ("ops lead", "other centre's ops lead") or name.startswith("leader of ")


def gives_out(the: Stage, name: str, ref: str) -> bool:
    """Who leads gives out the steps of their own people, of no quarantined case."""
    task = db.session.scalars(select(WaitingTask).where(WaitingTask.ref == ref)).one()
    role, agency = task.desk.partition("@")[0], task.assignment.agency.key if task.assignment else ""
    own = {"ops lead": {"operator", "ops_lead"}}.get(name, {"officer", "agency_leader"} if name == f"leader of {agency}" else set())
    return role in own and task.case_id != the.hidden.id


def manages(the: Stage, name: str, ref: str) -> bool:
    """An administrator of a centre manages its people, agencies and areas, and nothing of another centre; citizens are nobody's."""
    account = db.session.scalars(select(Account).where(Account.ref == ref)).first()
    if account is not None:
        return account.kind == "staff" and (account.login or "").endswith("_dn") == name.startswith("other centre")
    return not name.startswith("other centre")


def note_by_hand(the: Stage, name: str, ref: str) -> int:
    """The centre and the agencies at work write notes; an agency that handed back does not any more."""
    if name in HAS_NO_CASES | {"committee leader", "administrator", "confidential reader", "other centre's administrator"}:
        return 403
    if ref == the.hidden.ref or name not in READS_CASES:
        return 404
    return 403 if name.endswith(" of HKL") else 200


def exchange_by_hand(the: Stage, name: str, parts: Mapping[str, str]) -> int:
    """The centre writes to each agency at work, an agency in its own exchange alone."""
    if name not in WRITES_NOTES:
        return 403
    part = next((row for row in the.case.assignments if row.ref == parts["assignment"]), None)
    if parts["ref"] != the.case.ref or part is None or part.end_reason == "handed_back":
        return 404
    return 200 if name in {"operator", "ops lead"} or name.endswith(f" of {part.agency.key}") else 404


def writes_to(name: str, ref: str) -> int:
    """The centre reminds its own agencies; their leaders write apologies and remind nobody."""
    if name not in READS_LATE - {"committee leader"}:
        return 403
    is_foreign = db.session.scalars(select(Agency.centre_id).where(Agency.ref == ref)).one() != 1
    return 200 if name in TAKES_CALLS and is_foreign == name.startswith("other centre") else 404


DOORS = ("open311.", "scim.", "api.", "api_reference.")
"""Doors to other systems: closed until a centre opens them, to everybody alike."""


def by_hand(the: Stage, name: str, address: Address) -> int:
    """The status of rules.md as somebody wrote it down who has not read the code."""
    endpoint, parts = address.endpoint, address.parts
    own = {"reporter": the.case.code, "reporter by secret": the.case.code, "reporter of the quarantined": the.hidden.code}
    match endpoint:
        case "public.home" | "public.reports" | "filing.new_report" | "tracking.track" | "auth.register":
            return 200
        case "health.healthz" | "health.readyz":
            return 200
        case "metrics.metrics":                         # they come from this machine, as who watches it does
            return 200
        case "public.set_language" | "comfort.set_comfort":
            return 302
        case "public_layers.points" | "public_layers.feed" | "public_layers.table":
            return 200
        case "reporting.yearbook":                      # none was issued
            return 404
        case "transparency.transparency" | "transparency.as_json" | "transparency.as_csv" | "transparency.definitions":
            return 200
        case _ if endpoint.startswith(DOORS):
            return 404                                  # the door is closed until a centre opens it
        case "documents_verify.verify":
            return 200
        case "documents_verify.document":               # no letter here has a number
            return 404
        case "foot.accessibility" | "foot.licences" | "foot.security_txt":
            return 200
        case "consent.privacy" | "public.help_page" | "for_search_engines.robots" | "for_search_engines.sitemap":
            return 200
        case "consent.notice":
            return 200 if parts["version"] == "2026-12" else 404
        case "public.report" | "public_share.card":
            return 200 if parts["code"] == the.case.code else 404
        case "tracking.own" | "own_acts.withdraw_report" | "filing.receipt" | "filing.receipt_file":
            return 200 if own.get(name) == parts["code"] else 404
        case "rights_own.of_account":                   # what the house holds of its staff it holds as their employer
            return 302 if name in GUESTS else 200 if name in CITIZENS else 404
        case "rights_own.of_report":
            is_own = own.get(name) == parts["code"]
            return 404 if not is_own else 302 if name == "reporter" else 200
        case "maps.areas":
            return 404 if parts["ref"] == "0" * 16 else 200
        case "maps.pmtiles" | "maps.sketch":
            return 404
        case "auth.sign_in":
            return 200 if name in GUESTS else 302
        case "factors_own.security" | "factors_own.app":
            return 302 if name in GUESTS else 404 if name in CITIZENS else 200
        case "factors_second.second":
            return 302                                  # no sign-in has been begun in this browser
        case "tracking.mine":
            return 200
        case "auth.sessions" | "account.password" | "message_choices.choices" | "outside_identities.identities":
            return 302 if name in GUESTS else 200
        case ("contacts_sign_in.code" | "contacts_sign_in.new" | "contacts_tracking.code" | "contacts_hand_over.nowhere"
              | "outside_sign_in.new"):
            return 302                                  # nothing has been asked for in this browser
        case "contacts_tracking.contact":
            return 200
        case "contacts_tracking.reports":
            return 302                                  # to what is “Mine”
        case "contacts_hand_over.ticket" | "outside_sign_in.come_back":
            return 404
        case "contacts_account.account":
            return 200 if name in CITIZENS else 302
        case "contacts_account.contact_code":
            return 302 if name in GUESTS | CITIZENS else 404
        case "field.kept" | "field.contact":
            return 200                                  # the page as for nobody, and whether a session is on, which only its secret asks
        case "message_choices.push_worker" | "offline.away" | "offline.form" | "offline.queue" | "offline.worker" | "offline.manifest":
            return 200
        case "offline_reports.state":
            return 404                                  # only with the token of a browser
        case "message_choices.unsubscribe":
            return 404
        case "areas.area":
            return 200
        case "areas.code":
            return 302                                  # nothing has been asked for in this browser
        case "areas.followed" | "mended.question" | "reply.reply" | "reply.photo":
            return 404                                  # only with the token of a message
        case "photos.photo":
            seers = {"centre": CENTRE_PHOTO, "agencies": AGENCIES_PHOTO}.get(parts["audience"], set())
            return 200 if name in seers and parts["rendition"] != "original" else 404
        case "recordings.recording":
            hearers = {"play": CENTRE_PHOTO, "original": {"reporter", "reporter by secret"}}
            return 200 if name in hearers.get(parts["rendition"], set()) else 404
        case "documents_register.own_file":
            return 404
        case "wallboard.pair":
            return 200
        case "wallboard.wallboard":
            return 302 if name in GUESTS else 200 if name in LOOKS_AT_WALL else 404
        case "wallboard.picture":
            return 200 if name in LOOKS_AT_WALL else 404
    if name in GUESTS:
        return 302
    if name in CITIZENS:
        return 403
    match endpoint:
        case "inbox.inbox" | "inbox.pulse" | "inbox_saved.filters" | "palette.rows" | "bell.lines" | "bell.newest":
            return 200
        case "acting_for_me.systems" | "board.board" | "board.wall" | "board.wall_picture":
            return 200
        case "bulk_approval.approvals":
            return 200 if name.startswith("leader of ") or name == "committee leader" else 403
        case "taking_back.look":
            return 404
        case "taking_back.state":
            return 200
        case "team.team":
            return 200 if leads(name) else 403
        case "answer_templates.templates":
            return 200 if name.startswith(("officer of ", "leader of ")) else 403
        case "quarantined.cases":
            return 200 if name == "confidential reader" else 403
        case "notes.mentions":
            return 403 if name in HAS_NO_CASES else 200
        case "notes.write" | "notes.names":
            return note_by_hand(the, name, parts["ref"])
        case "exchange.exchanges":
            return 200 if name in WRITES_NOTES else 403
        case "exchange.write":
            return exchange_by_hand(the, name, parts)
        case "recordings.transcript":
            is_theirs = name in {"operator", "ops lead"} and parts["ref"] == the.case.ref
            return 403 if name not in TAKES_CALLS else 200 if is_theirs else 404
        case "mail_in.letters":
            return 200 if name in TAKES_CALLS or name == "confidential reader" else 403
        case "mail_in.letter":                          # nobody has written anything
            return 404 if name in TAKES_CALLS or name == "confidential reader" else 403
        case "contacts_blocked.blocked":
            return 200 if name.endswith("ops lead") else 403
        case "contacts_blocked.block":
            is_theirs = name == "ops lead" and (parts["ref"], parts["report"]) == (the.case.ref, the.case.main_report.ref)
            return 403 if not name.endswith("ops lead") else 200 if is_theirs else 404
        case "rights_requests.requests":
            return 200 if name.endswith("ops lead") else 403
        case "rights_requests.request_page" | "rights_requests.what_stays":            # nobody has asked anything
            return 404 if name.endswith("ops lead") else 403
        case "assigning.assign":
            return 403 if not leads(name) else 200 if gives_out(the, name, parts["ref"]) else 404
        case "incidents.incidents":
            return 200 if name in {"administrator", "other centre's administrator"} else 403
        case "mending.process":
            is_theirs = name == "administrator" and parts["ref"] == the.case.ref
            return 403 if name not in ("administrator", "other centre's administrator") else 200 if is_theirs else 404
        case "incidents.incident":
            return 404 if name in ("administrator", "other centre's administrator") else 403
        case "studio.studio":
            return 200 if name in READS_PROCESS else 403
        case "studio_daily.daily":
            return 200 if name in ("administrator", "other centre's administrator") else 403
        case "studio_editor.edit":
            is_own_draft = name == "administrator" and is_of_centre(parts["ref"])
            return 403 if name not in ("administrator", "other centre's administrator") else 200 if is_own_draft else 404
        case "studio.version" | "studio.text" | "studio_comparing.compare":
            is_foreign = name.startswith("other centre") and is_of_centre(parts["ref"])
            return 403 if name not in READS_PROCESS else 404 if is_foreign else 200
        case "studio_editor.source":
            is_own = name == "administrator" and is_of_centre(parts["ref"]) and is_model(parts["ref"])
            return 403 if name not in ("administrator", "other centre's administrator") else 200 if is_own else 404
        case "studio_exports.table":
            is_foreign = name.startswith("other centre") and is_of_centre(parts["ref"])
            return 403 if name not in READS_PROCESS else 404 if is_foreign or is_model(parts["ref"]) else 200
        case "studio_rehearsals.rehearsals":
            is_foreign = name.startswith("other centre") and is_of_centre(parts["ref"])
            return 403 if name not in REHEARSES else 200 if is_model(parts["ref"]) and not is_foreign else 404
        case "studio_rehearsals.progress":              # nobody has asked anything
            return 404 if name in REHEARSES else 403
        case "studio_heat.heat_map" | "studio_heat.ways":
            return 200 if name in READS_PROCESS or name.endswith(("ops lead", "committee leader")) else 403
        case "studio_moves.moves":
            is_foreign = name.startswith("other centre") and is_of_centre(parts["ref"])
            return 403 if not name.endswith("administrator") else 200 if is_model(parts["ref"]) and not is_foreign else 404
        case "studio_moves.plan" | "studio_moves.progress":         # nobody has planned anything
            return 404 if name.endswith("administrator") else 403
        case "intake_call.call" | "intake_camera.camera" | "intake_camera.cameras" | "unreleased_villages.villages":
            return 200 if name in TAKES_CALLS else 403
        case "intake_taken.taken":                      # nobody has taken anything: back to the form
            return 302 if name in TAKES_CALLS else 403
        case "settings_index.settings":
            may_open = name.endswith(("administrator", "inspector")) or leads(name) or name in {"committee leader", "confidential reader"}
            return 200 if may_open else 403
        case "rights_processing.register" | "rights_access.looks" | "rights_breaches.breaches":
            return 200 if name.endswith(("administrator", "inspector")) else 403
        case "rights_breaches.new":
            return 200 if name.endswith("administrator") else 403
        case "rights_breaches.breach" | "rights_breaches.notice":
            is_there = name in ("administrator", "inspector") and parts["ref"] != "0" * 16 and parts.get("whom") != "nobody"
            return 403 if not name.endswith(("administrator", "inspector")) else 200 if is_there else 404
        case "settings_events.events":
            return 200 if name.endswith(("administrator", "inspector")) else 403
        case "settings_rows.rows" | "settings_rows.new" | "settings_rows.row" | "settings_values.value":
            is_there = parts.get("kind") != "no_such_kind" and parts.get("key") != "no_such_value" and parts.get("number") != "999999"
            return 403 if not name.endswith("administrator") else 200 if is_there else 404
        case "settings_values.values" | "settings_centres.centres":
            return 200 if name.endswith("administrator") else 403
        case "settings_centres.centre":
            is_own = db.session.scalars(select(Centre.id).where(Centre.ref == parts["ref"])).one() == the.case.centre_id
            is_theirs = is_own == (name == "administrator")
            return 403 if not name.endswith("administrator") else 200 if is_theirs else 404
        case "settings_people.people" | "settings_people.new" | "settings_agencies.agencies" | "settings_agencies.new":
            return 200 if name.endswith("administrator") else 403
        case "settings_areas.areas" | "settings_areas.new":
            return 200 if name.endswith("administrator") else 403
        case ("settings_people.person" | "settings_leaving.leaving" | "outside_identities.of_person"
              | "settings_agencies.agency" | "settings_areas.area"):
            return 403 if not name.endswith("administrator") else 200 if manages(the, name, parts["ref"]) else 404
        case "settings_deputies.deputies":
            return 200 if leads(name) or name in {"committee leader", "confidential reader"} or name.endswith("administrator") else 403
        case "settings_imports.imports" | "settings_imports.template" | "settings_imports.export" | "settings_imports.staged":
            is_there = parts["kind"] != "no_such_kind" and parts.get("form") != "exe" and "ref" not in parts
            return 403 if not name.endswith("administrator") else 200 if is_there else 404
        case "settings_texts.texts":
            return 200 if name in {"administrator", "other centre's administrator"} else 403
        case "settings_zalo.returns":                   # no account at Zalo is set up
            return 404 if name.endswith("administrator") else 403
        case "settings_messages.messages" | "settings_zalo.zalo":
            return 200 if name.endswith("administrator") else 403
        case "settings_host_apps.apps" | "settings_centres.new":
            return 404 if name.endswith("administrator") else 403   # for those of the whole installation, of whom none is here
        case "settings_health.health" | "settings_jobs.jobs":           # likewise
            return 404 if name.endswith("administrator") or name == "inspector" else 403
        case "settings_doors.doors" | "settings_doors.new" | "settings_links.links":
            return 200 if name.endswith("administrator") else 403
        case "settings_doors.account" | "settings_doors.change" | "settings_doors.key":    # the account is of an agency of the first centre
            is_there = name == "administrator" and parts["ref"] != "0" * 16
            return 403 if not name.endswith("administrator") else 200 if is_there else 404
        case "case_links.link":                         # nobody has made any
            return 404 if name.endswith(("operator", "ops lead")) else 403
        case "settings_webhooks.endpoints" | "settings_webhooks.new":
            is_there = name == "administrator" and parts["ref"] != "0" * 16
            return 403 if not name.endswith("administrator") else 200 if is_there else 404
        case "settings_webhooks.endpoint" | "settings_webhooks.secret":
            is_there = name == "administrator" and "0" * 16 not in (parts["ref"], parts["endpoint_ref"])
            return 403 if not name.endswith("administrator") else 200 if is_there else 404
        case "settings_wallboards.wallboards":
            return 200 if name.endswith(("ops lead", "administrator")) else 403
        case "late.late":
            return 200 if name in READS_LATE else 403
        case "statistics.figures" | "statistics.crossed" | "statistics.steps" | "statistics.snapshots":
            return 200 if name in READS_LATE | {"inspector"} else 403
        case "dashboard.dashboard" | "dashboard.pulse" | "due_calendar.calendar":
            return 200 if name in READS_LATE | {"inspector"} else 403
        case "statistics.cases" | "statistics.snapshot":    # of no figure, and none is frozen
            return 404 if name in READS_LATE | {"inspector"} else 403
        case "statistics.counting":                     # nothing is being counted
            return 404 if name in {"ops lead", "other centre's ops lead"} else 403
        case "dashboard.places":                        # an inspector reads registers, no cases
            return 200 if name in READS_LATE else 404 if name == "inspector" else 403
        case "dashboard.cases":                         # behind no number
            return 404 if name in READS_LATE | {"inspector"} else 403
        case "documents_register.documents" | "documents_books.books":
            return 200 if name in READS_LETTERS else 403
        case "documents_register.document" | "documents_register.file":
            return 404 if name in READS_LETTERS else 403
        case "documents_writing.write":                 # the case was not refused, which the page says to who may refuse it
            if name not in WRITES_LETTERS:
                return 403
            if parts["ref"] == the.hidden.ref or name not in READS_CASES or parts["kind"] == "no_such_kind":
                return 404
            return 200 if name in {"operator", "ops lead"} else 403
        case "documents_writing.write_minutes":
            return 403 if name != "confidential reader" else 200 if parts["ref"] == the.hidden.ref else 404
        case "documents_writing.minutes" | "documents_writing.minutes_file":
            return 404 if name == "confidential reader" else 403
        case "documents_sealing.signed":
            return 404 if name in READS_LETTERS - {"operator", "other centre's operator"} else 403
        case "documents_register.old_address":          # leads to where they lie now
            return 302 if name in READS_LETTERS else 403
        case "late.write":
            return writes_to(name, parts["ref"])
        case "settings_boundaries.boundaries" | "settings_boundaries.export" | "settings_map.settings_map":
            return 200 if name.endswith("administrator") else 403
        case "settings_calendar.calendar":
            return 200 if name.endswith("administrator") else 403
        case "settings_reorganisations.reorganisations":
            return 200 if name.endswith("administrator") else 403
        case "settings_reorganisations.plan" | "settings_reorganisations.look_ahead":
            return 404 if name.endswith("administrator") else 403
        case "reporting.reports":
            return 200 if name in READS_LATE | {"inspector"} else 403
        case "reporting.preview":                       # nobody has prepared any
            return 404 if name in READS_LATE | {"inspector"} else 403
        case "reporting.case_file":
            if name not in {"operator", "ops lead", "other centre's operator", "other centre's ops lead", "committee leader"}:
                return 403
            return 404 if parts["ref"] == the.hidden.ref or name not in READS_CASES else 200
        case "reporting.letter_sheets":
            return 404 if name in READS_LETTERS else 403
        case "outputs.outputs":
            return 200 if name in EXPORTS else 403
        case "outputs.new":
            return 403 if name not in EXPORTS else 200 if name in EXPORTS_OF.get(parts["key"], ()) else 404
        case "outputs.output" | "outputs.progress" | "outputs.file":
            return 404 if name in EXPORTS else 403
        case "schedules.schedules" | "schedules.new":
            return 200 if name in SCHEDULES else 403
        case "schedules.schedule" | "schedules.change":     # there is none yet
            return 404 if name in SCHEDULES else 403
        case "field.desk" | "field.work":
            return 200 if name.startswith(("officer", "deputy of the officer")) else 403
        case "open_map.map_of_open_work" | "search.search":
            searches_nothing = HAS_NO_CASES | {"administrator", "other centre's administrator", "confidential reader"}
            return 403 if name in searches_nothing else 200
        case "cases.case" | "cases.printed" if parts["ref"] == the.hidden.ref:
            return 403 if name in HAS_NO_CASES else 200 if name == "confidential reader" else 404
        case "case_path.diagram" if parts["ref"] == the.hidden.ref:
            return 403 if name in HAS_NO_CASES else 404
        case "cases.case" | "cases.printed" | "case_path.diagram":
            return 403 if name in HAS_NO_CASES else 200 if name in READS_CASES else 404
        case "case_acts.act":
            return act_by_hand(the, name, parts)
        case "publishing.case_preview":
            is_theirs = name in {"operator", "ops lead"} and parts["ref"] == the.case.ref
            return 403 if name not in PUBLISHERS else 200 if is_theirs else 404
        case "tasks.task" | "publishing.preview":
            task = db.session.scalars(select(WaitingTask).where(WaitingTask.ref == parts["ref"])).one()
            role = task.desk.partition("@")[0]
            agency = task.assignment.agency.key if task.assignment else ""
            people = DESK_PEOPLE.get(role) or {f"{'officer' if role == 'officer' else 'leader'} of {agency}"}
            if endpoint == "publishing.preview":
                return 403 if name not in PUBLISHERS else 200 if name in people and task.case_id == the.case.id else 404
            if task.case_id == the.hidden.id or name not in people:
                return 404
            return 200 if task.state == "waiting" else 409
    raise AssertionError(f"no line for {endpoint}: say who may")


def generated(the: Stage, name: str, address: Address) -> set[int]:
    """What casework.permissions alone says: by the action's roles, and for a case by the person's sights."""
    actor, action = actor_of(the, name), the.app.view_functions[address.endpoint].action  # type: ignore[attr-defined]
    roles = action.roles
    if address.endpoint.startswith(DOORS):
        return {404}
    if roles == ANYONE:
        return {200, 302, 404}
    if actor.account is None:
        return {302}
    if not actor.roles & roles:
        return {403}
    if address.endpoint == "case_acts.act":
        case, page = the.case if address.parts["ref"] == the.case.ref else the.hidden, ACT_PAGES.get(address.parts["verb"])
        sights = {Sight.QUARANTINED} if case.quarantined_at is not None else {Sight.PROCESS}
        if page is None or not any(SIGHTS[sight] & viewers(actor, case) for sight in sights):
            return {404}
        return {200} if may(actor, page.action(), case) else {403}
    if address.endpoint == "documents_writing.write":
        case = the.case if address.parts["ref"] == the.case.ref else the.hidden
        return {200, 404} if actor.holds_for(OPERATIONS, case) else {403, 404}
    if address.endpoint in ("notes.write", "notes.names"):
        case = the.case if address.parts["ref"] == the.case.ref else the.hidden
        reads = case.quarantined_at is None and SIGHTS[Sight.INTERNAL_NOTES] & viewers(actor, case)
        return {200} if reads else {403, 404}
    if address.endpoint == "exchange.write":
        case = the.case if address.parts["ref"] == the.case.ref else the.hidden
        reads = case.quarantined_at is None and SIGHTS[Sight.INTERNAL_NOTES] & viewers(actor, case)
        return {200, 404} if reads else {404}
    if address.endpoint in ("cases.case", "cases.printed", "case_path.diagram"):
        case = the.case if address.parts["ref"] == the.case.ref else the.hidden
        if case.quarantined_at is not None:
            sight = None if address.endpoint == "case_path.diagram" else Sight.QUARANTINED
            return {200} if sight and SIGHTS[sight] & viewers(actor, case) else {404}
        return {200} if SIGHTS[Sight.PROCESS] & (viewers(actor, case) - {Viewer.REPORTER}) else {404}
    return {302} if address.endpoint in ("intake_taken.taken", "documents_register.old_address") else {200, 404, 409}


@pytest.mark.parametrize("name", PEOPLE)
def test_every_address_answers_as_written_by_hand_and_as_generated(the: Stage, name: str) -> None:
    answers = the.look(name).answers
    wrong, roles = [], actor_of(the, name).roles
    its_own = [each for each in the.addresses if opens_to(the.app, each.endpoint, roles) and not the.leaves_to_others(name, each)]
    assert {each.endpoint for each in its_own} <= {each.endpoint for each in the.addresses if each.path in answers}
    for address in (each for each in the.addresses if each.path in answers):
        status, by_rules, by_code = answers[address.path][0], by_hand(the, name, address), generated(the, name, address)
        if status != by_rules or status not in by_code:
            wrong.append(f"{address.path} ({address.endpoint}): {status}; by the rules {by_rules}, by the code {sorted(by_code)}")
    assert not wrong, "\n".join(wrong)


def test_every_route_is_tried_by_somebody_who_may_and_by_somebody_who_may_not(the: Stage) -> None:
    tried = {(each.endpoint, opens_to(the.app, each.endpoint, actor_of(the, name).roles))
             for name in PEOPLE for each in the.addresses if each.path in the.look(name).answers}
    wanted = {(each.endpoint, may_open) for each in the.addresses for may_open in (True, False)
              if not (opens_to(the.app, each.endpoint, ()) and not may_open)}
    assert wanted - tried == set()


def test_nobody_fails(the: Stage) -> None:
    assert [path for name in PEOPLE for path, (status, _) in the.look(name).answers.items() if status >= 500] == []


# -- what is sent ------------------------------------------------------------------------------------------------------

NOT_SENT = ("auth.", "public.set_language", "comfort.set_comfort", "contacts_account.sign_out_everywhere",
            "contacts_tracking.close_here")  # fmt: skip
"""What signs somebody in or out or closes what is open, and what only says how a browser reads."""
OF_A_CASE = ("cases.", "case_path.", "case_acts.", "mending.", "recordings.", "contacts_blocked.block")
OWN_REPORT = ("own_acts.", "tracking.rating", "mended.own", "contacts_confirming.", "rights_own.copy_of_report",
              "rights_own.ask_about_report", "rights_own.lift_of_report")  # fmt: skip
OWN_ACCOUNT = ("message_choices.", "account.", "contacts_account.", "factors_own.", "factors_again.", "outside_identities.")
OWN_DATA = ("rights_own.copy_of_account", "rights_own.ask_about_account", "rights_own.lift_of_account")


def sent_by_hand(the: Stage, name: str, endpoint: str) -> set[int]:
    """What may be answered where a route is open to anybody: of what belongs to somebody else not even that it is there."""
    if endpoint.startswith("offline_reports."):
        return {403}                                    # only scripts of our own pages send these
    if endpoint.startswith(DOORS):
        return {404}                                    # the door is closed until a centre opens it
    if endpoint.startswith("contacts_hand_over."):
        return {404, 422}                               # no such ticket, no token that can be read
    if endpoint.startswith(OWN_REPORT):
        return {302, 404, 422} if name in ("reporter", "reporter by secret") else {404}
    if endpoint.startswith(OWN_DATA):
        return {401} if name in GUESTS else {302, 404, 422} if name in CITIZENS else {404}
    if endpoint == "factors_own.passkey_challenge":
        return {401} if name in GUESTS else {404} if name in CITIZENS else {200}
    if endpoint.startswith(OWN_ACCOUNT) and endpoint != "message_choices.unsubscribe":
        return {401} if name in GUESTS else {302, 404, 422}
    return {200, 302, 404, 422}


def path_of(the: Stage, rule: Rule) -> str:
    """The address of a route for the case in the middle; of steps that of nobody any more."""
    ref = "case" if rule.endpoint.startswith(OF_A_CASE) else "task of nobody"
    uuid = "00000000-0000-4000-8000-000000000000"
    values = {"<code>": the.names["code"], "<ref>": the.names[ref], "<report>": the.names["report"], "<recording>": the.names["recording"],
              "<ticket>": "0" * 16, "<key>": uuid, "<client_key>": uuid}  # fmt: skip
    return re.sub(r"<\w+>", lambda part: values.get(part[0], part[0]), rule.rule)


DONE_BY_AN_EMPTY_FORM = {"remind_all"}
"""Acts with nothing to fill in: whoever may do them changes something by pressing."""


def does(the: Stage, name: str, verb: str) -> bool:
    """Whether a member of staff is shown an act on the case in the middle."""
    return name in STAFF and act_by_hand(the, name, {"ref": the.case.ref, "verb": verb}) == 200


@pytest.mark.parametrize("name", PEOPLE)
def test_what_may_not_be_read_may_not_be_sent_to_either(the: Stage, name: str) -> None:
    """Every POST with an empty form: whoever lacks the role is told so, and nobody changes anything by it. A test run has each of the
    staff send a sixth of what is for anybody, and everybody a sixth of what they may not."""
    events, person, actor = db.session.scalar(select(func.count(Event.id))), the.person(name), actor_of(the, name)
    for rule in rules(the.app):
        if "POST" not in (rule.methods or ()) or rule.endpoint.startswith(NOT_SENT):
            continue
        roles = the.app.view_functions[rule.endpoint].action.roles  # type: ignore[attr-defined]
        if rule.endpoint.startswith("settings_") and name not in TRIES_SETTINGS and not actor.roles & roles:
            continue
        is_closer = name not in STAFF if roles == ANYONE else bool(actor.roles & roles) or rule.endpoint.startswith("settings_")
        if not is_closer and rule.endpoint != "case_acts.act" and not is_at_turn(rule.endpoint, NUMBERS[name], SHUT_TO):
            continue
        path = path_of(the, rule)
        if rule.endpoint == "case_acts.act":
            for verb in (each for each in ACT_PAGES if is_at_turn(each, NUMBERS[name], SHUT_TO) or does(the, name, each)):
                if verb in DONE_BY_AN_EMPTY_FORM and does(the, name, verb):
                    continue
                status = person.post(path.replace("<verb>", verb), {}, follows=False).status
                by_verb = act_by_hand(the, name, {"ref": the.case.ref, "verb": verb}) if actor.roles else 403
                assert status in ({401} if actor.account is None else {404, 422} if by_verb == 200 else {by_verb}), f"{verb}: {status}"
            continue
        status = person.post(path, {}, follows=False).status
        if roles == ANYONE or rule.endpoint.startswith(DOORS):
            assert status in sent_by_hand(the, name, rule.endpoint), f"{rule.rule}: {status}"
        elif actor.account is None:
            assert status == 401, f"{rule.rule}: {status}"
        elif not actor.roles & roles:
            assert status == 403, f"{rule.rule}: {status}"
        else:
            assert status in (302, 404, 409, 422), f"{rule.rule}: {status}"
    assert db.session.scalar(select(func.count(Event.id))) == events


FOREIGNERS = ("officer of PTNMT", "leader of PTNMT", "officer of HKL", "leader of HKL", "officer of an agency not asked",
              "other centre's operator", "other centre's ops lead", "committee leader", "administrator", "other citizen")  # fmt: skip


@pytest.mark.parametrize("name", FOREIGNERS)
def test_the_step_of_an_agency_is_not_there_for_those_of_another(the: Stage, name: str) -> None:
    tasks = the.app.url_map.bind("localhost"), list(db.session.scalars(select(WaitingTask.ref).where(
        WaitingTask.case_id == the.case.id, WaitingTask.state == "waiting", WaitingTask.desk.like("agency_leader@%"))))
    assert tasks[1], "something must wait at UBND-LAT"
    before = db.session.scalar(select(func.count(Event.id))), db.session.query(Draft).count()
    person, form = the.person(name), {"act": "approve_answer", "to": "nobody", "draft_do": "keep", "instructions": "Xem lại."}
    for endpoint in ("tasks.task", "inbox.claim", "inbox.release", "assigning.assign", "drafts.keep"):
        for ref in tasks[1]:
            assert person.post(tasks[0].build(endpoint, {"ref": ref}, method="POST"), form, follows=False).status in (403, 404), endpoint
    for verb in ("claim", "release", "assign", "note", "remind", "classify"):
        page = person.post(f"/inbox/bulk/{verb}", {"task": tasks[1], "sent": "yes", "words": "Nhắc.", "audience": "agency", "to": "nobody"})
        assert the.case.code not in page.text.split("<main")[-1]
    db.session.rollback()
    assert (db.session.scalar(select(func.count(Event.id))), db.session.query(Draft).count()) == before


def test_no_address_can_be_guessed(the: Stage) -> None:
    """What is not public is addressed by at least 96 random bits; a code opens what is public or the sender's own."""
    named = [(address.endpoint, name, value) for address in the.addresses for name, value in address.parts.items()]
    # the number of a row of the rules: an administrator reads them all within their scope, and it tells nothing else
    chosen = {"form", "kind", "verb", "audience", "rendition", "key", "number", "version", "whom"}
    # a client's own key, which opens what its account made alone, and what is no address
    named = [each for each in named if each[:2] not in {("open311.token", "token"), ("open311.elsewhere", "anything"),
                                                        ("scim.elsewhere", "anything"), ("scim.one_resource_type", "name"),
                                                        ("scim.schema", "name")}]  # fmt: skip
    assert [each for each in named if each[1] not in chosen | {"code"} and not re.fullmatch(r"[A-Za-z0-9_-]{16,}", each[2])] == []
    assert {endpoint for endpoint, name, _ in named if name == "code"} == {
        "public.report", "public_share.card", "filing.receipt", "filing.receipt_file", "tracking.own", "own_acts.withdraw_report",
        "documents_register.own_file", "rights_own.of_report", "open311.definition", "open311.one_request", "api_reference.problem",
    }  # fmt: skip
    assert len({new_ref() for _ in range(1000)}) == 1000
    assert {len(base64.urlsafe_b64decode(new_ref())) * 8 for _ in range(50)} == {96}


def test_the_photo_is_there(the: Stage) -> None:
    assert db.session.scalar(select(func.count(Photo.id))) == 1, "without it the rows on photos would prove nothing"
    assert db.session.scalar(select(func.count(Recording.id)).where(Recording.prepared_at.is_not(None))) == 1, "nor those on voices"
