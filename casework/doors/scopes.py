"""What a service account may be given: a part of the verbs of people, and never a verdict.

Verdicts (approving, deciding, publishing, refusing, merging, quarantine, clearing words), identities, settings and the studio are people's.
"""

from collections.abc import Collection, Iterable

from casework.doors.gates import Door
from casework.permissions import Action, Role

OF_AGENCY = (
    Action.READ_CASE, Action.SEARCH_CASES, Action.READ_INBOX, Action.ACCEPT_ASSIGNMENT, Action.PROGRESS_NOTE, Action.REQUEST_EXTENSION,
    Action.SUBMIT_ANSWER, Action.HAND_BACK, Action.READ_LETTERS, Action.READ_STATISTICS, Action.EXPORT_LIST,
)  # fmt: skip
"""What an account of an agency may be given, in the order of pages."""
OF_CENTRE = (
    Action.FILE_REPORT, Action.TAKE_REPORT, Action.READ_CASE, Action.SEARCH_CASES, Action.WRITE_NOTE, Action.READ_LETTERS,
    Action.READ_STATISTICS, Action.EXPORT_LIST, Action.MANAGE_PEOPLE,
)  # fmt: skip
"""What an account of a centre may be given."""
AT_ONE_DOOR = {Action.MANAGE_PEOPLE: Door.SCIM}
"""Scopes that open something at one door alone. No role of a service account goes with them: that door asks for the scope."""
IN_A_NAME = frozenset(
    {Action.ACCEPT_ASSIGNMENT, Action.PROGRESS_NOTE, Action.REQUEST_EXTENSION, Action.SUBMIT_ANSWER, Action.HAND_BACK}
)  # fmt: skip
"""Acts the rules ascribe to an officer, which name the person in whose name they are done (behalf.py)."""
BY_AGREEMENT = frozenset({Action.FILE_REPORT})
"""Scopes for which the number and day of an agreement are kept: under it the operator collects what people consent to."""

CENTRE_ROLES_HELD = frozenset({Role.OPERATOR})
AGENCY_ROLES_HELD = frozenset({Role.OFFICER, Role.AGENCY_LEADER})
"""The roles a service account may act by; any other that stands in its rows counts for nothing."""


def grantable(*, is_of_agency: bool) -> tuple[Action, ...]:
    return OF_AGENCY if is_of_agency else OF_CENTRE


def roles_for(scopes: Collection[Action], *, is_of_agency: bool) -> frozenset[Role]:
    """The least roles that allow the scopes: of a centre the operator's; of an agency the officer's, and the leader's where only that one
    reads letters or figures."""
    if not is_of_agency:
        return frozenset({Role.OPERATOR} if any(Role.OPERATOR in action.roles for action in scopes) else ())
    officer = {action for action in scopes if Role.OFFICER in action.roles}
    found = {Role.OFFICER} if officer else set()
    return frozenset(found | ({Role.AGENCY_LEADER} if set(scopes) - officer else set()))


def scopes_in(words: Iterable[object], *, is_of_agency: bool) -> frozenset[Action]:
    """The scopes in a row or form, without those that cannot be given: a verb taken off the list opens nothing any more."""
    given = {str(word) for word in words}
    return frozenset(action for action in grantable(is_of_agency=is_of_agency) if str(action) in given)


def at_door(scopes: Iterable[Action], door: Door) -> frozenset[Action]:
    """The scopes that count at a door."""
    return frozenset(action for action in scopes if AT_ONE_DOOR.get(action, door) is door)
