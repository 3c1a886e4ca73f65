"""Which parts of two versions of a process are the same; the id alone does not tell, since before 0.9.1 one id could be given to several
steps.

A part is followed back along the versions each was drawn from to the one that had it first. It is the same part as there as long as it
keeps its kind and, if its name changed, something of its place or form; so a renamed step remains the same step. Parts that first appeared
in different versions are the same if they have the same kind and name.
"""

import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from sqlalchemy import or_, select, true

from casework.bilingual import Bilingual
from casework.db import db
from casework.text import fold
from workflows.checks.diagram import Node, Process, processes_of
from workflows.checks.graph import graph_of
from workflows.definitions.cache import LruCache
from workflows.definitions.findings import ModelFinding, Rule, named
from workflows.definitions.process import ModelRefused, read_xml
from workflows.models import ProcessVersion
from workflows.versions.starting_models import STARTING_MODELS

MOST_VERSIONS = 500
"""Versions of a scope that are examined, the newest."""
STAMP_SIGNS = "bcdfghjkmnpqrstvwxz23456789"
STAMP_LENGTH = 6

_REUSED = Rule(
    "id_reused",
    Bilingual("Hồ sơ đang mở, hạn, vai trò và số liệu được ghi theo mã: hai bước cùng mã thì của bước này lẫn vào của bước kia.",
              "Open cases, limits, roles and figures are kept by the id: of two steps with one id, what is one's becomes the other's."),
    Bilingual("Bắt đầu một bản nháp mới từ bản này: phần mềm tự đặt mã mới cho bước đó.",
              "Begin a new draft from this one: the software gives the step a new id by itself."),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DrawnPart:
    """What is known of a drawn part of one text: its process, family, label, neighbours and fields."""

    process_id: str
    family: str
    label: Bilingual
    near: frozenset[tuple[str, str]]
    fields: frozenset[str]

    @property
    def names(self) -> frozenset[str]:
        """Its names in comparable form."""
        return frozenset(fold(name) for name in self.label if name.strip())

    def is_like(self, other: "DrawnPart") -> bool:
        """Whether kind and names make both look like the same part."""
        return self._is_kin(other) and bool(self.names & other.names or (not self.names | other.names and self.near & other.near))

    def continues(self, before: "DrawnPart") -> bool:
        """Whether it is the part the version it was drawn from had: at most renamed, or moved, or with another form."""
        return self.is_like(before) or (self._is_kin(before) and bool(self.near & before.near or self.fields & before.fields))

    def _is_kin(self, other: "DrawnPart") -> bool:
        return (self.process_id, self.family) == (other.process_id, other.family)


@dataclass(frozen=True)
class _Row:
    """The data of a version; `id` 0 for a text not stored yet. The text never changes once it `is_frozen`."""

    id: int
    number: int
    base_id: int | None
    is_frozen: bool
    was_live: bool
    sha256: str
    parts: Mapping[str, DrawnPart] | None = None


class Origins:
    """The versions relevant to a scope: for a centre its own and the installation's, for the installation all."""

    def __init__(self, key: str, centre_id: int | None) -> None:
        own = true() if centre_id is None else or_(ProcessVersion.centre_id == centre_id, ProcessVersion.centre_id.is_(None))
        query = select(
            ProcessVersion.id, ProcessVersion.number, ProcessVersion.base_id, ProcessVersion.state, ProcessVersion.live_at,
            ProcessVersion.sha256,
        ).where(ProcessVersion.key == key, own).order_by(ProcessVersion.id.desc()).limit(MOST_VERSIONS)
        self.rows = {
            row.id: _Row(
                row.id, row.number, row.base_id, row.live_at is not None or row.state in ("checked", "approved"), row.live_at is not None,
                row.sha256,
            )
            for row in db.session.execute(query)
        }  # fmt: skip

    def parts(self, row: _Row) -> Mapping[str, DrawnPart]:
        """The drawn parts of a version, by id, without those every model has."""
        return row.parts if row.parts is not None else _parts.get(row.sha256, lambda: parts_of(_text(row.id)))

    def base(self, row: _Row) -> _Row | None:
        """The version a text was drawn from; for an uploaded file, the newest of those it has most in common with."""
        if row.base_id is not None:
            return self.rows.get(row.base_id)
        own = self.parts(row).keys()
        shared = {each.id: len(own & self.parts(each).keys()) for each in self.rows.values() if each.id < (row.id or each.id + 1)}
        nearest = max(shared, key=lambda each: (shared[each], each), default=0)
        return self.rows[nearest] if shared.get(nearest) else None

    def origin(self, row: _Row, id_: str) -> _Row:
        """The version that had a part first."""
        while (base := self.base(row)) is not None:
            before = self.parts(base).get(id_)
            if before is None or not self.parts(row)[id_].continues(before):
                break
            row = base
        return row

    def is_same(self, one: _Row, other: _Row, id_: str) -> bool:
        """Whether an id means the same part in two versions that both have it."""
        return self.parts(one)[id_].is_like(self.parts(other)[id_]) or self.origin(one, id_) == self.origin(other, id_)

    def reused(self, one_id: int, other_id: int) -> frozenset[str]:
        """Return the ids that mean different parts in two versions; none for a version too old to be examined."""
        one, other = self.rows.get(one_id), self.rows.get(other_id)
        if one is None or other is None or one.sha256 == other.sha256:
            return frozenset()
        return frozenset(id_ for id_ in self.parts(one).keys() & self.parts(other).keys() if not self.is_same(one, other, id_))

    def taken(self, row: _Row) -> Iterator[tuple[str, _Row]]:
        """Yield the ids of new parts of a text that stood for another part in a frozen version, with that version."""
        for id_ in self.parts(row):
            origin = self.origin(row, id_)
            if origin.was_live or (origin.id != row.id and origin.is_frozen):
                continue
            others = (each for each in self.rows.values() if each.is_frozen and each.id not in (row.id, origin.id))
            other = next((each for each in others if id_ in self.parts(each) and not self.is_same(row, each, id_)), None)
            if other is not None:
                yield id_, other


def reused_between(one: ProcessVersion, other: ProcessVersion) -> frozenset[str]:
    """Return the ids that mean different drawn parts in two versions of a process."""
    return reused_among(one, [other])[other.id]


def reused_among(one: ProcessVersion, others: Collection[ProcessVersion]) -> dict[int, frozenset[str]]:
    """Return the same for one version and each of several, by row number."""
    if all(other.sha256 == one.sha256 for other in others):
        return {other.id: frozenset() for other in others}
    centres = {one.centre_id, *(other.centre_id for other in others)}
    origins = Origins(one.key, one.centre_id if len(centres) == 1 else None)
    return {other.id: origins.reused(one.id, other.id) for other in others}


def reuse_findings(version: ProcessVersion) -> Iterator[ModelFinding]:
    """Yield each new part of a never-live version whose id another version of its scope gave to another part."""
    origins = Origins(version.key, version.centre_id)
    row = origins.rows.get(version.id)
    if row is None or row.was_live:
        return
    for id_, other in origins.taken(row):
        now, then = named(origins.parts(row)[id_].label, id_), named(origins.parts(other)[id_].label, id_)
        yield _REUSED.at(
            id_, f"Mã “{id_}” của {now.vi} đã là {then.vi} ở bản {other.number}.",
            f"The id “{id_}” of {now.en} was {then.en} in version {other.number}.",
        )  # fmt: skip


def new_ids(key: str, centre_id: int | None, base: ProcessVersion | None, xml: bytes) -> dict[str, str]:
    """Return the new id of each part of a text that needs one in order to become a draft, because its own stood for another part."""
    parts = parts_of(xml)
    if not parts:
        return {}
    origins = Origins(key, centre_id)
    row = _Row(0, 0, base.id if base is not None else None, False, False, "", parts)
    stamp = new_stamp()
    taken = dict.fromkeys(id_ for id_, _ in origins.taken(row))
    return {id_: f"{parts[id_].family}_{stamp}_{at}" for at, id_ in enumerate(taken, start=1)}


def new_stamp() -> str:
    """Return the part that ids drawn in one opened editor share.

    It is picked at random from 387 million, so that people drawing at once, in whichever draft, do not give the same id; if they do, the
    check reports it.
    """
    return "".join(secrets.choice(STAMP_SIGNS) for _ in range(STAMP_LENGTH))


# -- the parts of a text ---------------------------------------------------------------------------------------------------


def parts_of(xml: bytes) -> dict[str, DrawnPart]:
    """Return the parts people have drawn in a model, by id, without those of the models that come with the software."""
    try:
        processes = processes_of(read_xml(xml))
    except ModelRefused:
        return {}
    return {id_: part for process in processes.values() for id_, part in _drawn(process)}


def _drawn(process: Process) -> Iterator[tuple[str, DrawnPart]]:
    graph = graph_of(process)
    for node in process.nodes.values():
        if node.id not in _of_the_software():
            sides = (("before", graph.before), ("after", graph.after))
            near = frozenset((side, each) for side, onward in sides for each in _nearest(node.id, onward))
            yield node.id, DrawnPart(process.id, _family(node), node.label, near, frozenset(field.id for field in node.form.fields))


def _nearest(node_id: str, onward: Callable[[str], Iterable[str]]) -> set[str]:
    """The nearest parts of the software's own models, whatever else is drawn between: their ids are unambiguous."""
    found, seen, ahead = set[str](), {node_id}, [node_id]
    while ahead:
        new = set(onward(ahead.pop())) - seen
        seen |= new
        found |= new & _of_the_software()
        ahead += new - _of_the_software()
    return found


def _family(node: Node) -> str:
    """The kinds an element can be changed to while remaining the same part."""
    if node.is_step:
        return "step"
    return "choice" if node.kind.endswith("Gateway") else "service" if node.kind == "serviceTask" else "event"


@cache
def _of_the_software() -> frozenset[str]:
    texts = [processes_of(read_xml(model.text)) for model in STARTING_MODELS.values()]
    return frozenset(id_ for processes in texts for process in processes.values() for id_ in process.nodes)


def _text(version_id: int) -> bytes:
    return db.session.scalars(select(ProcessVersion.xml).where(ProcessVersion.id == version_id)).one()


_parts: LruCache[str, Mapping[str, DrawnPart]] = LruCache(2 * MOST_VERSIONS)
