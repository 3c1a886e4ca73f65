"""Packages of document exchange: those that go out, those that came in, and their bytes in sealed pieces."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0044'
down_revision = '0043'
branch_labels = None
depends_on = None
oldest_program = '0011'
"""Tables no former program knows: while one is still at work its worker sends and takes in nothing, and a newer one does."""

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table('incoming_package',
    sa.Column('id', BIG, nullable=False),
    sa.Column('centre_id', BIG, nullable=True, comment='to which it was sent; empty: to none, or not readable'),
    sa.Column('case_id', BIG, nullable=True, comment='proposed by what it answers; tied by a person'),
    sa.Column('letter_id', BIG, nullable=True, comment='the letter of ours it is about'),
    sa.Column('business', sa.String(length=10), nullable=False),
    sa.Column('sender', sa.String(length=120), nullable=False, comment='identifier of the body; empty: not readable'),
    sa.Column('receiver', sa.String(length=120), nullable=False, comment='our identifier it was sent to; empty: not readable'),
    sa.Column('document', sa.String(length=230), nullable=False, comment='DocumentId; of a status that of ours; empty: not readable'),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('size', BIG, nullable=False),
    sa.Column('came_as', sa.String(length=200), nullable=False, comment='the name the transport gave it'),
    sa.Column('came_at', INSTANT, nullable=False),
    sa.Column('status_code', sa.String(length=2), nullable=True),
    sa.Column('said_at', INSTANT, nullable=True, comment='of a status: when, as its sender says'),
    sa.Column('files', BIG, server_default='0', nullable=False),
    sa.Column('is_signed', sa.Boolean(), server_default=sa.false(), nullable=False, comment='an XML signature came along; nothing relies on it'),
    sa.Column('sealed_told', sa.LargeBinary(), nullable=True, comment='subject, names, number, reasons: what lists and pages show'),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('refused_for', sa.String(length=16), nullable=True, comment='a code of casework.exchange.refusals, or clerk'),
    sa.Column('decided_at', INSTANT, nullable=True),
    sa.Column('decided_by_id', BIG, nullable=True),
    sa.Column('tied_at', INSTANT, nullable=True, comment='when a person confirmed the case'),
    sa.Column('forget_at', INSTANT, nullable=True, comment='when its bytes and words go'),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.CheckConstraint("business IN ('new', 'taken_back', 'updated', 'replaces', 'status', 'unread')", name=op.f('ck_incoming_package_business')),
    sa.CheckConstraint("(state = 'refused') = (refused_for IS NOT NULL)", name=op.f('ck_incoming_package_refusal_is_explained')),
    sa.CheckConstraint("state IN ('waiting', 'booked', 'refused', 'kept')", name=op.f('ck_incoming_package_state')),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_incoming_package_case_id_case')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_incoming_package_centre_id_centre')),
    sa.ForeignKeyConstraint(['decided_by_id'], ['account.id'], name=op.f('fk_incoming_package_decided_by_id_account')),
    sa.ForeignKeyConstraint(['letter_id'], ['letter.id'], name=op.f('fk_incoming_package_letter_id_letter')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_incoming_package')),
    sa.UniqueConstraint('ref', name=op.f('uq_incoming_package_ref')),
    sa.UniqueConstraint('sender', 'document', 'business', 'sha256', 'receiver', name=op.f('uq_incoming_package_once'))
    )
    op.create_index(op.f('ix_incoming_package_case_id'), 'incoming_package', ['case_id'])
    op.create_index('ix_incoming_package_forget', 'incoming_package', ['forget_at'], sqlite_where=sa.text('forget_at IS NOT NULL'), postgresql_where=sa.text('forget_at IS NOT NULL'))
    op.create_index(op.f('ix_incoming_package_letter_id'), 'incoming_package', ['letter_id'])
    op.create_index('ix_incoming_package_list', 'incoming_package', ['centre_id', 'state', 'id'])
    op.create_table('outgoing_package',
    sa.Column('id', BIG, nullable=False),
    sa.Column('centre_id', BIG, nullable=False),
    sa.Column('case_id', BIG, nullable=True),
    sa.Column('letter_id', BIG, nullable=True),
    sa.Column('letter_file_id', BIG, nullable=True, comment='the PDF it carries'),
    sa.Column('incoming_id', BIG, nullable=True, comment='of a status: what it is about'),
    sa.Column('business', sa.String(length=10), nullable=False),
    sa.Column('sender', sa.String(length=120), nullable=False, comment='our identifier of the day'),
    sa.Column('receiver', sa.String(length=120), nullable=False),
    sa.Column('document', sa.String(length=230), nullable=False, comment='DocumentId: ours, or of a status theirs'),
    sa.Column('status_code', sa.String(length=2), nullable=True),
    sa.Column('sealed_told', sa.LargeBinary(), nullable=True, comment='name of the receiver, reason, words of their last status'),
    sa.Column('asked_by_id', BIG, nullable=True, comment='empty: by the program'),
    sa.Column('asked_at', INSTANT, nullable=False),
    sa.Column('due_at', INSTANT, nullable=True, comment='when it is sent, or tried again; empty: sent, given up or dropped'),
    sa.Column('attempts', BIG, server_default='0', nullable=False),
    sa.Column('last_error', sa.String(length=16), nullable=True, comment='why it was not sent: a word of casework.exchange.outgoing'),
    sa.Column('sha256', sa.String(length=64), nullable=True, comment='of its bytes, the same at each attempt'),
    sa.Column('sent_as', sa.String(length=200), nullable=True, comment='the name the transport gave it'),
    sa.Column('sent_at', INSTANT, nullable=True),
    sa.Column('dropped_at', INSTANT, nullable=True, comment='not sent: what it carries was taken back or left the system'),
    sa.Column('told_code', sa.String(length=2), nullable=True, comment='the latest status of the receiver'),
    sa.Column('told_at', INSTANT, nullable=True),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.CheckConstraint("business IN ('new', 'taken_back', 'updated', 'replaces', 'status')", name=op.f('ck_outgoing_package_business')),
    sa.CheckConstraint("(business = 'status') = (letter_id IS NULL)", name=op.f('ck_outgoing_package_carries_a_letter')),
    sa.CheckConstraint("(business = 'status') = (incoming_id IS NOT NULL)", name=op.f('ck_outgoing_package_status_answers')),
    sa.ForeignKeyConstraint(['asked_by_id'], ['account.id'], name=op.f('fk_outgoing_package_asked_by_id_account')),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_outgoing_package_case_id_case')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_outgoing_package_centre_id_centre')),
    sa.ForeignKeyConstraint(['incoming_id'], ['incoming_package.id'], name=op.f('fk_outgoing_package_incoming_id_incoming_package')),
    sa.ForeignKeyConstraint(['letter_file_id'], ['letter_file.id'], name=op.f('fk_outgoing_package_letter_file_id_letter_file')),
    sa.ForeignKeyConstraint(['letter_id'], ['letter.id'], name=op.f('fk_outgoing_package_letter_id_letter')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outgoing_package')),
    sa.UniqueConstraint('ref', name=op.f('uq_outgoing_package_ref'))
    )
    op.create_index(op.f('ix_outgoing_package_case_id'), 'outgoing_package', ['case_id'])
    op.create_index('ix_outgoing_package_document', 'outgoing_package', ['document', 'receiver'])
    op.create_index('ix_outgoing_package_due', 'outgoing_package', ['due_at'], sqlite_where=sa.text('due_at IS NOT NULL'), postgresql_where=sa.text('due_at IS NOT NULL'))
    op.create_index(op.f('ix_outgoing_package_letter_file_id'), 'outgoing_package', ['letter_file_id'])
    op.create_index('ix_outgoing_package_once', 'outgoing_package', ['letter_id', 'receiver', 'business'], unique=True, sqlite_where=sa.text('letter_id IS NOT NULL'), postgresql_where=sa.text('letter_id IS NOT NULL'))
    op.create_index('ix_outgoing_package_receiver', 'outgoing_package', ['receiver', 'id'])
    op.create_index('ix_outgoing_package_status', 'outgoing_package', ['incoming_id', 'status_code'], unique=True, sqlite_where=sa.text('incoming_id IS NOT NULL'), postgresql_where=sa.text('incoming_id IS NOT NULL'))
    op.create_index('ix_outgoing_package_unsent', 'outgoing_package', ['asked_at'], sqlite_where=sa.text('sent_at IS NULL AND dropped_at IS NULL'), postgresql_where=sa.text('sent_at IS NULL AND dropped_at IS NULL'))
    op.create_table('package_piece',
    sa.Column('id', BIG, nullable=False),
    sa.Column('incoming_id', BIG, nullable=True),
    sa.Column('outgoing_id', BIG, nullable=True),
    sa.Column('number', BIG, nullable=False),
    sa.Column('sealed_bytes', sa.LargeBinary(), nullable=False),
    sa.CheckConstraint("(incoming_id IS NULL) <> (outgoing_id IS NULL)", name=op.f('ck_package_piece_of_one')),
    sa.ForeignKeyConstraint(['incoming_id'], ['incoming_package.id'], name=op.f('fk_package_piece_incoming_id_incoming_package')),
    sa.ForeignKeyConstraint(['outgoing_id'], ['outgoing_package.id'], name=op.f('fk_package_piece_outgoing_id_outgoing_package')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_package_piece'))
    )
    op.create_index('ix_package_piece_incoming', 'package_piece', ['incoming_id', 'number'])
    op.create_index('ix_package_piece_outgoing', 'package_piece', ['outgoing_id', 'number'])


def downgrade() -> None:
    op.drop_table('package_piece')
    op.drop_table('outgoing_package')
    op.drop_table('incoming_package')
