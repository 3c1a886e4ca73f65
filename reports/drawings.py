"""A process drawing sent by a browser, and a table of rules, as PDF on A3.

Anybody may send a drawing, so it is read within bounds and rebuilt from the few elements, attributes and values our drawings use; anything
else is refused or dropped. What is printed around it comes from the stored version.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from lxml import etree

from casework.bilingual import Bilingual
from casework.errors import CaseworkError
from reports.pdf import render_pdf

SVG = "{http://www.w3.org/2000/svg}"
MOST_BYTES = 2_000_000
MOST_ELEMENTS = 12_000
DEEPEST = 30
MOST_WORDS = 40_000
"""Characters of all names together: typesetting a text costs more than reading it."""
MOST_GEOMETRY = 400_000
"""Characters of all paths, points and coordinates together."""
MOST_MARKED = 2_000
"""Lines with arrowheads: each draws its marker again."""
MOST_IN_A_MARKER = 4
"""A marker is drawn again at the end of each line."""
LONGEST_TEXT = 400
SIZES = ("width", "height")
SHAPES = {
    "svg": ("viewBox", *SIZES), "g": (), "defs": (), "title": (), "desc": (), "path": ("d",), "rect": ("x", "y", "rx", "ry", *SIZES),
    "circle": ("cx", "cy", "r"), "ellipse": ("cx", "cy", "rx", "ry"), "line": ("x1", "y1", "x2", "y2"), "polyline": ("points",),
    "polygon": ("points",), "text": ("x", "y", "dx", "dy"), "tspan": ("x", "y", "dx", "dy"),
    "marker": ("viewBox", "refX", "refY", "markerWidth", "markerHeight", "orient", "markerUnits"),
}  # fmt: skip
"""The elements of a drawing, each with its own attributes."""
LOOKS = frozenset({
    "fill", "fill-opacity", "fill-rule", "stroke", "stroke-width", "stroke-linecap", "stroke-linejoin", "stroke-dasharray",
    "stroke-opacity", "stroke-miterlimit", "font-size", "font-weight", "font-style", "text-anchor", "display",
    "visibility", "marker-end", "marker-start",
})  # fmt: skip
"""Presentation properties: as attributes or in `style`, with the same values."""
VALUE = re.compile(r"[\w\s.,#%()+\-'\"]{0,300}")
GEOMETRY = re.compile(r"[\w\s.,()+\-]*")
ID = re.compile(r"[\w.\-]{1,120}")
OWN_MARKER = re.compile(r"""url\(\s*['"]?#([\w.\-]{1,120})['"]?\s*\)""")
WORDS = {
    "version": Bilingual("Bản số", "Version"), "scope": Bilingual("Phạm vi", "Where it holds"), "printed": Bilingual("In ngày", "Printed"),
    "page": Bilingual("Trang", "Page"), "state": Bilingual("Tình trạng", "State"), "reason": Bilingual("Lý do", "Reason"),
    "names": Bilingual("Tên các phần trong hai ngôn ngữ", "The parts by name, in both languages"),
    "drawing": Bilingual("Sơ đồ quy trình", "Drawing of the process"),
    "first": Bilingual("Hàng đầu tiên khớp được áp dụng, tính từ trên xuống; người quyết định cuối cùng luôn là cán bộ.",
                       "The first row that fits counts, from above; a person always decides."),
}  # fmt: skip


class PictureRefused(CaseworkError):
    """The data is not a drawing of ours."""


@dataclass(frozen=True, slots=True)
class Heading:
    """The text printed with the drawing: `number` of the version, `printed` as a formatted instant."""

    language: str
    title: str
    number: int
    state: str
    scope: str
    printed: str


def clean_picture(sent: bytes) -> bytes:
    """The drawing rebuilt from allowed parts. Raises PictureRefused."""
    if len(sent) > MOST_BYTES:
        raise PictureRefused("Hình vẽ quá lớn (tối đa 2 MB).", "The drawing is too large (2 MB at most).")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True, huge_tree=False
    )
    try:
        root = etree.fromstring(sent, parser)
    except (etree.XMLSyntaxError, ValueError) as fault:
        raise _refusal() from fault
    if root.tag != SVG + "svg" or root.getroottree().docinfo.doctype or not _is_within_bounds(root):
        raise _refusal()
    clean = _clean(root, in_marker=False)
    clean.set("font-family", "Be Vietnam Pro")  # whatever it was on the screen: this one is available
    made: bytes = etree.tostring(clean, encoding="utf-8")
    return made


def is_upright(svg: bytes) -> bool:
    """Whether a cleaned drawing is tall enough to be larger on a portrait sheet."""
    numbers = re.split(r"[\s,]+", etree.fromstring(svg).get("viewBox", "").strip())
    try:
        _x, _y, width, height = map(float, numbers)
    except ValueError:
        return False
    return 0 < width < height


def picture_pdf(svg: bytes, heading: Heading, names: Sequence[tuple[str, Sequence[Bilingual]]]) -> bytes:
    """A cleaned drawing on one sheet, followed by the parts of each process with both names."""
    page = _environment().get_template("process_drawing.html")
    html = page.render(heading=heading, names=names, words=_words(heading.language), upright=is_upright(svg))
    return render_pdf(html, stylesheet=_stylesheet(), assets={"drawing.svg": ("image/svg+xml", svg)})


def table_pdf(columns: Sequence[Bilingual], rows: Sequence[tuple[Sequence[str], Bilingual]], heading: Heading) -> bytes:
    """A table of rules: the names of its columns, and for each row the words of its cells and its reason."""
    page = _environment().get_template("process_table.html")
    return render_pdf(page.render(heading=heading, columns=columns, rows=rows, words=_words(heading.language)), stylesheet=_stylesheet())


def _is_within_bounds(root: Any) -> bool:
    """Whether it can be printed within seconds: enough for a drawing of a thousand parts, and no more."""
    words = geometry = marked = deepest = 0
    depths = {root: 1}
    for elements, node in enumerate(root.iter(), start=1):
        words += len(node.text or "")
        geometry += sum(len(value) for name, value in node.attrib.items() if name not in LOOKS and name != "style")
        marked += any("marker" in name or "marker-" in value for name, value in node.attrib.items())
        depths[node] = depths.get(node.getparent(), 0) + 1
        deepest = max(deepest, depths[node])
        if elements > MOST_ELEMENTS or words > MOST_WORDS or geometry > MOST_GEOMETRY or marked > MOST_MARKED or deepest > DEEPEST:
            return False
    return True


def _clean(node: Any, *, in_marker: bool) -> Any:
    tag = node.tag.removeprefix(SVG) if isinstance(node.tag, str) else ""
    if tag not in SHAPES or (in_marker and tag in ("svg", "marker", "text")):
        raise _refusal()
    if tag == "marker":
        in_marker = True
        if sum(1 for _each in node.iter()) > MOST_IN_A_MARKER + 1:
            raise _refusal()
    made = etree.Element(SVG + tag, nsmap={None: SVG[1:-1]})
    for name, value in node.attrib.items():
        if name == "id" and ID.fullmatch(value):
            made.set("id", value)
        elif _may_measure(name, value, tag) or (name in LOOKS and _may_look(name, value, in_marker)):
            made.set(name, value)
        elif name == "style":
            made.set("style", ";".join(_looks(value, in_marker)))
    made.text = (node.text or "")[:LONGEST_TEXT]
    made.extend(_clean(each, in_marker=in_marker) for each in node)
    return made


def _looks(style: str, in_marker: bool) -> list[str]:
    """The style declarations that may stay."""
    parted = (each.partition(":") for each in style.split(";"))
    told = ((name.strip().lower(), value.strip()) for name, _colon, value in parted)
    return [f"{name}:{value}" for name, value in told if name in LOOKS and _may_look(name, value, in_marker)]


def _may_measure(name: str, value: str, tag: str) -> bool:
    return (name in SHAPES[tag] or name == "transform") and GEOMETRY.fullmatch(value) is not None and "url" not in value


def _may_look(name: str, value: str, in_marker: bool) -> bool:
    if name.startswith("marker-"):
        return not in_marker and OWN_MARKER.fullmatch(value) is not None
    return VALUE.fullmatch(value) is not None and "url" not in value.lower()


def _refusal() -> PictureRefused:
    return PictureRefused("Tệp gửi lên không phải hình vẽ quy trình của trang này.", "What was sent is no drawing of a process.")


def _words(language: str) -> dict[str, str]:
    return {name: text.in_language(language) for name, text in WORDS.items()}


@cache
def _environment() -> Environment:
    return Environment(loader=PackageLoader("reports"), autoescape=True, undefined=StrictUndefined, trim_blocks=True)


@cache
def _stylesheet() -> str:
    return (resources.files("reports") / "templates" / "process.css").read_text(encoding="utf-8")
