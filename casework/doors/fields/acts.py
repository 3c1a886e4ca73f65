"""What is filled in for the acts of agencies, and which input of a use case it becomes."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

import msgspec

from casework.answers.acts import LONGEST_CONTACT, LONGEST_PART
from casework.assignments.extensions import LONGEST_WORDS, RequestExtensionInput
from casework.assignments.hand_backs import HandBackInput
from casework.bilingual import Bilingual
from casework.doors.fields.told import Ref, Taken
from casework.notes.notes import LONGEST_NOTE, ProgressNoteInput
from casework.photos.records import MOST_PHOTOS
from casework.verbs import Input

Part = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_PART)]
Contact = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_CONTACT)]
Note = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NOTE)]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_WORDS)]
Why = Annotated[str, msgspec.Meta(max_length=300)]
Photos = Annotated[list[Ref], msgspec.Meta(max_length=MOST_PHOTOS)]


def _up_to(most: int) -> Bilingual:
    return Bilingual(f"1 đến {most} ký tự.", f"1 to {most} characters.")


ACCEPT: tuple[Taken, ...] = ()
PROGRESS = (Taken("words", Note, Bilingual("Việc đến đâu", "How the work goes"), _up_to(LONGEST_NOTE), is_needed=True),)
EXTENSION = (
    Taken("until_on", date, Bilingual("Ngày cuối mới", "New last day"),
          Bilingual("Ngày địa phương, còn trong hạn.", "A local day, still in time."),
          is_needed=True),
    Taken("reason", Reason, Bilingual("Lý do", "Reason"), _up_to(LONGEST_WORDS), is_needed=True),
)  # fmt: skip
HAND_BACK = (Taken("reason", Reason, Bilingual("Lý do chuyển trả", "Why it is not the agency's"), _up_to(LONGEST_WORDS), is_needed=True),)
ANSWER = (
    Taken("findings", Part, Bilingual("Hiện trạng", "What was found"), _up_to(LONGEST_PART), is_needed=True),
    Taken("actions", Part, Bilingual("Việc đã làm", "What was done"), _up_to(LONGEST_PART), is_needed=True),
    Taken("remaining", Part, Bilingual("Việc còn lại", "What remains"),
          Bilingual(f"Hoặc “Không còn”; 1 đến {LONGEST_PART} ký tự.", f"Or “Nothing”; 1 to {LONGEST_PART} characters."), is_needed=True),
    Taken("contact", Contact, Bilingual("Liên hệ", "Whom to ask"), _up_to(LONGEST_CONTACT), is_needed=True),
    Taken("photos", Photos, Bilingual("Ảnh", "Photos"),
          Bilingual("Mã của ảnh đã gửi tới /photos, theo thứ tự.", "Refs of photos sent to /photos, in order.")),
    Taken("no_photo_reason", Why, Bilingual("Lý do không có ảnh", "Why there is no photo"),
          Bilingual("Cần khi không có ảnh, tối đa 300 ký tự.", "Needed where there is no photo, at most 300 characters.")),
)  # fmt: skip

MEMBER_OF = {"until": "until_on"}
"""Members called otherwise than the field of the use case they fill in."""


def input_of(verb: str, found: Mapping[str, Any]) -> Input | None:
    """What the use case of a verb takes, but for the answer, whose photos are the caller's to bring."""
    match verb:
        case "progress_note":
            return ProgressNoteInput(words=found["words"])
        case "request_extension":
            return RequestExtensionInput(reason=found["reason"], until=found["until_on"])
        case "hand_back":
            return HandBackInput(reason=found["reason"])
    return None
