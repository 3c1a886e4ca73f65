"""The demonstration seen by everybody who works in it: each page at three widths, in both languages, with pictures to look at.

Nothing axe knows may be wrong, with everything folded and with everything open; each page is walked over with the Tab key.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import cache, partial
from hashlib import sha256
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flask import Flask
from playwright.sync_api import Page
from sqlalchemy import func, select

from casework.casefile.possible_acts import possible_acts
from casework.db import db, unit_of_work
from casework.documents.letters import letters_seen
from casework.local_time import LOCAL_ZONE
from casework.models import Account, Case
from casework.notes.notes import note_audiences
from casework.permissions import OPERATIONS, Action, Actor, actor_for, may
from casework.permissions.sight import case_seen_by
from casework.reporters.list import own_page_of
from tests.browser.house import DESK, EVERY_IMPACT, PHONE, PICTURES, TABLET, House, free_port, visited
from tests.browser.judging import UNFOLD, barriers, too_wide, walk
from tests.soak.looks_papers import pages_of_papers
from tests.soak.looks_settings import pages_of_settings
from tests.soak.looks_studio import pages_of_studio
from tests.soak.runs import Options, Round, Run
from web import demo
from web.demo import running as demo_running
from web.demo.people import CITIZENS, PASSWORD, citizen_by_email, staff_account
from web.navigation import LOOKERS
from workflows.desks.late_cases import late_list
from workflows.drafting.drafts import start_draft
from workflows.models import WaitingTask
from workflows.rehearsal.running import go_on_with_rehearsals
from workflows.versions.live import SHIPPED

STAFF = ("vanhanh", "totruong", "lanhdao", "vanthu", "quantri", "quantrihethong", "pheduyet", "baomat", "thanhtra", "canbo.ptnmt",
         "lanhdao.ptnmt", "canbo.pktht", "lanhdao.pktht")  # fmt: skip
NARROWEST = 320
"""Of a desk page at 400 %, as the pages of the studio are looked at besides."""
VIEWS = ("mine", "soon", "late", "frozen")
"""Of the inbox, beside those of one step each."""

BESIDE = (
    ("inbox-filtered", "/inbox?view=verify&urgency=normal", Action.READ_INBOX),
    ("inbox-of-places", "/inbox?waits=officer", Action.READ_INBOX), ("inbox-nothing", "/inbox?source=camera", Action.READ_INBOX),
    ("kept-filters", "/inbox/filters", Action.KEEP_FILTER), ("team", "/team", Action.READ_TEAM),
    ("approvals", "/approvals", Action.APPROVE_ANSWER), ("templates", "/answer-templates", Action.KEEP_TEMPLATE),
    ("mentions", "/mentions", Action.READ_CASE), ("bell", "/bell", Action.READ_BELL),
    ("exchanges", "/exchanges", Action.WRITE_NOTE), ("search", "/search?q=rac", Action.SEARCH_CASES),
    ("search-nothing", "/search?q=khongco", Action.SEARCH_CASES),
    ("own-messages", "/account/messages", Action.CHOOSE_MESSAGES), ("password", "/account/password", Action.MANAGE_SESSIONS),
    ("call", "/intake/call", Action.TAKE_REPORT), ("camera", "/intake/camera", Action.TAKE_REPORT),
    ("cameras", "/intake/cameras", Action.TAKE_REPORT), ("late", "/late", Action.READ_LATE),
    ("open-map", "/open-map", Action.READ_OPEN_MAP), ("field-desk", "/field", Action.READ_FIELD_DESK),
)  # fmt: skip
"""Pages at desks that hang on no case."""

NEW_EACH_TIME = re.compile(r"(?:value|data-key|nonce)=\"[\w.~-]{16,}\"")
"""Tokens and keys of forms."""

Pages = dict[str, str]
"""The address of each page by the name of its picture: one of each kind."""


def pages_of_guest() -> Pages:
    """What the public sees: its lists, its forms, and a published case of each state."""
    found = {"home": "/", "reports": "/reports", "report-form": "/reports/new", "track": "/track", "sign-in": "/sign-in",
             "transparency": "/transparency", "register": "/register", "verify": "/verify"}  # fmt: skip
    for case in db.session.scalars(select(Case).where(Case.is_public).order_by(Case.id.desc())):
        found.setdefault(f"public-{case.state}", f"/reports/{case.code}")
    return found


def pages_of_citizen(account: Account) -> Pages:
    """The person's list, and a report of each label in it."""
    found = {"mine": "/mine", "report-form": "/reports/new", "sessions": "/sessions", "data": "/account/data"}
    own = own_page_of(actor_for(account, now=datetime.now(UTC)), now=datetime.now(UTC))
    for listed in [*own.waiting, *own.news, *own.others]:
        found.setdefault(f"own-{slug(listed.label.en)}", f"/mine/{listed.code}")
    return found


def slug(words: str) -> str:
    """Words as they may stand in a file's name."""
    return re.sub(r"[^a-z]+", "-", words.lower()).strip("-")


def pages_of_staff(actor: Actor, now: datetime) -> Pages:
    """The inbox in each view, a step of each kind that waits there, a case of each state, and each act offered on it."""
    found = {"inbox": "/inbox", "board": "/inbox/board", "desk-wall": "/desk-wall", "sessions": "/sessions"}
    found |= {f"inbox-{view}": f"/inbox?view={view}" for view in VIEWS}
    found |= {name: path for name, path, action in BESIDE if may(actor, action)}
    query = select(WaitingTask).where(WaitingTask.desk.in_(actor.desks), WaitingTask.state == "waiting").order_by(WaitingTask.id)
    for task in db.session.scalars(query):
        found.setdefault(f"task-{task.element}", f"/tasks/{task.ref}")
    for case in db.session.scalars(select(Case).order_by(Case.id.desc())):
        if case_seen_by(actor, case.ref) is None:
            continue
        kind = f"{case.state}-{case.paused_for}" if case.paused_for else case.state
        found.setdefault(f"case-{kind}", f"/cases/{case.ref}")
        found.setdefault("case-printed", f"/cases/{case.ref}/print")
        if may(actor, Action.WRITE_NOTE, case) and note_audiences(actor, case):
            found.setdefault("note", f"/cases/{case.ref}/notes")
        if case.quarantined_at is None:
            found.setdefault("diagram", f"/cases/{case.ref}/diagram")
        for each in possible_acts(case, actor, now):
            found.setdefault(f"act-{each.verb}", f"/cases/{case.ref}/acts/{each.verb}")
    return found | pages_of_letters(actor, now)


def pages_of_letters(actor: Actor, now: datetime) -> Pages:
    """A letter of each kind, the form for one that reminds, and the wallboard for who looks at it signed in."""
    found = {"wallboard": "/wallboard"} if actor.holds(LOOKERS) else {}
    if may(actor, Action.READ_LETTERS):
        found |= {f"letter-{letter.kind}": f"/documents/{letter.ref}" for letter in letters_seen(actor)}
    if actor.holds(OPERATIONS):
        for late in late_list(actor, now=now).agencies:
            found.setdefault("late-letter", f"/late/{late.agency.ref}/letter")
    return found


def pages_of(app: Flask, login: str, now: datetime) -> Pages:
    """What somebody with that login has to look at."""
    if not login:
        return pages_of_guest()
    if login in dict(CITIZENS):
        return pages_of_citizen(citizen_by_email(login))
    actor = actor_for(staff_account(login), now=now)
    found = pages_of_staff(actor, now) | pages_of_papers(actor, now) | pages_of_studio(actor)
    found |= pages_of_settings(app, actor, now.astimezone(LOCAL_ZONE).date())
    return found | pages_of_mending() if may(actor, Action.MEND_PROCESS) else found


def pages_of_mending() -> Pages:
    """What failed, and the process of a case that several agencies work on."""
    several = select(Case).join(Case.assignments).group_by(Case.id).having(func.count() > 1).order_by(Case.id.desc()).limit(1)
    return {"incidents": "/incidents", "process": f"/cases/{db.session.scalars(several).one().ref}/process"}


def begin_drafts(now: datetime) -> None:
    """A draft of each kind, so that there is something to edit."""
    by = actor_for(staff_account("quantri"), now=now)
    for key in SHIPPED:
        with unit_of_work():
            start_draft(by=by, now=now, key=key, centre_id=by.grants[0].centre_id)


def look_at_all_of(house: House, app: Flask, login: str, language: str, judged: set[str]) -> dict[str, Any]:
    """Every page of one person in one language; raises AssertionError with what is wrong with them.

    `judged` has the digests of what stands in the main parts of pages already looked at in that language: many settings read the same for
    several people, who differ by what surrounds them, and that is on all their pages.
    """
    house.pictures.clear()
    house.faults.clear()
    house.folder = PICTURES.parent / "looks" / language / name_of(login)
    visitor = house.visitor(login, password=PASSWORD)
    visitor.go(f"/language?code={language}")
    with app.app_context():
        pages = pages_of(app, login, datetime.now(UTC))
    looked_at = 0
    for name, path in pages.items():
        answer = visitor.page.goto(path)
        if answer is None or answer.status != 200:
            house.faults.append(f"{path}: {answer and answer.status}")
        main = digest_of_main(visitor.page)
        if main in judged:
            continue
        judged.add(main)
        looked_at += 1
        visitor.look(name)
        house.faults += [f"{name} {path}: {fault}" for fault in opened_and_walked(visitor.page)]
    visitor.context.close()
    if house.faults:
        raise AssertionError("\n".join(house.faults))
    return {"pages": len(pages), "looked_at": looked_at}


def digest_of_main(page: Page) -> str:
    """What stands in the main part of a page, without what is new with each request."""
    return sha256(NEW_EACH_TIME.sub("", page.evaluate("document.querySelector('main')?.outerHTML ?? location.href")).encode()).hexdigest()


def name_of(login: str) -> str:
    return login.partition("@")[0] or "guest"


def opened_and_walked(page: Page) -> Iterator[str]:
    """What is wrong with the page as it stands for whoever has a keyboard alone, and with everything on it unfolded."""
    yield from walk(page)
    page.evaluate(UNFOLD)
    narrow = (NARROWEST,) if "/studio" in page.url else ()
    for width in (*narrow, PHONE["width"], DESK["width"]):
        yield from too_wide(page, width)
        yield from (f"unfolded at {width}: {fault}" for fault in barriers(page))


@contextmanager
def demonstration() -> Iterator[tuple[House, Flask]]:
    """A new demonstration with a browser to look at it."""
    with TemporaryDirectory(prefix="langbiang-looks-") as folder:
        config = demo_running.demo_config(free_port(), Path(folder))
        app = demo_running.demo_app(config)
        with app.app_context():
            demo.prepare(app, now=datetime.now(UTC))
            while go_on_with_rehearsals(datetime.now(UTC)):  # no worker runs
                pass
            begin_drafts(datetime.now(UTC))
        with visited(app, config) as house:
            house.sizes, house.at_every_size, house.impacts = (PHONE, TABLET, DESK), True, EVERY_IMPACT
            yield house, app


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    """One for each language and person, all in one demonstration, which is made when the first of them wants it."""
    with ExitStack() as closed_at_the_end:
        made = cache(lambda: closed_at_the_end.enter_context(demonstration()))
        judged: dict[str, set[str]] = {"vi": set(), "en": set()}
        for language, login in product(("vi", "en"), ("", *dict(CITIZENS), *STAFF)):
            yield f"{language} {name_of(login)}", partial(_look, made, login, language, judged[language])


def _look(made: Callable[[], tuple[House, Flask]], login: str, language: str, judged: set[str]) -> dict[str, Any]:
    return look_at_all_of(*made(), login, language, judged)


RUN = Run("looks", f"every page of the demonstration for everybody, in pictures under {PICTURES.parent / 'looks'}", 1, rounds)
