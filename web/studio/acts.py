"""The acts on a version that the studio offers: their words, the permission, the states, and the use case behind the button."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from casework.permissions import Action, Actor
from workflows.drafting import approvals, drafts
from workflows.models import ProcessVersion
from workflows.versions.live import may_in_scope

Do = Callable[[ProcessVersion, Actor, datetime, str, int | None], None]
"""`(version, by, now, words, revision)`: the one signature the pages use."""


@dataclass(frozen=True, slots=True)
class VersionAct:
    """One button: `words` labels the text it asks for (required if `is_needed`), and `needs_clean` makes a clean check a condition."""

    label: LazyString
    icon: str
    who: tuple[Action, ...]
    states: tuple[str, ...]
    do: Do
    done: LazyString
    what: LazyString
    words: LazyString | None = None
    is_needed: bool = False
    needs_clean: bool = False
    is_main: bool = False
    is_danger: bool = False


EDITORS, APPROVERS = (Action.EDIT_PROCESS,), (Action.APPROVE_PROCESS,)

ACTS: dict[str, VersionAct] = {
    "hand_in": VersionAct(
        _l("Hand in for approval"), "send-2", EDITORS, ("draft",),
        lambda version, by, now, words, revision: drafts.hand_in(version, by=by, now=now, note=words, revision=revision),
        _l("The version is handed in. A second person has to approve it."),
        _l("From then on the text stays as it is, until it is taken back."),
        words=_l("What was changed, and why?"), is_needed=True, needs_clean=True, is_main=True,
    ),
    "approve_version": VersionAct(
        _l("Approve"), "check", APPROVERS, ("checked",),
        lambda version, by, now, words, _revision: approvals.approve_version(version, by=by, now=now, words=words),
        _l("The version is approved. It counts once it is put live."),
        _l("You have looked at what changed and answer for it as the second person."),
        words=_l("Remark"), needs_clean=True, is_main=True,
    ),
    "put_live": VersionAct(
        _l("Put live"), "player-play", EDITORS + APPROVERS, ("approved",),
        lambda version, by, now, _words, _revision: approvals.put_live(version, by=by, now=now),
        _l("The version is live: new cases begin on it."),
        _l("New cases begin on this version. Open cases finish on theirs."),
        needs_clean=True, is_main=True,
    ),
    "roll_back": VersionAct(
        _l("Go back to this version"), "arrow-back-up", EDITORS + APPROVERS, ("retired",),
        lambda version, by, now, words, _revision: approvals.roll_back(version, by=by, now=now, words=words),
        _l("The version is live again: new cases begin on it."),
        _l("New cases begin on this version again; the present one retires. Open cases finish on theirs."),
        words=_l("Why go back?"), is_needed=True, needs_clean=True,
    ),
    "send_back": VersionAct(
        _l("Send back"), "arrow-back-up", APPROVERS, ("checked", "approved"),
        lambda version, by, now, words, _revision: approvals.send_back(version, by=by, now=now, words=words),
        _l("The version is a draft again; its writers read what is to be changed."),
        _l("The version becomes a draft again."),
        words=_l("What is to be changed?"), is_needed=True,
    ),
    "take_back": VersionAct(
        _l("Take back to edit"), "pencil", EDITORS, ("checked", "approved"),
        lambda version, by, now, _words, _revision: drafts.take_back(version, by=by, now=now),
        _l("The version is a draft again."),
        _l("The version becomes a draft again and has to be handed in and approved anew."),
    ),
    "discard_draft": VersionAct(
        _l("Discard the draft"), "trash", EDITORS, ("draft",),
        lambda version, by, now, _words, _revision: drafts.discard_draft(version, by=by, now=now),
        _l("The draft is put aside. Its text can still be read and drawn from."),
        _l("The draft is put aside; its number is not used again."),
        is_danger=True,
    ),
}  # fmt: skip
"""By verb, in the order of the page."""


def acts_for(version: ProcessVersion, by: Actor) -> dict[str, VersionAct]:
    """The acts the person may perform on a version in its present state."""
    if drafts.is_discarded(version):
        return {}
    return {
        verb: act
        for verb, act in ACTS.items()
        if version.state in act.states and any(may_in_scope(by, action, version.centre_id) for action in act.who)
    }
