"""Webhooks: endpoints of service accounts, their secrets, and what they are told in which order."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = '0035'
down_revision = '0034'
branch_labels = None
depends_on = None
oldest_program = '0011'
"""Tables no former program knows: while it is still at work, its acts are told to no endpoint, and there is none yet."""

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
INSTANT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(JSONB(), 'postgresql')


def upgrade() -> None:
    op.create_table('webhook_endpoint',
    sa.Column('id', BIG, nullable=False),
    sa.Column('account_id', BIG, nullable=False),
    sa.Column('url', sa.String(length=500), nullable=False),
    sa.Column('events', JSON, nullable=False, comment='types, or things for all types of it; none: all it may be told'),
    sa.Column('scheme', sa.String(length=4), nullable=False, comment='v1a: ed25519, v1: a shared secret'),
    sa.Column('created_by_id', BIG, nullable=False),
    sa.Column('created_at', INSTANT, nullable=False),
    sa.Column('verified_at', INSTANT, nullable=True, comment='it answered the challenge; empty: nothing else is sent'),
    sa.Column('disabled_at', INSTANT, nullable=True),
    sa.Column('disabled_for', sa.String(length=8), nullable=True, comment='asked, gone (410), silent (for days)'),
    sa.Column('claim', sa.String(length=16), nullable=True),
    sa.Column('claimed_until', INSTANT, nullable=True),
    sa.Column('rests_until', INSTANT, nullable=True, comment='after a failure nothing is sent before'),
    sa.Column('failures', BIG, server_default='0', nullable=False, comment='in a row'),
    sa.Column('failing_since', INSTANT, nullable=True),
    sa.Column('last_delivered_at', INSTANT, nullable=True),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.CheckConstraint("scheme IN ('v1', 'v1a')", name=op.f('ck_webhook_endpoint_scheme')),
    sa.ForeignKeyConstraint(['account_id'], ['service_account.account_id'], name=op.f('fk_webhook_endpoint_account_id_service_account')),
    sa.ForeignKeyConstraint(['created_by_id'], ['account.id'], name=op.f('fk_webhook_endpoint_created_by_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhook_endpoint')),
    sa.UniqueConstraint('ref', name=op.f('uq_webhook_endpoint_ref'))
    )
    op.create_index(op.f('ix_webhook_endpoint_account_id'), 'webhook_endpoint', ['account_id'])
    op.create_table('webhook_secret',
    sa.Column('id', BIG, nullable=False),
    sa.Column('endpoint_id', BIG, nullable=False),
    sa.Column('scheme', sa.String(length=4), nullable=False),
    sa.Column('public', sa.String(length=80), nullable=True, comment='whpk_…, of v1a'),
    sa.Column('sealed_secret', sa.LargeBinary(), nullable=False),
    sa.Column('made_at', INSTANT, nullable=False),
    sa.Column('ends_at', INSTANT, nullable=True, comment='of a former one'),
    sa.ForeignKeyConstraint(['endpoint_id'], ['webhook_endpoint.id'], name=op.f('fk_webhook_secret_endpoint_id_webhook_endpoint')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhook_secret'))
    )
    op.create_index(op.f('ix_webhook_secret_endpoint_id'), 'webhook_secret', ['endpoint_id'])
    op.create_table('webhook_course',
    sa.Column('endpoint_id', BIG, autoincrement=False, nullable=False),
    sa.Column('about', sa.String(length=40), nullable=False, comment='case:<id>, report:<id>, endpoint'),
    sa.Column('seq', BIG, nullable=False),
    sa.Column('due_at', INSTANT, nullable=True, comment='empty: nothing waits'),
    sa.ForeignKeyConstraint(['endpoint_id'], ['webhook_endpoint.id'], name=op.f('fk_webhook_course_endpoint_id_webhook_endpoint')),
    sa.PrimaryKeyConstraint('endpoint_id', 'about', name=op.f('pk_webhook_course'))
    )
    due = sa.text('due_at IS NOT NULL')
    op.create_index('ix_webhook_course_due', 'webhook_course', ['endpoint_id', 'due_at'], sqlite_where=due, postgresql_where=due)
    _deliveries()


def _deliveries() -> None:
    op.create_table('webhook_delivery',
    sa.Column('id', BIG, nullable=False),
    sa.Column('message', sa.String(length=40), nullable=False, comment='webhook-id: the same over all attempts and replays'),
    sa.Column('endpoint_id', BIG, nullable=False),
    sa.Column('about', sa.String(length=40), nullable=False),
    sa.Column('seq', BIG, nullable=False),
    sa.Column('case_id', BIG, nullable=True),
    sa.Column('type', sa.String(length=60), nullable=False),
    sa.Column('at', INSTANT, nullable=False, comment='of the event'),
    sa.Column('told', JSON, nullable=False, comment='refs and a code; never words, names, places'),
    sa.Column('body', sa.Text(), nullable=True),
    sa.Column('attempts', BIG, server_default='0', nullable=False),
    sa.Column('tried_at', INSTANT, nullable=True),
    sa.Column('last_status', BIG, nullable=True),
    sa.Column('last_error', sa.String(length=40), nullable=True, comment='where there was no answer'),
    sa.Column('delivered_at', INSTANT, nullable=True),
    sa.Column('dead_at', INSTANT, nullable=True, comment='given up; can be sent again'),
    sa.ForeignKeyConstraint(['endpoint_id'], ['webhook_endpoint.id'], name=op.f('fk_webhook_delivery_endpoint_id_webhook_endpoint')),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_webhook_delivery_case_id_case')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhook_delivery')),
    sa.UniqueConstraint('message', name=op.f('uq_webhook_delivery_message')),
    sa.UniqueConstraint('endpoint_id', 'about', 'seq', name=op.f('uq_webhook_delivery_endpoint_id_about_seq'))
    )
    op.create_index(op.f('ix_webhook_delivery_case_id'), 'webhook_delivery', ['case_id'])
    untold = sa.text('delivered_at IS NULL AND dead_at IS NULL')
    op.create_index('ix_webhook_delivery_untold', 'webhook_delivery', ['endpoint_id', 'about', 'seq'], sqlite_where=untold,
                    postgresql_where=untold)
    dead, delivered = sa.text('dead_at IS NOT NULL'), sa.text('delivered_at IS NOT NULL')
    op.create_index('ix_webhook_delivery_dead', 'webhook_delivery', ['endpoint_id', 'dead_at'], sqlite_where=dead, postgresql_where=dead)
    op.create_index('ix_webhook_delivery_dead_on', 'webhook_delivery', ['dead_at'], sqlite_where=dead, postgresql_where=dead)
    op.create_index('ix_webhook_delivery_delivered', 'webhook_delivery', ['delivered_at'], sqlite_where=delivered,
                    postgresql_where=delivered)


def downgrade() -> None:
    for table in ('webhook_delivery', 'webhook_course', 'webhook_secret', 'webhook_endpoint'):
        op.drop_table(table)
