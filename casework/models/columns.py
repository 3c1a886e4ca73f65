"""Column groups that several tables share."""

from datetime import date

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from casework.bilingual import Bilingual


class Dated:
    """A row in force from a day on and, once replaced, until a day (exclusive; local days)."""

    valid_from: Mapped[date]
    valid_to: Mapped[date | None]

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


class Scoped:
    """A rule of one centre, or of the whole installation when `centre_id` is empty; the centre's own takes precedence (rules.md, 8)."""

    @declared_attr
    def centre_id(cls) -> Mapped[int | None]:
        return mapped_column(ForeignKey("centre.id"))


class Named:
    """A row with a name in both languages."""

    name_vi: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))

    @property
    def name(self) -> Bilingual:
        return Bilingual(self.name_vi, self.name_en)
