"""The agencies to put first before whoever distributes a case, each with the reason; a person always decides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from casework.assignments.hand_backs import HandBackTurn
from casework.bilingual import Bilingual
from casework.models import Case
from casework.places.former_agencies import agencies_now
from casework.reading.rule_rows import AgencyRow
from casework.search.staff_choices import committee_key_of
from workflows.routing.suggestion import live_table, suggest

MOST_CANDIDATES = 3


@dataclass(frozen=True, slots=True)
class Candidate:
    """An agency that may lead, and why it is put first."""

    agency: AgencyRow
    reasons: tuple[Bilingual, ...]


@dataclass(frozen=True, slots=True)
class Tabled:
    """What the distribution table names for a case, as agencies of today; `lead` is None where there is none of that key."""

    lead: AgencyRow | None
    cooperating: tuple[AgencyRow, ...]
    reason: Bilingual


@dataclass(frozen=True, slots=True)
class Candidates:
    """Up to MOST_CANDIDATES agencies to lead, the likeliest first, and those the table names to cooperate with its own lead."""

    to_lead: tuple[Candidate, ...]
    cooperating: tuple[AgencyRow, ...]


def candidates_for(
    case: Case, there: Sequence[AgencyRow], free: Sequence[AgencyRow], turns: Sequence[HandBackTurn], led: Mapping[int, int]
) -> Candidates:
    """Who is put first: whom an agency named when it handed the case back, whom the distribution table names, who led cases of the field in
    the commune before, and the commune's own committee. `there` are the agencies of the centre today, `free` those without the case, `led`
    tells how many such cases each led."""
    by_id = {agency.id: agency for agency in free}
    found: dict[int, list[Bilingual]] = {}
    for turn in reversed(turns):
        suggested = turn.hand_back.suggested_agency_id
        if suggested in by_id:
            name = turn.assignment.agency.short_name
            reason = Bilingual(f"{name.vi} chuyển trả và nêu đơn vị này", f"Named by {name.en}, which handed the case back")
            found.setdefault(suggested, []).append(reason)
    cooperating: tuple[AgencyRow, ...] = ()
    if (tabled := tabled_for(case, there)) is not None:
        if tabled.lead is not None and tabled.lead.id in by_id:
            reason = Bilingual(f"Theo bảng phân phối: {tabled.reason.vi}", f"By the distribution table: {tabled.reason.en}")
            found.setdefault(tabled.lead.id, []).append(reason)
        cooperating = tuple(agency for agency in tabled.cooperating if agency.id in by_id)
    for agency_id, number in sorted(led.items(), key=lambda pair: -pair[1]):
        if agency_id in by_id and case.area_id is not None and case.field_id is not None:
            found.setdefault(agency_id, []).append(
                Bilingual(f"Đã chủ trì {number} vụ cùng lĩnh vực ở xã này", f"Led {number} cases of this field in this commune")
                if number > 1 else Bilingual("Đã chủ trì một vụ cùng lĩnh vực ở xã này", "Led a case of this field in this commune")
            )
    committee = committee_key_of(case, there)
    own = next((agency for agency in free if agency.key == committee), None)
    if own is not None:
        found.setdefault(own.id, []).append(Bilingual("Nơi xảy ra thuộc địa bàn", "It happened on its land"))
    to_lead = [Candidate(by_id[agency_id], tuple(dict.fromkeys(reasons))) for agency_id, reasons in found.items()]
    return Candidates(tuple(to_lead[:MOST_CANDIDATES]), cooperating)


def tabled_for(case: Case, there: Sequence[AgencyRow]) -> Tabled | None:
    """What the live table of the centre says of a case; None before it has a field, and where no rule matches."""
    if case.field is None:
        return None
    named = suggest(case.field.service_code, committee_key_of(case, there), case.urgency, table=live_table(case.centre_id))
    if named is None:
        return None
    by_key = agencies_now((named.lead, *named.cooperating), case, there)
    lead = by_key.get(named.lead)
    cooperating = dict.fromkeys(by_key[key] for key in named.cooperating if key in by_key and by_key[key] is not lead)
    return Tabled(lead, tuple(cooperating), named.reason)

