"""The installation's problems in sentences, worst first: what it is, what to do, and where. Decided from figures alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from casework.bilingual import Bilingual
from casework.models import ProgramProcess
from casework.settings.gaps import Gaps
from casework.upkeep.server_processes import LOST_AFTER
from web.watching.figures import Figures
from web.watching.finding import Finding, Level
from web.watching.findings_of_channels import of_channels
from web.watching.findings_of_keeping import of_keeping
from web.watching.findings_of_settings import of_settings
from web.watching.findings_of_standbys import of_standbys
from web.watching.findings_of_zalo import of_zalo
from web.watching.job_words import what_is
from web.watching.spans import span
from workflows.jobs import INTERVALS

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FAILURES = 3
"""Consecutive failures of a job before it is reported: a server that once does not answer is no news."""
MISSED = 3
"""Intervals after which a job counts as missed."""
TIMERS_LATE, UNROUTED, FILES_LATE = 5 * MINUTE, 10 * MINUTE, 30 * MINUTE
CLOCKS_DIFFER = timedelta(seconds=2)
CERTIFICATE_SOON, CERTIFICATE_NOW = 45 * DAY, 14 * DAY
DISK_LOW, DISK_FULL, DISK_LEAST = 0.15, 0.05, 1_000_000_000
SLOW_QUERIES = 20


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What this process and its settings add to the figures."""

    gaps: Gaps
    schema_there: str
    schema_wanted: str
    key_ids: frozenset[str]
    channels: frozenset[str]
    exposed_keys: tuple[str, ...] = ()


def findings(found: Figures, around: Surroundings) -> list[Finding]:
    """All findings, worst first; empty when all is well."""
    parts = (
        _schema(around), _breaches(found), _villages(found), _processes(found), _jobs(found), _waiting(found, around), _points(found),
        _disks(found), of_keeping(found, key_ids=around.key_ids, exposed_keys=around.exposed_keys), _ends(found), of_standbys(found),
        of_settings(around.gaps), of_zalo(found.zalo, found.at),
    )  # fmt: skip
    return sorted((each for part in parts for each in part), key=lambda each: -each.level)


def is_sound(found: list[Finding]) -> bool:
    """Whether nothing needs attention; notes do not count."""
    return all(each.level == Level.NOTE for each in found)


def _schema(around: Surroundings) -> Iterator[Finding]:
    if around.schema_there != around.schema_wanted:
        yield Finding(
            Level.DANGER, "schema",
            Bilingual(f"Cơ sở dữ liệu ở bản {around.schema_there or '—'}, phần mềm cần bản {around.schema_wanted}.",
                      f"The database is at revision {around.schema_there or '—'}, the program needs {around.schema_wanted}."),
            Bilingual("Chạy “langbiang migrate”, hoặc nâng cấp phần mềm trên máy này.",
                      "Run “langbiang migrate”, or bring this machine to the newer program."),
            section="A new version of the program",
        )  # fmt: skip


def _processes(found: Figures) -> Iterator[Finding]:
    there = [each for each in found.processes if each.seen_at > found.at - LOST_AFTER]
    lost = [each for each in found.processes if each.seen_at <= found.at - LOST_AFTER]
    if not any(each.kind in ("worker", "demo") for each in there):
        yield Finding(
            Level.DANGER, "no_worker",
            Bilingual("Không có tiến trình nền nào hoạt động: hẹn giờ, nhắc việc và tin nhắn đều dừng.",
                      "No worker is running: timers, reminders and messages stand still."),
            Bilingual("Khởi động “langbiang worker” và xem nhật ký của nó.", "Start “langbiang worker” and read its log."),
            section="Watching",
        )  # fmt: skip
    if lost:
        yield Finding(
            Level.WARNING, "lost_process",
            Bilingual(f"{len(lost)} tiến trình không còn báo mình đang chạy mà chưa kết thúc: {_named(lost)}.",
                      f"{len(lost)} processes have stopped saying that they run, and have not ended: {_named(lost)}."),
            Bilingual("Nếu đã tắt máy hoặc tắt hẳn thì không cần làm gì; nếu không, hãy xem nhật ký và khởi động lại.",
                      "If the machine was switched off, nothing need be done; else read the log and start them again."),
            "settings_jobs.jobs",
        )  # fmt: skip
    yield from _differing(there)
    slow = sum(each.slow_queries for each in there)
    if slow >= SLOW_QUERIES:
        yield Finding(
            Level.NOTE, "slow_queries",
            Bilingual(f"{slow} câu lệnh cơ sở dữ liệu chạy chậm từ khi các tiến trình khởi động.",
                      f"{slow} statements of the database were slow since the processes were started."),
            Bilingual("Tìm “slow query” trong nhật ký: có câu lệnh, thời gian và trang hoặc việc nền.",
                      "Look for “slow query” in the log: it has the statement, the time, and the page or job."),
            section="Watching",
        )  # fmt: skip


def _differing(there: list[ProgramProcess]) -> Iterator[Finding]:
    ahead = [each for each in there if abs(timedelta(milliseconds=each.clock_ahead_ms)) > CLOCKS_DIFFER]
    if ahead:
        worst = max(ahead, key=lambda each: abs(each.clock_ahead_ms))
        seconds = round(worst.clock_ahead_ms / 1000, 1)
        yield Finding(
            Level.DANGER, "clocks",
            Bilingual(f"Đồng hồ của máy {worst.host} lệch {seconds} giây so với máy cơ sở dữ liệu.",
                      f"The clock of {worst.host} differs by {seconds} seconds from the database's."),
            Bilingual("Bật đồng bộ giờ (chrony, systemd-timesyncd) trên cả hai máy: hạn xử lý được tính theo các đồng hồ này.",
                      "Let a time server set both machines (chrony, systemd-timesyncd): limits are counted by these clocks."),
            section="Watching",
        )  # fmt: skip
    versions = sorted({each.version for each in there})
    if len(versions) > 1 or len({each.schema for each in there}) > 1:
        yield Finding(
            Level.NOTE, "versions",
            Bilingual(f"Các tiến trình chạy những phiên bản khác nhau ({', '.join(versions)}): đang nâng cấp dở.",
                      f"The processes run different versions ({', '.join(versions)}): an upgrade is under way."),
            Bilingual("Hoàn tất việc nâng cấp trên mọi máy.", "Finish the upgrade on every machine."), "settings_jobs.jobs",
        )  # fmt: skip


def _jobs(found: Figures) -> Iterator[Finding]:
    working = [each.started_at for each in found.processes if each.kind != "server" and each.seen_at > found.at - LOST_AFTER]
    for name, every in INTERVALS.items():
        row = found.jobs.get(name)
        if row is not None and row.failures_in_a_row >= FAILURES:
            times, error = row.failures_in_a_row, row.error or ""
            yield Finding(
                Level.DANGER, "failing_job",
                Bilingual(f"Việc nền “{what_is(name).vi}” lỗi {times} lần liên tiếp: {error}.",
                          f"The job “{what_is(name).en}” has failed {times} times in a row: {error}."),
                Bilingual(f"Tìm “job failed” của {name} trong nhật ký tiến trình nền; nơi lỗi: {row.error_place or '—'}.",
                          f"Look for “job failed” of {name} in the worker's log; it arose at {row.error_place or '—'}."),
                "settings_jobs.jobs",
            )  # fmt: skip
            continue
        since = max((each for each in (row.ended_at if row else None, min(working, default=None)) if each is not None), default=None)
        if working and since is not None and found.at - since > max(every * MISSED, every + 10 * MINUTE):
            yield Finding(
                Level.WARNING, "missed_job",
                Bilingual(f"Việc nền “{what_is(name).vi}” đã {span(found.at - since).vi} chưa chạy xong lần nào.",
                          f"The job “{what_is(name).en}” has not finished for {span(found.at - since).en}."),
                Bilingual("Nó có thể đang chạy rất lâu hoặc bị treo; xem nhật ký, rồi khởi động lại tiến trình nền.",
                          "It may run for very long, or hang: read the log, then start the worker anew."),
                "settings_jobs.jobs",
            )  # fmt: skip


KINDS_OF_FILES = {
    "recordings": Bilingual("bản ghi âm, ghi hình", "recordings"), "letters": Bilingual("văn bản", "letters"),
    "seals": Bilingual("văn bản chờ ký số", "letters to be sealed"), "outputs": Bilingual("tệp xuất", "exports"),
    "packages": Bilingual("gói tin văn bản gửi cơ quan khác", "packages of documents to other bodies"),
    "faces": Bilingual("ảnh chờ tìm khuôn mặt", "photos to be looked at for faces"),
}  # fmt: skip


def _waiting(found: Figures, around: Surroundings) -> Iterator[Finding]:
    if (age := found.timers.age(found.at)) > TIMERS_LATE:
        yield Finding(
            Level.DANGER, "timers",
            Bilingual(f"{found.timers.count} hẹn giờ của quy trình quá hạn mà chưa chạy, lâu nhất {span(age).vi}.",
                      f"{found.timers.count} timers of the process are overdue, the oldest for {span(age).en}."),
            Bilingual("Sau một lần ngừng dài chúng được chạy dần; nếu không giảm, xem việc “Chạy các hẹn giờ”.",
                      "After an outage they are worked off; where they do not get fewer, look at the job that fires timers."),
            "settings_jobs.jobs",
        )  # fmt: skip
    if (age := found.unrouted.age(found.at)) > UNROUTED:
        yield Finding(
            Level.DANGER, "unrouted",
            Bilingual(f"{found.unrouted.count} tin chưa được xử lý để gửi đi, lâu nhất {span(age).vi}.",
                      f"{found.unrouted.count} messages have not been worked out, the oldest for {span(age).en}."),
            Bilingual("Xem việc “Xác định ai được báo tin”.", "Look at the job that works out who is told."), "settings_jobs.jobs",
        )  # fmt: skip
    yield from of_channels(found, around.channels)
    if given_up := sum(found.given_up.values()):
        yield Finding(
            Level.WARNING, "given_up",
            Bilingual(f"{given_up} tin không gửi được và đang chờ người quyết định.", f"{given_up} messages were given up and wait."),
            Bilingual("Sửa nguyên nhân rồi gửi lại, hoặc bỏ.", "Mend the cause and send them again, or drop them."),
            "settings_messages.messages",
        )  # fmt: skip
    if found.incidents.count:
        yield Finding(
            Level.WARNING, "incidents",
            Bilingual(f"{found.incidents.count} sự cố của quy trình chưa xử lý.",
                      f"{found.incidents.count} incidents of the process are open."),
            Bilingual("Mở từng sự cố và thử lại.", "Open each and try again."), "incidents.incidents",
        )  # fmt: skip
    late = {kind: each for kind, each in found.files.items() if each.age(found.at) > FILES_LATE}
    if late:
        number, kinds = sum(each.count for each in late.values()), [KINDS_OF_FILES[kind] for kind in sorted(late)]
        vi, en = ", ".join(kind.vi for kind in kinds), ", ".join(kind.en for kind in kinds)
        yield Finding(
            Level.WARNING, "files",
            Bilingual(f"{number} tệp chờ tiến trình nền quá lâu ({vi}).", f"{number} files wait for the worker for too long ({en})."),
            Bilingual("Xem việc nền tương ứng và nhật ký.", "Look at the job that makes them, and at the log."), "settings_jobs.jobs",
        )  # fmt: skip


def _points(found: Figures) -> Iterator[Finding]:
    if found.points_in_clear:
        yield Finding(
            Level.NOTE, "points",
            Bilingual(f"Tọa độ của {found.points_in_clear} phản ánh do phiên bản trước ghi chưa được niêm phong.",
                      f"The points of {found.points_in_clear} reports, kept by a version before, are not sealed yet."),
            Bilingual("Tiến trình nền niêm phong dần, vài phút là xong; nếu không giảm, xem việc “Niêm phong tọa độ…”.",
                      "The worker seals them within minutes; where they do not get fewer, look at the job that seals points."),
            "settings_jobs.jobs",
        )  # fmt: skip


def _disks(found: Figures) -> Iterator[Finding]:
    words = {"data": Bilingual("thư mục dữ liệu", "the data folder"), "database": Bilingual("cơ sở dữ liệu", "the database")}
    for name in found.unseen_disks:
        yield Finding(
            Level.WARNING, "unseen_disk",
            Bilingual(f"Không xem được ổ đĩa của thư mục {name}.", f"The disk of the folder {name} cannot be looked at."),
            Bilingual("Gắn lại ổ đĩa, cho tài khoản của phần mềm đi qua các thư mục trên nó, hoặc sửa LANGBIANG_DISKS.",
                      "Mount it, let the account of the program pass through the folders above it, or mend LANGBIANG_DISKS."),
            section="Disks",
        )  # fmt: skip
    for name, disk in found.disks.items():
        share = disk.free / disk.total if disk.total else 1.0
        if share >= DISK_LOW and disk.free >= DISK_LEAST:
            continue
        is_full = share < DISK_FULL or disk.free < DISK_LEAST
        gigabytes = round(disk.free / 1e9, 1)
        yield Finding(
            Level.DANGER if is_full else Level.WARNING, "disk",
            Bilingual(f"Ổ đĩa của {words[name].vi if name in words else name} chỉ còn {gigabytes} GB ({share:.0%}).",
                      f"The disk of {words[name].en if name in words else name} has {gigabytes} GB left ({share:.0%})."),
            Bilingual("Giải phóng hoặc mở rộng ổ đĩa: khi đầy, không ai gửi và xử lý được gì, hoặc không sao lưu được nữa.",
                      "Free or enlarge it: once it is full nobody can send or do anything, or no backup is made."),
            section="Disks",
        )  # fmt: skip


def _ends(found: Figures) -> Iterator[Finding]:
    for each in found.certificates:
        left = each.ends_at - found.at if each.ends_at is not None else None
        if left is not None and left > CERTIFICATE_SOON:
            continue
        name = Bilingual("https", "https") if not each.is_seal else Bilingual(f"con dấu “{each.name}”", f"the seal “{each.name}”")
        if left is None:
            what = Bilingual(f"Không đọc được chứng thư của {name.vi}.", f"The certificate of {name.en} cannot be read.")
        elif left <= timedelta():
            what = Bilingual(f"Chứng thư của {name.vi} đã hết hạn.", f"The certificate of {name.en} has ended.")
        else:
            what = Bilingual(f"Chứng thư của {name.vi} hết hạn sau {span(left).vi}.",
                             f"The certificate of {name.en} ends in {span(left).en}.")  # fmt: skip
        is_near = left is not None and left <= CERTIFICATE_NOW
        yield Finding(Level.DANGER if is_near else Level.WARNING, "certificate", what,
                      Bilingual("Xin cấp chứng thư mới và thay trước ngày đó.", "Ask for a new one and put it in place before that day."),
                      section="Watching")  # fmt: skip


def _breaches(found: Figures) -> Iterator[Finding]:
    late, soon = found.notices_late, found.notices_due
    if late.count:
        yield Finding(
            Level.DANGER, "breach_late",
            Bilingual(f"{late.count} sự cố dữ liệu cá nhân đã quá 72 giờ mà chưa ghi nhận đã báo cơ quan chuyên trách.",
                      f"Of {late.count} breaches of personal data the 72 hours are over and no notice to the authority is put down."),
            Bilingual("Mở sự cố, in bản thảo, báo ngay và nêu vì sao chậm, rồi ghi nhận lúc gửi. Nếu không phải báo, kết thúc sự cố "
                      "và nêu lý do.",
                      "Open the breach, print the draft, tell the authority now and why it is late, and put down when it was sent. "
                      "Where it need not be told, close the breach and say why."),
            "rights_breaches.breaches",
        )  # fmt: skip
    if soon.count and soon.oldest_at is not None:
        left = span(soon.oldest_at - found.at)
        yield Finding(
            Level.WARNING, "breach_due",
            Bilingual(f"{soon.count} sự cố dữ liệu cá nhân phải báo cơ quan chuyên trách trong 24 giờ tới; gần nhất còn {left.vi}.",
                      f"Of {soon.count} breaches of personal data the authority has to know within 24 hours, of one within {left.en}."),
            Bilingual("Mở sự cố, in bản thảo gửi cơ quan chuyên trách, gửi đi rồi ghi nhận lúc gửi.",
                      "Open the breach, print the draft to the authority, send it, and put down when it was sent."),
            "rights_breaches.breaches",
        )  # fmt: skip


def _villages(found: Figures) -> Iterator[Finding]:
    if found.unreleased:
        yield Finding(
            Level.WARNING, "villages_unreleased",
            Bilingual(f"{found.unreleased} hồ sơ có lời ghi về thôn hoặc đường chưa ai xem để công khai; các lời ấy đang được giữ kín.",
                      f"Of {found.unreleased} cases nobody has looked at what was typed for village or street; it is hidden meanwhile."),
            Bilingual("Trưởng bộ phận vận hành xem từng hồ sơ rồi công khai, thay lời khác hoặc giữ kín.",
                      "The operations lead looks at each and lets it out, puts other words in its place or keeps it unsaid."),
            "unreleased_villages.villages",
        )  # fmt: skip


def _named(processes: list[ProgramProcess]) -> str:
    shown = ", ".join(f"{each.host} #{each.pid}" for each in processes[:5])
    return shown + (", …" if len(processes) > 5 else "")
