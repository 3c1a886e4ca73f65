"""Marks of accounts: digests in the event log that reveal a password, role or deputy changed behind the program's back.

Whoever writes to the database directly leaves the newest mark of the account unchanged, and `langbiang verify` compares the two. A mark
is three digests: of the stored password hash and whether the account is closed, of every role, and of everybody who ever acts for the
person; of a service account also of its keys and scopes. It is written to the account's own stream after the event of the change, in the
same unit of work.

Accounts older than the marks have none, which is no fault; the first `langbiang migrate` marks all staff (`begin_marks`), and from then
on staff without a mark were added behind the program's back.
"""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import String, cast, select

from casework.bilingual import Bilingual
from casework.db import db, kept_for_step
from casework.events import append, empty_payloads
from casework.findings import Finding, fault
from casework.models import Account, Deputy, Event, EventStream, Membership, ServiceAccount, ServiceKey
from casework.permissions import SYSTEM, Actor

MARKED, BEGUN = "mark_account", "begin_marks"
STREAM = "account_marks"
TOGETHER = 500
"""Accounts compared by one query."""

WITH_ROLES = ("staff", "service")

Mark = dict[str, str]

PARTS = {
    "sign_in": Bilingual("mật khẩu hoặc việc khóa tài khoản", "password, or whether it is closed,"),
    "roles": Bilingual("vai trò", "roles"),
    "deputies": Bilingual("người thay", "deputies"),
    "keys": Bilingual("khóa hoặc việc được làm", "keys or scopes"),
}
"""The parts of a mark, by the names findings use."""


def mark_accounts(account_ids: Collection[int], *, by: Actor, at: datetime) -> None:
    """Record `mark_account` for each of the accounts whose password, roles or deputies changed.

    The change itself has been recorded before, in the stream of the rules: whoever waits for that stream then reads what others have
    committed.
    """
    db.session.flush()
    for ids in _in_parts(sorted(account_ids)):
        accounts = db.session.execute(_ACCOUNTS.where(Account.id.in_(ids))).all()
        present, known = _marks_of(accounts), _newest([account.ref for account in accounts])
        for account in accounts:
            if known.get(account.ref) != present[account.ref]:
                append(_stream(account.ref), MARKED, by=by, at=at, payload=dict(present[account.ref]))


def mark_account(account: Account, *, by: Actor, at: datetime) -> None:
    """Mark one account; inside `marked_together`, when that block ends."""
    together: list[Account] | None = kept_for_step().get(marked_together)
    if together is not None:
        together.append(account)
        return
    db.session.flush()
    mark_accounts([account.id], by=by, at=at)


@contextmanager
def marked_together(*, by: Actor, at: datetime) -> Iterator[None]:
    """Mark each account changed in the block once, for units of work that change thousands."""
    changed = kept_for_step().setdefault(marked_together, list[Account]())
    yield
    del kept_for_step()[marked_together]
    db.session.flush()
    mark_accounts({account.id for account in changed}, by=by, at=at)


def begin_marks(*, now: datetime) -> None:
    """Give every member of staff a mark, once for an installation. Records `begin_marks`."""
    if db.session.get(EventStream, STREAM) is None:
        mark_accounts(db.session.scalars(select(Account.id).where(Account.kind == "staff")).all(), by=SYSTEM, at=now)
        append(STREAM, BEGUN, by=SYSTEM, at=now, payload={})


def erase_marks(account: Account) -> None:
    """Empty the marks of an account whose owner is erased."""
    empty_payloads(Event.stream == _stream(account.ref))


def check_account_marks() -> Iterator[Finding]:
    """Compare every account with its newest mark; to be called inside `one_moment`."""
    all_marked, after = db.session.get(EventStream, STREAM) is not None, 0
    wanted = _ACCOUNTS.where(Account.kind.in_(WITH_ROLES) | Account.password_hash.is_not(None)).limit(TOGETHER)
    while accounts := db.session.execute(wanted.where(Account.id > after)).all():
        present, known = _marks_of(accounts), _newest([account.ref for account in accounts])
        for account in accounts:
            yield from _check(account, present[account.ref], known, all_marked=all_marked)
        after = accounts[-1].id


def _check(account: Any, present: Mark, known: dict[str, Mark | None], *, all_marked: bool) -> Iterator[Finding]:
    name = account.login or account.ref
    if account.ref not in known:
        if all_marked and account.kind in WITH_ROLES:
            yield fault(
                "account.unmarked", name,
                f"Tài khoản {name} không được tạo bằng chương trình: không có sự kiện nào về tài khoản này.",
                f"The account {name} was not added by the program: no event holds it.",
            )  # fmt: skip
        return
    mark = known[account.ref] or {}
    for part, words in PARTS.items():
        if part in mark and mark[part] != present.get(part):
            yield fault(
                f"account.{part}", name,
                f"Tài khoản {name}: {words.vi} đã bị đổi ngoài chương trình, không khớp với sự kiện gần nhất.",
                f"The account {name}: its {words.en} changed past the program and differ from the newest event.",
            )  # fmt: skip


def _marks_of(accounts: Sequence[Any]) -> dict[str, Mark]:
    """The marks of accounts as they are now, by ref; for citizens only how they sign in."""
    staff = {account.id: account.ref for account in accounts if account.kind in WITH_ROLES}
    held: dict[str, dict[str, list[Any]]] = {ref: {"roles": [], "deputies": []} for ref in staff.values()}
    for row in db.session.execute(_ROLES.where(Membership.account_id.in_(staff))):
        held[staff[row.account_id]]["roles"].append([row.role, row.centre_id, row.agency_id, row.is_focal, row.valid_from, row.valid_to])
    for stands_in in db.session.execute(_DEPUTIES.where(Deputy.principal_id.in_(staff))):
        times = [stands_in.starts_at.astimezone(UTC), stands_in.ends_at.astimezone(UTC)]
        held[staff[stands_in.principal_id]]["deputies"].append([stands_in.deputy_id, *times])
    for id_, rows in _keys_of([account.id for account in accounts if account.kind == "service"]).items():
        held[staff[id_]]["keys"] = rows
    marks = {ref: {part: _digest(sorted(map(_written, rows))) for part, rows in parts.items()} for ref, parts in held.items()}
    return {
        account.ref: {"sign_in": _digest([account.password_hash, account.disabled_at is not None]), **marks.get(account.ref, {})}
        for account in accounts
    }


def _keys_of(ids: Sequence[int]) -> dict[int, list[Any]]:
    """What lets a program in: the scopes and place of its account, whose identities it names if any, and each key with its end."""
    if not ids:
        return {}
    opens = select(ServiceAccount.account_id, ServiceAccount.scopes, ServiceAccount.centre_id, ServiceAccount.agency_id)
    named = db.session.execute(opens.add_columns(ServiceAccount.provider).where(ServiceAccount.account_id.in_(ids)))
    found: dict[int, list[Any]] = {row[0]: [list(row[1:] if row[4] else row[1:4])] for row in named}
    keys = select(ServiceKey.account_id, ServiceKey.public, ServiceKey.digest, ServiceKey.expires_at, ServiceKey.revoked_at)
    for id_, public, digest, expires_at, revoked_at in db.session.execute(keys.where(ServiceKey.account_id.in_(ids))):
        found[id_].append([public, digest, expires_at.astimezone(UTC), revoked_at is not None])
    return found


_ACCOUNTS = select(Account.id, Account.ref, Account.kind, Account.login, Account.password_hash, Account.disabled_at).order_by(Account.id)
_ROLES = select(
    Membership.account_id, Membership.role, Membership.centre_id, Membership.agency_id, Membership.is_focal, Membership.valid_from,
    Membership.valid_to,
)  # fmt: skip
_DEPUTIES = select(Deputy.principal_id, Deputy.deputy_id, Deputy.starts_at, Deputy.ends_at)


def _newest(refs: Collection[str]) -> dict[str, Mark | None]:
    """The newest marks by ref; None for one that was erased or damaged, which is a finding of its own."""
    streams = {_stream(ref): ref for ref in refs}
    heads = select(EventStream.stream, cast(Event.payload, String).label("payload")).where(EventStream.stream.in_(streams))
    heads = heads.outerjoin(Event, (Event.stream == EventStream.stream) & (Event.seq == EventStream.seq))
    return {streams[row.stream]: _read(row.payload) for row in db.session.execute(heads)}


def _read(payload: str | None) -> Mark | None:
    try:
        mark = orjson.loads(payload or "null")
    except ValueError:
        return None
    return mark if isinstance(mark, dict) else None


def _written(row: list[Any]) -> str:
    return orjson.dumps(row).decode()


def _digest(parts: Any) -> str:
    """Digest part of a mark. The stored password hash is salted, so nothing can be guessed from the digest."""
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()


def _in_parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + TOGETHER] for start in range(0, len(ids), TOGETHER))


def _stream(ref: str) -> str:
    return f"{STREAM}:{ref}"
