"""Deputies of a confidential reader wait for the word of a second person."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None
oldest_program = '0011'
"""Only adds columns that may be empty: a program of 0011 goes on beside it. A deputyship that waits has no time yet, for that one too."""


def upgrade() -> None:
    with op.batch_alter_table('deputy') as deputy:
        deputy.add_column(sa.Column('asked_at', sa.DateTime(timezone=True), comment='when one was asked for that waits to be confirmed'))
        deputy.add_column(sa.Column('wanted_until', sa.DateTime(timezone=True), comment='the end asked for, until it is confirmed'))
        deputy.add_column(sa.Column('confirmed_at', sa.DateTime(timezone=True)))
        deputy.add_column(sa.Column('confirmed_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite')))
        deputy.create_foreign_key(op.f('fk_deputy_confirmed_by_id_account'), 'account', ['confirmed_by_id'], ['id'])


def downgrade() -> None:
    with op.batch_alter_table('deputy') as deputy:
        deputy.drop_constraint(op.f('fk_deputy_confirmed_by_id_account'), type_='foreignkey')
        deputy.drop_column('confirmed_by_id')
        deputy.drop_column('confirmed_at')
        deputy.drop_column('wanted_until')
        deputy.drop_column('asked_at')
