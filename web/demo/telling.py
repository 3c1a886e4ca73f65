"""One story in progress: who does the next deed, in which case, with which photos."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select

from casework.calendars import calendar_of
from casework.db import db, do_before_commit, kept_for_step, new_ref
from casework.files.local import FileStore
from casework.installation.seeding import Row
from casework.models import Agency, AgencySuccession, Assignment, Case, Centre, Photo
from casework.permissions import Actor, Role, actor_for
from casework.photos.records import PreparedCopies, PreparedPhoto, prepare_copies, stage_photo
from casework.places.former_agencies import agencies_now
from casework.recordings.staging import PreparedRecording, stage_recording
from casework.verbs import Input
from casework.working_time import Calendar, TimeLimit, Unit, due_at
from web.demo.cast import Cast
from web.demo.stories import Deed, Story
from workflows.desks.inbox import waiting_in_case
from workflows.models import WaitingTask
from workflows.running.acts import act
from workflows.running.steps import perform

BETWEEN_AGENCIES = timedelta(minutes=2)
JUST_BEGUN = "a deed has just begun"
"""The key in a session's `info` that says that a deed has done nothing yet."""

OPERATOR, LEAD, COMMITTEE = "vanhanh", "totruong", "lanhdao"

Pictures = Mapping[tuple[str, str], list[Future[PreparedPhoto]]]
"""Photos that are stored, or will be in a moment, by title of the story and purpose (scene, after, added), in the order they are used."""

Recorded = Mapping[str, list[PreparedRecording]]
"""Voice notes and videos already stored, by title of the story."""


@dataclass(eq=False)
class Telling:
    """One story, as far as it has been played."""

    story: Story
    centre: Centre
    store: FileStore
    pictures: Pictures
    recorded: Recorded
    cast: Cast
    case_id: int = 0

    @property
    def row(self) -> Row:
        """The report itself."""
        return self.story.report

    @property
    def case(self) -> Case:
        """The case now; what was read before the last deed is discarded."""
        return db.session.get_one(Case, self.case_id)

    @property
    def calendar(self) -> Calendar:
        return calendar_of(self.centre.id)

    def staff(self, login: str, moment: datetime) -> Actor:
        """A member of the centre's staff with the roles held at that moment."""
        return self.cast.staff(login, moment)

    def of_agency(self, assignment: Assignment, role: Role, moment: datetime) -> Actor:
        return self.cast.of_agency(assignment.agency, role, moment)

    def reporter(self, moment: datetime) -> Actor:
        """The sender: a citizen with an account, or somebody without one; whoever telephoned has the code of the report and its secret."""
        number = self.story.reporter
        if self.story.is_call and self.case_id:
            return actor_for(None, now=moment, tracked_report_ids=[self.case.main_report.id])
        return actor_for(None, now=moment) if number is None else self.cast.citizen(number, moment)

    def somebody_else(self, moment: datetime) -> Actor:
        """A citizen who did not send it."""
        return self.citizen(1 if self.story.reporter == 0 else 0, moment)

    def citizen(self, number: int, moment: datetime) -> Actor:
        """One of SENDERS."""
        return self.cast.citizen(number, moment)

    def waiting(self, element: str, of: Assignment | None = None) -> WaitingTask:
        """The waiting step of the case, of the given agency where several have it."""
        return next(task for task in waiting_in_case(self.case_id) if task.element == element and (of is None or task.assignment is of))

    def step(
        self, element: str, by: Actor, moment: datetime, given: Input | None = None, *,
        choice: str | None = None, of: Assignment | None = None,
    ) -> None:
        """Perform the waiting step of the case, of the given agency where several have it."""
        task = WaitingTask.__table__.c
        query = select(task.ref).where(task.case_id == self.case_id, task.element == element, task.state == "waiting")
        query = query.where(task.assignment_id == of.id) if of is not None else query
        begin_step()
        ref = db.session.scalars(query.order_by(task.id)).first()
        if ref is None:
            raise LookupError(f"{self.story.title}: no step {element} waits")
        perform(ref, by=by, now=moment, act=choice, given=given)

    def perform_act(self, verb: str, by: Actor, moment: datetime, given: Input | None = None, *, of: Assignment | None = None) -> None:
        """Perform an act outside the process's tokens, on the case or on one agency's work."""
        case_ref, assignment_ref = self.case.ref, of.ref if of is not None else None
        begin_step()
        act(case_ref, verb, by=by, now=moment, assignment_ref=assignment_ref, given=given)

    def open_ones(self, deed: Deed, moment: datetime, *states: str) -> Iterator[tuple[Assignment, datetime]]:
        """The open assignments in one of the states, limited to the deed's agencies if it names any, one a little later than the other."""
        found = [row for row in self.case.open_assignments if row.state in states]
        if deed.agencies:
            found = [row for row in found if keys_of(row.agency) & set(deed.agencies)]
        for number, assignment_id in enumerate([row.id for row in found]):
            yield db.session.get_one(Assignment, assignment_id), moment + number * BETWEEN_AGENCIES

    def assignment(self, deed: Deed) -> Assignment:
        """The newest assignment of the deed's one agency."""
        return [row for row in self.case.assignments if keys_of(row.agency) & set(deed.agencies)][-1]

    def stage(self, purpose: str, by: Actor, moment: datetime) -> str | None:
        """Stage the story's photo for a form and return the form's token; None when there is no photo."""
        left = self.pictures.get((self.story.title, purpose))
        if not left:
            return None
        token = new_ref()
        stage_photo(left.pop(0).result(), token=token, purpose="after" if purpose == "after" else "scene", by=by, now=moment)
        return token

    def stage_report(self, by: Actor, moment: datetime) -> str | None:
        """Stage the photo and recordings of the report itself; None when there are none."""
        recorded = self.recorded.get(self.story.title, ())
        token = self.stage("scene", by, moment) or (new_ref() if recorded else None)
        for each in recorded:
            stage_recording(each, token=token or "", by=by, now=moment)
        return token

    def copies(self, photos: Iterable[Photo], audience: str) -> tuple[tuple[Photo, PreparedCopies], ...]:
        """Copies for an audience. Nothing needs covering, since drawn pictures show nobody."""
        return tuple((photo, prepare_copies(photo, (), audience=audience, store=self.store)) for photo in photos)

    def agencies(self, keys: tuple[str, ...] = ()) -> list[Agency]:
        """The agencies with those keys in that order, else the lead and as many of the row's others as the story wants."""
        wanted = keys or tuple(agency_names(self.story))
        ids = self.cast.once(("agencies", wanted, self.case.area_id), lambda: [agency.id for agency in self._agencies(wanted)])
        return [db.session.get_one(Agency, id_) for id_ in ids]

    def working_day(self, start: datetime, days: int) -> date:
        """The local day that many working days after that of `start`."""
        due = due_at(TimeLimit(days, Unit.WORKING_DAYS), start, self.calendar)
        if due is None:
            raise ValueError(f"no working day {days} days after {start}")
        return self.calendar.day_of(due - timedelta(microseconds=1))

    def _agencies(self, wanted: Sequence[str]) -> list[Agency]:
        """Today's agencies by their present or former keys or names."""
        everybody = list(db.session.scalars(select(Agency).where(Agency.centre_id == self.centre.id)))
        by_name = {agency.name_vi: agency.key for agency in everybody}
        keys = [by_name.get(name, name) for name in wanted]
        found = agencies_now(keys, self.case, [agency for agency in everybody if agency.valid_to is None])
        return list(dict.fromkeys(found[key] for key in keys))


@contextmanager
def in_a_deed(centre: Centre) -> Iterator[None]:
    """End a step, and drop all rows but the centre's: some thousand deeds would otherwise look through each other's."""
    begin_step()
    db.session.expunge_all()
    db.session.add(centre)
    info = db.session().info
    info[JUST_BEGUN] = True
    try:
        yield
    finally:
        info.pop(JUST_BEGUN, None)


def begin_step() -> None:
    """End a step and forget what it read, as unit_of_work() does.

    Rows a deed has read before its first step stay: nothing was done since, and reading them anew took a tenth of all statements.
    """
    do_before_commit()
    db.session.flush()
    if not db.session().info.pop(JUST_BEGUN, False):
        db.session.expire_all()
    kept_for_step().clear()


def agency_names(story: Story) -> list[str]:
    """The lead and the first cooperating agencies of the story's row."""
    row = story.report
    return [row["lead_agency"], *row["cooperating_agencies"].split("; ")[: story.cooperating]]


def keys_of(agency: Agency) -> set[str]:
    """Its key and those of its predecessors: stories use the agency names of the district's time."""
    before = select(Agency.key).join(AgencySuccession, AgencySuccession.predecessor_id == Agency.id)
    return {agency.key, *db.session.scalars(before.where(AgencySuccession.successor_id == agency.id))}
