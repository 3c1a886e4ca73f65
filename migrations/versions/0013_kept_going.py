"""Letters of a morning found by their day, which erased files have left the storage, and photos a detector could not be shown."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None
oldest_program = '0011'
"""Only adds indexes and a column that may be empty: a program of 0011 goes on beside it."""


def upgrade() -> None:
    letters = sa.text("template = 'reminder_letter'")
    op.create_index('ix_outbox_letter', 'outbox_message', ['due_at', 'id'], sqlite_where=letters, postgresql_where=letters)
    failed = sa.text('error IS NOT NULL')
    op.create_index('ix_photo_detection_failed', 'photo_detection', ['detected_at'], sqlite_where=failed, postgresql_where=failed)
    op.add_column('file', sa.Column('removed_at', sa.DateTime(timezone=True), comment='when an erased file was seen to be gone'))


def downgrade() -> None:
    op.drop_column('file', 'removed_at')
    op.drop_index('ix_photo_detection_failed', 'photo_detection')
    op.drop_index('ix_outbox_letter', 'outbox_message')
