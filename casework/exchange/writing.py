"""A package written as bytes: the prefix on every element in the envelope and none on the files, as some receivers need it.

What is written is checked against the schema (casework/exchange/edxml.xsd) before it is given out. Signs that XML cannot hold are left out.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import cache
from importlib import resources
from xml.sax.saxutils import escape

from lxml import etree

from casework.exchange.packages import NAMESPACE, TIME, Answered, Attachment, Organ, Package, Staff, Status, Update, day_text
from casework.exchange.refusals import MAX_BYTES, MAX_FILES, PackageRefused
from casework.local_time import LOCAL_ZONE

PREFIX = "edXML:"
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Malformed(ValueError):
    """What was to be written does not fit the schema; a mistake of ours, or a value the caller did not check."""


def write(message: Package | Status) -> bytes:
    """The bytes of a document or a status. Raises Malformed, and PackageRefused where it has more files or bytes than a package may."""
    files = message.attachments if isinstance(message, Package) else ()
    if len(files) > MAX_FILES:
        raise PackageRefused("files")
    refuse_misfit(_edxml(message, files, [""] * len(files)))
    raw = _edxml(message, files, [b64encode(file.content).decode() for file in files])
    if len(raw) > MAX_BYTES:
        raise PackageRefused("size")
    return raw


def refuse_misfit(raw: bytes) -> None:
    """Raise Malformed unless the bytes, written by us, fit the schema."""
    schema = _schema()
    if not schema.validate(etree.fromstring(raw, _parser())):
        raise Malformed(str(schema.error_log.last_error))


@cache
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.fromstring(resources.files("casework").joinpath("exchange", "edxml.xsd").read_bytes(), _parser()))


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


def _edxml(message: Package | Status, files: Sequence[Attachment], contents: Sequence[str]) -> bytes:
    header = _document(message) if isinstance(message, Package) else _in("MessageHeader", _status(message))
    body = _manifest(files) if isinstance(message, Package) else ""
    envelope = _in("edXMLHeader", header) + body
    text = (
        f'<?xml version="1.0" encoding="utf-8"?>\n<edXML xmlns="{NAMESPACE}" xmlns:edXML="{NAMESPACE}">'
        f"{_in('edXMLEnvelope', envelope)}{_encoded(files, contents)}</edXML>"
    )
    return text.encode()


def _in(name: str, inside: str) -> str:
    return f"<{PREFIX}{name}>{inside}</{PREFIX}{name}>"


def _text(text: str) -> str:
    return escape(_NOT_IN_XML.sub("", text))


def _each(*pairs: tuple[str, str]) -> str:
    return "".join(_in(name, _text(text)) for name, text in pairs)


def _day(day: date | None) -> str:
    return day_text(day) if day is not None else ""


def _time(at: datetime | None) -> str:
    return at.astimezone(LOCAL_ZONE).strftime(TIME) if at is not None else ""


def _organ(name: str, organ: Organ) -> str:
    return _in(name, _each(
        ("OrganId", organ.id), ("OrganizationInCharge", organ.in_charge), ("OrganName", organ.name), ("OrganAdd", organ.address),
        ("Email", organ.email), ("Telephone", organ.telephone), ("Fax", organ.fax), ("Website", organ.website),
    ))  # fmt: skip


def _staff(staff: Staff) -> str:
    told = (("Department", staff.department), ("Staff", staff.name), ("Email", staff.email), ("Mobile", staff.mobile))
    return _in("StaffInfo", _each(*told))


def _answered(answered: Answered) -> str:
    return _in("ResponseFor", _each(
        ("OrganId", answered.organ_id), ("Code", answered.code), ("DocumentId", str(answered.document or "")),
        ("PromulgationDate", _day(answered.day)),
    ))  # fmt: skip


def _status(status: Status) -> str:
    told = _each(("StatusCode", status.code), ("Description", status.description), ("Timestamp", _time(status.at)))
    return _organ("From", status.sender) + _answered(status.answers) + _staff(status.staff) + told


def _document(package: Package) -> str:
    kind, signer = package.type, package.signer
    head = [
        _organ("From", package.sender),
        *(_organ("To", organ) for organ in package.receivers),
        _each(("DocumentId", str(package.document))),
        _in("Code", _each(("CodeNumber", package.number), ("CodeNotation", package.notation))),
        _in("PromulgationInfo", _each(("Place", package.place), ("PromulgationDate", _day(package.promulgated_on)))),
        _in("DocumentType", _each(("Type", kind.type), ("TypeDetail", kind.detail), ("TypeName", kind.name))),
        _each(("Subject", package.subject), ("Content", package.content)),
        _in("SignerInfo", _each(("Competence", signer.competence), ("Position", signer.position), ("FullName", signer.full_name))),
        _each(("DueDate", _day(package.due_on))),
        _in("OtherInfo", _each(("Priority", package.priority), ("PageAmount", package.pages))),
        *(_answered(answered) for answered in package.answers),
        _in("ToPlaces", _each(*(("Place", place) for place in package.places))) if package.places else "",
    ]
    traces = (_in("TraceHeader", _each(("OrganId", trace.organ_id), ("Timestamp", _time(trace.at)))) for trace in package.traces)
    return _in("MessageHeader", "".join(head)) + _in("TraceHeaderList", "".join(traces) + _matter(package))


def _matter(package: Package) -> str:
    told = (("BussinessDocType", str(package.business.value)), ("BussinessDocReason", package.reason), ("Paper", str(int(package.paper))))
    replaced = (
        _in("ReplacementInfo", _each(("DocumentId", str(each.document))) + _in("OrganIdList", _organs(each.organ_ids)))
        for each in package.replaces
    )
    listed = _in("ReplacementInfoList", "".join(replaced)) if package.replaces else ""
    return _in("Bussiness", _each(*told) + _update(package.update) + listed + _staff(package.staff))


def _organs(ids: Iterable[str]) -> str:
    return _each(*(("OrganId", id_) for id_ in ids))


def _update(update: Update | None) -> str:
    if update is None:
        return ""
    receivers = (_in("Receiver", _each(("OrganId", each.organ_id), ("ReceiverType", each.type))) for each in update.receivers)
    told = _each(("DocumentInfo", update.document), ("DocumentReceiver", update.receiver))
    return _in("BussinessDocumentInfo", told + _in("ReceiverList", "".join(receivers)))


def _content_id(file: Attachment, number: int) -> str:
    return f"cid:{file.content_id or number}"


def _manifest(files: Sequence[Attachment]) -> str:
    references = "".join(
        _in("Reference", _each(
            ("ContentId", _content_id(file, number)), ("ContentType", file.media_type), ("Description", file.description),
            ("AttachmentName", file.name),
        )) for number, file in enumerate(files, 1)
    )  # fmt: skip
    manifest = f'<{PREFIX}edXMLManifest version="1.0">{references}</{PREFIX}edXMLManifest>'
    return _in("edXMLBody", manifest)


def _encoded(files: Sequence[Attachment], contents: Sequence[str]) -> str:
    if not files:
        return ""
    told = "".join(
        f"<Attachment><ContentId>{_text(_content_id(file, number))}</ContentId><AttachmentName>{_text(file.name)}</AttachmentName>"
        f"<Description>{_text(file.description)}</Description><ContentType>{_text(file.media_type)}</ContentType>"
        f"{_in('ContentTransferEncoded', content)}</Attachment>"
        for number, (file, content) in enumerate(zip(files, contents, strict=True), 1)
    )
    return f"<AttachmentEncoded>{told}</AttachmentEncoded>"
