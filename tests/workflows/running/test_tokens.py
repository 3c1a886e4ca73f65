from unittest.mock import Mock

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db, reading_once, unit_of_work
from casework.models import Case
from tests import build
from workflows import packing
from workflows.definitions.process import definitions
from workflows.mending.process_view import processes_of
from workflows.models import WaitingTask
from workflows.running.acts import follow
from workflows.running.case_rows import instances_of
from workflows.running.instances import CaseProcess
from workflows.running.stored_trees import tree_to_read
from workflows.running.tokens import tokens_of


def test_tokens_and_taken_flows_of_each_instance(sqlite_app):
    world = build.standard_world()
    case = build.case_at(world, "approval", agencies=2)
    own, first, second = tokens_of(case)
    assert own.current == {"wait_for_agencies"}
    assert own.done == {"received", "begin", "verify", "classify", "distribute", "again_waiting"}
    assert own.taken == {
        "received_to_begin", "begin_to_verify", "verify_to_classify", "classify_to_distribute", "distribute_to_again_waiting",
        "again_waiting_to_wait_for_agencies",
    }  # fmt: skip
    assert (first.process_id, first.assignment_id) == ("assignment", case.assignments[0].id)
    assert first.current == second.current == {"approve_answer"}
    build.redo(world, case, case.assignments[0].agency)
    first = tokens_of(case)[1]
    assert first.current == {"submit_answer"}
    assert "is_approved_to_submit_answer" in first.taken
    assert "submit_answer" not in first.done


def test_a_closed_case_has_no_token_left(sqlite_app):
    world = build.standard_world()
    case = build.case_at(world, "closed", urgent=True)
    own = tokens_of(case)[0]
    assert own.is_ended
    assert own.current == frozenset()
    assert {"hotline_needed", "call_hotline", "rating_window", "closed"} <= own.done
    assert {"hotline_needed_to_call_hotline", "rating_over_to_ready_to_close", "wait_for_rest_to_closed"} <= own.taken
    assert "held" not in own.done
    assert "rate" not in own.done


def test_a_waiting_boundary_timer_is_no_token(sqlite_app):
    world = build.standard_world()
    assert tokens_of(build.case_at(world, "rating"))[0].current == {"rate"}


def test_limits_follow_a_clock_moved_beside_the_tokens(sqlite_app):
    world = build.standard_world()
    case = build.case_at(world, "to_distribute")
    with unit_of_work():
        case = db.session.get_one(Case, case.id)
        case.urgency = "urgent"
        follow(case, now=build.NOON)
    assert db.session.scalars(select(WaitingTask.urgent).where(WaitingTask.state == "waiting")).all() == [True]


def test_a_process_that_has_not_parsed_the_version_reads_it_from_the_database(sqlite_app):
    world = build.standard_world()
    case = build.case_at(world, "to_classify")
    definitions._known.clear()
    assert tokens_of(case)[0].current == {"classify"}


def test_a_page_restores_a_state_once_and_one_that_was_changed_or_rolled_back_as_it_is(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = build.standard_world()
    case, further_on = build.case_at(world, "to_classify"), build.case_at(world, "to_distribute")
    (instance,), (other,) = instances_of(case), instances_of(further_on)
    monkeypatch.setattr(packing, "restored", restored := Mock(wraps=packing.restored))
    with reading_once():
        before, view = tokens_of(case), processes_of(case)
        assert [token.element for token in view[0].resting if token.is_step] == list(before[0].current) == ["classify"]
        assert restored.call_count == 1
        instance.state = other.state
        assert tokens_of(case)[0].current == {"distribute"}
        db.session.rollback()
        assert tokens_of(case) == before
        assert restored.call_count == 2
    tokens_of(case)
    assert restored.call_count == 3, "outside a page or a unit of work nothing is kept"


def test_a_process_that_runs_does_not_run_what_others_look_at(sqlite_app: Flask) -> None:
    case = build.case_at(build.standard_world(), "to_classify")
    with unit_of_work():
        (instance,) = instances_of(case)
        looked_at = tree_to_read(instance.state, instance.process_id, instance.process_version)
        assert tree_to_read(instance.state, instance.process_id, instance.process_version) is looked_at
        assert CaseProcess(case, now=build.next_moment(case)).open(instance) is not looked_at
