"""What changed in each element, from what to what: everything an administrator can change in the editor, in words."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from lxml import etree

from casework.bilingual import Bilingual
from workflows.comparison.changes import ChangeKind, ElementChange, changes_of
from workflows.comparison.facts import ORDERS, TOLD_OTHERWISE, Aspect, Fact, Facts, facts_of
from workflows.comparison.model import REFERENCES, Model, is_reordered, model_of
from workflows.comparison.wording import excerpts, quoted, same

MOST_DETAILS = 40
"""Details per element."""
MOST_OF_THE_FILE = 3

_RENAMED = ((Aspect.FIELD, Aspect.FIELD_ID), (Aspect.CHOICE, Aspect.CHOICE_ID), (Aspect.BUTTON, Aspect.BUTTON_ID))


@dataclass(frozen=True, slots=True)
class Detail:
    """One difference. `before` is None for something new, `after` for something removed. `subject` is the field or button concerned."""

    aspect: Aspect
    subject: Bilingual | None
    before: Bilingual | None
    after: Bilingual | None


@dataclass(frozen=True, slots=True)
class DetailedChange:
    """One changed element with its details; for a new or removed one, the details are all it says or said."""

    change: ElementChange
    details: tuple[Detail, ...]


def details_between(before: bytes, after: bytes) -> tuple[DetailedChange, ...]:
    """Return the changes with details, in the order of the files. Raises ModelRefused for a text that cannot be read."""
    return details_of(model_of(before), model_of(after))


def details_of(old: Model, new: Model) -> tuple[DetailedChange, ...]:
    """The same for two models already read."""
    return tuple(DetailedChange(change, tuple(_details(change, old, new))[:MOST_DETAILS]) for change in changes_of(old, new))


def details_of_pair(old: Model, old_id: str, new: Model, new_id: str) -> list[Detail]:
    """Return how an element differs in the new model, where it may have another id."""
    return list(_differences(facts_of(old, old_id), facts_of(new, new_id)))


def _details(change: ElementChange, old: Model, new: Model) -> Iterator[Detail]:
    id_ = change.element
    if change.kind == ChangeKind.ADDED:
        yield from _told(facts_of(new, id_), is_new=True)
        return
    if change.kind == ChangeKind.REMOVED:
        yield from _told(facts_of(old, id_), is_new=False)
        return
    found = details_of_pair(old, id_, new, id_)
    yield from found or _of_the_file(old.parts[id_], new.parts[id_])


def _told(facts: Facts, *, is_new: bool) -> Iterator[Detail]:
    for fact in facts.values():
        if fact.aspect not in TOLD_OTHERWISE and (fact.parent is None or fact.aspect == Aspect.CHOICE) and fact.raw is not False:
            yield Detail(fact.aspect, fact.subject, *((None, fact.words) if is_new else (fact.words, None)))


def _differences(old: Facts, new: Facts) -> Iterator[Detail]:
    yield from _take_renamed(old, new)
    keys = [*new, *(key for key in old if key not in new)]
    for key in keys:
        was, is_ = old.get(key), new.get(key)
        fact = is_ or was
        if fact is None or _is_told_by_parent(fact, old, new):
            continue
        if was is not None and is_ is not None:
            differs = is_reordered(was.raw, is_.raw) if fact.aspect in ORDERS else was.raw != is_.raw
            if differs:
                yield Detail(fact.aspect, fact.subject, *_told_apart(was, is_))
        elif fact.aspect not in ORDERS:
            yield Detail(fact.aspect, fact.subject, was.words if was else None, is_.words if is_ else None)


def _is_told_by_parent(fact: Fact, old: Facts, new: Facts) -> bool:
    return fact.parent is not None and (fact.parent in old) is not (fact.parent in new)


def _told_apart(was: Fact, is_: Fact) -> tuple[Bilingual, Bilingual]:
    """Both facts in words; if the words are equal in a language, the raw values are added."""
    raw = (str(was.raw), str(is_.raw))
    vi, en = (_pair(before, after, raw) for before, after in zip(was.words, is_.words, strict=True))
    return Bilingual(vi[0], en[0]), Bilingual(vi[1], en[1])


def _pair(before: str, after: str, raw: tuple[str, str]) -> tuple[str, str]:
    if before != after:
        return excerpts(before, after)
    return (f"{before} ({raw[0]})", f"{after} ({raw[1]})")


def _take_renamed(old: Facts, new: Facts) -> Iterator[Detail]:
    """Yield fields, choices and buttons that only got another id, matched by name and look; `old` is changed to use the new id."""
    for aspect, said_as in _RENAMED:
        gone = [fact for (kind, key), fact in old.items() if kind == aspect and (kind, key) not in new]
        fresh = [fact for (kind, key), fact in new.items() if kind == aspect and (kind, key) not in old]
        for was in gone:
            same_words = next((each for each in fresh if each.words == was.words and _group(each) == _group(was)), None)
            if same_words is None:
                continue
            fresh.remove(same_words)
            _rename(old, was.key, same_words.key)
            yield Detail(said_as, was.words, *(quoted(same(_own(fact.key))) for fact in (was, same_words)))


def _group(fact: Fact) -> str:
    return fact.key.rpartition("\n")[0]


def _own(key: str) -> str:
    return key.rpartition("\n")[2]


def _rename(facts: Facts, old: str, new: str) -> None:
    """Move the facts of a field, choice or button, and of the choices in it, to another key."""

    def named(key: str) -> str:
        return new if key == old else new + key[len(old) :] if key.startswith(old + "\n") else key

    def ordered(raw: Any) -> Any:
        return tuple(_own(new) if each == _own(old) else each for each in raw) if isinstance(raw, tuple) else raw

    for (aspect, key), fact in list(facts.items()):
        parent = (fact.parent[0], named(fact.parent[1])) if fact.parent else None
        raw = ordered(fact.raw) if aspect in ORDERS else fact.raw
        del facts[aspect, key]
        facts[aspect, named(key)] = replace(fact, key=named(key), parent=parent, raw=raw)


def _of_the_file(old: Any, new: Any) -> Iterator[Detail]:
    """Differences we have no words for: attributes and texts of the file."""
    was, is_ = dict(_written(old)), dict(_written(new))
    differing = [path for path in {**was, **is_} if was.get(path) != is_.get(path)]
    for path in differing[:MOST_OF_THE_FILE]:
        before, after = (quoted(same(each[path])) if path in each else None for each in (was, is_))
        yield Detail(Aspect.FILE, quoted(same(path)), before, after)
    if not differing:
        yield Detail(Aspect.FILE, None, None, None)


def _written(node: Any, path: str = "") -> Iterator[tuple[str, str]]:
    for name, value in node.attrib.items():
        yield f"{path}@{etree.QName(name).localname}", value
    text = (node.text or "").strip()
    if text:
        yield path or ".", text
    for at, child in enumerate(node, 1):
        if isinstance(child.tag, str) and child.tag not in REFERENCES:
            yield from _written(child, f"{path}{etree.QName(child).localname}[{at}]/")
