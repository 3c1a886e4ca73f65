"""What gateways say is wrong with a channel or a template, and until when its messages wait."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0045'
down_revision = '0044'
branch_labels = None
depends_on = None
oldest_program = '0011'
"""A table no former program knows: while one is still at work it tries held messages, as before."""

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table('channel_fault',
    sa.Column('of', sa.String(length=50), nullable=False, comment="the channel, and after a blank the template's number there"),
    sa.Column('channel', sa.String(length=8), nullable=False),
    sa.Column('template', sa.String(length=40), nullable=False, comment='empty: the whole channel'),
    sa.Column('said', sa.String(length=120), nullable=False, comment="the gateway's code"),
    sa.Column('asks_administrator', sa.Boolean(), nullable=False, comment='it does not end by itself'),
    sa.Column('since', INSTANT, nullable=False),
    sa.Column('last_at', INSTANT, nullable=False),
    sa.Column('times', BIG, nullable=False),
    sa.Column('held_until', INSTANT, nullable=True, comment='its messages wait; empty: it holds nothing back'),
    sa.PrimaryKeyConstraint('of', name=op.f('pk_channel_fault'))
    )


def downgrade() -> None:
    op.drop_table('channel_fault')
