"""The life of a version: drawn, saved without losing anything, handed in, approved by a second person, live, rolled back."""
from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select

from casework.db import db, unit_of_work
from casework.models import Account, Deputy, Event, Membership
from casework.permissions import Actor, NotAllowed, Role, actor_for
from casework.second_person import SecondPersonNeeded
from casework.verification.chains import check_chains
from tests import build
from tests.casework.intake.test_filing_at_once import at_once
from tests.second_centre import second_world
from workflows.definitions.parsed import text_of
from workflows.definitions.process import digest_of, shipped_model, shipped_table
from workflows.definitions.reading import MAX_BYTES
from workflows.drafting import version_lists
from workflows.drafting.approvals import approve_version, put_live, roll_back, send_back
from workflows.drafting.drafts import (
    MOST_DRAFTS,
    PartsLost,
    TextUnreadable,
    VersionMoved,
    VersionRefused,
    discard_draft,
    hand_in,
    is_discarded,
    save_draft,
    start_draft,
    take_back,
)
from workflows.drafting.version_lists import open_cases_of, versions_seen, versions_to_approve
from workflows.models import ProcessInstance, ProcessVersion
from workflows.versions.events import history_of
from workflows.versions.live import (
    FIELD_REPORT,
    ROUTING,
    SHIPPED,
    ModelNotClean,
    install_shipped_model,
    live_version,
    publish_version,
    version_for,
)

pytestmark = pytest.mark.on_both

NOON = build.NOON
CHANGED = shipped_model().replace("Phân loại".encode(), "Phân loại hồ sơ".encode())
CHANGED_AGAIN = shipped_model().replace("Phân loại".encode(), "Xếp loại".encode())
UNCLEAN = shipped_model().replace(b">has_rater<", b">nobody_knows_this<")
NOTE = "Đổi tên một bước cho dễ hiểu."


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    return world_with_people()


def world_with_people() -> build.World:
    """The standard world, with people of the installation beside those of the centre: two administrators, two approvers."""
    world = build.standard_world()
    with unit_of_work():
        for name, role in (("admin", Role.ADMINISTRATOR), ("admin_2", Role.ADMINISTRATOR), ("approver", Role.PROCESS_APPROVER),
                           ("approver_2", Role.PROCESS_APPROVER)):
            build.staff(world, name, role).memberships[0].centre_id = None
    return world


def draft_of(world: build.World, xml: bytes = CHANGED, *, by: str = "admin", centre_id: int | None = None) -> ProcessVersion:
    with unit_of_work():
        return start_draft(by=world.actor(by), now=NOON, xml=xml, centre_id=centre_id)


def handed_in(world: build.World, xml: bytes = CHANGED, *, by: str = "admin") -> ProcessVersion:
    draft = draft_of(world, xml, by=by)
    with unit_of_work():
        hand_in(draft, by=world.actor(by), now=NOON, note=NOTE)
    return draft


def approved(world: build.World, xml: bytes = CHANGED) -> ProcessVersion:
    version = handed_in(world, xml)
    with unit_of_work():
        approve_version(version, by=world.actor("approver"), now=NOON)
    return version


def save(world: build.World, draft: ProcessVersion, xml: bytes, *, by: str = "admin", revision: int = 1, **more: Any):
    with unit_of_work():
        return save_draft(draft, by=world.actor(by), now=NOON, xml=xml, revision=revision, **more)


def acts_of(version: ProcessVersion) -> list[str]:
    return [event.act for event in reversed(history_of(version))]


# -- from draft to live --------------------------------------------------------------------------------------------------


@pytest.mark.exhaustive
def test_a_draft_becomes_live_by_two_people_and_open_cases_stay_on_theirs(world: build.World) -> None:
    old = build.file_report(world).case
    version = approved(world)
    with unit_of_work():
        put_live(version, by=world.actor("admin_2"), now=NOON)
    new = build.file_report(world).case
    numbers = {row.case_id: row.process_version.number for row in db.session.scalars(select(ProcessInstance))}
    assert numbers == {old.id: 1, new.id: 2}
    assert [(row.number, row.state) for row in db.session.scalars(select(ProcessVersion).where(ProcessVersion.key == FIELD_REPORT))] == [
        (1, "retired"), (2, "live"),
    ]  # fmt: skip
    assert (version.author, version.approver, version.note) == (world.people["admin"], world.people["approver"], NOTE)
    assert acts_of(version) == ["start_draft", "hand_in", "approve_version", "put_live"]
    told = history_of(version)[0]
    assert (told.by, told.facts["was"], told.facts["replaces"]) == ("Người Thử admin_2", "approved", 1)
    assert history_of(version)[2].words == NOTE
    assert list(check_chains()) == []


def test_a_draft_begins_with_the_text_that_is_live_or_of_the_version_named(world: build.World) -> None:
    with unit_of_work():
        first = start_draft(by=world.actor("admin"), now=NOON)
    assert text_of(first) == shipped_model()
    assert (first.number, first.state, first.revision, first.base_id) == (2, "draft", 1, live_version(None).id)
    second = draft_of(world)
    with unit_of_work():
        third = start_draft(by=world.actor("admin"), now=NOON, base=second)
    assert text_of(third) == CHANGED
    with unit_of_work():
        table = start_draft(by=world.actor("admin"), now=NOON, key=ROUTING)
    assert (text_of(table), table.number) == (shipped_table(), 2)
    with pytest.raises(VersionRefused), unit_of_work():
        start_draft(by=world.actor("admin"), now=NOON, key=ROUTING, base=second)
    with pytest.raises(VersionRefused), unit_of_work():
        start_draft(by=world.actor("admin"), now=NOON, key="other")


def test_there_is_an_end_to_drafts(world: build.World) -> None:
    with unit_of_work():
        for number in range(MOST_DRAFTS):
            start_draft(by=world.actor("admin"), now=NOON, xml=b"<a>%d</a>" % number)
    with pytest.raises(VersionRefused, match=str(MOST_DRAFTS)):
        draft_of(world)


def test_what_is_not_clean_is_saved_and_not_handed_in(world: build.World) -> None:
    draft = draft_of(world, UNCLEAN)
    with pytest.raises(ModelNotClean) as refusal, unit_of_work():
        hand_in(draft, by=world.actor("admin"), now=NOON, note=NOTE)
    assert refusal.value.checked.errors
    assert "nobody_knows_this" in " ".join(each.what.vi + each.what.en for each in refusal.value.checked.errors)
    assert (draft.state, acts_of(draft)) == ("draft", ["start_draft"])


def test_handing_in_needs_a_note_and_the_text_that_was_looked_at(world: build.World) -> None:
    draft = draft_of(world)
    with pytest.raises(VersionRefused, match="what was changed"), unit_of_work():
        hand_in(draft, by=world.actor("admin"), now=NOON, note="  ")
    save(world, draft, CHANGED_AGAIN, by="admin_2")
    with pytest.raises(VersionRefused, match="saved again"), unit_of_work():
        hand_in(draft, by=world.actor("admin"), now=NOON, note=NOTE, revision=1)
    with pytest.raises(VersionRefused, match="2000"), unit_of_work():
        hand_in(draft, by=world.actor("admin"), now=NOON, note="x" * 2001)
    assert draft.state == "draft"


def test_nobody_approves_what_they_wrote_saved_or_handed_in(world: build.World) -> None:
    with unit_of_work():
        for name in ("admin", "admin_2"):
            world.people[name].memberships.append(Membership(role=Role.PROCESS_APPROVER, valid_from=build.LONG_AGO))
            world.people["approver_2"].memberships.append(Membership(role=Role.ADMINISTRATOR, valid_from=build.LONG_AGO))
    draft = draft_of(world)
    save(world, draft, CHANGED_AGAIN, by="admin_2")
    with unit_of_work():
        hand_in(draft, by=world.actor("approver_2"), now=NOON, note=NOTE)
    for name in ("admin", "admin_2", "approver_2"):
        with pytest.raises(SecondPersonNeeded, match="another process approver"), unit_of_work():
            approve_version(draft, by=world.actor(name), now=NOON)
    with unit_of_work():
        approve_version(draft, by=world.actor("approver"), now=NOON)
    assert draft.state == "approved"


def test_what_somebody_wrote_takes_no_place_in_the_list_of_what_they_may_approve(
    world: build.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(version_lists, "MOST_VERSIONS", 1)
    administrator_who_approves(world)
    own, other = handed_in(world), handed_in(world, CHANGED_AGAIN, by="admin_2")
    assert versions_to_approve(world.actor("admin"), now=build.NOON) == [other]
    assert versions_to_approve(world.actor("approver"), now=build.NOON) == [own]


def test_a_draft_drawn_from_an_unapproved_one_counts_its_writers_too(world: build.World) -> None:
    with unit_of_work():
        world.people["admin"].memberships.append(Membership(role=Role.PROCESS_APPROVER, valid_from=build.LONG_AGO))
    first = draft_of(world)
    with unit_of_work():
        second = start_draft(by=world.actor("admin_2"), now=NOON, base=first)
        hand_in(second, by=world.actor("admin_2"), now=NOON, note=NOTE)
    with pytest.raises(SecondPersonNeeded, match="another process approver"), unit_of_work():
        approve_version(second, by=world.actor("admin"), now=NOON)


def administrator_who_approves(world: build.World, name: str = "admin") -> None:
    with unit_of_work():
        world.people[name].memberships.append(Membership(role=Role.PROCESS_APPROVER, valid_from=build.LONG_AGO))


def test_who_wrote_what_was_copied_does_not_approve_it_whatever_becomes_of_the_draft_it_was_copied_from(world: build.World) -> None:
    administrator_who_approves(world)
    first = draft_of(world)
    with unit_of_work():
        second = start_draft(by=world.actor("admin_2"), now=NOON, base=first)
        third = start_draft(by=world.actor("admin_2"), now=NOON, base=second)
    save(world, first, CHANGED_AGAIN)
    with unit_of_work():
        hand_in(first, by=world.actor("admin"), now=NOON, note=NOTE)
        approve_version(first, by=world.actor("approver"), now=NOON)
    for copy in (second, third):
        with unit_of_work():
            hand_in(copy, by=world.actor("admin_2"), now=NOON, note=NOTE)
        with pytest.raises(SecondPersonNeeded, match="another process approver"), unit_of_work():
            approve_version(copy, by=world.actor("admin"), now=NOON)
    payload = db.session.scalars(select(Event.payload).where(Event.type == "start_draft").order_by(Event.seq.desc())).first()
    assert payload["writers"] == sorted(world.people[name].id for name in ("admin", "admin_2"))


def test_who_wrote_what_was_approved_may_approve_what_another_made_of_it(world: build.World) -> None:
    administrator_who_approves(world)
    first = approved(world)
    with unit_of_work():
        second = start_draft(by=world.actor("admin_2"), now=NOON, base=first)
    save(world, second, CHANGED_AGAIN, by="admin_2")
    with unit_of_work():
        take_back(first, by=world.actor("admin"), now=NOON)
        hand_in(second, by=world.actor("admin_2"), now=NOON, note=NOTE)
        approve_version(second, by=world.actor("admin"), now=NOON)
    assert second.state == "approved"


def test_what_came_too_late_counts_who_wrote_the_draft_it_was_drawn_from(world: build.World) -> None:
    administrator_who_approves(world)
    first = draft_of(world)
    save(world, first, CHANGED_AGAIN)
    with unit_of_work():
        hand_in(first, by=world.actor("admin"), now=NOON, note=NOTE)
        approve_version(first, by=world.actor("approver"), now=NOON)
    beside = save(world, first, CHANGED + b" ", by="admin_2").version
    with unit_of_work():
        hand_in(beside, by=world.actor("admin_2"), now=NOON, note=NOTE)
    with pytest.raises(SecondPersonNeeded, match="another process approver"), unit_of_work():
        approve_version(beside, by=world.actor("admin"), now=NOON)


def deputy(world: build.World, name: str, principal: str) -> Actor:
    """Somebody without a role of their own who acts for another."""
    with unit_of_work():
        account = Account(kind="staff", login=name, full_name=name, created_at=NOON)
        db.session.add(account)
        db.session.flush()
        db.session.add(Deputy(principal_id=world.people[principal].id, deputy_id=account.id, starts_at=NOON - timedelta(days=1),
                              ends_at=NOON + timedelta(days=1), created_by_id=world.people[principal].id))
    return actor_for(account, now=NOON)


def test_a_deputy_approves_for_an_approver_and_for_no_writer(world: build.World) -> None:
    with unit_of_work():
        world.people["admin"].memberships.append(Membership(role=Role.PROCESS_APPROVER, valid_from=build.LONG_AGO))
    version, of_writer, of_other = handed_in(world), deputy(world, "stand_in", "admin"), deputy(world, "other_stand_in", "approver")
    with pytest.raises(NotAllowed), unit_of_work():
        approve_version(version, by=of_writer, now=NOON)
    with unit_of_work():
        approve_version(version, by=of_other, now=NOON)
    told = history_of(version)[0]
    assert (told.act, told.by, told.on_behalf_of) == ("approve_version", "other_stand_in", "Người Thử approver")


def test_what_is_handed_in_can_be_taken_back_or_sent_back_with_words(world: build.World) -> None:
    version = handed_in(world)
    with pytest.raises(VersionMoved), unit_of_work():
        hand_in(version, by=world.actor("admin"), now=NOON, note=NOTE)
    with unit_of_work():
        take_back(version, by=world.actor("admin_2"), now=NOON)
    assert (version.state, version.checked_at) == ("draft", None)
    with unit_of_work():
        hand_in(version, by=world.actor("admin"), now=NOON, note=NOTE)
        approve_version(version, by=world.actor("approver"), now=NOON)
    with pytest.raises(VersionRefused, match="what is to be changed"), unit_of_work():
        send_back(version, by=world.actor("approver"), now=NOON, words=" ")
    with unit_of_work():
        send_back(version, by=world.actor("approver_2"), now=NOON, words="Tên bước còn dài.")
    assert (version.state, version.approver_id, version.approved_at) == ("draft", None, None)
    assert history_of(version)[0].words == "Tên bước còn dài."
    with pytest.raises(VersionMoved), unit_of_work():
        put_live(version, by=world.actor("admin"), now=NOON)


def test_going_back_to_a_version_that_was_live_needs_a_reason(world: build.World) -> None:
    version = approved(world)
    with unit_of_work():
        put_live(version, by=world.actor("admin"), now=NOON)
    first = db.session.scalars(select(ProcessVersion).where(ProcessVersion.number == 1, ProcessVersion.key == FIELD_REPORT)).one()
    with pytest.raises(VersionRefused, match="reason"), unit_of_work():
        roll_back(first, by=world.actor("approver"), now=NOON, words="")
    with unit_of_work():
        roll_back(first, by=world.actor("approver"), now=NOON, words="Bản mới gây nhầm.")
    assert (first.state, first.retired_at, version.state) == ("live", None, "retired")
    assert live_version(world.centre.id).id == first.id
    assert history_of(first)[0].facts["replaces"] == 2
    discarded = draft_of(world, CHANGED_AGAIN)
    with unit_of_work():
        discard_draft(discarded, by=world.actor("admin"), now=NOON)
    with pytest.raises(VersionRefused, match="never been live"), unit_of_work():
        roll_back(discarded, by=world.actor("approver"), now=NOON, words="x")


def test_what_no_longer_passes_the_check_does_not_go_live_again(world: build.World) -> None:
    with unit_of_work():
        bad = draft_of_state(UNCLEAN, "approved")
        before = draft_of_state(UNCLEAN + b" ", "retired", number=51, live_at=NOON)
    with pytest.raises(ModelNotClean), unit_of_work():
        put_live(bad, by=world.actor("admin"), now=NOON)
    with pytest.raises(ModelNotClean), unit_of_work():
        roll_back(before, by=world.actor("admin"), now=NOON, words="Quay lại.")
    assert live_version(None).number == 1


def draft_of_state(xml: bytes, state: str, *, number: int = 50, **columns: object) -> ProcessVersion:
    """A version the check let through once: the rules have changed since."""
    row = ProcessVersion(key=FIELD_REPORT, number=number, state=state, xml=xml, sha256=digest_of(xml), created_at=NOON, **columns)
    db.session.add(row)
    db.session.flush()
    return row


def test_a_discarded_draft_keeps_its_number_and_text(world: build.World) -> None:
    draft = draft_of(world)
    with unit_of_work():
        discard_draft(draft, by=world.actor("admin"), now=NOON)
    assert is_discarded(draft)
    assert text_of(draft) == CHANGED
    assert draft_of(world).number == draft.number + 1
    with pytest.raises(VersionMoved, match="discarded"), unit_of_work():
        hand_in(draft, by=world.actor("admin"), now=NOON, note=NOTE)


# -- whose versions ------------------------------------------------------------------------------------------------------


def test_a_role_of_a_centre_works_on_that_centres_versions_alone(world: build.World) -> None:
    centre_id = world.centre.id
    with unit_of_work():
        other = build.centre("DN", is_default=False)
    with pytest.raises(NotAllowed):
        draft_of(world, by="administrator")
    with pytest.raises(NotAllowed):
        draft_of(world, by="administrator", centre_id=other.id)
    own = draft_of(world, by="administrator", centre_id=centre_id)
    with unit_of_work():
        hand_in(own, by=world.actor("administrator"), now=NOON, note=NOTE)
        approve_version(own, by=world.actor("process_approver"), now=NOON)
        put_live(own, by=world.actor("process_approver"), now=NOON)
    assert (live_version(centre_id).id, live_version(other.id).centre_id, own.number) == (own.id, None, 1)
    foreign = draft_of(world, by="admin", centre_id=other.id)
    of_all = handed_in(world, CHANGED_AGAIN)
    reader = world.actor("administrator")
    assert version_for(reader, own.ref) is own
    assert version_for(reader, of_all.ref) is of_all
    assert version_for(reader, foreign.ref) is None
    assert version_for(world.actor("inspector"), own.ref) is own
    assert version_for(world.actor("operator"), own.ref) is None
    with pytest.raises(NotAllowed), unit_of_work():
        approve_version(of_all, by=world.actor("process_approver"), now=NOON)
    with pytest.raises(NotAllowed), unit_of_work():
        take_back(of_all, by=world.actor("administrator"), now=NOON)


@pytest.mark.parametrize("name", ["operator", "process_approver", "inspector", "officer_PTNMT"])
def test_only_administrators_write(world: build.World, name: str) -> None:
    draft = draft_of(world, centre_id=world.centre.id)
    for write in (
        lambda: start_draft(by=world.actor(name), now=NOON, centre_id=world.centre.id),
        lambda: save_draft(draft, by=world.actor(name), now=NOON, xml=CHANGED_AGAIN, revision=1),
        lambda: hand_in(draft, by=world.actor(name), now=NOON, note=NOTE),
        lambda: discard_draft(draft, by=world.actor(name), now=NOON),
    ):
        with pytest.raises(NotAllowed), unit_of_work():
            write()
    assert text_of(draft) == CHANGED


def test_lists_name_each_scope_its_versions_and_the_open_cases_on_them(world: build.World) -> None:
    build.file_report(world)
    closed = build.case_at(world, "closed")
    own = draft_of(world, by="administrator", centre_id=world.centre.id)
    scopes = {(scope.key, scope.centre): scope for scope in versions_seen(world.actor("administrator"))}
    assert set(scopes) == {(key, centre) for key in (FIELD_REPORT, ROUTING) for centre in (None, world.centre)}
    of_all = scopes[FIELD_REPORT, None]
    assert [(each.version.number, each.open_cases) for each in of_all.versions] == [(1, 1)]
    assert not of_all.may_edit
    assert scopes[FIELD_REPORT, world.centre].may_edit
    assert [each.version for each in scopes[FIELD_REPORT, world.centre].versions] == [own]
    assert [each.open_cases for each in scopes[ROUTING, None].versions] == [None]
    assert closed.closed_at is not None
    assert {scope.centre for scope in versions_seen(world.actor("approver"))} == {None, world.centre}
    assert versions_seen(world.actor("operator")) == []


def test_a_role_of_a_centre_counts_its_own_cases_alone(world: build.World) -> None:
    other = second_world(world)
    build.file_report(world)
    for _ in range(2):
        build.case_at(other, "handling")
    for by, number in ((world.actor("administrator"), 1), (other.actor("administrator"), 2), (world.actor("admin"), 3)):
        [of_all] = [scope for scope in versions_seen(by, key=FIELD_REPORT) if scope.centre is None]
        assert [each.open_cases for each in of_all.versions] == [number]


@pytest.mark.parametrize("name", ["administrator", "admin"])
def test_open_cases_are_counted_by_the_index_of_open_ones(world: build.World, name: str) -> None:
    build.file_report(world)
    sent: list[tuple[str, object]] = []
    by, version = world.actor(name), live_version(None)
    event.listen(db.engine, "before_cursor_execute", lambda _c, _k, statement, given, *_: sent.append((statement, given)))
    assert open_cases_of([version], by=by) == {version.id: 1}
    [(statement, given)] = [each for each in sent if "process_instance" in each[0]]
    raw = db.session.connection().connection.cursor()
    plan = "\n".join(str(row) for row in raw.execute("EXPLAIN QUERY PLAN " + statement, given).fetchall())
    assert "ix_process_instance_status (status=? AND version_id=?)" in plan
    assert not re.search(r"SCAN (process_instance|case)\b", plan), plan


def test_the_live_version_is_listed_however_many_came_after_it(world: build.World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(version_lists, "MOST_VERSIONS", 2)
    for number in range(3):
        draft_of(world, CHANGED + b" " * number)
    [of_all] = [scope for scope in versions_seen(world.actor("admin"), key=FIELD_REPORT) if scope.centre is None]
    assert [each.version.number for each in of_all.versions] == [4, 3, 1]
    assert (of_all.live, of_all.has_more) == (live_version(None), True)


# -- saving --------------------------------------------------------------------------------------------------------------


def test_saving_counts_and_each_person_is_written_down_once(world: build.World) -> None:
    draft = draft_of(world)
    first = save(world, draft, CHANGED_AGAIN)
    assert (first.version, first.conflict, first.version.revision) == (draft, False, 2)
    assert save(world, draft, CHANGED, revision=2).version.revision == 3
    assert save(world, draft, CHANGED_AGAIN, by="admin_2", revision=3).version.revision == 4
    assert acts_of(draft) == ["start_draft", "edit_draft", "edit_draft"]
    assert save(world, draft, CHANGED_AGAIN, revision=1).conflict is False, "the same text again is nothing new"
    assert (draft.revision, draft.saved_by) == (4, world.people["admin_2"])


def test_an_editor_that_never_got_the_answer_to_a_save_goes_on_from_it(world: build.World) -> None:
    draft = draft_of(world)
    save(world, draft, CHANGED_AGAIN, page="one")
    after = save(world, draft, CHANGED + b" ", revision=1, page="one")
    assert (after.conflict, after.version, draft.revision, text_of(draft)) == (False, draft, 3, CHANGED + b" ")
    assert save(world, draft, CHANGED, revision=1, page="one").conflict, "two saves behind is no lost answer"
    assert save(world, draft, shipped_model(), revision=2, page="two").conflict, "another tab of the same person is none either"
    assert save(world, draft, shipped_model() + b" ", revision=2).conflict, "nor is what comes from no editor"
    assert text_of(draft) == CHANGED + b" "
    with unit_of_work():
        hand_in(draft, by=world.actor("admin"), now=NOON, note=NOTE)
    assert save(world, draft, CHANGED_AGAIN, revision=2, page="one").conflict, "what is handed in stays as it is"


def test_a_text_that_comes_too_late_is_kept_beside(world: build.World) -> None:
    draft = draft_of(world)
    save(world, draft, CHANGED_AGAIN, by="admin_2")
    saved = save(world, draft, shipped_model())
    assert (saved.conflict, saved.current) == (True, draft)
    assert (text_of(draft), text_of(saved.version)) == (CHANGED_AGAIN, shipped_model())
    assert (saved.version.state, saved.version.author, saved.version.base_id) == ("draft", world.people["admin"], draft.id)
    assert save(world, draft, shipped_model()).version == saved.version, "sent twice, kept once"


@pytest.mark.parametrize("state", ["checked", "live"])
def test_what_is_no_draft_any_more_keeps_its_text(world: build.World, state: str) -> None:
    version = handed_in(world) if state == "checked" else live_version(None)
    text = text_of(version)
    saved = save(world, version, CHANGED_AGAIN)
    assert saved.conflict
    assert (text_of(version), text_of(saved.version)) == (text, CHANGED_AGAIN)


@pytest.mark.parametrize("xml", [b"", b"not xml", b"<a>", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", b"<a>" + b" " * MAX_BYTES + b"</a>"])
def test_what_cannot_be_read_is_not_kept(world: build.World, xml: bytes) -> None:
    draft = draft_of(world)
    with pytest.raises(TextUnreadable):
        save(world, draft, xml)
    with pytest.raises(TextUnreadable):
        draft_of(world, xml)
    assert (text_of(draft), draft.revision) == (CHANGED, 1)


FOREIGN = CHANGED.replace(b"<bpmn:definitions ", b'<bpmn:definitions xmlns:x="urn:other" x:tool="7" ', 1).replace(
    b'<bpmn:userTask id="classify"', b'<bpmn:userTask id="classify" x:colour="red"', 1
)
PROPERTY = b'<spiffworkflow:property name="clock" value="case" />'


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize(("before", "after", "touched", "lost"), [
    (CHANGED, CHANGED.replace(PROPERTY, b"", 1), (), ("classify",)),
    (CHANGED, CHANGED.replace(PROPERTY, b"", 1), ("publish",), ("classify",)),
    (CHANGED, CHANGED.replace(PROPERTY, b"", 1), ("classify",), ()),
    (CHANGED, CHANGED.replace(b"/>", b"  />").replace(b"\n", b"\n\n"), (), ()),
    (FOREIGN, FOREIGN.replace(b' x:colour="red"', b""), ("classify",), ("classify",)),
    (FOREIGN, FOREIGN.replace(b' x:tool="7"', b""), (), ("field_report",)),
    (FOREIGN, FOREIGN, (), ()),
])  # fmt: skip
def test_a_browser_cannot_lose_what_it_does_not_know(
    world: build.World, before: bytes, after: bytes, touched: tuple[str, ...], lost: tuple[str, ...]
) -> None:
    draft = draft_of(world, before)
    if not lost:
        assert save(world, draft, after, touched=touched).conflict is False
        assert text_of(draft) == after
        return
    with pytest.raises(PartsLost) as refusal:
        save(world, draft, after, touched=touched)
    assert refusal.value.elements == lost
    assert lost[0] in refusal.value.vi
    assert lost[0] in refusal.value.en
    assert (text_of(draft), draft.revision) == (before, 1)


# -- two at once ---------------------------------------------------------------------------------------------------------


def won_and_told(got: list[str]) -> bool:
    return sorted(set(got)) == ["done", "told"] and got.count("done") == 1


def test_of_several_approvals_at_once_one_counts(app: Flask) -> None:
    world = world_with_people()
    version_id = handed_in(world).id
    db.session.rollback()
    assert won_and_told(at_once(app, lambda number: tried(world, version_id, ("approver", "approver_2")[number % 2], approve_version)))
    db.session.rollback()
    version = db.session.get_one(ProcessVersion, version_id)
    assert acts_of(version) == ["start_draft", "hand_in", "approve_version"]


@pytest.mark.exhaustive(but=2)
def test_of_several_versions_put_live_at_once_each_replaces_the_one_before(app: Flask) -> None:
    world = world_with_people()
    ids = [approved(world, xml).id for xml in (CHANGED, CHANGED_AGAIN)]
    db.session.rollback()
    got = at_once(app, lambda number: tried(world, ids[number % 2], "admin", put_live))
    db.session.rollback()
    assert got.count("done") == 2
    versions = db.session.scalars(select(ProcessVersion).where(ProcessVersion.key == FIELD_REPORT).order_by(ProcessVersion.number)).all()
    assert sorted(row.state for row in versions) == ["live", "retired", "retired"]
    events = db.session.scalars(select(Event).where(Event.type == "put_live").order_by(Event.seq))
    replaced = [event.payload["replaces"] for event in events]
    assert replaced[0] == 1
    assert replaced[1] in (2, 3)
    assert list(check_chains()) == []


PEOPLE = [f"drawer_{number}" for number in range(6)]


@pytest.mark.exhaustive(but=2)
def test_of_several_savings_at_once_none_is_lost(app: Flask) -> None:
    world = world_with_people()
    with unit_of_work():
        for name in PEOPLE:
            build.staff(world, name, Role.ADMINISTRATOR).memberships[0].centre_id = None
    draft_id = draft_of(world).id
    db.session.rollback()
    texts = [shipped_model().replace("Phân loại".encode(), f"Phân loại {number}".encode()) for number in range(6)]

    def save_text(number: int) -> str:
        with unit_of_work():
            draft = db.session.get_one(ProcessVersion, draft_id)
            saved = save_draft(draft, by=actor(world, PEOPLE[number]), now=NOON, xml=texts[number], revision=1)
            return "beside" if saved.conflict else "done"

    assert sorted(at_once(app, save_text)) == ["beside"] * 5 + ["done"]
    db.session.rollback()
    kept = {text_of(row) for row in db.session.scalars(select(ProcessVersion).where(ProcessVersion.state == "draft"))}
    assert kept == set(texts)
    numbers = list(db.session.scalars(select(ProcessVersion.number).where(ProcessVersion.key == FIELD_REPORT)))
    assert len(numbers) == len(set(numbers))


def actor(world: build.World, name: str) -> Actor:
    """The person as this thread reads them."""
    return actor_for(db.session.scalars(select(Account).where(Account.login == name)).one(), now=NOON)


def tried(world: build.World, version_id: int, name: str, do) -> str:
    try:
        with unit_of_work():
            do(db.session.get_one(ProcessVersion, version_id), by=actor(world, name), now=NOON)
    except VersionMoved:
        return "told"
    return "done"


# -- what comes with the software ----------------------------------------------------------------------------------------


def test_what_people_have_made_is_not_replaced_by_the_next_release(world: build.World, monkeypatch: pytest.MonkeyPatch) -> None:
    own = approved(world)
    with unit_of_work():
        put_live(own, by=world.actor("admin"), now=NOON)
    release(monkeypatch, CHANGED_AGAIN)
    for _ in range(2):
        with unit_of_work():
            assert install_shipped_model(now=NOON) is own
    drafts = db.session.scalars(select(ProcessVersion).where(ProcessVersion.state == "draft")).all()
    assert [(row.key, row.author_id, text_of(row), row.base_id) for row in drafts] == [(FIELD_REPORT, None, CHANGED_AGAIN, own.id)]
    assert drafts[0].note.startswith("Bản đi kèm phần mềm")
    with unit_of_work():
        hand_in(drafts[0], by=world.actor("admin"), now=NOON, note=NOTE)
        approve_version(drafts[0], by=world.actor("approver"), now=NOON)


def test_what_came_with_the_software_is_replaced_by_the_next_release_once(world: build.World, monkeypatch: pytest.MonkeyPatch) -> None:
    release(monkeypatch, CHANGED_AGAIN)
    with unit_of_work():
        second = install_shipped_model(now=NOON)
    assert (second.number, second.state, second.author_id, text_of(second)) == (2, "live", None, CHANGED_AGAIN)
    first = db.session.scalars(select(ProcessVersion).where(ProcessVersion.number == 1, ProcessVersion.key == FIELD_REPORT)).one()
    with unit_of_work():
        roll_back(first, by=world.actor("admin"), now=NOON, words="Chưa tập huấn.")
    with unit_of_work():
        assert install_shipped_model(now=NOON) is first, "who went back stays there"


def test_an_installation_without_the_table_gets_it(world: build.World) -> None:
    with unit_of_work():
        db.session.delete(db.session.scalars(select(ProcessVersion).where(ProcessVersion.key == ROUTING)).one())
    with unit_of_work():
        install_shipped_model(now=NOON)
    table = live_version(world.centre.id, key=ROUTING)
    assert (table.number, text_of(table)) == (1, shipped_table())


def test_software_publishes_nothing_that_is_not_clean(world: build.World) -> None:
    with pytest.raises(ModelNotClean), unit_of_work():
        publish_version(UNCLEAN, now=NOON)
    assert live_version(None).number == 1


def release(monkeypatch: pytest.MonkeyPatch, xml: bytes) -> None:
    """Another release of the program, with another model."""
    monkeypatch.setitem(SHIPPED, FIELD_REPORT, lambda: xml)
