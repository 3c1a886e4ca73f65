"""Telling the stories of the demonstration: every step by its use case and the engine, under the story's own clock."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from zlib import crc32

from sqlalchemy import select

from casework.calendars import calendar_of
from casework.db import db, kept_for_step, new_ref
from casework.demo_pictures import draw_demo_photo
from casework.file_store import FileStore
from casework.folding import fold
from casework.identity import Contact
from casework.intake import Place
from casework.models import Agency, Area, AreaSuccession, Assignment, Camera, Case, Centre, Field, Photo, RefusalReason, VisibilityReason
from casework.permissions import LOCAL_ZONE, Actor, Role, actor_for
from casework.photo_records import (
    PreparedCopies,
    PreparedPhoto,
    photos_of_answer,
    photos_of_report,
    prepare_copies,
    prepare_photo,
    stage_photo,
)
from casework.seeding import Row, table_rows
from casework.triage import ClearedReport
from web.demo_people import CITIZENS, agency_login, citizen_by_email, staff_account
from web.demo_stories import STORIES, Story, moments_of, steps_of
from workflows.filing import file_report
from workflows.inbox import waiting_in_case
from workflows.steps import perform

BETWEEN_AGENCIES = timedelta(minutes=2)
HOTLINE = "0263 000 0000"
GUEST = Contact(name="Lê Thị Thí Dụ", email="nguoidan3@example.com")

Pictures = Mapping[tuple[str, str], list[PreparedPhoto]]
"""Photos already on disk, by title of the story and purpose (scene, after), in the order they are used."""


def draw_pictures(store: FileStore, *, max_bytes: int) -> Pictures:
    """Draw and store what the stories show. Done before the unit of work: drawing and sealing take seconds."""
    return {
        (story.title, purpose): [_drawn(story, purpose, number, store, max_bytes) for number in range(wanted)]
        for story in STORIES
        for purpose, wanted in _pictures_wanted(story).items()
    }


def agencies_at_work(centre: Centre) -> list[Agency]:
    """The agencies the stories ask, in order of their rows: each needs an officer and a leader."""
    keys = {agency.key for story in STORIES for agency in _agencies(centre, story, reports()[story.title])}
    return list(db.session.scalars(select(Agency).where(Agency.centre_id == centre.id, Agency.key.in_(keys)).order_by(Agency.id)))


def tell_stories(centre: Centre, *, now: datetime, store: FileStore, pictures: Pictures) -> int:
    """Tell every story up to `now`, in the caller's unit of work and in the order of their codes; returns how many."""
    calendar = calendar_of(centre.id)
    moments = {story: list(moments_of(story, urgent=is_urgent(story), now=now, calendar=calendar)) for story in STORIES}
    for story in sorted(STORIES, key=lambda story: moments[story][0][1]):
        telling = Telling(story, reports()[story.title], centre, store, pictures)
        for step, moment in moments[story]:
            STEPS[step](telling, moment)
    return len(STORIES)


@cache
def reports() -> Mapping[str, Row]:
    """The invented reports by title."""
    return {row["title"]: row for row in table_rows("demo_reports.csv")}


def is_urgent(story: Story) -> bool:
    """Whether the matter is on the 24-hour track."""
    return bool(reports()[story.title]["urgency"] == "Khẩn")


def _pictures_wanted(story: Story) -> dict[str, int]:
    if story.picture is None:
        return {}
    steps = steps_of(story, urgent=is_urgent(story))
    return {"scene": 1, "after": steps.count("submit") + steps.count("resubmit")}


def _drawn(story: Story, purpose: str, number: int, store: FileStore, max_bytes: int) -> PreparedPhoto:
    seed = crc32(story.title.encode())
    # a later photo of the work shows another spot, the first one the place of the report
    data = draw_demo_photo(seed + number, story.picture or "", after=purpose == "after")
    return prepare_photo(data, f"{purpose}.jpg", store=store, max_bytes=max_bytes)


@dataclass
class Telling:
    """One story on its way."""

    story: Story
    row: Row
    centre: Centre
    store: FileStore
    pictures: Pictures
    case: Case = field(init=False)

    @property
    def place(self) -> str:
        return f"{self.row['village']}, {self.row['commune']}"

    def actor(self, login: str, moment: datetime) -> Actor:
        return actor_for(staff_account(login), now=moment)

    def reporter(self, moment: datetime) -> Actor:
        """Who sent it: one of the citizens with an account, or somebody without one."""
        number = self.story.reporter
        return actor_for(None if number is None else citizen_by_email(CITIZENS[number][0]), now=moment)

    def stage(self, purpose: str, by: Actor, moment: datetime) -> str | None:
        """Stage the story's photo for a form, and return the form's token; None when it has none."""
        left = self.pictures.get((self.story.title, purpose))
        if not left:
            return None
        token = new_ref()
        stage_photo(left.pop(0), token=token, purpose=purpose, by=by, now=moment)
        return token

    def copies(self, photos: Iterable[Photo], audience: str) -> tuple[tuple[Photo, PreparedCopies], ...]:
        """Copies for an audience; nothing needs covering, there is nobody in drawn pictures."""
        return tuple((photo, prepare_copies(photo, (), audience=audience, store=self.store)) for photo in photos)

    def do(self, element: str, login: str, moment: datetime, *, act: str | None = None, of: Assignment | None = None, **form: Any) -> None:
        """One step by a member of staff."""
        self.perform(element, self.actor(login, moment), moment, act=act, of=of, **form)

    def perform(
        self, element: str, by: Actor, moment: datetime, *, act: str | None = None, of: Assignment | None = None, **form: Any
    ) -> None:
        waiting = [task for task in waiting_in_case(self.case.id) if task.element == element and (of is None or task.assignment is of)]
        ref = waiting[0].ref
        # a step begins as unit_of_work() begins one: what was read before is forgotten
        db.session.flush()
        db.session.expire_all()
        kept_for_step().clear()
        perform(ref, by=by, now=moment, act=act, form=form)

    def for_each_agency(self, moment: datetime, *states: str) -> Iterable[tuple[Assignment, datetime]]:
        """The assignments in one of the states, one a little after the other."""
        open_ones = [assignment for assignment in self.case.open_assignments if assignment.state in states]
        for number, assignment in enumerate(open_ones):
            yield assignment, moment + number * BETWEEN_AGENCIES


def _file(telling: Telling, moment: datetime) -> None:
    row, story = telling.row, telling.story
    is_camera = story.camera is not None
    by = telling.actor("vanhanh", moment) if is_camera else telling.reporter(moment)
    place = Place(
        area=_commune(row["commune"], _day(moment)), village=row["village"], latitude=float(row["lat"]), longitude=float(row["lon"])
    )
    filed = file_report(
        centre=telling.centre, source="camera" if is_camera else "citizen", words=row["description"], place=place, by=by, now=moment,
        contact=None if is_camera else _contact(story), field=_field(row["field"]), marked_urgent=is_urgent(telling.story),
        photos_token=telling.stage("scene", by, moment), camera=_camera(story.camera, _day(moment)), consented=not is_camera,
    )  # fmt: skip
    telling.case = filed.case


def _verify(telling: Telling, moment: datetime) -> None:
    report = telling.case.main_report
    copies = telling.copies(photos_of_report(report), "agencies")
    cleared = [ClearedReport(report, telling.row["description"], copies)]
    telling.do("verify", "vanhanh", moment, title=telling.story.title, cleared=cleared)


def _refuse(telling: Telling, moment: datetime) -> None:
    key, words = telling.story.refusal or ("khong_ro_noi_dung", "")
    reason = db.session.scalars(select(RefusalReason).where(RefusalReason.key == key)).one()
    telling.do("verify", "vanhanh", moment, act="refuse", reason=reason, words=words)


def _classify(telling: Telling, moment: datetime) -> None:
    row, story = telling.row, telling.story
    visibility = db.session.scalars(select(VisibilityReason).where(VisibilityReason.key == (story.visibility or ""))).first()
    telling.do(
        "classify", "vanhanh", moment, field=_field(row["field"]), urgency="urgent" if is_urgent(telling.story) else "normal",
        complexity=story.complexity, area=_commune(row["commune"], _day(moment)), village=row["village"], visibility_reason=visibility,
    )  # fmt: skip


def _call_hotline(telling: Telling, moment: datetime) -> None:
    lead = _agencies(telling.centre, telling.story, telling.row)[0]
    telling.do(
        "call_hotline", "vanhanh", moment, number=HOTLINE, spoke_to=f"Trực ban {lead.short_name_vi}", reached=True,
        what=f"Đã báo: {telling.story.title}. Đơn vị cử lực lượng đến ngay.",
    )  # fmt: skip


def _distribute(telling: Telling, moment: datetime) -> None:
    lead, *cooperating = _agencies(telling.centre, telling.story, telling.row)
    instructions = {lead.id: "Kiểm tra thực địa, gửi kèm ảnh sau khi xử lý."}
    telling.do("distribute", "vanhanh", moment, lead=lead, cooperating=cooperating, instructions=instructions)


def _accept(telling: Telling, moment: datetime) -> None:
    for assignment, at in telling.for_each_agency(moment, "asked"):
        telling.do("accept_assignment", agency_login(assignment.agency.key, Role.OFFICER), at, of=assignment)


def _submit(telling: Telling, moment: datetime) -> None:
    for assignment, at in telling.for_each_agency(moment, "handling", "redo"):
        login = agency_login(assignment.agency.key, Role.OFFICER)
        token = telling.stage("after", telling.actor(login, at), at) if assignment.is_lead else None
        telling.do(
            "submit_answer", login, at, of=assignment, photos_token=token, remaining="Không còn.",
            no_photo_reason="" if token else "Ảnh hiện trường do đơn vị chủ trì chụp.",
            contact=f"{assignment.agency.short_name_vi}, {HOTLINE}", **_words_of(telling, assignment),
        )  # fmt: skip


def _redo(telling: Telling, moment: datetime) -> None:
    lead = next(assignment for assignment in telling.case.open_assignments if assignment.is_lead)
    login = agency_login(lead.agency.key, Role.AGENCY_LEADER)
    words = "Nêu rõ khối lượng đã làm và thời gian hoàn thành phần còn lại, kiểm tra lại tại chỗ."
    telling.do("approve_answer", login, moment, act="redo_answer", of=lead, instructions=words)


def _approve(telling: Telling, moment: datetime) -> None:
    for assignment, at in telling.for_each_agency(moment, "submitted"):
        telling.do("approve_answer", agency_login(assignment.agency.key, Role.AGENCY_LEADER), at, of=assignment)


def _publish(telling: Telling, moment: datetime) -> None:
    photos = photos_of_report(telling.case.main_report)
    for assignment in telling.case.assignments:
        photos += photos_of_answer(assignment.answers[-1])
    telling.do(
        "publish", "vanhanh", moment, title=telling.story.title, question=telling.row["description"], checked=True,
        shows_exact_place=telling.story.shows_exact_place, photos=telling.copies(photos, "public"),
    )  # fmt: skip


def _answer_privately(telling: Telling, moment: datetime) -> None:
    title, question = telling.story.title, telling.row["description"]
    telling.do("publish", "vanhanh", moment, act="answer_privately", title=title, question=question)


def _rate(telling: Telling, moment: datetime) -> None:
    story, case = telling.story, telling.case
    telling.perform(
        "rate", telling.reporter(moment), moment, report=case.main_report, level=story.rating, reason=story.rating_words,
        agency_levels={row.agency_id: story.rating for row in case.assignments},
    )  # fmt: skip


STEPS: dict[str, Callable[[Telling, datetime], None]] = {
    "file": _file, "verify": _verify, "refuse": _refuse, "classify": _classify, "call_hotline": _call_hotline, "distribute": _distribute,
    "accept": _accept, "submit": _submit, "redo": _redo, "resubmit": _submit, "approve": _approve, "publish": _publish,
    "answer_privately": _answer_privately, "rate": _rate,
}  # fmt: skip


def _words_of(telling: Telling, assignment: Assignment) -> dict[str, str]:
    if assignment.is_lead:
        return {"findings": f"Đã kiểm tra tại {telling.place}; nội dung phản ánh là đúng.", "actions": telling.row["answer"]}
    return {
        "findings": "Đã cùng đơn vị chủ trì kiểm tra tại chỗ.",
        "actions": "Đã cử cán bộ phối hợp, nhắc nhở các hộ liên quan và theo dõi kết quả tại địa bàn.",
    }


def _agencies(centre: Centre, story: Story, row: Row) -> list[Agency]:
    """The lead and as many of the row's other agencies as the story wants."""
    names = [row["lead_agency"], *row["cooperating_agencies"].split("; ")[: story.cooperating]]
    known = {agency.name_vi: agency for agency in db.session.scalars(select(Agency).where(Agency.centre_id == centre.id))}
    return [known[name] for name in names]


def _commune(name: str, on: date) -> Area:
    """The commune of that name, or the one that has taken it over by that day."""
    area = db.session.scalars(select(Area).where(Area.folded_name == fold(name), Area.level == "commune").order_by(Area.valid_from)).first()
    while area is not None and not area.holds_on(on):
        query = select(Area).join(AreaSuccession, AreaSuccession.successor_id == Area.id).where(AreaSuccession.predecessor_id == area.id)
        area = db.session.scalars(query).first()
    if area is None:
        raise LookupError(f"{name} on {on}")
    return area


def _camera(name: str | None, on: date) -> Camera | None:
    rows = db.session.scalars(select(Camera).where(Camera.name_vi == (name or "")))
    return next((row for row in rows if row.holds_on(on)), None)


def _field(name: str) -> Field:
    return db.session.scalars(select(Field).where(Field.name_vi == name)).one()


def _contact(story: Story) -> Contact:
    if story.reporter is None:
        return GUEST
    email, name = CITIZENS[story.reporter]
    return Contact(name=name, email=email)


def _day(moment: datetime) -> date:
    return moment.astimezone(LOCAL_ZONE).date()
