"""Furnishes desks in the demonstration with drafts, notes, claimed steps and saved filters, and counts what is waiting for whom."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import func, select

from casework.answers.acts import newest_answer
from casework.answers.openings import record_opening
from casework.answers.templates import keep_template
from casework.bilingual import Bilingual
from casework.db import db, new_ref
from casework.inbox.saved_filters import keep_filter, sharing_places
from casework.local_time import LOCAL_ZONE, local_day
from casework.models import Account, Agency, AgencySuccession, CaseReport, Centre, Deputy, Draft, Report, Reporter
from casework.notes.mentions import mention_in, unseen_count
from casework.notes.notes import write_note
from casework.permissions import SYSTEM, Role, actor_for
from casework.privacy.account_marks import mark_account
from casework.steps.drafts import keep_draft
from web.demo.people import agency_account, staff_account
from web.demo.stories import Deed
from web.demo.telling import LEAD, OPERATOR, Telling
from workflows.desk_access import REPORTER
from workflows.desks.assigning import assign_task
from workflows.desks.inbox import count_waiting
from workflows.models import WaitingTask
from workflows.running.steps import claim, draft_place

STANDS_IN = timedelta(days=14)
PRINCIPAL, DEPUTY = "PVHTT", "PTNMT"
"""Keys of two agencies: the leader of the first is away from the day of seeding, the leader of the second is their deputy."""

ANSWER = "submit_answer"

# -- in a story -------------------------------------------------------------------------------------------------------


def note(telling: Telling, deed: Deed, moment: datetime) -> None:
    """An operator writes a note and names a colleague in it."""
    by = telling.staff(OPERATOR, moment)
    written = write_note(telling.case, by=by, now=moment, audience=deed.form["audience"], words=deed.form["words"])
    db.session.flush()
    mention_in(written, telling.case, by=by, now=moment)


def claim_step(telling: Telling, deed: Deed, moment: datetime) -> None:
    claim(telling.waiting(deed.form["element"]).ref, by=telling.staff(deed.form["by"], moment), now=moment)


def assign(telling: Telling, deed: Deed, moment: datetime) -> None:
    to = staff_account(deed.form["to"]).ref
    assign_task(telling.waiting(deed.form["element"]).ref, by=telling.staff(LEAD, moment), now=moment, to=to)


def open_answer(telling: Telling, deed: Deed, moment: datetime) -> None:
    """The agency's leader opens the newest version of its answer."""
    own = telling.assignment(deed)
    answer = newest_answer(own)
    if answer is None:
        raise ValueError(f"{telling.story.title}: no answer to open")
    record_opening(answer.id, by=telling.of_agency(own, Role.AGENCY_LEADER, moment), now=moment)


def keep_answer_draft(telling: Telling, deed: Deed, moment: datetime) -> None:
    """The officer starts an answer and saves it as a named draft."""
    own = telling.assignment(deed)
    fields = [("contact", own.agency.short_name_vi), *((part, deed.form[part]) for part in ("findings", "actions", "remaining"))]
    keep_draft(
        draft_place(telling.waiting(ANSWER, own)), by=telling.of_agency(own, Role.OFFICER, moment), now=moment, fields=fields,
        window=new_ref(), name=deed.form["name"],
    )  # fmt: skip


# -- apart from the stories -------------------------------------------------------------------------------------------


def furnish_desks(centre: Centre, *, now: datetime) -> None:
    """Two filters of an operator, an agency's template, and a leader who deputises for another. In the caller's unit of work."""
    operator = actor_for(staff_account(OPERATOR), now=now)
    keep_filter(by=operator, now=now, name="Việc khẩn của tôi", chosen={"view": "mine", "urgency": "urgent"})
    own_centre = sharing_places(operator)[0]
    keep_filter(by=operator, now=now, name="Đang chờ cán bộ đơn vị", chosen={"waits": "officer"}, shared_with=own_centre)
    agency = _agency(centre, DEPUTY)
    keep_template(
        agency, by=actor_for(agency_account(agency, Role.OFFICER), now=now), now=now, name="Kiểm tra đất đai, môi trường tại chỗ",
        parts={
            "findings": "Ngày …, {agency} cùng UBND xã kiểm tra tại {place}; kết quả: ….",
            "actions": "Đã lập biên bản số …, yêu cầu chủ hộ khắc phục trước ngày ….",
            "remaining": "Kiểm tra lại trước ngày {due_on}.",
            "contact": "{officer}, {agency}",
        },
    )  # fmt: skip
    today = datetime.combine(local_day(now), time(), LOCAL_ZONE)
    principal, deputy = (agency_account(_agency(centre, key), Role.AGENCY_LEADER) for key in (PRINCIPAL, DEPUTY))
    db.session.add(
        Deputy(principal_id=principal.id, deputy_id=deputy.id, starts_at=today, ends_at=today + STANDS_IN, created_by_id=principal.id)
    )
    mark_account(principal, by=SYSTEM, at=now)


# -- what waits for whom ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OnDesk:
    """How much is waiting for somebody: steps on their desks, drafts of answers and other texts, notes that name them."""

    steps: int = 0
    answers: int = 0
    other_texts: int = 0
    mentions: int = 0

    def __bool__(self) -> bool:
        return bool(self.steps or self.answers or self.other_texts or self.mentions)

    @property
    def words(self) -> Bilingual:
        """A few words; only counts above zero are mentioned."""
        said = [
            (self.steps, "việc", ("task", "tasks")),
            (self.answers, "câu trả lời đang soạn", ("answer begun", "answers begun")),
            (self.other_texts, "bản nháp", ("draft", "drafts")),
            (self.mentions, "ghi chú nhắc tên", ("mention", "mentions")),
        ]
        there = [each for each in said if each[0]]
        return Bilingual(
            ", ".join(f"{number} {vi}" for number, vi, _ in there),
            ", ".join(f"{number} {one if number == 1 else many}" for number, _, (one, many) in there),
        )


def on_desk(account: Account, *, now: datetime) -> OnDesk:
    by = actor_for(account, now=now)
    drafts = select(Draft.subject, func.count()).where(Draft.account_id == account.id).group_by(Draft.subject)
    texts = dict(db.session.execute(drafts).tuples().all())
    answers = texts.pop(ANSWER, 0)
    steps = count_waiting(by, now=now) if by.is_staff else _steps_of_citizen(account)
    return OnDesk(steps, answers, sum(texts.values()), unseen_count(by))


def _steps_of_citizen(account: Account) -> int:
    """The steps waiting for the sender, who has no desk."""
    own = select(CaseReport.case_id).join(CaseReport.report).join(Report.reporter).where(Reporter.account_id == account.id)
    query = select(func.count()).select_from(WaitingTask).where(WaitingTask.case_id.in_(own), WaitingTask.state == "waiting")
    return db.session.scalar(query.where(WaitingTask.desk.startswith(f"{REPORTER}@"))) or 0


def _agency(centre: Centre, key: str) -> Agency:
    """The agency with that key, or its first successor."""
    agency = db.session.scalars(select(Agency).where(Agency.centre_id == centre.id, Agency.key == key)).one()
    behind = select(Agency).join(AgencySuccession, AgencySuccession.successor_id == Agency.id)
    behind = behind.where(AgencySuccession.predecessor_id == agency.id).order_by(Agency.id)
    return db.session.scalars(behind.limit(1)).first() or agency
