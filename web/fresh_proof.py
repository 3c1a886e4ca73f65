"""Acts that need a recent proof of identity: which they are, and the page that asks before such an act continues."""

from collections.abc import Callable
from datetime import timedelta

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from casework.accounts.second_factors import held_by
from casework.outputs import is_for_a_reason
from casework.permissions import Action
from casework.setting_values import value_of
from web.addresses import this_address
from web.clock import now
from web.sessions import current_session
from web.text_owner import wants_json

FRESH_ACTIONS = frozenset(
    {
        Action.APPOINT_DEPUTY, Action.APPROVE_PROCESS, Action.CHANGE_CALENDAR, Action.CHANGE_SETTINGS, Action.CONFIRM_DEPUTY,
        Action.EXPORT_EVENT_LOG, Action.EXPORT_IDENTITY, Action.HANDLE_BREACH, Action.HAND_OVER, Action.MANAGE_PEOPLE,
        Action.MANAGE_WALLBOARDS, Action.MEND_PROCESS, Action.MOVE_CASES, Action.REORGANISE, Action.REVEAL_IDENTITY,
    }
)  # fmt: skip
"""Somebody at another person's open page must not be able to change rules, give away rights or learn who reported."""

FRESH_FORMS: dict[str, Callable[[], bool]] = {
    "studio.act": lambda: (request.view_args or {}).get("verb") in ("approve_version", "put_live", "roll_back"),
    "outputs.new": lambda: bool(request.form.get("with_identity")) or is_for_a_reason((request.view_args or {}).get("key", "")),
}
"""Forms that need it depending on what is sent."""

ALWAYS_FRESH: dict[str, Callable[[], bool]] = {
    "settings_webhooks.change": lambda: (request.view_args or {}).get("act") == "address",
}
"""Forms like a view that `is_fresh`, depending on what is sent: with another address, what is told goes to somebody else."""

OWN_MINUTES = 30
"""For changes of one's own second factors, where the installation requires no recent proof otherwise."""
OURS = ("again_password", "again_code", "again_answer", "again_way", "csrf_token")
"""Fields added by the page that asks."""


def wants_proof(action: Action, *, always: bool = False) -> bool:
    """Whether the submitted act must wait for a new proof."""
    if request.method != "POST":
        return False
    session = current_session()
    if session is None or session.account.kind != "staff":
        return False
    always = always or ALWAYS_FRESH.get(request.endpoint or "", bool)()
    if not always and action not in FRESH_ACTIONS and not FRESH_FORMS.get(request.endpoint or "", bool)():
        return False
    minutes = int(value_of("fresh_minutes")) or (OWN_MINUTES if always else 0)
    return bool(minutes) and now() - (session.authenticated_at or session.created_at) >= timedelta(minutes=minutes)


def ask_for_proof() -> ResponseReturnValue:
    """Show the page that asks. It keeps what was sent and continues afterwards, except for files, which must be chosen again."""
    if wants_json() or "HX-Request" in request.headers:
        return {"words": _("Please load the page again and confirm that it is you.")}, 403
    return proof_page(this_address(), has_files=any(file.filename for file in request.files.values())), 401


def proof_page(target: str, *, has_files: bool, refusal: str = "") -> str:
    """The page with the submitted fields hidden in it. `target` is the form's own address."""
    session = current_session()
    held = held_by(session.account_id) if session is not None else None
    kept = [] if has_files else [(name, value) for name, value in request.form.items(multi=True) if name not in OURS]
    return render_template(
        "accounts/again.html", target=target, kept=kept, has_files=has_files, refusal=refusal, held=held,
        action=url_for("factors_again.again", to=target, files="yes" if has_files else None),
    )  # fmt: skip
