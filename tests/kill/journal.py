"""What a person was told, kept so that nothing the person knows can be lost: on the disk before the next act."""
from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Journal:
    """One person's lines, written by one thread."""

    def __init__(self, folder: Path, who: str) -> None:
        self.who = who
        self._file = (folder / f"{who}.jsonl").open("a", encoding="utf-8")

    def told(self, act: str, **facts: Any) -> None:
        """The server said that this was done; returns when the line is on the disk."""
        self._file.write(json.dumps({"who": self.who, "act": act, **facts}, ensure_ascii=False) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """After the last line."""
        self._file.close()


def lines_in(folder: Path) -> Iterator[dict[str, Any]]:
    """Every line of every journal."""
    for path in sorted(folder.glob("*.jsonl")):
        yield from map(json.loads, path.read_text(encoding="utf-8").splitlines())


def lines_since(folder: Path, offsets: dict[str, int]) -> list[dict[str, Any]]:
    """The whole lines written since the last call with the same `offsets`, which are moved on; people may go on writing."""
    found = []
    for path in sorted(folder.glob("*.jsonl")):
        with path.open("rb") as file:
            file.seek(offsets.get(path.name, 0))
            written = file.read()
        whole = written[: written.rfind(b"\n") + 1]
        offsets[path.name] = offsets.get(path.name, 0) + len(whole)
        found += [json.loads(line) for line in whole.splitlines()]
    return found


def acts_told(journals: Path) -> dict[str, int]:
    """How many acts of each kind were acknowledged."""
    return dict(Counter(line["act"] for line in lines_in(journals)))
