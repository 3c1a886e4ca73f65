"""Letters about one case, from stored content: slip, answer, notices, minutes. Each class holds what its template reads."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from reports.official import Frame, letter_html
from reports.wording import day_of, due_in_words, lines_of, sentence

Content = dict[str, Any]


@dataclass(frozen=True, slots=True)
class LetterBasics:
    """What every letter about a case says: code and date of the report, sending unit and its telephone, added words."""

    code: str
    filed_on: date | None
    unit: str
    centre: str
    phone: str
    words: tuple[str, ...]
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class TransferSlip:
    """The request to a recipient. `role` is lead or cooperating; None for an external body."""

    to: str
    role: str | None
    title: str
    field: str
    where: str
    urgent: bool
    texts: tuple[tuple[str, tuple[str, ...]], ...]
    photos: int
    instructions: str
    due: str
    is_sensitive: bool


@dataclass(frozen=True, slots=True)
class AnsweredPart:
    """One agency's answer, unedited."""

    agency: str
    findings: tuple[str, ...]
    actions: tuple[str, ...]
    remaining: tuple[str, ...]
    contact: str


@dataclass(frozen=True, slots=True)
class AnswerLetter:
    """The answer. `is_of_agency`: in the name of one agency, with its part only."""

    title: str
    is_interim: bool
    is_of_agency: bool
    parts: tuple[AnsweredPart, ...]
    summary: tuple[str, ...]
    missing: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ExtensionNotice:
    """Why it takes longer, and until when."""

    title: str
    old_due: str
    new_due: str
    reason: str


@dataclass(frozen=True, slots=True)
class RefusalNotice:
    """Why a report is not accepted, and what its sender can do."""

    title: str
    reason: str
    explained: tuple[str, ...]
    guidance: str
    object_until: date | None
    object_days: int


@dataclass(frozen=True, slots=True)
class Item:
    """One item handed over: what, how many, and the digest of a file as received."""

    name: str
    count: int
    sha256: str


@dataclass(frozen=True, slots=True)
class HandoverMinutes:
    """Who hands what to whom."""

    to: str
    hands_over: str
    is_apart: bool
    items: tuple[Item, ...]

    @property
    def total(self) -> int:
        """The number of things in all."""
        return sum(item.count for item in self.items)


RECORDINGS = {"voice": "Tệp ghi âm", "video": "Tệp video"}


def transfer_slip_html(content: Content, frame: Frame) -> str:
    slip = TransferSlip(
        to=content["to"], role=content["role"], title=content["title"], field=content["field"], where=content["where"],
        urgent=content["urgent"], texts=tuple((each["code"], lines_of(each["words"])) for each in content["texts"]),
        photos=content["photos"], instructions=sentence(content["instructions"]), due=due_in_words(content["due_at"]),
        is_sensitive=content.get("is_sensitive", False),
    )  # fmt: skip
    return letter_html("transfer_slip.html", frame, told=basics_of(content), slip=slip)


def answer_letter_html(content: Content, frame: Frame) -> str:
    parts = tuple(
        AnsweredPart(each["agency"], lines_of(each["findings"]), lines_of(each["actions"]), lines_of(each["remaining"]), each["contact"])
        for each in content["answers"]
    )
    letter = AnswerLetter(
        title=content["title"], is_interim=content["publication"] == "interim", is_of_agency=content["unit"] != content["centre"],
        parts=parts, summary=lines_of(content["summary"]),
        missing=tuple((each["agency"], sentence(each["reason"])) for each in content["missing"]),
    )  # fmt: skip
    return letter_html("answer_letter.html", frame, told=basics_of(content), letter=letter)


def extension_notice_html(content: Content, frame: Frame) -> str:
    notice = ExtensionNotice(
        content["title"], due_in_words(content["old_due_at"]), due_in_words(content["new_due_at"]), sentence(content["reason"])
    )
    return letter_html("extension_notice.html", frame, told=basics_of(content), notice=notice)


def refusal_notice_html(content: Content, frame: Frame) -> str:
    notice = RefusalNotice(
        content["title"], sentence(content["reason"]), lines_of(content["explained"]), sentence(content["guidance"]),
        day_of(content["object_until"]), content["object_days"],
    )  # fmt: skip
    return letter_html("refusal_notice.html", frame, told=basics_of(content), notice=notice)


def handover_minutes_html(content: Content, frame: Frame) -> str:
    several = len(content["photos"]) > 1
    items = [Item("Nội dung phản ánh", content["reports"], "")]
    if content["additions"]:
        items.append(Item("Nội dung người phản ánh gửi thêm", content["additions"], ""))
    items += [
        Item(f"Ảnh hiện trường {number}" if several else "Ảnh hiện trường", 1, sha) for number, sha in enumerate(content["photos"], 1)
    ]
    items += [Item(RECORDINGS[each["kind"]], 1, each["sha256"]) for each in content["recordings"]]
    minutes = HandoverMinutes(content["to"], content["hands_over"], content["is_apart"], tuple(items))
    return letter_html("handover_minutes.html", frame, told=basics_of(content), minutes=minutes)


def basics_of(content: Content) -> LetterBasics:
    return LetterBasics(
        code=content["code"], filed_on=day_of(content["filed_on"]), unit=content["unit"], centre=content["centre"], phone=content["phone"],
        words=lines_of(content["words"]), is_hidden=content.get("is_hidden", False),
    )  # fmt: skip
