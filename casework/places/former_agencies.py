"""The successors of agencies that have ended: rules and tables still know them by their old keys (rules.md, section 8)."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.db import db
from casework.local_time import local_day
from casework.models import Agency, AgencySuccession, Case, Event
from casework.places.former_areas import OtherName
from casework.reading.kept_with_rules import kept_with_rules
from casework.reading.rule_rows import AgencyRow
from casework.successors import Followed, heirs_of
from casework.text import index_words

LEAST_WORDS = 2
"""The least number of words that identify a name: a single one ("phòng") is in most names."""
Body = TypeVar("Body", Agency, AgencyRow)
MOST_CALLED = 300
LEFT_OUT = frozenset({"phong", "ban", "so"})
"""First words of names that people leave out when searching: "tài nguyên và môi trường"."""


def agencies_called(words: Sequence[str]) -> set[int]:
    """The present and former agencies whose name or short name begins with these folded words, with all their predecessors and
    successors.

    With fewer than LEAST_WORDS words, only a whole short name counts. One statement, and one more where an agency is meant.
    """
    if not words:
        return set()
    query = select(Agency.id, Agency.name_vi, Agency.short_name_vi)
    query = query.where(*(Agency.folded_name.contains(word) for word in words)).order_by(Agency.id.desc()).limit(MOST_CALLED)
    found = {id_ for id_, *names in db.session.execute(query) if any(_is_called(list(words), index_words(name).split()) for name in names)}
    if not found:
        return found
    before: dict[int, list[int]] = defaultdict(list)
    behind: dict[int, list[int]] = defaultdict(list)
    for one, other in db.session.execute(select(AgencySuccession.predecessor_id, AgencySuccession.successor_id)):
        before[other].append(one)
        behind[one].append(other)
    return _along(before, found) | _along(behind, found)


def _is_called(words: list[str], name: list[str]) -> bool:
    if len(words) < LEAST_WORDS:
        return name == words
    *whole, last = words
    ways = [name, name[1:]] if name and name[0] in LEFT_OUT else [name]
    return any(each[: len(whole)] == whole and len(each) > len(whole) and each[len(whole)].startswith(last) for each in ways)


def _along(ways: Mapping[int, list[int]], ids: Collection[int]) -> set[int]:
    found, ahead = set(ids), list(ids)
    while ahead:
        new = [each for each in ways.get(ahead.pop(), ()) if each not in found]
        found.update(new)
        ahead += new
    return found


def agencies_now(keys: Collection[str], case: Case, there: Collection[Body]) -> dict[str, Body]:
    """Today's agencies by present or former keys: themselves, or else their successors for the place of the case.

    `there` are those of the case's centre today. Of several successors the one of the case's area counts, then one without an area, then
    the only one. A statement where a key is unknown today and there are successors at all.
    """
    today = {agency.key: agency for agency in there}
    found = {key: today[key] for key in keys if key in today}
    missing = [key for key in keys if key not in found]
    if not missing:
        return found
    ways, present = _successors(), {agency.id: agency for agency in there}
    known = select(Agency.id, Agency.key).where(Agency.key.in_(missing)).order_by(Agency.id)
    for former_id, key in db.session.execute(known) if ways else ():
        heirs = _heirs(former_id, ways, present)
        fitting = [heir for heir in heirs if heir.area_id == case.area_id and case.area_id is not None]
        fitting = fitting or [heir for heir in heirs if heir.area_id is None] or (heirs if len(heirs) == 1 else [])
        if fitting:
            found[key] = fitting[0]
    return found


@kept_with_rules
def _successors() -> Mapping[int, Sequence[int]]:
    ways: dict[int, list[int]] = defaultdict(list)
    for before, behind in db.session.execute(select(AgencySuccession.predecessor_id, AgencySuccession.successor_id)):
        ways[before].append(behind)
    return dict(ways)


def names_in_events(payloads: Collection[Mapping[str, Any]]) -> dict[str, Bilingual]:
    """The names agencies of a case had before a reorganisation, by key, taken from its events."""
    found: dict[str, Bilingual] = {}
    for payload in payloads:
        pairs = zip(payload.get("keys") or (), payload.get("moved") or (), strict=False)
        found |= {key: Bilingual(*names[0]) for key, names in pairs if names and names[0]}
    return found


def _heirs(agency_id: int, ways: Mapping[int, Sequence[int]], present: Mapping[int, Body]) -> list[Body]:
    ahead, seen, found = [agency_id], set[int](), []
    while ahead:
        each = ahead.pop(0)
        if each in present:
            found.append(present[each])
        elif each not in seen:
            seen.add(each)
            ahead += ways.get(each, ())
    return found


def agencies_beside(case: Case, today: date) -> dict[int, OtherName]:
    """What to add to the names of a case's agencies, by assignment: the former name where a reorganisation moved the work, or the
    successor of an agency that has ended. No statement where there was no reorganisation."""
    moved = [row for row in case.assignments if row.agency.valid_from > local_day(row.distributed_at)]
    before = _names_before(case) if moved else {}
    found = {row.id: OtherName(formerly=before[row.agency.name]) for row in moved if row.agency.name in before}
    ended = {row.id: row.agency for row in case.assignments if not row.agency.holds_on(today)}
    heirs = {id_: heirs_of(Followed.AGENCY, agency.id, case.area_id) for id_, agency in ended.items()}
    wanted = {each for theirs in heirs.values() for each in theirs}
    there = {row.id: row for row in db.session.scalars(select(Agency).where(Agency.id.in_(wanted)))} if wanted else {}
    for id_, theirs in heirs.items():
        now = [there[each] for each in theirs if there[each].holds_on(today)]
        if len(now) == 1:
            found[id_] = OtherName(nowadays=now[0].name)
    return found


def _names_before(case: Case) -> dict[Bilingual, Bilingual]:
    """From an agency's name to that of its predecessor in the case, taken from the events of reorganisations."""
    query = select(Event.payload).where(Event.case_id == case.id, Event.type == "reorganise").order_by(Event.seq)
    pairs = (pair for payload in db.session.scalars(query) for pair in (payload or {}).get("moved", ()))
    return {Bilingual(*after): Bilingual(*before) for before, after in pairs if before and after}
