"""Sentences about steps that every case now passes, or no longer passes, on its way to an end, and what the reporter waits for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from casework.bilingual import Bilingual
from workflows.bindings import ASSIGNMENT
from workflows.comparison.arrivals import limit_of, names_of
from workflows.comparison.model import Model
from workflows.comparison.pairing import EVERYBODY, AddressedSentence, Pairing, Sentence
from workflows.comparison.passing import surely_passed
from workflows.comparison.wording import fill, listed, role_words
from workflows.desk_access import REPORTER

RESULT = "publish"
"""The step that gives the reporter the result: nobody waits for anything behind it."""


def passing_sentences(pair: Pairing) -> Iterator[AddressedSentence]:
    """Yield, by process and end of its main way, the steps that newly are or no longer are passed by every case."""
    for id_, process in pair.new.processes.items():
        if id_ not in pair.old.processes:
            continue
        before, after = surely_passed(pair.old.processes[id_]), surely_passed(process)
        ends = [end for end, node in process.nodes.items() if node.kind == "endEvent" and end in after and pair.was.get(end) in before]
        more = {
            end: tuple(step for step in process.nodes if step in after[end] and pair.was.get(step) not in before[pair.was[end]])
            for end in ends
        }
        less = {
            end: tuple(
                step for step in pair.old.processes[id_].nodes if step in before[pair.was[end]] and pair.now.get(step) not in after[end]
            )
            for end in ends
        }
        for model, passed, lists, is_more in ((pair.new, after, more, True), (pair.old, before, less, False)):
            for steps, led in _turned_over(lists).items():
                whose = _whose(id_, None if len(led) == len(ends) else names_of(pair.new, led, "hoặc", "or"))
                awaited = tuple(step for step in steps if RESULT not in passed[step] and model.nodes[step].role != REPORTER)
                yield from _Passed(pair, model, whose, is_more).told(steps, awaited, led)


@dataclass(frozen=True, slots=True)
class _Passed:
    pair: Pairing
    model: Model
    whose: Bilingual
    is_more: bool

    def told(self, steps: tuple[str, ...], awaited: tuple[str, ...], ends: list[str]) -> Iterator[AddressedSentence]:
        names = listed([self.model.quoted(step) for step in steps])
        if self.is_more:
            number = Bilingual(f"{len(steps)} bước", "one step" if len(steps) == 1 else f"{len(steps)} steps")
            text = fill(
                "{whose} nay đều phải qua thêm {number}: {steps}.",
                "{whose} now passes {number} more: {steps}.",
                whose=self.whose,
                number=number,
                steps=names,
            )
        else:
            text = fill("{whose} không còn buộc phải qua {steps}.", "{whose} need no longer pass {steps}.", whose=self.whose, steps=names)
        yield EVERYBODY, Sentence(ends[0], text)
        for step in awaited:
            is_gone = not self.is_more and step not in self.pair.now
            yield REPORTER, Sentence(step if self.is_more or is_gone else self.pair.now[step], self._waits(step, is_gone=is_gone), is_gone)

    def _waits(self, step: str, *, is_gone: bool) -> Bilingual:
        node = self.model.nodes[step]
        parts = {"it": self.model.quoted(step), "role": role_words(node.role), "limit": limit_of(node), "whose": self.whose}
        if self.is_more:
            return fill(
                "Người phản ánh phải đợi thêm bước {it} của {role}{limit}. {whose} đều qua bước này; hạn của cả hồ sơ không đổi.",
                "The reporter also waits for the step {it} of {role}{limit}. {whose} passes it; the limit of the whole case stays.",
                **parts,
            )
        if is_gone:
            return fill(
                "Người phản ánh không còn phải đợi bước {it} của {role}.",
                "The reporter no longer waits for the step {it} of {role}.",
                **parts,
            )
        return fill(
            "Người phản ánh không phải lúc nào cũng đợi bước {it} của {role} nữa.",
            "The reporter no longer waits for the step {it} of {role} every time.",
            **parts,
        )


def _turned_over(steps_by_end: Mapping[str, tuple[str, ...]]) -> dict[tuple[str, ...], list[str]]:
    """The ends grouped by the steps passed before them; ends without any are left out."""
    found: dict[tuple[str, ...], list[str]] = {}
    for end, steps in steps_by_end.items():
        if steps:
            found.setdefault(steps, []).append(end)
    return found


def _whose(process: str, ends: Bilingual | None) -> Bilingual:
    """Which cases a sentence is about: those that reach some ends, or all."""
    is_of_agencies = process == ASSIGNMENT
    whose = Bilingual("Mọi việc giao cho đơn vị", "All work given to an agency") if is_of_agencies else Bilingual("Mọi hồ sơ", "Every case")
    if ends is None:
        return Bilingual(f"{whose.vi} đi hết đường chính", f"{whose.en} that goes the main way to its end")
    return fill("{whose} đi đến {ends}", "{whose} that comes to {ends}", whose=whose, ends=ends)
