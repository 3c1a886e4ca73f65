"""Acts that can be taken back for a while."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from casework.db import Instant

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None
oldest_program = '0011'
"""A table no former program knows."""

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
HELD = sa.text('returned_at IS NULL')


def upgrade() -> None:
    op.create_table('held_act',
    sa.Column('id', BIG, nullable=False),
    sa.Column('account_id', BIG, nullable=False),
    sa.Column('case_id', BIG, nullable=False),
    sa.Column('assignment_id', BIG, nullable=True),
    sa.Column('subject', sa.String(length=80), nullable=False, comment='element of the step, or the verb of an act beside the steps'),
    sa.Column('task_ref', sa.String(length=16), nullable=True, comment='the step as its page was called; empty: an act beside the steps'),
    sa.Column('verb', sa.String(length=40), nullable=False),
    sa.Column('sealed_given', sa.LargeBinary(), nullable=True, comment='what was filled in, as the use case takes it'),
    sa.Column('sealed_fields', sa.LargeBinary(), nullable=True, comment='the form as it was sent, to be given back'),
    sa.Column('sealed_why', sa.LargeBinary(), nullable=True, comment='why it went back'),
    sa.Column('form_key', sa.String(length=80), nullable=True, comment='of the form that was sent: free again if it goes back'),
    sa.Column('pressed_at', Instant(), nullable=False),
    sa.Column('due_at', Instant(), nullable=False),
    sa.Column('returned_at', Instant(), nullable=True),
    sa.Column('seen_at', Instant(), nullable=True, comment='when its author put the notice away'),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_held_act_account_id_account')),
    sa.ForeignKeyConstraint(['assignment_id'], ['assignment.id'], name=op.f('fk_held_act_assignment_id_assignment')),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_held_act_case_id_case')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_held_act')),
    sa.UniqueConstraint('ref', name=op.f('uq_held_act_ref'))
    )
    op.create_index(op.f('ix_held_act_assignment_id'), 'held_act', ['assignment_id'])
    op.create_index(op.f('ix_held_act_case_id'), 'held_act', ['case_id'])
    op.create_index('ix_held_act_due', 'held_act', ['pressed_at', 'id'], sqlite_where=HELD, postgresql_where=HELD)
    op.create_index('ix_held_act_once', 'held_act', ['task_ref'], unique=True, sqlite_where=HELD, postgresql_where=HELD)
    op.create_index('ix_held_act_own', 'held_act', ['account_id', 'returned_at'])
    op.create_index(op.f('ix_held_act_returned_at'), 'held_act', ['returned_at'])
    op.create_index('ix_held_act_task', 'held_act', ['task_ref', 'id'])


def downgrade() -> None:
    op.drop_table('held_act')
