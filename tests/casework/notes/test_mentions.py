"""Colleagues named in notes: only who may read the note, told once, and counted until they have seen it."""
from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.models import Case, Note, OutboxMessage
from casework.notes.mentions import (
    MentionRefused,
    colleagues,
    forget_unreadable,
    logins_in,
    mark_seen,
    mention_in,
    mentions_of,
    unseen_count,
)
from casework.notes.notes import write_note
from tests import build


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


def test_user_names_are_read_out_of_a_text() -> None:
    assert logins_in("@ha.nt, nhờ (@Binh) và @ha.nt xem; thư gửi x@example.org, giá @ 5.") == ["ha.nt", "binh"]


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
