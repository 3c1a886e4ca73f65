"""What of a village waits to be let out is sealed, and the reports of before tell which of theirs are names of the official list."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None
oldest_program = '0011'
"""Only adds columns that may be empty or have a value, and indexes: a program of 0011 goes on beside it. What that one writes in clear the
job seals (casework.privacy.left_in_clear), as it does all that was there before: a migration has no keys."""

WAITS = sa.text('village IS NOT NULL OR sealed_village IS NOT NULL')
IN_CLEAR = sa.text('village IS NOT NULL AND NOT village_is_listed')
IN_CLEAR_IN_SQLITE = sa.text('village IS NOT NULL AND village_is_listed = 0')


def upgrade() -> None:
    op.add_column('case', sa.Column('sealed_village', sa.LargeBinary(), comment='what of it nobody has let out yet'))
    op.create_index('ix_case_village_waits', 'case', ['centre_id', 'id'], sqlite_where=WAITS, postgresql_where=WAITS)
    op.add_column('report', sa.Column('village_is_listed', sa.Boolean(), server_default=sa.false(), nullable=False,
                                      comment='the village is a name of the official list'))
    op.create_index('ix_report_village_in_clear', 'report', ['id'], sqlite_where=IN_CLEAR_IN_SQLITE, postgresql_where=IN_CLEAR)


def downgrade() -> None:
    op.drop_index('ix_report_village_in_clear', 'report')
    op.drop_column('report', 'village_is_listed')
    op.drop_index('ix_case_village_waits', 'case')
    op.drop_column('case', 'sealed_village')
