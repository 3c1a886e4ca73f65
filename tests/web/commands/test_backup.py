"""Verify, backup and restore as the command line calls them: on both databases, while people work, and with one byte changed."""
from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import delete, select, update
from sqlalchemy.engine import make_url

from casework.db import db, unit_of_work
from casework.files.local import LocalFileStore
from casework.models import Account, Case, Event, File, Report
from casework.permissions import SYSTEM
from casework.photos.records import link_staged, prepare_photo, stage_photo
from casework.sealing.keyring import Keyring, KeyringUnusable
from casework.settings.ground_loading import load_sketch
from casework.verification.anchors import write_anchor
from tests import build, tampering
from tests.casework.places.test_ground import ROAD, layer
from tests.conftest import environment_of, on_sqlite
from tests.grounds import found_again, reference_to
from tests.postgres import Cluster
from web.commands import backup as keeping
from web.commands import dumps
from web.commands.backup import (
    BackupDamaged,
    BackupRefused,
    DumpRefused,
    KeysRefused,
    RestoreRefused,
    Verification,
    backup,
    restore,
    verify,
)
from web.commands.backup_folder import read_manifest
from web.commands.console import AT_THE_SERVER
from web.config import Config
from web.files.storage import open_file_store

pytestmark = pytest.mark.on_both

WORDS = "Tôi là Nguyễn Thị Mật, ở đây có rác."


@dataclass(frozen=True)
class Kept:
    """The installation as the first test on a kind of database built it; the others begin with a copy of all of it."""

    folder: Path
    database: str | None
    """Of PostgreSQL, the copy of its database."""
    world: Any


@pytest.fixture(scope="module")
def kept() -> dict[str, Kept]:
    """By the kind of database."""
    return {}


@pytest.fixture
def environment(
    request: pytest.FixtureRequest, kind_of_database: str, tmp_path: Path, kept: dict[str, Kept]
) -> Iterator[dict[str, str]]:
    first = kept.get(kind_of_database) if "world" in request.fixturenames else None
    if first is None:
        yield request.getfixturevalue(f"{kind_of_database}_environment")
        return
    shutil.copytree(first.folder, tmp_path / "installation")
    if first.database is None:
        yield environment_of(tmp_path / "installation")
        return
    postgres: Cluster = request.getfixturevalue("postgres")
    yield environment_of(tmp_path / "installation", postgres.create("copied_installation", template=first.database))
    postgres.drop("copied_installation")


@pytest.fixture
def world(
    app: Flask, config: Config, kind_of_database: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest,
    kept: dict[str, Kept],
) -> build.World:
    """An installation with cases, a photo, and an anchor."""
    if kind_of_database not in kept:
        reference = reference_to(built(config))
        db.session.remove()
        db.engine.dispose()                                  # the last connection leaves everything in one file
        folder = tmp_path_factory.mktemp("kept") / "installation"
        shutil.copytree(config.data.parent, folder)
        database = None
        if not config.is_sqlite:
            database = "kept_installation"
            request.getfixturevalue("postgres").create(database, template=make_url(config.database_url).database)
        kept[kind_of_database] = Kept(folder, database, reference)
    world: build.World = found_again(kept[kind_of_database].world)
    return world


def built(config: Config) -> build.World:
    world = build.standard_world()
    build.case_at(world, "closed", agencies=2)
    filed = build.file_report(world, words=WORDS)
    written = io.BytesIO()
    Image.new("RGB", (640, 480), "#336644").save(written, "JPEG")
    prepared = prepare_photo(written.getvalue(), "anh.jpg", store=LocalFileStore(config.files), max_bytes=10_000_000)
    with unit_of_work():
        stage_photo(prepared, token="t" * 32, purpose="scene", by=SYSTEM, now=build.NOON)
        link_staged("t" * 32, now=build.NOON, report=filed.report)
    write_anchor(config.data, now=build.NOON)
    return world


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backups" / "monday"


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "keys-apart.json"


def faults(found: Verification | None) -> set[str]:
    assert found is not None
    return {finding.check for finding in found.faults}


# -- verify ----------------------------------------------------------------------------------------------------------------


@pytest.mark.exhaustive(but=2)
def test_an_installation_at_work_is_clean(world: build.World, config: Config) -> None:
    found = verify(config, now=build.NOON)
    assert found.is_clean
    assert found.findings == []
    assert [found.counts[table] for table in ("process_instance", "file", "anchor")] == [4, 3, 1]
    assert found.anchor is not None


@pytest.mark.exhaustive(but=2)
def test_what_is_wrong_anywhere_is_found(world: build.World, config: Config) -> None:
    tampering.drop_triggers()
    tampering.run(update(Case).where(Case.state == "closed").values(closed_at=None))
    tampering.run(delete(Event).where(Event.seq == 2))
    name = db.session.scalars(select(File.stored_name)).first()
    (config.files / str(name)).unlink()
    tampering.run("UPDATE report_text SET sealed_body = :wrong WHERE kind = 'original'", wrong=b"nothing sealed")
    assert faults(verify(config, now=build.NOON)) == {"case.closed_at", "chain.gap", "file.missing", "seal.broken"}


@on_sqlite
def test_a_check_that_breaks_off_says_so_and_does_not_keep_the_others_from_their_work(
    world: build.World, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise KeyError("unforeseen")

    monkeypatch.setattr("web.commands.verify.check_chains", broken)
    tampering.run(update(Case).where(Case.state == "closed").values(closed_at=None))
    assert faults(verify(config, now=build.NOON)) == {"check.broke_off", "case.closed_at"}


@pytest.mark.exhaustive
@on_sqlite
def test_without_its_keys_an_installation_is_verified_as_far_as_that_goes(world: build.World, config: Config) -> None:
    config.keyring.unlink()
    found = verify(config, now=build.NOON)
    assert faults(found) == {"file.key_missing", "seal.key_missing"}
    config.keyring.write_text("{}")
    assert faults(verify(config, now=build.NOON)) == {"file.key_missing", "seal.key_missing", "keys.unusable"}


@on_sqlite
def test_only_so_many_findings_are_kept_word_for_word(world: build.World, config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.commands.verify.MOST_FINDINGS", 2)
    tampering.drop_triggers()
    tampering.run(delete(Event).where(Event.seq.in_([2, 4, 6])))
    found = verify(config, now=build.NOON)
    assert len(found.findings) == 2
    assert found.unlisted > 0
    assert not found.is_clean


# -- backup and restore ----------------------------------------------------------------------------------------------------


def test_what_was_saved_comes_back_whole(world: build.World, config: Config, elsewhere: Config, folder: Path, keys: Path) -> None:
    made = backup(config, folder, now=build.NOON, keys=keys)
    assert (made.files, made.missing) == (5, ())            # three files, an anchor and its public key
    assert made.manifest.counts["case"] == 2
    restored = restore(elsewhere, folder, now=build.NOON, keys=keys)
    assert restored.missing == ()
    assert restored.verification is not None
    assert restored.verification.findings == []
    assert restored.verification.counts == verify(config, now=build.NOON).counts
    assert restored.verification.anchor == verify(config, now=build.NOON).anchor
    assert Keyring.load(elsewhere.keyring).key_ids == Keyring.load(config.keyring).key_ids
    assert stat.S_IMODE(elsewhere.keyring.stat().st_mode) == 0o600


@pytest.mark.exhaustive
def test_the_restored_installation_works_on(world: build.World, config: Config, elsewhere: Config, folder: Path, keys: Path) -> None:
    from web import create_app

    store = open_file_store(config)
    under_maps = load_sketch(layer(ROAD), store=store, attribution="Vẽ tay", by=AT_THE_SERVER, now=build.NOON, reason="Thử.")
    backup(config, folder, now=build.NOON, keys=keys)
    restore(elsewhere, folder, now=build.NOON, keys=keys)
    lost = open_file_store(elsewhere)
    assert lost.exists(under_maps.stored_name)
    app = create_app(elsewhere)
    with app.app_context():
        people = {account.login or "citizen": account for account in db.session.scalars(select(Account).order_by(Account.id.desc()))}
        again = build.World(world.centre, areas=world.areas, agencies=world.agencies, people=people)
        case = db.session.scalars(select(Case).where(Case.state == "to_verify")).one()
        build.do(again, case, "verify", "operator", act="refuse", reason=again.refusal_reason(), words="Không rõ nội dung.")
        assert case.state == "refused"
        write_anchor(elsewhere.data, now=build.NOON)
        db.session.remove()
        db.engine.dispose()
    assert verify(elsewhere, now=build.NOON).findings == []
    lost.delete(under_maps.stored_name)
    assert faults(verify(elsewhere, now=build.NOON)) == {"file.under_maps"}


@pytest.mark.exhaustive(but=2)
def test_a_backup_holds_no_key_and_no_word_of_a_reporter(world: build.World, config: Config, folder: Path, keys: Path) -> None:
    backup(config, folder, now=build.NOON, keys=keys)
    held = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    secret = config.keyring.read_text().split('"')[-2].encode()
    assert len(secret) == 44                                # 32 bytes in base64
    for forbidden in (secret, "Nguyễn Thị".encode(), b"912345678", b"anh.jpg", config.keyring.read_bytes()[:60]):
        assert forbidden not in held
    dump = dumps.dump_name(config.database_url)
    assert {path.name for path in folder.iterdir()} == {"manifest.json", "contents.txt", "files", "anchors", dump}
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()} == {0o600}
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600


@on_sqlite
def test_a_changed_byte_is_found_wherever_it_is(world: build.World, config: Config, elsewhere: Config, folder: Path) -> None:
    backup(config, folder, now=build.NOON)
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        whole = path.read_bytes()
        for position in (0, len(whole) // 2, len(whole) - 1):
            path.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
            with pytest.raises(BackupDamaged) as refused:
                restore(elsewhere, folder, now=build.NOON, unproven=True)
            assert path.name in refused.value.en or path.name == "contents.txt"
        path.write_bytes(whole)
    assert dumps.is_empty(elsewhere.database_url)
    assert restore(elsewhere, folder, now=build.NOON, unproven=True).verification is not None


@on_sqlite
def test_a_file_missing_from_a_backup_or_added_to_it_is_found(world: build.World, config: Config, elsewhere: Config, folder: Path) -> None:
    backup(config, folder, now=build.NOON)
    (folder / "files" / "note.txt").write_text("?")
    with pytest.raises(BackupDamaged, match=r"files/note\.txt"):
        restore(elsewhere, folder, now=build.NOON, unproven=True)
    (folder / "files" / "note.txt").unlink()
    next(path for path in (folder / "files").rglob("*") if path.is_file()).unlink()
    with pytest.raises(BackupDamaged, match="lacks"):
        restore(elsewhere, folder, now=build.NOON, unproven=True)


@pytest.mark.exhaustive
def test_without_the_keys_a_restore_says_what_is_missing(world: build.World, config: Config, elsewhere: Config, folder: Path) -> None:
    backup(config, folder, now=build.NOON)
    restored = restore(elsewhere, folder, now=build.NOON, unproven=True)
    assert [str(elsewhere.keyring) in text.en for text in restored.missing] == [True, False]
    assert "signs anchors" in restored.missing[1].en
    assert faults(restored.verification) == {"file.key_missing", "seal.key_missing"}
    Keyring.create(elsewhere.keyring)
    assert faults(verify(elsewhere, now=build.NOON)) == {"file.key_missing", "seal.key_missing"}


# -- the seal of a backup ----------------------------------------------------------------------------------------------------


def with_sums_made_anew(folder: Path, *, seal: bool) -> None:
    """Change the database of a backup as somebody does who knows how a manifest is made, and has no keys."""
    dump = next(folder.glob("database.*"))
    dump.write_bytes(dump.read_bytes() + b" ")
    manifest = read_manifest(folder)
    parts = {**manifest.parts, dump.name: hashlib.sha256(dump.read_bytes()).hexdigest()}
    changed = replace(manifest, parts=parts, seal=manifest.seal if seal else None)
    (folder / "manifest.json").write_bytes(changed.stored())


def test_a_backup_changed_with_its_sums_made_anew_is_refused_by_its_seal(
    world: build.World, config: Config, elsewhere: Config, folder: Path, keys: Path
) -> None:
    backup(config, folder, now=build.NOON, keys=keys)
    with_sums_made_anew(folder, seal=True)
    for unproven in (False, True):
        with pytest.raises(BackupDamaged, match="seal of the backup does not fit"):
            restore(elsewhere, folder, now=build.NOON, keys=keys, unproven=unproven)
    with_sums_made_anew(folder, seal=False)
    with pytest.raises(RestoreRefused, match=r"no seal.*--unproven"):
        restore(elsewhere, folder, now=build.NOON, keys=keys)
    assert dumps.is_empty(elsewhere.database_url)


@pytest.mark.exhaustive
def test_the_keys_in_place_prove_a_backup_and_those_of_another_installation_do_not(
    world: build.World, config: Config, elsewhere: Config, folder: Path, keys: Path
) -> None:
    backup(config, folder, now=build.NOON, keys=keys)
    with pytest.raises(RestoreRefused, match="no keys to check"):
        restore(elsewhere, folder, now=build.NOON)
    Keyring.create(elsewhere.keyring)
    with pytest.raises(BackupDamaged, match="another installation's"):
        restore(elsewhere, folder, now=build.NOON)
    shutil.copyfile(config.keyring, elsewhere.keyring)
    Keyring.load(elsewhere.keyring).rotate()
    assert restore(elsewhere, folder, now=build.NOON).unproven is None, "a key exchanged since changes nothing"


@on_sqlite
def test_a_backup_an_older_release_made_is_restored_when_asked_for_and_warned_of(
    world: build.World, config: Config, elsewhere: Config, folder: Path, keys: Path
) -> None:
    backup(config, folder, now=build.NOON, keys=keys)
    manifest = read_manifest(folder)
    content = {name: value for name, value in manifest.__dict__.items() if name != "seal"} | {"format": 1}
    digest = hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
    as_before = orjson.dumps({**content, "digest": digest}, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2) + b"\n"
    (folder / "manifest.json").write_bytes(as_before)
    with pytest.raises(RestoreRefused, match="0\\.9\\.0"):
        restore(elsewhere, folder, now=build.NOON, keys=keys)
    restored = restore(elsewhere, folder, now=build.NOON, keys=keys, unproven=True)
    assert restored.unproven is not None
    assert restored.verification is not None
    assert restored.verification.findings == []


@on_sqlite
def test_without_a_keyring_a_backup_is_made_and_has_no_seal(world: build.World, config: Config, folder: Path) -> None:
    config.keyring.unlink()
    assert backup(config, folder, now=build.NOON).manifest.seal is None


@pytest.mark.exhaustive
def test_what_people_do_during_a_backup_is_in_it_whole_or_not_at_all(
    world: build.World, config: Config, elsewhere: Config, folder: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filed = []

    def file_one_more(*arguments: object) -> object:
        filed.append(build.file_report(world))              # after the dump began, before files and anchors are copied
        write_anchor(config.data, now=build.NOON)
        return copy(*arguments)

    copy = keeping._copy_files
    monkeypatch.setattr("web.commands.backup._copy_files", file_one_more)
    made = backup(config, folder, now=build.NOON, keys=keys)
    assert filed
    assert made.manifest.counts["report"] == 2
    assert restore(elsewhere, folder, now=build.NOON, keys=keys).verification.findings == []  # type: ignore[union-attr]


@on_sqlite
def test_a_file_the_storage_has_lost_is_named_and_the_rest_is_saved(world: build.World, config: Config, folder: Path) -> None:
    name = db.session.scalars(select(File.stored_name).where(File.rendition == "original")).one()
    (config.files / name).unlink()
    tampering.run(update(File).where(File.rendition == "thumb").values(stored_name="../../../etc/passwd"))
    made = backup(config, folder, now=build.NOON)
    assert set(made.missing) == {name, "../../../etc/passwd"}
    assert made.manifest.counts["file"] == 3


@on_sqlite
def test_an_erased_file_is_not_saved(world: build.World, config: Config, folder: Path) -> None:
    tampering.run(update(File).values(erased_at=build.NOON))
    assert backup(config, folder, now=build.NOON).files == 2


@pytest.mark.exhaustive(but=2)
def test_nothing_is_restored_over_anything(world: build.World, config: Config, elsewhere: Config, folder: Path, keys: Path) -> None:
    backup(config, folder, now=build.NOON, keys=keys)
    with pytest.raises(RestoreRefused, match="database is not empty"):
        restore(config, folder, now=build.NOON)
    (elsewhere.data / "anchors").mkdir()
    (elsewhere.data / "anchors" / "000001.json").write_text("{}")
    with pytest.raises(RestoreRefused, match="anchors is not empty"):
        restore(elsewhere, folder, now=build.NOON, keys=keys)
    shutil.rmtree(elsewhere.data / "anchors")
    Keyring.create(elsewhere.keyring)
    with pytest.raises(KeysRefused, match="another key"):
        restore(elsewhere, folder, now=build.NOON, keys=keys)
    assert dumps.is_empty(elsewhere.database_url)
    assert db.session.scalar(select(Report.id).limit(1))


@on_sqlite
def test_a_backup_is_made_over_nothing_and_not_into_the_files(world: build.World, config: Config, folder: Path, keys: Path) -> None:
    backup(config, folder, now=build.NOON, keys=keys)
    with pytest.raises(BackupRefused, match="new folder"):
        backup(config, folder, now=build.NOON)
    with pytest.raises(BackupRefused, match="inside the storage"):
        backup(config, config.files / "backup", now=build.NOON)
    with pytest.raises(BackupRefused, match="apart"):
        backup(config, folder.with_name("tuesday"), now=build.NOON, keys=folder.with_name("tuesday") / "keys.json")
    with pytest.raises(KeysRefused, match="not overwritten"):
        backup(config, folder.with_name("wednesday"), now=build.NOON, keys=keys)
    assert os.listdir(folder.parent) == [folder.name]


@on_sqlite
def test_damaged_keys_are_not_placed(world: build.World, config: Config, elsewhere: Config, folder: Path, keys: Path) -> None:
    backup(config, folder, now=build.NOON, keys=keys)
    whole = keys.read_bytes()
    for position in range(0, len(whole), 97):
        keys.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        with pytest.raises(KeysRefused, match="damaged"):
            restore(elsewhere, folder, now=build.NOON, keys=keys)
    config.keyring.write_text("{}")
    with pytest.raises(KeyringUnusable):
        backup(config, folder.with_name("tuesday"), now=build.NOON, keys=keys.with_name("again.json"))
    assert not folder.with_name("tuesday").exists()


@on_sqlite
def test_a_backup_of_another_schema_is_restored_but_not_verified_yet(
    world: build.World, config: Config, elsewhere: Config, folder: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup(config, folder, now=build.NOON, keys=keys)
    monkeypatch.setattr("migrations.newest_revision", lambda: "9999")
    restored = restore(elsewhere, folder, now=build.NOON, keys=keys)
    assert restored.verification is None
    assert ["langbiang migrate" in text.en for text in restored.missing] == [True]


def test_a_backup_of_one_kind_of_database_is_refused_for_the_other(
    sqlite_app: Flask, sqlite_config: Config, postgres: Cluster, tmp_path: Path, folder: Path
) -> None:
    backup(sqlite_config, folder, now=build.NOON)
    other = Config.from_environment(environment_of(tmp_path / "other", postgres.url("postgres")))
    with pytest.raises(RestoreRefused, match="of a sqlite database"):
        restore(other, folder, now=build.NOON, unproven=True)


def test_without_the_programs_of_the_servers_version_a_sentence_says_what_to_install(
    postgres_environment: dict[str, str], folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = Config.from_environment(postgres_environment)
    monkeypatch.setattr("web.commands.dumps.DEBIAN_PROGRAMS", tmp_path)
    monkeypatch.setattr("web.commands.dumps._version_of", lambda program: 9)
    with pytest.raises(DumpRefused, match=r"package postgresql-client-1\d"):
        backup(config, folder, now=build.NOON)
    assert list(folder.parent.iterdir()) == []


def test_a_password_never_stands_in_the_arguments_of_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql+psycopg://app:open%20sesame@db.example/langbiang?sslmode=require&host=/run/pg"
    assert "sesame" not in dumps._conninfo(url)
    assert "sslmode=require" in dumps._conninfo(url)
    assert dumps._password(url) == "open sesame"


def test_a_folder_that_is_no_backup_is_refused(sqlite_config: Config, tmp_path: Path) -> None:
    with pytest.raises(BackupDamaged, match="is no backup"):
        restore(sqlite_config, tmp_path, now=build.NOON)
