"""Making the playable copy of a recording: the same sound and picture without titles, places, times or device names.

PyAV (the extra `media`) reads and writes the containers; nothing is re-encoded. A forged recording can do anything to a decoder's
library, so `remux.py` reads it in a separate process that has no key, opens neither file nor connection and is limited in time and
memory. The bytes go through pipes: unsealed they never touch a disk.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

PROGRAM = Path(__file__).with_name("remux.py")

SECONDS = 20
"""Computing time for one copy; 50 MB take less than one."""

WAITED = 60
"""Seconds after which the process is ended, however little it computes."""

MEMORY = 600 * 2**20
"""Bytes on top of the process's own: the recording, its copy and what is read of both."""

MP4_TYPES = {"voice": "audio/mp4", "video": "video/mp4"}
FORMS: dict[str, tuple[str, str]] = {
    "audio/aac": ("aac", "adts"),
    "audio/amr": ("amr", "amr"),
    "audio/mpeg": ("mp3", "mp3"),
    "audio/ogg": ("ogg", "ogg"),
    "audio/wav": ("wav", "wav"),
    "audio/webm": ("matroska", "webm"),
    "video/webm": ("matroska", "webm"),
    "audio/mp4": ("mov", "mp4"),
    "video/mp4": ("mov", "mp4"),
    "audio/3gpp": ("mov", "mp4,3gp"),
    "video/3gpp": ("mov", "mp4,3gp"),
    "video/quicktime": ("mov", "mp4,mov"),
}
"""By media type: the container to read, and those to try for the copy. MP4 comes first, since every browser plays it."""

WORDS = frozenset({"no_picture", "no_sound", "unreadable", "too_large", "too_slow", "unsafe", "failed"})
"""The reasons for having no copy, as stored in the row."""


class NotCopied(Exception):
    """No copy of this recording can be made, now or later; the text is one of WORDS."""


@dataclass(frozen=True)
class Copy:
    """The copy and its duration in seconds."""

    data: bytes
    media_type: str
    seconds: float


def is_installed() -> bool:
    """Whether the library that makes copies is installed."""
    return find_spec("av") is not None


def copy_without_metadata(data: bytes, media_type: str, *, kind: str, seconds: int = SECONDS, memory: int = MEMORY) -> Copy:
    """Return the copy of a voice note or video of an accepted media type. Raises NotCopied."""
    read, write = FORMS[media_type]
    command = [sys.executable, "-I", "-B", str(PROGRAM), read, write, kind, str(seconds), str(memory)]
    try:
        done = subprocess.run(
            command, input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=WAITED, cwd="/", env={}, check=False
        )
    except subprocess.TimeoutExpired:
        raise NotCopied("too_slow") from None
    if done.returncode != 0:
        word = done.stdout[:40].decode("ascii", "replace")
        # ended by a signal: the time limit, which Linux enforces with either of two, or a fault caused by the recording
        raise NotCopied(word if word in WORDS else "too_slow" if done.returncode in (-24, -9) else "unreadable")
    head, _, copy = done.stdout.partition(b"\n")
    told = json.loads(head)
    return Copy(copy, _type_of(told["form"], media_type, kind), float(told["seconds"]))


def _type_of(form: str, media_type: str, kind: str) -> str:
    return MP4_TYPES[kind] if form == "mp4" else media_type
