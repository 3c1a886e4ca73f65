"""The permission of an Official Account at Zalo, sealed, and consents under way."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0046'
down_revision = '0045'
branch_labels = None
depends_on = None
oldest_program = '0011'
"""Tables no former program knows: it sends with the fixed token of its environment, as before."""

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table('zalo_account',
    sa.Column('oa_id', sa.String(length=24), nullable=False),
    sa.Column('centre_id', BIG, nullable=False),
    sa.Column('sealed_access', sa.LargeBinary(), nullable=True, comment='empty: withdrawn'),
    sa.Column('sealed_refresh', sa.LargeBinary(), nullable=True, comment='good for one renewal'),
    sa.Column('refresh_issued_at', INSTANT, nullable=True, comment='when Zalo gave this pair'),
    sa.Column('expires_at', INSTANT, nullable=True, comment='of the access token'),
    sa.Column('generation', BIG, nullable=False),
    sa.Column('refused_generation', BIG, nullable=True, comment='whose access token Zalo refused: renewed at once, if that helps'),
    sa.Column('state', sa.String(length=14), nullable=False),
    sa.Column('lease', sa.String(length=32), nullable=True, comment='which attempt renews'),
    sa.Column('leased_until', INSTANT, nullable=True),
    sa.Column('failures', BIG, nullable=False, comment='renewals in a row that brought no tokens'),
    sa.Column('next_try_at', INSTANT, nullable=True, comment='after a failure not before'),
    sa.Column('said', sa.String(length=120), nullable=True, comment='code of the last failure'),
    sa.Column('consented_by_id', BIG, nullable=True),
    sa.Column('consented_at', INSTANT, nullable=True),
    sa.CheckConstraint("state IN ('ok', 'renewing', 'needs_consent')", name=op.f('ck_zalo_account_state')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_zalo_account_centre_id_centre')),
    sa.ForeignKeyConstraint(['consented_by_id'], ['account.id'], name=op.f('fk_zalo_account_consented_by_id_account')),
    sa.PrimaryKeyConstraint('oa_id', name=op.f('pk_zalo_account'))
    )
    op.create_index(op.f('ix_zalo_account_centre_id'), 'zalo_account', ['centre_id'])
    op.create_index(op.f('ix_zalo_account_consented_by_id'), 'zalo_account', ['consented_by_id'])
    op.create_table('zalo_consent',
    sa.Column('id', BIG, nullable=False),
    sa.Column('state_digest', sa.String(length=64), nullable=False),
    sa.Column('session_digest', sa.String(length=64), nullable=False, comment='of the session that was sent'),
    sa.Column('oa_id', sa.String(length=24), nullable=False),
    sa.Column('sealed_verifier', sa.LargeBinary(), nullable=True, comment='of PKCE; empty once it came back'),
    sa.Column('expires_at', INSTANT, nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_zalo_consent')),
    sa.UniqueConstraint('state_digest', name=op.f('uq_zalo_consent_state_digest'))
    )
    op.create_index(op.f('ix_zalo_consent_expires_at'), 'zalo_consent', ['expires_at'])


def downgrade() -> None:
    op.drop_table('zalo_consent')
    op.drop_table('zalo_account')
