"""A database that is busy or gone for a moment costs a job that moment and nothing else: whatever it was at is done the next times.

Each job runs on one world in which there is work for it, first undisturbed; then again from the same beginning with one statement of
the first run refused, at several places, and three runs after that. What the database holds in the end is the same.
"""
from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from flask import Flask
from sqlalchemy import String, event, func, select, update
from sqlalchemy.exc import OperationalError

from casework.area_news.scopes import Scope
from casework.area_news.subscribing import subscribe
from casework.cases import CaseBusy, lock_case
from casework.clocks.calendar_changes import set_calendar_day
from casework.contacts.codes import Purpose, send_code
from casework.db import METADATA, db, unit_of_work
from casework.documents.numbering import give_number
from casework.documents.offers import letters_to_offer, write_letter
from casework.documents.sealing import ask_seal
from casework.doors.accounts import ServiceWish, add_service_account
from casework.doors.keys import add_key
from casework.facts.keeping import keep_facts
from casework.installation.first_start import set_first_values
from casework.local_time import local_day
from casework.messages.routing import route_messages
from casework.models import Account, Agency, Delivery, Letter, MessageChoice, Publication, Report, StagedImport, WebhookEndpoint
from casework.outputs import order_output
from casework.outputs.schedules import Plan, make_schedule
from casework.permissions import SYSTEM, Action
from casework.privacy.identity import Contact
from casework.rights.affected import by_centre
from casework.rights.deciding import carry_out
from casework.rights.telling_affected import tell_affected
from casework.taking_back.held_acts import Hold, SentForm
from casework.together.presence import be_here
from reports.statistics.due import run_after
from tests import build, reorganised, service_accounts, webhooks
from tests.authority import PASSPHRASE
from tests.casework.intake.test_villages_left import left
from tests.casework.rights.test_breaches import add, do, during, opened
from tests.casework.rights.test_masking import LONG_AFTER
from tests.casework.rights.test_requests import ask, decide
from tests.messages.house import House, has_zns, with_mail
from tests.messages.test_push import Browser
from tests.outside import Outside
from tests.reports.seal_samples import authority, body_seal, own_signature
from tests.web.desk import Office
from tests.web.documents.test_sealing import numbered
from tests.web.letterbox import letterbox
from tests.web.pages import at
from tests.whole import WHOLE
from tests.with_photos import pictured_case, staged
from tests.with_recordings import send, wav
from tests.workflows.running.test_wakeups import merged_pair
from web.jobs.worker import jobs_of
from workflows.jobs import INTERVALS
from workflows.models import Timer
from workflows.reorganising import acts as reorganising
from workflows.running import steps
from workflows.running.wakeups import fire_due_timers

NOON = build.NOON
NOW = NOON + timedelta(days=30)
"""Wednesday 01/04/2026, 10:00 local time: a month has ended, limits have passed, the offices are open."""
PLACES = 20 if WHOLE else 3
"""Of the statements of a run so many are refused, one in each trial, the first and the last among them."""
WITH_WORK = {
    "fire_due_timers", "send_reminders", "recount_after_calendar_change", "go_on_with_reorganisations",
    "route_messages", "plan_digests", "send_email", "send_sms", "write_anchors", "sweep_codes", "count_public_figures", "count_step_times",
    "keep_facts", "sum_up_days", "freeze_figures", "run_schedules", "make_outputs",
}  # fmt: skip
"""Jobs that have something to do in one world with everything that is common; the others have one of their own in ALONE."""

CONFIGURED = ("email", "sms")
SEES = {"state", "kind", "type", "template", "channel", "element", "desk", "reason", "end_reason", "outcome", "given_up_at", "last_error"}
"""Columns that are held by value, others by whether there is something."""
UNHELD = {"job_run", "recurring_job", "login_session", "rate_counter"}
TRIED = {"attempts", "attempted_at", "tries", "version", "lease", "leased_until"}
"""How often something was begun may differ: it was."""


def shape() -> dict[tuple[str, str], Counter[Any]]:
    """What the database holds, without what is drawn by lot, sealed, or an instant."""
    found: dict[tuple[str, str], Counter[Any]] = {}
    for table in METADATA.sorted_tables:
        if table.name in UNHELD:
            continue
        columns = [column for column in table.columns if column.name not in TRIED]
        for row in db.session.execute(select(*columns)):
            for column, value in zip(columns, row, strict=True):
                is_held = column.name in SEES and isinstance(column.type, String)
                found.setdefault((table.name, column.name), Counter())[value if is_held else value is not None] += 1
    db.session.rollback()
    return found


@contextmanager
def refused_at(place: int) -> Iterator[list[str]]:
    """The statement with that number is refused, as SQLite refuses one while somebody else writes; yields all that were asked."""
    asked: list[str] = []

    def look(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)
        if len(asked) == place + 1:
            raise OperationalError(statement, {}, sqlite3.OperationalError("database is locked"))

    event.listen(db.engine, "before_cursor_execute", look)
    try:
        yield asked
    finally:
        event.remove(db.engine, "before_cursor_execute", look)


def world_with_work(app: Flask) -> build.World:
    """Something to do for most jobs."""
    world = build.standard_world()
    with_mail(world, "operator", "ops_lead", "officer_PTNMT", "leader_PTNMT")
    build.case_at(world, "rating", contact=Contact(email="thu@nguoi-dan.example"), by="guest")
    build.case_at(world, "handling", agencies=2)
    build.case_at(world, "to_publish", urgent=True)
    build.file_report(world)
    with unit_of_work():
        order_output("cases", "csv", {}, by=world.actor("ops_lead", NOW), now=NOW, centre_id=world.centre.id)
        make_schedule("period_report", "month", Plan("Báo cáo tháng", "pdf", "08:00", 0, ("ops_lead",)), centre_id=world.centre.id,
                      agency=None, by=world.actor("ops_lead"), now=NOON, next_run=run_after)  # fmt: skip
        send_code(Contact(phone=build.PHONE), purpose=Purpose.SIGN_IN, now=NOON, configured=("sms",))
    with unit_of_work():
        set_calendar_day(day=date(2026, 4, 3), kind="off", by=world.actor("administrator", NOW), now=NOW, label_vi="Nghỉ bão",
                         label_en="Storm", source="Công văn 12", centre_id=world.centre.id)  # fmt: skip
    # some messages are on their way, some are not told to anybody yet
    build.case_at(world, "rating", now=NOW - timedelta(hours=3), contact=Contact(email="thu@nguoi-dan.example"), by="guest")
    route_messages(NOW - timedelta(hours=1), configured=CONFIGURED)
    keep_facts(NOW - timedelta(hours=1))
    build.case_at(world, "at_agency", now=NOW - timedelta(minutes=30), contact=Contact(email="thu@nguoi-dan.example"), by="guest")
    plan = reorganised.planned(world, on=NOW.date())
    with unit_of_work():
        reorganising.start(plan.ref, by=world.actor("administrator", NOW), now=NOW, reason="Đúng ngày.")
    return world


def rounds(app: Flask, job: Callable[[datetime], object], since: datetime = NOW, number: int = 3) -> None:
    """Runs ten minutes apart: leases have run out by then."""
    for each in range(1, number + 1):
        moment = since + timedelta(minutes=10 * each)
        at(app, moment)
        job(moment)
    at(app, since)


class Beginning:
    """The database and the files as they are now; `again` brings them back."""

    def __init__(self, app: Flask, kept: Path) -> None:
        self._file, self._files = Path(str(db.engine.url.database)), Path(app.config["FILES"])
        self._kept, self._kept_files = kept / "begun.db", kept / "begun"
        self._let_go()
        shutil.copyfile(self._file, self._kept)
        if self._files.exists():
            shutil.copytree(self._files, self._kept_files)

    def again(self) -> None:
        self._let_go()
        shutil.copyfile(self._kept, self._file)
        if self._kept_files.exists():
            shutil.copytree(self._kept_files, self._files, dirs_exist_ok=True)

    def _let_go(self) -> None:
        db.session.remove()
        db.engine.dispose()


def lost(app: Flask, name: str, begun: Beginning, now: datetime = NOW) -> tuple[bool, list[tuple[Any, ...]]]:
    """Whether a job has something to do at that beginning, and what differs in the end where a statement of it was refused."""
    [job] = [each.run for each in jobs_of(app) if each.name == name]
    at(app, now)
    begun.again()
    before = shape()
    with refused_at(-2) as asked:
        job(now)
    number = len(asked)
    rounds(app, job, now)
    whole = shape()
    if whole == before:
        return False, []
    wrong = []
    for place in sorted({round(part * (number - 1) / (PLACES - 1)) for part in range(PLACES)}):
        begun.again()
        with refused_at(place), suppress(OperationalError, CaseBusy):
            job(now)
        db.session.rollback()
        rounds(app, job, now)
        after = shape()
        wrong += [(name, place, number, column, after.get(column), whole.get(column))
                  for column in after.keys() | whole.keys() if after.get(column) != whole.get(column)]  # fmt: skip
    return True, wrong


@pytest.mark.exhaustive
def test_what_a_busy_database_refused_is_done_the_next_times(sqlite_app: Flask, tmp_path: Path) -> None:
    at(sqlite_app, NOW)
    world_with_work(sqlite_app)
    begun = Beginning(sqlite_app, tmp_path)
    with letterbox(sqlite_app, *CONFIGURED):
        tried = {name: lost(sqlite_app, name, begun) for name in INTERVALS if name not in ALONE}
    wrong = [each for _, found in tried.values() for each in found]
    assert not wrong, "\n".join(map(str, wrong))
    assert {name for name, (has_work, _) in tried.items() if has_work} == WITH_WORK


# -- jobs whose work is seldom: each in a world of its own ------------------------------------------------------------------


def a_merged_case_hears_that_its_main_one_has_ended(app: Flask, world: build.World) -> datetime:
    merged_pair(world)
    [over] = db.session.scalars(select(Timer.due_at).where(Timer.ended_at.is_(None)))
    fire_due_timers(over)
    return over


def somebody_holds_a_step_of_a_desk_that_is_theirs_no_more(app: Flask, world: build.World) -> datetime:
    case = build.file_report(world).case
    with unit_of_work():
        steps.claim(build.waiting(case, "verify").ref, by=world.actor("operator_2"), now=NOON)
    with unit_of_work():
        for role in db.session.get_one(Account, world.people["operator_2"].id).memberships:
            role.valid_to = (NOON + timedelta(days=1)).date()
    return NOON + timedelta(days=2)


def a_file_was_sent_and_never_taken_over(app: Flask, world: build.World) -> datetime:
    with unit_of_work():
        for number in range(3):
            db.session.add(StagedImport(kind="people", account_id=world.people["administrator"].id, centre_id=world.centre.id,
                                        file_name=f"{number}.csv", sha256="0" * 64, sealed_rows=b"", staged_at=NOON))  # fmt: skip
    return NOW


def keys_run_out_and_an_agency_has_ended(_app: Flask, world: build.World) -> datetime:
    by, agency, now = world.actor("administrator"), world.agencies["HKL"], NOON + timedelta(days=1)
    for name, body in (("Hệ thống của đơn vị", agency), ("Hệ thống của Trung tâm", None)):
        wish = ServiceWish(name=name, owner=world.people["operator"], purpose="Thử", scopes=[Action.READ_CASE])
        with unit_of_work():
            row = add_service_account(wish, centre=world.centre, agency=body, by=by, now=NOON, reason="Thử.")
            add_key(row, by=by, now=NOON, reason="Thử.", days=5)
    with unit_of_work():
        db.session.get_one(Agency, agency.id).valid_to = local_day(now)
    return now


def an_endpoint_has_been_silent_for_days(_app: Flask, world: build.World) -> datetime:
    for number in range(2):
        row = service_accounts.made(world, Action.READ_CASE, agency=None, name=f"Hệ thống {number}")[0]
        endpoint = webhooks.listening(world, row)
        with unit_of_work():
            db.session.get_one(WebhookEndpoint, endpoint.id).failing_since = NOON
    return NOON + timedelta(days=6)


def messages_wait_for_zalo(app: Flask, world: build.World) -> datetime:
    has_zns("report_accepted", "report_received", "report_distributed")
    build.case_at(world, "handling", by="guest", contact=Contact(name="Nguyễn Thị Thử", phone=build.PHONE))
    now = NOON + timedelta(hours=2)
    route_messages(now, configured=("zns", "sms"))
    assert db.session.scalar(select(func.count()).select_from(Delivery).where(Delivery.channel == "zns"))
    return now


def messages_wait_for_a_browser(app: Flask, world: build.World) -> datetime:
    Browser(cast(House, SimpleNamespace(world=world, now=NOON)), "operator", cast(Outside, SimpleNamespace(port=9)), "laptop")
    with unit_of_work():
        db.session.add(MessageChoice(account_id=world.people["operator"].id, channel="push", takes="all", changed_at=NOON))
    build.file_report(world, marked_urgent=True)
    now = NOON + timedelta(hours=2)
    route_messages(now, configured=("push",))
    assert db.session.scalar(select(func.count()).select_from(Delivery).where(Delivery.channel == "push"))
    return now


def photos_of_a_form_that_was_never_sent(app: Flask, world: build.World) -> datetime:
    for number in range(2):
        staged(world, app.extensions["file_store"], f"form-{number}", colour=("red", "blue")[number])
    return NOW


def files_of_a_case_in_quarantine(app: Flask, world: build.World) -> datetime:
    case = pictured_case(world, app.config["FILES"], "rating").case
    build.act(world, case, "quarantine", "operator", reason="Tố cáo cán bộ có tên.")
    return build.next_moment(case) + timedelta(minutes=1)


def senders_who_have_not_proven_who_they_are(app: Flask, world: build.World) -> datetime:
    for _number in range(2):
        build.file_report(world, by="guest")
    return NOON + timedelta(days=2)


def a_voice_that_has_no_copy_yet(app: Flask, world: build.World) -> datetime:
    send(build.file_report(world), app.config["FILES"], kind="voice", data=wav())
    return NOON + timedelta(minutes=1)


def reports_that_still_stand_in_clear(app: Flask, world: build.World) -> datetime:
    for _number in range(2):
        left(world, "Nhà bà Zýndar, hẻm 12")
    with unit_of_work():
        db.session.execute(update(Report).values(clear_latitude=12.0123, clear_longitude=108.3456, sealed_point=None))
    return NOON + timedelta(days=1)


def a_person_who_is_to_be_forgotten_when_a_case_ends(app: Flask, world: build.World) -> datetime:
    case = build.case_at(world, "handling")
    request = ask(world, "erasure", now=NOON + timedelta(days=1))
    decide(world, request, carry_out, now=NOON + timedelta(days=1))
    build.advance(world, case, "rating")
    build.rate(world, case)
    build.end_rating_window(case)
    return NOW + timedelta(days=30)


def identities_of_long_ago(app: Flask, world: build.World) -> datetime:
    with unit_of_work():
        set_first_values(now=NOON)
    for _number in range(2):
        build.end_rating_window(build.case_at(world, "rating", by="guest"))
    return LONG_AFTER


def people_who_are_told_of_a_breach(app: Flask, world: build.World) -> datetime:
    for by in ("citizen", "guest"):
        build.file_report(world, by=by)
    row = opened(world)
    add(world, row, by_centre(row, row.centre_id, during()))
    do(row, tell_affected, by=world.actor("administrator"), now=NOON + timedelta(days=2))
    return NOON + timedelta(days=2, minutes=1)


def a_numbered_letter(app: Flask, world: build.World) -> datetime:
    case, operator = build.case_at(world, "handling"), world.actor("operator")
    with unit_of_work():
        [slip] = [each for each in letters_to_offer(lock_case(case.id), operator) if each.kind.key == "transfer_slip"]
        letter = write_letter(lock_case(case.id), slip, by=operator, now=NOW)
        give_number(letter, on=NOW.date(), by=world.actor("records_clerk"), now=NOW)
    return NOW


def a_letter_that_is_to_be_signed(app: Flask, world: build.World) -> datetime:
    ref = numbered(cast(Office, SimpleNamespace(app=app, world=world, moment=NOON)))
    with unit_of_work():
        letter = db.session.scalars(select(Letter).where(Letter.ref == ref)).one()
        ask_seal(letter, seal=own_signature(), by=world.actor("ops_lead"), now=NOON)
    return NOON + timedelta(minutes=1)


def somebody_closed_a_case(_app: Flask, world: build.World) -> datetime:
    case = build.case_at(world, "to_verify")
    with unit_of_work():
        assert be_here(case.ref, by=world.actor("operator"), now=NOON) == []
    return NOON + timedelta(minutes=1)


def somebody_can_take_back_what_they_pressed_no_more(_app: Flask, world: build.World) -> datetime:
    for _number in range(2):
        case = build.case_at(world, "approval")
        step, now = build.waiting(case, "approve_answer").ref, build.next_moment(case)
        with unit_of_work():
            steps.perform(step, by=world.actor("leader_PTNMT", now), now=now, hold=Hold(timedelta(seconds=10), SentForm()))
    return now + timedelta(minutes=1)


def an_answer_of_a_month_ago(_app: Flask, world: build.World) -> datetime:
    case = build.case_at(world, "closed")
    return db.session.scalars(select(Publication.published_at).where(Publication.case_id == case.id)).one() + timedelta(days=30, minutes=1)


def somebody_follows(world: build.World) -> None:
    with unit_of_work():
        contact = Contact(email="theo-doi@nguoi-dan.example")
        subscribe(Scope(area_id=world.area.id), contact, rhythm="at_once", language="vi", by=SYSTEM, now=NOON)


def somebody_follows_an_area_with_news(_app: Flask, world: build.World) -> datetime:
    somebody_follows(world)
    build.case_at(world, "rating")
    return NOON + timedelta(days=1)


def somebody_has_followed_an_area_for_too_long(_app: Flask, world: build.World) -> datetime:
    somebody_follows(world)
    return NOON + timedelta(days=25 * 31)


ALONE: dict[str, Callable[[Flask, build.World], datetime]] = {
    "carry_out_held_acts": somebody_can_take_back_what_they_pressed_no_more,
    "deliver_messages": a_merged_case_hears_that_its_main_one_has_ended,
    "return_tasks_of_leavers": somebody_holds_a_step_of_a_desk_that_is_theirs_no_more,
    "sweep_presence": somebody_closed_a_case,
    "ask_if_mended": an_answer_of_a_month_ago,
    "tell_areas": somebody_follows_an_area_with_news,
    "sweep_area_news": somebody_has_followed_an_area_for_too_long,
    "forget_staged_imports": a_file_was_sent_and_never_taken_over,
    "sweep_webhooks": an_endpoint_has_been_silent_for_days,
    "look_after_service_accounts": keys_run_out_and_an_agency_has_ended,
    "send_zns": messages_wait_for_zalo,
    "send_push": messages_wait_for_a_browser,
    "sweep_files": photos_of_a_form_that_was_never_sent,
    "erase_files": files_of_a_case_in_quarantine,
    "set_apart_unconfirmed": senders_who_have_not_proven_who_they_are,
    "prepare_recordings": a_voice_that_has_no_copy_yet,
    "seal_points": reports_that_still_stand_in_clear,
    "seal_villages": reports_that_still_stand_in_clear,
    "go_on_erasing": a_person_who_is_to_be_forgotten_when_a_case_ends,
    "mask_old_identities": identities_of_long_ago,
    "write_to_affected": people_who_are_told_of_a_breach,
    "make_letter_files": a_numbered_letter,
    "seal_letters": a_letter_that_is_to_be_signed,
}
NOT_HERE = {
    "tell_endpoints": "its turns have threads of their own; a claim left behind runs out (tests/casework/doors/webhooks/test_sending.py)",
    "exchange_documents": "needs folders; cut off at each step in tests/casework/exchange/test_carrying.py",
    "fetch_photos": "calls other hosts; a claim left behind runs out (tests/web/open311/test_photo_addresses.py)",
    "renew_zalo": "calls Zalo; killed at every point of a renewal in tests/zalo/test_renewal.py",
    "fetch_letters": "calls the mailbox, which keeps what is not kept here (tests/web/mail_in/test_fetching.py)",
    "take_letters": "does nothing without a mailbox; a claim left behind runs out (tests/web/mail_in/test_taking.py)",
    "go_on_with_moves": "tests/workflows/moving/test_plans.py refuses a statement of it",
    "go_on_with_rehearsals": "one that was cut short says so, and is asked for anew by whoever wants it",
    "seek_faces": "needs the detector, which not every machine has",
}


@pytest.mark.exhaustive(but=4)
@pytest.mark.parametrize("name", ALONE)
def test_what_is_seldom_is_not_lost_either(sqlite_app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    world = build.standard_world()
    monkeypatch.setitem(sqlite_app.extensions, "seals", {each.name: each for each in (body_seal(), own_signature())})
    monkeypatch.setitem(sqlite_app.extensions, "trust", (authority().pem.decode(),))
    monkeypatch.setenv("SEAL_OF_TESTS", PASSPHRASE)
    at(sqlite_app, NOON)
    now = ALONE[name](sqlite_app, world)
    with letterbox(sqlite_app, "email", "push", "zns", "sms"):
        has_work, wrong = lost(sqlite_app, name, Beginning(sqlite_app, tmp_path), now)
    assert not wrong, "\n".join(map(str, wrong))
    assert has_work, "there is nothing to be lost"


def test_every_job_is_tried() -> None:
    assert {*WITH_WORK, *ALONE, *NOT_HERE} == INTERVALS.keys()
