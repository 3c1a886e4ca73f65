"""Exchanging the sealing key while people work: all is sealed anew, nothing is lost, and the old key can go."""
from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from casework.db import db, unit_of_work
from casework.files.local import FileMissing, LocalFileStore, new_stored_name
from casework.intake.file_report import original_words
from casework.models import CodeApp, File, Photo, Report, Reporter, ReportText
from casework.privacy.identity import open_contact
from casework.sealing import keyring as keyrings
from casework.sealing.keyring import KeyMissing, KeyNotRetired, Keyring, current_keyring, use_keyring
from casework.sealing.seal import key_id_of, open_sealed, open_text, seal, seal_text
from casework.verification import resealing
from casework.verification.resealing import PURPOSES, keys_that_seal, reseal
from tests import build
from web.startup_checks import sealed_columns

NOON = build.NOON
WORDS = "Cây đổ chắn ngang đường vào thôn."


@pytest.fixture
def store(app: Flask, tmp_path: Path) -> LocalFileStore:
    return LocalFileStore(tmp_path / "files")


@pytest.fixture
def report(app: Flask, store: LocalFileStore) -> Report:
    """A report with words, a sender, a photo of two renditions and somebody's authenticator app."""
    world = build.standard_world()
    filed = build.file_report(world, words=WORDS)
    with unit_of_work():
        sealed = store.put(new_stored_name(), b"original" * 200_000, sealed=True)
        plain = store.put(new_stored_name(), b"for all")
        photo = Photo(purpose="scene", sealed_name=seal_text("nhà ông An.jpg", purpose="file name"), sha256=sealed.sha256, uploaded_at=NOON)
        for stored, audience in ((sealed, "sealed"), (plain, "public")):
            photo.files.append(File(audience=audience, rendition="original", stored_name=stored.stored_name, sha256=stored.sha256,
                                    size=stored.size, media_type="image/jpeg", key_id=stored.key_id, width=1, height=1, created_at=NOON))
        db.session.add(photo)
        operator = world.people["operator"].id
        app_of = CodeApp(account_id=operator, sealed_secret=b"", last_step=0, created_at=NOON)
        app_of.sealed_secret = seal(b"x" * 20, purpose=resealing.purpose_of_code_app(operator))
        db.session.add(app_of)
    return filed.report


def files() -> list[Any]:
    db.session.rollback()
    return list(db.session.execute(select(File.stored_name, File.key_id).order_by(File.id)))


def test_every_sealed_column_has_its_purposes() -> None:
    assert {f"{column.table.name}.{column.name}" for column in sealed_columns()} == set(PURPOSES)


def test_all_is_sealed_anew_reads_as_before_and_opens_without_the_old_key(report: Report, store: LocalFileStore) -> None:
    old, before = current_keyring().current_id, files()
    new = current_keyring().rotate()
    done = reseal(store, breath=0)
    assert (done.files, done.closed) == (1, {})
    assert done.values >= 4
    assert set(keys_that_seal()) == {new}
    after = files()
    assert after[1] == before[1], "what is not sealed stays where it is"
    with pytest.raises(FileMissing):
        store.open(before[0].stored_name, sealed=True)
    current_keyring().retire(old)
    with store.open(after[0].stored_name, sealed=True) as opened:
        assert opened.read() == b"original" * 200_000
    assert original_words(report) == WORDS
    assert open_contact(db.session.scalars(select(Reporter.sealed_identity)).first() or b"").phone == build.PHONE
    app_of = db.session.scalars(select(CodeApp)).one()
    assert open_sealed(app_of.sealed_secret, purpose=resealing.purpose_of_code_app(app_of.account_id)) == b"x" * 20
    again = reseal(store, breath=0)
    assert (again.values, again.files) == (0, 0), "what is done is passed over"


def test_stopped_in_the_middle_it_goes_on_where_it_was(report: Report, store: LocalFileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resealing, "BATCH", 1)
    current_keyring().rotate()

    def stop(place: str, _looked: int) -> None:
        if place == "report_text.sealed_body":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reseal(store, told=stop, breath=0)
    assert len(keys_that_seal()) == 2
    assert original_words(report) == WORDS
    reseal(store, breath=0)
    assert len(keys_that_seal()) == 1


def test_what_somebody_writes_meanwhile_stays(report: Report, store: LocalFileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    current_keyring().rotate()
    sealing = resealing.seal
    later = seal_text("Lời mới", purpose="original words")

    def seal_after_somebody_wrote(words: bytes, *, purpose: str) -> bytes:
        if purpose == "original words":
            db.session.execute(update(ReportText).values(sealed_body=later))
        return sealing(words, purpose=purpose)

    monkeypatch.setattr(resealing, "seal", seal_after_somebody_wrote)
    reseal(store, breath=0)
    kept = db.session.scalars(select(ReportText.sealed_body).where(ReportText.sealed_body.is_not(None))).first()
    assert open_text(kept or b"", purpose="original words") == "Lời mới"


def test_a_file_that_is_erased_meanwhile_does_not_come_back(report: Report, store: LocalFileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    current_keyring().rotate()
    put = store.put

    def put_while_erased(name: str, content: Any, *, sealed: bool = False) -> Any:
        with unit_of_work():
            db.session.execute(update(File).where(File.key_id.is_not(None)).values(erased_at=NOON))
        return put(name, content, sealed=sealed)

    monkeypatch.setattr(store, "put", put_while_erased)
    before = sorted(store.list_names())
    assert reseal(store, breath=0).files == 0
    assert sorted(store.list_names()) == before


def test_what_does_not_open_is_counted_left_alone_and_keeps_the_key(report: Report, store: LocalFileStore) -> None:
    old = current_keyring().current_id
    broken = seal_text("x", purpose="something else")
    with unit_of_work():
        db.session.execute(update(ReportText).where(ReportText.sealed_body.is_not(None)).values(sealed_body=broken))
    current_keyring().rotate()
    assert reseal(store, breath=0).closed["report_text.sealed_body"] == 1
    assert keys_that_seal()[old] == 1


def test_a_process_that_runs_follows_a_rotation_of_another_and_keeps_what_it_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keys" / "keyring.json"
    other, here = Keyring.create(path), Keyring.load(path)
    before = current_keyring()
    try:
        use_keyring(here)
        monkeypatch.setattr(keyrings, "REREAD_SECONDS", 0.0)
        here._look_again_at = 0.0
        new = other.rotate()
        assert key_id_of(seal(b"x", purpose="p")) == new
        path.write_text("{", encoding="ascii")
        assert key_id_of(seal(b"x", purpose="p")) == new, "a file that cannot be read takes no key away"
        path.unlink()
        assert key_id_of(seal(b"x", purpose="p")) == new
    finally:
        use_keyring(before)


def test_a_key_is_brought_to_every_machine_before_any_uses_it_and_the_one_in_use_stays() -> None:
    keyring = Keyring.fresh()
    old, added = keyring.current_id, keyring.add()
    assert (keyring.current_id, keyring.key_ids) == (old, {old, added})
    keyring.use(added)
    with pytest.raises(KeyNotRetired):
        keyring.retire(added)
    keyring.retire(old)
    for refused in (keyring.key, keyring.use, keyring.retire):
        with pytest.raises(KeyMissing):
            refused(old)


def test_the_content_of_a_file_is_never_wholly_in_memory(store: LocalFileStore) -> None:
    stored = store.put(new_stored_name(), io.BytesIO(b"x" * 3_000_000), sealed=True)
    with store.open(stored.stored_name, sealed=True) as opened:
        assert store.put(new_stored_name(), opened, sealed=True).sha256 == stored.sha256
