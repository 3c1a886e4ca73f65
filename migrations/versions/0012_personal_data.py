"""The register of processing, breaches of personal data and who is affected, and the list of looks."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None
oldest_program = '0011'
"""Only adds tables and indexes: a program of 0011 goes on beside it."""

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql')


def upgrade() -> None:
    for add in (_add_register, _add_breaches, _add_looks):
        add()


def downgrade() -> None:
    for drop in (_drop_looks, _drop_breaches, _drop_register):
        drop()


def _add_register() -> None:
    op.create_table(
        'processing_activity',
        sa.Column('id', BIG, nullable=False),
        sa.Column('key', sa.String(40), nullable=False),
        sa.Column('position', BIG, nullable=False),
        sa.Column('purpose', sa.Text(), nullable=False),
        sa.Column('legal_basis', sa.Text(), nullable=False),
        sa.Column('data_kinds', sa.Text(), nullable=False),
        sa.Column('people', sa.Text(), nullable=False, comment='kinds of people whose data they are'),
        sa.Column('recipients', sa.Text(), nullable=False),
        sa.Column('kept_by', sa.String(40), comment='the single value that says how long; empty: the words alone'),
        sa.Column('kept', sa.Text(), nullable=False, comment='how long, in words'),
        sa.Column('protection', sa.Text(), nullable=False),
        sa.Column('answers_for_it', sa.String(200), nullable=False),
        sa.Column('centre_id', BIG),
        sa.Column('name_vi', sa.String(200), nullable=False),
        sa.Column('name_en', sa.String(200), nullable=False),
        sa.Column('valid_from', sa.Date(), nullable=False),
        sa.Column('valid_to', sa.Date()),
        sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_processing_activity_centre_id_centre')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_processing_activity')),
    )
    op.create_index(op.f('ix_processing_activity_key'), 'processing_activity', ['key'])


def _drop_register() -> None:
    op.drop_table('processing_activity')


def _add_breaches() -> None:
    op.create_table(
        'breach',
        sa.Column('id', BIG, nullable=False),
        sa.Column('centre_id', BIG, comment='empty: of the whole installation'),
        sa.Column('kind', sa.String(8), nullable=False),
        sa.Column('noticed_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('authority_due_at', sa.DateTime(timezone=True), nullable=False,
                  comment='the first instant at which the notice to the authority is late'),
        sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('opened_by_id', BIG, nullable=False),
        sa.Column('closed_at', sa.DateTime(timezone=True)),
        sa.Column('ref', sa.String(16), nullable=False),
        sa.CheckConstraint("kind IN ('account', 'export', 'backup', 'key', 'page', 'other')", name=op.f('ck_breach_kind')),
        sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_breach_centre_id_centre')),
        sa.ForeignKeyConstraint(['opened_by_id'], ['account.id'], name=op.f('fk_breach_opened_by_id_account')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_breach')),
        sa.UniqueConstraint('ref', name=op.f('uq_breach_ref')),
    )
    op.create_index('ix_breach_opened', 'breach', ['opened_at', 'id'])
    op.create_table(
        'breach_description',
        sa.Column('id', BIG, nullable=False),
        sa.Column('breach_id', BIG, nullable=False),
        sa.Column('happened', sa.Text(), nullable=False),
        sa.Column('data_kinds', sa.Text(), nullable=False),
        sa.Column('consequences', sa.Text(), nullable=False),
        sa.Column('measures', sa.Text(), nullable=False),
        sa.Column('contact', sa.String(300), nullable=False, comment='whom the authority and the people may ask'),
        sa.Column('written_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('written_by_id', BIG, nullable=False),
        sa.ForeignKeyConstraint(['breach_id'], ['breach.id'], name=op.f('fk_breach_description_breach_id_breach')),
        sa.ForeignKeyConstraint(['written_by_id'], ['account.id'], name=op.f('fk_breach_description_written_by_id_account')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_breach_description')),
    )
    op.create_index(op.f('ix_breach_description_breach_id'), 'breach_description', ['breach_id'])
    op.create_table(
        'breach_step',
        sa.Column('id', BIG, nullable=False),
        sa.Column('breach_id', BIG, nullable=False),
        sa.Column('kind', sa.String(9), nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False, comment='when it happened'),
        sa.Column('words', sa.Text(), nullable=False),
        sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('recorded_by_id', BIG, nullable=False),
        sa.CheckConstraint("kind IN ('authority', 'people', 'closed')", name=op.f('ck_breach_step_kind')),
        sa.ForeignKeyConstraint(['breach_id'], ['breach.id'], name=op.f('fk_breach_step_breach_id_breach')),
        sa.ForeignKeyConstraint(['recorded_by_id'], ['account.id'], name=op.f('fk_breach_step_recorded_by_id_account')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_breach_step')),
    )
    op.create_index(op.f('ix_breach_step_breach_id'), 'breach_step', ['breach_id'])
    op.create_table(
        'breach_search',
        sa.Column('id', BIG, nullable=False),
        sa.Column('breach_id', BIG, nullable=False),
        sa.Column('way', sa.String(8), nullable=False),
        sa.Column('facts', JSON, nullable=False, comment='refs, codes and instants it was worked out by'),
        sa.Column('found', BIG, nullable=False, comment='reports and accounts it came upon, known before or not'),
        sa.Column('added', BIG, nullable=False),
        sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('made_by_id', BIG, nullable=False),
        sa.ForeignKeyConstraint(['breach_id'], ['breach.id'], name=op.f('fk_breach_search_breach_id_breach')),
        sa.ForeignKeyConstraint(['made_by_id'], ['account.id'], name=op.f('fk_breach_search_made_by_id_account')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_breach_search')),
    )
    op.create_index(op.f('ix_breach_search_breach_id'), 'breach_search', ['breach_id'])
    op.create_table(
        'breach_subject',
        sa.Column('id', BIG, nullable=False),
        sa.Column('breach_id', BIG, nullable=False),
        sa.Column('search_id', BIG, nullable=False),
        sa.Column('report_id', BIG),
        sa.Column('account_id', BIG),
        sa.Column('told', sa.Boolean(), comment='whether the person was written to; no: there is no way; empty: not yet'),
        sa.Column('told_at', sa.DateTime(timezone=True)),
        sa.CheckConstraint('(report_id IS NULL) <> (account_id IS NULL)', name=op.f('ck_breach_subject_one_subject')),
        sa.ForeignKeyConstraint(['breach_id'], ['breach.id'], name=op.f('fk_breach_subject_breach_id_breach')),
        sa.ForeignKeyConstraint(['search_id'], ['breach_search.id'], name=op.f('fk_breach_subject_search_id_breach_search')),
        sa.ForeignKeyConstraint(['report_id'], ['report.id'], name=op.f('fk_breach_subject_report_id_report')),
        sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_breach_subject_account_id_account')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_breach_subject')),
        sa.UniqueConstraint('breach_id', 'report_id', name=op.f('uq_breach_subject_breach_id_report_id')),
        sa.UniqueConstraint('breach_id', 'account_id', name=op.f('uq_breach_subject_breach_id_account_id')),
    )
    untold = sa.text('told IS NULL')
    op.create_index('ix_breach_subject_untold', 'breach_subject', ['breach_id', 'id'], sqlite_where=untold, postgresql_where=untold)
    op.create_index('ix_breach_subject_breach', 'breach_subject', ['breach_id', 'id'])
    for column in ('search_id', 'report_id', 'account_id'):
        op.create_index(op.f(f'ix_breach_subject_{column}'), 'breach_subject', [column])


def _drop_breaches() -> None:
    for table in ('breach_subject', 'breach_search', 'breach_step', 'breach_description', 'breach'):
        op.drop_table(table)


LOOKS = (
    "type IN ('reveal_identity', 'export_identity', 'look_at_data_request', 'look_up_phone', 'order_output', 'fetch_output',"
    " 'export_by_command')"
)


def _add_looks() -> None:
    looks = sa.text(LOOKS)
    op.create_index('ix_event_look', 'event', ['at', 'id'], sqlite_where=looks, postgresql_where=looks)
    op.create_index('ix_event_look_actor', 'event', ['actor_id', 'at', 'id'], sqlite_where=looks, postgresql_where=looks)


def _drop_looks() -> None:
    op.drop_index('ix_event_look_actor', 'event')
    op.drop_index('ix_event_look', 'event')
