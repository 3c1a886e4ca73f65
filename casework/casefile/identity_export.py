"""The senders of a list of cases, for readers with the right and a reason: each look is in its case's history before anything is shown,
as with `reveal_identity`.

One event for each report, so that whoever asks what is held of them reads it (casework/rights), and erasing finds it.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

from sqlalchemy import select

from casework.casefile import sentences
from casework.cases import lock_case
from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.models import Case, Event, Report
from casework.permissions import Action, Actor, NotAllowed, require
from casework.permissions.sight import Sight, sees
from casework.privacy.identity import SHORTEST_REASON, Contact, open_contact
from casework.privacy.look_reasons import LOOKED, RESTATED, give_reason
from casework.verbs import MESSAGE, Verb

MOST_NAMED = 500
"""Cases in one export with personal data: more would no longer be a look at people, but a copy of the register."""


class TooManyNamed(CaseworkError):
    def __init__(self) -> None:
        super().__init__(
            f"Danh sách có thông tin người gửi chỉ được tối đa {MOST_NAMED} hồ sơ. Vui lòng thu hẹp bộ lọc.",
            f"A list that names senders may hold {MOST_NAMED} cases at most. Please narrow the filter.",
        )


@Verb("export_identity", Action.EXPORT_IDENTITY, kinds=MESSAGE, staff=sentences.named_in_export)
def export_identity(
    case_ids: Collection[int], *, by: Actor, now: datetime, reason: str, output: str, more: Mapping[str, str] | None = None
) -> dict[int, list[tuple[Report, Contact | None]]]:
    """Return the senders of some cases' reports for one export, by case; None for a report without a sender, and for a sender who asked
    to restrict processing.

    Records `give_reason` for the export, and `export_identity` for each report opened, once however often the export is tried: the reason
    is typed about all of them, so it stands in no case. `output` is its ref, `more` what else is to be known of it. A few cases at a
    time, in a unit of work of the caller's. Cases that left the system or the person's sight meanwhile are left out. Raises NotAllowed.
    """
    if len(reason) < SHORTEST_REASON:
        raise NotAllowed
    require(by, Action.EXPORT_IDENTITY)
    give_reason(output, reason, by=by, at=now)
    found: dict[int, list[tuple[Report, Contact | None]]] = {}
    for case_id in sorted(case_ids):
        case = lock_case(case_id)
        if case.quarantined_at is None and sees(by, Sight.IDENTITY, case):
            require(by, Action.EXPORT_IDENTITY, case)
            known = _recorded(case, output)
            found[case.id] = [(report, _opened(case, report, known, by, now, output, more or {})) for report in _reports(case)]
    return found


def _opened(
    case: Case, report: Report, known: Collection[str], by: Actor, now: datetime, output: str, more: Mapping[str, str]
) -> Contact | None:
    reporter = report.reporter
    if reporter is None or reporter.sealed_identity is None or reporter.is_restricted:
        return None
    if report.code not in known:
        record(case, LOOKED, by=by, at=now, report=report.code, output=output, **more)
    return open_contact(reporter.sealed_identity)


def _recorded(case: Case, output: str) -> set[str]:
    """The reports whose senders an earlier attempt at this export has shown already."""
    payloads = db.session.scalars(select(Event.payload).where(Event.case_id == case.id, Event.type.in_((LOOKED, RESTATED))))
    return {str(payload.get("report")) for payload in payloads if payload and payload.get("output") == output}


def _reports(case: Case) -> Iterator[Report]:
    return (link.report for link in case.reports if link.left_at is None)
