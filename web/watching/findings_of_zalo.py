"""How the permission to send by Zalo stands, in sentences: for the health page and for the page of the account itself."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from casework.bilingual import Bilingual
from casework.zalo.consent import AccountSeen
from casework.zalo.tokens import NEEDS_CONSENT
from web.watching.finding import Finding, Level
from web.watching.spans import span

REFRESH_OLD, REFRESH_ENDS = timedelta(days=60), timedelta(days=80)
"""Zalo takes a refresh token for three months; every renewal gives a new one."""
FAILURES = 3
PAGE = "settings_zalo.zalo"
CONSENT_ANEW = Bilingual("Quản trị viên của trung tâm mở Cài đặt → Zalo và cấp quyền.",
                         "An administrator of the centre opens Settings → Zalo and gives the permission.")  # fmt: skip


def of_zalo(seen: AccountSeen | None, at: datetime) -> Iterator[Finding]:
    """None: no account is set up, which is no problem."""
    if seen is None:
        return
    if not seen.has_tokens:
        what = Bilingual("Chưa có quyền gửi tin qua Zalo; người dân được báo bằng SMS.",
                         "There is no permission to send by Zalo; people are told by SMS.")  # fmt: skip
        yield Finding(Level.WARNING, "zalo_consent", what, CONSENT_ANEW, PAGE)
    elif seen.state == NEEDS_CONSENT:
        yield Finding(Level.DANGER, "zalo_consent", _ended(seen, at), CONSENT_ANEW, PAGE)
    else:
        yield from _aged(seen, at)
        if seen.failures >= FAILURES:
            yield Finding(
                Level.NOTE, "zalo_renewal",
                Bilingual(f"Gia hạn quyền gửi qua Zalo lỗi {seen.failures} lần liên tiếp ({seen.said or '—'}).",
                          f"The permission to send by Zalo could not be renewed {seen.failures} times in a row ({seen.said or '—'})."),
                Bilingual("Hệ thống tự thử lại mỗi 15 phút; kiểm tra đường mạng từ máy chủ đến Zalo.",
                          "It is tried every 15 minutes; check the way from the server to Zalo."),
                PAGE,
            )  # fmt: skip


def _ended(seen: AccountSeen, at: datetime) -> Bilingual:
    left = seen.expires_at - at if seen.expires_at is not None else timedelta()
    if left > timedelta():
        return Bilingual(f"Zalo không gia hạn quyền gửi tin nữa ({seen.said or '—'}); còn gửi được {span(left).vi}.",
                         f"Zalo renews the permission no more ({seen.said or '—'}); messages go on for {span(left).en}.")  # fmt: skip
    return Bilingual(f"Quyền gửi tin qua Zalo đã hết ({seen.said or '—'}); người dân được báo bằng SMS.",
                     f"The permission to send by Zalo has ended ({seen.said or '—'}); people are told by SMS.")  # fmt: skip


def _aged(seen: AccountSeen, at: datetime) -> Iterator[Finding]:
    age = at - seen.refresh_issued_at if seen.refresh_issued_at is not None else timedelta()
    if age < REFRESH_OLD:
        return
    yield Finding(
        Level.DANGER if age >= REFRESH_ENDS else Level.NOTE, "zalo_refresh",
        Bilingual(f"Quyền gửi qua Zalo được gia hạn lần cuối {span(age).vi} trước; quá 90 ngày thì phải cấp lại.",
                  f"The permission to send by Zalo was renewed last {span(age).en} ago; after 90 days it has to be given anew."),
        Bilingual("Xem việc “Gia hạn quyền gửi tin qua Zalo” vì sao không chạy; nếu không kịp, cấp quyền lại.",
                  "See why the job that renews it does not run; where there is no time, give the permission anew."),
        PAGE,
    )  # fmt: skip
