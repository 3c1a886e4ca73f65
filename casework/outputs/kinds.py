"""The kinds of outputs: each with its forms, and who may order it."""

from dataclasses import dataclass

from casework.bilingual import Bilingual
from casework.errors import CaseworkError
from casework.permissions import Action


class OutputRefused(CaseworkError):
    """It cannot be ordered, made or fetched like this; the text says why."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of output: whoever may do all of `needs` in the centre may order it.

    `holds_cases`: it is about single cases, so it is dropped when one of them leaves the system. `can_name`: with reason and permission
    it names the senders of reports. `needs_reason`: it names no senders, but needs a reason, and each download is recorded.
    """

    key: str
    name: Bilingual
    forms: tuple[str, ...]
    needs: tuple[Action, ...]
    holds_cases: bool = True
    can_name: bool = False
    needs_reason: bool = False


TABLES = ("xlsx", "csv", "json")
DOCUMENTS = ("pdf", "xlsx", "json")

KINDS: dict[str, Kind] = {
    kind.key: kind
    for kind in (
        Kind("cases", Bilingual("Danh sách hồ sơ", "List of cases"), TABLES, (Action.EXPORT_LIST, Action.SEARCH_CASES), can_name=True),
        Kind("inbox", Bilingual("Việc đang chờ", "Work that waits"), TABLES, (Action.EXPORT_LIST, Action.READ_INBOX)),
        Kind("late", Bilingual("Danh sách trễ hạn", "List of late cases"), TABLES, (Action.EXPORT_LIST, Action.READ_LATE)),
        Kind("letters", Bilingual("Danh sách văn bản", "List of letters"), TABLES, (Action.EXPORT_LIST, Action.READ_LETTERS)),
        Kind("register", Bilingual("Sổ đăng ký văn bản đi", "Register of documents"), TABLES, (Action.EXPORT_LIST, Action.READ_LETTERS)),
        Kind("figures", Bilingual("Bảng thống kê", "Table of figures"), TABLES, (Action.EXPORT_LIST, Action.READ_STATISTICS),
             holds_cases=False),
        Kind("counted", Bilingual("Hồ sơ sau một con số", "Cases behind a number"), TABLES,
             (Action.EXPORT_LIST, Action.READ_STATISTICS, Action.READ_CASE)),
        Kind("setting_events", Bilingual("Nhật ký thiết lập", "Changes of settings"), TABLES,
             (Action.EXPORT_LIST, Action.READ_SETTING_EVENTS), holds_cases=False),
        Kind("processing", Bilingual("Sổ hoạt động xử lý dữ liệu cá nhân", "Register of processing"), TABLES,
             (Action.EXPORT_LIST, Action.READ_PROCESSING), holds_cases=False),
        Kind("looks", Bilingual("Ai đã xem dữ liệu cá nhân", "Who looked at personal data"), TABLES,
             (Action.EXPORT_LIST, Action.READ_LOOKS), needs_reason=True),
        Kind("affected", Bilingual("Phản ánh liên quan đến sự cố", "Reports a breach affects"), TABLES,
             (Action.EXPORT_LIST, Action.HANDLE_BREACH), needs_reason=True),
        Kind("heat", Bilingual("Thời gian các bước", "Times of steps"), TABLES, (Action.EXPORT_LIST, Action.READ_BOTTLENECKS),
             holds_cases=False),
        Kind("incidents", Bilingual("Danh sách sự cố", "List of incidents"), TABLES, (Action.EXPORT_LIST, Action.RETRY_INCIDENT)),
        Kind("people", Bilingual("Danh sách cán bộ, vai trò", "List of staff and roles"), TABLES,
             (Action.EXPORT_LIST, Action.MANAGE_PEOPLE), holds_cases=False),
        Kind("messages", Bilingual("Danh sách tin không gửi được", "List of messages given up"), TABLES,
             (Action.EXPORT_LIST, Action.RETRY_MESSAGE)),
        Kind("outputs", Bilingual("Danh sách tệp của tôi", "List of my files"), TABLES, (Action.EXPORT_LIST,), holds_cases=False),
        Kind("schedules", Bilingual("Danh sách lịch", "List of schedules"), TABLES, (Action.EXPORT_LIST, Action.SCHEDULE_REPORT),
             holds_cases=False),
        Kind("freeze_figures", Bilingual("Chốt số liệu", "Freezing of figures"), ("json",), (Action.FREEZE_FIGURES,), holds_cases=False),
        Kind("correct_figures", Bilingual("Đính chính số liệu", "Correction of figures"), ("json",), (Action.FREEZE_FIGURES,),
             holds_cases=False),
        Kind("letter", Bilingual("Văn bản chưa có số", "Document without a number"), ("pdf",), (Action.READ_LETTERS,)),
        Kind("case_file", Bilingual("Hồ sơ vụ việc", "Case file"), ("pdf", "json"), (Action.PRINT_CASE_FILE,)),
        Kind("period_report", Bilingual("Báo cáo kỳ", "Report of a period"), DOCUMENTS, (Action.READ_STATISTICS,)),
        Kind("agency_sheet", Bilingual("Phiếu kết quả của đơn vị", "Agency sheet"), DOCUMENTS, (Action.READ_STATISTICS,)),
        Kind("yearbook", Bilingual("Báo cáo công khai hằng năm", "Public yearbook"), DOCUMENTS, (Action.READ_STATISTICS,)),
    )
}  # fmt: skip
"""Every kind. The functions that make them are in web.outputs.making.MAKERS."""


def is_for_a_reason(key: str) -> bool:
    """Whether a kind needs a reason."""
    return key in KINDS and KINDS[key].needs_reason
