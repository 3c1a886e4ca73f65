"""A copy of a person's data as a ZIP file, made while it is sent: at any time only one report or a piece of a file is in memory.

Each report has a folder with its data as JSON and as a page, and the original files; next to the folders are the person's own data. Built
outside any unit of work, anew for each request, and never stored.
"""

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from casework.db import db
from casework.files.local import FileMissing, FileStore
from casework.local_time import LOCAL_ZONE
from casework.models import Report
from casework.photos.records import open_copy
from casework.rights.held_data import Part, as_json, parts_of_person
from casework.rights.held_reports import originals_of, parts_of_report
from casework.rights.requests import Person

PIECE = 1 << 16
PERSON_FILE, PAGE_FILE, REPORT_FILE = "du-lieu.json", "du-lieu.html", "phan-anh.json"


@dataclass(frozen=True)
class PageOf:
    """The content of a readable page: parts, the folders of reports, the files of its own folder."""

    title: str
    parts: Sequence[Part]
    folders: Sequence[str] = ()
    files: Sequence[str] = ()


Draw = Callable[[PageOf], str]
"""Draws the readable page; the web layer provides it."""


class _Sink(io.RawIOBase):
    """Collects what the ZIP file writes until it is sent. It cannot seek, so the writer never goes back."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.pieces.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        """Everything written since the last call."""
        taken, self.pieces = b"".join(self.pieces), []
        return taken


def archive_of(person: Person, report_ids: Sequence[int], *, store: FileStore, now: datetime, draw: Draw) -> Iterator[bytes]:
    """Yield the ZIP file piece by piece. `report_ids` are the person's, looked up before and read one after the other."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as bundle:
        parts = parts_of_person(person)
        codes = _codes(report_ids)
        yield from _texts(bundle, sink, "", PERSON_FILE, {"made_at": now.isoformat(), **as_json(parts)}, now,
                          draw(PageOf("", parts, folders=codes)))  # fmt: skip
        for report_id in report_ids:
            report = db.session.get(Report, report_id)
            if report is not None:
                yield from _report(bundle, sink, report, store, now, draw)
            # the next report is read in a transaction of its own, so that a slow connection holds none open
            db.session.rollback()
    yield sink.taken()


def _codes(report_ids: Sequence[int]) -> list[str]:
    return [report.code for report_id in report_ids if (report := db.session.get(Report, report_id)) is not None]


def _report(bundle: zipfile.ZipFile, sink: _Sink, report: Report, store: FileStore, now: datetime, draw: Draw) -> Iterator[bytes]:
    folder, parts = f"{report.code}/", parts_of_report(report, now=now)
    originals = list(originals_of(report, now=now))
    page = draw(PageOf(report.code, parts, files=[name for name, _file in originals]))
    yield from _texts(bundle, sink, folder, REPORT_FILE, as_json(parts), now, page)
    for name, file in originals:
        try:
            opened = open_copy(file, store=store)
        except FileMissing:
            continue
        # already compressed by a camera or recorder
        with opened, bundle.open(_entry(folder + name, now, packed=False), "w", force_zip64=True) as target:
            while piece := opened.read(PIECE):
                target.write(piece)
                yield sink.taken()
        yield sink.taken()


def _texts(bundle: zipfile.ZipFile, sink: _Sink, folder: str, name: str, data: dict[str, Any], now: datetime, page: str) -> Iterator[bytes]:
    bundle.writestr(_entry(folder + name, now), json.dumps(data, ensure_ascii=False, indent=1))
    bundle.writestr(_entry(folder + PAGE_FILE, now), page)
    yield sink.taken()


def _entry(name: str, now: datetime, *, packed: bool = True) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, now.astimezone(LOCAL_ZONE).timetuple()[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    entry.external_attr = 0o600 << 16
    return entry
