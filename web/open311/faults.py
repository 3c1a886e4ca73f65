"""The faults the door names: a word for programs, the same in both languages and for good, and a sentence for people."""

from dataclasses import dataclass

from casework.bilingual import Bilingual

FAULTS: dict[str, Bilingual] = {
    "key": Bilingual("Khóa thiếu, sai, hết hạn hoặc không được dùng cho việc này.",
                     "The key is missing, wrong, run out, or may not be used for this."),
    "not_found": Bilingual("Không có địa chỉ hoặc mã này.", "There is no such address or id."),
    "method": Bilingual("Địa chỉ này không nhận phương thức đó.", "This address does not take that method."),
    "sign": Bilingual("Có ký tự không nhận được (ký tự rỗng).", "There is a sign that cannot be taken (NUL)."),
    "not_utf8": Bilingual("Nội dung phải là UTF-8.", "What is sent has to be UTF-8."),
    "unreadable": Bilingual("Không đọc được yêu cầu.", "The request cannot be read."),
    "too_large": Bilingual("Nội dung gửi quá lớn.", "What was sent is too large."),
    "too_often": Bilingual("Đã gọi quá nhiều lần, xin thử lại sau.", "There were too many requests; please try again later."),
    "away": Bilingual("Hệ thống đang bận, xin thử lại sau ít giây.", "The system is busy; please try again in some seconds."),
    "failed": Bilingual("Hệ thống có lỗi và đã ghi lại.", "Something failed here; it has been written down."),
    "jurisdiction_missing": Bilingual("Cần jurisdiction_id: có nhiều Trung tâm.", "jurisdiction_id is needed: there are several centres."),
    "jurisdiction_unknown": Bilingual("Không có jurisdiction_id này.", "There is no such jurisdiction_id."),
    "service_code_unknown": Bilingual("Không có service_code này.", "There is no such service_code."),
    "service_code_missing": Bilingual("Cần service_code.", "service_code is needed."),
    "status": Bilingual("status: open, closed hoặc cả hai, cách nhau bằng dấu phẩy.",
                        "status: open, closed or both, with a comma between."),
    "span": Bilingual("Khoảng ngày tối đa 90 ngày, ngày đầu trước ngày cuối.", "A span has 90 days at most and begins before it ends."),
    "narrow": Bilingual("Quá nhiều kết quả, xin thu hẹp khoảng ngày.", "There are too many; please narrow the days."),
    "page": Bilingual("page từ 1, page_size từ 1 đến 1000.", "page is 1 or more, page_size 1 to 1000."),
    "content_type": Bilingual("Cần biểu mẫu (urlencoded hoặc multipart).", "A form is needed (urlencoded or multipart)."),
    "too_long": Bilingual("Một trường dài quá 64.000 ký tự.", "A field has more than 64,000 characters."),
    "description_missing": Bilingual("Cần description: nội dung phản ánh.", "description is needed: what it is about."),
    "description_long": Bilingual("description tối đa 10.000 ký tự.", "description may have 10,000 characters."),
    "address_long": Bilingual("address_string tối đa 500 ký tự.", "address_string may have 500 characters."),
    "address_id": Bilingual("Không có address_id này.", "There is no such address_id."),
    "lat_long": Bilingual("lat và long: cả hai, độ thập phân, trong vùng phục vụ.",
                          "lat and long: both, in degrees, within the area that is served."),
    "place_missing": Bilingual("Cần một trong: lat và long, address_string, address_id.",
                               "One of these is needed: lat and long, address_string, address_id."),
    "phone": Bilingual("phone không phải số điện thoại.", "phone is no telephone number."),
    "email": Bilingual("email không phải địa chỉ thư.", "email is no e-mail address."),
    "contact_missing": Bilingual("Lĩnh vực này cần email hoặc phone của người phản ánh.",
                                 "This service needs the sender's email or phone."),
    "urgent": Bilingual("attribute[urgent]: yes hoặc no.", "attribute[urgent] is yes or no."),
    "idempotency_key": Bilingual("Idempotency-Key: 1 đến 255 ký tự.", "Idempotency-Key has 1 to 255 signs."),
    "idempotency_conflict": Bilingual("Idempotency-Key này đã gửi một phản ánh khác.", "This Idempotency-Key has filed another report."),
    "update_long": Bilingual("description tối đa 4.000 ký tự.", "description may have 4,000 characters."),
    "status_update": Bilingual("status không phải từ của Open311.", "status is no word of Open311."),
    "service_request_id_missing": Bilingual("Cần service_request_id.", "service_request_id is needed."),
    "closed": Bilingual("Phản ánh này đã kết thúc, không nhận thêm.", "This report is closed and takes nothing more."),
    "too_many_ids": Bilingual("Tối đa 1.000 mã.", "1,000 ids at most."),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with a request."""

    code: str
    words: Bilingual


class Refused(Exception):
    """The request cannot be answered; every fault found is told at once."""

    def __init__(self, status: int, *faults: Fault) -> None:
        super().__init__(", ".join(each.code for each in faults))
        self.status, self.faults = status, list(faults)


def fault(code: str) -> Fault:
    return Fault(code, FAULTS[code])


def not_an_instant(name: str) -> Fault:
    return Fault(
        name, Bilingual(f"{name}: ngày giờ W3C có múi giờ, ví dụ 2026-03-02T00:00:00+07:00.",
                        f"{name}: a W3C date and time with its zone, such as 2026-03-02T00:00:00+07:00."),
    )  # fmt: skip


def given_twice(name: str) -> Fault:
    return Fault(f"{name}_twice", Bilingual(f"{name} được gửi hai lần.", f"{name} is given twice."))
