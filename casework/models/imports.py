"""Uploaded files of people, agencies or areas that were checked and wait to be imported unchanged."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, LargeBinary, String, false
from sqlalchemy.orm import Mapped, mapped_column

from casework.db import Id, Json, Model, Referable


class StagedImport(Referable, Model):
    """One file as read. What its preview showed is what is imported: the rows are stored here, sealed, and not uploaded again."""

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
