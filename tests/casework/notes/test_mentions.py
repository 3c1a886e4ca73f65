"""Colleagues named in notes: only who may read the note, told once, and counted until they have seen it."""
from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.models import Case, Deputy, Membership, Note, OutboxMessage
from casework.notes.colleagues import MentionRefused, colleagues, readers
from casework.notes.mentions import (
    forget_unreadable,
    mark_seen,
    mention_in,
    mentions_of,
    unseen_count,
)
from casework.notes.notes import write_note
from tests import build
from tests.second_centre import second_world


def note(
    world: build.World, case: Case, words: str, *, by: str = "operator", audience: str = "centre", picked: tuple[str, ...] = ()
) -> Note:
    with unit_of_work():
        locked = lock_case(case.id)
        written = write_note(locked, by=world.actor(by), now=build.NOON, audience=audience, words=words)
        refs = [world.people[name].ref for name in picked]
        mention_in(written, locked, by=world.actor(by), now=build.NOON, picked=refs)
        return written


def unseen(world: build.World, *names: str) -> list[int]:
    return [unseen_count(world.actor(name)) for name in names]


def test_who_may_read_a_note_can_be_named_and_nobody_else(app: Flask) -> None:
    world = build.standard_world()
    case = build.case_at(world, "handling", agencies=2)
    names = {audience: {row.login for row in colleagues(case, audience, by=world.actor(by), now=build.NOON)}
             for audience, by in (("centre", "operator"), ("agencies", "operator"), ("agency", "officer_PTNMT"))}  # fmt: skip
    centre = {"operator", "operator_2", "ops_lead", "committee_leader"}
    parts = {key: {f"officer_{key}", f"officer_2_{key}", f"leader_{key}"} for key in ("ptnmt", "ubnd-lat")}
    assert names["centre"] == centre - {"operator"}
    assert names["agencies"] == (centre | parts["ptnmt"] | parts["ubnd-lat"]) - {"operator"}
    assert names["agency"] == (centre | parts["ptnmt"]) - {"officer_ptnmt"}
    found = colleagues(case, "agencies", by=world.actor("operator"), now=build.NOON, search="NGUOI THU leader")
    assert [row.login for row in found] == ["leader_ptnmt", "leader_ubnd-lat"], "accents and case do not matter"
    # whom the note is not for, of another agency or not there at all: refused alike, and nothing of the note is kept
    for words, audience, by in (("@officer_ptnmt", "centre", "operator"), ("@officer_ubnd-lat", "agency", "officer_PTNMT"),
                                ("@administrator", "agencies", "operator"), ("@nobody_at_all", "agencies", "operator"),
                                ("@officer_hkl", "agencies", "operator")):  # fmt: skip
        with pytest.raises(MentionRefused, match=words):
            note(world, case, f"Nhờ {words} xem.", by=by, audience=audience)
    with pytest.raises(MentionRefused, match="Somebody you picked"):
        note(world, case, "Nhờ xem.", picked=("officer_PTNMT",))
    assert db.session.query(Note).count() == 0
    picked = ("officer_PTNMT", "leader_PTNMT")
    written = note(world, case, "Nhờ @officer_ptnmt, @operator và @ops_lead xem.", audience="agencies", picked=picked)
    assert unseen(world, "officer_PTNMT", "leader_PTNMT", "ops_lead", "operator", "officer_UBND-LAT") == [1, 1, 1, 0, 0]
    told = db.session.scalars(select(OutboxMessage.recipient).where(OutboxMessage.template == "mentioned_in_note"))
    assert set(told) == {f"account:{world.people[name].id}" for name in ("officer_PTNMT", "leader_PTNMT", "ops_lead")}
    [mine] = mentions_of(world.actor("officer_PTNMT"))
    assert (mine.note.body, mine.case.id) == (written.body, case.id)
    with unit_of_work():
        mark_seen([written.id], by=world.actor("officer_PTNMT"), now=build.NOON)
    assert unseen(world, "officer_PTNMT", "leader_PTNMT") == [0, 1]


def test_a_note_that_may_not_be_read_any_more_is_neither_shown_nor_looked_for(sqlite_app: Flask) -> None:
    world = build.standard_world()
    case = build.case_at(world, "at_agency")
    note(world, case, "Nhờ @officer_ptnmt xem gấp.", audience="agencies")
    build.do(world, case, "accept_assignment", "officer_PTNMT", act="hand_back", reason="Không thuộc thẩm quyền.", suggested=None)
    build.do(world, case, "decide_hand_back", "operator", upheld=True, words="Đã rõ.")
    officer = world.actor("officer_PTNMT")
    assert (mentions_of(officer), unseen_count(officer)) == ([], 1)
    with unit_of_work():
        forget_unreadable(by=officer, now=build.NOON)
    assert unseen_count(officer) == 0
    hidden = build.case_at(world, "to_classify", by="citizen_2")
    note(world, hidden, "Nhờ @operator_2 đọc.")
    build.act(world, hidden, "quarantine", "operator", reason="Tố cáo cán bộ.")
    assert mentions_of(world.actor("operator_2")) == []


def test_a_note_keeps_the_names_of_those_it_names_by_user_name_full_name_or_agency(sqlite_app: Flask) -> None:
    world = build.standard_world()
    case = build.case_at(world, "handling", agencies=2)
    with unit_of_work():
        for name, full_name in (("officer_PTNMT", "Lê Văn Mẫu"), ("leader_PTNMT", "Lê Văn Mẫu Anh"), ("ops_lead", "Trần Thị Mẫu")):
            world.people[name].full_name = full_name
        db.session.scalars(select(Membership).where(Membership.account_id == world.people["officer_2_PTNMT"].id)).one().is_focal = True
    agency = world.agencies["PTNMT"].short_name_vi
    written = note(world, case, f"(@ops_lead) và @lê văn mẫu anh, nhờ @{agency}; thư x@example.org, giá @ 5.", audience="agencies")
    assert written.body == f"(@Trần Thị Mẫu) và @Lê Văn Mẫu Anh, nhờ @{agency}; thư x@example.org, giá @ 5."
    assert unseen(world, "ops_lead", "leader_PTNMT", "officer_2_PTNMT", "officer_PTNMT") == [1, 1, 1, 0], "the longest name; who is focal"
    with unit_of_work():
        world.people["leader_PTNMT"].full_name = "Lê Văn Mẫu"
    with pytest.raises(MentionRefused, match=r"2 people are called Lê Văn Mẫu.*@leader_ptnmt"):
        note(world, case, "Nhờ @Lê Văn Mẫu xem.", audience="agencies")


def test_suggested_are_deputies_and_never_ended_accounts_other_centres_or_readers_of_a_case_set_apart(sqlite_app: Flask) -> None:
    world = build.standard_world()
    case = build.case_at(world, "handling")

    def suggested(audience: str = "agencies") -> set[str]:
        return {row.login for row in readers(case, audience, by=world.actor("operator"), now=build.NOON)}

    assert "officer_hkl" not in suggested()
    with unit_of_work():
        db.session.add(Deputy(principal_id=world.people["leader_PTNMT"].id, deputy_id=world.people["officer_HKL"].id,
                              starts_at=build.NOON, ends_at=build.NOON + timedelta(days=1), created_by_id=world.people["ops_lead"].id))
        world.people["operator_2"].disabled_at = build.NOON
    other = {account.login for account in second_world(world).people.values()}
    assert "officer_hkl" in suggested(), "a deputy reads what the principal reads"
    assert "officer_hkl" not in suggested("centre")
    assert not {"operator_2", *other} & suggested()
    build.act(world, case, "quarantine", "ops_lead", reason="Tố cáo cán bộ có tên.")
    assert suggested() == set()
