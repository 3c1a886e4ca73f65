"""The letter that lists an agency's late cases and asks for a reply, from stored content."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from casework.documents.letterheads import Head
from casework.local_time import LOCAL_ZONE
from reports.official import Frame, letter_html

SOURCES = {"citizen": "Người dân", "phone": "Điện thoại", "officer": "Cán bộ", "camera": "Camera"}
SUBJECT = "đôn đốc xử lý phản ánh hiện trường quá hạn"


@dataclass(frozen=True, slots=True)
class LateListRow:
    """One late case: its code, the operator's title, its source, its limit and the days overdue."""

    code: str
    title: str
    source: str
    urgent: bool
    due: str
    days: str


def late_list_html(content: dict[str, Any], reply_by: date, **marks: Any) -> str:
    """The letter as HTML for printing. `marks` are the other fields of its frame: number, symbol, stamp, verification address."""
    head = Head(**content["head"])
    frame = Frame(head, date.fromisoformat(content["on"]), SUBJECT, (content["to"],), ("Như trên", f"Lưu: VT{_unit(head)}"), **marks)
    rows = [_row(each) for each in content["rows"]]
    sources = {name: sum(row.source == name for row in rows) for name in SOURCES.values()}
    return letter_html(
        "late_list.html", frame, rows=rows, sources={name: number for name, number in sources.items() if number}, reply_by=reply_by,
        words=[line for line in content["words"].splitlines() if line.strip()], to=content["to"], phone=content["phone"],
        as_of=date.fromisoformat(content.get("as_of", content["on"])),
    )  # fmt: skip


def _row(told: dict[str, Any]) -> LateListRow:
    due = datetime.fromisoformat(told["due_at"]).astimezone(LOCAL_ZONE)
    # a limit in days ends at midnight after its last day
    is_midnight = (due.hour, due.minute) == (0, 0)
    shown = f"{due - timedelta(days=1):%d/%m/%Y}" if is_midnight else f"{due:%H:%M %d/%m/%Y}"
    days = str(told["days"]) if told["days"] > 0 else "dưới 1"
    return LateListRow(told["code"], told["title"], SOURCES.get(told["source"], ""), told["urgent"], shown, days)


def _unit(head: Head) -> str:
    return f", {head.symbol}" if head.symbol else ""
