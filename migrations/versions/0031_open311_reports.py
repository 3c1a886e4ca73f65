"""The service account that filed a report for its sender."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0031'
down_revision = '0030'
branch_labels = None
depends_on = None
oldest_program = '0011'
"""A column that may be empty, and an index of its own rows."""

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    with op.batch_alter_table('report') as batch:
        batch.add_column(sa.Column('service_id', BIG, nullable=True, comment='the service account that filed it for its sender'))
        batch.create_foreign_key(op.f('fk_report_service_id_service_account'), 'service_account', ['service_id'], ['account_id'])
        batch.create_index(
            'ix_report_service_filed', ['service_id', 'filed_at'], sqlite_where=sa.text('service_id IS NOT NULL'),
            postgresql_where=sa.text('service_id IS NOT NULL'),
        )


def downgrade() -> None:
    with op.batch_alter_table('report') as batch:
        batch.drop_index('ix_report_service_filed')
        batch.drop_constraint(op.f('fk_report_service_id_service_account'), type_='foreignkey')
        batch.drop_column('service_id')
