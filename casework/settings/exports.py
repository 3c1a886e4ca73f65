"""People, agencies and areas as tables in the columns of the import: importing an export changes nothing."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import selectinload

from casework.db import db
from casework.local_time import local_day
from casework.models import Account, Agency, Centre, Membership
from casework.permissions import Action, Actor, require
from casework.settings.areas import LEVELS
from casework.settings.importing.area_words import AreaWords
from casework.settings.importing.file_columns import COLUMNS, heading
from casework.settings.scopes import administered_centres, centre_of, is_of, works_in
from casework.settings.seats import EVERYWHERE

MOST_EXPORTED = 20_000


def exported(kind: str, *, by: Actor, now: datetime) -> list[Sequence[Any]]:
    """The headings and every row in force today or later that the administrator administers. No passwords. Raises NotAllowed."""
    require(by, Action.MANAGE_PEOPLE)
    by = by.alone
    columns = COLUMNS[kind]
    rows = {"people": _people, "agencies": _agencies, "areas": _areas}[kind](by, now)
    return [[heading(column) for column in columns], *([row.get(column.key, "") for column in columns] for row in rows)]


def _people(by: Actor, now: datetime) -> Iterator[dict[str, Any]]:
    mine, today = administered_centres(by), local_day(now)
    prefixes = _prefixes()
    query = select(Account).where(works_in(mine), Account.disabled_at.is_(None)).order_by(Account.folded_name, Account.id)
    query = query.options(selectinload(Account.memberships).joinedload(Membership.agency)).limit(MOST_EXPORTED)
    for account in db.session.scalars(query):
        person = {"login": account.login, "full_name": account.full_name, "title_vi": account.title_vi, "title_en": account.title_en,
                  "language": account.language, "email": account.email, "phone": account.phone}  # fmt: skip
        rows = [row for row in account.memberships if row.valid_to is None or row.valid_to > today]
        rows = [row for row in rows if mine is None or centre_of(row) in mine]
        for row in rows:
            yield person | {
                "role": row.role, "centre": prefixes.get(centre_of(row), EVERYWHERE),
                "agency": row.agency.key if row.agency is not None else "",
                "is_focal": row.is_focal, "valid_from": row.valid_from, "valid_to": row.valid_to,
            }  # fmt: skip
        if not rows and mine is None:
            yield person


def _agencies(by: Actor, now: datetime) -> Iterator[dict[str, Any]]:
    mine, today = administered_centres(by), local_day(now)
    prefixes, areas = _prefixes(), AreaWords(by, today)
    query = select(Agency).where(is_of(mine, Agency.centre_id), or_(Agency.valid_to.is_(None), Agency.valid_to > today))
    rows = list(db.session.scalars(query.order_by(Agency.folded_name, Agency.id).limit(MOST_EXPORTED)))
    keys = {row.id: row.key for row in rows}
    for row in rows:
        columns = ("key", "name_vi", "name_en", "short_name_vi", "short_name_en", "phone", "valid_from", "valid_to")
        yield {column: getattr(row, column) for column in columns} | {
            "centre": prefixes[row.centre_id], "parent": keys.get(row.parent_id or 0, ""), "area": areas.word(row.area_id),
        }  # fmt: skip


def _areas(by: Actor, now: datetime) -> Iterator[dict[str, Any]]:
    """Higher levels first, so that parents precede their areas."""
    mine, today = administered_centres(by), local_day(now)
    prefixes, words = _prefixes(), AreaWords(by, today)
    rows = sorted(
        (row for row in words.rows.values() if row.centre_id is not None or mine is None),
        key=lambda row: (LEVELS.index(row.level), row.folded_name, row.id),
    )
    columns = ("level", "official_code", "name_vi", "name_en", "latitude", "longitude", "valid_from", "valid_to")
    for row in rows[:MOST_EXPORTED]:
        yield {column: getattr(row, column) for column in columns} | {
            "id": row.ref, "centre": prefixes.get(row.centre_id, ""), "parent": words.word(row.parent_id),
        }  # fmt: skip


def _prefixes() -> dict[int | None, str]:
    return {centre.id: centre.code_prefix for centre in db.session.scalars(select(Centre))}
