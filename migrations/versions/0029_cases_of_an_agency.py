"""The newest cases of an agency are found without those of all others: whoever works there searches among them."""
from __future__ import annotations

from alembic import op

revision = '0029'
down_revision = '0028'
branch_labels = None
depends_on = None
oldest_program = '0011'
"""An index is nothing a program has to know."""


def upgrade() -> None:
    op.create_index('ix_assignment_agency_case', 'assignment', ['agency_id', 'case_id'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_assignment_agency_case', table_name='assignment')
