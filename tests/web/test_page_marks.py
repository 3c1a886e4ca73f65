"""A page that says "nothing has changed" is one on which nothing has changed: after each act, for whoever asks."""
from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient

from casework.db import db, unit_of_work
from casework.models import Case
from casework.staff_views import publications_of
from tests import build
from tests.conftest import client_of
from tests.joined import assignment_of
from tests.web.desk import Office
from workflows import steps

OF_STAFF = ("/inbox/pulse?since=0", "/wallboard/picture")
OF_THE_PUBLIC = ("/reports.atom", "/reports.json", "/reports/points.json", "/reports/{code}/card.png")
WORDS = {"title": "Rác đổ ven suối", "question": "Người dân phản ánh rác đổ ven suối."}


def acts(office: Office, case: Case, other: Case) -> dict[str, Callable[[], object]]:
    """The life of a case, and what colleagues do beside it; nothing newer comes while an older step is taken, put back and done."""
    world = office.world

    def claimed(by: str) -> None:
        with unit_of_work():
            steps.claim(build.waiting(other, "verify").ref, by=world.actor(by), now=office.moment)

    def put_back() -> None:
        with unit_of_work():
            steps.release(build.waiting(other, "verify").ref, by=world.actor("operator_2"), now=office.moment)

    def corrected() -> None:
        [publication] = publications_of(case)
        build.act(world, case, "correct_publication", "operator", publication=publication, version_seen=1, again=False,
                  **{**WORDS, "title": "Rác đã dọn ven suối"}, reason="Ghi nhầm.", checked=True)  # fmt: skip

    return {
        "a report comes": lambda: build.file_report(world),
        "taken by a colleague": lambda: claimed("operator_2"),
        "put back": put_back,
        "verified": lambda: build.verify(world, case),
        "classified": lambda: build.classify(world, case),
        "distributed": lambda: build.distribute(world, case, agencies=2),
        "accepted": lambda: build.accept(world, case),
        "held": lambda: build.act(world, case, "hold", "ops_lead", reason="Chờ mưa tạnh.", until=(build.NOON + timedelta(days=2)).date()),
        "resumed": lambda: build.do(world, case, "resume", "ops_lead"),
        "one taken out": lambda: build.act(
            world, case, "remove_agency", "operator", assignment=assignment_of(case, "UBND-LAT"), reason="Không cần."),
        "answered": lambda: build.submit(world, case),
        "approved": lambda: build.approve(world, case),
        "published": lambda: build.publish(world, case),
        "corrected": corrected,
        "rated": lambda: build.rate(world, case, by="citizen_2"),
        "urgent": lambda: build.act(world, other, "quarantine", "ops_lead", reason="Tố cáo cán bộ có tên."),
        "late": lambda: office.clock(build.NOON + timedelta(days=3)),
    }


def test_a_page_says_that_nothing_has_changed_only_where_nothing_has(sqlite_app: Flask) -> None:
    office = Office(sqlite_app)
    other, case = build.file_report(office.world).case, build.file_report(office.world, by="citizen_2").case
    guest = client_of(sqlite_app)

    def pages() -> list[tuple[FlaskClient, str]]:
        of_staff = [(office.browser("operator"), path) for path in OF_STAFF]
        return [*of_staff, *((guest, path.format(code=case.code)) for path in OF_THE_PUBLIC)]

    known = {path: client.get(path) for client, path in pages()}
    changes = spared = 0
    for name, act in acts(office, case, other).items():
        act()
        db.session.rollback()
        for client, path in pages():
            before = known[path]
            asked, now = (client.get(path, headers=headers) for headers in ({"If-None-Match": before.headers["ETag"]}, {}))
            assert now.status_code == 200, (name, path)
            if now.data != before.data:
                changes += 1
                assert (asked.status_code, asked.data) == (200, now.data), (name, path)
            else:
                spared += asked.status_code == 304
            known[path] = now
    assert changes > 25, "the acts change nothing any more"
    assert spared > 25, "nothing is spared any more"
