"""Importing areas from a file, identified by identifier, else by level and official code, else by level, name and parent."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import partial
from typing import Any

from casework.bilingual import Bilingual
from casework.local_time import local_day
from casework.models import Area, Centre
from casework.permissions import Actor
from casework.settings.areas import CODE, LEVEL_WORDS, LEVELS, NO_OFFICIAL_CODE, NO_SUCH_LEVEL, add_area, change_area, fit_middle, fit_name
from casework.settings.importing.area_words import SEVERAL, AreaWords
from casework.settings.importing.file_columns import Row
from casework.settings.importing.planning import Cells, ImportPlan, Planned, Status
from casework.settings.scopes import ENDS_TOO_EARLY, NOT_ADMINISTERED, administered_centres, centres_of
from casework.text import fold, normal

LEVEL_NAMES = {fold(words): level for level, pair in LEVEL_WORDS.items() for words in (*pair, level)} | {
    "tinh": "province", "thanh pho": "province", "huyen": "district", "xa": "commune", "phuong": "commune", "thi tran": "commune",
    "thon": "village", "to dan pho": "village",
}  # fmt: skip

NOT_ABOVE = Bilingual(
    "Không có địa bàn cấp trên này, ở đây hoặc ở một dòng trên.", "There is no such area of a higher level, here or above."
)


class AreaPlanner:
    """Reads the existing rows once, then judges row by row. A parent area may be in the same file, above it."""

    def __init__(self, rows: Sequence[Row], *, by: Actor, now: datetime, centre: Centre | None, reason: str, corrects_names: bool) -> None:
        self.by, self.now, self.reason, self.corrects_names = by, now, reason, corrects_names
        self.today = local_day(now)
        self.centres = {each.code_prefix.lower(): each for each in centres_of(by, on=self.today)}
        self.everywhere = administered_centres(by) is None
        self.default = centre or (next(iter(self.centres.values())) if len(self.centres) == 1 else None)
        self.areas = AreaWords(by, self.today)
        self.seen: dict[Any, int] = {}
        self.named: dict[str, list[tuple[str, Area | int]]] = {}
        self.made: dict[int, Area] = {}
        self.plan = ImportPlan([self._row(row) for row in rows])

    def _row(self, row: Row) -> Planned:
        cells = Cells("areas", row)
        cells.planned.name = row.cells.get("name_vi", "")
        level = LEVEL_NAMES.get(fold(row.cells.get("level", "")))
        if level is None and row.cells.get("level"):
            cells.fault("level", NO_SUCH_LEVEL)
        centre, code = self._centre(cells), normal(cells.text("official_code"))
        if code and not CODE.fullmatch(code):
            cells.fault("official_code", NO_OFFICIAL_CODE)
        names = tuple(cells.fitting(key, partial(_named, cells, key), "") for key in ("name_vi", "name_en") if cells.text(key))
        middle = (cells.number("latitude"), cells.number("longitude"))
        middle = cells.fitting("latitude", lambda: fit_middle(*middle), (None, None))
        days = (cells.day("valid_from"), cells.day("valid_to"))
        if cells.has_faults() or level is None:
            return cells.planned
        parent = self._parent(cells, level, centre.id if centre is not None else None)
        if cells.has_faults():
            return cells.planned
        known = self._known(cells, level, code, names, parent, centre)
        mark = known.id if known is not None else (level, code or names[0], parent if isinstance(parent, int) else parent and parent.id)
        if self.seen.setdefault(mark, row.number) != row.number:
            cells.fault("name_vi", Bilingual("Địa bàn này đã có ở một dòng trước.", "This area is in an earlier row already."))
        elif not cells.has_faults() and known is None:
            self._new(cells, centre, level, code, names, parent, middle, days)
        elif not cells.has_faults() and known is not None:
            self._change(cells, known, code, names, parent, middle, days[1])
        for word in {code, fold(names[0])} - {""}:
            self.named.setdefault(word, []).append((level, known if known is not None else row.number))
        return cells.planned

    def _centre(self, cells: Cells) -> Centre | None:
        place = cells.text("centre")
        if not place:
            return self.default if not (cells.has("centre") and self.everywhere) else None
        if place.lower() not in self.centres:
            cells.fault("centre", NOT_ADMINISTERED)
        return self.centres.get(place.lower())

    def _parent(self, cells: Cells, level: str, centre_id: int | None) -> Area | int | None:
        """An existing area, or the number of the row that makes it."""
        word = cells.text("parent")
        if not word:
            return None
        higher = LEVELS[: LEVELS.index(level)]
        there = {row.id: row for row in self.areas.named(word, centre_id) if row.level in higher}
        in_file = [each for above, each in self.named.get(word, self.named.get(fold(word), [])) if above in higher]
        found: list[Area | int] = [*there.values(), *(each for each in in_file if isinstance(each, int))]
        if len(found) != 1:
            cells.fault("parent", SEVERAL if found else NOT_ABOVE)
            return None
        return found[0]

    def _known(self, cells: Cells, level: str, code: str, names: Any, parent: Area | int | None, centre: Centre | None) -> Area | None:
        centre_id = centre.id if centre is not None else None
        if ref := cells.text("id"):
            row = next((each for each in self.areas.by_word.get(ref, []) if each.ref == ref), None)
            if row is None or row.level != level:
                cells.fault(
                    "id",
                    Bilingual("Không có địa bàn với mã hệ thống này ở cấp này.", "There is no area of this level with this identifier."),
                )
            return row
        if isinstance(parent, int):
            return None
        same = [each for each in self.areas.named(code, centre_id) if each.level == level and each.official_code == code] if code else []
        if not same and not code:
            above = parent.id if parent is not None else None
            same = [each for each in self.areas.named(fold(names[0]), centre_id) if each.level == level and each.parent_id == above]
        return same[0] if same else None

    def _new(
        self, cells: Cells, centre: Centre | None, level: str, code: str, names: Any, parent: Area | int | None, middle: Any, days: Any
    ) -> None:
        number = cells.planned.number
        starts_on, ends_on = days[0] or self.today, days[1]
        if centre is None and not self.everywhere:
            cells.fault("centre", Bilingual("Vui lòng ghi trung tâm.", "Please give the centre."))
        if parent is None and level in (LEVELS[1], LEVELS[3]):
            cells.fault("parent", Bilingual("Vui lòng ghi địa bàn cấp trên.", "Please give the area it lies in."))
        if isinstance(parent, Area) and not _holds_throughout(parent, starts_on, ends_on):
            cells.fault(
                "parent",
                Bilingual("Địa bàn cấp trên không có hiệu lực trong toàn bộ thời gian đó.", "It does not hold for that whole time."),
            )
        if ends_on is not None and ends_on <= starts_on:
            cells.fault("valid_to", ENDS_TOO_EARLY)
        if cells.has_faults():
            return
        cells.planned.status = Status.NEW

        def deed() -> None:
            above = self.made[parent] if isinstance(parent, int) else parent
            self.made[number] = add_area(
                centre, by=self.by, now=self.now, level=level, name_vi=names[0], name_en=names[1], reason=self.reason, parent=above,
                official_code=code, latitude=middle[0], longitude=middle[1], valid_from=days[0], valid_to=days[1],
            )  # fmt: skip

        cells.planned.deed = deed

    def _change(
        self, cells: Cells, known: Area, code: str, names: Any, parent: Area | int | None, middle: Any, ends_on: date | None
    ) -> None:
        if cells.has("valid_to") and ends_on != known.valid_to:
            cells.fault("valid_to", Bilingual("Địa bàn được kết thúc ở trang của địa bàn.", "An area is ended on its own page."))
        if names != (known.name_vi, known.name_en) and not self.corrects_names:
            cells.fault("name_vi", Bilingual("Tên khác tên đang có. Nếu là sửa lỗi, xin đánh dấu “Sửa lỗi ghi tên” khi gửi tệp.",
                                             "The name differs. If that corrects a mistake, say so when sending the file."))  # fmt: skip
        if isinstance(parent, int):
            cells.fault(
                "parent",
                Bilingual(
                    "Địa bàn đã có không chuyển vào địa bàn mới bằng tệp được.", "An area there is cannot be put into a new one by a file."
                ),
            )
        if cells.has_faults() or isinstance(parent, int):
            return
        above = parent if cells.has("parent") else self.areas.rows.get(known.parent_id or 0)
        code = code if cells.has("official_code") else known.official_code or ""
        middle = middle if cells.has("latitude") else (known.latitude, known.longitude)
        different = [
            cells.differs("name_vi", known.name_vi, names[0]), cells.differs("name_en", known.name_en, names[1]),
            cells.differs("official_code", known.official_code, code), cells.differs("latitude", known.latitude, middle[0]),
            cells.differs("longitude", known.longitude, middle[1]),
            cells.differs("parent", self.areas.word(known.parent_id), self.areas.word(above.id) if above is not None else ""),
        ]  # fmt: skip
        if any(different):
            cells.planned.status = Status.CHANGED
            cells.planned.deed = lambda: _changed(
                known, by=self.by, now=self.now, name_vi=names[0], name_en=names[1], reason=self.reason, parent=above, official_code=code,
                latitude=middle[0], longitude=middle[1], corrects_names=self.corrects_names,
            )  # fmt: skip


def _named(cells: Cells, key: str) -> str:
    return fit_name(cells.text(key))


def _changed(row: Area, **given: Any) -> None:
    change_area(row, **given)


def _holds_throughout(above: Area, starts_on: date, ends_on: date | None) -> bool:
    return above.valid_from <= starts_on and (above.valid_to is None or (ends_on is not None and ends_on <= above.valid_to))
