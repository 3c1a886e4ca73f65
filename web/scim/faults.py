"""The refusals the door names itself: status and `scimType` of RFC 7644, section 3.12, and a sentence for people."""

from casework.bilingual import Bilingual

WORDS: dict[str, Bilingual] = {
    "key": Bilingual("Khóa thiếu, sai hoặc không còn hiệu lực.", "The key is missing, wrong or no longer valid."),
    "scope": Bilingual("Khóa này không được dùng cho việc này.", "This key may not be used for this."),
    "not_found": Bilingual("Không có địa chỉ hoặc người này.", "There is no such address or person."),
    "method": Bilingual("Địa chỉ này không nhận phương thức đó.", "This address does not take that method."),
    "search": Bilingual("Không tìm qua nhiều loại cùng lúc; xin dùng GET /Users.", "There is no search over all types; please GET /Users."),
    "changed": Bilingual("Người này đã đổi từ lần đọc trước (If-Match).", "This person has changed since they were read (If-Match)."),
    "media_type": Bilingual("Nội dung phải là application/scim+json.", "What is sent has to be application/scim+json."),
    "unreadable": Bilingual("Nội dung không phải JSON đọc được.", "What is sent is no JSON that can be read."),
    "too_large": Bilingual("Nội dung gửi quá lớn.", "What was sent is too large."),
    "too_often": Bilingual("Đã gọi quá nhiều lần, xin thử lại sau.", "There were too many requests; please try again later."),
    "away": Bilingual("Hệ thống đang bận, xin thử lại sau ít giây.", "The system is busy; please try again in some seconds."),
    "failed": Bilingual("Hệ thống có lỗi và đã ghi lại.", "Something failed here; it has been written down."),
    "filter": Bilingual("filter: userName, externalId hoặc id eq \"…\".", "filter is userName, externalId or id eq \"…\"."),
    "page": Bilingual("startIndex và count là số nguyên.", "startIndex and count are whole numbers."),
    "operations": Bilingual("Cần Operations: 1 đến 100 thao tác add, replace hoặc remove.",
                            "Operations are needed: 1 to 100 of add, replace or remove."),
    "path": Bilingual("Không đọc được path.", "The path cannot be read."),
    "no_target": Bilingual("remove cần path.", "remove needs a path."),
    "login_missing": Bilingual("Cần userName.", "userName is needed."),
    "name_missing": Bilingual("Cần displayName hoặc name.formatted.", "displayName or name.formatted is needed."),
    "login_stays": Bilingual("userName không đổi được.", "userName cannot be changed."),
    "read_only": Bilingual("Thuộc tính này không đổi hoặc bỏ được.", "This attribute cannot be changed or removed."),
}  # fmt: skip


class Refused(Exception):
    """A request that is not done: its status, and what of RFC 7644 it is."""

    def __init__(self, status: int, fault: str | Bilingual, scim_type: str = "") -> None:
        super().__init__(fault if isinstance(fault, str) else fault.en)
        self.status, self.scim_type = status, scim_type
        self.words = WORDS[fault] if isinstance(fault, str) else fault


def wrong_value(name: str) -> Refused:
    return Refused(400, Bilingual(f"Giá trị của {name} không hợp lệ.", f"The value of {name} is not valid."), "invalidValue")
