"""The bucket does what the folder does, and more can go wrong with it: away, slow, broken off, lying."""
from __future__ import annotations

import hashlib
import io
import os
import socket
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from casework.files import bucket as bucket_store
from casework.files import local as file_store
from casework.files.bucket import Bucket, BucketFileStore
from casework.files.local import (
    FileMissing,
    FileNotStored,
    FileStore,
    LocalFileStore,
    StorageUnreachable,
    StoredFile,
    new_stored_name,
    sweep,
)
from casework.sealing.keyring import Keyring, use_keyring
from casework.sealing.seal import SealBroken
from casework.verification.anchors import write_anchor
from tests import build
from tests import with_photos as pictured
from tests.conftest import running
from tests.machines.storage import BUCKET, KEY, REGION, SECRET, Storage
from web.commands.backup import RestoreRefused, backup, restore
from web.commands.move_files import FileDiffers, move_files
from web.commands.verify import verify
from web.config import Config

DAY = timedelta(days=1)


@pytest.fixture(autouse=True, scope="module")
def keyring() -> Iterator[Keyring]:
    keyring = Keyring.fresh()
    use_keyring(keyring)
    yield keyring
    use_keyring(None)


@pytest.fixture(scope="module")
def storage() -> Iterator[Storage]:
    storage = Storage().start()
    storage.make_bucket()
    yield storage
    storage.stop()


def bucket_at(url: str, name: str = BUCKET) -> BucketFileStore:
    return BucketFileStore(Bucket(url=url, name=name, key=KEY, secret=SECRET, region=REGION))


@pytest.fixture
def bucket(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> BucketFileStore:
    for name, seconds in (("PAUSE", 0.01), ("ANSWER_SECONDS", 60)):
        monkeypatch.setattr(bucket_store, name, seconds)
    return bucket_at(storage.url)


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> FileStore:
    return LocalFileStore(tmp_path / "files") if request.param == "folder" else request.getfixturevalue("bucket")


def read(store: FileStore, name: str, *, sealed: bool = False) -> bytes:
    with store.open(name, sealed=sealed) as file:
        return file.read()


def overwrite(store: BucketFileStore, name: str, content: bytes) -> None:
    """What somebody with a key to the bucket can do."""
    store._client.put_object(store.bucket, name, io.BytesIO(content), len(content))


@contextmanager
def between(storage: Storage, meddle: type[Meddling]) -> Iterator[Meddling]:
    """A line to the storage somebody meddles with."""
    middle = meddle(storage)
    try:
        yield middle
    finally:
        middle.close()


class Meddling:
    """Passes connections on to the storage; what comes back is cut off after so many bytes, for the first so many connections."""

    cuts, after = 1, 300_000

    def __init__(self, storage: Storage) -> None:
        self.target = (storage.host, storage.port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self.listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            far = socket.create_connection(self.target)
            left = self.after if self.connections <= self.cuts else None
            threading.Thread(target=_pump, args=(near, far, None), daemon=True).start()
            threading.Thread(target=_pump, args=(far, near, left), daemon=True).start()


def _pump(source: socket.socket, target: socket.socket, left: int | None) -> None:
    try:
        while (left is None or left > 0) and (data := source.recv(65_536 if left is None else min(left, 65_536))):
            target.sendall(data)
            left = None if left is None else left - len(data)
    except OSError:
        pass
    for each in (source, target):
        _end(each)


def _end(each: socket.socket) -> None:
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()


@pytest.mark.parametrize(("size", "sealed"), [(0, False), (1, True), (2 * file_store.PIECE + 5, False), (2 * file_store.PIECE + 5, True)])
def test_what_was_put_is_there_and_described(store: FileStore, keyring: Keyring, size: int, sealed: bool) -> None:
    content, name = os.urandom(size), new_stored_name()
    stored = store.put(name, io.BytesIO(content), sealed=sealed)
    assert stored == StoredFile(name, size, hashlib.sha256(content).hexdigest(), keyring.current_id if sealed else None)
    assert read(store, name, sealed=sealed) == content
    assert store.exists(name)
    if sealed:
        assert content[:200] not in read(store, name) or size < 200
        with store.open(name, sealed=True) as file:
            assert b"".join(iter(lambda: file.read(70_001), b"")) == content


def test_a_part_of_a_file_is_read_from_anywhere(store: FileStore) -> None:
    name, content = new_stored_name(), os.urandom(300_000)
    store.put(name, content)
    for start, size in ((0, 7), (150_000, 20_000), (299_990, 100)):
        assert store.read_part(name, start, size) == content[start : start + size]
    with pytest.raises(FileMissing):
        store.read_part(new_stored_name(), 0, 1)


def test_a_large_file_goes_in_parts_and_is_never_held_whole(bucket: BucketFileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bucket_store, "PART", 5 << 20)
    content, asked, name = io.BytesIO(os.urandom((11 << 20) + 3)), list[int](), new_stored_name()
    given = content.read
    content.read = lambda size=-1: asked.append(size) or given(size)                # type: ignore[method-assign, func-returns-value]
    stored = bucket.put(name, content, sealed=True)
    with bucket.open(name, sealed=True) as file:
        assert hashlib.sha256(file.read()).hexdigest() == stored.sha256
    assert max(asked) == file_store.PIECE


def test_a_name_is_written_once_and_deleting_twice_is_no_error(store: FileStore) -> None:
    name = new_stored_name()
    store.put(name, b"first")
    with pytest.raises(FileExistsError):
        store.put(name, b"second")
    assert read(store, name) == b"first"
    for each in (name, name, new_stored_name()):
        store.delete(each)
    assert not store.exists(name)
    with pytest.raises(FileMissing, match=name):
        store.open(name)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "anchors/000001.json", "ab/cd/abcd" + "0" * 28 + "\n"])
def test_only_names_of_our_own_form_are_asked_for(store: FileStore, name: str) -> None:
    for act in (store.open, store.delete, store.exists, lambda odd: store.put(odd, b"x")):
        with pytest.raises(ValueError, match="not a stored name"):
            act(name)


def test_a_sweep_goes_by_the_clock_of_the_bucket(bucket: BucketFileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, forgotten = new_stored_name(), new_stored_name()
    for name in (kept, forgotten):
        bucket.put(name, b"x")
    bucket.share("000009.json", b"an anchor")

    class Ahead(datetime):
        """The clock of a machine that is two days ahead."""

        @classmethod
        def now(cls, tz: object = None) -> datetime:                                # type: ignore[override]
            return datetime.now(UTC) + 2 * DAY

    monkeypatch.setattr(bucket_store, "datetime", Ahead)
    ahead = datetime.now(UTC) + 2 * DAY
    assert list(bucket.list_names(ahead - DAY)) == []
    assert sweep(bucket, lambda names: names, now=ahead, older_than=DAY) == []
    monkeypatch.setattr(bucket_store, "datetime", datetime)
    assert {kept, forgotten} <= set(bucket.list_names(datetime.now(UTC) + DAY))

    def known(names: Collection[str]) -> set[str]:
        return set(names) - {forgotten}

    assert sweep(bucket, known, now=datetime.now(UTC) + 2 * DAY, older_than=DAY) == [forgotten]
    assert bucket.exists(kept)
    assert "000009.json" in bucket.shared_names()


def test_a_sweep_ends_uploads_that_never_came_to_their_end(bucket: BucketFileStore) -> None:
    bucket._client._create_multipart_upload(bucket.bucket, new_stored_name(), {})
    assert bucket.drop_staged(datetime.now(UTC) - DAY) == 0
    assert bucket.drop_staged(datetime.now(UTC) + DAY) == 1


def test_bytes_changed_in_the_bucket_are_found_when_they_are_read(bucket: BucketFileStore) -> None:
    one, other = new_stored_name(), new_stored_name()
    for name in (one, other):
        bucket.put(name, os.urandom(3000), sealed=True)
    sealed = read(bucket, one)
    for lie in (read(bucket, other), sealed[:-7], sealed[:1500] + b"\0" + sealed[1501:]):
        overwrite(bucket, one, lie)
        with pytest.raises(SealBroken):
            read(bucket, one, sealed=True)


def test_a_reader_whose_line_breaks_goes_on_where_it_was(bucket: BucketFileStore, storage: Storage) -> None:
    name, content = new_stored_name(), os.urandom(1_000_000)
    bucket.put(name, content, sealed=True)
    with between(storage, Meddling) as line:
        assert read(bucket_at(line.url), name, sealed=True) == content
        assert line.connections > 1


def test_a_line_that_always_breaks_is_said_and_never_taken_for_the_end(bucket: BucketFileStore, storage: Storage) -> None:
    class Always(Meddling):
        cuts, after = 1_000, 2_000

    name = new_stored_name()
    bucket.put(name, os.urandom(1_000_000))
    with between(storage, Always) as line, pytest.raises(StorageUnreachable):
        read(bucket_at(line.url), name)


def test_a_bucket_that_says_yes_and_keeps_nothing_is_found_before_any_row(
    bucket: BucketFileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket._client, "put_object", lambda *_, **__: None)
    with pytest.raises(FileNotStored):
        bucket.put(new_stored_name(), b"x")


@pytest.mark.exhaustive
def test_a_storage_that_is_away_or_does_not_answer_is_said_in_words(
    bucket: BucketFileStore, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = new_stored_name()
    bucket.put(name, b"kept")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        nobody = f"http://127.0.0.1:{probe.getsockname()[1]}"
    monkeypatch.setattr(bucket_store, "ANSWER_SECONDS", 0.2)
    storage.pause()
    try:
        for away in (bucket_at(nobody), bucket_at(storage.url)):
            with pytest.raises(FileNotStored) as refusal:
                away.put(new_stored_name(), b"x")
            assert "gửi lại" in refusal.value.vi
            for act in (away.open, away.exists, away.delete):
                with pytest.raises(StorageUnreachable):
                    act(name)
            with pytest.raises(StorageUnreachable):
                away.refuse_unusable()
    finally:
        storage.go_on()
    assert read(bucket, name) == b"kept"
    bucket.refuse_unusable()


def test_a_wrong_key_or_bucket_is_no_missing_file(bucket: BucketFileStore, storage: Storage) -> None:
    wrong = BucketFileStore(Bucket(url=storage.url, name=BUCKET, key=KEY, secret="another secret", region=REGION))
    for store in (wrong, bucket_at(storage.url, "no-such-bucket")):
        with pytest.raises(StorageUnreachable):
            store.open(new_stored_name())
        with pytest.raises(FileNotStored):
            store.put(new_stored_name(), b"x")


def test_a_bucket_that_keeps_versions_is_told(bucket: BucketFileStore, storage: Storage, sqlite_app: Flask) -> None:
    from minio.versioningconfig import ENABLED, VersioningConfig

    from casework.verification.files import check_files

    storage.make_bucket("with-versions")
    kept = bucket_at(storage.url, "with-versions")
    kept._client.set_bucket_versioning("with-versions", VersioningConfig(ENABLED))
    for store, checks in ((bucket, set()), (kept, {"file.versions"})):
        with sqlite_app.app_context():
            found = {each.check for each in check_files(store, now=datetime.now(UTC), key_ids=frozenset()) if each.is_fault}
        assert found == checks


@pytest.mark.exhaustive
def test_an_installation_moves_to_a_bucket_and_is_backed_up_and_restored_there(
    storage: Storage, sqlite_config: Config, tmp_path: Path
) -> None:
    """Files of the folder, of the bucket and of the backup are the same bytes, sealed ones still sealed; moving twice moves nothing."""
    keyring = Keyring.create(sqlite_config.keyring)
    with running(sqlite_config) as app:
        use_keyring(keyring)
        world = build.standard_world()
        token = pictured.staged(world, LocalFileStore(sqlite_config.files), "moved", by="citizen")
        assert token
        write_anchor(sqlite_config.data, now=build.NOON)
        names = sorted(app.extensions["file_store"].list_names())
    storage.make_bucket("moved")
    in_bucket = {"s3_url": storage.url, "s3_bucket": "moved", "s3_key": KEY, "s3_secret": SECRET, "s3_region": REGION}
    config = replace(sqlite_config, **in_bucket)                                    # type: ignore[arg-type]
    first, again = move_files(config), move_files(config)
    assert (first.now, first.before, again.now, again.before) == (len(names), 0, 0, len(names))
    there = bucket_at(storage.url, "moved")
    assert sorted(there.list_names()) == names
    assert all(read(there, name) == (sqlite_config.files / name).read_bytes() for name in names)
    assert verify(config, now=build.NOON).faults == []

    overwrite(there, names[0], b"changed on the way")
    with pytest.raises(FileDiffers, match=names[0]):
        move_files(config)
    assert {finding.check for finding in verify(config, now=build.NOON).faults} <= {"file.seal", "file.changed"}
    overwrite(there, names[0], (sqlite_config.files / names[0]).read_bytes())

    saved = backup(config, tmp_path / "backup", now=build.NOON, keys=tmp_path / "keys.json")
    assert (saved.files >= len(names), saved.missing) == (True, ())
    storage.make_bucket("restored")
    elsewhere = replace(config, data=tmp_path / "elsewhere", keyring=tmp_path / "elsewhere" / "keyring.json", s3_bucket="restored",
                        database_url=f"sqlite:///{tmp_path / 'elsewhere' / 'langbiang.db'}")
    restored = restore(elsewhere, tmp_path / "backup", now=build.NOON, keys=tmp_path / "keys.json")
    assert restored.verification is not None
    assert restored.verification.faults == []
    assert bucket_at(storage.url, "restored").shared_names() == there.shared_names() != []
    with pytest.raises(RestoreRefused):
        restore(replace(elsewhere, data=tmp_path / "third", database_url=f"sqlite:///{tmp_path / 'third' / 'langbiang.db'}"),
                tmp_path / "backup", now=build.NOON)
