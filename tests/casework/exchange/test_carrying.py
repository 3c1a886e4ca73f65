"""The worker's round over two folders: whatever it is cut off by, nothing is lost, nothing doubled, nothing stands in the way."""

import hashlib
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from casework.db import db, unit_of_work
from casework.exchange import Package, Status, carrying, read, write
from casework.exchange.carrying import ScanAway, send_waiting, take_in_waiting
from casework.exchange.folders import FAILED, FolderTransport
from casework.exchange.outgoing import LEASE, queue_status
from casework.exchange.refusals import MAX_BYTES
from casework.exchange.transport import TransportAway
from casework.files.local import StorageUnreachable
from casework.models import IncomingPackage, Letter
from tests import build
from tests.casework.exchange.house import (
    NOW,
    all_incoming,
    all_outgoing,
    answer_to,
    come,
    no_malware,
    numbered_slip,
    queued,
    settled,
    status_of,
)
from tests.casework.exchange.samples import OTHER, raw
from web.config import Config, SettingRefused
from web.gateways.opening import open_transport
from web.jobs.documents_exchanged import exchange_documents


class Cut(BaseException):
    """The process ends here."""


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    return settled(build.standard_world())


@pytest.fixture
def letter(sqlite_app: Flask, world: build.World) -> Letter:
    return numbered_slip(sqlite_app, world, build.case_at(world, "handling"))


@pytest.fixture
def folders(tmp_path: Path) -> FolderTransport:
    for name in ("in", "out"):
        (tmp_path / name).mkdir()
    return FolderTransport(tmp_path / "in", tmp_path / "out")


class Round:
    """One worker, whose clock goes on by more than a lease at each round."""

    def __init__(self, app: Flask, transport: FolderTransport) -> None:
        self.app, self.transport, self.at = app, transport, NOW
        self.told: list[Exception] = []

    def run(self, scan: Callable[[bytes, str], None] = no_malware) -> int:
        self.at += LEASE + timedelta(seconds=1)
        sent = send_waiting(self.transport, store=self.app.extensions["file_store"], clock=lambda: self.at, told=self.told.append)
        return sent + take_in_waiting(self.transport, scan=scan, clock=lambda: self.at, told=self.told.append)


@pytest.fixture
def worker(sqlite_app: Flask, folders: FolderTransport) -> Round:
    return Round(sqlite_app, folders)


def put(transport: FolderTransport, name: str, content: bytes) -> None:
    (transport.came / name).write_bytes(content)


def sent(transport: FolderTransport) -> list[Package | Status]:
    return [read(path.read_bytes(), ours={OTHER}) for path in sorted(transport.out.iterdir())]


def test_a_letter_leaves_and_what_came_is_answered(world: build.World, letter: Letter, worker: Round) -> None:
    row = queued(world, letter)
    put(worker.transport, "a.edxml", write(answer_to(row)))
    put(worker.transport, "b.xml", write(status_of(row, "03")))
    worker.run()
    worker.run()
    found = sent(worker.transport)
    assert sorted(type(each).__name__ for each in found) == ["Package", "Status"]
    assert [each.state for each in all_incoming()] == ["waiting", "kept"]
    assert list(worker.transport.came.iterdir()) == []
    assert [each.told_code for each in all_outgoing()] == ["03", None]
    assert worker.run() == 0


STEPS = ("claim_outgoing", "compose", "keep_composed", "keep_sent", "examine", "take_in")
VERBS = ("send", "received", "fetch", "done")


class Steps:
    """Counts every step of a round, before it and after it, and cuts at one of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, worker: Round, cut_at: int) -> None:
        self.met, self.cut_at = 0, cut_at
        for name in STEPS:
            monkeypatch.setattr(carrying, name, self.watched(getattr(carrying, name)))
        for name in VERBS:
            monkeypatch.setattr(worker.transport, name, self.watched(getattr(worker.transport, name)))

    def watched(self, step: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **named: Any) -> Any:
            self.count()
            found = step(*args, **named)
            self.count()
            return found

        return run

    def count(self) -> None:
        self.met += 1
        if self.met == self.cut_at:
            raise Cut


def live(sqlite_app: Flask, worker: Round) -> Iterator[None]:
    """A world with something of everything: a letter to send, an answer, a status, one that is refused."""
    world = settled(build.standard_world())
    row = queued(world, numbered_slip(sqlite_app, world, build.case_at(world, "handling")))
    put(worker.transport, "a.edxml", write(answer_to(row)))
    put(worker.transport, "b.edxml", write(status_of(row, "03")))
    put(worker.transport, "c.edxml", raw().replace(b">0</edXML:BussinessDocType>", b">7</edXML:BussinessDocType>"))
    yield


@pytest.mark.parametrize("cut_at", [
    pytest.param(number, marks=() if number % 5 == 1 else pytest.mark.exhaustive) for number in range(1, 60)
])  # fmt: skip
def test_whatever_step_it_is_cut_off_at_nothing_is_lost_or_doubled(
    sqlite_app: Flask, worker: Round, monkeypatch: pytest.MonkeyPatch, cut_at: int
) -> None:
    next(live(sqlite_app, worker))
    with monkeypatch.context() as cutting:
        steps = Steps(cutting, worker, cut_at)
        try:
            while worker.run():
                pass
        except Cut:
            db.session.rollback()
    assert steps.met == cut_at, steps.met
    while worker.run():
        pass
    found = sent(worker.transport)
    assert sorted(each.code if isinstance(each, Status) else str(each.business.value) for each in found) == ["0", "01", "02"]
    assert sorted(each.state for each in all_incoming()) == ["kept", "refused", "waiting"]
    assert all(each.sent_at for each in all_outgoing())
    assert [path.name for path in worker.transport.came.iterdir()] == []
    assert worker.told == []


def test_one_sent_twice_has_the_same_bytes_and_is_taken_in_once(world: build.World, letter: Letter, worker: Round,
                                                                monkeypatch: pytest.MonkeyPatch) -> None:
    queued(world, letter)
    taken: list[bytes] = []
    with monkeypatch.context() as cutting:
        Steps(cutting, worker, cut_at=9)  # just before keep_sent
        with pytest.raises(Cut):
            worker.run()
        db.session.rollback()
    for path in worker.transport.out.iterdir():
        taken.append(path.read_bytes())
        path.unlink()
    worker.run()
    taken += [path.read_bytes() for path in worker.transport.out.iterdir()]
    assert len(taken) == 2
    assert len({hashlib.sha256(each).hexdigest() for each in taken}) == 1


def test_while_nobody_carries_everything_waits_with_its_reason(world: build.World, letter: Letter, worker: Round) -> None:
    row = queued(world, letter)
    worker.transport.out.rename(worker.transport.out.with_name("away"))
    worker.run()
    assert [(each.last_error, each.sent_at) for each in all_outgoing()] == [("transport", None)]
    worker.transport.out.with_name("away").rename(worker.transport.out)
    worker.run()
    assert [(each.last_error, each.sent_as) for each in all_outgoing()] == [(None, f"{row.ref}.edxml")]
    worker.transport.came.rename(worker.transport.came.with_name("away"))
    with pytest.raises(TransportAway):
        worker.run()


def test_while_the_file_of_a_letter_cannot_be_read_it_waits_and_others_leave(
    world: build.World, letter: Letter, worker: Round, sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued(world, letter)
    come(raw())

    def away(*_args: object, **_named: object) -> None:
        raise StorageUnreachable

    with monkeypatch.context() as broken:
        broken.setattr(sqlite_app.extensions["file_store"], "open", away)
        worker.run()
    assert [each.last_error for each in all_outgoing()] == ["storage", None]
    assert len(sent(worker.transport)) == 1
    worker.run()
    assert len(sent(worker.transport)) == 2


def test_what_nobody_foresaw_stands_in_no_others_way(world: build.World, worker: Round, monkeypatch: pytest.MonkeyPatch) -> None:
    real = carrying.examine

    def fails(held: bytes, **named: Any) -> Any:
        if held == b"poison":
            raise RuntimeError("nobody foresaw this")
        return real(held, **named)

    monkeypatch.setattr(carrying, "examine", fails)
    put(worker.transport, "a.edxml", b"poison")
    put(worker.transport, "b.edxml", raw())
    worker.run()
    assert [str(each) for each in worker.told] == ["nobody foresaw this"]
    assert [path.name for path in (worker.transport.came / FAILED).iterdir()] == ["a.edxml"]
    assert [each.state for each in all_incoming()] == ["waiting"]


def test_a_database_that_is_away_leaves_everything_where_it_is(world: build.World, worker: Round, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_args: object, **_named: object) -> None:
        raise OperationalError("SELECT", {}, Exception("gone"))

    put(worker.transport, "a.edxml", raw())
    with monkeypatch.context() as broken:
        broken.setattr(carrying, "take_in", away)
        with pytest.raises(OperationalError):
            worker.run()
    db.session.rollback()
    worker.run()
    assert [each.state for each in all_incoming()] == ["waiting"]


def test_while_files_cannot_be_scanned_what_came_waits(world: build.World, worker: Round) -> None:
    def away(_content: bytes, _name: str) -> None:
        raise ScanAway

    put(worker.transport, "a.edxml", raw())
    assert worker.run(away) == 0
    assert [path.name for path in worker.transport.came.iterdir()] == ["a.edxml"]
    worker.run()
    assert len(all_incoming()) == 1


def test_where_no_centre_has_an_identifier_nothing_is_touched(sqlite_app: Flask, worker: Round) -> None:
    build.standard_world()
    put(worker.transport, "a.edxml", raw())
    assert worker.run() == 0
    assert len(list(worker.transport.came.iterdir())) == 1


def test_only_plain_files_with_sound_names_are_seen(folders: FolderTransport, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    for name in ("a.edxml", "B.XML", "_c.edxml", "-d.edxml", ".hidden.edxml", "c.edxml.part", "d.pdf", "ngoài.edxml"):
        put(folders, name, b"x")
    (folders.came / "e.edxml").symlink_to(tmp_path / "secret")
    (folders.came / "f.edxml").mkdir()
    assert sorted(folders.received()) == ["B.XML", "_c.edxml", "a.edxml"]
    with pytest.raises(TransportAway):
        folders.fetch("e.edxml")
    for name in ("../secret", "gone.edxml", "a/b.edxml", ""):
        with pytest.raises(LookupError):
            folders.fetch(name)
    with pytest.raises(LookupError):
        folders.done("../secret", ok=True)
    folders.done("gone.edxml", ok=True)


def test_the_oldest_comes_first_and_no_more_is_read_than_a_package_may_have(folders: FolderTransport) -> None:
    for age, name in enumerate(("new.edxml", "older.edxml", "oldest.edxml")):
        put(folders, name, b"x")
        os.utime(folders.came / name, (1_000_000_000 - age, 1_000_000_000 - age))
    assert folders.received() == ["oldest.edxml", "older.edxml", "new.edxml"]
    with (folders.came / "new.edxml").open("wb") as file:
        file.truncate(MAX_BYTES * 2)
    assert len(folders.fetch("new.edxml")) == MAX_BYTES + 1


def test_what_is_half_written_is_seen_by_nobody(folders: FolderTransport, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(_number: int) -> None:
        raise Cut

    with monkeypatch.context() as cutting:
        cutting.setattr(os, "fsync", cut)
        with pytest.raises(Cut):
            folders.send("a.edxml", b"half")
    assert folders.sent_states() == {}
    assert FolderTransport(folders.out, folders.came).received() == []
    assert folders.send("a.edxml", b"whole") == "a.edxml"
    assert (folders.sent_states(), FolderTransport(folders.out, folders.came).fetch("a.edxml")) == ({"a.edxml": "waiting"}, b"whole")


def test_a_status_is_said_once_however_often_it_is_asked_for(world: build.World) -> None:
    (kept,) = come(raw())
    for _ in range(2):
        with unit_of_work():
            queue_status(db.session.get_one(IncomingPackage, kept.id), "03", now=NOW)
    assert [each.status_code for each in all_outgoing()] == ["01", "03"]


def test_the_job_exchanges_where_folders_are_set(sqlite_app: Flask, world: build.World, letter: Letter, folders: FolderTransport,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    assert exchange_documents(sqlite_app, NOW) == 0, "nothing is configured"
    queued(world, letter)
    monkeypatch.setitem(sqlite_app.extensions, "exchange", folders)
    put(folders, "a.edxml", raw())
    exchange_documents(sqlite_app, NOW)
    assert len(sent(folders)) == 1
    assert [each.state for each in all_incoming()] == ["waiting"]


def test_both_folders_are_set_or_none(tmp_path: Path) -> None:
    base = {"LANGBIANG_DATA": str(tmp_path)}
    assert open_transport(Config.from_environment(base)) is None
    both = {**base, "LANGBIANG_EDXML_IN": str(tmp_path / "in"), "LANGBIANG_EDXML_OUT": str(tmp_path / "out")}
    assert isinstance(open_transport(Config.from_environment(both)), FolderTransport)
    for wrong in ({**base, "LANGBIANG_EDXML_IN": "/in"}, {**base, "LANGBIANG_EDXML_OUT": "/out"},
                  {**base, "LANGBIANG_EDXML_IN": "/x", "LANGBIANG_EDXML_OUT": "/x"}):  # fmt: skip
        with pytest.raises(SettingRefused, match="EDXML"):
            Config.from_environment(wrong)


