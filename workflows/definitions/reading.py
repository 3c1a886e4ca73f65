"""From the bytes of a file to its tree, without entities, network or comments, within limits of size, depth and number."""

import re
from typing import Any

from lxml import etree

from casework.bilingual import Bilingual
from casework.errors import CaseworkError
from workflows.definitions.findings import ModelFinding, Rule, shown

MAX_BYTES = 1_000_000
MAX_ELEMENTS = 20_000
MAX_DEPTH = 40
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"

_SAVE_AGAIN = Bilingual(
    "Mở mô hình gốc trong trình sửa quy trình rồi tải tệp xuống lại.", "Open the original in the editor and download the file again."
)
_TOO_LARGE = Rule(
    "file_too_large",
    Bilingual("Tệp quá lớn làm máy chủ chậm cho mọi người; mô hình thật chỉ vài trăm KB.",
              "A huge file slows the server for everybody; a real model has a few hundred KB."),
    Bilingual("Kiểm tra lại có chọn đúng tệp không.", "Make sure this is the right file."),
)  # fmt: skip
_EMPTY = Rule("file_empty", Bilingual("Tệp rỗng không chứa quy trình nào.", "An empty file holds no process."), _SAVE_AGAIN)
_NOT_XML = Rule(
    "file_not_xml",
    Bilingual("Mô hình là tệp XML; tệp này không đọc được như vậy.", "A model is an XML file; this one cannot be read as one."),
    _SAVE_AGAIN,
)
_ENCODING = Rule(
    "file_encoding",
    Bilingual("Chữ trong tệp phải đọc được giống nhau ở mọi nơi.", "Its letters must be read the same way everywhere."),
    Bilingual("Lưu tệp với bảng mã UTF-8.", "Save the file as UTF-8."),
)
_DOCTYPE = Rule(
    "file_doctype",
    Bilingual("Khai báo DOCTYPE có thể lấy tệp khác trên máy chủ hoặc phình to vô hạn.",
              "A DOCTYPE can fetch other files from the server or grow without end."),
    Bilingual("Xóa dòng bắt đầu bằng <!DOCTYPE.", "Delete the line that begins with <!DOCTYPE."),
)  # fmt: skip
_OTHER_FILES = Rule(
    "file_names_others",
    Bilingual(
        "Thuộc tính schemaLocation khiến máy chủ đi tìm tệp khác.", "The attribute schemaLocation makes the server look for other files."
    ),
    Bilingual("Xóa thuộc tính đó; mô hình không cần nó.", "Delete the attribute; a model does not need it."),
)
_TOO_DEEP = Rule(
    "file_too_deep",
    Bilingual("Mô hình thật chỉ lồng vài lớp; lồng rất sâu làm hỏng chương trình đọc.",
              "A real model nests a few levels; very deep ones break whatever reads them."),
    _SAVE_AGAIN,
)  # fmt: skip
_TOO_MANY = Rule(
    "file_too_many_elements",
    Bilingual(
        "Quy trình lớn như vậy không ai đọc được và làm máy chủ chậm.", "Nobody can read a process this large, and it slows the server."
    ),
    Bilingual("Chia nhỏ hoặc lược bớt mô hình.", "Simplify the model."),
)


class Unreadable(CaseworkError):
    """This software cannot read the file; `finding` says where and why."""

    def __init__(self, finding: ModelFinding) -> None:
        super().__init__(*finding.what)
        self.finding = finding


def too_large(size: int) -> ModelFinding:
    """Return the finding for a file of that many bytes, so that it need not be read."""
    return _TOO_LARGE.at(
        None, f"Tệp có {size:,} byte; tối đa {MAX_BYTES:,} byte (1 MB).", f"The file has {size:,} bytes; {MAX_BYTES:,} (1 MB) at most."
    )


def read_tree(xml: bytes) -> Any:
    """Return the root element of a file. Raises Unreadable, which names the line or the limit."""
    if len(xml) > MAX_BYTES:
        raise Unreadable(too_large(len(xml)))
    if not xml.strip():
        raise Unreadable(_EMPTY.at(None, "Tệp rỗng.", "The file is empty."))
    _refuse_other_encoding(xml)
    if (start := xml.find(b"<!DOCTYPE")) >= 0:
        raise _doctype(xml[:start].count(b"\n") + 1)
    root = _parse(xml)
    if root.getroottree().docinfo.doctype:
        raise _doctype(1)
    _refuse_measures(root)
    return root


def _refuse_other_encoding(xml: bytes) -> None:
    try:
        xml.decode("utf-8")
    except UnicodeDecodeError as fault:
        line = xml[: fault.start].count(b"\n") + 1
        raise Unreadable(
            _ENCODING.at(None, f"Dòng {line}: có byte không thuộc bảng mã UTF-8.", f"Line {line}: a byte that is not UTF-8.", line=line)
        ) from fault
    declared = re.match(rb"""(?:\xef\xbb\xbf)?<\?xml[^>]{0,200}?encoding\s*=\s*["']([^"']{0,60})""", xml)
    if declared and declared[1].lower() not in (b"utf-8", b"utf8", b"us-ascii", b"ascii"):
        name = shown(declared[1].decode())
        raise Unreadable(_ENCODING.at(None, f"Tệp khai báo bảng mã {name}.", f"The file says it is written in {name}.", line=1))


def _doctype(line: int) -> Unreadable:
    return Unreadable(
        _DOCTYPE.at(None, f"Dòng {line}: tệp có khai báo DOCTYPE.", f"Line {line}: the file has a DOCTYPE declaration.", line=line)
    )


def _parse(xml: bytes) -> Any:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True, huge_tree=False
    )
    try:
        return etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as fault:
        line, reason = fault.position[0], shown(str(fault.msg).partition(", line ")[0], 120)
        if "depth" in reason:
            raise _deep(line) from fault
        raise Unreadable(
            _NOT_XML.at(None, f"Dòng {line}: không phải XML ({reason}).", f"Line {line}: not XML ({reason}).", line=line)
        ) from fault


def _deep(line: int) -> Unreadable:
    return Unreadable(
        _TOO_DEEP.at(None, f"Dòng {line}: lồng quá {MAX_DEPTH} lớp.", f"Line {line}: more than {MAX_DEPTH} levels deep.", line=line)
    )


def _refuse_measures(root: Any) -> None:
    count, depth = 0, 0
    for event, node in etree.iterwalk(root, events=("start", "end")):
        if event == "end":
            depth -= 1
            continue
        count, depth = count + 1, depth + 1
        if depth > MAX_DEPTH:
            raise _deep(node.sourceline or 1)
        if count > MAX_ELEMENTS:
            raise Unreadable(_TOO_MANY.at(None, f"Tệp có hơn {MAX_ELEMENTS:,} thẻ.", f"The file has more than {MAX_ELEMENTS:,} tags."))
        if XSI + "schemaLocation" in node.attrib or XSI + "noNamespaceSchemaLocation" in node.attrib:
            line = node.sourceline or 1
            raise Unreadable(
                _OTHER_FILES.at(
                    None, f"Dòng {line}: có thuộc tính schemaLocation.", f"Line {line}: the attribute schemaLocation.", line=line
                )
            )
