"""docs/asvs.md answers every requirement of ASVS 5.0.0, levels 1 and 2, once, and names only what is there."""
from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache

from tests.mutants.mutants import MUTANTS
from tests.test_packaging import ROOT

SECTIONS = {
    1: (2, 9, 11, 3, 2), 2: (3, 3, 4, 1), 3: (0, 2, 4, 6, 5, 0, 2), 4: (3, 1, 2, 4), 5: (1, 3, 2, 3), 6: (3, 12, 4, 4, 5, 3, 0, 4),
    7: (3, 4, 2, 5, 2, 2), 8: (2, 3, 1, 1), 9: (3, 4), 10: (2, 2, 4, 11, 5, 2, 3), 11: (2, 3, 3, 4, 1, 1), 12: (3, 2, 4), 13: (1, 5, 2, 5),
    14: (2, 4, 3), 15: (3, 3, 7), 16: (1, 5, 4, 3, 3), 17: (1, 4, 2),
}  # fmt: skip
"""Of each section of each chapter, how many requirements are of level 1 or 2: in every section they are its first."""
ROW = re.compile(r"^\| v5\.0\.0-(\d+\.\d+\.\d+) \| ([^|]+) \| (yes|not applicable|\*\*no\*\*) \| ([^|]*) \| ([^|]+) \|$", re.MULTILINE)
NAMED = re.compile(r"`((?:tests|casework|workflows|reports|web|deploy|docs|bin|tools)/[\w./-]*)((?:::\w+)*)`")

TEXT = (ROOT / "docs" / "asvs.md").read_text(encoding="utf-8")


def numbers() -> list[str]:
    return [f"{chapter}.{section}.{place}" for chapter, counts in SECTIONS.items()
            for section, most in enumerate(counts, start=1) for place in range(1, most + 1)]  # fmt: skip


@cache
def names_in(path: str) -> set[str]:
    found = set()
    for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found.add(f"::{node.name}")
        elif isinstance(node, ast.ClassDef):
            found |= {f"::{node.name}", *(f"::{node.name}::{each.name}" for each in node.body if isinstance(each, ast.FunctionDef))}
    return found


def test_every_requirement_is_answered_once_in_its_order() -> None:
    assert len(numbers()) == 253
    assert [row[0] for row in ROW.findall(TEXT)] == numbers()


def test_what_is_answered_yes_names_a_test_and_what_is_not_met_stands_at_the_top() -> None:
    rows = ROW.findall(TEXT)
    assert not [number for number, _, answer, _, proof in rows if answer == "yes" and "::test_" not in proof]
    unmet = re.findall(r"^- \*\*v5\.0\.0-(\d+\.\d+\.\d+)\*\*: ", TEXT, re.MULTILINE)
    assert unmet == [number for number, _, answer, _, _ in rows if answer == "**no**"]
    told = Counter(answer.strip("*") for _, _, answer, _, _ in rows)
    assert f"{told['yes']} yes, {told['not applicable']} not applicable, {told['no']} no" in TEXT


def test_every_file_and_test_named_is_there() -> None:
    named = NAMED.findall(TEXT)
    assert len(named) > 300
    assert not [path for path, _ in named if not (ROOT / path).exists()]
    assert not [path + test for path, test in named if test and test not in names_in(path)]


def test_programs_that_call_without_tls_are_refused_and_not_led_on() -> None:
    plain = (ROOT / "deploy/nginx/langbiang.conf").read_text(encoding="utf-8").partition("listen 443")[0]
    assert "location = /hand-over/tickets { return 403; }" in plain


def test_nginx_speaks_new_tls_with_strong_ciphers_alone() -> None:
    written = (ROOT / "deploy/nginx/langbiang.conf").read_text(encoding="utf-8")
    assert re.findall(r"ssl_protocols (.*);", written) == ["TLSv1.2 TLSv1.3"]
    assert re.findall(r"ssl_ciphers (.*);", written) == ["ECDHE+AESGCM:ECDHE+CHACHA20"]


def test_guards_are_among_the_seeded_faults() -> None:
    """What is said of them in the document is tried there: each guard away, and a test that fails."""
    tried = {mutant.file for mutant in MUTANTS}
    assert {
        "web/cookies.py", "web/security.py", "web/sessions.py", "web/forms.py", "web/offline/reports.py", "casework/settings/tables.py",
        "casework/outgoing.py", "casework/photo_files.py", "casework/boundary_files.py", "workflows/checks/reading.py",
        "casework/folding.py",
    } <= tried  # fmt: skip
