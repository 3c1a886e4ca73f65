"""Addresses of map tiles: which are allowed, and the host the security policy then lets browsers load pictures from.

A tile address is a template such as https://tiles.example.vn/{z}/{x}/{y}.png, or one of this server: /tiles/{z}/{x}/{y}.png. Nothing else
is allowed in it, because its host goes into the security policy of every page with a map.
"""

import re
from urllib.parse import urlsplit

from casework.bilingual import Bilingual

LONGEST_ADDRESS = 500
ADDRESS, SOURCE = "map_tile_url", "map_attribution"
"""The settings with the address and with the line that names its source."""
PLACES = ("{z}", "{x}", "{y}")
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_SIGNS = re.compile(r"[A-Za-z0-9._~:/?#@!$&()*+,=%{}-]*")


def tile_fault(address: str) -> Bilingual | None:
    """The fault of a tile address, None for a sound one and for an empty one (no tiles)."""
    if not address:
        return None
    if len(address) > LONGEST_ADDRESS:
        return Bilingual(f"Địa chỉ dài tối đa {LONGEST_ADDRESS} ký tự.", f"The address may have {LONGEST_ADDRESS} characters at most.")
    if not _SIGNS.fullmatch(address):
        return Bilingual("Địa chỉ có ký tự không dùng được (dấu cách, dấu nháy, dấu chấm phẩy…).",
                         "The address holds characters that cannot be used (blanks, quotes, semicolons…).")  # fmt: skip
    bare = address
    for place in PLACES:
        if address.count(place) != 1:
            return Bilingual(f"Địa chỉ cần có {{z}}, {{x}} và {{y}}, mỗi phần một lần; phần {place} chưa đúng.",
                             f"The address needs {{z}}, {{x}} and {{y}} once each; {place} is not right.")  # fmt: skip
        bare = bare.replace(place, "0")
    if "{" in bare or "}" in bare:
        return Bilingual("Ngoài {z}, {x} và {y}, địa chỉ không được có phần nào khác trong ngoặc nhọn.",
                         "Nothing but {z}, {x} and {y} may stand in braces.")  # fmt: skip
    if bare.startswith("/") and not bare.startswith("//"):
        return None
    return _host_fault(address, bare)


def source_fault(address: str, source: str) -> Bilingual | None:
    """The fault of tiles together with their source: a map does not draw them without it."""
    if address and not source:
        return Bilingual(
            "Có địa chỉ ảnh nền thì phải ghi nguồn của nền bản đồ trước.",
            "With an address of tiles the source of the map has to be said first.",
        )
    return None


def tile_origin(address: str) -> str | None:
    """The origin the security policy has to allow for a sound address: "https://host" or "https://host:port"; None on this server."""
    if not address or address.startswith("/"):
        return None
    parts = urlsplit(address)
    return f"https://{parts.hostname}{f':{parts.port}' if parts.port else ''}"


def _host_fault(address: str, bare: str) -> Bilingual | None:
    try:
        parts = urlsplit(bare)
        port = parts.port
    except ValueError:
        port, parts = None, urlsplit("")
    if parts.scheme != "https":
        return Bilingual("Cần địa chỉ bắt đầu bằng https:// (hoặc / cho ảnh nền đặt tại chính máy chủ này).",
                         "The address has to start with https:// (or with / for tiles on this server).")  # fmt: skip
    if parts.username or parts.password or "@" in parts.netloc or "#" in bare:
        return Bilingual("Địa chỉ không được có tên người dùng, mật khẩu hay dấu #.", "No user name, password or # may stand in it.")
    if not _HOST.fullmatch(parts.hostname or "") or (port is not None and not 0 < port < 65536):
        return Bilingual("Tên máy chủ trong địa chỉ không hợp lệ.", "The name of the host in the address is not valid.")
    if any(place in urlsplit(address).netloc for place in PLACES):
        return Bilingual("{z}, {x}, {y} phải đứng sau tên máy chủ.", "{z}, {x}, {y} have to stand behind the name of the host.")
    return None
