"""Importing agencies from a file, identified by centre and key."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select

from casework.bilingual import Bilingual
from casework.db import db
from casework.local_time import local_day
from casework.models import Agency, Centre
from casework.permissions import Actor
from casework.settings.agencies import ABOVE_ITSELF, KEY, NAMES, add_agency, change_agency, fit_names, fit_phone
from casework.settings.importing.area_words import AreaWords
from casework.settings.importing.file_columns import Row
from casework.settings.importing.planning import NO_SUCH_AGENCY, Cells, ImportPlan, Planned, Status
from casework.settings.scopes import ENDS_TOO_EARLY, NOT_ADMINISTERED, administered_centres, centres_of, is_of
from casework.text import normal

Key = tuple[int, str]


class AgencyPlanner:
    """Reads the existing rows once, then judges row by row. A parent agency may be anywhere in the same file."""

    def __init__(self, rows: Sequence[Row], *, by: Actor, now: datetime, centre: Centre | None, reason: str, corrects_names: bool) -> None:
        self.by, self.now, self.reason, self.corrects_names = by, now, reason, corrects_names
        self.today = local_day(now)
        self.centres = {each.code_prefix.lower(): each for each in centres_of(by, on=self.today)}
        self.default = centre or (next(iter(self.centres.values())) if len(self.centres) == 1 else None)
        mine = administered_centres(by)
        holds = or_(Agency.valid_to.is_(None), Agency.valid_to > self.today)
        self.known = {
            (each.centre_id, each.key.lower()): each
            for each in db.session.scalars(select(Agency).where(is_of(mine, Agency.centre_id), holds).order_by(Agency.valid_from.desc()))
        }
        self.areas = AreaWords(by, self.today)
        by_id = {each.id: key for key, each in self.known.items()}
        self.above: dict[Key, Key | None] = {key: by_id.get(each.parent_id or 0) for key, each in self.known.items()}
        self.in_file: dict[Key, int] = {}
        self.made: dict[Key, Agency] = {}
        self.deeds: dict[Key, Any] = {}
        for row in rows:
            centre_row = self._centre(row)
            if centre_row is not None and row.cells.get("key"):
                self.in_file.setdefault((centre_row.id, normal(row.cells["key"]).lower()), row.number)
        planned = [self._row(row) for row in rows]
        self.plan = ImportPlan(planned)

    def _centre(self, row: Row) -> Centre | None:
        return self.centres.get(row.cells["centre"].lower()) if row.cells.get("centre") else self.default

    def _row(self, row: Row) -> Planned:
        cells, centre = Cells("agencies", row), self._centre(row)
        cells.planned.name = row.cells.get("key", "")
        if centre is None:
            cells.fault("centre", NOT_ADMINISTERED)
            return cells.planned
        text = normal(row.cells.get("key", ""))
        key: Key = (centre.id, text.lower())
        if text and not KEY.fullmatch(text):
            cells.fault(
                "key", Bilingual("Mã gồm tối đa 40 chữ không dấu, số, gạch nối.", "A key has at most 40 plain letters, digits and hyphens.")
            )
        elif self.in_file.get(key) != row.number and text:
            cells.fault("key", Bilingual("Mã này đã có ở một dòng trước.", "This key is in an earlier row already."))
        known = self.known.get(key)
        present = {column: getattr(known, column) if known is not None else "" for column in NAMES}
        typed = {column: cells.text(column, present[column]) for column in NAMES}
        names = cells.fitting("name_vi", lambda: fit_names(typed), {})
        phone_typed = cells.text("phone", known.phone if known is not None else "")
        is_as_kept = known is not None and phone_typed == (known.phone or "")
        phone = phone_typed if is_as_kept else cells.fitting("phone", lambda: fit_phone(phone_typed), "")
        parent = self._parent(cells, centre, key)
        area = self.areas.found(cells, "area", centre.id, kept=known.area_id if known is not None else None)
        starts_on, ends_on = cells.day("valid_from"), cells.day("valid_to")
        if not cells.has_faults():
            if known is None:
                self._new(cells, centre, key, text, names, parent, area, phone or "", (starts_on, ends_on))
            else:
                self._known(cells, known, key, names, parent, area, phone or "", ends_on)
        return cells.planned

    def _parent(self, cells: Cells, centre: Centre, key: Key) -> Key | None:
        if not cells.has("parent"):
            return self.above.get(key)
        text = normal(cells.text("parent")).lower()
        parent = (centre.id, text) if text else None
        if parent is not None and parent not in self.known and parent not in self.in_file:
            cells.fault("parent", NO_SUCH_AGENCY)
            return None
        before, self.above[key] = self.above.get(key), parent
        step, seen = parent, {key}
        while step is not None:
            if step in seen:
                cells.fault("parent", ABOVE_ITSELF)
                self.above[key] = before
                return None
            seen.add(step)
            step = self.above.get(step)
        return parent

    def _new(
        self, cells: Cells, centre: Centre, key: Key, text: str, names: Any, parent: Key | None, area: Any, phone: str, days: Any
    ) -> None:
        starts_on, ends_on = days
        if ends_on is not None and ends_on <= (starts_on or self.today):
            cells.fault("valid_to", ENDS_TOO_EARLY)
            return
        cells.planned.status = Status.NEW

        def deed() -> None:
            if key not in self.made:
                above = self._made(parent)
                self.made[key] = add_agency(
                    centre, by=self.by, now=self.now, key=text, names=names, reason=self.reason, parent=above, area=area, phone=phone,
                    valid_from=starts_on, valid_to=ends_on,
                )  # fmt: skip

        cells.planned.deed = self.deeds[key] = deed

    def _known(self, cells: Cells, known: Agency, key: Key, names: Any, parent: Key | None, area: Any, phone: str, ends_on: Any) -> None:
        if cells.has("valid_to") and ends_on != known.valid_to:
            cells.fault("valid_to", Bilingual("Đơn vị được kết thúc ở trang của đơn vị.", "An agency is ended on its own page."))
        renamed = [column for column in NAMES if names[column] != getattr(known, column)]
        if renamed and not self.corrects_names:
            cells.fault(renamed[0], Bilingual("Tên khác tên đang có. Nếu là sửa lỗi, xin đánh dấu “Sửa lỗi ghi tên” khi gửi tệp.",
                                              "The name differs. If that corrects a mistake, say so when sending the file."))  # fmt: skip
        if cells.has_faults():
            return
        above = self.known.get(parent) if parent is not None else None
        old_above = next((each for each in self.known.values() if each.id == known.parent_id), None)
        different = [cells.differs(column, getattr(known, column), names[column]) for column in NAMES]
        different.append(cells.differs("phone", known.phone, phone))
        different.append(cells.differs("area", known.area_id and self.areas.word(known.area_id), area and self.areas.word(area.id)))
        new_above = parent[1] if parent is not None else None
        different.append(cells.differs("parent", old_above.key.lower() if old_above is not None else None, new_above))
        if not any(different):
            return
        cells.planned.status = Status.CHANGED

        def deed() -> None:
            change_agency(
                known, by=self.by, now=self.now, names=names, reason=self.reason, parent=above or self._made(parent), area=area,
                phone=phone, corrects_names=self.corrects_names,
            )  # fmt: skip

        cells.planned.deed = deed

    def _made(self, key: Key | None) -> Agency | None:
        """The parent agency, made first where it is new too."""
        if key is None:
            return None
        if key in self.deeds and key not in self.made:
            self.deeds[key]()
        return self.made.get(key) or self.known.get(key)
