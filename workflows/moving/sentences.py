"""How the history of staff says that a case runs on another version of its process."""

from casework.bilingual import Bilingual
from casework.sentences import Known, Payload, Said, Sentence, reasoned

WHOSE = {"installation": Bilingual(" (chung)", " (of the installation)"), "centre": Bilingual(" (của trung tâm)", " (of the centre)")}


def to_version(vi: str, en: str) -> Sentence:
    """From which version of the process to which; why, for whoever reads reasons."""

    def said(payload: Payload, known: Known) -> Said:
        # versions of the installation and of a centre are counted each for themselves
        whose = [WHOSE[each] for each in payload.get("whose", ())] or [Bilingual("", "")] * 2
        numbers = {"source": payload.get("from", "?"), "target": payload.get("to", "?")}
        told = Bilingual(
            vi.format(**{name: f"{number}{of.vi}" for (name, number), of in zip(numbers.items(), whose, strict=True)}),
            en.format(**{name: f"{number}{of.en}" for (name, number), of in zip(numbers.items(), whose, strict=True)}),
        )
        return Said(reasoned(told, payload, known))

    return said
