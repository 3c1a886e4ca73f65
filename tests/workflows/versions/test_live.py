import pytest
from sqlalchemy import select

from casework.db import db, unit_of_work
from tests import build
from workflows.definitions.process import ModelRefused, shipped_model
from workflows.jobs import INTERVALS, OWN, recurring_jobs
from workflows.models import ProcessInstance, ProcessVersion
from workflows.running.filing import file_report
from workflows.versions.live import FIELD_REPORT, NoLiveVersion, install_shipped_model, live_version, publish_version

CHANGED = shipped_model().replace("Phân loại".encode(), "Phân loại hồ sơ".encode())


def test_the_shipped_model_is_installed_once(app):
    with unit_of_work():
        first = install_shipped_model(now=build.NOON)
    with unit_of_work():
        again = install_shipped_model(now=build.NOON)
    assert first is again
    assert (first.number, first.state, first.author_id) == (1, "live", None)


def test_a_new_version_retires_the_one_before_and_running_cases_stay_on_theirs(app):
    world = build.standard_world()
    case = build.file_report(world).case
    with unit_of_work():
        second = publish_version(CHANGED, now=build.NOON, note="Đổi tên một bước")
    with unit_of_work():
        assert publish_version(CHANGED, now=build.NOON) is second
    models = select(ProcessVersion).where(ProcessVersion.key == FIELD_REPORT).order_by(ProcessVersion.number)
    assert [(row.number, row.state) for row in db.session.scalars(models)] == [
        (1, "retired"), (2, "live"),
    ]  # fmt: skip
    later = build.file_report(world).case
    numbers = {row.case_id: row.process_version.number for row in db.session.scalars(select(ProcessInstance))}
    assert numbers == {case.id: 1, later.id: 2}
    build.advance(world, case, "at_agency")
    own = db.session.scalars(select(ProcessInstance).where(ProcessInstance.case_id == case.id)).all()
    assert [row.process_version.number for row in own] == [1, 1]
    with unit_of_work():
        assert install_shipped_model(now=build.NOON).id == second.id


def test_a_centres_own_version_takes_precedence(app):
    world = build.standard_world()
    with unit_of_work():
        own = publish_version(CHANGED, now=build.NOON, centre_id=world.centre.id)
    assert live_version(world.centre.id).id == own.id
    assert live_version(None).number == 1
    assert own.number == 1


def test_a_broken_model_is_not_published(app):
    with pytest.raises(ModelRefused), unit_of_work():
        publish_version(b"<not-a-model/>", now=build.NOON)
    with pytest.raises(NoLiveVersion):
        live_version(None)


def test_a_repeated_filing_starts_one_process(app):
    world = build.standard_world()
    first = build.file_report(world, idempotency_key="k" * 16)
    again = build.file_report(world, idempotency_key="k" * 16)
    assert first.case.id == again.case.id
    assert len(db.session.scalars(select(ProcessInstance)).all()) == 1
    assert file_report is not None


def test_the_table_of_jobs_is_complete():
    others = {name: (lambda now: None) for name in INTERVALS if name not in OWN}
    assert [job.name for job in recurring_jobs(others)] == list(INTERVALS)
    with pytest.raises(KeyError):
        recurring_jobs({})
    with pytest.raises(KeyError):
        recurring_jobs({**others, "unknown": lambda now: None})
