"""Service accounts: programs that act by keys, and who lets them act in their name."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = '0030'
down_revision = '0029'
branch_labels = None
depends_on = None
oldest_program = '0011'
"""Tables no former program knows, and a kind of account none of them makes; where one is met it is no member of staff to them."""

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
INSTANT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(JSONB(), 'postgresql')
KINDS = "kind IN ('staff', 'citizen', 'service', 'system')"
KINDS_BEFORE = "kind IN ('staff', 'citizen', 'system')"
NAME, NAME_BEFORE = 'of staff, and what a service account is called', 'staff only'


def upgrade() -> None:
    _allow(KINDS, NAME, NAME_BEFORE)
    op.create_table('service_account',
    sa.Column('account_id', BIG, autoincrement=False, nullable=False),
    sa.Column('centre_id', BIG, nullable=False),
    sa.Column('agency_id', BIG, nullable=True, comment='empty: of the centre itself'),
    sa.Column('owner_id', BIG, nullable=False, comment='the person who is told of all that concerns it'),
    sa.Column('purpose', sa.String(length=300), nullable=False),
    sa.Column('scopes', JSON, nullable=False, comment='verbs it may do, as far as its roles allow them'),
    sa.Column('agreement_number', sa.String(length=60), nullable=True, comment='under which its operator collects consent; to file reports'),
    sa.Column('agreement_on', sa.Date(), nullable=True),
    sa.Column('reports_an_hour', BIG, nullable=True, comment='agreed; empty: as for all'),
    sa.Column('reports_a_day', BIG, nullable=True, comment='agreed; empty: as for all'),
    sa.Column('created_by_id', BIG, nullable=False),
    sa.Column('created_at', INSTANT, nullable=False),
    sa.Column('ended_at', INSTANT, nullable=True, comment='for good'),
    sa.CheckConstraint('(agreement_number IS NULL) = (agreement_on IS NULL)', name=op.f('ck_service_account_agreement')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_service_account_account_id_account')),
    sa.ForeignKeyConstraint(['centre_id'], ['centre.id'], name=op.f('fk_service_account_centre_id_centre')),
    sa.ForeignKeyConstraint(['agency_id'], ['agency.id'], name=op.f('fk_service_account_agency_id_agency')),
    sa.ForeignKeyConstraint(['owner_id'], ['account.id'], name=op.f('fk_service_account_owner_id_account')),
    sa.ForeignKeyConstraint(['created_by_id'], ['account.id'], name=op.f('fk_service_account_created_by_id_account')),
    sa.PrimaryKeyConstraint('account_id', name=op.f('pk_service_account'))
    )
    for column in ('centre_id', 'agency_id', 'owner_id'):
        op.create_index(op.f(f'ix_service_account_{column}'), 'service_account', [column])
    op.create_table('service_key',
    sa.Column('id', BIG, nullable=False),
    sa.Column('account_id', BIG, nullable=False),
    sa.Column('public', sa.String(length=8), nullable=False, comment='by which it is found and named; opens nothing'),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('networks', JSON, nullable=False, comment='from which it works, in CIDR notation; none: from everywhere'),
    sa.Column('created_by_id', BIG, nullable=False),
    sa.Column('created_at', INSTANT, nullable=False),
    sa.Column('expires_at', INSTANT, nullable=False),
    sa.Column('last_used_on', sa.Date(), nullable=True, comment='the local day'),
    sa.Column('told_days', BIG, nullable=True, comment='days before its end of which the owner was told last: 30, 7, 1'),
    sa.Column('revoked_at', INSTANT, nullable=True),
    sa.Column('ref', sa.String(length=16), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['service_account.account_id'], name=op.f('fk_service_key_account_id_service_account')),
    sa.ForeignKeyConstraint(['created_by_id'], ['account.id'], name=op.f('fk_service_key_created_by_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_service_key')),
    sa.UniqueConstraint('public', name=op.f('uq_service_key_public')),
    sa.UniqueConstraint('ref', name=op.f('uq_service_key_ref'))
    )
    op.create_index(op.f('ix_service_key_account_id'), 'service_key', ['account_id'])
    valid = sa.text('revoked_at IS NULL')
    op.create_index('ix_service_key_ends', 'service_key', ['expires_at'], sqlite_where=valid, postgresql_where=valid)
    op.create_table('behalf_agreement',
    sa.Column('id', BIG, nullable=False),
    sa.Column('service_id', BIG, nullable=False),
    sa.Column('person_id', BIG, nullable=False),
    sa.Column('agreed_at', INSTANT, nullable=False),
    sa.Column('ended_at', INSTANT, nullable=True),
    sa.ForeignKeyConstraint(['service_id'], ['service_account.account_id'], name=op.f('fk_behalf_agreement_service_id_service_account')),
    sa.ForeignKeyConstraint(['person_id'], ['account.id'], name=op.f('fk_behalf_agreement_person_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_behalf_agreement'))
    )
    for column in ('service_id', 'person_id'):
        op.create_index(op.f(f'ix_behalf_agreement_{column}'), 'behalf_agreement', [column])
    held = sa.text('ended_at IS NULL')
    op.create_index('ix_behalf_agreement_pair', 'behalf_agreement', ['service_id', 'person_id'], unique=True, sqlite_where=held,
                    postgresql_where=held)


def downgrade() -> None:
    """The accounts stay for what they did, as closed ones of the system."""
    op.drop_table('behalf_agreement')
    op.drop_table('service_key')
    op.drop_table('service_account')
    op.execute("UPDATE account SET kind = 'system', disabled_at = COALESCE(disabled_at, CURRENT_TIMESTAMP) WHERE kind = 'service'")
    _allow(KINDS_BEFORE, NAME_BEFORE, NAME)


def _allow(kinds: str, name: str, name_before: str) -> None:
    with op.batch_alter_table('account') as table:
        table.drop_constraint(op.f('ck_account_kind'), type_='check')
        table.create_check_constraint(op.f('ck_account_kind'), kinds)
        table.alter_column('full_name', existing_type=sa.String(length=120), comment=name, existing_comment=name_before)
