"""What was recorded in a case after an act on it was pressed: whether it changes what the act decided upon."""

from sqlalchemy import select

from casework.db import db
from casework.events import case_stream
from casework.models import Assignment, Case, Event, EventStream, HeldAct

ASIDE = frozenset({
    "write_note", "progress_note", "finish_directive", "remind", "remind_all", "print_case_file", "fetch_output", "export_identity",
    "reveal_identity", "open_link", "send_link", "revoke_link",
})  # fmt: skip
"""Events that leave an act standing: words among colleagues, reminders, papers, looks, and links to bodies outside move no state, answer or
limit and change nothing the public or a sender reads. Whatever is not named here brings an act back."""

OF_ONE_AGENCY = frozenset({
    "accept_assignment", "submit_answer", "redo_answer", "approve_answer", "request_extension", "endorse_extension", "hand_back",
    "answer_link", "take_up_answer",
})  # fmt: skip
"""Events of one agency's own work, named in the payload: they are nothing to the approval of another agency's answer. Of the answer of a
body the case was referred to the payload names none, so that it brings every act back."""


def has_changed_since(case: Case, held: HeldAct) -> bool:
    """Whether something happened in a locked case, after the press, that the act has to be thought over for."""
    newest = db.session.scalars(select(EventStream.changed_at).where(EventStream.stream == case_stream(case))).one()
    if newest <= held.pressed_at:
        return False
    query = select(Event.type, Event.payload).where(Event.case_id == case.id, Event.at > held.pressed_at)
    since = [row for row in db.session.execute(query) if row.type not in ASIDE]
    if not since or held.assignment_id is None:
        return bool(since)
    own = db.session.get_one(Assignment, held.assignment_id).agency.key
    return any(row.type not in OF_ONE_AGENCY or (row.payload or {}).get("agency", own) == own for row in since)
