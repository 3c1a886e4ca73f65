"""Gaps in an installation's settings that would stop work or cause wrong counts or messages: days off, people, boundaries."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from casework.bilingual import Bilingual
from casework.db import db
from casework.local_time import local_day
from casework.models import Account, Agency, Area, CalendarDay, Centre, Membership, TextTemplate
from casework.permissions import Role
from casework.setting_values import value_of
from casework.settings.watchers import meetings, unconfirmed

NEXT_YEAR_FROM = 11
"""From November on the next year's days off should be entered, because limits reach into it."""
OF_A_CENTRE = (Role.OPERATOR, Role.OPS_LEAD, Role.COMMITTEE_LEADER)
OF_ALL = (Role.ADMINISTRATOR, Role.PROCESS_APPROVER, Role.CONFIDENTIAL_READER)
"""Roles that have to be held, in the centre itself or for all."""
MOST = 500
PAPER_OF_OLD = "iấy tiếp nhận"
"""Called "Giấy biên nhận" since 0.9.2; without its first letter, which may be a capital."""


@dataclass(frozen=True, slots=True)
class Gaps:
    """The gaps. Agencies are those in force without a leader or without an officer.

    `meeting` are people, by login, with roles that watch each other; `unconfirmed` are deputies of confidential readers.
    """

    years_without_days_off: tuple[int, ...] = ()
    roles: tuple[tuple[Role, Bilingual | None], ...] = ()
    agencies: tuple[Bilingual, ...] = ()
    centres_without_boundary: tuple[Bilingual, ...] = ()
    meeting: tuple[tuple[str, tuple[Role, ...]], ...] = ()
    unconfirmed: tuple[str, ...] = ()
    centres_without_address: tuple[Bilingual, ...] = ()
    texts_of_old: tuple[str, ...] = ()
    """Keys of customised messages that still call the receipt by the word for acceptance (rules.md, section 7)."""


def gaps(now: datetime) -> Gaps:
    """All gaps of today, in a few queries whatever the number of cases."""
    today = local_day(now)
    centres = list(db.session.scalars(select(Centre).where(_holds(Centre, today)).order_by(Centre.id).limit(MOST)))
    held = _held(today)
    return Gaps(
        _years(today), tuple(_roles(centres, held)), tuple(_agencies(today, held)), tuple(_without_boundary(centres, today)),
        tuple((login, tuple(sorted(roles))) for login, roles in meetings(now)), tuple(unconfirmed(now)),
        tuple(centre.name for centre in centres if not value_of("controller_address", centre.id)), tuple(_texts_of_old(today)),
    )  # fmt: skip


def _holds(row: type[Centre] | type[Agency] | type[Area] | type[Membership] | type[TextTemplate], today: date) -> ColumnElement[bool]:
    return and_(row.valid_from <= today, or_(row.valid_to.is_(None), row.valid_to > today))


def _years(today: date) -> tuple[int, ...]:
    wanted = [today.year, today.year + 1] if today.month >= NEXT_YEAR_FROM else [today.year]
    return tuple(year for year in wanted if not _has_days_off(year))


def _has_days_off(year: int) -> bool:
    is_off = exists().where(CalendarDay.kind == "off", CalendarDay.day >= date(year, 1, 1), CalendarDay.day <= date(year, 12, 31))
    return bool(db.session.scalar(select(is_off)))


def _held(today: date) -> dict[str, set[tuple[int | None, int | None]]]:
    """Where each role is held, by centre and agency."""
    query = select(Membership.role, Membership.centre_id, Membership.agency_id).join(Membership.account)
    found: dict[str, set[tuple[int | None, int | None]]] = defaultdict(set)
    query = query.where(_holds(Membership, today), Account.kind == "staff", Account.disabled_at.is_(None))
    for role, centre_id, agency_id in db.session.execute(query.distinct()):
        found[role].add((centre_id, agency_id))
    return found


def _roles(centres: list[Centre], held: dict[str, set[tuple[int | None, int | None]]]) -> list[tuple[Role, Bilingual | None]]:
    missing: list[tuple[Role, Bilingual | None]] = [(role, None) for role in OF_ALL if not held.get(role)]
    for centre in centres:
        missing += [(role, centre.name) for role in OF_A_CENTRE if not {(centre.id, None), (None, None)} & held.get(role, set())]
    return missing


def _agencies(today: date, held: dict[str, set[tuple[int | None, int | None]]]) -> list[Bilingual]:
    led, staffed = ({agency_id for _, agency_id in held.get(role, set())} for role in (Role.AGENCY_LEADER, Role.OFFICER))
    rows = db.session.scalars(select(Agency).where(_holds(Agency, today)).order_by(Agency.folded_name).limit(MOST))
    return [row.short_name for row in rows if row.id not in led or row.id not in staffed]


def _without_boundary(centres: list[Centre], today: date) -> list[Bilingual]:
    # every shape has a box, and the shapes themselves are large
    bounded = set(db.session.scalars(select(Area.centre_id).where(_holds(Area, today), Area.south.is_not(None)).distinct()))
    return [centre.name for centre in centres if centre.id not in bounded]


def _texts_of_old(today: date) -> list[str]:
    words = (TextTemplate.subject_vi, TextTemplate.body_vi, func.coalesce(TextTemplate.short_vi, ""))
    query = select(TextTemplate.key).where(_holds(TextTemplate, today), or_(*(column.contains(PAPER_OF_OLD) for column in words)))
    return list(db.session.scalars(query.distinct().order_by(TextTemplate.key).limit(MOST)))
