"""What a centre's directory of people has said of staff, and the provider whose subjects it names."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0033'
down_revision = '0032'
branch_labels = None
depends_on = None
oldest_program = '0011'
"""A table no former program knows, and a column that may be empty."""

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table('service_account') as batch:
        batch.add_column(sa.Column('provider', sa.String(length=40), nullable=True,
                                   comment='of sign-ins, whose subjects it names for people it adds (SCIM)'))  # fmt: skip
    op.create_table('provisioned_person',
    sa.Column('account_id', BIG, autoincrement=False, nullable=False),
    sa.Column('centre_id', BIG, nullable=False),
    sa.Column('sealed_external', sa.LargeBinary(), nullable=True, comment='the identifier of the person in that directory'),
    sa.Column('external_digest', sa.String(length=64), nullable=True, comment='keyed digest of it'),
    sa.Column('created_at', INSTANT, nullable=False),
    sa.Column('deleted_at', INSTANT, nullable=True,
              comment='when the directory removed the person; counts while the account is closed'),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_provisioned_person_account_id_account')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_provisioned_person_centre_id_centre')),
    sa.PrimaryKeyConstraint('account_id', name=op.f('pk_provisioned_person')),
    sa.UniqueConstraint('centre_id', 'external_digest', name=op.f('uq_provisioned_person_centre_id_external_digest'))
    )


def downgrade() -> None:
    op.drop_table('provisioned_person')
    with op.batch_alter_table('service_account') as batch:
        batch.drop_column('provider')
