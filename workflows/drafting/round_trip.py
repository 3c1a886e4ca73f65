"""Checks that a text returned by a browser still has everything nobody edited: settings of elements, and extensions of other programs.

A drawing program rewrites the file from what it understood and silently drops the rest, so the former text is compared with the one that
came back.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

from lxml import etree

from workflows.definitions.process import SPIFF, read_xml
from workflows.definitions.step_forms import LANGBIANG

OURS = frozenset({
    "http://www.omg.org/spec/BPMN/20100524/MODEL", "http://www.omg.org/spec/BPMN/20100524/DI", "http://www.omg.org/spec/DD/20100524/DC",
    "http://www.omg.org/spec/DD/20100524/DI", "https://www.omg.org/spec/DMN/20191111/MODEL/", "https://www.omg.org/spec/DMN/20191111/DMNDI/",
    "http://www.omg.org/spec/DMN/20180521/DC/", "http://www.omg.org/spec/DMN/20180521/DI/", SPIFF[1:-1], LANGBIANG[1:-1],
    "http://www.w3.org/2001/XMLSchema-instance", "http://www.w3.org/XML/1998/namespace",
})  # fmt: skip
"""Namespaces of a model or table; anything in another namespace came from another program and stays as it is."""

Shape = tuple[Any, ...]


def lost_parts(before: bytes, after: bytes, touched: Collection[str]) -> tuple[str, ...]:
    """Return the ids of elements that lost something nobody edited, in the order of the file.

    Unless an element is `touched`, its extension elements must be unchanged; on every remaining element, extensions of other programs must
    still be there. A deleted element has lost nothing. Both texts must be readable.
    """
    old, new = _owners(read_xml(before)), _owners(read_xml(after))
    both = [(owner, node, new[owner]) for owner, node in old.items() if owner in new]
    return tuple(
        owner
        for owner, was, is_now in both
        if (owner not in touched and _extensions(was) != _extensions(is_now)) or _foreign(was) - _foreign(is_now)
    )


def _owners(root: Any) -> dict[str, Any]:
    """Every element with an id, and the root by its tag if it has none. Fields of a form belong to their step."""
    named = {node.get("id"): node for node in root.iter("{*}*") if node.get("id") and not _is_inside_extensions(node)}
    return {**({} if root.get("id") else {etree.QName(root).localname: root}), **named}


def _extensions(owner: Any) -> list[Shape]:
    return [_shape(child) for holder in owner.iterchildren("{*}extensionElements") for child in holder]


def _foreign(owner: Any) -> Counter[Shape]:
    """Extensions of other programs on an element and on its parts without an id."""
    return Counter(_foreign_in(owner))


def _foreign_in(node: Any) -> Iterator[Shape]:
    yield from (("@", name, value) for name, value in node.attrib.items() if _is_foreign(name))
    for child in node:
        if _is_foreign(child.tag):
            yield _shape(child)
        elif not child.get("id") or _is_inside_extensions(child):
            yield from _foreign_in(child)


def _shape(node: Any) -> Shape:
    return (
        node.tag, tuple(sorted(node.attrib.items())), (node.text or "").strip(), tuple(_shape(child) for child in node),
    )  # fmt: skip


def _is_foreign(name: str) -> bool:
    return etree.QName(name).namespace not in (None, *OURS)


def _is_inside_extensions(node: Any) -> bool:
    return any(etree.QName(above).localname == "extensionElements" for above in node.iterancestors())
