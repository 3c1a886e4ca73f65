"""Who carries packages: five verbs, whatever is behind them. At least once: both sides know what they have seen by its digest."""

from collections.abc import Mapping
from typing import Protocol


class TransportAway(Exception):
    """Whoever carries packages does not answer: it says nothing about any package, and is tried again later."""


class Transport(Protocol):
    """Carries packages to other bodies and brings theirs. Each verb may raise TransportAway."""

    def send(self, name: str, raw: bytes) -> str:
        """Hand a package over, so that a power cut afterwards loses nothing; the same name again is the same package. Returns its id."""

    def received(self) -> list[str]:
        """The ids of packages that wait for us, the oldest first; a part of them where there are many."""

    def fetch(self, id_: str) -> bytes:
        """The bytes of one, at most one more than a package may have. Raises LookupError where another worker was quicker."""

    def done(self, id_: str, *, ok: bool) -> None:
        """Say that we have kept one, or that we can do nothing with it. Harmless where it was said before."""

    def sent_states(self) -> Mapping[str, str]:
        """What is known of packages we sent and that are still on their way, by id: a word of the transport."""
