"""Texts of step forms that were not sent yet: whose they are, how two windows do each other no harm, how long they live."""
from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from casework.db import db, unit_of_work
from casework.files.local import LocalFileStore
from casework.models import Case, Draft, DraftPhotos, Photo
from casework.permissions import NotAllowed
from casework.steps.drafts import (
    KEPT,
    MOST_BYTES,
    MOST_OF_FORM,
    DraftPlace,
    DraftRefused,
    SavedDraft,
    discard_draft,
    draft_name,
    drafts_of,
    forget_old_drafts,
    keep_draft,
    opened_fields,
)
from casework.upkeep.unsent_files import UNSENT_KEPT, forget_unsent
from tests import build
from tests import merged as joined
from tests import with_photos as pictured
from workflows.models import ProcessVersion, WaitingTask
from workflows.running import steps
from workflows.running.steps import TaskAlreadyDone, TaskUnknown

WORDS = "Đã dọn bờ suối phía cầu."


def place(case: Case, element: str = "submit_answer") -> DraftPlace:
    return steps.draft_place(build.waiting(case, element))


def keep(world: build.World, where: DraftPlace, words: str = WORDS, *, by: str = "officer_PTNMT", **given: Any) -> SavedDraft:
    given = {"now": build.NOON, "window": "w1", **given}
    with unit_of_work():
        return keep_draft(where, by=world.actor(by), fields=[("findings", words)], **given)


def texts(world: build.World, where: DraftPlace, by: str = "officer_PTNMT") -> list[str]:
    return [opened_fields(row)[0][1] for row in drafts_of(where, by=world.actor(by))]


def test_a_draft_is_sealed_its_author_s_alone_and_gone_with_the_step(app: Flask) -> None:
    world = build.standard_world()
    case = build.case_at(world, "handling")
    where = place(case)
    first = keep(world, where, name="Bản đầu  tiên").draft
    assert (first.revision, draft_name(first), texts(world, where)) == (1, "Bản đầu tiên", [WORDS])
    stored = db.session.execute(text("SELECT sealed_fields, sealed_name FROM draft")).one()
    assert all(piece.encode() not in bytes(column) for column in stored for piece in (WORDS, "findings", "Bản"))
    # a colleague, their leader, the centre and another agency have drafts of their own, if any
    for other in ("officer_2_PTNMT", "leader_PTNMT", "operator", "officer_HKL"):
        assert texts(world, where, other) == []
        with unit_of_work():
            assert not discard_draft(where, first.ref, by=world.actor(other))
    with pytest.raises(NotAllowed):
        keep(world, where, by="citizen")
    keep(world, where, "Của đồng nghiệp.", by="officer_2_PTNMT")
    # whose desk it is not on keeps nothing, nor anybody once the step is done: a late save would outlive the step
    task = build.waiting(case, "submit_answer")
    for name in ("officer_HKL", "operator", "citizen"):
        with pytest.raises(TaskUnknown), unit_of_work():
            steps.lock_open_step(task.ref, by=world.actor(name))
    build.submit(world, case)
    assert texts(world, where) == []
    assert texts(world, where, "officer_2_PTNMT") == ["Của đồng nghiệp."]
    assert steps.done_since(task, build.NOON)
    with pytest.raises(TaskAlreadyDone), unit_of_work():
        steps.lock_open_step(task.ref, by=world.actor("officer_PTNMT"))


def test_a_draft_goes_with_the_agency_s_work_into_another_case_and_back(app: Flask) -> None:
    world = build.standard_world()
    main, other = build.case_at(world, "at_agency"), build.case_at(world, "at_agency", agencies=2)
    commune = {"agency": world.agencies["UBND-LAT"]}
    build.do(world, other, "accept_assignment", "officer_UBND-LAT", **commune)
    report = other.main_report
    keep(world, steps.draft_place(build.waiting(other, "submit_answer", **commune)), by="officer_UBND-LAT")
    build.act(world, other, "merge", "operator", into=db.session.get_one(Case, main.id))
    db.session.expire_all()
    assert texts(world, steps.draft_place(build.waiting(main, "submit_answer", **commune)), "officer_UBND-LAT") == [WORDS]
    build.act(world, main, "split", "operator", report=report, reason="Hai việc khác nhau.")
    db.session.expire_all()
    assert texts(world, steps.draft_place(build.waiting(other, "submit_answer", **commune)), "officer_UBND-LAT") == [WORDS]
    assert [row.case_id for row in db.session.query(Draft)] == [other.id]


def columns_of(row: Any) -> dict[str, Any]:
    return {column.name: getattr(row, column.name) for column in row.__table__.columns if column.name not in ("id", "ref")}


def test_a_draft_outlives_the_move_to_another_version_of_the_process(app: Flask) -> None:
    world = build.standard_world()
    case = build.case_at(world, "handling")
    keep(world, place(case))
    with unit_of_work():
        # what a move does to the rows: the instance on another version, the step that waits a new row with an address of its own
        old = build.waiting(case, "submit_answer")
        live = db.session.get_one(ProcessVersion, old.instance.version_id)
        newer = ProcessVersion(**{**columns_of(live), "number": live.number + 1, "state": "retired"})
        db.session.add(newer)
        db.session.flush()
        old.instance.version_id = newer.id
        again = columns_of(old)
        old.state, old.done_at = "withdrawn", build.NOON + timedelta(days=1)
        db.session.add(WaitingTask(**{**again, "version_id": newer.id, "engine_task": "00000000-0000-0000-0000-000000000001"}))
    assert build.waiting(case, "submit_answer").ref != old.ref
    assert texts(world, place(case)) == [WORDS]
    assert not steps.done_since(build.waiting(case, "submit_answer"), build.NOON)


def test_two_windows_never_overwrite_each_other(app: Flask) -> None:
    world = build.standard_world()
    where = place(build.case_at(world, "handling"))
    one = keep(world, where, "Bản một.").draft
    later = build.NOON + timedelta(minutes=1)
    # both opened the same draft; the second to save finds the first has: its text becomes a draft of its own
    assert not keep(world, where, "Bản một, cửa sổ hai.", window="w2", ref=one.ref, revision=1, now=later).is_apart
    apart = keep(world, where, "Bản một, cửa sổ ba.", window="w3", ref=one.ref, revision=1, now=later)
    assert apart.is_apart
    assert apart.draft.ref != one.ref
    assert texts(world, where) == ["Bản một, cửa sổ ba.", "Bản một, cửa sổ hai."]
    # whose answer was lost on the way saves again: neither a third draft nor a conflict with itself
    assert keep(world, where, "Bản một, cửa sổ ba.", window="w3", ref=one.ref, revision=1).draft.ref == apart.draft.ref
    assert not keep(world, where, "Cửa sổ hai, tiếp.", window="w2", ref=one.ref, revision=1, now=later).is_apart
    assert keep(world, where, "Cửa sổ hai, tiếp.", window="w2", ref=one.ref, revision=1).draft.revision == 3
    # a window opened when there was nothing learns that another has begun; one that begins anew on purpose does not
    assert keep(world, where, "Bản thứ ba.", window="w4").is_apart
    assert not keep(world, where, "Bản thứ tư.", window="w5", seen=drafts_of(where, by=world.actor("officer_PTNMT"))[0].ref).is_apart
    assert len(texts(world, where)) == 4


def test_drafts_are_bounded_and_old_ones_go(sqlite_app: Flask) -> None:
    world = build.standard_world()
    where = place(build.case_at(world, "handling"))
    with pytest.raises(DraftRefused, match="too long"):
        keep(world, where, "ặ" * MOST_BYTES)
    for number in range(MOST_OF_FORM):
        keep(world, where, f"Bản {number}", window=f"w{number}")
    with pytest.raises(DraftRefused, match="delete one"):
        keep(world, where, "Một bản nữa", window="w9")
    rows = drafts_of(where, by=world.actor("officer_PTNMT"))
    first = rows[-1].ref
    assert keep(world, where, "Bản 0, viết tiếp", window="w0", ref=first, revision=1, now=build.NOON + KEPT).draft.ref == first
    with unit_of_work():
        assert discard_draft(where, rows[0].ref, by=world.actor("officer_PTNMT"))
    with unit_of_work():
        assert forget_old_drafts(now=build.NOON + KEPT + timedelta(seconds=1)) == MOST_OF_FORM - 2
    assert texts(world, where) == ["Bản 0, viết tiếp"]


@pytest.mark.on_both
def test_photos_stay_as_long_as_a_draft_holds_them(app: Flask) -> None:
    world, store = build.standard_world(), LocalFileStore(app.config["FILES"])
    where = place(build.case_at(world, "handling"))
    tokens = [pictured.staged(world, store, f"token-{number}", by="officer_PTNMT", purpose="after") for number in (1, 2)]
    ref = keep(world, where, photos_tokens=tokens[:1]).draft.ref
    keep(world, where, "Thêm chữ.", ref=ref, revision=1, photos_tokens=tokens[:1])

    def left_after_sweep() -> list[str | None]:
        with unit_of_work():
            forget_unsent(now=build.NOON + UNSENT_KEPT + timedelta(days=1))
        return list(db.session.scalars(select(Photo.staged_token)))

    assert left_after_sweep() == tokens[:1]
    with unit_of_work():
        discard_draft(where, ref, by=world.actor("officer_PTNMT"))
    assert left_after_sweep() == []
    assert db.session.scalar(select(func.count()).select_from(DraftPhotos)) == 0


def test_quarantine_erases_what_was_being_written_also_where_its_report_was_before(sqlite_app: Flask) -> None:
    world = build.standard_world()
    main, other = build.case_at(world, "handling"), build.file_report(world, by="citizen_2").case
    report = other.main_report
    hours = [build.next_moment(main) + timedelta(hours=number) for number in range(4)]
    keep(world, place(main), "Trước khi gộp.", now=hours[0])
    joined.merge(world, other, main, now=hours[1])
    keep(world, place(main), "Lời của phản ánh gộp vào.", window="w2", now=hours[2], photos_tokens=["y" * 24])
    joined.split(world, main, report, now=hours[3])
    assert len(texts(world, place(main))) == 2
    build.act(world, other, "quarantine", "operator", now=hours[3], reason="Tố cáo cán bộ.")
    assert texts(world, place(main)) == ["Trước khi gộp."]
    case = build.case_at(world, "handling")
    task = build.waiting(case, "submit_answer")
    keep(world, place(case), photos_tokens=["x" * 24])
    build.act(world, case, "quarantine", "operator", reason="Tố cáo cán bộ.")
    assert [row.case_id for row in db.session.query(Draft)] == [main.id]
    with pytest.raises(TaskUnknown), unit_of_work():
        steps.lock_open_step(task.ref, by=world.actor("officer_PTNMT"))
