"""What is new in the exchange with each agency of a case."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None
oldest_program = '0011'
"""Four columns with a default, which a former program does not write."""

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
COLUMNS = {
    'centre_said': 'newest note of the centre in the exchange',
    'agency_said': 'newest note of the agency in it',
    'centre_read': 'to which note the centre has read it',
    'agency_read': 'to which note the agency has read it',
}
INDEXES = {
    'ix_assignment_new_for_centre': ('case_id', 'agency_said > centre_read'),
    'ix_assignment_new_for_agency': ('agency_id', 'centre_said > agency_read'),
}


def upgrade() -> None:
    """Words written before count as read."""
    for name, comment in COLUMNS.items():
        op.add_column('assignment', sa.Column(name, BIG, server_default='0', nullable=False, comment=comment))
    newest = '(SELECT max(note.id) FROM note WHERE note.assignment_id = assignment.id)'
    values = ', '.join(f'{name} = {newest}' for name in COLUMNS)
    op.execute(f'UPDATE assignment SET {values} WHERE EXISTS (SELECT 1 FROM note WHERE note.assignment_id = assignment.id)')
    for name, (column, new) in INDEXES.items():
        op.create_index(name, 'assignment', [column], sqlite_where=sa.text(new), postgresql_where=sa.text(new))


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name, table_name='assignment')
    with op.batch_alter_table('assignment') as table:
        for name in COLUMNS:
            table.drop_column(name)
