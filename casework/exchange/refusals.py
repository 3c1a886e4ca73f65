"""Why a package is not taken: each reason has a code, and words in both languages for our clerk and for whoever sent it."""

from casework.bilingual import Bilingual
from casework.errors import CaseworkError

MAX_BYTES = 50 * 1024 * 1024
MAX_UNPACKED = 100 * 1024 * 1024
MAX_FILES = 50
MAX_DEPTH = 32
MAX_ELEMENTS = 20_000
LONGEST_TEXT = 20_000
"""Characters of one element, other than the content of a file."""

REFUSALS: dict[str, Bilingual] = {
    "size": Bilingual("Gói tin lớn hơn 50 MB.", "The package is larger than 50 MB."),
    "encoding": Bilingual("Gói tin không phải UTF-8.", "The package is not UTF-8."),
    "xml": Bilingual("Gói tin không phải XML đúng quy cách.", "The package is not well-formed XML."),
    "doctype": Bilingual("Gói tin có DTD hoặc thực thể, không được phép.", "The package has a DTD or an entity, which is not allowed."),
    "instruction": Bilingual(
        "Gói tin có chỉ thị xử lý, không được phép.",
        "The package has a processing instruction, which is not allowed.",
    ),
    "include": Bilingual("Gói tin có XInclude, không được phép.", "The package has an XInclude, which is not allowed."),
    "depth": Bilingual("Gói tin lồng quá 32 cấp.", "The package nests more than 32 levels."),
    "elements": Bilingual("Gói tin có quá nhiều phần tử.", "The package has too many elements."),
    "text": Bilingual("Phần tử {element} dài hơn 20.000 ký tự.", "The element {element} has more than 20,000 characters."),
    "namespace_old": Bilingual(
        "Gói tin dùng không gian tên cũ; cần http://www.mic.gov.vn/TBT/QCVN_102_2016.",
        "The package uses an old namespace; http://www.mic.gov.vn/TBT/QCVN_102_2016 is needed.",
    ),
    "namespace": Bilingual(
        "Gói tin dùng không gian tên lạ ở {element}; cần http://www.mic.gov.vn/TBT/QCVN_102_2016.",
        "The package uses a foreign namespace at {element}; http://www.mic.gov.vn/TBT/QCVN_102_2016 is needed.",
    ),
    "envelope": Bilingual("Gói tin phải có đúng một edXMLEnvelope.", "The package must have exactly one edXMLEnvelope."),
    "missing": Bilingual("Gói tin thiếu {element}.", "The package lacks {element}."),
    "twice": Bilingual("Gói tin có {element} hơn một lần.", "The package has {element} more than once."),
    "organ": Bilingual("Mã định danh cơ quan ở {element} không hợp lệ.", "The identifier of a body in {element} is not valid."),
    "to": Bilingual("Gói tin không gửi cho cơ quan nào ở đây.", "The package is sent to no body here."),
    "document_id": Bilingual(
        "DocumentId phải gồm mã cơ quan, ngày (yyyy/MM/dd) có thật, số/ký hiệu.",
        "DocumentId must be an identifier, a real day (yyyy/MM/dd), and number/notation.",
    ),
    "day": Bilingual("Ngày ở {element} không hợp lệ.", "The day in {element} is not valid."),
    "business": Bilingual("BussinessDocType phải là 0, 1, 2 hoặc 3.", "BussinessDocType must be 0, 1, 2 or 3."),
    "response_for": Bilingual(
        "Gói tin không nêu rõ văn bản liên quan (ResponseFor).",
        "The package does not name the document it is about (ResponseFor).",
    ),
    "status": Bilingual("Mã trạng thái phải từ 01 đến 16.", "The status must be from 01 to 16."),
    "reference": Bilingual(
        "Tệp “{element}” được nêu nhưng không có trong gói tin.",
        "The file “{element}” is named but not in the package.",
    ),
    "attachment": Bilingual(
        "Tệp “{element}” có trong gói tin nhưng không được nêu.",
        "The file “{element}” is in the package but not named.",
    ),
    "files": Bilingual("Gói tin có hơn 50 tệp.", "The package has more than 50 files."),
    "unpacked": Bilingual("Các tệp sau khi giải nén lớn hơn 100 MB.", "The files are larger than 100 MB when unpacked."),
    "base64": Bilingual(
        "Nội dung tệp “{element}” không phải base64 đúng quy cách.",
        "The content of the file “{element}” is not valid base64.",
    ),
    "zip": Bilingual(
        "Tệp nén “{element}” phải chứa đúng một tệp, không thư mục, không mật khẩu.",
        "The archive “{element}” must hold exactly one file, without folders and without password.",
    ),
    "infected": Bilingual("Tệp “{element}” có mã độc.", "The file “{element}” holds malware."),
    "unknown": Bilingual(
        "Trạng thái về văn bản chưa gửi cho cơ quan này.", "The status is about a document that was not sent to this body."
    ),
}  # fmt: skip


class PackageRefused(CaseworkError):
    """The package cannot be taken. `code` is one of REFUSALS; `element` is where, in at most 60 characters."""

    def __init__(self, code: str, element: str = "") -> None:
        words = REFUSALS[code]
        self.code, self.element = code, element[:60]
        super().__init__(words.vi.replace("{element}", self.element), words.en.replace("{element}", self.element))
