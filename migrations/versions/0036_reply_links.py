"""One-time links: bodies without an account answer a referral, or an agency's work where nobody signs in, once and with photos."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0036'
down_revision = '0035'
branch_labels = None
depends_on = None
oldest_program = '0011'
"""A table no former program knows, and an empty column: while one is still at work it opens no link, and there is none yet."""

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
INSTANT = sa.DateTime(timezone=True)
PHOTO = 'fk_photo_reply_link_id_reply_link'


def upgrade() -> None:
    op.create_table('reply_link',
    sa.Column('id', BIG, nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False, comment='keyed, of the secret part of its address'),
    sa.Column('referral_id', BIG, nullable=True),
    sa.Column('assignment_id', BIG, nullable=True),
    sa.Column('asked', sa.Text(), nullable=False, comment='what the body is asked'),
    sa.Column('with_place', sa.Boolean(), nullable=False, comment='whether it shows the exact place'),
    sa.Column('with_code', sa.Boolean(), nullable=False, comment='whether six digits told by telephone open it'),
    sa.Column('wrong_codes', BIG, server_default='0', nullable=False),
    sa.Column('sent_by_id', BIG, nullable=False),
    sa.Column('sent_at', INSTANT, nullable=False),
    sa.Column('expires_at', INSTANT, nullable=False),
    sa.Column('revoked_at', INSTANT, nullable=True),
    sa.Column('revoked_for', sa.String(length=8), nullable=True),
    sa.Column('answered_at', INSTANT, nullable=True, comment='the one answer; from then on it shows the receipt alone'),
    sa.Column('findings', sa.Text(), nullable=True),
    sa.Column('actions', sa.Text(), nullable=True),
    sa.Column('remaining', sa.Text(), nullable=True),
    sa.Column('sealed_contact', sa.LargeBinary(), nullable=True, comment='the address of the body it is sent to'),
    sa.Column('sealed_signed', sa.LargeBinary(), nullable=True, comment='name and position of who answered'),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.CheckConstraint('(referral_id IS NULL) <> (assignment_id IS NULL)', name=op.f('ck_reply_link_of_one_thing')),
    sa.CheckConstraint("revoked_for IN ('asked', 'renewed', 'codes', 'apart')", name=op.f('ck_reply_link_revoked_for')),
    sa.ForeignKeyConstraint(['referral_id'], ['referral.id'], name=op.f('fk_reply_link_referral_id_referral')),
    sa.ForeignKeyConstraint(['assignment_id'], ['assignment.id'], name=op.f('fk_reply_link_assignment_id_assignment')),
    sa.ForeignKeyConstraint(['sent_by_id'], ['account.id'], name=op.f('fk_reply_link_sent_by_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reply_link')),
    sa.UniqueConstraint('digest', name=op.f('uq_reply_link_digest')),
    sa.UniqueConstraint('ref', name=op.f('uq_reply_link_ref'))
    )
    for thing in ('referral', 'assignment'):
        there = sa.text(f'{thing}_id IS NOT NULL')
        op.create_index(f'ix_reply_link_{thing}', 'reply_link', [f'{thing}_id', 'id'], sqlite_where=there, postgresql_where=there)
    with op.batch_alter_table('photo') as photo:
        photo.add_column(sa.Column('reply_link_id', BIG, nullable=True, comment='sent with the answer by a one-time link'))
        photo.create_foreign_key(op.f(PHOTO), 'reply_link', ['reply_link_id'], ['id'])
    there = sa.text('reply_link_id IS NOT NULL')
    op.create_index('ix_photo_reply_link', 'photo', ['reply_link_id', 'position'], sqlite_where=there, postgresql_where=there)


def downgrade() -> None:
    op.drop_index('ix_photo_reply_link', table_name='photo')
    with op.batch_alter_table('photo') as photo:
        photo.drop_constraint(op.f(PHOTO), type_='foreignkey')
        photo.drop_column('reply_link_id')
    op.drop_table('reply_link')
