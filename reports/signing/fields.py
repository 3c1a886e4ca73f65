"""The fields of a document for a signature and a seal, added without breaking its tagging.

A signature field added the usual way breaks PDF/UA-1: it has no name for a screen reader, and its widget is in no Form element. So both
fields are added before the first signature, tagged, and with an empty appearance, which PDF/A-3 requires. They are added as an increment:
the bytes that were issued remain the beginning of every sealed copy, by which a copy signed elsewhere is recognised (returning.py). Both
are added at once, because a second signer may only fill in existing fields.
"""

import hashlib
import io
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from casework.documents.seals import BODY, FIELDS, PERSON

AREA = "signature-area"
"""The anchor reports/templates/official.html gives the room above the signer's name (Frame.signature_field)."""

TOLD = {PERSON: "Chữ ký số của người ký văn bản", BODY: "Chữ ký số của cơ quan, tổ chức ban hành văn bản"}
"""Names for screen readers. Documents are in Vietnamese whatever their reader's language."""

MM = 72 / 25.4
RIGHT_MARGIN = 18 * MM
AREA_HEIGHT = 24 * MM
SIGNATURE_WIDTH = 53 * MM
COVERED = SIGNATURE_WIDTH / 3
"""The seal covers a third of the signature, from its left (NĐ 30/2020, Phụ lục I, mục II, phần I, 8)."""

TOP = (6 * MM, 17 * MM)
"""Position if there is no signature area: the top right margin, as in the decree for separate files."""
TOP_WIDTH = 72 * MM

PRINTED = 4
LOCKED = 128
EXISTS_AND_APPENDS_ONLY = 3

Box = tuple[float, float, float, float]


def with_fields(pdf: bytes) -> bytes:
    """The document with its two empty fields: the copy stored as issued. A document that has them is unchanged.

    Done on issue, because a copy signed elsewhere is compared with what was issued, and a file without any field cannot be.
    """
    writer = Increment(io.BytesIO(pdf))
    add_fields(writer)
    if not writer.objects:
        return pdf
    writer.name_by(hashlib.sha256(pdf).digest())
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


class Increment(IncrementalPdfFileWriter):
    """Adds to a document without recording when, by what and as whom: XMP and Info stay as they are, and agree (PDF/A-3)."""

    def _update_meta(self) -> None:
        """Keep title, tool and modification date as the document was issued."""

    def name_by(self, digest: bytes) -> None:
        """Give the increment an identifier derived from its content instead of a random one."""
        self._document_id = generic.ArrayObject([self._document_id[0], generic.ByteStringObject(digest[:16])])


def has_area(writer: Any) -> bool:
    """Whether the document has room for a signature beneath its text."""
    return _area(writer) is not None


def add_fields(writer: IncrementalPdfFileWriter) -> None:
    """Add the two fields, unless they exist."""
    root = writer.root
    if set(FIELDS.values()) & _names(root):
        return
    form = _form(writer)
    area = _area(writer)
    page = (area[0] if area is not None else _first_page(root)).get_object()
    boxes = _boxes_below(area[1], area[2], page) if area is not None else _boxes_on_top(page)
    for signer, box in boxes.items():
        widget = _widget(writer, page, signer, box)
        form["/Fields"].append(widget)
        _append(writer, page, "/Annots", widget)
        _tag(writer, widget, page, TOLD[signer])
    page["/Tabs"] = pdf_name("/S")
    writer.update_container(page)
    writer.update_container(form)
    writer.update_root()


def _names(root: Any) -> set[str]:
    fields = root["/AcroForm"]["/Fields"] if "/AcroForm" in root and "/Fields" in root["/AcroForm"] else ()
    return {str(each.get_object()["/T"]) for each in fields if "/T" in each.get_object()}


def _form(writer: IncrementalPdfFileWriter) -> Any:
    root = writer.root
    if "/AcroForm" not in root:
        root["/AcroForm"] = writer.add_object(generic.DictionaryObject({pdf_name("/Fields"): generic.ArrayObject()}))
        writer.update_root()
    form = root["/AcroForm"]
    if "/Fields" not in form:
        form["/Fields"] = generic.ArrayObject()
    form["/SigFlags"] = generic.NumberObject(EXISTS_AND_APPENDS_ONLY)
    return form


def _widget(writer: IncrementalPdfFileWriter, page: Any, signer: str, box: Box) -> Any:
    left, bottom, right, top = box
    empty = generic.StreamObject(
        {
            pdf_name("/Type"): pdf_name("/XObject"), pdf_name("/Subtype"): pdf_name("/Form"),
            pdf_name("/BBox"): _numbers(0, 0, right - left, top - bottom), pdf_name("/Resources"): generic.DictionaryObject(),
        },
        stream_data=b"",
    )  # fmt: skip
    return writer.add_object(
        generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/Annot"), pdf_name("/Subtype"): pdf_name("/Widget"), pdf_name("/FT"): pdf_name("/Sig"),
                pdf_name("/T"): generic.pdf_string(FIELDS[signer]), pdf_name("/TU"): generic.pdf_string(TOLD[signer]),
                pdf_name("/Rect"): _numbers(*box), pdf_name("/F"): generic.NumberObject(PRINTED | LOCKED),
                pdf_name("/P"): generic.IndirectObject(page.container_ref.idnum, page.container_ref.generation, writer),
                pdf_name("/AP"): generic.DictionaryObject({pdf_name("/N"): writer.add_object(empty)}),
            }
        )
    )  # fmt: skip


def _tag(writer: IncrementalPdfFileWriter, widget: Any, page: Any, told: str) -> None:
    """Put the widget into the document's structure: a Form element that points to it, and back."""
    tree = writer.root["/StructTreeRoot"]
    parents = tree["/ParentTree"]
    numbers = parents["/Nums"]
    key = max([int(numbers[place]) for place in range(0, len(numbers), 2)], default=-1) + 1
    whole = tree.raw_get("/K")
    # the root holds the Document element, alone or as the first of a list
    document = whole[0] if isinstance(whole, generic.ArrayObject) else whole
    if isinstance(document.get_object(), generic.ArrayObject):
        document = document.get_object()[0]
    page_ref = generic.IndirectObject(page.container_ref.idnum, page.container_ref.generation, writer)
    element = writer.add_object(
        generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/StructElem"), pdf_name("/S"): pdf_name("/Form"), pdf_name("/P"): document,
                pdf_name("/Pg"): page_ref, pdf_name("/Alt"): generic.pdf_string(told),
                pdf_name("/K"): generic.DictionaryObject(
                    {pdf_name("/Type"): pdf_name("/OBJR"), pdf_name("/Obj"): widget, pdf_name("/Pg"): page_ref}
                ),
            }
        )
    )  # fmt: skip
    _append(writer, document.get_object(), "/K", element)
    numbers.append(generic.NumberObject(key))
    numbers.append(element)
    writer.update_container(numbers)
    tree["/ParentTreeNextKey"] = generic.NumberObject(key + 1)
    writer.update_container(tree)
    widget.get_object()["/StructParent"] = generic.NumberObject(key)


def _append(writer: IncrementalPdfFileWriter, holder: Any, name: str, entry: Any) -> None:
    """Append to a list that may be missing, shared, or a single object."""
    if name not in holder:
        holder[name] = generic.ArrayObject([entry])
    elif isinstance(holder[name], generic.ArrayObject):
        holder[name].append(entry)
        writer.update_container(holder[name])
    else:
        holder[name] = generic.ArrayObject([holder.raw_get(name), entry])
    writer.update_container(holder)


def _area(writer: Any) -> tuple[Any, float, float] | None:
    """Page, left edge and upper edge of the room above the signer's name."""
    try:
        names = writer.root["/Names"]["/Dests"]["/Names"]
    except KeyError:
        return None
    for place in range(0, len(names) - 1, 2):
        if str(names[place]) == AREA:
            target = names[place + 1]
            return target.raw_get(0), float(target[2]), float(target[3])
    return None


def _boxes_below(left: float, top: float, page: Any) -> dict[str, Box]:
    """The signature at the right of the area, the seal at its left covering a third of it."""
    right = float(page["/MediaBox"][2]) - RIGHT_MARGIN
    bottom, begins = top - AREA_HEIGHT, right - SIGNATURE_WIDTH
    return {PERSON: (begins, bottom, right, top), BODY: (left, bottom, begins + COVERED, top)}


def _boxes_on_top(page: Any) -> dict[str, Box]:
    width, height = float(page["/MediaBox"][2]), float(page["/MediaBox"][3])
    right, top, bottom = width - RIGHT_MARGIN, height - TOP[0], height - TOP[1]
    return {
        PERSON: (right - 2 * TOP_WIDTH, bottom, right - TOP_WIDTH, top),
        BODY: (right - TOP_WIDTH, bottom, right, top),
    }


def _first_page(root: Any) -> Any:
    node = root["/Pages"]
    while "/Kids" in node:
        found = node["/Kids"].raw_get(0)
        node = found.get_object()
    return found


def _numbers(*values: float) -> generic.ArrayObject:
    return generic.ArrayObject(generic.FloatObject(f"{value:.2f}") for value in values)
