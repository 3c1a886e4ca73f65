"""A program of its own, run by `copying.py` in a process that may open nothing: a recording on standard input, its copy on standard output.

The copy has the first picture and the first sound of the recording, as they are encoded; titles, places, times, names of devices,
chapters, covers, subtitles and tracks of data stay behind. Nothing is decoded. Arguments: form to read, forms to try to write, kind,
seconds of computing, bytes of memory. Standard output: one line of JSON, then the bytes; what cannot be copied ends with REFUSED and
a word.
"""

import ctypes
import io
import json
import os
import resource
import sys
from typing import Any, NoReturn

import av
import av.subtitles.stream  # PyAV loads it with the first file it opens: nothing can be loaded once the process is shut in
from av.bitstream import BitStreamFilterContext

REFUSED = 3
MOST_PACKETS = 2_000_000
"""Ten hours of sound have a million and a half."""

BIT_EXACT: Any = av.container.Flags.bitexact.value
"""Neither the name of the library nor the time of writing is put into the copy."""

PICTURES = frozenset({"h264", "hevc", "vp8", "vp9"})
SOUNDS = frozenset(
    (
        "aac", "alac", "amr_nb", "amr_wb", "flac", "mp2", "mp3", "opus", "vorbis", "pcm_alaw", "pcm_f32le", "pcm_mulaw", "pcm_s16be",
        "pcm_s16le", "pcm_s24be", "pcm_s24le", "pcm_s32le", "pcm_u8",
    )
)  # fmt: skip
"""By FFmpeg's names: those between whose pictures or sounds nothing can be written that the copy would keep. Motion JPEG keeps where each
picture was taken, MPEG-4 part 2 what the camera writes, AV1 what an encoder likes."""

NOTES = {"h264": "filter_units=pass_types=1-5|7-9", "hevc": "filter_units=pass_types=0-9|16-21|32-36"}
"""Pictures and what is needed to read them: in the other units cameras and encoders write what they like (SEI and others)."""


PR_SET_DUMPABLE = 4
_LIBRARY = ctypes.CDLL(None)
"""Loaded while something can be: no other process may look into this one."""


class NotCopied(Exception):
    """No copy can be made; the text is the word kept in the row."""


def copied(data: bytes, read: str, write: str, kind: str) -> tuple[bytes, float]:
    """Return the copy and its length in seconds. Raises NotCopied, or whatever a broken file raises in FFmpeg."""
    out = io.BytesIO()
    # bytes alone: no other file, playlist part or address a recording may name is opened, and no other form is guessed
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
    # a small picture beside the moving one is no reason to refuse it
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
    """The three headers of Vorbis with an empty second one, in which titles and names stand."""
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
    """Leave the process what it holds already: it opens no file and no connection, not even in place of one it closes, starts no other
    process, writes no file, and has so much time and memory. What it holds open it may go on writing to.
    """
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
    """Copy standard input to standard output, in the first of the forms that can hold what is in it."""
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
        except Exception:  # a forged recording can raise anything in FFmpeg, as can a form that does not hold its codec
            continue
        sys.stdout.buffer.write(json.dumps({"form": write, "seconds": length}).encode() + b"\n")
        sys.stdout.buffer.write(copy)
        sys.stdout.buffer.flush()
        os._exit(0)
    _refuse("unreadable")


if __name__ == "__main__":
    main(*sys.argv[1:])
