"""For reading the past of a moved case: the version an instance ran on at an instant, and an element's former names."""

from datetime import datetime

from sqlalchemy import select

from casework.db import db
from workflows.models import MoveCase, ProcessInstance, ProcessMove, ProcessVersion


def version_at(instance: ProcessInstance, at: datetime) -> ProcessVersion:
    """Return the version an instance ran on at an instant, which is needed to read what was stored then."""
    query = (
        select(MoveCase.moved_at, MoveCase.undone_at, ProcessMove.source_id, ProcessMove.target_id)
        .join(MoveCase.move)
        .where(MoveCase.case_id == instance.case_id, MoveCase.moved_at.is_not(None))
    )
    changes: list[tuple[datetime, int]] = []
    for moved_at, undone_at, source_id, target_id in db.session.execute(query):
        if moved_at is None or instance.started_at > moved_at or (instance.ended_at is not None and instance.ended_at < moved_at):
            continue  # it had not begun or was over, and such an instance is not moved
        changes.append((moved_at, source_id))
        if undone_at is not None:
            changes.append((undone_at, target_id))
    after = min((change for change in changes if change[0] > at), default=None)
    return db.session.get_one(ProcessVersion, after[1]) if after is not None else instance.process_version


def versions_run(instance: ProcessInstance) -> list[ProcessVersion]:
    """Return the version an instance runs on and those its case was moved from and to."""
    query = select(ProcessMove.source_id, ProcessMove.target_id).join(MoveCase, MoveCase.move_id == ProcessMove.id)
    query = query.where(MoveCase.case_id == instance.case_id, MoveCase.moved_at.is_not(None))
    ids = {id_ for row in db.session.execute(query) for id_ in row} | {instance.version_id}
    return list(db.session.scalars(select(ProcessVersion).where(ProcessVersion.id.in_(ids)).order_by(ProcessVersion.id)))


def earlier_names(case_id: int, element: str) -> set[str]:
    """Return the ids an element had in the versions its case was moved from, and its present one."""
    query = select(ProcessMove.mapping).join(MoveCase, MoveCase.move_id == ProcessMove.id)
    query = query.where(MoveCase.case_id == case_id, MoveCase.state == "moved").order_by(MoveCase.moved_at.desc())
    names = {element}
    for mapping in db.session.scalars(query):
        names |= {before for before, after in mapping.items() if after in names}
    return names
