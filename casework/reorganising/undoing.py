"""Obstacles to undoing a reorganisation, in sentences with the names of things."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Column, RowMapping, Table, select, update

from casework.bilingual import Bilingual
from casework.db import METADATA, db
from casework.models import Account, Agency, Area, Assignment, Case, Centre, Membership, Reorganisation
from casework.reorganising.blueprint import BodyKind
from casework.reorganising.journal import NetChange, changed_since, rows_with
from casework.reorganising.rules import RULES, copied_rules

MOST_NAMED = 10
"""How many obstacles are named; the total is given."""

BODIES: dict[str, type[Any]] = {"area": Area, "agency": Agency, "centre": Centre}
NAMING = frozenset({"case_id", "assignment_id", "account_id", "code", "name", "name_vi", "name_en", "valid_from", "valid_to"})
"""Columns that describe a row."""
LEFT_OUT = frozenset({"code_counter", "staged_import"})
"""Tables that may keep referring to a body that is undone: its codes have been given out, and an import is discarded within the day."""
CLOCKWORK = {"report_schedule": {"next_at"}}
"""Columns that only the clock changes."""
THINGS: Mapping[str, Bilingual] = {
    "output": Bilingual("Một tệp do lịch mới tạo", "A file a new schedule made"),
    "agency": Bilingual("Đơn vị", "The agency"), "area": Bilingual("Địa bàn", "The area"), "camera": Bilingual("Camera", "The camera"),
    "letterhead": Bilingual("Một mẫu tiêu đề văn bản", "A letterhead"), "wallboard": Bilingual("Màn hình", "The wallboard"),
    "letter": Bilingual("Một văn bản đã lập", "A letter that was written"), "saved_filter": Bilingual("Bộ lọc", "The filter"),
    "agency_succession": Bilingual("Một phương án làm sau", "A later plan"),
    "area_succession": Bilingual("Một phương án làm sau", "A later plan"),
    "answer_template": Bilingual("Mẫu trả lời", "The answer template"),
}  # fmt: skip
"""The names of rows that are obstacles."""


def obstacles(plan: Reorganisation, nets: list[NetChange]) -> list[Bilingual]:
    """Changes since then that prevent restoring a row, and rows added to the new bodies; empty when nothing prevents the undo."""
    found = [_changed(net) for net, columns in changed_since(nets) if not columns or set(columns) - CLOCKWORK.get(net.table.name, set())]
    return list(dict.fromkeys([*found, *_newcomers(plan, nets)]))


def cases_in(nets: list[NetChange]) -> list[int]:
    """The cases of which any row was changed, in order."""
    found: set[int] = set()
    for net in nets:
        if net.table.name == "case":
            found.add(net.key["id"])
        elif "case_id" in net.table.c:
            value = net.after.get("case_id") or db.session.scalar(select(net.table.c.case_id).where(net.table.c.id == net.key.get("id")))
            found |= {value} if value is not None else set()
    return sorted(found)


def work_back(case: Case, nets: list[NetChange]) -> list[list[str | None]]:
    """Which assignment of a case that was put back went from which agency to which, by ref; from none where its work goes on again."""
    rows = {net.key["id"]: net for net in rows_with(nets, "assignment")}
    found = []
    for assignment in (each for each in case.assignments if each.is_open and each.id in rows):
        net = rows[assignment.id]
        if "agency_id" in net.before:
            left = db.session.get(Agency, net.after["agency_id"])
            found.append([assignment.ref, left.ref if left is not None else None, assignment.agency.ref])
        elif net.before.get("ended_at", net) is None:
            found.append([assignment.ref, None, assignment.agency.ref])
    return found


def lead_rules_back(plan: Reorganisation, nets: list[NetChange]) -> None:
    """Put what began since under a copied rule back under the original: limits, climbed rungs, fields of work."""
    made = {(net.table.name, net.key["id"]) for net in nets if net.is_new and "id" in net.key}
    lines = [
        (step.predecessor_id, step.successor_id) for step in plan.steps if step.kind == BodyKind.CENTRE and step.successor_id is not None
    ]
    for rules in RULES:
        name = rules.__tablename__
        ways = {copy: id_ for pair in dict.fromkeys(lines) for id_, copy in copied_rules(rules, *pair).items() if (name, copy) in made}
        pointing = [column for table in METADATA.sorted_tables for column in table.columns if ways and _points_to(column, name)]
        for column in pointing:
            rows = [net for net in nets if net.table.name == column.table.name and (net.is_new or column.name in net.before)]
            strangers = column.table.c.id.not_in([net.key["id"] for net in rows])  # the others are restored themselves
            for copy, original in ways.items():
                db.session.execute(update(column.table).where(column == copy, strangers).values({column.name: original}))
    db.session.expire_all()


def _points_to(column: Column[Any], name: str) -> bool:
    return not column.table.name.startswith("reorganisation") and any(each.column.table.name == name for each in column.foreign_keys)


def _changed(net: NetChange) -> Bilingual:
    table, key = net.table.name, net.key
    case_id = key.get("id") if table == "case" else _case_of(net)
    if case_id is not None:
        code = db.session.scalar(select(Case.code).where(Case.id == case_id, Case.quarantined_at.is_(None)))
        if code is None:
            return Bilingual("Một hồ sơ đã được xử lý theo thủ tục riêng", "A case is handled under a procedure of its own")
        return Bilingual(f"Hồ sơ {code} đã được xử lý tiếp", f"Case {code} has been worked on")
    if table in BODIES and (body := db.session.get(BODIES[table], key["id"])) is not None:
        return Bilingual(f"{body.name.vi} đã được sửa", f"{body.name.en} has been changed")
    if table == "membership" and (row := db.session.get(Membership, key["id"])) is not None:
        name = row.account.full_name or ""
        return Bilingual(f"Vai trò của {name} đã được sửa", f"A role of {name} has been changed")
    return Bilingual(f"Một luật hoặc cài đặt ({table}) đã được sửa", f"A rule or setting ({table}) has been changed")


def _case_of(net: NetChange) -> int | None:
    if "case_id" not in net.table.c or "id" not in net.table.c:
        return None
    return db.session.scalar(select(net.table.c.case_id).where(net.table.c.id == net.key["id"]))


def _newcomers(plan: Reorganisation, nets: list[NetChange]) -> Iterator[Bilingual]:
    """Rows that reference something that would no longer be in force, even after everything is restored."""
    gone: dict[str, set[int]] = {}
    for net in nets:
        is_body = net.table.name in BODIES and net.before.get("valid_to") == plan.on.isoformat()
        if "id" in net.key and (net.is_new or is_body):
            gone.setdefault(net.table.name, set()).add(net.key["id"])
    known = {(net.table.name, tuple(net.key.values())): net for net in nets}
    brought_back = set(cases_in(nets))
    for table in METADATA.sorted_tables:
        if table.name in LEFT_OUT or table.name.startswith(("reorganisation", "event", "search_row", "outbox")):
            continue
        read = [each for each in table.columns if each.primary_key or each.name in NAMING]
        for column in table.columns:
            for foreign in column.foreign_keys:
                wanted = gone.get(foreign.column.table.name, set())
                for row in db.session.execute(select(*read).where(column.in_(wanted))).all() if wanted else ():
                    key = tuple(row._mapping[each] for each in table.primary_key)
                    own = known.get((table.name, key))
                    goes_back = own is not None and (own.is_new or column.name in own.before)
                    is_ahead = table.name in BODIES and (key[0] in gone.get(table.name, set()) or _holds_never(row._mapping))
                    follows_case = table.name == "waiting_task" and row._mapping["case_id"] in brought_back
                    if not (goes_back or is_ahead or follows_case):
                        yield _named(table, dict(row._mapping))


def _holds_never(row: RowMapping) -> bool:
    return row["valid_to"] is not None and row["valid_to"] <= row["valid_from"]


def _named(table: Table, row: Mapping[str, Any]) -> Bilingual:
    """An obstacle by the name people know it by."""
    case_id = row["id"] if table.name == "case" else row.get("case_id")
    if row.get("assignment_id") is not None and case_id is None:
        case_id = db.session.scalar(select(Assignment.case_id).where(Assignment.id == row["assignment_id"]))
    if case_id is not None:
        code = db.session.scalar(select(Case.code).where(Case.id == case_id, Case.quarantined_at.is_(None)))
        if code is None:
            return Bilingual("Một hồ sơ được xử lý theo thủ tục riêng ở đơn vị mới", "A case is handled under a procedure of its own")
        return Bilingual(f"Hồ sơ {code} mới đến đơn vị mới", f"Case {code} has come to a new body since")
    if table.name == "report":
        return Bilingual(f"Phản ánh {row['code']} mới đến đơn vị mới", f"Report {row['code']} has come to a new body since")
    if table.name == "membership":
        name = db.session.scalar(select(Account.full_name).where(Account.id == row["account_id"]))
        return Bilingual(f"{name} được giao vai trò ở đơn vị mới", f"{name} was given a role in a new body")
    what = THINGS.get(table.name, Bilingual(f"Dữ liệu ({table.name})", f"Data ({table.name})"))
    name = row.get("name_vi") or row.get("name")
    vi, en = (f"{what.vi} {name}", f"{what.en} {row.get('name_en') or name}") if name else what
    return Bilingual(f"{vi} đang thuộc đơn vị mới", f"{en} belongs to a new body")


def refused_words(found: list[Bilingual]) -> Bilingual:
    """The obstacles in one sentence: the first MOST_NAMED of them by name, then how many more there are."""
    shown, more = found[:MOST_NAMED], len(found) - MOST_NAMED
    vi, en = "; ".join(each.vi for each in shown), "; ".join(each.en for each in shown)
    if more > 0:
        vi, en = f"{vi}; và {more} mục khác", f"{en}; and {more} more"
    return Bilingual(f"Không hoàn tác được vì đã có thay đổi: {vi}.", f"It cannot be undone, because something has changed: {en}.")
