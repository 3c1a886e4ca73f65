"""Anchors: signed, chained, written once, and told from what somebody made of them afterwards."""
from __future__ import annotations

import shutil
import stat
import threading
import time
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from flask import Flask
from sqlalchemy import delete, select, text
from sqlalchemy.exc import OperationalError

from casework import events
from casework.db import db, unit_of_work
from casework.findings import one_moment
from casework.models import Anchor
from casework.permissions import SYSTEM
from casework.verification import anchors
from casework.verification.anchor_check import check_anchors
from casework.verification.anchor_keys import KEY, AnchorKeyUnusable, hand_over_key, own_key_id
from casework.verification.anchors import AnchorDamaged, anchor_files, is_signed, read_anchor, write_anchor
from tests import build, tampering
from tests.conftest import on_sqlite
from tests.grounds import somebody_else
from web.config import Config

NOON, DAY = build.NOON, timedelta(days=1)


@pytest.fixture
def data(app: Flask, config: Config) -> Path:
    return config.data


def happen(stream: str, number: int = 1) -> None:
    """Some events of a stream."""
    with unit_of_work():
        for each in range(number):
            events.append(stream, "changed", by=SYSTEM, at=NOON, payload={"number": each})


def found(data: Path) -> set[tuple[str, str, bool]]:
    with one_moment():
        findings = list(check_anchors(data))
    assert all(finding.text.vi and finding.text.en for finding in findings)
    return {(finding.check, finding.subject, finding.is_fault) for finding in findings}


@pytest.fixture
def three(data: Path) -> Path:
    """The folder with three anchors."""
    for day, stream in enumerate(("rules", "account:1", "rules")):
        happen(stream, 2)
        write_anchor(data, now=NOON + day * DAY)
    return data / "anchors"


@pytest.mark.on_both
@pytest.mark.parametrize("kind_of_database", ["postgres"], indirect=True)
def test_a_long_step_holds_up_nobody_who_writes_while_an_anchor_waits_for_it(data: Path, app: Flask) -> None:
    happen("rules")
    waited: list[float] = []
    begun, over = threading.Event(), threading.Event()

    def step(seconds: float) -> None:
        with app.app_context(), unit_of_work():
            events.append("account:1", "changed", by=SYSTEM, at=NOON, payload={})
            db.session.flush()
            begun.set()
            time.sleep(seconds)

    def write_others() -> None:
        while not over.is_set():
            began = time.monotonic()
            with app.app_context():
                happen("account:2")
            waited.append(time.monotonic() - began)
            time.sleep(0.02)

    threads = [threading.Thread(target=step, args=(1.5,)), threading.Thread(target=write_others)]
    for thread in threads:
        thread.start()
        begun.wait(10)
    try:
        anchor = write_anchor(data, now=NOON)
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert anchor is not None
    assert {"account:1", "account:2", "rules"} == {stream for stream, *_ in read_anchor(anchors.path_of(data / "anchors", 1)).heads}
    assert max(waited) < 1, "who writes waits for the anchor's turn, not for the long step"


@pytest.mark.on_both
@pytest.mark.parametrize("kind_of_database", ["postgres"], indirect=True)
def test_a_step_that_does_not_end_is_named_and_the_next_run_goes_on(data: Path, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anchors, "PAUSES", (0.01, 0.01))
    happen("rules")
    with somebody_else() as other, other.begin():
        other.execute(text("LOCK TABLE event IN ROW EXCLUSIVE MODE"))
        with pytest.raises(OperationalError, match="lock timeout"):
            write_anchor(data, now=NOON)
    anchor = write_anchor(data, now=NOON)
    assert (anchor.number if anchor else None) == 1


def test_an_anchor_holds_the_heads_of_the_streams_that_grew(data: Path) -> None:
    happen("rules", 3)
    happen("account:1")
    write_anchor(data, now=NOON)
    happen("account:1")
    row = write_anchor(data, now=NOON + DAY)
    first, second = (read_anchor(path) for path in anchor_files(data / "anchors"))
    assert [head[:2] for head in first.heads] == [("account:1", 1), ("rules", 3)]
    assert [head[:2] for head in second.heads] == [("account:1", 2)]
    assert second.previous_digest == first.digest
    assert row is not None
    assert (row.number, row.digest, row.streams, row.made_at) == (2, second.digest, 1, NOON + DAY)
    assert found(data) == set()


def test_nothing_is_written_when_nothing_has_happened(data: Path) -> None:
    assert write_anchor(data, now=NOON) is None
    happen("rules")
    assert write_anchor(data, now=NOON) is not None
    assert write_anchor(data, now=NOON + DAY) is None
    assert len(list(anchor_files(data / "anchors"))) == 1
    assert found(data) == set()


@on_sqlite
def test_what_is_recorded_under_an_old_date_is_signed_too(data: Path) -> None:
    happen("rules")
    write_anchor(data, now=NOON)
    with unit_of_work():
        events.append("account:1", "imported", by=SYSTEM, at=NOON - 1000 * DAY, payload={})
    anchor = write_anchor(data, now=NOON + DAY)
    assert anchor is not None
    assert anchor.streams == 1


@on_sqlite
def test_the_key_is_made_once_and_readable_by_its_owner_only(three: Path, data: Path) -> None:
    assert stat.S_IMODE((data / KEY).stat().st_mode) == 0o600
    assert {read_anchor(path).key_id for path in anchor_files(three)} == {own_key_id(data / KEY)}
    assert all(is_signed(read_anchor(path), three) for path in anchor_files(three))
    assert len(list(three.glob("key-*.pem"))) == 1
    assert b"PRIVATE" not in b"".join(path.read_bytes() for path in three.iterdir())


@on_sqlite
def test_a_key_that_cannot_be_read_is_refused_with_a_sentence(three: Path, data: Path) -> None:
    (data / KEY).write_text("?")
    happen("rules")
    with pytest.raises(AnchorKeyUnusable, match="backup of the keys"):
        write_anchor(data, now=NOON)
    assert {check for check, _, _ in found(data)} == {"anchor.key"}


@on_sqlite
def test_a_crash_between_file_and_row_is_made_good(three: Path, data: Path) -> None:
    tampering.run(delete(Anchor).where(Anchor.number == 3))
    assert found(data) == {("anchor.no_row", "anchor 3", False)}
    happen("rules")
    write_anchor(data, now=NOON + 9 * DAY)
    assert list(db.session.scalars(select(Anchor.number).order_by(Anchor.number))) == [1, 2, 3, 4]
    assert found(data) == set()


@on_sqlite
def test_another_worker_that_was_quicker_costs_nothing(three: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    happen("rules")
    monkeypatch.setattr(anchors, "write_once", lambda path, content: False)
    assert write_anchor(data, now=NOON) is None
    assert found(data) == set()


@on_sqlite
def test_a_changed_byte_in_any_anchor_is_named(three: Path, data: Path) -> None:
    for path in list(anchor_files(three)):
        whole = path.read_bytes()
        for position in range(0, len(whole), 61):
            path.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
            wrong = {("anchor.damaged", f"anchor {path.stem}", True), ("anchor.signature", f"anchor {int(path.stem)}", True)}
            assert wrong & found(data)
        path.write_bytes(whole)
    assert found(data) == set()


@on_sqlite
def test_an_anchor_made_to_fit_is_told_by_its_signature(three: Path, data: Path) -> None:
    path = three / "000002.json"
    written = orjson.loads(path.read_bytes())
    written["content"]["heads"] = []
    anchor = written["content"]
    forged = anchors.SignedAnchor(2, NOON + DAY, anchor["through"], anchor["key"], anchor["previous_digest"], (), "", written["signature"])
    digest = anchors._digest_of(forged)
    path.write_bytes(anchors._file_bytes(anchors.replace(forged, digest=digest)))
    assert found(data) == {("anchor.signature", "anchor 2", True), ("anchor.differs", "anchor 2", True), ("anchor.link", "anchor 3", True)}


@on_sqlite
def test_all_anchors_made_anew_with_another_key_are_told(three: Path, data: Path) -> None:
    kept = (data / KEY).read_bytes()
    (data / KEY).unlink()
    shutil.rmtree(three)
    tampering.run(delete(Anchor))
    write_anchor(data, now=NOON)
    (data / KEY).write_bytes(kept)
    assert found(data) == {("anchor.key_differs", "anchor 1", True)}


@on_sqlite
def test_a_missing_anchor_is_named_and_the_chain_goes_on(three: Path, data: Path) -> None:
    (three / "000002.json").unlink()
    assert found(data) == {("anchor.gap", "anchor 3", True), ("anchor.missing", "anchor 2", True)}
    (three / "000003.json").unlink()
    write_anchor(data, now=NOON + 3 * DAY)
    newest = read_anchor(three / "000004.json")
    assert {stream for stream, _, _ in newest.heads} == {"rules", "account:1"}
    assert found(data) == {("anchor.gap", "anchor 4", True), ("anchor.missing", "anchor 2", True), ("anchor.missing", "anchor 3", True)}


@on_sqlite
def test_a_missing_public_key_is_named(three: Path, data: Path) -> None:
    next(three.glob("key-*.pem")).unlink()
    assert found(data) == {("anchor.signature", f"anchor {number}", True) for number in (1, 2, 3)}


@on_sqlite
def test_without_the_private_key_signatures_are_still_checked(three: Path, data: Path) -> None:
    (data / KEY).unlink()
    assert {(check, is_fault) for check, _, is_fault in found(data)} == {("anchor.key_absent", False)}


@on_sqlite
def test_a_name_that_is_no_anchor_file_is_not_read(three: Path) -> None:
    shutil.copy(three / "000001.json", three / "000009.json")
    with pytest.raises(AnchorDamaged):
        read_anchor(three / "000009.json")
    with pytest.raises(AnchorDamaged, match="missing"):
        read_anchor(three / "000010.json")


def test_a_new_key_is_named_by_the_one_before_it_and_anchors_go_on(data: Path) -> None:
    happen("a")
    write_anchor(data, now=NOON)
    for day in (1, 2):
        hand_over_key(data, now=NOON + day * DAY)
        assert found(data) == set(), "the newest anchor is of the key before, which has named its successor"
        happen("a")
        write_anchor(data, now=NOON + day * DAY)
        assert found(data) == set()
    assert len({read_anchor(path).key_id for path in anchor_files(data / "anchors")}) == 3
    for path in (data / "anchors").glob("succession-*"):
        path.rename(path.with_suffix(".gone"))
    assert {(check, is_fault) for check, _, is_fault in found(data)} == {("anchor.key_changed", False)}


def test_a_succession_somebody_made_up_proves_nothing(data: Path) -> None:
    happen("a")
    write_anchor(data, now=NOON)
    hand_over_key(data, now=NOON)
    (path,) = (data / "anchors").glob("succession-*")
    told = orjson.loads(path.read_bytes())
    for change in ({"signatures": told["signatures"][::-1]}, {"signatures": told["signatures"][:1]}, {"content": "{}"}):
        path.write_bytes(orjson.dumps({**told, **change}))
        assert {check for check, *_ in found(data)} == {"anchor.key_differs"}
