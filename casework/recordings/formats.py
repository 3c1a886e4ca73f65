"""Which files are accepted as voice notes and videos: judged by their bytes, without decoding. A name or claimed type proves nothing."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from casework.bilingual import Bilingual
from casework.errors import CaseworkError
from casework.photos.uploads import shown_name

HEAD = 64 * 1024
"""Bytes at the start of a WebM or Ogg file that name its tracks."""

MOST_BOXES = 2_000
"""Boxes examined in one MP4: at these levels a camera writes a few dozen, a live recorder one or two a second."""

MEDIA_TYPES = frozenset(
    (
        "audio/aac", "audio/amr", "audio/mp4", "audio/mpeg", "audio/ogg", "audio/3gpp", "audio/wav", "audio/webm",
        "video/mp4", "video/3gpp", "video/quicktime", "video/webm",
    )
)  # fmt: skip
"""The accepted types, and the only ones named in the server's answers."""


class RecordingRefused(CaseworkError):
    """The file is not accepted as a voice note or video. The texts name the file: for its sender only, never for a log."""


class _Box(NamedTuple):
    kind: bytes
    start: int
    end: int


class _Unsafe(Exception):
    """A video encoded so that no copy without metadata can be made (casework/recordings/remux.py, PICTURES)."""


class _Broken(Exception):
    """The file looks like a recording, but its parts do not fit together."""


def media_type_of(data: bytes, filename: str, *, kind: str, max_bytes: int) -> str:
    """Return the media type of a voice note or video (`kind`) of at most `max_bytes` bytes; raises RecordingRefused."""
    name = shown_name(filename)
    refuse_by_size(len(data), max_bytes, name, kind)
    try:
        found = _recognised(data)
    except _Broken:
        raise _damaged(name) from None
    except _Unsafe:
        raise RecordingRefused(
            f"Video «{name}» được mã hóa theo kiểu mà Trung tâm không xem được an toàn. Vui lòng quay lại ở kiểu MP4 (H.264), "
            "hoặc gửi ảnh, lời ghi âm.",
            f"The video “{name}” is encoded in a way the centre cannot watch safely. Please film it as MP4 (H.264), or send photos or a "
            "voice note.",
        ) from None
    if found is None:
        raise _not_a_recording(data, name, kind)
    if kind == "voice" and found.startswith("video/"):
        raise RecordingRefused(
            f"Tệp «{name}» là video, không phải lời ghi âm. Vui lòng gửi ở mục Video.",
            f"The file “{name}” is a video, not a voice note. Please send it as the video.",
        )
    if kind == "video" and found.startswith("audio/"):
        raise RecordingRefused(
            f"Tệp «{name}» chỉ có tiếng, không có hình. Vui lòng gửi ở mục Lời ghi âm.",
            f"The file “{name}” has sound only and no picture. Please send it as the voice note.",
        )
    return found


def _recognised(data: bytes) -> str | None:
    """The media type, None for no accepted recording; raises _Broken for a truncated or forged one."""
    if data.startswith(b"\x1aE\xdf\xa3"):
        return _webm(data)
    if data.startswith(b"OggS"):
        return "audio/ogg" if re.search(rb"OpusHead|\x01vorbis|Speex   |\x7fFLAC", data[:HEAD]) and b"theora" not in data[:HEAD] else None
    if data[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return _mp4(data)
    if data.startswith(b"RIFF") and data[8:12] == b"WAVE":
        return "audio/wav"
    if data.startswith((b"#!AMR\n", b"#!AMR-WB\n")):
        return "audio/amr"
    if data.startswith(b"ID3") or _is_frame(data, layers=(1, 2, 3)):
        return "audio/mpeg"
    return "audio/aac" if _is_frame(data, layers=(0,)) else None


def _webm(data: bytes) -> str | None:
    """WebM, the only Matroska format browsers play. Its codecs are named near the start: V_… for video, A_… for audio."""
    head = data[:HEAD]
    if b"webm" not in head[:64]:
        return None
    if pictures := re.findall(rb"\x86[\x81-\xc0]V_([A-Z0-9]+)", head):
        if b"VP8" not in pictures and b"VP9" not in pictures:
            raise _Unsafe
        return "video/webm"
    if re.search(rb"\x86[\x81-\xc0]A_[A-Z]", head):
        return "audio/webm"
    raise _Broken


_PICTURES = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis")


def _mp4(data: bytes) -> str | None:
    brand = data[8:12] if data[4:8] == b"ftyp" else b"qt  "
    if brand in _PICTURES:
        return None
    boxes = list(_boxes(data, 0, len(data)))
    moov = next((box for box in boxes if box.kind == b"moov"), None)
    if moov is None:
        raise _Broken
    handlers, pictures = _tracks(data, moov)
    if b"vide" in handlers:
        if pictures and not pictures & _SAFE_PICTURES:
            raise _Unsafe
        return "video/3gpp" if brand.startswith(b"3g") else "video/quicktime" if brand == b"qt  " else "video/mp4"
    if b"soun" not in handlers:
        raise _Broken
    return "audio/3gpp" if brand.startswith(b"3g") else "audio/mp4"


_SAFE_PICTURES = frozenset((b"avc1", b"avc3", b"dva1", b"dvav", b"hvc1", b"hev1", b"dvh1", b"dvhe", b"vp08", b"vp09"))
"""The MP4 names of H.264, HEVC, VP8 and VP9."""


def _tracks(data: bytes, moov: _Box) -> tuple[set[bytes], set[bytes]]:
    """The types of the tracks, `vide`, `soun` and others, and the video encodings; each step names one level, so nesting cannot lead
    deeper."""
    handlers, pictures = set[bytes](), set[bytes]()
    for track in _within(data, [moov], b"trak"):
        media = _within(data, [track], b"mdia")
        kinds = {data[box.start + 8 : box.start + 12] for box in _within(data, media, b"hdlr")}
        handlers |= kinds
        if b"vide" in kinds:
            described = _within(data, _within(data, _within(data, media, b"minf"), b"stbl"), b"stsd")
            # after version, flags and number, each description is a box
            pictures |= {box.kind for one in described for box in _boxes(data, one.start + 8, one.end)}
    return handlers, pictures


def _within(data: bytes, boxes: list[_Box], kind: bytes) -> list[_Box]:
    return [box for outer in boxes for box in _boxes(data, outer.start, outer.end) if box.kind == kind]


def _boxes(data: bytes, start: int, end: int) -> Iterator[_Box]:
    """The boxes of one level, by their contents; raises _Broken when one ends outside its parent."""
    at = start
    for _ in range(MOST_BOXES):
        if end - at < 8:
            return
        size, kind, head = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        elif size == 0:
            size = end - at
        if size < head or size > end - at:
            raise _Broken
        yield _Box(kind, at + head, at + size)
        at += size


def _is_frame(data: bytes, *, layers: tuple[int, ...]) -> bool:
    """Whether it begins with a frame of MPEG audio (layers 1 to 3) or AAC (0) with a plausible header."""
    if len(data) < 4 or data[0] != 0xFF or (data[1] & 0xF0 != 0xF0 and data[1] & 0xF0 != 0xE0):
        return False
    layer, rate = data[1] >> 1 & 3, data[2] >> 2 & 15 if layers == (0,) else data[2] >> 2 & 3
    if layer not in layers:
        return False
    return data[1] & 0xF0 == 0xF0 and rate < 13 if layers == (0,) else data[2] >> 4 != 15 and rate != 3


def refuse_by_size(size: int, max_bytes: int, name: str, kind: str) -> None:
    """Raise RecordingRefused for an empty file or one over the limit; both in bytes. `name` is the shown one (shown_name)."""
    if size == 0:
        raise RecordingRefused(
            f"Tệp «{name}» rỗng (0 byte). Vui lòng ghi hoặc chọn lại.",
            f"The file “{name}” is empty (0 bytes). Please record or choose it again.",
        )
    if size > max_bytes:
        weight, limit = f"{size / 2**20:.1f}", f"{max_bytes / 2**20:g}"
        what = Bilingual("Lời ghi âm", "The voice note") if kind == "voice" else Bilingual("Video", "The video")
        raise RecordingRefused(
            f"{what.vi} «{name}» nặng {weight.replace('.', ',')} MB, vượt mức {limit.replace('.', ',')} MB. Vui lòng gửi đoạn ngắn hơn.",
            f"{what.en} “{name}” has {weight} MB, more than the {limit} MB allowed. Please send a shorter one.",
        )


def _damaged(name: str) -> RecordingRefused:
    return RecordingRefused(
        f"Tệp «{name}» bị hỏng hoặc chưa tải lên trọn vẹn nên không mở được. Vui lòng gửi lại.",
        f"The file “{name}” is damaged or did not arrive whole and cannot be opened. Please send it again.",
    )


_BY_FIRST_BYTES = (
    (b"\xff\xd8\xff", Bilingual("ảnh", "a picture")),
    (b"\x89PNG", Bilingual("ảnh", "a picture")),
    (b"GIF8", Bilingual("ảnh", "a picture")),
    (b"MZ", Bilingual("chương trình máy tính", "a computer program")),
    (b"\x7fELF", Bilingual("chương trình máy tính", "a computer program")),
    (b"%PDF", Bilingual("tài liệu PDF", "a PDF document")),
    (b"PK\x03\x04", Bilingual("tệp nén hoặc tài liệu văn phòng", "an archive or office document")),
    (b"#EXTM3U", Bilingual("danh sách phát", "a playlist")),
    (b"<", Bilingual("trang web hoặc hình vẽ SVG", "a web page or SVG drawing")),
    (b"\x1aE\xdf\xa3", Bilingual("video Matroska", "a Matroska video")),
    (b"FLV", Bilingual("video Flash", "a Flash video")),
    (b"0&\xb2u", Bilingual("tệp Windows Media", "a Windows Media file")),
    (b"fLaC", Bilingual("âm thanh FLAC", "FLAC sound")),
)


def _not_a_recording(data: bytes, name: str, kind: str) -> RecordingRefused:
    """Say what the file is instead, so that the sender knows what to do."""
    start = data[:512].removeprefix(b"\xef\xbb\xbf").lstrip()
    what = next((what for first, what in _BY_FIRST_BYTES if start.startswith(first)), None)
    if data[4:8] == b"ftyp" or (data.startswith(b"RIFF") and data[8:12] == b"WEBP"):
        what = Bilingual("ảnh", "a picture")
    elif data.startswith(b"RIFF") and data[8:12] == b"AVI ":
        what = Bilingual("video AVI", "an AVI video")
    if kind == "voice":
        mend = Bilingual(
            "Vui lòng gửi tệp ghi âm (M4A, MP3, WAV, OGG, WebM, AMR).", "Please send a recording (M4A, MP3, WAV, OGG, WebM, AMR)."
        )
        no_kind = Bilingual("không phải là lời ghi âm", "not a voice note")
    else:
        mend = Bilingual("Vui lòng gửi video MP4, MOV, 3GP hoặc WebM.", "Please send an MP4, MOV, 3GP or WebM video.")
        no_kind = Bilingual("không phải là video", "not a video")
    if what is None:
        return RecordingRefused(f"Tệp «{name}» {no_kind.vi}. {mend.vi}", f"The file “{name}” is {no_kind.en}. {mend.en}")
    return RecordingRefused(
        f"Tệp «{name}» là {what.vi}, không nhận được ở đây. {mend.vi}",
        f"The file “{name}” is {what.en}, which cannot be taken here. {mend.en}",
    )
