"""Export of the event log for process mining: XES (IEEE 1849-2016) and CSV, streamed in bounded memory.

Cases are named by a keyed digest instead of their code, because the code leads to a public page and, with its secret, to a person. The
digest is the same in every log of the installation, so months can be put together, but nobody can work out the code without the key.
Someone who compares the instants with published answers may still recognise a case; that is why only administrators and inspectors get the
log, and why every export is recorded.

An event is a step that was done: its element, when it began to wait, when it was done, the role and agency of its desk, the outcome and the
version. It holds no persons and nothing anybody wrote. Withdrawn steps are left out.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lxml import etree
from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.db import db
from casework.errors import CaseworkError
from casework.events import append
from casework.local_time import LOCAL_ZONE
from casework.models import Account, Agency, Centre, Event, Field
from casework.permissions import Action, Actor
from casework.sealing.seal import lookup_digest
from casework.settings.importing.tables import harmless
from workflows.bottlenecks.reading import BottleneckQuery, centres_read
from workflows.bottlenecks.traces import Passage, Trace, traces
from workflows.definitions.parsed import definition_of
from workflows.models import ProcessVersion
from workflows.versions.live import acting, may_in_scope, scopes_with

XES, CSV = "xes", "csv"
FORMATS = (XES, CSV)
MOST_MONTHS = 12
STREAM = "event_log"
TAKEN = "export_event_log"
PURPOSE = "case of an event log"
DIGEST_LENGTH = 16
NAMESPACE = "http://www.xes-standard.org/"
EXTENSIONS = (("Concept", "concept"), ("Time", "time"), ("Organizational", "org"), ("Lifecycle", "lifecycle"))
COLUMNS = (
    "case", "event", "element", "label_vi", "label_en", "waits_since", "done_at", "working_minutes", "role", "agency", "outcome", "is_late",
    "version", "centre", "field",
)  # fmt: skip
BUFFER = 64 * 1024
"""Bytes collected before they are handed on."""


class PeriodTooLong(CaseworkError):
    """The period exceeds MOST_MONTHS months."""

    def __init__(self) -> None:
        super().__init__(
            f"Một tệp nhật ký chỉ gồm tối đa {MOST_MONTHS} tháng. Vui lòng chọn kỳ ngắn hơn.",
            f"One log covers {MOST_MONTHS} months at most. Please choose a shorter period.",
        )


@dataclass(frozen=True, slots=True)
class LogExport:
    """One recorded export: when, by whom, in which form, and its first and last month."""

    at: datetime
    by: str
    form: str
    first: str
    last: str


def export_event_log(wanted: BottleneckQuery, form: str, *, by: Actor, now: datetime) -> Iterator[bytes]:
    """Record the export and return the log piece by piece, to be read after the unit of work has ended.

    It holds the cases whose process ended in the period, within the person's centres. Raises NotAllowed and PeriodTooLong.
    """
    own = scopes_with(by, Action.EXPORT_EVENT_LOG)
    centre_id = wanted.centre.id if wanted.centre is not None else None if None in own else next(iter(own), None)
    by = acting(by, centre_id, Action.EXPORT_EVENT_LOG)
    if wanted.months > MOST_MONTHS:
        raise PeriodTooLong
    facts = {
        "form": form, "first": f"{wanted.first:%Y-%m}", "last": f"{wanted.last:%Y-%m}", "field": wanted.field or None,
        "agency": wanted.agency.key if wanted.agency is not None else None,
        "centre": wanted.centre.code_prefix if wanted.centre is not None else None,
        "version": wanted.version.sha256 if wanted.version is not None else None,
    }  # fmt: skip
    append(STREAM, TAKEN, by=by, at=now, payload={key: value for key, value in facts.items() if value is not None})
    return {XES: _xes, CSV: _csv}[form](wanted, traces(wanted, by=by, lets_go=True), _Names(by))


def logs_taken(*, by: Actor, limit: int = 10) -> list[LogExport]:
    """The newest exports, for those who may export the log of the whole installation."""
    if not may_in_scope(by, Action.EXPORT_EVENT_LOG, None):
        return []
    query = select(Event.at, Account.full_name, Event.payload).outerjoin(Account, Account.id == Event.actor_id)
    query = query.where(Event.stream == STREAM).order_by(Event.seq.desc()).limit(limit)
    return [
        LogExport(at, name or "", *(str((told or {}).get(key, "")) for key in ("form", "first", "last")))
        for at, name, told in db.session.execute(query)
    ]


# -- the two forms -------------------------------------------------------------------------------------------------------


def _xes(wanted: BottleneckQuery, cases: Iterator[Trace], names: "_Names") -> Iterator[bytes]:
    """The log as XES. `concept:name` of an event is its element id, since labels change and two steps may share one."""
    sink = _Sink()
    with etree.xmlfile(sink, encoding="utf-8", buffered=True) as file:
        file.write_declaration()
        root = {"xes.version": "1849.2016", "xes.features": ""}
        with file.element(f"{{{NAMESPACE}}}log", root, nsmap={None: NAMESPACE}):
            for element in _head(wanted):
                file.write(element)
            for trace in cases:
                file.write(_trace(trace, names))
                if sink.size >= BUFFER:
                    file.flush()
                    yield sink.taken()
    yield sink.taken()


def _csv(_wanted: BottleneckQuery, cases: Iterator[Trace], names: "_Names") -> Iterator[bytes]:
    """The log as CSV with a byte order mark. No cell can be read as a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    text.write("\ufeff")
    writer.writerow(COLUMNS)
    for trace in cases:
        case = pseudonym(trace.case_id)
        for number, passage in enumerate(trace.passages, start=1):
            label = names.label(passage)
            cells = (
                case, number, passage.element, label.vi, label.en, _instant(passage.entered_at), _instant(passage.left_at),
                passage.working_minutes, passage.role, names.agency(passage.agency_id), passage.outcome, passage.is_late,
                names.version(passage.version_id), names.centre(trace.centre_id), names.field(trace.field_id),
            )  # fmt: skip
            writer.writerow([harmless(cell) for cell in cells])
        if text.tell() >= BUFFER:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def pseudonym(case_id: int) -> str:
    """The name of a case in the log: the same in every export."""
    return lookup_digest(str(case_id), purpose=PURPOSE)[:DIGEST_LENGTH]


def _head(wanted: BottleneckQuery) -> Iterator[Any]:
    """Extensions, globals, classifiers and the log's name, in the order the schema requires."""
    for name, prefix in EXTENSIONS:
        yield _element("extension", name=name, prefix=prefix, uri=f"{NAMESPACE}{prefix}.xesext")
    traces_have = _element("global", scope="trace")
    traces_have.append(_attribute("string", "concept:name", ""))
    yield traces_have
    events_have = _element("global", scope="event")
    for kind, key, value in (
        ("string", "concept:name", ""), ("date", "time:timestamp", "1970-01-01T00:00:00.000+00:00"),
        ("string", "lifecycle:transition", "complete"), ("string", "org:role", ""),
    ):  # fmt: skip
        events_have.append(_attribute(kind, key, value))
    yield events_have
    yield _element("classifier", name="Step", keys="concept:name")
    yield _attribute("string", "concept:name", f"{wanted.first:%Y-%m}/{wanted.last:%Y-%m}")
    yield _attribute("string", "lifecycle:model", "standard")


def _trace(trace: Trace, names: "_Names") -> Any:
    told = _element("trace")
    told.append(_attribute("string", "concept:name", pseudonym(trace.case_id)))
    told.append(_attribute("string", "centre", names.centre(trace.centre_id)))
    if trace.field_id is not None:
        told.append(_attribute("string", "field", names.field(trace.field_id)))
    told.append(_attribute("string", "version", names.version(trace.version_id)))
    for passage in trace.passages:
        event, label = _element("event"), names.label(passage)
        given: list[tuple[str, str, Any]] = [
            ("string", "concept:name", passage.element), ("date", "time:timestamp", _instant(passage.left_at)),
            ("string", "lifecycle:transition", "complete"), ("string", "org:role", passage.role),
            ("string", "org:group", names.agency(passage.agency_id)), ("string", "label_vi", label.vi), ("string", "label_en", label.en),
            ("date", "waits_since", _instant(passage.entered_at)), ("int", "working_minutes", passage.working_minutes),
            ("string", "outcome", passage.outcome), ("boolean", "is_late", "true" if passage.is_late else "false"),
            ("string", "version", names.version(passage.version_id)),
        ]  # fmt: skip
        for kind, key, value in given:
            if value is not None and value != "":
                event.append(_attribute(kind, key, str(value)))
        told.append(event)
    return told


def _element(tag: str, **attributes: str) -> Any:
    return etree.Element(f"{{{NAMESPACE}}}{tag}", attributes, nsmap={None: NAMESPACE})


def _attribute(kind: str, key: str, value: str) -> Any:
    return _element(kind, key=key, value=value)


def _instant(instant: datetime) -> str:
    return instant.astimezone(LOCAL_ZONE).isoformat(timespec="milliseconds")


class _Sink:
    """A file for the XML writer whose content is taken piece by piece."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.size = 0

    def write(self, data: bytes) -> int:
        self._parts.append(data)
        self.size += len(data)
        return len(data)

    def taken(self) -> bytes:
        data = b"".join(self._parts)
        self._parts, self.size = [], 0
        return data


class _Names:
    """Names by row id, each kind read once: agencies and centres by key, fields by service code, steps by version."""

    def __init__(self, by: Actor) -> None:
        own = centres_read(by)
        here = select(Agency.id, Agency.key)
        self._agencies = _by_id(here if own is None else here.where(Agency.centre_id.in_(own)))
        self._centres = _by_id(select(Centre.id, Centre.code_prefix))
        self._fields = _by_id(select(Field.id, Field.service_code))
        self._versions: dict[int, tuple[str, Mapping[str, Bilingual]]] = {}

    def agency(self, row_id: int | None) -> str:
        return self._agencies.get(row_id or 0, "")

    def centre(self, row_id: int) -> str:
        return self._centres.get(row_id, "")

    def field(self, row_id: int | None) -> str:
        return self._fields.get(row_id or 0, "")

    def version(self, row_id: int) -> str:
        return self._version(row_id)[0]

    def label(self, passage: Passage) -> Bilingual:
        return self._version(passage.version_id)[1].get(passage.element, Bilingual("", ""))

    def _version(self, row_id: int) -> tuple[str, Mapping[str, Bilingual]]:
        if row_id not in self._versions:
            row = db.session.get_one(ProcessVersion, row_id)
            labels = {element.id: element.label for element in definition_of(row).steps}
            whose = self._centres[row.centre_id] + "-" if row.centre_id else ""
            self._versions[row_id] = (f"{whose}{row.number}", labels)
        return self._versions[row_id]


def _by_id(query: Any) -> dict[int, str]:
    return {row[0]: row[1] for row in db.session.execute(query)}
