"""A separate program run by `copying.py` in a sandboxed process: a recording on standard input, its copy on standard output.

The copy has the first video and audio stream as encoded; titles, places, times, device names, chapters, covers, subtitles and data tracks
are left out. Nothing is decoded. Arguments: form to read, forms to try to write, kind, seconds of computing, bytes of memory. Standard
output: one line of JSON, then the bytes; what cannot be copied ends with REFUSED and a word.
"""

import ctypes
import io
import json
import os
import resource
import sys
from typing import Any, NoReturn

import av
import av.subtitles.stream  # PyAV loads it with the first file it opens: nothing can be loaded once the process is sandboxed
from av.bitstream import BitStreamFilterContext

REFUSED = 3
MOST_PACKETS = 2_000_000
"""Ten hours of sound have a million and a half."""

BIT_EXACT: Any = av.container.Flags.bitexact.value
"""Neither the library's name nor the time of writing is written into the copy."""

PICTURES = frozenset({"h264", "hevc", "vp8", "vp9"})
SOUNDS = frozenset(
    (
        "aac", "alac", "amr_nb", "amr_wb", "flac", "mp2", "mp3", "opus", "vorbis", "pcm_alaw", "pcm_f32le", "pcm_mulaw", "pcm_s16be",
        "pcm_s16le", "pcm_s24be", "pcm_s24le", "pcm_s32le", "pcm_u8",
    )
)  # fmt: skip
"""Accepted codecs, by FFmpeg's names: those that cannot carry foreign data the copy would keep. Motion JPEG keeps where each picture was
taken, MPEG-4 part 2 the camera's notes, AV1 whatever an encoder likes."""

NOTES = {"h264": "filter_units=pass_types=1-5|7-9", "hevc": "filter_units=pass_types=0-9|16-21|32-36"}
"""Units with pictures and what is needed to decode them; the others (SEI and more) carry whatever cameras and encoders write."""


PR_SET_DUMPABLE = 4
_LIBRARY = ctypes.CDLL(None)
"""Loaded before the sandbox closes, to make the process undumpable for others."""


class NotCopied(Exception):
    """No copy can be made; the text is the word kept in the row."""


def copied(data: bytes, read: str, write: str, kind: str) -> tuple[bytes, float]:
    """Return the copy and its duration in seconds. Raises NotCopied, or whatever a broken file raises in FFmpeg."""
    out = io.BytesIO()
    # only the bytes: no other file, playlist part or address named in a recording is opened, and no other format is guessed
    options = {"protocol_whitelist": "none", "format_whitelist": read, "enable_drefs": "0", "use_absolute_path": "0"}
    with av.open(io.BytesIO(data), "r", format=read, options=options) as source:
        chosen = _chosen(source, kind)
        with av.open(out, "w", format=write) as target:
            target.flags |= BIT_EXACT
            streams = {stream.index: _stream(target, stream) for stream in chosen}
            seconds = _copy(source, target, chosen, streams)
    return out.getvalue(), seconds


def _chosen(source: Any, kind: str) -> list[Any]:
    pictures = [stream for stream in source.streams.video if not stream.disposition & av.stream.Disposition.attached_pic]
    sounds = list(source.streams.audio)
    if kind == "video" and not pictures:
        raise NotCopied("no_picture")
    if kind == "voice" and not sounds:
        raise NotCopied("no_sound")
    # a small cover picture is no reason to refuse the video
    first = [stream for stream in pictures if _codec(stream) in PICTURES][:1] if kind == "video" else []
    if (kind == "video" and not first) or any(_codec(stream) not in SOUNDS for stream in sounds[:1]):
        raise NotCopied("unsafe")
    return first + sounds[:1]


def _codec(stream: Any) -> str:
    return str(stream.codec_context.codec.canonical_name)


def _stream(target: Any, stream: Any) -> Any:
    made = target.add_stream_from_template(stream)
    made.metadata.clear()
    if _codec(stream) == "vorbis" and stream.codec_context.extradata:
        made.codec_context.extradata = _without_comments(stream.codec_context.extradata)
    return made


def _copy(source: Any, target: Any, chosen: list[Any], streams: dict[int, Any]) -> float:
    filters = {
        stream.index: BitStreamFilterContext(NOTES[_codec(stream)], stream) for stream in chosen if _codec(stream) in NOTES
    }  # fmt: skip
    seconds, written, first = 0.0, 0, dict[int, int]()
    for packet in source.demux(*chosen):
        if packet.dts is None:
            continue
        written += 1
        if packet.is_corrupt or written > MOST_PACKETS:
            raise NotCopied("unreadable")
        index, base = packet.stream.index, packet.stream.time_base
        start = first.setdefault(index, packet.pts if packet.pts is not None else packet.dts)
        if packet.pts is not None and base is not None:
            seconds = max(seconds, float((packet.pts - start + (packet.duration or 0)) * base))
        for each in filters[index].filter(packet) if index in filters else (packet,):
            each.stream = streams[index]
            target.mux(each)
    if chosen[0].index not in first:
        raise NotCopied("unreadable")
    return seconds


def _without_comments(headers: bytes) -> bytes:
    """The three headers of Vorbis with an empty second one, which would hold titles and names."""
    if headers[:1] != b"\x02":
        raise NotCopied("unreadable")
    sizes, at = [0, 0], 1
    for number in range(2):
        while headers[at] == 255:
            sizes[number], at = sizes[number] + 255, at + 1
        sizes[number], at = sizes[number] + headers[at], at + 1
    first, last = headers[at : at + sizes[0]], headers[at + sum(sizes) :]
    empty = b"\x03vorbis" + bytes(8) + b"\x01"
    return b"\x02" + bytes([255] * (len(first) // 255) + [len(first) % 255, len(empty)]) + first + empty + last


def _shut_in(seconds: int, memory: int) -> None:
    """Sandbox the process: it opens no file and no connection, not even to replace one it closes, starts no other process, writes no
    file, and is limited in time and memory. It may go on writing to what it holds open."""
    with open("/proc/self/statm", encoding="ascii") as file:
        held = int(file.read().split()[0]) * resource.getpagesize()
    for limit, most in (
        (resource.RLIMIT_AS, held + memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 0),
    ):
        resource.setrlimit(limit, (most, most))
    _LIBRARY.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def _refuse(word: str) -> NoReturn:
    sys.stdout.buffer.write(word.encode())
    sys.stdout.buffer.flush()
    os._exit(REFUSED)


def main(read: str, writes: str, kind: str, seconds: str, memory: str) -> None:
    """Copy standard input to standard output, in the first container that can hold the streams."""
    av.logging.set_level(None)
    _shut_in(int(seconds), int(memory))
    data = sys.stdin.buffer.read()
    for write in writes.split(","):
        try:
            copy, length = copied(data, read, write, kind)
        except NotCopied as refusal:
            _refuse(str(refusal))
        except MemoryError:
            _refuse("too_large")
        except Exception:  # a forged recording can raise anything in FFmpeg, as can a container that does not support its codec
            continue
        sys.stdout.buffer.write(json.dumps({"form": write, "seconds": length}).encode() + b"\n")
        sys.stdout.buffer.write(copy)
        sys.stdout.buffer.flush()
        os._exit(0)
    _refuse("unreadable")


if __name__ == "__main__":
    main(*sys.argv[1:])
