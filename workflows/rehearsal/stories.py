"""Stories: ways through a model in stored form, act by act with where each came to rest, and running one through a text."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from casework.bilingual import Bilingual
from casework.errors import CaseworkError
from workflows.facts import FACTS
from workflows.rehearsal.automaton import Automaton, DoesNotRun
from workflows.rehearsal.lives import CASE
from workflows.rehearsal.states import Act, Kind, State
from workflows.rehearsal.tracing import Traced

Story = list[dict[str, Any]]
"""`process`, `kind`, `element`, `values`, `answers`, `after` (seconds since the case began), `rest` (places), `ends` where it is over."""

BEGIN = "begin"
ASSIGNMENT = "assignment"
MOST_ACTS = 500
LONGEST_LABEL = 120
"""Longest label in a result; a draft may give its elements labels of any length."""
LONGEST_WHY = 600
MOST_NAMED = 6
GONE = Bilingual("một bước không còn trong mô hình", "a step the model no longer has")
NAMELESS = Bilingual("một chỗ không tên", "a place without a name")


@dataclass(frozen=True, slots=True)
class StoryResult:
    """Whether a story went as stored; if not, the index of the first act that did not, and what happened instead."""

    is_clean: bool
    at: int | None = None
    why: Bilingual | None = None


def story_of(way: Sequence[Traced]) -> Story:
    began = way[0].at
    return [_told(each, each.at - began) for each in way]


def _told(traced: Traced, after: float) -> dict[str, Any]:
    act, state = traced.act, traced.state
    told: dict[str, Any] = {
        "process": traced.process, "kind": str(act.kind) if act else BEGIN, "element": act.element if act else "", "after": round(after),
        "rest": list(state.places),
    }  # fmt: skip
    if act is not None:
        told |= {name: value for name in ("values", "answers") if (value := orjson.loads(getattr(act, name)))}
    if state.is_over:
        told["ends"] = list(state.ends)
    return told


def go_through(story: Story, automaton: Automaton) -> StoryResult:
    """Run a story through a model. Stops at the first act that cannot happen or comes to rest elsewhere. Raises nothing."""
    states: dict[str, State] = {}
    before = ""
    for number, told in enumerate(story[:MOST_ACTS]):
        key = str(told.get("process", CASE))
        try:
            states[key] = _done(told, key, states, automaton)
        except CaseworkError as refusal:
            return StoryResult(False, number, cut(_cannot(told, states.get(key), automaton, refusal), LONGEST_WHY))
        except (KeyError, TypeError, ValueError, AttributeError):
            return StoryResult(False, number, DAMAGED)
        before = before or key
        if not _is_as_kept(told, states[key]):
            return StoryResult(False, number, cut(_elsewhere(told, states[key], automaton), LONGEST_WHY))
    return StoryResult(True)


DAMAGED = Bilingual("Kịch bản này bị hỏng, không đọc được.", "This scenario is damaged and cannot be read.")


def act_of(told: Mapping[str, Any]) -> Act:
    """Return a stored act. Raises KeyError and ValueError for invalid data."""
    kind, element = Kind(told["kind"]), str(told["element"])
    values, answers = told.get("values"), told.get("answers")
    match kind:
        case Kind.STEP:
            return Act.step(element, values, answers)
        case Kind.MESSAGE:
            return Act.message(element, values, answers)
    return Act.timer(element, answers)


def _done(told: Mapping[str, Any], key: str, states: Mapping[str, State], automaton: Automaton) -> State:
    if told["kind"] == BEGIN:
        process_id = CASE if key == CASE else ASSIGNMENT
        if process_id not in automaton.graphs:
            raise DoesNotRun(f"mô hình không có quy trình “{process_id}”.", f"the model has no process “{process_id}”.")
        return automaton.start(process_id)
    return automaton.after(states[key], act_of(told))


def _is_as_kept(told: Mapping[str, Any], state: State) -> bool:
    if state.is_over:
        return list(state.ends) == list(told.get("ends", []))
    return "ends" not in told and list(state.places) == list(told.get("rest", []))


# -- in words -------------------------------------------------------------------------------------------------------------


def _elsewhere(told: Mapping[str, Any], state: State, automaton: Automaton) -> Bilingual:
    what, then, now = name_of(told, automaton), _where_kept(told, automaton), where(state, automaton)
    who = _who(told)
    if told["kind"] == BEGIN:
        return Bilingual(f"Khi bắt đầu, {who.vi} {then.vi}; nay {now.vi}.", f"At the beginning {who.en} {then.en}; now it {now.en}.")
    return Bilingual(f"Sau “{what.vi}”, {who.vi} {then.vi}; nay {now.vi}.", f"After “{what.en}” {who.en} {then.en}; now it {now.en}.")


def _cannot(told: Mapping[str, Any], state: State | None, automaton: Automaton, refusal: CaseworkError) -> Bilingual:
    what, who = name_of(told, automaton), _who(told)
    if told["kind"] != BEGIN and (state is None or state.is_over or (Kind(told["kind"]), told["element"]) not in state.signs):
        now = where(state, automaton) if state is not None else Bilingual("chưa bắt đầu", "has not begun")
        return Bilingual(
            f"“{what.vi}” không còn làm được ở đó: {who.vi} {now.vi}.", f"“{what.en}” can no longer happen there: {who.en} {now.en}."
        )
    return Bilingual(f"Tại “{what.vi}”: {refusal.vi}", f"At “{what.en}”: {refusal.en}")


def _who(told: Mapping[str, Any]) -> Bilingual:
    if told.get("process", CASE) == CASE:
        return Bilingual("hồ sơ", "the case")
    return Bilingual(f"đơn vị thứ {told['process']}", f"agency {told['process']}")


def _where_kept(told: Mapping[str, Any], automaton: Automaton) -> Bilingual:
    if "ends" in told:
        return _ended(told["ends"], automaton, past=True)
    names = _names(told.get("rest", []), automaton)
    return Bilingual(f"đã chờ tại {names.vi}", f"waited at {names.en}")


def where(state: State, automaton: Automaton) -> Bilingual:
    """Where a process stands, in words: what it waits at, or where it ended."""
    if state.is_over:
        return _ended(state.ends, automaton, past=False)
    names = _names(state.places, automaton)
    return Bilingual(f"chờ tại {names.vi}", f"waits at {names.en}")


def _ended(ends: Sequence[str], automaton: Automaton, *, past: bool) -> Bilingual:
    names = _names(ends, automaton)
    return Bilingual(f"đã kết thúc tại {names.vi}", f"{'ended' if past else 'ends'} at {names.en}")


def _names(elements: Sequence[str], automaton: Automaton) -> Bilingual:
    labels = [label_of(each, automaton) for each in elements[:MOST_NAMED]]
    if not labels:
        return Bilingual("nơi nào khác", "nothing")
    more = "…" if len(elements) > MOST_NAMED else ""
    return Bilingual(", ".join(f"“{each.vi}”" for each in labels) + more, ", ".join(f"“{each.en}”" for each in labels) + more)


def label_of(element: str, automaton: Automaton) -> Bilingual:
    """Return the label of an element, shortened to fit a page. Ids are for machines, so unnamed elements, and those not in the model, are
    described as such."""
    found = automaton.definition.elements.get(element)
    if found is None:
        return GONE
    return cut(Bilingual(found.label.vi or NAMELESS.vi, found.label.en or found.label.vi or NAMELESS.en))


def cut(text: Bilingual, most: int = LONGEST_LABEL) -> Bilingual:
    """Return a text shortened to `most` characters."""
    return Bilingual(shortened(text.vi, most), shortened(text.en, most))


def shortened(text: str, most: int = LONGEST_LABEL) -> str:
    """Return a text as it is stored in a result."""
    return text if len(text) <= most else text[: most - 1] + "…"


def name_of(told: Mapping[str, Any], automaton: Automaton) -> Bilingual:
    """Return the label of a stored act."""
    element = str(told.get("element", ""))
    if told.get("kind") == BEGIN:
        return Bilingual("Bắt đầu", "Beginning")
    if told.get("kind") == Kind.MESSAGE:
        return FACTS[element].label if element in FACTS else cut(Bilingual(element, element))
    return label_of(element, automaton)


def shown(story: Story, automaton: Automaton) -> Iterator[tuple[str, Bilingual]]:
    """Yield the acts of a story for a list: whose, and what."""
    for told in story:
        yield str(told.get("process", CASE)), name_of(told, automaton)
