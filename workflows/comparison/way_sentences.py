"""Sentences about ways with another target, condition or name, unless added or removed nodes explain it."""

from collections.abc import Callable, Iterator

from casework.bilingual import Bilingual
from workflows.checks.diagram import Flow
from workflows.comparison.arrivals import taken_when, way_words, when_taken
from workflows.comparison.model import Model
from workflows.comparison.nearby import near
from workflows.comparison.pairing import EVERYBODY, AddressedSentence, Pairing, Sentence, concerned
from workflows.comparison.wording import fill, same


def way_sentences(pair: Pairing) -> Iterator[AddressedSentence]:
    """Yield the sentences. Ways are matched by their two ends, whatever their ids: an arrow drawn anew is no change."""
    old = _by_ends(pair.old, lambda id_: id_)
    new = _by_ends(pair.new, lambda id_: pair.was.get(id_, f"\n{id_}"))
    for ends, flows in new.items():
        yield from _with_same_ends(pair, old.get(ends, []), flows)
    fresh = [flow for ends, flows in new.items() for flow in flows[len(old.get(ends, [])) :] if {flow.source, flow.target} <= set(pair.was)]
    lost = [flow for ends, flows in old.items() for flow in flows[len(new.get(ends, [])) :] if {flow.source, flow.target} <= set(pair.now)]
    fresh = [flow for flow in fresh if not pair.led_on(flow)]
    lost = [flow for flow in lost if not pair.leads_on(pair.now[flow.source], pair.now[flow.target])]
    for flow in fresh:
        turned = [each for each in lost if each.source == pair.was[flow.source]]
        if len(turned) == 1 and sum(each.source == flow.source for each in fresh) == 1:
            lost.remove(turned[0])
            yield _about(pair, flow, _turned(pair, turned[0], flow))
        else:
            text = way_words(
                pair.new, flow, "{source} nay có thêm đường sang {target}{when}.", "{source} now also leads to {target}{when}."
            )
            yield _about(pair, flow, text)
    for flow in lost:
        text = way_words(pair.old, flow, "{source} không còn dẫn sang {target}{when}.", "{source} no longer leads to {target}{when}.")
        yield _who_is_behind(pair.old, flow), Sentence(flow.id, text, is_gone=True)


def _with_same_ends(pair: Pairing, before: list[Flow], after: list[Flow]) -> Iterator[AddressedSentence]:
    for was, is_ in zip(before, after, strict=False):
        ends = {"source": pair.new.quoted(is_.source), "target": pair.new.quoted(is_.target)}
        if (was.condition, was.is_default) != (is_.condition, is_.is_default) and not (was.is_default and is_.is_default):
            old, new = _conditions(pair, was, is_)
            yield _about(
                pair,
                is_,
                fill(
                    "Từ {source} sang {target}: nay {after}; trước đây {before}.",
                    "From {source} to {target}: now {after}; before, {before}.",
                    before=old,
                    after=new,
                    **ends,
                ),
            )
        if was.label != is_.label:
            yield _about(
                pair,
                is_,
                fill(
                    "Đường từ {source} sang {target} nay ghi {after}, trước đây {before}.",
                    "The way from {source} to {target} now says {after}, before {before}.",
                    before=_names(was.label),
                    after=_names(is_.label),
                    **ends,
                ),
            )


def _conditions(pair: Pairing, was: Flow, is_: Flow) -> tuple[Bilingual, Bilingual]:
    """Old and new condition in words; if the words are the same, the text as written is added."""
    old, new = when_taken(pair.old, was), when_taken(pair.new, is_)
    if old != new:
        return old, new
    written = [same(flow.condition or "–") for flow in (was, is_)]
    told = [fill("{words} ({code})", "{words} ({code})", words=words, code=code) for words, code in zip((old, new), written, strict=True)]
    return told[0], told[1]


def _turned(pair: Pairing, was: Flow, is_: Flow) -> Bilingual:
    return fill(
        "Từ {source} nay sang {target}{when}, không còn sang {before}.",
        "{source} now leads to {target}{when}, no longer to {before}.",
        source=pair.new.quoted(is_.source),
        target=pair.new.quoted(is_.target),
        when=taken_when(pair.new, is_),
        before=pair.old.quoted(was.target),
    )


def _about(pair: Pairing, flow: Flow, text: Bilingual) -> AddressedSentence:
    return _who_is_behind(pair.new, flow), Sentence(flow.id, text)


def _who_is_behind(model: Model, flow: Flow) -> str:
    """The role of the next steps, since a way decides whether they get work."""
    roles = {concerned(model.nodes[id_].role) for id_ in near(model, flow.target, "after", itself=True, steps_only=True)}
    return roles.pop() if len(roles) == 1 else EVERYBODY


def _names(label: Bilingual) -> Bilingual:
    """Both languages of a name, since either may have changed."""
    if not label.vi and not label.en:
        return Bilingual("không có chữ", "nothing")
    return same(f"“{label.vi or '–'}” / “{label.en or '–'}”")


def _by_ends(model: Model, known_as: Callable[[str], str]) -> dict[tuple[str, str], list[Flow]]:
    found: dict[tuple[str, str], list[Flow]] = {}
    for flow in model.flows.values():
        found.setdefault((known_as(flow.source), known_as(flow.target)), []).append(flow)
    return found
