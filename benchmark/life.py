"""The scripted case all benchmarks use: filed without a photo, then thirteen steps by five people until it is rated.

It is verified, classified, distributed to a lead and a cooperating agency; each accepts and answers; the lead's leader orders one redo, and
it is answered again; both are approved; published; rated.

A step is two requests: its form is sent, and the page opened that this leads to, which is that of the person's next step. Only somebody
who comes to their work opens a page first (`spells`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from argon2 import PasswordHasher
from sqlalchemy import select

from casework.answers.acts import PARTS, RedoAnswerInput, SubmitAnswerInput
from casework.assignments.distribution import DistributeInput
from casework.db import db
from casework.installation.seeding import install_centre, install_rules
from casework.intake.file_report import Filed, Place
from casework.local_time import local_day
from casework.models import Account, Agency, Area, Case, Centre, Field, Membership
from casework.permissions import Actor, Role, actor_for
from casework.privacy.identity import Contact
from casework.publishing.acts import PublishInput
from casework.publishing.ratings import RateInput
from casework.triage.acts import ClassifyInput, ClearedReport, VerifyInput
from casework.verbs import Input
from workflows.models import WaitingTask
from workflows.running.filing import file_report
from workflows.versions.live import install_shipped_model

PASSWORD = "only-for-a-benchmark"
LEAD, OTHER = 0, 1
WORDS = "Có đống rác lớn ven suối, mùi rất nặng."
ANSWER = SubmitAnswerInput(
    findings="Đã kiểm tra, có khoảng 2 m³ rác ven suối.", actions="Đã thu gom và dọn sạch.", remaining="Không còn.",
    contact="Bộ phận môi trường", no_photo_reason="Trời tối, sẽ bổ sung ảnh.",
)  # fmt: skip
TITLE = "Rác đổ ven suối"
INSTRUCTIONS = "Ghi rõ khối lượng đã thu gom."


@dataclass(frozen=True, slots=True)
class LifeStep:
    """One human step: the element, the verb if there are several, who does it, and for which agency."""

    name: str
    element: str
    who: str
    agency: int | None = None
    act: str | None = None


LIFE = (
    LifeStep("verify", "verify", "operator"),
    LifeStep("classify", "classify", "operator"),
    LifeStep("distribute", "distribute", "operator"),
    LifeStep("accept, lead", "accept_assignment", "officer_0", LEAD),
    LifeStep("submit, lead", "submit_answer", "officer_0", LEAD),
    LifeStep("accept, cooperating", "accept_assignment", "officer_1", OTHER),
    LifeStep("submit, cooperating", "submit_answer", "officer_1", OTHER),
    LifeStep("order a redo", "approve_answer", "leader_0", LEAD, act="redo_answer"),
    LifeStep("submit again, lead", "submit_answer", "officer_0", LEAD),
    LifeStep("approve, lead", "approve_answer", "leader_0", LEAD),
    LifeStep("approve, cooperating", "approve_answer", "leader_1", OTHER),
    LifeStep("publish", "publish", "operator"),
    LifeStep("rate", "rate", "guest"),
)


def spells() -> Iterator[tuple[LifeStep, ...]]:
    """The steps in the order of the life, those together that one person does one after the other."""
    for _who, steps in groupby(LIFE, key=lambda step: step.who):
        yield tuple(steps)


@dataclass
class Staff:
    """The centre of the cases, two of its agencies, and the accounts of everybody who works on them."""

    centre_id: int
    area_id: int
    field_id: int
    agency_ids: list[int]
    accounts: dict[str, int] = field(default_factory=dict)

    def actor(self, who: str, now: datetime, report_id: int) -> Actor:
        """The person with their present roles; the guest has the secret of the report."""
        account_id = self.accounts.get(who)
        account = db.session.get_one(Account, account_id) if account_id else None
        return actor_for(account, now=now, tracked_report_ids=() if account_id else (report_id,))


def take_on_staff(now: datetime) -> Staff:
    """Install rules, centre and model in an empty database, and add the five people. Runs inside the caller's unit of work."""
    install_rules(now)
    centre = install_centre(now)
    install_shipped_model(now=now)
    today = local_day(now)
    agencies = [row for row in db.session.scalars(select(Agency).where(Agency.centre_id == centre.id)) if row.holds_on(today)][:2]
    areas = db.session.scalars(select(Area).where(Area.centre_id == centre.id, Area.level == "commune").order_by(Area.id))
    area = next(row for row in areas if row.holds_on(today))
    matter = db.session.scalars(select(Field).order_by(Field.id)).first()
    if matter is None or len(agencies) < 2:
        raise LookupError("the installation's rules name no field or fewer than two agencies")
    staff = Staff(centre.id, area.id, matter.id, [agency.id for agency in agencies])
    hashed = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1).hash(PASSWORD)
    people: list[tuple[str, Role, int | None]] = [("operator", Role.OPERATOR, None)]
    for number, agency in enumerate(agencies):
        people += [(f"officer_{number}", Role.OFFICER, agency.id), (f"leader_{number}", Role.AGENCY_LEADER, agency.id)]
    for login, role, agency_id in people:
        account = Account(
            kind="staff", login=f"benchmark_{login}", password_hash=hashed, full_name=login, title_vi="", title_en="", created_at=now
        )
        account.memberships.append(
            Membership(role=role, centre_id=None if agency_id else centre.id, agency_id=agency_id, valid_from=today)
        )
        db.session.add(account)
        db.session.flush()
        staff.accounts[login] = account.id
    return staff


def file_one(staff: Staff, *, now: datetime) -> Filed:
    """A guest's report without a photo, its process started. Runs inside the caller's unit of work."""
    place = Place(area=db.session.get(Area, staff.area_id), village="Thôn Păng Tiêng")
    centre = db.session.get_one(Centre, staff.centre_id)
    return file_report(
        centre=centre, source="citizen", words=WORDS, place=place, by=Actor(account=None), now=now, consented=True,
        contact=Contact(name="Nguyễn Thị Thử", phone="+84912345678"),
    )  # fmt: skip


def waiting_ref(step: LifeStep, staff: Staff, case_id: int) -> str:
    """The ref of the waiting step. Raises NoResultFound if the life has gone another way."""
    query = select(WaitingTask.ref).where(WaitingTask.case_id == case_id, WaitingTask.state == "waiting")
    query = query.where(WaitingTask.element == step.element)
    if step.agency is not None:
        query = query.where(WaitingTask.agency_id == staff.agency_ids[step.agency])
    return db.session.scalars(query).one()


def input_to(step: LifeStep, staff: Staff, case: Case) -> Input | None:
    """What is filled in at the step."""
    if step.act == "redo_answer":
        return RedoAnswerInput(instructions=INSTRUCTIONS)
    match step.element:
        case "verify":
            return VerifyInput(title=TITLE, cleared=[ClearedReport(link.report, WORDS) for link in case.reports])
        case "classify":
            matter, area = db.session.get_one(Field, staff.field_id), db.session.get_one(Area, staff.area_id)
            return ClassifyInput(field=matter, urgency="normal", complexity="ordinary", area=area)
        case "distribute":
            lead, other = (db.session.get_one(Agency, id_) for id_ in staff.agency_ids)
            return DistributeInput(lead=lead, cooperating=[other])
        case "submit_answer":
            return ANSWER
        case "publish":
            return PublishInput(title=TITLE, question=WORDS, checked=True)
        case "rate":
            return RateInput(report=case.main_report, level="satisfied")
    return None


def typed_answer() -> dict[str, str]:
    """What an officer types of an answer."""
    return {name: getattr(ANSWER, name) for name in (*PARTS, "no_photo_reason")}


def typed_fields(step: LifeStep, staff: Staff) -> dict[str, str | list[str]]:
    """What the person types into the step's page; everything else stays as the page has it."""
    if step.act == "redo_answer":
        return {"instructions": INSTRUCTIONS}
    match step.element:
        case "verify" | "publish":
            return {"title": TITLE, "question": WORDS, "checked": "y"}
        case "classify":
            matter, area = db.session.get_one(Field, staff.field_id), db.session.get_one(Area, staff.area_id)
            return {"field": matter.service_code, "area": area.ref, "urgency": "normal", "complexity": "ordinary"}
        case "distribute":
            lead, other = (db.session.get_one(Agency, id_).ref for id_ in staff.agency_ids)
            return {"lead": lead, "cooperating": [other]}
        case "submit_answer":
            return {**typed_answer()}
        case "rate":
            return {"level": "satisfied"}
    return {}
