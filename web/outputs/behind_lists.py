"""Exports of the lists behind numbers: the cases counted by a period's figure, or open now, as far as the person ordering may read them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from casework.db import db
from casework.models import Agency, Case, Output
from casework.outputs import OutputRefused
from casework.permissions import Actor
from casework.permissions.sight import Sight, seen_by, sees, with_viewers
from casework.states import STAFF_LABELS, CaseState
from reports.statistics.behind import Behind, CountedFact, cases_of, is_listed
from reports.statistics.figures import FIGURES
from reports.statistics.standing import STANDING_DEFINITIONS, STANDING_NAMES, OpenState, StandingFilter, standing_cases
from reports.statistics.subjects import Dimension, Scope, names_of
from reports.tables.table import Column, Table
from web.outputs.figure_tables import scope_for
from web.outputs.listing import as_file, local_words, period_ordered
from web.outputs.making import MAKERS, Progress
from web.statistics.owing import ATTENTION_DEFINITIONS, ATTENTION_NAMES
from workflows.desks.attention import Attention, attention_of

MOST_ROWS = 100_000
PIECE = 200

COLUMNS = (
    Column("code", "Mã hồ sơ", en="Code"),
    Column("title", "Tiêu đề", width=48, meaning="Để trống: hồ sơ nhạy cảm, hoặc người kết xuất không đọc nội dung.", en="Title"),
    Column("at", "Tính lúc", "datetime", 17, "Lúc sự việc được tính vào con số.", "Counted at"),
    Column("due_at", "Hạn", "datetime", 17, en="Due"),
    Column("state", "Trạng thái", width=26, en="State"),
    Column("urgent", "Khẩn", width=8, en="Urgent"),
    Column("field", "Lĩnh vực", width=26, en="Field"),
    Column("area", "Xã, phường", width=24, en="Commune"),
    Column("agency", "Đơn vị chủ trì", width=34, en="Lead agency"),
)

PageOf = Callable[[str], Behind]


def counted_table(output: Output, progress: Progress) -> Table:
    """The list behind a figure, or behind a number of the dashboard where `what` names what is open. Raises OutputRefused."""
    asked = output.parameters
    agency = db.session.get(Agency, output.agency_id) if output.agency_id is not None else None
    scope = scope_for(progress.by, output.centre_id, agency)
    notes = [("Phạm vi", agency.name_vi if agency is not None else "cả Trung tâm")]
    told = _open_now(asked, scope, progress.now) if asked.get("what") else _of_figure(asked, scope, output, progress)
    name, meaning, said, page_of = told
    table = Table(name.vi, COLUMNS, (), notes=[*notes, *said, (name.vi, meaning.vi)])
    table.rows = _rows(page_of, progress, table)
    return table


def _of_figure(asked: Mapping[str, Any], scope: Scope, output: Output, progress: Progress) -> Any:
    figure = FIGURES.get(str(asked.get("figure") or ""))
    if figure is None or not is_listed(figure.key):
        raise OutputRefused("Không có danh sách nào sau chỉ tiêu này.", "There is no list behind this figure.")
    period = period_ordered(output)
    (by, subject), (other, beside) = _subject(asked, "by", "subject"), _subject(asked, "beside", "beside_subject")
    part = str(asked.get("part") or "") or None
    words = [told.vi for each, word in ((by, subject), (other, beside)) if each and word for told in names_of(each, [word]).values()]
    said = [("Kỳ", f"{period.label.vi}: từ {local_words(period.since)}, trước {local_words(period.until)}")]
    said += [("Phần", "; ".join(filter(None, [*words, part])))] if words or part else []

    def page_of(after: str) -> Behind:
        return cases_of(figure.key, scope, period, by=by, subject=subject, part=part, after=after, limit=PIECE, now=progress.now,
                        beside=(other, beside) if other and beside else None)  # fmt: skip

    return figure.name, figure.definition, said, page_of


def _subject(asked: Mapping[str, Any], name: str, of: str) -> tuple[Dimension | None, str | None]:
    word = str(asked.get(of) or "")
    dimension = next((each for each in Dimension if each.value == asked.get(name)), None)
    return (dimension, word) if dimension is not None and word else (None, None)


def _open_now(asked: Mapping[str, Any], scope: Scope, now: datetime) -> Any:
    what = str(asked["what"])
    said = [("Tính đến", local_words(now))]
    if what in set(Attention):
        why = Attention(what)
        ids = attention_of(scope.centre_ids[0], agency_id=scope.agency_id)[why]
        known = {row.id: row for row in db.session.execute(select(Case.id, Case.opened_at, Case.due_at).where(Case.id.in_(ids)))}
        rows = [CountedFact(id_, known[id_].opened_at, known[id_].due_at, id_, "") for id_ in ids if id_ in known]
        return ATTENTION_NAMES[why], ATTENTION_DEFINITIONS[why], said, lambda _after: Behind(rows, None)
    if what not in set(OpenState):
        raise OutputRefused("Không có danh sách nào sau con số này.", "There is no list behind this number.")
    standing = OpenState(what)
    narrowed = StandingFilter.named(asked)

    def page_of(after: str) -> Behind:
        return standing_cases(standing, scope, now=now, narrowed=narrowed, after=after, limit=PIECE)

    return STANDING_NAMES[standing], STANDING_DEFINITIONS[standing], said, page_of


def _rows(page_of: PageOf, progress: Progress, table: Table) -> Iterator[tuple[Any, ...]]:
    after, done, hidden = "", 0, 0
    while done < MOST_ROWS:
        page = page_of(after)
        known = _read(page.rows, progress.by)
        for row in page.rows:
            if (case := known.get(row.case_id)) is None:
                hidden += 1
                continue
            done += 1
            yield _cells(row, case, progress.by)
        progress.tell(done)
        if page.next is None:
            break
        after = page.next
    else:
        table.notes.append(("Bị cắt bớt", f"Chỉ có {MOST_ROWS} hồ sơ đầu tiên."))
    if hidden:
        table.notes.append(("Không liệt kê", f"{hidden} hồ sơ được tính nhưng người kết xuất không được đọc."))


def _read(rows: Sequence[CountedFact], by: Actor) -> dict[int, Case]:
    query = select(Case).where(Case.id.in_({row.case_id for row in rows})).options(
        *with_viewers(), joinedload(Case.lead_agency), joinedload(Case.field), joinedload(Case.area)
    )  # fmt: skip
    return {case.id: case for case in db.session.scalars(query).unique() if seen_by(by, case) is not None} if rows else {}


def _cells(row: CountedFact, case: Case, by: Actor) -> tuple[Any, ...]:
    is_told = case.visibility_reason_id is None and sees(by, Sight.CLEARED, case)
    return (
        case.code, case.title if is_told else None, row.at, row.due_at, STAFF_LABELS[CaseState(case.state)][1].vi,
        "có" if case.is_urgent else "không", case.field.name_vi if case.field else None, case.area.name_vi if case.area else None,
        case.lead_agency.name_vi if case.lead_agency else None,
    )  # fmt: skip


MAKERS["counted"] = as_file(counted_table)
