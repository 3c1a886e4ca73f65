"""The exact point of a report is sealed, and that of a case rounded until everybody may see it; indexes of foreign keys."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None
oldest_program = '0011'
"""Only adds columns that may be empty, and indexes: a program of 0011 goes on beside it. What that one writes in clear the job seals."""

SHOWN = (
    '(SELECT version.shows_exact_place FROM publication JOIN publication_version AS version ON version.publication_id = publication.id'
    ' WHERE publication.case_id = "case".id AND publication.kind IN (\'interim\', \'final\') AND publication.unpublished_at IS NULL'
    ' ORDER BY publication.number DESC, version.version DESC LIMIT 1)'
)
DECIMALS = 3
REFERENCES = (
    ('report', 'area_id'), ('device', 'session_id'), ('push_subscription', 'session_id'),
    ('publication_photo', 'view_file_id'), ('publication_photo', 'thumb_file_id'),
)
"""To rows that are deleted: without an index each of them is a look through the whole table."""


def upgrade() -> None:
    op.add_column('report', sa.Column('sealed_point', sa.LargeBinary(), comment='the exact point, as exact as a house (casework.places.points)'))
    op.add_column(
        'case',
        sa.Column('placed_at', sa.DateTime(timezone=True),
                  comment='when an operator let everybody see the exact point; it stands here since'),
    )
    op.execute(
        f'UPDATE "case" SET placed_at = COALESCE(published_at, opened_at)'
        f' WHERE is_public AND visibility_reason_id IS NULL AND latitude IS NOT NULL AND {SHOWN}'
    )
    # the reports' own points are sealed by a job of the program (casework.places.points), which has the keys
    latitude, longitude = (_rounded(column) for column in ('latitude', 'longitude'))
    op.execute(f'UPDATE "case" SET latitude = {latitude}, longitude = {longitude} WHERE latitude IS NOT NULL AND placed_at IS NULL')
    sent = sa.text('device_id IS NOT NULL')
    op.create_index('ix_report_device', 'report', ['device_id'], sqlite_where=sent, postgresql_where=sent)
    for table, column in REFERENCES:
        op.create_index(op.f(f'ix_{table}_{column}'), table, [column])


def downgrade() -> None:
    for table, column in REFERENCES:
        op.drop_index(op.f(f'ix_{table}_{column}'), table)
    op.drop_index('ix_report_device', 'report')
    op.drop_column('case', 'placed_at')
    op.drop_column('report', 'sealed_point')


def _rounded(column: str) -> str:
    if op.get_context().dialect.name == 'sqlite':
        return f'round({column}, {DECIMALS})'
    return f'CAST(round(CAST({column} AS numeric), {DECIMALS}) AS double precision)'
