"""Recordings, one-time codes, browsers that file by themselves, requests about data, support, figures, ways in from other apps."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql')
OF_RECORDING = sa.text('recording_id IS NOT NULL')
IN_FORCE = sa.text('lifted_at IS NULL')
NOT_DONE = sa.text('done_at IS NULL')
UNCONFIRMED = sa.text('unconfirmed_since IS NOT NULL')
UNSENT = sa.text('linked_at IS NULL')
COUNTED_BY_MONTH = (('refusal', 'refused_at'), ('referral', 'referred_at'), ('publication', 'published_at'), ('rating', 'rated_at'),
                    ('review', 'decided_at'), ('extension', 'decided_at'))
UNPREPARED = sa.text('linked_at IS NOT NULL AND prepared_at IS NULL AND refused IS NULL')


def upgrade() -> None:
    op.create_table('consent_notice',
    sa.Column('id', BIG, nullable=False),
    sa.Column('version', sa.String(length=20), nullable=False, comment='as the person read it, e.g. 2026-01'),
    sa.Column('body_vi', sa.Text(), nullable=False),
    sa.Column('body_en', sa.Text(), nullable=False),
    sa.Column('centre_id', BIG, nullable=True),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_consent_notice_centre_id_centre')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consent_notice'))
    )
    op.create_index('ix_consent_notice_valid_from', 'consent_notice', ['valid_from'])

    op.create_table('public_figures',
    sa.Column('id', BIG, nullable=False),
    sa.Column('month_on', sa.Date(), nullable=False, comment='first local day of the month'),
    sa.Column('centre_id', BIG, nullable=False),
    sa.Column('dimension', sa.String(length=6), nullable=False),
    sa.Column('subject', sa.String(length=40), nullable=False, comment='service code, ref of area or agency; empty of all'),
    sa.Column('figures', JSON, nullable=False),
    sa.Column('counted_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("dimension IN ('all', 'field', 'area', 'agency')", name=op.f('ck_public_figures_dimension')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_public_figures_centre_id_centre')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_public_figures')),
    sa.UniqueConstraint('month_on', 'centre_id', 'dimension', 'subject',
                  name=op.f('uq_public_figures_month_on_centre_id_dimension_subject'))
    )
    for table, column in COUNTED_BY_MONTH:
        op.create_index(f'ix_{table}_{column}', table, [column])
    op.create_table('device',
    sa.Column('id', BIG, nullable=False),
    sa.Column('token_digest', sa.String(length=64), nullable=False),
    sa.Column('account_id', BIG, nullable=True, comment='empty: of a guest'),
    sa.Column('session_id', BIG, nullable=True, comment='whose end ends it: a lost telephone'),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_device_account_id_account')),
    sa.ForeignKeyConstraint(['session_id'], ['login_session.id'], name=op.f('fk_device_session_id_login_session')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_device')),
    sa.UniqueConstraint('token_digest', name=op.f('uq_device_token_digest'))
    )
    op.create_index('ix_device_account_id', 'device', ['account_id'])

    op.create_table('host_app',
    sa.Column('id', BIG, nullable=False),
    sa.Column('key', sa.String(length=40), nullable=False, comment='how it names itself: `iss` of what it signs'),
    sa.Column('public_key', sa.Text(), nullable=False, comment='PEM, EC P-256 or Ed25519'),
    sa.Column('created_by_id', BIG, nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.Column('name_vi', sa.String(length=200), nullable=False),
    sa.Column('name_en', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['created_by_id'], ['account.id'], name=op.f('fk_host_app_created_by_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_host_app')),
    sa.UniqueConstraint('key', name=op.f('uq_host_app_key')),
    sa.UniqueConstraint('ref', name=op.f('uq_host_app_ref'))
    )
    op.create_table('hand_over_ticket',
    sa.Column('id', BIG, nullable=False),
    sa.Column('ticket_digest', sa.String(length=64), nullable=False),
    sa.Column('host_app_id', BIG, nullable=False),
    sa.Column('account_id', BIG, nullable=True, comment='empty: somebody new, who is asked for agreement first'),
    sa.Column('sealed_contact', sa.LargeBinary(), nullable=True, comment='name and contact the host has proven, until it was opened'),
    sa.Column('target', sa.String(length=300), nullable=False, comment='the page of ours it leads to'),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_hand_over_ticket_account_id_account')),
    sa.ForeignKeyConstraint(['host_app_id'], ['host_app.id'], name=op.f('fk_hand_over_ticket_host_app_id_host_app')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_hand_over_ticket')),
    sa.UniqueConstraint('ticket_digest', name=op.f('uq_hand_over_ticket_ticket_digest'))
    )
    op.create_index('ix_hand_over_ticket_account_id', 'hand_over_ticket', ['account_id'])
    op.create_index('ix_hand_over_ticket_expires_at', 'hand_over_ticket', ['expires_at'])

    op.create_table('me_too',
    sa.Column('id', BIG, nullable=False),
    sa.Column('case_id', BIG, nullable=False),
    sa.Column('account_id', BIG, nullable=True),
    sa.Column('device_id', BIG, nullable=True),
    sa.Column('said_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('account_id IS NOT NULL OR device_id IS NOT NULL', name=op.f('ck_me_too_who')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_me_too_account_id_account')),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_me_too_case_id_case')),
    sa.ForeignKeyConstraint(['device_id'], ['device.id'], name=op.f('fk_me_too_device_id_device')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_me_too')),
    sa.UniqueConstraint('case_id', 'account_id', name=op.f('uq_me_too_case_id_account_id')),
    sa.UniqueConstraint('case_id', 'device_id', name=op.f('uq_me_too_case_id_device_id'))
    )
    op.create_index('ix_me_too_account_id', 'me_too', ['account_id'])
    op.create_index('ix_me_too_device_id', 'me_too', ['device_id'])

    op.create_table('blocked_sender',
    sa.Column('id', BIG, nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('subject', sa.String(length=64), nullable=False,
                  comment='number of the account or device row, or keyed digest of the contact'),
    sa.Column('centre_id', BIG, nullable=False, comment='which takes no reports of it'),
    sa.Column('report_id', BIG, nullable=False, comment='the one that was too much'),
    sa.Column('reason', sa.Text(), nullable=False, comment='told to the sender'),
    sa.Column('blocked_by_id', BIG, nullable=False),
    sa.Column('blocked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('until', sa.DateTime(timezone=True), nullable=False, comment='ends by itself'),
    sa.Column('lifted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('lifted_by_id', BIG, nullable=True),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.CheckConstraint("kind IN ('account', 'device', 'phone', 'email')", name=op.f('ck_blocked_sender_kind')),
    sa.ForeignKeyConstraint(['blocked_by_id'], ['account.id'], name=op.f('fk_blocked_sender_blocked_by_id_account')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_blocked_sender_centre_id_centre')),
    sa.ForeignKeyConstraint(['lifted_by_id'], ['account.id'], name=op.f('fk_blocked_sender_lifted_by_id_account')),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], name=op.f('fk_blocked_sender_report_id_report')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_blocked_sender')),
    sa.UniqueConstraint('ref', name=op.f('uq_blocked_sender_ref'))
    )
    op.create_index('ix_blocked_sender_centre', 'blocked_sender', ['centre_id', 'blocked_at'])
    op.create_index('ix_blocked_sender_in_force', 'blocked_sender', ['kind', 'subject'], sqlite_where=IN_FORCE, postgresql_where=IN_FORCE)

    op.create_table('data_request',
    sa.Column('id', BIG, nullable=False),
    sa.Column('kind', sa.String(length=11), nullable=False),
    sa.Column('centre_id', BIG, nullable=False, comment='which answers it'),
    sa.Column('account_id', BIG, nullable=True),
    sa.Column('report_id', BIG, nullable=True, comment='of somebody without an account: theirs'),
    sa.Column('sealed_words', sa.LargeBinary(), nullable=True, comment='what is to be corrected, or why'),
    sa.Column('requested_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answer_due_at', sa.DateTime(timezone=True), nullable=False, comment='when the first word to the person is late'),
    sa.Column('done_due_at', sa.DateTime(timezone=True), nullable=False, comment='when doing it is late'),
    sa.Column('answered_by_id', BIG, nullable=True),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('extended_at', sa.DateTime(timezone=True), nullable=True, comment='once at most'),
    sa.Column('granted', sa.Boolean(), nullable=True),
    sa.Column('sealed_reply', sa.LargeBinary(), nullable=True, comment='words to the person, newest'),
    sa.Column('begun_at', sa.DateTime(timezone=True), nullable=True, comment='erasing began; what is left waits for reports to end'),
    sa.Column('done_by_id', BIG, nullable=True),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True, comment='carried out, or refused'),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.CheckConstraint("kind IN ('copy', 'correction', 'erasure', 'restriction')", name=op.f('ck_data_request_kind')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_data_request_account_id_account')),
    sa.ForeignKeyConstraint(['answered_by_id'], ['account.id'], name=op.f('fk_data_request_answered_by_id_account')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_data_request_centre_id_centre')),
    sa.ForeignKeyConstraint(['done_by_id'], ['account.id'], name=op.f('fk_data_request_done_by_id_account')),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], name=op.f('fk_data_request_report_id_report')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_data_request')),
    sa.UniqueConstraint('ref', name=op.f('uq_data_request_ref'))
    )
    op.create_index('ix_data_request_account_id', 'data_request', ['account_id'])
    op.create_index('ix_data_request_centre', 'data_request', ['centre_id', 'id'])
    op.create_index('ix_data_request_open', 'data_request', ['centre_id', 'done_due_at'], sqlite_where=NOT_DONE, postgresql_where=NOT_DONE)
    op.create_index('ix_data_request_report_id', 'data_request', ['report_id'])

    op.create_table('recording',
    sa.Column('id', BIG, nullable=False),
    sa.Column('kind', sa.String(length=5), nullable=False),
    sa.Column('state', sa.String(length=8), server_default='staged', nullable=False),
    sa.Column('staged_token', sa.String(length=32), nullable=True, comment='the unsent form it belongs to'),
    sa.Column('report_id', BIG, nullable=True),
    sa.Column('addition_id', BIG, nullable=True, comment='sent after filing, with these words'),
    sa.Column('position', BIG, server_default='0', nullable=False),
    sa.Column('sealed_name', sa.LargeBinary(), nullable=False, comment="the file name as sent: may hold a person's name"),
    sa.Column('sha256', sa.String(length=64), nullable=False, comment='of the original bytes: evidence'),
    sa.Column('seconds', sa.Double(), nullable=True, comment='how long it is, once that is known'),
    sa.Column('uploaded_by_id', BIG, nullable=True),
    sa.Column('uploaded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('linked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('attempts', BIG, server_default='0', nullable=False, comment='to make the copy without metadata'),
    sa.Column('tried_at', sa.DateTime(timezone=True), nullable=True, comment='when a worker began the last of them'),
    sa.Column('prepared_at', sa.DateTime(timezone=True), nullable=True, comment='when that copy was made'),
    sa.Column('refused', sa.String(length=60), nullable=True, comment='why no such copy could be made'),
    sa.Column('transcript', sa.Text(), nullable=True, comment='what is said in it, free of who says it; agencies read it'),
    sa.Column('transcribed_by_id', BIG, nullable=True),
    sa.Column('transcribed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.CheckConstraint("kind IN ('voice', 'video')", name=op.f('ck_recording_kind')),
    sa.CheckConstraint("state IN ('staged', 'linked', 'deleted')", name=op.f('ck_recording_state')),
    sa.ForeignKeyConstraint(['addition_id'], ['addition.id'], name=op.f('fk_recording_addition_id_addition')),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], name=op.f('fk_recording_report_id_report')),
    sa.ForeignKeyConstraint(['transcribed_by_id'], ['account.id'], name=op.f('fk_recording_transcribed_by_id_account')),
    sa.ForeignKeyConstraint(['uploaded_by_id'], ['account.id'], name=op.f('fk_recording_uploaded_by_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_recording')),
    sa.UniqueConstraint('ref', name=op.f('uq_recording_ref'))
    )
    op.create_index('ix_recording_report', 'recording', ['report_id', 'position'])
    op.create_index('ix_recording_sha256', 'recording', ['sha256'])
    op.create_index('ix_recording_staged', 'recording', ['staged_token', 'position'])
    op.create_index('ix_recording_unprepared', 'recording', ['linked_at'], sqlite_where=UNPREPARED, postgresql_where=UNPREPARED)
    op.create_index('ix_recording_unsent', 'recording', ['uploaded_at'], sqlite_where=UNSENT, postgresql_where=UNSENT)

    with op.batch_alter_table('account') as batch_op:
        batch_op.add_column(sa.Column('phone_verified_at', sa.DateTime(timezone=True), nullable=True,
                      comment='when a code sent there came back'))
        batch_op.add_column(sa.Column('email_verified_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('consent_notice_id', BIG, nullable=True, comment='the notice a citizen agreed to'))
        batch_op.add_column(sa.Column('consented_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('restricted_at', sa.DateTime(timezone=True), nullable=True,
                      comment='a citizen asked that their data rest (casework.rights)'))
        batch_op.create_foreign_key(batch_op.f('fk_account_consent_notice_id_consent_notice'), 'consent_notice', ['consent_notice_id'],
                      ['id'])

    with op.batch_alter_table('case') as batch_op:
        batch_op.add_column(sa.Column('unconfirmed_since', sa.DateTime(timezone=True), nullable=True,
                      comment='filed by somebody whose contact is not proven yet'))
        batch_op.create_index('ix_case_unconfirmed', ['centre_id', 'unconfirmed_since'],
                      sqlite_where=UNCONFIRMED, postgresql_where=UNCONFIRMED)
        batch_op.create_index('ix_case_state_newest', ['state', 'opened_at', 'id'])

    with op.batch_alter_table('file') as batch_op:
        batch_op.add_column(sa.Column('recording_id', BIG, nullable=True))
        batch_op.alter_column('photo_id',
               existing_type=BIG,
               nullable=True)
        batch_op.create_check_constraint(batch_op.f('ck_file_of_one_thing'), '(photo_id IS NULL) <> (recording_id IS NULL)')
        batch_op.create_index('ix_file_recording', ['recording_id', 'audience', 'rendition', 'id'],
                      sqlite_where=OF_RECORDING, postgresql_where=OF_RECORDING)
        batch_op.create_foreign_key(batch_op.f('fk_file_recording_id_recording'), 'recording', ['recording_id'], ['id'])

    with op.batch_alter_table('one_time_code') as batch_op:
        batch_op.add_column(sa.Column('report_id', BIG, nullable=True, comment='the report whose contact it confirms'))
        batch_op.add_column(sa.Column('sealed_message', sa.LargeBinary(), nullable=True,
                      comment='contact and code, until it was sent, used or has run out'))
        batch_op.add_column(sa.Column('language', sa.String(length=2), server_default='vi', nullable=False))
        batch_op.create_foreign_key(batch_op.f('fk_one_time_code_report_id_report'), 'report', ['report_id'], ['id'])

    with op.batch_alter_table('reporter') as batch_op:
        batch_op.add_column(sa.Column('verified_contact', sa.String(length=5), nullable=True, comment='which of the two: phone or email'))
        batch_op.add_column(sa.Column('restricted_at', sa.DateTime(timezone=True), nullable=True,
                      comment='the person asked that these data rest (casework.rights)'))

    with op.batch_alter_table('photo') as batch_op:
        batch_op.add_column(sa.Column('addition_id', BIG, nullable=True, comment='sent after filing, with these words'))
        batch_op.create_foreign_key(batch_op.f('fk_photo_addition_id_addition'), 'addition', ['addition_id'], ['id'])

    with op.batch_alter_table('report') as batch_op:
        batch_op.add_column(sa.Column('consent_notice_id', BIG, nullable=True, comment='the notice that was agreed to'))
        batch_op.add_column(sa.Column('client_key', sa.String(length=36), nullable=True,
                      comment='given by the browser it waited in, so that it is filed once however often it is sent'))
        batch_op.add_column(sa.Column('device_id', BIG, nullable=True, comment='the browser it waited in'))
        batch_op.create_unique_constraint(batch_op.f('uq_report_client_key'), ['client_key'])
        batch_op.create_foreign_key(batch_op.f('fk_report_consent_notice_id_consent_notice'), 'consent_notice', ['consent_notice_id'],
                      ['id'])
        batch_op.create_foreign_key(batch_op.f('fk_report_device_id_device'), 'device', ['device_id'], ['id'])


def downgrade() -> None:
    for table, column in COUNTED_BY_MONTH:
        op.drop_index(f'ix_{table}_{column}', table)
    op.execute('DELETE FROM file WHERE recording_id IS NOT NULL')
    with op.batch_alter_table('report') as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_report_consent_notice_id_consent_notice'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('fk_report_device_id_device'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('uq_report_client_key'), type_='unique')
        for name in ('device_id', 'client_key', 'consent_notice_id'):
            batch_op.drop_column(name)
    with op.batch_alter_table('reporter') as batch_op:
        for name in ('restricted_at', 'verified_contact'):
            batch_op.drop_column(name)
    with op.batch_alter_table('photo') as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_photo_addition_id_addition'), type_='foreignkey')
        batch_op.drop_column('addition_id')
    with op.batch_alter_table('one_time_code') as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_one_time_code_report_id_report'), type_='foreignkey')
        for name in ('language', 'sealed_message', 'report_id'):
            batch_op.drop_column(name)
    with op.batch_alter_table('file') as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_file_recording_id_recording'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('ck_file_of_one_thing'), type_='check')
        batch_op.drop_index('ix_file_recording')
        batch_op.alter_column('photo_id', existing_type=BIG, nullable=False)
        batch_op.drop_column('recording_id')
    with op.batch_alter_table('case') as batch_op:
        batch_op.drop_index('ix_case_state_newest')
        batch_op.drop_index('ix_case_unconfirmed')
        batch_op.drop_column('unconfirmed_since')
    with op.batch_alter_table('account') as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_account_consent_notice_id_consent_notice'), type_='foreignkey')
        for name in ('restricted_at', 'consented_at', 'consent_notice_id', 'email_verified_at', 'phone_verified_at'):
            batch_op.drop_column(name)
    for table in ('recording', 'data_request', 'blocked_sender', 'me_too', 'hand_over_ticket', 'host_app', 'device', 'public_figures',
                  'consent_notice'):
        op.drop_table(table)
