"""One-time links: why an administrator revoked one, and the open ones by their last day."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0043'
down_revision = '0042'
branch_labels = None
depends_on = None
oldest_program = '0011'
"""An empty column and an index."""


def upgrade() -> None:
    with op.batch_alter_table('reply_link') as link:
        link.add_column(sa.Column('revoked_reason', sa.Text(), nullable=True, comment='why an administrator revoked it'))
    is_open = sa.text('answered_at IS NULL AND revoked_at IS NULL')
    op.create_index('ix_reply_link_open', 'reply_link', ['expires_at', 'id'], sqlite_where=is_open, postgresql_where=is_open)


def downgrade() -> None:
    op.drop_index('ix_reply_link_open', table_name='reply_link')
    with op.batch_alter_table('reply_link') as link:
        link.drop_column('revoked_reason')
