"""Furnishes the settings pages of the demonstration: a television, a late letter, a changed setting, a reorganisation plan, and messages
that were given up. All but the messages belong to the demonstration's one transaction."""

from collections.abc import Collection
from datetime import date, datetime, time, timedelta

from flask import Flask
from sqlalchemy import select, update

from casework.db import db, unit_of_work
from casework.documents.letters import usual_reply_day, write_late_letter
from casework.doors.accounts import ServiceWish, add_service_account
from casework.doors.behalf import agree
from casework.doors.gates import OPEN_DOOR, Door, setting_of
from casework.doors.keys import add_key
from casework.local_time import LOCAL_ZONE, local_day
from casework.messages.routing import route_messages
from casework.messages.sending import Outgoing, Receipt, Refused, send_waiting
from casework.models import Agency, Centre, OutboxMessage
from casework.permissions import Action, actor_for
from casework.reorganising import plans
from casework.reorganising.blueprint import BodyKind
from casework.settings.scopes import present_roles
from casework.settings.value_changes import set_value
from casework.wallboard.wallboards import add_wallboard, pair_wallboard
from web.demo.people import staff_account
from web.demo.telling import LEAD, OPERATOR, begin_step
from web.gateways.opening import page_addresses
from workflows.desks.late_cases import late_agency, late_list, late_parts_of

ADMINISTRATOR = "quantri"
TELEVISION = "Màn hình phòng điều hành"
SHORT_NAME = "Xã Lạc Dương"
ADDRESS = "Đường Thống Nhất, xã Lạc Dương, tỉnh Lâm Đồng (địa chỉ minh họa)"
CONTACT = "dulieu@langbiang.example"
KEY_SERVICE = "Quản trị hệ thống tạo khóa ở Cài đặt → Cửa kết nối."
AGENCY_LEADER, OFFICER = "lanhdao.ptnmt", "canbo.ptnmt"
SYSTEM = "Phần mềm quản lý văn bản của phòng"
SCOPES = (Action.READ_CASE, Action.READ_INBOX, Action.ACCEPT_ASSIGNMENT, Action.PROGRESS_NOTE)
JOINED = ("TKTNN", "TTDVTH")
"""Keys of the agencies that a plan merges into one."""
NEW_AGENCY = {
    "key": "TTCUDVC", "name_vi": "Trung tâm Cung ứng dịch vụ công khu vực Lạc Dương", "name_en": "Lạc Dương Area Public Service Provider",
    "short_name_vi": "TT Cung ứng DVC khu vực", "short_name_en": "Public Service Provider",
}  # fmt: skip
MONTHS_AHEAD = 2
ROUTED, GIVEN_UP = 6, 2
"""Of the newest messages to citizens: how many went out by e-mail, and how many of those their server refused for good."""
TEN = time(10)


def furnish_settings(centre: Centre, *, now: datetime) -> None:
    """Everything that belongs in the caller's transaction."""
    _set_reply_days(centre, now)
    _hang_television(centre, now)
    _connect_a_system(centre, now)
    _open_doors(centre, now)
    _write_late_letter(now)
    _draw_up_plan(centre, now)
    db.session.flush()


def let_messages_be_given_up(app: Flask, *, now: datetime) -> None:
    """At ten on the day before, an e-mail server no longer knew two addresses. Some messages wait because their channel is not configured.

    Recipients are worked out outside any other transaction, so a start interrupted here leaves no such messages.
    """
    at = datetime.combine(local_day(now) - timedelta(days=1), TEN, LOCAL_ZONE)
    to_citizens = select(OutboxMessage.id).where(OutboxMessage.recipient.startswith("reporter:"), OutboxMessage.due_at <= at)
    newest = list(db.session.scalars(to_citizens.order_by(OutboxMessage.due_at.desc(), OutboxMessage.id.desc()).limit(ROUTED)))
    db.session.rollback()
    if not newest:
        return
    let_past_messages_rest(now, besides=newest)
    route_messages(at, ROUTED, configured={"email"})
    send_waiting("email", _no_such_box, clock=lambda: at, pages=page_addresses(app), configured={"email"}, most=GIVEN_UP)


def let_past_messages_rest(now: datetime, *, besides: Collection[int] = ()) -> None:
    """Mark the messages of earlier days as done, so that they are not sent when a channel is configured later."""
    midnight = datetime.combine(local_day(now), time(), LOCAL_ZONE)
    past = OutboxMessage.routed_at.is_(None), OutboxMessage.due_at < midnight, OutboxMessage.id.not_in(besides)
    with unit_of_work():
        db.session.execute(update(OutboxMessage).where(*past).values(routed_at=OutboxMessage.due_at))


def _no_such_box(_outgoing: Outgoing) -> Receipt:
    raise Refused("550 5.1.1")


def _set_reply_days(centre: Centre, now: datetime) -> None:
    by = actor_for(staff_account(ADMINISTRATOR), now=now)
    why = "Đơn vị ở xa cần năm ngày làm việc để kiểm tra thực địa và trả lời công văn nhắc."
    set_value("late_letter_reply_days", "5", by=by, now=now, reason=why, centre_id=centre.id)
    where = "Người dân cần biết gửi thư về đâu và hỏi ai về dữ liệu của mình."
    for key, value in (("controller_address", ADDRESS), ("controller_contact", CONTACT), ("security_contact", CONTACT)):
        set_value(key, value, by=by, now=now, reason=where, centre_id=centre.id)
    set_value("centre_short_name", SHORT_NAME, by=by, now=now, reason="Tên đầy đủ không đủ chỗ trên thanh đầu trang.", centre_id=centre.id)


def _hang_television(centre: Centre, now: datetime) -> None:
    by = actor_for(staff_account(LEAD), now=now)
    _board, code = add_wallboard(centre=centre, name=TELEVISION, reason="Treo tivi ở phòng điều hành.", by=by, now=now)
    pair_wallboard(code, now=now)


def _connect_a_system(centre: Centre, now: datetime) -> None:
    """Of an agency, with a key nobody has, and an officer in whose name it acts."""
    by, owner = actor_for(staff_account(ADMINISTRATOR), now=now), staff_account(AGENCY_LEADER)
    agency = next(role.agency for role in present_roles(owner, local_day(now)) if role.agency is not None)
    why = "Phòng kết nối phần mềm quản lý văn bản của mình (minh họa)."
    row = add_service_account(
        ServiceWish(name=SYSTEM, owner=owner, purpose="Tiếp nhận việc được giao và ghi tiến độ từ phần mềm của phòng.", scopes=SCOPES),
        centre=centre, agency=agency, by=by, now=now, reason=why,
    )  # fmt: skip
    add_key(row, by=by, now=now, reason=why)
    agree(row, by=actor_for(staff_account(OFFICER), now=now), now=now)


def _open_doors(centre: Centre, now: datetime) -> None:
    """Those to which somebody can try to connect; keys, endpoints and links are made at the pages.

    E-mail in and the provisioning of people stay closed: they need a mail box and a directory.
    """
    by, why = actor_for(staff_account(ADMINISTRATOR), now=now), "Hệ thống khác và đơn vị ngoài thử kết nối (minh họa)."
    opened = [(setting_of(door), OPEN_DOOR) for door in (Door.OPEN311, Door.API, Door.WEBHOOKS, Door.LINKS)]
    for key, value in (*opened, ("open311_contact", CONTACT), ("open311_key_service", KEY_SERVICE)):
        set_value(key, value, by=by, now=now, reason=why, centre_id=centre.id)


def _write_late_letter(now: datetime) -> None:
    """To the most overdue agency, but not to a commune's committee, which no centre under it may urge."""
    begin_step()
    by = actor_for(staff_account(OPERATOR), now=now)
    rows = [row for row in late_list(by, now=now).rows if row.can_be_written and row.assignment.agency.parent_id is not None]
    if not rows:
        return
    late = max(rows, key=lambda row: (row.days, -row.assignment.id)).assignment.agency
    agency = late_agency(by, late.ref)
    if agency is None:
        return
    write_late_letter(
        agency=agency, assignments=late_parts_of(by, agency, now=now, limit=10), reply_by=usual_reply_day(agency.centre_id, now),
        words="Đề nghị đơn vị báo cáo rõ nguyên nhân chậm và ngày có kết quả.", by=by, now=now,
    )  # fmt: skip


def _draw_up_plan(centre: Centre, now: datetime) -> None:
    """The plan stays undone: its page shows what would move."""
    by = actor_for(staff_account(ADMINISTRATOR), now=now)
    plan = plans.begin_plan(
        by=by, now=now, title="Hợp nhất các đơn vị sự nghiệp khu vực", source="Dự thảo Đề án sắp xếp đơn vị sự nghiệp công lập (minh họa)",
        on=_first_of_month(local_day(now), MONTHS_AHEAD), centre_id=centre.id,
    )  # fmt: skip
    there = {row.key: row for row in db.session.scalars(select(Agency).where(Agency.centre_id == centre.id, Agency.key.in_(JOINED)))}
    made = plans.new_body(plan.ref, by=by, kind=BodyKind.AGENCY, values=NEW_AGENCY)
    for key in JOINED:
        plans.add_line(plan.ref, by=by, kind=BodyKind.AGENCY, predecessor_id=there[key].id, successor_id=made.id)


def _first_of_month(day: date, months: int) -> date:
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)
