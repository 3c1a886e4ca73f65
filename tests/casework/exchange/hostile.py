"""Packages nobody means well with: made here, always the same ones, each with the code it is refused with."""

from base64 import b64encode
from collections.abc import Iterator

from casework.exchange import Attachment
from casework.exchange.packages import NAMESPACE
from tests.casework.exchange.samples import OTHER, OURS, PDF, element, raw, swapped, zipped

OLD = ("http://www.e-doc.vn/Schema/", "http://www.go.vn/eDoc", "http://edxml.gov.vn/schema")
HEAD = '<?xml version="1.0" encoding="utf-8"?>'
CONTENT = f"<edXML:ContentTransferEncoded>{b64encode(PDF).decode()}</edXML:ContentTransferEncoded>"
ROOT = f'<edXML xmlns="{NAMESPACE}" xmlns:edXML="{NAMESPACE}">'
XI = "http://www.w3.org/2001/XInclude"


def _content(text: str) -> bytes:
    return swapped(CONTENT, element("ContentTransferEncoded", text))


def _file(content: bytes) -> bytes:
    return raw(attachments=(Attachment("tep.zip", content, content_id="a1"),))


def _deep(levels: int, *, inside: str = "X") -> bytes:
    return swapped("<edXML:SignerInfo>", f"<edXML:{inside}>" * levels + f"</edXML:{inside}>" * levels + "<edXML:SignerInfo>")


def _entities(count: int) -> str:
    named = "".join(f'<!ENTITY e{number} "{f"&e{number - 1};" * 10 if number else "ha" * 10}">' for number in range(count))
    return f"<!DOCTYPE edXML [{named}]>"


def of_xml() -> Iterator[tuple[str, str, bytes]]:
    """Those that are refused before anything of them is read: name, code, bytes."""
    well = raw()
    yield "empty", "xml", b""
    yield "spaces", "xml", b"  \n"
    yield "no XML", "xml", b"%PDF-1.7"
    yield "51 MB", "size", well + b" " * (51 * 1024 * 1024)
    yield "a signature of 51 MB", "size", swapped(CONTENT, "x" * (51 * 1024 * 1024))
    for end in (1, 40, 400, len(well) // 2, len(well) - 1):
        yield f"cut at {end}", "xml", well[:end]
    for sign in ("\x00", "\x01", "\x1b", "\ufffe"):
        yield f"sign {sign!r}", "xml", swapped("Về ổ gà", sign)
    yield "text after it", "xml", well + b"more"
    yield "another root after it", "xml", well + b"<x/>"
    yield "no such entity", "xml", swapped("Về ổ gà", "&nothing;")
    yield "UTF-16", "encoding", well.decode().encode("utf-16")
    yield "UTF-32", "encoding", well.decode().encode("utf-32")
    yield "Latin-1 bytes", "encoding", well.replace("Về".encode(), b"V\xe9")
    yield "cut sign", "encoding", well + "ề".encode()[:2]
    yield "overlong sign", "encoding", well.replace("Về".encode(), b"\xc0\xaf")
    yield "half of a pair", "encoding", well.replace("Về".encode(), b"\xed\xa0\x80")
    for name in ("utf-16", "utf-7", "iso-8859-1", "windows-1258", "cp037", "x-none"):
        yield f"said to be {name}", "encoding", swapped('encoding="utf-8"', f"encoding='{name}'")
    for told in (
        "<!DOCTYPE edXML>",
        '<!DOCTYPE edXML SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE edXML [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE edXML [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p"> %p;]>',
        '<!DOCTYPE edXML [<!ATTLIST edXML x CDATA "y">]>',
        _entities(12),
    ):
        yield f"DTD {told[:60]}", "doctype", swapped(HEAD, HEAD + told)
    named = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    yield "an entity of a file", "doctype", swapped(HEAD, HEAD + named, of=swapped("Về ổ gà", "&x;"))
    yield "style sheet", "instruction", swapped(HEAD, HEAD + '<?xml-stylesheet href="http://127.0.0.1:9/x"?>')
    yield "instruction within", "instruction", swapped("Về ổ gà", "<?php x ?>")
    yield "instruction after it", "instruction", well + b"<?x y?>"
    yield "XInclude", "include", swapped("Về ổ gà", f'<i:include xmlns:i="{XI}" href="file:///etc/passwd" parse="text"/>')
    yield "XInclude in a signature", "include", swapped(
        "</edXML:edXMLHeader>",
        f'<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><i:include xmlns:i="{XI}" href="x"/></Signature></edXML:edXMLHeader>',
    )
    for levels in (29, 60, 300, 20_000):
        yield f"{levels} levels", "depth", _deep(levels)
    yield "levels in a signature", "depth", swapped(
        "</edXML:edXMLHeader>",
        '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#">' + "<a>" * 40 + "</a>" * 40 + "</Signature></edXML:edXMLHeader>",
    )
    yield "20,001 elements", "elements", swapped("<edXML:SignerInfo>", "<edXML:X/>" * 20_001 + "<edXML:SignerInfo>")
    attributes = " ".join(f'a{number}="1"' for number in range(1_000))
    yield "a thousand attributes", "elements", swapped("<edXML:Subject>", f"<edXML:Subject {attributes}>")
    yield "a long text", "text", swapped("Đã vá xong.", "a" * 20_001)
    yield "a long text in pieces", "text", swapped("Đã vá xong.", "aaaaa<!-- -->" * 5_000)
    for namespace in OLD:
        yield f"old namespace {namespace}", "namespace_old", well.replace(NAMESPACE.encode(), namespace.encode())
    yield "no namespace", "namespace", well.replace(f' xmlns="{NAMESPACE}"'.encode(), b"")
    yield "a namespace nearly right", "namespace", well.replace(b"QCVN_102_2016", b"QCVN_102_2016/")
    yield "a foreign element", "namespace", swapped("<edXML:Subject>", '<x:y xmlns:x="urn:x"/><edXML:Subject>')
    yield "another root", "envelope", f'{HEAD}<Other xmlns="{NAMESPACE}"/>'.encode()
    yield "no envelope", "envelope", f"{HEAD}{ROOT}</edXML>".encode()
    inside = well[well.index(b"<edXML:edXMLEnvelope>") : well.index(b"<AttachmentEncoded>")].decode()
    yield "two envelopes", "envelope", swapped(inside, inside * 2)


def of_header() -> Iterator[tuple[str, str, bytes]]:
    well = raw()
    whole = well.decode()
    for name in ("edXMLHeader", "MessageHeader", "From", "To", "DocumentId", "Code", "Subject", "TraceHeaderList", "Bussiness"):
        gone = whole.replace(f"<edXML:{name}>", "<edXML:Gone>").replace(f"</edXML:{name}>", "</edXML:Gone>")
        yield f"no {name}", "missing", gone.encode()
    yield "empty subject", "missing", swapped(element("Subject", "Về ổ gà &lt;sâu&gt; &amp; nước đọng"), element("Subject", " \u200b "))
    yield "no number", "missing", swapped(element("CodeNumber", "17"), "")
    for name in ("MessageHeader", "From", "Subject", "Code", "TraceHeaderList", "Bussiness", "BussinessDocType"):
        begins, ends = whole.index(f"<edXML:{name}>"), whole.index(f"</edXML:{name}>") + len(f"</edXML:{name}>")
        yield f"{name} twice", "twice", swapped(whole[begins:ends], whole[begins:ends] * 2)
    named = "H36.20,2026/12/03,17/TB-TTĐH"
    yield "DocumentId twice", "twice", swapped(element("DocumentId", named), element("DocumentId", named) * 2)
    for wrong in ("", "H 36", "H36..20", "../etc", "H36.20'--", "<", "H" * 14, "1." * 8 + "1", "Đ36"):
        shown = wrong.replace("<", "&lt;")
        yield f"From {wrong}", "organ", swapped(element("OrganId", OTHER), element("OrganId", shown))
        yield f"To {wrong}", "organ", swapped(element("OrganId", OURS), element("OrganId", shown))
    yield "to others alone", "to", swapped(element("OrganId", OURS), element("OrganId", "H36.12.05"))
    yield "to ours in small letters", "to", swapped(element("OrganId", OURS), element("OrganId", OURS.lower()))
    for wrong in (
        "", "17/TB", "H36.20", "H36.20,2026/12/03", "H36.20,2026/12/03,", ",2026/12/03,17", "H36.20,2026/02/30,17", "H36.20,2026/13/01,17",
        "H36.20,0000/01/01,17", "H36.20,03/12/2026,17", "H36.20,2026-12-03,17", "H36.20,2026/12/03,17,18", "H36.20,٢٠٢٦/12/03,17",
        f"H36.20,2026/12/03,{'1' * 101}", "H36 20,2026/12/03,17",
    ):  # fmt: skip
        yield f"DocumentId {wrong[:40]}", "document_id", swapped(element("DocumentId", named), element("DocumentId", wrong))
    for wrong in ("2026/02/30", "10/12/2026", "soon", "2026/12/10 00:00:00"):
        yield f"DueDate {wrong}", "day", swapped(element("DueDate", "2026/12/10"), element("DueDate", wrong))
    for wrong in ("", "4", "-1", "00", "1.0", "x", "٠"):
        yield f"BussinessDocType {wrong}", "business", swapped(element("BussinessDocType", "0"), element("BussinessDocType", wrong))
    taken_back = swapped(element("BussinessDocType", "0"), element("BussinessDocType", "1"))
    begins, ends = taken_back.index(b"<edXML:ResponseFor>"), taken_back.index(b"</edXML:ResponseFor>") + len(b"</edXML:ResponseFor>")
    yield "taking back nothing", "response_for", taken_back[:begins] + taken_back[ends:]
    yield "taking back what is no document", "response_for", swapped("H36.12.04,2026/11/30,05/PC-TTĐH", "05/PC", of=taken_back)


def of_files() -> Iterator[tuple[str, str, bytes]]:
    well = raw()
    yield "a reference without its file", "reference", swapped("<ContentId>cid:a1</ContentId>", "<ContentId>cid:a2</ContentId>")
    yield "no files at all", "reference", well[: well.index(b"<AttachmentEncoded>")] + b"</edXML>"
    whole = well.decode()
    file = whole[whole.index("<Attachment>") : whole.index("</Attachment>") + len("</Attachment>")]
    yield "a file too many", "attachment", swapped(file, file + file.replace("cid:a1", "cid:a2"))
    yield "a file twice", "twice", swapped(file, file * 2)
    yield "a file twice, once without prefix", "twice", swapped(file, file + file.replace("cid:a1", "a1"))
    yield "a file without a name of its own", "missing", well.replace(b"cid:a1", b"cid:")
    begins = whole.index("<edXML:Reference>")
    reference = whole[begins : whole.index("</edXML:Reference>") + len("</edXML:Reference>")]
    many = swapped(reference, "".join(reference.replace("cid:a1", f"cid:{n}") for n in range(51)))
    yield "51 files", "files", swapped(file, "".join(file.replace("cid:a1", f"cid:{n}") for n in range(51)), of=many)
    for wrong in ("", "JVBERi0xLjc", "JVBERi0xLjc=====", "JVBE=Ri0xLjc=", "====", "JVB_Ri0-", "không", "JVBERi0xLjd=", "JVBE!Ri0", "A"):
        yield f"base64 {wrong}", "base64", _content(wrong)
    yield "two zips in one", "zip", _file(zipped({"a.pdf": PDF, "b.pdf": PDF}))
    yield "an empty zip in a zip", "zip", _file(zipped({"a.pdf": b""}))
    for path in ("../a.pdf", "/etc/a.pdf", "a/b.pdf", "C:a.pdf", "..", "a\\b.pdf", "a/"):
        yield f"zip of {path}", "zip", _file(zipped({path: PDF}))
    yield "a broken zip", "zip", _file(b"PK\x03\x04" + b"\x00" * 100)
    yield "a cut zip", "zip", _file(zipped({"a.pdf": PDF * 100})[:-30])
    locked = bytearray(zipped({"a.pdf": PDF}))
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    yield "a zip with a password", "zip", _file(bytes(locked))
    lying = bytearray(zipped({"a.pdf": PDF * 1_000}))
    begins = lying.index(b"PK\x01\x02")
    lying[begins + 24 : begins + 28] = (10).to_bytes(4, "little")
    yield "a zip that says it is small", "zip", _file(bytes(lying))


def of_bombs() -> Iterator[tuple[str, str, bytes]]:
    yield "a bomb", "unpacked", _file(zipped({"a.pdf": b"\x00" * (101 * 1024 * 1024)}))
    half = zipped({"a.pdf": b"\x00" * (51 * 1024 * 1024)})
    halves = tuple(Attachment(f"{number}.zip", half, content_id=f"h{number}") for number in (1, 2))
    yield "two halves of a bomb", "unpacked", raw(attachments=halves)


def hostile() -> dict[str, tuple[str, bytes]]:
    """All of them by name: the code each is refused with, and its bytes."""
    return {name: (code, held) for each in (of_xml, of_header, of_files, of_bombs) for name, code, held in each()}
