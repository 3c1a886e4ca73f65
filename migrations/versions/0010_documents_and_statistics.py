"""Documents with numbers, files and seals; facts, sums of days and frozen figures; what is made in the background and by schedules."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql')
OF_ONE_THING = (
    'CASE WHEN photo_id IS NULL THEN 0 ELSE 1 END + CASE WHEN recording_id IS NULL THEN 0 ELSE 1 END'
    ' + CASE WHEN letter_file_id IS NULL THEN 0 ELSE 1 END + CASE WHEN output_id IS NULL THEN 0 ELSE 1 END = 1'
)
KINDS = (
    "kind IN ('late_list', 'apology', 'transfer_slip', 'answer', 'extension_notice', 'refusal_notice', 'handover_minutes', "
    "'period_report', 'agency_sheet', 'yearbook')"
)
LETTER_LISTS = {
    'ix_letter_to_number': 'symbol IS NULL AND withdrawn_at IS NULL', 'ix_letter_numbered': 'symbol IS NOT NULL AND withdrawn_at IS NULL',
    'ix_letter_taken_back': 'withdrawn_at IS NOT NULL',
    'ix_letter_of_period': "kind IN ('period_report', 'agency_sheet', 'yearbook')",
}
TABLES = (
    'output', 'case_span', 'case_moment',
    'report_schedule', 'figures_snapshot', 'document_book', 'stale_day', 'daily_figures', 'facts_progress',
)


def upgrade() -> None:
    op.create_table('facts_progress',
    sa.Column('id', BIG, nullable=False),
    sa.Column('event_id', BIG, server_default='0', nullable=False, comment='facts of every event up to this row are kept'),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('leased_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('calendar_change_id', BIG, server_default='0', nullable=False, comment='office minutes are counted by every change up to this one'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_facts_progress'))
    )
    op.create_table('daily_figures',
    sa.Column('id', BIG, nullable=False),
    sa.Column('centre_id', BIG, nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('dimension', sa.String(length=8), nullable=False, comment='all, field, area, agency, urgency, source'),
    sa.Column('subject', sa.String(length=16), nullable=False, comment='number of the row, or the word; empty: of the whole, or none yet'),
    sa.Column('figures', JSON, nullable=False),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_daily_figures_centre_id_centre')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_daily_figures')),
    sa.UniqueConstraint('centre_id', 'dimension', 'day', 'subject', name=op.f('uq_daily_figures_centre_id_dimension_day_subject'))
    )
    op.create_table('stale_day',
    sa.Column('centre_id', BIG, nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_stale_day_centre_id_centre')),
    sa.PrimaryKeyConstraint('centre_id', 'day', name=op.f('pk_stale_day'))
    )
    op.create_table('document_book',
    sa.Column('id', BIG, nullable=False),
    sa.Column('centre_id', BIG, nullable=False),
    sa.Column('agency_id', BIG, nullable=True, comment="whose own book it is; empty: the centre's"),
    sa.Column('year', BIG, nullable=False),
    sa.Column('series', sa.String(length=8), nullable=False, comment='BC, PC, ... where each kind has numbers of its own; empty: one row for all'),
    sa.Column('last_number', BIG, server_default='0', nullable=False),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.ForeignKeyConstraint(['agency_id'], ['agency.id'], name=op.f('fk_document_book_agency_id_agency')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_document_book_centre_id_centre')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_document_book')),
    sa.UniqueConstraint('ref', name=op.f('uq_document_book_ref'))
    )
    op.create_index('ix_document_book_agency', 'document_book', ['agency_id', 'year', 'series'], unique=True, sqlite_where=sa.text('agency_id IS NOT NULL'), postgresql_where=sa.text('agency_id IS NOT NULL'))
    op.create_index('ix_document_book_centre', 'document_book', ['centre_id', 'year', 'series'], unique=True, sqlite_where=sa.text('agency_id IS NULL'), postgresql_where=sa.text('agency_id IS NULL'))
    op.create_table('figures_snapshot',
    sa.Column('id', BIG, nullable=False),
    sa.Column('centre_id', BIG, nullable=False),
    sa.Column('period', sa.String(length=9), nullable=False),
    sa.Column('name', sa.String(length=20), nullable=False, comment='2026-03, 2026-W09, 2026-Q1, 2026-H1, 2026 or two days'),
    sa.Column('since_at', sa.DateTime(timezone=True), nullable=False, comment='belongs to it'),
    sa.Column('until_at', sa.DateTime(timezone=True), nullable=False, comment='does not belong to it any more'),
    sa.Column('number', BIG, nullable=False, comment='1 as first frozen; each correction one more'),
    sa.Column('content', JSON, nullable=False, comment='figures by dimension and subject, with the names of the day'),
    sa.Column('digest', sa.String(length=64), nullable=False, comment='SHA-256 of the content: verify compares'),
    sa.Column('corrects_id', BIG, nullable=True),
    sa.Column('difference', JSON, nullable=True, comment='of a correction: figure, before, after'),
    sa.Column('reason', sa.Text(), nullable=True, comment='of a correction'),
    sa.Column('made_by_id', BIG, nullable=True, comment='empty: by itself at the cut-off'),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.CheckConstraint("period IN ('week', 'month', 'quarter', 'half_year', 'year', 'other')", name=op.f('ck_figures_snapshot_period')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_figures_snapshot_centre_id_centre')),
    sa.ForeignKeyConstraint(['corrects_id'], ['figures_snapshot.id'], name=op.f('fk_figures_snapshot_corrects_id_figures_snapshot')),
    sa.ForeignKeyConstraint(['made_by_id'], ['account.id'], name=op.f('fk_figures_snapshot_made_by_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_figures_snapshot')),
    sa.UniqueConstraint('centre_id', 'since_at', 'until_at', 'number', name=op.f('uq_figures_snapshot_centre_id_since_at_until_at_number')),
    sa.UniqueConstraint('ref', name=op.f('uq_figures_snapshot_ref'))
    )
    op.create_index('ix_figures_snapshot_newest', 'figures_snapshot', ['centre_id', 'period', 'until_at'])
    op.create_table('report_schedule',
    sa.Column('id', BIG, nullable=False),
    sa.Column('centre_id', BIG, nullable=False),
    sa.Column('agency_id', BIG, nullable=True),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False, comment='of output'),
    sa.Column('form', sa.String(length=4), nullable=False),
    sa.Column('every', sa.String(length=9), nullable=False),
    sa.Column('parameters', JSON, server_default='{}', nullable=False),
    sa.Column('recipients', JSON, nullable=False, comment='desk:<name>, account:<id>; addresses are looked up when it is sent'),
    sa.Column('clock_time', sa.String(length=5), nullable=False, comment='local time of day it is made at, such as 08:00'),
    sa.Column('days_after', BIG, nullable=False, comment='working days it waits beyond the first one after the cut-off'),
    sa.Column('keep_days', BIG, nullable=True, comment='how long its files are kept; empty: always'),
    sa.Column('first_cut_off', sa.DateTime(timezone=True), nullable=False, comment='of the first period it is made for'),
    sa.Column('next_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('made_by_id', BIG, nullable=False, comment='in whose name it is made: who saved it last'),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('stopped_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.CheckConstraint("every IN ('week', 'month', 'quarter', 'half_year', 'year')", name=op.f('ck_report_schedule_every')),
    sa.ForeignKeyConstraint(['agency_id'], ['agency.id'], name=op.f('fk_report_schedule_agency_id_agency')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_report_schedule_centre_id_centre')),
    sa.ForeignKeyConstraint(['made_by_id'], ['account.id'], name=op.f('fk_report_schedule_made_by_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_report_schedule')),
    sa.UniqueConstraint('ref', name=op.f('uq_report_schedule_ref'))
    )
    op.create_index(op.f('ix_report_schedule_centre_id'), 'report_schedule', ['centre_id'])
    op.create_index('ix_report_schedule_next', 'report_schedule', ['next_at'], sqlite_where=sa.text('stopped_at IS NULL'), postgresql_where=sa.text('stopped_at IS NULL'))
    op.create_table('case_moment',
    sa.Column('id', BIG, nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('acting_agency_id', BIG, nullable=True, comment='whose extension, hand-back or redo it was; else who leads'),
    sa.Column('field_id', BIG, nullable=True),
    sa.Column('area_id', BIG, nullable=True),
    sa.Column('agency_id', BIG, nullable=True, comment='the agency that leads'),
    sa.Column('urgency', sa.String(length=8), nullable=False),
    sa.Column('source', sa.String(length=8), nullable=False),
    sa.Column('centre_id', BIG, nullable=False),
    sa.Column('case_id', BIG, nullable=False),
    sa.CheckConstraint("kind IN ('extended', 'handed_back', 'redone', 'satisfied', 'acceptable', 'dissatisfied')", name=op.f('ck_case_moment_kind')),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_case_moment_case_id_case')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_case_moment_centre_id_centre')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_case_moment'))
    )
    op.create_index('ix_case_moment_agency', 'case_moment', ['acting_agency_id', 'at'])
    op.create_index('ix_case_moment_at', 'case_moment', ['centre_id', 'at'])
    op.create_index('ix_case_moment_case', 'case_moment', ['case_id'])
    op.create_table('case_span',
    sa.Column('id', BIG, nullable=False),
    sa.Column('number', BIG, nullable=False, comment='0 from filing, then one more each time it was opened again'),
    sa.Column('event_seq', BIG, nullable=False, comment="the last event of the case's history that was read"),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('opened_by', sa.String(length=8), nullable=False),
    sa.Column('accepted_at', sa.DateTime(timezone=True), nullable=True, comment='of the case, on its first stretch alone'),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_by', sa.String(length=11), nullable=True),
    sa.Column('refusal_reason', sa.String(length=40), nullable=True, comment='key of the reason'),
    sa.Column('first_due_at', sa.DateTime(timezone=True), nullable=True, comment='as first promised in this stretch'),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=True, comment='the first late instant, after extensions and rests'),
    sa.Column('is_extended', sa.Boolean(), server_default=sa.false(), nullable=False),
    sa.Column('verdict', sa.String(length=15), nullable=True, comment='of an answer; of others empty'),
    sa.Column('is_first_answer', sa.Boolean(), server_default=sa.false(), nullable=False, comment='its end is the first answer the case got'),
    sa.Column('is_private', sa.Boolean(), server_default=sa.false(), nullable=False),
    sa.Column('minutes', BIG, nullable=True, comment='office minutes from filing to the first answer'),
    sa.Column('rated_at', sa.DateTime(timezone=True), nullable=True, comment='when the answer that ended it was first rated'),
    sa.Column('field_id', BIG, nullable=True),
    sa.Column('area_id', BIG, nullable=True),
    sa.Column('agency_id', BIG, nullable=True, comment='the agency that leads'),
    sa.Column('urgency', sa.String(length=8), nullable=False),
    sa.Column('source', sa.String(length=8), nullable=False),
    sa.Column('centre_id', BIG, nullable=False),
    sa.Column('case_id', BIG, nullable=False),
    sa.CheckConstraint("ended_by IN ('answered', 'refused', 'merged', 'referred', 'withdrawn', 'quarantined', 'closed')", name=op.f('ck_case_span_ended_by')),
    sa.CheckConstraint("opened_by IN ('received', 'reopened', 'returned')", name=op.f('ck_case_span_opened_by')),
    sa.CheckConstraint("verdict IN ('in_time', 'after_extension', 'late')", name=op.f('ck_case_span_verdict')),
    sa.CheckConstraint('(ended_at IS NULL) = (ended_by IS NULL)', name=op.f('ck_case_span_end')),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_case_span_case_id_case')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_case_span_centre_id_centre')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_case_span')),
    sa.UniqueConstraint('case_id', 'number', name=op.f('uq_case_span_case_id_number'))
    )
    op.create_index('ix_case_span_agency_ended', 'case_span', ['agency_id', 'ended_at', 'opened_at'])
    op.create_index('ix_case_span_agency_open', 'case_span', ['agency_id', 'due_at'], sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
    op.create_index('ix_case_span_ended', 'case_span', ['centre_id', 'ended_at', 'opened_at'])
    op.create_index('ix_case_span_open', 'case_span', ['centre_id', 'due_at'], sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
    op.create_index('ix_case_span_opened', 'case_span', ['centre_id', 'opened_at'])
    op.create_table('output',
    sa.Column('id', BIG, nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False, comment='casework.outputs.Kind'),
    sa.Column('form', sa.String(length=4), nullable=False),
    sa.Column('parameters', JSON, nullable=False, comment='refs, days, filters; no personal data'),
    sa.Column('centre_id', BIG, nullable=False),
    sa.Column('agency_id', BIG, nullable=True),
    sa.Column('case_id', BIG, nullable=True, comment='of a case file'),
    sa.Column('has_identity', sa.Boolean(), server_default=sa.false(), nullable=False),
    sa.Column('reason', sa.String(length=300), nullable=True, comment='why personal data are in it'),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('done', BIG, server_default='0', nullable=False),
    sa.Column('total', BIG, nullable=True, comment='rows or pages to come; empty: not known yet'),
    sa.Column('asked_by_id', BIG, nullable=True, comment='empty: by a schedule'),
    sa.Column('on_behalf_of_id', BIG, nullable=True),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False, comment='when it is tried, or tried again'),
    sa.Column('attempts', BIG, server_default='0', nullable=False),
    sa.Column('error', sa.String(length=300), nullable=True, comment='why it was not made, in Vietnamese'),
    sa.Column('error_en', sa.String(length=300), nullable=True, comment='the same in English'),
    sa.Column('leased_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True, comment='when its file is erased; empty: kept, as what a schedule made is'),
    sa.Column('name', sa.String(length=120), nullable=True, comment='of the file that is downloaded'),
    sa.Column('fetched', BIG, server_default='0', nullable=False, comment='how often it was downloaded'),
    sa.Column('schedule_id', BIG, nullable=True),
    sa.Column('for_at', sa.DateTime(timezone=True), nullable=True, comment='of a schedule: the cut-off of the period it is of'),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('sent_again_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.CheckConstraint("form IN ('pdf', 'xlsx', 'csv', 'json')", name=op.f('ck_output_form')),
    sa.CheckConstraint("state IN ('waiting', 'making', 'ready', 'failed', 'dropped', 'expired')", name=op.f('ck_output_state')),
    sa.CheckConstraint('NOT has_identity OR reason IS NOT NULL', name=op.f('ck_output_identity_needs_a_reason')),
    sa.ForeignKeyConstraint(['agency_id'], ['agency.id'], name=op.f('fk_output_agency_id_agency')),
    sa.ForeignKeyConstraint(['asked_by_id'], ['account.id'], name=op.f('fk_output_asked_by_id_account')),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_output_case_id_case')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_output_centre_id_centre')),
    sa.ForeignKeyConstraint(['on_behalf_of_id'], ['account.id'], name=op.f('fk_output_on_behalf_of_id_account')),
    sa.ForeignKeyConstraint(['schedule_id'], ['report_schedule.id'], name=op.f('fk_output_schedule_id_report_schedule')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_output')),
    sa.UniqueConstraint('ref', name=op.f('uq_output_ref')),
    sa.UniqueConstraint('schedule_id', 'for_at', name=op.f('uq_output_schedule_id_for_at'))
    )
    op.create_index('ix_output_asked', 'output', ['asked_by_id', 'asked_at'])
    op.create_index(op.f('ix_output_case_id'), 'output', ['case_id'])
    op.create_index('ix_output_centre', 'output', ['centre_id', 'asked_at'])
    op.create_index('ix_output_due', 'output', ['due_at'], sqlite_where=sa.text("state IN ('waiting', 'making')"), postgresql_where=sa.text("state IN ('waiting', 'making')"))
    op.create_index('ix_output_expires', 'output', ['expires_at'], sqlite_where=sa.text("state = 'ready'"), postgresql_where=sa.text("state = 'ready'"))
    op.create_table('document_number',
    sa.Column('id', BIG, nullable=False),
    sa.Column('book_id', BIG, nullable=False),
    sa.Column('number', BIG, nullable=False),
    sa.Column('letter_id', BIG, nullable=True),
    sa.Column('note', sa.String(length=300), nullable=True, comment='what the number was used for, where no letter of ours has it'),
    sa.Column('given_on', sa.Date(), nullable=False, comment='the day the document bears'),
    sa.Column('given_by_id', BIG, nullable=False),
    sa.Column('given_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('struck_reason', sa.String(length=300), nullable=True),
    sa.Column('struck_by_id', BIG, nullable=True),
    sa.Column('struck_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('file_due_at', sa.DateTime(timezone=True), nullable=True,
              comment="when the letter's PDF is made, or tried again; empty: made, given up or none"),
    sa.Column('file_attempts', BIG, server_default='0', nullable=False),
    sa.Column('file_error', sa.String(length=300), nullable=True, comment='why the PDF could not be made the last time'),
    sa.CheckConstraint('letter_id IS NOT NULL OR note IS NOT NULL', name=op.f('ck_document_number_gap_is_explained')),
    sa.CheckConstraint('struck_at IS NULL OR struck_reason IS NOT NULL', name=op.f('ck_document_number_strike_is_explained')),
    sa.ForeignKeyConstraint(['book_id'], ['document_book.id'], name=op.f('fk_document_number_book_id_document_book')),
    sa.ForeignKeyConstraint(['given_by_id'], ['account.id'], name=op.f('fk_document_number_given_by_id_account')),
    sa.ForeignKeyConstraint(['letter_id'], ['letter.id'], name=op.f('fk_document_number_letter_id_letter')),
    sa.ForeignKeyConstraint(['struck_by_id'], ['account.id'], name=op.f('fk_document_number_struck_by_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_document_number')),
    sa.UniqueConstraint('book_id', 'number', name=op.f('uq_document_number_book_id_number')),
    sa.UniqueConstraint('letter_id', name=op.f('uq_document_number_letter_id'))
    )
    op.create_index('ix_document_number_file_due', 'document_number', ['file_due_at'], sqlite_where=sa.text('file_due_at IS NOT NULL'),
                    postgresql_where=sa.text('file_due_at IS NOT NULL'))
    op.create_table('letter_file',
    sa.Column('id', BIG, nullable=False),
    sa.Column('letter_id', BIG, nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False, comment='what the verification page looks a file up by'),
    sa.Column('size', BIG, nullable=False),
    sa.Column('pages', BIG, nullable=False),
    sa.Column('signatures', JSON, server_default='[]', nullable=False, comment='who signed, when, with which certificate'),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('made_by_id', BIG, nullable=True),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.CheckConstraint("kind IN ('issued', 'sealed', 'returned')", name=op.f('ck_letter_file_kind')),
    sa.ForeignKeyConstraint(['letter_id'], ['letter.id'], name=op.f('fk_letter_file_letter_id_letter')),
    sa.ForeignKeyConstraint(['made_by_id'], ['account.id'], name=op.f('fk_letter_file_made_by_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_letter_file')),
    sa.UniqueConstraint('ref', name=op.f('uq_letter_file_ref'))
    )
    op.create_index('ix_letter_file_letter', 'letter_file', ['letter_id', 'id'])
    op.create_index('ix_letter_file_sha256', 'letter_file', ['sha256'])
    op.create_table('sealing_order',
    sa.Column('id', BIG, nullable=False),
    sa.Column('letter_id', BIG, nullable=False),
    sa.Column('seal', sa.String(length=40), nullable=False, comment='name of the seal in the configuration'),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('asked_by_id', BIG, nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False, comment='when it is tried, or tried again'),
    sa.Column('attempts', BIG, server_default='0', nullable=False),
    sa.Column('error', sa.String(length=300), nullable=True),
    sa.Column('leased_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.CheckConstraint("state IN ('waiting', 'sealing', 'sealed', 'failed', 'dropped')", name=op.f('ck_sealing_order_state')),
    sa.ForeignKeyConstraint(['asked_by_id'], ['account.id'], name=op.f('fk_sealing_order_asked_by_id_account')),
    sa.ForeignKeyConstraint(['letter_id'], ['letter.id'], name=op.f('fk_sealing_order_letter_id_letter')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sealing_order')),
    sa.UniqueConstraint('ref', name=op.f('uq_sealing_order_ref'))
    )
    op.create_index('ix_sealing_order_due', 'sealing_order', ['due_at'], sqlite_where=sa.text("state IN ('waiting', 'sealing')"), postgresql_where=sa.text("state IN ('waiting', 'sealing')"))
    op.create_index('ix_sealing_order_letter', 'sealing_order', ['letter_id', 'id'])
    with op.batch_alter_table('file') as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_file_of_one_thing'), type_='check')
        batch_op.add_column(sa.Column('letter_file_id', BIG, nullable=True))
        batch_op.add_column(sa.Column('output_id', BIG, nullable=True))
        batch_op.create_check_constraint(batch_op.f('ck_file_of_one_thing'), OF_ONE_THING)
        batch_op.alter_column('rendition', existing_type=sa.String(length=8), existing_nullable=False,
               comment='original, view, thumb, play, document', existing_comment='original, view, thumb')
        batch_op.alter_column('media_type', existing_type=sa.String(length=40), type_=sa.String(length=80), existing_nullable=False)
        batch_op.create_unique_constraint(batch_op.f('uq_file_letter_file_id'), ['letter_file_id'])
        batch_op.create_unique_constraint(batch_op.f('uq_file_output_id'), ['output_id'])
        batch_op.create_foreign_key(batch_op.f('fk_file_output_id_output'), 'output', ['output_id'], ['id'])
        batch_op.create_foreign_key(batch_op.f('fk_file_letter_file_id_letter_file'), 'letter_file', ['letter_file_id'], ['id'])
    with op.batch_alter_table('letter') as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_letter_kind'), type_='check')
        batch_op.add_column(sa.Column('snapshot_id', BIG, nullable=True, comment='the frozen figures it prints'))
        batch_op.add_column(sa.Column('urgency', sa.String(length=12), nullable=True, comment='the stamp: khan, thuong_khan, hoa_toc (NĐ 30/2020)'))
        batch_op.add_column(sa.Column('symbol', sa.String(length=60), nullable=True,
                                      comment='behind the number: BC-IOC, empty without one; null until it is given'))
        batch_op.add_column(sa.Column('withdrawn_reason', sa.String(length=300), nullable=True, comment='empty: a case of it left the system'))
        batch_op.alter_column('kind',
               existing_type=sa.String(length=12),
               type_=sa.String(length=16),
               existing_nullable=False,
               comment='casework.documents.kinds')
        batch_op.alter_column('case_id', existing_type=BIG, existing_nullable=True,
               comment='of a letter about one case', existing_comment='of an apology')
        batch_op.alter_column('withdrawn_at', existing_type=sa.DateTime(timezone=True), existing_nullable=True,
               comment='not printed any more: taken back, or a case of it was quarantined',
               existing_comment='a case of it was quarantined: it is not printed any more')
        batch_op.create_check_constraint(batch_op.f('ck_letter_kind'), KINDS)
        batch_op.create_check_constraint(batch_op.f('ck_letter_urgency'), "urgency IN ('khan', 'thuong_khan', 'hoa_toc')")
        batch_op.create_foreign_key(batch_op.f('fk_letter_snapshot_id_figures_snapshot'), 'figures_snapshot', ['snapshot_id'], ['id'])
    for name, where in LETTER_LISTS.items():
        op.create_index(name, 'letter', ['id'], sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def downgrade() -> None:
    """What was numbered, sealed, counted or made in the background is lost; letters of the older kinds stay."""
    op.execute("DELETE FROM file WHERE letter_file_id IS NOT NULL OR output_id IS NOT NULL")
    with op.batch_alter_table('file') as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_file_of_one_thing'), type_='check')
        batch_op.drop_constraint(batch_op.f('fk_file_letter_file_id_letter_file'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('fk_file_output_id_output'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('uq_file_output_id'), type_='unique')
        batch_op.drop_constraint(batch_op.f('uq_file_letter_file_id'), type_='unique')
        batch_op.drop_column('output_id')
        batch_op.drop_column('letter_file_id')
        batch_op.alter_column('media_type', existing_type=sa.String(length=80), type_=sa.String(length=40), existing_nullable=False)
        batch_op.alter_column('rendition', existing_type=sa.String(length=8), existing_nullable=False, comment='original, view, thumb',
                              existing_comment='original, view, thumb, play, document')
        batch_op.create_check_constraint(batch_op.f('ck_file_of_one_thing'), '(photo_id IS NULL) <> (recording_id IS NULL)')
    op.drop_table('sealing_order')
    op.drop_table('letter_file')
    op.drop_table('document_number')
    op.execute("DELETE FROM letter WHERE kind NOT IN ('late_list', 'apology')")
    for name in LETTER_LISTS:
        op.drop_index(name, 'letter')
    with op.batch_alter_table('letter') as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_letter_snapshot_id_figures_snapshot'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('ck_letter_kind'), type_='check')
        batch_op.drop_constraint(batch_op.f('ck_letter_urgency'), type_='check')
        for name in ('withdrawn_reason', 'symbol', 'urgency', 'snapshot_id'):
            batch_op.drop_column(name)
        batch_op.alter_column('kind', existing_type=sa.String(length=16), type_=sa.String(length=12), existing_nullable=False, comment=None,
                              existing_comment='casework.documents.kinds')
        batch_op.alter_column('case_id', existing_type=BIG, existing_nullable=True, comment='of an apology',
                              existing_comment='of a letter about one case')
        batch_op.alter_column('withdrawn_at', existing_type=sa.DateTime(timezone=True), existing_nullable=True,
                              comment='a case of it was quarantined: it is not printed any more',
                              existing_comment='not printed any more: taken back, or a case of it was quarantined')
        batch_op.create_check_constraint(batch_op.f('ck_letter_kind'), "kind IN ('late_list', 'apology')")
    for table in TABLES:
        op.drop_table(table)
