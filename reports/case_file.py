"""The case file (hồ sơ vụ việc): everything of one case in its order, as values, set on A4 sheets with the same facts as data inside.

What stands in it was chosen for paper (casework/casefile/redaction.py, reports/case_file_reading.py): nothing from which a sender could
be known.
It is not an official letter of NĐ 30/2020 but what a body keeps of a matter (hồ sơ công việc, Điều 28), so it has a cover, a table of
contents and no number. Margins and page numbers are those of the decree all the same.
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
    """One picture by its cleared copy. `sha256` is that of the copy the centre keeps; the print is smaller."""

    name: str
    sha256: str
    caption: str
    at: datetime
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class FiledReport:
    """One report by its cleared words; empty where nothing of it was cleared. `transcripts` were written down from voice notes."""

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
    """More time that was asked for, and what became of it."""

    requested_at: datetime
    until: str
    reason: str | None
    outcome: str
    decided_at: datetime | None = None
    words: str | None = None


@dataclass(frozen=True, slots=True)
class AskedHandBack:
    """That an agency said the matter is not its own, and what became of it."""

    at: datetime
    reason: str
    suggested: str | None
    outcome: str
    decided_at: datetime | None = None
    words: str | None = None


@dataclass(frozen=True, slots=True)
class AgencyPart:
    """One agency's part of the case: what was asked of it, when, and all it said."""

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
class ToldVersion:
    """One version of what was told."""

    version: int
    written_at: datetime
    title: str
    question: str
    summary: str | None
    correction_reason: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """One publication or private answer with its versions, the newest first, and how it was rated."""

    number: int
    kind: str
    published_at: datetime
    unpublished_at: datetime | None
    unpublish_reason: str | None
    versions: tuple[ToldVersion, ...]
    ratings: tuple[tuple[str, str, int], ...] = ()
    """About what, which level, how often."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Something beside the way: a hold, a question, a referral, a directive, a call. `outcome` is how it ended."""

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
class Line:
    """One line of the history."""

    at: datetime
    words: str
    by: str
    why: str | None = None


@dataclass(frozen=True, slots=True)
class FiledLetter:
    """A document that was written about the case. `number` is empty until the clerk has given one."""

    kind: str
    at: datetime
    number: str
    state: str


@dataclass(frozen=True, slots=True)
class Proof:
    """Where the chain of the case's history stands, and the newest signed anchor. `is_anchored`: that anchor covers the head."""

    stream: str
    seq: int
    hash: str
    anchor: int | None = None
    anchor_digest: str = ""
    anchor_at: datetime | None = None
    is_anchored: bool = False


@dataclass(frozen=True, slots=True)
class CaseFile:
    """Everything of one case that may stand on paper. Printing it again from the same content gives the same bytes."""

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
    told: tuple[Told, ...]
    turns: tuple[Turn, ...]
    records: tuple[Turn, ...]
    notes: tuple[Line, ...]
    limits: tuple[Limit, ...]
    pictures: tuple[Picture, ...]
    timeline: tuple[Line, ...]
    letters: tuple[FiledLetter, ...]
    proof: Proof
    is_sensitive: bool = False
    older_steps: int = 0
    """Steps before the oldest that is listed."""

    def pairs(self) -> list[tuple[Picture, ...]]:
        """The pictures as rows of two."""
        return [self.pictures[start : start + 2] for start in range(0, len(self.pictures), 2)]


def case_file_html(file: CaseFile, *, verify_page: str = "") -> str:
    """The file as a page: whatever people typed is text there, never markup. Pictures are `app:///pictures/<name>`."""
    return sheet_html("case_file.html", file=file, verify_page=verify_page)


def case_file_data(file: CaseFile) -> bytes:
    """The same facts as JSON, for programs. Instants are UTC."""
    return orjson.dumps({"kind": "case_file", "version": 1, **_fields(file)}, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z)


def case_file_pdf(file: CaseFile, pictures: Mapping[str, bytes], *, verify_page: str = "") -> bytes:
    """The file on A4 sheets with its data inside. `pictures` are JPEG by name; one whose bytes are gone leaves its caption."""
    there = [each for each in file.pictures if each.name in pictures]
    assets = {f"pictures/{each.name}.jpg": ("image/jpeg", pictures[each.name]) for each in there}
    html = sheet_html("case_file.html", file=file, verify_page=verify_page, with_pictures=frozenset(each.name for each in there))
    data = Attachment(DATA_NAME, case_file_data(file), "Dữ liệu của hồ sơ vụ việc, cùng nội dung với bản in")
    return render_pdf(html, stylesheet=stylesheet("case_file.css"), faces=SERIF_FACES, assets=assets, attachments=[data],
                      made_at=file.printed_at)  # fmt: skip


def _fields(file: CaseFile) -> dict[str, object]:
    return {name: getattr(file, name) for name in CaseFile.__slots__}


def names_of(pictures: Iterable[Picture]) -> list[str]:
    """The names of pictures in their order."""
    return [each.name for each in pictures]
