"""Import templates ready to fill in: an example from the present centre, and lists of the allowed values."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.db import db
from casework.models import Agency
from casework.permissions import AGENCY_ROLES, Actor, Role
from casework.settings.areas import LEVEL_WORDS, LEVELS
from casework.settings.importing.area_words import AreaWords
from casework.settings.importing.file_columns import COLUMNS, heading
from casework.settings.role_labels import ROLE_WORDS
from casework.settings.scopes import administered_centres, centres_of, is_of

Table = list[Sequence[str]]

LISTS = Bilingual("Danh mục", "Lists")
"""The sheet with the allowed values."""
MOST_LISTED = 2_000


def template_rows(kind: str, *, by: Actor, today: date) -> Table:
    """The headings and one example from the first centre the person administers, which can be imported unchanged."""
    example = _example(kind, by, today)
    return [
        [heading(column) for column in COLUMNS[kind]],
        [example.get(column.key, column.example) for column in COLUMNS[kind]],
    ]


def template_lists(kind: str, *, by: Actor, today: date) -> Table:
    """The allowed values of columns that want a known name: column, value, meaning."""
    rows: Table = [["Cột / Column", "Ghi / Write", "Là / What it is"]]
    columns = {column.key: heading(column) for column in COLUMNS[kind]}
    rows += [[columns["centre"], centre.code_prefix, centre.name_vi] for centre in centres_of(by, on=today)]
    if kind == "people":
        in_agencies = dict.fromkeys(AGENCY_ROLES, "cần mã đơn vị / needs an agency")
        rows += [[columns["role"], words.vi, in_agencies.get(role, words.en)] for role, words in ROLE_WORDS.items()]
    if kind == "areas":
        rows += [[columns["level"], words.vi, words.en] for words in LEVEL_WORDS.values()]
    if kind in ("people", "agencies"):
        column = columns["agency"] if kind == "people" else columns["parent"]
        rows += [[column, agency.key, agency.name_vi] for agency in _agencies(by, today)]
    if kind in ("agencies", "areas"):
        column, areas = columns["area"] if kind == "agencies" else columns["parent"], AreaWords(by, today)
        higher = [row for row in areas.rows.values() if row.level != LEVELS[-1] and row.holds_on(today)]
        higher.sort(key=lambda row: (LEVELS.index(row.level), row.folded_name, row.id))
        rows += [[column, areas.word(row.id), row.name_vi] for row in higher]
    return rows[:MOST_LISTED]


def _example(kind: str, by: Actor, today: date) -> dict[str, str]:
    centres, day = centres_of(by, on=today), today.isoformat()
    centre = centres[0] if centres else None
    found = {"valid_from": day, "centre": centre.code_prefix if centre is not None else ""}
    areas = AreaWords(by, today)
    here = [row for row in areas.rows.values() if row.holds_on(today) and row.centre_id in (None, centre.id if centre else None)]
    if kind == "people":
        agency = next((row for row in _agencies(by, today) if centre is not None and row.centre_id == centre.id), None)
        role = Role.OFFICER if agency is not None else Role.OPERATOR
        return {**found, "role": ROLE_WORDS[role].vi, "agency": agency.key if agency is not None else ""}
    if kind == "agencies":
        communes = [row for row in here if row.level == "commune"]
        return {**found, "area": areas.word(communes[0].id) if communes else ""}
    above = [row for row in here if row.level in LEVELS[:2]]
    above.sort(key=lambda row: -LEVELS.index(row.level))
    return {**found, "level": LEVEL_WORDS["commune"].vi, "parent": areas.word(above[0].id) if above else ""}


def _agencies(by: Actor, today: date) -> list[Agency]:
    query = select(Agency).where(is_of(administered_centres(by), Agency.centre_id)).order_by(Agency.folded_name, Agency.id)
    return [row for row in db.session.scalars(query.limit(MOST_LISTED)) if row.holds_on(today)]
