"""How files identify an area: by official code where only one area has it, else by name, else by its identifier."""

from collections import defaultdict
from datetime import date

from sqlalchemy import or_, select

from casework.bilingual import Bilingual
from casework.db import db
from casework.models import Area
from casework.permissions import Actor
from casework.settings.importing.planning import Cells
from casework.settings.scopes import administered_centres, is_of
from casework.text import fold

SEVERAL = Bilingual(
    "Có nhiều địa bàn như vậy; xin ghi mã hành chính hoặc mã của hệ thống.",
    "There are several; please give the official code or the identifier.",
)
"""Why a word is ambiguous."""


class AreaWords:
    """The areas an administrator administers, in force today or later, by every word for them."""

    def __init__(self, by: Actor, today: date) -> None:
        query = select(Area).where(or_(is_of(administered_centres(by), Area.centre_id), Area.centre_id.is_(None)))
        self.rows = {row.id: row for row in db.session.scalars(query.where(or_(Area.valid_to.is_(None), Area.valid_to > today)))}
        self.by_word: dict[str, list[Area]] = defaultdict(list)
        for row in self.rows.values():
            self.add(row)

    def add(self, row: Area) -> None:
        for word in {row.ref, row.official_code or "", fold(row.name_vi)} - {""}:
            self.by_word[word].append(row)

    def word(self, area_id: int | None) -> str:
        """The word a file uses for an area."""
        row = self.rows.get(area_id or 0)
        if row is None:
            return ""
        for word, shown in ((row.official_code or "", row.official_code or ""), (fold(row.name_vi), row.name_vi)):
            if word and len(self.by_word[word]) == 1:
                return shown
        return row.ref

    def named(self, word: str, centre_id: int | None) -> list[Area]:
        """The areas a word may mean, the centre's before the installation's."""
        found = self.by_word.get(word) or self.by_word.get(fold(word)) or []
        return [row for row in found if row.centre_id in (None, centre_id)]

    def found(self, cells: Cells, key: str, centre_id: int | None, *, kept: int | None) -> Area | None:
        """The area a cell names; `kept` where the file has no such column. An unknown or ambiguous word is a fault."""
        if not cells.has(key):
            return self.rows.get(kept or 0)
        word = cells.text(key)
        if not word:
            return None
        if kept is not None and self.word(kept) == word:
            return self.rows[kept]
        rows = self.named(word, centre_id)
        if len(rows) == 1:
            return rows[0]
        cells.fault(key, SEVERAL if rows else Bilingual("Không có địa bàn này.", "There is no such area."))
        return None
