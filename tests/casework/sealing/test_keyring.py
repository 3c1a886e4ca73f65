"""The key file: written once, whole, for its owner only; never overwritten, never shown."""

import base64
import json
import pickle
import stat
import threading
from pathlib import Path

import pytest

from casework.sealing.keyring import KeyMissing, Keyring, KeyringUnusable


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "keyring.json"


def test_a_new_key_file_is_for_its_owner_only_and_loads_again(path: Path) -> None:
    made = Keyring.create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    loaded = Keyring.load(path)
    assert (loaded.current_id, loaded.key_ids, loaded.lookup_key) == (made.current_id, made.key_ids, made.lookup_key)
    assert loaded.key(made.current_id) == made.key(made.current_id)
    assert [each.name for each in path.parent.iterdir()] == ["keyring.json"]


def test_an_existing_key_file_is_never_overwritten(path: Path) -> None:
    Keyring.create(path)
    before = path.read_bytes()
    with pytest.raises(KeyringUnusable, match="not overwritten"):
        Keyring.create(path)
    assert path.read_bytes() == before


def test_a_rotation_is_on_the_disk_and_keeps_the_old_keys(path: Path) -> None:
    keyring = Keyring.create(path)
    old = keyring.current_id
    new = keyring.rotate()
    assert keyring.current_id == new != old
    loaded = Keyring.load(path)
    assert (loaded.current_id, loaded.key_ids) == (new, {old, new})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_another_process_added_is_found(path: Path) -> None:
    here = Keyring.create(path)
    there = Keyring.load(path)
    added = there.rotate()
    assert here.key(added) == there.key(added)
    assert here.current_id == added


def test_rotations_at_the_same_time_lose_no_key(path: Path) -> None:
    Keyring.create(path)
    keyrings = [Keyring.load(path) for _ in range(8)]
    threads = [threading.Thread(target=keyring.rotate) for keyring in keyrings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {keyring.current_id for keyring in keyrings} < Keyring.load(path).key_ids
    assert len(Keyring.load(path).key_ids) == 9


def test_an_unknown_key_is_missing(path: Path) -> None:
    for keyring in (Keyring.create(path), Keyring.fresh()):
        with pytest.raises(KeyMissing):
            keyring.key("k0")


def test_a_key_file_that_is_not_there_is_named() -> None:
    with pytest.raises(KeyringUnusable) as refusal:
        Keyring.load(Path("nowhere/keyring.json"))
    assert "nowhere/keyring.json" in refusal.value.vi
    assert "nowhere/keyring.json" in refusal.value.en


GOOD = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '"text"',
        json.dumps({"current": "k1", "keys": {}, "lookup": GOOD}),
        json.dumps({"current": "k1", "keys": {"k1": "c2hvcnQ="}, "lookup": GOOD}),
        json.dumps({"current": "k1", "keys": {"k1": "SECRET!!!"}, "lookup": GOOD}),
        json.dumps({"current": "k1", "keys": {"k1": 5}, "lookup": GOOD}),
        json.dumps({"current": "k1", "keys": [GOOD], "lookup": GOOD}),
        json.dumps({"current": "K 1", "keys": {"K 1": GOOD}, "lookup": GOOD}),
        json.dumps({"current": "k1", "keys": {"k1": GOOD}}),
        '{"current": "k1", "keys": {"k1": "SECRET',
    ],
)
def test_a_damaged_key_file_is_refused_without_quoting_it(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keyring.json"
    path.write_text(content)
    with pytest.raises(KeyringUnusable, match="damaged") as refusal:
        Keyring.load(path)
    assert refusal.value.__suppress_context__
    assert "SECRET" not in refusal.value.vi + refusal.value.en


def test_keys_are_in_no_repr_and_no_pickle(path: Path) -> None:
    keyring = Keyring.create(path)
    shown = repr(keyring) + repr(vars(keyring))
    for secret in (keyring.lookup_key, keyring.key(keyring.current_id)):
        assert repr(secret) not in shown
        assert base64.b64encode(secret).decode() not in shown
    with pytest.raises(TypeError):
        pickle.dumps(keyring)
