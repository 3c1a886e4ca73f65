"""The demonstration: an installation with invented data, and accounts to sign in with."""

from collections.abc import Callable
from datetime import datetime
from typing import TextIO

from flask import Flask
from sqlalchemy import func, select

from casework.bilingual import Bilingual
from casework.calendars import RULES_STREAM
from casework.clocks.reminders import send_reminders
from casework.db import db, unit_of_work
from casework.events import append
from casework.facts.daily import sum_up_days
from casework.facts.keeping import SETTLED, keep_facts
from casework.figures.keeping import count_public_figures
from casework.installation.seeding import install_centre, install_rules
from casework.local_time import LOCAL_ZONE
from casework.models import Centre, Clock, Event
from casework.permissions import SYSTEM
from web.accounts.password_rules import hash_password
from web.config import Config, StartRefused
from web.demo.asking import ask_more
from web.demo.cases import agencies_at_work, draw_pictures, make_recordings, painter, tell_stories
from web.demo.citizens import furnish_citizens
from web.demo.counts import count_and_order
from web.demo.desks import OnDesk, furnish_desks, on_desk
from web.demo.ground import draw_ground, lay_ground
from web.demo.papers import write_papers
from web.demo.people import CITIZENS, PASSWORD, DemoAccount, add_people, citizen_by_email, demo_accounts, staff_account
from web.demo.settings import furnish_settings, let_messages_be_given_up, let_past_messages_rest
from web.demo.studio import count_the_year, furnish_studio, plan_a_move
from web.jobs.recordings import prepare_recordings
from web.jobs.worker import provable_kinds
from workflows.desks.unconfirmed import set_apart_unconfirmed
from workflows.models import Timer
from workflows.running.wakeups import deliver_messages, fire_due_timers
from workflows.versions.live import install_shipped_model

OPENED = datetime(2022, 5, 16, 8, 0, tzinfo=LOCAL_ZONE)
"""When the invented installation was set up: three days before its first report could come in."""

PICTURES = Bilingual("Đang vẽ ảnh và ghi lời nói", "Drawing pictures, recording voices")
CASES = Bilingual("Đang dựng các vụ việc từ năm 2022", "Inventing the cases since 2022")
DESKS = Bilingual("Đang bày bàn làm việc và thiết lập", "Furnishing desks and settings")
CATCHING_UP = Bilingual("Đang chạy các mốc hẹn giờ đến hôm nay", "Letting timers run up to today")
PAPERS = Bilingual("Đang lập văn bản", "Writing papers")
FIGURES = Bilingual("Đang đếm số liệu", "Counting figures")
"""The stages of making a demonstration."""

PREPARED = "install_demo"
"""The event that says the demonstration is complete. It is written in the same transaction as everything else, so it cannot lie."""


def prepare(
    app: Flask, *, now: datetime, cases: int = 0, apart: bool = False, say: Callable[[Bilingual], None] = lambda stage: None
) -> bool:
    """Fill an empty installation with rules, the centre, people and reports; returns whether there was anything to do.

    Each stage is told to `say` as it begins, because all of them take minutes on a machine that has other work.

    `cases`: how many there are to be; the stories are told whatever it says, and with more the year's life is. `apart`: pictures are drawn
    in a process of their own.

    All of it is one transaction: a start that was broken off has left nothing but pictures without rows, which are swept.
    """
    was_empty = not _is_prepared()
    if was_empty:
        _refuse_other_data()
        centre = _told(app, now=now, cases=cases, apart=apart, say=say)
    else:
        with unit_of_work():
            install_shipped_model(now=now)  # the folder may be of an older release
    say(CATCHING_UP)
    catch_up(now)
    let_worker_s_rounds_run(app, now=now)
    if was_empty:
        let_messages_be_given_up(app, now=now)
        plan_a_move(now)
        say(PAPERS)
        count_the_year(now)
        write_papers(app, centre, now=now)
    say(FIGURES)
    # a new demonstration is seen by nobody else yet: what was written just now is counted, too
    keep_facts(now + SETTLED if was_empty else now)
    sum_up_days(now)
    if was_empty:
        count_and_order(app, centre, now=now)
    let_past_messages_rest(now)
    app.extensions["demo_accounts"] = demo_accounts()
    return was_empty


def _told(app: Flask, *, now: datetime, cases: int, apart: bool, say: Callable[[Bilingual], None]) -> Centre:
    """Everything that belongs in the one transaction; pictures are drawn meanwhile."""
    store = app.extensions["file_store"]
    painters = painter(store, max_bytes=app.config["MAX_PHOTO_BYTES"], apart=apart)
    try:
        say(PICTURES)
        pictures = draw_pictures(painters)
        recorded, layer, password_hash = make_recordings(store), draw_ground(store), hash_password(PASSWORD)
        say(CASES)
        with unit_of_work():
            install_rules(OPENED)
            centre = install_centre(OPENED, of_district=True)
            install_shipped_model(now=OPENED)
            add_people(centre, agencies_at_work(centre), password_hash=password_hash, now=OPENED)
            ask_more(centre, now=OPENED)
            told = tell_stories(centre, now=now, store=store, pictures=pictures, recorded=recorded, cases=cases)
            say(DESKS)
            furnish_desks(centre, now=now)
            furnish_settings(centre, now=now)
            furnish_citizens(now=now)
            furnish_studio(centre, now=now)
            lay_ground(layer, now=now)
            append(RULES_STREAM, PREPARED, by=SYSTEM, at=now, payload={"reports": told})
    finally:
        painters.shutdown(cancel_futures=True)
    return centre


def catch_up(now: datetime) -> None:
    """Let happen what the worker would have done before `now`, each at its own instant: a window of 2022 closes its case in 2022.

    So nothing of the past bursts out of the worker once it starts.
    """
    let_past_timers_fire(now)
    let_past_reminders_go(now)


def let_worker_s_rounds_run(app: Flask, *, now: datetime) -> None:
    """What a worker would do in its first minutes: copies of recordings, reports set apart, the figures of all months."""
    while prepare_recordings(app.extensions["file_store"], now=now):
        pass
    set_apart_unconfirmed(now, provable=provable_kinds(app, now))
    while count_public_figures(now):
        pass


def let_past_timers_fire(now: datetime) -> int:
    """Fire what became due before `now`, each timer at its own instant, and what others were to hear of it; returns how many."""
    fired = 0
    while (due_at := db.session.scalar(select(func.min(Timer.due_at)).where(Timer.ended_at.is_(None), Timer.due_at <= now))) is not None:
        moved = fire_due_timers(due_at)
        if not moved:
            break  # an incident stands in the way; the worker goes on with the others
        deliver_messages(due_at)
        fired += moved
    return fired


def let_past_reminders_go(now: datetime) -> int:
    """Climb every rung that was reached before `now`, each at its own instant; returns how many limits were looked at."""
    reminded, last = 0, OPENED
    while (at := db.session.scalar(select(func.min(Clock.remind_at)).where(Clock.remind_at > last, Clock.remind_at <= now))) is not None:
        # a case that stands still reminds nobody: its rungs stay, and are not asked again
        reminded, last = reminded + send_reminders(at), at
    return reminded


def print_accounts(config: Config, out: TextIO, *, now: datetime) -> None:
    """Print the address and what to sign in with: who has something to do first, and what it is."""
    accounts = demo_accounts()
    waits = {account.login: _waits_for(account, now) for account in accounts}
    width = max(len(account.login) for account in accounts)
    print(f"\nLangbiang · Dữ liệu minh họa / Invented data\n\n    {config.base_url}/\n", file=out)
    print(f"Mật khẩu của mọi tài khoản / Password of every account: {accounts[0].password}\n", file=out)
    for account in sorted(accounts, key=lambda account: not waits[account.login]):
        print(f"    {account.login:<{width}}  {account.full_name}: {account.part.vi} / {account.part.en}", file=out)
        if waits[account.login]:
            words = waits[account.login].words
            print(f"    {'':<{width}}  {words.vi} / {words.en}", file=out)
    print("\nNhấn Ctrl-C để dừng / Ctrl-C stops the demonstration.", file=out, flush=True)


def _waits_for(account: DemoAccount, now: datetime) -> OnDesk:
    row = citizen_by_email(account.login) if account.login in dict(CITIZENS) else staff_account(account.login)
    return on_desk(row, now=now)


def _is_prepared() -> bool:
    query = select(Event.id).where(Event.stream == RULES_STREAM, Event.type == PREPARED)
    return db.session.scalars(query).first() is not None


def _refuse_other_data() -> None:
    if db.session.scalars(select(Centre.id)).first() is not None:
        raise StartRefused(
            "This database holds a centre that is no demonstration. Give the demonstration a folder of its own: bin/demo --data FOLDER."
        )
