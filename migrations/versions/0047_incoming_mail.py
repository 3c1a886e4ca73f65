"""Incoming e-mail: reply addresses, letters as they came, and addresses that take no letters."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0047'
down_revision = '0046'
branch_labels = None
depends_on = None
oldest_program = '0011'
"""Tables no former program knows; they stay empty until a mailbox is configured, which only this one reads."""

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table('reply_address',
    sa.Column('id', BIG, nullable=False),
    sa.Column('report_id', BIG, nullable=False),
    sa.Column('salt', sa.String(length=16), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False, comment='keyed, of the token'),
    sa.Column('made_at', INSTANT, nullable=False),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], name=op.f('fk_reply_address_report_id_report')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reply_address')),
    sa.UniqueConstraint('report_id', name=op.f('uq_reply_address_report_id')),
    sa.UniqueConstraint('digest', name=op.f('uq_reply_address_digest'))
    )
    op.create_table('incoming_letter',
    sa.Column('id', BIG, nullable=False),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.Column('key', sa.String(length=64), nullable=False, comment='keyed digest of mailbox and Message-ID'),
    sa.Column('content_digest', sa.String(length=64), nullable=False,
              comment='keyed, of the body: another letter may bear the same Message-ID'),
    sa.Column('sealed_raw', sa.LargeBinary(), nullable=True, comment='as it came; empty once it is taken'),
    sa.Column('state', sa.String(length=8), server_default='waiting', nullable=False),
    sa.Column('why', sa.String(length=12), nullable=True, comment='a word for why it is unclear'),
    sa.Column('report_id', BIG, nullable=True, comment='whose address it was sent to'),
    sa.Column('size', BIG, nullable=False, comment='in bytes, of the letter as it came'),
    sa.Column('received_at', INSTANT, nullable=False),
    sa.Column('attempts', BIG, server_default='0', nullable=False),
    sa.Column('claimed_until', INSTANT, nullable=True),
    sa.Column('handled_at', INSTANT, nullable=True),
    sa.Column('holder_id', BIG, nullable=True, comment='who looks after it while it is unclear'),
    sa.CheckConstraint("state IN ('waiting', 'taken', 'unclear', 'machine', 'bounce', 'filed', 'thrown')", name=op.f('ck_incoming_letter_state')),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], name=op.f('fk_incoming_letter_report_id_report')),
    sa.ForeignKeyConstraint(['holder_id'], ['account.id'], name=op.f('fk_incoming_letter_holder_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_incoming_letter')),
    sa.UniqueConstraint('ref', name=op.f('uq_incoming_letter_ref')),
    sa.UniqueConstraint('key', name=op.f('uq_incoming_letter_key'))
    )
    for name, columns, where in (
        ('waiting', ['id'], "state = 'waiting'"), ('handled', ['handled_at', 'id'], 'handled_at IS NOT NULL'), ('unclear', ['id'], "state = 'unclear'"),
        ('report', ['report_id'], 'report_id IS NOT NULL'),
    ):
        op.create_index(f'ix_incoming_letter_{name}', 'incoming_letter', columns, sqlite_where=sa.text(where),
                        postgresql_where=sa.text(where))
    op.create_table('dead_email',
    sa.Column('email_digest', sa.String(length=64), nullable=False),
    sa.Column('told_at', INSTANT, nullable=False),
    sa.PrimaryKeyConstraint('email_digest', name=op.f('pk_dead_email'))
    )
    op.create_index(op.f('ix_dead_email_told_at'), 'dead_email', ['told_at'])
    there = sa.text('gateway_ref IS NOT NULL')
    op.create_index('ix_delivery_gateway_ref', 'delivery', ['gateway_ref'], sqlite_where=there, postgresql_where=there)


def downgrade() -> None:
    op.drop_index('ix_delivery_gateway_ref', 'delivery')
    op.drop_table('dead_email')
    op.drop_table('incoming_letter')
    op.drop_table('reply_address')
