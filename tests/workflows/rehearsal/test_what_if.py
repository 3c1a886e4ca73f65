"""What if: replayed in the same text nothing changes; in another, what a history with known truth says really changed."""
from __future__ import annotations

import time
from statistics import fmean
from typing import Any

import pytest

from tests import drawn_steps as drawn
from tests.workflows.rehearsal.grown import CALENDAR, LEGAL, histories
from workflows.definitions.process import digest_of, shipped_model
from workflows.rehearsal.office_time import told_calendar
from workflows.rehearsal.what_if import replay

SHIPPED = shipped_model()


def asked(draft: bytes, lives: list[Any], **more: Any) -> dict[str, Any]:
    told = {"draft": draft.decode(), "basis": SHIPPED.decode(), "versions": {}, "lives": [life.told() for life in lives]}
    return {**told, "calendar": told_calendar(CALENDAR), "found": len(lives), **more}


def relabelled(xml: bytes) -> bytes:
    """Another text in which nothing works otherwise."""
    return xml.replace("Phân loại".encode(), "Xếp loại".encode())


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("draft", [SHIPPED, relabelled(SHIPPED)], ids=["same text", "another label"])
def test_in_an_unchanged_draft_nothing_changes_at_all(draft: bytes) -> None:
    lived = list(histories(3, 60, digest_of(SHIPPED)))
    result = replay(asked(draft, [each.life for each in lived]), lambda _done, _total: None)
    assert (result["replayed"], result["left_out"]) == (60, [])
    assert result["draft"] == result["basis"]
    assert all(row["draft"] == row["basis"] for row in (*result["steps"], *result["work"]))
    assert len(result["assumptions"]) == 3                # what holds of every replay, and nothing of a single step
    # and today is what it was
    assert result["basis"]["answered"]["mean"] == pytest.approx(fmean(each.days for each in lived), abs=1e-9)
    assert result["basis"]["late"] == sum(each.is_late for each in lived)
    assert {row["element"]: row["basis"] for row in result["steps"]} == _added([each.passages for each in lived])


@pytest.mark.exhaustive
def test_the_predicted_change_is_that_of_the_truth() -> None:
    cases, minutes = 1_000, 240
    before = list(histories(11, cases, digest_of(SHIPPED)))
    after = list(histories(11, cases, digest_of(drawn.legal_model()), review_minutes=minutes))
    begun = time.thread_time()
    result = replay(asked(drawn.legal_model(), [each.life for each in before]), lambda _done, _total: None)
    spent = time.thread_time() - begun
    told, today = result["draft"], result["basis"]
    assert result["replayed"] == cases
    pairs = {
        "days": (
            told["answered"]["mean"] - today["answered"]["mean"], fmean(each.days for each in after) - fmean(each.days for each in before)
        ),
        "late": (told["late"] - today["late"], sum(each.is_late for each in after) - sum(each.is_late for each in before)),
        "work": (
            sum(row["draft"][1] - row["basis"][1] for row in result["work"]),
            sum(sum(each.office_hours.values()) for each in after) - sum(sum(each.office_hours.values()) for each in before),
        ),
        "reviews": (
            next(row["draft"] for row in result["steps"] if row["element"] == LEGAL), sum(each.passages.get(LEGAL, 0) for each in after)
        ),
    }  # fmt: skip
    print(pairs, f"{cases / spent:.0f} cases a second, warm-up included")
    assert {name: pair for name, pair in pairs.items() if abs(pair[0] - pair[1]) > 0.1 * abs(pair[1])} == {}
    assert pairs["days"][1] > 0.3
    [said] = [en for _, en in result["assumptions"] if "Legal review" in en]
    assert "4 office hours (its own limit), outcome “Agree”" in said


@pytest.mark.exhaustive
def test_what_is_typed_takes_the_place_of_an_assumption_and_what_cannot_be_replayed_is_said() -> None:
    lives = [each.life for each in histories(5, 20, digest_of(SHIPPED))]
    typed = replay(asked(drawn.legal_model(), lives, minutes={LEGAL: 30}, outcomes={LEGAL: "comment"}), lambda _done, _total: None)
    [said] = [en for _, en in typed["assumptions"] if "Legal review" in en]
    assert "0.5 office hours (as typed in), outcome “With comments”" in said
    assert typed["draft"]["answered"]["mean"] > typed["basis"]["answered"]["mean"]
    stuck = SHIPPED.replace(b'[&quot;answered&quot;]', b'[&quot;never&quot;]').replace(b'["answered"]', b'["never"]')
    broken = replay(asked(stuck, lives), lambda _done, _total: None)
    assert broken["replayed"] == 0
    [reason] = broken["left_out"]
    assert reason["cases"] == 20
    assert reason["why"][1].startswith("At “All agencies are done”: a condition cannot be worked out")


def _added(parts: list[dict[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {"rate": 0}
    for part in parts:
        for name, number in part.items():
            found[name] = found.get(name, 0) + number
    return {name: number for name, number in found.items() if number}
