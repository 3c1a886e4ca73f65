"""What happens next to a report, in one sentence to its sender."""

from casework.bilingual import Bilingual
from casework.states import CaseState

NEXT: dict[CaseState, Bilingual] = {
    CaseState.TO_VERIFY: Bilingual(
        "Trung tâm sẽ đọc phản ánh và báo Ông/Bà có tiếp nhận hay không.",
        "The centre will read the report and tell you whether it takes it on.",
    ),
    CaseState.WAITING_REPORTER: Bilingual(
        "Trung tâm cần Ông/Bà cho biết thêm; trong lúc chờ, thời hạn tạm dừng.",
        "The centre needs to know more from you; the time limit rests meanwhile.",
    ),
    CaseState.TO_CLASSIFY: Bilingual(
        "Trung tâm đang phân loại và sẽ báo Ông/Bà ngày trả lời.",
        "The centre is classifying the report and will tell you the day of the answer.",
    ),
    CaseState.TO_DISTRIBUTE: Bilingual("Trung tâm đang chọn đơn vị xử lý.", "The centre is choosing who will handle it."),
    CaseState.AT_AGENCY: Bilingual(
        "Đơn vị được giao sẽ tiếp nhận và đến kiểm tra.", "The agency that was asked will take it on and have a look."
    ),
    CaseState.HANDLING: Bilingual("Đơn vị đang xử lý và sẽ trả lời kèm ảnh.", "The agency is working on it and will answer with photos."),
    CaseState.REDO: Bilingual("Đơn vị đang xử lý và sẽ trả lời kèm ảnh.", "The agency is working on it and will answer with photos."),
    CaseState.APPROVAL: Bilingual(
        "Lãnh đạo đơn vị đang xem kết quả trước khi trả lời Ông/Bà.",
        "The head of the agency is looking at the result before it goes to you.",
    ),
    CaseState.TO_PUBLISH: Bilingual("Trung tâm đang chuẩn bị gửi kết quả đến Ông/Bà.", "The centre is preparing the answer for you."),
    CaseState.REFERRED: Bilingual(
        "Cơ quan khác có thẩm quyền đang xử lý; Trung tâm theo dõi và báo kết quả.",
        "Another authority is handling it; the centre keeps watch and will tell you the result.",
    ),
    CaseState.ANSWERED: Bilingual("Kết quả đã có. Trung tâm sẽ kết thúc hồ sơ.", "The result is there. The centre will close the case."),
    CaseState.RATING: Bilingual("Mời Ông/Bà xem kết quả và đánh giá.", "Please read the result and rate it."),
    CaseState.REVIEW: Bilingual(
        "Trung tâm đang xem lại vì có người chưa hài lòng.", "The centre is looking again because somebody was not satisfied."
    ),
    CaseState.CLOSED: Bilingual("Phản ánh đã kết thúc. Cảm ơn Ông/Bà.", "The report is closed. Thank you."),
    CaseState.REFUSED: Bilingual("Phản ánh không được tiếp nhận, lý do ở dưới.", "The report was not accepted, for the reason below."),
    CaseState.MERGED: Bilingual(
        "Phản ánh được xử lý chung với phản ánh khác cùng việc.", "The report is handled together with others on the same matter."
    ),
    CaseState.JOINED: Bilingual("Phần việc được xử lý chung với hồ sơ chính.", "The part is handled together with the case it came from."),
    CaseState.WITHDRAWN: Bilingual("Ông/Bà đã rút phản ánh này.", "You withdrew this report."),
    CaseState.QUARANTINED: Bilingual(
        "Phản ánh được xử lý theo thủ tục riêng. Trung tâm sẽ liên hệ nếu cần.",
        "The report is handled under a separate procedure. The centre will contact you if need be.",
    ),
}

OBJECTED_NEXT = Bilingual(
    "Trung tâm đang xem lại việc không tiếp nhận theo đề nghị và sẽ báo Ông/Bà kết quả.",
    "The centre is looking again at the refusal, as was asked, and will tell you the result.",
)
"""While an objection to a refusal waits for its decision."""

DISSATISFIED_NEXT = Bilingual(
    "Ông/Bà cho biết chưa hài lòng. Trung tâm đang xem lại và sẽ báo Ông/Bà kết quả.",
    "You said that you are not satisfied. The centre is looking again and will tell you the result.",
)
"""For a dissatisfied rater, while the centre reviews."""

ADDED_NEXT = Bilingual(
    "Trung tâm đang đọc bổ sung, rồi phân loại và báo Ông/Bà ngày trả lời.",
    "The centre is reading what was added, then classifies the report and tells you the day of the answer.",
)
"""After an answer to a question, until the report is classified."""
