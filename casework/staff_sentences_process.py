"""What administrators mended in the process of a case, as staff read it."""

from typing import Any

from casework.said import Audience, Known, Said, Sentence, always
from casework.words import Bilingual


def _with_reason(vi: str, en: str) -> Sentence:
    """A sentence with the reason behind it; an agency is told the act alone."""
    return lambda payload, known: Said(_reasoned(Bilingual(vi, en), payload, known))


def _moved(payload: dict[str, Any], known: Known) -> Said:
    labels = payload.get("labels", {})
    source, target = Bilingual(*labels.get("from", ("?", "?"))), Bilingual(*labels.get("to", ("?", "?")))
    vi, en = f"Quản trị chuyển quy trình từ “{source.vi}” sang “{target.vi}”", f"Set the process from “{source.en}” to “{target.en}”"
    return Said(_reasoned(Bilingual(vi, en), payload, known))


def _corrected(payload: dict[str, Any], known: Known) -> Said:
    label = Bilingual(*payload.get("label", ("?", "?")))
    words = Bilingual(f"Quản trị sửa giá trị “{label.vi}” của quy trình", f"Corrected the value “{label.en}” of the process")
    return Said(_reasoned(words, payload, known))


def _reasoned(words: Bilingual, payload: dict[str, Any], known: Known) -> Bilingual:
    reason = payload.get("reason")
    if not reason or known.audience is Audience.AGENCY:
        return words
    return Bilingual(f"{words.vi}. Lý do: {reason}", f"{words.en}. Reason: {reason}")


SENTENCES_OF_THE_PROCESS: dict[str, Sentence] = {
    "retry_incident": always("Xử lý lại sau sự cố kỹ thuật", "Tried again after a technical fault"),
    "suspend_case": _with_reason("Quản trị tạm ngừng quy trình", "Suspended the process"),
    "resume_case": _with_reason("Quản trị cho quy trình chạy tiếp", "Let the process go on"),
    "move_token": _moved,
    "edit_variable": _corrected,
    "restore_state": _with_reason("Quản trị khôi phục trạng thái của quy trình", "Restored the state of the process"),
}
