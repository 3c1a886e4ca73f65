"""Several numbers at once: rows to count are told as statements made once, and counted together in one."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import ColumnElement, CompoundSelect, ScalarSelect, Select, func, select

from casework.db import db

Rows = Select[Any] | CompoundSelect[Any]

MOST_KEPT = 200
"""Statements a process keeps of each kind, one for every set of numbers somebody is shown."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Rows to count: a statement made once, whose limit bounds the count, and its values for one reader.

    Where several are counted together, the names of their values differ.
    """

    rows: Rows
    values: Mapping[str, Any]


def count(what: Counted | None) -> int:
    """How many rows there are; 0 where nothing is to be counted."""
    return count_together({"number": what})["number"] if what is not None else 0


def count_together(asked: Mapping[str, Counted | None]) -> dict[str, int]:
    """How many rows there are of each, by name, in one statement; 0 where nothing is to be counted."""
    there = {name: each for name, each in asked.items() if each is not None}
    found = dict.fromkeys(asked, 0)
    if there:
        numbers = db.session.execute(_numbers(rows_of(there)), values_of(there)).one()
        found.update(zip(there, numbers, strict=True))
    return found


def rows_of(asked: Mapping[str, Counted]) -> tuple[tuple[str, Rows], ...]:
    """The statements alone: the same for everybody who is shown the same numbers."""
    return tuple((name, each.rows) for name, each in asked.items())


def values_of(asked: Mapping[str, Counted]) -> dict[str, Any]:
    return {name: value for each in asked.values() for name, value in each.values.items()}


def number_of(rows: Rows) -> ScalarSelect[int]:
    return select(func.count()).select_from(rows.subquery()).scalar_subquery()


@lru_cache(MOST_KEPT)
def _numbers(named: tuple[tuple[str, Rows], ...]) -> Select[Any]:
    numbers: list[ColumnElement[int]] = [number_of(rows).label(name) for name, rows in named]
    return select(*cast(list[Any], numbers))
