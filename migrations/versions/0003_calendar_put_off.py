"""Cases the worker could not count anew after a change of the calendar, to be tried again."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    json = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql')
    op.add_column('calendar_change', sa.Column(
        'put_off', json, server_default='[]', nullable=False, comment='cases before the last one that are to be tried again',
    ))


def downgrade() -> None:
    op.drop_column('calendar_change', 'put_off')
