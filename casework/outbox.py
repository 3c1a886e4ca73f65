"""Messages written together with the act they are about, sent after the commit.

A row holds a recipient reference, a template and parameters without personal data; names and addresses are looked up when it is sent.
In-page notices (`page`) stay within the installation; other channels are sent by the worker, at least once.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from casework.db import add_only, db, is_unsent, kept_for_step, new_ref
from casework.followers import followers_of, is_known_to_public
from casework.local_time import by_day, local_day
from casework.models import AreaNews, Case, OutboxMessage, Report
from casework.permissions import AGENCY_ROLES, Role, desk_name
from casework.successors import centre_at_work

LETTER = "reminder_letter"
"""The template of one desk's reminders of one morning."""
NEWS = {
    "followed_distributed": "begun", "followed_interim": "interim", "followed_published": "final", "followed_corrected": "corrected",
    "followed_reopened": "reopened",
}  # fmt: skip
"""The public steps told to those who follow an area, too (casework.area_news)."""


def tell_reporters(case: Case, template: str, *, at: datetime, **parameters: Any) -> None:
    """Tell every reporter of the case (not followers), each with the code of their own report."""
    for link in case.reports:
        if link.left_at is None:
            tell_reporter(link.report, template, case=case, at=at, **parameters)


def tell_reporter(report: Report, template: str, *, case: Case, at: datetime, **parameters: Any) -> None:
    """Tell one reporter; nothing is sent to one who cannot be told (camera reports, no contact)."""
    if report.reporter is None or not report.reporter.can_be_told:
        return
    _put(f"reporter:{report.reporter_id}", template, case=case, at=at, parameters={"code": report.code, **parameters})


def tell_followers(case: Case, template: str, *, at: datetime, only: Collection[int] | None = None, **parameters: Any) -> None:
    """Tell the followers of the case of a public step, with the case's code; nothing for cases that are not public.

    The templates of this kind are called followed_…: messages to reporters address them as senders. Followers who are also reporters of
    the case have been told as such. `only` are accounts. Source: rules.md, section 6, "Follow".
    """
    if not is_known_to_public(case):
        return
    if template in NEWS and only is None:
        add_only(AreaNews(case_id=case.id, step=NEWS[template], at=at))
    if "due_at" in parameters:
        # the public knows only the day of a limit
        parameters["due_at"] = by_day(datetime.fromisoformat(parameters["due_at"])).isoformat()
    senders = {link.report.reporter.account_id for link in case.reports if link.left_at is None and link.report.reporter is not None}
    for follower in followers_of(case):
        if follower.account_id not in senders and (only is None or follower.account_id in only):
            _put(f"account:{follower.account_id}", template, case=case, at=at, parameters={"code": case.code, **parameters})


def tell_desk(role: Role, template: str, *, case: Case, at: datetime, agency_id: int | None = None, **parameters: Any) -> None:
    centre_id = None if role in AGENCY_ROLES else centre_at_work(case.centre_id, case.area_id)
    tell_inbox(desk_name(role, centre_id=centre_id, agency_id=agency_id), template, case=case, at=at, **parameters)


def tell_inbox(
    desk: str, template: str, *, case: Case, at: datetime, key: str | None = None, about: str = "", **parameters: Any
) -> None:  # fmt: skip
    """Tell whoever reads the inbox of that name. `key` identifies the message for ever.

    Without it, messages of one step about one thing (`about`) are one, and those of two steps are two, even at the same instant.
    """
    _put(f"desk:{desk}", template, case=case, at=at, parameters={"code": case.code, **parameters}, key=key, about=about)


def tell_account(account_id: int, template: str, *, case: Case, at: datetime, key: str | None = None, **parameters: Any) -> None:
    _put(f"account:{account_id}", template, case=case, at=at, parameters={"code": case.code, **parameters}, key=key)


def tell_agency_of_letter(agency_id: int, template: str, *, letter: str, at: datetime, **parameters: Any) -> None:
    """Tell the leader of an agency of a letter, by its ref; the message belongs to no single case and names none."""
    desk = desk_name(Role.AGENCY_LEADER, agency_id=agency_id)
    message = OutboxMessage(
        recipient=f"desk:{desk}", channel="page", template=template, parameters={"letter": letter, **parameters},
        dedupe_key=f"{template}:{letter}", created_at=at, due_at=at,
    )  # fmt: skip
    db.session.add(message)


def tell_of_data_request(recipient: str, template: str, *, request: str, at: datetime, **parameters: Any) -> None:
    """Tell an inbox, account or reporter of a request about personal data, by its ref; it belongs to no case and names nobody."""
    message = OutboxMessage(
        recipient=recipient, channel="page", template=template, parameters={"request": request, **parameters},
        dedupe_key=f"{template}:{request}:{at.timestamp():.6f}", created_at=at, due_at=at,
    )  # fmt: skip
    db.session.add(message)


def tell_of_breach(recipient: str, template: str, *, breach: str, at: datetime, **parameters: Any) -> None:
    """Tell an affected person of a breach, by its ref and once; it belongs to no case and names nobody."""
    message = OutboxMessage(
        recipient=recipient, channel="page", template=template, parameters={"breach": breach, **parameters},
        dedupe_key=f"{template}:{breach}:{recipient}", created_at=at, due_at=at,
    )  # fmt: skip
    db.session.add(message)


def tell_of_schedule(recipient: str, template: str, *, at: datetime, key: str, **parameters: Any) -> None:
    """Tell a desk or account what a schedule made, or could not make; it belongs to no case. A message with the same key is not repeated.
    """
    if db.session.scalar(select(OutboxMessage.id).where(OutboxMessage.dedupe_key == key)) is None:
        message = OutboxMessage(
            recipient=recipient, channel="page", template=template, parameters=parameters, dedupe_key=key, created_at=at, due_at=at
        )
        db.session.add(message)


def tell_of_sign_in(account_id: int, template: str, *, at: datetime, key: str, **parameters: Any) -> None:
    """Tell a member of staff of a change to their sign-in; it belongs to no case. `key` identifies the change."""
    message = OutboxMessage(
        recipient=f"account:{account_id}", channel="page", template=template, parameters=parameters,
        dedupe_key=f"{template}:{account_id}:{key}", created_at=at, due_at=at,
    )  # fmt: skip
    db.session.add(message)


def tell_of_deputyship(recipient: str, template: str, *, at: datetime, **parameters: Any) -> None:
    """Tell an account or desk of a deputyship; it belongs to no case and names nobody."""
    message = OutboxMessage(
        recipient=recipient, channel="page", template=template, parameters=parameters,
        dedupe_key=f"{template}:{new_ref()}", created_at=at, due_at=at,
    )  # fmt: skip
    db.session.add(message)


def tell_of_account(account_id: int, template: str, *, at: datetime, **parameters: Any) -> None:
    """Tell citizens about their account; it belongs to no case."""
    message = OutboxMessage(
        recipient=f"account:{account_id}", channel="page", template=template, parameters=parameters,
        dedupe_key=f"{template}:{account_id}:{at.timestamp():.6f}", created_at=at, due_at=at,
    )  # fmt: skip
    db.session.add(message)


def add_to_letter(desk: str, case: Case, *, at: datetime, due: datetime) -> None:
    """Add a case to the letter an inbox gets on the local day of `due`, beginning it if there is none.

    Parallel workers may begin the same letter: the second waits for the first and adds to it. Adding to several letters in one unit of
    work is done in the order of their desks, to avoid deadlocks.
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
    # a letter emptied because its cases left the system is begun again
    letter.dropped_at = None
    if case.code not in codes:
        letter.parameters = {"codes": [*codes, case.code]}


def _put(
    recipient: str, template: str, *, case: Case, at: datetime, parameters: dict[str, Any], key: str | None = None, about: str = ""
) -> None:  # fmt: skip
    """Write a message; one the same step has already written to the recipient is replaced by the newest."""
    kept, same = kept_for_step(), ("told", key or (template, about, case.id, recipient, at))
    earlier: OutboxMessage | None = kept.get(same)
    if earlier is not None:
        if is_unsent(earlier):
            earlier.parameters = parameters
        else:
            db.session.execute(_RETOLD, {"key": earlier.dedupe_key, "newest": parameters})
        return
    message = kept[same] = OutboxMessage(
        recipient=recipient,
        channel="page",
        template=template,
        parameters=parameters,
        case_id=case.id,
        # two timers of one case can be due in one run of the worker, which has a single instant
        dedupe_key=key or f"{template}:{case.id}:{new_ref()}",
        created_at=at,
        due_at=at,
    )
    add_only(message)


_MESSAGE: Any = OutboxMessage.__table__
_RETOLD = update(_MESSAGE).where(_MESSAGE.c.dedupe_key == bindparam("key")).values(parameters=bindparam("newest"))
