"""Jobs and processes that report themselves; second factors, passkeys and sign-in elsewhere; the law on personal data; shared storage."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None
oldest_program = '0010'
"""Only adds tables, columns that may be empty or have a default, and indexes: a program of 0010 goes on beside it."""

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql')


def upgrade() -> None:
    for add in (_add_jobs, _add_sign_in, _add_outside_identity, _add_personal_data, _add_storage, _add_schedules):
        add()


def downgrade() -> None:
    for drop in (_drop_schedules, _drop_storage, _drop_personal_data, _drop_outside_identity, _drop_sign_in, _drop_jobs):
        drop()


def _add_jobs() -> None:
    op.create_table(
        'program_process',
        sa.Column('id', BIG, nullable=False),
        sa.Column('kind', sa.String(8), nullable=False),
        sa.Column('host', sa.String(80), nullable=False),
        sa.Column('pid', BIG, nullable=False),
        sa.Column('version', sa.String(40), nullable=False, comment='of the program'),
        sa.Column('schema', sa.String(20), nullable=False, comment='the newest migration it knows'),
        sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('ended_at', sa.DateTime(timezone=True), comment='when it said goodbye'),
        sa.Column('slow_queries', BIG, nullable=False, server_default='0', comment='since it was started'),
        sa.Column('memory', BIG, nullable=False, server_default='0', comment='resident bytes when last seen'),
        sa.Column('clock_ahead_ms', BIG, nullable=False, server_default='0', comment="its machine's clock before the database's"),
        sa.CheckConstraint("kind IN ('server', 'worker', 'demo')", name=op.f('ck_program_process_kind')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_program_process')),
    )
    running = sa.text('ended_at IS NULL')
    op.create_index('ix_program_process_running', 'program_process', ['seen_at'], sqlite_where=running, postgresql_where=running)
    op.create_table(
        'recurring_job',
        sa.Column('name', sa.String(40), nullable=False),
        sa.Column('started_at', sa.DateTime(timezone=True)),
        sa.Column('ended_at', sa.DateTime(timezone=True), comment='of the last run that has ended'),
        sa.Column('duration_ms', BIG),
        sa.Column('result', sa.String(20), comment='done, failed, or how many rows it was about'),
        sa.Column('runs', BIG, nullable=False, server_default='0'),
        sa.Column('run_ms', BIG, nullable=False, server_default='0', comment='milliseconds of all runs together'),
        sa.Column('failures', BIG, nullable=False, server_default='0'),
        sa.Column('failures_in_a_row', BIG, nullable=False, server_default='0'),
        sa.Column('failed_at', sa.DateTime(timezone=True)),
        sa.Column('error', sa.String(80), comment='class of the last failure'),
        sa.Column('error_place', sa.String(200), comment='file and line where it arose, without values'),
        sa.Column('next_at', sa.DateTime(timezone=True), comment='when the worker that reported last means to run it next'),
        sa.Column('worker', sa.String(100), comment='host and number of the process that ran it last'),
        sa.Column('running_id', BIG, comment='the process that has claimed the present run; of jobs one worker does for all'),
        sa.Column('wanted_at', sa.DateTime(timezone=True), comment='somebody pressed Run now'),
        sa.Column('wanted_by_id', BIG),
        sa.ForeignKeyConstraint(['wanted_by_id'], ['account.id'], name=op.f('fk_recurring_job_wanted_by_id_account')),
        sa.PrimaryKeyConstraint('name', name=op.f('pk_recurring_job')),
    )
    wanted = sa.text('wanted_at IS NOT NULL')
    op.create_index('ix_recurring_job_wanted', 'recurring_job', ['wanted_at'], sqlite_where=wanted, postgresql_where=wanted)
    op.create_table(
        'upkeep_mark',
        sa.Column('kind', sa.String(8), nullable=False),
        sa.Column('done_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('is_well', sa.Boolean(), nullable=False),
        sa.Column('facts', JSON, nullable=False, comment='numbers of files, bytes, faults; ids of the keys saved'),
        sa.Column('well_at', sa.DateTime(timezone=True), comment='when it last ended well'),
        sa.CheckConstraint("kind IN ('backup', 'keys', 'verify', 'restore')", name=op.f('ck_upkeep_mark_kind')),
        sa.PrimaryKeyConstraint('kind', name=op.f('pk_upkeep_mark')),
    )


def _drop_jobs() -> None:
    for table in ('upkeep_mark', 'recurring_job', 'program_process'):
        op.drop_table(table)


def _add_sign_in() -> None:
    op.create_table('code_app',
    sa.Column('id', BIG, nullable=False),
    sa.Column('account_id', BIG, nullable=False),
    sa.Column('sealed_secret', sa.LargeBinary(), nullable=False),
    sa.Column('last_step', BIG, nullable=False, comment='of 30 seconds since 1970'),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_code_app_account_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_code_app')),
    sa.UniqueConstraint('account_id', name=op.f('uq_code_app_account_id'))
    )
    op.create_table('passkey',
    sa.Column('id', BIG, nullable=False),
    sa.Column('account_id', BIG, nullable=False),
    sa.Column('credential_digest', sa.String(length=64), nullable=False, comment='SHA-256 of the identifier, up to 1,023 bytes'),
    sa.Column('credential_id', sa.LargeBinary(), nullable=False),
    sa.Column('public_key', sa.LargeBinary(), nullable=False),
    sa.Column('sign_count', BIG, nullable=False, comment='0 where the device does not count'),
    sa.Column('is_synced', sa.Boolean(), server_default=sa.false(), nullable=False, comment='its maker keeps copies of it for the person'),
    sa.Column('name', sa.String(length=60), nullable=False, comment="the person's own"),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_used_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_passkey_account_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_passkey')),
    sa.UniqueConstraint('credential_digest', name=op.f('uq_passkey_credential_digest')),
    sa.UniqueConstraint('ref', name=op.f('uq_passkey_ref'))
    )
    op.create_index(op.f('ix_passkey_account_id'), 'passkey', ['account_id'], unique=False)
    op.create_table('recovery_code',
    sa.Column('id', BIG, nullable=False),
    sa.Column('account_id', BIG, nullable=False),
    sa.Column('code_digest', sa.String(length=64), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_recovery_code_account_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_recovery_code')),
    sa.UniqueConstraint('account_id', 'code_digest', name=op.f('uq_recovery_code_account_id_code_digest'))
    )
    op.create_table('sign_in_begun',
    sa.Column('id', BIG, nullable=False),
    sa.Column('token_digest', sa.String(length=64), nullable=False),
    sa.Column('account_id', BIG, nullable=False),
    sa.Column('first_factor', sa.String(length=12), nullable=False, comment='password, oidc'),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('attempts', BIG, server_default='0', nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True, comment='or ended without a session'),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_sign_in_begun_account_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sign_in_begun')),
    sa.UniqueConstraint('token_digest', name=op.f('uq_sign_in_begun_token_digest'))
    )
    op.create_index(op.f('ix_sign_in_begun_account_id'), 'sign_in_begun', ['account_id'], unique=False)
    op.create_index(op.f('ix_sign_in_begun_expires_at'), 'sign_in_begun', ['expires_at'], unique=False)
    op.create_table('passkey_challenge',
    sa.Column('id', BIG, nullable=False),
    sa.Column('challenge_digest', sa.String(length=64), nullable=False),
    sa.Column('purpose', sa.String(length=8), nullable=False),
    sa.Column('bound_to', sa.String(length=64), nullable=False,
              comment='the browser: a session, a sign-in begun, digest of a cookie'),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("purpose IN ('register', 'sign_in', 'second', 'again')", name=op.f('ck_passkey_challenge_purpose')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_passkey_challenge')),
    sa.UniqueConstraint('challenge_digest', name=op.f('uq_passkey_challenge_challenge_digest'))
    )
    op.create_index(op.f('ix_passkey_challenge_expires_at'), 'passkey_challenge', ['expires_at'], unique=False)
    op.create_table('second_factor_rule',
    sa.Column('id', BIG, nullable=False),
    sa.Column('role', sa.String(length=24), nullable=False),
    sa.Column('grace_days', BIG, nullable=False),
    sa.Column('centre_id', BIG, nullable=True),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_second_factor_rule_centre_id_centre')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_second_factor_rule'))
    )
    op.create_index('ix_second_factor_rule_role', 'second_factor_rule', ['role', 'valid_from'], unique=False)
    with op.batch_alter_table('login_session') as batch:
        batch.add_column(sa.Column('authenticated_at', sa.DateTime(timezone=True), nullable=True,
                                   comment='when the person last proved who they are; empty: at created_at'))
        batch.add_column(sa.Column('factors', sa.String(length=40), server_default='password', nullable=False, comment='by what, joined by +'))


def _drop_sign_in() -> None:
    with op.batch_alter_table('login_session') as batch:
        batch.drop_column('factors')
        batch.drop_column('authenticated_at')
    for table in ('second_factor_rule', 'passkey_challenge', 'sign_in_begun', 'recovery_code', 'passkey', 'code_app'):
        op.drop_table(table)


def _add_outside_identity() -> None:
    op.create_table(
        'outside_identity',
        sa.Column('id', BIG, nullable=False),
        sa.Column('account_id', BIG, nullable=False),
        sa.Column('provider', sa.String(40), nullable=False, comment='its key in the configuration'),
        sa.Column('subject_digest', sa.String(64), nullable=False, comment='keyed digest of issuer and subject'),
        sa.Column('number_digest', sa.String(64), comment='keyed digest of the personal identification number'),
        sa.Column('linked_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('linked_by_id', BIG, nullable=False),
        sa.Column('last_used_at', sa.DateTime(timezone=True)),
        sa.Column('ref', sa.String(16), nullable=False),
        sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_outside_identity_account_id_account')),
        sa.ForeignKeyConstraint(['linked_by_id'], ['account.id'], name=op.f('fk_outside_identity_linked_by_id_account')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_outside_identity')),
        sa.UniqueConstraint('provider', 'subject_digest', name=op.f('uq_outside_identity_provider_subject_digest')),
        sa.UniqueConstraint('ref', name=op.f('uq_outside_identity_ref')),
    )
    op.create_index(op.f('ix_outside_identity_account_id'), 'outside_identity', ['account_id'])
    op.create_index('ix_outside_identity_number', 'outside_identity', ['provider', 'number_digest'])
    op.create_table(
        'outside_sign_in',
        sa.Column('id', BIG, nullable=False),
        sa.Column('state_digest', sa.String(64), nullable=False, comment="of `state`; of the browser's token once it came back"),
        sa.Column('browser_digest', sa.String(64), nullable=False, comment='of a token in the cookie of the browser that was sent'),
        sa.Column('provider', sa.String(40), nullable=False),
        sa.Column('purpose', sa.String(8), nullable=False),
        sa.Column('account_id', BIG, comment='who links an identity'),
        sa.Column('sealed_secrets', sa.LargeBinary(), comment='nonce and code verifier; of somebody new: who they are'),
        sa.Column('target', sa.String(300), nullable=False, comment='the page of ours it leads to'),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('used_at', sa.DateTime(timezone=True)),
        sa.Column('proven_at', sa.DateTime(timezone=True), comment='somebody new, who is asked for agreement'),
        sa.CheckConstraint("purpose IN ('sign_in', 'link')", name=op.f('ck_outside_sign_in_purpose')),
        sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_outside_sign_in_account_id_account')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_outside_sign_in')),
        sa.UniqueConstraint('state_digest', name=op.f('uq_outside_sign_in_state_digest')),
    )
    op.create_index(op.f('ix_outside_sign_in_account_id'), 'outside_sign_in', ['account_id'])
    op.create_index(op.f('ix_outside_sign_in_expires_at'), 'outside_sign_in', ['expires_at'])


def _drop_outside_identity() -> None:
    for table in ('outside_sign_in', 'outside_identity'):
        op.drop_table(table)


def _add_personal_data() -> None:
    op.create_table(
        'forgotten',
        sa.Column('id', BIG, nullable=False),
        sa.Column('kind', sa.String(10), nullable=False, comment='what was done'),
        sa.Column('subject', sa.String(16), nullable=False, comment='ref of the account, report or case'),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('account', 'report', 'quarantine', 'hand_over')", name=op.f('ck_forgotten_kind')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_forgotten')),
        sa.UniqueConstraint('kind', 'subject', name=op.f('uq_forgotten_kind_subject')),
    )
    op.create_index('ix_forgotten_at', 'forgotten', ['at', 'id'])
    with op.batch_alter_table('case') as batch:
        batch.add_column(sa.Column('masked_at', sa.DateTime(timezone=True), comment='who sent its reports was forgotten, by the rule of retention'))
    unmasked = sa.text('closed_at IS NOT NULL AND masked_at IS NULL AND quarantined_at IS NULL')
    op.create_index('ix_case_unmasked', 'case', ['closed_at', 'id'], sqlite_where=unmasked, postgresql_where=unmasked)
    with op.batch_alter_table('account') as batch:
        batch.add_column(sa.Column('erasure_told_at', sa.DateTime(timezone=True), comment='a citizen was told that it will be erased unless used'))


def _drop_personal_data() -> None:
    with op.batch_alter_table('account') as batch:
        batch.drop_column('erasure_told_at')
    op.drop_index('ix_case_unmasked', 'case')
    with op.batch_alter_table('case') as batch:
        batch.drop_column('masked_at')
    op.drop_table('forgotten')


def _add_storage() -> None:
    op.create_table(
        'schema_promise',
        sa.Column('id', BIG, nullable=False),
        sa.Column('oldest_program', sa.String(20), nullable=False,
                  comment='the newest migration the oldest program knows that may go on with these tables'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_schema_promise')),
    )


def _drop_storage() -> None:
    op.drop_table('schema_promise')


def _add_schedules() -> None:
    with op.batch_alter_table('report_schedule') as batch_op:
        batch_op.add_column(sa.Column('follows_id', BIG, nullable=True, comment='of a body that ended: it goes on from there'))
        batch_op.create_foreign_key(batch_op.f('fk_report_schedule_follows_id_report_schedule'), 'report_schedule', ['follows_id'], ['id'])
    with op.batch_alter_table('output') as batch_op:
        batch_op.add_column(sa.Column('seen_from', JSON, nullable=True,
                                      comment='ids of the agencies by whose roles alone it was read; empty: by a role in the centre'))


def _drop_schedules() -> None:
    with op.batch_alter_table('output') as batch_op:
        batch_op.drop_column('seen_from')
    with op.batch_alter_table('report_schedule') as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_report_schedule_follows_id_report_schedule'), type_='foreignkey')
        batch_op.drop_column('follows_id')
