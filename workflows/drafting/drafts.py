"""Drafts of a process: begun, saved without losing any input, submitted for approval, taken back, discarded."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update

from casework.db import db
from casework.errors import CaseworkError
from casework.permissions import Action, Actor
from workflows.definitions.findings import Checked
from workflows.definitions.parsed import text_of
from workflows.definitions.process import digest_of
from workflows.definitions.reading import Unreadable, read_tree
from workflows.drafting.renaming import with_ids
from workflows.drafting.round_trip import lost_parts
from workflows.models import ProcessVersion
from workflows.versions.events import has_edited, record_version, writers_of
from workflows.versions.live import (
    FIELD_REPORT,
    FIRST_NOTE,
    SHIPPED,
    UPGRADE_NOTE,
    acting,
    check_version,
    in_scope,
    live_version,
    lock_versions,
    next_number,
    refuse_unclean,
)
from workflows.versions.starting_models import STARTING_NOTE
from workflows.versions.step_origins import new_ids

LONGEST_NOTE = 2000
MOST_DRAFTS = 50
"""Drafts of one scope before a new one is refused; conflicting saves are kept all the same."""
ELEMENTS_NAMED = 10
FILE_NOTE = "Từ tệp tải lên / From an uploaded file"
RENEWED_NOTE = "Mã mới cho bước trùng mã với bước khác ở bản trước / New ids for steps whose own stood for other steps before"
KEPT_NOTE = "Giữ lại khi bản {number} được sửa cùng lúc ở hai nơi / Kept when version {number} was edited in two places at once"
OUR_NOTES = tuple(note.partition(" / ")[0].partition("{")[0] for note in (FIRST_NOTE, UPGRADE_NOTE, FILE_NOTE, KEPT_NOTE, STARTING_NOTE))
"""How the notes the software writes begin, in both languages."""


class VersionRefused(CaseworkError):
    """The act is not possible for the version in its present state; the text says why."""


class VersionMoved(VersionRefused):
    """Somebody was quicker: the version is no longer in the state the act needs."""


class TextUnreadable(VersionRefused):
    """The file cannot be read; `checked` says where and why."""

    def __init__(self, fault: Unreadable) -> None:
        super().__init__(fault.vi, fault.en)
        self.checked = Checked((fault.finding,), is_readable=False)


class PartsLost(VersionRefused):
    """The browser returned the text without parts it does not know; nothing was saved. `elements` are the ids."""

    def __init__(self, elements: Collection[str]) -> None:
        self.elements = tuple(sorted(elements))
        named = ", ".join(self.elements[:ELEMENTS_NAMED]) + (" …" if len(self.elements) > ELEMENTS_NAMED else "")
        super().__init__(
            f"Chưa lưu: bản gửi lên thiếu hoặc làm khác đi phần không ai sửa, tại: {named}. Xin mở lại bản nháp rồi sửa tiếp.",
            f"Not saved: what was sent lacks or changes parts nobody edited, at: {named}. Please open the draft again and go on.",
        )


@dataclass(frozen=True, slots=True)
class Saved:
    """Where a text was saved: `version`. With a `conflict` it is a new draft, because somebody else changed `current`."""

    version: ProcessVersion
    conflict: bool
    current: ProcessVersion


def start_draft(
    *,
    by: Actor,
    now: datetime,
    key: str = FIELD_REPORT,
    centre_id: int | None = None,
    base: ProcessVersion | None = None,
    xml: bytes | None = None,
    note: str = "",
) -> ProcessVersion:
    """Begin a draft of a scope from `xml`, else from the text of `base`, else from the live version.

    If the id of a new step stood for another step in a version of the scope, the step gets a new id, and the note says so. Records
    `start_draft`; for a base nobody has approved, with the accounts of its writers, since they wrote this text too. Raises NotAllowed,
    TextUnreadable, VersionRefused for an unknown key, a base of another kind and more than MOST_DRAFTS, and NoLiveVersion.
    """
    by = acting(by, centre_id, Action.EDIT_PROCESS)
    note = _note(note)
    if key not in SHIPPED:
        raise VersionRefused("Không có quy trình này.", "There is no such process.", about="key")
    if base is not None and base.key != key:
        raise VersionRefused("Bản gốc thuộc quy trình khác.", "The version to begin from belongs to another process.")
    if xml is not None:
        _refuse_unreadable(xml)
    lock_versions(key)
    if xml is None:
        base = fresh(base) if base is not None else live_version(centre_id, key=key)
        xml = text_of(base)
    query = select(func.count()).select_from(ProcessVersion).where(*in_scope(key, centre_id), ProcessVersion.state == "draft")
    if (db.session.scalar(query) or 0) >= MOST_DRAFTS:
        raise VersionRefused(
            f"Đã có {MOST_DRAFTS} bản nháp. Xin bỏ bớt bản không dùng.", f"There are {MOST_DRAFTS} drafts. Please discard some first."
        )
    writers = writers_of(base) if base is not None and base.approved_at is None else frozenset()
    renewed = new_ids(key, centre_id, base, xml) if key == FIELD_REPORT else {}
    if renewed:
        note, xml = f"{note}\n{RENEWED_NOTE}: {', '.join(f'{old} → {new}' for old, new in renewed.items())}".strip(), with_ids(xml, renewed)
    return _new_draft(key, centre_id, xml, by=by, now=now, base=base, note=note[:LONGEST_NOTE], writers=writers, renewed=renewed)


def save_draft(
    version: ProcessVersion, *, by: Actor, now: datetime, xml: bytes, revision: int, touched: Collection[str] = (), page: str | None = None
) -> Saved:
    """Save a new text of a draft that was read at `revision`. `touched` names the elements whose own settings were edited.

    If the draft has changed since, or is no draft any more, the text is kept as a new draft so that nothing is lost; sending the same text
    again changes nothing. `page` is a random name of the open editor: if it is one save behind and made that save itself, the response was
    lost on the way, and saving goes on from there. The first save by each person is recorded as `edit_draft`. Raises NotAllowed,
    TextUnreadable, and PartsLost where the text lacks parts nobody edited. A text that is readable but not clean is saved.
    """
    by = acting(by, version.centre_id, Action.EDIT_PROCESS)
    _refuse_unreadable(xml)
    lock_versions(version.key)
    current, sha256 = fresh(version), digest_of(xml)
    if current.sha256 == sha256:
        return Saved(current, False, current)
    if page is not None and current.saved_page == page and current.revision == revision + 1:
        revision = current.revision
    if current.state != "draft" or current.revision != revision:
        return Saved(_save_conflicting(current, xml, by=by, now=now), True, current)
    if lost := lost_parts(text_of(current), xml, touched):
        raise PartsLost(lost)
    change = (
        update(ProcessVersion)
        .where(ProcessVersion.id == current.id, ProcessVersion.state == "draft", ProcessVersion.revision == revision)
        .values(xml=xml, sha256=sha256, revision=revision + 1, saved_at=now, saved_by_id=by.account_id, saved_page=page)
        .returning(ProcessVersion.id)
    )
    if db.session.scalar(change, execution_options={"synchronize_session": False}) is None:
        return Saved(_save_conflicting(fresh(current), xml, by=by, now=now), True, current)
    current = fresh(current)
    if not has_edited(current, by):
        record_version(current, "edit_draft", by=by, at=now)
    return Saved(current, False, current)


def hand_in(version: ProcessVersion, *, by: Actor, now: datetime, note: str, revision: int | None = None) -> None:
    """Submit a clean draft for approval, saying what was changed and why; from then on its text does not change.

    `revision` is the one the person looked at. Records `hand_in`. Raises NotAllowed, VersionRefused without a note or when the draft has
    changed, and ModelNotClean with the findings.
    """
    by = acting(by, version.centre_id, Action.EDIT_PROCESS)
    words = _note(note)
    if not words:
        raise VersionRefused(
            "Xin ghi đã sửa gì và vì sao, để người phê duyệt biết.", "Please say what was changed and why, for the one who approves."
        )
    current = locked_in(version, "draft")
    if revision is not None and current.revision != revision:
        raise VersionRefused(
            "Bản nháp vừa được lưu thêm. Xin xem lại rồi trình.", "The draft has just been saved again. Please look at it, then hand it in."
        )
    refuse_unclean(check_version(current))
    current.state, current.checked_at, current.note = "checked", now, words
    record_version(current, "hand_in", by=by, at=now, words=words, was="draft")


def take_back(version: ProcessVersion, *, by: Actor, now: datetime) -> None:
    """Turn a submitted or approved version that is not live into a draft again; its author or another administrator may.

    Records `take_back`. Raises NotAllowed and VersionRefused.
    """
    by = acting(by, version.centre_id, Action.EDIT_PROCESS)
    current = locked_in(version, "checked", "approved")
    was = become_draft(current)
    record_version(current, "take_back", by=by, at=now, was=was)


def discard_draft(version: ProcessVersion, *, by: Actor, now: datetime) -> None:
    """Discard a draft for good. Its row and text stay, so that its number is never used again.

    Records `discard_draft`. Raises NotAllowed and VersionRefused.
    """
    by = acting(by, version.centre_id, Action.EDIT_PROCESS)
    current = locked_in(version, "draft")
    current.state, current.retired_at = "retired", now
    record_version(current, "discard_draft", by=by, at=now, was="draft")


def fresh(version: ProcessVersion) -> ProcessVersion:
    """Return the version as it stands in the database now."""
    query = select(ProcessVersion).where(ProcessVersion.id == version.id)
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


def locked_in(version: ProcessVersion, *states: str) -> ProcessVersion:
    """Lock the version's key and return it as it stands now; raises VersionMoved unless it is in one of the states."""
    lock_versions(version.key)
    current = fresh(version)
    if current.state not in states:
        is_now = STATE_WORDS["discarded" if is_discarded(current) else current.state]
        raise VersionMoved(
            f"Bản {current.number} hiện {is_now[0]}, không còn làm được việc này.",
            f"Version {current.number} is {is_now[1]} now; this can no longer be done.",
        )
    return current


STATE_WORDS = {
    "draft": ("là bản nháp", "a draft"), "checked": ("đang chờ phê duyệt", "waiting to be approved"),
    "approved": ("đã được phê duyệt", "approved"), "live": ("đang áp dụng", "live"), "retired": ("đã ngừng áp dụng", "retired"),
    "discarded": ("đã bỏ", "discarded"),
}  # fmt: skip

def is_discarded(version: ProcessVersion) -> bool:
    return version.state == "retired" and version.live_at is None


def become_draft(version: ProcessVersion) -> str:
    """Make a locked version a draft again; returns its former state."""
    was, version.state = version.state, "draft"
    version.checked_at = version.approved_at = version.approver_id = None
    return was


def _save_conflicting(current: ProcessVersion, xml: bytes, *, by: Actor, now: datetime) -> ProcessVersion:
    """Save a text that came too late as its own draft; the same text from the same person is saved once."""
    same = select(ProcessVersion).where(
        *in_scope(current.key, current.centre_id), ProcessVersion.sha256 == digest_of(xml), ProcessVersion.state == "draft",
        ProcessVersion.author_id == by.own_id,
    )  # fmt: skip
    note = KEPT_NOTE.format(number=current.number)
    # it was drawn from an earlier text of `current` that perhaps nobody approved
    return db.session.scalars(same.limit(1)).first() or _new_draft(
        current.key, current.centre_id, xml, by=by, now=now, base=current, note=note, writers=writers_of(current)
    )


def _new_draft(
    key: str,
    centre_id: int | None,
    xml: bytes,
    *,
    by: Actor,
    now: datetime,
    base: ProcessVersion | None,
    note: str,
    writers: frozenset[int],
    renewed: Mapping[str, str] | None = None,
) -> ProcessVersion:
    draft = ProcessVersion(
        key=key, centre_id=centre_id, number=next_number(key, centre_id), state="draft", xml=xml, sha256=digest_of(xml), note=note or None,
        base_id=base.id if base else None, author_id=by.account_id, created_at=now, saved_at=now,
        saved_by_id=by.account_id,
    )  # fmt: skip
    db.session.add(draft)
    db.session.flush()
    facts = ({"writers": sorted(writers)} if writers else {}) | ({"renewed": dict(renewed)} if renewed else {})
    record_version(draft, "start_draft", by=by, at=now, words=note, base=base.number if base else None, **facts)
    return draft


def _note(text: str) -> str:
    note = text.strip()
    if len(note) > LONGEST_NOTE:
        raise VersionRefused(f"Ghi chú dài quá {LONGEST_NOTE} ký tự.", f"The note is longer than {LONGEST_NOTE} characters.")
    return note


def _refuse_unreadable(xml: bytes) -> None:
    try:
        read_tree(xml)
    except Unreadable as fault:
        raise TextUnreadable(fault) from fault
