"""Photos that a program names by their address: the hosts a service account may name, and the addresses that are to be fetched."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = '0042'
down_revision = '0041'
branch_labels = None
depends_on = None
oldest_program = '0011'
"""A table no former program knows, and a column with a default: while one is still at work nothing is fetched."""

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
INSTANT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(JSONB(), 'postgresql')


def upgrade() -> None:
    with op.batch_alter_table('service_account') as batch:
        batch.add_column(sa.Column('photo_hosts', JSON, server_default='[]', nullable=False,
                                   comment='from which photos are fetched that its reports name by their address'))  # fmt: skip
    op.create_table('photo_address',
    sa.Column('id', BIG, nullable=False),
    sa.Column('report_id', BIG, nullable=False),
    sa.Column('sealed_url', sa.LargeBinary(), nullable=True),
    sa.Column('asked_at', INSTANT, nullable=False),
    sa.Column('due_at', INSTANT, nullable=False, comment='nobody calls before; while one calls, the end of its claim'),
    sa.Column('attempts', BIG, server_default='0', nullable=False),
    sa.Column('ended_at', INSTANT, nullable=True),
    sa.Column('reason', sa.String(length=10), nullable=True, comment='fetched, or why not: a word of casework.doors.photo_addresses'),
    sa.CheckConstraint('(ended_at IS NULL) = (reason IS NULL)', name=op.f('ck_photo_address_ended')),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], name=op.f('fk_photo_address_report_id_report')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_photo_address'))
    )
    op.create_index(op.f('ix_photo_address_report_id'), 'photo_address', ['report_id'])
    open_ones = sa.text('ended_at IS NULL')
    op.create_index('ix_photo_address_due', 'photo_address', ['due_at'], sqlite_where=open_ones, postgresql_where=open_ones)


def downgrade() -> None:
    op.drop_table('photo_address')
    with op.batch_alter_table('service_account') as batch:
        batch.drop_column('photo_hosts')
