"""Watches what each route writes: what gives or moves roles is done in one's own role alone, whoever adds a route (rules.md, section 1).

Listens in every test that drives a page, so that what is tried anywhere is looked at here.
"""

from __future__ import annotations

import re
from typing import Any

from flask import current_app, has_request_context, request
from sqlalchemy import event
from sqlalchemy.engine import Engine

from casework.permissions import ANYONE, OWN_ROLE_ALONE, Action

WRITES = re.compile(r'(?:INSERT INTO|UPDATE|DELETE FROM) "?(membership|deputy|agency|centre)"?\b')
NOT_A_ROLE = frozenset({("UPDATE", "centre")})
"""What a centre says of itself, its name and telephone, is no role of anybody."""

PASSWORD = re.compile(r'(?:INSERT INTO "?account"?\b|UPDATE "?account"? SET .*\b(?:password_hash|disabled_at|login)\b)')
OF_A_CITIZEN = re.compile(r'UPDATE "?account"? SET .*\bsealed_identity\b')
"""An account that is erased: only citizens' have a sealed identity, and they hold no role."""
found: set[Action] = set()
"""The actions of staff whose routes were seen to write roles."""


class GivesRoles(AssertionError):
    """A route gives or moves roles, and a deputy may do it in a principal's place."""


def writes_roles(statement: str) -> bool:
    """Whether a statement writes who holds which role where, or what opens the account of somebody."""
    match = WRITES.match(statement)
    if match is not None:
        return (statement.partition(" ")[0], match[1]) not in NOT_A_ROLE
    return PASSWORD.match(statement) is not None and OF_A_CITIZEN.match(statement) is None


@event.listens_for(Engine, "before_cursor_execute")
def _note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
    if statement[:6] not in ("INSERT", "UPDATE", "DELETE") or not has_request_context() or not writes_roles(statement):
        return
    action = getattr(current_app.view_functions.get(request.endpoint or ""), "action", None)
    # what is open to anyone is done to one's own account: signing in, one's own password, an account of a citizen
    if action is None or action.roles == ANYONE:
        return
    found.add(action)
    if action not in OWN_ROLE_ALONE:
        raise GivesRoles(f"{request.method} {request.url_rule} gives or moves roles, and {action} is not in OWN_ROLE_ALONE: {statement}")
