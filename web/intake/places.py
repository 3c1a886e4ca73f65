"""The place as somebody types it while another talks: two letters of a commune's name are enough where they mean one alone."""

from collections.abc import Sequence

from casework.folding import fold
from casework.models import Area
from casework.suggesting import LEVEL_WORDS


def commune_meant(typed: str, communes: Sequence[Area]) -> list[Area]:
    """Return the communes a typed text may mean: one is the answer, several are to be chosen from, none is unknown.

    First the whole name, then its own words without "xã" or "phường", then how a word of it begins, then its initials; accents
    and case never count.
    """
    wanted = fold(typed)
    if not wanted:
        return []
    for means in (_is_name, _is_bare_name, _begins, _has_word, _is_initials):
        if found := [area for area in communes if means(wanted, fold(area.name_vi))]:
            return found
    return []


def bare_name(folded: str) -> str:
    """A folded name without the word for its level."""
    return next((folded[len(level) + 1 :] for level in LEVEL_WORDS if folded.startswith(f"{level} ")), folded)


def _is_name(wanted: str, name: str) -> bool:
    return wanted == name


def _is_bare_name(wanted: str, name: str) -> bool:
    return wanted == bare_name(name)


def _begins(wanted: str, name: str) -> bool:
    return bare_name(name).startswith(wanted) or name.startswith(wanted)


def _has_word(wanted: str, name: str) -> bool:
    return any(word.startswith(wanted) for word in bare_name(name).split())


def _is_initials(wanted: str, name: str) -> bool:
    return "".join(word[0] for word in bare_name(name).split()) == wanted
