"""Finding faces in a photo with the CenterFace model (casework/centerface, MIT). It suggests what to cover; a person decides.

OpenCV reads and runs the model; it comes with the extra `faces` and is imported only when a photo is looked at. One photo takes half a
second to two seconds and up to a gigabyte of memory, so only the worker does it, one photo at a time.

The model answers with four maps, each cell a square of STRIDE pixels: how surely the centre of a face lies in it, the logarithms of
height and width of that face in cells, how far from the cell's middle its centre lies (down, right, in cells), and five landmarks, which
are not used. Source: Xu et al., CenterFace: Joint Face Detection and Alignment Using Face as Point, 2020.
"""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from casework.photos.images import upright

MODEL = Path(__file__).parent.parent / "centerface" / "centerface.onnx"
DETECTOR = "centerface 1"
"""Name and version of the model, stored with its results."""

LONGEST_SIDE = 2048
"""Pixels of the picture examined: at half of it, faces in the background are missed."""
STRIDE, GRAIN = 4, 32
"""The size of a cell of the answer, and the number the sides of the picture must be multiples of, in pixels."""
LEAST_SCORE = 0.3
"""Low, because a superfluous rectangle, which a person removes, is better than a missed face."""
MOST_OVERLAP = 0.3
"""Of two rectangles that overlap by more than this share, the surer one stays."""
MARGIN = 0.15
"""Added on each side, as a share of the face's width and height: hair, ears and chin identify people too."""
MOST_FACES = 40


class DetectorMissing(LookupError):
    """The extra `faces` is not installed: only people look at photos."""


class Face(NamedTuple):
    """Where a face may be, in fractions of the upright picture from its upper left corner, and how sure the model is (0 to 1)."""

    left: float
    top: float
    right: float
    bottom: float
    score: float


def is_installed() -> bool:
    """Whether the library that runs the model is installed."""
    return find_spec("cv2") is not None


class FaceDetector:
    """The model, loaded once for several photos. Raises DetectorMissing."""

    def __init__(self) -> None:
        if not is_installed():
            raise DetectorMissing
        self._cv2: Any = import_module("cv2")
        self._numpy: Any = import_module("numpy")
        self._net: Any = self._cv2.dnn.readNetFromONNX(str(MODEL))

    def faces_in(self, data: bytes) -> list[Face]:
        """Find the faces of a photo as sent, the surest first. Raises PhotoRefused for anything that is no photo."""
        picture = upright(data, longest=LONGEST_SIDE)
        width, height = (-(-side // GRAIN) * GRAIN for side in picture.size)
        maps = self._run(picture.resize((width, height), Image.Resampling.BILINEAR))
        return [_framed(box, score, width, height) for box, score in self._boxes(*maps)]

    def _run(self, picture: Image.Image) -> Any:
        pixels = self._numpy.asarray(picture, dtype="float32").transpose(2, 0, 1)[None]
        self._net.setInput(self._numpy.ascontiguousarray(pixels))
        return self._net.forward(self._net.getUnconnectedOutLayersNames())[:3]

    def _boxes(self, surely: Any, sizes: Any, shifts: Any) -> list[tuple[list[float], float]]:
        """Left, top, width and height in pixels, with the score, of each face."""
        rows, columns = self._numpy.nonzero(surely[0, 0] > LEAST_SCORE)
        scores = [float(score) for score in surely[0, 0, rows, columns]]
        boxes = []
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            tall, wide = (float(self._numpy.exp(sizes[0, axis, row, column])) * STRIDE for axis in (0, 1))
            down, right = (float(shifts[0, axis, row, column]) for axis in (0, 1))
            middle_x, middle_y = (column + right + 0.5) * STRIDE, (row + down + 0.5) * STRIDE
            boxes.append([middle_x - wide / 2, middle_y - tall / 2, wide, tall])
        if not boxes:
            return []
        kept = self._cv2.dnn.NMSBoxes(boxes, scores, LEAST_SCORE, MOST_OVERLAP)
        return [(boxes[int(at)], scores[int(at)]) for at in kept][:MOST_FACES]


def _framed(box: list[float], score: float, width: int, height: int) -> Face:
    left, top, wide, tall = box
    aside, above = wide * MARGIN, tall * MARGIN
    return Face(
        _within((left - aside) / width), _within((top - above) / height),
        _within((left + wide + aside) / width), _within((top + tall + above) / height),
        round(score, 3),
    )  # fmt: skip


def _within(fraction: float) -> float:
    return round(min(1.0, max(0.0, fraction)), 4)
