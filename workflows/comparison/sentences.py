"""What a version changes and for whom, in sentences: by role what is new, gone or different in their steps, and what reporters notice."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from casework.bilingual import Bilingual
from casework.permissions import Role
from casework.settings.role_labels import REPORTER_WORDS, ROLE_WORDS
from workflows.bindings import ASSIGNMENT
from workflows.checks.diagram import Node
from workflows.comparison import phrases
from workflows.comparison.arrivals import added_words, form_words, formerly, place_of
from workflows.comparison.changes import changes_of
from workflows.comparison.details import Detail, details_of_pair
from workflows.comparison.facts import ASPECT_WORDS, Aspect, kind_words
from workflows.comparison.model import Model, is_same, model_of, note_text
from workflows.comparison.pairing import EVERYBODY, AddressedSentence, Pairing, Sentence, concerned
from workflows.comparison.passing_sentences import passing_sentences
from workflows.comparison.way_sentences import way_sentences
from workflows.comparison.wording import NOTHING, YES, begun, fill, quoted, role_words, same
from workflows.desk_access import REPORTER

NAMES = (Aspect.LABEL_VI, Aspect.LABEL_EN)
_ORDER = (
    Role.OPERATOR,
    Role.OPS_LEAD,
    Role.OFFICER,
    Role.AGENCY_LEADER,
    Role.COMMITTEE_LEADER,
    Role.RECORDS_CLERK,
    REPORTER,
)
_EVERYBODY_WORDS = Bilingual("Mọi người", "Everybody")
_ONLY_THE_FILE = Bilingual(
    "Chỉ có các đường nối hay chi tiết trong tệp được viết lại; không ai làm việc khác đi.",
    "Only arrows or details of the file are written anew; nobody's work changes.",
)
_REPORTER_AS_BEFORE = Bilingual(
    "Các bước của người phản ánh và cách hồ sơ kết thúc vẫn như cũ.", "The reporter's steps and how a case can end stay as they were."
)


class RoleSentences(NamedTuple):
    """The sentences that concern one role, the reporter or everybody."""

    who: str
    words: Bilingual
    sentences: tuple[Sentence, ...]


def sentences_between(before: bytes, after: bytes) -> tuple[RoleSentences, ...]:
    """Return the changes in sentences, grouped by whom they concern; empty if only the layout changed. Raises ModelRefused."""
    return sentences_of(model_of(before), model_of(after))


def sentences_of(old: Model, new: Model) -> tuple[RoleSentences, ...]:
    """The same for two models already read."""
    told = list(_told(Pairing(old, new)))
    first = next(changes_of(old, new), None)
    if not told and first is not None:
        told = [(EVERYBODY, Sentence(first.element, _ONLY_THE_FILE, is_gone=first.element not in new.parts))]
    elif told and not any(who == REPORTER for who, _sentence in told):
        told.append((REPORTER, Sentence("", _REPORTER_AS_BEFORE)))
    return tuple(_grouped(told))


def bounded(groups: Iterable[RoleSentences], most: int) -> tuple[tuple[RoleSentences, ...], int]:
    """Return the first `most` sentences in their groups, and how many more there are."""
    shown: list[RoleSentences] = []
    left = 0
    for group in groups:
        taken = group.sentences[: max(0, most)]
        most -= len(taken)
        left += len(group.sentences) - len(taken)
        if taken:
            shown.append(group._replace(sentences=taken))
    return tuple(shown), left


def _grouped(told: Iterable[AddressedSentence]) -> Iterator[RoleSentences]:
    rank = {str(who): at for at, who in enumerate(_ORDER)}
    rows = sorted(dict.fromkeys(told), key=lambda each: (rank.get(each[0], len(rank)), each[0]))
    for who, group in groupby(rows, key=lambda each: each[0]):
        words = _EVERYBODY_WORDS if who == EVERYBODY else REPORTER_WORDS if who == REPORTER else ROLE_WORDS[Role(who)]
        yield RoleSentences(who, words, tuple(sentence for _who, sentence in group))


def _told(pair: Pairing) -> Iterator[AddressedSentence]:
    for node in pair.new.nodes.values():
        yield from _kept(pair, node) if node.id in pair.was else _new(pair.new, node)
    for node in pair.removed:
        yield from _gone(pair.old, node)
    yield from way_sentences(pair)
    yield from _frames(pair)
    yield from passing_sentences(pair)


# -- nodes ---------------------------------------------------------------------------------------------------------------


def _new(model: Model, node: Node) -> Iterator[AddressedSentence]:
    who = _who_has(model, node)
    yield who, Sentence(node.id, added_words(model, node))
    for more in form_words(model, node):
        yield who, Sentence(node.id, more)
    if node.kind == "endEvent" and node.process_id != ASSIGNMENT:
        ending = fill("Hồ sơ có thêm một cách kết thúc: {it}.", "A case can now also end as {it}.", it=model.quoted(node.id))
        yield REPORTER, Sentence(node.id, ending)


def _gone(model: Model, node: Node) -> Iterator[AddressedSentence]:
    it, place = model.quoted(node.id), formerly(place_of(model, node))
    if node.is_step:
        role = begun(role_words(node.role)) if node.role else Bilingual("Không ai", "Nobody")
        text = fill("{role} không còn bước {it}{place}.", "{role} no longer has the step {it}{place}.", role=role, it=it, place=place)
    else:
        kind = begun(kind_words(node, node.kind))
        text = fill("{kind} {it} bị bỏ{place}.", "{kind} {it} is taken out{place}.", kind=kind, it=it, place=place)
    yield _who_has(model, node), Sentence(node.id, text, is_gone=True)
    if node.kind == "endEvent" and node.process_id != ASSIGNMENT:
        ending = fill("Hồ sơ không còn kết thúc theo cách {it}.", "A case can no longer end as {it}.", it=it)
        yield REPORTER, Sentence(node.id, ending, is_gone=True)


def _kept(pair: Pairing, node: Node) -> Iterator[AddressedSentence]:
    before = pair.old.nodes[pair.was[node.id]]
    if node.id == before.id and node.message == before.message and is_same(pair.old, pair.new, node.id):
        return
    details = details_of_pair(pair.old, before.id, pair.new, node.id)
    aspects = {detail.aspect for detail in details}
    who, it = _who_has(pair.new, node), _called(pair.new, node.id)
    if node.id != before.id:
        text = fill(
            "{it} được vẽ lại với mã mới: {after} thay cho {before}.",
            "{it} is drawn anew under another id: {after} in place of {before}.",
            it=begun(it),
            before=quoted(same(before.id)),
            after=quoted(same(node.id)),
        )
        yield who, Sentence(node.id, text)
    if not aspects.isdisjoint(NAMES):
        yield who, Sentence(node.id, _renamed(kind_words(node, node.kind), before.label, node.label, node.id))
    for detail in details:
        if detail.aspect in NAMES or (detail.aspect == Aspect.LANE and Aspect.ROLE in aspects):
            continue
        if detail.aspect == Aspect.DEFAULT_WAY and _leads_as_before(pair, before.id, node.id):
            continue
        sentence = Sentence(node.id, _phrase(detail, quoted(node.called, node.id) if detail.aspect == Aspect.KIND else it))
        yield who, sentence
        if detail.aspect == Aspect.ROLE:
            yield concerned(before.role), sentence


def _leads_as_before(pair: Pairing, before: str, after: str) -> bool:
    """Whether a default way is another arrow but leads where it did, or changed only because of nodes with sentences of their own."""
    ways = [
        [flow for flow in model.flows.values() if flow.source == id_ and flow.is_default]
        for model, id_ in ((pair.old, before), (pair.new, after))
    ]
    if not all(ways):
        return False
    was, is_ = ways[0][0], ways[1][0]
    return is_.target not in pair.was or was.target not in pair.now or pair.was[is_.target] == was.target


def _who_has(model: Model, node: Node) -> str:
    """The role of a step, or of the step a boundary event is attached to; other nodes concern everybody."""
    host = model.nodes.get(node.attached_to or "")
    return concerned((host or node).role) if node.is_step or host is not None else EVERYBODY


# -- frames, lanes, messages, notes ----------------------------------------------------------------------------------------


def _frames(pair: Pairing) -> Iterator[AddressedSentence]:
    told_already = {*pair.new.nodes, *pair.old.nodes, *pair.new.flows, *pair.old.flows}
    for change in changes_of(pair.old, pair.new):
        id_ = change.element
        if id_ in told_already:
            continue
        if id_ not in pair.old.parts:
            yield EVERYBODY, Sentence(id_, fill("Có thêm {it}.", "There is a new part: {it}.", it=_called(pair.new, id_)))
        elif id_ not in pair.new.parts:
            yield EVERYBODY, Sentence(id_, fill("Không còn {it}.", "There is no longer {it}.", it=_called(pair.old, id_)), is_gone=True)
        else:
            for text in _frame_words(pair, id_):
                yield EVERYBODY, Sentence(id_, text)


def _frame_words(pair: Pairing, id_: str) -> Iterator[Bilingual]:
    details = details_of_pair(pair.old, id_, pair.new, id_)
    if any(detail.aspect in NAMES for detail in details):
        yield _renamed(kind_words(None, pair.new.kind(id_)), pair.old.label(id_), pair.new.label(id_), id_)
    for detail in details:
        if detail.aspect not in NAMES:
            yield _phrase(detail, _called(pair.new, id_))


# -- the words -------------------------------------------------------------------------------------------------------------


def _called(model: Model, id_: str) -> Bilingual:
    part, kind, node = model.parts[id_], model.kind(id_), model.nodes.get(id_)
    label = same(note_text(part)) if kind == "textAnnotation" else model.called(id_)
    return fill("{kind} {name}", "{kind} {name}", kind=kind_words(node, kind), name=quoted(label, id_))


def _phrase(detail: Detail, it: Bilingual) -> Bilingual:
    at = 0 if detail.before is not None and detail.after is not None else 1 if detail.after is not None else 2
    if detail.aspect in phrases.YES_OR_NO:
        phrase = phrases.YES_OR_NO[detail.aspect][0 if detail.after == YES else 1]
    else:
        phrase = (phrases.CHANGED, phrases.ADDED, phrases.REMOVED)[at].get(detail.aspect, phrases.OTHERWISE[at])
    parts = {"it": it, "what": ASPECT_WORDS[detail.aspect]}
    given = {"subject": detail.subject, "before": detail.before, "after": detail.after}
    text = fill(phrase[0], phrase[1], **parts, **{name: words or NOTHING for name, words in given.items()})
    return begun(Bilingual(" ".join(text.vi.split()), " ".join(text.en.split())))


def _renamed(kind: Bilingual, before: Bilingual, after: Bilingual, id_: str) -> Bilingual:
    """A changed name in Vietnamese, English or both; each language quotes its own name where it can."""
    vi_old, vi_new, en_old, en_new = (quoted(same(text), id_).vi for text in (before.vi, after.vi, before.en, after.en))
    vi = f"{kind.vi} {vi_old} đổi tên thành {vi_new}."
    en = f"{kind.en} {en_old} is now called {en_new}."
    if before.vi == after.vi:
        vi = f"tên tiếng Anh của {kind.vi} {vi_new} từ {en_old} thành {en_new}."
    elif before.en == after.en:
        en = f"the Vietnamese name of {kind.en} {en_new} goes from {vi_old} to {vi_new}."
    return begun(Bilingual(vi, en))
