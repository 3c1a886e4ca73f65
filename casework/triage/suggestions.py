"""Suggestions from the words of a report: a field of work, urgency, a place, each with the words that led to it; a person decides.

Phrases are compared word by word without accents, so that reports typed in haste are understood; in a text typed *with* accents they have
to match ("già cả" does not match "giá cả"). Of overlapping phrases the longest counts. Without a clear result nothing is suggested
(docs/decisions.md, 45).
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import or_, select

from casework.db import db
from casework.local_time import local_day
from casework.models import Area, AreaSuccession, Case, SuggestionRule
from casework.places.lookup import areas_around
from casework.places.points import exact_point
from casework.reading.kept_with_rules import kept_with_rules
from casework.reading.rule_rows import AreaRow, columns_for, rows_by
from casework.text import fold
from casework.triage.classifier import LIKENESS
from casework.triage.personal_marks import NAME_WORD

LEAST_WEIGHT = {"field": 6, "urgency": 8}
"""The least total weight of a target's phrases for a suggestion."""
LEAST_LEAD = 1.25
"""The factor by which the first field has to outweigh the second; closer results are not clear."""
ACCENTED_SHARE = 0.3
"""The least share of words with accents in a text typed with accents."""
MOST_RULES = 5_000
MOST_WORDS = 2_000
"""The first words of a report that are examined."""
MOST_AREAS = 5_000
MOST_SHOWN = 5
"""Phrases shown as the reason."""

URGENT = "urgent"
LEVEL_WORDS = ("tinh", "thanh pho", "huyen", "thi xa", "thi tran", "xa", "phuong", "thon", "buon", "bon", "to dan pho", "khu pho", "ap")
_STREET = re.compile(
    r"\b(?:(?:QL|ĐT)[ .]?\d+[A-Z]?|(?i:quốc lộ|tỉnh lộ)\s+\d+[A-Z]?|"
    rf"(?i:đường|hẻm)\s+(?!Quốc|Tỉnh|Em|Xin|Mong){NAME_WORD}(?:\s+{NAME_WORD}){{0,3}})"
)
_WORD = re.compile(r"[\w'’ʼ]+")


class Word(NamedTuple):
    """A word of a text: as written, without accents, and its accents."""

    written: str
    bare: str
    accents: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A target and the words that suggest it; `by_likeness` when earlier cases suggest it and no rule does."""

    target: str
    words: tuple[str, ...]
    by_likeness: bool = False


@dataclass(frozen=True, slots=True)
class PlaceSuggestion:
    """The place according to the words or the position, with today's names of the areas. `former` is its name before a reorganisation."""

    area: AreaRow | None
    village: str | None
    words: tuple[str, ...]
    former: AreaRow | None = None
    by_position: bool = False


@dataclass(frozen=True, slots=True)
class Suggestions:
    """All suggestions for one case; None without a clear result."""

    field: Suggestion | None
    urgent: Suggestion | None
    place: PlaceSuggestion | None


@dataclass(frozen=True, slots=True)
class _Phrase:
    target: str
    words: tuple[Word, ...]
    weight: int


def words_in(text: str) -> list[Word]:
    """The words of a text, at most MOST_WORDS, each with its accents separated."""
    return [_word(match.group()) for _, match in zip(range(MOST_WORDS), _WORD.finditer(text), strict=False)]


def suggestions_for(case: Case, text: str, *, now: datetime, place: str = "") -> Suggestions:
    """Return the suggestions from a case's reports by the rules in force; for the field, where no rule applies, by likeness.

    `place` is the text that may name a place, where it is more than `text`.
    """
    field, urgent = suggestions_in(case.centre_id, text, now=now)
    return Suggestions(field, urgent, suggest_place(case, place or text, now=now))


def suggestions_in(centre_id: int, text: str, *, now: datetime) -> tuple[Suggestion | None, Suggestion | None]:
    """Return the field of work and the urgency suggested by a text in a centre, without a case."""
    rules, words = _rules(centre_id, local_day(now)), words_in(text)
    field = _clearest_field(_weighed(rules["field"], words))
    if field is None and (like := LIKENESS.field_of(centre_id, text, now=now)) is not None:
        field = Suggestion(like[0], like[1], by_likeness=True)
    return field, _urgency(rules["urgency"], words)


def _urgency(phrases: Sequence["_Phrase"], words: Sequence[Word]) -> Suggestion | None:
    weight, spoke = _weighed(phrases, words).get(URGENT, (0, ()))
    return Suggestion(URGENT, spoke) if weight >= LEAST_WEIGHT["urgency"] else None


def spoken_of(phrases: Mapping[str, Iterable[str]], text: str) -> dict[str, tuple[str, ...]]:
    """Return the targets with a phrase in a text, each with the words that matched."""
    weighed = [_Phrase(target, words_of_phrase(phrase), 1) for target, each in phrases.items() for phrase in each]
    return {target: words for target, (_, words) in _weighed(weighed, words_in(text)).items()}


def suggest_place(case: Case, text: str, *, now: datetime) -> PlaceSuggestion | None:
    """Return the commune and village, or the street, that a text names by a present or former name.

    A name shared by several communes counts only together with the name of one of them. Without a name, the position sent counts where
    exactly one commune contains it. None when no place is named, or several are.
    """
    places = _places(case.centre_id, local_day(now))
    found = places.named_in(text)
    street = _STREET.search(text)
    if found is None and (position := exact_point(case)) is not None:
        found = places.around(*position)
    if street is None or (found is not None and found.village is not None):
        return found
    name = " ".join(street.group().split())
    if found is None:
        return PlaceSuggestion(None, name, (name,))
    return PlaceSuggestion(found.area, name, tuple(dict.fromkeys((*found.words, name))), found.former, found.by_position)


@lru_cache(maxsize=2 * MOST_RULES)
def words_of_phrase(phrase: str) -> tuple[Word, ...]:
    """The words of a phrase, cached because they are the same for every report."""
    return tuple(words_in(phrase))


def _word(written: str) -> Word:
    bare = fold(written)
    return Word(written, bare, "" if written.lower() == bare else _accents(written))


def _accents(written: str) -> str:
    """The accents of a word regardless of position: "hoà" and "hòa" are one word."""
    parts = unicodedata.normalize("NFD", written.lower())
    return "".join(sorted(sign for sign in parts if unicodedata.combining(sign) or sign == "đ"))


def _speaks(phrase: Sequence[Word], text: Sequence[Word], *, is_plain: bool) -> bool:
    """Whether these words match the phrase; in a text typed without accents (`is_plain`) a word matches regardless of accents."""
    pairs = zip(phrase, text, strict=True)
    return all(one.bare == other.bare and (one.accents == other.accents or (is_plain and not other.accents)) for one, other in pairs)


def is_plain(text: Sequence[Word]) -> bool:
    return sum(bool(word.accents) for word in text) < ACCENTED_SHARE * len(text)


@kept_with_rules
def _rules(centre_id: int, today: date) -> Mapping[str, Sequence[_Phrase]]:
    """The phrases in force by kind, the centre's own before the installation's (rules.md, section 8)."""
    rule = SuggestionRule
    query = (
        select(rule.kind, rule.target, rule.phrase, rule.weight, rule.centre_id)
        .where(or_(rule.centre_id == centre_id, rule.centre_id.is_(None)))
        .where(rule.valid_from <= today, or_(rule.valid_to.is_(None), rule.valid_to > today))
        .order_by(rule.id)
        .limit(MOST_RULES)
    )
    rows = db.session.execute(query).all()
    own = {(kind, phrase) for kind, _, phrase, _, owner in rows if owner is not None}
    found: dict[str, list[_Phrase]] = {"field": [], "urgency": []}
    for kind, target, phrase, weight, owner in rows:
        if words := words_of_phrase(phrase) if owner is not None or (kind, phrase) not in own else ():
            found[kind].append(_Phrase(target, words, weight))
    return found


def _clearest_field(found: Mapping[str, tuple[int, tuple[str, ...]]]) -> Suggestion | None:
    ranked = sorted(found.items(), key=lambda each: -each[1][0])
    if not ranked or ranked[0][1][0] < LEAST_WEIGHT["field"]:
        return None
    target, (weight, words) = ranked[0]
    if len(ranked) > 1 and weight < LEAST_LEAD * ranked[1][1][0]:
        return None
    return Suggestion(target, words)


def _weighed(phrases: Sequence[_Phrase], text: Sequence[Word]) -> dict[str, tuple[int, tuple[str, ...]]]:
    """The weight of each target and the words that led to it, the heaviest first; a phrase counts once."""
    plain, starts = is_plain(text), dict[str, list[int]]()
    for index, word in enumerate(text):
        starts.setdefault(word.bare, []).append(index)
    taken: set[int] = set()
    spoke: dict[str, dict[str, tuple[int, str]]] = {}
    for length, group in _by_length(phrases):
        new = set[int]()
        for phrase in group:
            for at in starts.get(phrase.words[0].bare, ()):
                span = range(at, at + length)
                if at + length <= len(text) and not taken.intersection(span) and _speaks(
                        phrase.words, text[at : at + length], is_plain=plain
                    ):
                    written = " ".join(word.written for word in text[at : at + length])
                    spoke.setdefault(phrase.target, {})[" ".join(word.bare for word in phrase.words)] = (phrase.weight, written)
                    new.update(span)
        taken |= new  # phrases of one length may share words, because they suggest different targets
    found = {}
    for target, each in spoke.items():
        ranked = sorted(each.values(), key=lambda pair: -pair[0])
        found[target] = (sum(weight for weight, _ in ranked), tuple(written for _, written in ranked[:MOST_SHOWN]))
    return found


def _by_length(phrases: Sequence[_Phrase]) -> Iterator[tuple[int, list[_Phrase]]]:
    groups: dict[int, list[_Phrase]] = {}
    for phrase in phrases:
        groups.setdefault(len(phrase.words), []).append(phrase)
    yield from sorted(groups.items(), reverse=True)


class _Places:
    """The present and former communes and villages of a centre, by name."""

    def __init__(self, centre_id: int, today: date) -> None:
        self._today, self._centre_id = today, centre_id
        query = columns_for(AreaRow, Area).where(Area.centre_id == centre_id).order_by(Area.valid_from.desc(), Area.id)
        self._areas = {area.id: area for area in rows_by(AreaRow, query.limit(MOST_AREAS))}
        self._names = self._by_name()
        self._successors: dict[int, list[int]] = {}
        ways = select(AreaSuccession.predecessor_id, AreaSuccession.successor_id)
        own = select(Area.id).where(Area.centre_id == centre_id)
        for predecessor_id, successor_id in db.session.execute(ways.where(AreaSuccession.predecessor_id.in_(own))):
            self._successors.setdefault(predecessor_id, []).append(successor_id)

    def named_in(self, text: str) -> PlaceSuggestion | None:
        """The one place named; None when none or several are."""
        communes, villages = dict[int, tuple[AreaRow, str]](), list[tuple[list[AreaRow], str]]()
        for areas, written in self._found(words_in(text)):
            for area in (area for area in areas if area.level == "commune"):
                for today in self._today_of(area):
                    communes.setdefault(today.id, (area, written))
            if named := [area for area in areas if area.level == "village"]:
                villages.append((named, written))
        for named, written in villages:
            homes = {home.id: area for area in named for home in self._homes(area)}
            fitting = {home: area for home, area in homes.items() if not communes or home in communes}
            if len(fitting) == 1:
                home, village = next(iter(fitting.items()))
                before, said = communes.get(home, (self._areas[home], ""))
                words = tuple(filter(None, (written, said)))
                return PlaceSuggestion(self._areas[home], village.name_vi, words, before if before.id != home else None)
        if len(communes) != 1:
            return None
        home, (before, written) = next(iter(communes.items()))
        return PlaceSuggestion(self._areas[home], None, (written,), before if before.id != home else None)

    def around(self, latitude: float, longitude: float) -> PlaceSuggestion | None:
        """The one commune of today that contains a position."""
        holding = areas_around(latitude, longitude, self._today, level="commune", centre_id=self._centre_id)
        holding = [area for area in holding if area.boundary] or holding
        area = self._areas.get(holding[0].id) if len(holding) == 1 else None
        return PlaceSuggestion(area, None, (), by_position=True) if area is not None else None

    def _found(self, text: Sequence[Word]) -> Iterator[tuple[list[AreaRow], str]]:
        """The areas under each name in the text, with the name as written, longest names first."""
        names = self._names
        longest = max((len(name) for name in names), default=0)
        taken: set[int] = set()
        for length in range(longest, 0, -1):
            for at in range(len(text) - length + 1):
                span = range(at, at + length)
                areas = names.get(tuple(word.bare for word in text[at : at + length]))
                if areas and not taken.intersection(span):
                    taken.update(span)
                    yield areas, " ".join(word.written for word in text[at : at + length])

    def _by_name(self) -> Mapping[tuple[str, ...], list[AreaRow]]:
        """Names by their words. Without the word for its level only a name of several words counts, because "Lát" alone is too common."""
        names: dict[tuple[str, ...], list[AreaRow]] = {}
        for area in self._areas.values():
            for name in _spellings(area.folded_name):
                names.setdefault(name, []).append(area)
        return names

    def _today_of(self, area: AreaRow) -> Iterable[AreaRow]:
        """The area, or its successors where it has ended."""
        if area.holds_on(self._today):
            return [area]
        later = [self._areas[each] for each in self._successors.get(area.id, ()) if each in self._areas]
        return [today for each in later for today in self._today_of(each)]

    def _homes(self, village: AreaRow) -> Iterable[AreaRow]:
        """The communes of today that contain a village."""
        commune = self._areas.get(village.parent_id or 0)
        return self._today_of(commune) if commune is not None else ()


_places = kept_with_rules(_Places)


def _spellings(folded: str) -> Iterator[tuple[str, ...]]:
    words = tuple(_WORD.findall(folded))
    yield words
    bare = next((words[len(level.split()) :] for level in LEVEL_WORDS if folded.startswith(f"{level} ")), ())
    if len(bare) > 1 and not any(word.isdigit() for word in bare):
        yield bare
