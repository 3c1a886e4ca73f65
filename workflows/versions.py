"""Versions of the model: published once, one live per scope, the centre's own before the installation's."""

from datetime import datetime

from sqlalchemy import func, or_, select

from casework.db import db
from casework.errors import CaseworkError
from casework.models import Account
from casework.permissions import Role
from workflows.bindings import BINDINGS, Bindings
from workflows.definitions import Definition, ModelRefused, digest_of, parse, shipped_model
from workflows.desks import REPORTER
from workflows.models import ProcessVersion

FIELD_REPORT = "field_report"
PROCESSES = frozenset({"case", "assignment"})


class NoLiveVersion(CaseworkError):
    """No version of the model is live for this centre."""

    def __init__(self) -> None:
        super().__init__("Chưa có quy trình nào đang áp dụng.", "No process version is live.")


def live_version(centre_id: int | None, *, key: str = FIELD_REPORT) -> ProcessVersion:
    """Return the version new cases start on. Raises NoLiveVersion."""
    query = (
        select(ProcessVersion)
        .where(ProcessVersion.key == key, ProcessVersion.state == "live")
        .where(or_(ProcessVersion.centre_id == centre_id, ProcessVersion.centre_id.is_(None)))
        .order_by(ProcessVersion.centre_id.is_(None))
    )
    version = db.session.scalars(query).first()
    if version is None:
        raise NoLiveVersion
    return version


def publish_version(
    xml: bytes,
    *,
    now: datetime,
    centre_id: int | None = None,
    key: str = FIELD_REPORT,
    author: Account | None = None,
    approver: Account | None = None,
    note: str | None = None,
    bindings: Bindings = BINDINGS,
) -> ProcessVersion:
    """Make a model the live version of its scope; the one before retires, running instances stay on theirs.

    Publishing the live text again changes nothing and returns the version there is. Raises ModelRefused.
    """
    definition = parse(xml)
    refuse_unbound(definition, bindings)
    scope = (ProcessVersion.key == key, ProcessVersion.centre_id == centre_id if centre_id else ProcessVersion.centre_id.is_(None))
    live = db.session.scalars(select(ProcessVersion).where(*scope, ProcessVersion.state == "live")).first()
    if live is not None and live.sha256 == definition.sha256:
        return live
    if live is not None:
        live.state, live.retired_at = "retired", now
        db.session.flush()
    number = (db.session.scalar(select(func.max(ProcessVersion.number)).where(*scope)) or 0) + 1
    version = ProcessVersion(
        key=key, centre_id=centre_id, number=number, state="live", xml=xml, sha256=definition.sha256, note=note,
        author_id=author.id if author else None, approver_id=approver.id if approver else None, created_at=now,
        approved_at=now, live_at=now,
    )  # fmt: skip
    db.session.add(version)
    db.session.flush()
    return version


def install_shipped_model(*, now: datetime) -> ProcessVersion:
    """Make the model that comes with the software version 1, unless the installation has a model already."""
    query = select(ProcessVersion).where(ProcessVersion.key == FIELD_REPORT, ProcessVersion.centre_id.is_(None))
    known = db.session.scalars(query.order_by(ProcessVersion.state != "live", ProcessVersion.number.desc())).first()
    return known or publish_version(shipped_model(), now=now, note="Phiên bản đi kèm phần mềm / The version that comes with the software")


def is_shipped(version: ProcessVersion) -> bool:
    """Whether the version is the model of this release."""
    return version.sha256 == digest_of(shipped_model())


def refuse_unbound(definition: Definition, bindings: Bindings = BINDINGS) -> None:
    """Raise ModelRefused unless the model has both processes and each step a use case, a role and both labels."""
    if set(definition.specs) != PROCESSES:
        raise ModelRefused("Mô hình phải có hai quy trình: case và assignment.", "A model has two processes: case and assignment.")
    for element in definition.steps:
        if element.id not in bindings.steps:
            raise ModelRefused(f"Bước {element.id} chưa được gắn với công việc nào.", f"The step {element.id} is bound to no use case.")
        if element.role not in {*Role, REPORTER}:
            raise ModelRefused(f"Bước {element.id} chưa có vai trò hợp lệ.", f"The step {element.id} has no role anybody can hold.")
        if not element.label.vi or not element.label.en:
            raise ModelRefused(f"Bước {element.id} thiếu tên ở một ngôn ngữ.", f"The step {element.id} lacks a label in a language.")
