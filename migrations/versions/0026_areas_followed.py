"""Whether it was really mended, and who is told of an area."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0026'
down_revision = '0025'
branch_labels = None
depends_on = None
oldest_program = '0011'
"""Tables no former program knows, and more kinds of moments, which it counts under their own names."""

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
INSTANT = sa.DateTime(timezone=True)
RESTS, WAITS, UNNUMBERED = sa.text('due_at IS NULL'), sa.text('due_at IS NOT NULL'), sa.text('number IS NULL')
KINDS_BEFORE = "kind IN ('extended', 'handed_back', 'redone', 'satisfied', 'acceptable', 'dissatisfied')"
KINDS = ("kind IN ('extended', 'handed_back', 'redone', 'satisfied', 'acceptable', 'dissatisfied', 'asked_mended', 'mended', "
         "'not_mended')")


FORGOTTEN_BEFORE = "kind IN ('account', 'report', 'quarantine', 'hand_over')"
FORGOTTEN = "kind IN ('account', 'report', 'quarantine', 'hand_over', 'area')"


def upgrade() -> None:
    _mended_questions()
    _subscriptions()
    _news()
    _moments(KINDS)
    _forgotten(FORGOTTEN, 'ref of the account, report or case, or of what was followed')


def _mended_questions() -> None:
    op.create_table('mended_question',
    sa.Column('id', BIG, nullable=False),
    sa.Column('publication_id', BIG, nullable=False, comment='the final answer it asks about'),
    sa.Column('case_id', BIG, nullable=False),
    sa.Column('report_id', BIG, nullable=False, comment='whose sender is asked'),
    sa.Column('asked_at', INSTANT, nullable=False),
    sa.Column('expires_at', INSTANT, nullable=False, comment='from then on the link in the message answers nothing'),
    sa.Column('answer', sa.String(length=3), nullable=True),
    sa.Column('answered_at', INSTANT, nullable=True),
    sa.Column('new_report_id', BIG, nullable=True, comment='the report sent after a no'),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.CheckConstraint("answer IN ('yes', 'no')", name=op.f('ck_mended_question_answer')),
    sa.CheckConstraint('(answer IS NULL) = (answered_at IS NULL)', name=op.f('ck_mended_question_answered')),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_mended_question_case_id_case')),
    sa.ForeignKeyConstraint(['new_report_id'], ['report.id'], name=op.f('fk_mended_question_new_report_id_report')),
    sa.ForeignKeyConstraint(['publication_id'], ['publication.id'], name=op.f('fk_mended_question_publication_id_publication')),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], name=op.f('fk_mended_question_report_id_report')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_mended_question')),
    sa.UniqueConstraint('new_report_id', name=op.f('uq_mended_question_new_report_id')),
    sa.UniqueConstraint('publication_id', 'report_id', name=op.f('uq_mended_question_publication_id_report_id')),
    sa.UniqueConstraint('ref', name=op.f('uq_mended_question_ref'))
    )
    for column in ('answered_at', 'case_id', 'report_id'):
        op.create_index(op.f(f'ix_mended_question_{column}'), 'mended_question', [column])


def _subscriptions() -> None:
    op.create_table('area_subscription',
    sa.Column('id', BIG, nullable=False),
    sa.Column('kind', sa.String(length=6), nullable=False, comment='by what it is found: area, circle, or field of no place'),
    sa.Column('area_id', BIG, nullable=True, comment='the commune'),
    sa.Column('latitude', sa.Double(), nullable=True, comment='of the middle of the circle, rounded (casework.places.points)'),
    sa.Column('longitude', sa.Double(), nullable=True),
    sa.Column('radius_m', BIG, nullable=True),
    sa.Column('cell', BIG, nullable=True, comment='the square of the map the middle lies in'),
    sa.Column('field_code', sa.String(length=40), nullable=True, comment='service code of the field, of any centre'),
    sa.Column('scope', sa.String(length=120), nullable=False, comment='all of the above as one word: the same twice is one subscription'),
    sa.Column('sealed_contact', sa.LargeBinary(), nullable=False),
    sa.Column('contact_digest', sa.String(length=64), nullable=False),
    sa.Column('contact_kind', sa.String(length=5), nullable=False, comment='phone or email'),
    sa.Column('rhythm', sa.String(length=7), nullable=False),
    sa.Column('language', sa.String(length=2), nullable=False),
    sa.Column('confirmed_at', INSTANT, nullable=False, comment='when the code came back and the person agreed'),
    sa.Column('told_up_to', BIG, server_default='0', nullable=False, comment='number of the newest news it was told of'),
    sa.Column('told_at', INSTANT, nullable=True),
    sa.Column('due_at', INSTANT, nullable=True, comment='when it is told next; empty: there is no news for it'),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.CheckConstraint("kind IN ('area', 'circle', 'field')", name=op.f('ck_area_subscription_kind')),
    sa.CheckConstraint("rhythm IN ('at_once', 'daily', 'weekly')", name=op.f('ck_area_subscription_rhythm')),
    sa.ForeignKeyConstraint(['area_id'], ['area.id'], name=op.f('fk_area_subscription_area_id_area')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_area_subscription')),
    sa.UniqueConstraint('contact_digest', 'scope', name=op.f('uq_area_subscription_contact_digest_scope')),
    sa.UniqueConstraint('ref', name=op.f('uq_area_subscription_ref'))
    )
    for name, column in (('area', 'area_id'), ('cell', 'cell'), ('field', 'field_code')):
        op.create_index(f'ix_area_subscription_{name}', 'area_subscription', [column, 'id'], sqlite_where=RESTS, postgresql_where=RESTS)
    op.create_index('ix_area_subscription_due', 'area_subscription', ['due_at', 'id'], sqlite_where=WAITS, postgresql_where=WAITS)
    op.create_index(op.f('ix_area_subscription_confirmed_at'), 'area_subscription', ['confirmed_at'])


def _news() -> None:
    op.create_table('area_news',
    sa.Column('id', BIG, nullable=False),
    sa.Column('case_id', BIG, nullable=False),
    sa.Column('step', sa.String(length=9), nullable=False),
    sa.Column('at', INSTANT, nullable=False),
    sa.Column('number', BIG, nullable=True, comment='in the order in which it was looked at'),
    sa.Column('area_id', BIG, nullable=True),
    sa.Column('cell', BIG, nullable=True, comment='only where a publication shows the exact place'),
    sa.Column('field_code', sa.String(length=40), nullable=True),
    sa.CheckConstraint("step IN ('begun', 'interim', 'final', 'corrected', 'reopened')", name=op.f('ck_area_news_step')),
    sa.ForeignKeyConstraint(['area_id'], ['area.id'], name=op.f('fk_area_news_area_id_area')),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_area_news_case_id_case')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_area_news')),
    sa.UniqueConstraint('number', name=op.f('uq_area_news_number'))
    )
    op.create_index('ix_area_news_unnumbered', 'area_news', ['id'], sqlite_where=UNNUMBERED, postgresql_where=UNNUMBERED)
    for name, column in (('area', 'area_id'), ('cell', 'cell'), ('field', 'field_code')):
        op.create_index(f'ix_area_news_{name}', 'area_news', [column, 'number'])
    op.create_index(op.f('ix_area_news_at'), 'area_news', ['at'])
    op.create_index(op.f('ix_area_news_case_id'), 'area_news', ['case_id'])


def _moments(kinds: str) -> None:
    with op.batch_alter_table('case_moment') as moments:
        moments.drop_constraint(op.f('ck_case_moment_kind'), type_='check')
        moments.create_check_constraint(op.f('ck_case_moment_kind'), sa.text(kinds))


def _forgotten(kinds: str, comment: str) -> None:
    with op.batch_alter_table('forgotten') as forgotten:
        forgotten.drop_constraint(op.f('ck_forgotten_kind'), type_='check')
        forgotten.create_check_constraint(op.f('ck_forgotten_kind'), sa.text(kinds))
        forgotten.alter_column('subject', existing_type=sa.String(length=16), existing_nullable=False, comment=comment)


def downgrade() -> None:
    op.execute("DELETE FROM forgotten WHERE kind = 'area'")
    _forgotten(FORGOTTEN_BEFORE, 'ref of the account, report or case')
    op.execute("DELETE FROM case_moment WHERE kind IN ('asked_mended', 'mended', 'not_mended')")
    _moments(KINDS_BEFORE)
    for table in ('area_news', 'area_subscription', 'mended_question'):
        op.drop_table(table)
