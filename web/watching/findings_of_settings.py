"""Gaps in the settings, in sentences."""

from collections.abc import Iterator

from casework.bilingual import Bilingual
from casework.messages.kinds import KINDS
from casework.settings.gaps import Gaps
from casework.settings.role_labels import ROLE_WORDS
from web.watching.finding import Finding, Level

MOST_NAMED = 5


def of_settings(gaps: Gaps) -> Iterator[Finding]:
    """One finding for each kind of gap."""
    for part in (_days_off, _posts, _watching_roles, _centres, _texts):
        yield from part(gaps)


def _days_off(gaps: Gaps) -> Iterator[Finding]:
    if gaps.years_without_days_off:
        years = ", ".join(map(str, gaps.years_without_days_off))
        yield Finding(
            Level.WARNING, "days_off",
            Bilingual(f"Chưa nhập ngày nghỉ lễ của năm {years}.", f"No days off are entered for {years}."),
            Bilingual("Nhập theo thông báo của Chính phủ; hạn xử lý được tính theo lịch này.",
                      "Enter them as the Government announces; limits are counted by this calendar."),
            "settings_calendar.calendar",
        )  # fmt: skip


def _posts(gaps: Gaps) -> Iterator[Finding]:
    if gaps.roles:
        names = [Bilingual(_of(ROLE_WORDS[role].vi, centre and centre.vi), _of(ROLE_WORDS[role].en, centre and centre.en))
                 for role, centre in gaps.roles]  # fmt: skip
        yield Finding(
            Level.WARNING, "roles",
            Bilingual(f"Không ai giữ vai trò: {_some([each.vi for each in names])}.",
                      f"Nobody holds these roles: {_some([each.en for each in names])}."),
            Bilingual("Giao vai trò cho người phụ trách; việc của vai trò trống sẽ không ai làm.",
                      "Give them to somebody: what comes to an empty role is done by nobody."),
            "settings_people.people",
        )  # fmt: skip
    if gaps.agencies:
        yield Finding(
            Level.WARNING, "agencies",
            Bilingual(f"Đơn vị thiếu cán bộ hoặc lãnh đạo: {_some([each.vi for each in gaps.agencies])}.",
                      f"Agencies without an officer or a leader: {_some([each.en for each in gaps.agencies])}."),
            Bilingual("Thêm người cho đơn vị, hoặc kết thúc đơn vị không còn hoạt động.",
                      "Add people to them, or end agencies that do not work any more."),
            "settings_people.people",
        )  # fmt: skip


def _watching_roles(gaps: Gaps) -> Iterator[Finding]:
    if gaps.meeting:
        names = [Bilingual(f"{login} ({', '.join(ROLE_WORDS[role].vi for role in roles)})",
                           f"{login} ({', '.join(ROLE_WORDS[role].en for role in roles)})") for login, roles in gaps.meeting]  # fmt: skip
        yield Finding(
            Level.WARNING, "watching_roles",
            Bilingual(f"Các vai trò giám sát lẫn nhau đang chung một người: {_some([each.vi for each in names])}.",
                      f"Roles that watch each other meet in one person: {_some([each.en for each in names])}."),
            Bilingual("Giao một trong các vai trò cho người khác rồi kết thúc ở người này, hoặc thôi việc làm thay; đến lúc đó người này "
                      "không làm thay ai trong các vai trò ấy.",
                      "Give one of the roles to somebody else and end it here, or call the deputy back; until then they stand in for "
                      "nobody in these roles."),
            "settings_people.people",
        )  # fmt: skip
    if gaps.unconfirmed:
        yield Finding(
            Level.WARNING, "unconfirmed_deputies",
            Bilingual(f"Người làm thay của người đọc hồ sơ mật chưa được người thứ hai xác nhận: {_some(list(gaps.unconfirmed))}.",
                      f"Deputies of confidential readers whom no second person has confirmed: {_some(list(gaps.unconfirmed))}."),
            Bilingual("Họ không đọc được hồ sơ mật. Thôi việc làm thay này; người đọc hồ sơ mật tự cử lại và quản trị viên xác nhận.",
                      "They read no confidential case. Call them back; the reader appoints anew and an administrator confirms."),
            "settings_deputies.deputies",
        )  # fmt: skip


def _centres(gaps: Gaps) -> Iterator[Finding]:
    if gaps.centres_without_boundary:
        yield Finding(
            Level.NOTE, "boundaries",
            Bilingual(f"Chưa có ranh giới địa bàn: {_some([each.vi for each in gaps.centres_without_boundary])}.",
                      f"No boundary of any area: {_some([each.en for each in gaps.centres_without_boundary])}."),
            Bilingual("Nhập tệp GeoJSON; khi chưa có, hệ thống không biết vị trí thuộc xã nào.",
                      "Import a GeoJSON file; until then nobody knows in which commune a position lies."),
            "settings_boundaries.boundaries",
        )  # fmt: skip
    if gaps.centres_without_address:
        yield Finding(
            Level.NOTE, "address",
            Bilingual(f"Thông báo về dữ liệu cá nhân chưa ghi địa chỉ: {_some([each.vi for each in gaps.centres_without_address])}.",
                      f"The notice on personal data names no address: {_some([each.en for each in gaps.centres_without_address])}."),
            Bilingual("Nhập địa chỉ ở Giá trị chung: người dân phải biết gửi yêu cầu về dữ liệu của mình đến đâu.",
                      "Enter it under Values: people have to know where to send requests about their data."),
            "settings_values.values",
        )  # fmt: skip


def _texts(gaps: Gaps) -> Iterator[Finding]:
    if gaps.texts_of_old:
        names = [KINDS[key].when if key in KINDS else Bilingual(key, key) for key in gaps.texts_of_old]
        yield Finding(
            Level.NOTE, "texts_of_old",
            Bilingual(f"Tin nhắn còn ghi “giấy tiếp nhận”: {_some([each.vi for each in names])}.",
                      f"Messages that still say “giấy tiếp nhận”: {_some([each.en for each in names])}."),
            Bilingual("Sửa thành “giấy biên nhận”: lúc gửi, phản ánh chưa được tiếp nhận.",
                      "Write “giấy biên nhận”: when a report is sent it has not been accepted yet."),
            "settings_texts.texts",
        )  # fmt: skip


def _of(role: str, centre: str | None) -> str:
    return f"{role} ({centre})" if centre else role


def _some(names: list[str]) -> str:
    return "; ".join(names[:MOST_NAMED]) + ("; …" if len(names) > MOST_NAMED else "")
