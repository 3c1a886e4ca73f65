"""Who has a case open now, and what of the bell was read."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = '0024'
down_revision = '0023'
branch_labels = None
depends_on = None
oldest_program = '0011'
"""Tables no former program knows, and an index."""

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
INSTANT = sa.DateTime(timezone=True)
IN_BELL = sa.text(
    "template IN ('mentioned_in_note', 'task_assigned', 'task_taken_over', 'deputy_changed', 'deputy_to_confirm', "
    "'assignment_handed_back', 'hand_back_decided', 'case_taken_up_again', 'answer_to_redo', 'extension_granted', "
    "'extension_not_granted', 'extension_not_endorsed', 'question_answered', 'directive_given', 'reminder', 'reminder_by_hand') "
    "AND dropped_at IS NULL"
)


def upgrade() -> None:
    op.create_table('presence',
    sa.Column('account_id', BIG, autoincrement=False, nullable=False),
    sa.Column('case_id', BIG, autoincrement=False, nullable=False),
    sa.Column('body', sa.String(length=19), nullable=False, comment='c<centre> or a<agency>: who of the same one sees it'),
    sa.Column('began_at', INSTANT, nullable=False),
    sa.Column('seen_at', INSTANT, nullable=False),
    sa.Column('is_writing', sa.Boolean(), nullable=False, comment='something was typed just now; never what'),
    sa.PrimaryKeyConstraint('account_id', 'case_id', name=op.f('pk_presence'))
    )
    op.create_index('ix_presence_case', 'presence', ['case_id', 'body'])
    op.create_index(op.f('ix_presence_seen_at'), 'presence', ['seen_at'])
    if op.get_bind().dialect.name == 'postgresql':
        op.execute('ALTER TABLE presence SET UNLOGGED')
    op.create_table('bell_read',
    sa.Column('account_id', BIG, nullable=False),
    sa.Column('message_id', BIG, nullable=False),
    sa.Column('read_at', INSTANT, nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_bell_read_account_id_account')),
    sa.ForeignKeyConstraint(['message_id'], ['outbox_message.id'], name=op.f('fk_bell_read_message_id_outbox_message'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('account_id', 'message_id', name=op.f('pk_bell_read'))
    )
    op.create_index(op.f('ix_bell_read_message_id'), 'bell_read', ['message_id'])
    op.create_index(op.f('ix_bell_read_read_at'), 'bell_read', ['read_at'])
    op.create_index('ix_outbox_bell', 'outbox_message', ['recipient', 'id'], sqlite_where=IN_BELL, postgresql_where=IN_BELL)
    # what was told before there was a bell is no news: all of it would be unread for everybody, of thirty days. What waits for the inbox of
    # one person stays; so does what may still be sent to them this morning, which is not sent once it was read.
    op.execute(
        sa.text(
            f"UPDATE outbox_message SET read_at = created_at WHERE {IN_BELL.text} AND read_at IS NULL AND routed_at IS NOT NULL "
            "AND template NOT IN ('task_assigned', 'task_taken_over') AND (recipient LIKE 'desk:%' OR created_at < :day)"
        ).bindparams(sa.bindparam('day', datetime.now(UTC) - timedelta(days=1), type_=INSTANT))
    )


def downgrade() -> None:
    op.drop_index('ix_outbox_bell', table_name='outbox_message')
    op.drop_table('bell_read')
    op.drop_table('presence')
