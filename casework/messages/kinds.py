"""Every kind of message: its audience, when it is sent, and the placeholders of its words.

The words themselves are rows (`text_template`), changed under /settings/texts; the rest is fixed here, because it belongs to the acts
that send them.
"""

from dataclasses import dataclass
from enum import StrEnum

from casework.bilingual import Bilingual


class Audience(StrEnum):
    REPORTER = "reporter"
    FOLLOWER = "follower"
    STAFF = "staff"


AUDIENCE_LABELS = {
    Audience.REPORTER: Bilingual("Người phản ánh", "The reporter"),
    Audience.FOLLOWER: Bilingual("Người theo dõi", "Followers"),
    Audience.STAFF: Bilingual("Cán bộ", "Staff"),
}

LINK = "link"
"""A placeholder allowed everywhere except in the subject: the address of the page the message leads to. Words without it get the address
appended."""

PLACE_LABELS = {
    "code": Bilingual("mã phản ánh hoặc hồ sơ", "code of the report or case"),
    LINK: Bilingual("địa chỉ trang để xem", "address of the page to read"),
    "due_at": Bilingual("thời hạn, dạng 17:00 19/07/2023", "the time limit, such as 17:00 19/07/2023"),
    "reason": Bilingual("lý do", "the reason"),
    "guidance": Bilingual("hướng dẫn của lý do từ chối", "the advice of the reason of refusal"),
    "lead": Bilingual("đơn vị chủ trì", "the leading agency"),
    "agency": Bilingual("đơn vị", "the agency"),
    "handler": Bilingual("đơn vị hoặc trung tâm xử lý tiếp", "the agency or centre that goes on"),
    "main": Bilingual("mã hồ sơ chính", "code of the main case"),
    "former": Bilingual("mã hồ sơ trước đây", "code of the former case"),
    "report": Bilingual("mã phản ánh", "code of the report"),
    "number": Bilingual("số hồ sơ", "number of cases"),
    "place": Bilingual("khu vực được theo dõi", "the area that is followed"),
    "items": Bilingual("các phản ánh có tin mới, mỗi phản ánh một dòng và địa chỉ", "the reports with news, a line and an address each"),
    "codes": Bilingual("các mã hồ sơ", "codes of the cases"),
    "until": Bilingual("ngày cuối, dạng 19/07/2026", "the last day, such as 19/07/2026"),
    "digits": Bilingual("mã xác nhận gồm 6 chữ số", "the code of six digits"),
    "document": Bilingual("loại tệp, như Báo cáo kỳ", "which file, such as Report of a period"),
    "change": Bilingual("điều vừa thay đổi, như đã thêm một khóa truy cập", "what has changed, such as a passkey was added"),
    "period": Bilingual("kỳ của tệp, như Tháng 3/2026", "the period it is of, such as March 2026"),
}
"""What each placeholder means, as shown on the page of texts."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of message. `required` placeholders may not be missing from its long words; `hurries`: for an urgent case it is sent at
    once, even in quiet hours."""

    key: str
    audience: Audience
    when: Bilingual
    places: tuple[str, ...]
    required: tuple[str, ...]
    hurries: bool = False

    @property
    def is_for_citizens(self) -> bool:
        """Whether it goes to citizens, who may have no e-mail and read one line by SMS."""
        return self.audience is not Audience.STAFF


def _kind(audience: Audience, key: str, vi: str, en: str, *more: str, hurries: bool = False, must: tuple[str, ...] = ("code",)) -> Kind:
    return Kind(key, audience, Bilingual(vi, en), ("code", *more, LINK), must, hurries)


def _reporter(key: str, vi: str, en: str, *more: str, hurries: bool = False, must: tuple[str, ...] = ("code",)) -> Kind:
    return _kind(Audience.REPORTER, key, vi, en, *more, hurries=hurries, must=must)


def _follower(key: str, vi: str, en: str, *more: str) -> Kind:
    return _kind(Audience.FOLLOWER, key, vi, en, *more)


def _staff(key: str, vi: str, en: str, *more: str, hurries: bool = True) -> Kind:
    return _kind(Audience.STAFF, key, vi, en, *more, hurries=hurries)


PROMISED = ("code", "due_at")

KINDS: dict[str, Kind] = {
    kind.key: kind
    for kind in (
        _reporter("report_filed", "Ngay khi phản ánh được gửi", "When a report was sent", hurries=True),
        _reporter("report_passed_on", "Khi phản ánh chuyển sang trung tâm khác", "When a report goes to another centre"),
        _reporter("report_accepted", "Khi phản ánh được tiếp nhận", "When a report was accepted", hurries=True),
        _reporter("report_refused", "Khi phản ánh không được tiếp nhận", "When a report was not accepted", "reason", "guidance",
                  must=("code", "reason")),
        _reporter("objection_upheld", "Khi đề nghị xem lại việc từ chối được chấp nhận", "When an objection to a refusal was upheld"),
        _reporter("objection_dismissed", "Khi việc từ chối được giữ nguyên", "When a refusal stands after an objection"),
        _reporter("report_classified", "Khi Trung tâm hẹn ngày trả lời", "When the day of the answer was set", "due_at", hurries=True,
                  must=PROMISED),
        _reporter("due_moved", "Khi ngày trả lời lùi lại", "When the day of the answer moves", "due_at", "reason", must=PROMISED),
        _reporter("apology", "Khi đơn vị xin lỗi và hẹn lại ngày trả lời", "When a late answer is apologised for with a new day", "due_at",
                  must=PROMISED),
        _reporter("due_sooner", "Khi phản ánh chuyển sang khẩn", "When a report has become urgent", "due_at", hurries=True, must=PROMISED),
        _reporter("report_distributed", "Khi hồ sơ được giao cho đơn vị xử lý", "When an agency was given the case", "lead", hurries=True),
        _reporter("reporter_asked", "Khi Trung tâm hỏi thêm người phản ánh", "When the centre has a question", "due_at", hurries=True,
                  must=PROMISED),
        _reporter("question_lapsed", "Khi quá hạn bổ sung, Trung tâm vẫn xử lý tiếp", "When no answer came and the work goes on"),
        _reporter("question_closed_case", "Khi quá hạn bổ sung, phản ánh kết thúc", "When no answer came and the report is closed"),
        _reporter("case_held", "Khi việc xử lý tạm dừng", "When the work is put on hold", "due_at", must=PROMISED),
        _reporter("case_resumed", "Khi việc xử lý tiếp tục", "When the work goes on"),
        _reporter("report_referred", "Khi phản ánh chuyển cơ quan khác", "When a report was referred to another body"),
        _reporter("referral_closed", "Khi cơ quan khác đã trả lời", "When the other body has answered"),
        _reporter("referral_came_back", "Khi cơ quan khác chuyển lại", "When the other body gave it back"),
        _reporter("report_interim", "Khi có kết quả bước đầu", "When first results are published"),
        _reporter("report_published", "Khi kết quả được công khai", "When the answer is published"),
        _reporter("report_answered", "Khi trả lời riêng", "When answered in private"),
        _reporter("report_corrected", "Khi kết quả được đính chính", "When the answer was corrected"),
        _reporter("report_unpublished", "Khi kết quả bị gỡ khỏi trang công khai", "When the answer was taken off the public page"),
        _reporter("rating_explained", "Khi Trung tâm giải thích về đánh giá", "When the centre explains after a rating"),
        _reporter("report_reopened", "Khi phản ánh được xử lý lại", "When the case is reopened", "due_at", must=PROMISED),
        _reporter("asked_if_mended", "Khi hỏi lại: việc đã xử lý thật chưa", "When asked later whether it is really mended",
                  must=("code", LINK)),
        _reporter("report_withdrawn", "Khi phản ánh đã rút", "When a report was withdrawn"),
        _reporter("withdrawal_received", "Khi đề nghị rút cần được xem xét", "When a wish to withdraw has to be considered"),
        _reporter("withdrawal_kept", "Khi Trung tâm vẫn xử lý tiếp sau đề nghị rút", "When the centre goes on all the same"),
        _reporter("report_merged", "Khi phản ánh được gộp vào hồ sơ cùng việc", "When a report was merged with another", "main",
                  must=("code", "main")),
        _reporter("report_split", "Khi phản ánh được tách ra xử lý riêng", "When a report is handled on its own again", "main"),
        _reporter("report_handled_apart", "Khi phản ánh được xử lý theo thủ tục riêng", "When a report is handled under its own procedure"),
        _reporter("case_reorganised", "Khi sắp xếp lại đơn vị, hồ sơ do đơn vị khác xử lý tiếp",
                  "When another body goes on with the case after a reorganisation", "handler", must=("code", "handler")),
        _reporter("sender_blocked", "Khi Trung tâm tạm không nhận phản ánh mới của người gửi",
                  "When the centre takes no new reports of a sender for a while", "due_at", must=PROMISED),
        _reporter("sender_unblocked", "Khi Trung tâm nhận lại phản ánh của người gửi", "When reports of a sender are taken again"),
        _follower("followed_reorganised", "Khi sắp xếp lại đơn vị, hồ sơ do đơn vị khác xử lý tiếp",
                  "When another body goes on with the case after a reorganisation", "handler"),
        _reporter("case_reorganisation_undone", "Khi hoàn tác việc sắp xếp, hồ sơ trở lại đơn vị trước đây",
                  "When a reorganisation was undone and the former body has the case again", "handler", must=("code", "handler")),
        _follower("followed_reorganisation_undone", "Khi hoàn tác việc sắp xếp, hồ sơ trở lại đơn vị trước đây",
                  "When a reorganisation was undone and the former body has the case again", "handler"),
        Kind("one_time_code", Audience.REPORTER, Bilingual("Mã xác nhận một lần", "A one-time code"), ("digits",), ("digits",),
             hurries=True),
        Kind("area_news", Audience.REPORTER, Bilingual("Tin cho người theo dõi một khu vực", "News for those who follow an area"),
             ("place", "number", "items", LINK), ("number",)),
        Kind("reply_link", Audience.REPORTER,
             Bilingual("Đường dẫn trả lời gửi đơn vị ngoài hệ thống", "The link by which a body outside answers"), ("code", "until", LINK),
             ("code", LINK)),
        Kind("contact_taken", Audience.REPORTER,
             Bilingual("Khi số điện thoại hoặc thư điện tử của tài khoản được người khác xác nhận là của họ",
                       "When somebody else has proven that an account's number or address is theirs"), (LINK,), ()),
        Kind("sign_in_changed", Audience.REPORTER,
             Bilingual("Khi cách liên hệ hoặc mật khẩu của tài khoản thay đổi", "When an account's contact or password has changed"),
             (LINK,), ()),
        Kind("data_request_answered", Audience.REPORTER,
             Bilingual("Khi yêu cầu về dữ liệu cá nhân được trả lời", "When a request about personal data is answered"), (LINK,), ()),
        Kind("data_request_done", Audience.REPORTER,
             Bilingual("Khi yêu cầu về dữ liệu cá nhân đã được thực hiện", "When a request about personal data was carried out"),
             (LINK,), ()),
        Kind("data_breach", Audience.REPORTER,
             Bilingual("Khi một sự cố dữ liệu cá nhân liên quan đến người gửi", "When a breach of personal data affects the sender"),
             (LINK,), ()),
        Kind("account_unused", Audience.REPORTER,
             Bilingual("Trước khi xóa tài khoản không còn dùng", "Before an account nobody uses is erased"), ("due_at", LINK), ("due_at",)),
        _follower("followed_distributed", "Khi hồ sơ được giao cho đơn vị xử lý", "When the case was given to an agency", "lead"),
        _follower("followed_due_moved", "Khi ngày trả lời lùi lại", "When the day of the answer moves", "due_at"),
        _follower("followed_interim", "Khi có kết quả bước đầu", "When first results are published"),
        _follower("followed_published", "Khi kết quả được công khai", "When the answer is published"),
        _follower("followed_corrected", "Khi kết quả được đính chính", "When the answer was corrected"),
        _follower("followed_reopened", "Khi hồ sơ được xử lý lại", "When the case is reopened", "due_at"),
        _follower("followed_merged", "Khi hồ sơ được gộp vào hồ sơ khác", "When the case was merged into another", "main"),
        _staff("report_to_verify", "Phản ánh mới chờ tiếp nhận", "A new report is to be verified"),
        _staff("reporter_wrote", "Người phản ánh viết thêm", "The reporter wrote more"),
        _staff("question_answered", "Người phản ánh đã trả lời câu hỏi", "The reporter answered the question"),
        _staff("link_answered", "Đơn vị ngoài hệ thống trả lời qua đường dẫn", "A body outside answered by its link"),
        _staff("link_revoked", "Đường dẫn bị thu hồi vì nhập sai mã", "A link was revoked after wrong codes"),
        _staff("link_withdrawn", "Quản trị viên thu hồi đường dẫn", "An administrator revoked a link", hurries=False),
        _staff("report_left", "Một phản ánh rút khỏi hồ sơ", "A report was withdrawn from a case", "report", hurries=False),
        _staff("withdrawal_to_decide", "Đề nghị rút cần quyết định", "A wish to withdraw is to be decided", hurries=False),
        _staff("refusal_objected", "Đề nghị xem lại việc từ chối", "An objection to a refusal", hurries=False),
        _staff("case_taken_up_again", "Hồ sơ trở lại sau khi xem lại việc từ chối", "A case is taken up again after an objection"),
        _staff("assignment_given", "Hồ sơ được giao cho đơn vị", "A case was given to the agency"),
        _staff("assignment_handed_back", "Đơn vị chuyển trả hồ sơ", "An agency handed a case back", "agency"),
        _staff("assignment_moved", "Việc của đơn vị chuyển sang hồ sơ khác", "The agency's work goes on in another case", "former"),
        _staff("hand_back_decided", "Đã quyết định việc chuyển trả", "A hand-back was decided"),
        _staff("agency_removed", "Trung tâm rút hồ sơ khỏi đơn vị", "The agency was taken off a case"),
        _staff("lead_changed", "Đổi đơn vị chủ trì", "Another agency leads", "lead"),
        _staff("words_cleared", "Trung tâm gửi thêm thông tin của người phản ánh", "More words of the reporter were cleared"),
        _staff("step_waiting", "Một bước của hồ sơ chờ ở hộp việc", "A step waits in the inbox"),
        _staff("answer_to_redo", "Lãnh đạo yêu cầu làm lại trả lời", "The leader asks for the answer to be redone"),
        _staff("answers_approved", "Các đơn vị đã trả lời xong", "Every agency has answered"),
        _staff("closed_without_answer", "Hồ sơ đi tiếp không có trả lời của đơn vị", "A case goes on without the agency's answer",
               hurries=False),
        _staff("progress_noted", "Đơn vị ghi tiến độ", "An agency noted its progress", "agency", hurries=False),
        _staff("extension_to_endorse", "Cán bộ đề nghị gia hạn", "An officer asks for more time"),
        _staff("extension_not_endorsed", "Lãnh đạo không đồng ý gia hạn", "The leader does not endorse more time"),
        _staff("extension_to_decide", "Đề nghị gia hạn chờ quyết định", "More time is to be decided", "agency"),
        _staff("extension_granted", "Được gia hạn", "More time was granted"),
        _staff("extension_not_granted", "Không được gia hạn", "More time was not granted"),
        _staff("case_urgent", "Hồ sơ chuyển sang khẩn", "A case has become urgent"),
        _staff("case_not_urgent", "Hồ sơ không còn khẩn", "A case is no longer urgent", hurries=False),
        _staff("work_paused", "Việc của đơn vị tạm dừng", "The agency's work rests"),
        _staff("work_resumed", "Việc của đơn vị tiếp tục", "The agency's work goes on"),
        _staff("work_ended", "Đơn vị không cần xử lý nữa", "No more work for the agency"),
        _staff("rating_to_review", "Đánh giá chưa hài lòng cần xem lại", "A dissatisfied rating is to be reviewed", hurries=False),
        _staff("directive_given", "Lãnh đạo UBND chỉ đạo", "A directive of the committee leader"),
        _staff("directive_done", "Chỉ đạo đã thực hiện", "A directive was carried out", hurries=False),
        _staff("reminder", "Nhắc việc theo bậc thang, hồ sơ khẩn", "A rung of the ladder, urgent cases", "due_at"),
        _staff("reminder_by_hand", "Trung tâm hoặc lãnh đạo nhắc việc", "The centre or the committee reminds by hand", "due_at"),
        Kind("reminder_letter", Audience.STAFF, Bilingual("Thư nhắc việc buổi sáng của một hộp việc", "An inbox's morning reminders"),
             ("codes", LINK), ("codes",)),
        Kind("late_letter", Audience.STAFF, Bilingual("Công văn nhắc hồ sơ trễ hạn", "A letter about the agency's late cases"),
             ("number", "due_at", LINK), ("number", "due_at")),
        Kind("data_request_received", Audience.STAFF,
             Bilingual("Yêu cầu mới về dữ liệu cá nhân", "A new request about personal data"), ("due_at", LINK), ("due_at",)),
        Kind("scheduled_output", Audience.STAFF, Bilingual("Tệp lập theo lịch đã có", "A file made by a schedule is ready"),
             ("document", "period", LINK), ("document",)),
        Kind("schedule_failed", Audience.STAFF, Bilingual("Tệp theo lịch không lập hoặc không gửi được",
             "A file of a schedule could not be made or sent"), ("document", "period", LINK), ("document",)),
        Kind("second_factor_changed", Audience.STAFF,
             Bilingual("Khi cách đăng nhập hai lớp của tài khoản thay đổi", "When an account's second factors have changed"),
             ("change", LINK), ("change",)),
        Kind("service_account_changed", Audience.STAFF,
             Bilingual("Khi tài khoản kết nối của một cán bộ, hoặc khóa của nó, thay đổi hoặc sắp hết hạn",
                       "When a service account somebody owns, or a key of it, has changed or runs out"), ("change", LINK), ("change",)),
        Kind("deputy_changed", Audience.STAFF, Bilingual("Khi người khác cử, xác nhận hoặc thôi người làm thay của một cán bộ",
             "When somebody else appoints, confirms or calls back the deputy of a member of staff"), ("change", LINK), ("change",)),
        Kind("deputy_to_confirm", Audience.STAFF, Bilingual("Người làm thay của người đọc hồ sơ mật chờ xác nhận",
             "The deputy of a confidential reader waits to be confirmed"), (LINK,), ()),
        _staff("case_quarantined", "Hồ sơ chờ thủ tục riêng", "A case waits for its own procedure", hurries=False),
        _staff("mentioned_in_note", "Đồng nghiệp nhắc tên trong ghi chú", "A colleague named the person in a note", hurries=False),
        _staff("task_assigned", "Được giao một việc", "A task was given to the person"),
        _staff("task_taken_over", "Việc đã nhận được giao người khác", "A task of the person went to somebody else"),
    )
}  # fmt: skip
"""By template key, in the order of a report's way."""
