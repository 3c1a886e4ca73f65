"""What an account is told of itself and of its key."""

from datetime import datetime

from casework.bilingual import Bilingual
from casework.doors.fields.told import Named, Ref, Thing, Told

LIMIT = Thing("Limit", Bilingual("Giới hạn", "Limit"), (
    Told("name", str, Bilingual("Tên", "Name"), Bilingual("Đếm gì.", "What is counted."), lambda seen: seen.row[0]),
    Told("allowed", int, Bilingual("Số lần", "Allowed"), Bilingual("Trong một cửa sổ.", "In one window."), lambda seen: seen.row[1]),
    Told("window", int, Bilingual("Cửa sổ", "Window"), Bilingual("Tính bằng giây.", "In seconds."), lambda seen: seen.row[2]),
))  # fmt: skip

WHO = Thing("Who", Bilingual("Tài khoản của khóa", "Whose key it is"), (
    Told("ref", Ref, Bilingual("Mã tham chiếu", "Ref"), Bilingual("Của tài khoản kết nối.", "Of the service account."),
         lambda seen: seen.row.account.ref),
    Told("name", str, Bilingual("Tên", "Name"), Bilingual("Do quản trị viên đặt.", "Given by an administrator."),
         lambda seen: seen.row.account.full_name or ""),
    Told("centre", Named, Bilingual("Trung tâm", "Centre"), Bilingual("Nơi tài khoản thuộc về.", "Where the account belongs."),
         lambda seen: seen.beside["centre"]),
    Told("agency", Named | None, Bilingual("Đơn vị", "Agency"), Bilingual("null: của chính Trung tâm.", "null: of the centre itself."),
         lambda seen: seen.beside["agency"]),
    Told("scopes", list[str], Bilingual("Quyền", "Scopes"), Bilingual("Những việc khóa được làm.", "What the key may be used for."),
         lambda seen: sorted(str(each) for each in seen.row.actor.scopes or ())),
    Told("key", str, Bilingual("Khóa", "Key"), Bilingual("Phần công khai của khóa.", "The public signs of the key."),
         lambda seen: seen.row.key),
    Told("expires_at", datetime, Bilingual("Hết hạn", "Expires"), Bilingual("Sau đó khóa không mở gì.", "After it the key opens nothing."),
         lambda seen: seen.row.expires_at),
    Told("limits", LIMIT, Bilingual("Các giới hạn", "Limits"), Bilingual("Của tài khoản.", "Of the account."),
         lambda seen: seen.beside["limits"], is_many=True),
))  # fmt: skip
THINGS = (LIMIT, WHO)
