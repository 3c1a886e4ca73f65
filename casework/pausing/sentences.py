"""How the history says why a case rests, what its sender was asked, and how it went on."""

from casework.sentences import Known, Payload, Said, day_words, says


def asked(payload: Payload, _known: Known) -> Said:
    """For staff."""
    days = payload.get("working_days", 0)
    return says(f"Hỏi người phản ánh, chờ {days} ngày làm việc", f"Asked the reporter, waiting {days} working days")


def question_ended(payload: Payload, _known: Known) -> Said:
    """For staff."""
    if payload.get("closes"):
        return says("Không có trả lời, kết thúc hồ sơ", "No answer came; the case is closed", is_main=True)
    return says("Không có trả lời, tiếp tục xử lý", "No answer came; the work goes on")


def not_answered(payload: Payload, _known: Known) -> Said:
    """For the sender."""
    if payload.get("closes"):
        return says("Kết thúc vì chưa có thông tin bổ sung", "Closed, because no answer came", is_main=True)
    return says("Trung tâm xử lý tiếp theo thông tin đã có", "The centre goes on with what it knows")


def held(payload: Payload, _known: Known) -> Said:
    """For staff."""
    day = day_words(payload.get("until"))
    return says(f"Tạm dừng đến hết ngày {day}", f"Held until the end of {day}", is_main=True)


def put_on_hold(payload: Payload, _known: Known) -> Said:
    """For people outside."""
    day = day_words(payload.get("until"))
    return says(f"Tạm dừng đến hết ngày {day}", f"Put on hold until the end of {day}")


def withdrawn(payload: Payload, _known: Known) -> Said:
    """For staff."""
    if payload.get("at_once"):
        return says("Rút phản ánh", "Withdrew the report", is_main=True)
    return says("Đề nghị rút phản ánh", "Asked to withdraw the report")


def you_withdrew(payload: Payload, _known: Known) -> Said:
    """For the sender."""
    if payload.get("at_once"):
        return says("Ông/Bà rút phản ánh", "You withdrew the report", is_main=True)
    return says("Ông/Bà đề nghị rút phản ánh", "You asked to withdraw the report")


def withdrawal_decided(payload: Payload, _known: Known) -> Said:
    """For staff."""
    if payload.get("granted"):
        return says("Đồng ý cho rút phản ánh", "Let the report be withdrawn", is_main=True)
    return says("Tiếp tục xử lý, không nêu tên người gửi", "Went on without naming the sender")


def let_withdraw(payload: Payload, _known: Known) -> Said:
    """For the sender."""
    if payload.get("granted"):
        return says("Trung tâm đồng ý cho rút", "The centre let you withdraw it", is_main=True)
    return says("Trung tâm tiếp tục xử lý, không nêu tên ai", "The centre goes on, naming nobody", is_main=True)
