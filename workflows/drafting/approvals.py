"""From a submitted draft to the live version: approved by a second person or sent back, put live, rolled back."""

from datetime import datetime

from casework.db import db
from casework.permissions import Action, Actor
from casework.second_person import SecondPersonNeeded
from workflows.drafting.drafts import LONGEST_NOTE, VersionRefused, become_draft, locked_in
from workflows.drafting.foreign_settings import end_foreign_settings
from workflows.models import ProcessVersion
from workflows.versions.events import record_version, why_not_approve
from workflows.versions.live import FIELD_REPORT, acting, check_version, live_in_scope, refuse_unclean, retire


def approve_version(version: ProcessVersion, *, by: Actor, now: datetime, words: str = "") -> None:
    """Approve a submitted version. The approver has no part in the text: they neither wrote, saved nor submitted it, nor are tied to anyone
    who did.

    Records `approve_version`. Raises NotAllowed, SecondPersonNeeded for a writer, VersionRefused when it no longer waits, and
    ModelNotClean.
    """
    by = acting(by, version.centre_id, Action.APPROVE_PROCESS)
    current = locked_in(version, "checked")
    if (why := why_not_approve(current, by=by, now=now)) is not None:
        raise SecondPersonNeeded(*why)
    words = _words(words)
    refuse_unclean(check_version(current))
    current.state, current.approved_at, current.approver_id = "approved", now, by.account_id
    record_version(current, "approve_version", by=by, at=now, words=words, was="checked")


def send_back(version: ProcessVersion, *, by: Actor, now: datetime, words: str) -> None:
    """Return a version that waits for approval, or is approved but not live yet, to its writers as a draft, saying what to change.

    Records `send_back`. Raises NotAllowed and VersionRefused, also without words.
    """
    by = acting(by, version.centre_id, Action.APPROVE_PROCESS)
    words = _words(words)
    if not words:
        raise VersionRefused(
            "Xin ghi cần sửa gì, để người soạn biết.", "Please say what is to be changed, for the one who wrote it.",
            about="words",
        )
    current = locked_in(version, "checked", "approved")
    was = become_draft(current)
    record_version(current, "send_back", by=by, at=now, words=words, was=was)


def put_live(version: ProcessVersion, *, by: Actor, now: datetime) -> None:
    """Let new cases of the scope begin on an approved version; open ones stay on theirs, and the former live version retires.

    Records `put_live`. Raises NotAllowed, VersionRefused when it is not approved (any more), and ModelNotClean where the rules have changed
    since it was approved.
    """
    by = acting(by, version.centre_id, Action.EDIT_PROCESS, Action.APPROVE_PROCESS)
    _go_live(locked_in(version, "approved"), "put_live", by=by, now=now)


def roll_back(version: ProcessVersion, *, by: Actor, now: datetime, words: str) -> None:
    """Let new cases begin again on a version that was live before, for a reason; the present one retires.

    Records `roll_back`. Raises NotAllowed, VersionRefused without a reason or for a version that was never live, and ModelNotClean where it
    does not pass today's check.
    """
    by = acting(by, version.centre_id, Action.EDIT_PROCESS, Action.APPROVE_PROCESS)
    words = _words(words)
    if not words:
        raise VersionRefused("Xin ghi lý do quay lại bản này.", "Please give the reason for going back to this version.", about="words")
    current = locked_in(version, "retired")
    if current.live_at is None:
        raise VersionRefused("Bản này chưa từng được áp dụng.", "This version has never been live.")
    _go_live(current, "roll_back", by=by, now=now, words=words)


def _go_live(current: ProcessVersion, act: str, *, by: Actor, now: datetime, words: str = "") -> None:
    refuse_unclean(check_version(current))
    before = live_in_scope(current.key, current.centre_id)
    was = current.state
    retire(before, now=now)
    current.state, current.live_at, current.retired_at = "live", now, None
    record_version(current, act, by=by, at=now, words=words, was=was, replaces=before.number if before else None)
    if current.key == FIELD_REPORT:
        db.session.flush()
        end_foreign_settings(current, by=by, now=now)


def _words(text: str) -> str:
    words = text.strip()
    if len(words) > LONGEST_NOTE:
        raise VersionRefused(f"Nội dung dài quá {LONGEST_NOTE} ký tự.", f"The words are longer than {LONGEST_NOTE} characters.")
    return words
