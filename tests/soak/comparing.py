"""Every kind of edit at every element of three models, and edits in threes at random: each is told, in both languages."""
from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from lxml import etree

from tests import drawn_steps as drawn
from tests.soak.runs import Options, Round, Run
from tests.workflows.moving.kinds_of_edit import KINDS, Draft
from workflows.comparison.details import details_of
from workflows.comparison.model import Model, model_of
from workflows.comparison.sentences import sentences_of
from workflows.definitions.process import shipped_model

MODELS = {"shipped": shipped_model, "costly": drawn.costly_model, "every type": drawn.every_type_model}
QUIET = ("Chỉ có các đường nối", "Các bước của người phản ánh")
MOST_TOLD = 5


def _untold(old: Model, draft: Draft) -> str | None:
    """What is wrong with how an edit is told, None where nothing is."""
    new = model_of(bytes(etree.tostring(draft.root)))
    elements = details_of(old, new)
    both = [each.text for group in sentences_of(old, new) for each in group.sentences]
    if not elements or not all(each.details for each in elements):
        return "no details"
    if any(mark in text for words in both for text in words for mark in ("{", "  ", "..", "None")):
        return f"a sentence is broken: {both}"
    if not any(not vi.startswith(QUIET) for vi, _en in both):
        return "no sentence"
    return None


def _edit(wrong: list[str], counts: Counter[str], name: str, old: Model, xml: bytes, edits: list[tuple[str, str]]) -> None:
    draft, made = Draft(xml), []
    for kind, at in edits:
        try:
            if KINDS[kind](draft, at) is not None:
                made.append((kind, at))
        except (StopIteration, IndexError, AttributeError, TypeError):
            return  # what it needs went with an edit before it, which an editor would not have let it reach
    if not made:
        return
    counts[made[0][0] if len(made) == 1 else "several"] += 1
    fault = _untold(old, draft)
    if fault is not None:
        wrong.append(f"{name}: {made}: {fault}")


def every_edit(name: str) -> dict[str, Any]:
    """Each kind of edit at each element of a model."""
    return _found(name, ([(kind, at)] for kind in KINDS for at in model_of(MODELS[name]()).nodes))


def in_threes(name: str, seed: int, number: int) -> dict[str, Any]:
    """So many random threes of edits of a model."""
    lot, places = random.Random(f"{seed}/{name}"), list(model_of(MODELS[name]()).nodes)
    return _found(name, ([(lot.choice(list(KINDS)), lot.choice(places)) for _each in range(3)] for _ in range(number)))


def _found(name: str, edits: Iterable[list[tuple[str, str]]]) -> dict[str, Any]:
    xml = Draft(MODELS[name]()).xml
    old, counts, wrong = model_of(xml), Counter[str](), list[str]()
    for each in edits:
        _edit(wrong, counts, name, old, xml, each)
    found = {"edits": counts.total(), "kinds": len(counts), "untold": len(wrong), "by_kind": dict(counts)}
    print(f"  {found}", flush=True)
    assert not wrong, wrong[:MOST_TOLD]
    return found


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    for name in MODELS:
        yield f"every edit of the model {name}", partial(every_edit, name)
        yield f"edits in threes of the model {name}", partial(in_threes, name, options.seed, options.runs)


RUN = Run("comparing", "every edit of three models told in sentences, and so many random threes of each", 500, rounds)
