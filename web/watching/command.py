"""`langbiang health`: the sentences of the health page."""

from casework.words import Bilingual
from web.watching.finding import Level
from web.watching.findings import is_sound
from web.watching.surroundings import findings_here

LEVELS = {
    Level.DANGER: Bilingual("NGUY  ", "DANGER"), Level.WARNING: Bilingual("CHÚ Ý ", "WARN  "), Level.NOTE: Bilingual("ghi   ", "note  "),
}  # fmt: skip
WELL = Bilingual("Mọi việc đều ổn.", "All is well.")


def health_lines(language: str) -> tuple[list[str], bool]:
    """What to print, and whether nobody is needed."""
    found = findings_here()
    told = ((LEVELS[each.level], each.what, each.todo) for each in found)
    lines = [" ".join(words.in_language(language) for words in each) for each in told]
    return lines or [WELL.in_language(language)], is_sound(found)
