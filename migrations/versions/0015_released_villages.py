"""What everybody reads as the village of a case was released by somebody; what stood there before waits for that.

Names of the official list go over. Everything else stays in the former column, which nothing reads but the page that decides on it: there
too lands what a program of before writes meanwhile, and it is public no more.
"""
from __future__ import annotations

import re
import unicodedata

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None
oldest_program = '0011'
"""Only adds columns that may be empty and an index: a program of 0011 goes on beside it, without the names of the official list."""

NOW: dict[str, str | None] = {
    'case': 'what stood there before anybody had to release it; nobody reads it but who decides on it',
    'report': 'a name of the official list; before 0.9.1 whatever was typed',
}
MARKS = {ord(sign): None for sign in "'’‘ʼ`´-‐‑–"}


def upgrade() -> None:
    op.add_column('case', sa.Column('released_village', sa.String(120),
                                    comment='a name of the official list, or words an operator has seen and released'))
    op.add_column('report', sa.Column('sealed_village', sa.LargeBinary(),
                                      comment='what was typed for it, where the list does not have it'))
    _comment(NOW)
    _release_listed()
    unreleased = sa.text('village IS NOT NULL')
    op.create_index('ix_case_unreleased', 'case', ['centre_id', 'id'], sqlite_where=unreleased, postgresql_where=unreleased)


def downgrade() -> None:
    op.drop_index('ix_case_unreleased', 'case')
    op.execute(sa.text('UPDATE "case" SET village = released_village WHERE released_village IS NOT NULL'))
    _comment(dict.fromkeys(NOW))
    op.drop_column('report', 'sealed_village')
    op.drop_column('case', 'released_village')


def _comment(words: dict[str, str | None]) -> None:
    """Say what the columns hold; SQLite keeps no comments."""
    if op.get_bind().dialect.name == 'postgresql':
        for table, comment in words.items():
            op.alter_column(table, 'village', comment=comment)


def _release_listed() -> None:
    """A name counts however it is accented and spaced; it goes over as the list spells it, that of the commune before its namesakes."""
    connection = op.get_bind()
    villages = sa.text("SELECT centre_id, folded_name, parent_id, name_vi FROM area WHERE level = 'village' ORDER BY valid_from, id")
    listed = {}
    for centre_id, folded, parent_id, name in connection.execute(villages):
        listed[centre_id, folded, parent_id] = listed[centre_id, folded, None] = name
    typed = sa.text('SELECT DISTINCT centre_id, area_id, village FROM "case" WHERE village IS NOT NULL')
    changes = []
    for centre_id, area_id, village in connection.execute(typed):
        folded = _folded(village)
        name = listed.get((centre_id, folded, area_id)) or listed.get((centre_id, folded, None))
        if name or not folded:
            changes.append({'centre': centre_id, 'area': area_id, 'village': village, 'name': name})
    if changes:
        connection.execute(sa.text(
            'UPDATE "case" SET released_village = :name, village = NULL WHERE centre_id = :centre AND village = :village'
            ' AND (area_id = :area OR (area_id IS NULL AND CAST(:area AS BIGINT) IS NULL))'
        ), changes)


def _folded(text: str) -> str:
    """As names of areas were folded when this was written."""
    lowered = unicodedata.normalize('NFC', text).lower().replace('đ', 'd')
    bare = ''.join(sign for sign in unicodedata.normalize('NFD', lowered) if not unicodedata.combining(sign))
    return re.sub(r'\s+', ' ', bare.translate(MARKS)).strip()
