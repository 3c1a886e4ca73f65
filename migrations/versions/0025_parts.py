"""Parts of a case that another body answers for itself."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0025'
down_revision = '0024'
branch_labels = None
depends_on = None
oldest_program = '0011'
"""Two columns, one empty, one with a default. A former program does not wait for parts, so none is split off while it runs."""

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
PARENT = 'fk_case_parent_id_case'


def upgrade() -> None:
    with op.batch_alter_table('case') as table:
        table.add_column(sa.Column('parent_id', BIG, nullable=True, comment='the case it is a part of; one level'))
        table.add_column(sa.Column('is_divided', sa.Boolean(), server_default=sa.false(), nullable=False, comment='has or had parts'))
        table.create_foreign_key(op.f(PARENT), 'case', ['parent_id'], ['id'])
    parted = sa.text('parent_id IS NOT NULL')
    op.create_index('ix_case_parent_id', 'case', ['parent_id'], sqlite_where=parted, postgresql_where=parted)


def downgrade() -> None:
    op.drop_index('ix_case_parent_id', table_name='case')
    with op.batch_alter_table('case') as table:
        table.drop_constraint(op.f(PARENT), type_='foreignkey')
        table.drop_column('is_divided')
        table.drop_column('parent_id')
