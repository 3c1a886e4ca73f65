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
    """Let the job read again every case whose move was undone: what the move had done still counted."""
    undone = "SELECT case_id FROM process_move_case WHERE undone_at IS NOT NULL"
    connection = op.get_bind()
    first = connection.execute(
        sa.text(f"SELECT min(id) FROM event WHERE type = 'undo_move_case' AND case_id IN ({undone})")  # no value from outside
    ).scalar()
    if first is not None:
        connection.execute(sa.text(f"UPDATE case_span SET event_seq = 0 WHERE case_id IN ({undone})"))
        connection.execute(sa.text("UPDATE facts_progress SET event_id = :before WHERE event_id > :before"), {"before": first - 1})
