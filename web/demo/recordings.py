"""Sounds and videos for the demonstration: computed, not recorded, so that nobody's voice or street is in them.

The voice notes are a few tones, plainly no person. The same seed gives the same bytes.
"""

import array
import io
import math
import wave
from typing import Any

from PIL import Image

from casework.recordings.copying import is_installed
from web.demo.pictures import draw_demo_photo

RATE = 8_000
"""Samples per second; one channel of 16 bits, telephone quality."""
TONES = (392.0, 440.0, 523.25, 440.0, 587.33, 523.25, 440.0, 392.0, 329.63)
"""In hertz, played in this order."""
TONE_SECONDS, FADED_SECONDS = 0.45, 0.05
LOUDNESS = 9_000

FRAMES, FRAMES_PER_SECOND = 24, 8
VIDEO_WIDTH, VIDEO_HEIGHT = 320, 180
ENCODER, FORM = "libvpx", "webm"
QUICKLY = {"deadline": "realtime", "cpu-used": "8"}


def demo_voice(seed: int) -> bytes:
    """A WAV file of four seconds; the seed chooses the first tone."""
    length, faded = int(RATE * TONE_SECONDS), int(RATE * FADED_SECONDS)
    samples = array.array("h")
    for number in range(len(TONES)):
        step = 2 * math.pi * TONES[(number + seed) % len(TONES)] / RATE
        samples.extend(
            int(LOUDNESS * min(1, at / faded, (length - at) / faded) * (math.sin(step * at) + math.sin(2 * step * at) / 4))
            for at in range(length)
        )
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return out.getvalue()


def demo_video(seed: int, kind: str) -> bytes | None:
    """Three seconds of silent WebM panning across a drawn picture of that kind; None without the extra `media`."""
    if not is_installed():
        return None
    import av

    with Image.open(io.BytesIO(draw_demo_photo(seed, kind))) as picture:
        scene = picture.convert("RGB").resize((480, 360))
    out = io.BytesIO()
    with av.open(out, "w", format=FORM) as file:
        stream: Any = file.add_stream(ENCODER, rate=FRAMES_PER_SECOND, options=QUICKLY)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = VIDEO_WIDTH, VIDEO_HEIGHT, "yuv420p", 300_000
        for number in range(FRAMES):
            left, top = number * (480 - VIDEO_WIDTH) // FRAMES, 150 - number * 3
            frame = av.VideoFrame.from_image(scene.crop((left, top, left + VIDEO_WIDTH, top + VIDEO_HEIGHT)))
            frame.pts = number
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return out.getvalue()
