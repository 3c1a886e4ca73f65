"""A plan as a worker holds it while processing cases, and the preview of one case."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from casework.bilingual import Bilingual
from workflows.definitions.parsed import definition_of
from workflows.definitions.process import Definition
from workflows.models import ProcessMove
from workflows.moving.mapping import Fate, Verdict, fates
from workflows.moving.plan_choices import mapping_of
from workflows.running.faults import root_of

HAS_INCIDENT = Bilingual(
    "Hồ sơ có sự cố chưa xử lý. Hãy xử lý sự cố trước.", "An incident of this case is not resolved. Settle that first."
)
UNREADABLE = Bilingual("Không đọc được trạng thái quy trình của hồ sơ.", "The state of the case's process cannot be read.")
GONE = Bilingual(
    "Hồ sơ không còn chạy theo bản cũ (đã kết thúc, đã chuyển, hoặc không còn thuộc phạm vi này).",
    "The case no longer runs on the old version: it has ended, was moved, or is out of this scope.",
)


@dataclass(frozen=True)
class LoadedMove:
    """A plan as a worker reads it once, so that no case queries it again."""

    move_id: int
    source_id: int
    target_id: int
    centre_id: int | None
    revision: int
    old: Definition
    new: Definition
    mapping: Mapping[str, str | None]
    keeps_limits: bool
    fates: Mapping[str, Fate]

    @classmethod
    def of(cls, move: ProcessMove) -> "LoadedMove":
        """Read a plan, with the fate of each resting place."""
        old, new = definition_of(move.source), definition_of(move.target)
        mapping = mapping_of(move)
        return cls(
            move.id, move.source_id, move.target_id, move.centre_id, move.revision, old, new, mapping, not move.recomputes_limits,
            fates(old, new, mapping),
        )  # fmt: skip

    def leads(self, process_id: str) -> bool:
        """Whether both versions have the process."""
        return process_id in self.old.specs and process_id in self.new.specs

    def shown(self, elements: Iterable[str]) -> set[str]:
        """The elements of the new version worth reporting: those that only listen do so in every case."""
        return {each for each in elements if "beside" not in self.new.elements[each].properties}


@dataclass(frozen=True, slots=True)
class CasePreview:
    """The preview of one case. If it moves, `arrival` says where to, None until a trial move has shown it."""

    state: str
    places: tuple[str, ...] = ()
    why: Bilingual | None = None
    arrival: "Arrival | None" = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where a case rests once it has moved and run on, in elements of the new version; elements that only listen are left out.

    `skips` are drawn steps that every case resting there has done and this one has not; `tells` are the parties the move notifies:
    `reporter`, `account`, or the role of a desk.
    """

    rests: tuple[str, ...]
    skips: tuple[str, ...] = ()
    tells: tuple[str, ...] = ()

    def told(self) -> dict[str, list[str]]:
        """As stored with a case of a plan."""
        return {"rests": list(self.rests), "skips": list(self.skips), "tells": list(self.tells)}


def reason_against(way: LoadedMove, process_id: str, places: Collection[str]) -> CasePreview | None:
    """Why the plan itself prevents moving tokens from some places: the first that cannot move, else the first lacking a choice."""
    if not way.leads(process_id):
        return CasePreview("cannot", why=Bilingual("Bản mới không có quy trình này.", "The new version lacks this process."))
    held = [way.fates[place] for place in places if place in way.fates and way.fates[place].verdict != Verdict.MOVES]
    held.sort(key=lambda fate: fate.verdict != Verdict.CANNOT)
    return CasePreview(str(held[0].verdict), why=held[0].why) if held else None


def unforeseen(fault: BaseException) -> Bilingual:
    """The words for an unforeseen fault: only its class."""
    name = type(root_of(fault)).__name__
    return Bilingual(f"Gặp lỗi ngoài dự kiến ({name}); hồ sơ vẫn như trước.", f"An unforeseen fault ({name}); the case is as before.")
