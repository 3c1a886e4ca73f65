"""The case file (hồ sơ vụ việc): everything about one case, in order, as values, printed on A4 with the same facts attached as data.

Its content was selected for paper (casework/casefile/redaction.py, reports/case_file_reading.py): nothing that identifies a sender.

It is not an official letter of NĐ 30/2020 but what a body keeps about a matter (hồ sơ công việc, Điều 28), so it has a cover, a table of
contents and no number. Margins and page numbers still follow the decree.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson

from reports.assets import Attachment
from reports.official import SERIF_FACES
from reports.pdf import render_pdf
from reports.sheets import sheet_html, stylesheet

DATA_NAME = "ho-so.json"
"""The attachment with the same facts (relationship Data)."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture in its cleared copy. `sha256` is that of the copy the centre stores; the print is smaller."""

    name: str
    sha256: str
    caption: str
    at: datetime
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class FiledReport:
    """One report in its cleared words, empty if nothing was cleared. `transcripts` are of voice notes."""

    code: str
    source: str
    filed_at: datetime
    is_main: bool
    words: str | None
    transcripts: tuple[str, ...] = ()
    additions: tuple[tuple[datetime, str | None], ...] = ()
    left_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AnswerVersion:
    """One version of an agency's answer and what its leader decided on it."""

    version: int
    author: str
    submitted_at: datetime
    parts: tuple[tuple[str, str], ...]
    verdict: str | None = None
    decided_by: str = ""
    decided_at: datetime | None = None
    instructions: str | None = None


@dataclass(frozen=True, slots=True)
class AskedExtension:
    """A request for more time, and its outcome."""

    requested_at: datetime
    until: str
    reason: str | None
    outcome: str
    decided_at: datetime | None = None
    words: str | None = None


@dataclass(frozen=True, slots=True)
class AskedHandBack:
    """An agency's statement that the matter is not its own, and the outcome."""

    at: datetime
    reason: str
    suggested: str | None
    outcome: str
    decided_at: datetime | None = None
    words: str | None = None


@dataclass(frozen=True, slots=True)
class AgencyPart:
    """One agency's part of the case: what was asked of it, when, and everything it said."""

    agency: str
    role: str
    state: str
    distributed_at: datetime
    accepted_at: datetime | None
    due: str
    ended_at: datetime | None
    instructions: str | None
    end_words: str | None
    hand_backs: tuple[AskedHandBack, ...] = ()
    extensions: tuple[AskedExtension, ...] = ()
    answers: tuple[AnswerVersion, ...] = ()


@dataclass(frozen=True, slots=True)
class FiledVersion:
    version: int
    written_at: datetime
    title: str
    question: str
    summary: str | None
    correction_reason: str | None


@dataclass(frozen=True, slots=True)
class FiledAnswer:
    """One publication or private answer with its versions, newest first, and its ratings."""

    number: int
    kind: str
    published_at: datetime
    unpublished_at: datetime | None
    unpublish_reason: str | None
    versions: tuple[FiledVersion, ...]
    ratings: tuple[tuple[str, str, int], ...] = ()
    """About what, which level, how often."""


@dataclass(frozen=True, slots=True)
class FiledEvent:
    """An event off the usual path (hold, question, referral, directive, withdrawal, refusal, objection, merge, hotline call) or the record
    of a drawn step. `outcome` is how it ended."""

    title: str
    at: datetime
    by: str
    words: str | None
    ended_at: datetime | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """One time limit as it was promised, moved and ended."""

    name: str
    started_at: datetime
    first_due: str
    due: str
    ended_at: datetime | None
    verdict: str
    pauses: int = 0


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One entry of the history, or one note."""

    at: datetime
    words: str
    by: str
    why: str | None = None


@dataclass(frozen=True, slots=True)
class FiledLetter:
    """A document written about the case. `number` is empty until the clerk has assigned one."""

    kind: str
    at: datetime
    number: str
    state: str


@dataclass(frozen=True, slots=True)
class Proof:
    """The end of the hash chain of the case's history, and the newest signed anchor. `is_anchored`: that anchor covers it."""

    stream: str
    seq: int
    hash: str
    anchor: int | None = None
    anchor_digest: str = ""
    anchor_at: datetime | None = None
    is_anchored: bool = False


@dataclass(frozen=True, slots=True)
class CaseFile:
    """Everything about one case that may be printed. The same content always gives the same bytes."""

    code: str
    title: str
    centre: str
    parent_body: str
    printed_at: datetime
    printed_by: str
    state: str
    facts: tuple[tuple[str, str], ...]
    reports: tuple[FiledReport, ...]
    classification: tuple[tuple[str, str], ...]
    agencies: tuple[AgencyPart, ...]
    told: tuple[FiledAnswer, ...]
    turns: tuple[FiledEvent, ...]
    records: tuple[FiledEvent, ...]
    notes: tuple[TimelineEntry, ...]
    limits: tuple[Limit, ...]
    pictures: tuple[Picture, ...]
    timeline: tuple[TimelineEntry, ...]
    letters: tuple[FiledLetter, ...]
    proof: Proof
    is_sensitive: bool = False
    older_steps: int = 0
    """Steps older than the oldest one listed."""

    def pairs(self) -> list[tuple[Picture, ...]]:
        """The pictures in rows of two."""
        return [self.pictures[start : start + 2] for start in range(0, len(self.pictures), 2)]


def case_file_data(file: CaseFile) -> bytes:
    """The same facts as JSON. Instants are UTC."""
    return orjson.dumps({"kind": "case_file", "version": 1, **_fields(file)}, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z)


def case_file_pdf(file: CaseFile, pictures: Mapping[str, bytes], *, verify_page: str = "") -> bytes:
    """The file on A4 with its data attached; input is escaped. `pictures` are JPEG by name; a missing one leaves its caption."""
    there = [each for each in file.pictures if each.name in pictures]
    assets = {f"pictures/{each.name}.jpg": ("image/jpeg", pictures[each.name]) for each in there}
    html = sheet_html("case_file.html", file=file, verify_page=verify_page, with_pictures=frozenset(each.name for each in there))
    data = Attachment(DATA_NAME, case_file_data(file), "Dữ liệu của hồ sơ vụ việc, cùng nội dung với bản in")
    return render_pdf(html, stylesheet=stylesheet("case_file.css"), faces=SERIF_FACES, assets=assets, attachments=[data],
                      made_at=file.printed_at)  # fmt: skip


def _fields(file: CaseFile) -> dict[str, object]:
    return {name: getattr(file, name) for name in CaseFile.__slots__}


def names_of(pictures: Iterable[Picture]) -> list[str]:
    return [each.name for each in pictures]
