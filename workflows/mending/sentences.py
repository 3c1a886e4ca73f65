"""How the history of staff says what administrators mended in the process of a case."""

from casework.bilingual import Bilingual
from casework.sentences import Known, Payload, Said, reasoned


def token_moved(payload: Payload, known: Known) -> Said:
    """From which element to which."""
    labels = payload.get("labels", {})
    source, target = Bilingual(*labels.get("from", ("?", "?"))), Bilingual(*labels.get("to", ("?", "?")))
    if payload.get("is_part"):
        return Said(Bilingual(
            f"Phần tách ra đến thẳng bước “{target.vi}”: bước “{source.vi}” thuộc hồ sơ chính",
            f"The part went straight to “{target.en}”: “{source.en}” belongs to the case it is a part of",
        ))  # fmt: skip
    vi, en = f"Quản trị chuyển quy trình từ “{source.vi}” sang “{target.vi}”", f"Set the process from “{source.en}” to “{target.en}”"
    return Said(reasoned(Bilingual(vi, en), payload, known))


def variable_corrected(payload: Payload, known: Known) -> Said:
    """Which value."""
    label = Bilingual(*payload.get("label", ("?", "?")))
    words = Bilingual(f"Quản trị sửa giá trị “{label.vi}” của quy trình", f"Corrected the value “{label.en}” of the process")
    return Said(reasoned(words, payload, known))
