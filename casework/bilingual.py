"""Text that exists in both languages of the product."""

from typing import NamedTuple


class Bilingual(NamedTuple):
    """A sentence or label in Vietnamese and in English."""

    vi: str
    en: str

    def in_language(self, language: str) -> str:
        """The Vietnamese text for `vi`; the English one for `en` and for languages that only have a catalogue."""
        return self.vi if language == "vi" else self.en
