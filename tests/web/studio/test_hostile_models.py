"""Whatever is handed to the studio, as a file or by the editor: refused, or a draft that cannot be handed in; soon, without a fault."""
from __future__ import annotations

import io
import time
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.web.desk import Office
from tests.web.studio.test_editor import draft, stored
from tests.workflows.checks.broken_models import BROKEN, Broken
from workflows.definitions.reading import MAX_BYTES
from workflows.models import ProcessVersion

NAMED = (
    "empty", "not XML", "cut off", "XXE", "billion laughs", "100,000 deep", "over a megabyte", "UTF-7", "script task", "pre-script",
    "mistyped extension", "unknown service", "second start", "disconnected step", "dead end", "empty loop", "duplicate id",
    "parts and joins forty times", "circles that cannot be looked through",
    "condition: attribute walk", "condition: import", "condition: comprehension", "condition: lambda", "condition: format string",
    "condition: walrus", "condition: power bomb", "condition: string bomb", "condition: 3,000 brackets", "condition: 500 KB",
    "timer P3D", 'timer "-P3D"', "role nobody holds",
)  # fmt: skip
LONGEST = 5.0
"""Seconds."""
HUGE = Broken("50 MB", lambda: b"<x>" + b" " * 50_000_000, "file_size", None)


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def test_no_hostile_file_or_text_gets_further_than_a_draft(office: Office) -> None:
    known = {each.name: each for each in BROKEN}
    edited = draft(office)
    for broken in [*(known[name] for name in NAMED), HUGE]:
        xml = broken.make()
        began = time.process_time()
        sent = office.browser("administrator").post(
            "/studio/uploads",
            data={"key": "field_report", "scope": office.world.centre.ref, "file": (io.BytesIO(xml), "la.bpmn")},
        )
        assert "Traceback" not in sent.text, broken.name
        assert_goes_no_further(office, broken, sent)
        assert time.process_time() - began < LONGEST, broken.name
        began = time.process_time()
        saved = save(office, edited, xml)
        assert time.process_time() - began < LONGEST, broken.name
        if saved.status_code == 200:
            assert broken.check in {finding["check"] for finding in saved.json["findings"] if finding["is_error"]}, broken.name
        else:
            assert saved.status_code in (413, 422), f"{broken.name}: {saved.status_code}"
        assert (saved.status_code != 200) or len(xml) <= MAX_BYTES


def assert_goes_no_further(office: Office, broken: Broken, sent: TestResponse) -> None:
    """What cannot be read is refused by its name; the rest is a draft with its finding that cannot be handed in, and is discarded."""
    if sent.status_code in (413, 422):
        return
    assert sent.status_code == 302, f"{broken.name}: {sent.status_code}"
    page, administrator = sent.headers["Location"], office.browser("administrator")
    refused = administrator.post(f"{page}/hand_in", data={"words": "Xin duyệt.", "revision": "1"})
    assert refused.status_code == 422, broken.name
    assert stored(page.rpartition("/")[2]).state == "draft", broken.name
    assert administrator.post(f"{page}/discard_draft").status_code == 302


def save(office: Office, edited: ProcessVersion, xml: bytes) -> Any:
    """The text as the editor sends it, at the revision the draft has now; every element counts as edited."""
    now = stored(edited.ref)
    ids = [part.split('"')[0] for part in xml.decode("utf-8", "replace").split(' id="')[1:2000]]
    body = {"xml": xml.decode("utf-8", "replace"), "revision": now.revision, "touched": ids}
    return office.browser("administrator").put(f"/studio/versions/{edited.ref}/text", json=body)
