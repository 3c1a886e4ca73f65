"""Settings that are single values, what a case may be rated in difficulty, and the televisions that show a centre's work."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.db import Id, Json, Model, Referable
from casework.models.columns import Dated, Named, Scoped
from casework.models.places import Centre


class HouseSetting(Scoped, Model):
    """One value an administrator has set in place of the one that ships (casework.setting_values knows every key)."""

    __tablename__ = "house_setting"
    __table_args__ = (Index("ix_house_setting_key", "key", "centre_id", unique=True),)
    id: Mapped[Id]
    key: Mapped[str] = mapped_column(String(60))
    value: Mapped[Any] = mapped_column(Json)
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class SchemaPromise(Model):
    """One row: which programs may go on with these tables (migrations/__init__.py)."""

    __tablename__ = "schema_promise"
    id: Mapped[Id]
    oldest_program: Mapped[str] = mapped_column(
        String(20), comment="the newest migration the oldest program knows that may go on with these tables"
    )


class Complexity(Scoped, Named, Dated, Model):
    """How difficult a case is found to be at classification; clock rules speak of its key."""

    __tablename__ = "complexity"
    id: Mapped[Id]
    key: Mapped[str] = mapped_column(String(8), index=True)
    position: Mapped[int]
    hint_vi: Mapped[str] = mapped_column(Text)
    hint_en: Mapped[str] = mapped_column(Text)


class Wallboard(Referable, Model):
    """A television that shows a centre's open work without anybody signed in. Its cookie holds a token, the row the digest."""

    __tablename__ = "wallboard"
    id: Mapped[Id]
    centre_id: Mapped[int] = mapped_column(ForeignKey("centre.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    token_digest: Mapped[str | None] = mapped_column(String(64), unique=True, comment="empty until the television was paired")
    pairing_digest: Mapped[str | None] = mapped_column(String(64), unique=True, comment="of the code typed at the television, used once")
    pairing_ends_at: Mapped[datetime | None]
    created_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
    paired_at: Mapped[datetime | None]
    last_seen_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    centre: Mapped[Centre] = relationship()


class ElementSetting(Scoped, Dated, Model):
    """What is set day by day for one element of the process without a new version; what is empty, the diagram says.

    Of a step `amount` is its own limit and `role` whose inbox it comes to; of a timer `amount` is how long it waits.
    """

    __tablename__ = "element_setting"
    __table_args__ = (
        CheckConstraint("unit IN ('hours', 'working_hours', 'working_days')", name="unit"),
        Index("ix_element_setting_element", "element", "valid_from"),
    )
    id: Mapped[Id]
    element: Mapped[str] = mapped_column(String(80), comment="its id in the diagram")
    amount: Mapped[int | None]
    unit: Mapped[str | None] = mapped_column(String(14))
    role: Mapped[str | None] = mapped_column(String(20))
    label_vi: Mapped[str | None] = mapped_column(String(120))
    label_en: Mapped[str | None] = mapped_column(String(120))
    help_vi: Mapped[str | None] = mapped_column(Text)
    help_en: Mapped[str | None] = mapped_column(Text)
