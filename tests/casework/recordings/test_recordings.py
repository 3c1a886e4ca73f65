"""Voice notes and videos: what is taken, the copy without metadata, what hostile files come to, the transcript, and every way out."""
from __future__ import annotations

import io
import struct
import time
from datetime import timedelta
from pathlib import Path

import av
import pytest
from flask import Flask
from sqlalchemy import select

from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.erasure.files import remove_erased_files
from casework.erasure.quarantine import HandOverInput, QuarantineInput, hand_over, quarantine
from casework.files.local import FileNotStored, LocalFileStore, StoredFile
from casework.intake.file_report import cleared_words
from casework.models import Case, Event, File, Recording, SearchRow
from casework.permissions import Actor, NotAllowed, actor_for
from casework.recordings import copying
from casework.recordings.access import originals_apart, recording_file, recordings_seen
from casework.recordings.copying import PROGRAM, NotCopied, copy_without_metadata
from casework.recordings.formats import RecordingRefused, media_type_of
from casework.recordings.preparing import TRIED_AGAIN_AFTER, copy_again
from casework.recordings.staging import drop_staged_recording, prepare_recording, stage_recording, staged_recordings
from casework.recordings.transcripts import TranscriptRefused, has_unheard_voice, recording_of, transcribe
from casework.sealing.keyring import current_keyring
from casework.upkeep.unsent_files import sweep_unsent
from casework.verification.files import check_files
from tests import build
from tests.shut_in import assert_shut_in
from tests.with_recordings import FILE_NAME, SECRETS, prepare, recorded, send, video, wav
from web.jobs import recordings as recording_jobs
from web.jobs.recordings import prepare_recordings

NOON = build.NOON
GUEST = Actor(account=None)
SAID = "Xe tải đổ đất xuống suối lúc nửa đêm."
TAKEN = {
    "audio/webm": ("webm", "", "libopus", 16_000), "audio/ogg": ("ogg", "", "libopus", 16_000), "audio/mp4": ("mp4", "", "aac", 16_000),
    "audio/mpeg": ("mp3", "", "libmp3lame", 16_000), "audio/wav": ("wav", "", "pcm_s16le", 16_000),
    "audio/aac": ("adts", "", "aac", 16_000), "audio/3gpp": ("3gp", "", "aac", 16_000),
    "video/mp4": ("mp4", "libx264", "aac", 16_000), "video/quicktime": ("mov", "libx264", "pcm_s16le", 16_000),
    "video/3gpp": ("3gp", "libx264", "aac", 16_000), "video/webm": ("webm", "libvpx", "vorbis", 48_000),
}  # fmt: skip


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("media_type", TAKEN)
def test_a_copy_plays_like_the_original_and_has_none_of_what_stood_beside_it(media_type: str) -> None:
    form, picture, sound, rate = TAKEN[media_type]
    data = recorded(form, picture=picture, sound=sound, rate=rate)
    kind = "video" if picture else "voice"
    assert media_type_of(data, "ten.exe", kind=kind, max_bytes=10**7) == media_type
    if form not in ("adts", "3gp", "wav"):
        assert SECRETS[0].encode() in data
    copy = copy_without_metadata(data, media_type, kind=kind)
    for secret in (*SECRETS, "Lavf62", "x264", "2026-03-02"):
        assert secret.encode() not in copy.data, secret
    with av.open(io.BytesIO(copy.data)) as opened:
        told = {**opened.metadata, **{key: value for stream in opened.streams for key, value in stream.metadata.items()}}
        assert told.pop("encoder", "Lavf") == "Lavf", "the library's own name, which WebM asks for, without its version"
        assert not {key.lower() for key in told} & {"title", "comment", "artist", "location", "creation_time", "date"}, told
        assert opened.chapters() == []
        assert [stream.type for stream in opened.streams] == [*(["video"] if picture else []), *(["audio"] if sound else [])]
        frames = sum(1 for _ in opened.decode(video=0)) if picture else sum(frame.samples for frame in opened.decode(audio=0))
    assert frames == 10 if picture else frames >= 15_000
    assert 0.8 < copy.seconds < 1.3


def box(kind: bytes, body: bytes = b"", *, size: int | None = None) -> bytes:
    return struct.pack(">I4s", len(body) + 8 if size is None else size, kind) + body


def nested(depth: int) -> bytes:
    body = b""
    for _ in range(depth):
        body = box(b"moov", body)
    return body


FTYP = box(b"ftyp", b"isom\0\0\2\0isomiso2mp41")
HOSTILE = {
    "truncated": lambda: video()[: video().index(b"moov") + 200],
    "a zip by another name": lambda: b"PK\x03\x04" + bytes(2_000),
    "3 GB claimed": lambda: FTYP + box(b"mdat", b"x" * 100, size=3 * 2**30),
    "64-bit length claimed": lambda: FTYP + struct.pack(">I4sQ", 1, b"moov", 2**62) + bytes(100),
    "deeply nested": lambda: FTYP + nested(40_000),
    "a billion samples": lambda: video().replace(
        b"stsz" + bytes(4) + struct.pack(">II", 0, 10), b"stsz" + bytes(4) + struct.pack(">II", 1, 2**31 - 1)),
    "a playlist": lambda: b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
    "a list to join": lambda: b"ffconcat version 1.0\nfile '/etc/passwd'\n",
    "a playlist behind a head": lambda: FTYP + b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/x\n",
    "noise": lambda: bytes(range(256)) * 400,
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_ends_as_refused_within_seconds(name: str) -> None:
    data, began = HOSTILE[name](), time.monotonic()
    with pytest.raises(NotCopied, match=r"^(unreadable|no_picture|too_large|too_slow)$"):
        copy_without_metadata(data, "video/mp4", kind="video", seconds=5)
    if name != "a billion samples":
        with pytest.raises(RecordingRefused, match=r"“clip\.mp4”"):
            media_type_of(data, "clip.mp4", kind="video", max_bytes=10**7)
    assert time.monotonic() - began < 40


def test_no_file_is_opened_and_no_memory_is_taken_beyond_the_bounds() -> None:
    # a track whose data lies in another file, which the library would open if it could
    moved = video().replace(b"url \x00\x00\x00\x01", b"url \x00\x00\x00\x00")
    with pytest.raises(NotCopied):
        copy_without_metadata(moved.replace(b"\x00\x00\x00\x0curl ", b"\x00\x00\x00\x0calis"), "audio/webm", kind="voice")
    with pytest.raises(NotCopied, match=r"too_large|unreadable"):
        copy_without_metadata(wav(60), "audio/wav", kind="voice", memory=100_000)


def test_a_program_taken_over_gets_out_by_nothing_it_closes_and_unsafe_pictures_are_not_copied(tmp_path: Path) -> None:
    assert_shut_in(PROGRAM.stem, folder=PROGRAM.parent, beside=tmp_path / "beside", options=("-I", "-B"))
    for form, media_type, picture in (("mov", "video/quicktime", "mjpeg"), ("mp4", "video/mp4", "mpeg4")):
        with pytest.raises(NotCopied, match="unsafe"):
            copy_without_metadata(recorded(form, picture=picture), media_type, kind="video")


BUSY = """import sys
sys.path.insert(0, {folder!r})
import remux
def copied(*given):
    while True: pass
remux.copied = copied
remux.main(*sys.argv[1:])
"""


@pytest.mark.exhaustive
def test_what_takes_too_long_is_told_from_what_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    busy = tmp_path / "busy.py"
    busy.write_text(BUSY.format(folder=str(PROGRAM.parent)), encoding="utf-8")
    monkeypatch.setattr(copying, "PROGRAM", busy)
    with pytest.raises(NotCopied, match=r"^too_slow$"):
        copy_without_metadata(wav(), "audio/wav", kind="voice", seconds=1)


@pytest.mark.parametrize(("data", "kind", "words"), [
    (b"", "voice", "is empty"),
    (wav() + bytes(10**6), "voice", "more than the 0.5 MB allowed"),
    (b"\xff\xd8\xff\xe0" + bytes(100), "video", "is a picture, which cannot be taken here"),
    (b"MZ" + bytes(100), "voice", "is a computer program"),
    (b"%PDF-1.7", "video", "is a PDF document"),
    (b"RIFF\x00\x00\x00\x00AVI LIST", "video", "is an AVI video"),
    (recorded("mov", picture="mjpeg"), "video", "cannot watch safely"),
    (recorded("mp4", picture="mpeg4"), "video", "cannot watch safely"),
    (recorded("3gp", picture="h263"), "video", "cannot watch safely"),
    (b"hello there", "voice", "is not a voice note"),
    (wav(0.1), "video", "has sound only"),
])  # fmt: skip
def test_what_is_not_taken_is_named_with_what_it_is(data: bytes, kind: str, words: str) -> None:
    with pytest.raises(RecordingRefused, match=f"“ghi-am.m4a”.*{words}") as refused:
        media_type_of(data, "C:\\máy\\ghi-am.m4a", kind=kind, max_bytes=2**19)
    assert "«ghi-am.m4a»" in refused.value.vi


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    return build.standard_world()


def files_of(app: Flask) -> Path:
    return Path(app.config["FILES"])


def test_a_form_keeps_one_recording_of_a_kind_and_an_unsent_one_is_swept(world: build.World, sqlite_app: Flask) -> None:
    store = LocalFileStore(files_of(sqlite_app))

    def stage(data: bytes, kind: str = "voice") -> Recording:
        prepared = prepare_recording(data, FILE_NAME, kind=kind, store=store)
        with unit_of_work():
            return stage_recording(prepared, token="a" * 32, by=GUEST, now=NOON)

    first = stage(wav(0.1))
    assert stage(wav(0.1)).ref == first.ref
    second, moving = stage(wav(0.2)), stage(video(), "video")
    assert [each.ref for each in staged_recordings("a" * 32)] == [second.ref, moving.ref]
    assert recording_file(GUEST, second.ref, "original", form_tokens=frozenset({"a" * 32})) is not None
    assert recording_file(GUEST, second.ref, "original") is None
    with unit_of_work():
        drop_staged_recording("a" * 32, moving.ref)
    assert [each.ref for each in staged_recordings("a" * 32)] == [second.ref]
    assert prepare(sqlite_app) == 0, "nothing is copied of what was not sent"
    sweep_unsent(store, now=NOON + timedelta(days=3))
    assert db.session.scalars(select(Recording)).all() == []
    assert db.session.scalars(select(File)).all() == []


class Failing(LocalFileStore):
    """A storage that takes nothing."""

    def put(self, stored_name: str, content: object, *, sealed: bool = False) -> StoredFile:
        raise FileNotStored


def test_a_storage_that_is_away_is_no_attempt_however_long_it_lasts(world: build.World, sqlite_app: Flask) -> None:
    filed = build.file_report(world)
    store = LocalFileStore(files_of(sqlite_app))
    moving = send(filed, files_of(sqlite_app), kind="video", data=video())
    original = files_of(sqlite_app) / moving.files[0].stored_name
    moment = NOON
    for number in range(8):
        # the folder that takes nothing, and the one that is not mounted
        kept = original.rename(original.with_suffix(".away")) if number % 2 else None
        assert prepare_recordings(store if kept else Failing(files_of(sqlite_app)), now=moment) == 1
        if kept:
            kept.rename(original)
        assert prepare_recordings(store, now=moment) == 0, "nobody else takes it meanwhile"
        moment += TRIED_AGAIN_AFTER + timedelta(seconds=1)
    db.session.expire_all()
    assert (moving.attempts, moving.refused, moving.prepared_at) == (0, None, None)
    assert prepare_recordings(store, now=moment) == 1
    db.session.expire_all()
    assert (moving.prepared_at, moving.refused) == (moment, None)


def test_what_ends_its_reader_three_times_is_given_up_alone_and_tried_again_when_an_operator_says_so(
    world: build.World, sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    filed = build.file_report(world)
    store = LocalFileStore(files_of(sqlite_app))
    moving, beside = (send(filed, files_of(sqlite_app), kind=kind, data=data) for kind, data in (("video", video()), ("voice", wav())))
    moment = NOON

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(recording_jobs, "copy_without_metadata", killed)
        for _ in range(3):
            with pytest.raises(KeyboardInterrupt):
                prepare_recordings(store, now=moment)
            db.session.rollback()
            moment += TRIED_AGAIN_AFTER + timedelta(seconds=1)
    assert prepare_recordings(store, now=moment) == 1
    db.session.expire_all()
    assert (moving.refused, moving.attempts, beside.prepared_at, beside.attempts) == ("failed", 3, moment, 1)
    [seen] = [each for each in recordings_seen(filed.case, world.actor("operator")) if each.ref == moving.ref]
    assert seen.can_retry
    for name in ("citizen", "officer_PTNMT", "administrator"):
        with pytest.raises(NotAllowed), unit_of_work():
            copy_again(lock_case(filed.case.id), by=world.actor(name), recording=db.session.get_one(Recording, moving.id))
    for _ in range(2):
        with unit_of_work():
            copy_again(lock_case(filed.case.id), by=world.actor("operator"), recording=db.session.get_one(Recording, moving.id))
    assert prepare_recordings(store, now=moment) == 1
    db.session.expire_all()
    assert (moving.refused, moving.prepared_at) == (None, moment)


def test_what_cannot_be_shown_for_what_it_holds_or_was_set_apart_is_not_tried_again(world: build.World, sqlite_app: Flask) -> None:
    filed = build.file_report(world)
    moving = send(filed, files_of(sqlite_app), kind="video", data=video())
    with unit_of_work():
        db.session.get_one(Recording, moving.id).refused = "unsafe"
    with unit_of_work():
        copy_again(lock_case(filed.case.id), by=world.actor("operator"), recording=db.session.get_one(Recording, moving.id))
    db.session.expire_all()
    assert moving.refused == "unsafe"
    with unit_of_work():
        quarantine(lock_case(filed.case.id), QuarantineInput(reason="Tố cáo."), by=world.actor("operator", NOON), now=NOON)
    with pytest.raises(NotAllowed), unit_of_work():
        copy_again(lock_case(filed.case.id), by=world.actor("operator"), recording=db.session.get_one(Recording, moving.id))


def test_the_worker_copies_each_once(world: build.World, sqlite_app: Flask) -> None:
    filed, store = build.file_report(world), LocalFileStore(files_of(sqlite_app))
    broken = send(filed, files_of(sqlite_app), kind="video", data=video().replace(b"stsz", b"xxxx").replace(b"stco", b"xxxx"))
    good = send(filed, files_of(sqlite_app), kind="voice", data=recorded("mp3", sound="libmp3lame"))
    assert prepare(sqlite_app) == 2
    assert prepare(sqlite_app) == 0
    db.session.expire_all()
    assert (broken.refused, broken.prepared_at) == ("unreadable", None)
    assert (good.refused, good.prepared_at) == (None, NOON)
    assert good.seconds == pytest.approx(1.0, abs=0.2)
    assert [(file.audience, file.rendition, file.key_id is not None) for file in good.files] == [
        ("sealed", "original", True), ("centre", "play", True)]  # fmt: skip
    assert list(check_files(store, now=NOON, key_ids=current_keyring().key_ids)) == []
    (files_of(sqlite_app) / good.files[1].stored_name).unlink()
    [missing] = check_files(store, now=NOON, key_ids=current_keyring().key_ids)
    assert f"voice {good.ref}" in missing.text.en


def test_only_the_centre_and_the_sender_hear_it_and_agencies_read_the_transcript(world: build.World, sqlite_app: Flask) -> None:
    filed = build.file_report(world)
    voice = send(filed, files_of(sqlite_app), kind="voice", data=wav())
    moving = send(filed, files_of(sqlite_app), kind="video", data=video())
    people = {name: world.actor(name) for name in ("operator", "ops_lead", "citizen", "citizen_2", "officer_PTNMT", "leader_PTNMT",
                                                   "committee_leader", "administrator", "confidential_reader", "inspector", "guest")}
    hearers = ("operator", "ops_lead", "citizen")

    def who(recording: Recording, rendition: str) -> tuple[str, ...]:
        return tuple(name for name, actor in people.items() if recording_file(actor, recording.ref, rendition) is not None)

    assert who(voice, "original") == hearers
    assert who(moving, "original") == who(moving, "play") == ()
    prepare(sqlite_app)
    db.session.expire_all()
    build.advance(world, filed.case, "handling")
    assert who(voice, "play") == who(moving, "play") == hearers
    assert who(moving, "original") == ()
    assert who(voice, "original") == ("citizen",), "staff need it no more, and it may tell a name"
    tracked = actor_for(None, now=NOON, tracked_report_ids=frozenset({filed.report.id}))
    assert recording_file(tracked, voice.ref, "play") is not None
    assert recordings_seen(filed.case, people["officer_PTNMT"]) == []
    assert has_unheard_voice([filed.report.id])
    write(world, filed.case, voice, SAID)
    assert not has_unheard_voice([filed.report.id])
    for name in ("officer_PTNMT", "committee_leader"):
        [read] = recordings_seen(filed.case, people[name])
        assert (read.transcript, read.rendition, read.can_transcribe) == (SAID, None, False)
    heard, seen = recordings_seen(filed.case, people["operator"])
    assert (heard.transcript, heard.rendition, heard.can_transcribe, seen.transcript) == (SAID, "play", True, None)
    assert recordings_seen(filed.case, people["administrator"]) == []
    rows = {row.audience: row.words for row in db.session.scalars(select(SearchRow).where(SearchRow.case_id == filed.case.id))}
    assert {audience for audience, words in rows.items() if "nua dem" in words} == {"centre", "agencies"}
    event = db.session.scalars(select(Event).where(Event.type == "transcribe")).one()
    assert event.payload == {"report": filed.report.code, "kind": "voice"}


def write(world: build.World, case: Case, recording: Recording, words: str, by: str = "operator") -> None:
    with unit_of_work():
        locked = lock_case(case.id)
        transcribe(locked, by=world.actor(by), now=NOON, recording=db.session.get_one(Recording, recording.id), words=words)


def test_a_transcript_is_written_by_operators_of_the_case_alone(world: build.World, sqlite_app: Flask) -> None:
    filed, other = build.file_report(world), build.file_report(world, words="Đèn đường hỏng.", by="citizen_2", contact=None)
    voice = send(filed, files_of(sqlite_app), kind="voice", data=wav())
    for name in ("officer_PTNMT", "committee_leader", "administrator", "citizen"):
        with pytest.raises(NotAllowed):
            write(world, filed.case, voice, SAID, by=name)
    with pytest.raises(TranscriptRefused, match="does not belong"):
        write(world, other.case, voice, SAID)
    for words in (" \n ", "x" * 10_001):
        with pytest.raises(TranscriptRefused, match="Please write down"):
            write(world, filed.case, voice, words)
    write(world, filed.case, voice, SAID)
    write(world, filed.case, voice, SAID)
    write(world, filed.case, voice, SAID + " Xe màu xanh.", by="ops_lead")
    assert [each.type for each in db.session.scalars(select(Event).where(Event.type == "transcribe"))] == ["transcribe"] * 2
    assert recording_of(other.case, voice.ref) is None


def test_what_was_only_spoken_is_read_by_agencies_as_it_was_written_down(world: build.World, sqlite_app: Flask) -> None:
    filed = build.file_report(world)
    voice = send(filed, files_of(sqlite_app), kind="voice", data=wav())
    part = build.cleared(filed.report, words="")
    spoken = type(part)(filed.report, "", transcripts=((db.session.merge(voice), SAID),))
    build.do(world, filed.case, "verify", "operator", title="Đổ đất xuống suối", cleared=[spoken])
    assert cleared_words(filed.report) == SAID


def test_quarantine_erases_what_was_made_of_it_and_the_hand_over_the_rest(world: build.World, sqlite_app: Flask) -> None:
    filed, store = build.file_report(world), LocalFileStore(files_of(sqlite_app))
    voice = send(filed, files_of(sqlite_app), kind="voice", data=wav())
    prepare(sqlite_app)
    late = send(filed, files_of(sqlite_app), kind="video", data=video())
    write(world, filed.case, voice, SAID)
    with unit_of_work():
        quarantine(lock_case(filed.case.id), QuarantineInput(reason="Tố cáo người có tên."), by=world.actor("operator"), now=NOON)
    db.session.expire_all()
    assert voice.transcript is None
    assert prepare(sqlite_app) == 0, "no copy is made of what was set apart"
    assert late.refused == "apart"
    reader, operator = world.actor("confidential_reader"), world.actor("operator")
    for each in (voice, late):
        assert recording_file(operator, each.ref, "original") is None
        assert recording_file(reader, each.ref, "play") is None
        assert recording_file(reader, each.ref, "original") is not None
        assert recording_file(world.actor("citizen"), each.ref, "original") is None
    assert [each.kind for each in originals_apart(filed.case, reader)] == ["voice", "video"]
    assert originals_apart(filed.case, operator) == []
    assert remove_erased_files(store, now=NOON) == 1
    with unit_of_work():
        hand_over(lock_case(filed.case.id), HandOverInput(receipt="Biên bản 12/BB-TTĐH"), by=reader, now=NOON)
    db.session.expire_all()
    assert originals_apart(filed.case, reader) == []
    assert remove_erased_files(store, now=NOON) == 2
    assert list(store.list_names()) == []


def test_a_merged_report_keeps_its_recordings_and_takes_them_along_when_split_off(world: build.World, sqlite_app: Flask) -> None:
    main, other = build.file_report(world), build.file_report(world, words="Rác ven suối nữa.", by="citizen_2", contact=None)
    voice = send(other, files_of(sqlite_app), kind="voice", data=wav())
    operator: Actor = world.actor("operator")
    build.act(world, other.case, "merge", "operator", into=main.case, reason="Cùng việc.")
    assert [each.ref for each in recordings_seen(db.session.get_one(Case, main.case.id), operator)] == [voice.ref]
    assert recording_file(world.actor("citizen"), voice.ref, "original") is None, "the other sender does not hear it"
    assert recording_file(world.actor("citizen_2"), voice.ref, "original") is not None
    build.act(world, main.case, "split", "operator", report=other.report, reason="Việc khác.")
    db.session.expire_all()
    assert recordings_seen(db.session.get_one(Case, main.case.id), operator) == []
    assert [each.ref for each in recordings_seen(db.session.get_one(Case, other.case.id), operator)] == [voice.ref]
