"""Restricting processing: nobody looks at the person's identity and no message is sent until they lift it.

Law 91/2025/QH15 on restriction and withdrawn consent. Work on the matter continues with the cleared texts, which name nobody. The centre
still answers what they ask about their data.
"""

from datetime import datetime

from sqlalchemy import select

from casework.db import db
from casework.models import DataRequest, Reporter
from casework.outputs import drop_named_outputs
from casework.permissions import Action, Actor, require
from casework.rights.requests import Person, RequestRefused, is_restricted, record_request, reports_about, requests_of
from casework.sentences import for_the_centre
from casework.verbs import NO_KIND, Verb


def restrict(request: DataRequest, *, now: datetime) -> None:
    """Restrict processing of the data a request is about from now on, including quarantined reports."""
    if request.account_id is not None and request.account is not None:
        request.account.restricted_at = now
    for report in reports_about(request):
        if report.reporter is not None:
            report.reporter.restricted_at = now
    drop_named_outputs(at=now)


@Verb(
    "lift_restriction", Action.REQUEST_DATA, kinds=NO_KIND,
    staff=for_the_centre("Bỏ yêu cầu hạn chế xử lý dữ liệu", "Lifted the restriction of personal data"),
)  # fmt: skip
def lift_restriction(*, person: Person, by: Actor, now: datetime) -> None:
    """Lift one's own restriction. Records `lift_restriction`. Raises RequestRefused where there is none."""
    require(by, Action.REQUEST_DATA)
    if not is_restricted(person):
        raise RequestRefused("Dữ liệu của Ông/Bà không bị hạn chế xử lý.", "Your data are not restricted.")
    request = next((each for each in requests_of(person) if each.kind == "restriction" and each.granted), None)
    if request is not None:
        record_request(request, "lift_restriction", by=by, at=now)
    if person.account is not None:
        person.account.restricted_at = None
        for reporter in db.session.scalars(select(Reporter).where(Reporter.account_id == person.account.id)):
            reporter.restricted_at = None
    elif person.report is not None and person.report.reporter is not None:
        person.report.reporter.restricted_at = None
