"""The timeline of a case as staff read it: who did what when, told to each audience in what it may know (rules.md, section 2)."""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from casework.db import db
from casework.due_reasons import moves_of
from casework.models import Account, Agency, Case, Event
from casework.permissions import Actor, Sight, Viewer, sees, viewers
from casework.said import Audience, Known, Said
from casework.staff_sentences import SENTENCES_OF_THE_WAY
from casework.staff_sentences_beside import SENTENCES_BESIDE
from casework.staff_sentences_process import SENTENCES_OF_THE_PROCESS
from casework.told_steps import Step, with_moves
from casework.words import Bilingual

MOST_STEPS = 200
"""Steps shown, the newest: a case that was merged and reopened has about sixty."""

REPORTER = Bilingual("Người phản ánh", "The reporter")
SYSTEM_NAME = Bilingual("Hệ thống", "The system")
REPORTERS_ACTS = frozenset({"file_report", "rate", "object_to_refusal", "answer_question", "withdraw_report", "write_to_centre"})
"""What a guest with the tracking secret does without an account."""

SENTENCES = SENTENCES_OF_THE_WAY | SENTENCES_BESIDE | SENTENCES_OF_THE_PROCESS


def audience_of(actor: Actor, case: Case) -> Audience | None:
    """Return how much of the history a person may know; None when they may know none."""
    if not sees(actor, Sight.PROCESS, case):
        return None
    seen = viewers(actor, case)
    if seen & {Viewer.OPERATOR, Viewer.OPS_LEAD}:
        return Audience.CENTRE
    if Viewer.COMMITTEE_LEADER in seen:
        return Audience.COMMITTEE
    return Audience.AGENCY if Viewer.AGENCY in seen else Audience.PROCESS


def staff_steps(case: Case, *, by: Actor) -> list[Step]:
    """The newest MOST_STEPS steps of a case for a member of staff, newest first; empty when they may know none."""
    audience = audience_of(by, case)
    if audience is None:
        return []
    query = select(Event).where(Event.case_id == case.id).options(joinedload(Event.actor)).order_by(Event.seq.desc()).limit(MOST_STEPS)
    events = list(db.session.scalars(query))
    known = Known(_agency_names(case), audience)
    principals = _names_of({event.on_behalf_of_id for event in events if event.on_behalf_of_id is not None})
    steps = []
    for event in events:
        said = _said(event, known)
        if said is not None:
            steps.append(Step(said.words, event.at, said.is_main, _who(event, principals)))
    return with_moves(steps, moves_of(case))


def _said(event: Event, known: Known) -> Said | None:
    if event.payload is None:
        return Said(Bilingual("Nội dung sự kiện đã được xóa theo quy định", "What happened here has been erased as the rules demand"))
    tell = SENTENCES.get(event.type)
    return tell(event.payload, known) if tell else Said(Bilingual(f"Sự kiện “{event.type}”", f"Event “{event.type}”"))


def _who(event: Event, principals: Mapping[int, str]) -> Bilingual:
    actor = event.actor
    if actor is None:
        return REPORTER if event.type in REPORTERS_ACTS else SYSTEM_NAME
    if actor.full_name is None:
        return REPORTER
    principal = principals.get(event.on_behalf_of_id or 0)
    if principal is None:
        return Bilingual(actor.full_name, actor.full_name)
    return Bilingual(f"{actor.full_name}, thay {principal}", f"{actor.full_name} for {principal}")


def _agency_names(case: Case) -> dict[str, Bilingual]:
    query = select(Agency).where(Agency.centre_id == case.centre_id)
    return {agency.key: agency.short_name for agency in db.session.scalars(query)}


def _names_of(account_ids: set[int]) -> dict[int, str]:
    if not account_ids:
        return {}
    rows = db.session.execute(select(Account.id, Account.full_name).where(Account.id.in_(account_ids)))
    return {account_id: name for account_id, name in rows if name is not None}
