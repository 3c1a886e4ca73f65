"""Open steps are due when their limits are: a change of the calendar had moved the limits and left the steps where they were."""
from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op
from lxml import etree

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None
oldest_program = '0011'
"""Only brings rows up to date: a program of 0011 goes on beside it."""

FAR = datetime(9999, 1, 1, tzinfo=UTC)
"""Where a step stands for which no limit runs."""
INSTANT = sa.DateTime(timezone=True)
TOGETHER = 500

MODEL = {'bpmn': 'http://www.omg.org/spec/BPMN/20100524/MODEL', 'spiff': 'http://spiffworkflow.org/bpmn/schema/1.0/core'}
CLOCKS = "//spiff:property[@name='clock']/ancestor::bpmn:extensionElements/.."


def upgrade() -> None:
    tasks = _table('waiting_task', 'id', 'version_id', 'case_id', 'assignment_id', 'element', 'state', due_at=INSTANT)
    versions = _table('process_version', 'id', xml=sa.LargeBinary())
    is_open = tasks.c.state.in_(('waiting', 'frozen'))
    connection = op.get_bind()
    for version_id in list(connection.scalars(sa.select(tasks.c.version_id).where(is_open).distinct())):
        kinds = _clocks_of(connection.scalars(sa.select(versions.c.xml).where(versions.c.id == version_id)).one())
        for element in list(connection.scalars(sa.select(tasks.c.element).where(is_open, tasks.c.version_id == version_id).distinct())):
            wanted = _due(tasks, kinds.get(element, ''))
            query = sa.select(tasks.c.id, tasks.c.due_at, wanted).where(is_open, tasks.c.version_id == version_id, tasks.c.element == element)
            behind = [{'task': row[0], 'due': row[2]} for row in connection.execute(query) if row[1] != row[2]]
            move = sa.update(tasks).where(tasks.c.id == sa.bindparam('task')).values(due_at=sa.bindparam('due', type_=INSTANT))
            for start in range(0, len(behind), TOGETHER):
                connection.execute(move, behind[start : start + TOGETHER])


def downgrade() -> None:
    """The right day is right for the program before too."""


def _table(name: str, *columns: str, **typed: Any) -> Any:
    return sa.table(name, *(sa.column(each) for each in columns), *(sa.column(each, type_) for each, type_ in typed.items()))


def _clocks_of(xml: bytes) -> dict[str, str]:
    """Which limit the steps of a model are due by."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    found = {}
    for node in etree.fromstring(xml, parser).xpath(CLOCKS, namespaces=MODEL):
        found[node.get('id')] = node.xpath(".//spiff:property[@name='clock']/@value", namespaces=MODEL)[0]
    return found


def _due(tasks: Any, kind: str) -> Any:
    """When a step is due: by its own limit, by that of its agency, by that of its case."""
    clocks = _table('clock', 'id', 'case_id', 'assignment_id', 'kind', 'element', due_at=INSTANT, ended_at=INSTANT)
    cases = _table('case', 'id', paused_until=INSTANT)

    def running(*of_it: Any) -> Any:
        query = sa.select(clocks.c.due_at).where(clocks.c.case_id == tasks.c.case_id, clocks.c.ended_at.is_(None), *of_it)
        return query.order_by(clocks.c.id.desc()).limit(1).scalar_subquery()

    of_agency = clocks.c.assignment_id.is_not_distinct_from(tasks.c.assignment_id)
    ways = [running(clocks.c.kind == 'step', clocks.c.element == tasks.c.element, of_agency)]
    if kind == 'pause':
        ways.append(sa.select(cases.c.paused_until).where(cases.c.id == tasks.c.case_id).scalar_subquery())
    elif kind:
        ways += [running(clocks.c.kind == kind, of_agency), running(clocks.c.kind == kind, clocks.c.assignment_id.is_(None))]
    return sa.func.coalesce(*ways, sa.literal(FAR, INSTANT), type_=INSTANT)
