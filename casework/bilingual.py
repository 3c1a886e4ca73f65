"""Text that exists in both languages of the product."""

from typing import NamedTuple


class Bilingual(NamedTuple):
    """A sentence or label in Vietnamese and in English."""

    vi: str
    en: str

    def in_language(self, language: str) -> str:
        """Return the English text for `en`, the Vietnamese one otherwise."""
        return self.en if language == "en" else self.vi
