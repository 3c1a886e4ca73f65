"""The XML of a package taken in piece by piece, so that what is past a bound is refused before it is kept.

No tree of the parser is built: what is kept is the text of the elements of the one namespace. Nothing is fetched, nothing resolved.
"""

import codecs
import re
from dataclasses import dataclass, field

from lxml import etree

from casework.exchange.packages import NAMESPACE
from casework.exchange.refusals import LONGEST_TEXT, MAX_BYTES, MAX_DEPTH, MAX_ELEMENTS, PackageRefused
from casework.text import normal

OLD_NAMESPACES = frozenset({"http://www.e-doc.vn/Schema/", "http://www.go.vn/eDoc", "http://edxml.gov.vn/schema"})
SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"
XINCLUDE = "http://www.w3.org/2001/XInclude"
CONTENT = "ContentTransferEncoded"
"""The element with the bytes of a file, as long as the package allows."""

_PIECE = 65_536
_DECLARED = re.compile(rb"^(?:\xef\xbb\xbf)?<\?xml[^>]{0,200}?\sencoding\s{0,20}=\s{0,20}[\"']([A-Za-z0-9._-]{1,40})[\"']")


@dataclass(slots=True)
class Node:
    """An element of the namespace: its local name, its own text, and what is in it."""

    name: str
    text: str = ""
    children: list["Node"] = field(default_factory=list)
    signed: bool = False

    def all(self, name: str) -> list["Node"]:
        return [child for child in self.children if child.name == name]

    def one(self, name: str) -> "Node | None":
        """The one element of this name; None where there is none. Raises PackageRefused where there are several."""
        found = self.all(name)
        if len(found) > 1:
            raise PackageRefused("twice", name)
        return found[0] if found else None

    def need(self, name: str) -> "Node":
        """The one element of this name. Raises PackageRefused."""
        found = self.one(name)
        if found is None:
            raise PackageRefused("missing", name)
        return found

    def text_of(self, name: str) -> str:
        found = self.one(name)
        return found.text if found is not None else ""


def parse(raw: bytes) -> Node:
    """The root of a package. Raises PackageRefused for what is too large, not UTF-8, not XML, too deep, or of another namespace."""
    if len(raw) > MAX_BYTES:
        raise PackageRefused("size")
    _refuse_other_encodings(raw)
    target = _Builder()
    parser = etree.XMLParser(
        target=target, encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )
    try:
        for begins in range(0, len(raw), _PIECE):
            parser.feed(raw[begins : begins + _PIECE])
        parser.close()
    except etree.LxmlError:
        raise target.refused or PackageRefused("xml") from None
    if target.refused is not None:
        raise target.refused
    if target.root is None:
        raise PackageRefused("xml")
    return target.root


def _refuse_other_encodings(raw: bytes) -> None:
    declared = _DECLARED.match(raw[:400])
    if declared is not None and declared[1].lower() not in (b"utf-8", b"utf8"):
        raise PackageRefused("encoding")
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for begins in range(0, len(raw), _PIECE):
            decoder.decode(raw[begins : begins + _PIECE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise PackageRefused("encoding") from None


class _Builder:
    """Receives the events of the parser and keeps what belongs to the package. `refused`: the first reason found."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self.refused: PackageRefused | None = None
        self._open: list[Node] = []
        self._texts: list[list[str]] = []
        self._lengths: list[int] = []
        self._elements = self._skipped = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        namespace, _, name = tag[1:].rpartition("}") if tag.startswith("{") else ("", "", tag)
        self._elements += 1
        if len(self._open) + self._skipped >= MAX_DEPTH:
            self._refuse("depth")
        if self._elements > MAX_ELEMENTS or len(attributes) > MAX_DEPTH:
            self._refuse("elements")
        if namespace == XINCLUDE:
            self._refuse("include")
        if self._skipped or (namespace == SIGNATURE and name == "Signature" and self._open):
            if not self._skipped:
                self._open[-1].signed = True
            self._skipped += 1
            return
        if namespace != NAMESPACE:
            self._refuse("namespace_old" if namespace in OLD_NAMESPACES else "namespace", name)
        self._open.append(Node(name))
        self._texts.append([])
        self._lengths.append(0)
        if len(self._open) > 1:
            self._open[-2].children.append(self._open[-1])
        else:
            self.root = self._open[0]

    def end(self, _tag: str) -> None:
        if self._skipped:
            self._skipped -= 1
            return
        node, pieces = self._open.pop(), self._texts.pop()
        self._lengths.pop()
        node.text = "".join(pieces) if node.name == CONTENT else normal("".join(pieces))

    def data(self, piece: str) -> None:
        if self._skipped or not self._open:
            return
        self._lengths[-1] += len(piece)
        if self._open[-1].name != CONTENT and self._lengths[-1] > LONGEST_TEXT:
            self._refuse("text", self._open[-1].name)
        self._texts[-1].append(piece)

    def pi(self, _target: str, _data: str | None = None) -> None:
        self._refuse("instruction")

    def doctype(self, _name: str, _public: str | None, _system: str | None) -> None:
        self._refuse("doctype")

    def close(self) -> None:
        """Asked for by the parser; what was built is in `root`."""

    def _refuse(self, code: str, element: str = "") -> None:
        self.refused = self.refused or PackageRefused(code, element)
        raise self.refused
