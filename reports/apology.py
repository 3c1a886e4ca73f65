"""The letter of apology with a new date, to the sender of one report, from stored content."""

from datetime import date, datetime, timedelta
from typing import Any

from casework.documents.letterheads import Head
from casework.local_time import LOCAL_ZONE, local_day
from reports.official import Frame, letter_html

SUBJECT = "xin lỗi và hẹn lại thời gian trả lời phản ánh"


def apology_html(content: dict[str, Any], new_day: date, *, code: str, filed_at: datetime, **marks: Any) -> str:
    """The letter as HTML for printing. It names nobody: the sender is addressed by the code of their own report.

    `marks` are the other fields of its frame: number, symbol, stamp, verification address.
    """
    head = Head(**content["head"])
    frame = Frame(
        head, date.fromisoformat(content["on"]), SUBJECT, (f"Ông/Bà có phản ánh mã số {code}",),
        ("Như trên", content["centre"], f"Lưu: VT{f', {head.symbol}' if head.symbol else ''}"),
        **marks,
    )  # fmt: skip
    promised = None
    if content["due_at"]:
        promised = (datetime.fromisoformat(content["due_at"]).astimezone(LOCAL_ZONE) - timedelta(microseconds=1)).date()
    filed_on = local_day(filed_at)
    reason = content["reason"].rstrip(". ")
    told = {key: content[key] for key in ("unit", "title", "phone", "centre")}
    return letter_html("apology.html", frame, filed_on=filed_on, promised=promised, new_day=new_day, reason=reason, **told)
