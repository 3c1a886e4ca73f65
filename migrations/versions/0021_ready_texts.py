"""Texts ready for questions, refusals and orders to redo."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None
oldest_program = '0011'
"""A table no former program knows."""

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table('ready_text',
    sa.Column('id', BIG, nullable=False),
    sa.Column('purpose', sa.String(length=8), nullable=False, comment='question to a reporter, refusal of a report, redo of an answer'),
    sa.Column('service_code', sa.String(length=40), nullable=True, comment='of the field it is meant for; empty: any'),
    sa.Column('position', BIG, nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.Column('centre_id', BIG, nullable=True),
    sa.Column('name_vi', sa.String(length=200), nullable=False),
    sa.Column('name_en', sa.String(length=200), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.CheckConstraint("purpose IN ('question', 'refusal', 'redo')", name=op.f('ck_ready_text_purpose')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_ready_text_centre_id_centre')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ready_text')),
    sa.UniqueConstraint('ref', name=op.f('uq_ready_text_ref'))
    )
    op.create_index(op.f('ix_ready_text_purpose'), 'ready_text', ['purpose'])


def downgrade() -> None:
    op.drop_table('ready_text')
