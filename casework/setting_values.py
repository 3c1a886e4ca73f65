"""Single-value settings: which exist, their allowed values, and the value in force.

A row of `house_setting` replaces the default written here, and a centre's own row the installation's. Values are cached until the rules
change, so a change takes effect in every process from its next request or job.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Any

from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.db import db
from casework.models import HouseSetting
from casework.parsing import ValueRefused, box, number_in, organ_ids, organs_with_names, tile_address, types_of_letters
from casework.reading.kept_with_rules import kept_with_rules


@dataclass(frozen=True, slots=True)
class Value:
    """One setting: its default, the parser of its form field, and its words on the page."""

    key: str
    group: str
    name: Bilingual
    hint: Bilingual
    default: Any
    read: Callable[[str], Any]
    for_centre: bool = True
    choices: Mapping[str, Bilingual] = field(default_factory=dict)
    """The allowed values where it is one of a few words, as the page shows them."""

    def shown(self, held: Any) -> Any:
        """A value of it as the page shows it."""
        return self.choices.get(held, held) if self.choices else held


def whole(least: int, most: int) -> Callable[[str], int]:
    """A parser for a whole number within bounds."""

    def read(text: str) -> int:
        number = number_in(text)
        if number is None or not least <= number <= most:
            raise ValueRefused(f"Cần một số nguyên từ {least} đến {most}.", f"A whole number from {least} to {most} is needed.")
        return number

    return read


def clock_time(text: str) -> str:
    """Parse a local time of day, stored as "HH:MM"."""
    try:
        return time.fromisoformat(text).strftime("%H:%M") if re.fullmatch(r"\d\d:\d\d", text) else _no_time()
    except ValueError:
        return _no_time()


def words(longest: int) -> Callable[[str], str]:
    """A parser for a line of text, possibly empty."""

    def read(text: str) -> str:
        if len(text) > longest or any(not character.isprintable() for character in text):
            raise ValueRefused(f"Tối đa {longest} ký tự, trên một dòng.", f"{longest} characters at most, on one line.")
        return text

    return read


def one_of(*keys: str) -> Callable[[str], str]:
    """A parser for one of a few words."""

    def read(text: str) -> str:
        if text not in keys:
            raise ValueRefused("Vui lòng chọn một trong các giá trị.", "Please choose one of the values.")
        return text

    return read


CLOSED_DOOR, OPEN_DOOR = "closed", "open"
DOORS: tuple[tuple[str, Bilingual, Bilingual], ...] = (
    ("open311", Bilingual("Open311", "Open311"),
     Bilingual("Ứng dụng của thành phố khác đọc hồ sơ công khai; hệ thống có khóa thì gửi phản ánh.",
               "Other cities' applications read public cases; systems with a key file reports.")),
    ("api", Bilingual("API", "API"),
     Bilingual("Hệ thống của đơn vị và của Trung tâm làm việc bằng khóa của mình.",
               "Systems of agencies and of the centre work with keys of their own.")),
    ("webhooks", Bilingual("Webhook", "Webhooks"),
     Bilingual("Báo cho hệ thống khác khi có việc mới, không kèm nội dung.", "Other systems are told when something happens, not what.")),
    ("links", Bilingual("Đường dẫn dùng một lần", "One-time links"),
     Bilingual("Đơn vị không có tài khoản trả lời qua một đường dẫn.", "Bodies without an account answer by a link.")),
    ("mail_in", Bilingual("Thư đến", "E-mail in"),
     Bilingual("Thư trả lời được đính kèm, chờ cán bộ chấp nhận.", "Replies are attached and wait for an operator to accept them.")),
    ("scim", Bilingual("SCIM", "SCIM"),
     Bilingual("Hệ thống nhân sự thêm và khóa tài khoản cán bộ; không giao vai trò.",
               "A system of personnel adds and disables accounts of staff; it gives no roles.")),
)
"""The doors to other systems (casework/doors/gates.py), in the order of pages."""

VALUES: dict[str, Value] = {
    value.key: value
    for value in (
        Value("quiet_from", "messages", Bilingual("Giờ yên lặng từ", "Quiet hours from"),
              Bilingual("Trong giờ này chỉ gửi tin khẩn; tin khác chờ đến hết giờ.", "Only urgent messages leave; the others wait."),
              "21:00", clock_time),
        Value("quiet_until", "messages", Bilingual("Giờ yên lặng đến", "Quiet hours until"),
              Bilingual("Hai giờ bằng nhau: không có giờ yên lặng.", "Both the same: there are no quiet hours."),
              "07:00", clock_time),
        Value("mended_days", "messages", Bilingual("Hỏi lại sau khi trả lời (ngày)", "Asked again after an answer (days)"),
              Bilingual("Sau số ngày này, mỗi người gửi được hỏi một lần: việc đã xử lý thật chưa. 0: không hỏi.",
                        "After so many days each sender is asked once whether the matter is really mended. 0: never."),
              30, whole(0, 365)),
        *(Value(f"most_{channel}", "messages", Bilingual(f"{vi} mỗi phút", f"{en} a minute"),
                Bilingual("Sau sự cố hay đêm yên lặng, tin chờ được gửi dần, không quá số này.",
                          "After an outage or a quiet night what waits leaves bit by bit, not faster than this."),
                most, whole(1, 6_000), for_centre=False)
          for channel, vi, en, most in (("email", "Thư điện tử", "E-mails", 60), ("push", "Thông báo trình duyệt", "Browser notices", 120),
                                        ("zns", "Tin Zalo ZNS", "Zalo messages", 60), ("sms", "Tin nhắn SMS", "Text messages", 60))),
        Value("message_attempts", "messages", Bilingual("Số lần thử gửi", "Attempts to send"),
              Bilingual("Tin gửi không được sau số lần này chờ ở trang Tin gửi đi; 10 lần kéo dài khoảng ba ngày rưỡi.",
                        "What could not be sent by then waits on the page of messages; 10 attempts take about three days and a half."),
              10, whole(1, 20), for_centre=False),
        Value("message_days", "messages", Bilingual("Tin chờ lâu nhất (ngày)", "Messages wait at most (days)"),
              Bilingual("Tin chờ lâu hơn, như khi một kênh đã tắt, thì không gửi nữa; thông báo trên trang vẫn còn.",
                        "What has waited for longer, as while a channel was off, is not sent any more; notices on pages stay."),
              7, whole(1, 60), for_centre=False),
        Value("late_letter_reply_days", "letters",
              Bilingual("Hạn trả lời công văn nhắc (ngày làm việc)", "Reply to letters of late cases (working days)"),
              Bilingual("Ngày đề nghị trả lời điền sẵn khi soạn công văn nhắc.", "The day offered when such a letter is written."),
              3, whole(1, 30)),
        Value("document_numbers", "letters", Bilingual("Số văn bản đi", "Numbers of documents"),
              Bilingual("Dùng chung một dãy số, hoặc mỗi loại (BC, PC, TB …) một dãy riêng. Năm đã có số thì giữ cách cũ đến hết năm.",
                        "One row of numbers for all, or one for each kind (BC, PC, TB …). A year that has numbers goes on as it began."),
              "shared", one_of("shared", "by_kind"),
              choices={"shared": Bilingual("Một dãy số chung", "One row for all"),
                       "by_kind": Bilingual("Mỗi loại một dãy", "One row for each kind")}),
        Value("exchange_id", "letters", Bilingual("Mã định danh trên trục văn bản", "Identifier for document exchange"),
              Bilingual("Theo QĐ 20/2020/QĐ-TTg, ví dụ H36.12.04; mã cũ còn nhận ghi sau, cách một dấu cách. Để trống: không trao đổi.",
                        "By QĐ 20/2020/QĐ-TTg, such as H36.12.04; older ones still received follow, with a space. Empty: no exchange."),
              "", organ_ids),
        Value("exchange_bodies", "letters", Bilingual("Cơ quan trên trục văn bản", "Bodies reached by document exchange"),
              Bilingual("Mã định danh và tên, cách nhau dấu chấm phẩy: H36.20 Sở Xây dựng; H36.31 Điện lực.",
                        "Identifier and name, with semicolons between: H36.20 Sở Xây dựng; H36.31 Điện lực."), "", organs_with_names),
        Value("exchange_types", "letters", Bilingual("Loại văn bản trên trục (Type/TypeDetail)", "Types in packages (Type/TypeDetail)"),
              Bilingual("Của mọi văn bản, rồi của từng loại: 18/0 transfer_slip=28/0. Hỏi bên vận hành trục.",
                        "Of every letter, then of single kinds: 18/0 transfer_slip=28/0. Ask whoever runs the axis."), "18/0",
              types_of_letters),
        Value("report_cutoff_day", "statistics", Bilingual("Ngày chốt số liệu tháng", "Day a month is cut off"),
              Bilingual("0: hết tháng dương lịch. 25 cùng giờ 12:00: tháng 3 là từ 12:00 ngày 25/02 đến 12:00 ngày 25/03. Kỳ đã chốt giữ"
                        " nguyên thời điểm của mình.",
                        "0: the end of the calendar month. 25 with 12:00: March lasts from 12:00 on 25/02 to 12:00 on 25/03. What was"
                        " frozen keeps its moments."), 0, whole(0, 28)),
        Value("report_cutoff_time", "statistics", Bilingual("Giờ chốt số liệu tháng", "Time a month is cut off"),
              Bilingual("Chỉ dùng khi ngày chốt khác 0.", "Counts only with a day other than 0."), "12:00", clock_time),
        Value("freeze_after_hours", "statistics", Bilingual("Tự chốt sau (giờ)", "Frozen by itself after (hours)"),
              Bilingual("Số giờ sau thời điểm chốt tháng thì số liệu của tháng tự được giữ lại; sửa sau đó là một bản chốt khác.",
                        "So many hours after the cut-off the figures of the month are kept by themselves; what is corrected later is a"
                        " snapshot of its own."), 6, whole(0, 240)),
        Value("map_tile_url", "map", Bilingual("Địa chỉ ảnh nền bản đồ", "Address of map tiles"),
              Bilingual("Dạng https://máy-chủ/{z}/{x}/{y}.png. Để trống: chỉ vẽ ranh giới của địa bàn.",
                        "As in https://host/{z}/{x}/{y}.png. Empty: only our own boundaries are drawn."), "", tile_address),
        Value("map_attribution", "map", Bilingual("Nguồn của nền bản đồ", "Source of the map"),
              Bilingual("Dòng ghi ở góc bản đồ, bắt buộc khi có địa chỉ ảnh nền.", "Stands in a corner of the map; needed with tiles."),
              "", words(200)),
        Value("map_tile_max_zoom", "map", Bilingual("Mức phóng lớn nhất của ảnh nền", "Closest zoom of the tiles"),
              Bilingual("Lớn hơn mức này, ảnh của mức này được phóng to.", "Closer than this, its pictures are enlarged."),
              19, whole(1, 22)),
        Value("staff_session_hours", "access", Bilingual("Phiên của cán bộ (giờ)", "Sessions of staff (hours)"),
              Bilingual("Không dùng lâu hơn thì phải đăng nhập lại; tính từ lần mở trang sau.",
                        "Unused for longer, one signs in again; it counts from the next page on."), 12, whole(1, 72), for_centre=False),
        Value("citizen_session_days", "access", Bilingual("Phiên của người dân (ngày)", "Sessions of citizens (days)"),
              Bilingual("Không dùng lâu hơn thì phải đăng nhập lại; tính từ lần mở trang sau.",
                        "Unused for longer, one signs in again; it counts from the next page on."), 30, whole(1, 365), for_centre=False),
        Value("fresh_minutes", "access", Bilingual("Xác nhận lại sau (phút)", "Confirmed again after (minutes)"),
              Bilingual("Đăng nhập lâu hơn thế, trước khi đổi thiết đặt, quyền của người khác hoặc xem người phản ánh thì phải nhập lại"
                        " mật khẩu, mã hoặc khóa truy cập. 0: không hỏi.",
                        "Signed in for longer, one types password or code, or uses a passkey, before settings or people are changed or a"
                        " sender is looked at. 0: never asked."), 0, whole(0, 720), for_centre=False),
        Value("start_password_days", "access", Bilingual("Mật khẩu ban đầu có hạn (ngày)", "Start passwords last (days)"),
              Bilingual("Sau số ngày này, mật khẩu do quản trị viên cấp không mở được tài khoản nữa; quản trị viên cấp lại.",
                        "After so many days a password an administrator has given opens nothing; they give another."),
              7, whole(1, 90), for_centre=False),
        Value("sign_in_attempts", "access", Bilingual("Số lần đăng nhập sai", "Failed sign-ins"),
              Bilingual("Của một tài khoản từ một mạng, trong 15 phút.", "Of one account from one network, in 15 minutes."),
              5, whole(3, 50), for_centre=False),
        Value("track_attempts", "access", Bilingual("Số lần tra cứu sai", "Failed look-ups of a report"),
              Bilingual("Của một mã phản ánh từ một mạng, trong 15 phút.", "Of one report from one network, in 15 minutes."),
              10, whole(3, 100), for_centre=False),
        Value("registrations_an_hour", "access", Bilingual("Số tài khoản đăng ký", "Accounts registered"),
              Bilingual("Từ một mạng, trong một giờ.", "From one network, in an hour."), 10, whole(1, 1_000), for_centre=False),
        Value("codes_of_contact", "access", Bilingual("Số mã gửi tới một người", "Codes to one contact"),
              Bilingual("Mã xác nhận gửi tới một số điện thoại hoặc thư điện tử từ một mạng, trong 15 phút; từ mọi mạng gấp 3 lần.",
                        "One-time codes sent to one number or address from one network, in 15 minutes; three times that from all."),
              3, whole(1, 10), for_centre=False),
        Value("codes_of_network", "access", Bilingual("Số mã từ một mạng", "Codes from one network"),
              Bilingual("Trong một giờ; cả xã có thể dùng chung một mạng.", "In an hour; a whole commune may share a network."),
              60, whole(5, 5_000), for_centre=False),
        Value("codes_an_hour", "access", Bilingual("Số mã gửi đi", "Codes in all"),
              Bilingual("Của toàn hệ thống, trong một giờ: mỗi tin SMS tốn tiền.", "Of the installation, an hour: each SMS costs money."),
              600, whole(10, 50_000), for_centre=False),
        *(Value(f"door_{key}", "doors", name, hint, CLOSED_DOOR, one_of(CLOSED_DOOR, OPEN_DOOR),
                choices={CLOSED_DOOR: Bilingual("Đóng", "Closed"), OPEN_DOOR: Bilingual("Mở", "Open")})
          for key, name, hint in DOORS),
        Value("open311_jurisdiction", "doors", Bilingual("Tên nơi trong Open311", "Name of the place in Open311"),
              Bilingual("Tham số jurisdiction_id, ví dụ “lamdong.gov.vn”. Để trống: phần đầu của mã phản ánh, chữ thường.",
                        "The parameter jurisdiction_id, such as “lamdong.gov.vn”. Empty: the first part of the codes in small letters."),
              "", words(60)),
        Value("open311_contact", "doors", Bilingual("Liên hệ về Open311", "Contact about Open311"),
              Bilingual("Ghi trong tệp discovery. Để trống: số đường dây nóng.", "Stands in the discovery file. Empty: the hotline."),
              "", words(200)),
        Value("open311_key_service", "doors", Bilingual("Xin khóa Open311", "How to get a key for Open311"),
              Bilingual("Ghi trong tệp discovery: xin khóa ở đâu, bằng cách nào.", "Stands in the discovery file: where and how to ask."),
              "", words(200)),
        Value("open311_box", "doors", Bilingual("Vùng phục vụ qua Open311 (độ)", "Box served by Open311 (degrees)"),
              Bilingual("Nam, bắc, tây, đông. Điểm ngoài vùng này bị từ chối, ví dụ khi vĩ độ và kinh độ bị đổi chỗ. Mặc định: Việt Nam.",
                        "South, north, west, east. A point outside is refused, as where latitude and longitude were exchanged. "
                        "Default: Viet Nam."), "8.0 23.5 102.0 110.0", box, for_centre=False),
        Value("service_key_days", "doors", Bilingual("Khóa kết nối có hạn (ngày)", "Keys of other systems last (days)"),
              Bilingual("Nhiều nhất 365 ngày; chủ tài khoản được báo trước 30, 7 và 1 ngày.",
                        "365 days at most; the owner is told 30, 7 and 1 days before."), 180, whole(1, 365), for_centre=False),
        Value("link_days", "doors", Bilingual("Đường dẫn dùng một lần có hạn (ngày)", "One-time links last (days)"),
              Bilingual("Từ 1 đến 30 ngày; hết hạn sớm hơn khi việc đã chuyển kết thúc.",
                        "1 to 30 days; earlier where what was sent ends."), 14, whole(1, 30)),
        *(Value(f"door_{key}", "doors", Bilingual(vi, en), Bilingual(vi_hint, en_hint), most, whole(1, 1_000_000), for_centre=False)
          for key, vi, en, vi_hint, en_hint, most in (
              ("reads_open", "Số lần đọc không có khóa", "Reading without a key",
               "Từ một mạng, trong một phút.", "From one network, in a minute.", 120),
              ("reads_key", "Số lần đọc bằng khóa", "Reading with a key",
               "Của một tài khoản kết nối, trong một phút.", "Of one service account, in a minute.", 600),
              ("acts", "Số việc làm bằng khóa", "Acts with a key",
               "Của một tài khoản kết nối, trong một phút.", "Of one service account, in a minute.", 60),
              ("reports_an_hour", "Số phản ánh gửi bằng khóa mỗi giờ", "Reports filed with a key, an hour",
               "Của một tài khoản kết nối; theo thỏa thuận có thể cho nhiều hơn.", "Of one service account; more by agreement.", 200),
              ("reports_a_day", "Số phản ánh gửi bằng khóa mỗi ngày", "Reports filed with a key, a day",
               "Của một tài khoản kết nối; theo thỏa thuận có thể cho nhiều hơn.", "Of one service account; more by agreement.", 1_000),
              ("wrong_keys", "Số khóa, đường dẫn sai", "Wrong keys and links",
               "Từ một mạng, trong một giờ; khóa đúng vẫn dùng được.", "From one network, an hour; a right one works all the same.", 100))),
        Value("unconfirmed_hours", "access", Bilingual("Chờ xác nhận liên hệ (giờ)", "Wait for a contact to be confirmed (hours)"),
              Bilingual("Sau thời gian này, phản ánh không khẩn chưa xác nhận liên hệ sang mục Chưa xác nhận của hộp việc.",
                        "After this, reports that are not urgent and whose contact is not confirmed go to a view of their own."),
              24, whole(1, 720)),
        Value("reports_an_hour", "access", Bilingual("Số phản ánh gửi", "Reports sent"),
              Bilingual("Từ một mạng, trong một giờ; cả xã có thể dùng chung một mạng.",
                        "From one network, in an hour; a whole commune may share a network."), 300, whole(10, 10_000), for_centre=False),
        Value("files_an_hour", "access", Bilingual("Số ảnh, ghi âm, video gửi sau", "Photos and recordings sent later"),
              Bilingual("Của phản ánh đã chờ sóng, từ một mạng, trong một giờ.",
                        "With reports that waited for a signal, from one network, in an hour."),
              2_000, whole(100, 100_000), for_centre=False),
        Value("file_mb_an_hour", "access", Bilingual("Dung lượng gửi sau (MB)", "Size of what is sent later (MB)"),
              Bilingual("Ảnh, ghi âm, video của phản ánh đã chờ sóng, từ một mạng, trong một giờ.",
                        "Photos and recordings of reports that waited for a signal, from one network, in an hour."),
              5_000, whole(100, 1_000_000), for_centre=False),
        *(Value(f"reports_a_day_{whose}", "access", Bilingual(f"Số phản ánh gửi của một {vi}", f"Reports sent by one {en}"),
                Bilingual("Trong 24 giờ; ai gửi nhiều hơn được mời gửi tiếp sau hoặc gọi điện.",
                          "In 24 hours; whoever sends more is asked to go on later, or to call."), most, whole(3, 1_000), for_centre=False)
          for whose, vi, en, most in (("account", "tài khoản", "account", 20), ("contact", "số điện thoại, thư điện tử", "contact", 20),
                                      ("device", "trình duyệt", "browser", 30))),
        Value("own_acts_an_hour", "access", Bilingual("Số lần gửi thêm của người phản ánh", "Acts of a reporter"),
              Bilingual("Trên một phản ánh, trong một giờ.", "On one report, in an hour."), 20, whole(5, 500), for_centre=False),
        Value("block_days", "access", Bilingual("Chặn người gửi lâu nhất (ngày)", "Senders are blocked at most (days)"),
              Bilingual("Trưởng nhóm tiếp nhận tạm chặn một người gửi không quá số ngày này; hết hạn thì tự gỡ.",
                        "The operations lead blocks a sender for no longer; a block ends by itself."), 365, whole(1, 365)),
        Value("phone_look_ups_an_hour", "access", Bilingual("Số lần tra số điện thoại", "Look-ups by telephone number"),
              Bilingual("Của một cán bộ, trong một giờ; mỗi lần đều được ghi lại.", "Of one officer, in an hour; each is written down."),
              30, whole(1, 300), for_centre=False),
        Value("most_photos", "retention", Bilingual("Số ảnh mỗi lần gửi", "Photos sent at once"),
              Bilingual("Nhiều nhất 10.", "Ten at most."), 10, whole(1, 10), for_centre=False),
        Value("report_photos", "retention", Bilingual("Số ảnh của một phản ánh", "Photos of a report"),
              Bilingual("Khi người dân gửi phản ánh; nhiều nhất 10.", "When a citizen sends a report; ten at most."),
              6, whole(1, 10), for_centre=False),
        *(Value(f"most_{kind}_mb", "retention", Bilingual(f"{vi} nặng nhất (MB)", f"{en} at most (MB)"),
                Bilingual(f"Nhiều nhất {most} MB.", f"{most} MB at most."), most, whole(1, most), for_centre=False)
          for kind, vi, en, most in (("voice", "Lời ghi âm", "A voice note", 10), ("video", "Video", "A video", 50))),
        *(Value(key, "rights", Bilingual(vi, en),
                Bilingual(f"Luật cho nhiều nhất {most} ngày; trung tâm có thể tự đặt ngắn hơn.",
                          f"The law gives {most} days at most; a centre may set itself fewer."), most, whole(1, most))
          for key, vi, en, most in (
              ("data_answer_days", "Trả lời yêu cầu về dữ liệu cá nhân (ngày làm việc)", "Answering requests about data (working days)", 2),
              ("data_restriction_days", "Ngừng xử lý khi được yêu cầu (ngày)", "Stopping to process data when asked (days)", 15),
              ("data_done_days", "Đính chính, xóa khi được yêu cầu (ngày)", "Correcting and erasing when asked (days)", 20),
              ("data_extension_days", "Gia hạn một lần, lâu nhất (ngày)", "Extended once, at most (days)", 15))),
        Value("centre_short_name", "centre", Bilingual("Tên ngắn của Trung tâm", "Short name of the centre"),
              Bilingual("Ghi ở đầu các trang, nơi tên đầy đủ không đủ chỗ, ví dụ “Xã Lạc Dương”. Để trống: tên đầy đủ.",
                        "Stands in the bar of every page, which has no room for the whole name. Empty: the whole name."),
              "", words(30)),
        Value("review_read_hours", "centre",
              Bilingual("Đọc lý do chưa hài lòng trong (giờ làm việc)", "Reasons of ratings read within (office hours)"),
              Bilingual("Người chưa hài lòng đọc trên trang của mình: Trung tâm đọc lý do trước giờ nào, trả lời lần hai ngày nào.",
                        "Whoever is not satisfied reads by when the centre has read why, and the latest day of a second answer."),
              4, whole(1, 80)),
        Value("controller_address", "rights", Bilingual("Địa chỉ của Trung tâm", "Address of the centre"),
              Bilingual("Ghi ở trang thông báo về dữ liệu cá nhân: người dân gửi thư hoặc đến đâu. Để trống thì trang không ghi địa chỉ.",
                        "Stands on the notice on personal data: where people write to or come. Empty: the page names no address."),
              "", words(200)),
        Value("controller_contact", "rights", Bilingual("Liên hệ về dữ liệu cá nhân", "Contact about personal data"),
              Bilingual("Thư điện tử, hoặc bộ phận phụ trách; ghi ở cùng trang. Số đường dây nóng đã có ở đó.",
                        "An e-mail address, or who is in charge; stands on the same page. The hotline stands there already."),
              "", words(200)),
        Value("security_contact", "rights", Bilingual("Báo lỗ hổng bảo mật", "Telling of a weakness"),
              Bilingual("Thư điện tử hoặc địa chỉ trang; ghi ở trang Trợ giúp và ở /.well-known/security.txt. Để trống: số đường dây nóng.",
                        "An e-mail address or a page; stands under Help and in /.well-known/security.txt. Empty: the hotline."),
              "", words(200)),
        Value("mask_identity_months", "retention",
              Bilingual("Che danh tính người phản ánh sau (tháng)", "Reporters are forgotten after (months)"),
              Bilingual("Hồ sơ kết thúc lâu hơn thì họ tên, cách liên hệ của người gửi bị xóa; nội dung, số liệu còn nguyên. 0: không xóa.",
                        "Of cases closed for longer, name and contact of their senders are erased; words and figures stay. 0: never."),
              0, whole(0, 240), for_centre=False),
        Value("unused_account_months", "retention",
              Bilingual("Xóa tài khoản người dân không dùng sau (tháng)", "Unused accounts of citizens are erased after (months)"),
              Bilingual("Tài khoản không còn phản ánh, không ai đăng nhập; ai có cách liên hệ được báo trước 30 ngày. 0: không xóa.",
                        "Accounts without a report nobody signs in with; whoever can be reached is told 30 days before. 0: never."),
              0, whole(0, 240), for_centre=False),
        Value("area_months", "retention", Bilingual("Theo dõi khu vực lâu nhất (tháng)", "An area is followed at most (months)"),
              Bilingual("Sau đó việc theo dõi tự dừng, số điện thoại hoặc thư điện tử bị xóa; ai muốn thì đăng ký lại.",
                        "Then it ends by itself, and the number or address is deleted; whoever wishes begins again."),
              24, whole(1, 60), for_centre=False),
        Value("backup_days", "retention", Bilingual("Giữ bản sao lưu (ngày)", "Backups are kept (days)"),
              Bilingual("Như KEEP_DAYS của việc sao lưu; trang yêu cầu xóa dữ liệu nói đến bao giờ bản cũ còn giữ điều đã xóa.",
                        "As KEEP_DAYS of the backup; pages say until when older ones may still hold what was erased."),
              30, whole(1, 3_650), for_centre=False),
        Value("draft_days", "retention", Bilingual("Giữ bản nháp (ngày)", "Drafts are kept (days)"),
              Bilingual("Bản nháp không ai lưu tiếp lâu hơn thì bị xóa.", "Drafts nobody has saved for longer are deleted."),
              90, whole(7, 365), for_centre=False),
        Value("unsent_photo_days", "retention", Bilingual("Giữ ảnh chưa gửi (ngày)", "Unsent photos are kept (days)"),
              Bilingual("Ảnh tải lên mà phản ánh không được gửi thì bị xóa sau thời gian này.",
                        "Photos of a form that was never sent are deleted after this."), 2, whole(1, 30), for_centre=False),
        Value("export_days", "retention", Bilingual("Giữ tệp kết xuất (ngày)", "Exported files are kept (days)"),
              Bilingual("Hết hạn thì tệp bị xóa; ai cần thì yêu cầu tạo lại.", "Then they are deleted; whoever needs one orders it again."),
              7, whole(1, 60), for_centre=False),
        Value("identity_export_hours", "retention",
              Bilingual("Giữ tệp có thông tin người gửi (giờ)", "Exported files that name senders are kept (hours)"),
              Bilingual("Hết hạn thì tệp bị xóa; muốn có lại phải nêu lý do lần nữa.",
                        "Then they are deleted; to have one again a reason is given again."), 24, whole(1, 72), for_centre=False),
        Value("export_row_days", "retention",
              Bilingual("Giữ dòng ghi về tệp đã xóa (ngày)", "Rows of deleted files are kept (days)"),
              Bilingual("Tệp kết xuất đã xóa, không tạo được hoặc đã bỏ thì dòng của nó ở trang Tệp của tôi mất sau thời gian này; nhật ký"
                        " ghi ai đã yêu cầu và tải thì còn.",
                        "What a page lists of a file that is deleted, failed or was dropped goes after this; the history of who ordered and"
                        " fetched it stays."), 365, whole(30, 3_650), for_centre=False),
        Value("sent_message_days", "retention", Bilingual("Giữ dấu vết tin đã gửi (ngày)", "Traces of messages sent are kept (days)"),
              Bilingual("Tin đã gửi hoặc đã bỏ thì dòng ghi cách gửi, giờ gửi bị xóa sau thời gian này; tin chưa gửi được thì giữ lại.",
                        "The row that says how and when a message was sent or dropped is deleted after this; what was given up stays."),
              180, whole(30, 3_650), for_centre=False),
    )
}  # fmt: skip
"""Every single-value setting."""

GROUPS: dict[str, Bilingual] = {
    "centre": Bilingual("Trung tâm", "The centre"),
    "messages": Bilingual("Tin nhắn", "Messages"),
    "letters": Bilingual("Công văn", "Letters"),
    "statistics": Bilingual("Kỳ số liệu", "Periods of figures"),
    "map": Bilingual("Bản đồ", "Map"),
    "access": Bilingual("Đăng nhập và giới hạn", "Sign-in and limits"),
    "doors": Bilingual("Cửa kết nối", "Doors to other systems"),
    "retention": Bilingual("Ảnh và thời gian lưu", "Photos and retention"),
    "rights": Bilingual("Quyền về dữ liệu cá nhân", "Rights over personal data"),
}
"""The groups of values, in the order of the page."""


def value_of(key: str, centre_id: int | None = None) -> Any:
    """The value in force: the centre's own, else the installation's, else the default. Raises KeyError for an unknown key."""
    default, set_here = VALUES[key].default, _set_values()
    return set_here.get((key, centre_id), set_here.get((key, None), default))


@kept_with_rules
def _set_values() -> dict[tuple[str, int | None], Any]:
    rows = db.session.execute(select(HouseSetting.key, HouseSetting.centre_id, HouseSetting.value))
    return {(key, centre_id): value for key, centre_id, value in rows if key in VALUES}


def _no_time() -> str:
    raise ValueRefused("Cần giờ dạng 07:30.", "A time such as 07:30 is needed.")
