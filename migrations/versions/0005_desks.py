"""The desks: saved filters, unfinished texts, templates of answers, mentions, openings, suggestions, faces found in photos."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql')
ERASED = sa.text('erased_at IS NOT NULL')
UNREAD = sa.text('read_at IS NULL AND dropped_at IS NULL')
UNSEEN = sa.text('seen_at IS NULL')
DONE = sa.text('done_at IS NOT NULL')
UNSEARCHED = sa.text('linked_at IS NOT NULL AND faces_sought_at IS NULL')


def upgrade() -> None:
    op.create_table('suggestion_rule',
    sa.Column('id', BIG, nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('target', sa.String(length=40), nullable=False, comment='service code of the field, or urgent'),
    sa.Column('phrase', sa.String(length=80), nullable=False, comment='as it is written; compared without accents'),
    sa.Column('weight', BIG, nullable=False, comment='how strongly it speaks, 1 to 10'),
    sa.Column('centre_id', BIG, nullable=True),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.CheckConstraint("kind IN ('field', 'urgency')", name=op.f('ck_suggestion_rule_kind')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_suggestion_rule_centre_id_centre')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_suggestion_rule'))
    )
    op.create_table('answer_template',
    sa.Column('id', BIG, nullable=False),
    sa.Column('agency_id', BIG, nullable=True),
    sa.Column('service_code', sa.String(length=40), nullable=True, comment='of the field it is meant for; empty: any'),
    sa.Column('position', BIG, nullable=False),
    sa.Column('findings', sa.Text(), nullable=False),
    sa.Column('actions', sa.Text(), nullable=False),
    sa.Column('remaining', sa.Text(), nullable=False),
    sa.Column('contact', sa.String(length=200), nullable=False),
    sa.Column('written_by_id', BIG, nullable=True, comment='empty: came with the software'),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.Column('centre_id', BIG, nullable=True),
    sa.Column('name_vi', sa.String(length=200), nullable=False),
    sa.Column('name_en', sa.String(length=200), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['agency_id'], ['agency.id'], name=op.f('fk_answer_template_agency_id_agency')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_answer_template_centre_id_centre')),
    sa.ForeignKeyConstraint(['written_by_id'], ['account.id'], name=op.f('fk_answer_template_written_by_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_answer_template')),
    sa.UniqueConstraint('ref', name=op.f('uq_answer_template_ref'))
    )
    op.create_index('ix_answer_template_agency_id', 'answer_template', ['agency_id'])
    op.create_table('saved_filter',
    sa.Column('id', BIG, nullable=False),
    sa.Column('owner_id', BIG, nullable=False),
    sa.Column('centre_id', BIG, nullable=True, comment='shared with the centre; neither: private'),
    sa.Column('agency_id', BIG, nullable=True, comment='shared with that agency'),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('chosen', JSON, nullable=False, comment='the choice as the address of the inbox carries it'),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.CheckConstraint('centre_id IS NULL OR agency_id IS NULL', name=op.f('ck_saved_filter_shared_with')),
    sa.ForeignKeyConstraint(['agency_id'], ['agency.id'], name=op.f('fk_saved_filter_agency_id_agency')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_saved_filter_centre_id_centre')),
    sa.ForeignKeyConstraint(['owner_id'], ['account.id'], name=op.f('fk_saved_filter_owner_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_saved_filter')),
    sa.UniqueConstraint('ref', name=op.f('uq_saved_filter_ref'))
    )
    op.create_index('ix_saved_filter_agency_id', 'saved_filter', ['agency_id'])
    op.create_index('ix_saved_filter_centre_id', 'saved_filter', ['centre_id'])
    op.create_index('ix_saved_filter_owner_id', 'saved_filter', ['owner_id'])
    op.create_table('answer_opening',
    sa.Column('answer_id', BIG, nullable=False),
    sa.Column('account_id', BIG, nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_answer_opening_account_id_account')),
    sa.ForeignKeyConstraint(['answer_id'], ['answer.id'], name=op.f('fk_answer_opening_answer_id_answer')),
    sa.PrimaryKeyConstraint('answer_id', 'account_id', name=op.f('pk_answer_opening'))
    )
    op.create_table('mention',
    sa.Column('id', BIG, nullable=False),
    sa.Column('note_id', BIG, nullable=False),
    sa.Column('account_id', BIG, nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_mention_account_id_account')),
    sa.ForeignKeyConstraint(['note_id'], ['note.id'], name=op.f('fk_mention_note_id_note')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_mention')),
    sa.UniqueConstraint('note_id', 'account_id', name=op.f('uq_mention_note_id_account_id'))
    )
    op.create_index('ix_mention_unseen', 'mention', ['account_id', 'id'], sqlite_where=UNSEEN, postgresql_where=UNSEEN)
    op.create_table('photo_detection',
    sa.Column('id', BIG, nullable=False),
    sa.Column('photo_id', BIG, nullable=False),
    sa.Column('detector', sa.String(length=40), nullable=False, comment='name and version of the model'),
    sa.Column('rectangles', JSON, nullable=False, comment='[left, top, right, bottom, score] in fractions of the upright picture'),
    sa.Column('error', sa.String(length=80), nullable=True, comment='class of the error when it failed: nobody looked, a person has to'),
    sa.Column('detected_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['photo_id'], ['photo.id'], name=op.f('fk_photo_detection_photo_id_photo')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_photo_detection')),
    sa.UniqueConstraint('photo_id', name=op.f('uq_photo_detection_photo_id'))
    )
    # no page kept any before
    op.drop_table('draft')
    op.create_table('draft',
    sa.Column('id', BIG, nullable=False),
    sa.Column('account_id', BIG, nullable=False),
    sa.Column('case_id', BIG, nullable=False),
    sa.Column('assignment_id', BIG, nullable=True),
    sa.Column('subject', sa.String(length=80), nullable=False, comment='element of the step it was typed for'),
    sa.Column('sealed_name', sa.LargeBinary(), nullable=True, comment='what its author calls it, where there are several'),
    sa.Column('sealed_fields', sa.LargeBinary(), nullable=False),
    sa.Column('revision', BIG, server_default='1', nullable=False, comment='counts the saves: who saves names the one they read'),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('saved_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_draft_account_id_account')),
    sa.ForeignKeyConstraint(['assignment_id'], ['assignment.id'], name=op.f('fk_draft_assignment_id_assignment')),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_draft_case_id_case')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_draft')),
    sa.UniqueConstraint('ref', name=op.f('uq_draft_ref'))
    )
    op.create_index('ix_draft_own', 'draft', ['account_id', 'case_id', 'subject', 'id'])
    for column in ('assignment_id', 'case_id', 'saved_at'):
        op.create_index(f'ix_draft_{column}', 'draft', [column])
    op.create_table('draft_photos',
    sa.Column('draft_id', BIG, nullable=False),
    sa.Column('token', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['draft_id'], ['draft.id'], name=op.f('fk_draft_photos_draft_id_draft'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('draft_id', 'token', name=op.f('pk_draft_photos'))
    )
    op.create_index('ix_draft_photos_token', 'draft_photos', ['token'])
    op.create_index('ix_outbox_unread', 'outbox_message', ['recipient', 'template', 'id'], sqlite_where=UNREAD, postgresql_where=UNREAD)
    with op.batch_alter_table('note', schema=None) as batch_op:
        batch_op.drop_column('mentions')
    with op.batch_alter_table('photo', schema=None) as batch_op:
        batch_op.add_column(sa.Column('faces_sought_at', sa.DateTime(timezone=True), nullable=True, comment='when a detector was last started on it'))
        batch_op.create_index('ix_photo_unsearched', ['linked_at'], unique=False, sqlite_where=UNSEARCHED, postgresql_where=UNSEARCHED)
    op.create_index('ix_file_erased', 'file', ['erased_at'], unique=False, sqlite_where=ERASED, postgresql_where=ERASED)
    with op.batch_alter_table('waiting_task', schema=None) as batch_op:
        batch_op.add_column(sa.Column('assigned_by_id', BIG, nullable=True, comment='who gave it to the claimant; empty: taken'))
        batch_op.create_index('ix_waiting_task_agency', ['agency_id', 'state', 'due_at', 'id'], unique=False)
        batch_op.create_index('ix_waiting_task_centre', ['centre_id', 'state', 'due_at', 'id'], unique=False)
        batch_op.create_index('ix_waiting_task_done', ['done_by_id', 'done_at'], unique=False, sqlite_where=DONE, postgresql_where=DONE)
        batch_op.create_foreign_key(batch_op.f('fk_waiting_task_assigned_by_id_account'), 'account', ['assigned_by_id'], ['id'])


def downgrade() -> None:
    op.drop_index('ix_outbox_unread', 'outbox_message')
    with op.batch_alter_table('waiting_task', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_waiting_task_assigned_by_id_account'), type_='foreignkey')
        batch_op.drop_index('ix_waiting_task_done')
        batch_op.drop_index('ix_waiting_task_centre')
        batch_op.drop_index('ix_waiting_task_agency')
        batch_op.drop_column('assigned_by_id')
    op.drop_index('ix_file_erased', table_name='file')
    with op.batch_alter_table('photo', schema=None) as batch_op:
        batch_op.drop_index('ix_photo_unsearched')
        batch_op.drop_column('faces_sought_at')
    with op.batch_alter_table('note', schema=None) as batch_op:
        batch_op.add_column(sa.Column('mentions', JSON, server_default='[]', nullable=False, comment='account refs'))
    op.drop_table('draft_photos')
    op.drop_table('draft')
    op.create_table('draft',
    sa.Column('account_id', BIG, nullable=False),
    sa.Column('subject', sa.String(length=60), nullable=False, comment='e.g. task:<ref>'),
    sa.Column('sealed_fields', sa.LargeBinary(), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_draft_account_id_account')),
    sa.PrimaryKeyConstraint('account_id', 'subject', name=op.f('pk_draft'))
    )
    op.create_index('ix_draft_updated_at', 'draft', ['updated_at'])
    for table in ('photo_detection', 'mention', 'answer_opening', 'saved_filter', 'answer_template', 'suggestion_rule'):
        op.drop_table(table)
