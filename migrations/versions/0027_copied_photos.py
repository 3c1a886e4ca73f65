"""Of which photo that of a part is a copy, and what of it was known when a copy of it was published."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0027'
down_revision = '0026'
branch_labels = None
depends_on = None
oldest_program = '0011'
"""Two empty columns. A former program knows no parts, so it copies no photo for one."""

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
COPIED = 'fk_photo_copied_from_id_photo'
MADE = 'fk_publication_photo_made_from_id_file'


def upgrade() -> None:
    with op.batch_alter_table('photo') as photo:
        photo.add_column(sa.Column('copied_from_id', BIG, nullable=True, comment='of a part: the photo of its case it is a copy of'))
        photo.create_foreign_key(op.f(COPIED), 'photo', ['copied_from_id'], ['id'])
    with op.batch_alter_table('publication_photo') as chosen:
        chosen.add_column(sa.Column('made_from_id', BIG, nullable=True, comment='the newest release of the photo it is a copy of'))
        chosen.create_foreign_key(op.f(MADE), 'file', ['made_from_id'], ['id'])
    for table, column in (('photo', 'copied_from_id'), ('publication_photo', 'made_from_id')):
        there = sa.text(f'{column} IS NOT NULL')
        op.create_index(f'ix_{table}_{column}', table, [column], sqlite_where=there, postgresql_where=there)


def downgrade() -> None:
    for table, column, key in (('publication_photo', 'made_from_id', MADE), ('photo', 'copied_from_id', COPIED)):
        op.drop_index(f'ix_{table}_{column}', table_name=table)
        with op.batch_alter_table(table) as changed:
            changed.drop_constraint(op.f(key), type_='foreignkey')
            changed.drop_column(column)
