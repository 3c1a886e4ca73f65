"""Which centre a report belongs to, and passing it on if it went to the wrong one (rules.md, section 8)."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import or_, select, update

from casework.cases import refuse_unless_open
from casework.clocks.acts import move_due, running_clocks
from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.local_time import local_day
from casework.merging.split import reports_merged_in
from casework.models import Area, Case, CaseReport, Centre, Field, Note, SearchRow
from casework.outbox import tell_desk, tell_reporters
from casework.permissions import Action, Actor, Role, require
from casework.places.lookup import areas_around
from casework.reading.kept_with_rules import kept_with_rules
from casework.sentences import always
from casework.states import CaseState
from casework.text import normal
from casework.verbs import DECISION, Input, Situation, Verb

LONGEST_REASON = 2_000


class PassOnRefused(CaseworkError):
    """The case cannot be passed on like this; the text says why."""


class CentreMissing(LookupError):
    """No centre's area contains the place, and the installation has no default centre today."""


def centre_for(*, area: Area | None, latitude: float | None, longitude: float | None, now: datetime) -> Centre:
    """Return the centre whose area contains the place, or the default one.

    An area the sender chose takes precedence over a position, which may be where they wrote; it belongs to its own centre or that of the
    area above. Of several areas around a position the smallest counts. Degrees are WGS 84. Raises CentreMissing. Source: rules.md,
    section 8.
    """
    today = local_day(now)
    found = _centre_above(area, today) if area is not None else None
    if found is None and area is None and latitude is not None and longitude is not None:
        found = _centre_around(latitude, longitude, today)
    return found or _default_centre(today)


def can_be_passed_on(at: Situation) -> bool:
    """Where another centre is there to go to, and nothing merged in would be left behind."""
    if not at.is_under_way or at.case.state != CaseState.TO_VERIFY:
        return False
    return any(centre_id != at.case.centre_id for centre_id in _centres_on(local_day(at.now))) and not reports_merged_in(at.case)


@dataclass(frozen=True, slots=True, kw_only=True)
class PassOnInput(Input):
    centre: Centre
    reason: str


@Verb(
    "pass_on", Action.PASS_ON, kinds=DECISION, is_noted=True,
    staff=always("Chuyển trung tâm phụ trách địa bàn", "Passed to the centre of the place", is_main=True),
    sender=always("Chuyển đến trung tâm phụ trách địa bàn", "Passed to the centre of the place"),
    is_act=True, offered=can_be_passed_on,
)  # fmt: skip
def pass_on(case: Case, given: PassOnInput, *, by: Actor, now: datetime) -> None:
    """Pass a report that has not been accepted yet to another centre; from then on only that centre sees it.

    Code, receipt and the promised day stay. `reason` becomes a note for the new centre. Records `pass_on` and tells that centre's
    operators and the reporters. Raises CaseNotOpen while the case stands still, PassOnRefused when it has been accepted, while other
    reports are merged in (a split would give them back to the former centre), without a reason, and for a centre that is the case's own
    or does not exist today.
    """
    require(by, Action.PASS_ON, case)
    refuse_unless_open(case)
    reason = normal(given.reason)
    if case.state != CaseState.TO_VERIFY:
        raise PassOnRefused(
            "Phản ánh đã được tiếp nhận nên không chuyển trung tâm được nữa.",
            "The report has been accepted and can no longer be passed to another centre.",
        )
    if reports_merged_in(case):
        raise PassOnRefused("Xin tách các phản ánh đã gộp trước.", "Please split the merged reports first.")
    if not reason or len(reason) > LONGEST_REASON:
        raise PassOnRefused(
            f"Vui lòng nêu lý do chuyển, tối đa {LONGEST_REASON} ký tự.", f"Please give the reason in at most {LONGEST_REASON} characters.",
            about="reason",
        )
    if given.centre.id == case.centre_id or not given.centre.holds_on(local_day(now)):
        raise PassOnRefused("Vui lòng chọn một trung tâm khác đang hoạt động.", "Please choose another centre that is at work.")
    record(case, "pass_on", by=by, at=now, former=case.centre.code_prefix, centre=given.centre.code_prefix)
    _move(case, given.centre, local_day(now))
    db.session.add(
        Note(case_id=case.id, audience="centre", body=reason, written_by_id=by.account_id, written_at=now)
    )  # fmt: skip
    tell_desk(Role.OPERATOR, "report_to_verify", case=case, at=now)
    tell_reporters(case, "report_passed_on", at=now)


def other_centres(case: Case, *, now: datetime) -> list[Centre]:
    today = local_day(now)
    query = select(Centre).where(Centre.id != case.centre_id).order_by(Centre.name_vi, Centre.id)
    return [centre for centre in db.session.scalars(query) if centre.holds_on(today)]


@kept_with_rules
def _centres_on(day: date) -> tuple[int, ...]:
    """The centres at work on a day."""
    return tuple(centre.id for centre in db.session.scalars(select(Centre)) if centre.holds_on(day))


def _move(case: Case, centre: Centre, today: date) -> None:
    """Point every row that names the case's centre to the new one. A field of the former centre's own is replaced by the shared one."""
    case.centre = centre
    own = [link.report_id for link in case.reports]
    elsewhere = select(CaseReport.report_id).where(
        CaseReport.report_id.in_(own), CaseReport.case_id != case.id, CaseReport.left_at.is_(None)
    )
    split_off = set(db.session.scalars(elsewhere))
    for report in (link.report for link in case.reports if link.report_id not in split_off):
        report.centre = centre
    if case.field is not None and case.field.centre_id is not None:
        same = select(Field).where(
            Field.service_code == case.field.service_code, or_(Field.centre_id == centre.id, Field.centre_id.is_(None)),
            Field.valid_from <= today, or_(Field.valid_to.is_(None), Field.valid_to > today),
        )  # fmt: skip
        case.field = db.session.scalars(same.order_by(Field.centre_id.is_(None), Field.id.desc())).first()
    db.session.flush()
    db.session.execute(update(SearchRow).where(SearchRow.case_id == case.id).values(centre_id=centre.id))
    for clock in running_clocks(case):
        # the promised instant stays; reminders and calendar are those of the new centre
        move_due(clock, clock.due_at, case=case)


def _centre_above(area: Area, today: date) -> Centre | None:
    above: Area | None = area
    while above is not None:
        centre = db.session.get(Centre, above.centre_id) if above.centre_id is not None else None
        if centre is not None and centre.holds_on(today):
            return centre
        above = above.parent
    return None


def _centre_around(latitude: float, longitude: float, today: date) -> Centre | None:
    """The centre of the smallest area around a position, by its boundary or else its bounding box."""
    for area in areas_around(latitude, longitude, today, of_centres=True):
        centre = db.session.get(Centre, area.centre_id)
        if centre is not None and centre.holds_on(today):
            return centre
    return None


def _default_centre(today: date) -> Centre:
    centres = db.session.scalars(select(Centre).where(Centre.is_default).order_by(Centre.id))
    found = next((centre for centre in centres if centre.holds_on(today)), None)
    if found is None:
        raise CentreMissing("no default centre is at work today")
    return found
