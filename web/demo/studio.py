"""Furnishes the studio of the demonstration: a centre's own version that went live today, cases to be moved to it, a draft waiting for
approval, its rehearsals, and a daily setting. All but the plan and the counted times belong to the demonstration's one transaction."""

from datetime import datetime, time, timedelta

from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.figures.counting import month_before
from casework.local_time import LOCAL_ZONE, local_day
from casework.models import Case, Centre
from casework.permissions import Action, Actor, actor_for
from casework.settings.importing.rows import add_row
from casework.settings.kinds.table import KINDS
from web.demo.people import staff_account
from web.demo.settings import ADMINISTRATOR
from web.demo.telling import begin_step
from workflows.bottlenecks.conforming import ask_conformance
from workflows.bottlenecks.keeping import count_month
from workflows.bottlenecks.reading import BottleneckQuery, last_months
from workflows.definitions.process import shipped_model
from workflows.drafting.approvals import approve_version, put_live
from workflows.drafting.drafts import hand_in, start_draft
from workflows.models import ProcessVersion
from workflows.moving import batch
from workflows.moving.plans import make_move
from workflows.rehearsal.asking import ReplayPeriod, ask_history, ask_scenarios
from workflows.rehearsal.recording import record_scenario
from workflows.versions.live import live_version, scopes_with
from workflows.versions.starting_models import STARTING_MODELS

APPROVER = "pheduyet"
TEN = time(10)
DRAWN_DAYS, HANDED_IN_DAYS, APPROVED_DAYS = 8, 6, 1
"""How many days ago the centre's own version was begun, submitted and approved. It goes live on the day of the demonstration."""
DISTRICT_DAYS = 2
MONTHS = 12
RECORDED = "Đá rơi xuống mặt đường Quốc lộ 27C"
"""The title of the case recorded as a scenario."""

WAITED_AT, REDRAWN = "wait_for_agencies", "answers_complete"
"""The event at which a case waits for its agencies was deleted and drawn again, as people do; cases waiting there need a choice when they
are moved."""
NAMES = (
    ("Các đơn vị đã xong", "Đã đủ trả lời của các đơn vị"),
    ('value="Agencies finished"', 'value="All answers are there"'),
    ("Đọc, biên tập bổ sung", "Đọc và biên tập phần người dân gửi thêm"),
    ('value="Read and clear the words"', 'value="Read and clear what citizens added"'),
)


def furnish_studio(centre: Centre, *, now: datetime) -> None:
    """Everything that belongs in the caller's transaction."""
    _go_live_with_own(centre, now)
    begin_step()
    administrator = _staff(ADMINISTRATOR, now)
    _set_for_today(centre, administrator, now)
    _record_a_way(administrator, now)
    district = _hand_in_district(centre, now)
    begin_step()
    today = local_day(now)
    ask_scenarios(district, by=administrator, now=now)
    ask_history(district, period=ReplayPeriod(today - timedelta(days=365), today), by=administrator, now=now)
    first, last = last_months(now, MONTHS)
    ask_conformance(BottleneckQuery(first, last, centre=centre), by=administrator, now=now)
    db.session.flush()


def plan_a_move(now: datetime) -> None:
    """Plan the move of the open cases to the centre's own version and compute its preview, once past limits have ended what they end.

    It is outside the one transaction, so a start interrupted here leaves no plan.
    """
    with unit_of_work():
        by = _staff(ADMINISTRATOR, now)
        centre_id = next(iter(scopes_with(by, Action.MOVE_CASES)))
        make_move(live_version(None), live_version(centre_id), by=by, now=now, centre_id=centre_id)
    while batch.go_on(now):
        pass


def count_the_year(now: datetime) -> None:
    """Count the step times of the months shown; older ones are left to the worker.

    So are the rehearsals: they take some seconds, and the pages say that they are waiting.
    """
    month_on, first = last_months(now, MONTHS)[::-1]
    while month_on >= first:
        count_month(month_on, now=now)
        month_on = month_before(month_on)


def _go_live_with_own(centre: Centre, now: datetime) -> ProcessVersion:
    text = shipped_model().decode().replace(WAITED_AT, REDRAWN)
    for old, new in NAMES:
        text = text.replace(old, new)
    begun, handed_in, approved = (_days_ago(days, now) for days in (DRAWN_DAYS, HANDED_IN_DAYS, APPROVED_DAYS))
    begin_step()
    version = start_draft(
        by=_staff(ADMINISTRATOR, begun), now=begun, centre_id=centre.id, xml=text.encode(), note="Tên gọi theo cách nói của Trung tâm"
    )
    begin_step()
    hand_in(
        version, by=_staff(ADMINISTRATOR, handed_in), now=handed_in,
        note="Đổi tên hai phần cho dễ hiểu, vẽ lại chỗ chờ các đơn vị. Các bước không đổi.",
    )  # fmt: skip
    begin_step()
    approve_version(version, by=_staff(APPROVER, approved), now=approved, words="Đã xem từng thay đổi, đồng ý áp dụng.")
    begin_step()
    put_live(version, by=_staff(ADMINISTRATOR, now), now=now)
    return version


def _hand_in_district(centre: Centre, now: datetime) -> ProcessVersion:
    model = STARTING_MODELS["district"]
    begun = _days_ago(DISTRICT_DAYS, now)
    begin_step()
    draft = start_draft(by=_staff(ADMINISTRATOR, begun), now=begun, centre_id=centre.id, xml=model.text, note=model.note)
    begin_step()
    hand_in(
        draft, by=_staff(ADMINISTRATOR, now), now=now,
        note="Thêm khảo sát hiện trường và kiểm tra chất lượng trả lời, theo góp ý của Tổ vận hành. Đã diễn tập với hồ sơ 12 tháng qua.",
    )  # fmt: skip
    return draft


def _set_for_today(centre: Centre, by: Actor, now: datetime) -> None:
    words = {
        "element": "distribute",
        "help_vi": "Việc liên quan rừng: giao Hạt Kiểm lâm chủ trì, xã phối hợp. Ghi rõ thôn và mốc đường trong chỉ dẫn.",
        "help_en": "For forests let the rangers lead and the commune cooperate. Name village and road marker in the instructions.",
    }
    reason = "Tổ vận hành hay hỏi lại đơn vị chủ trì."
    add_row(KINDS["element"], words, by=by, now=now, reason=reason, centre_id=centre.id)


def _record_a_way(by: Actor, now: datetime) -> None:
    case = db.session.scalars(select(Case).where(Case.title == RECORDED)).first()
    if case is None:
        return
    try:
        record_scenario(case.ref, name="Đá rơi trên quốc lộ, báo khẩn", by=by, now=now)
    except CaseworkError:
        return  # a case that cannot be recorded is no reason to fail


def _days_ago(days: int, now: datetime) -> datetime:
    return datetime.combine(local_day(now) - timedelta(days=days), TEN, LOCAL_ZONE)


def _staff(login: str, now: datetime) -> Actor:
    return actor_for(staff_account(login), now=now)
