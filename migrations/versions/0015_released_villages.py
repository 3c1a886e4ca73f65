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

COMMUNE_ALONE = """
s.audience = 'public' AND EXISTS (
    SELECT 1 FROM publication p JOIN publication_version v ON v.publication_id = p.id
    WHERE p.case_id = c.id AND p.kind IN ('interim', 'final') AND p.unpublished_at IS NULL
    AND NOT v.shows_exact_place AND coalesce(v.place, '') = ''
    AND v.version = (SELECT max(w.version) FROM publication_version w WHERE w.publication_id = p.id)
    AND p.number = (SELECT max(q.number) FROM publication q
                    WHERE q.case_id = c.id AND q.kind IN ('interim', 'final') AND q.unpublished_at IS NULL)
)"""
"""The rows of what is public without its exact place and without words for it: those name their commune and nothing else."""
WORD = re.compile(r'[^\W_]+')
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
    _unfind(COMMUNE_ALONE)
    _release_listed()
    _unfind('true')
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


def _unfind(which: str) -> None:
    """Let nobody find these cases by their villages, which stand behind code, title and names of the place in a search row."""
    connection, last = op.get_bind(), 0
    query = sa.text(
        'SELECT s.id, s.exact_words, c.village, coalesce(a.name_vi, c.code) AS before_it FROM "case" c JOIN search_row s ON s.case_id = c.id'
        f' LEFT JOIN area a ON a.id = c.area_id WHERE c.village IS NOT NULL AND s.id > :last AND {which} ORDER BY s.id LIMIT 1000'
    )
    change = sa.text('UPDATE search_row SET words = :words, exact_words = :exact WHERE id = :id')
    while rows := connection.execute(query, {'last': last}).all():
        last, changes = rows[-1].id, []
        for row in rows:
            behind = row.exact_words.find(row.before_it)
            at = row.exact_words.find(f' {row.village}', max(behind, 0))
            if at >= 0:
                exact = row.exact_words[:at] + row.exact_words[at + 1 + len(row.village):]
                words = ' '.join(word[:60] for word in WORD.findall(_folded(exact)))
                changes.append({'id': row.id, 'exact': exact, 'words': words})
        if changes:
            connection.execute(change, changes)


def _folded(text: str) -> str:
    """As names of areas were folded when this was written."""
    lowered = unicodedata.normalize('NFC', text).lower().replace('đ', 'd')
    bare = ''.join(sign for sign in unicodedata.normalize('NFD', lowered) if not unicodedata.combining(sign))
    return re.sub(r'\s+', ' ', bare.translate(MARKS)).strip()
