"""A page that says "nothing has changed" is one on which nothing has changed: after each act, for whoever asks."""
from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from casework.casefile.views import publications_of
from casework.db import db, unit_of_work
from casework.intake.file_report import Filed
from casework.models import Case
from casework.photos.records import photos_of_report
from casework.settings.value_changes import set_value
from tests import build
from tests.conftest import client_of
from tests.merged import assignment_of
from tests.web.desk import Office
from tests.web.public.test_map_pages import bounded
from tests.with_photos import pictured_case, publish
from workflows.running import steps

pytestmark = pytest.mark.exhaustive

OF_STAFF = ("/inbox/pulse?since=0", "/wallboard/picture")
OF_THE_PUBLIC = (
    "/reports.atom", "/reports.json", "/reports.csv", "/reports/points.json", "/reports/{code}/card.png", "/map/areas/{centre}.geojson",
    "/sw.js", "/photos/{photo}/public/thumb",
)  # fmt: skip
KEPT = ("/offline?lang=vi", "/offline/queue?lang=vi", "/offline/away?lang=vi")
"""Pages a browser keeps until the worker at /sw.js is another one."""
WORDS = {"title": "Rác đổ ven suối", "question": "Người dân phản ánh rác đổ ven suối."}


def acts(office: Office, case: Case, other: Case, pictured: Filed) -> dict[str, Callable[[], object]]:
    """The life of a case, and what colleagues do beside it; nothing newer comes while an older step is taken, put back and done."""
    world, files = office.world, office.app.config["FILES"]

    def claimed(by: str) -> None:
        with unit_of_work():
            steps.claim(build.waiting(other, "verify").ref, by=world.actor(by), now=office.moment)

    def put_back() -> None:
        with unit_of_work():
            steps.release(build.waiting(other, "verify").ref, by=world.actor("operator_2"), now=office.moment)

    def corrected(case: Case) -> None:
        [publication] = publications_of(case)
        build.act(world, case, "correct_publication", "operator", publication=publication, version_seen=1, again=False,
                  **{**WORDS, "title": "Rác đã dọn ven suối"}, reason="Ghi nhầm.", checked=True)  # fmt: skip

    def another_rule() -> None:
        with unit_of_work():
            set_value("block_days", "40", by=world.actor("administrator"), now=office.moment, reason="Thử.", centre_id=world.centre.id)

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
        "corrected": lambda: corrected(case),
        "published with a photo": lambda: publish(world, pictured, files, photos_of_report(pictured.report)),
        "its photo taken out": lambda: corrected(pictured.case),
        "boundaries drawn": lambda: bounded(office),
        "another rule": another_rule,
        "rated": lambda: build.rate(world, case, by="citizen_2"),
        "urgent": lambda: build.act(world, other, "quarantine", "ops_lead", reason="Tố cáo cán bộ có tên."),
        "late": lambda: office.clock(build.NOON + timedelta(days=3)),
    }


def shown(answer: TestResponse) -> bytes | None:
    """What is read of it; nothing of a photo that is not public."""
    return answer.data if answer.status_code == 200 else None


def test_a_page_says_that_nothing_has_changed_only_where_nothing_has(sqlite_app: Flask) -> None:
    office = Office(sqlite_app)
    pictured = pictured_case(office.world, sqlite_app.config["FILES"], "to_publish")
    other, case = build.file_report(office.world).case, build.file_report(office.world, by="citizen_2").case
    guest = client_of(sqlite_app)
    named = {"code": case.code, "centre": office.world.centre.ref, "photo": photos_of_report(pictured.report)[0].ref}

    def pages() -> list[tuple[FlaskClient, str]]:
        of_staff = [(office.browser("operator"), path) for path in OF_STAFF]
        return [*of_staff, *((guest, path.format(**named)) for path in OF_THE_PUBLIC)]

    known = {path: client.get(path) for client, path in pages()}
    marks = {path: answer.headers.get("ETag", '"of nothing"') for path, answer in known.items()}
    kept = {path: guest.get(path).data for path in KEPT}
    changed = Counter[str]()
    spared = 0
    for name, act in acts(office, case, other, pictured).items():
        act()
        db.session.rollback()
        worker = known["/sw.js"].data
        for client, path in pages():
            before = known[path]
            asked, now = (client.get(path, headers=headers) for headers in ({"If-None-Match": marks[path]}, {}))
            assert now.status_code == 200 or "/photos/" in path, (name, path)
            if shown(now) != shown(before):
                changed[path] += 1
                assert (asked.status_code, shown(asked)) == (now.status_code, shown(now)), (name, path)
            elif now.status_code != 200:
                assert asked.status_code == now.status_code, (name, path)
            else:
                spared += asked.status_code == 304
            known[path] = now
            marks[path] = now.headers.get("ETag", marks[path])  # the mark of a photo taken out is good for nothing since
        for path, before_it in kept.items():
            kept[path] = guest.get(path).data
            assert kept[path] == before_it or known["/sw.js"].data != worker, (name, path, "is kept for good")
    assert {path for _, path in pages()} == changed.keys(), "the acts change nothing of some any more"
    assert changed.total() > 25
    assert spared > 25, "nothing is spared any more"
