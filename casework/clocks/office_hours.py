"""Office hours of a centre or of the installation: valid from a day on, after which limits in working hours are counted anew."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import select

from casework.calendars import RULES_STREAM, HoursRow, hours_of_scope, read_spans
from casework.clocks.calendar_changes import HOURS_VERB, CalendarChangeRefused, require_calendar_of
from casework.db import db
from casework.events import append
from casework.local_time import local_day
from casework.models import CalendarChange, EventStream, OfficeHours
from casework.permissions import Actor
from casework.working_time import Calendar

MOST_SPANS = 4
_SPAN = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d-(?:[01]\d|2[0-3]):[0-5]\d")


def spans_in(text: str) -> tuple[str, ...]:
    """Parse office hours such as "07:30-11:30, 13:00-17:00". Raises CalendarChangeRefused."""
    hours = "-".join(each.strip() for each in re.split("[-–]", text.replace(";", ",")))
    spans = tuple(hours.replace(",", " ").split())
    if not 1 <= len(spans) <= MOST_SPANS or not all(_SPAN.fullmatch(span) for span in spans):
        raise CalendarChangeRefused(
            f"Vui lòng ghi giờ làm việc dạng 07:30-11:30, 13:00-17:00, tối đa {MOST_SPANS} khoảng.",
            f"Please write office hours such as 07:30-11:30, 13:00-17:00, {MOST_SPANS} spans at most.",
            about="spans",
        )
    try:
        Calendar(office_hours=read_spans(spans))
    except ValueError:
        raise CalendarChangeRefused(
            "Các khoảng giờ phải theo thứ tự, không trùng nhau và kết thúc sau khi bắt đầu.",
            "The spans must ascend, must not overlap, and each must end after it begins.",
            about="spans",
        ) from None
    return spans


def set_office_hours(*, centre_id: int | None, spans: Sequence[str], valid_from: date, by: Actor, now: datetime) -> CalendarChange:
    """Let these hours hold from a local day on, until the next row of the same scope; without spans the row of that day is removed.

    Recorded as `set_office_hours` in the stream of the rules with the rows before; open limits are counted anew like after a change of
    days. Raises NotAllowed, CalendarChangeRefused. Source: rules.md, section 4.
    """
    require_calendar_of(by, centre_id)
    db.session.get(EventStream, RULES_STREAM, with_for_update=True)
    before = hours_of_scope(centre_id)
    refuse_hours(before, spans, valid_from, now)
    change = CalendarChange(centre_id=centre_id, changed_by_id=by.account_id, changed_at=now)
    db.session.add(change)
    db.session.flush()
    told = {"change": change.id, "centre_id": centre_id, "valid_from": valid_from.isoformat(), "spans": list(spans)}
    append(RULES_STREAM, HOURS_VERB, by=by, at=now, payload={**told, "before": [row.told() for row in before]})
    _keep(centre_id, hours_with(before, spans, valid_from))
    return change


def refuse_hours(rows: Sequence[HoursRow], spans: Sequence[str], valid_from: date, now: datetime) -> None:
    """Raise CalendarChangeRefused where hours cannot be set next to these rows: the past is not rewritten."""
    if valid_from < local_day(now):
        raise CalendarChangeRefused(
            "Giờ làm việc chỉ đổi được từ hôm nay trở đi.", "Office hours can only change from today on.",
            about="valid_from",
        )
    own = next((row for row in rows if row.valid_from == valid_from), None)
    if not spans and own is None:
        raise CalendarChangeRefused(
            "Không có giờ làm việc nào bắt đầu từ ngày này.", "No office hours begin on that day.",
            about="valid_from",
        )
    holding = next((row for row in rows if row.holds_on(valid_from)), None)
    if spans and holding is not None and holding.spans == tuple(spans):
        raise CalendarChangeRefused("Giờ làm việc từ ngày này đã được ghi như vậy.", "Office hours are set so already from that day on.")


def hours_with(rows: Sequence[HoursRow], spans: Sequence[str], valid_from: date) -> list[HoursRow]:
    """The rows of a scope after hours are set from a day on, or, without spans, after the row of that day is removed."""
    gone = next((row for row in rows if row.valid_from == valid_from), None)
    if not spans:
        end = gone.valid_to if gone is not None else None
        return [replace(row, valid_to=end) if row.valid_to == valid_from else row for row in rows if row is not gone]
    others = [row for row in rows if row is not gone]
    holding = gone or next((row for row in others if row.holds_on(valid_from)), None)
    later = min((row.valid_from for row in others if row.valid_from > valid_from), default=None)
    end = holding.valid_to if holding is not None else later
    cut = [replace(row, valid_to=valid_from) if row.holds_on(valid_from) else row for row in others]
    return sorted([*cut, HoursRow(valid_from, end, tuple(spans))], key=lambda row: row.valid_from)


def _keep(centre_id: int | None, rows: Sequence[HoursRow]) -> None:
    query = select(OfficeHours).where(OfficeHours.centre_id.is_not_distinct_from(centre_id))
    kept = {row.valid_from: row for row in db.session.scalars(query)}
    for wanted in rows:
        row = kept.pop(wanted.valid_from, None) or OfficeHours(centre_id=centre_id, valid_from=wanted.valid_from)
        row.valid_to, row.spans = wanted.valid_to, list(wanted.spans)
        db.session.add(row)
    for row in kept.values():
        db.session.delete(row)
