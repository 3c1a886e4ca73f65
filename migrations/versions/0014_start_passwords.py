"""When a start password was given: it opens nothing for ever."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None
oldest_program = '0011'
"""Only adds a column that may be empty: a program of 0011 goes on beside it, and gives start passwords without an end."""


def upgrade() -> None:
    given = sa.Column('start_password_at', sa.DateTime(timezone=True), comment='staff only: when the last start password was given')
    op.add_column('account', given)
    op.execute("UPDATE account SET start_password_at = CURRENT_TIMESTAMP WHERE must_change_password")


def downgrade() -> None:
    op.drop_column('account', 'start_password_at')
