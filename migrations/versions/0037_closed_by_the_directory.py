"""When a centre's directory closed an account: it opens again what it closed itself, and nothing an administrator closed."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0037'
down_revision = '0036'
branch_labels = None
depends_on = None
oldest_program = '0011'
"""A column that may be empty: what a former program closes by SCIM meanwhile, an administrator opens."""


def upgrade() -> None:
    with op.batch_alter_table('provisioned_person') as batch:
        batch.add_column(sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True,
                                   comment='when the directory closed the account; another time, and people did since'))  # fmt: skip


def downgrade() -> None:
    with op.batch_alter_table('provisioned_person') as batch:
        batch.drop_column('closed_at')
