"""The desks of settings, messages, letters and intake, with something on each: what `desks.py` has no part of."""
from __future__ import annotations

import json
from datetime import date, timedelta

from playwright.sync_api import Page
from sqlalchemy import select

from casework.calendars import RULES_STREAM
from casework.db import db, unit_of_work
from casework.documents.letters import write_late_letter
from casework.messages.routing import route_messages
from casework.messages.sending import Outgoing, Receipt, Refused, send_waiting
from casework.models import Assignment, Camera, Event, Letterhead
from casework.permissions import Role, actor_for
from casework.privacy.identity import Contact
from casework.reorganising import plans
from casework.reorganising.blueprint import BodyKind
from casework.rights.breaches import SHOWN_PAGE, BreachFacts, breaches_seen, open_breach
from casework.settings.deputyships import appoint_deputy
from casework.settings.importing.rows import add_row
from casework.settings.kinds.table import KINDS
from casework.settings.value_changes import set_value
from casework.wallboard.wallboards import add_wallboard
from tests import build, reorganised
from tests.browser.day import Day, fill_in
from tests.browser.desks import Desk
from tests.browser.waiting import next_document
from tests.casework.places.test_boundaries import EAST, SQUARE, collection, feature, polygon
from tests.soak.looks_settings import pages_of_settings
from tests.soak.looks_studio import pages_of_studio
from web.gateways.opening import page_addresses
from web.settings.event_sentences import told_events
from workflows.bottlenecks.keeping import count_month
from workflows.drafting.drafts import hand_in, start_draft
from workflows.moving import batch
from workflows.moving.plans import make_move
from workflows.rehearsal.asking import ReplayPeriod, ask_history, ask_scenarios
from workflows.rehearsal.running import go_on_with_rehearsals
from workflows.reorganising import acts as reorganising
from workflows.running.steps import claim
from workflows.versions.live import live_version
from workflows.versions.starting_models import STARTING_MODELS

HOUSE_ADMINISTRATOR = "house_administrator"
STUDIO = ("compare-", "rehearsals-", "move", "daily", "heat")
"""Pages looked at here; list, versions and editor have their part in test_studio.py."""
WHY = "Theo Quyết định 12/QĐ-UBND."
PEOPLE = """Tên đăng nhập;Họ và tên;Chức danh;Điện thoại;Vai trò;Mã đơn vị;Đầu mối
an.le;Lê Thị An;Chuyên viên;0912345678;Cán bộ đơn vị;PTNMT;x
operator_2;Người Thử operator_2;Chuyên viên;;ops_lead;;
binh.tran;Trần Văn Bình;Chuyên viên;12;Cán bộ đơn vị;KHONG-CO;
;Không Tên Đăng Nhập;;;Thủ thư;;
"""
SHAPES = collection(feature(polygon(SQUARE), name="Xã Lát"), feature(polygon(EAST), name="Xã Đạ Chais"),
                    feature(polygon([[x + 0.2, y] for x, y in SQUARE]), name="Xã không có ở đây"))  # fmt: skip


def furnish_settings(day: Day) -> None:
    """Late cases with a letter and an apology, cameras, televisions, a message that was given up, changes of settings, two plans."""
    world, now = day.world, day.now()
    with unit_of_work():
        account = build.staff(world, HOUSE_ADMINISTRATOR, Role.ADMINISTRATOR)
        account.email = "quan.tri@lacduong.example"
        account.memberships[0].centre_id = None
        db.session.add_all([
            Letterhead(centre_id=world.centre.id, agency_id=None, parent_body="Ủy ban nhân dân huyện Lạc Dương",
                       issuing_body="Trung tâm Giám sát, điều hành thông minh", symbol="IOC", place="Lạc Dương", authority="TL. Chủ tịch",
                       signer_title="Giám đốc", signer_name="Người Ký Thử", valid_from=build.LONG_AGO),
            *(Camera(centre_id=world.centre.id, name_vi=name, name_en=name, kind=kind, area_id=world.area.id, latitude=at[0],
                     longitude=at[1], valid_from=build.LONG_AGO)
              for name, kind, at in (("Camera tầm cao Klong Klanh", "tower", (12.1795, 108.6755)),
                                     ("Camera an ninh chợ Lạc Dương", "security", (12.0102, 108.4267)))),
        ])  # fmt: skip
        world.area.latitude, world.area.longitude = 12.05, 108.36
    early = now - timedelta(days=20)
    for urgent in (False, True):
        day.cases[f"late {urgent}"] = build.case_at(world, "handling", agencies=2, now=early, urgent=urgent)
    build.case_at(world, "to_classify", now=early, words="Ô tô đỗ chắn lối đi.")
    day.act("late False", "apologise", "operator", reason="Mưa lớn, xe chưa vào được.", until=date(2026, 3, 9))
    give_up(day)
    with unit_of_work():
        by = actor_for(db.session.merge(account), now=now)
        add_wallboard(centre=db.session.merge(world.centre), name="Phòng điều hành", reason=WHY, by=by, now=now)
        known = BreachFacts(happened="Trang của một phản ánh hiện cho người khác trong mười phút.", data_kinds="Họ tên, số điện thoại",
                      consequences="Người lạ có thể gọi điện.", measures="Đã đóng trang, đã sửa lỗi.", contact="Tổ vận hành, 0263 3839 123")
        open_breach(SHOWN_PAGE, known, by=by, now=now, noticed_at=now - timedelta(hours=3), centre_id=world.centre.id)
        set_value("quiet_from", "20:00", by=by, now=now, reason=WHY)
        leader, deputy = (db.session.merge(world.people[name]) for name in ("leader_PTNMT", "officer_2_PTNMT"))
        appoint_deputy(principal=leader, deputy=deputy, starts_at=now + timedelta(days=1), ends_at=now + timedelta(days=5), by=by, now=now,
                       reason="Nghỉ phép.")
        late, agency = day.cases["late False"], db.session.merge(world.agencies["PTNMT"])
        claim(build.waiting(late, "submit_answer", agency).ref, by=world.actor("officer_PTNMT", now), now=now)
        parts = list(db.session.scalars(select(Assignment).where(Assignment.case_id == late.id, Assignment.agency_id == agency.id)))
        write_late_letter(agency=agency, assignments=parts, reply_by=date(2026, 3, 5), words="Xin báo cáo ngay.", now=now,
                          by=world.actor("operator", now))
    furnish_studio(day)
    reorganised.planned(world)
    do_a_plan(day)


def furnish_studio(day: Day) -> None:
    """A draft handed in and rehearsed, a look at what would become of the open cases in it, help at a step, a month of counted steps."""
    now, today = day.now(), date(2026, 3, 2)
    with unit_of_work():
        by, model = actor_for(db.session.merge(day.world.people[HOUSE_ADMINISTRATOR]), now=now), STARTING_MODELS["district"]
        draft = start_draft(by=by, now=now, xml=model.text, note=model.note)
        hand_in(draft, by=by, now=now, note="Thêm khảo sát hiện trường.")
        ask_scenarios(draft, by=by, now=now)
        ask_history(draft, period=ReplayPeriod(today - timedelta(days=30), today), by=by, now=now)
        make_move(live_version(None), draft, by=by, now=now)
        told = {"element": "distribute", "help_vi": "Ghi rõ thôn trong chỉ dẫn.", "help_en": "Name the village in the instructions."}
        add_row(KINDS["element"], told, by=by, now=now, reason=WHY, centre_id=None)
    go_on_with_rehearsals(now)
    while batch.go_on(now):
        pass
    count_month(today.replace(day=1), now=now)


def give_up(day: Day) -> None:
    """Two messages the mail server refuses for good, each in a case of its own."""
    def refuse(_outgoing: Outgoing) -> Receipt:
        raise Refused("SMTP RCPT 550 5.1.1")

    for number in range(2):
        build.file_report(day.world, by="guest", now=day.now(), words=f"Rác ven suối, chỗ thứ {number}.",
                          contact=Contact(name="Nguyễn Thị Thử", email="thu@nguoi-dan.example"))
    now = day.now()
    while route_messages(now, configured=frozenset({"email"})):
        pass
    send_waiting("email", refuse, clock=lambda: now, pages=page_addresses(day.house.app), configured=frozenset({"email"}))


def do_a_plan(day: Day) -> None:
    """One agency is followed by another from today on."""
    world, now = day.world, day.now()
    with unit_of_work():
        by = world.actor("administrator", now)
        plan = plans.begin_plan(by=by, now=now, title="Đổi tên phòng văn hóa", source="NQ 12/NQ-HĐND", on=date(2026, 3, 2),
                                centre_id=world.centre.id)
        name = "Phòng Văn hóa, Khoa học và Thông tin"
        after = plans.new_body(plan.ref, by=by, kind=BodyKind.AGENCY, values={"name_vi": name, "name_en": name, "key": "VHKHTT"})
        plans.add_line(plan.ref, by=by, kind=BodyKind.AGENCY, predecessor_id=world.agencies["VHTT"].id, successor_id=after.id)
    with unit_of_work():
        reorganising.start(plan.ref, by=by, now=now, reason=WHY)
    while reorganising.go_on(now):
        pass


def settings_desks(day: Day) -> list[Desk]:
    """Each page of settings once, and those that come only after something was sent."""
    db.session.rollback()
    now, who = day.now(), HOUSE_ADMINISTRATOR
    pages = pages_of_settings(day.house.app, actor_for(day.world.people[who], now=now), date(2026, 3, 2))
    for number, kind in enumerate(KINDS):                       # the kinds share their pages: of each kind one of the three
        for turn, name in enumerate(("settings-rows", "row", "new")):
            if turn != number % 3:
                pages.pop(f"{name}-{kind}", None)                  # of a kind without a row yet there is no page of one
    studio = pages_of_studio(actor_for(day.world.people[who], now=now))
    pages |= {name: path for name, path in studio.items() if name.startswith(STUDIO)}
    principal, centre = day.world.people["leader_HKL"].ref, day.world.centre.ref
    return [
        *(Desk(who, name, path) for name, path in pages.items()),
        Desk(who, "deputy-for-one", f"/settings/deputies?principal={principal}"),
        *(Desk(who, f"personal-data-{name}", f"/personal-data/{name}") for name in ("processing", "looks", "breaches", "breaches/new")),
        Desk(who, "breach", f"/personal-data/breaches/{breaches_seen(actor_for(day.world.people[who], now=now))[0][0].ref}"),
        Desk("leader_PTNMT", "deputies-own", "/settings/deputies"),
        Desk(who, "calendar-preview", "/settings/calendar", then=look_ahead_in_calendar),
        Desk(who, "boundaries-preview", "/settings/boundaries", then=look_at_shapes),
        Desk(who, "import-preview", "/settings/imports/people", then=lambda page: look_at_people(page, centre)),
        Desk(who, "row-refused", "/settings/rules/clock/new?like=1", then=lambda page: sent(page, "main form.card button.btn-primary")),
        Desk(who, "start-password", "/settings/people/new", then=add_somebody),
        Desk(who, "wallboard-code", "/settings/wallboards", then=lambda page: sent(page, "form[action$='/code'] button")),
    ]  # fmt: skip


def sent(page: Page, button: str, **fields: str) -> None:
    """Fill in a form and press its button, past what the browser itself would refuse."""
    fill_in(page, **fields)
    with next_document(page):
        page.locator(button).first.evaluate("button => { button.form.noValidate = true; button.click(); }")


def look_ahead_in_calendar(page: Page) -> None:
    """A day off in the middle of running limits."""
    form = "details#days form"
    page.locator("details#days").evaluate("fold => { fold.open = true; }")
    fields = {"first": "2026-03-04", "label_vi": "Ngày nghỉ bù", "label_en": "Day off in lieu", "source": "TB 12/TB-UBND", "reason": WHY}
    for name, value in fields.items():
        page.fill(f"{form} [name={name}]", value)
    sent(page, f"{form} button")


def look_at_shapes(page: Page) -> None:
    """A file of three shapes, one of which is nobody's."""
    page.set_input_files("#file", {"name": "xa.geojson", "mimeType": "application/json", "buffer": json.dumps(SHAPES).encode()})
    sent(page, "form.stack button.btn-primary")


def look_at_people(page: Page, centre: str) -> None:
    """A table with rows that are new, changed and faulty."""
    page.set_input_files("#file", {"name": "can-bo.csv", "mimeType": "text/csv", "buffer": PEOPLE.encode()})
    sent(page, "form.settingform button.btn-primary", centre=centre)


def add_somebody(page: Page) -> None:
    seat = page.locator("[name=seat] option[value^='officer.']").first.get_attribute("value") or ""
    somebody = {"login": "moi.nguoi", "full_name": "Lê Thị Mới", "title_vi": "Chuyên viên", "seat": seat, "reason": WHY}
    sent(page, "form.settingform button.btn-primary", **somebody)


def untold_in_events() -> list[str]:
    """Columns the list of changes has no words for."""
    events = db.session.scalars(select(Event).where(Event.stream == RULES_STREAM)).all()
    return [f"{each.kind}: {label}" for each in told_events(events) for label, _old, _new in each.changes if isinstance(label, str)]
