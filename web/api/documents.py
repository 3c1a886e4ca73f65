"""Letters, and their papers byte for byte as they were issued or sealed."""

from base64 import b64encode

from flask import send_file
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from casework.bilingual import Bilingual
from casework.documents.files import PDF, open_file
from casework.doors.api.documents import DocumentsWanted, document_found, documents_found, file_found
from casework.doors.fields.asked import PAGE
from casework.doors.fields.documents import DOCUMENT, OF_DOCUMENTS
from casework.permissions import Action
from web.api.asking import parameters, wanted
from web.api.door import answered, unless_known
from web.api.reading import listed
from web.api.routes import answers
from web.door_keys import known_caller
from web.files.streams import opened_whole
from web.guards import file_store


@answers("/documents", Action.READ_LETTERS, Bilingual("Các văn bản tài khoản được đọc, mới nhất trước.",
                                                      "The documents the account may read, newest first."),
         DOCUMENT, is_list=True, filters=(*PAGE, *OF_DOCUMENTS))  # fmt: skip
def documents() -> ResponseReturnValue:
    asked = parameters((*PAGE, *OF_DOCUMENTS))
    return listed(DOCUMENT, asked, lambda page: documents_found(wanted(DocumentsWanted, asked), page, caller=known_caller()))


@answers("/documents/<ref>", Action.READ_LETTERS, Bilingual("Một văn bản.", "One document."), DOCUMENT)
def one_document(ref: str) -> ResponseReturnValue:
    parameters(())
    found = document_found(ref, caller=known_caller())
    if found is None:
        raise NotFound
    return answered(DOCUMENT.told(found))


@answers("/documents/<ref>/file", Action.READ_LETTERS, Bilingual("Tệp PDF của văn bản; Repr-Digest là mã băm của tệp.",
         "The PDF of a document; Repr-Digest has its digest."), bytes, media_type=PDF)  # fmt: skip
def document_file(ref: str) -> ResponseReturnValue:
    """The paper, with its digest as RFC 9530 has it."""
    parameters(())
    kept = file_found(ref, caller=known_caller())
    if kept is None:
        raise NotFound
    try:
        opened = open_file(kept, store=file_store())
    except LookupError:
        raise NotFound from None
    response = send_file(opened_whole(opened), mimetype=PDF, etag=False, conditional=False)
    response.content_length = kept.size
    response.set_etag(kept.sha256)
    response.headers["Repr-Digest"] = f"sha-256=:{b64encode(bytes.fromhex(kept.sha256)).decode()}:"
    return unless_known(response)
