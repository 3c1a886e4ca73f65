"""The command `langbiang export`: writes a list of one centre to a file on the server.

Somebody who can run commands has the database and the keys anyway, so roles would protect nothing; instead, every export is recorded. The
events name the operating-system user, no account.
"""

import getpass
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from flask import Flask
from sqlalchemy import select

from casework.db import db, new_ref, unit_of_work
from casework.documents.books import books_seen
from casework.events import append
from casework.models import Agency, Centre, Output
from casework.outputs import KINDS, STREAM, OutputRefused, refuse_order
from casework.permissions import SYSTEM, Actor, Grant, Role
from casework.text import normal
from web.exports.parameters import NEEDED, PARAMETERS
from web.jobs import output_makers as makers  # noqa: F401  (brings what makes each kind)
from web.outputs.making import Progress, maker_of, working_folder

OF_AN_AGENCY = ("figures", "counted")
"""Lists about a whole centre, or about one agency given by `of`."""


def operator_of(centre: Centre) -> Actor:
    """The actor of an export: no account, but the access of those who run, inspect and administer one centre."""
    roles = (Role.OPS_LEAD, Role.INSPECTOR, Role.ADMINISTRATOR)
    return replace(SYSTEM, grants=tuple(Grant(role, centre_id=centre.id, agency_id=None) for role in roles))


def export_file(
    app: Flask, kind: str, *, centre: str, form: str, out: Path, chosen: Mapping[str, str], with_identity: bool, reason: str | None,
    now: datetime, say: Callable[[int, int], None],
) -> str:  # fmt: skip
    """Write a list to a new file readable by this user only, and return its path. Records `export_by_command`.

    Raises FileExistsError, OutputRefused and the refusals of the list itself.
    """
    if out.exists():
        raise FileExistsError(out)
    with app.app_context():
        output, by = _order(kind, centre, form, chosen, with_identity=with_identity, reason=reason)
        user = _user()
        told = {"output": output.ref, "kind": kind, "form": form, "centre_id": output.centre_id, "user": user}
        told |= {"reason": output.reason} if KINDS[kind].needs_reason else {}
        with unit_of_work():
            append(STREAM, "export_by_command", by=by, at=now, payload={**told, "has_identity": with_identity})
        with working_folder(app.config["DATA"]) as folder:
            progress = Progress(by=by, now=now, folder=folder, say=_bounded(say), event_facts={"by_command": user})
            made = maker_of(kind)(output, progress)
            _keep(made.content if isinstance(made.content, bytes) else made.content.read_bytes(), out)
    return str(out)


def _order(
    kind: str, prefix: str, form: str, chosen: Mapping[str, str], *, with_identity: bool, reason: str | None
) -> tuple[Output, Actor]:
    """The order as an unsaved row: the file is written at once."""
    centre = db.session.scalars(select(Centre).where(Centre.code_prefix == prefix)).first()
    if centre is None:
        raise OutputRefused("Không có Trung tâm này.", f"There is no centre with the prefix {prefix}.")
    if unknown := sorted(set(chosen) - set(PARAMETERS[kind])):
        known = ", ".join(PARAMETERS[kind]) or "none"
        raise OutputRefused("Không có bộ lọc này.", f"{kind} has no filter {', '.join(unknown)}; it has: {known}.")
    by, agency_id, reason = operator_of(centre), None, normal(reason or "") or None
    if (needed := NEEDED.get(kind, ())) and not set(needed) & set(chosen):
        raise OutputRefused("Cần chọn bộ lọc.", _needs(kind, needed, by, centre))
    refuse_order(KINDS[kind], by=by, centre_id=centre.id, with_identity=with_identity, reason=reason)
    given = dict(chosen)
    if kind in OF_AN_AGENCY and (key := given.pop("of", None)) is not None:
        named = select(Agency.id).where(Agency.centre_id == centre.id, (Agency.key == key) | (Agency.ref == key))
        agency_id = db.session.scalar(named)
        if agency_id is None:
            raise OutputRefused("Không có đơn vị này.", f"There is no agency {key}.")
    output = Output(
        kind=kind, form=form, parameters=given, centre_id=centre.id, agency_id=agency_id, has_identity=with_identity,
        reason=reason if with_identity or KINDS[kind].needs_reason else None, ref=new_ref(), state="making",
    )  # fmt: skip
    output.centre = centre
    return output, by


def _needs(kind: str, needed: tuple[str, ...], by: Actor, centre: Centre) -> str:
    """What the caller must add; for a register, which books there are."""
    given = " or ".join(f"--filter {name}={'2026-03' if name == 'period' else '…'}" for name in needed)
    sentence = f"{kind} needs {given}, as in the address of its page."
    if kind != "register":
        return sentence
    books = (f"{each.ref} ({each.agency.name_en if each.agency is not None else centre.name_en}, {each.year}"
             f"{f', {each.series}' if each.series else ''})" for each in books_seen(by) if each.centre_id == centre.id)  # fmt: skip
    return f"{sentence} Books: {', '.join(books) or 'none yet'}."


def _bounded(say: Callable[[int, int], None]) -> Callable[[int, int | None], None]:
    return lambda done, total: say(done, total) if total else None


def _keep(data: bytes, out: Path) -> None:
    """Write under a temporary name, readable by this user only, and rename once complete."""
    part = out.with_name(f".{out.name}.part")
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
    part.rename(out)


def _user() -> str:
    """The operating-system user, as far as it is known."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
