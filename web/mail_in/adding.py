"""What a letter says, added to its report as its sender would on their own page: by the same acts, limits and examination of photos."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

from werkzeug.datastructures import FileStorage

from casework.contacts.report_links import case_of, open_questions
from casework.mail_in import Attachment, Letter
from casework.models import Report
from casework.pausing.additions import LONGEST_WORDS, WriteToCentreInput
from casework.pausing.questions import AnswerQuestionInput
from casework.permissions import Actor
from casework.sent_once import key_of, sending
from casework.text import normal
from web.files.report_files import most_report_photos
from web.files.uploads import stage_uploads
from workflows.running.acts import act
from workflows.running.incidents import run_recorded, spot_in_case
from workflows.running.reporter_steps import do_own_step

ANSWER, ADDITION = "answer_question", "write_to_centre"


@dataclass(frozen=True)
class Taken:
    """What of a letter is added: its words in pieces as long as an addition may be, and its images."""

    pieces: tuple[str, ...]
    images: tuple[Attachment, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.pieces or self.images)


def taken_of(letter: Letter) -> Taken:
    """The words without quoted history, and the images. Of other files nothing is kept; they are named by `not_kept`."""
    words = normal(letter.words)
    pieces = tuple(words[start : start + LONGEST_WORDS] for start in range(0, len(words), LONGEST_WORDS))
    return Taken(pieces, tuple(file for file in letter.attachments if file.content))


def not_kept(letter: Letter, refused: int = 0) -> str:
    """A line for the operators on what came with a letter and is not kept; empty where nothing did."""
    others = [f"{file.name or '?'} ({file.media_type}, {-(-file.size // 1024)} KB)" for file in letter.attachments if not file.content]
    said = [", ".join(others)] if others else []
    if refused:
        said.append(f"{refused} ảnh không đọc được")
    if letter.left_out:
        said.append(f"{letter.left_out} tệp khác")
    return f"[Thư có tệp không được giữ lại: {'; '.join(said)}]" if said else ""


def add_letter(letter: Letter, report: Report, *, key: str, by: Actor, now: datetime, beside: Callable[[], None]) -> None:
    """Answer the centre's question to the sender with the letter, or else add it to the case; `beside` is done in the same unit of work.

    `by` acts for the sender of this report alone. Done before under this key it does nothing. Raises SentBefore, and what the acts of the
    sender's own page refuse with, CaseBusy and StepFailed.
    """
    taken, form_key = taken_of(letter), key_of("mail", key)
    token, refused = form_key[:32], 0
    if taken.images:
        refused = stage_images(taken.images, token=token, by=by)
    pieces = [*taken.pieces]
    if note := not_kept(letter, refused):
        pieces = [*pieces[:-1], *_with_note(pieces[-1] if pieces else "", note[:LONGEST_WORDS])]
    case = case_of(report)
    is_answer = report.id in open_questions([report.id])

    def said() -> None:
        for number, words in enumerate(pieces or [""]):
            files = token if number == 0 and taken.images else None
            if number == 0 and is_answer:
                do_own_step(case, ANSWER, by=by, now=now, given=AnswerQuestionInput(report=report, words=words, token=files))
            else:
                act(case.ref, ADDITION, by=by, now=now, given=WriteToCentreInput(report=report, words=words, token=files))
        beside()

    with sending(form_key):
        run_recorded(said, lambda: spot_in_case(case.id, ANSWER if is_answer else ADDITION), now=now)


def stage_images(images: Sequence[Attachment], *, token: str, by: Actor) -> int:
    """Examine and keep a letter's images like uploads; returns how many were refused."""
    files = [FileStorage(BytesIO(file.content or b""), filename=file.name or "anh") for file in images]
    return len(stage_uploads(files, token=token, purpose="scene", by=by, most=most_report_photos()))


def _with_note(words: str, note: str) -> list[str]:
    joined = f"{words}\n\n{note}" if words else note
    return [joined] if len(joined) <= LONGEST_WORDS else [words, note]
