"""Reasons for faults in words administrators can act on, by the class of the fault, since its own text is never stored."""

from casework.bilingual import Bilingual

UNKNOWN = Bilingual(
    "Phần mềm gặp một lỗi chưa lường trước. Xin gửi loại lỗi và nơi xảy ra cho người phụ trách kỹ thuật.",
    "The software met a fault nobody foresaw. Please send its kind and place to whoever looks after the system.",
)

REASONS = {
    "StateUnreadable": Bilingual(
        "Không đọc được trạng thái đã lưu của quy trình này. Hãy khôi phục trạng thái rồi thử lại.",
        "The stored state of this process cannot be read. Restore a state, then try again.",
    ),
    "OperationalError": Bilingual(
        "Cơ sở dữ liệu không ghi được, thường do hết chỗ trên đĩa hoặc mất kết nối. Hãy kiểm tra máy chủ rồi thử lại.",
        "The database could not write, mostly for want of disk space or a lost connection. Look at the server, then try again.",
    ),
    "OSError": Bilingual(
        "Không ghi được tệp, thường do hết chỗ trên đĩa. Hãy kiểm tra máy chủ rồi thử lại.",
        "A file could not be written, mostly for want of disk space. Look at the server, then try again.",
    ),
    "ExpressionRefused": Bilingual(
        "Một điều kiện trong sơ đồ cần giá trị chưa có hoặc sai kiểu. Hãy sửa giá trị của quy trình rồi thử lại.",
        "A condition of the diagram asks for a value that is missing or of another type. Correct that value, then try again.",
    ),
    "WorkflowException": Bilingual(
        "Sơ đồ không có hướng đi nào cho các giá trị đang có. Hãy sửa giá trị của quy trình rồi thử lại.",
        "The diagram has no way on for the values there are. Correct a value, then try again.",
    ),
    "EndlessLoop": Bilingual(
        "Sơ đồ chạy vòng không dừng. Hãy chuyển điểm chờ đến nơi khác hoặc sửa giá trị của quy trình.",
        "The diagram goes round without coming to rest. Set the token elsewhere, or correct a value.",
    ),
    "TreeTooDeep": Bilingual(
        "Quy trình này đã đi qua quá nhiều vòng khác nhau, không ghi thêm được. Hãy chuyển điểm chờ ra khỏi vòng lặp hoặc sửa sơ đồ.",
        "This process has gone through too many different rounds to note another. Set the token outside the loop, or mend the diagram.",
    ),
    "StateMismatch": Bilingual(
        "Hộp việc và trạng thái của quy trình không khớp nhau. Hãy chuyển điểm chờ về đúng bước.",
        "Inbox and state of the process do not agree. Set the token at the right step.",
    ),
}
"""Reasons by class name."""


def reason_of(error_class: str) -> Bilingual:
    if error_class in REASONS:
        return REASONS[error_class]
    if error_class.endswith("Refused"):
        return Bilingual(
            "Một quy tắc nghiệp vụ không cho phép việc này lúc quy trình tự chạy.",
            "A rule for handling cases did not allow this when the process ran by itself.",
        )
    return REASONS["WorkflowException"] if error_class.startswith("Workflow") else UNKNOWN
