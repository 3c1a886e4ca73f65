"""How well the hint before filing tells the same incident from another one close by, over sixty pairs judged by a person's reading.

`tests/data/alike_pairs.csv`: a case as its operator titled it, and what a second sender writes near it. `is_alike` says whether both saw
the same. A third of the pairs (`part` aside) was not looked at while the rule was chosen; it tells whether the rule fits more than
what it was chosen by. The verdicts are never changed to suit the program.
"""
from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from flask import Flask
from sqlalchemy import select

from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.intake.file_report import Place
from casework.intake.similar_cases import LEAST_SAID_AGAIN, alike_nearby
from casework.intake.title_words import share_said_again
from casework.models import Field
from casework.text import fold
from casework.triage.suggestions import words_in
from tests import build
from web.filing.similar import MOST_SHOWN

PAIRS = Path(__file__).parents[2] / "data" / "alike_pairs.csv"
LATER = build.NOON + timedelta(hours=2)
LEAST_PRECISION, LEAST_RECALL = 0.8, 0.7
MOST_OTHERS = 6
"""Cases shown beside, over all sixty: being near alone showed 88."""


class Judged(NamedTuple):
    """A pair: whether a person says both are the same, whether the program does, and how many other cases it showed beside."""

    number: int
    part: str
    is_alike: bool
    is_shown: bool
    others: int


class Measured(NamedTuple):
    precision: float
    recall: float
    others: int
    wrong: list[int]


def measured(judged: Iterable[Judged]) -> Measured:
    rows = list(judged)
    shown = [row for row in rows if row.is_shown]
    right = sum(row.is_alike for row in shown)
    return Measured(
        right / len(shown) if shown else 0.0, right / sum(row.is_alike for row in rows), sum(row.others for row in rows),
        [row.number for row in rows if row.is_alike != row.is_shown],
    )  # fmt: skip


@pytest.fixture
def judged(app: Flask) -> list[Judged]:
    world = build.standard_world()
    pairs = list(csv.DictReader(PAIRS.open(encoding="utf-8")))
    with unit_of_work():
        for name in sorted({pair["commune"] for pair in pairs}):
            if fold(name) not in world.areas:
                build.commune(world, name)
        fields = {field.name_vi: field.id for field in db.session.scalars(select(Field))}
    cases: dict[str, int] = {}
    for pair in pairs:
        if pair["title"] in cases:
            continue
        place = Place(world.areas[fold(pair["commune"])], pair["village"], None, float(pair["latitude"]), float(pair["longitude"]))
        case = build.file_report(world, words=f"Bản gốc {len(cases)}.", place=place).case
        with unit_of_work():
            row = lock_case(case.id)
            row.title, row.field_id, row.village = pair["title"], fields[pair["field"]], pair["village"]
        cases[pair["title"]] = case.id
    found = []
    for pair in pairs:
        position = (float(pair["second_latitude"]), float(pair["second_longitude"])) if pair["second_latitude"] else (None, None)
        place = Place(world.areas[fold(pair["commune"])], pair["second_village"] or None, None, *position)
        shown = [each.case.id for each in alike_nearby(place, now=LATER, words=pair["second_words"], limit=MOST_SHOWN)]
        is_shown = cases[pair["title"]] in shown
        found.append(Judged(int(pair["number"]), pair["part"], pair["is_alike"] == "yes", is_shown, len(shown) - is_shown))
    return found


@pytest.mark.exhaustive
def test_what_is_shown_before_filing_is_mostly_the_same_incident_and_most_of_the_same_are_shown(judged: list[Judged]) -> None:
    of_all = measured(judged)
    of_parts = {part: measured(row for row in judged if row.part == part) for part in ("tuning", "aside")}
    assert of_all.precision >= LEAST_PRECISION, (of_all, of_parts)
    assert of_all.recall >= LEAST_RECALL, (of_all, of_parts)
    assert of_all.others <= MOST_OTHERS, (of_all, of_parts)


def test_what_operators_are_asked_about_keeps_the_same_precision_and_recall() -> None:
    """The question above a new report, judged by the title alone as if every pair were near."""
    pairs = list(csv.DictReader(PAIRS.open(encoding="utf-8")))
    likely = [share_said_again(pair["title"], words_in(pair["second_words"])) >= LEAST_SAID_AGAIN for pair in pairs]
    of_all = measured(
        Judged(int(pair["number"]), pair["part"], pair["is_alike"] == "yes", is_asked, 0)
        for pair, is_asked in zip(pairs, likely, strict=True)
    )
    assert of_all.precision >= LEAST_PRECISION, of_all
    assert of_all.recall >= LEAST_RECALL, of_all


def test_the_pairs_are_half_alike_and_a_third_of_each_half_was_set_aside() -> None:
    pairs = list(csv.DictReader(PAIRS.open(encoding="utf-8")))
    halves = [[pair["part"] for pair in pairs if pair["is_alike"] == verdict] for verdict in ("yes", "no")]
    assert [(half.count("tuning"), half.count("aside")) for half in halves] == [(20, 10), (20, 10)]
