"""The name of each part of the settings, used by the index, its page's title and the list of changes."""

from casework.bilingual import Bilingual
from casework.settings.kinds.table import KINDS

TITLES: dict[str, Bilingual] = {
    **{kind.name: kind.title for kind in KINDS.values()},
    "people": Bilingual("Cán bộ và vai trò", "People and roles"),
    "deputy": Bilingual("Người làm thay", "Deputies"),
    "agency": Bilingual("Đơn vị xử lý", "Agencies"),
    "area": Bilingual("Địa bàn", "Areas"),
    "boundary": Bilingual("Ranh giới địa bàn", "Boundaries of areas"),
    "centre": Bilingual("Các Trung tâm", "Centres"),
    "value": Bilingual("Giá trị chung", "Single values"),
    "events": Bilingual("Nhật ký cài đặt", "Changes of settings"),
    "calendar": Bilingual("Lịch làm việc", "Working calendar"),
    "text": Bilingual("Lời tin nhắn", "Words of messages"),
    "messages": Bilingual("Tin gửi đi", "Messages sent"),
    "zalo_account": Bilingual("Zalo", "Zalo"),
    "reorganisation": Bilingual("Sắp xếp lại đơn vị", "Reorganisations"),
    "wallboard": Bilingual("Tivi hiển thị", "Televisions"),
    "host_app": Bilingual("Ứng dụng đăng nhập thay", "Applications that sign people in"),
    "doors": Bilingual("Cửa kết nối", "Doors to other systems"),
    "house_setting": Bilingual("Bản đồ nền", "Base map"),
    "health": Bilingual("Tình trạng hệ thống", "Health of the system"),
    "jobs": Bilingual("Việc chạy nền", "Jobs that run by themselves"),
    "register": Bilingual("Sổ hoạt động xử lý dữ liệu cá nhân", "Register of processing"),
    "looks": Bilingual("Ai đã xem dữ liệu cá nhân", "Who looked at personal data"),
    "breach": Bilingual("Sự cố dữ liệu cá nhân", "Breaches of personal data"),
}
"""By the kind of setting in events, where there is one."""
