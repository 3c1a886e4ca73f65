"""The first tables, and the triggers that keep the history append-only. Generated from the models."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.append_only import drop_triggers, install_triggers

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('account',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('login', sa.String(length=120), nullable=True, comment='staff: user name; citizens sign in by contact digest'),
    sa.Column('password_hash', sa.String(length=200), nullable=True),
    sa.Column('full_name', sa.String(length=120), nullable=True, comment='staff only'),
    sa.Column('title_vi', sa.String(length=120), nullable=True),
    sa.Column('title_en', sa.String(length=120), nullable=True),
    sa.Column('sealed_identity', sa.LargeBinary(), nullable=True, comment='citizens: name, phone, e-mail'),
    sa.Column('phone_digest', sa.String(length=64), nullable=True),
    sa.Column('email_digest', sa.String(length=64), nullable=True),
    sa.Column('language', sa.String(length=2), server_default='vi', nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('disabled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.CheckConstraint("kind IN ('staff', 'citizen', 'system')", name=op.f('ck_account_kind')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account')),
    sa.UniqueConstraint('email_digest', name=op.f('uq_account_email_digest')),
    sa.UniqueConstraint('login', name=op.f('uq_account_login')),
    sa.UniqueConstraint('phone_digest', name=op.f('uq_account_phone_digest')),
    sa.UniqueConstraint('ref', name=op.f('uq_account_ref'))
    )
    op.create_table('anchor',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('streams', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('previous_digest', sa.String(length=64), nullable=False),
    sa.Column('signature', sa.String(length=200), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_anchor')),
    sa.UniqueConstraint('number', name=op.f('uq_anchor_number'))
    )
    op.create_table('centre',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('code_prefix', sa.String(length=6), nullable=False, comment='first part of every report code, e.g. LD'),
    sa.Column('is_default', sa.Boolean(), server_default=sa.text('false'), nullable=False, comment='takes reports whose place no centre holds'),
    sa.Column('phone', sa.String(length=20), nullable=True),
    sa.Column('case_clock_starts', sa.String(length=10), server_default='filing', nullable=False, comment='filing or acceptance; frozen per case'),
    sa.Column('anonymous_close_days', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), server_default='30', nullable=False),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.Column('name_vi', sa.String(length=200), nullable=False),
    sa.Column('name_en', sa.String(length=200), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_centre')),
    sa.UniqueConstraint('code_prefix', name=op.f('uq_centre_code_prefix')),
    sa.UniqueConstraint('ref', name=op.f('uq_centre_ref'))
    )
    op.create_table('event_stream',
    sa.Column('stream', sa.String(length=60), nullable=False, comment='case:<id>, account:<id>, rules, process:<id>'),
    sa.Column('seq', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('hash', sa.String(length=64), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('stream', name=op.f('pk_event_stream'))
    )
    op.create_index(op.f('ix_event_stream_changed_at'), 'event_stream', ['changed_at'], unique=False)
    op.create_table('idempotency_key',
    sa.Column('key', sa.String(length=80), nullable=False),
    sa.Column('purpose', sa.String(length=20), nullable=False),
    sa.Column('result', sa.String(length=80), nullable=False, comment='ref of what the act made'),
    sa.Column('sealed_result', sa.LargeBinary(), nullable=True, comment='what the first answer told the client alone, e.g. the tracking secret'),
    sa.Column('content_digest', sa.String(length=64), nullable=False, comment='keyed, of what was sent: the same key with other words is no repeat'),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_idempotency_key'))
    )
    op.create_index(op.f('ix_idempotency_key_used_at'), 'idempotency_key', ['used_at'], unique=False)
    op.create_table('one_time_code',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('contact_digest', sa.String(length=64), nullable=False),
    sa.Column('code_digest', sa.String(length=64), nullable=False),
    sa.Column('purpose', sa.String(length=20), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('attempts', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), server_default='0', nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_one_time_code'))
    )
    op.create_index(op.f('ix_one_time_code_contact_digest'), 'one_time_code', ['contact_digest'], unique=False)
    op.create_index(op.f('ix_one_time_code_expires_at'), 'one_time_code', ['expires_at'], unique=False)
    op.create_table('rate_counter',
    sa.Column('bucket', sa.String(length=120), nullable=False, comment='what is limited and for whom (digests only)'),
    sa.Column('window_starts_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('count', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.PrimaryKeyConstraint('bucket', 'window_starts_at', name=op.f('pk_rate_counter'))
    )
    op.create_index(op.f('ix_rate_counter_window_starts_at'), 'rate_counter', ['window_starts_at'], unique=False)
    op.create_table('area',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('centre_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('parent_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('level', sa.String(length=10), nullable=False, comment='province, district, commune, village'),
    sa.Column('official_code', sa.String(length=10), nullable=True),
    sa.Column('folded_name', sa.String(length=200), nullable=False),
    sa.Column('latitude', sa.Double(), nullable=True),
    sa.Column('longitude', sa.Double(), nullable=True),
    sa.Column('south', sa.Double(), nullable=True),
    sa.Column('north', sa.Double(), nullable=True),
    sa.Column('west', sa.Double(), nullable=True),
    sa.Column('east', sa.Double(), nullable=True),
    sa.Column('boundary', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=True, comment='GeoJSON geometry, WGS 84'),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.Column('name_vi', sa.String(length=200), nullable=False),
    sa.Column('name_en', sa.String(length=200), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_area_centre_id_centre')),
    sa.ForeignKeyConstraint(['parent_id'], ['area.id'], name=op.f('fk_area_parent_id_area')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_area')),
    sa.UniqueConstraint('ref', name=op.f('uq_area_ref'))
    )
    op.create_index('ix_area_centre_level', 'area', ['centre_id', 'level', 'valid_from'], unique=False)
    op.create_index('ix_area_folded', 'area', ['folded_name'], unique=False)
    op.create_index(op.f('ix_area_official_code'), 'area', ['official_code'], unique=False)
    op.create_index(op.f('ix_area_parent_id'), 'area', ['parent_id'], unique=False)
    op.create_table('calendar_day',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('kind', sa.String(length=6), nullable=False),
    sa.Column('label_vi', sa.String(length=120), nullable=False),
    sa.Column('label_en', sa.String(length=120), nullable=False),
    sa.Column('source', sa.Text(), nullable=True),
    sa.Column('centre_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.CheckConstraint("kind IN ('off', 'worked')", name=op.f('ck_calendar_day_kind')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_calendar_day_centre_id_centre')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_calendar_day')),
    sa.UniqueConstraint('centre_id', 'day', name=op.f('uq_calendar_day_centre_id_day'))
    )
    op.create_index(op.f('ix_calendar_day_day'), 'calendar_day', ['day'], unique=False)
    op.create_table('clock_rule',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('urgency', sa.String(length=8), nullable=True),
    sa.Column('complexity', sa.String(length=8), nullable=True),
    sa.Column('amount', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('unit', sa.String(length=14), nullable=False),
    sa.Column('source', sa.Text(), nullable=True, comment="the regulation, or 'own'"),
    sa.Column('centre_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.CheckConstraint("unit IN ('minutes', 'hours', 'working_hours', 'working_days', 'calendar_days')", name=op.f('ck_clock_rule_unit')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_clock_rule_centre_id_centre')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_clock_rule'))
    )
    op.create_index('ix_clock_rule_kind', 'clock_rule', ['kind', 'urgency', 'complexity', 'valid_from'], unique=False)
    op.create_table('code_counter',
    sa.Column('centre_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('year', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('last_number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_code_counter_centre_id_centre')),
    sa.PrimaryKeyConstraint('centre_id', 'year', name=op.f('pk_code_counter'))
    )
    op.create_table('deputy',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('principal_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('deputy_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('starts_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['created_by_id'], ['account.id'], name=op.f('fk_deputy_created_by_id_account')),
    sa.ForeignKeyConstraint(['deputy_id'], ['account.id'], name=op.f('fk_deputy_deputy_id_account')),
    sa.ForeignKeyConstraint(['principal_id'], ['account.id'], name=op.f('fk_deputy_principal_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deputy'))
    )
    op.create_index('ix_deputy_deputy', 'deputy', ['deputy_id', 'starts_at'], unique=False)
    op.create_index(op.f('ix_deputy_principal_id'), 'deputy', ['principal_id'], unique=False)
    op.create_table('draft',
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subject', sa.String(length=60), nullable=False, comment='e.g. task:<ref>'),
    sa.Column('sealed_fields', sa.LargeBinary(), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_draft_account_id_account')),
    sa.PrimaryKeyConstraint('account_id', 'subject', name=op.f('pk_draft'))
    )
    op.create_index(op.f('ix_draft_updated_at'), 'draft', ['updated_at'], unique=False)
    op.create_table('field',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('service_code', sa.String(length=40), nullable=False),
    sa.Column('position', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('hint_vi', sa.Text(), nullable=False),
    sa.Column('hint_en', sa.Text(), nullable=False),
    sa.Column('allows_anonymous', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('centre_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('name_vi', sa.String(length=200), nullable=False),
    sa.Column('name_en', sa.String(length=200), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_field_centre_id_centre')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_field')),
    sa.UniqueConstraint('centre_id', 'service_code', 'valid_from', name=op.f('uq_field_centre_id_service_code_valid_from'))
    )
    op.create_table('login_session',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('token_digest', sa.String(length=64), nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('browser', sa.String(length=80), nullable=False, comment='family and system only, for the list of sessions'),
    sa.Column('network', sa.String(length=45), nullable=False, comment='address truncated to /24 or /48'),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_login_session_account_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_login_session')),
    sa.UniqueConstraint('ref', name=op.f('uq_login_session_ref')),
    sa.UniqueConstraint('token_digest', name=op.f('uq_login_session_token_digest'))
    )
    op.create_index(op.f('ix_login_session_account_id'), 'login_session', ['account_id'], unique=False)
    op.create_index(op.f('ix_login_session_expires_at'), 'login_session', ['expires_at'], unique=False)
    op.create_table('office_hours',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('spans', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('centre_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_office_hours_centre_id_centre')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_office_hours'))
    )
    op.create_table('process_version',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('key', sa.String(length=40), nullable=False, comment='field_report'),
    sa.Column('centre_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('xml', sa.LargeBinary(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('note', sa.Text(), nullable=True, comment='what was changed and why'),
    sa.Column('author_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True, comment='empty: came with the software'),
    sa.Column('approver_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('approved_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('live_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('retired_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("state IN ('draft', 'checked', 'approved', 'live', 'retired')", name=op.f('ck_process_version_state')),
    sa.ForeignKeyConstraint(['approver_id'], ['account.id'], name=op.f('fk_process_version_approver_id_account')),
    sa.ForeignKeyConstraint(['author_id'], ['account.id'], name=op.f('fk_process_version_author_id_account')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_process_version_centre_id_centre')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_process_version')),
    sa.UniqueConstraint('key', 'centre_id', 'number', name=op.f('uq_process_version_key_centre_id_number'))
    )
    op.create_index('ix_process_version_live', 'process_version', ['key', 'centre_id'], unique=True, sqlite_where=sa.text("state = 'live' AND centre_id IS NOT NULL"), postgresql_where=sa.text("state = 'live' AND centre_id IS NOT NULL"))
    op.create_index('ix_process_version_live_everywhere', 'process_version', ['key'], unique=True, sqlite_where=sa.text("state = 'live' AND centre_id IS NULL"), postgresql_where=sa.text("state = 'live' AND centre_id IS NULL"))
    op.create_index('ix_process_version_number', 'process_version', ['key', 'number'], unique=True, sqlite_where=sa.text('centre_id IS NULL'), postgresql_where=sa.text('centre_id IS NULL'))
    op.create_index(op.f('ix_process_version_sha256'), 'process_version', ['sha256'], unique=False)
    op.create_table('refusal_reason',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('key', sa.String(length=40), nullable=False),
    sa.Column('position', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('guidance_vi', sa.Text(), nullable=False),
    sa.Column('guidance_en', sa.Text(), nullable=False),
    sa.Column('centre_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('name_vi', sa.String(length=200), nullable=False),
    sa.Column('name_en', sa.String(length=200), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_refusal_reason_centre_id_centre')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_refusal_reason'))
    )
    op.create_index(op.f('ix_refusal_reason_key'), 'refusal_reason', ['key'], unique=False)
    op.create_table('reminder_rule',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False, comment='of clock'),
    sa.Column('urgency', sa.String(length=8), nullable=True),
    sa.Column('share', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True, comment='per cent of the time used; empty: counted from due'),
    sa.Column('after_amount', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('after_unit', sa.String(length=14), nullable=True),
    sa.Column('role', sa.String(length=24), nullable=False),
    sa.Column('merges_into_letter', sa.Boolean(), server_default=sa.text('true'), nullable=False),
    sa.Column('centre_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_reminder_rule_centre_id_centre')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reminder_rule'))
    )
    op.create_table('reporter',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('sealed_identity', sa.LargeBinary(), nullable=True, comment='name, phone, e-mail as given; empty when anonymous to the centre'),
    sa.Column('phone_digest', sa.String(length=64), nullable=True),
    sa.Column('email_digest', sa.String(length=64), nullable=True),
    sa.Column('is_anonymous', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('contact_verified_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('channels', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False, comment='how the person wishes to be told'),
    sa.Column('language', sa.String(length=2), server_default='vi', nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_reporter_account_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reporter'))
    )
    op.create_index(op.f('ix_reporter_account_id'), 'reporter', ['account_id'], unique=False)
    op.create_index(op.f('ix_reporter_email_digest'), 'reporter', ['email_digest'], unique=False)
    op.create_index(op.f('ix_reporter_phone_digest'), 'reporter', ['phone_digest'], unique=False)
    op.create_table('text_template',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('key', sa.String(length=60), nullable=False),
    sa.Column('subject_vi', sa.String(length=200), nullable=False),
    sa.Column('subject_en', sa.String(length=200), nullable=False),
    sa.Column('body_vi', sa.Text(), nullable=False),
    sa.Column('body_en', sa.Text(), nullable=False),
    sa.Column('centre_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_text_template_centre_id_centre')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_text_template'))
    )
    op.create_index('ix_text_template_key', 'text_template', ['key', 'valid_from'], unique=False)
    op.create_table('visibility_reason',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('key', sa.String(length=40), nullable=False),
    sa.Column('position', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('centre_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('name_vi', sa.String(length=200), nullable=False),
    sa.Column('name_en', sa.String(length=200), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_visibility_reason_centre_id_centre')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_visibility_reason'))
    )
    op.create_index(op.f('ix_visibility_reason_key'), 'visibility_reason', ['key'], unique=False)
    op.create_table('agency',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('centre_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('parent_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True, comment='the next leader up when nobody here may approve'),
    sa.Column('key', sa.String(length=40), nullable=False, comment='stable name used by routing.dmn'),
    sa.Column('short_name_vi', sa.String(length=80), nullable=False),
    sa.Column('short_name_en', sa.String(length=80), nullable=False),
    sa.Column('area_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('phone', sa.String(length=20), nullable=True),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.Column('name_vi', sa.String(length=200), nullable=False),
    sa.Column('name_en', sa.String(length=200), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['area_id'], ['area.id'], name=op.f('fk_agency_area_id_area')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_agency_centre_id_centre')),
    sa.ForeignKeyConstraint(['parent_id'], ['agency.id'], name=op.f('fk_agency_parent_id_agency')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_agency')),
    sa.UniqueConstraint('ref', name=op.f('uq_agency_ref'))
    )
    op.create_index(op.f('ix_agency_area_id'), 'agency', ['area_id'], unique=False)
    op.create_index('ix_agency_centre_key', 'agency', ['centre_id', 'key', 'valid_from'], unique=True)
    op.create_index(op.f('ix_agency_parent_id'), 'agency', ['parent_id'], unique=False)
    op.create_table('area_succession',
    sa.Column('predecessor_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('successor_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('on_day', sa.Date(), nullable=False),
    sa.Column('source', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['predecessor_id'], ['area.id'], name=op.f('fk_area_succession_predecessor_id_area')),
    sa.ForeignKeyConstraint(['successor_id'], ['area.id'], name=op.f('fk_area_succession_successor_id_area')),
    sa.PrimaryKeyConstraint('predecessor_id', 'successor_id', name=op.f('pk_area_succession'))
    )
    op.create_index(op.f('ix_area_succession_successor_id'), 'area_succession', ['successor_id'], unique=False)
    op.create_table('camera',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('centre_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False, comment='tower or security'),
    sa.Column('area_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('latitude', sa.Double(), nullable=True),
    sa.Column('longitude', sa.Double(), nullable=True),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.Column('name_vi', sa.String(length=200), nullable=False),
    sa.Column('name_en', sa.String(length=200), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['area_id'], ['area.id'], name=op.f('fk_camera_area_id_area')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_camera_centre_id_centre')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_camera')),
    sa.UniqueConstraint('ref', name=op.f('uq_camera_ref'))
    )
    op.create_index(op.f('ix_camera_centre_id'), 'camera', ['centre_id'], unique=False)
    op.create_table('agency_succession',
    sa.Column('predecessor_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('successor_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('on_day', sa.Date(), nullable=False),
    sa.Column('source', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['predecessor_id'], ['agency.id'], name=op.f('fk_agency_succession_predecessor_id_agency')),
    sa.ForeignKeyConstraint(['successor_id'], ['agency.id'], name=op.f('fk_agency_succession_successor_id_agency')),
    sa.PrimaryKeyConstraint('predecessor_id', 'successor_id', name=op.f('pk_agency_succession'))
    )
    op.create_index(op.f('ix_agency_succession_successor_id'), 'agency_succession', ['successor_id'], unique=False)
    op.create_table('case',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('code', sa.String(length=24), nullable=False, comment='the code of its main report'),
    sa.Column('centre_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False, comment='casework.states.CaseState'),
    sa.Column('source', sa.String(length=8), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('accepted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True, comment='final publication or private answer of the present round'),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('clock_starts', sa.String(length=10), nullable=False, comment="the centre's setting on the day the case was opened"),
    sa.Column('title', sa.String(length=200), nullable=True, comment='written by the operator; carries no personal data'),
    sa.Column('field_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('urgency', sa.String(length=8), server_default='normal', nullable=False),
    sa.Column('complexity', sa.String(length=8), server_default='ordinary', nullable=False),
    sa.Column('area_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('village', sa.String(length=120), nullable=True),
    sa.Column('place', sa.String(length=300), nullable=True, comment="the operator's description of the place, cleared for agencies"),
    sa.Column('latitude', sa.Double(), nullable=True),
    sa.Column('longitude', sa.Double(), nullable=True),
    sa.Column('visibility_reason_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('quarantined_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('is_public', sa.Boolean(), server_default=sa.text('false'), nullable=False, comment='has a publication that is not withdrawn'),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('lead_agency_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=True, comment='copy of the running case clock, for lists'),
    sa.Column('reopened', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), server_default='0', nullable=False),
    sa.Column('held_reason', sa.String(length=300), nullable=True),
    sa.Column('merged_into_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), server_default='1', nullable=False),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.ForeignKeyConstraint(['area_id'], ['area.id'], name=op.f('fk_case_area_id_area')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_case_centre_id_centre')),
    sa.ForeignKeyConstraint(['field_id'], ['field.id'], name=op.f('fk_case_field_id_field')),
    sa.ForeignKeyConstraint(['lead_agency_id'], ['agency.id'], name=op.f('fk_case_lead_agency_id_agency')),
    sa.ForeignKeyConstraint(['merged_into_id'], ['case.id'], name=op.f('fk_case_merged_into_id_case')),
    sa.ForeignKeyConstraint(['visibility_reason_id'], ['visibility_reason.id'], name=op.f('fk_case_visibility_reason_id_visibility_reason')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_case')),
    sa.UniqueConstraint('code', name=op.f('uq_case_code')),
    sa.UniqueConstraint('ref', name=op.f('uq_case_ref'))
    )
    op.create_index('ix_case_area_newest', 'case', ['area_id', 'opened_at', 'id'], unique=False)
    op.create_index('ix_case_centre_state_due', 'case', ['centre_id', 'state', 'due_at'], unique=False)
    op.create_index('ix_case_field_newest', 'case', ['field_id', 'opened_at', 'id'], unique=False)
    op.create_index(op.f('ix_case_lead_agency_id'), 'case', ['lead_agency_id'], unique=False)
    op.create_index(op.f('ix_case_merged_into_id'), 'case', ['merged_into_id'], unique=False)
    op.create_index('ix_case_newest', 'case', ['opened_at', 'id'], unique=False)
    op.create_index('ix_case_place', 'case', ['latitude', 'longitude'], unique=False)
    op.create_index('ix_case_published', 'case', ['published_at', 'id'], unique=False, sqlite_where=sa.text('is_public'), postgresql_where=sa.text('is_public'))
    op.create_index('ix_case_quarantined', 'case', ['quarantined_at'], unique=False, sqlite_where=sa.text('quarantined_at IS NOT NULL'), postgresql_where=sa.text('quarantined_at IS NOT NULL'))
    op.create_table('letterhead',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('agency_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('parent_body', sa.String(length=200), nullable=False),
    sa.Column('issuing_body', sa.String(length=200), nullable=False),
    sa.Column('symbol', sa.String(length=40), nullable=False),
    sa.Column('place', sa.String(length=80), nullable=False),
    sa.Column('authority', sa.String(length=40), nullable=False, comment='TM., KT., TL. line'),
    sa.Column('signer_title', sa.String(length=120), nullable=False),
    sa.Column('signer_name', sa.String(length=120), nullable=False),
    sa.Column('centre_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['agency_id'], ['agency.id'], name=op.f('fk_letterhead_agency_id_agency')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_letterhead_centre_id_centre')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_letterhead'))
    )
    op.create_index(op.f('ix_letterhead_agency_id'), 'letterhead', ['agency_id'], unique=False)
    op.create_table('membership',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('role', sa.String(length=24), nullable=False),
    sa.Column('centre_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True, comment='empty for roles of the installation'),
    sa.Column('agency_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('is_focal', sa.Boolean(), server_default=sa.text('false'), nullable=False, comment='focal officer of the agency'),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_membership_account_id_account')),
    sa.ForeignKeyConstraint(['agency_id'], ['agency.id'], name=op.f('fk_membership_agency_id_agency')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_membership_centre_id_centre')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_membership'))
    )
    op.create_index(op.f('ix_membership_account_id'), 'membership', ['account_id'], unique=False)
    op.create_index(op.f('ix_membership_agency_id'), 'membership', ['agency_id'], unique=False)
    op.create_index('ix_membership_desk', 'membership', ['role', 'centre_id', 'agency_id'], unique=False)
    op.create_table('report',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('code', sa.String(length=24), nullable=False, comment='LD-2026-000123: opens only what is public'),
    sa.Column('secret_digest', sa.String(length=64), nullable=False, comment='keyed digest of the tracking secret on the receipt'),
    sa.Column('centre_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('source', sa.String(length=8), nullable=False),
    sa.Column('filed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reporter_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True, comment='empty for camera reports'),
    sa.Column('filed_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True, comment='member of staff who filed it for a caller or from a camera'),
    sa.Column('camera_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('field_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True, comment="the reporter's own choice"),
    sa.Column('marked_urgent', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('area_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('village', sa.String(length=120), nullable=True),
    sa.Column('sealed_place', sa.LargeBinary(), nullable=True, comment="the place in the reporter's words: may name a house"),
    sa.Column('latitude', sa.Double(), nullable=True),
    sa.Column('longitude', sa.Double(), nullable=True),
    sa.Column('accuracy_m', sa.Double(), nullable=True, comment='metres, as the device said'),
    sa.Column('consented_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('language', sa.String(length=2), server_default='vi', nullable=False),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.CheckConstraint("source IN ('citizen', 'camera', 'phone', 'officer')", name=op.f('ck_report_source')),
    sa.ForeignKeyConstraint(['area_id'], ['area.id'], name=op.f('fk_report_area_id_area')),
    sa.ForeignKeyConstraint(['camera_id'], ['camera.id'], name=op.f('fk_report_camera_id_camera')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_report_centre_id_centre')),
    sa.ForeignKeyConstraint(['field_id'], ['field.id'], name=op.f('fk_report_field_id_field')),
    sa.ForeignKeyConstraint(['filed_by_id'], ['account.id'], name=op.f('fk_report_filed_by_id_account')),
    sa.ForeignKeyConstraint(['reporter_id'], ['reporter.id'], name=op.f('fk_report_reporter_id_reporter')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_report')),
    sa.UniqueConstraint('code', name=op.f('uq_report_code')),
    sa.UniqueConstraint('ref', name=op.f('uq_report_ref')),
    sa.UniqueConstraint('reporter_id', name=op.f('uq_report_reporter_id'))
    )
    op.create_index('ix_report_centre_filed', 'report', ['centre_id', 'filed_at'], unique=False)
    op.create_index('ix_report_place', 'report', ['latitude', 'longitude'], unique=False)
    op.create_table('assignment',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('agency_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('slot', sa.String(length=12), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False, comment='casework.states.AssignmentState'),
    sa.Column('round', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), server_default='0', nullable=False, comment='how often the case had been reopened when this was given'),
    sa.Column('instructions', sa.Text(), nullable=True),
    sa.Column('distributed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('distributed_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('accepted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('accepted_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('approved_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('end_reason', sa.String(length=16), nullable=True, comment='approved, handed_back, removed, quarantined, closed'),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=True, comment='copy of the running assignment clock'),
    sa.Column('approval_desk', sa.String(length=40), nullable=True, comment="who decides: the agency's leader, or the next leader up"),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), server_default='1', nullable=False),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.CheckConstraint("slot IN ('lead', 'cooperating')", name=op.f('ck_assignment_slot')),
    sa.ForeignKeyConstraint(['accepted_by_id'], ['account.id'], name=op.f('fk_assignment_accepted_by_id_account')),
    sa.ForeignKeyConstraint(['agency_id'], ['agency.id'], name=op.f('fk_assignment_agency_id_agency')),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_assignment_case_id_case')),
    sa.ForeignKeyConstraint(['distributed_by_id'], ['account.id'], name=op.f('fk_assignment_distributed_by_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_assignment')),
    sa.UniqueConstraint('ref', name=op.f('uq_assignment_ref'))
    )
    op.create_index('ix_assignment_agency_state', 'assignment', ['agency_id', 'state'], unique=False)
    op.create_index(op.f('ix_assignment_case_id'), 'assignment', ['case_id'], unique=False)
    op.create_index('ix_assignment_open', 'assignment', ['case_id', 'agency_id'], unique=True, sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
    op.create_table('case_report',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('report_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('is_main', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('joined_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('left_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('before', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=True, comment='state and clocks before a merge, for split'),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_case_report_case_id_case')),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], name=op.f('fk_case_report_report_id_report')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_case_report'))
    )
    op.create_index(op.f('ix_case_report_case_id'), 'case_report', ['case_id'], unique=False)
    op.create_index('ix_case_report_report', 'case_report', ['report_id'], unique=True, sqlite_where=sa.text('left_at IS NULL'), postgresql_where=sa.text('left_at IS NULL'))
    op.create_table('directive',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('given_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('given_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_directive_case_id_case')),
    sa.ForeignKeyConstraint(['given_by_id'], ['account.id'], name=op.f('fk_directive_given_by_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_directive'))
    )
    op.create_index(op.f('ix_directive_case_id'), 'directive', ['case_id'], unique=False)
    op.create_table('event',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('stream', sa.String(length=60), nullable=False),
    sa.Column('seq', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('type', sa.String(length=40), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('actor_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('on_behalf_of_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('payload', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=True, comment='no personal data; empty once erased'),
    sa.Column('salt', sa.LargeBinary(), nullable=True),
    sa.Column('payload_digest', sa.String(length=64), nullable=False),
    sa.Column('previous_hash', sa.String(length=64), nullable=False),
    sa.Column('hash', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['actor_id'], ['account.id'], name=op.f('fk_event_actor_id_account')),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_event_case_id_case')),
    sa.ForeignKeyConstraint(['on_behalf_of_id'], ['account.id'], name=op.f('fk_event_on_behalf_of_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_event')),
    sa.UniqueConstraint('stream', 'seq', name=op.f('uq_event_stream_seq'))
    )
    op.create_index('ix_event_case', 'event', ['case_id', 'seq'], unique=False)
    op.create_table('follower',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_follower_account_id_account')),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_follower_case_id_case')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_follower')),
    sa.UniqueConstraint('case_id', 'account_id', name=op.f('uq_follower_case_id_account_id'))
    )
    op.create_index(op.f('ix_follower_account_id'), 'follower', ['account_id'], unique=False)
    op.create_table('hotline_call',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('called_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('called_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('number', sa.String(length=20), nullable=False),
    sa.Column('spoke_to', sa.String(length=120), nullable=True),
    sa.Column('reached', sa.Boolean(), nullable=False),
    sa.Column('what', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['called_by_id'], ['account.id'], name=op.f('fk_hotline_call_called_by_id_account')),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_hotline_call_case_id_case')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_hotline_call'))
    )
    op.create_index(op.f('ix_hotline_call_case_id'), 'hotline_call', ['case_id'], unique=False)
    op.create_table('outbox_message',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('recipient', sa.String(length=60), nullable=False, comment='reporter:<id>, account:<id>, desk:<name>'),
    sa.Column('channel', sa.String(length=10), nullable=False, comment='page, email, sms, push, zns'),
    sa.Column('template', sa.String(length=60), nullable=False),
    sa.Column('parameters', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False, comment='codes and days, no personal data'),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('dedupe_key', sa.String(length=120), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('leased_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('attempts', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), server_default='0', nullable=False),
    sa.Column('last_error', sa.Text(), nullable=True),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('read_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('dropped_at', sa.DateTime(timezone=True), nullable=True, comment='withdrawn unsent, e.g. by quarantine'),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_outbox_message_case_id_case')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outbox_message')),
    sa.UniqueConstraint('dedupe_key', name=op.f('uq_outbox_message_dedupe_key'))
    )
    op.create_index(op.f('ix_outbox_message_case_id'), 'outbox_message', ['case_id'], unique=False)
    op.create_index('ix_outbox_recipient', 'outbox_message', ['recipient', 'id'], unique=False)
    op.create_index('ix_outbox_unsent', 'outbox_message', ['due_at', 'id'], unique=False, sqlite_where=sa.text("sent_at IS NULL AND dropped_at IS NULL AND channel <> 'page'"), postgresql_where=sa.text("sent_at IS NULL AND dropped_at IS NULL AND channel <> 'page'"))
    op.create_table('publication',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('published_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('unpublished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('unpublish_reason', sa.Text(), nullable=True),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.CheckConstraint("kind IN ('interim', 'final', 'private')", name=op.f('ck_publication_kind')),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_publication_case_id_case')),
    sa.ForeignKeyConstraint(['published_by_id'], ['account.id'], name=op.f('fk_publication_published_by_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_publication')),
    sa.UniqueConstraint('case_id', 'number', name=op.f('uq_publication_case_id_number')),
    sa.UniqueConstraint('ref', name=op.f('uq_publication_ref'))
    )
    op.create_table('question',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('report_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('asked_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('when_unanswered', sa.String(length=10), nullable=False, comment='close or continue, chosen when asking'),
    sa.Column('sealed_answer', sa.LargeBinary(), nullable=True),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.ForeignKeyConstraint(['asked_by_id'], ['account.id'], name=op.f('fk_question_asked_by_id_account')),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_question_case_id_case')),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], name=op.f('fk_question_report_id_report')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_question')),
    sa.UniqueConstraint('ref', name=op.f('uq_question_ref'))
    )
    op.create_index(op.f('ix_question_case_id'), 'question', ['case_id'], unique=False)
    op.create_index(op.f('ix_question_report_id'), 'question', ['report_id'], unique=False)
    op.create_table('referral',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('body', sa.String(length=200), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('referred_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('referred_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('result', sa.Text(), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_referral_case_id_case')),
    sa.ForeignKeyConstraint(['referred_by_id'], ['account.id'], name=op.f('fk_referral_referred_by_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_referral'))
    )
    op.create_index(op.f('ix_referral_case_id'), 'referral', ['case_id'], unique=False)
    op.create_table('refusal',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reason_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('refused_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('refused_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state_before', sa.String(length=16), nullable=False),
    sa.Column('sealed_objection', sa.LargeBinary(), nullable=True),
    sa.Column('objected_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('objection_upheld', sa.Boolean(), nullable=True),
    sa.Column('decided_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_refusal_case_id_case')),
    sa.ForeignKeyConstraint(['decided_by_id'], ['account.id'], name=op.f('fk_refusal_decided_by_id_account')),
    sa.ForeignKeyConstraint(['reason_id'], ['refusal_reason.id'], name=op.f('fk_refusal_reason_id_refusal_reason')),
    sa.ForeignKeyConstraint(['refused_by_id'], ['account.id'], name=op.f('fk_refusal_refused_by_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_refusal'))
    )
    op.create_index(op.f('ix_refusal_case_id'), 'refusal', ['case_id'], unique=False)
    op.create_table('report_text',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('report_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('sealed_body', sa.LargeBinary(), nullable=True, comment='original words; erased by quarantine'),
    sa.Column('body', sa.Text(), nullable=True, comment='cleared and public words'),
    sa.Column('written_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('written_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("kind IN ('original', 'cleared', 'public')", name=op.f('ck_report_text_kind')),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], name=op.f('fk_report_text_report_id_report')),
    sa.ForeignKeyConstraint(['written_by_id'], ['account.id'], name=op.f('fk_report_text_written_by_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_report_text'))
    )
    op.create_index('ix_report_text_current', 'report_text', ['report_id', 'kind', 'id'], unique=False)
    op.create_table('search_row',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('centre_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('audience', sa.String(length=8), nullable=False),
    sa.Column('words', sa.Text(), nullable=False, comment='accent-folded, for finding'),
    sa.Column('exact_words', sa.Text(), nullable=False, comment='as written, to rank exact accents first'),
    sa.Column('code', sa.String(length=24), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("audience IN ('public', 'agencies', 'centre')", name=op.f('ck_search_row_audience')),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_search_row_case_id_case')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_search_row_centre_id_centre')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_search_row'))
    )
    op.create_index('ix_search_row_case', 'search_row', ['case_id', 'audience'], unique=True)
    op.create_index('ix_search_row_newest', 'search_row', ['audience', 'changed_at', 'id'], unique=False)
    op.create_table('withdrawal',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('report_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('sealed_reason', sa.LargeBinary(), nullable=True),
    sa.Column('requested_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('granted', sa.Boolean(), nullable=True),
    sa.Column('decided_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_withdrawal_case_id_case')),
    sa.ForeignKeyConstraint(['decided_by_id'], ['account.id'], name=op.f('fk_withdrawal_decided_by_id_account')),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], name=op.f('fk_withdrawal_report_id_report')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_withdrawal'))
    )
    op.create_index(op.f('ix_withdrawal_case_id'), 'withdrawal', ['case_id'], unique=False)
    op.create_table('answer',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('assignment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('findings', sa.Text(), nullable=False),
    sa.Column('actions', sa.Text(), nullable=False),
    sa.Column('remaining', sa.Text(), nullable=False),
    sa.Column('contact', sa.String(length=200), nullable=False),
    sa.Column('no_photo_reason', sa.String(length=300), nullable=True),
    sa.Column('author_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('author_for_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True, comment='the principal, when a deputy wrote it'),
    sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.ForeignKeyConstraint(['assignment_id'], ['assignment.id'], name=op.f('fk_answer_assignment_id_assignment')),
    sa.ForeignKeyConstraint(['author_for_id'], ['account.id'], name=op.f('fk_answer_author_for_id_account')),
    sa.ForeignKeyConstraint(['author_id'], ['account.id'], name=op.f('fk_answer_author_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_answer')),
    sa.UniqueConstraint('assignment_id', 'version', name=op.f('uq_answer_assignment_id_version')),
    sa.UniqueConstraint('ref', name=op.f('uq_answer_ref'))
    )
    op.create_table('clock',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('assignment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('publication_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('kind', sa.String(length=20), nullable=False, comment='casework.clocks.acts.ClockKind'),
    sa.Column('round', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), server_default='0', nullable=False),
    sa.Column('rule_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True, comment='the dated rule row it was started under'),
    sa.Column('amount', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('unit', sa.String(length=14), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('first_due_at', sa.DateTime(timezone=True), nullable=False, comment='as first promised; in time before extension is judged by it'),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=True, comment='empty while paused without an end'),
    sa.Column('extended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_late', sa.Boolean(), nullable=True),
    sa.CheckConstraint("unit IN ('minutes', 'hours', 'working_hours', 'working_days', 'calendar_days')", name=op.f('ck_clock_unit')),
    sa.ForeignKeyConstraint(['assignment_id'], ['assignment.id'], name=op.f('fk_clock_assignment_id_assignment')),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_clock_case_id_case')),
    sa.ForeignKeyConstraint(['publication_id'], ['publication.id'], name=op.f('fk_clock_publication_id_publication')),
    sa.ForeignKeyConstraint(['rule_id'], ['clock_rule.id'], name=op.f('fk_clock_rule_id_clock_rule')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_clock'))
    )
    op.create_index(op.f('ix_clock_assignment_id'), 'clock', ['assignment_id'], unique=False)
    op.create_index('ix_clock_case_kind', 'clock', ['case_id', 'kind'], unique=False)
    op.create_index('ix_clock_due_running', 'clock', ['due_at'], unique=False, sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
    op.create_table('extension',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('assignment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False, comment='first or second of the case'),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('until_on', sa.Date(), nullable=False, comment='last local day in time'),
    sa.Column('requested_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('requested_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('endorsed', sa.Boolean(), nullable=True),
    sa.Column('endorsed_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('endorsed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('granted', sa.Boolean(), nullable=True),
    sa.Column('decided_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decision_words', sa.Text(), nullable=True),
    sa.Column('old_due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('new_due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.ForeignKeyConstraint(['assignment_id'], ['assignment.id'], name=op.f('fk_extension_assignment_id_assignment')),
    sa.ForeignKeyConstraint(['decided_by_id'], ['account.id'], name=op.f('fk_extension_decided_by_id_account')),
    sa.ForeignKeyConstraint(['endorsed_by_id'], ['account.id'], name=op.f('fk_extension_endorsed_by_id_account')),
    sa.ForeignKeyConstraint(['requested_by_id'], ['account.id'], name=op.f('fk_extension_requested_by_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_extension')),
    sa.UniqueConstraint('ref', name=op.f('uq_extension_ref'))
    )
    op.create_index(op.f('ix_extension_assignment_id'), 'extension', ['assignment_id'], unique=False)
    op.create_table('hand_back',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('assignment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('suggested_agency_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('handed_back_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('handed_back_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('upheld', sa.Boolean(), nullable=True, comment='true: the agency is released; false: it stays'),
    sa.Column('decided_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decision_words', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['assignment_id'], ['assignment.id'], name=op.f('fk_hand_back_assignment_id_assignment')),
    sa.ForeignKeyConstraint(['decided_by_id'], ['account.id'], name=op.f('fk_hand_back_decided_by_id_account')),
    sa.ForeignKeyConstraint(['handed_back_by_id'], ['account.id'], name=op.f('fk_hand_back_handed_back_by_id_account')),
    sa.ForeignKeyConstraint(['suggested_agency_id'], ['agency.id'], name=op.f('fk_hand_back_suggested_agency_id_agency')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_hand_back'))
    )
    op.create_index(op.f('ix_hand_back_assignment_id'), 'hand_back', ['assignment_id'], unique=False)
    op.create_table('note',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('assignment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('kind', sa.String(length=10), server_default='note', nullable=False, comment='note or progress'),
    sa.Column('audience', sa.String(length=8), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('written_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('written_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('mentions', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False, comment='account refs'),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.CheckConstraint("audience IN ('centre', 'agencies', 'agency')", name=op.f('ck_note_audience')),
    sa.ForeignKeyConstraint(['assignment_id'], ['assignment.id'], name=op.f('fk_note_assignment_id_assignment')),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_note_case_id_case')),
    sa.ForeignKeyConstraint(['written_by_id'], ['account.id'], name=op.f('fk_note_written_by_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_note')),
    sa.UniqueConstraint('ref', name=op.f('uq_note_ref'))
    )
    op.create_index(op.f('ix_note_assignment_id'), 'note', ['assignment_id'], unique=False)
    op.create_index(op.f('ix_note_case_id'), 'note', ['case_id'], unique=False)
    op.create_table('process_instance',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('process_id', sa.String(length=12), nullable=False),
    sa.Column('version_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('assignment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('state', sa.LargeBinary(), nullable=False, comment='task tree without the specification: JSON, zstd'),
    sa.Column('status', sa.String(length=9), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), server_default='1', nullable=False),
    sa.CheckConstraint("(process_id = 'assignment') = (assignment_id IS NOT NULL)", name=op.f('ck_process_instance_subject')),
    sa.CheckConstraint("process_id IN ('case', 'assignment')", name=op.f('ck_process_instance_process_id')),
    sa.CheckConstraint("status IN ('running', 'ended', 'suspended', 'incident')", name=op.f('ck_process_instance_status')),
    sa.ForeignKeyConstraint(['assignment_id'], ['assignment.id'], name=op.f('fk_process_instance_assignment_id_assignment')),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_process_instance_case_id_case')),
    sa.ForeignKeyConstraint(['version_id'], ['process_version.id'], name=op.f('fk_process_instance_version_id_process_version')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_process_instance')),
    sa.UniqueConstraint('assignment_id', name=op.f('uq_process_instance_assignment_id'))
    )
    op.create_index('ix_process_instance_case', 'process_instance', ['case_id'], unique=False)
    op.create_index('ix_process_instance_own', 'process_instance', ['case_id'], unique=True, sqlite_where=sa.text('assignment_id IS NULL'), postgresql_where=sa.text('assignment_id IS NULL'))
    op.create_index('ix_process_instance_status', 'process_instance', ['status', 'version_id'], unique=False)
    op.create_table('process_message',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('target_process', sa.String(length=12), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('assignment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('payload', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False, comment='ids and flags only'),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('delivered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('superseded', sa.Boolean(), server_default=sa.text('false'), nullable=False, comment='no longer true when it could be delivered'),
    sa.Column('attempts', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), server_default='0', nullable=False),
    sa.ForeignKeyConstraint(['assignment_id'], ['assignment.id'], name=op.f('fk_process_message_assignment_id_assignment')),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_process_message_case_id_case')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_process_message'))
    )
    op.create_index('ix_process_message_open', 'process_message', ['case_id', 'id'], unique=False, sqlite_where=sa.text('delivered_at IS NULL'), postgresql_where=sa.text('delivered_at IS NULL'))
    op.create_table('publication_version',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('publication_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('question', sa.Text(), nullable=False, comment="the reporter's matter in words fit for the public"),
    sa.Column('summary', sa.Text(), nullable=True, comment="the centre's own words; nobody rewrites an agency's answer"),
    sa.Column('place', sa.String(length=300), nullable=True),
    sa.Column('shows_exact_place', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('correction_reason', sa.Text(), nullable=True),
    sa.Column('written_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('written_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['publication_id'], ['publication.id'], name=op.f('fk_publication_version_publication_id_publication')),
    sa.ForeignKeyConstraint(['written_by_id'], ['account.id'], name=op.f('fk_publication_version_written_by_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_publication_version')),
    sa.UniqueConstraint('publication_id', 'version', name=op.f('uq_publication_version_publication_id_version'))
    )
    op.create_table('clock_pause',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('clock_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reason', sa.String(length=20), nullable=False, comment='question, hold, referral'),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('until', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['clock_id'], ['clock.id'], name=op.f('fk_clock_pause_clock_id_clock')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_clock_pause'))
    )
    op.create_index(op.f('ix_clock_pause_clock_id'), 'clock_pause', ['clock_id'], unique=False)
    op.create_table('decision',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('answer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('verdict', sa.String(length=8), nullable=False),
    sa.Column('instructions', sa.Text(), nullable=True),
    sa.Column('decided_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('decided_for_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("verdict IN ('approve', 'redo')", name=op.f('ck_decision_verdict')),
    sa.ForeignKeyConstraint(['answer_id'], ['answer.id'], name=op.f('fk_decision_answer_id_answer')),
    sa.ForeignKeyConstraint(['decided_by_id'], ['account.id'], name=op.f('fk_decision_decided_by_id_account')),
    sa.ForeignKeyConstraint(['decided_for_id'], ['account.id'], name=op.f('fk_decision_decided_for_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_decision')),
    sa.UniqueConstraint('answer_id', name=op.f('uq_decision_answer_id'))
    )
    op.create_table('incident',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('instance_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False, comment='step, timer or message: what was being done'),
    sa.Column('engine_task', sa.String(length=36), nullable=True),
    sa.Column('element', sa.String(length=80), nullable=False),
    sa.Column('error_class', sa.String(length=80), nullable=False),
    sa.Column('error_text', sa.String(length=500), nullable=False, comment='where it failed; never the values at hand'),
    sa.Column('state_before', sa.LargeBinary(), nullable=False),
    sa.Column('status_before', sa.String(length=9), nullable=False),
    sa.Column('occurred_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('attempts', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), server_default='1', nullable=False),
    sa.Column('last_attempt_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('resolved_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('resolved_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_incident_case_id_case')),
    sa.ForeignKeyConstraint(['instance_id'], ['process_instance.id'], name=op.f('fk_incident_instance_id_process_instance')),
    sa.ForeignKeyConstraint(['resolved_by_id'], ['account.id'], name=op.f('fk_incident_resolved_by_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_incident')),
    sa.UniqueConstraint('ref', name=op.f('uq_incident_ref'))
    )
    op.create_index(op.f('ix_incident_case_id'), 'incident', ['case_id'], unique=False)
    op.create_index(op.f('ix_incident_instance_id'), 'incident', ['instance_id'], unique=False)
    op.create_index('ix_incident_open', 'incident', ['occurred_at'], unique=False, sqlite_where=sa.text('resolved_at IS NULL'), postgresql_where=sa.text('resolved_at IS NULL'))
    op.create_table('photo',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('purpose', sa.String(length=8), nullable=False, comment='scene, after, progress'),
    sa.Column('state', sa.String(length=8), server_default='staged', nullable=False),
    sa.Column('staged_token', sa.String(length=32), nullable=True, comment='the unsent form it belongs to'),
    sa.Column('report_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('answer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('note_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('position', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), server_default='0', nullable=False),
    sa.Column('sealed_name', sa.LargeBinary(), nullable=False, comment="the file name as sent: may hold a person's name"),
    sa.Column('sealed_metadata', sa.LargeBinary(), nullable=True, comment='time and place from EXIF'),
    sa.Column('sha256', sa.String(length=64), nullable=False, comment='of the original bytes: evidence'),
    sa.Column('uploaded_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('uploaded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('linked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.CheckConstraint("state IN ('staged', 'linked', 'deleted')", name=op.f('ck_photo_state')),
    sa.ForeignKeyConstraint(['answer_id'], ['answer.id'], name=op.f('fk_photo_answer_id_answer')),
    sa.ForeignKeyConstraint(['note_id'], ['note.id'], name=op.f('fk_photo_note_id_note')),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], name=op.f('fk_photo_report_id_report')),
    sa.ForeignKeyConstraint(['uploaded_by_id'], ['account.id'], name=op.f('fk_photo_uploaded_by_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_photo')),
    sa.UniqueConstraint('ref', name=op.f('uq_photo_ref'))
    )
    op.create_index('ix_photo_answer', 'photo', ['answer_id', 'position'], unique=False)
    op.create_index('ix_photo_report', 'photo', ['report_id', 'position'], unique=False)
    op.create_index(op.f('ix_photo_sha256'), 'photo', ['sha256'], unique=False)
    op.create_index('ix_photo_staged', 'photo', ['staged_token', 'position'], unique=False)
    op.create_index('ix_photo_unsent', 'photo', ['uploaded_at'], unique=False, sqlite_where=sa.text('linked_at IS NULL'), postgresql_where=sa.text('linked_at IS NULL'))
    op.create_table('process_timer',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('instance_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('engine_task', sa.String(length=36), nullable=False),
    sa.Column('element', sa.String(length=80), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('leased_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('fired_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True, comment='fired, or its step was done first'),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_process_timer_case_id_case')),
    sa.ForeignKeyConstraint(['instance_id'], ['process_instance.id'], name=op.f('fk_process_timer_instance_id_process_instance')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_process_timer')),
    sa.UniqueConstraint('instance_id', 'engine_task', name=op.f('uq_process_timer_instance_id_engine_task'))
    )
    op.create_index(op.f('ix_process_timer_case_id'), 'process_timer', ['case_id'], unique=False)
    op.create_index('ix_process_timer_due', 'process_timer', ['due_at', 'id'], unique=False, sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
    op.create_table('publication_answer',
    sa.Column('version_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('answer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('position', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['answer_id'], ['answer.id'], name=op.f('fk_publication_answer_answer_id_answer')),
    sa.ForeignKeyConstraint(['version_id'], ['publication_version.id'], name=op.f('fk_publication_answer_version_id_publication_version')),
    sa.PrimaryKeyConstraint('version_id', 'answer_id', name=op.f('pk_publication_answer'))
    )
    op.create_index(op.f('ix_publication_answer_answer_id'), 'publication_answer', ['answer_id'], unique=False)
    op.create_table('rating',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('publication_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reporter_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('agency_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('about', sa.String(length=24), nullable=False, comment="'whole' or 'agency:<id>': one row of each, also where NULLs differ"),
    sa.Column('level', sa.String(length=12), nullable=False),
    sa.Column('sealed_reason', sa.LargeBinary(), nullable=True, comment="the reporter's words; read by the centre"),
    sa.Column('rated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False, comment='older than the current one: before correction'),
    sa.CheckConstraint("level IN ('satisfied', 'acceptable', 'dissatisfied')", name=op.f('ck_rating_level')),
    sa.ForeignKeyConstraint(['agency_id'], ['agency.id'], name=op.f('fk_rating_agency_id_agency')),
    sa.ForeignKeyConstraint(['publication_id'], ['publication.id'], name=op.f('fk_rating_publication_id_publication')),
    sa.ForeignKeyConstraint(['reporter_id'], ['reporter.id'], name=op.f('fk_rating_reporter_id_reporter')),
    sa.ForeignKeyConstraint(['version_id'], ['publication_version.id'], name=op.f('fk_rating_version_id_publication_version')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_rating'))
    )
    op.create_index(op.f('ix_rating_agency_id'), 'rating', ['agency_id'], unique=False)
    op.create_index(op.f('ix_rating_reporter_id'), 'rating', ['reporter_id'], unique=False)
    op.create_index('ix_rating_whole', 'rating', ['publication_id', 'reporter_id', 'about'], unique=True)
    op.create_table('reminder',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('clock_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('rule_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reminded_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['clock_id'], ['clock.id'], name=op.f('fk_reminder_clock_id_clock')),
    sa.ForeignKeyConstraint(['rule_id'], ['reminder_rule.id'], name=op.f('fk_reminder_rule_id_reminder_rule')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reminder')),
    sa.UniqueConstraint('clock_id', 'rule_id', name=op.f('uq_reminder_clock_id_rule_id'))
    )
    op.create_table('step_fact',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('instance_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('engine_task', sa.String(length=36), nullable=False),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('assignment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('version_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('element', sa.String(length=80), nullable=False),
    sa.Column('entered_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('left_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('working_minutes', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True, comment='office minutes between the two'),
    sa.ForeignKeyConstraint(['assignment_id'], ['assignment.id'], name=op.f('fk_step_fact_assignment_id_assignment')),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_step_fact_case_id_case')),
    sa.ForeignKeyConstraint(['instance_id'], ['process_instance.id'], name=op.f('fk_step_fact_instance_id_process_instance')),
    sa.ForeignKeyConstraint(['version_id'], ['process_version.id'], name=op.f('fk_step_fact_version_id_process_version')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_step_fact')),
    sa.UniqueConstraint('instance_id', 'engine_task', name=op.f('uq_step_fact_instance_id_engine_task'))
    )
    op.create_index(op.f('ix_step_fact_case_id'), 'step_fact', ['case_id'], unique=False)
    op.create_index('ix_step_fact_element', 'step_fact', ['version_id', 'element', 'left_at'], unique=False)
    op.create_index(op.f('ix_step_fact_left_at'), 'step_fact', ['left_at'], unique=False)
    op.create_table('waiting_task',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('instance_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('engine_task', sa.String(length=36), nullable=False),
    sa.Column('element', sa.String(length=80), nullable=False),
    sa.Column('desk', sa.String(length=40), nullable=False, comment='role and place, e.g. operator@3, agency_leader@a17, reporter@c52'),
    sa.Column('case_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('assignment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('centre_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('agency_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('urgent', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False, comment='copy of the limit of this step; FAR when none runs, so that lists sort by it'),
    sa.Column('state', sa.String(length=9), nullable=False),
    sa.Column('entered_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('claimed_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('claimed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('done_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('on_behalf_of_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('outcome', sa.String(length=40), nullable=True),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.CheckConstraint("state IN ('waiting', 'done', 'withdrawn')", name=op.f('ck_waiting_task_state')),
    sa.ForeignKeyConstraint(['agency_id'], ['agency.id'], name=op.f('fk_waiting_task_agency_id_agency')),
    sa.ForeignKeyConstraint(['assignment_id'], ['assignment.id'], name=op.f('fk_waiting_task_assignment_id_assignment')),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_waiting_task_case_id_case')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_waiting_task_centre_id_centre')),
    sa.ForeignKeyConstraint(['claimed_by_id'], ['account.id'], name=op.f('fk_waiting_task_claimed_by_id_account')),
    sa.ForeignKeyConstraint(['done_by_id'], ['account.id'], name=op.f('fk_waiting_task_done_by_id_account')),
    sa.ForeignKeyConstraint(['instance_id'], ['process_instance.id'], name=op.f('fk_waiting_task_instance_id_process_instance')),
    sa.ForeignKeyConstraint(['on_behalf_of_id'], ['account.id'], name=op.f('fk_waiting_task_on_behalf_of_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_waiting_task')),
    sa.UniqueConstraint('instance_id', 'engine_task', name=op.f('uq_waiting_task_instance_id_engine_task')),
    sa.UniqueConstraint('ref', name=op.f('uq_waiting_task_ref'))
    )
    op.create_index(op.f('ix_waiting_task_assignment_id'), 'waiting_task', ['assignment_id'], unique=False)
    op.create_index('ix_waiting_task_case', 'waiting_task', ['case_id', 'state'], unique=False)
    op.create_index('ix_waiting_task_claimed', 'waiting_task', ['claimed_by_id', 'state', 'due_at'], unique=False)
    op.create_index('ix_waiting_task_inbox', 'waiting_task', ['desk', 'state', 'due_at', 'id'], unique=False)
    op.create_table('file',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('photo_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('audience', sa.String(length=8), nullable=False),
    sa.Column('rendition', sa.String(length=8), nullable=False, comment='original, view, thumb'),
    sa.Column('stored_name', sa.String(length=80), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False, comment='of the bytes before sealing'),
    sa.Column('size', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False, comment='bytes before sealing'),
    sa.Column('media_type', sa.String(length=40), nullable=False),
    sa.Column('key_id', sa.String(length=40), nullable=True, comment='key of the sealed bytes; empty when stored plain'),
    sa.Column('width', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('height', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('erased_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("audience IN ('sealed', 'centre', 'agencies', 'public')", name=op.f('ck_file_audience')),
    sa.ForeignKeyConstraint(['created_by_id'], ['account.id'], name=op.f('fk_file_created_by_id_account')),
    sa.ForeignKeyConstraint(['photo_id'], ['photo.id'], name=op.f('fk_file_photo_id_photo')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_file')),
    sa.UniqueConstraint('stored_name', name=op.f('uq_file_stored_name'))
    )
    op.create_index('ix_file_photo', 'file', ['photo_id', 'audience', 'rendition', 'id'], unique=False)
    op.create_table('review',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('publication_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('rating_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('outcome', sa.String(length=10), nullable=True, comment='explained or reopened'),
    sa.Column('words', sa.Text(), nullable=True),
    sa.Column('decided_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['decided_by_id'], ['account.id'], name=op.f('fk_review_decided_by_id_account')),
    sa.ForeignKeyConstraint(['publication_id'], ['publication.id'], name=op.f('fk_review_publication_id_publication')),
    sa.ForeignKeyConstraint(['rating_id'], ['rating.id'], name=op.f('fk_review_rating_id_rating')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_review')),
    sa.UniqueConstraint('publication_id', name=op.f('uq_review_publication_id'))
    )
    op.create_table('publication_photo',
    sa.Column('version_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('photo_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('view_file_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('thumb_file_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('position', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['photo_id'], ['photo.id'], name=op.f('fk_publication_photo_photo_id_photo')),
    sa.ForeignKeyConstraint(['thumb_file_id'], ['file.id'], name=op.f('fk_publication_photo_thumb_file_id_file')),
    sa.ForeignKeyConstraint(['version_id'], ['publication_version.id'], name=op.f('fk_publication_photo_version_id_publication_version')),
    sa.ForeignKeyConstraint(['view_file_id'], ['file.id'], name=op.f('fk_publication_photo_view_file_id_file')),
    sa.PrimaryKeyConstraint('version_id', 'photo_id', name=op.f('pk_publication_photo'))
    )
    op.create_index(op.f('ix_publication_photo_photo_id'), 'publication_photo', ['photo_id'], unique=False)
    install_triggers(op.get_bind())


def downgrade() -> None:
    drop_triggers(op.get_bind())
    op.drop_index(op.f('ix_publication_photo_photo_id'), table_name='publication_photo')
    op.drop_table('publication_photo')
    op.drop_table('review')
    op.drop_index('ix_file_photo', table_name='file')
    op.drop_table('file')
    op.drop_index('ix_waiting_task_inbox', table_name='waiting_task')
    op.drop_index('ix_waiting_task_claimed', table_name='waiting_task')
    op.drop_index('ix_waiting_task_case', table_name='waiting_task')
    op.drop_index(op.f('ix_waiting_task_assignment_id'), table_name='waiting_task')
    op.drop_table('waiting_task')
    op.drop_index(op.f('ix_step_fact_left_at'), table_name='step_fact')
    op.drop_index('ix_step_fact_element', table_name='step_fact')
    op.drop_index(op.f('ix_step_fact_case_id'), table_name='step_fact')
    op.drop_table('step_fact')
    op.drop_table('reminder')
    op.drop_index('ix_rating_whole', table_name='rating')
    op.drop_index(op.f('ix_rating_reporter_id'), table_name='rating')
    op.drop_index(op.f('ix_rating_agency_id'), table_name='rating')
    op.drop_table('rating')
    op.drop_index(op.f('ix_publication_answer_answer_id'), table_name='publication_answer')
    op.drop_table('publication_answer')
    op.drop_index('ix_process_timer_due', table_name='process_timer', sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
    op.drop_index(op.f('ix_process_timer_case_id'), table_name='process_timer')
    op.drop_table('process_timer')
    op.drop_index('ix_photo_unsent', table_name='photo', sqlite_where=sa.text('linked_at IS NULL'), postgresql_where=sa.text('linked_at IS NULL'))
    op.drop_index('ix_photo_staged', table_name='photo')
    op.drop_index(op.f('ix_photo_sha256'), table_name='photo')
    op.drop_index('ix_photo_report', table_name='photo')
    op.drop_index('ix_photo_answer', table_name='photo')
    op.drop_table('photo')
    op.drop_index('ix_incident_open', table_name='incident', sqlite_where=sa.text('resolved_at IS NULL'), postgresql_where=sa.text('resolved_at IS NULL'))
    op.drop_index(op.f('ix_incident_instance_id'), table_name='incident')
    op.drop_index(op.f('ix_incident_case_id'), table_name='incident')
    op.drop_table('incident')
    op.drop_table('decision')
    op.drop_index(op.f('ix_clock_pause_clock_id'), table_name='clock_pause')
    op.drop_table('clock_pause')
    op.drop_table('publication_version')
    op.drop_index('ix_process_message_open', table_name='process_message', sqlite_where=sa.text('delivered_at IS NULL'), postgresql_where=sa.text('delivered_at IS NULL'))
    op.drop_table('process_message')
    op.drop_index('ix_process_instance_status', table_name='process_instance')
    op.drop_index('ix_process_instance_own', table_name='process_instance', sqlite_where=sa.text('assignment_id IS NULL'), postgresql_where=sa.text('assignment_id IS NULL'))
    op.drop_index('ix_process_instance_case', table_name='process_instance')
    op.drop_table('process_instance')
    op.drop_index(op.f('ix_note_case_id'), table_name='note')
    op.drop_index(op.f('ix_note_assignment_id'), table_name='note')
    op.drop_table('note')
    op.drop_index(op.f('ix_hand_back_assignment_id'), table_name='hand_back')
    op.drop_table('hand_back')
    op.drop_index(op.f('ix_extension_assignment_id'), table_name='extension')
    op.drop_table('extension')
    op.drop_index('ix_clock_due_running', table_name='clock', sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
    op.drop_index('ix_clock_case_kind', table_name='clock')
    op.drop_index(op.f('ix_clock_assignment_id'), table_name='clock')
    op.drop_table('clock')
    op.drop_table('answer')
    op.drop_index(op.f('ix_withdrawal_case_id'), table_name='withdrawal')
    op.drop_table('withdrawal')
    op.drop_index('ix_search_row_newest', table_name='search_row')
    op.drop_index('ix_search_row_case', table_name='search_row')
    op.drop_table('search_row')
    op.drop_index('ix_report_text_current', table_name='report_text')
    op.drop_table('report_text')
    op.drop_index(op.f('ix_refusal_case_id'), table_name='refusal')
    op.drop_table('refusal')
    op.drop_index(op.f('ix_referral_case_id'), table_name='referral')
    op.drop_table('referral')
    op.drop_index(op.f('ix_question_report_id'), table_name='question')
    op.drop_index(op.f('ix_question_case_id'), table_name='question')
    op.drop_table('question')
    op.drop_table('publication')
    op.drop_index('ix_outbox_unsent', table_name='outbox_message', sqlite_where=sa.text("sent_at IS NULL AND dropped_at IS NULL AND channel <> 'page'"), postgresql_where=sa.text("sent_at IS NULL AND dropped_at IS NULL AND channel <> 'page'"))
    op.drop_index('ix_outbox_recipient', table_name='outbox_message')
    op.drop_index(op.f('ix_outbox_message_case_id'), table_name='outbox_message')
    op.drop_table('outbox_message')
    op.drop_index(op.f('ix_hotline_call_case_id'), table_name='hotline_call')
    op.drop_table('hotline_call')
    op.drop_index(op.f('ix_follower_account_id'), table_name='follower')
    op.drop_table('follower')
    op.drop_index('ix_event_case', table_name='event')
    op.drop_table('event')
    op.drop_index(op.f('ix_directive_case_id'), table_name='directive')
    op.drop_table('directive')
    op.drop_index('ix_case_report_report', table_name='case_report', sqlite_where=sa.text('left_at IS NULL'), postgresql_where=sa.text('left_at IS NULL'))
    op.drop_index(op.f('ix_case_report_case_id'), table_name='case_report')
    op.drop_table('case_report')
    op.drop_index('ix_assignment_open', table_name='assignment', sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
    op.drop_index(op.f('ix_assignment_case_id'), table_name='assignment')
    op.drop_index('ix_assignment_agency_state', table_name='assignment')
    op.drop_table('assignment')
    op.drop_index('ix_report_place', table_name='report')
    op.drop_index('ix_report_centre_filed', table_name='report')
    op.drop_table('report')
    op.drop_index('ix_membership_desk', table_name='membership')
    op.drop_index(op.f('ix_membership_agency_id'), table_name='membership')
    op.drop_index(op.f('ix_membership_account_id'), table_name='membership')
    op.drop_table('membership')
    op.drop_index(op.f('ix_letterhead_agency_id'), table_name='letterhead')
    op.drop_table('letterhead')
    op.drop_index('ix_case_quarantined', table_name='case', sqlite_where=sa.text('quarantined_at IS NOT NULL'), postgresql_where=sa.text('quarantined_at IS NOT NULL'))
    op.drop_index('ix_case_published', table_name='case', sqlite_where=sa.text('is_public'), postgresql_where=sa.text('is_public'))
    op.drop_index('ix_case_place', table_name='case')
    op.drop_index('ix_case_newest', table_name='case')
    op.drop_index(op.f('ix_case_merged_into_id'), table_name='case')
    op.drop_index(op.f('ix_case_lead_agency_id'), table_name='case')
    op.drop_index('ix_case_field_newest', table_name='case')
    op.drop_index('ix_case_centre_state_due', table_name='case')
    op.drop_index('ix_case_area_newest', table_name='case')
    op.drop_table('case')
    op.drop_index(op.f('ix_agency_succession_successor_id'), table_name='agency_succession')
    op.drop_table('agency_succession')
    op.drop_index(op.f('ix_camera_centre_id'), table_name='camera')
    op.drop_table('camera')
    op.drop_index(op.f('ix_area_succession_successor_id'), table_name='area_succession')
    op.drop_table('area_succession')
    op.drop_index(op.f('ix_agency_parent_id'), table_name='agency')
    op.drop_index('ix_agency_centre_key', table_name='agency')
    op.drop_index(op.f('ix_agency_area_id'), table_name='agency')
    op.drop_table('agency')
    op.drop_index(op.f('ix_visibility_reason_key'), table_name='visibility_reason')
    op.drop_table('visibility_reason')
    op.drop_index('ix_text_template_key', table_name='text_template')
    op.drop_table('text_template')
    op.drop_index(op.f('ix_reporter_phone_digest'), table_name='reporter')
    op.drop_index(op.f('ix_reporter_email_digest'), table_name='reporter')
    op.drop_index(op.f('ix_reporter_account_id'), table_name='reporter')
    op.drop_table('reporter')
    op.drop_table('reminder_rule')
    op.drop_index(op.f('ix_refusal_reason_key'), table_name='refusal_reason')
    op.drop_table('refusal_reason')
    op.drop_index(op.f('ix_process_version_sha256'), table_name='process_version')
    op.drop_index('ix_process_version_number', table_name='process_version', sqlite_where=sa.text('centre_id IS NULL'), postgresql_where=sa.text('centre_id IS NULL'))
    op.drop_index('ix_process_version_live_everywhere', table_name='process_version', sqlite_where=sa.text("state = 'live' AND centre_id IS NULL"), postgresql_where=sa.text("state = 'live' AND centre_id IS NULL"))
    op.drop_index('ix_process_version_live', table_name='process_version', sqlite_where=sa.text("state = 'live' AND centre_id IS NOT NULL"), postgresql_where=sa.text("state = 'live' AND centre_id IS NOT NULL"))
    op.drop_table('process_version')
    op.drop_table('office_hours')
    op.drop_index(op.f('ix_login_session_expires_at'), table_name='login_session')
    op.drop_index(op.f('ix_login_session_account_id'), table_name='login_session')
    op.drop_table('login_session')
    op.drop_table('field')
    op.drop_index(op.f('ix_draft_updated_at'), table_name='draft')
    op.drop_table('draft')
    op.drop_index(op.f('ix_deputy_principal_id'), table_name='deputy')
    op.drop_index('ix_deputy_deputy', table_name='deputy')
    op.drop_table('deputy')
    op.drop_table('code_counter')
    op.drop_index('ix_clock_rule_kind', table_name='clock_rule')
    op.drop_table('clock_rule')
    op.drop_index(op.f('ix_calendar_day_day'), table_name='calendar_day')
    op.drop_table('calendar_day')
    op.drop_index(op.f('ix_area_parent_id'), table_name='area')
    op.drop_index(op.f('ix_area_official_code'), table_name='area')
    op.drop_index('ix_area_folded', table_name='area')
    op.drop_index('ix_area_centre_level', table_name='area')
    op.drop_table('area')
    op.drop_index(op.f('ix_rate_counter_window_starts_at'), table_name='rate_counter')
    op.drop_table('rate_counter')
    op.drop_index(op.f('ix_one_time_code_expires_at'), table_name='one_time_code')
    op.drop_index(op.f('ix_one_time_code_contact_digest'), table_name='one_time_code')
    op.drop_table('one_time_code')
    op.drop_index(op.f('ix_idempotency_key_used_at'), table_name='idempotency_key')
    op.drop_table('idempotency_key')
    op.drop_index(op.f('ix_event_stream_changed_at'), table_name='event_stream')
    op.drop_table('event_stream')
    op.drop_table('centre')
    op.drop_table('anchor')
    op.drop_table('account')
