"""Communes by what an operator types during a call: two letters of the name are enough where they match only one.

Callers use the name they grew up with: a name from before a reorganisation means its successors today.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from flask_babel import gettext as _

from casework.models import Area
from casework.text import fold
from casework.triage.suggestions import LEVEL_WORDS
from web.locales import in_reader_language as local

MOST_EXAMPLES = 2


class CommuneName(NamedTuple):
    """A present commune under one of its names; `former` is the former name where that was matched."""

    area: Area
    former: str | None = None

    @property
    def folded(self) -> str:
        """The matched name, without accents."""
        return fold(self.former or self.area.name_vi)

    @property
    def said(self) -> str:
        """The text for the form: "Xã Lạc Dương (trước đây: Xã Đạ Chais)"."""
        name = local(self.area.name)
        return f"{name} ({_('formerly: %(name)s', name=self.former)})" if self.former else name


def names_of(communes: Sequence[Area], former: Mapping[int, Sequence[str]]) -> list[CommuneName]:
    """Every name a commune may be called by: present names, then former ones."""
    own = [CommuneName(area) for area in communes]
    return own + [CommuneName(area, name) for area in communes for name in former.get(area.id, ())]


def commune_meant(typed: str, names: Sequence[CommuneName]) -> list[CommuneName]:
    """The communes a typed text may mean, each once: one is the answer, several are to be chosen from, none is unknown.

    Tried in this order: the whole name; the name without "xã" or "phường", present before former; the beginning of a word of a present
    name; initials; the beginning of a word of a former name. Accents and case never count. Text in brackets after a name was added by this
    form and is ignored.
    """
    wanted = fold(typed.partition(" (")[0])
    if not wanted:
        return []
    today, before = [each for each in names if not each.former], [each for each in names if each.former]
    tiers = [
        *((means, among) for among in (today, before) for means in (_is_name, _is_bare_name)),
        *((means, today) for means in (_begins, _has_word, _is_initials)),
        *((means, before) for means in (_begins, _has_word)),
    ]
    for means, among in tiers:
        if found := {each.area.id: each for each in reversed(among) if means(wanted, each.folded)}:
            return list(reversed(found.values()))
    return []


def examples_of(names: Sequence[CommuneName], centre_id: int) -> list[str]:
    """Pairs of letters that mean one commune of the centre and begin no name of another, at most MOST_EXAMPLES."""
    found: list[str] = []
    for each in names:
        if len(found) < MOST_EXAMPLES and not each.former and each.area.centre_id == centre_id:
            others = [other.folded for other in names if other.area is not each.area]
            sound = (
                letters for letters in _short(each.folded)
                if [meant.area for meant in commune_meant(letters, names)] == [each.area]
                and not any(_begins(letters, name) for name in others)
            )  # fmt: skip
            found += [letters for letters in sound if letters not in found][:1]
    return found


def bare_name(folded: str) -> str:
    """A folded name without the word for its level."""
    return next((folded[len(level) + 1 :] for level in LEVEL_WORDS if folded.startswith(f"{level} ")), folded)


def _short(name: str) -> Iterator[str]:
    words = bare_name(name).split()
    yield from (letters for letters in ("".join(word[0] for word in words), "".join(words)[:2]) if len(letters) == 2 and letters.isalpha())


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
