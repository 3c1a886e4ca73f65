"""Whom to call about an urgent case: up to three numbers with their reasons, and all the others; a person decides whom to call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from casework.bilingual import Bilingual
from casework.calendars import calendar_of
from casework.intake.emergencies import PHRASES
from casework.models import Case
from casework.reading.rule_rows import AgencyRow
from casework.search.staff_choices import agencies_for, committee_key_of
from casework.triage.suggestions import spoken_of
from workflows.routing.candidates import tabled_for

MOST_SUGGESTED = 3
LONGEST_SHORT = 4
"""Digits of a number that is answered day and night."""

SERVICES: Mapping[str, Bilingual] = {
    "113": Bilingual("Cảnh sát 113", "Police, 113"),
    "114": Bilingual("Cứu hỏa, cứu nạn 114", "Fire and rescue, 114"),
    "115": Bilingual("Cấp cứu 115", "Ambulance, 115"),
}
"""The numbers of all Vietnam, where no agency of the centre answers them."""

DAY_AND_NIGHT = Bilingual("trực cả ngày đêm", "answers day and night")
OWN_LAND = Bilingual("nơi xảy ra thuộc địa bàn", "it happened on its land")
AT_WORK = Bilingual("đang xử lý hồ sơ này", "at work on this case")


@dataclass(frozen=True, slots=True)
class HotlineNumber:
    """A number, who answers it, and why it is suggested."""

    number: str
    name: Bilingual
    full_name: Bilingual
    reasons: tuple[Bilingual, ...] = ()


@dataclass(frozen=True, slots=True)
class HotlineNumbers:
    suggested: tuple[HotlineNumber, ...]
    others: tuple[HotlineNumber, ...]


def hotline_numbers_for(case: Case, words: str, *, now: datetime) -> HotlineNumbers:
    """Suggested are, in this order: the services the words call for, agencies at work on the case, those the distribution table names, and
    the commune's committee. Outside office hours numbers answered day and night come first. The others: the commune's own first."""
    there = agencies_for(case, now=now)
    own_first = sorted(there, key=lambda agency: (case.area_id is None or agency.area_id != case.area_id, agency.area_id is not None))
    found: dict[HotlineNumber, list[Bilingual]] = {}
    for number, phrases in spoken_of(PHRASES, words).items():
        agency = next((each for each in own_first if each.phone == number and each.area_id in (None, case.area_id)), None)
        quoted = ", ".join(f"“{phrase}”" for phrase in phrases)
        entry = _of(agency) if agency is not None else HotlineNumber(number, SERVICES[number], SERVICES[number])
        found.setdefault(entry, []).append(Bilingual(f"lời có {quoted}", f"the words say {quoted}"))
    for agency, reason in _by_rule(case, there):
        if agency.phone:
            found.setdefault(_of(agency), []).append(reason)
    if not _is_office_hour(case, now):
        for entry, reasons in found.items():
            if _is_short(entry):
                reasons.append(DAY_AND_NIGHT)
        found = dict(sorted(found.items(), key=lambda pair: not _is_short(pair[0])))
    suggested = [
        HotlineNumber(entry.number, entry.name, entry.full_name, tuple(dict.fromkeys(reasons))) for entry, reasons in found.items()
    ][:MOST_SUGGESTED]
    known = {(entry.number, entry.name) for entry in suggested}
    others = [_of(agency) for agency in own_first if agency.phone]
    return HotlineNumbers(tuple(suggested), tuple(entry for entry in others if (entry.number, entry.name) not in known))


def _by_rule(case: Case, there: Sequence[AgencyRow]) -> list[tuple[AgencyRow, Bilingual]]:
    """Agencies at work on the case, named by the table, and the committee of its commune, each with the reason."""
    by_id = {agency.id: agency for agency in there}
    found = [(by_id[row.agency_id], AT_WORK) for row in case.open_assignments if row.agency_id in by_id]
    if (tabled := tabled_for(case, there)) is not None:
        reason = Bilingual(f"bảng phân phối: {tabled.reason.vi}", f"distribution table: {tabled.reason.en}")
        found += [(agency, reason) for agency in (tabled.lead, *tabled.cooperating) if agency is not None]
    committee = committee_key_of(case, there)
    return found + [(agency, OWN_LAND) for agency in there if agency.key == committee]


def _of(agency: AgencyRow) -> HotlineNumber:
    return HotlineNumber(agency.phone or "", agency.short_name, agency.name)


def _is_short(entry: HotlineNumber) -> bool:
    return len(entry.number) <= LONGEST_SHORT


def _is_office_hour(case: Case, now: datetime) -> bool:
    calendar = calendar_of(case.centre_id)
    return any(start <= now < end for start, end in calendar.hours_of(calendar.day_of(now)))
