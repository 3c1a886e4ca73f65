"""What is wrong with a channel, in words: what a gateway's code means, and what to do about it."""

from casework.bilingual import Bilingual
from casework.models import ChannelFault
from web.gateways.zalo_keys import NO_CONSENT, NO_TOKEN
from web.gateways.zalo_numbers import words_of_number

_FOR_ADMINISTRATOR = Bilingual("Nơi gửi tin không nhận tin của hệ thống này: sai địa chỉ, khóa hoặc quyền",
                               "The gateway takes nothing from this system: a wrong address, key or permission")  # fmt: skip
_FOR_NOW = Bilingual("Nơi gửi tin không trả lời hoặc tạm từ chối", "The gateway does not answer, or refuses for now")

_MEND_CHANNEL = Bilingual(
    "Kiểm tra địa chỉ, khóa và tài khoản của kênh trong thiết lập máy chủ và ở nơi cung cấp; tin chờ sẽ tự gửi khi đã sửa.",
    "Check the address, key and account of the channel in the server's settings and at the provider; what waits leaves once it is mended.",
)
_MEND_TEMPLATE = Bilingual(
    "So mẫu tin ở Zalo với số mẫu và tham số trong Cài đặt → Lời tin nhắn, sửa chỗ khác nhau; tin sau được thử lại.",
    "Compare the template at Zalo with its number and parameters under Settings → Words of messages and mend what differs; the next "
    "message tries anew.",
)
_CONSENT = Bilingual("Quản trị viên của trung tâm mở Cài đặt → Zalo và cấp quyền lại.",
                     "An administrator of the centre opens Settings → Zalo and gives the permission anew.")  # fmt: skip
_OF_PERMISSION = {
    NO_CONSENT: Bilingual("Chưa có quyền gửi qua Zalo, hoặc quyền đã hết hạn", "There is no permission to send by Zalo, or it has run out"),
    NO_TOKEN: Bilingual("Chưa gia hạn được quyền gửi qua Zalo", "The permission to send by Zalo could not be renewed yet"),
}
_WAIT = Bilingual("Hệ thống tự thử lại; nếu kéo dài, hỏi nơi cung cấp.", "It is tried again by itself; where it lasts, ask the provider.")


def what_is_wrong(fault: ChannelFault) -> Bilingual:
    """Without the code, which stands beside it."""
    return words_of_number(fault.said) or _OF_PERMISSION.get(fault.said) or (_FOR_ADMINISTRATOR if fault.asks_administrator else _FOR_NOW)


def what_to_do(fault: ChannelFault) -> Bilingual:
    if not fault.asks_administrator:
        return _WAIT
    if fault.said == NO_CONSENT:
        return _CONSENT
    return _MEND_TEMPLATE if fault.template else _MEND_CHANNEL
