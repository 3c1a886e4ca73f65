"""Messages written together with the act they tell of, sent after the commit.

A row holds a recipient reference, a template and parameters without personal data; names and addresses are looked up when
it is sent. In-page notices (`page`) never leave the house; other channels are sent by the worker, at least once.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from casework.db import db, kept_for_step, new_ref
from casework.followers import followers_of, is_known_to_public
from casework.local_time import by_day, local_day
from casework.models import Case, OutboxMessage, Report
from casework.permissions import AGENCY_ROLES, Role, desk_name
from casework.successors import centre_at_work

LETTER = "reminder_letter"
"""The template of what one desk is reminded of in one morning."""


def tell_reporters(case: Case, template: str, *, at: datetime, **parameters: Any) -> None:
    """Tell every reporter of the case (not followers), each with the code of their own report."""
    for link in case.reports:
        if link.left_at is None:
            tell_reporter(link.report, template, case=case, at=at, **parameters)


def tell_reporter(report: Report, template: str, *, case: Case, at: datetime, **parameters: Any) -> None:
    """Tell one reporter; who cannot be told gets nothing (camera reports, no contact)."""
    if report.reporter is None or not report.reporter.can_be_told:
        return
    _put(f"reporter:{report.reporter_id}", template, case=case, at=at, parameters={"code": report.code, **parameters})


def tell_followers(case: Case, template: str, *, at: datetime, only: Collection[int] | None = None, **parameters: Any) -> None:
    """Tell whoever follows the case of a step the public may know of, with the case's code; nobody of any other case.

    The templates of this kind are called followed_…: what reporters are told speaks to them as senders. Who is a reporter
    of the case as well has been told as one. `only` are accounts. Source: rules.md, section 6, "Follow".
    """
    if not is_known_to_public(case):
        return
    if "due_at" in parameters:
        # of a limit the public knows the day alone
        parameters["due_at"] = by_day(datetime.fromisoformat(parameters["due_at"])).isoformat()
    senders = {link.report.reporter.account_id for link in case.reports if link.left_at is None and link.report.reporter is not None}
    for follower in followers_of(case):
        if follower.account_id not in senders and (only is None or follower.account_id in only):
            _put(f"account:{follower.account_id}", template, case=case, at=at, parameters={"code": case.code, **parameters})


def tell_desk(role: Role, template: str, *, case: Case, at: datetime, agency_id: int | None = None, **parameters: Any) -> None:
    """Tell whoever reads an inbox."""
    centre_id = None if role in AGENCY_ROLES else centre_at_work(case.centre_id, case.area_id)
    tell_inbox(desk_name(role, centre_id=centre_id, agency_id=agency_id), template, case=case, at=at, **parameters)


def tell_inbox(
    desk: str, template: str, *, case: Case, at: datetime, key: str | None = None, about: str = "", **parameters: Any
) -> None:  # fmt: skip
    """Tell whoever reads the inbox of that name. `key` says what makes the message one and the same for ever.

    Without it, what one step says twice of one thing (`about`) is one message, and what two steps say are two, even at one instant.
    """
    _put(f"desk:{desk}", template, case=case, at=at, parameters={"code": case.code, **parameters}, key=key, about=about)


def tell_account(account_id: int, template: str, *, case: Case, at: datetime, key: str | None = None, **parameters: Any) -> None:
    """Tell one member of staff."""
    _put(f"account:{account_id}", template, case=case, at=at, parameters={"code": case.code, **parameters}, key=key)


def tell_agency_of_letter(agency_id: int, template: str, *, letter: str, at: datetime, **parameters: Any) -> None:
    """Tell the leader of an agency of a letter, by its ref; such a message belongs to no single case and names none."""
    desk = desk_name(Role.AGENCY_LEADER, agency_id=agency_id)
    message = OutboxMessage(
        recipient=f"desk:{desk}", channel="page", template=template, parameters={"letter": letter, **parameters},
        dedupe_key=f"{template}:{letter}", created_at=at, due_at=at,
    )  # fmt: skip
    db.session.add(message)


def tell_of_data_request(recipient: str, template: str, *, request: str, at: datetime, **parameters: Any) -> None:
    """Tell an inbox, an account or a reporter of a request about personal data, by its ref; it belongs to no case and names nobody."""
    message = OutboxMessage(
        recipient=recipient, channel="page", template=template, parameters={"request": request, **parameters},
        dedupe_key=f"{template}:{request}:{at.timestamp():.6f}", created_at=at, due_at=at,
    )  # fmt: skip
    db.session.add(message)


def tell_of_breach(recipient: str, template: str, *, breach: str, at: datetime, **parameters: Any) -> None:
    """Tell somebody of a breach that affects them, by its ref and once; it belongs to no case and names nobody."""
    message = OutboxMessage(
        recipient=recipient, channel="page", template=template, parameters={"breach": breach, **parameters},
        dedupe_key=f"{template}:{breach}:{recipient}", created_at=at, due_at=at,
    )  # fmt: skip
    db.session.add(message)


def tell_of_schedule(recipient: str, template: str, *, at: datetime, key: str, **parameters: Any) -> None:
    """Tell a desk or an account of what a schedule made, or could not make; it belongs to no case. What was told under that key is not
    told twice."""
    if db.session.scalar(select(OutboxMessage.id).where(OutboxMessage.dedupe_key == key)) is None:
        message = OutboxMessage(
            recipient=recipient, channel="page", template=template, parameters=parameters, dedupe_key=key, created_at=at, due_at=at
        )
        db.session.add(message)


def tell_of_sign_in(account_id: int, template: str, *, at: datetime, key: str, **parameters: Any) -> None:
    """Tell a member of staff that how they sign in has changed; it belongs to no case. `key` says which change."""
    message = OutboxMessage(
        recipient=f"account:{account_id}", channel="page", template=template, parameters=parameters,
        dedupe_key=f"{template}:{account_id}:{key}", created_at=at, due_at=at,
    )  # fmt: skip
    db.session.add(message)


def tell_of_deputyship(recipient: str, template: str, *, at: datetime, **parameters: Any) -> None:
    """Tell an account or a desk of who stands in for whom; it belongs to no case and names nobody."""
    message = OutboxMessage(
        recipient=recipient, channel="page", template=template, parameters=parameters,
        dedupe_key=f"{template}:{new_ref()}", created_at=at, due_at=at,
    )  # fmt: skip
    db.session.add(message)


def tell_of_account(account_id: int, template: str, *, at: datetime, **parameters: Any) -> None:
    """Tell a citizen of their account; it belongs to no case."""
    message = OutboxMessage(
        recipient=f"account:{account_id}", channel="page", template=template, parameters=parameters,
        dedupe_key=f"{template}:{account_id}:{at.timestamp():.6f}", created_at=at, due_at=at,
    )  # fmt: skip
    db.session.add(message)


def add_to_letter(desk: str, case: Case, *, at: datetime, due: datetime) -> None:
    """Put a case into the letter an inbox gets on the local day of `due`; it is begun if there is none yet.

    Workers beside each other may begin the same letter: the second waits for the first and adds to it. Whoever adds to
    several letters in one unit of work takes them in the order of their desks, so that nobody waits in a circle.
    """
    key = f"letter:{desk}:{local_day(due).isoformat()}"
    on_sqlite = db.session.get_bind().dialect.name == "sqlite"
    insert = sqlite.insert if on_sqlite else postgresql.insert
    begun = insert(OutboxMessage).values(
        recipient=f"desk:{desk}", channel="page", template=LETTER, parameters={"codes": []}, dedupe_key=key, created_at=at, due_at=due
    )
    db.session.execute(begun.on_conflict_do_nothing(index_elements=[OutboxMessage.dedupe_key]))
    query = select(OutboxMessage).where(OutboxMessage.dedupe_key == key).execution_options(populate_existing=True)
    letter = db.session.scalars(query if on_sqlite else query.with_for_update()).one()
    codes = letter.parameters.get("codes", [])
    # a letter that was emptied because its cases left the system is begun again
    letter.dropped_at = None
    if case.code not in codes:
        letter.parameters = {"codes": [*codes, case.code]}


def _put(
    recipient: str, template: str, *, case: Case, at: datetime, parameters: dict[str, Any], key: str | None = None, about: str = ""
) -> None:  # fmt: skip
    """Write a message; one that the same step has written to the same recipient already is kept, with what was said last."""
    kept, same = kept_for_step(), ("told", key or (template, about, case.id, recipient, at))
    earlier: OutboxMessage | None = kept.get(same)
    if earlier is not None:
        earlier.parameters = parameters
        return
    message = kept[same] = OutboxMessage(
        recipient=recipient,
        channel="page",
        template=template,
        parameters=parameters,
        case_id=case.id,
        # of one case two timers can be due in one round of the worker, which has one instant for all
        dedupe_key=key or f"{template}:{case.id}:{new_ref()}",
        created_at=at,
        due_at=at,
    )
    db.session.add(message)
