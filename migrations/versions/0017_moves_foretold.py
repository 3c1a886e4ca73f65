"""Where a case that is moved will rest, what it skips and whom it tells; and facts made anew of cases whose move was undone."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql')

FORETOLD = 'elements of the new version, and whom the move tells; empty: not looked at'

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None
oldest_program = '0011'
"""Only adds columns that may be empty, and lets facts be made anew: a program of 0011 goes on beside it."""


def upgrade() -> None:
    op.add_column('process_move_case', sa.Column('forecast', JSON, comment=FORETOLD))
    op.add_column('process_move_case', sa.Column('came_to', JSON, comment='elements of the new version it came to rest at'))
    remake_facts()


def downgrade() -> None:
    op.drop_column('process_move_case', 'came_to')
    op.drop_column('process_move_case', 'forecast')


def remake_facts() -> None:
    """Let the job read again every case whose move was undone, from that on: what the move had done still counted."""
    undone = "type = 'undo_move_case' AND case_id IN (SELECT case_id FROM process_move_case WHERE undone_at IS NOT NULL)"
    connection = op.get_bind()
    rows = connection.execute(sa.text(f"SELECT case_id, min(seq), min(id) FROM event WHERE {undone} GROUP BY case_id")).all()
    for case_id, seq, _id in rows:
        connection.execute(
            sa.text("UPDATE case_span SET event_seq = :before WHERE case_id = :case_id"), {"before": seq - 1, "case_id": case_id}
        )
    if rows:
        before = min(row[2] for row in rows) - 1
        connection.execute(sa.text("UPDATE facts_progress SET event_id = :before WHERE event_id > :before"), {"before": before})
