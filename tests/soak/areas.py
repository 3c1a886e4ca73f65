"""Ten thousand people follow areas, a hundred answers are published in a quiet night, and workers die at any statement.

Who is to be told of what is worked out by hand, from the distance of each circle and the commune and field of each case; then it is
compared with what left: each person once, none in the quiet hours, and of nothing that is not public by the morning.
"""
from __future__ import annotations

import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flask import Flask
from sqlalchemy import event, func, select

from casework.area_news.scopes import RADII, Scope, circle
from casework.area_news.subscribing import subscribe
from casework.area_news.telling import tell_areas
from casework.area_news.words import TEMPLATE
from casework.calendars import RULES_STREAM
from casework.db import db, unit_of_work
from casework.events import append
from casework.local_time import LOCAL_ZONE
from casework.messages.routing import route_messages
from casework.messages.sending import Outgoing, Receipt, send_waiting
from casework.models import AreaNews, AreaSubscription, Case, Delivery, HouseSetting, Publication
from casework.outbox import tell_followers, tell_reporter
from casework.permissions import SYSTEM
from casework.places.geometry import metres_between
from casework.privacy.identity import Contact
from tests import build
from tests.conftest import environment_of, prepare_schema
from tests.conftest import running as application
from tests.postgres import Cluster
from tests.soak.runs import Options, Round, Run
from web.config import Config
from web.gateways.opening import page_addresses

CASES, STEPS = 20, 5
"""A hundred publications: twenty cases, each published and then corrected four times."""
KILLS = 40
MIDDLE, SPREAD = (12.0, 108.4), 0.05
NIGHT = datetime(2026, 3, 3, 22, 0, tzinfo=LOCAL_ZONE)
MORNING = datetime(2026, 3, 4, 7, 0, tzinfo=LOCAL_ZONE)
PULSE = timedelta(seconds=10)
PACE = 6_000
AWAY = 3
"""Cases that are set apart between the night and the morning."""


class PromiseBroken(Exception):
    """Somebody was told twice, not at all, at night, or of what is not theirs or not public."""


class Killed(BaseException):
    """What a worker that is killed leaves: no line after it."""


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    yield f"{options.runs} followers on sqlite", lambda: _work(None, options)
    yield f"{options.runs} followers on postgresql", lambda: _on_postgresql(options)


def _on_postgresql(options: Options) -> dict[str, Any]:
    cluster = Cluster(durable=True)
    try:
        cluster.start()
        return _work(cluster.create("areas"), options)
    finally:
        cluster.stop()


def _work(database_url: str | None, options: Options) -> dict[str, Any]:
    lot = random.Random(options.seed)
    with TemporaryDirectory(prefix="langbiang-areas-") as name:
        config = Config.from_environment(environment_of(Path(name), database_url))
        prepare_schema(config)
        with application(config) as app:
            world = build.standard_world()
            cases = _published(world, lot)
            followers = _followers(world, options.runs, lot)
            _forget_earlier_news()
            result = _night(cases, lot)
            wanted = _worked_out(followers, _set_apart(cases, lot))
            return result | _morning(app, world, wanted, lot)


def _published(world: build.World, lot: random.Random) -> list[int]:
    """The rows of cases whose answers are public, half of them with their exact place."""
    cases = [build.case_at(world, "rating") for _ in range(CASES)]
    with unit_of_work():
        db.session.add(HouseSetting(key="most_email", value=PACE, changed_at=build.NOON, changed_by_id=world.people["administrator"].id))
        append(RULES_STREAM, "change_rule", by=SYSTEM, at=build.NOON, payload={})
        for number, case in enumerate(cases):
            row = db.session.get_one(Case, case.id)
            row.latitude, row.longitude = (middle + lot.uniform(-SPREAD, SPREAD) for middle in MIDDLE)
            publication = db.session.scalars(select(Publication).where(Publication.case_id == case.id)).one()
            publication.current.shows_exact_place = number % 2 == 0
        return [case.id for case in cases]


def _followers(world: build.World, number: int, lot: random.Random) -> dict[str, Scope]:
    """By the address each is told at."""
    field = db.session.scalars(select(Case)).first()
    code = field.field.service_code if field is not None and field.field is not None else ""
    found: dict[str, Scope] = {}
    for start in range(0, number, 500):
        with unit_of_work():
            for each in range(start, min(start + 500, number)):
                middle = [at + lot.uniform(-SPREAD, SPREAD) for at in MIDDLE]
                scope = (
                    Scope(area_id=world.area.id), circle(*middle, lot.choice(RADII)), circle(*middle, lot.choice(RADII), code),
                    Scope(field_code=code), Scope(area_id=world.area.id, field_code="no_such_field"),
                )[each % 5]  # fmt: skip
                address = f"nguoi-{each}@theo-doi.example"
                subscribe(scope, Contact(email=address), rhythm="at_once", language="vi", by=SYSTEM, now=build.NOON)
                found[address] = scope
    return found


def _forget_earlier_news() -> None:
    with unit_of_work():
        for news in db.session.scalars(select(AreaNews)):
            db.session.delete(news)


def _night(cases: list[int], lot: random.Random) -> dict[str, Any]:
    """A hundred publications, each looked at by workers of which many die."""
    begun, deaths = time.monotonic(), 0
    for step in range(STEPS):
        for case_id in cases:
            with unit_of_work():
                row = db.session.get_one(Case, case_id)
                tell_followers(row, "followed_corrected" if step else "followed_published", at=NIGHT)
        for _ in range(KILLS // STEPS // 2):
            deaths += _killed(NIGHT, lot)
    tell_areas(NIGHT, configured={"email"})
    waiting = db.session.scalar(select(func.count()).where(AreaSubscription.due_at.is_not(None)))
    planned = db.session.scalar(select(func.count()).where(Delivery.template == TEMPLATE))
    if planned:
        raise PromiseBroken(f"{planned} messages in quiet hours")
    return {"publications": len(cases) * STEPS, "seconds_of_the_night": round(time.monotonic() - begun, 1), "followers_marked": waiting,
            "killed_at_night": deaths}  # fmt: skip


def _set_apart(cases: list[int], lot: random.Random) -> list[Case]:
    """Some are not public any more in the morning; the others."""
    away = lot.sample(cases, AWAY)
    with unit_of_work():
        for number, id_ in enumerate(away):
            row = db.session.get_one(Case, id_)
            if number % 2:
                row.is_public = False
            else:
                row.quarantined_at = NIGHT
    return list(db.session.scalars(select(Case).where(Case.id.in_(cases), Case.id.not_in(away))))


def _worked_out(followers: dict[str, Scope], cases: list[Case]) -> dict[str, set[str]]:
    """Which codes each address is to be told, by hand."""
    shown = {row.case_id: row.current.shows_exact_place for row in db.session.scalars(select(Publication))}

    def is_in(scope: Scope, case: Case) -> bool:
        if scope.field_code and (case.field is None or case.field.service_code != scope.field_code):
            return False
        if scope.area_id is not None:
            return case.area_id == scope.area_id
        if scope.radius_m is None:
            return True
        where = (scope.latitude or 0, scope.longitude or 0, case.latitude or 0, case.longitude or 0)
        return shown[case.id] and metres_between(*where) <= scope.radius_m

    return {address: {case.code for case in cases if is_in(scope, case)} for address, scope in followers.items()}


def _morning(app: Flask, world: build.World, wanted: dict[str, set[str]], lot: random.Random) -> dict[str, Any]:
    """Workers plan and send, die now and then, and the answer to a report comes in between."""
    sent: list[tuple[str, str, datetime]] = []
    moment, begun, deaths, report_at = MORNING, time.monotonic(), 0, 0

    def gateway(outgoing: Outgoing) -> Receipt:
        sent.append((outgoing.address, outgoing.words.body, moment))
        return Receipt("taken")

    _tell_a_reporter(world)
    idle = 0
    while idle < 3:
        if deaths < KILLS // 2:
            deaths += _killed(moment, lot)
        planned = tell_areas(moment, configured={"email"})
        _route(moment)
        before = len(sent)
        send_waiting("email", gateway, clock=lambda at=moment: at, pages=page_addresses(app), configured={"email"}, most=2 * PACE)  # type: ignore[misc]
        report_at = report_at or next((number for number, (address, *_rest) in enumerate(sent, 1) if address == REPORTER), 0)
        idle = 0 if planned or len(sent) > before else idle + 1
        moment += PULSE
    told = [each for each in sent if each[0] != REPORTER]
    _judge(told, wanted)
    return {
        "messages": len(told), "seconds_of_the_morning": round(time.monotonic() - begun, 1), "killed_in_the_morning": deaths,
        "minutes_by_the_clock": round((moment - MORNING).total_seconds() / 60, 1), "place_of_the_reporters_message": report_at,
    }  # fmt: skip


REPORTER = "nguoi-gui@phan-anh.example"


def _tell_a_reporter(world: build.World) -> None:
    case = build.file_report(world, by="guest", now=MORNING, contact=Contact(email=REPORTER)).case
    with unit_of_work():
        row = db.session.get_one(Case, case.id)
        tell_reporter(row.main_report, "report_accepted", case=row, at=MORNING)


def _route(moment: datetime) -> None:
    while route_messages(moment, configured={"email"}):
        pass


def _judge(told: list[tuple[str, str, datetime]], wanted: dict[str, set[str]]) -> None:
    broken = [f"{number} messages to one follower" for number in Counter(address for address, *_ in told).values() if number > 1][:5]
    said = {address: set(re.findall(r"\b(LD-\d{4}-\d{6}):", body)) for address, body, _ in told}
    for address, codes in wanted.items():
        has = said.get(address, set())
        # ten cases are named, the others counted
        if bool(codes) != bool(has) or not has <= codes or (len(codes) <= 10 and has != codes):
            broken.append(f"one was told of {len(has)} cases instead of {len(codes)}")
    broken += ["sent at night" for _, _, at in told if at < MORNING][:1]
    if broken:
        raise PromiseBroken("; ".join(broken[:10]))


def _killed(moment: datetime, lot: random.Random) -> bool:
    """A worker that dies at one of its first statements that write or read; whether it did before it was done."""
    left = lot.randint(1, 60)
    with _dies_after(left), suppress(Killed):
        tell_areas(moment, configured={"email"})
        return False
    db.session.rollback()
    return True


@contextmanager
def _dies_after(statements: int) -> Iterator[None]:
    left = [statements]

    def count(*_: Any) -> None:
        left[0] -= 1
        if left[0] <= 0:
            raise Killed

    event.listen(db.engine, "before_cursor_execute", count)
    try:
        yield
    finally:
        event.remove(db.engine, "before_cursor_execute", count)


RUN = Run("areas", "followers of areas told once of a quiet night's publications, workers dying, on both databases", 10_000, rounds)
