"""Search: words without signs in the search rows, former and later names of places among them, and a full-text index over them."""
from __future__ import annotations

import re
import unicodedata
from collections import defaultdict

import sqlalchemy as sa
from alembic import op

from migrations.full_text import create_index, drop_index

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

BATCH = 1000
MARKS = {ord(sign): None for sign in "'’‘ʼ`´-‐‑–"}
WORD = re.compile(r"[^\W_]+")

search_row = sa.table('search_row', sa.column('id'), sa.column('case_id'), sa.column('words'), sa.column('exact_words'))
case = sa.table('case', sa.column('id'), sa.column('area_id'))
area = sa.table('area', sa.column('id'), sa.column('name_vi'))
succession = sa.table('area_succession', sa.column('predecessor_id'), sa.column('successor_id'))


def upgrade() -> None:
    connection = op.get_bind()
    others, last = other_names(connection), 0
    while rows := connection.execute(
        sa.select(search_row.c.id, search_row.c.exact_words, case.c.area_id)
        .join_from(search_row, case, case.c.id == search_row.c.case_id)
        .where(search_row.c.id > last).order_by(search_row.c.id).limit(BATCH)
    ).all():
        last = rows[-1].id
        changed = []
        for row in rows:
            # an earlier way up may have written them already
            text = ' '.join([row.exact_words, *(name for name in others.get(row.area_id, ()) if name not in row.exact_words)])
            changed.append({'row': row.id, 'text': text, 'folded': words_of(text)})
        connection.execute(
            sa.update(search_row).where(search_row.c.id == sa.bindparam('row'))
            .values(words=sa.bindparam('folded'), exact_words=sa.bindparam('text')), changed,
        )
    op.drop_index('ix_search_row_newest', table_name='search_row')
    op.create_index('ix_search_row_newest', 'search_row', ['audience', 'id'])
    create_index(connection)


def downgrade() -> None:
    drop_index(op.get_bind())
    op.drop_index('ix_search_row_newest', table_name='search_row')
    op.create_index('ix_search_row_newest', 'search_row', ['audience', 'changed_at', 'id'])


def other_names(connection: sa.Connection) -> dict[int, list[str]]:
    """What each area was called before and is called since: the names of those before it and behind it, however far."""
    names = {row.id: row.name_vi for row in connection.execute(sa.select(area.c.id, area.c.name_vi))}
    before: dict[int, list[int]] = defaultdict(list)
    behind: dict[int, list[int]] = defaultdict(list)
    for row in connection.execute(sa.select(succession.c.predecessor_id, succession.c.successor_id)):
        before[row.successor_id].append(row.predecessor_id)
        behind[row.predecessor_id].append(row.successor_id)
    found = {}
    for id_ in names:
        chain: dict[int, None] = {}
        for ways in (before, behind):
            ahead = list(ways.get(id_, ()))
            while ahead:
                other = ahead.pop(0)
                if other not in chain and other != id_:
                    chain[other] = None
                    ahead += ways.get(other, ())
        found[id_] = list(dict.fromkeys(names[other] for other in chain if names[other] != names[id_]))
    return found


def words_of(text: str) -> str:
    """As casework.text.index_words folded when this was written."""
    lowered = unicodedata.normalize('NFC', text).lower().replace('đ', 'd')
    bare = ''.join(sign for sign in unicodedata.normalize('NFD', lowered) if not unicodedata.combining(sign)).translate(MARKS)
    return ' '.join(word[:60] for word in WORD.findall(bare))
