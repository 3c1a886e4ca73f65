"""Why a message was not sent, as stored and as shown on the page of dead letters. None of them names a person."""

from casework.bilingual import Bilingual

WITHDRAWN, DISABLED, NOT_WISHED, NO_ADDRESS, OUT_OF_DATE, NOT_PUBLIC, NOT_CONFIGURED, BY_HAND, TOO_OLD, RESTRICTED = (
    "withdrawn", "disabled", "not_wished", "no_address", "out_of_date", "not_public", "not_configured", "by_hand", "too_old", "restricted",
)  # fmt: skip
"""Reasons for dropping."""
REFUSED, BUSY, UNREACHABLE, UNKNOWN, NO_WORDS, FAULT, REPLACED, HELD = (
    "refused", "busy", "unreachable", "unknown", "no_words", "fault", "replaced", "held",
)  # fmt: skip
"""Reasons for a failed attempt."""

WORDS: dict[str, Bilingual] = {
    WITHDRAWN: Bilingual("Tin đã được thu hồi", "The message was withdrawn"),
    DISABLED: Bilingual("Tài khoản đã khóa hoặc không còn giữ vai trò", "The account is shut or no longer holds the role"),
    NOT_WISHED: Bilingual("Người nhận không còn muốn nhận theo cách này", "The recipient does not wish to be told this way any more"),
    NO_ADDRESS: Bilingual("Không có địa chỉ nhận", "There is no address"),
    OUT_OF_DATE: Bilingual("Việc đã xong, tin không còn cần thiết", "The matter is over, the message is out of date"),
    NOT_PUBLIC: Bilingual("Hồ sơ không còn công khai", "The case is not public any more"),
    NOT_CONFIGURED: Bilingual("Kênh gửi đã tắt", "The channel was switched off"),
    BY_HAND: Bilingual("Quản trị bỏ tin này", "Dropped by an administrator"),
    TOO_OLD: Bilingual("Tin đã quá cũ", "The message is too old"),
    RESTRICTED: Bilingual("Người nhận đã yêu cầu hạn chế xử lý dữ liệu", "The recipient asked that their data rest"),
    REFUSED: Bilingual("Nơi nhận từ chối hẳn", "Refused for good"),
    BUSY: Bilingual("Nơi nhận tạm từ chối", "Refused for now"),
    UNREACHABLE: Bilingual("Không kết nối được máy chủ gửi tin", "The gateway could not be reached"),
    UNKNOWN: Bilingual("Không rõ tin đã đi hay chưa; không tự gửi lại", "It is not known whether it left; not sent again by itself"),
    NO_WORDS: Bilingual("Thiếu mẫu lời hoặc lời quá dài", "There is no text for it, or it is too long"),
    FAULT: Bilingual("Lỗi khi gửi", "A fault while sending"),
    HELD: Bilingual("Chờ quá lâu vì kênh gửi hoặc mẫu tin bị lỗi", "Its channel or template had a fault for too long"),
    REPLACED: Bilingual("Đã chuyển sang gửi bằng SMS", "Sent by SMS instead"),
}


def reason_of(last_error: str | None) -> str:
    """The recorded reason without the gateway's addition."""
    return (last_error or FAULT).partition(":")[0]
