"""What people read in a terminal fits into it, and leads to documents and headings there are."""
from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
WIDEST = 120
PAGES = sorted([*(ROOT / "docs").glob("*.md"), ROOT / "README.md", *ROOT.glob("CONTRIBUTING.md")])
"""The changelog tells of the past and stays as it is."""
LINK = re.compile(r"\]\(([\w./-]+\.md)?(?:#([\w-]+))?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_line_is_wider_than_a_terminal(page: Path) -> None:
    lines = page.read_text(encoding="utf-8").splitlines()
    assert [number for number, line in enumerate(lines, start=1) if len(line) > WIDEST] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_leads_to_is_there(page: Path) -> None:
    found = LINK.findall(page.read_text(encoding="utf-8"))
    assert [name for name, _ in found if name and not (page.parent / name).is_file()] == []
    headings = [(name, heading) for name, heading in found if heading]
    assert [pair for pair in headings if pair[1] not in headings_of(page.parent / pair[0] if pair[0] else page)] == []


def headings_of(page: Path) -> set[str]:
    """As an address has them: small letters, without signs, blanks as hyphens."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
