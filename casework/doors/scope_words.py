"""What each scope lets a service account do, in words for the people who give it."""

from collections.abc import Iterable

from casework.bilingual import Bilingual
from casework.permissions import Action

SCOPE_WORDS: dict[Action, Bilingual] = {
    Action.FILE_REPORT: Bilingual("Gửi phản ánh thay người dân", "File reports for citizens"),
    Action.TAKE_REPORT: Bilingual("Ghi nhận phản ánh qua đường dây nóng", "Take reports as the hotline does"),
    Action.READ_CASE: Bilingual("Đọc hồ sơ", "Read cases"),
    Action.SEARCH_CASES: Bilingual("Tìm hồ sơ", "Search cases"),
    Action.READ_INBOX: Bilingual("Đọc hộp việc", "Read the inbox"),
    Action.ACCEPT_ASSIGNMENT: Bilingual("Tiếp nhận việc được giao", "Accept assignments"),
    Action.PROGRESS_NOTE: Bilingual("Ghi tiến độ", "Note progress"),
    Action.REQUEST_EXTENSION: Bilingual("Xin gia hạn", "Ask for more time"),
    Action.SUBMIT_ANSWER: Bilingual("Gửi trả lời để lãnh đạo duyệt", "Submit answers for approval"),
    Action.HAND_BACK: Bilingual("Chuyển trả việc", "Hand assignments back"),
    Action.WRITE_NOTE: Bilingual("Viết ghi chú", "Write notes"),
    Action.READ_LETTERS: Bilingual("Đọc văn bản", "Read letters"),
    Action.READ_STATISTICS: Bilingual("Xem số liệu", "Read figures"),
    Action.EXPORT_LIST: Bilingual("Xuất danh sách", "Export lists"),
    Action.MANAGE_PEOPLE: Bilingual("Thêm và khóa tài khoản cán bộ, chỉ qua cửa SCIM", "Add and disable staff, at the SCIM door alone"),
}
"""Of every scope that can be given (scopes.py)."""


def scope_words(scopes: Iterable[object]) -> list[Bilingual]:
    """The words of scopes as they stand in a row or event; one that is known no more is named by itself."""
    known = {str(action): words for action, words in SCOPE_WORDS.items()}
    return [known.get(str(scope), Bilingual(str(scope), str(scope))) for scope in scopes]
