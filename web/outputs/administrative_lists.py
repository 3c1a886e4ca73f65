"""Administrative lists as files: incidents, people and roles, undelivered messages, outputs and schedules."""

from collections.abc import Callable, Iterator
from typing import Any

from casework.local_time import local_day
from casework.messages import reasons
from casework.messages.dead_letters import dead_letters
from casework.models import Account, Membership, Output
from casework.outputs import KINDS, outputs_seen
from casework.outputs.schedule_lists import last_runs, people_named, roles_named, schedules_seen
from casework.settings.lists import PAGE as PEOPLE_PAGE
from casework.settings.lists import people_page
from casework.settings.role_labels import ROLE_WORDS
from casework.settings.scopes import administered_centres, centre_of
from casework.settings.seats import seat_of
from reports.statistics.periods import KIND_NAMES
from reports.tables.table import Column, Table
from web.accounts.notification_preferences import CHANNEL_LABELS
from web.incidents.pages import KINDS as INCIDENT_KINDS
from web.incidents.pages import label_of
from web.outputs.listing import as_file, is_of_centre, yes
from web.outputs.making import MAKERS, Maker, Progress
from web.settings.messages import kind_words
from workflows.running.fault_reasons import reason_of
from workflows.running.incidents import open_incidents

MOST_ROWS = 10_000
PIECE = 200

STATES = {"waiting": "Đang chờ", "making": "Đang tạo", "ready": "Đã có", "failed": "Không tạo được", "expired": "Đã hết hạn"}

INCIDENT_COLUMNS = (
    Column("occurred_at", "Xảy ra lúc", "datetime", 17, en="When"),
    Column("code", "Mã hồ sơ", en="Code"),
    Column("step", "Bước", width=34, meaning="Để trống: chuyển tin giữa các quy trình.", en="Step"),
    Column("kind", "Loại", width=26, en="Kind"),
    Column("reason", "Nguyên nhân", width=44, en="Reason"),
    Column("error", "Lỗi", width=26, meaning="Loại lỗi của phần mềm.", en="Fault"),
    Column("where", "Nơi xảy ra", width=40, en="Where"),
    Column("attempts", "Số lần thử", "integer", 10, en="Attempts"),
    Column("last_attempt_at", "Thử lần cuối", "datetime", 17, en="Last attempt"),
    Column("incident", "Mã sự cố", width=20, en="Incident"),
)
PEOPLE_COLUMNS = (
    Column("name", "Họ tên", width=28, en="Name"),
    Column("login", "Tên đăng nhập", width=20, en="User name"),
    Column("title", "Chức vụ", width=28, en="Title"),
    Column("role", "Vai trò", width=30, meaning="Mỗi vai trò là một dòng; để trống: chưa có vai trò.", en="Role"),
    Column("place", "Nơi", width=36, en="Place"),
    Column("focal", "Đầu mối", width=9, en="Focal point"),
    Column("valid_from", "Từ ngày", "day", 13, en="From"),
    Column("valid_to", "Đến trước ngày", "day", 13, en="Until before"),
    Column("start_password", "Mật khẩu ban đầu", width=12, meaning="Còn dùng mật khẩu ban đầu.", en="Start password"),
    Column("disabled_at", "Khóa lúc", "datetime", 17, en="Disabled"),
)
MESSAGE_COLUMNS = (
    Column("given_up_at", "Lúc", "datetime", 17, en="When"),
    Column("code", "Mã hồ sơ", en="Code"),
    Column("message", "Tin", width=44, en="Message"),
    Column("channel", "Kênh", width=20, en="Channel"),
    Column("attempts", "Số lần thử", "integer", 10, en="Attempts"),
    Column("reason", "Lý do", width=44, en="Reason"),
    Column("detail", "Chi tiết", width=30, meaning="Cổng gửi tin trả lời.", en="Detail"),
)
OUTPUT_COLUMNS = (
    Column("asked_at", "Yêu cầu lúc", "datetime", 17, en="Asked at"),
    Column("kind", "Tệp", width=30, en="File"),
    Column("form", "Dạng", width=8, en="Form"),
    Column("centre", "Trung tâm", width=34, en="Centre"),
    Column("state", "Trạng thái", width=16, en="Where it stands"),
    Column("rows", "Số dòng", "integer", 10, en="Rows"),
    Column("ended_at", "Xong lúc", "datetime", 17, en="Ended"),
    Column("expires_at", "Giữ đến", "datetime", 17, en="Until"),
    Column("fetched", "Số lần tải", "integer", 10, en="Downloaded"),
    Column("identity", "Dữ liệu cá nhân", width=10, en="Personal data"),
    Column("error", "Vì sao không có", width=44, en="Why it was not made"),
)
SCHEDULE_COLUMNS = (
    Column("name", "Lịch", width=36, en="Schedule"),
    Column("kind", "Tạo gì", width=28, en="What is made"),
    Column("form", "Dạng", width=8, en="Form"),
    Column("place", "Trung tâm, đơn vị", width=34, en="Centre or agency"),
    Column("every", "Kỳ", width=14, en="Every"),
    Column("clock_time", "Giờ", width=8, en="Time of day"),
    Column("days_after", "Chờ thêm (ngày làm việc)", "integer", 12, en="Working days later"),
    Column("next_at", "Lần tới", "datetime", 17, meaning="Để trống: đã dừng.", en="Next time"),
    Column("last_period", "Kỳ gần nhất", width=26, en="Last period"),
    Column("last_result", "Kết quả gần nhất", width=18, en="Last result"),
    Column("error", "Vì sao không có hoặc không gửi", width=44, en="Why it was not made or sent"),
    Column("sent_to", "Gửi đến", width=40, en="Sent to"),
    Column("made_by", "Đứng tên", width=28, en="Made in the name of"),
    Column("stopped_at", "Dừng lúc", "datetime", 17, en="Stopped"),
)

Rows = Iterator[tuple[Any, ...]]


RowsOf = Callable[[Output, Progress, Table], Rows]


def _table(title: str, columns: tuple[Column, ...], rows: RowsOf, chosen: Callable[[Output], str]) -> Maker:
    def table_of(output: Output, progress: Progress) -> Table:
        table = Table(title, columns, (), notes=[("Bộ lọc", chosen(output) or "không có")])
        table.rows = _bounded(rows(output, progress, table), progress, table)
        return table

    return as_file(table_of)


def _bounded(rows: Rows, progress: Progress, table: Table) -> Rows:
    for number, row in enumerate(rows, start=1):
        if number > MOST_ROWS:
            table.notes.append(("Bị cắt bớt", f"Chỉ có {MOST_ROWS} dòng đầu tiên."))
            return
        yield row
        progress.tell(number)


def _nothing(_output: Output) -> str:
    return ""


# -- incidents -------------------------------------------------------------------------------------------------------------


def _incidents(output: Output, progress: Progress, _table: Table) -> Rows:
    before = None
    while page := open_incidents(progress.by, limit=PIECE, before=before):
        for row in page:
            case = row.instance.case
            if is_of_centre(case, output.centre_id):
                label = label_of(row)
                yield (
                    row.occurred_at, case.code, label.vi if label is not None else None, str(INCIDENT_KINDS[row.kind]),
                    reason_of(row.error_class).vi, row.error_class, row.error_text, row.attempts, row.last_attempt_at, row.ref,
                )  # fmt: skip
        before = page[-1]
        if len(page) < PIECE:
            return


# -- people ----------------------------------------------------------------------------------------------------------------


def _people(output: Output, progress: Progress, _table: Table) -> Rows:
    """One row for each role in the centre or the whole installation, and one for each person without any role."""
    by, after = progress.by.alone, ""
    mine, today = administered_centres(by), local_day(progress.now)
    asked = {name: str(output.parameters.get(name) or "") for name in ("q", "state")}
    while True:
        page, after = people_page(by, typed=asked["q"], after=after, state=asked["state"])
        for account in page:
            rows = [row for row in account.memberships if row.valid_to is None or row.valid_to > max(today, row.valid_from)]
            shown = [row for row in rows if centre_of(row) in (None, output.centre_id) and (mine is None or centre_of(row) in mine)]
            if not rows:
                yield _person(account, None)
            yield from (_person(account, row) for row in shown)
        if not after or len(page) < PEOPLE_PAGE:
            return


def _person(account: Account, row: Membership | None) -> tuple[Any, ...]:
    seat = seat_of(row) if row is not None else None
    return (
        account.full_name, account.login, account.title_vi, seat.role_words.vi if seat is not None else None,
        seat.place.vi if seat is not None else None, yes(row.is_focal) if row is not None else None,
        row.valid_from if row is not None else None, row.valid_to if row is not None else None, yes(account.must_change_password),
        account.disabled_at,
    )  # fmt: skip


def _people_chosen(output: Output) -> str:
    words, state = str(output.parameters.get("q") or ""), output.parameters.get("state")
    return "; ".join(filter(None, (f"từ khóa: {words}" if words else "", "đã khóa" if state == "disabled" else "đang làm việc")))


# -- messages given up -----------------------------------------------------------------------------------------------------


def _messages(output: Output, progress: Progress, table: Table) -> Rows:
    """The rows of the page, for all centres of the reader, since a message belongs to a person as often as to a case."""
    table.notes.append(("Phạm vi", "mọi Trung tâm người kết xuất quản trị"))
    reason, skipped = _reason(output), 0
    while page := dead_letters(progress.by, limit=PIECE, reason=reason, skipped=skipped):
        for row in page:
            told = reasons.WORDS.get(row.reason)
            yield (
                row.given_up_at, row.code or None, kind_words(row.template).vi, str(CHANNEL_LABELS[row.channel]), row.attempts,
                told.vi if told is not None else row.reason, row.detail or None,
            )  # fmt: skip
        skipped += len(page)
        if len(page) < PIECE:
            return


def _reason(output: Output) -> str:
    reason = str(output.parameters.get("reason") or "")
    return reason if reason in reasons.WORDS else ""


# -- files and schedules ---------------------------------------------------------------------------------------------------


def _outputs(output: Output, progress: Progress, _table: Table) -> Rows:
    """The person's own outputs in every centre, except this one."""
    before = None
    while page := outputs_seen(progress.by, before=before, limit=PIECE):
        for row in page:
            if row.id != output.id:
                yield (
                    row.asked_at, KINDS[row.kind].name.vi, row.form.upper(), row.centre.name_vi, STATES[row.state], row.total, row.ended_at,
                    row.expires_at, row.fetched, yes(row.has_identity), row.error,
                )  # fmt: skip
        before = page[-1].id
        if len(page) < PIECE:
            return


def _schedules(output: Output, progress: Progress, _table: Table) -> Rows:
    rows = [row for row in schedules_seen(progress.by) if row.centre_id == output.centre_id]
    last, people = last_runs(rows), people_named(rows)
    for row in rows:
        run = last.get(row.id)
        label = run.parameters.get("label") if run is not None else None
        is_unsent = run is not None and run.state == "ready" and run.error is not None
        named = [*(ROLE_WORDS[role].vi for role in roles_named(row)), *sorted(people[each].full_name or "" for each in row.recipients
                                                                             if each in people)]  # fmt: skip
        yield (
            row.name, KINDS[row.kind].name.vi, row.form.upper(), (row.agency or row.centre).name_vi, KIND_NAMES[row.every].vi,
            row.clock_time, row.days_after, row.next_at if row.stopped_at is None else None, label[0] if isinstance(label, list) else None,
            "Chưa gửi được" if is_unsent else STATES.get(run.state) if run is not None else None, run.error if run is not None else None,
            ", ".join(named), row.made_by.full_name, row.stopped_at,
        )  # fmt: skip


MAKERS["incidents"] = _table("Danh sách sự cố", INCIDENT_COLUMNS, _incidents, _nothing)
MAKERS["people"] = _table("Cán bộ và vai trò", PEOPLE_COLUMNS, _people, _people_chosen)
MAKERS["messages"] = _table(
    "Tin không gửi được", MESSAGE_COLUMNS, _messages, lambda output: reasons.WORDS[key].vi if (key := _reason(output)) else ""
)
MAKERS["outputs"] = _table("Tệp của tôi", OUTPUT_COLUMNS, _outputs, _nothing)
MAKERS["schedules"] = _table("Lịch", SCHEDULE_COLUMNS, _schedules, _nothing)
