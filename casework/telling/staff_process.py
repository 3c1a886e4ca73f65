"""What administrators mended in the process of a case, as staff read it."""

from typing import Any

from casework.bilingual import Bilingual
from casework.telling.sentence import Audience, Known, Said, Sentence, always


def _with_reason(vi: str, en: str) -> Sentence:
    """A sentence with the reason behind it; an agency is told the act alone."""
    return lambda payload, known: Said(_reasoned(Bilingual(vi, en), payload, known))


def _moved(payload: dict[str, Any], known: Known) -> Said:
    labels = payload.get("labels", {})
    source, target = Bilingual(*labels.get("from", ("?", "?"))), Bilingual(*labels.get("to", ("?", "?")))
    vi, en = f"Quản trị chuyển quy trình từ “{source.vi}” sang “{target.vi}”", f"Set the process from “{source.en}” to “{target.en}”"
    return Said(_reasoned(Bilingual(vi, en), payload, known))


WHOSE = {"installation": Bilingual(" (chung)", " (of the installation)"), "centre": Bilingual(" (của trung tâm)", " (of the centre)")}


def _to_version(vi: str, en: str) -> Sentence:
    """From which version of the process to which; why, for whoever reads reasons."""

    def said(payload: dict[str, Any], known: Known) -> Said:
        # versions of the installation and of a centre are counted each for themselves
        whose = [WHOSE[each] for each in payload.get("whose", ())] or [Bilingual("", "")] * 2
        numbers = {"source": payload.get("from", "?"), "target": payload.get("to", "?")}
        told = Bilingual(
            vi.format(**{name: f"{number}{of.vi}" for (name, number), of in zip(numbers.items(), whose, strict=True)}),
            en.format(**{name: f"{number}{of.en}" for (name, number), of in zip(numbers.items(), whose, strict=True)}),
        )
        return Said(_reasoned(told, payload, known))

    return said


def _corrected(payload: dict[str, Any], known: Known) -> Said:
    label = Bilingual(*payload.get("label", ("?", "?")))
    words = Bilingual(f"Quản trị sửa giá trị “{label.vi}” của quy trình", f"Corrected the value “{label.en}” of the process")
    return Said(_reasoned(words, payload, known))


def _assigned(payload: dict[str, Any], known: Known) -> Said | None:
    """Who gave a step of whom to whom is in the step; an agency is told of its own people's steps alone."""
    if known.audience is Audience.AGENCY and "agency" not in payload:
        return None
    label = Bilingual(*payload.get("step", ("?", "?")))
    match payload.get("how"):
        case "taken":
            return Said(Bilingual(f"Chuyển bước “{label.vi}” cho người khác làm", f"Gave the step “{label.en}” to somebody else"))
        case "freed":
            return Said(Bilingual(f"Đưa bước “{label.vi}” về việc chung", f"Put the step “{label.en}” back for anybody"))
        case "returned":
            return Said(
                Bilingual(
                    f"Bước “{label.vi}” trở về việc chung vì người giữ đã rời vị trí",
                    f"The step “{label.en}” is free again: whoever held it has left",
                )
            )
        case _:
            return Said(Bilingual(f"Giao bước “{label.vi}” cho cán bộ", f"Gave the step “{label.en}” to a colleague"))


def _reasoned(words: Bilingual, payload: dict[str, Any], known: Known) -> Bilingual:
    reason = payload.get("reason")
    if not reason or known.audience is Audience.AGENCY:
        return words
    return Bilingual(f"{words.vi}. Lý do: {reason}", f"{words.en}. Reason: {reason}")


def _reorganised(payload: dict[str, Any], _known: Known) -> Said:
    """From whom to whom, by the names of the day."""
    pairs = [*(payload.get("moved") or ()), *(payload[name] for name in ("area", "centre") if payload.get(name))]
    said = list(dict.fromkeys((tuple(before or ("…", "…")), tuple(behind or ("…", "…"))) for before, behind in pairs))
    vi = "; ".join(f"{before[0]} → {behind[0]}" for before, behind in said)
    en = "; ".join(f"{before[1]} → {behind[1]}" for before, behind in said)
    if released := payload.get("released"):
        vi, en = f"{vi}. {released} việc trả về việc chung", f"{en}. Tasks put back for anybody: {released}"
    return Said(Bilingual(f"Sắp xếp đơn vị: {vi}", f"Bodies reorganised: {en}"), is_main=True)


SENTENCES_OF_THE_PROCESS: dict[str, Sentence] = {
    "retry_incident": always("Xử lý lại sau sự cố kỹ thuật", "Tried again after a technical fault"),
    "suspend_case": _with_reason("Quản trị tạm ngừng quy trình", "Suspended the process"),
    "resume_case": _with_reason("Quản trị cho quy trình chạy tiếp", "Let the process go on"),
    "move_token": _moved,
    "move_case": _to_version(
        "Quản trị chuyển hồ sơ từ bản {source} sang bản {target} của quy trình",
        "Moved the case from version {source} to version {target} of the process",
    ),
    "undo_move_case": _to_version(
        "Quản trị đưa hồ sơ từ bản {source} về lại bản {target} của quy trình",
        "Brought the case back from version {source} to version {target} of the process",
    ),
    "edit_variable": _corrected,
    "assign_task": _assigned,
    "reorganise": _reorganised,
    "undo_reorganise": always("Hoàn tác việc sắp xếp đơn vị", "Undid the reorganisation", is_main=True),
    "restore_state": _with_reason("Quản trị khôi phục trạng thái của quy trình", "Restored the state of the process"),
}
