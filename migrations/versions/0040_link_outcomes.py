"""One-time links: what came of the matter, the day it is ready and the reason."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0040'
down_revision = '0037'
branch_labels = None
depends_on = None
oldest_program = '0011'
"""Empty columns. A former program's answers have no outcome: it took none but of work that was done."""


def upgrade() -> None:
    with op.batch_alter_table('reply_link') as link:
        link.add_column(sa.Column('outcome', sa.String(length=8), nullable=True, comment='what became of the matter; empty: done'))
        link.add_column(sa.Column('ready_on', sa.Date(), nullable=True, comment='the day by which it is ready, where it takes longer'))
        link.add_column(sa.Column('reason', sa.Text(), nullable=True, comment='why it takes longer, or is not for this body'))


def downgrade() -> None:
    with op.batch_alter_table('reply_link') as link:
        link.drop_column('reason')
        link.drop_column('ready_on')
        link.drop_column('outcome')
