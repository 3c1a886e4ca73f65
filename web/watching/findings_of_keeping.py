"""What keeps the data safe, in sentences: backups, keys, verification and anchors."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from casework.bilingual import Bilingual
from web.watching.figures import Figures
from web.watching.finding import Finding, Level
from web.watching.spans import span

BACKUPS_SWEPT = timedelta(days=3)
"""Grace period after which an old backup should have been deleted, since that follows the next backup."""
BACKUP_OLD, BACKUP_LOST = timedelta(hours=36), timedelta(days=7)
VERIFIED_OLD = timedelta(days=8)
ANCHOR_OLD = timedelta(hours=27)


def of_keeping(found: Figures, *, key_ids: frozenset[str], exposed_keys: tuple[str, ...]) -> Iterator[Finding]:
    yield from _backup(found)
    yield from _old_backups(found)
    if exposed_keys:
        names = ", ".join(exposed_keys)
        yield Finding(
            Level.DANGER, "exposed_keys",
            Bilingual(f"Mọi tài khoản trên máy này đọc được tệp khóa: {names}.",
                      f"Every account of this machine can read files of keys: {names}."),
            Bilingual("Đặt quyền 600 cho tệp, 700 cho thư mục; nếu người lạ đã vào máy, thay khóa (langbiang keys).",
                      "Give the files mode 600, their folder 700; if strangers were on the machine, exchange the keys (langbiang keys)."),
            section="Keys",
        )  # fmt: skip
    keys = found.marks.get("keys")
    if keys is None or key_ids - set(keys.facts.get("keys", ())):
        is_new = keys is not None
        yield Finding(
            Level.DANGER, "keys",
            Bilingual("Có khóa mới chưa được sao lưu." if is_new else "Các khóa chưa từng được sao lưu.",
                      "There are keys that have not been saved." if is_new else "The keys have never been saved."),
            Bilingual("Chạy “langbiang backup THƯ-MỤC --keys TỆP” và cất tệp khóa ở nơi khác: mất khóa là mất danh tính và bản gốc.",
                      "Run “langbiang backup FOLDER --keys FILE” and keep the file apart: without keys identities and originals are lost."),
            section="Keys",
        )  # fmt: skip
    verified = found.marks.get("verify")
    if verified is not None and not verified.is_well:
        yield Finding(
            Level.DANGER, "verify",
            Bilingual(f"Lần kiểm chứng gần nhất tìm thấy {verified.facts.get('faults', 0)} lỗi.",
                      f"The last verification found {verified.facts.get('faults', 0)} faults."),
            Bilingual("Chạy “langbiang verify”, đọc từng dòng FAULT.", "Run “langbiang verify” and read each line FAULT."),
            section="Verify",
        )  # fmt: skip
    elif verified is None or found.at - verified.done_at > VERIFIED_OLD:
        yield Finding(
            Level.WARNING, "verify",
            Bilingual("Dữ liệu chưa từng được kiểm chứng." if verified is None else "Đã lâu chưa kiểm chứng dữ liệu.",
                      "The data have never been verified." if verified is None else "The data have not been verified for long."),
            Bilingual("Đặt lịch chạy “langbiang verify --every 30” mỗi ngày.", "Let “langbiang verify --every 30” run every day."),
            section="Verify",
        )  # fmt: skip
    if found.event_at is not None and (found.anchored_at is None or found.event_at - found.anchored_at > ANCHOR_OLD):
        yield Finding(
            Level.WARNING, "anchors",
            Bilingual("Nhật ký mới chưa được neo ra ngoài hơn một ngày.", "The history of more than a day has not been anchored."),
            Bilingual("Xem việc “Ký và ghi mốc neo”, rồi ghi lại số của mốc neo ở nơi khác.",
                      "Look at the job that writes anchors, then note the newest one elsewhere."),
            "settings_jobs.jobs", "Anchors",
        )  # fmt: skip


def _backup(found: Figures) -> Iterator[Finding]:
    mark = found.marks.get("backup")
    since = mark.well_at if mark is not None else None
    age = found.at - since if since is not None else None
    if mark is not None and not mark.is_well:
        what = Bilingual("Lần sao lưu gần nhất thiếu tệp.", "The last backup lacks files.")
    elif age is None:
        what = Bilingual("Chưa có bản sao lưu nào.", "There is no backup.")
    elif age > BACKUP_OLD:
        what = Bilingual(f"Bản sao lưu gần nhất đã cách đây {span(age).vi}.", f"The last backup is {span(age).en} old.")
    else:
        return
    is_bad = age is None or age > BACKUP_LOST or not (mark and mark.is_well)
    yield Finding(
        Level.DANGER if is_bad else Level.WARNING, "backup", what,
        Bilingual("Chạy “langbiang backup” mỗi đêm; nếu sao lưu bằng cách khác, báo bằng “langbiang backed-up”.",
                  "Run “langbiang backup” every night; where another program makes backups, say so by “langbiang backed-up”."),
        section="Back up",
    )  # fmt: skip


def _old_backups(found: Figures) -> Iterator[Finding]:
    mark = found.marks.get("backup")
    oldest, days = (mark.facts.get("oldest") if mark is not None else None), found.backup_days
    if mark is None or not oldest or mark.done_at - datetime.fromisoformat(oldest) <= timedelta(days=days) + BACKUPS_SWEPT:
        return
    yield Finding(
        Level.WARNING, "old_backups",
        Bilingual(f"Còn bản sao lưu cũ hơn {days} ngày: chúng giữ dữ liệu cá nhân đã được xóa.",
                  f"There are backups older than {days} days: they hold personal data that were erased since."),
        Bilingual("Xóa các bản đó, hoặc đổi giá trị “Giữ bản sao lưu (ngày)” và KEEP_DAYS cho khớp.",
                  "Delete them, or make the value “Backups are kept (days)” and KEEP_DAYS agree."),
        section="Back up",
    )  # fmt: skip
