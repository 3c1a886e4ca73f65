"""A package read from its bytes: everything the format asks for is checked, in an order that refuses the cheap things first.

The order of the elements is not asked for, and elements of the namespace that are not known are passed over: systems differ in both. An
element that must stand once and stands twice is refused, because programs differ in which one they believe.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from casework.exchange.contents import clean_name, decoded, is_shown, unpacked
from casework.exchange.packages import (
    STATUSES,
    TIME,
    Answered,
    Attachment,
    Business,
    DocumentId,
    DocumentType,
    Organ,
    Package,
    ReceiverChange,
    Replaced,
    Signer,
    Staff,
    Status,
    Trace,
    Update,
    day_of,
    is_organ_id,
)
from casework.exchange.parsing import CONTENT, Node, parse
from casework.exchange.refusals import MAX_FILES, MAX_UNPACKED, PackageRefused
from casework.local_time import LOCAL_ZONE

CID = "cid:"


@dataclass(frozen=True, slots=True)
class Named:
    """Who sent a document to whom, and its name: what is needed to answer one that is refused."""

    sender: str
    receivers: tuple[str, ...]
    document: DocumentId


def named_in(raw: bytes) -> Named | None:
    """The names of a document that was refused; None where they cannot be told for certain, and for a status, which nobody answers."""
    try:
        head = parse(raw).need("edXMLEnvelope").need("edXMLHeader").need("MessageHeader")
        sender, document = head.need("From").need("OrganId").text, DocumentId.parse(head.need("DocumentId").text)
        receivers = tuple(to.text_of("OrganId") for to in head.all("To"))
    except PackageRefused:
        return None
    if document is None or not is_organ_id(sender) or head.all("StatusCode"):
        return None
    return Named(sender, receivers, document)


def read(raw: bytes, *, ours: Collection[str]) -> Package | Status:
    """Read a document or a status. `ours`: identifiers of the bodies that receive here. Raises PackageRefused."""
    root = parse(raw)
    envelopes = root.all("edXMLEnvelope") if root.name == "edXML" else []
    if len(envelopes) != 1:
        raise PackageRefused("envelope")
    header = envelopes[0].need("edXMLHeader")
    head = header.need("MessageHeader")
    is_signed = any(node.signed or node.all("Signature") for node in (root, envelopes[0], header))
    if head.one("StatusCode") is not None:
        return _status(head, ours, is_signed=is_signed)
    return _package(root, envelopes[0], header, head, ours, is_signed=is_signed)


def _status(head: Node, ours: Collection[str], *, is_signed: bool) -> Status:
    code = head.text_of("StatusCode")
    code = f"0{code}" if len(code) == 1 else code
    if code not in STATUSES:
        raise PackageRefused("status")
    found = head.one("ResponseFor")
    answers = _answered(found) if found is not None else Answered()
    if answers.document is None:
        raise PackageRefused("response_for")
    if answers.document.organ not in ours and answers.organ_id not in ours:
        raise PackageRefused("to")
    return Status(
        sender=_organ(head.need("From")), answers=answers, code=code, description=head.text_of("Description"),
        at=_time_of(head.text_of("Timestamp")), staff=_staff(head.one("StaffInfo")), is_signed=is_signed,
    )  # fmt: skip


def _package(root: Node, envelope: Node, header: Node, head: Node, ours: Collection[str], *, is_signed: bool) -> Package:
    sender, receivers = _organ(head.need("From")), tuple(_organ(to) for to in head.all("To"))
    if not receivers:
        raise PackageRefused("missing", "To")
    if not any(to.id in ours for to in receivers):
        raise PackageRefused("to")
    document = DocumentId.parse(head.need("DocumentId").text)
    if document is None:
        raise PackageRefused("document_id")
    code, subject = head.need("Code"), head.need("Subject").text
    number, notation = code.text_of("CodeNumber"), code.text_of("CodeNotation")
    if not number or not subject:
        raise PackageRefused("missing", "Subject" if number else "CodeNumber")
    issued, kind, signer = (head.one(name) or Node(name) for name in ("PromulgationInfo", "DocumentType", "SignerInfo"))
    other, places = head.one("OtherInfo") or Node("OtherInfo"), head.one("ToPlaces") or Node("ToPlaces")
    traces, matter = _matter(header)
    business = _business(matter)
    answers = tuple(_answered(each) for each in head.all("ResponseFor"))
    if business is Business.TAKEN_BACK and not any(answered.document for answered in answers):
        raise PackageRefused("response_for")
    return Package(
        sender=sender, receivers=receivers, document=document, number=number, notation=notation, subject=subject,
        business=business, reason=matter.text_of("BussinessDocReason"),
        promulgated_on=_day_in(issued, "PromulgationDate"), place=issued.text_of("Place"),
        type=DocumentType(kind.text_of("Type"), kind.text_of("TypeDetail"), kind.text_of("TypeName")), content=head.text_of("Content"),
        signer=Signer(signer.text_of("Competence"), signer.text_of("Position"), signer.text_of("FullName")),
        due_on=_day_in(head, "DueDate"), priority=other.text_of("Priority"), pages=other.text_of("PageAmount"), answers=answers,
        places=tuple(place.text for place in places.all("Place")), traces=traces, paper=matter.text_of("Paper") == "1",
        update=_update(matter.one("BussinessDocumentInfo")), replaces=_replaced(matter.one("ReplacementInfoList")),
        staff=_staff(matter.one("StaffInfo")), attachments=_attachments(root, envelope), is_signed=is_signed,
    )  # fmt: skip


def _matter(header: Node) -> tuple[tuple[Trace, ...], Node]:
    """The systems it went through, and the element that says what is to be done with it."""
    listed = header.need("TraceHeaderList")
    hops = (Trace(trace.text_of("OrganId"), _time_of(trace.text_of("Timestamp"))) for trace in listed.all("TraceHeader"))
    return tuple(hops), listed.need("Bussiness")


def _business(matter: Node) -> Business:
    text = matter.text_of("BussinessDocType")
    if text not in ("0", "1", "2", "3"):
        raise PackageRefused("business")
    return Business(int(text))


def _organ(node: Node) -> Organ:
    id_ = node.text_of("OrganId")
    if not is_organ_id(id_):
        raise PackageRefused("organ", node.name)
    names = ("OrganName", "OrganizationInCharge", "OrganAdd", "Email", "Telephone", "Fax", "Website")
    return Organ(id_, *(node.text_of(name) for name in names))


def _answered(node: Node) -> Answered:
    named = DocumentId.parse(node.text_of("DocumentId"))
    return Answered(node.text_of("OrganId"), node.text_of("Code"), named, day_of(node.text_of("PromulgationDate")))


def _staff(node: Node | None) -> Staff:
    if node is None:
        return Staff()
    return Staff(*(node.text_of(name) for name in ("Department", "Staff", "Email", "Mobile")))


def _update(node: Node | None) -> Update | None:
    if node is None:
        return None
    listed = node.one("ReceiverList") or Node("ReceiverList")
    receivers = (ReceiverChange(each.text_of("OrganId"), each.text_of("ReceiverType")) for each in listed.all("Receiver"))
    return Update(node.text_of("DocumentInfo"), node.text_of("DocumentReceiver"), tuple(receivers))


def _replaced(node: Node | None) -> tuple[Replaced, ...]:
    found = []
    for each in node.all("ReplacementInfo") if node is not None else ():
        document = DocumentId.parse(each.text_of("DocumentId"))
        if document is None:
            raise PackageRefused("document_id")
        listed = each.one("OrganIdList") or Node("OrganIdList")
        found.append(Replaced(document, tuple(organ.text for organ in listed.all("OrganId"))))
    return tuple(found)


def _attachments(root: Node, envelope: Node) -> tuple[Attachment, ...]:
    """The files, each named in the manifest and there once."""
    body = envelope.one("edXMLBody")
    manifest = body.one("edXMLManifest") if body is not None else None
    named = _by_id(manifest.all("Reference") if manifest is not None else [])
    encoded = root.one("AttachmentEncoded")
    there = _by_id(encoded.all("Attachment") if encoded is not None else [])
    for id_ in named:
        if id_ not in there:
            raise PackageRefused("reference", clean_name(named[id_].text_of("AttachmentName") or id_))
    for id_ in there:
        if id_ not in named:
            raise PackageRefused("attachment", clean_name(there[id_].text_of("AttachmentName") or id_))
    left, files = MAX_UNPACKED, []
    for id_, reference in named.items():
        files.append(_attachment(id_, reference, there[id_], left))
        left -= len(files[-1].content)
    return tuple(files)


def _by_id(nodes: list[Node]) -> dict[str, Node]:
    if len(nodes) > MAX_FILES:
        raise PackageRefused("files")
    found: dict[str, Node] = {}
    for node in nodes:
        id_ = node.text_of("ContentId")
        id_ = (id_[len(CID) :] if id_.lower().startswith(CID) else id_).strip()
        if not id_:
            raise PackageRefused("missing", "ContentId")
        if id_ in found:
            raise PackageRefused("twice", "ContentId")
        found[id_] = node
    return found


def _attachment(id_: str, reference: Node, node: Node, most: int) -> Attachment:
    name = clean_name(reference.text_of("AttachmentName") or node.text_of("AttachmentName"))
    content = unpacked(decoded(node.text_of(CONTENT), name=name), name=name, most=most)
    return Attachment(
        name=name, content=content, media_type=reference.text_of("ContentType") or node.text_of("ContentType"),
        description=reference.text_of("Description") or node.text_of("Description"), content_id=id_, shown=is_shown(content),
    )  # fmt: skip


def _day_in(node: Node, name: str) -> date | None:
    """The day of an element; None where it is empty. Raises PackageRefused."""
    text = node.text_of(name)
    day = day_of(text)
    if text and day is None:
        raise PackageRefused("day", name)
    return day


def _time_of(text: str) -> datetime | None:
    """A local time (+07:00); None where none can be read."""
    try:
        return datetime.strptime(text, TIME).replace(tzinfo=LOCAL_ZONE)
    except ValueError:
        return None
