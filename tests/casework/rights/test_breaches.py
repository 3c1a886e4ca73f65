"""Breaches of personal data: who may do what, the 72 hours, who is found by which way, who is told, and that nobody is named on the way."""
from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from flask import Flask
from sqlalchemy import event, func, select, text

from casework.casefile.identity_export import export_identity
from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.messages.recipients import recipient_of
from casework.messages.routing import route_messages
from casework.models import Account, Breach, BreachSubject, Case, Delivery, Event, LoginSession, OutboxMessage, Report
from casework.outputs import order_output
from casework.permissions import NotAllowed, Role
from casework.privacy.identity import reveal_identity
from casework.rights import affected, breaches, telling_affected
from casework.rights.affected import AffectedPeople, Period, counts_of, subjects_of, work_out
from casework.rights.breach_notices import notice_to
from casework.rights.breaches import AUTHORITY, PEOPLE, BreachFacts, BreachRefused, breach_seen, breaches_seen
from casework.rights.requests import Person
from casework.rights.telling_affected import breaches_told, tell_affected, waiting_to_be_told, write_to_affected
from tests import build
from tests.casework.acting import local
from tests.second_centre import of_the_installation, second_world

pytestmark = pytest.mark.on_both

NOW = build.NOON + timedelta(days=2)
KNOWN = BreachFacts(
    "Máy tính của một cán bộ bị chiếm quyền.", "Họ tên, số điện thoại.", "Có thể bị gọi điện lừa đảo.", "Đã đổi mật khẩu.", "Bà Lan, 0263"
)
REASON = "Gọi lại hỏi đường vào chỗ rác."


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


@pytest.fixture
def small(sqlite_app: Flask) -> build.World:
    """For what cannot differ between the databases."""
    return build.standard_world()


def opened(world: build.World, *, by: str = "administrator", centre: bool = True, noticed_at: datetime = NOW) -> Breach:
    with unit_of_work():
        centre_id = world.centre.id if centre else None
        row = breaches.open_breach("account", KNOWN, by=world.actor(by), now=NOW, noticed_at=noticed_at, centre_id=centre_id)
        id_ = row.id
    return db.session.get_one(Breach, id_)


def add(world: build.World, row: Breach, found: AffectedPeople, *, by: str = "administrator") -> list[str]:
    """Work it out and return the codes that came to it."""
    with unit_of_work():
        search = work_out(breaches.lock_breach(row.id), found, by=world.actor(by), now=NOW)
        mine = select(Report.code).join(BreachSubject, BreachSubject.report_id == Report.id).where(BreachSubject.search_id == search.id)
        return sorted(db.session.scalars(mine))


def look(world: build.World, case: Case, *, by: str = "operator", at: datetime = build.NOON) -> None:
    with unit_of_work():
        locked = lock_case(case.id)
        reveal_identity(locked, locked.main_report, by=world.actor(by), reason=REASON, now=at)


def during(hours: int = 1) -> Period:
    return Period(build.NOON - timedelta(hours=1), build.NOON + timedelta(hours=hours))


def do(row: Breach, use_case: Any, *args: Any, **more: Any) -> Any:
    with unit_of_work():
        return use_case(breaches.lock_breach(row.id), *args, **more)


# -- the record ------------------------------------------------------------------------------------------------------------


def test_it_is_put_down_by_who_administers_the_place_and_read_by_its_inspectors(small: build.World) -> None:
    other = second_world(small)
    small.people["overseer"] = of_the_installation(small, "overseer", Role.ADMINISTRATOR)
    own, everywhere = opened(small), opened(small, by="overseer", centre=False)
    seen = {name: [row.ref for row in breaches_seen(world.actor(name))[0]] for name, world in
            (("administrator", small), ("inspector", small), ("overseer", small), ("operator", small))}  # fmt: skip
    assert seen == {"administrator": [own.ref], "inspector": [own.ref], "overseer": [everywhere.ref, own.ref], "operator": []}
    assert breach_seen(other.actor("administrator"), own.ref) is None
    more = {"now": NOW, "outcome": "Đã xử lý xong sự cố.", "without_notice": True}
    for who in (small.actor("inspector"), other.actor("administrator"), small.actor("ops_lead")):
        with pytest.raises(NotAllowed):
            do(own, breaches.close_breach, by=who, **more)
    with pytest.raises(NotAllowed):
        opened(small, centre=False)


def test_the_72_hours_run_from_when_it_was_noticed_and_end_with_the_notice(small: build.World) -> None:
    row = opened(small, noticed_at=NOW - timedelta(hours=70))
    due = NOW + timedelta(hours=2)
    assert row.authority_due_at == due
    assert not breaches.is_late(row, due - timedelta(seconds=1))
    assert breaches.is_late(row, due)
    by = small.actor("administrator")
    for at in (NOW - timedelta(hours=71), NOW + timedelta(minutes=1)):
        with pytest.raises(BreachRefused):
            do(row, breaches.record_notice, AUTHORITY, by=by, now=NOW, at=at, words="Số 12/TB")
    do(row, breaches.record_notice, AUTHORITY, by=by, now=NOW, at=NOW, words="Số 12/TB")
    assert breaches.told_authority_at(row) == NOW
    assert not breaches.is_late(row, due + timedelta(days=9))
    late = opened(small, noticed_at=NOW - timedelta(days=5))
    do(late, breaches.record_notice, AUTHORITY, by=by, now=NOW, at=NOW, words="Số 13/TB")
    assert breaches.is_late(late, NOW)


def test_what_is_known_is_added_and_what_was_known_stays(small: build.World) -> None:
    row, by = opened(small), small.actor("administrator")
    more = BreachFacts(
        "Hai máy tính bị chiếm quyền.", *[getattr(KNOWN, name) for name in ("data_kinds", "consequences", "measures", "contact")]
    )
    do(row, breaches.describe_breach, more, by=by, now=NOW + timedelta(hours=1))
    assert [each.happened for each in row.descriptions] == [KNOWN.happened, more.happened]
    assert row.description.happened == more.happened
    for wrong in (more, BreachFacts("", *["x"] * 4), BreachFacts("x" * 4001, *["x"] * 4), BreachFacts(*["x"] * 4, "x" * 301)):
        with pytest.raises(BreachRefused):
            do(row, breaches.describe_breach, wrong, by=by, now=NOW)


def test_it_is_closed_with_an_outcome_and_not_silently_without_a_notice(small: build.World) -> None:
    row, by = opened(small), small.actor("administrator")
    for outcome in ("", "Xong"):
        with pytest.raises(BreachRefused):
            do(row, breaches.close_breach, by=by, now=NOW, outcome=outcome, without_notice=True)
    with pytest.raises(BreachRefused, match="the authority"):
        do(row, breaches.close_breach, by=by, now=NOW, outcome="Không có dữ liệu nào lọt ra.")
    do(row, breaches.close_breach, by=by, now=NOW, outcome="Không có dữ liệu nào lọt ra, nên không phải báo.", without_notice=True)
    acts = (
        (breaches.describe_breach, (KNOWN,), {}), (breaches.record_notice, (PEOPLE,), {"at": NOW, "words": "Thư"}),
        (breaches.close_breach, (), {"outcome": "Lần nữa cho chắc."}), (tell_affected, (), {}),
        (work_out, (affected.by_centre(row, row.centre_id, during()),), {}),
    )  # fmt: skip
    for use_case, args, more in acts:
        with pytest.raises(BreachRefused, match="is closed"):
            do(row, use_case, *args, by=by, now=NOW, **more)
    types = list(db.session.scalars(select(Event.type).where(Event.stream == f"breach:{row.ref}").order_by(Event.id)))
    assert types == ["open_breach", "close_breach"], "what was refused leaves nothing"


# -- who is affected -------------------------------------------------------------------------------------------------------


def test_an_account_is_followed_by_what_it_looked_at_and_worked_on_in_that_time(world: build.World) -> None:
    looked, worked = build.file_report(world).case, build.case_at(world, "to_classify", by="citizen_2")
    untouched = build.file_report(world).case
    look(world, looked)
    look(world, untouched, by="operator_2")
    look(world, untouched, at=NOW)
    row, login = opened(world), str(world.people["operator"].login)
    assert add(world, row, affected.by_account(row, login, during())) == sorted([looked.code, worked.code])
    with pytest.raises(BreachRefused, match="Nobody is found"):
        add(world, row, affected.by_account(row, login, Period(NOW + timedelta(days=1), NOW + timedelta(days=2))))
    assert add(world, row, affected.by_account(row, login, Period(None, NOW + timedelta(days=1)))) == [untouched.code], "only who is new"
    assert counts_of(row) == affected.AffectedCounts(reports=3, accounts=0, people=2, told=0, unreachable=0, untold=3)


def test_a_session_stands_for_the_time_it_was_open(small: build.World) -> None:
    first, second = build.file_report(small).case, build.file_report(small).case
    look(small, first)
    look(small, second, at=build.NOON + timedelta(hours=3))
    times = {"last_seen_at": build.NOON, "expires_at": NOW, "browser": "Firefox", "network": "203.0.113.0/24"}
    with unit_of_work():
        rows = [LoginSession(token_digest=f"{each}" * 64, account_id=small.people[who].id, created_at=build.NOON - timedelta(hours=1),
                             revoked_at=build.NOON + timedelta(hours=1), **times)
                for each, who in enumerate(("operator", "citizen"))]  # fmt: skip
        db.session.add_all(rows)
    row = opened(small)
    [session] = affected.sessions_during(row, str(small.people["operator"].login))
    assert add(small, row, affected.by_session(row, session.ref)) == [first.code]
    with pytest.raises(BreachRefused, match="no such session"):
        affected.by_session(row, rows[1].ref)


def test_an_export_is_followed_by_the_senders_it_named(world: build.World) -> None:
    named, kept = build.file_report(world), build.file_report(world, by="citizen_2")
    lead = world.actor("ops_lead")
    with unit_of_work():
        more = {"by": lead, "now": build.NOON, "centre_id": world.centre.id}
        output = order_output("cases", "csv", {}, with_identity=True, reason=REASON, **more)
        plain = order_output("cases", "json", {}, **more)
        export_identity([named.case.id], by=lead, now=build.NOON, reason=REASON, output=output.ref)
        refs = output.ref, plain.ref
    row = opened(world)
    assert add(world, row, affected.by_output(row, refs[0])) == [named.report.code]
    assert kept.report.code not in [subject.report.code for subject in subjects_of(row)]
    with pytest.raises(BreachRefused, match="names no senders"):
        affected.by_output(row, refs[1])
    with pytest.raises(BreachRefused, match="No file"):
        affected.by_output(row, "0" * 16)
    other = second_world(world)
    with pytest.raises(BreachRefused, match="No file"):
        affected.by_output(opened(other), refs[0])


def test_codes_bring_every_report_of_their_cases_and_unknown_ones_are_named(small: build.World) -> None:
    main, same = build.case_at(small, "to_classify"), build.case_at(small, "to_classify", by="citizen_2")
    build.act(small, same, "merge", "operator", into=main)
    row, other = opened(small), build.file_report(second_world(small)).case
    assert add(small, row, affected.by_cases(row, f" {same.code.lower()},\n{same.code} ")) == sorted([main.code, same.code])
    for typed, said in (("", "1 to 500"), (f"{main.code} LD-1999-000001", "LD-1999-000001"), (other.code, other.code)):
        with pytest.raises(BreachRefused, match=said):
            affected.by_cases(row, typed)


def test_a_time_brings_what_was_sent_to_a_centre_and_accounts_belong_to_none(world: build.World) -> None:
    other = second_world(world)
    world.people["overseer"] = of_the_installation(world, "overseer", Role.ADMINISTRATOR)
    mine, theirs = build.file_report(world).report, build.file_report(other).report
    build.file_report(world, now=NOW)
    row, everywhere = opened(world), opened(world, by="overseer", centre=False)
    assert add(world, row, affected.by_centre(row, world.centre.id, during())) == [mine.code]
    for refused in (lambda: affected.by_centre(row, other.centre.id, during()), lambda: affected.by_citizens(row, during()),
                    lambda: affected.by_centre(row, None, during())):  # fmt: skip
        with pytest.raises(NotAllowed):
            refused()
    assert add(world, everywhere, affected.by_centre(everywhere, None, during()), by="overseer") == sorted([mine.code, theirs.code])
    assert add(world, everywhere, affected.by_citizens(everywhere, Period(None, NOW)), by="overseer") == []
    counts = counts_of(everywhere)
    assert (counts.reports, counts.accounts, counts.people) == (2, 3, 3), "the senders are two of the three"
    own = [subject.report.code for subject in subjects_of(everywhere, centre_id=other.centre.id)]
    assert own == [theirs.code], "each centre gets a list of its own"


def test_more_than_one_time_can_hold_is_refused_whole(small: build.World, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        build.file_report(small)
    monkeypatch.setattr(affected, "MOST_FOUND", 1)
    row = opened(small)
    with pytest.raises(BreachRefused, match="shorter"):
        add(small, row, affected.by_centre(row, row.centre_id, during()))
    assert subjects_of(row) == []


def test_what_is_under_its_own_procedure_is_found_by_no_way_and_leaves_the_list(small: build.World) -> None:
    hidden, later = build.file_report(small).case, build.file_report(small, by="citizen_2").case
    look(small, hidden)
    row, login = opened(small), str(small.people["operator"].login)
    secret = "Tố cáo cán bộ có tên, theo Luật Tố cáo."
    build.act(small, hidden, "quarantine", "operator", reason=secret)
    ways = (affected.by_account(row, login, Period(None, NOW)), affected.by_centre(row, row.centre_id, during()))
    assert [add(small, row, way) for way in ways[1:]] == [[later.code]]
    with pytest.raises(BreachRefused, match="Nobody is found"):
        add(small, row, ways[0])
    with pytest.raises(BreachRefused, match="no such code"):
        affected.by_cases(row, hidden.code)
    build.act(small, later, "quarantine", "operator", reason=secret)
    assert (subjects_of(row), counts_of(row).reports) == ([], 0)
    with pytest.raises(BreachRefused, match="Nobody is left"):
        do(row, tell_affected, by=small.actor("administrator"), now=NOW)


# -- telling them ----------------------------------------------------------------------------------------------------------


def test_each_person_is_written_to_once_and_reads_the_notice_on_their_own_page(small: build.World, monkeypatch: pytest.MonkeyPatch) -> None:
    filed = [build.file_report(small), build.file_report(small), build.file_report(small, by="guest")]
    monkeypatch.setattr(telling_affected, "PART", 2)
    with unit_of_work():
        account = db.session.get_one(Account, small.people["citizen"].id)
        account.restricted_at = build.NOON
    row, by = opened(small), small.actor("administrator")
    add(small, row, affected.by_centre(row, row.centre_id, during()))
    assert breaches_told(Person(account=account)) == [], "nothing is told before it is told"
    assert write_to_affected(NOW) == 0, "nobody is written to before somebody has decided it"
    assert do(row, tell_affected, by=by, now=NOW) == 3
    assert (waiting_to_be_told(row), counts_of(row).told) == (3, 0)
    with pytest.raises(BreachRefused, match="Nobody is left"):
        do(row, tell_affected, by=by, now=NOW)
    assert [write_to_affected(NOW + timedelta(minutes=1)) for _ in range(2)] == [2, 0]
    told = list(db.session.scalars(select(OutboxMessage).where(OutboxMessage.template == "data_breach").order_by(OutboxMessage.id)))
    guest = filed[2].report
    assert [(each.recipient, each.parameters) for each in told] == [
        (f"account:{account.id}", {"breach": row.ref}), (f"reporter:{guest.reporter_id}", {"breach": row.ref, "code": guest.code})]
    assert breaches_told(Person(account=account)) == [row]
    assert breaches_told(Person(report=guest)) == [row]
    assert recipient_of(f"account:{account.id}").is_left_alone("data_breach") is False, "who asked that their data rest is told as well"
    route_messages(NOW + timedelta(hours=1), configured={"sms"})
    sent = set(db.session.scalars(select(Delivery.recipient).where(Delivery.template == "data_breach")))
    assert sent == {each.recipient for each in told}
    assert counts_of(row).told == 3


def test_who_cannot_be_reached_is_counted_and_reads_it_all_the_same(small: build.World) -> None:
    report = build.file_report(small, by="guest").report
    with unit_of_work():
        reporter = db.session.get_one(Report, report.id).reporter
        assert reporter is not None
        reporter.phone_digest = reporter.email_digest = None
    row = opened(small)
    add(small, row, affected.by_cases(row, report.code))
    assert do(row, tell_affected, by=small.actor("administrator"), now=NOW) == 1
    assert (write_to_affected(NOW), waiting_to_be_told(row), counts_of(row).unreachable) == (0, 0, 1)
    assert db.session.scalar(select(func.count()).where(OutboxMessage.template == "data_breach")) == 0
    assert breaches_told(Person(report=db.session.get_one(Report, report.id))) == [row]


def test_a_run_that_is_broken_off_goes_on_where_it_was_and_keeps_nobody_else_waiting(
    world: build.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = build.file_report(world).report, build.file_report(world, by="guest").report
    monkeypatch.setattr(telling_affected, "PART", 1)
    broken, sound, by = opened(world), opened(world), world.actor("administrator")
    for row, codes in ((broken, f"{first.code} {second.code}"), (sound, first.code)):
        add(world, row, affected.by_cases(row, codes))
        do(row, tell_affected, by=by, now=NOW)
    whole, refs, asked = telling_affected.tell_of_breach, (broken.ref, sound.ref), list[str]()

    def failing(recipient: str, template: str, **more: Any) -> None:
        if more["breach"] == refs[0]:
            asked.append(recipient)
            if len(asked) > 1:
                raise OSError("no room")
        whole(recipient, template, **more)

    monkeypatch.setattr(telling_affected, "tell_of_breach", failing)
    for _ in range(2):
        with pytest.raises(OSError, match="no room"):
            write_to_affected(NOW)
        assert (waiting_to_be_told(broken), waiting_to_be_told(sound)) == (1, 0), "what was written stays, the other breach is done"
    do(broken, breaches.close_breach, by=by, now=NOW, outcome="Đã thay máy, đã tập huấn.", without_notice=True)
    monkeypatch.setattr(telling_affected, "tell_of_breach", whole)
    assert write_to_affected(NOW) == 1, "what was decided is done, also once the breach is closed"
    written = select(OutboxMessage.recipient, func.count()).where(OutboxMessage.parameters["breach"].as_string() == refs[0])
    assert set(db.session.execute(written.group_by(OutboxMessage.recipient)).all()) == {
        (f"account:{world.people['citizen'].id}", 1), (f"reporter:{second.reporter_id}", 1)}  # fmt: skip


def test_who_is_found_after_the_decision_waits_for_another_one(small: build.World) -> None:
    first, second = build.file_report(small).report, build.file_report(small, by="citizen_2").report
    row, by = opened(small), small.actor("administrator")
    add(small, row, affected.by_cases(row, first.code))
    do(row, tell_affected, by=by, now=NOW)
    add(small, row, affected.by_cases(row, second.code))
    assert (write_to_affected(NOW), waiting_to_be_told(row), counts_of(row).untold) == (1, 0, 1)
    assert do(row, tell_affected, by=by, now=NOW) == 1
    assert write_to_affected(NOW) == 1


def test_notices_say_what_was_put_down_and_name_no_sender(small: build.World) -> None:
    report = build.file_report(small).report
    row = opened(small, noticed_at=local(4, 3, 8, 5))
    add(small, row, affected.by_cases(row, report.code))
    letters = {whom: notice_to(whom, row, counts_of(row), body="Trung tâm thử") for whom in (AUTHORITY, PEOPLE)}
    words = {whom: " ".join([letter.title, letter.to, letter.opening, *(f"{a}: {b}" for a, b in letter.parts), letter.closing])
             for whom, letter in letters.items()}  # fmt: skip
    for part in ("Bộ Công an", "91/2025/QH15", "356/2025/NĐ-CP", "08 giờ 05 phút ngày 04/03/2026", "1 người (1 phản ánh, 0 tài khoản)",
                 "các mã phản ánh, hồ sơ", *[getattr(KNOWN, name) for name in breaches.KNOWN_LABELS]):  # fmt: skip
        assert part in words[AUTHORITY], part
    assert "Chúng tôi xin lỗi Ông/Bà" in words[PEOPLE]
    assert not any(each in words[whom] for whom in words for each in (report.code, "Nguyễn Thị Thử", "0912"))


def test_nothing_of_an_identity_or_a_word_typed_is_in_events_rows_or_messages(small: build.World) -> None:
    report = build.file_report(small).report
    row, by = opened(small), small.actor("administrator")
    add(small, row, affected.by_cases(row, report.code))
    do(row, breaches.record_notice, PEOPLE, by=by, now=NOW, at=NOW, words="Dán tại trụ sở")
    do(row, tell_affected, by=by, now=NOW)
    write_to_affected(NOW)
    payloads = [event.payload for event in db.session.scalars(select(Event).where(Event.stream == f"breach:{row.ref}").order_by(Event.id))]
    messages = db.session.scalars(select(OutboxMessage.parameters).where(OutboxMessage.template == "data_breach"))
    written = orjson.dumps([*payloads, *messages])
    for word in (KNOWN.happened, "Dán tại", report.code, "Nguyễn", "912"):
        assert word not in written.decode(), word
    assert payloads[1] == {"way": "cases", "found": 1, "added": 1}


def test_whoever_is_affected_is_found_by_indexes(small: build.World) -> None:
    row = opened(small)

    def plan(query: Any) -> str:
        compiled = str(query.compile(db.engine, compile_kwargs={"literal_binds": True}))
        return str(db.session.execute(text("EXPLAIN QUERY PLAN " + compiled.replace(":", r"\:"))).all())

    found = affected.by_account(row, str(small.people["operator"].login), during())
    assert found.reports is not None
    assert "ix_event_stream_changed_at" in plan(found.reports)
    mine = select(BreachSubject.id).where(BreachSubject.breach_id == row.id)
    assert "ix_breach_subject_breach" in plan(mine.order_by(BreachSubject.id).limit(5))
    assert "ix_breach_subject_untold" in plan(telling_affected._untold(row))
    assert "SCAN case_report" not in plan(affected._shown(row)), "reports are asked one by one, not all there are"


def test_an_idle_house_reads_a_row_a_breach_and_writes_nothing(small: build.World) -> None:
    for row in (opened(small), opened(small)):
        add(small, row, affected.by_cases(row, build.file_report(small).report.code))
    statements: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda _c, _cursor, statement, *_: statements.append(statement))
    assert write_to_affected(NOW) == 0
    assert {each.split()[0] for each in statements} <= {"BEGIN", "SELECT"}
    assert "BEGIN IMMEDIATE" not in statements
    assert len(statements) <= 10
