"""`langbiang health`: prints the sentences of the health page."""

from casework.bilingual import Bilingual
from web.schema_check import DatabaseAway
from web.watching.finding import Level
from web.watching.findings import is_sound
from web.watching.surroundings import findings_here

LEVELS = {
    Level.DANGER: Bilingual("NGUY  ", "DANGER"), Level.WARNING: Bilingual("CHÚ Ý ", "WARN  "), Level.NOTE: Bilingual("ghi   ", "note  "),
}  # fmt: skip
WELL = Bilingual("Mọi việc đều ổn.", "All is well.")


def line_of_database_away(away: DatabaseAway, language: str) -> str:
    """The line for a database that does not answer, so that nothing else can be examined."""
    return f"{LEVELS[Level.DANGER].in_language(language)} {away.text.in_language(language)}"


def health_lines(language: str) -> tuple[list[str], bool]:
    """The lines to print, and whether nothing needs attention."""
    found = findings_here()
    told = ((LEVELS[each.level], each.what, each.todo) for each in found)
    lines = [" ".join(words.in_language(language) for words in each) for each in told]
    return lines or [WELL.in_language(language)], is_sound(found)
