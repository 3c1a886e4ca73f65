"""What becomes of tokens that are moved to another version: where each goes, or why it cannot."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from casework.bilingual import Bilingual
from workflows.checks.diagram import Flow
from workflows.moving.net import Spot, Standing

OVER_AT_ONCE = Bilingual("Chuyển như thế thì quy trình kết thúc ngay.", "Moved like that, the process would be over at once.")


@dataclass(frozen=True)
class Refusal:
    """Why some tokens cannot be moved. `by_hand`: choosing other targets may help."""

    spots: frozenset[Spot]
    why: Bilingual
    by_hand: bool = False


@dataclass(frozen=True)
class TokenMove:
    """What becomes of one token: it stands at `to`, goes on by `flow` of the new version, or is dropped."""

    to: Spot | None = None
    flow: Flow | None = None


@dataclass(frozen=True)
class TokenPlan:
    """What becomes of a group of tokens. `begins` are flows of forks already passed on which a new branch starts."""

    going: Mapping[Spot, TokenMove] = field(default_factory=dict)
    begins: tuple[Flow, ...] = ()
    outcomes: frozenset[Standing] = frozenset()
    refusals: tuple[Refusal, ...] = ()

    @property
    def moves_on(self) -> bool:
        """Whether more happens than that tokens stand elsewhere: one is dropped or goes on, or a branch begins."""
        return any(each.to is None for each in self.going.values()) or bool(self.begins)


def going_to(spots: Iterable[Spot], moved: Mapping[Spot, TokenMove]) -> frozenset[Spot]:
    """Return the tokens of the old version that come to stand at some spots of the new one."""
    wanted = set(spots)
    return frozenset(spot for spot, each in moved.items() if each.to in wanted)
