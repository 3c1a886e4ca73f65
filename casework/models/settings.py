"""Single-value settings, complexities of cases, settings of process elements, files to import, and wallboards."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.db import Id, Json, Model, Referable
from casework.models.columns import Dated, Named, Scoped
from casework.models.places import Centre


class HouseSetting(Scoped, Model):
    """A value an administrator set instead of the shipped one (casework.setting_values knows every key)."""

    __tablename__ = "house_setting"
    __table_args__ = (Index("ix_house_setting_key", "key", "centre_id", unique=True),)
    id: Mapped[Id]
    key: Mapped[str] = mapped_column(String(60))
    value: Mapped[Any] = mapped_column(Json)
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class SchemaPromise(Model):
    """A single row: which programs may continue with these tables (migrations/__init__.py)."""

    __tablename__ = "schema_promise"
    id: Mapped[Id]
    oldest_program: Mapped[str] = mapped_column(
        String(20), comment="the newest migration the oldest program knows that may go on with these tables"
    )


class Complexity(Scoped, Named, Dated, Model):
    """A complexity that can be chosen at classification; clock rules refer to its key."""

    __tablename__ = "complexity"
    id: Mapped[Id]
    key: Mapped[str] = mapped_column(String(8), index=True)
    position: Mapped[int]
    hint_vi: Mapped[str] = mapped_column(Text)
    hint_en: Mapped[str] = mapped_column(Text)


class Wallboard(Referable, Model):
    """A television that shows a centre's open work without a signed-in person. Its cookie holds a token, the row the digest."""

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
    """Settings of one element of the process that need no new version; empty ones leave it to the diagram.

    Of a step `amount` is its own limit and `role` its inbox; for a timer `amount` is how long it waits.
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


class StagedImport(Referable, Model):
    """An uploaded file of people, agencies or areas, checked and waiting. What its preview showed is what is imported.

    The rows are stored here, sealed, and not uploaded again.
    """

    __tablename__ = "staged_import"
    __table_args__ = (CheckConstraint("kind IN ('people', 'agencies', 'areas')", name="kind"),)
    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(8))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True, comment="who sent it; nobody else sees it")
    centre_id: Mapped[int | None] = mapped_column(ForeignKey("centre.id"), comment="of rows that name no centre")
    file_name: Mapped[str] = mapped_column(String(120))
    sha256: Mapped[str] = mapped_column(String(64))
    corrects_names: Mapped[bool] = mapped_column(Boolean, server_default=false(), comment="names that differ correct mistakes")
    sealed_rows: Mapped[bytes] = mapped_column(LargeBinary)
    staged_at: Mapped[datetime] = mapped_column(index=True)
    done_at: Mapped[datetime | None]
    counts: Mapped[dict[str, Any] | None] = mapped_column(Json, comment="rows by what became of them")
    sealed_passwords: Mapped[bytes | None] = mapped_column(LargeBinary, comment="start passwords until they have been handed out, once")
    handed_out_at: Mapped[datetime | None]
