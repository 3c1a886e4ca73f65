"""What an account is told of its own endpoints, and of what could not be delivered to them: never a body, a secret or a whole address."""

from datetime import datetime
from typing import Any, Literal

from casework.bilingual import Bilingual
from casework.doors.fields.told import Ref, Thing, Told
from casework.doors.webhooks.endpoints import host_of, state_of


def _of(name: str) -> Any:
    return lambda seen: getattr(seen.row, name)


def _endpoint(name: str) -> Any:
    return lambda seen: getattr(seen.row.endpoint, name)


def _told(name: str) -> Any:
    return lambda seen: seen.row.told.get(name)


ENDPOINT = Thing("Endpoint", Bilingual("Địa chỉ nhận tin", "Endpoint"), (
    Told("ref", Ref, Bilingual("Mã tham chiếu", "Ref"), Bilingual("Dùng trong địa chỉ.", "Stands in addresses."), _endpoint("ref")),
    Told("host", str, Bilingual("Máy chủ", "Host"), Bilingual("Phần sau không hiện.", "The rest of its address is not told."),
         lambda seen: host_of(seen.row.endpoint.url)),
    Told("events", list[str], Bilingual("Loại tin", "Types"), Bilingual("Đã chọn; trống: mọi loại được nhận.",
                                                                       "As chosen; empty: all it may get."), _endpoint("events")),
    Told("scheme", Literal["v1", "v1a"], Bilingual("Cách ký", "Scheme"), Bilingual("v1a: ed25519; v1: khóa chung.",
                                                                                  "v1a: ed25519; v1: a shared secret."),
         _endpoint("scheme")),
    Told("state", Literal["on", "unproven", "asked", "gone", "silent"], Bilingual("Trạng thái", "State"),
         Bilingual("on, chưa xác minh, hoặc vì sao đã tắt.", "On, not verified, or why it is off."),
         lambda seen: state_of(seen.row.endpoint)),
    Told("public_keys", list[str], Bilingual("Khóa công khai", "Public keys"),
         Bilingual("Ký bằng v1a hiện nay, mới trước; v1 không có.", "Of v1a, that sign now, the newest first; none of v1."),
         _of("public_keys")),
    Told("waiting", int, Bilingual("Đang chờ", "Waiting"), Bilingual("Số tin chưa gửi xong.", "Messages that are still to go."),
         _of("waiting")),
    Told("dead", int, Bilingual("Không gửi được", "Dead"), Bilingual("Xem /endpoints/{ref}/dead.", "See /endpoints/{ref}/dead."),
         _of("dead")),
    Told("verified_at", datetime | None, Bilingual("Xác minh lúc", "Verified"), Bilingual("null khi chưa.", "null before."),
         _endpoint("verified_at")),
    Told("last_delivered_at", datetime | None, Bilingual("Nhận gần nhất", "Last delivered"), Bilingual("null khi chưa.", "null before."),
         _endpoint("last_delivered_at")),
))  # fmt: skip

DEAD_LETTER = Thing("DeadLetter", Bilingual("Tin không gửi được", "Dead letter"), (
    Told("id", str, Bilingual("Mã tin", "Id"), Bilingual("webhook-id, giữ nguyên khi gửi lại.", "Its webhook-id, also when sent again."),
         _of("message")),
    Told("type", str, Bilingual("Loại tin", "Type"), Bilingual("Việc gì.", "What happened."), _of("type")),
    Told("ref", str | None, Bilingual("Về", "Ref"), Bilingual("Của việc được giao hoặc hồ sơ.", "Of an assignment or case."), _told("ref")),
    Told("case", str | None, Bilingual("Hồ sơ", "Case"), Bilingual("Mã tham chiếu.", "Its ref."), _told("case")),
    Told("code", str | None, Bilingual("Mã", "Code"), Bilingual("Mã hồ sơ hoặc phản ánh.", "Of a case or report."), _told("code")),
    Told("seq", int, Bilingual("Thứ tự", "Seq"), Bilingual("Trong các tin về cùng một việc.", "Among those about one thing."), _of("seq")),
    Told("at", datetime, Bilingual("Lúc", "At"), Bilingual("Khi việc xảy ra.", "When it happened."), _of("at")),
    Told("attempts", int, Bilingual("Số lần gửi", "Attempts"), Bilingual("Đã thử.", "How often it was tried."), _of("attempts")),
    Told("last_status", int | None, Bilingual("Mã trả lời", "Last status"), Bilingual("null khi không có trả lời.",
                                                                                     "null where there was no answer."),
         _of("last_status")),
    Told("dead_at", datetime, Bilingual("Thôi gửi lúc", "Given up"), Bilingual("Giữ 90 ngày; quản trị viên gửi lại được.",
         "Kept for 90 days; an administrator can send it again."), _of("dead_at")),
))  # fmt: skip
