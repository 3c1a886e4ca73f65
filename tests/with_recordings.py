"""Voice notes and videos for tests, a second long and made once, with words in them that no copy may keep."""
from __future__ import annotations

import io
import wave
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
from flask import Flask

from casework.db import unit_of_work
from casework.files.local import LocalFileStore
from casework.intake.file_report import Filed
from casework.models import Recording
from casework.permissions import Actor
from casework.recordings.staging import link_recordings, prepare_recording, recordings_of_report, stage_recording
from tests import build
from web.jobs.recordings import prepare_recordings

SECRETS = ("BIMATTIEUDE", "BIMATGHICHU", "BIMATNGUOIQUAY", "+11.9404+108.4583", "BIMATMAYQUAY")
NOTES = {"title": SECRETS[0], "comment": SECRETS[1], "artist": SECRETS[2], "location": f"{SECRETS[3]}/", "encoder": SECRETS[4],
         "creation_time": "2026-03-02T03:00:00.000000Z", "com.apple.quicktime.location.ISO6709": f"{SECRETS[3]}/"}
FILE_NAME = "loi-noi-cua-co-Hoa.wav"


def wav(seconds: float = 1.0) -> bytes:
    """Silence that nothing has to be encoded for."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(bytes(int(16_000 * seconds)))
    return out.getvalue()


@cache
def recorded(form: str, *, picture: str = "", sound: str = "", rate: int = 16_000) -> bytes:
    """A recording in one of FFmpeg's forms, by the names of its encoders, with NOTES, a chapter and a track of data where it can."""
    out = io.BytesIO()
    with av.open(out, "w", format=form, options={"movflags": "use_metadata_tags"} if form in ("mp4", "mov", "3gp") else {}) as file:
        file.metadata.update(NOTES)
        video: Any = file.add_stream(picture, rate=10) if picture else None
        audio: Any = _sound(file, sound, rate) if sound else None
        if video is not None:
            video.width, video.height, video.pix_fmt = (176, 144, "yuvj420p" if picture == "mjpeg" else "yuv420p")
            video.metadata.update(NOTES)
        if form in ("mp4", "mov", "matroska", "webm"):
            file.set_chapters([{"id": 1, "start": 0, "end": 1000, "time_base": Fraction(1, 1000), "metadata": {"title": SECRETS[0]}}])
        for number in range(10 if video is not None else 0):
            frame = av.VideoFrame(176, 144, video.pix_fmt)
            frame.pts = number
            file.mux(video.encode(frame))
        if video is not None:
            file.mux(video.encode(None))
        if audio is not None:
            size = audio.codec_context.frame_size or 1024
            resampler = av.AudioResampler(format=audio.format, layout=audio.layout, rate=rate, frame_size=size)
            quiet = av.AudioFrame(format="s16", layout="mono", samples=rate)
            quiet.sample_rate = rate
            quiet.planes[0].update(bytes(quiet.planes[0].buffer_size))
            for frame in [*resampler.resample(quiet), *resampler.resample(None)]:
                file.mux(audio.encode(frame))
            file.mux(audio.encode(None))
    return out.getvalue()


def _sound(file: Any, name: str, rate: int) -> Any:
    # FFmpeg's own encoder of Vorbis knows two channels only
    if name == "vorbis":
        return file.add_stream(name, rate=rate, layout="stereo", options={"strict": "experimental"})
    return file.add_stream(name, rate=rate, layout="mono")


def video() -> bytes:
    """As a telephone makes it."""
    return recorded("mp4", picture="libx264", sound="aac")


def send(filed: Filed, files: Path, *, kind: str, data: bytes, name: str = FILE_NAME) -> Recording:
    """Add a recording to a filed report, as its form would have."""
    prepared = prepare_recording(data, name, kind=kind, store=LocalFileStore(files))
    with unit_of_work():
        stage_recording(prepared, token="t" * 32, by=Actor(account=None), now=build.NOON)
        link_recordings("t" * 32, now=build.NOON, report=filed.report)
    return next(each for each in recordings_of_report(filed.report) if each.sha256 == prepared.sha256)


def prepare(app: Flask) -> int:
    """What the worker does with them."""
    return prepare_recordings(LocalFileStore(Path(app.config["FILES"])), now=build.NOON)
