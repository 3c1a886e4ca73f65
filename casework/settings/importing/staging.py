"""Uploaded files: stored sealed, previewed, and imported as shown, all or nothing."""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select

from casework.calendars import RULES_STREAM
from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.events import append
from casework.models import Centre, StagedImport
from casework.permissions import Action, Actor, require
from casework.privacy.account_marks import marked_together
from casework.sealing.seal import open_json, seal_json
from casework.sent_once import take_key
from casework.setting_events import LONGEST_REASON, ReasonMissing, require_administrator_of
from casework.settings.importing.agencies import AgencyPlanner
from casework.settings.importing.areas import AreaPlanner
from casework.settings.importing.file_columns import COLUMNS, Row, named_rows
from casework.settings.importing.people import PeoplePlanner
from casework.settings.importing.planning import ImportPlan
from casework.settings.importing.tables import MOST_ROWS, TableRefused, read_table
from casework.settings.scopes import one_at_a_time
from casework.text import normal

ROWS_PURPOSE, PASSWORDS_PURPOSE = "imported rows", "start passwords"
KEPT = timedelta(hours=24)
"""How long an uploaded file waits to be imported, and start passwords to be handed out."""
MOST_WAITING = 10
MOST_ROWS_OF = {"people": 2_000}
"""Rows of one file, fewer than a table may have: an import is one unit of work, and others wait for it."""


class ImportRefused(CaseworkError):
    """The file cannot be imported; the text says why."""


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file that has been read: its rows by our columns, and its name."""

    kind: str
    name: str
    sha256: str
    rows: Sequence[Row]


def read_file(kind: str, *, data: bytes, file_name: str) -> SentFile:
    """Read a file, before the unit of work: a workbook takes seconds, during which nobody else could write.

    Raises TableRefused, and KeyError for an unknown kind.
    """
    rows = named_rows(kind, read_table(data, file_name))
    most = MOST_ROWS_OF.get(kind, MOST_ROWS)
    if len(rows) > most:
        raise TableRefused(f"Tệp có hơn {most} dòng. Xin chia thành nhiều tệp.", f"The file has more than {most} rows. Please split it.")
    return SentFile(kind, normal(file_name)[-120:], hashlib.sha256(data).hexdigest(), rows)


def stage_import(
    file: SentFile, *, by: Actor, now: datetime, centre: Centre | None = None, corrects_names: bool = False
) -> StagedImport:
    """Store the rows of a file, sealed, for the person who sent it; writes nothing else. Raises NotAllowed."""
    require(by, Action.MANAGE_PEOPLE)
    if centre is not None:
        require_administrator_of(by.alone, centre.id)
    take_key(now)
    _make_room(by)
    staged = StagedImport(
        kind=file.kind, account_id=by.account_id, centre_id=centre.id if centre is not None else None, file_name=file.name,
        sha256=file.sha256, corrects_names=corrects_names, staged_at=now,
        sealed_rows=seal_json({"rows": [[row.number, row.cells] for row in file.rows]}, purpose=ROWS_PURPOSE),
    )  # fmt: skip
    db.session.add(staged)
    db.session.flush()
    return staged


def staged_by(by: Actor, kind: str, ref: str, *, now: datetime) -> StagedImport | None:
    """The person's own uploaded file, while it is kept."""
    query = select(StagedImport).where(StagedImport.ref == ref, StagedImport.kind == kind, StagedImport.account_id == by.own_id)
    return db.session.scalars(query.where(StagedImport.staged_at > now - KEPT)).first()


def plan_of(staged: StagedImport, *, by: Actor, now: datetime, reason: str = "", hashes: Mapping[str, str] | None = None) -> ImportPlan:
    """What importing the file would do now. Writes nothing; the number of statements does not grow with the rows."""
    by = by.alone
    rows = [Row(number, cells) for number, cells in open_json(staged.sealed_rows, purpose=ROWS_PURPOSE)["rows"]]
    centre = db.session.get(Centre, staged.centre_id) if staged.centre_id is not None else None
    if staged.kind == "people":
        return PeoplePlanner(rows, by=by, now=now, centre=centre, reason=reason, hashes=hashes or {}).plan
    planner: Any = AgencyPlanner if staged.kind == "agencies" else AreaPlanner
    made: ImportPlan = planner(rows, by=by, now=now, centre=centre, reason=reason, corrects_names=staged.corrects_names).plan
    return made


def take_over(
    staged: StagedImport, *, by: Actor, now: datetime, digest: str, reason: str, passwords: Mapping[str, str], hashes: Mapping[str, str]
) -> ImportPlan:
    """Import what the preview showed, all or nothing, with an event for each row and one for the file.

    `digest` names the preview; `passwords` and `hashes` hold a start password for each new user name. Afterwards the rows are deleted,
    and the start passwords wait, sealed, to be handed out once. Raises NotAllowed, ReasonMissing, ImportRefused (done already, a faulty
    row, nothing to do, different from the preview), and any refusal of a row.
    """
    require(by, Action.MANAGE_PEOPLE)
    db.session.refresh(staged, with_for_update=True)
    if staged.done_at is not None:
        raise ImportRefused(
            "Tệp này đã được nhập rồi; không có gì được làm lại.", "This file has been taken over already; nothing was done again."
        )
    if not normal(reason) or len(normal(reason)) > LONGEST_REASON:
        raise ReasonMissing
    one_at_a_time()
    plan = plan_of(staged, by=by, now=now, reason=reason, hashes=hashes)
    if plan.digest != digest or set(plan.new_logins) - set(passwords):
        raise ImportRefused(
            "Dữ liệu đã thay đổi sau khi xem trước. Xin xem lại rồi bấm lần nữa.",
            "Something changed since the preview. Please look again, then press once more.",
        )
    if not plan.is_sound:
        raise ImportRefused("Tệp còn dòng lỗi nên chưa nhập gì.", "The file has faulty rows, so nothing was taken over.")
    deeds = [row.deed for row in plan.rows if row.deed is not None]
    if not deeds:
        raise ImportRefused("Không có gì khác với dữ liệu đang có.", "Nothing differs from what there is.")
    told = {"kind": staged.kind, "file": staged.file_name, "sha256": staged.sha256, "rows": dict(plan.counts), "reason": normal(reason)}
    append(RULES_STREAM, "import_table", by=by, at=now, payload=told)
    # checked row by row already, so no row needs to be read again: thousands are written at once
    with marked_together(by=by, at=now), db.session.no_autoflush if staged.kind == "people" else nullcontext():
        for deed in deeds:
            deed()
    staged.done_at, staged.counts = now, dict(plan.counts)
    staged.sealed_rows = seal_json({"rows": []}, purpose=ROWS_PURPOSE)
    new = {login: passwords[login] for login in plan.new_logins}
    staged.sealed_passwords = seal_json({"passwords": new}, purpose=PASSWORDS_PURPOSE) if new else None
    return plan


def hand_out_passwords(staged: StagedImport, *, by: Actor, now: datetime) -> dict[str, str]:
    """The start passwords by user name, only this once; afterwards they are nowhere. Raises ImportRefused the second time."""
    require(by, Action.MANAGE_PEOPLE)
    db.session.refresh(staged, with_for_update=True)
    if staged.sealed_passwords is None:
        raise ImportRefused(
            "Danh sách mật khẩu đã được lấy một lần. Ai thiếu, xin cấp mật khẩu mới ở trang của người đó.",
            "The list of passwords has been handed out once. Who lacks one gets a new one on the person's page.",
        )
    passwords: dict[str, str] = open_json(staged.sealed_passwords, purpose=PASSWORDS_PURPOSE)["passwords"]
    staged.sealed_passwords, staged.handed_out_at = None, now
    append(RULES_STREAM, "hand_out_passwords", by=by, at=now, payload={"import": staged.ref, "people": len(passwords)})
    return passwords


def forget_staged_imports(now: datetime) -> int:
    """Delete files sent KEPT ago, with start passwords nobody has fetched. For the worker, in a separate unit of work."""
    with unit_of_work():
        gone = db.session.execute(delete(StagedImport).where(StagedImport.staged_at <= now - KEPT).returning(StagedImport.id))
        return len(gone.all())


def _make_room(by: Actor) -> None:
    """Keep only the newest files of a person, so that nobody fills the database by uploading."""
    own = select(StagedImport.id).where(StagedImport.account_id == by.account_id, StagedImport.sealed_passwords.is_(None))
    old = list(db.session.scalars(own.order_by(StagedImport.id.desc()).offset(MOST_WAITING - 1)))
    if old:
        db.session.execute(delete(StagedImport).where(StagedImport.id.in_(old)), execution_options={"synchronize_session": False})


def is_kind(kind: str) -> bool:
    return kind in COLUMNS
