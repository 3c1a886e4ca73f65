"""Questions of a field beyond the words of a report, and what is answered, sealed beside them."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0028'
down_revision = '0027'
branch_labels = None
depends_on = None
oldest_program = '0011'
"""A table no former program knows, and a column that may be empty."""

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table('extra_question',
    sa.Column('id', BIG, nullable=False),
    sa.Column('service_code', sa.String(length=40), nullable=False, comment='of the field it is asked in'),
    sa.Column('code', sa.String(length=40), nullable=False),
    sa.Column('position', BIG, nullable=False),
    sa.Column('kind', sa.String(length=6), nullable=False, comment='text, number, choice, or a notice that stops'),
    sa.Column('hint_vi', sa.Text(), nullable=False, comment='of a notice: whom to call instead'),
    sa.Column('hint_en', sa.Text(), nullable=False),
    sa.Column('least', BIG, nullable=True, comment='of a number'),
    sa.Column('most', BIG, nullable=True),
    sa.Column('options_vi', sa.Text(), nullable=False, comment='of a choice, one a line'),
    sa.Column('options_en', sa.Text(), nullable=False),
    sa.Column('is_required', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('for_citizens', sa.Boolean(), server_default=sa.text('true'), nullable=False),
    sa.Column('for_operators', sa.Boolean(), server_default=sa.text('true'), nullable=False),
    sa.Column('may_send', sa.Boolean(), server_default=sa.text('false'), nullable=False, comment='of a notice: it may be sent all the same'),
    sa.Column('centre_id', BIG, nullable=True),
    sa.Column('name_vi', sa.String(length=200), nullable=False),
    sa.Column('name_en', sa.String(length=200), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.CheckConstraint("kind IN ('text', 'number', 'choice', 'stop')", name=op.f('ck_extra_question_kind')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_extra_question_centre_id_centre')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_extra_question'))
    )
    op.create_index('ix_extra_question_field', 'extra_question', ['service_code', 'valid_from'])
    op.add_column('report_text', sa.Column('sealed_answers', sa.LargeBinary(), nullable=True,
                                           comment='answers to the extra questions, beside the original words'))


def downgrade() -> None:
    op.drop_column('report_text', 'sealed_answers')
    op.drop_table('extra_question')
