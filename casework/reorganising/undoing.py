"""What stands in the way of undoing a reorganisation, and whose names its sentences use."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select

from casework.db import METADATA, db
from casework.models import Account, Agency, Area, Assignment, Case, Centre, Membership, Reorganisation, Report
from casework.reorganising.journal import Net, changed_since
from casework.words import Bilingual

MOST_NAMED = 10
"""Things in the way that are named; the number of all is said."""

BODIES: dict[str, type[Any]] = {"area": Area, "agency": Agency, "centre": Centre}
COUNTED = {"case", "assignment", "membership", "report"}
"""Tables whose new rows may not point to a body that would not be there any more."""


def obstacles(plan: Reorganisation, nets: list[Net]) -> list[Bilingual]:
    """What has changed since so that a row could not be put back, or what came to be in the new bodies; empty when nothing has."""
    found = [_changed(net) for net, _columns in changed_since(nets)]
    return list(dict.fromkeys([*found, *_newcomers(plan, nets)]))


def cases_in(nets: list[Net]) -> list[int]:
    """The cases of which any row was changed, in their order."""
    found: set[int] = set()
    for net in nets:
        if net.table.name == "case":
            found.add(net.key["id"])
        elif "case_id" in net.table.c:
            value = net.after.get("case_id") or db.session.scalar(select(net.table.c.case_id).where(net.table.c.id == net.key.get("id")))
            found |= {value} if value is not None else set()
    return sorted(found)


def _changed(net: Net) -> Bilingual:
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


def _case_of(net: Net) -> int | None:
    if "case_id" not in net.table.c or "id" not in net.table.c:
        return None
    return db.session.scalar(select(net.table.c.case_id).where(net.table.c.id == net.key["id"]))


def _newcomers(plan: Reorganisation, nets: list[Net]) -> Iterator[Bilingual]:
    """Rows that point to what will not hold any more and were not written by the reorganisation itself."""
    made: dict[str, set[int]] = {}
    for net in nets:
        if net.table.name in BODIES and (net.is_new or net.before.get("valid_to") == plan.on.isoformat()):
            made.setdefault(net.table.name, set()).add(net.key["id"])
    deleted = {(net.table.name, net.key["id"]) for net in nets if net.is_new and "id" in net.key}
    known: dict[str, set[Any]] = {}
    for net in nets:
        known.setdefault(net.table.name, set()).add(tuple(net.key.values()))
    for table in METADATA.sorted_tables:
        if table.name.startswith(("reorganisation", "event", "search_row", "outbox")):
            continue
        for column in table.columns:
            for foreign in column.foreign_keys:
                body = foreign.column.table.name
                wanted = made.get(body, set()) if table.name in COUNTED else set()
                wanted |= {id_ for name, id_ in deleted if name == body}
                if not wanted or table.name == "code_counter":
                    continue
                keys = list(table.primary_key)
                query = select(*keys).where(column.in_(wanted))
                strangers = [row for row in db.session.execute(query) if tuple(row) not in known.get(table.name, set())]
                yield from (_named(table.name, row[0]) for row in strangers)


def _named(table: str, id_: int) -> Bilingual:
    match table:
        case "case":
            code = db.session.scalar(select(Case.code).where(Case.id == id_, Case.quarantined_at.is_(None)))
            if code is None:
                return Bilingual("Một hồ sơ được xử lý theo thủ tục riêng ở đơn vị mới", "A case is handled under a procedure of its own")
        case "report":
            code = db.session.scalar(select(Report.code).where(Report.id == id_))
        case "assignment":
            code = db.session.scalar(select(Case.code).join(Assignment, Assignment.case_id == Case.id).where(Assignment.id == id_))
        case "membership":
            query = select(Account.full_name).join(Membership, Membership.account_id == Account.id).where(Membership.id == id_)
            name = db.session.scalar(query)
            return Bilingual(f"{name} được giao vai trò ở đơn vị mới", f"{name} was given a role in a new body")
        case _:
            return Bilingual(f"Có dữ liệu mới ({table}) ở đơn vị mới", f"There are new data ({table}) of a new body")
    return Bilingual(f"Hồ sơ {code} mới đến đơn vị mới", f"Case {code} has come to a new body since")


def refused_words(found: list[Bilingual]) -> Bilingual:
    """The obstacles in one sentence: the first of them by name."""
    shown, more = found[:MOST_NAMED], len(found) - MOST_NAMED
    vi, en = "; ".join(each.vi for each in shown), "; ".join(each.en for each in shown)
    if more > 0:
        vi, en = f"{vi}; và {more} mục khác", f"{en}; and {more} more"
    return Bilingual(f"Không hoàn tác được vì đã có thay đổi: {vi}.", f"It cannot be undone, because something has changed: {en}.")
