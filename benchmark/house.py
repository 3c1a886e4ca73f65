"""An installation as large as a province's: who works in it, and the lives of the cases to be copied, played by the use cases."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import select

from benchmark.life import ANSWER, INSTRUCTIONS, PASSWORD, TITLE, WORDS
from casework.answers.acts import RedoAnswerInput
from casework.assignments.distribution import DistributeInput
from casework.assignments.hand_backs import DecideHandBackInput, HandBackInput
from casework.db import db, unit_of_work
from casework.installation.seeding import install_centre, install_rules
from casework.intake.file_report import Place
from casework.local_time import local_day
from casework.models import Account, Agency, Area, Case, Centre, Field, Membership, RefusalReason
from casework.pausing.holds import HoldInput
from casework.pausing.withdrawals import WithdrawReportInput
from casework.permissions import Actor, Role, actor_for
from casework.privacy.identity import Contact
from casework.publishing.acts import PublishInput
from casework.publishing.ratings import RateInput
from casework.triage.acts import ClassifyInput, ClearedReport, VerifyInput
from casework.triage.hotline import CallHotlineInput
from casework.triage.refusals import RefuseInput
from casework.verbs import Input
from web.accounts.password_rules import hash_password
from workflows.models import WaitingTask
from workflows.running import acts
from workflows.running.filing import file_report
from workflows.running.steps import perform
from workflows.versions.live import install_shipped_model

MATTERS = (
    (TITLE, WORDS),
    ("Đèn đường không sáng", "Đèn đường trước chợ tắt ba đêm nay, đi lại rất nguy hiểm."),
    ("Ổ gà trên đường vào thôn", "Đường vào thôn có nhiều ổ gà sâu, trời mưa không thấy."),
    ("Lấn chiếm lòng đường", "Xe bán hàng lấn hết lòng đường vào giờ tan học."),
    ("Cây nghiêng sát dây điện", "Cây thông nghiêng sát dây điện, gió lớn là đổ."),
)
"""Subjects of the lives: a title, and the words of the sender."""

FINISHED_MINUTES, OPEN_MINUTES, YOUNG_MINUTES, URGENT_MINUTES = 730 * 1440, 5 * 1440, 1440, 180
"""Over how long a time back cases were filed: finished, with their agencies, not distributed yet (later than that the operations
lead has to confirm that little time is left), urgent."""

YOUNG = frozenset({"verify", "classify", "distribute"})

AFTER_STEP = timedelta(minutes=20)

PARTS_WITH_CREW, STEPS_LEFT = 5, 4
"""Stretches of a run in which the crew works (people signing in and the unpaused end counted as one each), and how many steps an open
case has before it on average."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The size of the installation and the pace of work in it."""

    cases: int = 100_000
    open_steps: int = 2_000
    agencies: int = 24
    sessions: int = 200
    pace_seconds: float = 20.0
    """Each session acts once in this time."""
    steps_per_second: float = 10.0
    clients: int = 8
    servers: int = 1
    """Processes of the server (LANGBIANG_PROCESSES)."""
    seconds: int = 120
    """Of each part of the measurement."""

    @property
    def is_small(self) -> bool:
        """Whether fewer kinds of lives are enough."""
        return self.cases < 1_000

    @property
    def cases_at_desks(self) -> int:
        """How many cases stay open: as many as requested, and enough for a crew that does several steps of each in every part of a run."""
        for_the_crew = round(self.steps_per_second * self.seconds * PARTS_WITH_CREW / STEPS_LEFT)
        return max(self.open_steps, min(for_the_crew, self.cases * 2 // 3))


@dataclass(frozen=True, slots=True)
class Life:
    """One kind of case: `goes_to` is the step that waits at its end, or how it ended; `share` its part of the block."""

    goes_to: str
    share: int
    agencies: int = 1
    urgent: bool = False
    act: str = ""
    level: str = "satisfied"
    is_basic: bool = False


FINISHED = (
    Life("rate", 26, is_basic=True),
    Life("rate", 22, level="acceptable"),
    Life("rate", 10, agencies=2, act="redo_answer"),
    Life("rate", 8, urgent=True),
    Life("rate", 8, act="hold"),
    Life("rate", 6, act="hand_back"),
    Life("rated by nobody", 10),
    Life("refused", 7, is_basic=True),
    Life("withdrawn", 3),
)
"""Finished lives; the share is per hundred cases."""

OPEN = (
    Life("verify", 16, is_basic=True),
    Life("classify", 10),
    Life("call_hotline", 2, urgent=True),
    Life("distribute", 10),
    Life("accept_assignment", 12, is_basic=True),
    Life("accept_assignment", 4, agencies=2),
    Life("decide_hand_back", 2, act="hand_back"),
    Life("submit_answer", 20, is_basic=True),
    Life("submit_answer", 8, agencies=2),
    Life("approve_answer", 9, is_basic=True),
    Life("publish", 7),
)
"""Open lives, by the step that waits; the share is per hundred open steps."""

RESTING = (Life("submit_answer", 60, act="hold"), Life("rated by nobody", 40))
"""Lives with no step for staff at present; the share is per hundred of them."""


@dataclass
class Installation:
    """Who works in it and what it holds. `logins` by role; agencies and their people by index."""

    centre_id: int
    agency_ids: list[int]
    area_ids: list[int]
    field_ids: list[int]
    accounts: dict[str, int] = field(default_factory=dict)
    sessions: list[str] = field(default_factory=list)
    cases: int = 0
    open_steps: int = 0
    seconds: float = 0.0


def workers(agencies: int) -> Iterator[tuple[str, Role, int | None]]:
    """The people who play the lives and then work on the open ones: three operators, an officer and a leader per agency."""
    for number in range(3):
        yield f"work_operator_{number}", Role.OPERATOR, None
    yield "work_ops_lead", Role.OPS_LEAD, None
    for number in range(agencies):
        yield f"work_officer_{number}", Role.OFFICER, number
        yield f"work_leader_{number}", Role.AGENCY_LEADER, number


def sitters(scale: Scale) -> Iterator[tuple[str, Role, int | None]]:
    """The people at the sessions: of ten two operators, six officers, one leader, and the operations lead or the committee's leader."""
    roles = (Role.OPERATOR, *[Role.OFFICER] * 3, Role.AGENCY_LEADER, Role.OPERATOR, *[Role.OFFICER] * 3)
    for number in range(scale.sessions):
        last = Role.OPS_LEAD if number % 20 == 9 else Role.COMMITTEE_LEADER
        role = last if number % 10 == 9 else roles[number % 10]
        yield f"session_{number:03}", role, number % scale.agencies if role in (Role.OFFICER, Role.AGENCY_LEADER) else None


def take_on_staff(scale: Scale, now: datetime) -> Installation:
    """Install rules, centre and model in an empty database and add everybody. Runs inside the caller's unit of work."""
    install_rules(now)
    centre = install_centre(now)
    install_shipped_model(now=now)
    today = local_day(now)
    agencies = db.session.scalars(select(Agency).where(Agency.centre_id == centre.id).order_by(Agency.id))
    communes = db.session.scalars(select(Area).where(Area.centre_id == centre.id, Area.level == "commune").order_by(Area.id))
    fields = db.session.scalars(select(Field).order_by(Field.id))
    house = Installation(
        centre.id, [row.id for row in agencies if row.holds_on(today)][: scale.agencies],
        [row.id for row in communes if row.holds_on(today)], [row.id for row in fields if row.holds_on(today)],
    )  # fmt: skip
    if len(house.agency_ids) < scale.agencies:
        raise LookupError(f"the installation's rules name {len(house.agency_ids)} agencies, not {scale.agencies}")
    hashed = hash_password(PASSWORD)
    house.sessions = [login for login, _, _ in sitters(scale)]
    for login, role, number in (*workers(scale.agencies), *sitters(scale)):
        account = Account(kind="staff", login=login, password_hash=hashed, full_name=f"Người Thử {login}", created_at=now)
        account.title_vi, account.title_en = "Chuyên viên", "Officer"
        agency_id = None if number is None else house.agency_ids[number]
        account.memberships.append(
            Membership(role=role, centre_id=None if agency_id else centre.id, agency_id=agency_id, valid_from=today - timedelta(days=800))
        )
        db.session.add(account)
        db.session.flush()
        house.accounts[login] = account.id
    return house


class Player:
    """Plays lives by the use cases, each at other agencies than the one before."""

    def __init__(self, house: Installation, now: datetime) -> None:
        self.house, self.now = house, now
        self.case_id = self.report_id = 0
        self.moment = now

    def play(self, life: Life, number: int, begun: datetime) -> None:
        """File a report and take it as far as the life goes."""
        self.moment, self.life, self.number = begun, life, number
        self._file()
        if life.goes_to == "withdrawn":
            self._act("withdraw_report", "guest", WithdrawReportInput(report=self._case.main_report, reason="Đã được dọn."))
            return
        for element in self._way():
            if element == life.goes_to:
                return
            self._step(element)

    def _way(self) -> Iterator[str]:
        life = self.life
        yield "verify"
        if life.goes_to == "refused":
            return
        yield "classify"
        if life.urgent:
            yield "call_hotline"
        yield from ("distribute", "accept_assignment")
        if life.act == "hand_back":
            yield "decide_hand_back"
            self.life = replace(life, act="")
            yield "accept_assignment"
        if life.act == "hold":
            until = (self.moment + timedelta(days=3)).date()
            self._act("hold", "work_ops_lead", HoldInput(reason="Chờ kết quả quan trắc.", until=until))
            if life in RESTING:
                return
            self._step("resume")
        yield from ("submit_answer", "approve_answer")
        if life.act == "redo_answer":
            self.life = replace(life, act="")
            yield from ("submit_answer", "approve_answer")
        yield "publish"
        if life.goes_to == "rate":
            self._step("rate")

    def _step(self, element: str) -> None:
        """Do every waiting step of that element."""
        query = select(WaitingTask).where(WaitingTask.case_id == self.case_id, WaitingTask.state == "waiting")
        for task in list(db.session.scalars(query.where(WaitingTask.element == element).order_by(WaitingTask.id))):
            self._do(task.ref, element, task.agency_id)

    def _do(self, ref: str, element: str, agency_id: int | None) -> None:
        who, act, given = self._choice(element, agency_id)
        by = self._actor(who)
        with unit_of_work():
            perform(ref, by=by, now=self.moment, act=act, given=given)
        self.moment += AFTER_STEP

    def _choice(self, element: str, agency_id: int | None) -> tuple[str, str | None, Input | None]:
        """Who does a step, by which verb, and what is filled in."""
        life, place = self.life, self.house.agency_ids.index(agency_id) if agency_id else 0
        title, words = MATTERS[self.number % len(MATTERS)]
        match element:
            case "verify" if life.goes_to == "refused":
                reason = db.session.scalars(select(RefusalReason).order_by(RefusalReason.id).limit(1)).one()
                return "work_operator_0", "refuse", RefuseInput(reason=reason, words="Chưa rõ địa điểm.")
            case "verify":
                cleared = [ClearedReport(link.report, words) for link in self._case.reports]
                return "work_operator_0", None, VerifyInput(title=title, cleared=cleared)
            case "classify":
                matter = db.session.get_one(Field, self.house.field_ids[self.number % len(self.house.field_ids)])
                urgency = "urgent" if life.urgent else "normal"
                given = ClassifyInput(field=matter, urgency=urgency, complexity="ordinary", area=self._area)
                return "work_operator_0", None, given
            case "call_hotline":
                call = CallHotlineInput(number="02630000000", spoke_to="Trực ban", reached=True, what="Đã báo.")
                return "work_operator_0", None, call
            case "distribute":
                lead, *others = [db.session.get_one(Agency, self.house.agency_ids[(self.number + step) % len(self.house.agency_ids)])
                                 for step in range(life.agencies)]  # fmt: skip
                return "work_operator_0", None, DistributeInput(lead=lead, cooperating=others)
            case "accept_assignment" if life.act == "hand_back":
                return f"work_officer_{place}", "hand_back", HandBackInput(reason="Không thuộc địa bàn.")
            case "accept_assignment":
                return f"work_officer_{place}", None, None
            case "decide_hand_back":
                return "work_operator_0", None, DecideHandBackInput(upheld=False, words="Đất do đơn vị quản lý.")
            case "submit_answer":
                return f"work_officer_{place}", None, ANSWER
            case "approve_answer" if life.act == "redo_answer":
                return f"work_leader_{place}", "redo_answer", RedoAnswerInput(instructions=INSTRUCTIONS)
            case "approve_answer":
                return f"work_leader_{place}", None, None
            case "publish":
                text = PublishInput(title=title, question=words, checked=True, shows_exact_place=self.number % 2 == 0)
                return "work_operator_0", None, text
            case "rate":
                return "guest", None, RateInput(report=self._case.main_report, level=life.level)
        return "work_ops_lead" if element == "resume" else "work_operator_0", None, None

    def _act(self, verb: str, who: str, given: Input) -> None:
        ref, by = self._case.ref, self._actor(who)
        with unit_of_work():
            acts.act(ref, verb, by=by, now=self.moment, given=given)
        self.moment += AFTER_STEP

    def _file(self) -> None:
        place = Place(area=self._area, village="Thôn Păng Tiêng", latitude=12.05, longitude=108.45)
        contact = Contact(name="Nguyễn Thị Thử", phone=f"+849123{self.case_id % 100_000:05}")
        centre = db.session.get_one(Centre, self.house.centre_id)
        words = MATTERS[self.number % len(MATTERS)][1]
        with unit_of_work():
            filed = file_report(
                centre=centre, source="citizen", words=words, place=place, by=Actor(account=None), now=self.moment, consented=True,
                contact=contact, marked_urgent=self.life.urgent,
            )  # fmt: skip
            self.case_id, self.report_id = filed.case.id, filed.report.id
        self.moment += AFTER_STEP

    def _actor(self, who: str) -> Actor:
        if who == "guest":
            return actor_for(None, now=self.moment, tracked_report_ids=(self.report_id,))
        return actor_for(db.session.get_one(Account, self.house.accounts[who]), now=self.moment)

    @property
    def _case(self) -> Case:
        return db.session.get_one(Case, self.case_id)

    @property
    def _area(self) -> Area:
        return db.session.get_one(Area, self.house.area_ids[self.number % len(self.house.area_ids)])
