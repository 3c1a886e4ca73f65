"""The command `langbiang import-boundary`: does on the server what the boundaries page does."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask

from casework.db import unit_of_work
from casework.errors import CaseworkError
from casework.local_time import local_day
from casework.places.boundaries import check_boundaries
from casework.places.boundary_files import LARGEST_FILE, BoundaryFileRefused, TooLarge
from casework.settings.boundary_import import BoundaryPlan, import_boundaries, plan_import
from web.commands.console import AT_THE_SERVER


@dataclass
class ImportReport:
    """What the command prints, and what is wrong; `is_readable` is False when the file could not be judged at all."""

    lines: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    is_readable: bool = True


def import_file(
    app: Flask, file: Path, *, source: str | None, reason: str | None, code_property: str | None, swap: bool, dry_run: bool,
    overlap: bool = False,
) -> ImportReport:
    """Check a file and import its boundaries in one unit of work, unless this is a dry run or something is wrong."""
    now, said = datetime.now(UTC), ImportReport()
    try:
        checked = check_boundaries(_read(file), code_property=code_property)
    except OSError as fault:
        return ImportReport(faults=[f"{file} cannot be read: {fault.strerror}."], is_readable=False)
    except BoundaryFileRefused as refusal:
        return ImportReport(faults=[refusal.en], is_readable=False)
    with app.app_context():
        plan = plan_import(checked, by=AT_THE_SERVER, on=local_day(now))
        said.lines += _lines(plan)
        said.faults += [f"{shape.raw.label}: {shape.fault.en}" for shape in checked.refused if shape.fault]
        said.faults += [f"{pair.shape.raw.label}: {pair.fault.en}" for pair in plan.pairs if pair.fault]
        if said.faults:
            said.faults.append("Nothing was changed.")
            return said
        if dry_run:
            said.lines.append(f"{len(plan.to_do)} boundaries would be taken over; nothing was changed.")
            return said
        try:
            with unit_of_work():
                count = import_boundaries(
                    plan, by=AT_THE_SERVER, now=now, source=source or file.name, reason=reason or f"import-boundary {file.name}", swap=swap,
                    overlap=overlap,
                )  # fmt: skip
        except CaseworkError as refusal:
            said.faults.append(f"{refusal.en} Use --allow-overlap if that is right." if plan.has_overlaps and not overlap else refusal.en)
            return said
    said.lines.append(f"{count} boundaries were taken over.")
    return said


def _read(file: Path) -> bytes:
    """Read the file. One that is too large is refused by its length, and growth meanwhile is ignored."""
    if (size := file.stat().st_size) > LARGEST_FILE:
        raise TooLarge(size)
    with file.open("rb") as opened:
        return opened.read(LARGEST_FILE + 1)


def _lines(plan: BoundaryPlan) -> Iterator[str]:
    for pair in plan.to_do:
        assert pair.area is not None
        before = f"{pair.old_km2:.2f} km² -> " if pair.old_km2 else ""
        notes = "".join(f" {note.en}" for note in pair.shape.notes)
        other = " The names differ." if pair.other_name else ""
        yield f"{pair.shape.raw.label} -> {pair.area.name_vi} (by {pair.by}): {before}{pair.shape.km2:.2f} km².{other}{notes}"
        if pair.overlap:
            yield f"  {pair.overlap.en}"
    for pair in plan.unknown:
        yield f"{pair.shape.raw.label}: no area here has its code or name, left out."
    for warning in plan.checked.warnings:
        yield f"Note: {warning.en}"
