"""Export of the changes to settings, as administrators and inspectors read them on the page."""

from collections.abc import Iterator
from typing import Any

from casework.bilingual import Bilingual
from casework.models import Output
from casework.settings.event_lists import setting_events
from reports.tables.table import Column, Table
from web.outputs.listing import as_file
from web.outputs.making import MAKERS, Progress
from web.settings.event_sentences import KIND_WORDS, ToldEvent, told_events

MOST_EVENTS = 50_000

COLUMNS = (
    Column("at", "Lúc", "datetime", 17),
    Column("who", "Người thay đổi", width=26),
    Column("kind", "Loại thiết lập", width=28),
    Column("row", "Thiết lập", width=40),
    Column("changes", "Thay đổi", width=70, meaning="Cũ → mới, mỗi dòng một mục."),
    Column("reason", "Lý do", width=40),
)


def setting_table(output: Output, progress: Progress) -> Table:
    """The events of rules the reader may know, newest first."""
    kind = str(output.parameters.get("kind") or "") or None
    words = KIND_WORDS[kind].vi if kind in KIND_WORDS else kind
    table = Table("Nhật ký thiết lập", COLUMNS, (), notes=[("Bộ lọc", words or "không có")])
    table.rows = _rows(kind, progress, table)
    return table


def _rows(kind: str | None, progress: Progress, table: Table) -> Iterator[tuple[Any, ...]]:
    before, done = None, 0
    while done < MOST_EVENTS:
        page = setting_events(progress.by, kind=kind, before=before)
        for event in told_events(page.events):
            done += 1
            yield event.at, event.who, _vi(event.kind), ", ".join(_vi(each) for each in event.row), _changes(event), event.reason
        progress.tell(done)
        before = page.next_before
        if before is None:
            return
    table.notes.append(("Bị cắt bớt", f"Chỉ có {MOST_EVENTS} thay đổi mới nhất."))


def _changes(event: ToldEvent) -> str:
    lines = [(_vi(name), _vi(old), _vi(new)) for name, old, new in event.changes]
    return "\n".join(f"{name}: {old} → {new}" if old else f"{name}: {new}" for name, old, new in lines)


def _vi(words: Bilingual | str) -> str:
    return words.vi if isinstance(words, Bilingual) else words


MAKERS["setting_events"] = as_file(setting_table)
