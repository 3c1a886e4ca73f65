"""Settings, messages on their way out, letters, wallboards, reorganisations."""
from __future__ import annotations

import unicodedata

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

MARKS = {ord(sign): None for sign in "'’‘ʼ`´-‐‑–"}
BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql')
UNDER_WAY = sa.text('sent_at IS NULL AND given_up_at IS NULL AND dropped_at IS NULL')
GIVEN_UP = sa.text('given_up_at IS NOT NULL')
SENT = sa.text('sent_at IS NOT NULL')
DROPPED = sa.text('dropped_at IS NOT NULL')
ATTEMPTED = sa.text('attempted_at IS NOT NULL')
LIVE = sa.text('ended_at IS NULL')
OF_STAFF = sa.text("kind = 'staff'")
FROM_CAMERA = sa.text('camera_id IS NOT NULL')
UNROUTED = sa.text('routed_at IS NULL')
TABLES = ('case_succession', 'staged_import', 'delivery', 'letter', 'reorganisation_step', 'reorganisation_change', 'wallboard', 'reorganisation', 'push_subscription',
          'message_choice', 'house_setting', 'complexity')
COLUMNS: dict[str, list[sa.Column[object]]] = {
    'account': [
        sa.Column('folded_name', sa.String(length=200), server_default='', nullable=False,
                  comment='of staff: name without accents, to find and sort by'),
        sa.Column('must_change_password', sa.Boolean(), server_default=sa.false(), nullable=False,
                  comment='has a start password an administrator has seen'),
        sa.Column('email', sa.String(length=254), nullable=True, comment='staff only: the official address messages go to'),
        sa.Column('phone', sa.String(length=16), nullable=True, comment='staff only: the official number, E.164'),
    ],
    'agency': [sa.Column('folded_name', sa.String(length=300), server_default='', nullable=False,
                         comment='both names without accents, to find and sort by')],
    'area': [sa.Column('boundary_source', sa.Text(), nullable=True, comment='where the boundary comes from and under which licence')],
    'outbox_message': [sa.Column('routed_at', sa.DateTime(timezone=True), nullable=True,
                                 comment='when it was worked out who is told of it by which other way')],
    'report': [sa.Column('seen_at', sa.DateTime(timezone=True), nullable=True,
                         comment='when it happened, as the camera or the caller said')],
    'text_template': [
        sa.Column('short_vi', sa.String(length=300), nullable=True, comment='for SMS and push; empty: the subject'),
        sa.Column('short_en', sa.String(length=300), nullable=True),
        sa.Column('zns_template', sa.String(length=40), nullable=True,
              comment='number of the template approved by Zalo; empty: not sent there'),
        sa.Column('zns_parameters', JSON, nullable=True, comment='its parameters, each by a named place of ours'),
    ],
}


def upgrade() -> None:
    op.create_table('complexity',
    sa.Column('id', BIG, nullable=False),
    sa.Column('key', sa.String(length=8), nullable=False),
    sa.Column('position', BIG, nullable=False),
    sa.Column('hint_vi', sa.Text(), nullable=False),
    sa.Column('hint_en', sa.Text(), nullable=False),
    sa.Column('centre_id', BIG, nullable=True),
    sa.Column('name_vi', sa.String(length=200), nullable=False),
    sa.Column('name_en', sa.String(length=200), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_complexity_centre_id_centre')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_complexity'))
    )
    op.create_index('ix_complexity_key', 'complexity', ['key'])
    op.create_table('house_setting',
    sa.Column('id', BIG, nullable=False),
    sa.Column('key', sa.String(length=60), nullable=False),
    sa.Column('value', JSON, nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_by_id', BIG, nullable=True),
    sa.Column('centre_id', BIG, nullable=True),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_house_setting_centre_id_centre')),
    sa.ForeignKeyConstraint(['changed_by_id'], ['account.id'], name=op.f('fk_house_setting_changed_by_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_house_setting'))
    )
    op.create_index('ix_house_setting_key', 'house_setting', ['key', 'centre_id'], unique=True)
    op.create_table('message_choice',
    sa.Column('account_id', BIG, nullable=False),
    sa.Column('channel', sa.String(length=8), nullable=False),
    sa.Column('takes', sa.String(length=8), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("takes IN ('all', 'urgent', 'digest', 'none')", name=op.f('ck_message_choice_takes')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_message_choice_account_id_account')),
    sa.PrimaryKeyConstraint('account_id', 'channel', name=op.f('pk_message_choice'))
    )
    op.create_table('push_subscription',
    sa.Column('id', BIG, nullable=False),
    sa.Column('account_id', BIG, nullable=False),
    sa.Column('session_id', BIG, nullable=False, comment='signed in when it agreed; ends with its sign-out'),
    sa.Column('endpoint_digest', sa.String(length=64), nullable=False),
    sa.Column('sealed_subscription', sa.LargeBinary(), nullable=False, comment='endpoint, p256dh, auth'),
    sa.Column('browser', sa.String(length=80), nullable=False, comment='family and system only'),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True, comment='taken back, or the push service no longer knows it'),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_push_subscription_account_id_account')),
    sa.ForeignKeyConstraint(['session_id'], ['login_session.id'], name=op.f('fk_push_subscription_session_id_login_session')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_push_subscription')),
    sa.UniqueConstraint('endpoint_digest', name=op.f('uq_push_subscription_endpoint_digest'))
    )
    op.create_index('ix_push_subscription_live', 'push_subscription', ['account_id'], sqlite_where=LIVE, postgresql_where=LIVE)
    op.create_table('reorganisation',
    sa.Column('id', BIG, nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('source', sa.Text(), nullable=False, comment='the act that orders it, with number and day'),
    sa.Column('on_day', sa.Date(), nullable=False),
    sa.Column('state', sa.String(length=8), server_default='draft', nullable=False,
              comment='doing: bodies and people are moved, cases follow'),
    sa.Column('centre_id', BIG, nullable=True, comment='whose bodies it changes; empty: of the installation'),
    sa.Column('last_case_id', BIG, server_default='0', nullable=False, comment='cases up to this row have been moved'),
    sa.Column('last_indexed_id', BIG, server_default='0', nullable=False,
              comment='search rows of cases up to this row know the new names'),
    sa.Column('put_off', JSON, server_default='[]', nullable=False, comment='cases to be tried again'),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('counts', JSON, server_default='{}', nullable=False, comment='what was moved, by kind'),
    sa.Column('created_by_id', BIG, nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('done_by_id', BIG, nullable=True),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('undone_by_id', BIG, nullable=True),
    sa.Column('undone_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', BIG, server_default='1', nullable=False),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.CheckConstraint("state IN ('draft', 'doing', 'done', 'undone')", name=op.f('ck_reorganisation_state')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_reorganisation_centre_id_centre')),
    sa.ForeignKeyConstraint(['created_by_id'], ['account.id'], name=op.f('fk_reorganisation_created_by_id_account')),
    sa.ForeignKeyConstraint(['done_by_id'], ['account.id'], name=op.f('fk_reorganisation_done_by_id_account')),
    sa.ForeignKeyConstraint(['undone_by_id'], ['account.id'], name=op.f('fk_reorganisation_undone_by_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reorganisation')),
    sa.UniqueConstraint('ref', name=op.f('uq_reorganisation_ref'))
    )
    op.create_table('wallboard',
    sa.Column('id', BIG, nullable=False),
    sa.Column('centre_id', BIG, nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('token_digest', sa.String(length=64), nullable=True, comment='empty until the television was paired'),
    sa.Column('pairing_digest', sa.String(length=64), nullable=True, comment='of the code typed at the television, used once'),
    sa.Column('pairing_ends_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_by_id', BIG, nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('paired_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_seen_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_wallboard_centre_id_centre')),
    sa.ForeignKeyConstraint(['created_by_id'], ['account.id'], name=op.f('fk_wallboard_created_by_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_wallboard')),
    sa.UniqueConstraint('pairing_digest', name=op.f('uq_wallboard_pairing_digest')),
    sa.UniqueConstraint('ref', name=op.f('uq_wallboard_ref')),
    sa.UniqueConstraint('token_digest', name=op.f('uq_wallboard_token_digest'))
    )
    op.create_index('ix_wallboard_centre_id', 'wallboard', ['centre_id'])
    op.create_table('reorganisation_change',
    sa.Column('id', BIG, nullable=False),
    sa.Column('reorganisation_id', BIG, nullable=False),
    sa.Column('table_name', sa.String(length=60), nullable=False),
    sa.Column('row_key', JSON, nullable=False),
    sa.Column('before', JSON, nullable=True, comment='changed columns; empty: the row was added'),
    sa.Column('after', JSON, nullable=True, comment='changed columns; empty: the row was removed'),
    sa.ForeignKeyConstraint(['reorganisation_id'], ['reorganisation.id'],
              name=op.f('fk_reorganisation_change_reorganisation_id_reorganisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reorganisation_change'))
    )
    op.create_index('ix_reorganisation_change_order', 'reorganisation_change', ['reorganisation_id', 'id'])
    op.create_table('reorganisation_step',
    sa.Column('id', BIG, nullable=False),
    sa.Column('reorganisation_id', BIG, nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('predecessor_id', BIG, nullable=False, comment='row of area, agency or centre; of membership for a person'),
    sa.Column('successor_id', BIG, nullable=True, comment='the same; for a person of agency or centre; empty: ends without a successor'),
    sa.Column('by_area_id', BIG, nullable=True, comment='this line takes the cases whose place lies there'),
    sa.Column('is_main', sa.Boolean(), server_default=sa.false(), nullable=False, comment='takes what no line claims by place, and people'),
    sa.CheckConstraint("kind IN ('area', 'agency', 'centre', 'person')", name=op.f('ck_reorganisation_step_kind')),
    sa.ForeignKeyConstraint(['by_area_id'], ['area.id'], name=op.f('fk_reorganisation_step_by_area_id_area')),
    sa.ForeignKeyConstraint(['reorganisation_id'], ['reorganisation.id'],
              name=op.f('fk_reorganisation_step_reorganisation_id_reorganisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reorganisation_step'))
    )
    op.create_index('ix_reorganisation_step_reorganisation_id', 'reorganisation_step', ['reorganisation_id'])
    op.create_table('case_succession',
    sa.Column('id', BIG, nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('predecessor_id', BIG, nullable=False, comment='row of agency or centre'),
    sa.Column('successor_id', BIG, nullable=False, comment='the same'),
    sa.Column('area_id', BIG, nullable=True, comment='empty: every place no other row of the predecessor names'),
    sa.CheckConstraint("kind IN ('agency', 'centre')", name=op.f('ck_case_succession_kind')),
    sa.ForeignKeyConstraint(['area_id'], ['area.id'], name=op.f('fk_case_succession_area_id_area')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_case_succession'))
    )
    op.create_table('letter',
    sa.Column('id', BIG, nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('centre_id', BIG, nullable=False),
    sa.Column('agency_id', BIG, nullable=True, comment='to whom a list of late cases goes, or who was late'),
    sa.Column('case_id', BIG, nullable=True, comment='of an apology'),
    sa.Column('reply_by', sa.Date(), nullable=True),
    sa.Column('content', JSON, nullable=False, comment='codes, titles, days, letterhead and signer as of the day'),
    sa.Column('made_by_id', BIG, nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True,
              comment='a case of it was quarantined: it is not printed any more'),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.CheckConstraint("kind IN ('late_list', 'apology')", name=op.f('ck_letter_kind')),
    sa.ForeignKeyConstraint(['agency_id'], ['agency.id'], name=op.f('fk_letter_agency_id_agency')),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_letter_case_id_case')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_letter_centre_id_centre')),
    sa.ForeignKeyConstraint(['made_by_id'], ['account.id'], name=op.f('fk_letter_made_by_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_letter')),
    sa.UniqueConstraint('ref', name=op.f('uq_letter_ref'))
    )
    op.create_index('ix_letter_agency_made', 'letter', ['agency_id', 'made_at'])
    op.create_index('ix_letter_case_id', 'letter', ['case_id'])
    op.create_index('ix_letter_centre_made', 'letter', ['centre_id', 'made_at'])
    op.create_table('delivery',
    sa.Column('id', BIG, nullable=False),
    sa.Column('message_id', BIG, nullable=True, comment='empty for a morning digest'),
    sa.Column('recipient', sa.String(length=60), nullable=False, comment='reporter:<id> or account:<id>'),
    sa.Column('case_id', BIG, nullable=True),
    sa.Column('channel', sa.String(length=8), nullable=False),
    sa.Column('is_urgent', sa.Boolean(), server_default=sa.false(), nullable=False, comment='goes before others, in quiet hours too'),
    sa.Column('template', sa.String(length=60), nullable=False),
    sa.Column('parameters', JSON, nullable=True, comment='of a digest alone: numbers of messages, no personal data'),
    sa.Column('dedupe_key', sa.String(length=160), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False,
              comment='not before; moved by quiet hours and by pauses between attempts'),
    sa.Column('leased_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('lease', sa.String(length=32), nullable=True, comment='which attempt holds it'),
    sa.Column('attempts', BIG, server_default='0', nullable=False),
    sa.Column('attempted_at', sa.DateTime(timezone=True), nullable=True, comment='when its last attempt began, whatever came of it'),
    sa.Column('last_error', sa.Text(), nullable=True, comment='what the gateway said, without address or words'),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('given_up_at', sa.DateTime(timezone=True), nullable=True,
              comment='after the last attempt, or at a refusal for good: waits for a retry by hand'),
    sa.Column('dropped_at', sa.DateTime(timezone=True), nullable=True,
              comment='withdrawn unsent: quarantine, no wish any more, no address'),
    sa.Column('gateway_ref', sa.String(length=120), nullable=True),
    sa.CheckConstraint("channel IN ('email', 'sms', 'zns', 'push')", name=op.f('ck_delivery_channel')),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_delivery_case_id_case')),
    sa.ForeignKeyConstraint(['message_id'], ['outbox_message.id'], name=op.f('fk_delivery_message_id_outbox_message')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_delivery')),
    sa.UniqueConstraint('dedupe_key', name=op.f('uq_delivery_dedupe_key'))
    )
    op.create_index('ix_delivery_attempted', 'delivery', ['channel', 'attempted_at'], sqlite_where=ATTEMPTED, postgresql_where=ATTEMPTED)
    op.create_index('ix_delivery_case_id', 'delivery', ['case_id'])
    op.create_index('ix_delivery_dropped', 'delivery', ['dropped_at', 'id'], sqlite_where=DROPPED, postgresql_where=DROPPED)
    op.create_index('ix_delivery_due', 'delivery', ['channel', 'is_urgent', 'due_at', 'id'], sqlite_where=UNDER_WAY,
              postgresql_where=UNDER_WAY)
    op.create_index('ix_delivery_given_up', 'delivery', ['given_up_at', 'id'], sqlite_where=GIVEN_UP, postgresql_where=GIVEN_UP)
    op.create_index('ix_delivery_message_id', 'delivery', ['message_id'])
    op.create_index('ix_delivery_order', 'delivery', ['recipient', 'case_id', 'channel', 'id'], sqlite_where=UNDER_WAY,
              postgresql_where=UNDER_WAY)
    op.create_index('ix_delivery_sent', 'delivery', ['channel', 'sent_at'], sqlite_where=SENT, postgresql_where=SENT)
    op.create_table('staged_import',
    sa.Column('id', BIG, nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('account_id', BIG, nullable=False, comment='who sent it; nobody else sees it'),
    sa.Column('centre_id', BIG, nullable=True, comment='of rows that name no centre'),
    sa.Column('file_name', sa.String(length=120), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('corrects_names', sa.Boolean(), server_default=sa.false(), nullable=False, comment='names that differ correct mistakes'),
    sa.Column('sealed_rows', sa.LargeBinary(), nullable=False),
    sa.Column('staged_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('counts', JSON, nullable=True, comment='rows by what became of them'),
    sa.Column('sealed_passwords', sa.LargeBinary(), nullable=True, comment='start passwords until they have been handed out, once'),
    sa.Column('handed_out_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.CheckConstraint("kind IN ('people', 'agencies', 'areas')", name=op.f('ck_staged_import_kind')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_staged_import_account_id_account')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_staged_import_centre_id_centre')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_staged_import')),
    sa.UniqueConstraint('ref', name=op.f('uq_staged_import_ref'))
    )
    op.create_index('ix_staged_import_account_id', 'staged_import', ['account_id'])
    op.create_index('ix_staged_import_staged_at', 'staged_import', ['staged_at'])
    for table, columns in COLUMNS.items():
        for column in columns:
            op.add_column(table, column)
    op.create_index('ix_report_camera_filed', 'report', ['camera_id', 'filed_at'], sqlite_where=FROM_CAMERA, postgresql_where=FROM_CAMERA)
    op.create_index('ix_case_centre_accepted', 'case', ['centre_id', 'accepted_at'])
    op.create_index('ix_case_centre_answered', 'case', ['centre_id', 'answered_at'])
    op.create_index('ix_account_staff', 'account', ['folded_name', 'id'], sqlite_where=OF_STAFF, postgresql_where=OF_STAFF)
    op.create_index('ix_agency_folded', 'agency', ['folded_name', 'id'])
    op.create_index('ix_area_box', 'area', ['south', 'north', 'west', 'east'])
    fold_names(op.get_bind())
    op.create_index('ix_assignment_due_open', 'assignment', ['due_at'], sqlite_where=sa.text('ended_at IS NULL'),
              postgresql_where=sa.text('ended_at IS NULL'))
    op.create_index('ix_outbox_unrouted', 'outbox_message', ['due_at', 'id'], sqlite_where=UNROUTED, postgresql_where=UNROUTED)
    # what was told on pages before there was another way is not sent after all
    op.execute('UPDATE outbox_message SET routed_at = created_at')


def fold_names(connection: sa.Connection) -> None:
    """Staff and agencies are a few thousand rows at most."""
    account = sa.table('account', sa.column('id'), sa.column('kind'), sa.column('full_name'), sa.column('folded_name'))
    agency = sa.table('agency', sa.column('id'), sa.column('name_vi'), sa.column('short_name_vi'), sa.column('folded_name'))
    people = connection.execute(sa.select(account.c.id, account.c.full_name).where(account.c.kind == 'staff')).all()
    bodies = connection.execute(sa.select(agency.c.id, agency.c.name_vi + ' ' + agency.c.short_name_vi)).all()
    for table, rows in ((account, people), (agency, bodies)):
        for id_, name in rows:
            connection.execute(sa.update(table).where(table.c.id == id_).values(folded_name=folded(name or '')))


def folded(text: str) -> str:
    """As casework.text folded on the day of this migration."""
    lowered = unicodedata.normalize('NFC', text).lower().replace('đ', 'd')
    bare = ''.join(sign for sign in unicodedata.normalize('NFD', lowered) if not unicodedata.combining(sign))
    return ' '.join(bare.translate(MARKS).split())


def downgrade() -> None:
    op.drop_index('ix_case_centre_answered', 'case')
    op.drop_index('ix_case_centre_accepted', 'case')
    op.drop_index('ix_report_camera_filed', 'report')
    op.drop_index('ix_agency_folded', 'agency')
    op.drop_index('ix_area_box', 'area')
    op.drop_index('ix_account_staff', 'account')
    op.drop_index('ix_outbox_unrouted', 'outbox_message')
    op.drop_index('ix_assignment_due_open', 'assignment')
    for table, columns in COLUMNS.items():
        with op.batch_alter_table(table) as batch_op:
            for column in columns:
                batch_op.drop_column(column.name)
    for table in TABLES:
        op.drop_table(table)
