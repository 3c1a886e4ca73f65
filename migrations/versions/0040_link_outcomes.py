"""One-time links: what came of the matter, the day it is ready and the reason; and the open ones, found by their last day."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0040'
down_revision = '0037'
branch_labels = None
depends_on = None
oldest_program = '0011'
"""Empty columns and an index. A former program's answers have no outcome: it took none but of work that was done."""


def upgrade() -> None:
    with op.batch_alter_table('reply_link') as link:
        link.add_column(sa.Column('outcome', sa.String(length=8), nullable=True, comment='what became of the matter; empty: done'))
        link.add_column(sa.Column('ready_on', sa.Date(), nullable=True, comment='the day by which it is ready, where it takes longer'))
        link.add_column(sa.Column('reason', sa.Text(), nullable=True, comment='why it takes longer, or is not for this body'))
    is_open = sa.text('answered_at IS NULL AND revoked_at IS NULL')
    op.create_index('ix_reply_link_open', 'reply_link', ['expires_at', 'id'], sqlite_where=is_open, postgresql_where=is_open)


def downgrade() -> None:
    op.drop_index('ix_reply_link_open', table_name='reply_link')
    with op.batch_alter_table('reply_link') as link:
        link.drop_column('reason')
        link.drop_column('ready_on')
        link.drop_column('outcome')
