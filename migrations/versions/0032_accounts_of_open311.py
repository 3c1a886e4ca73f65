"""Who proves the contact of senders a service account files for, and in which words it is told the steps."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0032'
down_revision = '0031'
branch_labels = None
depends_on = None
oldest_program = '0011'
"""Columns with a default; a former program goes on as it did: a code of ours, and plain words."""


def upgrade() -> None:
    with op.batch_alter_table('service_account') as batch:
        batch.add_column(sa.Column('contact_mode', sa.String(length=10), server_default='reporter', nullable=False,
                                   comment='who proves it: “reporter”, by a code of ours, or “proven”: its operator has'))
        batch.add_column(sa.Column('extended_statuses', sa.Boolean(), server_default=sa.text('false'), nullable=False,
                                   comment="updates in FixMyStreet's words"))


def downgrade() -> None:
    with op.batch_alter_table('service_account') as batch:
        batch.drop_column('extended_statuses')
        batch.drop_column('contact_mode')
