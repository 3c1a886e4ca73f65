"""The file store: durable in the right order, closed to odd names, bound seals, and a sweep that takes only what nobody knows."""

import hashlib
import io
import os
import stat
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.files import local as file_store
from casework.files.local import STORED_NAME, FileMissing, FileNotStored, FileStore, LocalFileStore, StoredFile, new_stored_name, sweep
from casework.sealing.keyring import Keyring, use_keyring
from casework.sealing.seal import SealBroken

DAY = timedelta(days=1)


@pytest.fixture(autouse=True, scope="module")
def keyring() -> Iterator[Keyring]:
    keyring = Keyring.fresh()
    use_keyring(keyring)
    yield keyring
    use_keyring(None)


@pytest.fixture
def store(tmp_path: Path) -> LocalFileStore:
    return LocalFileStore(tmp_path / "files")


def read(store: FileStore, name: str, *, sealed: bool = False) -> bytes:
    with store.open(name, sealed=sealed) as file:
        return file.read()


def aged(store: LocalFileStore, name: str, age: timedelta, now: datetime) -> None:
    written = (now - age).timestamp()
    os.utime(store.root / name, (written, written))


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("size", [0, 1, file_store.PIECE, 2 * file_store.PIECE + 5])
def test_what_was_put_is_there_and_described(store: LocalFileStore, keyring: Keyring, size: int, sealed: bool) -> None:
    content = os.urandom(size)
    for given_as in (content, io.BytesIO(content)):
        name = new_stored_name()
        stored = store.put(name, given_as, sealed=sealed)
        assert stored == StoredFile(name, size, hashlib.sha256(content).hexdigest(), keyring.current_id if sealed else None)
        assert read(store, name, sealed=sealed) == content
        assert store.exists(name)


def test_a_sealed_file_holds_nothing_of_its_content(store: LocalFileStore) -> None:
    name = new_stored_name()
    store.put(name, b"CANARY" * 1000, sealed=True)
    assert b"CANARY" not in (store.root / name).read_bytes()


def test_a_sealed_file_can_be_read_in_small_steps(store: LocalFileStore) -> None:
    name, content = new_stored_name(), os.urandom(3000)
    store.put(name, content, sealed=True)
    with store.open(name, sealed=True) as file:
        assert b"".join(iter(lambda: file.read(7), b"")) == content
    assert file.closed


def test_a_sealed_file_under_another_name_does_not_open(store: LocalFileStore) -> None:
    one, other = new_stored_name(), new_stored_name()
    store.put(one, b"voice of one", sealed=True)
    store.put(other, b"voice of another", sealed=True)
    (store.root / one).replace(store.root / other)
    with pytest.raises(SealBroken):
        read(store, other, sealed=True)


def test_a_sealed_file_cut_short_does_not_open(store: LocalFileStore) -> None:
    name = new_stored_name()
    store.put(name, os.urandom(2 * file_store.PIECE), sealed=True)
    os.truncate(store.root / name, file_store.PIECE + 100)
    with pytest.raises(SealBroken):
        read(store, name, sealed=True)


def test_files_are_for_the_program_alone(store: LocalFileStore) -> None:
    name = new_stored_name()
    store.put(name, b"x")
    assert stat.S_IMODE((store.root / name).stat().st_mode) == 0o600
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in ((store.root / name).parent, store.root)} == {0o700}


def test_bytes_reach_the_disk_before_the_name_and_the_name_before_put_returns(
    store: LocalFileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, rename = os.fsync, Path.rename

    def noted_fsync(handle: int) -> None:
        done.append("fsync " + Path(os.readlink(f"/proc/self/fd/{handle}")).relative_to(store.root.parent).as_posix())
        fsync(handle)

    def noted_rename(self: Path, target: Path) -> Path:
        done.append("rename")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "rename", noted_rename)
    name = new_stored_name()
    store.put(name, b"x")
    first, second, _ = name.split("/")
    assert done[0].startswith(f"fsync files/{first}/{second}/.")
    assert done[0].endswith(".part")
    assert done[1:] == ["rename", f"fsync files/{first}/{second}", f"fsync files/{first}", "fsync files"]


@pytest.mark.parametrize("fails", ["fsync", "rename"])
def test_a_failing_disk_leaves_nothing_and_says_so(store: LocalFileStore, monkeypatch: pytest.MonkeyPatch, fails: str) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*((os, "fsync") if fails == "fsync" else (Path, "rename")), full)
    name = new_stored_name()
    with pytest.raises(FileNotStored) as refusal:
        store.put(name, b"x" * 100)
    assert "gửi lại" in refusal.value.vi
    assert not [path for path in store.root.rglob("*") if path.is_file()]
    assert not store.exists(name)


def test_a_sender_that_breaks_off_leaves_nothing(store: LocalFileStore) -> None:
    class Breaks(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise ConnectionResetError

    with pytest.raises((FileNotStored, ConnectionResetError)):
        store.put(new_stored_name(), Breaks())
    assert not [path for path in store.root.rglob("*") if path.is_file()]


def test_a_name_is_written_once(store: LocalFileStore) -> None:
    name = new_stored_name()
    store.put(name, b"first")
    with pytest.raises(FileExistsError):
        store.put(name, b"second")
    assert read(store, name) == b"first"


def test_deleting_twice_is_no_error(store: LocalFileStore) -> None:
    name = new_stored_name()
    store.put(name, b"x")
    store.delete(name)
    store.delete(name)
    store.delete(new_stored_name())
    assert not store.exists(name)
    with pytest.raises(FileMissing) as missing:
        store.open(name)
    assert name in missing.value.vi
    assert name in missing.value.en


@pytest.mark.parametrize(
    "name",
    [
        "",
        "x",
        "../../etc/passwd",
        "/etc/passwd",
        "ab/cd/../../../etc",
        "ab/cd/" + "0" * 32,
        "ab/cd/abcd" + "0" * 27,
        "ab/cd/abcd" + "0" * 28 + "\n",
        "AB/CD/ABCD" + "0" * 28,
        "ab/cd/.abcd" + "0" * 28,
    ],
)
def test_only_names_of_our_own_form_reach_the_disk(store: LocalFileStore, name: str) -> None:
    for act in (store.open, store.delete, store.exists, lambda odd: store.put(odd, b"x")):
        with pytest.raises(ValueError, match="not a stored name"):
            act(name)


@given(st.text())
def test_no_text_but_a_stored_name_has_its_form(text: str) -> None:
    assert not STORED_NAME.fullmatch(text) or set(text) <= set("0123456789abcdef/")
    assert STORED_NAME.fullmatch(new_stored_name())


def test_names_are_listed_by_age_and_staged_ones_never(store: LocalFileStore) -> None:
    now = datetime.now(UTC)
    old, young = new_stored_name(), new_stored_name()
    for name in (old, young):
        store.put(name, b"x")
    aged(store, old, 2 * DAY, now)
    (store.root / old).with_name(f".{old[6:]}.00000000.part").write_bytes(b"half")
    (store.root / "note.txt").write_text("not ours")
    assert set(store.list_names()) == {old, young}
    assert list(store.list_names(now - DAY)) == [old]


def test_a_sweep_takes_old_files_that_no_row_names(store: LocalFileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_store, "SWEEP_BATCH", 2)
    now = datetime.now(UTC)
    forgotten, kept, young = ({new_stored_name() for _ in range(3)} for _ in range(3))
    for name in forgotten | kept | young:
        store.put(name, b"x")
    for name in forgotten | kept:
        aged(store, name, 3 * DAY, now)
    asked: list[Collection[str]] = []

    def known(names: Collection[str]) -> set[str]:
        asked.append(names)
        return kept & set(names)

    assert set(sweep(store, known, now=now, older_than=DAY)) == forgotten
    assert set(store.list_names()) == kept | young
    assert [len(names) for names in asked] == [2, 2, 2]


def test_a_sweep_takes_what_broken_puts_left(store: LocalFileStore) -> None:
    now = datetime.now(UTC)
    name = new_stored_name()
    store.put(name, b"x")
    old, young = ((store.root / name).with_name(f".{name[6:]}.{each}.part") for each in ("aaaaaaaa", "bbbbbbbb"))
    for path in (old, young):
        path.write_bytes(b"half")
    aged(store, str(old.relative_to(store.root)), 2 * DAY, now)
    assert sweep(store, lambda names: names, now=now, older_than=DAY) == []
    assert (old.exists(), young.exists(), store.exists(name)) == (False, True, True)


def test_a_sweep_asks_only_after_it_has_listed(store: LocalFileStore) -> None:
    """A row committed while the sweep lists must save its file."""
    now = datetime.now(UTC)
    name = new_stored_name()
    store.put(name, b"x")
    aged(store, name, 2 * DAY, now)
    rows: set[str] = set()

    class Listing(LocalFileStore):
        def list_names(self, older_than: datetime | None = None) -> Iterator[str]:
            yield from super().list_names(older_than)
            rows.add(name)

    assert sweep(Listing(store.root), lambda names: rows & set(names), now=now, older_than=DAY) == []


def test_a_sweep_holds_no_more_of_the_listing_than_it_asks_about(store: LocalFileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_store, "SWEEP_BATCH", 3)
    now, listed, asked = datetime.now(UTC), 0, 0

    class Listing(LocalFileStore):
        def list_names(self, older_than: datetime | None = None) -> Iterator[str]:
            nonlocal listed
            for _ in range(10):
                listed += 1
                assert listed - asked <= 3
                yield new_stored_name()

    def known(names: Collection[str]) -> Collection[str]:
        nonlocal asked
        asked += len(names)
        return ()

    assert len(sweep(Listing(store.root), known, now=now, older_than=DAY)) == listed == asked == 10


def test_names_are_read_folder_by_folder(store: LocalFileStore) -> None:
    first, behind, later = (f"{name[:2]}/{name[2:4]}/{name}" for name in ("0" * 32, "f" * 31 + "0", "f" * 32))
    for name in (first, behind):
        store.put(name, b"x")
    listed = store.list_names()
    assert next(listed) == first
    store.put(later, b"x")
    assert list(listed) == [behind, later], "the folder behind had not been read yet"


def test_a_sweep_refuses_to_be_hasty(store: LocalFileStore) -> None:
    with pytest.raises(ValueError, match="at least"):
        sweep(store, lambda names: names, now=datetime.now(UTC), older_than=timedelta(minutes=5))
