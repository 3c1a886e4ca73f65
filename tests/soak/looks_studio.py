"""The pages of the studio there are for somebody: one of each kind, its name and address."""
from __future__ import annotations

from sqlalchemy import select

from casework.db import db
from casework.permissions import Action, Actor, may
from workflows.models import ProcessMove, ProcessVersion, Rehearsal
from workflows.moving.plans import move_scopes
from workflows.versions.live import FIELD_REPORT


def pages_of_studio(actor: Actor) -> dict[str, str]:
    """The list, a version of each state and kind with what may be asked of it, editors, plans, daily settings, and the heat map."""
    found: dict[str, str] = {}
    if may(actor, Action.READ_PROCESS):
        found["studio"] = "/studio"
        for version in db.session.scalars(select(ProcessVersion).order_by(ProcessVersion.id)):
            found |= {name: path for name, path in _of_version(version, actor).items() if name not in found}
    if may(actor, Action.MOVE_CASES):
        found |= {f"move-{move.state}": f"/studio/moves/{move.ref}" for move in db.session.scalars(select(ProcessMove))}
    if may(actor, Action.CHANGE_SETTINGS):
        found["daily"] = "/studio/daily"
    if may(actor, Action.READ_BOTTLENECKS):
        found |= {"heat": "/studio/heat", "heat-late": "/studio/heat?measure=late", "heat-ways": "/studio/heat/variants"}
    return found


def _of_version(version: ProcessVersion, actor: Actor) -> dict[str, str]:
    path, kind = f"/studio/versions/{version.ref}", f"{version.key}-{version.state}"
    found = {f"version-{kind}": path}
    if version.state == "draft" and may(actor, Action.EDIT_PROCESS):
        found[f"edit-{version.key}"] = f"{path}/edit"
    if version.number > 1 or version.centre_id is not None:
        found[f"compare-{kind}"] = f"{path}/compare"
    if version.key != FIELD_REPORT:
        return found
    asked = db.session.scalar(select(Rehearsal.id).where(Rehearsal.version_id == version.id).limit(1))
    if may(actor, Action.REHEARSE) and asked is not None:
        found[f"rehearsals-{version.state}"] = f"{path}/rehearsals"
    planned = db.session.scalar(select(ProcessMove.id).where(ProcessMove.target_id == version.id).limit(1))
    if planned is not None and may(actor, Action.MOVE_CASES) and move_scopes(actor, version):
        found["moves"] = f"{path}/moves"
    return found
