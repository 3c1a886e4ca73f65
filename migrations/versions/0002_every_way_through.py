"""What every way through the process needs: pauses, objections, withdrawals, what reporters add, reminders, calendar changes."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('calendar_change',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('centre_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True, comment='empty: every centre'),
    sa.Column('changed_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), server_default='0', nullable=False, comment='cases up to this row are done'),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_calendar_change_centre_id_centre')),
    sa.ForeignKeyConstraint(['changed_by_id'], ['account.id'], name=op.f('fk_calendar_change_changed_by_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_calendar_change'))
    )
    op.create_table('addition',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('report_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('sealed_words', sa.LargeBinary(), nullable=True, comment="the reporter's words; erased by quarantine"),
    sa.Column('written_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('read_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('read_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('cleared_words', sa.Text(), nullable=True, comment='what agencies may read of it; empty: nothing'),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_addition_case_id_case')),
    sa.ForeignKeyConstraint(['read_by_id'], ['account.id'], name=op.f('fk_addition_read_by_id_account')),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], name=op.f('fk_addition_report_id_report')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_addition')),
    sa.UniqueConstraint('ref', name=op.f('uq_addition_ref'))
    )
    with op.batch_alter_table('addition', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_addition_case_id'), ['case_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_addition_report_id'), ['report_id'], unique=False)

    op.create_table('hold',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reason', sa.String(length=300), nullable=False),
    sa.Column('held_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('held_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('until_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True, comment='empty: its last day was over'),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_hold_case_id_case')),
    sa.ForeignKeyConstraint(['ended_by_id'], ['account.id'], name=op.f('fk_hold_ended_by_id_account')),
    sa.ForeignKeyConstraint(['held_by_id'], ['account.id'], name=op.f('fk_hold_held_by_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_hold'))
    )
    with op.batch_alter_table('hold', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_hold_case_id'), ['case_id'], unique=False)

    with op.batch_alter_table('assignment', schema=None) as batch_op:
        batch_op.add_column(sa.Column('end_words', sa.Text(), nullable=True, comment='why it ended; of a missing answer the public reads it'))
        batch_op.add_column(sa.Column('extension_asked', sa.Boolean(), server_default=sa.false(), nullable=False, comment='more time was asked for and is not decided'))

    with op.batch_alter_table('case', schema=None) as batch_op:
        batch_op.add_column(sa.Column('paused_for', sa.String(length=8), nullable=True, comment='casework.states.Pause: what its clocks rest for'))
        batch_op.add_column(sa.Column('paused_until', sa.DateTime(timezone=True), nullable=True, comment='when a question or a hold ends by itself'))
        batch_op.add_column(sa.Column('state_before', sa.String(length=16), nullable=True, comment='where work goes on after a wait, a refusal or a merge'))
        batch_op.add_column(sa.Column('hotline_owed', sa.Boolean(), server_default=sa.false(), nullable=False, comment='urgent, and the hotline not reached yet'))
        batch_op.add_column(sa.Column('withdrawal_asked', sa.Boolean(), server_default=sa.false(), nullable=False, comment="a withdrawal waits for the centre's word"))
        batch_op.add_column(sa.Column('has_unread_words', sa.Boolean(), server_default=sa.false(), nullable=False, comment='a reporter wrote and nobody has read it'))

    with op.batch_alter_table('clock', schema=None) as batch_op:
        batch_op.add_column(sa.Column('remind_at', sa.DateTime(timezone=True), nullable=True, comment='when the next rung of the reminder ladder is reached'))
        batch_op.create_index('ix_clock_remind_at', ['remind_at'], unique=False, sqlite_where=sa.text('remind_at IS NOT NULL'), postgresql_where=sa.text('remind_at IS NOT NULL'))

    with op.batch_alter_table('clock_pause', schema=None) as batch_op:
        batch_op.add_column(sa.Column('due_before', sa.DateTime(timezone=True), nullable=True, comment='the due instant as it stood when the pause began'))

    with op.batch_alter_table('referral', schema=None) as batch_op:
        batch_op.add_column(sa.Column('came_back', sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column('ended_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.create_foreign_key(batch_op.f('fk_referral_ended_by_id_account'), 'account', ['ended_by_id'], ['id'])

    with op.batch_alter_table('refusal', schema=None) as batch_op:
        batch_op.add_column(sa.Column('objection_due_at', sa.DateTime(timezone=True), nullable=True, comment='the first instant too late for an objection'))
        batch_op.add_column(sa.Column('objected_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True, comment='the report whose sender objected'))
        batch_op.add_column(sa.Column('decision_words', sa.Text(), nullable=True))
        batch_op.create_foreign_key(batch_op.f('fk_refusal_objected_by_id_report'), 'report', ['objected_by_id'], ['id'])

    with op.batch_alter_table('withdrawal', schema=None) as batch_op:
        batch_op.add_column(sa.Column('decision_words', sa.Text(), nullable=True))

    _allow_states("'waiting', 'frozen', 'done', 'withdrawn'")
    op.execute(
        """UPDATE "case" SET hotline_owed = true WHERE urgency = 'urgent' AND closed_at IS NULL AND state <> 'to_verify'
           AND NOT EXISTS (SELECT 1 FROM hotline_call WHERE hotline_call.case_id = "case".id AND hotline_call.reached)"""
    )


def _allow_states(states: str) -> None:
    with op.batch_alter_table('waiting_task', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_waiting_task_state'), type_='check')
        batch_op.create_check_constraint(batch_op.f('ck_waiting_task_state'), f"state IN ({states})")


def downgrade() -> None:
    op.execute("UPDATE waiting_task SET state = 'waiting' WHERE state = 'frozen'")
    _allow_states("'waiting', 'done', 'withdrawn'")
    with op.batch_alter_table('withdrawal', schema=None) as batch_op:
        batch_op.drop_column('decision_words')

    with op.batch_alter_table('refusal', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_refusal_objected_by_id_report'), type_='foreignkey')
        batch_op.drop_column('decision_words')
        batch_op.drop_column('objected_by_id')
        batch_op.drop_column('objection_due_at')

    with op.batch_alter_table('referral', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_referral_ended_by_id_account'), type_='foreignkey')
        batch_op.drop_column('ended_by_id')
        batch_op.drop_column('came_back')

    with op.batch_alter_table('clock_pause', schema=None) as batch_op:
        batch_op.drop_column('due_before')

    with op.batch_alter_table('clock', schema=None) as batch_op:
        batch_op.drop_index('ix_clock_remind_at', sqlite_where=sa.text('remind_at IS NOT NULL'), postgresql_where=sa.text('remind_at IS NOT NULL'))
        batch_op.drop_column('remind_at')

    with op.batch_alter_table('case', schema=None) as batch_op:
        batch_op.drop_column('has_unread_words')
        batch_op.drop_column('withdrawal_asked')
        batch_op.drop_column('hotline_owed')
        batch_op.drop_column('state_before')
        batch_op.drop_column('paused_until')
        batch_op.drop_column('paused_for')

    with op.batch_alter_table('assignment', schema=None) as batch_op:
        batch_op.drop_column('extension_asked')
        batch_op.drop_column('end_words')

    with op.batch_alter_table('hold', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_hold_case_id'))

    op.drop_table('hold')
    with op.batch_alter_table('addition', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_addition_report_id'))
        batch_op.drop_index(batch_op.f('ix_addition_case_id'))

    op.drop_table('addition')
    op.drop_table('calendar_change')
