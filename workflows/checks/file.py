"""Checks a file of unknown kind: a process model or a decision table, as its content shows."""

from pathlib import Path

from lxml import etree

from workflows.definitions.findings import Checked
from workflows.definitions.reading import MAX_BYTES, Unreadable, read_tree, too_large


def check_file(path: Path) -> Checked:
    """Return everything found in a file. A file that is too large is not read. Raises OSError where it cannot be read."""
    if (size := path.stat().st_size) > MAX_BYTES:
        return Checked((too_large(size),), is_readable=False)
    with path.open("rb") as file:
        return check_content(file.read(MAX_BYTES + 1))


def check_content(xml: bytes) -> Checked:
    """Return everything found in a model or table. Never raises, whatever the bytes are."""
    try:
        root = read_tree(xml)
    except Unreadable as fault:
        return Checked((fault.finding,), is_readable=False)
    if "/DMN/" in (etree.QName(root).namespace or ""):
        from workflows.checks.table import check_table  # late: docs/architecture.md

        return check_table(xml)
    from workflows.checks.model import check_model  # late: docs/architecture.md

    return check_model(xml)
