"""Versions of models and tables: one live per scope, a centre's own before the installation's, and the check of each."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select

from casework.db import db
from casework.errors import CaseworkError
from casework.models import Account
from casework.permissions import SYSTEM, Action, Actor, NotAllowed, Role
from workflows.bindings import BINDINGS, Bindings
from workflows.definitions.cache import LruCache
from workflows.definitions.findings import Checked, bounded
from workflows.definitions.parsed import text_of
from workflows.definitions.process import ModelRefused, digest_of, shipped_model, shipped_table
from workflows.models import ProcessVersion
from workflows.versions.events import record_version

FIELD_REPORT, ROUTING = "field_report", "routing"
SHIPPED = {FIELD_REPORT: shipped_model, ROUTING: shipped_table}
"""What comes with the software, by key: the model of a case and its agencies, and the table that suggests agencies."""

CHECKED_TEXTS = 64
FIRST_NOTE = "Phiên bản đi kèm phần mềm / The version that comes with the software"
UPGRADE_NOTE = "Bản đi kèm phần mềm mới / The version that comes with the new software"


class NoLiveVersion(CaseworkError):
    """No version of the model is live for this centre."""

    def __init__(self) -> None:
        super().__init__("Chưa có quy trình nào đang áp dụng.", "No process version is live.")


class ModelNotClean(ModelRefused):
    """The check found errors to be mended first; `checked` has all of them."""

    def __init__(self, checked: Checked) -> None:
        self.checked = checked
        first, more = checked.errors[0].what, len(checked.errors) - 1
        super().__init__(
            f"Còn lỗi phải sửa: {first.vi}" + (f" (và {more} lỗi khác)" if more else ""),
            f"There is something to mend: {first.en}" + (f" (and {more} more)" if more else ""),
        )


# -- whose a version is -------------------------------------------------------------------------------------------------


def may_in_scope(by: Actor, action: Action, centre_id: int | None) -> bool:
    """Whether the person may do this to versions of a centre, or of the installation for None.

    A role of the installation counts in every centre; a role of a centre counts there alone.
    """
    roles = frozenset(Role(role) for role in action.roles)
    return any(grant.role in roles and grant.centre_id in (None, centre_id) for grant in by.grants)


def acting(by: Actor, centre_id: int | None, *actions: Action) -> Actor:
    """Return the person at the desk that lets them do one of the actions in a scope: their own, else that of one they act for.

    Raises NotAllowed.
    """
    roles = frozenset(Role(role) for action in actions for role in action.roles)
    grants = [grant for grant in by.grants if grant.role in roles and grant.centre_id in (None, centre_id)]
    if not grants:
        raise NotAllowed
    return by.at(min(grants, key=lambda grant: grant.principal_id is not None).desk)


def scopes_with(by: Actor, action: Action) -> frozenset[int | None]:
    """The scopes of the person's grants for an action, those of principals included; None among them means the installation and every
    centre."""
    return frozenset(grant.centre_id for grant in by.grants if grant.role in action.roles)


def in_scope(key: str, centre_id: int | None) -> tuple[ColumnElement[bool], ...]:
    """The condition for the versions of one scope."""
    return ProcessVersion.key == key, ProcessVersion.centre_id == centre_id if centre_id else ProcessVersion.centre_id.is_(None)


def seen_in(by: Actor) -> ColumnElement[bool]:
    """The condition for the versions a person may read: those of their centres and those of the installation."""
    scopes = scopes_with(by, Action.READ_PROCESS)
    if None in scopes:
        return ProcessVersion.id.is_not(None)
    if not scopes:
        return ProcessVersion.id.is_(None)
    return or_(ProcessVersion.centre_id.is_(None), ProcessVersion.centre_id.in_(scopes))


def centres_counted(by: Actor) -> frozenset[int] | None:
    """The centres whose cases a person may count on a version they read; None means all."""
    scopes = scopes_with(by, Action.READ_PROCESS)
    return None if None in scopes else frozenset(scope for scope in scopes if scope is not None)


def version_for(by: Actor, ref: str) -> ProcessVersion | None:
    """Return a version if the person may read it, else None: this look-up is the permission check."""
    return db.session.scalars(select(ProcessVersion).where(ProcessVersion.ref == ref, seen_in(by))).first()


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


def lock_versions(key: str) -> None:
    """Let only one act at a time change the versions of a key; others wait here and then read its result.

    The oldest row is locked for all: versions are never deleted, and cases may still refer to it meanwhile. SQLite has one writer anyway.
    """
    if db.session.get_bind().dialect.name != "sqlite":
        oldest = select(ProcessVersion.id).where(ProcessVersion.key == key).order_by(ProcessVersion.id).limit(1)
        db.session.execute(oldest.with_for_update(key_share=True)).all()


def next_number(key: str, centre_id: int | None) -> int:
    """Return the number of the next version of a scope whose versions are locked."""
    return (db.session.scalar(select(func.max(ProcessVersion.number)).where(*in_scope(key, centre_id))) or 0) + 1


# -- the check -----------------------------------------------------------------------------------------------------------


def check_version(version: ProcessVersion) -> Checked:
    """Return the check of a stored version; the same text is checked once per program process.

    A model that was never live is checked against the other versions of its scope too, for ids it gives to another part.
    """
    checked = _checks.get((version.key, version.sha256), lambda: _check(version.key, text_of(version)))
    if version.key != FIELD_REPORT or version.live_at is not None or not checked.is_readable:
        return checked
    from workflows.versions.step_origins import reuse_findings

    reused = list(reuse_findings(version))
    return bounded((*checked.findings, *reused)) if reused else checked


def check_text(key: str, xml: bytes, *, bindings: Bindings = BINDINGS) -> Checked:
    """Return the check of a text that is not stored anywhere yet."""
    if bindings is not BINDINGS:
        return _check(key, xml, bindings)
    return _checks.get((key, digest_of(xml)), lambda: _check(key, xml))


def _check(key: str, xml: bytes, bindings: Bindings = BINDINGS) -> Checked:
    # Imported late: the checks load the engine's parsers and only the studio needs them.
    from workflows.checks.model import check_model
    from workflows.checks.table import check_table

    return check_table(xml) if key == ROUTING else check_model(xml, bindings)


_checks: LruCache[tuple[str, str], Checked] = LruCache(CHECKED_TEXTS)


def refuse_unclean(checked: Checked) -> None:
    """Raise ModelNotClean if a check found errors."""
    if not checked.is_clean:
        raise ModelNotClean(checked)


# -- what comes with the software ----------------------------------------------------------------------------------------


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
    """Make a text the live version of its scope; the former one retires, running instances stay on theirs.

    For the software's own texts, which its release has tested; people's texts go through `drafts` and `approvals`. Publishing the live text
    again changes nothing and returns the existing version. Raises ModelNotClean.
    """
    sha256 = digest_of(xml)
    if sha256 != digest_of(SHIPPED[key]()):
        refuse_unclean(check_text(key, xml, bindings=bindings))
    lock_versions(key)
    live = live_in_scope(key, centre_id)
    if live is not None and live.sha256 == sha256:
        return live
    retire(live, now=now)
    version = ProcessVersion(
        key=key, centre_id=centre_id, number=next_number(key, centre_id), state="live", xml=xml, sha256=sha256, note=note,
        author_id=author.id if author else None, approver_id=approver.id if approver else None, created_at=now,
        approved_at=now, live_at=now,
    )  # fmt: skip
    db.session.add(version)
    db.session.flush()
    record_version(version, "publish_version", by=SYSTEM, at=now, words=note, replaces=live.number if live else None)
    return version


def live_in_scope(key: str, centre_id: int | None) -> ProcessVersion | None:
    """Return the live version of exactly this scope, as it stands in the database now."""
    query = select(ProcessVersion).where(*in_scope(key, centre_id), ProcessVersion.state == "live")
    return db.session.scalars(query.execution_options(populate_existing=True)).first()


def retire(version: ProcessVersion | None, *, now: datetime) -> None:
    """Retire a live version, so that another of its scope can become live."""
    if version is not None:
        version.state, version.retired_at = "retired", now
        db.session.flush()


def install_shipped_model(*, now: datetime) -> ProcessVersion:
    """Install the model and the table of this release; returns the live model. May be called again at any time.

    On a new installation they become version 1. A live version that came with older software is replaced; if people have made their own,
    they become drafts for the administrators to look at. A text is never installed twice, so a version that was rolled back stays so.
    """
    for key in SHIPPED:
        _bring_shipped(key, now=now)
    return live_version(None)


def has_versions(keys: Collection[str] = SHIPPED) -> bool:
    """Whether the installation has a process."""
    return db.session.scalar(select(ProcessVersion.id).where(ProcessVersion.key.in_(keys)).limit(1)) is not None


def _bring_shipped(key: str, *, now: datetime) -> None:
    xml, scope = SHIPPED[key](), in_scope(key, None)
    lock_versions(key)
    was_brought = select(ProcessVersion.id).where(*scope, ProcessVersion.sha256 == digest_of(xml), ProcessVersion.author_id.is_(None))
    if db.session.scalar(was_brought.limit(1)) is not None:
        return
    live = live_in_scope(key, None)
    if live is None or live.author_id is None:
        publish_version(xml, now=now, key=key, note=UPGRADE_NOTE if live else FIRST_NOTE)
        return
    draft = ProcessVersion(
        key=key, centre_id=None, number=next_number(key, None), state="draft", xml=xml, sha256=digest_of(xml), note=UPGRADE_NOTE,
        created_at=now, saved_at=now, base_id=live.id,
    )  # fmt: skip
    db.session.add(draft)
    db.session.flush()
    record_version(draft, "start_draft", by=SYSTEM, at=now, words=UPGRADE_NOTE, base=live.number)
