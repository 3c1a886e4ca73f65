"""Which programs still call what goes from the API, so that their owners are told once."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0041'
down_revision = '0040'
branch_labels = None
depends_on = None
oldest_program = '0011'
"""A table no former program knows."""

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table('going_call',
    sa.Column('service_id', BIG, autoincrement=False, nullable=False),
    sa.Column('operation', sa.String(length=60), nullable=False, comment='its name in OpenAPI'),
    sa.Column('announced_on', sa.Date(), nullable=False, comment='what is announced anew is told anew'),
    sa.Column('last_used_on', sa.Date(), nullable=False, comment='the local day'),
    sa.Column('told_id', BIG, nullable=True, comment='the owner who was told of it'),
    sa.ForeignKeyConstraint(['service_id'], ['service_account.account_id'], name=op.f('fk_going_call_service_id_service_account')),
    sa.ForeignKeyConstraint(['told_id'], ['account.id'], name=op.f('fk_going_call_told_id_account')),
    sa.PrimaryKeyConstraint('service_id', 'operation', 'announced_on', name=op.f('pk_going_call')),
    )
    op.create_index(op.f('ix_going_call_last_used_on'), 'going_call', ['last_used_on'])
    op.create_index(op.f('ix_going_call_told_id'), 'going_call', ['told_id'])


def downgrade() -> None:
    op.drop_table('going_call')
