"""The specification, the domain and the glossary: what cites them finds it there, and what they say of the program is so."""
from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from pathlib import Path

from casework.local_time import LOCAL_ZONE
from casework.permissions import Role
from casework.permissions.sight import SIGHTS, Sight, Viewer
from casework.working_time import Calendar, Pause, TimeLimit, Unit, due_at

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
OURS = ("rules.md", "domain.md", "glossary.md")

FOLDERS = ("benchmark", "bpmn", "casework", "deploy", "docs", "migrations", "reports", "tests", "tools", "web", "workflows")
KINDS = {".bpmn", ".css", ".dmn", ".html", ".js", ".md", ".py", ".sql"}
NUMBER = r"\d+(?:\.\d+)?"
CITED = re.compile(rf"\b(rules|domain)\.md\)?,? (?:sections? )?({NUMBER}(?:(?:, and |, | and | to ){NUMBER})*)")
LABELLED = re.compile(r'\brules\.md, section (\d+), "([A-Z][\w, ]*)"')
HEADING = re.compile(r"^##+ (\d+(?:\.\d+)?)\.? ", re.MULTILINE)
PATH = re.compile(r"`((?:\w+/)+\w+\.\w+)`")
TERM = re.compile(rf"^\|(?: [^|]+ \|){{3}} `(\w+)` \| {PATH.pattern} \| [^|]+ \|$", re.MULTILINE)


def text_of(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@cache
def sections_of(name: str) -> dict[str, str]:
    """The text of each numbered section of a page, its subsections included."""
    starts = [(found[1], found.start()) for found in HEADING.finditer(text_of(name))]
    return {
        number: text_of(name)[start:next((end for other, end in starts if end > start and not other.startswith(f"{number}.")), None)]
        for number, start in starts
    }  # fmt: skip


@cache
def texts() -> list[tuple[str, str]]:
    """Every text of the program, its tests and pages that cites one of the two, as one line."""
    paths = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*")) if path.suffix in KINDS]
    read = [(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")) for path in paths if "node_modules" not in path.parts]
    return [(name, " ".join(text.replace("\n#", "\n").split())) for name, text in read if "rules.md" in text or "domain.md" in text]


def numbers_in(cited: str) -> set[str]:
    """What is cited together: "4 to 6" are three sections, "3.8 and 4" are two."""
    found = set(re.findall(NUMBER, cited))
    for first, last in re.findall(r"(\d) to (\d)", cited):
        found |= {str(number) for number in range(int(first), int(last) + 1)}
    return found


def missing_sections(text: str) -> list[str]:
    """What a text cites of the two pages and they do not have."""
    return sorted(
        f"{page}.md, {number}"
        for page, cited in CITED.findall(text)
        for number in numbers_in(cited) if number not in sections_of(f"{page}.md")
    )  # fmt: skip


def tables_of(text: str) -> Iterator[list[list[str]]]:
    """The tables of a page, each as its rows of cells, the heading first."""
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()]
        yield [rows[0], *rows[2:]]


# -- what is cited ------------------------------------------------------------------------------------------------------


def test_every_section_that_is_cited_exists() -> None:
    cited, wrong = 0, []
    for name, text in texts():
        cited += len(CITED.findall(text))
        wrong += [f"{name}: {each}" for each in missing_sections(text)]
    assert wrong == []
    assert cited > 250


def test_a_section_that_does_not_exist_would_be_seen() -> None:
    rules, domain = OURS[:2]
    assert missing_sections(f"({rules}, section 4)") == []
    assert missing_sections(f"({rules}, sections 8 to 9, and {rules} 0)") == [f"{rules}, 0"]
    assert missing_sections(f"{domain}, 3.8 and 2.9") == [f"{domain}, 2.9"]


def test_every_rule_that_is_cited_by_its_name_stands_in_that_section() -> None:
    sections = {number: " ".join(text.split()) for number, text in sections_of("rules.md").items()}
    named = [(name, *found) for name, text in texts() for found in LABELLED.findall(text)]
    assert [each for each in named if each[2] not in sections[each[1]]] == []
    assert len(named) > 30


# -- what the glossary names --------------------------------------------------------------------------------------------


def test_every_file_the_three_pages_name_exists() -> None:
    named = {(name, path) for name in OURS for path in PATH.findall(text_of(name))}
    assert [each for each in sorted(named) if not (ROOT / each[1]).exists()] == []
    assert len(named) > 50


def test_every_identifier_of_the_glossary_stands_in_its_module() -> None:
    terms = TERM.findall(text_of("glossary.md"))
    assert len(terms) == sum(len(table) - 1 for table in tables_of(text_of("glossary.md")) if len(table[0]) == 6) > 50
    assert [(name, path) for name, path in terms if not re.search(rf"\b{name}\b", (ROOT / path).read_text(encoding="utf-8"))] == []


def test_the_roles_of_the_glossary_are_those_of_the_program() -> None:
    [roles] = [table for table in tables_of(text_of("glossary.md")) if len(table[0]) == 3]
    assert {row[2].strip("`") for row in roles[1:]} == {str(role) for role in Role}


# -- what the rules say -------------------------------------------------------------------------------------------------

ROWS = {
    "original words, answers to extra questions, photos, voice": Sight.ORIGINAL,
    "text and photos cleared for agencies": Sight.CLEARED,
    "identity and contact": Sight.IDENTITY, "an agency's drafts": Sight.SUBMITTED_ANSWERS,
    "approved answers, unpublished": Sight.APPROVED_ANSWERS, "internal notes": Sight.INTERNAL_NOTES,
    "process, events without content": Sight.PROCESS, "that a quarantined case exists": Sight.QUARANTINED,
}  # fmt: skip
COLUMNS = {
    "reporter": Viewer.REPORTER, "follower": Viewer.FOLLOWER, "public": Viewer.PUBLIC, "operator": Viewer.OPERATOR,
    "operations lead": Viewer.OPS_LEAD, "confidential reader": Viewer.CONFIDENTIAL_READER, "agency at work": Viewer.AGENCY,
    "committee leader": Viewer.COMMITTEE_LEADER, "administrator": Viewer.ADMINISTRATOR,
}  # fmt: skip
BY_OWNERSHIP = {"own", "its own", "own receipt", "public ones", "those named", "of quarantined cases", "reason, of quarantined cases"}
"""Cells decided by whose the thing is, not by what somebody is to the case."""


def test_who_sees_what_is_written_as_the_program_decides_it() -> None:
    said = {}
    for head, *body in tables_of(sections_of("rules.md")["2"]):
        said.update({(ROWS[row[0]], column): cell for row in body for column, cell in zip(head[1:], row[1:], strict=True)})
    assert len(said) == len(ROWS) * (len(COLUMNS) + 1)
    for (sight, column), cell in said.items():
        if column in COLUMNS:
            assert (COLUMNS[column] in SIGHTS[sight]) == (cell not in {"–", "never", *BY_OWNERSHIP}), (sight, column, cell)


def seeded_calendar() -> Calendar:
    with (ROOT / "casework" / "seed_data" / "calendar_vn.csv").open(encoding="utf-8", newline="") as file:
        return Calendar.from_rows((date.fromisoformat(row["date"]), row["kind"]) for row in csv.DictReader(file))


def instant(words: str, year: str = "") -> datetime:
    """Read `Mon 02/03/2026 10:00` or, with a year, `04/03 15:00`."""
    day, time = words.split()[-2:]
    return datetime.strptime(f"{day}{year} {time}", "%d/%m/%Y %H:%M").replace(tzinfo=LOCAL_ZONE)


def rests_in(cell: str, start: datetime) -> list[Pause]:
    """Read a cell such as `04/03 15:00 – 09/03 09:00`; without a day it is that of the start."""
    if cell == "–":
        return []
    ends = [each if "/" in each else f"{start:%d/%m} {each}" for each in cell.split(" – ")]
    return [Pause(*(instant(each, f"/{start.year}") for each in ends))]


def test_the_table_worked_out_by_hand_is_what_the_program_counts() -> None:
    calendar = seeded_calendar()
    [_, *rows] = next(table for table in tables_of(sections_of("rules.md")["4"]) if table[0][0] == "limit" and "due_at" in table[0])
    assert len(rows) == 14
    for limit, start, pause, due in rows:
        amount, unit = limit.split(" ", 1)
        began, ends = instant(start), instant(due)
        counted = due_at(TimeLimit(int(amount), Unit(unit.replace(" ", "_"))), began, calendar, rests_in(pause, began))
        assert (counted, f"{began:%a}", f"{ends:%a}") == (ends, start[:3], due[:3]), (limit, start)
