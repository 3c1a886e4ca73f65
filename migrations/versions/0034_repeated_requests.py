"""What programs sent by the API, so that the same request again is answered alike and done once."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0034'
down_revision = '0033'
branch_labels = None
depends_on = None
oldest_program = '0011'
"""A table no former program knows."""

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table('door_repeat',
    sa.Column('key', sa.String(length=64), nullable=False, comment='keyed digest of account, route and key'),
    sa.Column('service_id', BIG, nullable=False),
    sa.Column('content_digest', sa.String(length=64), nullable=False, comment='keyed, of what was sent: another body is no repeat'),
    sa.Column('claim', sa.String(length=32), nullable=False, comment='of the request that does it; one that died loses it after a minute'),
    sa.Column('claimed_at', INSTANT, nullable=False),
    sa.Column('status', BIG, nullable=True, comment='of the first answer; empty while it runs'),
    sa.Column('sealed_answer', sa.LargeBinary(), nullable=True),
    sa.Column('case_id', BIG, nullable=True, comment='the case it was about: set apart, the row goes with it'),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_door_repeat_case_id_case')),
    sa.ForeignKeyConstraint(['service_id'], ['service_account.account_id'], name=op.f('fk_door_repeat_service_id_service_account')),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_door_repeat')),
    )
    op.create_index('ix_door_repeat_case', 'door_repeat', ['case_id'], sqlite_where=sa.text('case_id IS NOT NULL'),
                    postgresql_where=sa.text('case_id IS NOT NULL'))
    op.create_index(op.f('ix_door_repeat_claimed_at'), 'door_repeat', ['claimed_at'])
    op.create_index(op.f('ix_door_repeat_service_id'), 'door_repeat', ['service_id'])


def downgrade() -> None:
    op.drop_table('door_repeat')
